"""Small-study kernels: published values, simple identities."""

import numpy as np
import pytest
from scipy import integrate, stats

from evisynth.stats.small_study import (
    e_value,
    excess_significance,
    fail_safe_n,
    limit_effect,
    power_of_studies,
    weighted_line,
)

Y = np.array([0.1, 0.5, 0.4, 0.6, 0.3, 0.7])
V = np.array([0.04, 0.05, 0.03, 0.06, 0.02, 0.1])


def test_e_values_as_published() -> None:
    """VanderWeele and Ding 2017, doi:10.7326/M16-2607: 3.9 (1.8 to 8.7) and 0.80 (0.71 to 0.91)."""
    assert e_value(3.9, 1.8) == pytest.approx((7.26, 3.0), abs=0.005)
    assert e_value(0.80, 0.91) == pytest.approx((1.81, 1.43), abs=0.005)
    assert e_value(1.2, 0.9)[1] == 1
    assert e_value(0.8, 1.1)[1] == 1
    assert e_value(1.0)[0] == 1


def test_a_line_has_the_covariance_of_least_squares() -> None:
    x = np.sqrt(V)
    design = np.column_stack([np.ones(6), x])
    w = np.diag(1 / V)
    inverse = np.linalg.inv(design.T @ w @ design)
    beta = inverse @ design.T @ w @ Y
    scale = (Y - design @ beta) @ w @ (Y - design @ beta) / 4
    line = weighted_line(Y, V, x)
    assert (line.intercept, line.slope) == pytest.approx(tuple(beta))
    errors = np.sqrt(scale * np.diag(inverse))
    assert (line.intercept_se, line.slope_se) == pytest.approx(tuple(errors))
    assert line.intercept_p == pytest.approx(2 * stats.t.sf(abs(beta[0] / errors[0]), 4))


@pytest.mark.parametrize("method", ["Rosenthal", "Rosenberg"])
def test_the_fail_safe_n_is_where_significance_ends(method) -> None:
    n = fail_safe_n(Y, V, method).n

    def significant(added: int) -> bool:
        if method == "Rosenthal":
            z = (Y / np.sqrt(V)).sum() / np.sqrt(6 + added)
            return bool(stats.norm.sf(z) < 0.05)
        w = 1 / V
        z = (w @ Y) / np.sqrt(w.sum() + added * w.mean())
        return bool(2 * stats.norm.sf(z) < 0.05)

    assert significant(n - 1)
    assert not significant(n)


def test_orwin_reaches_its_target() -> None:
    found = fail_safe_n(Y, V, "Orwin", target=-0.1)
    assert found.target == pytest.approx(0.1)
    assert Y.sum() / (6 + found.n) <= 0.1 < Y.sum() / (6 + found.n - 1)
    assert fail_safe_n(Y, V, "Orwin", target=2.0).n == 0
    assert fail_safe_n(Y / 100, V).n == 0


def test_power_with_heterogeneity_is_its_mean() -> None:
    for alternative in ("two.sided", "greater", "less"):

        def inside(theta: float, side=alternative) -> float:
            power = power_of_studies([0.04], theta, alternative=side)[0]
            return float(power * stats.norm.pdf(theta, 0.3, 0.2))

        mean = integrate.quad(inside, -2, 3, epsabs=1e-12)[0]
        found = power_of_studies([0.04], 0.3, 0.04, alternative=alternative)[0]
        assert found == pytest.approx(mean, abs=1e-9)


def test_equal_power_makes_the_exact_test_binomial() -> None:
    v = np.full(6, 0.04)
    exact = excess_significance(Y, v, 0.3, test="exact")
    binomial = excess_significance(Y, v, 0.3, test="binomial")
    assert exact.p_value == pytest.approx(binomial.p_value)
    law = stats.binom(6, exact.power[0])
    assert exact.p_value == pytest.approx(law.sf(exact.observed - 1))


def test_the_limit_has_the_p_value_asked_for() -> None:
    big = Y + 0.3
    limit = limit_effect(big, V, 0.7)
    assert excess_significance(big, V, limit).p_value == pytest.approx(0.10, abs=1e-9)
    assert np.isnan(limit_effect(Y / 10, V, 0.05))
