"""Do the intervals of `mvd agree` hold the truth as often as they say? Simulated readers whose truth is known.

    python benchmarks/intervals_agree.py [--quick] [--simulations 500] [--write]

Slides vary with an SD of 15 about 60 vessels per mm2, readers err with an SD of 6, and, where there are several, read
more or less everywhere with an SD of 4. 93 to 97 % is what chance leaves of 95 % in 500 simulations.
"""

import argparse
import math
from functools import partial

import numpy as np
from intervals import HEAD, Held, Rng, Row, counted, holds
from page import machine, markdown_table, write_section

from mvd.settings.agree import AgreeSettings
from mvd.stats.agree.choosing import components
from mvd.stats.agree.highlow import high_low
from mvd.stats.agree.icc import intraclass
from mvd.stats.agree.pair import bland_altman, concordance, proportional_bias
from mvd.stats.agree.variation import observer_cv

SLIDES, ERROR, READERS, MEAN = 15.0, 6.0, 4.0, 60.0
SETTINGS = AgreeSettings.from_mapping({"resample": {"draws": 5000}})


def several(rng: Rng, n: int, k: int) -> Held:
    """Several readers: the intraclass correlations."""
    ratings = rng.normal(MEAN, SLIDES, (n, 1)) + rng.normal(0, READERS, k) + rng.normal(0, ERROR, (n, k))
    found = {icc.form: icc for icc in intraclass(ratings)}
    for form, noise in (("ICC(2,1)", READERS**2 + ERROR**2), ("ICC(3,1)", ERROR**2)):
        icc, truth = found[form], SLIDES**2 / (SLIDES**2 + noise)
        yield form, icc.low <= truth <= icc.high
    icc, part = found["ICC(2,k)"], (READERS**2 + ERROR**2) / k
    yield "ICC(2,k)", icc.low <= SLIDES**2 / (SLIDES**2 + part) <= icc.high


def two(rng: Rng, n: int) -> Held:
    """Two readers, of whom the second reads 5 more."""
    true = rng.normal(MEAN, SLIDES, n)
    first, second = true + rng.normal(0, ERROR, n), true + 5 + rng.normal(0, ERROR, n)
    bias, lower, _ = bland_altman(first, second)
    whole = SLIDES**2 + ERROR**2
    yield "bias", holds(bias, 5)
    yield "lower limit of agreement", holds(lower, 5 - 1.96 * ERROR * math.sqrt(2))
    yield "Lin's concordance", holds(concordance(first, second), 2 * SLIDES**2 / (2 * whole + 25))
    cv = observer_cv(np.column_stack([first, second]))
    assert cv is not None
    yield "observer CV", holds(cv, 100 * ERROR / (MEAN + 2.5))
    same = 0.5 + math.asin(SLIDES**2 / whole) / math.pi
    kappa = high_low(first, second - 5, MEAN)[0]
    yield "kappa, high and low", holds(kappa, 2 * same - 1)


def proportional(rng: Rng, n: int) -> Held:
    """Two readers, of whom the second reads 1.2 times as much: the slope of orthogonal regression."""
    true = rng.normal(MEAN, SLIDES, n)
    found = proportional_bias(true + rng.normal(0, ERROR, n), 1.2 * true + rng.normal(0, ERROR, n))
    yield "slope of second on first", holds(found[1], 1.2)


def chosen(rng: Rng, n: int, choosing: float) -> Held:
    """Three readers in the same fields, and in fields of their own."""
    readers = rng.normal(0, READERS, 3)
    same, own = (rng.normal(MEAN, SLIDES, (n, 1)) + readers + rng.normal(0, ERROR, (n, 3)) for _ in range(2))
    found = components(same, own + rng.normal(0, choosing, (n, 3)), SETTINGS)
    yield "SD of counting", holds(found[0], ERROR)
    yield "SD of choosing", holds(found[1], choosing)
    yield "part of the variance that is choosing", holds(found[2], choosing**2 / (choosing**2 + ERROR**2))


KINDS: tuple[tuple[str, partial[Held]], ...] = (
    ("20 slides, 4 readers", partial(several, n=20, k=4)),
    ("40 slides, 2 readers", partial(several, n=40, k=2)),
    ("20 slides, 2 readers", partial(two, n=20)),
    ("60 slides, 2 readers", partial(two, n=60)),
    ("20 slides, 2 readers", partial(proportional, n=20)),
    ("60 slides, 2 readers", partial(proportional, n=60)),
    ("20 slides, 3 readers, choosing SD 12", partial(chosen, n=20, choosing=12.0)),
    ("20 slides, 3 readers, choosing SD 3", partial(chosen, n=20, choosing=3.0)),
)


def report(simulations: int) -> str:
    """Return the section of RESULTS.md."""
    rows: list[Row] = []
    for readers, kind in KINDS:
        for what, (held, of) in counted(kind, simulations).items():
            error = 100 * math.sqrt(0.95 * 0.05 / of)
            rows.append((what, readers, of, f"{100 * held / of:.1f} %", f"{error:.1f} %"))
            print(rows[-1], flush=True)
    return "\n\n".join(
        [
            "## Coverage of the intervals of `mvd agree`",
            machine(),
            "How often a 95 % interval held the truth of simulated readers; the standard error is that of the "
            "simulation.",
            markdown_table((HEAD[0], "readers", *HEAD[2:]), rows),
        ]
    )


def main() -> None:
    """Simulate, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--simulations", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help="a few simulations, for the tests")
    parser.add_argument("--write", action="store_true", help="put the results into RESULTS.md")
    args = parser.parse_args()
    text = report(8 if args.quick else args.simulations)
    print(text)
    if args.write:
        write_section("intervals_agree", text)


if __name__ == "__main__":
    main()
