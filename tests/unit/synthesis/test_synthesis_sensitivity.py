"""Leave-one-out, influence, cumulative, trim and fill, tests for asymmetry."""

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import NotEstimableError, OptionError

DATA = pd.DataFrame(
    {
        "study": list("ABCDEF"),
        "yi": [0.0, 0.1, 0.2, 0.5, 0.9, 1.2],
        "vi": [0.01, 0.012, 0.02, 0.1, 0.2, 0.3],
        "year": [2003, 2001, np.nan, 2001, 1999, 2010],
        "n1": [400, 350, 200, 40, 20, 14],
        "n2": [390, 340, 210, 41, 22, 13],
    }
)


@pytest.fixture
def fit():
    return es.pool(DATA)


def test_leave_one_out_is_pool_without_it(fit):
    found = es.leave_one_out(fit)
    assert found.left_out == tuple("ABCDEF")
    one = es.pool(DATA.drop(index=2).reset_index(drop=True))
    assert found.estimates[2] == pytest.approx(one.estimate, rel=1e-10)
    assert found.ci_upper[2] == pytest.approx(one.ci_upper, rel=1e-9)
    assert found.i2[2] == pytest.approx(one.i2, rel=1e-8)
    assert list(found.to_frame()["left_out"]) == list("ABCDEF")
    two = es.leave_one_out(es.pool(DATA[:2]))
    np.testing.assert_allclose(two.estimates, [0.1, 0.0])
    assert np.isnan(two.tau2).all()
    with pytest.raises(NotEstimableError, match="at least two"):
        es.leave_one_out(es.pool(DATA[:1]))


def test_rows_without_estimate_are_left_aside():
    data = DATA.assign(yi=[0.0, np.nan, 0.2, 0.5, 0.9, 1.2])
    fit = es.pool(data)
    assert es.leave_one_out(fit).left_out == tuple("ACDEF")
    assert es.influence(fit).labels == tuple("ACDEF")
    assert es.cumulative(fit).added == tuple("EDAFC")
    assert es.asymmetry_test(fit, predictor="n").k == 5
    assert es.trim_and_fill(fit).filled.effects.labels[:6] == tuple("ABCDEF")


def test_influence_flags_the_outlier():
    data = pd.DataFrame({"yi": [0.1, 0.2, 0.15, 0.12, 2.0], "vi": [0.01] * 5})
    found = es.influence(es.pool(data))
    assert list(found.outlier) == [False] * 4 + [True]
    assert found.influential[4]
    assert any("1.96" in rule for rule in found.rules)
    assert len(found.to_frame()) == 5


def test_influence_follows_the_interval_of_the_fit():
    calm = DATA.assign(yi=[0.30, 0.31, 0.29, 0.3, 0.32, 0.28])
    guarded, wald = es.pool(calm), es.pool(calm, ci="z")
    assert guarded.safeguard_applied
    np.testing.assert_allclose(es.influence(guarded).rstudent, es.influence(wald).rstudent)
    plain = es.influence(es.pool(calm, safeguard="none"))
    assert np.abs(plain.rstudent).max() > 2 * np.abs(es.influence(wald).rstudent).max()


def test_cumulative_order_is_stable_with_missing_last(fit):
    found = es.cumulative(fit, "year")
    assert found.added == ("E", "B", "D", "A", "F", "C")
    assert "C" in found.notes[0]
    assert found.estimates[0] == 0.9
    assert np.isnan(found.tau2[0])
    assert found.estimates[-1] == pytest.approx(fit.estimate, rel=1e-10)
    assert found.ci_lower[-1] == pytest.approx(fit.ci_lower, rel=1e-9)
    assert es.cumulative(fit, "given").added == tuple("ABCDEF")
    with pytest.raises(OptionError, match=r"order: 'date'.*year"):
        es.cumulative(fit, "date")
    assert list(found.to_frame()["k"]) == [1, 2, 3, 4, 5, 6]


