"""The front door of multilevel models."""

import dataclasses
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.synthesis import pool
from evisynth.synthesis.comparisons import likelihood_ratio_test
from evisynth.synthesis.multilevel_covariances import impute_covariances, read_covariances
from evisynth.synthesis.multilevel_fitting import multilevel
from evisynth.synthesis.multilevel_random import parse_random


@pytest.fixture
def table():
    rng = np.random.default_rng(1)
    study = np.repeat(np.arange(12), 3)
    data = pd.DataFrame(
        {
            "study": [f"Study {number}" for number in study],
            "esid": np.tile([1, 2, 3], 12),
            "outcome": np.tile(["pain", "mood", "sleep"], 12),
            "time": np.tile([1.0, 2.0, 4.0], 12),
            "dose": rng.integers(1, 4, 36),
            "team": rng.choice(["x", "y", "z", "w"], 36),
            "vi": rng.uniform(0.02, 0.1, 36),
        }
    )
    noise = rng.normal(0, 0.4, 12)[study] + rng.normal(0, 0.3, 36)
    return data.assign(yi=0.3 + 0.1 * data.dose + noise + rng.normal(0, np.sqrt(data.vi)))


def test_random_effects_by_name() -> None:
    found = parse_random("~ 1 | district/school")
    assert [t.name for t in found] == ["district", "district/school"]
    assert [t.name for t in parse_random(["a", "b"])] == ["a", "b"]
    assert [t.name for t in parse_random(["study", "study/esid"])] == ["study", "study/esid"]
    assert parse_random("outcome | `the trial`")[0].columns == ("the trial",)
    wrong: list[Any] = ["", "a//b", "| a", [], "a/"]
    for bad in wrong:
        with pytest.raises(OptionError, match="random"):
            parse_random(bad)


def test_rows_of_one_study_are_told_apart(table):
    fit = multilevel(table, "study/esid", limits=False)
    assert fit.effects.labels[:3] == ("Study 0 (1)", "Study 0 (2)", "Study 0 (3)")
    assert fit.k == 36
    again = multilevel(fit.effects, ["study", "study/esid"], limits=False)
    assert again.estimate == pytest.approx(fit.estimate, rel=1e-12)


def test_one_row_a_study_is_the_random_effects_model(table):
    data = table.assign(study=[f"S{row}" for row in range(36)])
    for method in ("REML", "ML"):
        fit = multilevel(data, "study", method=method, ci="z")
        other = pool(data, tau2=method, ci="z")
        assert fit.components[0].estimate == pytest.approx(other.tau2, rel=1e-8)
        assert fit.estimate == pytest.approx(other.estimate, rel=1e-8)
        assert fit.ci_lower[0] == pytest.approx(other.ci_lower, rel=1e-8)
        assert fit.i2 == pytest.approx(other.i2, rel=1e-8)
        assert fit.qe == pytest.approx(other.q, rel=1e-12)


def test_parts_add_up(table):
    fit = multilevel(table, "study/esid", "dose", limits=False)
    assert fit.df == 34
    assert sum(part.i2 for part in fit.components) == pytest.approx(fit.i2)
    total = sum(part.estimate for part in fit.components)
    assert fit.i2 == pytest.approx(100 * total / (total + fit.model.typical_variance))
    assert fit.moderators.statistic == pytest.approx(fit.statistics[1] ** 2)
    assert fit.moderators.distribution == "F"
    assert fit.aic == pytest.approx(fit.deviance + 2 * fit.parameters)
    assert fit.parameters == 4
    assert np.isnan(fit.prediction_lower)
    assert fit.prediction_reason


def test_prediction_interval_holds_all_variances(table):
    fit = multilevel(table, "study/esid", limits=False, ci="z")
    spread = np.sqrt(fit.se[0] ** 2 + sum(part.estimate for part in fit.components))
    assert fit.prediction_upper == pytest.approx(fit.estimate + 1.959963984540054 * spread)


def test_formulas_choose_order_of_levels_and_interactions(table):
    levels = {"outcome": ["sleep", "pain", "mood"]}
    fit = multilevel(table, "study", "outcome * dose", limits=False, levels=levels)
    assert fit.reference_levels == {"outcome": "sleep"}
    assert len(fit.terms) == 6


