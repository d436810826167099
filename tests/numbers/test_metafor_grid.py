"""Models and diagnostics against metafor, through the front door.

Every number of validation/metafor/reference.json is compared; validation/metafor/README.md says
what agrees and what differs.
"""

from itertools import product
from typing import Any

import numpy as np
import pytest

import evisynth as es
from evisynth.synthesis import Cumulative, LeaveOneOut, PooledFit

ANALYSES = {
    "normand1999": ("MD", "SMD"), "curtis1998": ("SMD",), "dagostino1998": ("MD", "SMD"),
    "bcg": ("OR", "RR", "RD"), "nielweise2007": ("OR", "RR", "RD"),
    "collins1985b_perinatal": ("OR", "RR", "RD"), "collins1985a_bleeding": ("OR",),
    "collins1985a_death": ("OR",), "collins1985b_eclampsia": ("OR",), "egger2001": ("OR",),
    "yusuf1985": ("OR",), "lau1992": ("OR",), "lee2004": ("RR",), "linde2005": ("RR",),
    "viechtbauer2021": ("RD",), "raudenbush1985": ("GEN",), "hackshaw1998": ("GEN",),
    "bangertdrowns2004": ("GEN",), "konstantopoulos2011": ("GEN",), "assink2016": ("GEN",),
    "berkey1998": ("GEN",), "riley2003": ("GEN",),
}  # fmt: skip
IDS = [f"{name}-{measure}" for name, measures in ANALYSES.items() for measure in measures]

METHODS = ("EE", "DL", "PM", "REML", "ML", "EB", "HS", "HE", "SJ")
TESTS = ("z", "t", "knha", "adhoc")
SETTINGS = (("REML", "knha"), ("DL", "z"), ("EE", "z"))
SIZED = (*(i for i in IDS if not i.endswith("-GEN")), "raudenbush1985-GEN")
PREDICTORS = {
    "sei": "se", "vi": "variance", "ni": "n", "ninv": "1/n", "sqrtni": "sqrt(n)",
    "sqrtninv": "1/sqrt(n)",
}  # fmt: skip
LEAST = {
    "fits": 12_900, "predictions": 1_080, "weights": 2_200, "limits": 1_000,
    "leave_one_out": 20_000, "influence": 13_000, "trim_and_fill": 8_000,
    "regression_tests": 3_300, "rank_tests": 60, "cumulative": 20_000,
}  # fmt: skip
"""Numbers that the reference holds at least, by section."""


def combinations(section: str) -> "set[tuple[object, ...]]":
    """Return the combinations of analysis and options that a section must hold."""
    tests = {method: ("z", "t") if method == "EE" else TESTS for method in METHODS}
    models = [
        ("lm", "EE", "z"), ("rma", "REML", "knha"), ("rma", "REML", "z"), ("rma", "DL", "z")
    ]  # fmt: skip
    found: dict[str, Any] = {
        "fits": ((i, m, t) for i in IDS for m in METHODS for t in tests[m]),
        "predictions": product(IDS, ("REML", "DL", "PM"), ("z", "t", "knha")),
        "weights": product(IDS, ("EE", "REML", "DL")),
        "limits": product(IDS, ("REML", "DL", "SJ"), (95, 90)),
        "leave_one_out": ((i, *setting) for i in IDS for setting in SETTINGS),
        "cumulative": ((i, *setting) for i in IDS for setting in SETTINGS),
        "influence": ((i, *setting) for i in IDS for setting in SETTINGS[:2]),
        "trim_and_fill": (
            (i, *setting, estimator, side)
            for i in IDS
            for setting in SETTINGS
            for estimator in ("L0", "R0")
            for side in ("left", "right", "auto")
        ),
        "regression_tests": (
            (i, *model, predictor)
            for i in IDS
            for model in models
            for predictor in (PREDICTORS if i in SIZED else ("sei", "vi"))
        ),
        "rank_tests": ((i,) for i in IDS),
    }
    return set(found[section])


@pytest.mark.parametrize("section", sorted(LEAST))
def test_the_grid_is_whole(reference, section):
    reference.assert_whole(section, combinations(section), LEAST[section])


def test_the_sets_and_the_source_are_named(reference):
    source = reference.content["source"]
    assert source["metafor"] == "3.8.1"
    assert source["reached"] <= 1e-12
    assert set(reference.content["sets"]) == set(ANALYSES)
    for name, described in reference.content["sets"].items():
        assert described["citation"]
        assert len(reference.table(name)) == described["k"]


def numbers_of(fit: PooledFit) -> dict[str, Any]:
    random = fit.options.model == "random"
    return {
        "k": fit.k,
        # metafor calls tau² 0 in the equal-effects model; here it does not exist
        "tau2": fit.tau2 if random else 0.0,
        "se_tau2": fit.tau2_se,
        "estimate": fit.estimate,
        "se": fit.se,
        "statistic": fit.statistic,
        "p_value": fit.p_value,
        "ci_lower": fit.ci_lower,
        "ci_upper": fit.ci_upper,
        "q": fit.q,
        "q_p": fit.q_p,
        "i2": fit.i2,
        "h2": fit.h2,
    }


@pytest.mark.parametrize("identifier", IDS)
def test_fits_agree(reference, identifier):
    for row in reference.rows("fits", analysis=identifier):
        reference.compare("fits", row, numbers_of(reference.pool(row, prediction="none")))


