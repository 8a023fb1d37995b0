"""Agreement of readers beside Shrout & Fleiss's published table and beside pingouin."""

import numpy as np
import pandas as pd
import pytest

from mvd.errors import CohortError
from mvd.stats.agree import bland_altman, concordance, intraclass

SHROUT_FLEISS_1979 = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=np.float64
)


def test_the_published_table():
    found = {icc.form: round(icc.estimate, 2) for icc in intraclass(SHROUT_FLEISS_1979)}
    assert found == {
        "ICC(1,1)": 0.17,
        "ICC(2,1)": 0.29,
        "ICC(3,1)": 0.71,
        "ICC(1,k)": 0.44,
        "ICC(2,k)": 0.62,
        "ICC(3,k)": 0.91,
    }


@pytest.mark.parametrize("seed", range(4))
def test_estimates_and_intervals_beside_pingouin(seed):
    import pingouin

    random = np.random.default_rng(seed)
    ratings = random.normal(50, 15, (12, 1)) + random.normal(0, 6, (12, 3)) + random.normal(0, 4, 3)
    long = pd.DataFrame(ratings).melt(ignore_index=False).reset_index()
    theirs = pingouin.intraclass_corr(long, targets="index", raters="variable", ratings="value")
    interval = next(name for name in theirs.columns if name.startswith("CI95"))
    for ours, icc, (low, high) in zip(intraclass(ratings), theirs["ICC"], theirs[interval], strict=True):
        assert ours.estimate == pytest.approx(icc, abs=1e-9)
        assert (ours.low, ours.high) == pytest.approx((low, high), abs=0.0051)  # pingouin rounds to 2 places


def test_bland_altman_by_hand():
    first = np.array([1.0, 2.0, 3.0, 4.0])
    bias, lower, upper, slope = bland_altman(first, first + np.array([1.0, -1.0, 1.0, -1.0]))
    assert bias.value == pytest.approx(0)
    assert upper.value == pytest.approx(1.96 * np.sqrt(4 / 3))
    assert lower.value == pytest.approx(-upper.value)
    assert slope.low < slope.value < slope.high


def test_concordance_falls_with_a_shift_that_correlation_does_not_see():
    first = np.arange(10.0)
    found = concordance(first, first + 2)
    assert found.value == pytest.approx(2 * 8.25 / (2 * 8.25 + 4))
    assert concordance(first, first).value == pytest.approx(1)


@pytest.mark.parametrize(
    "ratings", [np.ones((2, 2)), np.ones((5, 1)), np.full((5, 2), np.nan), np.ones((5, 3))]
)
def test_what_cannot_be_told_is_said(ratings):
    with pytest.raises(CohortError):
        intraclass(ratings)


def _write(path, rows):
    path.write_text("slide_id,mvd\n" + "".join(f"{key},{value}\n" for key, value in rows), encoding="utf-8")
    return str(path)


def _agree(*arguments):
    from click.testing import CliRunner

    from mvd.cli import cli

    return CliRunner().invoke(cli, ["agree", *arguments, "--measure", "mvd"])


def test_the_command_prints_the_published_numbers_and_says_what_is_left_out(tmp_path):
    files = [
        _write(tmp_path / f"r{j}.csv", [*zip("abcdef", column, strict=True), ("g", "" if j else 3)])
        for j, column in enumerate(SHROUT_FLEISS_1979.T)
    ]
    answer = _agree(*files)
    assert answer.exit_code == 0
    assert '"r0, r1, r2, r3","ICC(2,1)",6,0.2898' in answer.stdout.replace(
        ",ICC(2,1),", ',"ICC(2,1)",'
    ).replace('""', '"')
    assert answer.stderr == "left out, a reading is missing: g\n"


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ([("a", 1), ("b", "x"), ("c", 3)], "row 3, column 'mvd': 'x' is no number"),
        ([("a", 1), ("b", 2), ("b", 3)], "'b' stands there twice"),
        ([("a", 1), ("b", 2), ("d", 3)], "c: in first, but not in second"),
        ([("a", 1), ("b", ""), ("c", 3)], "agreement needs 3"),
    ],
)
def test_bad_readings_are_one_line_and_exit_2(tmp_path, second, said):
    first = _write(tmp_path / "first.csv", [("a", 1), ("b", 2), ("c", 4)])
    answer = _agree(first, _write(tmp_path / "second.csv", second))
    assert answer.exit_code in (1, 2)
    assert said in answer.stderr
    assert "Traceback" not in answer.output
