"""Power: simulations, closed forms and published values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from evisynth.errors import DataError
from evisynth.stats import (
    conditional_power_of,
    heterogeneity_power,
    mean_power,
    noncentral_power,
    pool_batch,
    weighted_chi2_tail,
)

IMHOF: list[tuple[list[float], float, float]] = [
    ([0.6, 0.3, 0.1], 0.1, 0.9458),
    ([0.6, 0.3, 0.1], 0.7, 0.5064),
    ([0.6, 0.3, 0.1], 2.0, 0.1240),
]
"""Imhof 1961, table 1, first quadratic form."""


@pytest.mark.parametrize(("weights", "value", "tail"), IMHOF)
def test_weighted_chi2_gives_imhofs_table(weights: list[float], value: float, tail: float) -> None:
    assert abs(weighted_chi2_tail(value, weights) - tail) < 5.1e-5


@given(st.integers(1, 30), st.floats(0.01, 100.0), st.floats(1e-6, 1e6))
def test_equal_weights_are_chi2(df: int, value: float, scale: float) -> None:
    found = weighted_chi2_tail(scale * value, [scale] * df)
    assert abs(found - float(special.chdtrc(df, value))) < 1e-12


def test_hedges_and_pigott_without_heterogeneity_is_the_z_test() -> None:
    # worked example of Valentine, Pigott and Rothstein 2010 type: d = 0.2, 10 studies, 25 an arm
    assert round(mean_power(0.2, [0.0804] * 10, 0.0), 4) == 0.6066
    assert round(mean_power(0.2, [0.0804] * 10, 0.67 * 0.0804), 4) == 0.4076


def test_estimated_tau2_and_hartung_knapp_agree_with_simulation() -> None:
    k, v, tau2, effect, size = 8, 0.1, 0.05, 0.25, 40_000
    y = effect + np.random.default_rng(1).standard_normal((size, k)) * np.sqrt(v + tau2)
    spread = np.full((size, k), v)
    wald = pool_batch(y, spread, tau2="DL", ci="z").p_value < 0.05
    t = pool_batch(y, spread, tau2="DL", ci="HKSJ", safeguard="none").p_value < 0.05
    limit = 4 * np.sqrt(0.25 / size)
    assert abs(wald.mean() - mean_power(effect, [v] * k, tau2, estimated=True)) < limit
    assert abs(t.mean() - mean_power(effect, [v] * k, tau2, distribution="t")) < limit


def test_heterogeneity_power_agrees_with_simulation() -> None:
    generator = np.random.default_rng(2)
    v = generator.uniform(0.02, 0.5, 7)
    y = generator.standard_normal((40_000, 7)) * np.sqrt(v + 0.1)
    w = 1 / v
    mean = (y @ w) / w.sum()
    q = np.square(y - mean[:, None]) @ w
    seen = (q > special.chdtri(6, 0.05)).mean()
    assert abs(seen - heterogeneity_power(v, 0.1)) < 0.01


@settings(max_examples=30)
@given(
    st.lists(st.floats(0.01, 10.0), min_size=2, max_size=8), st.floats(0.0, 2.0),
    st.floats(1e-4, 1e4),
)  # fmt: skip
def test_power_does_not_depend_on_unit_or_order(
    variances: list[float], tau2: float, scale: float
) -> None:
    v = np.array(variances)
    plain = heterogeneity_power(v, tau2)
    assert 0.05 - 1e-9 <= plain <= 1
    assert abs(plain - heterogeneity_power(v[::-1] * scale**2, tau2 * scale**2)) < 1e-8
    one = mean_power(0.3, v, tau2)
    assert abs(one - mean_power(-0.3 * scale, v[::-1] * scale**2, tau2 * scale**2)) < 1e-9


def test_level_is_kept_without_an_effect() -> None:
    for tau2 in (0.0, 0.3):
        assert abs(mean_power(0.0, [0.1, 0.2], tau2) - 0.05) < 1e-12
        assert abs(mean_power(0.0, [0.1] * 5, tau2, distribution="t") - 0.05) < 1e-9
    assert abs(noncentral_power(0.0, 3) - 0.05) < 1e-9
    assert np.isnan(mean_power(0.2, [0.1], 0.0, distribution="t"))
    with pytest.raises(DataError, match="equal variance"):
        mean_power(0.2, [0.1, 0.2], 0.1, estimated=True)


def test_conditional_power_agrees_with_simulation() -> None:
    generator = np.random.default_rng(3)
    estimate, information, new, effect = 0.2, 60.0, 40.0, 0.3
    drawn = effect + generator.standard_normal(200_000) / np.sqrt(new)
    pooled = (information * estimate + new * drawn) / (information + new)
    seen = (pooled * np.sqrt(information + new) > 1.96).mean()
    above, _ = conditional_power_of(estimate, information, new, effect, critical=1.96)
    assert abs(seen - above) < 0.005
    truth = estimate + generator.standard_normal(200_000) / np.sqrt(information)
    drawn = truth + generator.standard_normal(200_000) / np.sqrt(new)
    pooled = (information * estimate + new * drawn) / (information + new)
    seen = (pooled * np.sqrt(information + new) > 1.96).mean()
    above, _ = conditional_power_of(
        estimate, information, new, effect, critical=1.96, predictive=True
    )
    assert abs(seen - above) < 0.005
