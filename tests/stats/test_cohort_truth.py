"""Each analysis of `mvd cohort` beside another library, brute force, or what can be worked out on paper."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pingouin
import pytest

pytest.importorskip("lifelines")

from cohort_folders import desk, estimate, finding, slide_row, study, write_csv
from scipy import stats
from sklearn.metrics import roc_auc_score, roc_curve

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.power import least_effect
from mvd.stats.cohort.roc import curve_of
from mvd.stats.cohort.shift import paired_shift, superiority, two_sample_shift
from mvd.stats.spearman import spearman


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Three groups with a marker and an outcome, no ties."""
    rng = np.random.default_rng(8)
    values = np.concatenate([rng.normal(m, 15, n) for m, n in ((80, 14), (65, 11), (55, 17))]).round(6)
    names = ["control"] * 14 + ["embolisation"] * 11 + ["inhibitor"] * 17
    vegf = (values * 2 + rng.normal(0, 40, 42)).round(5)
    outcome = (values + rng.normal(0, 25, 42) > 65).astype(int)
    densities = {f"s{i:02d}": v for i, v in enumerate(values)}
    clinical = {"group": names, "vegf": vegf.tolist(), "relapse": outcome.tolist()}
    made = study(
        desk(tmp_path_factory.mktemp("three"), densities, clinical),
        group={"column": "group"},
        marker={"columns": ["vegf"]},
        roc={"outcome": "relapse"},
    )
    table = pd.DataFrame({"value": values, "group": names, "vegf": vegf, "relapse": outcome})
    return table, made


def test_kruskal_wallis_is_that_of_pingouin(three):
    table, made = three
    truth = pingouin.kruskal(table, dv="value", between="group")
    found = estimate(made, "groups", "all groups", "H")
    assert found.estimate == pytest.approx(float(truth["H"].iloc[0]))
    assert found.p == pytest.approx(float(truth.filter(regex="p.unc|p_unc").iloc[0, 0]))


def test_dunn_and_holm_are_as_worked_out_from_mean_ranks(three):
    table, made = three
    ranks, n = table["value"].rank(), len(table)
    means, sizes = ranks.groupby(table["group"]).mean(), table["group"].value_counts()
    plain = {}
    for first, second in combinations(sorted(sizes.index), 2):
        spread = math.sqrt(n * (n + 1) / 12 * (1 / sizes[first] + 1 / sizes[second]))
        plain[f"{second} - {first}"] = 2 * stats.norm.sf(abs(means[first] - means[second]) / spread)
    holm, worst = {}, 0.0
    for left, (pair, p) in enumerate(sorted(plain.items(), key=lambda item: item[1])):
        worst = max(worst, min(1.0, p * (3 - left)))
        holm[pair] = worst
    for pair, p in plain.items():
        found = estimate(made, "groups", pair, "Hodges-Lehmann")
        assert found.p == pytest.approx(p)
        assert found.p_adjusted == pytest.approx(holm[pair])


def test_the_chance_of_superiority_is_pingouins_common_language_effect_size(three):
    table, made = three
    a, b = (table.loc[table["group"] == name, "value"] for name in ("inhibitor", "control"))
    truth = pingouin.mwu(a, b)
    found = estimate(made, "groups", "inhibitor - control", "P(")
    assert found.estimate == pytest.approx(float(truth["CLES"].iloc[0]))


def test_means_and_their_intervals_are_those_of_scipy(three):
    table, made = three
    values = table.loc[table["group"] == "control", "value"]
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    found = estimate(made, "groups", "control", "mean")
    assert (found.estimate, found.ci_low, found.ci_high) == pytest.approx((values.mean(), low, high))


def test_spearman_is_that_of_pingouin_and_its_interval_that_of_bonett_and_wright(three):
    table, made = three
    truth = pingouin.corr(table["value"], table["vegf"], method="spearman")
    found = estimate(made, "marker_vegf", "all patients", "Spearman")
    assert found.estimate == pytest.approx(float(truth["r"].iloc[0]))
    assert found.p == pytest.approx(float(truth.filter(regex="p.val|p_val").iloc[0, 0]))
    half = 1.959964 * math.sqrt((1 + found.estimate**2 / 2) / (len(table) - 3))
    assert math.atanh(found.ci_high) - math.atanh(found.estimate) == pytest.approx(half)


