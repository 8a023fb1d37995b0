"""Survival in `mvd cohort` beside statsmodels, brute force, and what can be worked out on paper."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("lifelines")

from cohort_folders import desk, estimate, study
from sklearn.metrics import roc_auc_score
from statsmodels.datasets import heart
from statsmodels.duration.hazard_regression import PHReg

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.curves import at_risk
from mvd.stats.cohort.cutoff import best_cut, log_rank_scores
from mvd.stats.cohort.endpoint import Endpoint
from mvd.stats.cohort.roc import area_of, weights_at
from mvd.stats.cohort.spline import basis_of

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def simulated(n: int = 120, slope: float = 0.6, seed: int = 3) -> Endpoint:
    rng = np.random.default_rng(seed)
    value = rng.normal(60, 15, n)
    time = rng.exponential(30 * np.exp(-slope * (value - 60) / 15))
    censored = rng.uniform(5, 60, n)
    return Endpoint(
        "death",
        "months",
        "mvd",
        value,
        np.minimum(time, censored),
        time <= censored,
        pd.DataFrame(index=range(n)),
    )


def test_cox_is_that_of_statsmodels(tmp_path):
    end = simulated()
    densities = {f"s{i:03d}": v for i, v in enumerate(end.value)}
    stage = ["I", "II", "III"] * 40
    facts = {"months": end.time.tolist(), "died": end.event.astype(int).tolist(), "stage": stage}
    made = study(
        desk(tmp_path, densities, facts),
        survival={"time": ["months"], "event": ["died"], "covariates": ["stage"]},
        resample={"bootstrap": 50},
    )
    scaled = (end.value - end.value.mean()) / end.value.std(ddof=1)
    exog = np.column_stack([scaled, np.array(stage) == "II", np.array(stage) == "III"]).astype(float)
    truth = PHReg(end.time, exog, status=end.event, ties="efron").fit()
    for i, term in enumerate(("density per SD", "stage II (against I)", "stage III (against I)")):
        found = estimate(made, "cox_died", f"{term} (with covariates)", "hazard ratio")
        assert math.log(found.estimate) == pytest.approx(truth.params[i], abs=1e-4)
        assert found.p == pytest.approx(truth.pvalues[i], abs=1e-4)


def test_the_spline_holds_every_straight_line_and_is_straight_outside():
    x = np.linspace(-3, 3, 200)
    for knots in ([-1.0, 0.0, 1.0], [-1.5, -0.5, 0.5, 1.5]):
        basis = basis_of(x, np.array(knots), x)
        assert basis.shape == (200, len(knots) - 1)
        solution, *_ = np.linalg.lstsq(basis, x - x.mean(), rcond=None)
        np.testing.assert_allclose(basis @ solution, x - x.mean(), atol=1e-9)
        outside = basis[x > knots[-1] + 0.05]
        np.testing.assert_allclose(np.diff(outside, 2, axis=0), 0, atol=1e-9)


def test_the_timed_area_without_censoring_is_the_plain_one():
    end = simulated()
    every = np.ones(end.n, bool)
    case, control = weights_at(end.time, every, 20.0)
    assert area_of(end.value, case, control) == pytest.approx(roc_auc_score(end.time <= 20, end.value))


def test_the_timed_area_with_censoring_is_that_of_the_formula():
    end = simulated(60)
    times = np.sort(np.unique(end.time))
    free, curve = 1.0, {}
    for t in times:  # Kaplan-Meier of censoring, left-continuous
        curve[t] = free
        free *= 1 - ((end.time == t) & ~end.event).sum() / (end.time >= t).sum()
    top = bottom = 0.0
    for i in range(60):
        for j in range(60):
            if end.event[i] and end.time[i] <= 25 < end.time[j]:
                bottom += 1 / curve[end.time[i]]
                top += (end.value[i] > end.value[j]) / curve[end.time[i]]
    case, control = weights_at(end.time, end.event, 25.0)
    assert area_of(end.value, case, control) == pytest.approx(top / bottom)


def test_the_weights_of_the_timed_area_are_those_of_lifelines_curve_of_censoring():
    from lifelines import KaplanMeierFitter

    end = simulated(80)
    time = np.ceil(end.time)  # with ties of events and censored
    case, control = weights_at(time, end.event, 25.0)
    curve = KaplanMeierFitter().fit(time, ~end.event)
    expected = [
        1 / curve.predict(t - 0.5) if e and t <= 25 else 0.0 for t, e in zip(time, end.event, strict=True)
    ]
    np.testing.assert_allclose(case, expected)
    assert (control == (time > 25)).all()


def test_the_best_cut_is_found_among_all():
    end = simulated()
    order = np.argsort(end.value)
    scores = log_rank_scores(end.time, end.event)
    assert scores.sum() == pytest.approx(0, abs=1e-9)
    cut = best_cut(end.value[order], scores[order])
    tried = {}
    for at in (end.value[order][11:108] + end.value[order][12:109]) / 2:
        high = end.value > at
        k, n = high.sum(), end.n
        spread = scores.std(ddof=1) * math.sqrt(k * (n - k) / n)
        tried[at] = scores[high].sum() / spread
    assert cut.at == max(tried, key=lambda at: abs(tried[at]))
    assert cut.z == pytest.approx(tried[cut.at])


def test_the_scores_of_the_high_sum_to_observed_less_expected_of_the_log_rank_test():
    end = simulated()
    end = replace(end, time=np.ceil(end.time))  # with ties
    high = end.value > 65
    observed_less_expected = 0.0
    for t in np.unique(end.time[end.event]):
        here, still = end.event & (end.time == t), end.time >= t
        observed_less_expected += (here & high).sum() - here.sum() * (still & high).sum() / still.sum()
    scores = log_rank_scores(end.time, end.event)
    assert scores[high].sum() == pytest.approx(observed_less_expected)


def test_those_at_risk_are_the_ones_followed_until_then():
    from lifelines import KaplanMeierFitter

    end = simulated()
    fit = KaplanMeierFitter().fit(end.time, end.event)
    for time in (0, 10, float(end.time[3]), 59):
        assert at_risk(fit, time) == (end.time >= time).sum()


def test_events_for_a_hazard_ratio_are_those_of_hsieh_and_lavori():
    from mvd.stats.cohort.power import power_of_endpoint

    end = simulated()
    made = power_of_endpoint(end, CohortSettings())
    events = {line.term: line.estimate for line in made.estimates if line.quantity == "events"}
    assert events["hazard ratio 1.5 per SD"] == math.ceil(7.8489 / math.log(1.5) ** 2) == 48


def test_the_heart_transplants_of_statsmodels_give_its_own_cox_model(tmp_path):
    """Miller 1976, 69 patients: days of survival, censoring and age; many ties of age."""
    table = heart.load_pandas().data
    densities = {f"s{i:02d}": age for i, age in enumerate(table["age"].tolist())}
    facts = {"days": table["survival"].tolist(), "died": table["censors"].astype(int).tolist()}
    asked = {"time": ["days"], "event": ["died"], "unit": "days", "names": ["death"]}
    made = study(desk(tmp_path, densities, facts), survival=asked, resample={"bootstrap": 50})
    truth = PHReg(table["survival"], table[["age"]], status=table["censors"], ties="efron").fit()
    found = estimate(made, "cox_death", "density per SD", "hazard ratio")
    spread = table["age"].std()
    assert (found.n, found.events) == (69, int(table["censors"].sum()))
    assert math.log(found.estimate) / spread == pytest.approx(truth.params[0], abs=1e-5)
    assert math.log(found.ci_low) / spread == pytest.approx(truth.conf_int()[0][0], abs=1e-5)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Of 120 cohorts with a true hazard ratio of 1.5, and of groups that differ by 15; the benchmark takes 500."""
    code = (
        "import intervals as c; from functools import partial as p; import math;"
        "print(c.counted(p(c.hazard_ratio, n=80, log_ratio=math.log(1.5)), 120),"
        "c.counted(p(c.shift, n=12, skewed=True), 120))"
        "\nkept = c.with_rows('| a | x | 1 |\\n| b | y | 1 |', [('a', 'z', 2, '95 %', '1 %')])"
        "\nassert kept == '| a | z | 2 | 95 % | 1 % |\\n| b | y | 1 |', kept"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=BENCHMARKS, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    held = [int(part.split(",")[0]) for part in answer.stdout.split("(")[1:]]
    assert len(held) == 2
    assert all(106 <= count <= 120 for count in held), (
        answer.stdout
    )  # 95 % of 120 is 114, 3.3 standard errors
