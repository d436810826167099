"""Means and SDs of skewed data from quantiles: log-normal, and the method for unknown ones."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evisynth as es
from evisynth.effects import mean_sd_from_quantiles
from evisynth.effects.five_numbers import lognormal
from evisynth.effects.quantile_likelihood import likeliest_moments, log_likelihood, ranks

DRAWN = 0.02
"""Relative: two to three standard errors of the mean and SD of 10,000 random numbers, by which the
R package estmeansd brings the fitted distribution back."""


def test_the_published_example_of_estmeansd() -> None:
    """The package's README: minimum 2, median 4, maximum 9, 100 people."""
    found = mean_sd_from_quantiles(100, minimum=2, median=4, maximum=9, method="mln")
    assert found.means[0] == pytest.approx(4.195238, rel=DRAWN)
    assert found.sds[0] == pytest.approx(1.294908, rel=DRAWN)
    assert found.distributions == ("Box-Cox power 0.00",)
    assert found.notes == ()
    assert "10.1177/09622802211047348" in found.method_sentence()


@pytest.mark.parametrize("scenario", ["S1", "S2", "S3"])
@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_a_transformed_normal_sample_is_found_again(scenario: str, power: float) -> None:
    n = 401
    z = np.random.default_rng(3).normal(size=20_001)
    place = [0, 5_000, 10_000, 15_000, 20_000]
    sample = np.exp(2 + 0.4 * z) if power == 0 else (power * (8 + 0.9 * z) + 1) ** (1 / power)
    five = np.sort(sample)[place]
    five[[0, -1]] = np.quantile(sample, [0.62 / n, 1 - 0.62 / n])
    values = {"S1": five[[0, 2, 4]], "S2": five[1:4], "S3": five}[scenario]
    found = likeliest_moments(scenario, values, n)
    assert found.mean == pytest.approx(sample.mean(), rel=0.01)
    assert found.sd == pytest.approx(sample.std(), rel=0.06)


def test_the_likelihood_is_that_of_order_statistics() -> None:
    """Of a whole sample it is the likelihood of independent normal variables, but for n!."""
    values = np.array([1.0, 2.0, 3.5])
    z = (np.log(values) - 0.7) / 0.5
    plain = float(np.sum(-0.5 * z * z - np.log(0.5) - np.log(values)))
    assert log_likelihood(values, np.zeros(4), 0.0, 0.7, 0.5) == pytest.approx(plain)
    assert ranks("S3", 5).tolist() == [1, 2, 3, 4, 5]


@settings(max_examples=15, deadline=None)
@given(
    unit=st.sampled_from([1e-3, 0.5, 40.0, 1e6]),
    steps=st.lists(st.floats(0.05, 2.0), min_size=5, max_size=5),
    n=st.integers(10, 500),
    method=st.sampled_from(["mln", "lognormal"]),
)
def test_the_unit_goes_through(unit: float, steps: list[float], n: int, method: str) -> None:
    five = np.cumsum(steps)
    names = ("minimum", "q1", "median", "q3", "maximum")
    one, other = (
        mean_sd_from_quantiles(n, **dict(zip(names, five * by, strict=True)), method=method)
        for by in (1.0, unit)
    )
    assert np.isnan(one.means[0]) == np.isnan(other.means[0])
    if np.isfinite(one.means[0]):
        assert other.means[0] == pytest.approx(unit * one.means[0], rel=1e-5)
        assert other.sds[0] == pytest.approx(unit * one.sds[0], rel=1e-4)


@pytest.mark.parametrize("scenario", ["S1", "S2", "S3"])
@pytest.mark.parametrize("spread", [0.3, 0.7])
def test_lognormal_estimates_have_no_bias(scenario: str, spread: float) -> None:
    """The point of Shi's correction; without it the variance is 4% to 30% too large."""
    n, draws = 61, 20_000
    x = np.sort(np.exp(np.random.default_rng(5).normal(1.0, spread, (draws, n))), axis=1)
    five = x[:, [0, 15, 30, 45, 60]].T
    a, q1, m, q3, b = five
    mean, sd = lognormal(scenario, a, q1, m, q3, b, np.full(draws, float(n)))
    true = np.exp(1 + spread**2 / 2)
    assert mean.mean() == pytest.approx(true, rel=0.006)
    assert (sd**2).mean() == pytest.approx(true**2 * np.expm1(spread**2), rel=0.08)


def test_skewness_of_the_logarithms_decides_for_lognormal() -> None:
    given: dict[str, Any] = {"q1": [2.0, 2.0], "median": [4.0, 4.0], "q3": [8.0, 30.0]}
    found = mean_sd_from_quantiles(100, **given, method="lognormal")
    assert found.skewed.tolist() == [False, True]
    assert "sample 2" in found.notes[0]
    assert "logarithms" in str(found)
    usual = mean_sd_from_quantiles(100, **given)
    assert usual.skewed.tolist() == [True, True]
    assert "samples 1, 2" in str(usual)
    assert "Note" not in str(mean_sd_from_quantiles(100, **given, method="qe"))


@pytest.mark.parametrize("method", ["lognormal", "mln", "bc"])
def test_values_not_above_0_have_a_reason(method: str) -> None:
    found = mean_sd_from_quantiles(50, q1=0.0, median=4, q3=9, method=method)
    assert np.isnan(found.means[0])
    assert "values above 0" in found.reasons[0]


def test_equal_quantiles_have_a_reason() -> None:
    found = mean_sd_from_quantiles(50, q1=4, median=4, q3=9, method="mln")
    assert "equal" in found.reasons[0]


@pytest.mark.parametrize("method", ["lognormal", "mln"])
def test_a_table_is_filled_by_the_new_methods(method: str) -> None:
    table = {
        "study": ["A", "B"], "n1": [50, 40], "median1": [6.0, 6.0], "q1_1": [4.0, 3.0],
        "q3_1": [9.0, 14.0], "n2": [50, 41], "mean2": [8.3, 6.4], "sd2": [3.1, 2.0],
    }  # fmt: skip
    filled = es.fill_statistics(table, method=method)
    assert np.isfinite(filled.table["mean1"].to_numpy(float)).all()
    assert method in str(filled.computed()["method"].tolist())
