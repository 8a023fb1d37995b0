"""Do the intervals of `mvd cohort` hold the truth as often as they say? Simulated cohorts whose truth is known.

    python benchmarks/intervals.py [--quick] [--simulations 500] [--only timed] [--write]

Each row simulates cohorts of one kind, hands them to the module that `mvd cohort` itself calls, and counts how often
the 95 % interval holds the true value. 93 to 97 % is what chance leaves of 95 % in 500 simulations (two standard
errors). The last rows ask what a searched cut-off finds where the density says nothing: how often p < 0.05, as it
stands and corrected. ``--only`` simulates one kind of cohort, by its function's name, and writes its rows alone.
"""

import argparse
import math
from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
import pandas as pd
from page import machine, markdown_table, section_of, write_section
from scipy.stats import norm

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.cox import cox
from mvd.stats.cohort.cutoff import searched_cutoff
from mvd.stats.cohort.endpoint import Endpoint
from mvd.stats.cohort.groups import compare_groups
from mvd.stats.cohort.kaplan import kaplan
from mvd.stats.cohort.mixed import mixed_model
from mvd.stats.cohort.paired import paired_change
from mvd.stats.cohort.patients import Cohort
from mvd.stats.cohort.roc import timed_roc
from mvd.stats.finding import Estimate
from mvd.stats.spearman import spearman

SETTINGS = CohortSettings.from_mapping(
    {
        "group": {"column": "group"},
        "survival": {"at": [24.0], "covariates": ["age"], "min_events_per_term": 2},
    }
)
SEARCH = CohortSettings.from_mapping(
    {"survival": {"search": "cross_validated", "min_events_per_term": 2}, "resample": {"permutations": 199}}
)
Rng = np.random.Generator
Row = tuple[str, str, int, str, str]
HEAD = ("interval", "cohort", "simulations", "held the truth", "standard error")
Held = Iterator[tuple[str, bool]]
"""Which interval, and whether it held the truth."""


def holds(estimate: Estimate, truth: float) -> bool:
    """Whether an interval holds the true value."""
    return estimate.ci_low <= truth <= estimate.ci_high


def one(estimates: tuple[Estimate, ...], term: str, quantity: str) -> Estimate:
    """Return the one estimate whose term and quantity begin so."""
    (found,) = [e for e in estimates if e.term.startswith(term) and e.quantity.startswith(quantity)]
    return found


def followed(rng: Rng, n: int, log_ratio: float) -> Endpoint:
    """Simulate patients whose hazard rises by ``log_ratio`` per 15 vessels per mm2, and by 0.03 a year of age.

    Age goes with the density; a third or so are censored, at times of their own.
    """
    age = rng.normal(60, 10, n)
    value = 60 + 0.5 * (age - 60) + rng.normal(0, 14.14, n)
    hazard = np.exp(log_ratio * (value - 60) / 15 + 0.03 * (age - 60)) / 30
    time, leaving = rng.exponential(1 / hazard), rng.uniform(5, 90, n)
    covariates = pd.DataFrame({"age": age})
    return Endpoint("death", "months", "mvd", value, np.minimum(time, leaving), time <= leaving, covariates)


def hazard_ratio(rng: Rng, n: int, log_ratio: float) -> Held:
    """Cox with age: the hazard ratio per SD of the patients there are."""
    end = followed(rng, n, log_ratio)
    truth = math.exp(log_ratio * end.value.std(ddof=1) / 15)
    made = cox(end, SETTINGS).estimates
    yield "hazard ratio per SD, with age", holds(one(made, "density per SD (with", "hazard"), truth)


def curve(rng: Rng, n: int) -> Held:
    """Kaplan-Meier at 24 months where all have one hazard, so that the truth is plain."""
    end = followed(rng, n, 0.0)
    time, leaving = rng.exponential(30, n), rng.uniform(5, 90, n)
    plain = Endpoint(
        "death", "months", "mvd", end.value, np.minimum(time, leaving), time <= leaving, end.covariates
    )
    made = kaplan(plain, SETTINGS)
    assert made is not None
    yield (
        "survival at 24 months (Kaplan-Meier)",
        holds(one(made.estimates, "mvd <=", "free of"), math.exp(-24 / 30)),
    )
    yield "median survival (Kaplan-Meier)", _median_holds(one(made.estimates, "mvd <=", "median"))


def _median_holds(found: Estimate) -> bool:
    truth = 30 * math.log(2)
    return not (found.ci_low > truth or found.ci_high < truth)  # an end that was not reached is open