@pytest.mark.parametrize("y", [[3, 1, 2, 5, 4.5], [1, 1, 2, 5, 4]])
def test_spearman_of_few_is_from_all_permutations_as_scipy_has_them(y):
    x = np.array([1.0, 2, 3, 4, 5])
    truth = stats.permutation_test(
        (x,), lambda a: stats.spearmanr(a, y).statistic, permutation_type="pairings", n_resamples=np.inf
    )
    found = spearman(x, np.array(y, float))
    assert (found.estimate, found.p) == pytest.approx((truth.statistic, truth.pvalue))
    assert spearman(np.arange(9.0), np.arange(9.0)).p == pytest.approx(2 / math.factorial(9))


def test_the_area_under_the_roc_curve_is_that_of_scikit_learn(three):
    table, made = three
    found = estimate(made, "roc", "relapse", "area")
    assert found.estimate == pytest.approx(roc_auc_score(table["relapse"], table["value"]))
    case = table["relapse"].to_numpy(float)
    false, true = curve_of(table["value"].to_numpy(), case, 1 - case)
    their_false, their_true, _ = roc_curve(table["relapse"], table["value"], drop_intermediate=False)
    np.testing.assert_allclose(false, their_false)
    np.testing.assert_allclose(true, their_true)


@pytest.mark.parametrize(("m", "n"), [(4, 4), (6, 9), (12, 8)])
def test_the_shift_lies_where_the_exact_test_does_not_reject(rng, m, n):
    a, b = rng.normal(1, 1, m), rng.normal(0, 1, n)
    shift, low, high = two_sample_shift(a, b)
    assert shift == pytest.approx(np.median(np.subtract.outer(a, b)))
    for inside, outside in ((low + 1e-9, low - 1e-9), (high - 1e-9, high + 1e-9)):
        assert stats.mannwhitneyu(a - inside, b, method="exact").pvalue > 0.05
        assert stats.mannwhitneyu(a - outside, b, method="exact").pvalue <= 0.05


def test_a_group_of_three_has_no_interval_at_95_percent():
    _, low, high = two_sample_shift([1, 2, 3], [4, 5, 6])
    assert math.isnan(low)
    assert math.isnan(high)


@pytest.mark.parametrize("n", [6, 11, 20])
def test_the_change_lies_where_the_signed_rank_test_does_not_reject(rng, n):
    change = rng.normal(0.5, 1, n)
    _, low, high = paired_shift(change)
    for inside, outside in ((low + 1e-9, low - 1e-9), (high - 1e-9, high + 1e-9)):
        assert stats.wilcoxon(change - inside, method="exact").pvalue > 0.05
        assert stats.wilcoxon(change - outside, method="exact").pvalue <= 0.05


def test_the_normal_limits_of_large_groups_meet_the_exact_ones(rng):
    a, b = rng.normal(0, 1, 50), rng.normal(0.3, 1, 50)
    exact = two_sample_shift(a, b)
    rough = two_sample_shift([*a, np.median(a)], b)  # 51 patients: by the normal distribution
    assert rough == pytest.approx(exact, abs=0.03)


def test_groups_that_do_not_overlap_have_an_interval_of_their_superiority():
    chance, low, high = superiority(range(10, 16), range(5))
    assert (chance, high) == (1.0, 1.0)
    assert 0.5 < low < 0.99
    assert superiority(range(5), range(10, 16)) == pytest.approx((0.0, 0.0, 1 - low), abs=1e-6)


