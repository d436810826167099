"""Every result of the face: JSON and pickle round trips, a table, a method sentence, a print."""

import dataclasses
import json
import math
import pickle
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth import synthesis
from evisynth.errors import DataError, OptionError
from evisynth.synthesis.serialization import result_types

NOT_RESULTS = {"FitOptions", "FurtherOptions", "MultilevelOptions", "LocationScaleOptions"}
"""What was asked for; held by results, stored with them."""

PARTS = {
    "HeterogeneityMeasure", "NamedTest", "PredictionInterval", "RandomEffects",
    "VarianceComponent",
}  # fmt: skip
"""Lines of a result, which says for them how they were made."""

TYPES = {
    name: kind
    for name in synthesis.__all__
    if isinstance(kind := getattr(synthesis, name), type) and dataclasses.is_dataclass(kind)
}

TABLE = pd.DataFrame(
    {
        "study": [f"S{number}" for number in range(12)],
        "events1": [4, 6, 3, 17, 30, 8, 12, 25, 7, 9, 14, 5],
        "n1": [123, 306, 231, 516, 400, 150, 210, 330, 160, 140, 280, 90],
        "events2": [11, 29, 11, 35, 45, 10, 20, 31, 15, 12, 22, 8],
        "n2": [139, 303, 220, 505, 380, 148, 205, 341, 155, 150, 275, 95],
        "dose": [1, 2, 3, 1, 2, 3, 4, 5, 4, 5, 6, 6.5],
        "arm": pd.Categorical(list("abcabcabcabc"), ["c", "b", "a"], ordered=True),
        "lab": list("xxyyzzuuvvww"),
        "flag": [True, False] * 6,
        "note": ["", None, "ß – ²", *"abcdefghi"],
        "whole": pd.array([1, None, *range(10)], dtype="Int64"),
        "seen": pd.to_datetime(
            pd.Series(["2020-01-01T00:00:00", None] + ["2021-02-03T04:05:06"] * 10)
        ),
        "mixed": [None, float("nan"), pd.NA, "a", 1, 2.5, True, "b", "c", "d", "e", "f"],
    }
)


@cache
def fit() -> Any:
    return es.pool(es.effects(TABLE, "OR"))


@cache
def regression() -> Any:
    return es.meta_regression(fit(), "ns(dose, 2) + arm")


@cache
def multilevel() -> Any:
    return synthesis.multilevel(fit().effects, "lab/study", "arm")


@cache
def multiverse() -> Any:
    return synthesis.multiverse(fit().effects, {"tau2": ["REML", "DL"], "ci": ["HKSJ", "z"]})


