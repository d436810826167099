"""Influence of the studies on a meta-regression."""

import pickle

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import NotEstimableError, OptionError

TABLE = pd.DataFrame(
    {
        "study": list("ABCDEFGH"),
        "yi": [0.1, 0.2, 0.25, 0.5, 0.55, 0.7, 0.8, 3.0],
        "vi": [0.02, 0.03, 0.05, 0.04, 0.03, 0.06, 0.05, 0.04],
        "dose": [0.0, 1, 2, 3, 4, 5, 6, 7],
        "drug": list("xxxxyyyz"),
    }
)


def test_an_intercept_alone_is_the_pooled_effect() -> None:
    for tau2, ci in (("DL", "z"), ("REML", "z"), ("HE", "HKSJ")):
        pooled = es.influence(es.pool(TABLE, tau2=tau2, ci=ci, safeguard="none"))
        same = es.influence(
            es.meta_regression(es.pool(TABLE, tau2=tau2, ci=ci, safeguard="none"), "1")
        )
        for name in ("rstudent", "dffits", "cooks_distance", "cov_ratio", "tau2_deleted",
                     "q_deleted", "hat", "weight"):  # fmt: skip
            np.testing.assert_allclose(getattr(same, name), getattr(pooled, name), rtol=1e-6)
        np.testing.assert_allclose(same.dfbetas[:, 0], pooled.dfbetas, rtol=1e-6)
        assert (same.influential == pooled.influential).all()


def test_each_row_is_the_fit_without_the_study() -> None:
    fit = es.meta_regression(TABLE, "dose", ci="z")
    found = es.influence(fit)
    without = es.meta_regression(TABLE.drop(index=7), "dose", ci="z")
    change = fit.coefficients - without.coefficients
    cook = change @ np.linalg.solve(fit.covariance, change)
    assert found.cooks_distance[7] == pytest.approx(cook, rel=1e-6)
    assert found.tau2_deleted[7] == pytest.approx(without.tau2, abs=1e-10)
    assert found.q_deleted[7] == pytest.approx(without.qe)
    ratio = np.linalg.det(without.covariance) / np.linalg.det(fit.covariance)
    assert found.cov_ratio[7] == pytest.approx(ratio, rel=1e-6)
    assert found.outlier.tolist() == [False] * 7 + [True]
    assert found.influential[7]
    assert found.rstudent == pytest.approx(es.residuals(fit).studentized, rel=1e-8)
    assert found.hat == pytest.approx(es.residuals(fit).hat, rel=1e-10)
    assert found.hat.sum() == pytest.approx(2)
    assert "Outliers: H." in str(found)
    assert list(found.to_frame()) == [
        "labels", "rstudent", "dffits", "cooks_distance", "cov_ratio", "tau2_deleted", "q_deleted",
        "hat", "weight", "dfbetas: intercept", "dfbetas: dose", "outlier", "influential",
    ]  # fmt: skip


def test_a_study_that_a_coefficient_rests_on_has_no_values() -> None:
    found = es.influence(es.meta_regression(TABLE, "drug", ci="z"))
    assert np.isnan(found.rstudent[7])
    assert np.isnan(found.dfbetas[7]).all()
    assert not found.outlier[7]
    assert found.notes == ("A coefficient rests on one study alone; no fit without it: H.",)
    assert np.isfinite(found.rstudent[:7]).all()


def test_results_are_stored_and_small_sets_refused() -> None:
    found = es.influence(es.meta_regression(TABLE, "dose"))
    for again in (es.from_json(es.to_json(found)), pickle.loads(pickle.dumps(found))):
        assert str(again) == str(found)
        pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())
    assert "doi:10.1002/jrsm.11" in found.method_sentence()
    with pytest.raises(NotEstimableError, match="needs at least 4 studies; there are 3"):
        es.influence(es.meta_regression(TABLE[:3], "dose"))
    with pytest.raises(OptionError):
        es.influence(es.meta_regression(TABLE, "dose", tau2=0.1))
    equal = es.influence(es.meta_regression(TABLE, "dose", model="equal", ci="z"))
    assert np.isnan(equal.tau2_deleted).all()
    assert np.isfinite(equal.cooks_distance).all()


def test_cumulative_wants_the_name_of_a_column() -> None:
    with pytest.raises(OptionError, match="Give the name of a column"):
        es.cumulative(es.pool(TABLE), TABLE["dose"])  # type: ignore[arg-type]
