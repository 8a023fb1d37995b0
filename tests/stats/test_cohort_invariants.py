"""What must not change the numbers of `mvd cohort`, and what must change them in a known way."""

import math
import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("lifelines")

from cohort_folders import call, desk, estimate, slide_row, study, write_csv
from scipy import stats

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort import study_cohort, write_study
from mvd.stats.cohort.paired import signed_rank
from mvd.stats.cohort.shift import paired_shift, superiority, two_sample_shift

HEADER = ("slide_id", "slide", "status", "tissue_area_mm2", "mvd_tissue_per_mm2", "hotspot_max_per_mm2")
TOML = """
[group]
column = "group"
[marker]
columns = ["vegf, pg/ml"]
[survival]
time = ["months"]
event = ["died"]
covariates = ["stage"]
search = "cross_validated"
min_events_per_term = 5
[roc]
outcome = "died"
[resample]
bootstrap = 50
permutations = 199
"""


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """A folder with one or two slides of each of 48 patients, and everything that there is to ask."""
    folder = tmp_path_factory.mktemp("cohort")
    rng = np.random.default_rng(5)
    slides, facts = [], []
    for i in range(48):
        density = rng.normal(60, 15)
        time = rng.exponential(30 * math.exp(-(density - 60) / 30))
        shared = ["abc"[i % 3], round(2 * density + rng.normal(0, 30), 2), "I" if i % 2 else "II"]
        shared += [round(min(time, 40), 2), int(time < 40)]
        for j in range(1 + i % 2):
            slides.append(slide_row(f"s{i:02d}{j}", round(density + rng.normal(0, 5), 3)))
            facts.append([f"s{i:02d}{j}.svs", f"p{i:02d}", *shared])
    (folder / "results").mkdir()
    write_csv(folder / "results" / "summary.csv", HEADER, slides)
    columns = ["slide", "patient", "group", "vegf, pg/ml", "stage", "months", "died"]
    write_csv(folder / "clinical.csv", columns, facts)
    (folder / "cohort.toml").write_text(TOML)
    return folder


def written(folder: Path, out: Path) -> dict[str, bytes]:
    asked = CohortSettings.from_toml(folder / "cohort.toml")
    inputs = [folder / "results" / "summary.csv", folder / "clinical.csv"]
    write_study(study_cohort(folder / "results", inputs[1], asked), out, inputs)
    return {path.name: re.sub(rb"SHA-256 \w+", b"", path.read_bytes()) for path in out.iterdir()}


def shuffled(path: Path, to: Path, seed: int) -> None:
    head, *lines = path.read_text().splitlines(keepends=True)
    random.Random(seed).shuffle(lines)
    to.write_text("".join([head, *lines]))


def test_the_order_of_rows_and_the_time_of_day_change_no_byte(cohort, tmp_path):
    first = written(cohort, tmp_path / "first")
    assert {"results.csv", "patients.csv", "counts.csv", "cohort.toml", "cohort.html"} < set(first)
    assert {"groups.svg", "groups.png", "km_died.svg", "shape_died.png"} < set(first)
    for seed in (1,):
        other = tmp_path / f"other{seed}"
        (other / "results").mkdir(parents=True)
        shuffled(cohort / "results" / "summary.csv", other / "results" / "summary.csv", seed)
        shuffled(cohort / "clinical.csv", other / "clinical.csv", seed + 9)
        (other / "cohort.toml").write_text(TOML)
        assert written(other, tmp_path / f"second{seed}") == first


def test_the_toml_that_is_written_gives_the_same_numbers(cohort, tmp_path):
    assert call(cohort / "results", cohort / "clinical.csv", "--config", cohort / "cohort.toml",
                "--out", tmp_path / "a", "--several", "max") == 0  # fmt: skip
    again = tmp_path / "a" / "cohort.toml"
    assert call(cohort / "results", cohort / "clinical.csv", "--config", again, "--out", tmp_path / "b") == 0
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_svg_keeps_its_text_and_names_neither_date_nor_machine(cohort, tmp_path):
    made = written(cohort, tmp_path / "out")
    svg = made["km_died.svg"].decode()
    assert "at risk</text>" in svg
    assert "free of died</text>" in svg
    assert not re.search(r"20\d\d-\d\d-\d\d", svg)
    page = made["cohort.html"].decode()
    assert str(cohort.parent) not in page
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]+"|"http://purl.org[^"]+"', "", page).replace(
        "http-equiv", ""
    )


def test_columns_of_any_name_are_one_column(cohort, tmp_path):
    import pandas as pd

    written(cohort, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "patients.csv")
    assert "marker:vegf, pg/ml" in table.columns
    assert len(table) == 48


numbers = st.lists(st.integers(-500, 500).map(lambda n: n / 8), min_size=2, max_size=12)


@given(numbers, numbers, st.integers(-40, 40))
def test_a_shift_moves_with_its_group_and_turns_with_the_pair(a, b, by):
    shift, low, high = two_sample_shift(a, b)
    np.testing.assert_allclose(two_sample_shift([v + by for v in a], b), (shift + by, low + by, high + by))
    np.testing.assert_allclose(two_sample_shift(b, a), (-shift, -high, -low))
    chance, below, above = superiority(a, b)
    assert 0 <= below <= chance <= above <= 1
    np.testing.assert_allclose(superiority(b, a), (1 - chance, 1 - above, 1 - below), atol=1e-7)
    assert chance == pytest.approx(stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)))


@given(numbers)
def test_a_change_turns_with_its_sign_and_its_test_does_not(changes):
    shift, low, high = paired_shift(changes)
    np.testing.assert_allclose(paired_shift([-c for c in changes]), (-shift, -high, -low))
    change = np.array(changes)
    assert signed_rank(change)[0] == pytest.approx(signed_rank(-change)[0])
    if math.isfinite(low):
        assert low <= shift <= high


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([0.001, 0.25, 7.0, 1000.0]), st.integers(0, 10_000))
def test_the_unit_of_the_density_changes_neither_p_nor_hazard_ratio(tmp_path, factor, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(60, 15, 40).round(3)
    facts = {
        "group": ["a", "b"] * 20,
        "months": rng.exponential(20, 40).round(3).tolist(),
        "died": (rng.random(40) < 0.7).astype(int).tolist(),
    }
    ask = {
        "group": {"column": "group"},
        "survival": {"time": ["months"], "event": ["died"], "split": "none"},
        "resample": {"bootstrap": 50},
    }
    plain = study(desk(tmp_path, {f"s{i:02d}": v for i, v in enumerate(values)}, facts), **ask)
    scaled = study(
        desk(tmp_path, {f"s{i:02d}": repr(v * factor) for i, v in enumerate(values.tolist())}, facts), **ask
    )
    for analysis, term, quantity in (
        ("groups", "b - a", "P("),
        ("cox_died", "density", "hazard"),
        ("c_index_died", "density", "Harrell's C, apparent"),
    ):
        one, other = (estimate(made, analysis, term, quantity) for made in (plain, scaled))
        assert other.estimate == pytest.approx(one.estimate, rel=1e-5)
        assert np.isclose(other.p, one.p, rtol=1e-4, equal_nan=True)
    one, other = (estimate(made, "groups", "b - a", "Hodges") for made in (plain, scaled))
    assert other.ci_low == pytest.approx(one.ci_low * factor, rel=1e-6)