@pytest.mark.parametrize("identifier", IDS)
def test_the_default_call_agrees(reference, identifier):
    """REML, Hartung-Knapp, and the Wald interval where that is wider."""
    (knapp,) = reference.rows("fits", analysis=identifier, method="REML", test="knha")
    (wald,) = reference.rows("fits", analysis=identifier, method="REML", test="z")
    narrower = knapp["ci_upper"] - knapp["ci_lower"] < wald["ci_upper"] - wald["ci_lower"]
    fit = es.pool(reference.effects(identifier))
    assert fit.safeguard_applied == narrower
    reference.compare("fits", wald if narrower else knapp, numbers_of(fit))


@pytest.mark.parametrize("identifier", IDS)
def test_prediction_intervals_agree(reference, identifier):
    for row in reference.rows("predictions", analysis=identifier):
        plain = reference.pool(row, prediction="normal" if row["test"] == "z" else "t k-1")
        riley = reference.pool(row, prediction="t k-2")
        ours = {
            "pi_lower": plain.prediction_lower,
            "pi_upper": plain.prediction_upper,
            "riley_lower": riley.prediction_lower,
            "riley_upper": riley.prediction_upper,
        }
        reference.compare("predictions", row, ours)


@pytest.mark.parametrize("identifier", IDS)
def test_weights_agree(reference, identifier):
    estimable = reference.effects(identifier).estimable
    for row in reference.rows("weights", analysis=identifier):
        fit = reference.pool(row)
        assert (fit.weights[~estimable] == 0).all()
        reference.compare("weights", row, {"weights": fit.weights[estimable]})


@pytest.mark.parametrize("identifier", IDS)
def test_limits_of_tau2_agree(reference, identifier):
    for row in reference.rows("limits", analysis=identifier):
        fit = reference.pool(row, level=row["level"] / 100)
        ours = {
            "tau2_lower": fit.tau2_lower,
            "tau2_upper": fit.tau2_upper,
            "i2_lower": fit.i2_lower,
            "i2_upper": fit.i2_upper,
            "h2_lower": 1 / (1 - fit.i2_lower / 100),
            "h2_upper": 1 / (1 - fit.i2_upper / 100),
        }
        reference.compare("limits", row, ours)


def arrays_of(found: LeaveOneOut | Cumulative) -> dict[str, Any]:
    """Our arrays by the reference's names."""
    assert isinstance(found.fit, PooledFit)
    equal = found.fit.options.model == "equal"
    return {
        "estimate": found.estimates, "se": found.se, "ci_lower": found.ci_lower,
        "ci_upper": found.ci_upper, "p_value": found.p_values, "i2": found.i2,
        "tau2": np.zeros_like(found.tau2) if equal else found.tau2,
    }  # fmt: skip


@pytest.mark.parametrize("identifier", IDS)
def test_leave_one_out_agrees(reference, identifier):
    for row in reference.rows("leave_one_out", analysis=identifier):
        found = es.leave_one_out(reference.pool(row))
        ours = arrays_of(found) | {"left_out": found.left_out, "q": found.q, "q_p": found.q_p}
        reference.compare("leave_one_out", row, ours)


@pytest.mark.parametrize("identifier", IDS)
def test_cumulative_agrees(reference, identifier):
    order = "year" if "year" in reference.effects(identifier).data.columns else "given"
    for row in reference.rows("cumulative", analysis=identifier):
        found = es.cumulative(reference.pool(row), order=order)
        ours = arrays_of(found) | {"order": found.added}
        # one study has no tau² and no I² (metafor: 0)
        first = {"tau2": [None, *row["tau2"][1:]], "i2": [None, *row["i2"][1:]]}
        if row["method"] == "EE":
            del first["tau2"]
        reference.compare("cumulative", row | first, ours, skip=("q", "q_p"))


@pytest.mark.parametrize("identifier", IDS)
def test_influence_agrees(reference, identifier):
    for row in reference.rows("influence", analysis=identifier):
        found = es.influence(reference.pool(row))
        names = [name for name in row if name not in ("analysis", "method", "test")]
        reference.compare("influence", row, {name: getattr(found, name) for name in names})


@pytest.mark.parametrize("identifier", IDS)
def test_trim_and_fill_agrees(reference, identifier):
    for row in reference.rows("trim_and_fill", analysis=identifier):
        found = es.trim_and_fill(reference.pool(row), row["estimator"], row["side"])
        order = np.lexsort((found.filled_variances, found.filled_estimates))
        ours = numbers_of(found.filled) | {
            "side_used": found.side,
            "k0": found.k0,
            "k0_se": found.k0_se,
            "p_k0": found.p_value,
            "filled_estimates": found.filled_estimates[order],
            "filled_variances": found.filled_variances[order],
        }
        reference.compare("trim_and_fill", row, ours)


@pytest.mark.parametrize("identifier", IDS)
def test_regression_tests_agree(reference, identifier):
    for row in reference.rows("regression_tests", analysis=identifier):
        name = "egger" if row["model"] == "lm" else "egger-mixed"
        found = es.asymmetry_test(reference.pool(row), name, PREDICTORS[row["predictor"]])
        ours = {
            "statistic": found.statistic,
            "p_value": found.p_value,
            "df": found.df if np.isfinite(found.df) else np.nan,
            "intercept": found.intercept,
            "slope": found.slope,
            "slope_se": found.slope_se,
        }
        reference.compare("regression_tests", row, ours)


@pytest.mark.parametrize("identifier", IDS)
def test_rank_tests_agree(reference, identifier):
    (row,) = reference.rows("rank_tests", analysis=identifier)
    found = es.asymmetry_test(es.pool(reference.effects(identifier)), "begg")
    reference.compare("rank_tests", row, {"tau": found.statistic, "p_value": found.p_value})
