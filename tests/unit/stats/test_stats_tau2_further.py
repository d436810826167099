"""Generalized Q, intervals of tau², Kenward-Roger, Henmi-Copas, predictive distributions, BLUPs."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evisynth.errors import DataError, OptionError
from evisynth.stats import (
    INTERVAL_KINDS,
    Tau2Method,
    estimate_tau2,
    estimate_tau2_weighted,
    fit_criteria,
    fit_weighted,
    generalized_q_of,
    henmi_copas_interval,
    kenward_roger,
    log_likelihood,
    nagashima_distribution,
    pool_batch,
    regress_batch,
    residuals_of,
    shrink,
    shrunken_quantiles,
    tau2_interval,
)
from evisynth.stats import henmi_copas as henmi_copas_module

RELATIVE = 1e-9
"""Closed forms by two ways, and searches that end at rounding."""

Y = np.array([-0.89, -1.59, -1.35, -1.44, -0.22, -0.79, -1.62, 0.01, -0.47])
V = np.array([0.326, 0.195, 0.415, 0.020, 0.051, 0.007, 0.223, 0.004, 0.056])
X = np.column_stack([np.ones(9), [44, 55, 42, 52, 13, 44, 19, 13, 27]]).astype(float)


@st.composite
def meta_analyses(draw: st.DrawFn, smallest: int = 3, largest: int = 9) -> tuple[Any, Any]:
    """Return estimates and variances of one meta-analysis."""
    k = draw(st.integers(smallest, largest))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    variances = 10 ** rng.uniform(-2, 0, k)
    tau2 = draw(st.sampled_from([0.0, 0.05, 0.5]))
    return rng.normal(0.3, np.sqrt(variances + tau2)), variances


# --- the generalized Q statistic


@settings(max_examples=40, deadline=None)
@given(meta_analyses())
def test_known_estimators_are_special_cases(data: Any) -> None:
    y, v = data
    kinds: tuple[tuple[Any, Tau2Method], ...] = ((1 / v, "DL"), (np.ones(len(y)), "HE"))
    for weights, method in kinds:
        ours = estimate_tau2_weighted(y, v, weights)
        theirs = estimate_tau2(y, v, method=method)
        np.testing.assert_allclose(ours.tau2, theirs.tau2, rtol=RELATIVE, atol=RELATIVE * v.min())
        np.testing.assert_allclose(ours.se, theirs.se, rtol=1e-8)


def test_two_step_estimators_are_special_cases() -> None:
    steps: tuple[tuple[Tau2Method, Tau2Method], ...] = (("DL2", "DL"), ("CA2", "HE"))
    for method, first in steps:
        t = estimate_tau2(Y, V, method=first, design=X).tau2
        ours = estimate_tau2_weighted(Y, V, 1 / (V + t), design=X)
        theirs = estimate_tau2(Y, V, method=method, design=X)
        np.testing.assert_allclose([ours.tau2, ours.se], [theirs.tau2, theirs.se], rtol=RELATIVE)


def test_iterated_estimators_meet_their_equations() -> None:
    t = float(estimate_tau2(Y, V, method="DLIT", design=X).tau2[0])
    again = generalized_q_of(Y, V, 1 / (V + t), X)
    # one more step of DerSimonian and Laird's, the variances being V + t, goes nowhere
    assert again.q - (len(Y) - 2) - t * again.trace_p == pytest.approx(0, abs=1e-10)
    assert estimate_tau2(Y, V, method="SJIT").tau2 == estimate_tau2(Y, V, method="PM").tau2


def test_median_unbiased_estimators_are_at_the_median() -> None:
    one = generalized_q_of(Y, V, 1 / np.sqrt(V), X)
    t = estimate_tau2_weighted(Y, V, 1 / np.sqrt(V), method="GENQM", design=X).tau2[0]
    assert float(one.tails(t).lower) == pytest.approx(0.5, rel=1e-10)
    t = float(estimate_tau2(Y, V, method="PMM").tau2[0])
    q = generalized_q_of(Y, V, 1 / (V + t)).q
    assert q == pytest.approx(stats.chi2.ppf(0.5, len(Y) - 1), rel=1e-10)


def test_the_quadratic_form_of_q_is_exact() -> None:
    one = generalized_q_of(Y, V, 1 / V)
    rng = np.random.default_rng(3)
    draws = rng.normal(0, np.sqrt(V + 0.2), (200_000, len(Y)))
    w = 1 / V
    means = draws @ w / w.sum()
    q = (w * (draws - means[:, None]) ** 2).sum(axis=1)
    share = float((q <= one.q).mean())
    assert float(one.tails(0.2).lower) == pytest.approx(share, abs=5 * np.sqrt(0.25 / len(q)))
    assert one.moments(0.2)[0] == pytest.approx(q.mean(), rel=0.01)
    assert one.moments(0.2)[1] == pytest.approx(q.var(), rel=0.05)


def test_weights_that_cannot_be_are_refused() -> None:
    for bad in ([1.0] * 8, [0.0] + [1.0] * 8, [np.nan] * 9):
        with pytest.raises(DataError, match="weight"):
            generalized_q_of(Y, V, np.array(bad))
    with pytest.raises(DataError, match="more estimates"):
        generalized_q_of(Y[:1], V[:1], np.ones(1))


# --- intervals


def test_limits_meet_their_definitions() -> None:
    for kind, weights in (("J", 1 / np.sqrt(V)), ("BJ", 1 / V), ("GENQ", np.arange(1.0, 10))):
        one = generalized_q_of(Y, V, weights, X)
        found = tau2_interval(Y, V, kind, design=X, weights=weights)  # type: ignore[arg-type]
        if found.lower > 0:
            assert float(one.tails(found.lower).upper) == pytest.approx(0.025, rel=1e-9)
        assert float(one.tails(found.upper).lower) == pytest.approx(0.025, rel=1e-9)
    for plain in (False, True):
        method = "ML" if plain else "REML"
        found = tau2_interval(Y, V, "PL", method=method, level=0.9)
        top = float(estimate_tau2(Y, V, method=method).tau2[0])  # type: ignore[arg-type]
        heights = log_likelihood(
            np.tile(Y, (3, 1)), np.tile(V, (3, 1)), [top, *found[:2]], restricted=not plain
        )
        drop = 0.5 * stats.chi2.ppf(0.9, 1)
        np.testing.assert_allclose(heights[0] - heights[1:], drop, rtol=1e-9)
    sj = float(estimate_tau2(Y, V, method="SJ").tau2[0])
    found = tau2_interval(Y, V, "SJ")
    np.testing.assert_allclose(found[:2], 8 * sj / stats.chi2.ppf([0.975, 0.025], 8), rtol=RELATIVE)


def test_the_gamma_approximation_is_near_the_exact_interval() -> None:
    exact, near = (tau2_interval(Y, V, kind) for kind in ("BJ", "BT"))
    assert near.lower == pytest.approx(exact.lower, rel=0.25)
    assert near.lower != exact.lower


@pytest.mark.parametrize("kind", INTERVAL_KINDS)
def test_every_interval_scales(kind: Any) -> None:
    weights = 1 / V
    one = tau2_interval(Y, V, kind, weights=weights, draws=200)
    other = tau2_interval(8 - 4 * Y, 16 * V, kind, weights=weights, draws=200)
    if kind == "bootstrap":  # the samples are other ones when the sign turns
        other = tau2_interval(8 + 4 * Y, 16 * V, kind, weights=weights, draws=200)
    np.testing.assert_allclose(other[:2], 16 * np.array(one[:2]), rtol=1e-7, atol=1e-9)
    assert one.lower < one.upper


def test_an_interval_can_be_empty() -> None:
    y = np.full(6, 0.2) + 1e-6 * np.arange(6)
    for kind in ("QP", "J", "BJ", "BT"):
        found = tau2_interval(y, np.full(6, 0.1), kind)
        assert np.isnan(found.lower)
        assert "empty" in found.reason


def test_bootstrap_needs_no_luck() -> None:
    one, other = (tau2_interval(Y, V, "bootstrap", draws=300, seed=7) for _ in range(2))
    assert one == other
    assert one != tau2_interval(Y, V, "bootstrap", draws=300, seed=8)
    own = 1 / V
    assert tau2_interval(Y, V, "bootstrap", method="GENQ", weights=own, draws=50).upper > 0
    assert tau2_interval(Y, V, "bootstrap nonparametric", method="GENQ", weights=own, draws=50)


def test_intervals_say_what_they_need() -> None:
    with pytest.raises(OptionError, match="tau2_ci"):
        tau2_interval(Y, V, "Q")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="needs weights"):
        tau2_interval(Y, V, "GENQ")
    with pytest.raises(DataError, match="needs weights"):
        tau2_interval(Y, V, "Wald", method="GENQ")
    with pytest.raises(DataError, match="without moderators"):
        tau2_interval(Y, V, "bootstrap nonparametric", design=X)
    assert "more studies" in tau2_interval(Y[:1], V[:1], "PL").reason


# --- likelihood


@settings(max_examples=30, deadline=None)
@given(meta_analyses())
def test_likelihoods_are_those_of_the_normal_distribution(data: Any) -> None:
    y, v = data
    t = 0.17
    w = 1 / (v + t)
    mean = (w @ y) / w.sum()
    plain = stats.norm.logpdf(y, mean, np.sqrt(v + t)).sum()
    assert log_likelihood(y, v, t)[0] == pytest.approx(plain, rel=1e-10, abs=1e-10)
    # the restricted likelihood is that of the contrasts
    k = len(y)
    contrasts = np.linalg.qr(np.column_stack([np.ones(k), np.eye(k)[:, 1:]]))[0][:, 1:]
    spread = contrasts.T @ np.diag(v + t) @ contrasts
    restricted = stats.multivariate_normal.logpdf(contrasts.T @ y, np.zeros(k - 1), spread)
    assert log_likelihood(y, v, t, restricted=True)[0] == pytest.approx(restricted, abs=1e-9)
    assert log_likelihood(y, v, t, coefficients=[mean])[0] == pytest.approx(plain, abs=1e-10)
    assert log_likelihood(y, v, t, coefficients=[mean + 1])[0] < plain


def test_criteria_of_ragged_batches() -> None:
    present = np.ones((2, 9), dtype=bool)
    present[1, 6:] = False
    both = fit_criteria(np.tile(Y, (2, 1)), np.tile(V, (2, 1)), 0.1, present, restricted=True)
    alone = fit_criteria(Y[:6], V[:6], 0.1, restricted=True)
    assert both.aicc[1] == pytest.approx(alone.aicc[0])
    assert both.log_likelihood[1] == pytest.approx(alone.log_likelihood[0])
    with pytest.raises(DataError, match="tau²"):
        log_likelihood(Y, V, -1.0)


# --- Kenward and Roger, Henmi and Copas


@given(st.integers(2, 20), st.floats(0.01, 5), st.floats(0, 5))
def test_kenward_roger_of_equal_variances_is_the_t_test(k: int, v: float, tau2: float) -> None:
    one = kenward_roger(np.full(k, v), tau2)
    assert one.df == pytest.approx(k - 1)
    assert one.se == pytest.approx(np.sqrt((v + tau2) / k))


def test_kenward_roger_widens() -> None:
    one = kenward_roger(V, 0.2)
    assert one.se > np.sqrt(1 / (1 / (V + 0.2)).sum())
    assert 1 < one.df < len(V) - 1


def test_henmi_copas_integral_is_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    one = henmi_copas_interval(Y, V)
    monkeypatch.setattr(henmi_copas_module, "NODES", 1500)
    other = henmi_copas_interval(Y, V)
    np.testing.assert_allclose(one.critical, other.critical, rtol=1e-9)
    assert one.estimate == pytest.approx((Y / V).sum() / (1 / V).sum())


def test_henmi_copas_without_heterogeneity() -> None:
    one = henmi_copas_interval([0.1, 0.11, 0.1, 0.09], [0.1, 0.2, 0.1, 0.3])
    assert one.tau2 == 0
    # tau² by DerSimonian and Laird could have been above 0: the factor is below 1.96
    assert one.critical < stats.norm.ppf(0.975)


# --- weights of one's own


def test_inverse_variance_weights_give_the_usual_fit() -> None:
    for ci, guard in (("z", "none"), ("t", "none"), ("HKSJ", "none"), ("HKSJ", "wider")):
        usual = pool_batch(Y, V, tau2=np.array([0.3]), ci=ci, safeguard=guard)  # type: ignore[arg-type]
        ours = fit_weighted(Y, V, 5 / (V + 0.3), 0.3, ci=ci, safeguard=guard)  # type: ignore[arg-type]
        assert ours.coefficients[0] == pytest.approx(usual.estimate[0])
        assert np.sqrt(ours.covariance[0, 0]) == pytest.approx(usual.se[0])
        assert ours.df == usual.df[0]
        assert ours.safeguard_applied == usual.safeguard_applied[0]
    line = regress_batch(Y, V, X, tau2=np.array([0.3]), ci="HKSJ", safeguard="none")
    ours = fit_weighted(Y, V, 1 / (V + 0.3), 0.3, design=X, ci="HKSJ")
    np.testing.assert_allclose(ours.covariance, line.covariance[0], rtol=1e-9)


# --- predictive distributions


def test_nagashima_of_equal_variances_is_symmetric() -> None:
    y = np.array([-0.4, -0.1, 0.0, 0.1, 0.4])
    one = nagashima_distribution(y, np.full(5, 0.02))
    assert one.quantile(0.975) == pytest.approx(-one.quantile(0.025), rel=1e-7)
    assert one.cdf(0.0) == pytest.approx(0.5, abs=1e-9)
    assert one.weights.sum() == pytest.approx(1)


def test_nagashima_integrates_what_sampling_would_give() -> None:
    one = nagashima_distribution(Y, V)
    rng = np.random.default_rng(11)
    size = 400_000
    place = rng.choice(len(one.tau2), size, p=one.weights)
    draws = one.means[place] + rng.standard_normal(size) * np.sqrt(one.tau2[place])
    draws -= rng.standard_t(one.df, size) * one.se[place]
    for x in (-3.0, -1.5, -0.5, 0.5, 2.0):
        error = 5 * np.sqrt(0.25 / size)
        assert one.cdf(x) == pytest.approx(float((draws <= x).mean()), abs=error)
    assert one.cdf(one.quantile(0.1)) == pytest.approx(0.1, rel=1e-9)


def test_nagashima_published_example() -> None:
    """Cisapride, 13 trials: the vignette of R's pimeta, 25,000 samples; log odds ratios."""
    n = [16, 16, 34, 56, 22, 54, 17, 58, 14, 26, 44, 29, 38]
    m = [16, 16, 34, 56, 22, 55, 15, 58, 15, 27, 45, 30, 38]
    a = np.array([15, 12, 29, 42, 14, 44, 14, 29, 10, 17, 38, 19, 21]) + 0.5
    c = np.array([9, 1, 18, 31, 6, 17, 7, 23, 3, 6, 12, 22, 19]) + 0.5
    b, d = np.array(n) + 1 - a, np.array(m) + 1 - c
    y, v = np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    assert y[0] == pytest.approx(2.098986, abs=1e-6)
    assert float(estimate_tau2(y, v, method="DL").tau2[0]) == pytest.approx(0.718, abs=5e-4)
    one = nagashima_distribution(y, v)
    low, high = np.exp([one.quantile(0.025), one.quantile(0.975)])
    # three standard errors of a 2.5% quantile of 25,000 samples: 5% of the odds ratio
    assert low == pytest.approx(0.533, rel=0.05)
    assert high == pytest.approx(33.692, rel=0.05)
    assert one.cdf(0.0) == pytest.approx(0.075, abs=0.005)


