"""The front doors of count models: columns, words, what is missing and what cannot be."""

import math

import numpy as np
import pandas as pd
import pytest

from evisynth.effects import effects
from evisynth.errors import InputError, NotEstimableError, OptionError
from evisynth.synthesis.counts import mantel_haenszel
from evisynth.synthesis.counts_glmm import glmm
from evisynth.synthesis.counts_peto import peto
from evisynth.synthesis.fitting import pool

TABLE = pd.DataFrame(
    {
        "study": list("ABCDE"),
        "ai": [4, 6, 3, 17, 0],
        "n1i": [123, 306, 231, 1716, 40],
        "ci": [11, 29, 11, 65, 0],
        "n2i": [139, 303, 220, 1665, 42],
    }
)
TIMES = pd.DataFrame(
    {
        "study": list("ABC"),
        "x1i": [3, 0, 12],
        "t1i": [310.5, 60, 900],
        "x2i": [9, 4, 25],
        "t2i": [295, 55, 450],
    }
)


def test_columns_by_other_names_give_the_same() -> None:
    other = TABLE.rename(columns={"ai": "event_e", "n1i": "n.e", "ci": "event.c", "n2i": "n_c"})
    named = TABLE.rename(columns={"ai": "cases", "n1i": "people"})
    for door in (mantel_haenszel, peto):
        same = {
            door(TABLE).estimate,
            door(other).estimate,
            door({str(n): TABLE[n] for n in TABLE}).estimate,
        }
        assert len(same) == 1
        assert door(named, events1="cases", n1="people").estimate in same


def test_nonevents_stand_for_sizes() -> None:
    cells = TABLE.assign(bi=TABLE.n1i - TABLE.ai, di=TABLE.n2i - TABLE.ci)
    whole = mantel_haenszel(cells[["study", "ai", "bi", "ci", "di"]])
    assert whole.estimate == mantel_haenszel(TABLE).estimate


def test_rows_without_counts_are_named() -> None:
    gap = TABLE.astype({"ai": float})
    gap.loc[1, "ai"] = np.nan
    for fit in (mantel_haenszel(gap), peto(gap)):
        assert fit.k == 4
        assert any("B" in note and "could not be used" in note for note in fit.notes)
        assert fit.weights[1] == 0
        assert fit.weights.sum() == pytest.approx(100)
    found = glmm(gap, "OR")
    assert found.k == 3
    assert "B (" in found.notes[0]
    assert "E (" in found.notes[0]


def test_double_zero_studies_are_told_by_measure() -> None:
    assert "tells nothing" in mantel_haenszel(TABLE, "OR").notes[0]
    assert "counted in the estimate" in mantel_haenszel(TABLE, "RD").notes[0]
    revman = mantel_haenszel(TABLE, "OR", rules="RevMan")
    assert "left out" in revman.notes[0]
    assert (revman.k, mantel_haenszel(TABLE, "OR").k) == (4, 5)
    assert mantel_haenszel(TABLE, "RD", rules="revman").k == 5


def test_no_event_in_one_arm_is_nan_with_a_reason() -> None:
    none = TABLE.assign(ai=0)
    fit = mantel_haenszel(none, "OR")
    assert math.isnan(fit.estimate)
    assert math.isnan(fit.p_value)
    assert "no study has an event" in fit.reason
    assert "no study has an event" in str(fit)
    assert math.isfinite(peto(none).estimate)
    runaway = glmm(none, "OR", likelihood="CM.EL", model="equal")
    assert math.isnan(runaway.estimate)
    assert "runs away" in runaway.reason
    nothing = TABLE.assign(ai=0, ci=0)
    assert "tell nothing" in peto(nothing).reason
    with pytest.raises(NotEstimableError, match="no event"):
        glmm(nothing, "OR")


def test_random_effects_take_q_around_the_estimate() -> None:
    fit = mantel_haenszel(TABLE, "RR", model="random")
    own = effects(TABLE, "RR")
    w = 1 / own.variances[own.estimable]
    q = fit.test("Q").statistic
    expected = max(0.0, (q - (len(w) - 1)) / (w.sum() - (w @ w) / w.sum()))
    assert fit.tau2 == pytest.approx(expected)
    assert fit.model == "random"
    assert "DerSimonian" in fit.method_sentence()


def test_revman_takes_one_study_as_it_is() -> None:
    one = TABLE.iloc[:1]
    fit = mantel_haenszel(one, "RD", rules="revman")
    alone = pool(effects(one, "RD"), model="equal")
    assert fit.estimate == pytest.approx(alone.estimate)
    assert fit.se == pytest.approx(alone.se)


def test_revman_adds_a_half_inside_the_sums() -> None:
    zero = TABLE.assign(ai=[0, 6, 3, 17, 0])
    by_hand = zero.iloc[:4].copy().astype({"ai": float, "ci": float})
    a, c = by_hand["ai"].to_numpy(copy=True), by_hand["ci"].to_numpy(copy=True)
    n1, n2 = by_hand["n1i"].to_numpy(float), by_hand["n2i"].to_numpy(float)
    a[0], c[0], n1[0], n2[0] = 0.5, c[0] + 0.5, n1[0] + 1, n2[0] + 1
    n = n1 + n2
    ratio = np.log((a * (n2 - c) / n).sum() / ((n1 - a) * c / n).sum())
    assert mantel_haenszel(zero, "OR", rules="revman").estimate == pytest.approx(ratio, rel=1e-12)
    assert mantel_haenszel(zero, "OR").estimate != pytest.approx(ratio, rel=1e-3)


