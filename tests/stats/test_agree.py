"""Measures of agreement beside published tables, pingouin, scikit-learn, brute force and known components."""

import math
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mvd.errors import CohortError
from mvd.settings.agree import AgreeSettings
from mvd.stats.agree.choosing import components
from mvd.stats.agree.found import rates
from mvd.stats.agree.highlow import high_low, wilson
from mvd.stats.agree.icc import intraclass
from mvd.stats.agree.matching import match_points
from mvd.stats.agree.pair import bland_altman, concordance, proportional_bias, ratio_limits
from mvd.stats.agree.variation import observer_cv, observers_alone
from mvd.stats.finding import Estimate

SHROUT_FLEISS_1979 = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=np.float64
)
# Bland & Altman, Lancet 1986: peak expiratory flow by a large and a mini meter, l/min
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


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


def test_the_flow_meters_of_bland_and_altman():
    """-2.1 (-22.0 to 17.8), SD 38.8; they give the limits as +-2 SD, with the error sqrt(3/n) SD."""
    bias, lower, upper = bland_altman(np.array(MINI, float), np.array(WRIGHT, float))
    assert (bias.estimate, bias.ci_low, bias.ci_high) == pytest.approx((-2.1, -22.0, 17.8), abs=0.06)
    assert (upper.estimate - lower.estimate) / (2 * 1.96) == pytest.approx(38.8, abs=0.05)
    assert (upper.ci_high - upper.ci_low) / 2 == pytest.approx(2.12 * math.sqrt(3 / 17) * 38.8, rel=0.01)


def test_bias_and_its_test_are_the_paired_t_test_of_pingouin():
    import pingouin

    random = np.random.default_rng(2)
    first = random.normal(60, 20, 15)
    second = first + random.normal(3, 6, 15)
    bias, *_ = bland_altman(first, second)
    truth = pingouin.ttest(second, first, paired=True)
    assert bias.p == pytest.approx(float(truth.filter(regex="p.val|p_val").iloc[0, 0]))
    ratio, low, high = ratio_limits(first, first * 1.2)
    assert (ratio.estimate, low.estimate, high.estimate) == pytest.approx((1.2, 1.2, 1.2))
    assert ratio_limits(first - first.min(), second) == []


@pytest.mark.parametrize("slope", [0.7, 1.0, 1.6])
def test_the_slope_is_the_first_principal_axis_and_its_interval_holds_1_when_the_test_does_not_reject(slope):
    random = np.random.default_rng(3)
    true = random.normal(60, 20, 40)
    first, second = true + random.normal(0, 8, 40), slope * true + random.normal(0, 8, 40)
    axis = np.linalg.svd(np.column_stack([first - first.mean(), second - second.mean()]))[2][0]
    _, found = proportional_bias(first, second)
    assert found.estimate == pytest.approx(axis[1] / axis[0])
    truth = stats.pearsonr(second - first, second + first)
    assert found.p == pytest.approx(truth.pvalue)
    level = 1 - truth.pvalue  # at exactly this level the interval ends at 1
    _, edge = proportional_bias(first, second, level)
    assert min(abs(edge.ci_low - 1), abs(edge.ci_high - 1)) < 1e-9
    assert (found.ci_low <= 1 <= found.ci_high) == (truth.pvalue > 0.05)


def test_concordance_falls_with_a_shift_that_correlation_does_not_see():
    first = np.arange(10.0)
    found = concordance(first, first + 2)
    assert found.estimate == pytest.approx(2 * 8.25 / (2 * 8.25 + 4))
    assert concordance(first, first).estimate == pytest.approx(1)


def test_the_cv_is_that_of_the_differences_and_of_the_analysis_of_variance():
    random = np.random.default_rng(4)
    ratings = random.normal(60, 20, (25, 1)) + random.normal(0, 6, (25, 3)) + np.array([0, 5, -4.0])
    first, second = ratings[:, 0], ratings[:, 1]
    found = observer_cv(ratings[:, :2])
    assert found.estimate == pytest.approx(
        100 * (second - first).std(ddof=1) / math.sqrt(2) / ratings[:, :2].mean()
    )
    import pingouin

    long = pd.DataFrame(ratings).melt(ignore_index=False).reset_index()
    table = pingouin.rm_anova(long, dv="value", within="variable", subject="index", detailed=True)
    error = float(table.loc[table["Source"] == "Error", "MS"].iloc[0])
    assert observer_cv(ratings).estimate == pytest.approx(100 * math.sqrt(error) / ratings.mean())
    assert observer_cv(ratings * 7).estimate == pytest.approx(observer_cv(ratings).estimate)
    assert observer_cv(ratings - 1000) is None


def test_observers_alone_are_about_what_hansen_tells():
    between, within = (Estimate("", "", value) for value in (36.0, 20.0))
    assert observers_alone(between, within).estimate == pytest.approx(30, abs=0.1)
    assert observers_alone(within, between).estimate == 0