def test_shrunken_quantiles_have_the_spread_of_tau2() -> None:
    v = np.full(40, 0.1)
    y = np.random.default_rng(2).normal(0, np.sqrt(0.1 + 0.3), 40)
    tau2 = float(estimate_tau2(y, v).tau2[0])
    shrunken = shrunken_quantiles(y, v, float(y.mean()), tau2, np.arange(1, 41) / 41)
    assert np.var(shrunken, ddof=1) == pytest.approx(tau2, rel=1e-9)
    assert (shrunken_quantiles(y, v, 0.2, 0.0, [0.1, 0.9]) == 0.2).all()


def test_shrunken_quantiles_are_wang_and_lees() -> None:
    """Their section 2.4 by hand: places i/(k + 1), normal quantiles between and beyond."""
    z = [-0.6744897501960817, 0.0, 0.6744897501960817]  # of 1/4, 2/4, 3/4
    y, v, mean, tau2 = np.array([2.0, 0.0, -1.0]), np.full(3, 0.1), 0.5, 0.3
    low, middle, high = sorted(mean + (y - mean) * np.sqrt(0.75))
    found = shrunken_quantiles(y, v, mean, tau2, [0.25, 0.5, 0.75, 0.6, 0.025, 0.975])
    inner = middle + (high - middle) * 0.2533471031357997 / z[2]
    outer = [mean + (end - mean) * 1.959963984540054 / z[2] for end in (low, high)]
    np.testing.assert_allclose(found, [low, middle, high, inner, *outer], rtol=1e-12)


