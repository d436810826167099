"""Every scalar option of the statistical front door, given what it cannot be.

The answer to a word for a number, a truth value, NaN, a list, an object is one of our errors: never
a TypeError from inside, and never a result as if nothing had been said.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import EvisynthError

Call = Callable[..., Any]


@dataclass(frozen=True)
class Later:
    """What is made when it is called for: the first argument of most functions."""

    make: Call


NOT_STATISTICS = {
    "__version__",
    "Review",
    "certainty",
    "datasets",
    "figures",
    "from_json",
    "to_json",
}


@cache
def bcg() -> pd.DataFrame:
    table = es.datasets.load("bcg")
    made = es.effects(table, "RR")
    return table.assign(
        yi=made.estimates, vi=made.variances, group=["a", "b"] * 6 + ["a"],
        cluster=[number // 2 for number in range(13)],
    )  # fmt: skip


@cache
def ratios() -> Any:
    return es.effects(es.datasets.load("bcg"), "RR")


@cache
def fit(tau2: str = "DL") -> Any:
    return es.pool(ratios(), tau2=tau2, ci="z")


@cache
def regression() -> Any:
    return es.meta_regression(ratios(), "alloc", tau2="ML", ci="z")


@cache
def universes() -> Any:
    return es.multiverse(ratios(), {"tau2": ["DL", "PM"]})


MEANS = {
    "study": ["A", "A", "B"], "arm": [1, 2, 1], "n1": [20, 30, 40], "mean1": [1.0, 2.0, 3.0],
    "sd1": [1.0, 1.0, 2.0], "n2": [20, 20, 40], "mean2": [1.5, 1.5, 2.0], "sd2": [1.0, 1.0, 2.0],
}  # fmt: skip
PAIRS = {
    "study": ["A", "B"], "n": [20, 30], "mean1": [1.0, 2.0], "sd1": [1.0, 1.0],
    "mean2": [1.5, 1.5], "sd2": [1.0, 1.2],
}  # fmt: skip
CORRELATIONS = {
    "study": ["A", "A", "A"], "var1": ["x", "x", "y"], "var2": ["y", "z", "z"],
    "ri": [0.3, 0.4, 0.2], "ni": [50, 50, 50],
}  # fmt: skip
CELLS = {
    "study": ["A", "B"], "n": [100, 100], "n1": [50, 50], "events": [30, 30], "or": [2.0, 2.0],
}  # fmt: skip
SIZES = {"n1": 20, "n2": 20}

CALLS: dict[str, tuple[Call, tuple[Any, ...], dict[str, Any]]] = {
    "adjust_for_clusters": (
        es.adjust_for_clusters,
        (MEANS,),
        {"icc": 0.05, "cluster_size": 5.0, "study": None},
    ),
    "aggregate": (
        es.aggregate,
        (Later(bcg),),
        {"by": "cluster", "structure": "CS", "correlation": 0.5},
    ),
    "albatross": (es.albatross, (Later(fit),), {"points": 5}),
    "asymmetry_test": (es.asymmetry_test, (Later(fit),), {}),
    "baujat": (es.baujat, (Later(fit),), {}),
    "bootstrap": (es.bootstrap, (Later(fit),), {"draws": 10, "intervals": "percentile"}),
    "combine_arms": (es.combine_arms, (MEANS,), {}),
    "compare": (es.compare, (Later(regression), Later(lambda: fit("ML"))), {}),
    "conditional_power": (es.conditional_power, (Later(fit),), {"variance": 0.1}),
    "contrasts": (es.contrasts, (Later(regression),), {"pairs": "alloc"}),
    "convert": (es.convert, (Later(ratios), "OR"), {"baseline_risk": 0.1}),
    "copas": (es.copas, (Later(fit),), {"grid": 3}),
    "covariances": (es.covariances, (Later(bcg), "cluster"), {"obs": "study", "rho": 0.5}),
    "cumulative": (es.cumulative, (Later(fit),), {}),
    "dependent_correlations": (es.dependent_correlations, (CORRELATIONS,), {}),
    "diversity": (es.diversity, (Later(fit),), {}),
    "drapery": (es.drapery, (Later(fit),), {"points": 5}),
    "e_values": (es.e_values, (Later(fit),), {}),
    "effects": (es.effects, (Later(bcg), "RR"), {}),
    "excess_test": (es.excess_test, (Later(fit),), {}),
    "fail_safe": (es.fail_safe, (Later(fit),), {}),
    "fill_cells": (es.fill_cells, (CELLS,), {"odds_ratio": "or"}),
    "fill_statistics": (es.fill_statistics, (MEANS,), {}),
    "fill_variances": (
        es.fill_variances,
        ({"yi": [0.5, 0.4], "low": [0.1, 0.1], "high": [0.9, 0.7]},),
        {"estimate": "yi", "ci_lower": "low", "ci_upper": "high"},
    ),
    "fit_statistics": (es.fit_statistics, (Later(fit),), {}),
    "funnel_contours": (es.funnel_contours, (Later(fit),), {"points": 5}),
    "glmm": (es.glmm, (es.datasets.load("bcg"), "OR"), {"likelihood": "CM.AL"}),
    "gosh": (es.gosh, (Later(fit),), {"subsets": 20}),
    "henmi_copas": (es.henmi_copas, (Later(fit),), {}),
    "heterogeneity": (es.heterogeneity, (Later(fit),), {"draws": 10}),
    "impute_covariances": (es.impute_covariances, (Later(bcg), "cluster"), {"correlation": 0.5}),
    "influence": (es.influence, (Later(fit),), {}),
    "information_size": (es.information_size, ("RR", 0.8), {"risk": 0.1}),
    "labbe": (es.labbe, (Later(fit),), {"points": 5}),
    "leave_one_out": (es.leave_one_out, (Later(fit),), {}),
    "likelihood_ratio_test": (
        es.likelihood_ratio_test,
        (Later(lambda: fit("ML")), Later(regression)),
        {},
    ),
    "limit_meta_analysis": (es.limit_meta_analysis, (Later(fit),), {}),
    "location_scale": (es.location_scale, (Later(ratios),), {}),
    "mantel_haenszel": (es.mantel_haenszel, (es.datasets.load("bcg"),), {}),
    "meta_regression": (es.meta_regression, (Later(ratios), "alloc"), {}),
    "model_matrices": (es.model_matrices, (Later(fit),), {}),
    "model_search": (es.model_search, (Later(ratios), "alloc"), {}),
    "multilevel": (es.multilevel, (Later(bcg), "cluster/study"), {"limits": False}),
    "multiverse": (es.multiverse, (Later(ratios), {"tau2": ["DL", "PM"]}), {}),
    "number_needed_to_treat": (es.number_needed_to_treat, (Later(fit),), {"baseline_risk": 0.1}),
    "p_curve": (es.p_curve, (Later(fit),), {}),
    "p_uniform": (es.p_uniform, (Later(fit),), {"side": "left"}),
    "paired_differences": (es.paired_differences, (PAIRS,), {"correlation": 0.5}),
    "permutation_test": (es.permutation_test, (Later(fit),), {"draws": 10}),
    "pet_peese": (es.pet_peese, (Later(fit),), {}),
    "peto": (es.peto, (es.datasets.load("bcg"),), {}),
    "planned_variance": (es.planned_variance, ("OR", 20), {"risk": 0.1}),
    "pool": (es.pool, (Later(bcg),), {}),
    "pool_many": (es.pool_many, (Later(bcg),), {"groups": "group"}),
    "power": (es.power, (), {"effect": 0.3, "k": 5, **SIZES}),
    "predict": (es.predict, (Later(regression),), {}),
    "prediction_intervals": (es.prediction_intervals, (Later(fit),), {}),
    "predictive_probability": (es.predictive_probability, (Later(fit),), {}),
    "profile": (es.profile, (Later(fit),), {"points": 3}),
    "profile_limits": (es.profile_limits, (Later(lambda: es.selection_model(fit(), "beta")),), {}),
    "qq_normal": (es.qq_normal, (Later(fit),), {"draws": 5}),
    "radial": (es.radial, (Later(fit),), {}),
    "required_studies": (es.required_studies, (), {"effect": 0.3, **SIZES}),
    "residuals": (es.residuals, (Later(fit),), {}),
    "robust": (es.robust, (Later(lambda: es.pool(bcg())), "cluster"), {}),
    "robust_regression": (es.robust_regression, (Later(bcg), "cluster"), {}),
    "selection_model": (es.selection_model, (Later(fit),), {}),
    "sequential": (es.sequential, (Later(fit),), {"effect": 0.7}),
    "shared_arm_covariances": (es.shared_arm_covariances, (Later(ratios), "alloc"), {}),
    "small_study_test": (es.small_study_test, (Later(fit),), {}),
    "specification_test": (es.specification_test, (Later(universes),), {"draws": 2}),
    "split_shared_arm": (es.split_shared_arm, (MEANS,), {}),
    "study_effects": (es.study_effects, (Later(fit),), {}),
    "subgroups": (es.subgroups, (Later(fit), "alloc"), {}),
    "transform_effects": (es.transform_effects, (Later(ratios), lambda values: 2 * values), {}),
    "trim_and_fill": (es.trim_and_fill, (Later(fit),), {}),
    "vif": (es.vif, (Later(regression),), {}),
}
"""The function, what stands before its options (made when called), and options of a good call."""

THING = object()
NUMBERS: tuple[Any, ...] = ("word", "0.3", True, float("nan"), [0.1, "a"], {}, THING)
COUNTS: tuple[Any, ...] = ("word", "3", True, float("nan"), 2.5, -1, [1], {}, THING)
FLAGS: tuple[Any, ...] = ("word", 2.5, float("nan"), [1], {}, THING)
COLUMNS: tuple[Any, ...] = (True, float("nan"), [0.1], {}, THING, "no such word")
WORDS: tuple[Any, ...] = (3, True, float("nan"), [0.1], {}, THING, "no such word")

TEXTS = {
    ("effects", "label"), ("effects", "short"), ("transform_effects", "label"),
    ("transform_effects", "short"),
}  # fmt: skip
"""Options that take any word."""


def kinds(name: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Return the options of a function that take one value, and what they cannot be."""
    for option in inspect.signature(CALLS[name][0]).parameters.values():
        words = [word.strip() for word in str(option.annotation).split("|")]
        if option.kind is option.VAR_KEYWORD or option.kind is option.VAR_POSITIONAL:
            continue
        if any(word in ("ArrayLike", "Any") or "NDArray" in word for word in words):
            continue
        if "Column" in words and "float" in words:
            yield option.name, ("no such word", True, float("nan"), {}, THING)
        elif "bool" in words:
            yield option.name, FLAGS
        elif "float" in words and not any("Sequence" in word for word in words):
            yield option.name, NUMBERS if "str" not in words else ("no such word", True, {}, THING)
        elif "int" in words and not any("Sequence" in word for word in words):
            yield option.name, COUNTS
        elif "Column" in words:
            yield option.name, COLUMNS
        elif "str" in words or any("Literal" in word for word in words):
            free = (name, option.name) in TEXTS
            yield option.name, WORDS[:-1] if free else WORDS