def test_swapped_events_turn_the_odds_ratio() -> None:
    plain, swapped = mantel_haenszel(TABLE), mantel_haenszel(TABLE, swap_events=True)
    assert swapped.estimate == pytest.approx(-plain.estimate)
    assert swapped.se == pytest.approx(plain.se)
    risk = mantel_haenszel(TABLE, "RR", swap_events=True)
    assert risk.estimate != pytest.approx(-mantel_haenszel(TABLE, "RR").estimate, rel=0.1)


def test_words_that_are_not_known_are_refused() -> None:
    with pytest.raises(OptionError, match="HR"):
        mantel_haenszel(TABLE, "HR")
    with pytest.raises(OptionError, match="rules"):
        mantel_haenszel(TABLE, rules="stata")
    with pytest.raises(OptionError, match="level"):
        mantel_haenszel(TABLE, level=95)
    with pytest.raises(OptionError, match="IRR has no other"):
        mantel_haenszel(TIMES, "IRR", rules="revman")
    with pytest.raises(OptionError, match="time1"):
        mantel_haenszel(TABLE, "OR", time1="n1i")
    with pytest.raises(OptionError, match="likelihood"):
        glmm(TIMES, "IRR", likelihood="CM.AL")
    with pytest.raises(OptionError, match="one model"):
        glmm(pd.DataFrame({"xi": [1, 2], "ni": [5, 6]}), "PLO", likelihood="UM.FS")
    with pytest.raises(OptionError, match="points"):
        glmm(TABLE, points=0)


def test_cells_that_cannot_be_are_told_by_row() -> None:
    with pytest.raises(InputError, match=r"row 2 \(study 'B'\), column t1i: a person-time of -60"):
        mantel_haenszel(TIMES.assign(t1i=[310.5, -60, 900]), "IRR")
    with pytest.raises(InputError, match=r"a count of 1[.]5"):
        mantel_haenszel(TIMES.assign(x2i=[9, 1.5, 25]), "IRR")
    with pytest.raises(InputError, match="'many' is not a number"):
        mantel_haenszel(TIMES.assign(x2i=["9", "many", "25"]), "IRR")
    with pytest.raises(InputError, match="7 events among 5 people"):
        glmm(pd.DataFrame({"xi": [1, 7], "ni": [5, 5]}), "PLO")
    with pytest.raises(InputError, match="IRR needs time1"):
        mantel_haenszel(TIMES.drop(columns="t1i"), "IRR")
    with pytest.raises(InputError, match="events and sizes"):
        mantel_haenszel(pd.DataFrame({"study": ["A"], "yi": [0.1], "vi": [0.2]}))


def test_a_study_with_several_rows_is_numbered_and_said() -> None:
    fit = mantel_haenszel(TIMES.assign(study=["A", "A", "C"]), "IRR")
    assert fit.effects.labels == ("A (1)", "A (2)", "C")
    assert any("taken as independent" in note for note in fit.notes)
    again = glmm(TIMES.assign(study=["A", "A", "C"]), "IRR")
    assert any("taken as independent" in note for note in again.notes)


def test_text_numbers_and_subsets_are_read() -> None:
    text = TIMES.astype(str)
    assert mantel_haenszel(text, "IRR").estimate == mantel_haenszel(TIMES, "IRR").estimate
    fit = mantel_haenszel(TIMES, "IRR", subset={"study": ["A", "C"]})
    assert fit.k == 2
    assert fit.effects.labels == ("A", "C")


def test_one_study_is_the_equal_effects_model() -> None:
    fit = glmm(TABLE.iloc[:1], "OR")
    assert fit.k == 1
    assert math.isnan(fit.tau2)
    assert "One study" in fit.notes[0]
    assert fit.estimate == pytest.approx(np.log(4 * 128 / (119 * 11)))
    assert fit.test("LRT").reason == "one study"


def test_a_fit_prints_and_becomes_tables() -> None:
    fit = glmm(TIMES, "IRR", likelihood="CM.EL", ci="t")
    text = str(fit)
    assert "Incidence rate ratio" in text
    assert "t = " in text
    assert "LRT" in text
    row = fit.to_frame().iloc[0]
    assert row["estimate"] == fit.estimate
    assert row["LRT_p"] == fit.test("LRT").p_value
    assert list(fit.test_frame()["name"]) == ["LRT", "Wald"]
    assert len(fit.study_frame()) == 3
    assert "doi:10.1002/sim.4040" in fit.method_sentence()
    with pytest.raises(KeyError, match="LRT"):
        fit.test("Q")


def test_uneven_arms_are_noted_for_peto() -> None:
    uneven = TABLE.assign(n2i=[1390, 303, 220, 1665, 42])
    assert any("more than twice" in note for note in peto(uneven).notes)
    assert not any("more than twice" in note for note in peto(TABLE).notes)
