"""The way between the pooled and the shown scale."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evisynth as es
from evisynth.effects import MEASURES, TRANSFORMATIONS, Scale
from evisynth.errors import OptionError

BACK_AND_FORTH = 1e-8
"""Relative: a probability near 0 or 1 loses digits on the way through an arcsine or a logit."""

INSIDE = {
    "identity": (-5.0, 5.0), "log": (1e-3, 50.0), "logit": (1e-3, 0.999), "probit": (1e-3, 0.999),
    "arcsine": (1e-3, 0.999), "double arcsine": (1e-3, 0.999), "square root": (1e-3, 9.0),
    "Freeman-Tukey": (1e-3, 9.0), "Fisher z": (-0.99, 0.99),
    "Fisher z of the multiple correlation": (1e-3, 0.99), "Hakstian-Whalen": (-3.0, 0.99),
    "Bonett": (-3.0, 0.99), "log complement": (-3.0, 0.99),
}  # fmt: skip


def scale(name: str, size: float = 40.0) -> Scale:
    return Scale(name, 0.0, "Value", "value", size=size)


def test_every_transformation_is_tried() -> None:
    assert set(INSIDE) == set(TRANSFORMATIONS)
    assert all(name == one.name for name, one in TRANSFORMATIONS.items())
    assert {measure.scale.name for measure in MEASURES.values()} <= set(TRANSFORMATIONS)


@pytest.mark.parametrize("name", sorted(INSIDE))
@given(share=st.floats(0.0, 1.0), size=st.floats(2.0, 1e5))
def test_back_and_forth(name: str, share: float, size: float) -> None:
    low, high = INSIDE[name]
    value = low + share * (high - low)
    found = scale(name, size).shown(scale(name, size).pooled(value))
    assert found == pytest.approx(value, rel=BACK_AND_FORTH, abs=1e-9)


@pytest.mark.parametrize("name", sorted(INSIDE))
@given(values=st.lists(st.floats(-4.0, 4.0), min_size=2, max_size=8))
def test_limits_stay_in_order_and_in_range(name: str, values: list[float]) -> None:
    one = scale(name)
    lower, upper = one.shown_limits(min(values), max(values))
    assert one.range[0] <= lower <= upper <= one.range[1]
    shown = one.shown_values(np.sort(values))
    steps = np.diff(shown) * (-1 if one.transformation.falls else 1)
    assert (steps >= -1e-12).all()


def test_a_falling_transformation_swaps_the_limits() -> None:
    bonett = scale("log complement")
    assert bonett.shown_limits(math.log(0.1), math.log(0.4)) == pytest.approx((0.6, 0.9))
    assert bonett.pooled_range == (float("-inf"), float("inf"))


def test_a_range_cuts_what_the_scale_itself_does_not() -> None:
    proportion = Scale("identity", 0.0, "Proportion", "Proportion", 0.0, 1.0, compares=False)
    assert proportion.shown_limits(-0.2, 1.3) == (0.0, 1.0)
    assert proportion.pooled_range == (0.0, 1.0)
    assert math.isnan(proportion.shown(math.nan))


def test_a_scale_is_a_small_value() -> None:
    for measure in MEASURES.values():
        one = measure.scale
        copy = pickle.loads(pickle.dumps(one))
        assert repr(copy) == repr(one)
        assert copy.shown(0.3) == one.shown(0.3) or math.isnan(one.shown(0.3))


def test_an_unknown_transformation_is_refused() -> None:
    with pytest.raises(OptionError, match="cubic"):
        Scale("cubic", 0.0, "Value", "value")


def test_the_double_arcsine_without_a_size_has_no_way_back() -> None:
    assert math.isnan(scale("double arcsine", math.nan).shown(0.7))


def test_miller_1978_example_by_its_closed_form() -> None:
    # the inverse is exact: x of n come back as x/n
    for x, n in ((0, 11), (1, 11), (17, 37), (36, 37), (210, 2100), (2100, 2100)):
        effects = es.effects({"x": [x], "n": [n]}, "PFT")
        assert effects.scale_of(0).shown(effects.estimates[0]) == pytest.approx(x / n, abs=1e-12)


def test_the_harmonic_mean_is_that_of_the_rows_pooled() -> None:
    table = {"study": list("abcd"), "x": [3, 4, None, 50], "n": [11, 17, 20, 2000]}
    effects = es.effects(table, "PFT")
    assert effects.scale.size == pytest.approx(3 / (1 / 11 + 1 / 17 + 1 / 2000))
    two = effects.select(np.array([True, True, False, False]))
    assert two.scale.size == pytest.approx(2 / (1 / 11 + 1 / 17))
    none = effects.select(np.array([False, False, True, False]))
    assert none.scale.size == effects.scale.size


def test_the_harmonic_mean_of_person_time() -> None:
    effects = es.effects({"x": [3, 4, 5], "t": [11.5, 17.0, 900.0]}, "IRFT")
    assert effects.scale.size == pytest.approx(3 / (1 / 11.5 + 1 / 17 + 1 / 900))
    assert [effects.scale_of(i).size for i in range(3)] == pytest.approx([11.5, 17.0, 900.0])


def test_the_summary_names_the_scale_and_says_what_is_contested() -> None:
    table = {"x": [13, 4, 6, 50], "n": [21, 17, 20, 200]}
    text = str(es.pool(es.effects(table, "PFT")))
    assert "On the double arcsine scale" in text
    assert "contested" in text
    assert "10.1002/jrsm.1348" in text
    logit = str(es.pool(es.effects(table, "PLO")))
    assert "On the logit scale" in logit
    assert "contested" not in logit
    assert " t = " not in logit  # a logit of 0 is no effect of nothing
    assert " t = " in str(es.pool(es.effects({"r": [0.3, 0.2, 0.4], "n": [30, 20, 25]}, "ZCOR")))


def test_the_method_says_how_values_came_back() -> None:
    made = es.effects({"x": [13, 4], "n": [21, 17]}, "PFT")
    assert "Miller" in made.method
    assert any("contested" in note for note in made.notes)
    assert "harmonic mean of the person-times" in es.effects({"x": [1], "t": [5]}, "IRFT").method


def test_estimates_as_given_on_any_scale() -> None:
    table = {"estimate": [-1.2, -0.7, -1.0], "se": [0.1, 0.2, 0.3]}
    made = es.effects(table, "GEN", scale="logit", label="Sensitivity", short="Se")
    fit = es.pool(made)
    assert made.scale.label == "Sensitivity"
    assert fit.effects.scale.shown(fit.estimate) == pytest.approx(
        1 / (1 + math.exp(-fit.estimate)), rel=1e-14
    )
    with pytest.raises(OptionError, match="logit"):
        es.effects(table, "GEN", scale="sqrt")
