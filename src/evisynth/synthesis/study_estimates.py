"""What a model says of each study: shrunken effects, residuals; and its matrices and criteria."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from evisynth.display import format_percent
from evisynth.errors import OptionError
from evisynth.stats import (
    RegressionBatch,
    check_level,
    coefficient_form,
    fit_criteria,
    residuals_of,
    shrink,
    t_quantile,
)
from evisynth.synthesis.fitted import FittedModel, Modelled, as_model
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.regression_results import MetaRegression
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "FitStatistics",
    "ModelMatrices",
    "StudyEffects",
    "StudyResiduals",
    "fit_statistics",
    "model_matrices",
    "residuals",
    "study_effects",
]

DECIDES = 1 - 1e-9
"""Leverage from which a study alone decides a coefficient."""

ResidualType = Literal["marginal", "conditional"]


@dataclass(frozen=True, slots=True, repr=False)
class StudyEffects(Result):
    """The studies' effects shrunken towards the model (empirical Bayes; BLUPs), shape (k,).

    Attributes
    ----------
    fit : PooledFit or MetaRegression
        The fit.
    labels : tuple of str
        Studies.
    estimates, fitted : ndarray
        Their own estimates, and the fitted values of the model.
    effects, se, lower, upper : ndarray
        Shrunken effects with prediction limits, pooled scale.
    deviations, deviation_se, deviation_lower, deviation_upper : ndarray
        Predicted random effects: the shrunken effect less the fitted value.
    reliability : ndarray
        Weight of the own estimate, tau² / (tau² + variance).
    df : float
        Degrees of freedom of the limits, infinite for the normal distribution; NaN where each
        study has its own (Kenward-Roger with moderators).
    level : float
        Their level.
    """

    fit: PooledFit | MetaRegression
    labels: tuple[str, ...]
    estimates: Floats
    fitted: Floats
    effects: Floats
    se: Floats
    lower: Floats
    upper: Floats
    deviations: Floats
    deviation_se: Floats
    deviation_lower: Floats
    deviation_upper: Floats
    reliability: Floats
    df: float
    level: float
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a study."""
        import pandas as pd

        names = (
            "estimates", "fitted", "effects", "se", "lower", "upper", "reliability", "deviations",
            "deviation_se", "deviation_lower", "deviation_upper",
        )  # fmt: skip
        columns = {name: getattr(self, name) for name in names}
        return pd.DataFrame({"study": list(self.labels), **columns})

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        level = format_percent(100 * self.level, 0)
        return (
            "The studies' effects are best linear unbiased predictions at the estimated tau² "
            "(Raudenbush and Bryk 1985, doi:10.3102/10769986010002075; Robinson 1991, "
            f"doi:10.1214/ss/1177011926) with {level} prediction limits; the uncertainty of tau² "
            "is not in them."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Study effects shrunken towards the model, k = {len(self.labels)}"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows."""
        from evisynth.synthesis.result import frame_rows

        return frame_rows(self.to_frame().iloc[:, :8], self.level)


def study_effects(fit: Modelled, *, level: float | None = None) -> StudyEffects:
    """Return the effect of each study as the model predicts it: shrunken, with limits.

    Parameters
    ----------
    fit
        A pooled effect or a meta-regression, or what `pool` takes.
    level
        Level of the limits, by default that of the fit.

    Raises
    ------
    OptionError
        If the fit has weights of its own, for which there is no best prediction.

    Notes
    -----
    As metafor's ``blup`` and ``ranef``. In the equal-effects model every study has the fitted
    value.

    Examples
    --------
    >>> from evisynth.datasets import load
    >>> import evisynth as es
    >>> found = study_effects(es.pool(es.effects(load("bcg"), "RR"), ci="z"))
    >>> found.effects[:2].round(4), found.se[:2].round(4)
    (array([-0.8002, -1.2517]), array([0.4099, 0.3532]))
    """
    level = None if level is None else check_level(level)
    model = as_model(fit)
    if model.weights is not None:
        raise OptionError(
            "fit",
            "with weights of its own",
            ["a fit with inverse-variance weights"],
            hint="Best linear unbiased predictions belong to those weights.",
        )
    one = shrink(model.y, model.v, model.tau2, model.coefficients, model.covariance, model.x)
    alpha = model.options.level if level is None else level
    df = float(model.fit.df)
    half: Floats | float = float(t_quantile(df, alpha))
    if isinstance(model.fit, MetaRegression) and model.fit.inference is not None:
        own = [model.fit.inference.contrast_df(row) for row in model.x]
        half = t_quantile(np.array(own), alpha)
    return StudyEffects(
        fit=model.fit,
        labels=model.labels,
        estimates=model.y,
        fitted=one.fitted,
        effects=one.effect,
        se=one.se,
        lower=one.effect - half * one.se,
        upper=one.effect + half * one.se,
        deviations=one.deviation,
        deviation_se=one.deviation_se,
        deviation_lower=one.deviation - half * one.deviation_se,
        deviation_upper=one.deviation + half * one.deviation_se,
        reliability=one.reliability,
        df=df,
        level=alpha,
        notes=() if model.random else ("The equal-effects model has no effects of studies.",),
    )


@dataclass(frozen=True, slots=True, repr=False)
class StudyResiduals(Result):
    """Residuals of a fit, shape (k,).

    Attributes
    ----------
    fit : PooledFit or MetaRegression
        The fit.
    labels : tuple of str
        Studies.
    kind : {"marginal", "conditional"}
        Against the fitted values, or against the shrunken study effects.
    raw, pearson : ndarray
        Residual, and over √(tau² + variance).
    se, standardized : ndarray
        Its standard error, and the internally standardized residual.
    deleted, deleted_se, studentized : ndarray
        Residual against the model without the study, its standard error, and the externally
        standardized (studentized deleted) residual; NaN where there is none.
    hat, weights : ndarray
        Diagonal of the hat matrix; weights in percent.
    """

    fit: PooledFit | MetaRegression
    labels: tuple[str, ...]
    kind: ResidualType
    raw: Floats
    pearson: Floats
    se: Floats
    standardized: Floats
    deleted: Floats
    deleted_se: Floats
    studentized: Floats
    hat: Floats
    weights: Floats
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a study."""
        import pandas as pd

        names = (
            "raw", "pearson", "se", "standardized", "deleted", "deleted_se", "studentized", "hat",
            "weights",
        )  # fmt: skip
        columns = {name: getattr(self, name) for name in names}
        return pd.DataFrame({"study": list(self.labels), **columns})

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        against = "fitted values" if self.kind == "marginal" else "shrunken study effects"
        return (
            f"Residuals are those against the {against}, standardized internally and (by fitting "
            "the model without the study) externally, as in Viechtbauer and Cheung 2010 "
            "(doi:10.1002/jrsm.11)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"{self.kind.capitalize()} residuals, k = {len(self.labels)}"


def residuals(fit: Modelled, kind: str = "marginal") -> StudyResiduals:
    """Return the residuals of a fit: raw, Pearson's, internally and externally standardized.

    Parameters
    ----------
    fit
        A pooled effect or a meta-regression, or what `pool` takes.
    kind
        ``"marginal"``, or ``"conditional"``: against the shrunken effects of `study_effects`.

    Notes
    -----
    As metafor's ``rstandard`` and ``rstudent``: under Hartung and Knapp's factor, that of the fit
    without the study multiplies the variance of the deleted residual.

    Examples
    --------
    >>> from evisynth.datasets import load
    >>> import evisynth as es
    >>> found = residuals(es.pool(es.effects(load("bcg"), "RR"), ci="z"))
    >>> found.standardized[:2].round(3), found.studentized[:2].round(3)
    (array([-0.224, -1.263]), array([-0.218, -1.292]))
    """
    word: ResidualType = find_word("kind", kind, get_args(ResidualType))
    model = as_model(fit)
    one = residuals_of(model.y, model.v, model.tau2, model.coefficients, model.x, model.weights)
    raw, pearson, se = one.raw, one.pearson, one.se
    own = 1 / (model.v + model.tau2) if model.weights is None else model.weights
    notes: tuple[str, ...] = ()
    nan = np.full(len(raw), np.nan)
    deleted, deleted_se = nan, nan
    if word == "conditional":
        if model.weights is not None:
            raise OptionError("kind", kind, ["marginal"], hint="The fit has weights of its own.")
        left = model.v / (model.tau2 + model.v)
        raw, pearson, se = left * raw, left * pearson, left * se
    else:
        deleted, deleted_se, notes = _deleted(model)
    return StudyResiduals(
        fit=model.fit,
        labels=model.labels,
        kind=word,
        raw=raw,
        pearson=pearson,
        se=se,
        standardized=one.standardized,
        deleted=deleted,
        deleted_se=deleted_se,
        studentized=deleted / deleted_se,
        hat=one.hat,
        weights=100 * own / own.sum(),
        notes=notes,
    )


def _deleted(model: FittedModel) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return deleted residuals with their standard errors, and a note where there are none."""
    k = len(model.y)
    deleted, se = np.full(k, np.nan), np.full(k, np.nan)
    if k <= model.p + 1:
        return deleted, se, ("No externally standardized residuals: too few studies.",)
    q, _ = np.linalg.qr(model.x)
    rows = np.flatnonzero((q * q).sum(axis=1) < DECIDES)
    notes: tuple[str, ...] = ()
    if rows.size < k:
        alone = ", ".join(model.labels[row] for row in np.setdiff1d(np.arange(k), rows))
        notes = (
            f"A coefficient rests on one study alone, which has no deleted residual: {alone}.",
        )
    try:
        without = model.without_each(rows)
    except OptionError:
        return (
            deleted,
            se,
            ("No externally standardized residuals: the options do not carry over.",),
        )
    tau2 = np.where(np.isnan(without.tau2), 0.0, without.tau2)
    if isinstance(without, RegressionBatch):
        x = model.x[rows]
        predicted = np.einsum("kp,kp->k", x, without.coefficients)
        spread = np.einsum("kp,kpq,kq->k", x, without.covariance, x)
        factor = _factor(model, rows, without, tau2)
    else:
        predicted, spread = without.estimate, without.se**2
        factor = np.square(without.se / without.wald_se)
    deleted[rows] = model.y[rows] - predicted
    with np.errstate(invalid="ignore"):
        se[rows] = np.sqrt(factor * (model.v[rows] + tau2) + spread)
    return deleted, se, notes


def _factor(
    model: FittedModel, rows: NDArray[np.int64], without: RegressionBatch, tau2: Floats
) -> Floats:
    """Return Hartung and Knapp's factor of each fit, from the size of its covariance."""
    factor = np.empty(len(rows))
    for place, row in enumerate(rows):
        rest = np.arange(len(model.y)) != row
        root = 1 / np.sqrt(model.v[rest] + tau2[place])
        r = np.linalg.qr(root[:, None] * model.x[rest], mode="r")
        first = np.linalg.inv(r)[0]
        factor[place] = without.covariance[place, 0, 0] / float(first @ first)
    return factor


@dataclass(frozen=True, slots=True, repr=False)
class ModelMatrices(Result):
    """The matrices of a fitted model.

    Attributes
    ----------
    fit : PooledFit or MetaRegression
        The fit.
    labels : tuple of str
        Studies.
    weights : ndarray, shape (k, k)
        Weight matrix (diagonal).
    weights_percent : ndarray, shape (k,)
        Its diagonal in percent.
    coefficients : ndarray, shape (P, P)
        Covariance of the coefficients.
    marginal : ndarray, shape (k, k)
        Covariance of the estimates under the model, V + tau² I.
    hat : ndarray, shape (k, k)
        Hat matrix.
    residual : ndarray, shape (k, k)
        Covariance of the residuals.
    """

    fit: PooledFit | MetaRegression
    labels: tuple[str, ...]
    weights: Floats
    weights_percent: Floats
    coefficients: Floats
    marginal: Floats
    hat: Floats
    residual: Floats

    def to_frame(self) -> pd.DataFrame:
        """Return one row a study: weight, marginal and residual variance, hat value."""
        import pandas as pd

        return pd.DataFrame(
            {
                "study": list(self.labels),
                "weight_percent": self.weights_percent,
                "marginal_variance": np.diagonal(self.marginal),
                "residual_variance": np.diagonal(self.residual),
                "hat": np.diagonal(self.hat),
            }
        )

    def method_sentence(self) -> str:
        """Return what was done."""
        return (
            "Weights, hat matrix and covariances are those of (weighted) least squares at the "
            "estimated tau²."
        )


def model_matrices(fit: Modelled) -> ModelMatrices:
    """Return weight, hat and covariance matrices of a fit.

    Parameters
    ----------
    fit
        A pooled effect or a meta-regression, or what `pool` takes.

    Notes
    -----
    As metafor's ``weights(type="matrix")``, ``vcov`` and ``hatvalues(type="matrix")``. Weights of
    one's own are scaled to a mean of 1.

    Examples
    --------
    >>> from evisynth.datasets import load
    >>> import evisynth as es
    >>> found = model_matrices(es.effects(load("bcg"), "RR"))
    >>> found.weights_percent[:3].round(2)
    array([5.06, 6.36, 4.44])
    """
    model = as_model(fit)
    total = model.v + model.tau2
    own = 1 / total if model.weights is None else model.weights / model.weights.mean()
    hat = model.x @ coefficient_form(model.x, own)
    rest = np.eye(len(total)) - hat
    return ModelMatrices(
        fit=model.fit,
        labels=model.labels,
        weights=np.diag(own),
        weights_percent=100 * own / own.sum(),
        coefficients=model.covariance,
        marginal=np.diag(total),
        hat=hat,
        residual=(rest * total) @ rest.T,
    )


@dataclass(frozen=True, slots=True, repr=False)
class FitStatistics(Result):
    """Log-likelihood and information criteria of a fit, by ML and by REML.

    Attributes
    ----------
    fit : PooledFit or MetaRegression
        The fit; both are evaluated at its estimates.
    likelihoods : tuple of str
        ``("ML", "REML")``.
    log_likelihood, deviance, aic, bic, aicc : ndarray, shape (2,)
        Of each.
    parameters : int
        Number of estimated parameters, tau² included where it was estimated.
    """

    fit: PooledFit | MetaRegression
    likelihoods: tuple[str, str]
    log_likelihood: Floats
    deviance: Floats
    aic: Floats
    bic: Floats
    aicc: Floats
    parameters: int
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a likelihood."""
        import pandas as pd

        names = ("log_likelihood", "deviance", "aic", "bic", "aicc")
        columns = {name: getattr(self, name) for name in names}
        table = pd.DataFrame({"likelihood": list(self.likelihoods), **columns})
        return table.assign(parameters=self.parameters)

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "Information criteria are those of Akaike 1974 (doi:10.1109/TAC.1974.1100705), Schwarz "
            "1978 (doi:10.1214/aos/1176344136) and Hurvich and Tsai 1989 "
            "(doi:10.1093/biomet/76.2.297); by REML the number of observations is k less that of "
            "the coefficients."
        )


def fit_statistics(fit: Modelled) -> FitStatistics:
    """Return log-likelihood, deviance, AIC, BIC and AICc of a fit, by ML and by REML.

    Parameters
    ----------
    fit
        A pooled effect or a meta-regression, or what `pool` takes.

    Notes
    -----
    As metafor's ``fitstats``: both likelihoods at the estimates of the fit. Compare models with
    different moderators by ML only.

    Examples
    --------
    >>> from evisynth.datasets import load
    >>> import evisynth as es
    >>> found = fit_statistics(es.pool(es.effects(load("bcg"), "RR")))
    >>> found.log_likelihood.round(4), found.aic.round(4)
    (array([-12.6878, -12.2024]), array([29.3755, 28.4047]))
    """
    model = as_model(fit)
    both = [
        fit_criteria(
            model.y,
            model.v,
            model.tau2,
            design=model.design,
            restricted=restricted,
            coefficients=None if model.weights is None else model.coefficients,
            tau2_estimated=model.tau2_estimated,
        )
        for restricted in (False, True)
    ]

    def column(name: str) -> Floats:
        return np.array([float(getattr(one, name)[0]) for one in both])

    return FitStatistics(
        fit=model.fit,
        likelihoods=("ML", "REML"),
        log_likelihood=column("log_likelihood"),
        deviance=column("deviance"),
        aic=column("aic"),
        bic=column("bic"),
        aicc=column("aicc"),
        parameters=int(both[0].parameters[0]),
    )