EXAMPLES: dict[str, Any] = {
    "AsymmetryTest": lambda: es.asymmetry_test(fit(), "egger"),
    "Contrasts": lambda: es.contrasts(regression(), pairs="arm", adjust="holm"),
    "CountFit": lambda: synthesis.mantel_haenszel(TABLE, "OR"),
    "CountRegression": lambda: synthesis.glmm(TABLE, "OR", likelihood="CM.AL", moderators="dose"),
    "Cumulative": lambda: es.cumulative(fit(), "dose"),
    "EValue": lambda: synthesis.e_values(fit(), rare=True),
    "ExcessResult": lambda: synthesis.excess_test(fit()),
    "FailSafeResult": lambda: synthesis.fail_safe(fit()),
    "HeterogeneityTest": lambda: regression().moderators,
    "Influence": lambda: es.influence(fit()),
    "LeaveOneOut": lambda: es.leave_one_out(fit()),
    "LocationScale": lambda: es.location_scale(fit(), "dose", scale="dose"),
    "MetaRegression": regression,
    "ModelComparison": lambda: es.compare(fit(), regression(), refit=True),
    "ModelSearch": lambda: es.model_search(fit(), "dose * flag"),
    "MultilevelFit": multilevel,
    "NamedTest": lambda: synthesis.mantel_haenszel(TABLE, "OR").tests[0],
    "PetPeese": lambda: synthesis.pet_peese(fit()),
    "PooledFit": fit,
    "Predictions": lambda: es.predict(regression(), {"dose": [1, 3], "arm": "a"}),
    "RandomEffects": lambda: multilevel().random_effects[0],
    "RobustFit": lambda: synthesis.robust(regression(), "lab"),
    "SelectionModel": lambda: synthesis.selection_model(fit(), steps=0.5),
    "Subgroup": lambda: es.subgroups(fit(), "arm").groups[0],
    "SubgroupAnalysis": lambda: es.subgroups(fit(), "arm"),
    "TrimAndFill": lambda: es.trim_and_fill(fit()),
    "VarianceComponent": lambda: multilevel().components[0],
    "VarianceInflation": lambda: es.vif(regression(), by="term"),
    "Albatross": lambda: synthesis.albatross(fit(), points=11),
    "Baujat": lambda: synthesis.baujat(fit()),
    "Bootstrap": lambda: synthesis.bootstrap(fit(), draws=99, seed=1),
    "CopasModel": lambda: synthesis.copas(fit(), grid=4),
    "LimitMetaAnalysis": lambda: synthesis.limit_meta_analysis(fit()),
    "ConditionalPower": lambda: synthesis.conditional_power(fit(), variance=0.02),
    "Drapery": lambda: synthesis.drapery(fit(), points=11),
    "FitStatistics": lambda: synthesis.fit_statistics(fit()),
    "FunnelContours": lambda: synthesis.funnel_contours(fit(), points=11),
    "Gosh": lambda: synthesis.gosh(fit(), subsets=50),
    "HenmiCopas": lambda: synthesis.henmi_copas(fit()),
    "Heterogeneity": lambda: synthesis.heterogeneity(fit()),
    "HeterogeneityMeasure": lambda: synthesis.heterogeneity(fit()).measures[0],
    "InformationSize": lambda: synthesis.information_size("SMD", 0.3),
    "Labbe": lambda: synthesis.labbe(fit(), points=11),
    "LikelihoodProfile": lambda: synthesis.profile(fit(), points=11),
    "ModelMatrices": lambda: synthesis.model_matrices(regression()),
    "Multiverse": multiverse,
    "NormalQuantiles": lambda: synthesis.qq_normal(fit(), draws=20),
    "PCurve": lambda: synthesis.p_curve(["t(88)=2.1", "F(1,100)=9.1", "z=3.2"]),
    "PUniformResult": lambda: synthesis.p_uniform(fit()),
    "PermutationTest": lambda: synthesis.permutation_test(fit(), draws=49),
    "PooledMany": lambda: synthesis.pool_many([[0.1, 0.3, 0.2]] * 2, [[0.02, 0.03, 0.01]] * 2),
    "PowerResult": lambda: synthesis.power("effect", effect=0.3, k=10, variance=0.05),
    "PredictionInterval": lambda: synthesis.prediction_intervals(fit()).intervals[0],
    "PredictionIntervals": lambda: synthesis.prediction_intervals(fit()),
    "PredictiveProbability": lambda: synthesis.predictive_probability(fit()),
    "ProfileLimits": lambda: synthesis.profile_limits(
        synthesis.location_scale(fit(), scale="dose")
    ),
    "Radial": lambda: synthesis.radial(fit()),
    "RegressionInfluence": lambda: es.influence(es.meta_regression(fit(), "dose")),
    "RequiredStudies": lambda: synthesis.required_studies("effect", effect=0.3, variance=0.05),
    "SequentialAnalysis": lambda: synthesis.sequential(fit(), effect=0.5),
    "SpecificationCurve": lambda: multiverse().curve(),
    "SpecificationTest": lambda: synthesis.specification_test(multiverse(), draws=19),
    "StudyEffects": lambda: synthesis.study_effects(fit()),
    "StudyResiduals": lambda: synthesis.residuals(regression()),
}


@cache
def example(name: str) -> Any:
    return EXAMPLES[name]()


def test_every_result_type_has_an_example():
    """A result that is new on the face needs an example here: it must be stored and read."""
    assert set(TYPES) - NOT_RESULTS == set(EXAMPLES)
    for name in EXAMPLES:
        assert type(example(name)) is TYPES[name]


