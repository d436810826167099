"""Standard deviations and errors from what reports print."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evisynth.effects import (
    Distribution,
    hedges_correction,
    sd_from_ci,
    sd_from_p,
    sd_from_se,
    sd_from_t,
    sd_of_difference,
    se_from_ci,
    se_from_p,
    se_from_t,
)
from evisynth.errors import DataError, OptionError

SAME = 1e-12
"""Relative; the two ways differ by rounding only."""

sizes = st.integers(2, 5000)
positive = st.floats(1e-3, 1e3)


@given(sd=positive, n=sizes, mean=st.floats(-100, 100), level=st.floats(0.5, 0.999))
def test_sd_of_an_arm_comes_back_from_its_se_and_interval(sd, n, mean, level):
    se = sd / math.sqrt(n)
    assert float(sd_from_se(se, n)) == pytest.approx(sd, rel=SAME)
    quantiles: dict[Distribution, float] = {
        "t": stats.t.isf((1 - level) / 2, n - 1),
        "normal": stats.norm.isf((1 - level) / 2),
    }
    for distribution, quantile in quantiles.items():
        lower, upper = mean - quantile * se, mean + quantile * se
        back = float(sd_from_ci(lower, upper, n, level, distribution))
        assert back == pytest.approx(sd, rel=1e-9)


@given(sd=positive, n1=sizes, n2=sizes, difference=st.floats(0.01, 5))
def test_sd_of_a_difference_comes_back_from_t_and_p(sd, n1, n2, difference):
    se = sd * math.sqrt(1 / n1 + 1 / n2)
    t = difference / se
    assert float(sd_of_difference(se, n1, n2)) == pytest.approx(sd, rel=SAME)
    assert float(sd_from_t(difference, t, n1, n2)) == pytest.approx(sd, rel=SAME)
    assert float(se_from_t(-difference, t)) == pytest.approx(se, rel=SAME)
    p = 2 * stats.t.sf(t, n1 + n2 - 2)
    if 1e-200 < p < 1:
        assert float(sd_from_p(difference, p, n1, n2)) == pytest.approx(sd, rel=1e-6)
    p = 2 * stats.norm.sf(t)
    if 1e-200 < p < 1:
        assert float(sd_from_p(difference, p, n1, n2, "normal")) == pytest.approx(sd, rel=1e-6)


def test_handbook_examples():
    # Cochrane Handbook 6.5.2.2: 95% CI 30.0 to 34.2 of 25 people, t interval, SD 5.09
    assert float(sd_from_ci(30.0, 34.2, 25)) == pytest.approx(5.09, abs=0.005)
    # 6.5.2.3: difference 3.8, P = 0.008, 25 and 22 people: t = 2.78, SE = 1.37
    assert float(se_from_p(3.8, 0.008, df=45)) == pytest.approx(1.37, abs=0.005)
    # and from a 95% CI of -2.3 to 9.9: half widths over the t quantile with 45 df
    assert float(se_from_ci(-2.3, 9.9, df=45)) == pytest.approx(3.03, abs=0.005)


def test_arrays_are_broadcast_and_nan_passes():
    assert np.allclose(sd_from_se([0.5, np.nan, 1.0], 4), [1.0, np.nan, 2.0], equal_nan=True)
    assert np.isnan(se_from_ci(np.nan, 1.0))
    assert np.shape(se_from_p([1.0, 2.0], [0.04, 0.05], df=[10, 20])) == (2,)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sd_from_se(-0.1, 10), "se: -0.1"),
        (lambda: sd_from_se(0.1, 0), "n: 0"),
        (lambda: sd_from_ci(2, 1, 10), "upper limit"),
        (lambda: sd_from_ci(1, 2, 1), "degrees of freedom"),
        (lambda: se_from_t(1, 0), "t value of 0"),
        (lambda: se_from_p(0, 0.3), "difference or t value of 0"),
        (lambda: se_from_p(1, 1), "P value of 1"),
        (lambda: se_from_p(1, 0), "p_value: 0"),
        (lambda: sd_of_difference(0, 3, 4), "se: 0"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(DataError, match=words):
        call()


def test_unknown_distribution_is_refused():
    with pytest.raises(OptionError, match="distribution"):
        sd_from_ci(1, 2, 10, 0.95, "student")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="level"):
        se_from_ci(1, 2, 95)


@given(m=st.integers(2, 10**7))
def test_hedges_correction_lies_just_below_its_approximation(m):
    j = float(hedges_correction(m))
    approximation = 1 - 3 / (4 * m - 1)
    assert 0 < j < 1
    # the approximation is good to 0.007 at m = 2 (Hedges 1981) and to the order m**-2
    assert abs(j - approximation) < 0.04 / m**2


def test_hedges_correction_is_exact_on_both_sides_of_the_series():
    # Γ(m/2) / Γ((m-1)/2) by the recurrence of the gamma function, in exact fractions:
    # for even m it is a fraction over sqrt(pi), for odd m a fraction times sqrt(pi)
    half = {1: Fraction(1), 2: Fraction(1)}  # Γ(1/2) / sqrt(pi) and Γ(1)
    for k in range(3, 402):
        half[k] = Fraction(k - 2, 2) * half[k - 2]
    for m in (2, 3, 10, 77, 150, 199, 200, 201, 400, 401):
        ratio = half[m] / half[m - 1]
        root = math.sqrt(math.pi) if m % 2 else 1 / math.sqrt(math.pi)
        expected = float(ratio) * root / math.sqrt(m / 2)
        assert float(hedges_correction(m)) == pytest.approx(expected, rel=1e-13)


def test_hedges_correction_at_its_end():
    assert hedges_correction(1.0) == 0
    assert np.isnan(hedges_correction(0.5))