def test_the_mixed_model_of_a_balanced_cohort_is_the_analysis_of_variance(tmp_path, rng):
    """With k slides of each patient REML gives the mean squares' variances, and the mean difference its error."""
    k, patients = 3, 12
    true = rng.normal(0, 10, patients)
    values = (70 + np.repeat([0.0, 20.0], 6) + true)[:, None] + rng.normal(0, 4, (patients, k))
    names = [[f"p{i:02d}s{j}" for j in range(k)] for i in range(patients)]
    rows = [
        slide_row(name, value)
        for line, cells in zip(names, values, strict=True)
        for name, value in zip(line, cells, strict=True)
    ]
    (tmp_path / "results").mkdir()
    header = ("slide_id", "slide", "status", "tissue_area_mm2", "mvd_tissue_per_mm2", "x")
    write_csv(tmp_path / "results" / "summary.csv", header, rows)
    facts = [[f"{name}.svs", f"p{i}", "ab"[i // 6]] for i, line in enumerate(names) for name in line]
    write_csv(tmp_path / "clinical.csv", ["slide", "patient", "group"], facts)
    made = study(tmp_path, group={"column": "group"})
    means = values.mean(axis=1)
    between = k * np.concatenate([means[:6] - means[:6].mean(), means[6:] - means[6:].mean()]).var(ddof=0)
    between *= patients / (patients - 2)
    within = ((values - means[:, None]) ** 2).sum() / (patients * (k - 1))
    assert not any("not fitted" in note for note in finding(made, "mixed").notes), finding(
        made, "mixed"
    ).notes
    found = estimate(made, "mixed", "b - a", "difference")
    assert found.estimate == pytest.approx(means[6:].mean() - means[:6].mean(), rel=1e-6)
    half = stats.t.ppf(0.975, patients - 2) * math.sqrt(between / k * 2 / 6)  # that of the two-sample t test
    assert (found.ci_high - found.ci_low) / 2 == pytest.approx(half, rel=1e-3)
    share = (between - within) / k / ((between - within) / k + within)
    assert estimate(made, "mixed", "patients", "ICC").estimate == pytest.approx(share, rel=1e-3)
    assert estimate(made, "groups", "a", "median").n == 6  # patients, not slides


@pytest.mark.parametrize("rule", ["mean", "median", "max", "min", "area_weighted"])
def test_several_slides_of_a_patient_become_one_number_by_the_stated_rule(tmp_path, rule):
    (tmp_path / "results").mkdir()
    header = ("slide_id", "slide", "status", "tissue_area_mm2", "mvd_tissue_per_mm2", "x")
    rows = [slide_row("a", 10, 1), slide_row("b", 20, 2), slide_row("c", 60, 7), slide_row("d", 5, 1)]
    write_csv(tmp_path / "results" / "summary.csv", header, rows)
    facts = [[f"{name}.svs", "P1" if name < "d" else "P2"] for name in "abcd"]
    write_csv(tmp_path / "clinical.csv", ["slide", "patient"], facts)
    expected = {"mean": 30, "median": 20, "max": 60, "min": 10, "area_weighted": 47}[rule]
    table = study(tmp_path, join={"several": rule}).cohort.patients
    assert table["value"].tolist() == [expected, 5]
    assert table["slides"].tolist() == [3, 1]


def test_sample_sizes_are_those_of_the_textbook(three, tmp_path):
    _, made = three
    spread = estimate(made, "power", "all groups", "pooled SD").estimate
    mean = made.cohort.patients["value"].mean()
    halves = CohortSettings().power.model_dump() | {"differences": [0.5 * spread / mean]}
    folder = desk(
        tmp_path, {f"s{i:02d}": v for i, v in enumerate(made.cohort.patients["value"])},
        {"group": made.cohort.patients["group"].tolist()},
    )  # fmt: skip
    planned = study(folder, group={"column": "group"}, power=halves)
    found = estimate(planned, "power", "difference", "patients")
    assert found.estimate == math.ceil(63.766 / 0.864)  # Cohen 1988: 64 a group for d = 0.5, by t


def test_the_smallest_effect_of_large_groups_is_that_of_the_normal_distribution():
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    for n in (20, 1000, 30_000):
        found = least_effect(n, n, CohortSettings().power)
        assert found == pytest.approx(z * math.sqrt(2 / n / 0.864), rel=2 / n)


def test_the_sentences_hold_the_numbers_of_the_table(three):
    _, made = three
    spearman = estimate(made, "marker_vegf", "all patients", "Spearman")
    assert f"rho = {spearman.estimate:.2f}" in finding(made, "marker_vegf").sentence
    assert "n = 14) in control" in finding(made, "groups").sentence
