"""Predictions, contrasts, comparisons, model search and location-scale models."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evisynth as es
from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.stats import ScaleLink, fit_location_scale
from evisynth.synthesis import robust
from evisynth.synthesis.contrasts import adjusted

RNG = np.random.default_rng(7)
K = 24
TABLE = pd.DataFrame(
    {
        "study": [f"S{number}" for number in range(K)],
        "vi": RNG.uniform(0.02, 0.2, K),
        "dose": np.tile([1.0, 2, 3, 4, 5, 6], 4),
        "arm": ["drug", "placebo", "usual"] * 8,
        "lab": [f"L{number // 2}" for number in range(K)],
        "setting": (["home"] * 3 + ["clinic"] * 3) * 4,
    }
)
TABLE["yi"] = 0.1 * TABLE.dose + RNG.normal(0, np.sqrt(TABLE.vi + 0.05))


@pytest.fixture(scope="module")
def fit():
    return es.meta_regression(TABLE, "dose + arm", ci="t")


def test_a_mean_alone_is_the_fit():
    pooled = es.pool(TABLE)
    found = es.predict(pooled)
    assert found.estimates[0] == pooled.estimate
    assert found.ci_lower[0] == pytest.approx(pooled.ci_lower, rel=1e-12)
    assert found.prediction_lower[0] == pytest.approx(pooled.prediction_lower, rel=1e-12)
    with pytest.raises(OptionError, match="no moderators"):
        es.predict(pooled, {"dose": 1})
    equal = es.predict(es.pool(TABLE, model="equal"))
    assert np.isnan(equal.prediction_upper[0])
    assert "no between-study variance" in equal.prediction_reason
    few = es.predict(es.pool(TABLE[:2]))
    assert "residual degrees of freedom" in few.prediction_reason


def test_fitted_values_and_new_data_agree(fit):
    fitted = es.predict(fit)
    again = es.predict(fit, TABLE)
    assert fitted.labels == tuple(TABLE.study)
    np.testing.assert_allclose(fitted.estimates, again.estimates, rtol=1e-12)
    np.testing.assert_allclose(fitted.prediction_lower, again.prediction_lower, rtol=1e-12)
    mean = es.predict(fit, {"dose": [1, 2], "arm": "drug"}, kind="confidence")
    assert np.isnan(mean.prediction_lower).all()
    assert mean.definition == ""
    wide = es.predict(fit, {"dose": [1, 2], "arm": "drug"}, prediction="t k-2")
    plain = es.predict(fit, {"dose": [1, 2], "arm": "drug"})
    assert (wide.prediction_upper > plain.prediction_upper).all()
    frame = wide.to_frame(add_x=True)
    assert list(frame["dose"]) == [1, 2]
    named = pd.DataFrame({"dose": [1.0], "arm": ["drug"]}, index=["low"])
    assert es.predict(fit, named).labels == ("low",)


def test_what_cannot_be_predicted_is_said(fit):
    with pytest.raises(OptionError, match="arm"):
        es.predict(fit, {"dose": 1})
    with pytest.raises(DataError, match=r"'none'.*drug, placebo, usual"):
        es.predict(fit, {"dose": 1, "arm": "none"})
    with pytest.raises(OptionError, match="kind"):
        es.predict(fit, kind="both ways")
    with pytest.raises(OptionError, match="level"):
        es.predict(fit, level=2.0)
    with pytest.raises(OptionError, match="fit"):
        es.predict(3)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="different lengths"):
        es.predict(fit, {"dose": [1, 2], "arm": ["drug"]})
    gap = es.predict(fit, {"dose": [1, None], "arm": "drug"})
    assert gap.reasons == ("", "a moderator has no value")
    assert np.isnan(gap.estimates[1])
    assert "no value" in str(gap)


def test_ratios_are_shown_as_ratios():
    cells = {
        "ai": [4, 6, 3, 17],
        "n1i": [40, 50, 60, 70],
        "ci": [8, 9, 7, 25],
        "n2i": [41, 52, 63, 74],
    }
    made = es.effects(cells | {"dose": [1, 2, 3, 4]}, "OR")
    found = es.predict(es.meta_regression(made, "dose", ci="z"), {"dose": [2]})
    frame = found.to_frame()
    assert frame.shown_estimate[0] == pytest.approx(np.exp(found.estimates[0]), rel=1e-14)
    assert frame.shown_ci_lower[0] == pytest.approx(np.exp(found.ci_lower[0]), rel=1e-14)
    assert "OR" in str(found)


def test_designs_that_were_given():
    x = np.column_stack([np.ones(K), TABLE.dose])
    fit = es.meta_regression(TABLE, x, terms=["one", "dose"], ci="z")
    wanted = es.predict(es.meta_regression(TABLE, "dose", ci="z"), {"dose": [3, 4]}).estimates
    for new in (
        np.array([[1.0, 3], [1, 4]]), pd.DataFrame({"dose": [3, 4]}), {"dose": [3, 4]},
    ):  # fmt: skip
        np.testing.assert_allclose(es.predict(fit, new).estimates, wanted, rtol=1e-10)
    with pytest.raises(DataError, match="a column for each"):
        es.predict(fit, np.ones((2, 3)))
    with pytest.raises(OptionError, match="dose"):
        es.predict(fit, {"year": [1]})


def test_subgroups_multilevel_and_robust():
    groups = es.subgroups(es.pool(TABLE), "arm")
    found = es.predict(groups)
    assert found.labels == ("drug", "placebo", "usual")
    assert found.estimates[1] == groups.groups[1].fit.estimate
    assert es.predict(groups, {"arm": ["usual"]}).estimates[0] == groups.groups[2].fit.estimate
    with pytest.raises(OptionError, match="arm"):
        es.predict(groups, {"arm": ["x"]})
    many = es.multilevel(TABLE, "lab/study", limits=False)
    one = es.predict(many)
    assert one.prediction_lower[0] == pytest.approx(many.prediction_lower, rel=1e-12)
    cluster = robust(es.meta_regression(TABLE, "dose"), "lab")
    at = es.predict(cluster, {"dose": [0, 1]})
    assert at.df[0] == pytest.approx(cluster.df[0])
    assert at.se[0] == pytest.approx(cluster.se[0])
    assert np.isnan(at.prediction_lower).all()
    assert "cluster-robust" in at.prediction_reason


def test_variances_that_differ_by_level_need_the_level():
    fit = es.multilevel(TABLE, "arm | lab", "arm - 1", structure="DIAG", limits=False)
    found = es.predict(fit, {"arm": ["drug", "usual"]})
    values = {part.levels[0]: part.estimate for part in fit.components}
    np.testing.assert_allclose(found.heterogeneity, [values["drug"], values["usual"]])
    mean = es.multilevel(TABLE, "arm | lab", "dose", structure="DIAG", limits=False)
    assert "give the column arm" in es.predict(mean, {"dose": [1]}).prediction_reason


def test_contrasts_in_words(fit):
    by_words = es.contrasts(fit, ["drug - placebo = 0", "2*dose = 0.1", "`arm[usual]` + intercept"])
    matrix = [[0, 0, -1, 0], [0, 2, 0, 0], [1, 0, 0, 1]]
    np.testing.assert_array_equal(by_words.matrix, matrix)
    np.testing.assert_allclose(by_words.against, [0, 0.1, 0])
    by_matrix = es.contrasts(fit, matrix)
    np.testing.assert_allclose(by_words.estimates, by_matrix.estimates)
    assert by_matrix.names[0] == "-arm[placebo]"
    cells = es.meta_regression(TABLE, "dose + arm - 1", ci="t")
    other = es.contrasts(cells, "drug - placebo")
    assert other.estimates[0] == pytest.approx(by_words.estimates[0], rel=1e-9)
    assert other.p_values[0] == pytest.approx(by_words.p_values[0], rel=1e-8)
    for text in ("drug -", "drug = placebo = usual", "pill - drug", "* drug", "1 = 2", ""):
        with pytest.raises(OptionError, match="hypotheses"):
            es.contrasts(fit, text)
    with pytest.raises(DataError, match="4 columns"):
        es.contrasts(fit, [[1, 0]])
    with pytest.raises(OptionError, match="Give one of them"):
        es.contrasts(fit, "drug - placebo", pairs="arm")


def test_names_of_curves_are_read_whole():
    fit = es.meta_regression(TABLE, "poly(dose, 2, raw=True) + arm", ci="z")
    name = "poly(dose, 2, raw=True)[2]"
    found = es.contrasts(fit, f"{name} = 0.5")
    assert found.estimates[0] == fit.coefficients[fit.terms.index(name)]
    assert found.against[0] == 0.5


def test_pairs_and_joint_tests(fit):
    found = es.contrasts(fit, pairs="arm", adjust="bonferroni")
    assert found.names == ("placebo - drug", "usual - drug", "usual - placebo")
    np.testing.assert_allclose(found.p_adjusted, np.minimum(1, 3 * found.p_values))
    whole = es.contrasts(fit, terms="arm")
    assert found.joint.df1 == whole.joint.df1 == 2
    assert found.joint.statistic == pytest.approx(whole.joint.statistic, rel=1e-10)
    every = es.contrasts(fit)
    assert every.joint.statistic == pytest.approx(fit.moderators.statistic, rel=1e-10)
    np.testing.assert_allclose(every.p_values, fit.p_values[1:], rtol=1e-12)
    inside = es.meta_regression(TABLE, "dose * arm", ci="z")
    with pytest.raises(OptionError, match="interaction"):
        es.contrasts(inside, pairs="arm")
    with pytest.raises(OptionError, match="arm"):
        es.contrasts(fit, pairs="dose")
    assert es.contrasts(fit, np.zeros((1, 4))).joint.reason


def test_robust_contrasts_are_its_own():
    made = robust(es.meta_regression(TABLE, "dose + arm"), "lab")
    found = es.contrasts(made, terms="arm")
    assert found.joint == made.joint_test(found.matrix)
    np.testing.assert_allclose(found.df, made.df[2:])
    np.testing.assert_allclose(found.p_values, made.p_values[2:], rtol=1e-10)


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=8))
def test_holm_lies_between(values):
    p = np.array(values)
    holm, bonferroni = adjusted(p, "holm"), adjusted(p, "bonferroni")
    assert (holm >= p).all()
    assert (holm <= bonferroni + 1e-15).all()
    assert (np.diff(holm[np.argsort(p, kind="stable")]) >= -1e-15).all()


def test_comparisons_say_what_cannot_be_compared():
    small, large = es.meta_regression(TABLE, "dose"), es.meta_regression(TABLE, "dose + arm")
    with pytest.raises(DataError, match=r"refit=True"):
        es.compare(small, large)
    with pytest.raises(DataError, match="does not maximize"):
        es.compare(es.pool(TABLE, tau2="DL"), es.pool(TABLE, tau2="DL"))
    with pytest.raises(DataError, match="different methods"):
        es.compare(small, es.pool(TABLE, tau2="ML"))
    with pytest.raises(DataError, match="different estimates"):
        es.compare(small, es.meta_regression(TABLE[1:], "dose"))
    with pytest.raises(OptionError, match="two or more"):
        es.compare(small)
    found = es.compare(small, large, refit=True)
    by_ml = es.compare(
        es.meta_regression(TABLE, "dose", tau2="ML"),
        es.meta_regression(TABLE, "dose + arm", tau2="ML"),
    )
    assert found.method == "ML"
    assert found.test.statistic == pytest.approx(by_ml.test.statistic, rel=1e-9)
    assert es.compare(large, small, refit=True).test == found.test
    apart = es.compare(small, es.meta_regression(TABLE, "arm"), refit=True)
    assert "nested" in apart.test.reason
    three = es.compare(es.pool(TABLE), small, large, refit=True, names=["a", "b", "c"])
    assert three.weights.sum() == pytest.approx(1)
    assert "more than two" in three.test.reason
    border = es.compare(es.pool(TABLE, model="equal"), es.pool(TABLE))
    assert border.method == "REML"
    assert any("border" in note for note in border.notes)
    levels = es.compare(
        es.multilevel(TABLE, "lab", "dose", limits=False),
        es.multilevel(TABLE, "lab/study", "dose + arm", limits=False),
        refit=True,
    )
    assert levels.test.df1 == 3


def test_model_search_finds_all_subsets():
    found = es.model_search(TABLE, "dose * setting + arm", by="AIC")
    # dose:setting only with both margins: 2 x (1 + 1 + 1 + 1 + 1)
    assert len(found.models) == 10
    best = es.meta_regression(TABLE, found.models[0], tau2="ML")
    alone = es.compare(best, best, names="ab")
    assert found.criterion[0] == pytest.approx(alone.aic[0], rel=1e-9)
    assert found.weights.sum() == pytest.approx(1)
    known = found.criterion[np.isfinite(found.criterion)]
    assert (np.diff(known) >= 0).all()
    # dose, arm and setting determine each other in this table
    assert sum("depend" in reason for reason in found.reasons) == 2
    kept = es.model_search(TABLE, "dose + arm + setting", always=["arm"], most=2)
    assert all("arm" in name for name in kept.models)
    assert kept.importance[kept.terms.index("arm")] == pytest.approx(1)
    with pytest.raises(OptionError, match="always"):
        es.model_search(TABLE, "dose", always=["arm"])
    with pytest.raises(OptionError, match="too many"):
        es.model_search(TABLE, "+".join(f"I(dose^{n})" for n in range(2, 20)))
    few = es.model_search(TABLE[:4], "dose + arm")
    assert any(few.reasons)
    with pytest.raises(NotEstimableError, match="too few"):
        es.model_search(TABLE[:1], "dose")


def test_vif_of_terms_and_coefficients(fit):
    whole = es.vif(fit, "term")
    assert whole.coefficients == (1, 2)
    assert (es.vif(fit).factors >= 1 - 1e-12).all()
    with pytest.raises(OptionError, match="intercept alone"):
        es.vif(es.pool(TABLE))


def test_a_constant_scale_is_the_ordinary_model():
    made = es.location_scale(TABLE, "dose")
    plain = es.meta_regression(TABLE, "dose", ci="t")
    assert np.exp(made.scale_coefficients[0]) == pytest.approx(plain.tau2, rel=1e-6)
    np.testing.assert_allclose(made.coefficients, plain.coefficients, rtol=1e-6)
    np.testing.assert_allclose(made.se, plain.se, rtol=1e-6)
    same = es.location_scale(TABLE, "dose", link="identity")
    assert same.scale_coefficients[0] == pytest.approx(plain.tau2, rel=1e-6)
    assert same.log_likelihood == pytest.approx(made.log_likelihood, rel=1e-9)
    assert es.compare(plain, made).test.reason == "both models have the same number of parameters"
    knha = es.location_scale(TABLE, "dose", ci="knha")
    hk = es.meta_regression(TABLE, "dose", safeguard="none")
    np.testing.assert_allclose(knha.se, hk.se, rtol=1e-6)


def test_separate_variances_are_those_of_the_groups():
    """With a category in both parts each group is a model of its own."""
    made = es.location_scale(TABLE, "setting - 1", scale="setting - 1", method="ML")
    for place, name in enumerate(("clinic", "home")):
        own = es.pool(TABLE[TABLE.setting == name], tau2="ML", ci="z")
        here = made.effects.data.setting == name
        np.testing.assert_allclose(made.tau2[here], own.tau2, rtol=1e-5, atol=1e-7)
        assert made.coefficients[place] == pytest.approx(own.estimate, rel=1e-6)
    assert made.scale_lrt.reason


def test_derivatives_of_the_location_scale_likelihood():
    from evisynth.stats.location_scale import _Likelihood

    x = np.column_stack([np.ones(K), TABLE.dose])
    z = np.column_stack([np.ones(K), TABLE.dose / 6, TABLE.setting == "home"])
    y, v = TABLE.yi.to_numpy(), TABLE.vi.to_numpy()
    step = 1e-5
    places = {"log": np.array([-2.0, 0.3, 0.5]), "identity": np.array([0.1, 0.05, 0.02])}
    links: tuple[ScaleLink, ...] = ("log", "identity")
    for link, restricted in product(links, (True, False)):
        likelihood = _Likelihood(y, v, x, z.astype(float), link, restricted)
        alpha = places[link]
        here = likelihood.place(alpha)
        for one in range(3):
            shift = step * np.eye(3)[one]
            up, down = likelihood.place(alpha + shift), likelihood.place(alpha - shift)
            slope = (up.height - down.height) / (2 * step)
            assert slope == pytest.approx(here.slope[one], rel=1e-5, abs=1e-7)
            bend = (up.slope - down.slope) / (2 * step)
            np.testing.assert_allclose(bend, here.curvature[one], rtol=1e-5, atol=1e-6)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), factor=st.sampled_from([1e-3, 1.0, 50.0]))
def test_location_scale_follows_order_scale_and_sign(seed, factor):
    rng = np.random.default_rng(seed)
    v, dose = rng.uniform(0.02, 0.2, 30), rng.normal(size=30)
    y = rng.normal(0.3, np.sqrt(v + np.exp(-1.5 + 0.8 * dose)))
    x = z = np.column_stack([np.ones(30), dose])
    base = fit_location_scale(y, v, x, z)
    order = rng.permutation(30)
    turned = fit_location_scale(y[order], v[order], x[order], z[order])
    np.testing.assert_allclose(turned.tau2, base.tau2[order], rtol=1e-4, atol=1e-6)
    scaled = fit_location_scale(-factor * y, factor**2 * v, x, z)
    assert scaled.log_likelihood == pytest.approx(
        base.log_likelihood - 28 * np.log(factor), rel=1e-8, abs=1e-7
    )
    assert base.converged


def test_location_scale_borders_are_said():
    calm = TABLE.assign(yi=np.where(TABLE.setting == "home", 0.3, TABLE.yi))
    found = es.location_scale(calm, scale="setting")
    assert np.isnan(found.scale_se[1])
    assert np.isfinite(found.scale_se[0])
    assert "setting[home]" in found.scale_reason
    assert any("practically 0" in note for note in found.notes)
    edge = es.location_scale(calm, scale="setting", link="identity")
    assert edge.log_likelihood == pytest.approx(found.log_likelihood, abs=1e-4)
    assert "edge" in edge.scale_reason
    with pytest.raises(NotEstimableError, match="5 coefficients"):
        es.location_scale(TABLE[:5], "arm", scale="setting")
    with pytest.raises(OptionError, match="link"):
        es.location_scale(TABLE, link="probit")
    with pytest.raises(DataError, match="twice"):
        es.location_scale(TABLE.assign(twice=2 * TABLE.dose), scale="dose + twice")
    dropped = es.location_scale(
        TABLE.assign(twice=2 * TABLE.dose), scale="dose + twice", drop_redundant=True
    )
    assert dropped.scale_terms == ("intercept", "dose")


def test_models_of_counts_are_compared_within_one_likelihood():
    cells = {"ai": [4, 6, 3, 17, 30], "n1i": [123, 306, 231, 516, 400]}
    cells |= {"ci": [11, 29, 11, 35, 45], "n2i": [139, 303, 220, 505, 380]}
    equal, random = (es.glmm(cells, "OR", model=model) for model in ("equal", "random"))
    found = es.compare(equal, random)
    assert found.test.df1 == 1
    assert found.log_likelihood[1] >= found.log_likelihood[0] - 1e-8
    assert found.aic[1] == pytest.approx(random.aic, rel=1e-12)
    with pytest.raises(DataError, match="different data"):
        es.compare(equal, es.glmm(cells, "OR", likelihood="CM.EL"))
    with pytest.raises(DataError, match="no likelihood"):
        es.compare(equal, es.mantel_haenszel(cells, "OR"))
    one = es.predict(random)
    assert one.estimates[0] == random.estimate
    assert np.isnan(es.predict(equal).prediction_lower[0])