def table(values: dict[str, list[float]]) -> Cohort:
    """Return a cohort of groups, a slide a patient."""
    rows = [(name, value) for name, some in values.items() for value in some]
    patients = pd.DataFrame({"patient": [f"p{i:04d}" for i in range(len(rows))], "row": range(len(rows))})
    patients["value"], patients["group"] = [v for _, v in rows], [name for name, _ in rows]
    return Cohort("simulated", patients, patients[["patient", "value"]])


def shift(rng: Rng, n: int, skewed: bool) -> Held:
    """Two groups that differ by 15 vessels per mm2, and the chance of superiority of normal ones."""
    a, b = (np.exp(rng.normal(0, 0.8, n)) * 15 if skewed else rng.normal(60, 15, n) for _ in range(2))
    made = compare_groups(table({"a": list(a), "b": list(b + 15)}), SETTINGS).estimates
    form = "lognormal" if skewed else "normal"
    yield f"Hodges-Lehmann shift, {form}", holds(one(made, "b - a", "Hodges"), 15)
    if not skewed:
        yield "chance of superiority, normal", holds(one(made, "b - a", "P("), norm.cdf(1 / math.sqrt(2)))
        yield "median, normal", holds(one(made, "a", "median"), 60)
        yield "mean, normal", holds(one(made, "a", "mean"), 60)


def change(rng: Rng, n: int) -> Held:
    """Before and after: a change of -10 with its own spread."""
    before = rng.normal(70, 15, n)
    patients = pd.DataFrame(
        {"patient": range(n), "before": before, "after": before - 10 + rng.normal(0, 12, n)}
    )
    made = paired_change(Cohort("simulated", patients, patients), SETTINGS).estimates
    yield "Hodges-Lehmann change, paired", holds(one(made, "all", "Hodges"), -10)


def slides(rng: Rng, n: int) -> Held:
    """Three slides a patient, groups 12 apart: the mixed model's difference."""
    patients = table({"a": list(rng.normal(60, 12, n)), "b": list(rng.normal(72, 12, n))}).patients
    every = patients.loc[patients.index.repeat(3), ["patient", "value"]].reset_index(drop=True)
    every["value"] += rng.normal(0, 9, len(every))
    patients["value"] = every.groupby("patient", sort=False)["value"].mean().to_numpy()
    made = mixed_model(Cohort("simulated", patients, every), SETTINGS)
    assert made is not None
    yield "difference of means, mixed model", holds(one(made.estimates, "b - a", "difference"), 12)


def marker(rng: Rng, n: int, correlation: float) -> Held:
    """A marker that goes with the density: Spearman's rho of the normal distribution is known."""
    x, noise = rng.normal(size=(2, n))
    y = correlation * x + math.sqrt(1 - correlation**2) * noise
    truth = 6 / math.pi * math.asin(correlation / 2)
    yield f"Spearman's rho of {truth:.2f}", holds(spearman(x, y), truth)


def timed(rng: Rng, n: int) -> Held:
    """The area at 24 months where the hazard depends on the density; the truth is that of 20,000 patients."""
    value = rng.normal(60, 15, n)
    time, leaving = rng.exponential(30 * np.exp(-0.6 * (value - 60) / 15)), rng.uniform(5, 90, n)
    none = pd.DataFrame(index=range(n))
    end = Endpoint("death", "months", "mvd", value, np.minimum(time, leaving), time <= leaving, none)
    found = timed_roc(end, SETTINGS).estimates
    yield "time-dependent area under the ROC curve", bool(found) and holds(found[0], true_area())


@cache
def true_area(size: int = 20_000) -> float:
    """Return the area at 24 months of very many patients, all followed."""
    rng = np.random.default_rng(1)
    value = rng.normal(0, 1, size)
    case = rng.exponential(30 * np.exp(-0.6 * value)) <= 24
    ranks = value.argsort().argsort() + 1
    return float((ranks[case].sum() - case.sum() * (case.sum() + 1) / 2) / (case.sum() * (~case).sum()))


def search(rng: Rng, n: int) -> Held:
    """A density that says nothing about the hazard: how often a searched cut-off is 'significant'."""
    time, leaving = rng.exponential(30, n), rng.uniform(5, 90, n)
    none = pd.DataFrame(index=range(n))
    end = Endpoint(
        "death", "months", "mvd", rng.normal(60, 15, n), np.minimum(time, leaving), time <= leaving, none
    )
    found = searched_cutoff(end, SEARCH)
    assert found is not None
    best = one(found.estimates, "high - low", "log-rank")
    yield "as it stands", best.p < 0.05
    yield "corrected (p_adjusted)", best.p_adjusted < 0.05
    yield "cross-validated", len(found.estimates) > 2 and found.estimates[2].p < 0.05