@pytest.mark.parametrize("structure", ["CS", "HCS", "UN", "ID", "DIAG", "AR", "HAR", "CAR", "un"])
def test_structures(table, structure):
    inner = "time" if structure in ("AR", "HAR", "CAR") else "outcome"
    V = impute_covariances(table, "study", correlation=0.5)
    fit = multilevel(
        table, f"{inner} | study", f"C({inner}) - 1", V=V, structure=structure, limits=False
    )
    assert fit.converged
    assert fit.dependent_errors
    assert np.isnan(fit.i2)
    # the structures nest: none can be more likely than the unstructured
    best = multilevel(table, f"{inner} | study", f"C({inner}) - 1", V=V, structure="UN",
                      limits=False)  # fmt: skip
    assert fit.log_likelihood <= best.log_likelihood + 1e-8
    assert all(-1 <= c.estimate <= 1 for c in fit.components if c.kind == "correlation")


def test_limits_hold_their_estimates(table):
    fit = multilevel(table, ["outcome | study", "study/esid"], structure="CS")
    for part in fit.components:
        assert part.lower <= part.estimate <= part.upper
    wide = multilevel(table, "study/esid", level=0.99)
    narrow = multilevel(table, "study/esid", level=0.8)
    for a, b in zip(narrow.components, wide.components, strict=True):
        assert b.lower <= a.lower
        assert a.upper < b.upper
    none = multilevel(table, "study/esid", limits=False)
    assert np.isnan(none.components[0].lower)


def test_crossed_effects_and_several_structures(table):
    fit = multilevel(table, ["study", "team"], limits=False)
    assert [part.groups for part in fit.components] == [12, 4]
    two = multilevel(
        table, ["outcome | study", "outcome | team"], structure=["CS", "ID"], limits=False
    )
    assert [part.random for part in two.components] == ["outcome | study"] * 2 + ["outcome | team"]


def test_known_correlations(table):
    names = sorted(table.team.unique())
    matrix = pd.DataFrame(np.full((4, 4), 0.5) + 0.5 * np.eye(4), index=names, columns=names)
    fit = multilevel(table, ["team", "study"], correlations={"team": matrix}, limits=False)
    shuffled = matrix.loc[names[::-1], names[::-1]]
    again = multilevel(table, ["team", "study"], correlations={"team": shuffled}, limits=False)
    assert fit.log_likelihood == pytest.approx(again.log_likelihood, rel=1e-12)
    with pytest.raises(OptionError, match="correlations"):
        multilevel(table, "study", correlations={"team": matrix})
    with pytest.raises(DataError, match="no row and column for w"):
        multilevel(table, "team", correlations={"team": matrix.drop(index="w")})
    with pytest.raises(DataError, match="diagonal"):
        multilevel(table, "team", correlations={"team": 2 * matrix})


def test_sampling_covariance_may_come_in_several_forms(table):
    V = impute_covariances(table, "study", correlation=0.4)
    forms: list[Any] = [V, V.to_matrix(), list(V.matrices), pd.DataFrame(V.to_matrix())]
    fits = [multilevel(table, "study", V=given, limits=False) for given in forms]
    for fit in fits[1:]:
        assert fit.estimate == pytest.approx(fits[0].estimate, rel=1e-10)
    with pytest.raises(DataError, match="36 rows"):
        multilevel(table, "study", V=np.eye(5))
    with pytest.raises(DataError, match="not understood"):
        multilevel(table, "study", V=3.0)  # type: ignore[arg-type]


def test_rows_that_cannot_be_fitted_are_named(table):
    data = table.copy()
    data.loc[0, "yi"] = np.nan
    data.loc[4, "dose"] = np.nan
    data["team"] = data.team.astype(object)
    data.loc[8, "team"] = None
    V = impute_covariances(data, "study", correlation=0.4)
    fit = multilevel(data, ["study", "team"], "dose", V=V, limits=False)
    assert fit.left_out == ("Study 0 (1)", "Study 1 (2)", "Study 2 (3)")
    assert fit.k == 33
    assert "3 rows left out" in fit.notes[0]
    keep = ~data.index.isin([0, 4, 8])
    part = data[keep].reset_index(drop=True)
    other = multilevel(
        part, ["study", "team"], "dose", V=impute_covariances(part, "study", correlation=0.4),
        limits=False,
    )  # fmt: skip
    np.testing.assert_allclose(fit.coefficients, other.coefficients, rtol=1e-9)


