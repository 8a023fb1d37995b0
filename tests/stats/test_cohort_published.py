"""`mvd cohort` on published data gives the published numbers."""

import math

import pytest

pytest.importorskip("lifelines")

from cohort_folders import desk, estimate, study
from lifelines.datasets import load_rossi, load_waltons
from statsmodels.duration.survfunc import SurvfuncRight

ROSSI = {  # Allison 1995; Fox 2002, Cox regression for survival data in R, table 1: coefficient, standard error, p
    "fin": (-0.379, 0.191, 0.047),
    "age": (-0.057, 0.022, 0.009),
    "race": (0.314, 0.308, 0.310),
    "wexp": (-0.150, 0.212, 0.480),
    "mar": (-0.434, 0.382, 0.260),
    "paro": (-0.085, 0.196, 0.660),
    "prio": (0.091, 0.029, 0.001),
}


@pytest.fixture(scope="module")
def rossi(tmp_path_factory):
    table = load_rossi()
    densities = {f"s{i:03d}": value for i, value in enumerate(table["prio"].tolist())}
    clinical = {name: table[name].tolist() for name in table.columns}
    folder = desk(tmp_path_factory.mktemp("rossi"), densities, clinical)
    covariates = [name for name in ROSSI if name != "prio"]
    return table, study(
        folder, survival={"time": ["week"], "event": ["arrest"], "unit": "weeks", "covariates": covariates},
        resample={"bootstrap": 50},
    )  # fmt: skip


@pytest.mark.parametrize("term", ROSSI)
def test_cox_of_the_rossi_data_is_as_published(rossi, term):
    table, made = rossi
    spread = table["prio"].std() if term == "prio" else 1.0
    name = f"{'density per SD' if term == 'prio' else term} (with covariates)"
    found = estimate(made, "cox_arrest", name, "hazard ratio")
    coefficient, error, p = ROSSI[term]
    assert math.log(found.estimate) / spread == pytest.approx(coefficient, abs=0.0006)
    width = math.log(found.ci_high / found.ci_low) / spread / (2 * 1.959964)
    assert width == pytest.approx(error, abs=0.0006)
    assert found.p == pytest.approx(p, abs=0.005)
    assert (found.n, found.events) == (432, 114)


@pytest.mark.parametrize(("term", "chi2", "p"), [("age", 11.45, 0.0007), ("wexp", 7.31, 0.007)])
def test_the_rossi_data_fail_proportional_hazards_where_lifelines_documents_it(rossi, term, chi2, p):
    _, made = rossi
    found = estimate(made, "cox_arrest", f"{term} (with covariates)", "chi-square")
    assert found.estimate == pytest.approx(chi2, abs=0.01)
    assert found.p == pytest.approx(p, abs=0.0005)
    (cox,) = [f for f in made.findings if f.name == "cox_arrest"]
    assert any(f"'{term}' are not proportional" in note for note in cox.notes)


def test_the_rossi_model_has_the_c_index_that_lifelines_documents(rossi):
    _, made = rossi
    found = estimate(made, "c_index_arrest", "with covariates", "Harrell's C, apparent")
    assert found.estimate == pytest.approx(0.64, abs=0.005)
    corrected = estimate(made, "c_index_arrest", "with covariates", "Harrell's C, corrected")
    assert corrected.estimate < found.estimate


def test_log_rank_of_waltons_flies_is_as_documented_and_the_curves_are_those_of_statsmodels(tmp_path):
    flies = load_waltons()
    densities = {f"s{i:03d}": int(g == "control") for i, g in enumerate(flies["group"].tolist())}
    folder = desk(tmp_path, densities, {"days": flies["T"].tolist(), "died": flies["E"].tolist()})
    made = study(
        folder, survival={"time": ["days"], "event": ["died"], "split": "value", "split_value": 0.5},
        resample={"bootstrap": 50},
    )  # fmt: skip
    assert estimate(made, "km_died", "high - low", "log-rank").estimate == pytest.approx(122.25, abs=0.01)
    for sign, group in ((">", "control"), ("<=", "miR-137")):
        chosen = flies[flies["group"] == group]
        other = SurvfuncRight(chosen["T"], chosen["E"])  # statsmodels, which shares no code with lifelines
        found = estimate(made, "km_died", f"mvd_tissue_per_mm2 {sign} 0.5", "median")
        assert found.estimate == other.quantile(0.5)
        middle = float(flies["T"].median())
        free = estimate(made, "km_died", f"mvd_tissue_per_mm2 {sign} 0.5", "free of died")
        assert free.estimate == pytest.approx(other.surv_prob[other.surv_times <= middle][-1])


def test_two_groups_of_hollander_and_wolfe_get_the_interval_of_r(tmp_path):
    """R's help of wilcox.test, example 2 (permeability; Hollander & Wolfe 1973, p. 69)."""
    at_term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    weeks_12_to_26 = [1.15, 0.88, 0.90, 0.74, 1.21]
    densities = {f"s{i:02d}": value for i, value in enumerate(at_term + weeks_12_to_26)}
    folder = desk(tmp_path, densities, {"age": ["term"] * 10 + ["early"] * 5})
    made = study(folder, group={"column": "age", "reference": "early"})
    found = estimate(made, "groups", "term - early", "Hodges-Lehmann")
    assert found.p == pytest.approx(0.2544, abs=0.00005)
    assert (found.estimate, found.ci_low, found.ci_high) == pytest.approx((0.305, -0.15, 0.76))
    assert "U = 35" in found.method


def test_the_depression_scale_of_hollander_and_wolfe_gets_the_interval_of_r(tmp_path):
    """R's help of wilcox.test, example 1 (Hollander & Wolfe 1973, p. 29)."""
    first = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    second = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    densities = {f"b{i}": v for i, v in enumerate(first)} | {f"a{i}": v for i, v in enumerate(second)}
    folder = desk(tmp_path, densities, {"visit": ["before"] * 9 + ["after"] * 9})
    text = (folder / "clinical.csv").read_text().replace("patient b", "p").replace("patient a", "p")
    (folder / "clinical.csv").write_text(text)
    found = estimate(study(folder, paired={"column": "visit"}), "paired", "all patients", "Hodges-Lehmann")
    assert found.p == pytest.approx(0.0390625)
    assert (-found.estimate, -found.ci_high, -found.ci_low) == pytest.approx((0.46, 0.01, 0.786), abs=0.001)
