"""What the planning functions refuse: every argument, given what it cannot be."""

from typing import Any

import numpy as np
import pytest

import evisynth as es
from evisynth.errors import OptionError

THING = pytest.param(object(), id="object")
NEVER: tuple[Any, ...] = ("word", "0.3", True, float("nan"), float("inf"), [], ["a"], {}, THING)
"""What is no number, no list of numbers and no word that is known."""

POWER: dict[str, Any] = {"effect": 0.3, "k": 10, "n1": 20}
SIZE: dict[str, Any] = {"measure": "RR", "effect": 0.8, "risk": 0.1}


@pytest.mark.parametrize("option", ["effect", "k", "variance", "moderator", "n1", "tau2", "alpha"])
@pytest.mark.parametrize("value", NEVER, ids=repr)
def test_power_refuses_what_is_no_number(option: str, value: Any) -> None:
    with pytest.raises(OptionError) as told:
        es.power(**(POWER | {option: value}))
    assert str(told.value).startswith(f"{option}: ")
    assert "allowed: " in str(told.value)


OUT_OF_RANGE: list[tuple[Any, dict[str, Any], str, list[Any]]] = [
    (es.power, POWER, "k", [0, -1, 2.5, 10**9]),
    (es.power, POWER, "variance", [0, -1, [0.1, 0.2]]),
    (es.power, POWER, "n1", [0, -5]),
    (es.power, POWER, "n2", [0, -5]),
    (es.power, POWER, "tau2", [-0.1]),
    (es.power, POWER, "i2", [-1, 100]),
    (es.power, POWER, "alpha", [0, 1, -0.1]),
    (es.power, POWER, "sides", [0, 3]),
    (es.power, POWER, "effect", [[0.1, 0.2]]),
    (es.power, POWER | {"test": "moderator"}, "moderator", [0, -1, [1, 2]]),
    (es.power, POWER | {"test": "subgroups", "effect": [0.1, 0.3]}, "k", [[10], [10, 0]]),
    (es.power, POWER | {"measure": "OR", "risk": 0.2}, "risk", [0, 1, 1.2]),
    (es.required_studies, {"effect": 0.3, "n1": 20}, "target", [0, 1, 80]),
    (es.required_studies, {"effect": 0.3, "n1": 20}, "most", [0, 1, 10**9]),
    (es.required_studies, {"effect": 0.3, "n1": 20}, "k", [10]),
    (es.planned_variance, {"measure": "ZCOR", "n1": 20}, "n1", [3, 0]),
    (es.planned_variance, {"measure": "MD", "n1": 20}, "sd", [0, -1]),
    (es.information_size, SIZE, "alpha", [0, 1]),
    (es.information_size, SIZE, "beta", [0, 1]),
    (es.information_size, SIZE, "allocation", [0, -1]),
    (es.information_size, SIZE, "heterogeneity", [-1, 100]),
    (es.information_size, SIZE, "effect", [0, -1, 1]),
    (es.information_size, SIZE, "risk", [0, 1, None]),
]


@pytest.mark.parametrize(("call", "good", "option", "values"), OUT_OF_RANGE)
def test_numbers_out_of_range(call: Any, good: dict[str, Any], option: str, values: Any) -> None:
    for value in values:
        with pytest.raises(OptionError, match=f"^{option}: "):
            call(**(good | {option: value}))


def test_sequential_analysis_refuses_numbers_out_of_range() -> None:
    fit = es.pool(es.effects(es.datasets.load("bcg"), "RR"), tau2="DL", ci="z")
    for option, values in {
        "effect": [0, -1], "alpha": [0, 1], "beta": [0, 1], "heterogeneity": [-1, 100],
        "risk": [0, 1], "sd": [0], "required": [0, -1], "penalty": [0],
    }.items():  # fmt: skip
        for value in values:
            given: dict[str, Any] = {"effect": 0.7, option: value}
            with pytest.raises(OptionError, match=f"^{option}: "):
                es.sequential(fit, **given)
    with pytest.raises(OptionError, match=r"^n1: .*variance is given"):
        es.conditional_power(fit, variance=0.1, n1=20)


def test_numbers_of_any_kind_are_numbers() -> None:
    power: Any = es.power
    plain = power(effect=0.3, k=10, n1=20).power
    assert power(effect=np.float64(0.3), k=np.int64(10), n1=np.float32(20)).power == plain
    assert power(effect=[0.3], k=10.0, n1=20).power == plain
    assert power("subgroups", effect=(0.1, 0.4), k=np.array([5, 6]), variance=0.1).k == 11


def test_an_effect_beyond_all_numbers_is_refused() -> None:
    for measure in ("OR", "RR"):
        with pytest.raises(OptionError, match="leaves arm 1 a risk"):
            es.planned_variance(measure, 20, effect=5000, risk=0.2)
    assert es.planned_variance("OR", 20, effect=-2.0, risk=0.2) > 0