# --- study effects and residuals


def test_shrunken_effects_are_the_solution_of_the_mixed_model() -> None:
    """Henderson's equations, solved as they stand."""
    t = 0.3
    fit = regress_batch(Y, V, X, tau2=np.array([t]), ci="z")
    one = shrink(Y, V, t, fit.coefficients[0], fit.covariance[0], X)
    k, p = X.shape
    r = np.diag(1 / V)
    left = np.block([[X.T @ r @ X, X.T @ r], [r @ X, r + np.eye(k) / t]])
    solution = np.linalg.solve(left, np.concatenate([X.T @ r @ Y, r @ Y]))
    errors = np.linalg.inv(left)
    np.testing.assert_allclose(one.deviation, solution[p:], rtol=1e-9)
    np.testing.assert_allclose(one.deviation_se, np.sqrt(np.diag(errors)[p:]), rtol=1e-9)
    form = np.hstack([X, np.eye(k)])
    np.testing.assert_allclose(one.se, np.sqrt(np.diag(form @ errors @ form.T)), rtol=1e-9)


def test_residuals_of_a_study_that_decides_its_own_fit() -> None:
    x = np.column_stack([np.ones(5), [1.0, 0, 0, 0, 0]])
    y, v = Y[:5], V[:5]
    fit = regress_batch(y, v, x, tau2=np.array([0.1]), ci="z")
    one = residuals_of(y, v, 0.1, fit.coefficients[0], x)
    assert np.isnan(one.standardized[0])
    assert one.hat[0] == pytest.approx(1)
    assert np.isfinite(one.standardized[1:]).all()
