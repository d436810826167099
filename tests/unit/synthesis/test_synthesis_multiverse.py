"""Multiverse analysis: the universes, their fits, the curve and the test."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import NotEstimableError, OptionError


@pytest.fixture
def trials() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "study": list("ABCDEFGH"),
            "yi": [0.1, 0.3, 0.8, 0.5, 0.4, 0.2, 2.5, 0.6],
            "vi": [0.02, 0.03, 0.05, 0.01, 0.04, 0.06, 0.03, 0.02],
            "rob": ["low", "high", "high", "low", "low", "some", "low", "high"],
            "lab": ["x", "x", "y", "y", "z", "z", "w", "w"],
        }
    )


def test_each_universe_is_the_fit_of_its_choices(trials: pd.DataFrame) -> None:
    choices = {
        "model": ["random", "equal"],
        "tau2": ["REML", "DL", "PM", "SJ"],
        "ci": ["HKSJ", "z"],
        "safeguard": ["wider", "none"],
        "subset": {"all": "", "low": {"rob": "low"}, "not high": "rob != 'high'"},
    }
    found = es.multiverse(trials, choices)
    keep = {"all": [True] * 8, "low": trials.rob == "low", "not high": trials.rob != "high"}
    assert len(found) == 3 * (4 * 3 + 1)
    table = found.to_frame()
    for row in table.to_dict("records"):
        options = {n: row[n] for n in ("model", "tau2", "ci", "safeguard") if row[n]}
        fit = es.pool(trials[np.array(keep[row["subset"]])], **options)
        for name, attribute in (
            ("estimates", "estimate"), ("se", "se"), ("ci_lower", "ci_lower"),
            ("ci_upper", "ci_upper"), ("p_values", "p_value"), ("pooled_tau2", "tau2"),
            ("i2", "i2"), ("k", "k"),
        ):  # fmt: skip
            assert np.allclose(row[name], getattr(fit, attribute), rtol=1e-9, equal_nan=True)


def test_options_of_the_effect_measure_are_choices_too() -> None:
    bcg = es.datasets.load("bcg")
    found = es.multiverse(bcg, {"measure": ["RR", "OR"], "tau2": ["REML", "DL"]}, ci="z")
    for row in found.to_frame().to_dict("records"):
        fit = es.pool(es.effects(bcg, row["measure"]), tau2=row["tau2"], ci="z")
        assert abs(row["estimates"] - fit.estimate) < 1e-9
    assert set(found.overview().measure) == {"RR", "OR"}
    with pytest.raises(OptionError, match="no common order"):
        found.curve()
    assert len(found.curve("RR").estimates) == 2


def test_outliers_are_judged_in_their_own_universe(trials: pd.DataFrame) -> None:
    rules = ["kept", "rstudent", "influential", "interval"]
    found = es.multiverse(trials, {"outliers": rules, "tau2": ["REML"]})
    frame: Any = found.to_frame().set_index("outliers")
    assert frame.loc["kept", "k"] == 8
    fit = es.pool(trials)
    out = [n for n, far in zip(trials.study, es.influence(fit).outlier, strict=True) if far]
    assert frame.loc["rstudent", "excluded"] == "; ".join(out) == "G"
    assert abs(frame.loc["rstudent", "estimates"] - es.pool(trials[trials.study != "G"]).estimate
               ) < 1e-9  # fmt: skip
    assert "G" in frame.loc["interval", "excluded"].split("; ")


def test_clusters_are_averaged_with_the_correlation_assumed(trials: pd.DataFrame) -> None:
    found = es.multiverse(trials, {"correlation": [None, 0.0, 0.5]}, cluster="lab", model="equal")
    frame: Any = found.to_frame().set_index("correlation")
    assert frame.k.tolist() == [8, 4, 4]
    # independent errors: averaging first changes nothing in the equal-effects model
    assert np.isclose(frame.loc["not averaged", "estimates"], frame.loc["0.0", "estimates"])
    assert frame.loc["0.5", "se"] > frame.loc["0.0", "se"]
    with pytest.raises(OptionError, match="cluster"):
        es.multiverse(trials, {"correlation": [0.5]})
    with pytest.raises(OptionError, match="between -1 and 1"):
        es.multiverse(trials, {"correlation": [1.5]}, cluster="lab")


def test_data_can_be_a_choice(trials: pd.DataFrame) -> None:
    def without_last(table: pd.DataFrame) -> pd.DataFrame:
        return table.iloc[:-1]

    found = es.multiverse(trials, {"data": [None, without_last]})
    assert found.k.tolist() == [8, 7]
    assert found.choices == (("as given",), ("without_last",))


def test_same_computations_count_once_and_failures_have_a_reason(trials: pd.DataFrame) -> None:
    found = es.multiverse(
        trials, {"model": ["equal"], "tau2": ["REML", "DL"], "subset": ["", "rob == 'none'"]}
    )
    assert len(found) == 2
    assert "2 combinations" in found.notes[0]
    assert found.reasons == ("", "no study with an estimate is left")
    assert np.isnan(found.estimates[1])
    assert found.k.tolist() == [8, 0]


def test_the_curve_is_sorted_and_marks_its_choices(trials: pd.DataFrame) -> None:
    found = es.multiverse(trials)
    curve = found.curve()
    assert (np.diff(curve.estimates) >= 0).all()
    factors = [factor for factor, _ in curve.rows]
    for factor in dict.fromkeys(factors):
        rows = [i for i, name in enumerate(factors) if name == factor]
        assert (curve.matrix[rows].sum(axis=0) <= 1).all()
    assert curve.to_frame().shape == (len(found), 7 + len(curve.rows))
    share = found.overview().significant[0]
    assert np.isclose(share, 100 * (found.p_values < 0.05).mean())


def test_the_order_of_studies_does_not_matter(trials: pd.DataFrame) -> None:
    one, other = es.multiverse(trials), es.multiverse(trials.iloc[::-1])
    assert np.allclose(one.estimates, other.estimates, rtol=1e-9)


def test_the_test_has_its_level_under_the_null() -> None:
    generator = np.random.default_rng(7)
    choices = {"tau2": ["DL", "PM"], "ci": ["z", "HKSJ"], "subset": {"all": "", "A": "g == 'A'"}}
    p_values = []
    for _ in range(60):
        v = generator.uniform(0.02, 0.2, 14)
        table = pd.DataFrame(
            {"yi": generator.standard_normal(14) * np.sqrt(v), "vi": v, "g": list("AB") * 7}
        )
        found = es.specification_test(es.multiverse(table, choices), draws=99)
        p_values.append(found.mean_z_p)
    # uniform: mean 1/2 with a standard error of 0.037
    assert abs(np.mean(p_values) - 0.5) < 0.15
    assert np.mean(np.array(p_values) <= 0.05) < 0.2


def test_the_test_is_the_same_for_the_same_seed_and_finds_an_effect(
    trials: pd.DataFrame,
) -> None:
    found = es.multiverse(trials)
    one, two = (es.specification_test(found, draws=200, seed=3) for _ in range(2))
    assert one == two
    assert one.direction == "positive"
    assert one.median_p == one.mean_z_p == 1 / 201
    turned = es.multiverse(trials.assign(yi=-trials.yi))
    assert es.specification_test(turned, draws=50).direction == "negative"


@pytest.mark.parametrize(
    ("choices", "fixed", "words"),
    [
        ({"tau": ["REML"]}, {}, "tau2"),
        ({"tau2": ["REML"]}, {"tau2": "DL"}, "one of the choices"),
        ({"tau2": []}, {}, "at least one choice"),
        ({}, {}, "at least one factor"),
        ({"tau2": ["GENQ"]}, {}, "tau2"),
        ({"outliers": ["most"]}, {}, "rstudent"),
        ({"subset": [{"nothing": 1}]}, {}, "rob"),
        ({"subset": ["rob ="]}, {}, "comparison"),
        ({"subset": [[True]]}, {}, "needs a name"),
        ({"subset": {"one": [True]}}, {}, "truth values"),
        ({"tau2": ["REML"]}, {"anything": 1}, "allowed"),
    ],
)
def test_what_cannot_be_is_refused(
    trials: pd.DataFrame, choices: dict[str, Any], fixed: dict[str, Any], words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        es.multiverse(trials, choices, **fixed)


def test_estimates_have_no_measure_to_choose(trials: pd.DataFrame) -> None:
    with pytest.raises(OptionError, match="table of the studies"):
        es.multiverse(es.pool(trials), {"measure": ["SMD"]})
    with pytest.raises(NotEstimableError, match="none of 1 universes has a result"):
        es.multiverse(trials, {"subset": ["rob == 'none'"]})


def test_it_prints_and_goes_through_json(trials: pd.DataFrame) -> None:
    found = es.multiverse(trials)
    text = str(found)
    assert "Universes" in text
    assert "<table>" in found._repr_html_()
    again = es.from_json(found.to_json())
    assert np.array_equal(again.estimates, found.estimates, equal_nan=True)
    assert "doi" in found.method_sentence()
    assert found.by_choice().explained.between(0, 100 + 1e-9).all()