def test_errors_say_what_to_do(table):
    with pytest.raises(OptionError, match="No such column"):
        multilevel(table, "schol")
    with pytest.raises(OptionError, match="REML"):
        multilevel(table, "study", method="DL")
    with pytest.raises(OptionError, match="level"):
        multilevel(table, "study", level=95)
    with pytest.raises(OptionError, match="structure"):
        multilevel(table, "outcome | study", structure="XX")
    with pytest.raises(OptionError, match="structure"):
        multilevel(table, "outcome | study", structure=["CS", "UN"])
    with pytest.raises(DataError, match="one level only"):
        multilevel(table.assign(outcome="pain"), "outcome | study")
    with pytest.raises(DataError, match="numbers"):
        multilevel(table, "outcome | study", structure="CAR")
    with pytest.raises(DataError, match="same way"):
        multilevel(table.assign(copy=table.study), ["study", "copy"])
    with pytest.raises(NotEstimableError, match="at least 3"):
        multilevel(table[:2], "study", "dose")
    with pytest.raises(DataError, match="determined by"):
        multilevel(table.assign(twice=2 * table.dose), "study", "dose + twice")


def test_one_group_is_fixed_and_noted(table):
    fit = multilevel(table.assign(country="NL"), ["country", "study"])
    assert fit.components[0].estimate == 0
    assert "one group" in fit.components[0].reason
    assert any("one group" in note for note in fit.notes)


def test_what_the_data_do_not_tell_apart_is_noted():
    rng = np.random.default_rng(3)
    data = pd.DataFrame(
        {"trial": range(20), "outcome": ["a", "b"] * 10, "yi": rng.normal(size=20), "vi": 0.1}
    )
    fit = multilevel(data, "outcome | trial", "outcome - 1", structure="UN", limits=False)
    assert any("flat" in note for note in fit.notes)


def test_read_covariances_from_columns():
    data = pd.DataFrame(
        {"trial": [1, 1, 2], "yi": [0.1, 0.2, 0.3], "vi": [2.0, 3.0, 5.0], "v1": [2.0, 1.0, 5.0],
         "v2": [1.0, 3.0, np.nan]}
    )  # fmt: skip
    made = read_covariances(data, "trial", ["v1", "v2"])
    np.testing.assert_allclose(made.to_matrix(), [[2, 1, 0], [1, 3, 0], [0, 0, 5]])
    with pytest.raises(OptionError, match="2 columns"):
        read_covariances(data, "trial", ["v1"])
    with pytest.raises(OptionError, match="v9"):
        read_covariances(data, "trial", ["v1", "v9"])


def test_likelihood_ratio_tests(table):
    full, reduced = multilevel(table, "study/esid"), multilevel(table, "study")
    test = likelihood_ratio_test(reduced, full)
    assert test.statistic == pytest.approx(2 * (full.log_likelihood - reduced.log_likelihood))
    assert test.df1 == 1
    with pytest.raises(DataError, match="more parameters"):
        likelihood_ratio_test(full, reduced)
    with pytest.raises(DataError, match="ML"):
        likelihood_ratio_test(reduced, multilevel(table, "study", "dose"))
    with pytest.raises(DataError, match="methods"):
        likelihood_ratio_test(reduced, multilevel(table, "study/esid", method="ML"))
    with pytest.raises(DataError, match="different estimates"):
        likelihood_ratio_test(reduced, multilevel(table[3:], "study/esid"))
    ml = [multilevel(table, "study", m, method="ML", limits=False) for m in (None, "dose")]
    assert likelihood_ratio_test(*ml).df1 == 1


def test_tables_text_and_pickles(table):
    fit = multilevel(table, "outcome | study", "dose", structure="CS")
    assert list(fit.to_frame().term) == ["intercept", "dose"]
    assert list(fit.components_frame().kind) == ["variance", "correlation"]
    frame = fit.random_effects_frame()
    assert list(frame.columns) == ["random", "group", "level", "estimates", "se", "lower", "upper"]
    assert len(frame) == 36
    text = fit.summary()
    for words in ("Multivariate model", "tau² outcome | study", "rho outcome | study", "dose"):
        assert words in text
    assert str(fit) == repr(fit) == text
    sentence = fit.method_sentence()
    assert "regressed on dose" in sentence
    assert "compound symmetry" in sentence
    again = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(again.coefficients, fit.coefficients)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.k = 3  # type: ignore[misc]
    plain = multilevel(table, "study/esid", ci="z", method="ML")
    assert "maximum likelihood" in plain.method_sentence()
    assert "Total I²" in plain.summary()


def test_ratios_are_shown_on_their_own_scale():
    rng = np.random.default_rng(5)
    data = pd.DataFrame(
        {
            "study": [f"S{n}" for n in range(12)],
            "lab": np.repeat(range(6), 2),
            "ai": rng.integers(5, 20, 12),
            "n1i": 40,
            "ci": rng.integers(5, 20, 12),
            "n2i": 40,
        }
    )
    fit = multilevel(es.effects(data, "OR"), "lab/study")
    assert "Odds ratio" in fit.summary()