ELSEWHERE = {
    "glmm", "impute_covariances", "location_scale", "multilevel", "profile_limits",
    "selection_model",
}  # fmt: skip
"""Functions whose options have tests of their own."""

CASES = [
    (name, option, place)
    for name in sorted(set(CALLS) - ELSEWHERE)
    for option, values in kinds(name)
    for place in range(len(values))
]


def bad_value(name: str, option: str, place: int) -> Any:
    return dict(kinds(name))[option][place]


def called(name: str, /, **changed: Any) -> Any:
    function, before, options = CALLS[name]
    made = [one.make() if isinstance(one, Later) else one for one in before]
    names = list(inspect.signature(function).parameters)
    kept = [value for option, value in zip(names, made, strict=False) if option not in changed]
    if len(kept) < len(made):
        given = dict(zip(names, made, strict=False)) | options | changed
        return function(**given)
    return function(*made, **(options | changed))


def test_every_function_of_the_front_door_is_here() -> None:
    assert set(CALLS) | NOT_STATISTICS == set(es.__all__)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_the_good_call_is_good(name: str) -> None:
    assert called(name) is not None


@pytest.mark.parametrize(("name", "option", "place"), CASES)
def test_an_option_given_what_it_cannot_be(name: str, option: str, place: int) -> None:
    value = bad_value(name, option, place)
    with pytest.raises(EvisynthError) as told:
        called(name, **{option: value})
    assert len(str(told.value)) > 15
