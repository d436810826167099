"""The front door of pooling: options, words, notes, published numbers."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.effects import EffectEstimates, Scale
from evisynth.errors import DataError, InputError, NotEstimableError, OptionError
from evisynth.synthesis import FitOptions, fit_options

# Colditz et al. 1994, the 13 trials of BCG vaccination: cases and non-cases, vaccinated and not;
# latitude and year. Results: Viechtbauer 2010, doi:10.18637/jss.v036.i03.
BCG = pd.DataFrame(
    {
        "study": [f"Trial {n}" for n in range(1, 14)],
        "events1": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27],
        "nonevents1": [
            119, 300, 228, 13536, 5036, 1361, 2537, 87886, 7470, 1699, 50448, 2493, 16886,
        ],
        "events2": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29],
        "nonevents2": [
            128, 274, 209, 12619, 5761, 1079, 619, 87892, 7232, 1600, 27197, 2338, 17825,
        ],
        "ablat": [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33],
        "year": [1948, 1949, 1960, 1977, 1973, 1953, 1973, 1980, 1968, 1961, 1974, 1969, 1976],
        "alloc": [
            "random", "random", "random", "random", "alternate", "alternate", "random", "random",
            "random", "systematic", "systematic", "systematic", "systematic",
        ],
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def bcg():
    return es.effects(BCG, measure="RR")


def table(y: Any, v: Any, **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"yi": y, "vi": v, **columns})


def test_bcg_as_published(bcg):
    fit = es.pool(bcg, ci="z", prediction="normal")
    assert round(fit.estimate, 4) == -0.7145
    assert round(fit.se, 4) == 0.1798
    assert round(fit.statistic, 4) == -3.9744
    assert (round(fit.ci_lower, 4), round(fit.ci_upper, 4)) == (-1.0669, -0.3622)
    assert (round(fit.tau2, 4), round(fit.tau2_se, 4)) == (0.3132, 0.1664)
    assert (round(fit.tau2_lower, 4), round(fit.tau2_upper, 4)) == (0.1197, 1.1115)
    assert (round(fit.i2, 2), round(fit.h2, 2)) == (92.22, 12.86)
    assert (round(fit.i2_lower, 2), round(fit.i2_upper, 2)) == (81.92, 97.68)
    assert (round(fit.q, 4), fit.q_df) == (152.2330, 12)
    assert fit.weights.sum() == pytest.approx(100)


def test_default_is_hartung_knapp_with_prediction(bcg):
    fit = es.pool(bcg)
    assert (fit.test, fit.df, fit.safeguard_applied) == ("t", 12.0, False)
    assert (round(fit.ci_lower, 4), round(fit.ci_upper, 4)) == (-1.1084, -0.3206)
    assert (round(fit.prediction_lower, 4), round(fit.prediction_upper, 4)) == (-1.9960, 0.5670)
    assert fit.wald_se == pytest.approx(0.17978, abs=1e-5)


def test_words_in_any_case_and_synonyms(bcg):
    fit = es.pool(bcg, model="Random-Effects", tau2="reml", ci="KnHa", prediction="K-2")
    assert fit.options == FitOptions(prediction="t k-2")
    equal = es.pool(bcg, model="fixed")
    assert (equal.options.model, equal.options.ci, equal.options.prediction) == (
        "equal", "z", "none",
    )  # fmt: skip
    assert np.isnan(equal.tau2)
    assert "no between-study variance" in equal.tau2_reason
    assert "one effect" in equal.prediction_reason
    assert es.pool(bcg, model="equal", ci="t").test == "t"


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("model", "mixed", "random, equal"),
        ("tau2", "GENQQ", "REML, DL, PM, ML, EB, HS, HE, SJ"),
        ("ci", "bayes", "HKSJ, t, z"),
        ("safeguard", "maybe", "wider, truncate, none"),
        ("prediction", "t k-3", "t k-1, t k-2, normal, none"),
        ("level", 95, "between 0 and 1"),
        ("level", float("nan"), "between 0 and 1"),
        ("ci", None, "HKSJ, t, z"),
    ],
)
def test_unknown_words_list_the_allowed(bcg, option, value, allowed):
    with pytest.raises(OptionError, match=f"{option}: .*{allowed}"):
        es.pool(bcg, **{option: value})


def test_options_are_checked_when_made():
    with pytest.raises(OptionError, match="tau2"):
        FitOptions(tau2="reml")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="level"):
        dataclasses.replace(fit_options(), level=1.0)


def test_tables_are_recognized_or_named(bcg):
    expected = es.pool(bcg).estimate
    plain = table(bcg.estimates, bcg.variances)
    assert es.pool(plain).estimate == expected
    named = pd.DataFrame({"g": bcg.estimates, "s": bcg.standard_errors, "who": bcg.labels})
    fit = es.pool(named, estimate="g", se="s", label="who")
    assert fit.estimate == pytest.approx(expected, rel=1e-12)
    assert fit.effects.labels == bcg.labels
    with pytest.raises(InputError):
        es.pool(named, estimate="h", se="s")
    with pytest.raises(OptionError, match="left out"):
        es.pool(bcg, estimate="yi")
    with pytest.raises(OptionError, match="DataFrame"):
        es.pool([0.1, 0.2])  # type: ignore[arg-type]


def test_safeguard_wider_takes_the_wald_interval_and_says_so():
    data = table([0.30, 0.31, 0.29, 0.305], [0.04, 0.05, 0.03, 0.06])
    fit = es.pool(data)
    wald, plain = es.pool(data, ci="z"), es.pool(data, safeguard="none")
    assert fit.safeguard_applied
    assert (fit.test, fit.df) == ("z", float("inf"))
    assert (fit.ci_lower, fit.p_value) == (wald.ci_lower, wald.p_value)
    assert any("narrower than the Wald" in note for note in fit.notes)
    assert not plain.safeguard_applied
    assert plain.ci_upper - plain.ci_lower < fit.ci_upper - fit.ci_lower
    truncated = es.pool(data, safeguard="truncate")
    assert truncated.safeguard_applied
    assert truncated.se == pytest.approx(wald.se)
    assert truncated.test == "t"


def test_empty_interval_of_tau2_has_a_reason():
    fit = es.pool(table([0.30, 0.31, 0.29, 0.305], [0.4, 0.5, 0.3, 0.6]))
    assert np.isnan(fit.tau2_lower)
    assert np.isnan(fit.i2_upper)
    assert "empty" in fit.tau2_reason
    assert any("empty" in note for note in fit.notes)


def test_one_two_and_no_study():
    one = es.pool(table([0.4], [0.04]))
    assert (one.k, one.estimate, one.test) == (1, 0.4, "z")
    assert one.ci_lower == pytest.approx(0.4 - 1.959963984540054 * 0.2)
    assert np.isnan(one.tau2)
    assert np.isnan(one.i2)
    assert "one study" in one.tau2_reason
    assert "three studies" in one.prediction_reason
    assert (one.q, one.q_df, one.q_p) == (0.0, 0, 1.0)
    two = es.pool(table([0.4, 0.9], [0.04, 0.05]))
    assert two.df == 1
    assert np.isnan(two.prediction_lower)
    assert any("very wide" in note for note in two.notes)
    with pytest.raises(NotEstimableError, match="no study to pool"):
        es.pool(table([0.4], [0.04]).pipe(lambda t: es.effects(t, "GEN")).select(np.array([False])))


def test_rows_without_an_estimate_stay_in_with_weight_0(bcg):
    holed = dataclasses.replace(
        bcg,
        estimates=np.where(np.arange(13) == 3, np.nan, bcg.estimates),
        reasons=tuple("no events in either arm" if n == 3 else "" for n in range(13)),
    )
    fit = es.pool(holed)
    assert fit.k == 12
    assert fit.weights[3] == 0
    assert fit.weights.sum() == pytest.approx(100)
    assert any("Trial 4 (no events in either arm)" in note for note in fit.notes)
    none = dataclasses.replace(holed, estimates=np.full(13, np.nan))
    with pytest.raises(NotEstimableError, match="none of 13 studies"):
        es.pool(none)


@pytest.mark.parametrize("variance", [0.0, -0.1])
def test_variances_that_weigh_nothing_are_refused(variance):
    effects = EffectEstimates(
        measure="GEN",
        scale=Scale("identity", 0.0, "Estimate", "Est"),
        labels=("A", "B"),
        estimates=np.array([0.1, 0.2]),
        variances=np.array([0.1, variance]),
        reasons=("", ""),
        method="",
        data=pd.DataFrame(index=range(2)),
    )
    with pytest.raises(DataError, match="B: the sampling variance"):
        es.pool(effects)


def test_extreme_variances_are_noted():
    fit = es.pool(table([0.1, 0.3, 0.2], [1e-9, 0.4, 0.5]))
    assert any("check the standard errors" in note for note in fit.notes)


def test_summary_shows_what_was_done(bcg):
    fit = es.pool(bcg)
    text = str(fit)
    for words in (
        "k = 13", "0.49 [0.33, 0.73]", "t = −3.95, df = 12", "P = 0.002", "Hartung-Knapp",
        "0.14 to 1.76", "0.313 [0.120, 1.111]", "92.2% [81.9%, 97.7%]", "152.23, df = 12", "REML",
    ):  # fmt: skip
        assert words in text
    assert repr(fit) == fit.summary() == text
    html = fit._repr_html_()
    assert "<table>" in html
    assert "0.49 [0.33, 0.73]" in html
    equal = str(es.pool(bcg, model="equal"))
    assert "Equal-effects model" in equal
    assert "tau²" not in equal


def test_one_study_prints_reasons():
    text = str(es.pool(table([0.4], [0.04])))
    assert "cannot be estimated from one study" in text
    assert "nan" not in text.lower()


def test_html_is_escaped():
    fit = es.pool(table([0.4, np.nan], [0.04, 0.1], study=["A", "<b>B</b>"]))
    assert "<b>B" not in fit._repr_html_()


def test_method_sentence_names_choices_with_doi(bcg):
    text = es.pool(bcg, tau2="PM", ci="t", prediction="t k-2").method_sentence()
    assert "10.6028/jres.087.022" in text
    assert "k - 2 degrees of freedom" in text
    assert "Hartung" not in text
    default = es.pool(bcg).method_sentence()
    for words in ("restricted maximum likelihood", "10.1002/sim.791", "10.1002/sim.2514"):
        assert words in default
    equal = es.pool(bcg, model="equal").method_sentence()
    assert "tau²" not in equal


def test_frames(bcg):
    fit = es.pool(bcg)
    row = fit.to_frame()
    assert row.shape[0] == 1
    assert row.loc[0, "estimate"] == fit.estimate
    assert row.loc[0, "tau2_method"] == "REML"
    studies = fit.study_frame()
    assert list(studies["weight"]) == list(fit.weights)
    assert "ablat" in studies.columns


def test_fit_is_frozen(bcg):
    fit = es.pool(bcg)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.estimate = 0.0  # type: ignore[misc]