def test_kappa_is_that_of_scikit_learn_and_its_interval_that_of_the_published_formula():
    from sklearn.metrics import cohen_kappa_score

    random = np.random.default_rng(5)
    first = random.normal(60, 15, 50)
    second = first + random.normal(0, 8, 50)
    kappa, same = high_low(first, second, 62.0)
    assert kappa.estimate == pytest.approx(cohen_kappa_score(first > 62, second > 62))
    assert same.estimate == ((first > 62) == (second > 62)).mean()
    cells = [[np.sum(((first > 62) == i) & ((second > 62) == j)) + 0.5 for j in (0, 1)] for i in (0, 1)]
    p = np.array(cells) / 52
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    chance = float(rows @ columns)
    k = (p.trace() - chance) / (1 - chance)
    a = sum(p[i, i] * (1 - (rows[i] + columns[i]) * (1 - k)) ** 2 for i in (0, 1))
    b = (1 - k) ** 2 * sum(p[i, j] * (columns[i] + rows[j]) ** 2 for i in (0, 1) for j in (0, 1) if i != j)
    error = math.sqrt((a + b - (k - chance * (1 - k)) ** 2) / (52 * (1 - chance) ** 2))
    assert kappa.ci_low == pytest.approx(k - 1.959964 * error, abs=1e-5)
    assert len(high_low(first, second, 1e6)) == 1
    same, _ = high_low(first, first, 62.0)
    assert (same.estimate, same.ci_high) == (1, 1)
    assert 0.8 < same.ci_low < 1


def test_wilson_is_that_of_scipy():
    low, high = stats.binomtest(17, 23).proportion_ci(method="wilson")
    assert wilson(17, 23) == pytest.approx((low, high))
    assert all(math.isnan(end) for end in wilson(0, 0))


def test_choosing_and_counting_are_told_apart_where_the_components_are_known():
    """SD 5 of counting, 12 of choosing, 4 between readers; and intervals that hold them about as often as they say."""
    asked = AgreeSettings.from_mapping({"resample": {"draws": 2000}})
    estimates, held = [], []
    for seed in range(200):
        random = np.random.default_rng(seed)
        readers = random.normal(0, 4, 3)
        same = random.normal(80, 20, (30, 1)) + readers + random.normal(0, 5, (30, 3))
        chosen = random.normal(90, 20, (25, 1)) + readers + random.normal(0, 5, (25, 3))
        chosen += random.normal(0, 12, (25, 3))
        counting, choosing, share, *_ = components(same, chosen, asked)
        truths = (5.0, 12.0, 144 / 169)
        estimates.append([e.estimate**2 for e in (counting, choosing)])
        held.append(
            [e.ci_low <= t <= e.ci_high for e, t in zip((counting, choosing, share), truths, strict=True)]
        )
    assert np.mean(estimates, axis=0) == pytest.approx([25, 144], rel=0.04)
    assert (np.mean(held, axis=0) >= 0.90).all()  # 3.2 standard errors below 95 %
    assert (np.mean(held, axis=0) < 1.0).all()


def test_readers_who_do_not_choose_have_no_choosing_error():
    random = np.random.default_rng(9)
    same, chosen = (random.normal(80, 20, (400, 1)) + random.normal(0, 5, (400, 3)) for _ in range(2))
    _, choosing, share, *_ = components(same, chosen, AgreeSettings())
    assert (choosing.ci_low, share.ci_low) == (0, pytest.approx(0, abs=0.2))
    assert choosing.estimate < 2


@pytest.mark.parametrize("seed", range(6))
def test_points_are_matched_as_brute_force_matches_them(seed):
    random = np.random.default_rng(seed)
    first, second = random.uniform(0, 40, (6, 2)), random.uniform(0, 40, (7, 2))
    best = (0, 0.0)
    for chosen in permutations(range(7), 6):
        distance = np.linalg.norm(first - second[list(chosen)], axis=1)
        near = distance <= 14
        best = max(best, (int(near.sum()), -float(distance[near].sum())))
    found = match_points(first, second, 14)
    assert (len(found.first), -found.distance_um.sum()) == (best[0], pytest.approx(best[1]))
    assert len(set(found.second.tolist())) == len(found.second)


def test_the_nearest_first_would_match_fewer_points():
    first, second = np.array([[0.0, 0], [10, 0]]), np.array([[-9.0, 0], [1, 0]])
    found = match_points(first, second, 10)
    assert len(found.first) == 2
    assert rates(np.array([2.0, 2, 2])) == (1, 1, 1)
    assert len(match_points(first, second[:0], 10).first) == 0
    assert len(match_points(first, first + np.array([0, 10]), 10).first) == 2  # the limit itself is a match


def test_many_points_are_matched_cluster_by_cluster():
    random = np.random.default_rng(1)
    first = random.uniform(0, 20_000, (20_000, 2))
    second = random.permutation(first + random.normal(0, 2, first.shape))
    assert len(match_points(first, second, 12).first) > 19_900
    with pytest.raises(CohortError, match="hang together"):
        match_points(first, second, 1000)


@pytest.mark.parametrize(
    "ratings", [np.ones((2, 2)), np.ones((5, 1)), np.full((5, 2), np.nan), np.ones((5, 3))]
)
def test_what_cannot_be_told_is_said(ratings):
    with pytest.raises(CohortError):
        intraclass(ratings)
