"""Pooled effects, intervals, prediction, weights, regression."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.errors import DataError
from evisynth.stats import (
    PooledBatch,
    check_rank,
    f_tail,
    leave_one_out_batch,
    normal_log_tail,
    pool_batch,
    prediction_interval,
    regress_batch,
    t_quantile,
    two_sided_p,
    wald_test,
    weights_percent,
)

Y = np.array([0.1, 0.3, 0.8, 0.5, -0.2])
V = np.array([0.02, 0.03, 0.05, 0.01, 0.08])


@st.composite
def data_sets(draw: st.DrawFn) -> tuple[Any, Any]:
    k = draw(st.integers(2, 10))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    v = 10 ** rng.uniform(-2, 0.3, k)
    return rng.normal(0.2, np.sqrt(v + draw(st.sampled_from([0.0, 0.4])))), v


def test_equal_effects_by_hand():
    one = pool_batch(Y, V, model="equal", ci="z")
    w = 1 / V
    assert one.estimate[0] == pytest.approx((w @ Y) / w.sum(), rel=1e-14)
    assert one.se[0] == pytest.approx(w.sum() ** -0.5, rel=1e-14)
    assert one.q[0] == pytest.approx(w @ (Y - one.estimate[0]) ** 2, rel=1e-13)
    assert np.isnan(one.tau2[0])
    assert one.i2[0] == pytest.approx(100 * (one.q[0] - 4) / one.q[0], rel=1e-12)


def test_hartung_knapp_by_hand():
    one = pool_batch(Y, V, safeguard="none")
    w = 1 / (V + one.tau2[0])
    factor = (w @ (Y - one.estimate[0]) ** 2) / 4
    assert one.se[0] == pytest.approx(np.sqrt(factor / w.sum()), rel=1e-13)
    assert one.df[0] == 4
    assert one.ci_upper[0] - one.estimate[0] == pytest.approx(
        float(t_quantile(4, 0.95)) * one.se[0], rel=1e-13
    )


@settings(max_examples=80, deadline=None)
@given(data_sets())
def test_safeguards_never_narrow(data):
    y, v = data
    wald = pool_batch(y, v, ci="z")
    plain = pool_batch(y, v, safeguard="none")
    wider = pool_batch(y, v, safeguard="wider")
    truncated = pool_batch(y, v, safeguard="truncate")

    def width(fit: PooledBatch) -> float:
        return float((fit.ci_upper - fit.ci_lower)[0])

    assert width(wider) == pytest.approx(max(width(wald), width(plain)), rel=1e-12)
    assert width(truncated) >= width(plain) * (1 - 1e-12)
    assert bool(wider.safeguard_applied[0]) == (width(plain) < width(wald))
    if wider.safeguard_applied[0]:
        assert np.isinf(wider.df[0])
        assert wider.p_value[0] == pytest.approx(wald.p_value[0], rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(data_sets(), st.sampled_from([-1.0, 1e-3, 250.0]))
def test_estimate_follows_scale_and_sign(data, factor):
    y, v = data
    one, other = pool_batch(y, v), pool_batch(factor * y, factor**2 * v)
    scale = abs(factor) * np.sqrt(v.max())
    assert abs(other.estimate[0] - factor * one.estimate[0]) <= 1e-9 * scale
    assert other.se[0] == pytest.approx(abs(factor) * one.se[0], rel=1e-8)
    assert other.i2[0] == pytest.approx(one.i2[0], rel=1e-7, abs=1e-7)


def test_one_and_no_study_in_a_batch():
    present = np.array([[True, False], [False, False], [True, True]])
    y, v = np.tile([0.4, 0.9], (3, 1)), np.tile([0.04, 0.09], (3, 1))
    found = pool_batch(y, v, present, tau2_details=True)
    np.testing.assert_allclose(found.estimate[0], 0.4)
    np.testing.assert_allclose(found.se[0], 0.2)
    assert np.isinf(found.df[0])
    assert np.isnan(found.tau2[0])
    assert found.q[0] == 0
    assert np.isnan(found.estimate[1])
    assert np.isnan(found.p_value[1])
    assert found.df[2] == 1


def test_given_tau2_is_used():
    one = pool_batch(Y, V, tau2=np.array([0.5]), ci="z")
    w = 1 / (V + 0.5)
    assert one.estimate[0] == pytest.approx((w @ Y) / w.sum(), rel=1e-13)
    assert one.tau2[0] == 0.5
    with pytest.raises(DataError, match="at least 0"):
        pool_batch(Y, V, tau2=np.array([-0.5]))


def test_leave_one_out_is_each_subset():
    without = leave_one_out_batch(Y, V)
    for row in range(len(Y)):
        keep = np.arange(len(Y)) != row
        one = pool_batch(Y[keep], V[keep])
        np.testing.assert_allclose(without.estimate[row], one.estimate[0], rtol=1e-9)
        np.testing.assert_allclose(without.p_value[row], one.p_value[0], rtol=1e-8)


def test_prediction_interval_needs_three():
    low, high = prediction_interval([0.2, 0.2], [0.1, 0.1], [0.3, 0.3], [2, 3])
    assert np.isnan(low[0])
    assert high[1] - 0.2 == pytest.approx(4.302652729749464 * np.sqrt(0.31), rel=1e-12)
    _, hts = prediction_interval(0.2, 0.1, 0.3, 3, method="t k-2")
    assert float(hts) - 0.2 == pytest.approx(12.7062047361747 * np.sqrt(0.31), rel=1e-12)
    _, normal = prediction_interval(0.2, 0.1, 0.3, 3, method="normal")
    assert float(normal) - 0.2 == pytest.approx(1.959963984540054 * np.sqrt(0.31), rel=1e-12)


def test_weights_sum_to_100_and_do_not_overflow():
    w = weights_percent([[1e-300, 1.0, np.nan], [0.1, 0.1, 0.1]], [0.0, 0.2])
    np.testing.assert_allclose(w.sum(axis=1), 100)
    assert w[0, 2] == 0


def test_tails_stay_beyond_double_precision():
    assert two_sided_p(-40.0, np.inf) == pytest.approx(7.31e-350, abs=1e-300)
    assert normal_log_tail(40.0) == pytest.approx(-803.9153, rel=1e-6)
    assert two_sided_p(50.0, 30) == pytest.approx(5.7e-31, rel=0.05)
    assert two_sided_p(50.0, 30) > 0
    np.testing.assert_allclose(f_tail(3.7**2, 1, 9), two_sided_p(3.7, 9), rtol=1e-12)


def test_regression_against_ordinary_algebra():
    x = np.column_stack([np.ones(5), [1990, 1993, 1999, 2004, 2010]])
    fit = regress_batch(Y, V, x, safeguard="none")
    w = np.diag(1 / (V + fit.tau2[0]))
    inverse = np.linalg.inv(x.T @ w @ x)
    beta = inverse @ x.T @ w @ Y
    np.testing.assert_allclose(fit.coefficients[0], beta, rtol=1e-6)
    r = Y - x @ beta
    np.testing.assert_allclose(fit.covariance[0], inverse * (r @ w @ r) / 3, rtol=1e-6)
    np.testing.assert_allclose(fit.hats.sum(), 2, rtol=1e-12)


def test_regression_with_a_mask_and_units():
    rng = np.random.default_rng(3)
    v = rng.uniform(0.01, 0.3, (4, 8))
    dose = rng.uniform(0, 5, 8)
    y = 0.3 * dose + rng.normal(0, np.sqrt(v + 0.1))
    present = np.ones((4, 8), dtype=bool)
    present[2, [1, 5]] = False
    x = np.column_stack([np.ones(8), dose])
    whole = regress_batch(y, v, x, present)
    keep = present[2]
    one = regress_batch(y[2, keep], v[2, keep], x[keep])
    np.testing.assert_allclose(whole.coefficients[2], one.coefficients[0], rtol=1e-8)
    grams = regress_batch(y, v, x * [1, 1000.0], present)
    np.testing.assert_allclose(grams.coefficients[:, 1] * 1000, whole.coefficients[:, 1], rtol=1e-8)
    np.testing.assert_allclose(
        wald_test(grams, [0, 1]).p_value, wald_test(whole, [0, 1]).p_value, rtol=1e-6
    )


def test_rank_deficiency_names_the_columns():
    x = np.column_stack([np.ones(6), np.arange(6), 2.0 * np.arange(6) + 1, [0, 1, 0, 1, 0, 1]])
    with pytest.raises(DataError, match=r"'double'.*intercept, dose"):
        check_rank(x, ["intercept", "dose", "double", "arm"])
    check_rank(x[:, [0, 1, 3]], ["intercept", "dose", "arm"])
    with pytest.raises(DataError, match="is 0 in every row"):
        check_rank(np.column_stack([np.ones(3), np.zeros(3)]), ["intercept", "none"])
    with pytest.raises(DataError, match="4 coefficients"):
        check_rank(x[:3], ["a", "b", "c", "d"])
    years = np.column_stack([np.ones(5), np.arange(2001.0, 2006.0)])
    check_rank(years, ["intercept", "year"])


def test_regression_needs_residual_degrees_of_freedom():
    with pytest.raises(DataError, match="at least 3 estimates"):
        regress_batch([0.1, 0.2], [0.1, 0.1], np.column_stack([np.ones(2), [0.0, 1.0]]))
