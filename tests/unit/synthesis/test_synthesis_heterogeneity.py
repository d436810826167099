"""What a fit can be asked for: options beyond the common ones, heterogeneity, study effects."""

import math
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.synthesis import FitOptions, FurtherOptions, fit_options

KINDS = ("QP", "J", "BJ", "BT", "PL", "Wald", "SJ", "bootstrap", "bootstrap nonparametric")
ESTIMATORS = ("HSk", "SJIT", "PMM", "DLIT", "DL2", "CA2")


@pytest.fixture(scope="module")
def bcg() -> Any:
    return es.effects(es.datasets.load("bcg"), "RR")


@pytest.fixture(scope="module")
def regression(bcg: Any) -> Any:
    return es.meta_regression(bcg, "ablat")


def table(y: list[float], v: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"yi": y, "vi": v})


# --- options


def test_common_options_stay_common() -> None:
    assert type(fit_options()) is FitOptions
    assert type(fit_options(tau2="PMM", ci="adhoc")) is FitOptions
    assert fit_options(ci="adhoc").safeguard == "truncate"
    assert type(fit_options(tau2_ci="q-profile")) is FitOptions
    further = fit_options(tau2_ci="profile likelihood", prediction="nagashima")
    assert isinstance(further, FurtherOptions)
    assert (further.tau2_ci, further.prediction, further.carries_over) == ("PL", "NNF", True)
    assert not fit_options(ci="KR").carries_over  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("CA", "HE"), ("hedges", "HE"), ("hsk", "HSk"), ("cochran", "HE"), ("pmm", "PMM"),
     ("two-step DerSimonian-Laird", "DL2"), ("sjit", "SJIT")],
)  # fmt: skip
def test_estimators_have_synonyms(bcg: Any, word: str, meant: str) -> None:
    assert es.pool(bcg, tau2=word).tau2 == es.pool(bcg, tau2=meant).tau2


@pytest.mark.parametrize("method", ESTIMATORS)
def test_every_estimator_serves_every_analysis(bcg: Any, method: str) -> None:
    fit = es.pool(bcg, tau2=method)
    assert method in str(fit) or "tau²" in str(fit)
    assert "doi:" in fit.method_sentence()
    assert fit.tau2 > 0
    assert fit.tau2_se > 0
    assert len(es.leave_one_out(fit).estimates) == 13
    assert es.meta_regression(fit, "ablat").tau2 < fit.tau2


