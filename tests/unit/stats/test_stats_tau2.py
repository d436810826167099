"""Properties of the estimators of tau² and of its interval."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.errors import DataError, OptionError
from evisynth.stats import (
    Tau2Method,
    chi2_quantile,
    estimate_tau2,
    generalized_q,
    q_profile,
)

METHODS: tuple[Tau2Method, ...] = (
    "REML", "DL", "PM", "ML", "EB", "HS", "HE", "SJ", "HSk", "SJIT", "PMM", "DLIT", "DL2", "CA2",
)  # fmt: skip
MOMENTS: tuple[Tau2Method, ...] = ("REML", "DL", "PM", "EB", "HE", "HSk", "SJIT", "DL2", "CA2")
BIASED: tuple[Tau2Method, ...] = ("ML", "HS")
RELATIVE = 1e-9
"""Searches end at rounding; sums in another order differ by a few units in the last place."""


@st.composite
def meta_analyses(
    draw: st.DrawFn, smallest: int = 2, largest: int = 12, low: float = -2.0, high: float = 0.5
) -> tuple[Any, Any]:
    """Return estimates and variances of one meta-analysis."""
    k = draw(st.integers(smallest, largest))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    variances = 10 ** rng.uniform(low, high, k)
    tau2 = draw(st.sampled_from([0.0, 0.01, 0.3, 5.0]))
    return rng.normal(0.4, np.sqrt(variances + tau2)), variances


def close(a: Any, b: Any, scale: float) -> Any:
    """Compare tau² relative to itself and to the size of the variances."""
    return np.abs(a - b) <= RELATIVE * np.maximum(np.abs(b), scale)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=40, deadline=None)
@given(meta_analyses())
def test_order_of_studies_does_not_matter(method, data):
    y, v = data
    order = np.random.default_rng(1).permutation(len(y))
    one, other = (estimate_tau2(a, b, method=method) for a, b in ((y, v), (y[order], v[order])))
    assert close(other.tau2, one.tau2, v.min()).all()


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=40, deadline=None)
@given(meta_analyses(), st.sampled_from([2.0**-20, 0.125, 1e-3, 7.0, 1e6]))
def test_scale_and_sign_and_shift(method, data, factor):
    y, v = data
    one = estimate_tau2(y, v, method=method)
    other = estimate_tau2(3 * factor - factor * y, factor**2 * v, method=method)
    assert close(other.tau2, factor**2 * one.tau2, 10 * factor**2 * v.max()).all()


@settings(max_examples=60, deadline=None)
@given(meta_analyses(low=-1.0, high=-1.0))
def test_equal_variances_make_estimators_coincide(data):
    y, v = data
    expected = max(0.0, np.var(y, ddof=1) - v[0])
    for method in MOMENTS:
        assert close(estimate_tau2(y, v, method=method).tau2, expected, v[0]).all()
    expected_ml = max(0.0, np.var(y) - v[0])
    for method in BIASED:
        assert close(estimate_tau2(y, v, method=method).tau2, expected_ml, v[0]).all()


@settings(max_examples=60, deadline=None)
@given(meta_analyses())
def test_solutions_meet_their_equations(data):
    y, v = data
    k = len(y)
    found = estimate_tau2(y, v, method="PM")
    q = generalized_q(y, v, found.tau2)
    assert found.converged.all()
    assert q[0] == pytest.approx(k - 1, rel=1e-9) if found.tau2[0] > 0 else q[0] <= k - 1 + 1e-9
    limits = q_profile(y, v)
    upper, lower = chi2_quantile(k - 1, 0.025), chi2_quantile(k - 1, 0.975)
    if limits.reasons[0]:
        assert generalized_q(y, v)[0] < upper
        assert np.isnan(limits.upper[0])
    else:
        assert generalized_q(y, v, limits.upper)[0] == pytest.approx(float(upper), rel=1e-9)
        if limits.lower[0] > 0:
            assert generalized_q(y, v, limits.lower)[0] == pytest.approx(float(lower), rel=1e-9)
        else:
            assert generalized_q(y, v)[0] <= lower + 1e-9


def log_likelihood(y: Any, v: Any, tau2: float, restricted: bool) -> float:
    w = 1 / (v + tau2)
    mean = (w @ y) / w.sum()
    value = 0.5 * (np.log(w).sum() - w @ (y - mean) ** 2)
    return float(value - 0.5 * np.log(w.sum()) if restricted else value)


@pytest.mark.parametrize("method", ["REML", "ML"])
@settings(max_examples=80, deadline=None)
@given(meta_analyses(low=-4.0, high=1.0))
def test_likelihood_methods_find_the_highest_maximum(method, data):
    y, v = data
    found = estimate_tau2(y, v, method=method)
    assert found.converged.all()
    top = log_likelihood(y, v, found.tau2[0], method == "REML")
    grid = np.concatenate([[0.0], np.geomspace(v.min() / 10, 10 * (np.ptp(y) ** 2 + 1e-9), 60)])
    # a second maximum can hide between the points of the library's own search; it is then this low
    assert max(log_likelihood(y, v, t, method == "REML") for t in grid) <= top + 0.5


@pytest.mark.parametrize("method", METHODS)
def test_batch_equals_one_by_one_with_masks(method):
    rng = np.random.default_rng(11)
    size, width = 60, 9
    k = rng.integers(0, width + 1, size)
    present = np.arange(width) < k[:, None]
    present = np.array([row[rng.permutation(width)] for row in present])
    v = rng.uniform(0.01, 0.6, (size, width))
    y = rng.normal(0, np.sqrt(v + 0.1))
    v[~present], y[~present] = -3.0, np.nan  # what is masked must not be looked at
    whole = estimate_tau2(y, v, present, method=method)
    limits = q_profile(y, v, present)
    for row in range(size):
        here = present[row]
        if k[row] < 2:
            assert np.isnan(whole.tau2[row])
            assert "more studies" in limits.reasons[row]
            continue
        one = estimate_tau2(y[row, here], v[row, here], method=method)
        assert close(whole.tau2[row], one.tau2, v[row, here].min()).all()
        assert whole.se[row] == pytest.approx(one.se[0], rel=1e-8)
        own = q_profile(y[row, here], v[row, here])
        assert own.status[0] == limits.status[row]
        np.testing.assert_allclose(limits.upper[row], own.upper[0], rtol=1e-8)


def test_chunks_do_not_change_results(monkeypatch):
    from evisynth.stats import batch

    rng = np.random.default_rng(2)
    v = rng.uniform(0.01, 0.6, (50, 7))
    y = rng.normal(0, np.sqrt(v + 0.1))
    whole, limits = estimate_tau2(y, v), q_profile(y, v)
    monkeypatch.setattr(batch, "CHUNK_CELLS", 40)
    np.testing.assert_allclose(estimate_tau2(y, v).tau2, whole.tau2, rtol=1e-12)
    np.testing.assert_allclose(q_profile(y, v).upper, limits.upper, rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_design_of_ones_is_the_mean(method):
    rng = np.random.default_rng(5)
    v = rng.uniform(0.001, 0.6, (30, 6))
    y = rng.normal(0, np.sqrt(v + 0.1))
    mean = estimate_tau2(y, v, method=method)
    design = estimate_tau2(y, v, method=method, design=np.ones((6, 1)))
    np.testing.assert_allclose(design.tau2, mean.tau2, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(design.se, mean.se, rtol=1e-9)


def test_homogeneous_estimates_give_zero_and_an_empty_interval():
    y, v = np.full(6, 0.25), np.linspace(0.5, 1.5, 6)
    for method in METHODS:
        assert estimate_tau2(y, v, method=method).tau2[0] == 0
    found = q_profile(y, v)
    assert np.isnan(found.lower[0])
    assert np.isnan(found.upper[0])
    assert "empty" in found.reasons[0]


@pytest.mark.parametrize("size", [1e-150, 1e-12, 1e12, 1e150])
def test_tiny_and_huge_variances(size):
    y = np.array([0.1, 0.5, 0.9, 0.2, 1.4])
    v = np.array([0.02, 0.05, 0.1, 0.03, 0.2])
    for method in METHODS:
        plain = estimate_tau2(y, v, method=method)
        scaled = estimate_tau2(y * np.sqrt(size), v * size, method=method)
        np.testing.assert_allclose(scaled.tau2 / size, plain.tau2, rtol=1e-9)
        np.testing.assert_allclose(scaled.se / size, plain.se, rtol=1e-9)


def test_one_dominating_study():
    # 1e-14 beside 1: sums over "the other" weights must not be differences of nearly equal numbers
    y, v = np.array([0.3, 1.0, -1.5, 2.0]), np.array([1e-14, 1.0, 1.0, 1.0])
    rest = y[1:] - y[0]
    moment = estimate_tau2(y, v, method="DL").tau2[0]
    assert moment == pytest.approx((np.sum(rest**2) - 3) / 6, rel=1e-6)  # to order 1e-14
    found = estimate_tau2(y, v, method="PM").tau2[0]
    assert generalized_q(y, v, found)[0] == pytest.approx(3, rel=1e-9)


@pytest.mark.parametrize(
    ("y", "v", "words"),
    [
        ([1.0, 2.0], [0.1, -0.2], "above 0"),
        ([1.0, 2.0], [0.1, 0.0], "above 0"),
        ([1.0, np.nan], [0.1, 0.2], "finite"),
        ([1.0, 2.0], [0.1, np.inf], "finite"),
        ([1.0, 2.0, 3.0], [0.1, 0.2], "shape"),
    ],
)
def test_bad_arrays_are_refused(y, v, words):
    with pytest.raises(DataError, match=words):
        estimate_tau2(y, v)


def test_unknown_method_lists_the_allowed():
    with pytest.raises(OptionError, match="REML, DL, PM"):
        estimate_tau2([1.0, 2.0], [0.1, 0.1], method="REMM")  # type: ignore[arg-type]
