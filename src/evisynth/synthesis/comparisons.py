"""Comparison of fits to the same estimates: likelihood ratio test, information criteria, R²."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evisynth.display import format_number, format_percent
from evisynth.errors import DataError, OptionError
from evisynth.stats import (
    check_flag,
    chi2_tail,
    fit_location_scale,
    fit_multilevel,
    log_likelihood,
    regress_batch,
)
from evisynth.synthesis.counts_regression_results import CountRegression
from evisynth.synthesis.counts_results import CountFit
from evisynth.synthesis.further import needs_inverse_variance
from evisynth.synthesis.joint_tests import HeterogeneityTest, words_of_test
from evisynth.synthesis.location_scale_results import LocationScale
from evisynth.synthesis.multilevel_results import MultilevelFit
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.regression_results import MetaRegression
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["ModelComparison", "compare", "likelihood_ratio_test"]

Fit = PooledFit | MetaRegression | MultilevelFit | LocationScale | CountFit | CountRegression
KINDS = (PooledFit, MetaRegression, MultilevelFit, LocationScale, CountFit, CountRegression)
Method = Literal["ML", "REML"]

INSIDE = 1e-7
"""Share of a column's length that may lie outside another model's columns for it to be within."""


@dataclass(frozen=True, slots=True, repr=False)
class ModelComparison(Result):
    """Fits beside each other.

    Attributes
    ----------
    names : tuple of str
        Name of each model, shape (M,), in the order given.
    method : {"ML", "REML"}
        Likelihood compared.
    k : int
        Number of estimates.
    parameters : ndarray of int, shape (M,)
        Coefficients, variances and correlations estimated.
    log_likelihood, aic, bic, aicc : ndarray, shape (M,)
        With all constants.
    weights : ndarray, shape (M,)
        Akaike weights by AICc.
    tau2 : ndarray, shape (M,)
        Between-study variance; NaN where the model has not one alone.
    test : HeterogeneityTest
        Likelihood ratio test of two nested models; ``reason`` says where there is none.
    r2_change : float
        Share of tau² of the smaller model that the larger one explains, in percent; NaN where not
        defined.
    notes : tuple of str
        What a reader must know.
    """

    names: tuple[str, ...]
    method: Method
    k: int
    parameters: NDArray[np.int64]
    log_likelihood: NDArray[np.float64]
    aic: NDArray[np.float64]
    bic: NDArray[np.float64]
    aicc: NDArray[np.float64]
    weights: NDArray[np.float64]
    tau2: NDArray[np.float64]
    test: HeterogeneityTest
    r2_change: float
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a model."""
        import pandas as pd

        names = ("parameters", "log_likelihood", "aic", "bic", "aicc", "weights", "tau2")
        return pd.DataFrame(
            {"model": list(self.names), **{name: getattr(self, name) for name in names}}
        )

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        kind = "restricted" if self.method == "REML" else "maximized"
        return (
            f"Models were compared by their {kind} likelihoods: likelihood ratio test, and the "
            "information criteria of Akaike (1974, doi:10.1109/TAC.1974.1100705), Schwarz (1978, "
            "doi:10.1214/aos/1176344136) and Hurvich and Tsai (1989, "
            "doi:10.1093/biomet/76.2.297)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Comparison of models ({self.method}), k = {self.k}"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows."""
        rows = [["Model", "Parameters", "Log-likelihood", "AIC", "BIC", "AICc", "Weight", "tau²"]]
        for place, name in enumerate(self.names):
            rows.append(
                [
                    name,
                    str(int(self.parameters[place])),
                    format_number(self.log_likelihood[place], 3),
                    *(format_number(values[place]) for values in (self.aic, self.bic, self.aicc)),
                    format_percent(100 * self.weights[place]),
                    format_number(self.tau2[place], 3),
                ]
            )
        return rows

    def summary_facts(self) -> tuple[str, ...]:
        """Return the test and the change of R²."""
        if len(self.names) != 2:
            return ()
        lines = [f"Likelihood ratio: {self.test.reason or words_of_test(self.test)}."]
        if not math.isnan(self.r2_change):
            lines.append(f"tau² explained: {format_percent(self.r2_change, 1)}.")
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class _Model:
    """What a comparison needs of a fit."""

    name: str
    y: NDArray[np.float64]
    v: NDArray[np.float64]
    x: NDArray[np.float64]
    method: str
    likelihoods: dict[str, float]
    coefficients: int
    variances: int
    tau2: float
    family: str
    part: str


def compare(*fits: Fit, names: Sequence[str] | None = None, refit: bool = False) -> ModelComparison:
    """Compare fits to the same estimates (metafor's ``anova`` of two models, ``fitstats``).

    Parameters
    ----------
    *fits
        Two or more fits: `pool`, `meta_regression`, `multilevel`, `location_scale`, `glmm`.
    names
        Names of the models; by default their moderators or random effects.
    refit
        Fit all models by maximum likelihood first, so that models with different moderators (or
        with other estimators of tau²) can be compared; not for `glmm`, which is by maximum
        likelihood.

    Returns
    -------
    ModelComparison
        With the likelihood ratio test where there are two and one is nested in the other.

    Raises
    ------
    DataError
        If the fits are of different estimates or their likelihoods cannot be compared.
    OptionError
        If something is no fit with a likelihood.

    Notes
    -----
    Equal-effects models count as maximum likelihood, or as restricted beside REML fits. AIC and its
    kin of restricted likelihoods count k - p observations, as metafor does. A variance of 0 lies on
    the border of what is possible; the P value of a test for it is too large.

    References
    ----------
    See `ModelComparison.method_sentence`.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {
    ...         "yi": [0.1, 0.3, 0.8, 0.5, 0.9],
    ...         "vi": [0.02, 0.03, 0.05, 0.01, 0.04],
    ...         "dose": [0, 1, 2, 3, 4],
    ...     }
    ... )
    >>> found = es.compare(es.pool(table), es.meta_regression(table, "dose"), refit=True)
    >>> round(found.test.statistic, 4), found.test.df1
    (6.8718, 1.0)
    """
    refit = check_flag("refit", refit)
    if len(fits) < 2:
        raise OptionError("fits", f"{len(fits)} fit", ["two or more fits"])
    for fit in fits:
        if not isinstance(fit, KINDS):
            raise OptionError("fits", type(fit).__name__, [kind.__name__ for kind in KINDS])
    models = [_model(fit, refit) for fit in fits]
    if names is not None:
        if len(names) != len(fits):
            raise OptionError("names", list(names), [f"{len(fits)} names"])
        shown = tuple(str(name) for name in names)
    else:
        shown = _distinct([model.name for model in models])
    _same_estimates(models)
    method = _common_method(models)
    heights = np.array([model.likelihoods[method] for model in models])
    count = np.array([model.coefficients + model.variances for model in models])
    k = len(models[0].y)
    n = np.array([k - model.coefficients if method == "REML" else k for model in models], float)
    least = np.maximum(n, count + 2)
    aicc = -2 * heights + 2 * count * least / (least - count - 1)
    weights = np.exp(-0.5 * (aicc - np.nanmin(aicc)))
    tau2 = np.array([model.tau2 for model in models])
    test, change, notes = _two(models, heights, count) if len(models) == 2 else (
        _no_test("there are more than two models"), float("nan"), ()
    )  # fmt: skip
    return ModelComparison(
        names=shown,
        method=method,
        k=k,
        parameters=count.astype(np.int64),
        log_likelihood=heights,
        aic=-2 * heights + 2 * count,
        bic=-2 * heights + count * np.log(n),
        aicc=aicc,
        weights=weights / np.nansum(weights),
        tau2=tau2,
        test=test,
        r2_change=change,
        notes=notes,
    )


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    if len(set(names)) == len(names):
        return tuple(names)
    return tuple(f"{number}: {name}" for number, name in enumerate(names, start=1))


def _model(fit: Fit, refit: bool) -> _Model:
    if isinstance(fit, MultilevelFit):
        return _of_multilevel(fit, refit)
    if isinstance(fit, LocationScale):
        return _of_location_scale(fit, refit)
    if isinstance(fit, CountFit):
        return _of_counts(fit)
    if isinstance(fit, CountRegression):
        return _of_count_regression(fit)
    return _of_regression(fit, refit)


def _of_regression(fit: PooledFit | MetaRegression, refit: bool) -> _Model:
    """Return a pooled effect or meta-regression, its likelihood taken at its own tau²."""
    effects = fit.effects
    needs_inverse_variance(fit.options, "comparison of models")
    if isinstance(fit, PooledFit):
        rows, name = effects.estimable, "no moderators"
        x = np.ones((int(rows.sum()), 1))
    else:
        if fit.design is None:
            raise DataError("the fit does not hold its design, so its likelihood is not known")
        rows, name = fit.rows, fit.formula
        x = fit.design.matrix[rows]
    y, v = effects.estimates[rows], effects.variances[rows]
    equal = fit.options.model == "equal"
    method = "equal" if equal else str(fit.options.tau2)
    tau2 = 0.0 if equal else fit.tau2
    if refit and not equal and method != "ML":
        method = "ML"
        if len(y) > x.shape[1]:
            tau2 = float(regress_batch(y, v, x, tau2="ML", ci="z").tau2[0])
    likelihoods = {
        word: float(log_likelihood(y, v, tau2, design=x, restricted=word == "REML")[0])
        for word in ("ML", "REML")
        if math.isfinite(tau2)
    }
    if equal:
        name = f"{name} (equal effects)"
    return _Model(
        name, y, v, x, method, likelihoods, x.shape[1], int(not equal and method != "given"),
        float("nan") if equal else tau2, "normal", "",
    )  # fmt: skip


def _of_multilevel(fit: MultilevelFit, refit: bool) -> _Model:
    model, method = fit.model, fit.options.method
    if refit and method == "REML":
        model = fit_multilevel(
            model.estimates, model.errors, model.design, model.components, restricted=False
        )
        method = "ML"
    name = " + ".join(fit.options.random) or "no random effects"
    if fit.formula:
        name = f"{fit.formula}; {name}"
    single = len(model.values) == 1 and model.values[0].shape == (1, 1)
    tau2 = float(model.values[0][0, 0]) if single else float("nan")
    return _Model(
        name, model.estimates, model.errors.variances, model.design, method,
        {method: model.log_likelihood}, model.design.shape[1], model.parameters, tau2,
        "normal", " + ".join(fit.options.random),
    )  # fmt: skip


def _of_location_scale(fit: LocationScale, refit: bool) -> _Model:
    rows, method = fit.rows, fit.options.method
    y, v = fit.effects.estimates[rows], fit.effects.variances[rows]
    x, z = fit.design.matrix[rows], fit.scale_design.matrix[rows]
    height = fit.log_likelihood
    if refit and method == "REML":
        height = fit_location_scale(
            y, v, x, z, link=fit.options.link, restricted=False
        ).log_likelihood
        method = "ML"
    name = f"{fit.formula}; tau² on {fit.scale_formula}"
    return _Model(
        name, y, v, x, method, {method: height}, x.shape[1], z.shape[1], float("nan"), "normal",
        f"tau² on {fit.scale_formula}",
    )  # fmt: skip


def _of_counts(fit: CountFit) -> _Model:
    if math.isnan(fit.log_likelihood):
        raise DataError(f"{fit.method}: {fit.reason or 'the method has no likelihood; use glmm'}")
    data = fit.effects
    here = data.estimable
    variances = int(not math.isnan(fit.tau2)) + int(not math.isnan(fit.sigma2))
    family = fit.words.split(", ", 1)[-1]
    return _Model(
        fit.words, data.estimates[here], data.variances[here], np.ones((int(here.sum()), 1)), "ML",
        {"ML": fit.log_likelihood}, fit.parameters - variances, variances,
        fit.tau2, f"counts, {data.measure}, {family}", "",
    )  # fmt: skip


def _of_count_regression(fit: CountRegression) -> _Model:
    """Return a model of counts with moderators."""
    if fit.reason:
        raise DataError(f"the fit has no likelihood: {fit.reason}")
    data, rows = fit.effects, fit.rows
    variances = int(not math.isnan(fit.tau2)) + int(not math.isnan(fit.sigma2))
    family = fit.words.split(", ", 1)[-1]
    return _Model(
        f"{fit.words}, on {fit.formula}", data.estimates[rows], data.variances[rows],
        fit.design.matrix[rows], "ML", {"ML": fit.log_likelihood}, fit.parameters - variances,
        variances, fit.tau2, f"counts, {data.measure}, {family}", "",
    )  # fmt: skip


def _same_estimates(models: Sequence[_Model]) -> None:
    first = models[0]
    for model in models[1:]:
        if (
            model.y.shape != first.y.shape
            or not np.array_equal(model.y, first.y)
            or not np.array_equal(model.v, first.v)
        ):
            raise DataError(
                "the models were fitted to different estimates "
                f"(k = {len(first.y)} and {len(model.y)}): rows without a moderator are left out "
                "of a fit; fit both to the rows that have all moderators"
            )
        if model.family != first.family:
            raise DataError(
                f"the models have likelihoods of different data ({first.family}; {model.family}), "
                "which cannot be compared"
            )


def _common_method(models: Sequence[_Model]) -> Method:
    """Return the likelihood to be compared, or say why there is none."""
    other = [model for model in models if model.method not in ("ML", "REML", "equal")]
    if other:
        raise DataError(
            f"tau² was estimated by {other[0].method}, which does not maximize a likelihood; fit "
            'with tau2="ML" or "REML", or compare(..., refit=True)'
        )
    words = {model.method for model in models} - {"equal"}
    if words == {"ML", "REML"}:
        raise DataError(
            "the models were fitted by different methods (REML and ML); fit them by one, or "
            "compare(..., refit=True)"
        )
    method: Method = "REML" if words == {"REML"} else "ML"
    if method == "REML":
        first = models[0]
        for model in models[1:]:
            if not (_within(model.x, first.x) and _within(first.x, model.x)):
                raise DataError(
                    "restricted likelihoods of models with different moderators cannot be "
                    'compared; fit both with tau2="ML" (multilevel, location_scale: method="ML"), '
                    "or compare(..., refit=True)"
                )
    return method


def _within(small: NDArray[np.float64], large: NDArray[np.float64]) -> bool:
    """Tell whether the columns of one design are combinations of those of another."""
    scaled = large / np.linalg.norm(large, axis=0)
    rest = small - scaled @ np.linalg.lstsq(scaled, small, rcond=None)[0]
    return bool((np.linalg.norm(rest, axis=0) <= INSIDE * np.linalg.norm(small, axis=0)).all())


def _no_test(reason: str) -> HeterogeneityTest:
    nan = float("nan")
    return HeterogeneityTest(nan, "chi2", nan, nan, nan, "likelihood ratio", reason)


def _two(
    models: Sequence[_Model],
    heights: NDArray[np.float64],
    count: NDArray[np.int64],
) -> tuple[HeterogeneityTest, float, tuple[str, ...]]:
    """Return the likelihood ratio test of two models, R² and notes."""
    nan = float("nan")
    order = [1, 0] if count[0] > count[1] else [0, 1]
    small, large = (models[place] for place in order)
    df = int(abs(count[0] - count[1]))
    change = nan
    nested = _within(small.x, large.x) and small.variances <= large.variances
    if nested and small.variances == large.variances and small.tau2 > 0 and large.tau2 >= 0:
        change = max(0.0, 100 * (small.tau2 - large.tau2) / small.tau2)
    if df == 0:
        return _no_test("both models have the same number of parameters"), change, ()
    if not nested:
        return _no_test("neither model is nested in the other; compare the criteria"), nan, ()
    notes: tuple[str, ...] = ()
    if small.variances != large.variances:
        notes = (
            "The models differ in variances: where one of them is 0 in the smaller model, that is "
            "the border of what is possible and the P value is too large.",
        )
        if small.part and small.part not in large.part:
            notes += (
                f"Whether the random effects {small.part} are nested in {large.part} cannot be "
                "told from the fits; the test holds only if they are.",
            )
    statistic = max(0.0, 2 * float(heights[order[1]] - heights[order[0]]))
    test = HeterogeneityTest(
        statistic, "chi2", float(df), math.inf, float(chi2_tail(statistic, df)),
        "likelihood ratio",
    )  # fmt: skip
    return test, change, notes


def likelihood_ratio_test(reduced: Any, full: Any) -> HeterogeneityTest:
    """Compare two nested models by their likelihoods (see `compare`, which gives more).

    Parameters
    ----------
    reduced, full
        Fits to the same rows by the same method; under REML with the same moderators.

    Raises
    ------
    DataError
        If the fits cannot be compared, or are in the wrong order.

    Notes
    -----
    A variance of 0 lies on the border of what is possible; the P value is then too large.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {
    ...         "study": list("AABBCCD"),
    ...         "row": range(7),
    ...         "yi": [0.1, 0.3, 0.8, 0.5, 0.9, 1.0, 0.2],
    ...         "vi": [0.02, 0.03, 0.05, 0.01, 0.04, 0.02, 0.03],
    ...     }
    ... )
    >>> test = likelihood_ratio_test(es.multilevel(table, "row"), es.multilevel(table, "study/row"))
    >>> round(test.statistic, 3), test.df1
    (3.453, 1.0)
    """
    found = compare(reduced, full)
    if found.parameters[1] <= found.parameters[0]:
        raise DataError("the full model must have more parameters than the reduced one")
    if found.test.reason:
        raise DataError(found.test.reason)
    return found.test