@pytest.mark.parametrize(
    "options",
    [
        {"tau2": "nothing"},
        {"tau2": -0.1},
        {"tau2": math.inf},
        {"tau2": True},
        {"tau2_ci": "PI"},
        {"tau2": "GENQ"},
        {"ci": "KR", "tau2": "DL"},
        {"prediction": "KR", "tau2": "DL"},
        {"prediction": "KR", "weights": "1/se"},
        {"ci": "KR", "weights": "1/se"},
        {"weights": "no such column"},
        {"weights": "1/se", "weighted": False},
    ],
)
def test_impossible_requests_are_refused(bcg: Any, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        es.pool(bcg, **options)


@pytest.mark.parametrize("weights", [[1.0] * 12, [0.0] + [1.0] * 12, [math.nan] + [1.0] * 12])
def test_impossible_weights_are_refused(bcg: Any, weights: list[float]) -> None:
    with pytest.raises(DataError, match="weight"):
        es.pool(bcg, weights=weights)


# --- pooling


def test_weights_by_word_column_and_number_agree(bcg: Any) -> None:
    numbers = bcg.variances**-0.5
    one = es.pool(bcg, weights="1/se")
    np.testing.assert_allclose(es.pool(bcg, weights=7 * numbers).estimate, one.estimate)
    by_column = es.pool(bcg, weights="tpos")
    assert by_column.estimate == pytest.approx(
        float(np.average(bcg.estimates, weights=bcg.data["tpos"]))
    )
    assert by_column.weights.sum() == pytest.approx(100)
    plain = es.pool(bcg, weighted=False)
    assert plain.estimate == pytest.approx(bcg.estimates.mean())
    assert plain.tau2 == es.pool(bcg).tau2
    assert "equal weights" in plain.method_sentence()


def test_weights_follow_the_rows_that_can_be_pooled(bcg: Any) -> None:
    rows = pd.DataFrame({"yi": [0.1, np.nan, 0.4, 0.2], "vi": [0.1, 0.1, 0.2, 0.1]})
    fit = es.pool(rows, weights=[1.0, np.nan, 2.0, 3.0])
    assert fit.k == 3
    assert fit.estimate == pytest.approx((0.1 + 0.8 + 0.6) / 6)
    assert fit.weights[1] == 0


def test_a_given_tau2(bcg: Any) -> None:
    fit = es.pool(bcg, tau2=es.pool(bcg, ci="z").tau2, ci="z")
    usual = es.pool(bcg, ci="z")
    assert (fit.estimate, fit.se) == pytest.approx((usual.estimate, usual.se))
    assert math.isnan(fit.tau2_se)
    assert math.isnan(fit.tau2_lower)
    assert "given" in fit.tau2_reason
    assert "Q-profile" not in fit.method_sentence()
    assert es.pool(bcg, tau2=0).estimate == pytest.approx(es.pool(bcg, model="equal").estimate)


def test_generalized_q_takes_its_own_weights_or_those_of_the_pooled_effect(bcg: Any) -> None:
    both = es.pool(bcg, tau2="GENQ", weights="1/se")
    apart = es.pool(bcg, tau2="GENQ", tau2_weights="1/se")
    assert both.tau2 == apart.tau2
    assert both.estimate != apart.estimate
    assert es.pool(bcg, tau2="GENQ", tau2_weights="1/v").tau2 == pytest.approx(
        es.pool(bcg, tau2="DL").tau2
    )
    # as in metafor, its interval then is the generalized Q one, unless another is asked for
    assert "generalized Q limits" in str(apart)
    assert es.pool(bcg, tau2="GENQ", tau2_weights="1/v", tau2_ci="QP").tau2_upper == pytest.approx(
        es.pool(bcg).tau2_upper
    )


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_of_tau2_by_name(bcg: Any, kind: str) -> None:
    fit = es.pool(bcg, tau2_ci=kind)
    found = es.heterogeneity(es.pool(bcg), kind)
    ours = found.get("tau²", kind)
    assert (fit.tau2_lower, fit.tau2_upper) == pytest.approx((ours.lower, ours.upper))
    assert fit.i2_upper == pytest.approx(found.get("I²", kind).upper)
    assert "limits" in str(fit)
    assert fit.estimate == es.pool(bcg).estimate


def test_kenward_roger(bcg: Any) -> None:
    fit = es.pool(bcg, ci="KR")
    usual = es.pool(bcg, ci="z")
    assert fit.se > usual.se
    assert 10 < fit.df < 12
    assert f"df = {fit.df:.1f}" in str(fit)
    assert "Kenward" in fit.method_sentence()
    assert fit.wald_se == usual.se
    assert es.pool(bcg, ci="KR", model="equal").test == "z"


def test_prediction_intervals_by_name_are_those_of_the_fit(bcg: Any) -> None:
    every = es.prediction_intervals(bcg)
    for one in every.intervals[3:]:
        fit = es.pool(bcg, prediction=one.method)
        assert (fit.prediction_lower, fit.prediction_upper) == (one.lower, one.upper)
        assert fit.prediction_reason == ""
        assert "prediction interval" in fit.method_sentence()
    assert every.get("V").upper < every.get("HTS").upper
    assert every.get("S").upper < every.get("V").upper
    usual = es.pool(bcg, ci="z", prediction="t k-2")
    assert every.get("HTS").lower == pytest.approx(usual.prediction_lower)
    with pytest.raises(OptionError):
        every.get("nothing")


# --- analyses that fit again


@pytest.mark.parametrize(
    "options",
    [{"weights": "1/se"}, {"ci": "KR"}, {"tau2": 0.2}, {"tau2": "GENQ", "tau2_weights": "1/v"}],
)
def test_analyses_that_fit_again_refuse_what_does_not_carry_over(
    bcg: Any, options: dict[str, Any]
) -> None:
    fit = es.pool(bcg, **options)
    for analysis in (
        es.leave_one_out,
        es.influence,
        lambda fit: es.cumulative(fit, "year"),
        es.trim_and_fill,
        lambda fit: es.subgroups(fit, by="alloc"),
        lambda fit: es.asymmetry_test(fit, "egger-mixed"),
    ):
        with pytest.raises(OptionError, match="pool again without"):
            analysis(fit)
    for measure in (es.heterogeneity, es.fit_statistics, es.model_matrices, es.residuals):
        assert len(measure(fit).to_frame()) > 0


def test_options_that_carry_over_do(bcg: Any) -> None:
    fit = es.pool(bcg, tau2_ci="PL", prediction="NNF")
    usual = es.pool(bcg)
    np.testing.assert_array_equal(
        es.leave_one_out(fit).estimates, es.leave_one_out(usual).estimates
    )
    parts = es.subgroups(fit, by="alloc").groups
    assert parts[0].fit.options == fit.options
    shared = es.subgroups(fit, by="alloc", tau2="common").groups
    assert shared[0].fit.tau2 == shared[1].fit.tau2


# --- heterogeneity


def test_forms_of_i2(bcg: Any) -> None:
    found = es.heterogeneity(bcg, "all")
    fit = es.pool(bcg)
    assert found.get("I²").estimate == pytest.approx(fit.i2)
    from_q = found.get("I²", "test-based")
    # R's meta prints 92.1% [88.3%; 94.7%] and H = 3.56 [2.93; 4.34] for these data
    assert [round(x, 1) for x in (from_q.estimate, from_q.lower, from_q.upper)] == [
        92.1,
        88.3,
        94.7,
    ]
    h2 = found.get("H²", "test-based")
    assert [round(math.sqrt(x), 2) for x in (h2.estimate, h2.lower, h2.upper)] == [3.56, 2.93, 4.34]
    assert found.get("Birge ratio", "").estimate == pytest.approx(math.sqrt(fit.q / 12))
    assert found.get("CV_B", "").estimate == pytest.approx(fit.tau / abs(fit.estimate))
    by_variance = next(m for m in found.measures if m.definition.startswith("variance of"))
    common = es.pool(bcg, model="equal").wald_se
    assert by_variance.estimate == pytest.approx(100 * (1 - (common / fit.wald_se) ** 2))
    share = fit.tau2 / (fit.tau2 + bcg.variances)
    assert found.get("R_b").estimate == pytest.approx(100 * share.mean())
    assert found.likelihood_ratio_p < found.q_p * 1e30
    with pytest.raises(OptionError):
        found.get("I^2")


def test_residual_heterogeneity(bcg: Any, regression: Any) -> None:
    found = es.heterogeneity(regression, ["QP", "PL", "bootstrap", "bootstrap nonparametric"])
    assert found.get("tau²").lower == pytest.approx(regression.tau2_lower)
    assert found.get("I²").estimate == pytest.approx(regression.i2)
    assert "without moderators" in found.get("tau²", "bootstrap nonparametric").reason
    assert found.title().startswith("Residual")
    weighted = es.heterogeneity(regression, "GENQ", weights="1/se").get("tau²", "GENQ")
    by_se = es.heterogeneity(regression, "J").get("tau²", "J")
    assert weighted.upper == pytest.approx(by_se.upper)


def test_heterogeneity_of_rows_left_out_by_a_moderator(bcg: Any) -> None:
    data = es.datasets.load("bcg").astype({"ablat": float})
    data.loc[3, "ablat"] = np.nan
    fit = es.meta_regression(es.effects(data, "RR"), "ablat")
    assert fit.k == 12
    numbers = np.arange(1.0, 14.0)
    found = es.heterogeneity(fit, "GENQ", weights=numbers).get("tau²", "GENQ")
    rest = es.effects(data.drop(index=3), "RR")
    again = es.heterogeneity(
        es.meta_regression(rest, "ablat"), "GENQ", weights=np.delete(numbers, 3)
    )
    assert found.upper == pytest.approx(again.get("tau²", "GENQ").upper)
    assert len(es.study_effects(fit).labels) == 12


def test_heterogeneity_that_does_not_exist() -> None:
    equal = es.heterogeneity(es.pool(table([0.1, 0.4, 0.2], [0.1, 0.1, 0.2]), model="equal"))
    assert math.isnan(equal.get("tau²").estimate)
    assert "no between-study variance" in str(equal)
    assert equal.get("I²", "test-based").estimate >= 0
    one = es.heterogeneity(table([0.1], [0.1]))
    assert math.isnan(one.get("tau²").upper)
    assert one.get("tau²").reason
    two = es.heterogeneity(table([0.1, 0.9], [0.1, 0.1]), "all")
    assert math.isnan(two.get("I²", "test-based").lower)
    none = es.heterogeneity(table([0.2, 0.2, 0.2], [0.1, 0.1, 0.1]), ("QP", "J"))
    assert "empty" in none.get("tau²").reason
    given = es.heterogeneity(es.pool(table([0.1, 0.9, 0.4], [0.1, 0.1, 0.1]), tau2=0.1), "Wald")
    assert math.isnan(given.get("tau²", "Wald").upper)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"intervals": "Q"}, OptionError),
        ({"intervals": "GENQ"}, OptionError),
        ({"level": 2}, OptionError),
    ],
)
def test_heterogeneity_says_what_it_needs(bcg: Any, options: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        es.heterogeneity(bcg, **options)
    with pytest.raises(OptionError, match="fit"):
        es.heterogeneity(3)  # type: ignore[arg-type]


# --- study effects, residuals, criteria


def test_study_effects(bcg: Any, regression: Any) -> None:
    for fit in (es.pool(bcg), regression):
        found = es.study_effects(fit)
        between = np.sort(np.column_stack([found.estimates, found.fitted]), axis=1)
        assert (found.effects >= between[:, 0] - 1e-12).all()
        assert (found.effects <= between[:, 1] + 1e-12).all()
        np.testing.assert_allclose(found.deviations, found.effects - found.fitted, atol=1e-12)
    equal = es.study_effects(es.pool(bcg, model="equal"))
    assert (equal.effects == equal.fitted).all()
    assert equal.notes
    with pytest.raises(OptionError, match="weights of its own"):
        es.study_effects(es.pool(bcg, weights="1/se"))


def test_residuals(bcg: Any) -> None:
    fit = es.pool(bcg)
    found = es.residuals(fit)
    np.testing.assert_allclose(found.studentized, es.influence(fit).rstudent, rtol=1e-6)
    np.testing.assert_allclose(found.weights, fit.weights)
    conditional = es.residuals(fit, "conditional")
    np.testing.assert_allclose(conditional.raw, bcg.estimates - es.study_effects(fit).effects)
    assert np.isnan(conditional.studentized).all()
    with pytest.raises(OptionError, match="kind"):
        es.residuals(fit, "deviance")
    few = es.residuals(table([0.1, 0.4], [0.1, 0.2]))
    assert np.isnan(few.studentized).all()
    assert "too few" in few.notes[0]


def test_a_study_alone_in_its_group_has_no_deleted_residual() -> None:
    data = pd.DataFrame(
        {"yi": [0.1, 0.5, 0.3, 0.7, 0.2, 0.4], "vi": [0.1, 0.1, 0.2, 0.1, 0.1, 0.3],
         "kind": ["a", "a", "b", "a", "a", "a"]}
    )  # fmt: skip
    found = es.residuals(es.meta_regression(data, "kind"))
    assert np.isnan(found.studentized[2])
    assert np.isfinite(np.delete(found.studentized, 2)).all()
    assert "Study 3" in found.notes[0]


def test_model_matrices(bcg: Any, regression: Any) -> None:
    found = es.model_matrices(regression)
    np.testing.assert_allclose(found.hat @ found.hat, found.hat, atol=1e-10)
    assert np.trace(found.hat) == pytest.approx(2)
    np.testing.assert_allclose(np.diag(found.residual), es.residuals(regression).se ** 2)
    np.testing.assert_allclose(found.coefficients, regression.covariance)
    own = es.model_matrices(es.pool(bcg, weighted=False))
    np.testing.assert_allclose(own.hat, 1 / 13)


def test_fit_statistics_count_what_was_estimated(bcg: Any) -> None:
    assert es.fit_statistics(bcg).parameters == 2
    assert es.fit_statistics(es.pool(bcg, tau2=0.3)).parameters == 1
    assert es.fit_statistics(es.pool(bcg, model="equal")).parameters == 1
    best = es.fit_statistics(es.pool(bcg, tau2="ML")).log_likelihood[0]
    assert best > es.fit_statistics(es.pool(bcg, tau2="DL")).log_likelihood[0]


# --- predictions and Henmi-Copas


def test_predictive_probability(bcg: Any) -> None:
    fit = es.pool(bcg)
    middle = es.predictive_probability(fit, fit.estimate)
    assert middle.below == pytest.approx(0.5)
    for method in ("t k-1", "HTS", "NNF", "KR"):
        low = es.prediction_intervals(fit, method).intervals[0].lower
        found = es.predictive_probability(fit, low, method=method)
        assert found.below == pytest.approx(0.025, rel=1e-6)
        assert found.above == pytest.approx(0.975, rel=1e-6)
    with pytest.raises(OptionError, match="WL"):
        es.predictive_probability(fit, method="WL")
    with pytest.raises(NotEstimableError, match="at least three"):
        es.predictive_probability(table([0.1, 0.2], [0.1, 0.1]))
    with pytest.raises(NotEstimableError, match="one effect"):
        es.prediction_intervals(es.pool(bcg, model="equal"))


def test_predictions_that_a_fit_cannot_have(bcg: Any) -> None:
    found = es.prediction_intervals(es.pool(bcg, weights="1/se", tau2="DL"))
    for method in ("KR", "NNF", "WL"):
        assert math.isnan(found.get(method).lower)
        assert found.get(method).reason
    assert found.get("V").upper > found.fit.estimate
    three = es.pool(table([0.1, 0.9, 0.4], [0.1, 0.1, 0.1]), prediction="KR-PR")
    assert three.prediction_upper > three.estimate


def test_fewer_than_three_studies_predict_nothing() -> None:
    fit = es.pool(table([0.1, 0.9], [0.1, 0.1]), prediction="NNF")
    assert math.isnan(fit.prediction_lower)
    assert "three studies" in fit.prediction_reason
    single = es.pool(table([0.3], [0.1]), ci="KR", tau2_ci="PL", prediction="V")
    assert single.k == 1
    assert single.ci_lower == pytest.approx(0.3 - 1.959963984540054 * math.sqrt(0.1))


def test_henmi_copas(bcg: Any) -> None:
    found = es.henmi_copas(bcg)
    assert found.estimate == pytest.approx(es.pool(bcg, model="equal").estimate)
    assert found.ci_upper - found.estimate == pytest.approx(found.critical * found.se)
    assert es.henmi_copas(bcg, level=0.8).ci_upper < found.ci_upper
    with pytest.raises(NotEstimableError, match="two studies"):
        es.henmi_copas(table([0.1], [0.1]))


# --- every result


@pytest.mark.parametrize(
    "made",
    [
        es.heterogeneity, es.study_effects, es.residuals, es.model_matrices, es.fit_statistics,
        es.prediction_intervals, es.predictive_probability, es.henmi_copas,
    ],
)  # fmt: skip
def test_results_print_and_travel(bcg: Any, made: Any) -> None:
    found = made(bcg)
    assert str(found) == repr(found)
    assert found.title() in str(found)
    assert found._repr_html_().startswith("<table>")
    assert isinstance(found.to_frame(), pd.DataFrame)
    assert found.method_sentence().endswith(".")
    assert str(pickle.loads(pickle.dumps(found))) == str(found)
    again = es.from_json(es.to_json(found))
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())
    # effect estimates are pooled with the defaults
    pd.testing.assert_frame_equal(made(es.pool(bcg)).to_frame(), found.to_frame())


def test_fits_with_further_options_travel(bcg: Any) -> None:
    fit = es.pool(bcg, weights="1/se", tau2_ci="PL", prediction="V")
    again = es.from_json(es.to_json(fit))
    assert again.options == fit.options
    assert isinstance(again.options, FurtherOptions)
    assert str(pickle.loads(pickle.dumps(fit))) == str(fit)