def alike(a: Any, b: Any, where: str) -> None:
    """Assert that two values are the same, types included."""
    assert type(a) is type(b), f"{where}: {type(a)} and {type(b)}"
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype, where
        np.testing.assert_array_equal(a, b, err_msg=where)
    elif isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b)
        for name in a.columns:
            for one, other in zip(a[name], b[name], strict=True):
                assert type(one) is type(other), f"{where}[{name}]"
    elif dataclasses.is_dataclass(a):
        for field in dataclasses.fields(a):
            if field.name not in ("_problem",):  # made again from the others
                alike(getattr(a, field.name), getattr(b, field.name), f"{where}.{field.name}")
    elif isinstance(a, dict):
        assert list(a) == list(b), where
        for key in a:
            alike(a[key], b[key], f"{where}[{key!r}]")
    elif isinstance(a, (tuple, list)):
        assert len(a) == len(b), where
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            alike(one, other, f"{where}[{place}]")
    elif isinstance(a, float) and math.isnan(a):
        assert math.isnan(b), where
    else:
        assert a == b, where


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_json_gives_the_same_value_back(name):
    text = es.to_json(example(name))
    strict = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert strict["format"] == "evisynth result"
    again = es.from_json(text)
    alike(example(name), again, name)
    assert es.to_json(again) == text
    assert es.from_json(es.to_json(again, indent=2)) is not None
    if name not in PARTS:
        assert example(name).to_json() == text


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_pickle_gives_the_same_value_back(name):
    again = pickle.loads(pickle.dumps(example(name)))
    alike(example(name), again, name)


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - PARTS))
def test_results_have_a_table_and_print(name):
    result = example(name)
    table = result.to_frame()
    assert isinstance(table, pd.DataFrame)
    assert len(table) > 0
    again = es.from_json(es.to_json(result))
    pd.testing.assert_frame_equal(again.to_frame(), table)
    assert str(again) == str(result)
    assert len(str(result)) < 20_000
    assert "object at 0x" not in str(result)


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - PARTS))
def test_results_say_what_was_done(name):
    sentence = example(name).method_sentence()
    assert sentence.strip().endswith((".", ")"))
    assert len(sentence) > 20
    assert es.from_json(es.to_json(example(name))).method_sentence() == sentence


def test_what_was_read_can_be_worked_with():
    again = es.from_json(es.to_json(regression()))
    new = {"dose": [1, 2.5], "arm": ["a", "c"]}
    alike(es.predict(again, new), es.predict(regression(), new), "predictions")
    read = es.from_json(es.to_json(multilevel()))
    one = read.model.limits(read.model.named_parameters()[0])
    other = multilevel().model.limits(multilevel().model.named_parameters()[0])
    assert (one.lower, one.upper) == (other.lower, other.upper)
    assert es.compare(read, multilevel(), names="ab").test.reason
    assert (
        synthesis.robust(read, "lab")
        .to_frame()
        .equals(synthesis.robust(multilevel(), "lab").to_frame())
    )


def test_effect_estimates_are_stored_too():
    effects = es.effects(TABLE, "OR")
    alike(es.from_json(es.to_json(effects)), effects, "effects")
    empty = effects.select(np.zeros(len(effects), dtype=bool))
    assert len(es.from_json(es.to_json(empty))) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c | {"version": 2}, "update evisynth"),
        (lambda c: c | {"version": "1"}, "whole number"),
        (lambda c: c | {"format": "other"}, "not a stored result"),
        (lambda c: c | {"type": "stats.Batch"}, "differ"),
        (lambda c: c | {"type": "os.system", "value": {"$": "os.system", "command": "true"}},
         "'os.system' is not known"),
        (lambda c: c | {"value": c["value"] | {"colour": 1}}, "has no colour"),
        (lambda c: c | {"value": {k: v for k, v in c["value"].items() if k != "k"}}, "lacks k"),
        (lambda c: c | {"value": c["value"] | {"weights": {"$": "array", "dtype": "O"}}}, "array"),
        (lambda c: c | {"value": c["value"] | {"weights": {"$": "array", "dtype": "<f8",
         "shape": [3], "cells": [1.0]}}}, "cannot be read"),
        (lambda c: c | {"value": c["value"] | {"q": {"$": "number", "value": "pi"}}}, "number"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(change, words):
    content = json.loads(es.to_json(fit()))
    with pytest.raises(DataError, match=words):
        es.from_json(json.dumps(change(content)))


def test_what_cannot_be_stored_is_said():
    with pytest.raises(OptionError, match="not a result"):
        es.to_json({"a": 1})
    with pytest.raises(DataError, match="not JSON"):
        es.from_json("{")
    bad = dataclasses.replace(fit(), notes=(object(),))
    with pytest.raises(DataError, match=r"PooledFit.notes\[0\]: object"):
        es.to_json(bad)
    assert "synthesis.PooledFit" in result_types()
