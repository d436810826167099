"""Cluster-robust inference through the front door."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.synthesis import meta_regression, pool
from evisynth.synthesis.multilevel_covariances import impute_covariances
from evisynth.synthesis.multilevel_fitting import multilevel
from evisynth.synthesis.robust_fitting import robust, robust_regression


@pytest.fixture
def table():
    rng = np.random.default_rng(2)
    lab = np.repeat(np.arange(14), rng.integers(1, 5, 14))
    k = len(lab)
    data = pd.DataFrame(
        {
            "study": [f"S{row}" for row in range(k)],
            "lab": [f"lab {n}" for n in lab],
            "dose": rng.integers(1, 5, k),
            "arm": rng.choice(["a", "b", "c"], k),
            "vi": rng.uniform(0.02, 0.2, k),
        }
    )
    return data.assign(yi=rng.normal(0.4, 0.5, 14)[lab] + rng.normal(0, np.sqrt(data.vi)))


def test_coefficients_stay_and_errors_change(table):
    fits: list[Any] = [
        pool(table),
        meta_regression(table, "dose + arm"),
        multilevel(table, "lab/study", "dose", limits=False),
    ]
    for fit in fits:
        made = robust(fit, "lab")
        own = [fit.estimate] if hasattr(fit, "tau2_se") else fit.coefficients
        np.testing.assert_allclose(made.coefficients, own)
        assert made.clusters == 14
        assert made.kind == "CR2"
        assert made.df_method == "Satterthwaite"
        assert (made.df < 14).all()
        assert (made.ci_lower < made.coefficients).all()


def test_order_of_levels_survives(table):
    fit = meta_regression(table, "arm", levels={"arm": ["c", "b", "a"]})
    made = robust(fit, "lab")
    assert made.terms == fit.terms
    design = np.column_stack([np.ones(len(table)), table.arm == "b", table.arm == "a"])
    given = meta_regression(table, design.astype(float))
    other = robust(given, "lab", design=design)
    np.testing.assert_allclose(made.covariance, other.covariance, rtol=1e-10)
    np.testing.assert_allclose(robust(given, "lab").covariance, other.covariance, rtol=1e-12)
    with pytest.raises(DataError, match="shape"):
        robust(given, "lab", design=design[:, :2])


def test_rows_left_out_stay_out(table):
    data = table.copy()
    data.loc[2, "yi"] = np.nan
    data["dose"] = data.dose.astype(float)
    data.loc[5, "dose"] = np.nan
    whole = robust(meta_regression(data, "dose"), "lab")
    part = robust(meta_regression(data.drop(index=[2, 5]).reset_index(drop=True), "dose"), "lab")
    np.testing.assert_allclose(whole.se, part.se, rtol=1e-10)
    assert whole.k == len(table) - 2


def test_factors_between_the_kinds(table):
    fit = multilevel(table, "lab/study", "dose", limits=False)
    k, m, p = len(table), 14, 2
    plain = robust(fit, "lab", kind="CR0").covariance
    for kind, factor in (
        ("CR1", m / (m - 1)),
        ("CR1p", m / (m - p)),
        ("CR1S", m * (k - 1) / ((m - 1) * (k - p))),
    ):
        np.testing.assert_allclose(robust(fit, "lab", kind=kind).covariance, factor * plain)
    assert robust(fit, "lab", kind="cr1").df_method == "m - p"


def test_degrees_of_freedom_by_name(table):
    fit = meta_regression(table, "dose", ci="z")
    assert robust(fit, "lab", df="m - 1").df.tolist() == [13, 13]
    assert robust(fit, "lab", df="m - p").df.tolist() == [12, 12]
    normal = robust(fit, "lab", df="z")
    assert np.isinf(normal.df).all()
    assert normal.moderators.distribution == "chi2"
    assert normal.moderators.statistic == pytest.approx(normal.statistics[1] ** 2)
    small = robust(fit, "lab")
    assert small.moderators.df2 == pytest.approx(small.df[1])
    assert small.moderators.p_value == pytest.approx(small.p_values[1])
    wide = robust(fit, "lab", level=0.99)
    assert (wide.ci_lower < small.ci_lower).all()
    test = robust(meta_regression(table, "arm"), "lab").joint_test(np.eye(3)[1:])
    assert test.df1 == 2


def test_clusters_must_hold_the_random_effects(table):
    fit = multilevel(table, "lab", limits=False)
    with pytest.raises(DataError, match="outermost"):
        robust(fit, "study")
    crossed = multilevel(table, ["lab", "arm"], limits=False)
    if crossed.components[1].estimate > 0:
        with pytest.raises(DataError, match="outermost"):
            robust(crossed, "lab")
    V = impute_covariances(table, "lab", correlation=0.5)
    with pytest.raises(DataError, match="sampling errors"):
        robust(multilevel(table, "study", V=V, limits=False), "study")
    assert robust(multilevel(table, "study", V=V, limits=False), "lab").clusters == 14


def test_errors_say_what_to_do(table):
    fit = pool(table)
    with pytest.raises(OptionError, match="labb"):
        robust(fit, "labb")
    with pytest.raises(OptionError, match="CR5"):
        robust(fit, "lab", kind="CR5")
    with pytest.raises(OptionError, match="df"):
        robust(fit, "lab", df="k - p")
    with pytest.raises(OptionError, match="level"):
        robust(fit, "lab", level=95)
    with pytest.raises(OptionError, match="what pool"):
        robust(3, "lab")  # type: ignore[arg-type]
    data = table.assign(lab=table.lab.where(table.lab != "lab 1"))
    with pytest.raises(DataError, match="no value in the column 'lab'"):
        robust(pool(data), "lab")
    with pytest.raises(NotEstimableError, match="clusters"):
        robust(meta_regression(table.assign(lab=table.index % 2), "dose"), "lab")


def test_few_degrees_of_freedom_are_noted(table):
    few = table[table.lab.isin([f"lab {n}" for n in range(4)])].reset_index(drop=True)
    made = robust_regression(few, "lab")
    assert made.df[0] < 4
    assert any("not to be trusted" in note for note in made.notes)
    many = robust_regression(table, "lab", kind="CR0")
    assert any("too small" in note for note in many.notes)


def test_working_models(table):
    correlated = robust_regression(table, "lab", "dose")
    assert np.isnan(correlated.omega2)
    assert correlated.correlation == 0.8
    hierarchical = robust_regression(table, "lab", "dose", working="HIER")
    assert hierarchical.omega2 >= 0
    assert hierarchical.working == "hierarchical"
    independent = robust_regression(table.assign(lab=table.study), "lab", correlation=0.1)
    other = robust(pool(table.assign(lab=table.study), tau2="DL"), "lab")
    # one estimate a study: the moment estimate is that of DerSimonian and Laird
    assert independent.tau2 == pytest.approx(pool(table, tau2="DL").tau2, rel=1e-9)
    assert independent.se == pytest.approx(other.se, rel=1e-9)
    with pytest.raises(OptionError, match="working"):
        robust_regression(table, "lab", working="mixed")
    with pytest.raises(NotEstimableError, match="at least 3"):
        robust_regression(table[:2], "lab", "dose")
    data = table.copy()
    data.loc[0, "yi"] = np.nan
    assert "1 row left out" in robust_regression(data, "lab").notes[0]


def test_tables_and_text(table):
    made = robust(multilevel(table, "lab/study", "arm", limits=False), "lab")
    assert list(made.to_frame().columns) == [
        "term", "coefficients", "se", "ci_lower", "ci_upper", "statistics", "df", "p_values",
    ]  # fmt: skip
    text = made.summary()
    assert "Cluster-robust inference (CR2)" in text
    assert "Moderators: F" in text
    assert str(made) == repr(made) == text
    assert "Satterthwaite" in made.method_sentence()
    hier = robust_regression(table, "lab", working="hierarchical")
    assert "omega²" in hier.summary()
    assert "hierarchical-effects working model" in hier.method_sentence()
    assert hier.estimate == hier.coefficients[0]
    for df in ("m - p", "m - 1", "z"):
        assert "degrees of freedom" in made.method_sentence()
        assert robust(pool(table), "lab", df=df).summary()