KINDS: tuple[tuple[str, partial[Held]], ...] = (
    ("60 patients, HR 1.5 per SD", partial(hazard_ratio, n=60, log_ratio=math.log(1.5))),
    ("200 patients, HR 1.5 per SD", partial(hazard_ratio, n=200, log_ratio=math.log(1.5))),
    ("200 patients, HR 1", partial(hazard_ratio, n=200, log_ratio=0.0)),
    ("100 patients, two halves", partial(curve, n=100)),
    ("2 groups of 8", partial(shift, n=8, skewed=False)),
    ("2 groups of 25", partial(shift, n=25, skewed=False)),
    ("2 groups of 25", partial(shift, n=25, skewed=True)),
    ("20 patients", partial(change, n=20)),
    ("2 groups of 10, 3 slides each", partial(slides, n=10)),
    ("2 groups of 30, 3 slides each", partial(slides, n=30)),
    ("30 patients", partial(marker, n=30, correlation=0.0)),
    ("30 patients", partial(marker, n=30, correlation=0.6)),
    ("120 patients", partial(timed, n=120)),
    ("60 patients", partial(timed, n=60)),
)


def counted(kind: Callable[[Rng], Held], simulations: int) -> dict[str, tuple[int, int]]:
    """Return how often each interval of a kind held, and how many there were; seeds 0, 1, ..."""
    found: dict[str, list[bool]] = {}
    for seed in range(simulations):
        for what, held in kind(np.random.default_rng(seed)):
            found.setdefault(what, []).append(held)
    return {what: (sum(held), len(held)) for what, held in found.items()}


def rows_of(simulations: int, only: str = "") -> list[Row]:
    """Return the lines of the table: of all kinds, or of those whose function is called ``only``."""
    rows: list[Row] = []
    for cohort, kind in KINDS:
        if only and kind.func.__name__ != only:
            continue
        for what, (held, of) in counted(kind, simulations).items():
            error = 100 * math.sqrt(0.95 * 0.05 / of)
            rows.append((what, cohort, of, f"{100 * held / of:.1f} %", f"{error:.1f} %"))
            print(rows[-1], flush=True)
    return rows


def with_rows(section: str, rows: list[Row]) -> str:
    """Put rows into a section in place of those of the same interval; the other rows stay as they were measured."""
    made = [markdown_table(HEAD, [row]).splitlines()[-1] for row in rows]
    names = {f"| {row[0]} |" for row in rows}
    lines: list[str] = []
    for line in section.splitlines():
        if not any(line.startswith(name) for name in names):
            lines.append(line)
        elif made:
            lines += made
            made = []
    if made:
        raise SystemExit("these rows are not in RESULTS.md yet: run without --only")
    return "\n".join(lines)


def report(simulations: int) -> str:
    """Return the section of RESULTS.md."""
    rows = rows_of(simulations)
    searched = [
        (what, of, f"{100 * low / of:.1f} %")
        for what, (low, of) in counted(partial(search, n=100), simulations // 2).items()
    ]
    return "\n\n".join(
        [
            "## Coverage of the intervals of `mvd cohort`",
            machine(),
            "How often a 95 % interval held the truth of a simulated cohort; the standard error is that of the "
            "simulation. An interval of ranks is exact or a little wide, for its ends are order statistics.",
            markdown_table(HEAD, rows),
            "A density that says nothing about survival (100 patients), and the cut-off with the smallest p: how often "
            "p < 0.05. It should be 5 %; the 199 permutations are the same for all, which leaves the level uncertain "
            "by 1.5 %.",
            markdown_table(("p of the searched cut-off", "simulations", "p < 0.05"), searched),
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
    parser.add_argument(
        "--only", choices=sorted({kind.func.__name__ for _, kind in KINDS}), help="one kind of cohort"
    )
    args = parser.parse_args()
    simulations = 8 if args.quick else args.simulations
    text = (
        with_rows(section_of("coverage"), rows_of(simulations, args.only))
        if args.only
        else report(simulations)
    )
    print(text)
    if args.write:
        write_section("coverage", text)


if __name__ == "__main__":
    main()