def test_trim_and_fill_refits_with_the_same_options(fit):
    found = es.trim_and_fill(fit)
    assert found.side == "left"
    assert found.k0 > 0
    assert found.filled.options == fit.options
    assert found.filled.k == fit.k + found.k0
    assert found.filled.effects.labels[-1] == f"Filled {found.k0}"
    np.testing.assert_array_equal(found.filled.effects.estimates[6:], found.filled_estimates)
    assert found.filled.estimate < fit.estimate
    assert any("uncertain" in note for note in found.notes)
    mirror = es.trim_and_fill(es.pool(DATA.assign(yi=-DATA.yi)))
    assert (mirror.side, mirror.k0) == ("right", found.k0)
    assert mirror.filled.estimate == pytest.approx(-found.filled.estimate, rel=1e-9)
    assert list(found.to_frame()["k"]) == [fit.k, fit.k + found.k0]


def test_trim_and_fill_sides_and_words(fit):
    none = es.trim_and_fill(fit, "r0", "RIGHT")
    assert (none.k0, none.filled.effects) == (0, fit.effects)
    assert none.p_value == 0.5
    assert none.filled.estimate == fit.estimate
    with pytest.raises(OptionError, match="L0, R0"):
        es.trim_and_fill(fit, "Q1")
    with pytest.raises(OptionError, match="auto, left, right"):
        es.trim_and_fill(fit, side="up")
    with pytest.raises(NotEstimableError, match="three studies"):
        es.trim_and_fill(es.pool(DATA[:2]))
    same = es.pool(DATA.assign(vi=0.1))
    with pytest.raises(NotEstimableError, match="side='left'"):
        es.trim_and_fill(same)
    assert es.trim_and_fill(same, side="left").side == "left"


def test_filled_names_do_not_clash():
    data = DATA.assign(study=["Filled 1", *"BCDEF"])
    labels = es.trim_and_fill(es.pool(data)).filled.effects.labels
    assert len(set(labels)) == len(labels)


def test_names_of_asymmetry_tests(fit):
    classic = es.asymmetry_test(fit)
    assert (classic.name, classic.distribution, classic.df) == ("egger", "t", 4)
    mixed = es.asymmetry_test(fit, "Egger-RMA")
    assert (mixed.name, mixed.df) == ("egger-mixed", 4)
    assert es.asymmetry_test(es.pool(DATA, ci="z"), "egger-mixed").distribution == "z"
    assert es.asymmetry_test(fit, "kendall").distribution == "kendall"
    assert "fewer than 10" in classic.caution
    assert len(classic.to_frame()) == 1
    with pytest.raises(OptionError, match="egger, egger-mixed, begg"):
        es.asymmetry_test(fit, "peters")
    with pytest.raises(OptionError, match="1/n"):
        es.asymmetry_test(fit, predictor="age")


def test_predictors(fit):
    total = DATA.n1 + DATA.n2
    found = es.asymmetry_test(fit, predictor="ninv")
    data = DATA.drop(columns=["n1", "n2"]).assign(n=total)
    other = es.asymmetry_test(es.pool(data), predictor="1/n")
    assert found.slope == pytest.approx(other.slope, rel=1e-12)
    assert found.predictor == "inverse sample size"
    root = es.asymmetry_test(fit, predictor="sqrt(n)")
    assert root.slope < 0
    with pytest.raises(OptionError, match="no sample sizes"):
        es.asymmetry_test(es.pool(DATA.drop(columns=["n1", "n2"])), predictor="n")
    holed = es.asymmetry_test(es.pool(DATA.assign(n1=[np.nan, *DATA.n1[1:]])), predictor="n")
    assert np.isnan(holed.p_value)
    assert "no sample size" in holed.reason


@pytest.mark.parametrize("test", ["egger", "egger-mixed", "begg"])
def test_no_answer_has_a_reason(test):
    few = es.asymmetry_test(es.pool(DATA[:2]), test)
    assert np.isnan(few.p_value)
    assert "three studies" in few.reason
    same = es.asymmetry_test(es.pool(DATA.assign(vi=0.1)), test)
    assert np.isnan(same.p_value)
    assert "same" in same.reason


def test_egger_mixed_of_equal_effects_model():
    found = es.asymmetry_test(es.pool(DATA, model="equal"), "egger-mixed")
    assert found.distribution == "z"
    assert "fixed-effects" in found.model
    assert np.isfinite(found.p_value)
