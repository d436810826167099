"""A pooled effect or a meta-regression as one linear model: what analyses of both take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, Union, cast

import numpy as np

from evisynth.effects import EffectEstimates, is_tabular
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import PooledBatch, RegressionBatch, pool_batch, regress_batch
from evisynth.synthesis.fitting import pool
from evisynth.synthesis.options import ALLOWED, FitOptions, FurtherOptions
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.regression_results import MetaRegression

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["FittedModel", "Modelled", "as_model"]

Modelled: TypeAlias = Union[PooledFit, MetaRegression, EffectEstimates, "pd.DataFrame"]
"""A fit with or without moderators, or what `pool` makes one of with its defaults."""


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A fitted model over its rows.

    Attributes
    ----------
    fit : PooledFit or MetaRegression
        Where it comes from.
    labels : tuple of str
        Of the k rows fitted.
    y, v : ndarray, shape (k,)
        Estimates and variances.
    design : ndarray or None, shape (k, P)
        None for an intercept only.
    tau2 : float
        0 in the equal-effects model.
    coefficients, covariance : ndarray, shape (P,), (P, P)
        With the factor of Hartung and Knapp where used.
    weights : ndarray or None, shape (k,)
        Weights of one's own.
    q, q_df : float, int
        Cochran's Q or its residual form.
    """

    fit: PooledFit | MetaRegression
    labels: tuple[str, ...]
    y: Floats
    v: Floats
    design: Floats | None
    tau2: float
    coefficients: Floats
    covariance: Floats
    weights: Floats | None
    q: float
    q_df: int

    @property
    def options(self) -> FitOptions:
        """Options of the fit."""
        return self.fit.options

    @property
    def random(self) -> bool:
        """Whether the model has a between-study variance."""
        return self.options.model == "random"

    @property
    def estimator(self) -> str:
        """Word for the estimator of tau², ``"given"`` included."""
        return self.options.tau2

    @property
    def x(self) -> Floats:
        """Design, with the column of ones of an intercept where there is none other."""
        return np.ones((len(self.y), 1)) if self.design is None else self.design

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return len(self.coefficients)

    @property
    def tau2_estimated(self) -> bool:
        """Whether tau² is a parameter that was estimated."""
        return self.random and self.estimator != "given"

    def without_each(self, rows: NDArray[np.int64]) -> PooledBatch | RegressionBatch:
        """Fit the model without each of some rows in turn.

        Raises
        ------
        OptionError
            If the fit has weights of its own or Kenward-Roger's interval.
        """
        k, size = len(self.y), len(rows)
        tau2: Any = self.options.tau2
        if self.estimator == "given":
            tau2 = np.full(size, self.tau2)
        own_words = isinstance(self.options, FurtherOptions)
        common = self.options.ci in ALLOWED["ci"]
        common = common and (tau2 in ALLOWED["tau2"] if isinstance(tau2, str) else True)
        if self.weights is not None or (own_words and not common):
            raise OptionError(
                "fit",
                "with weights of its own or Kenward-Roger's interval",
                ["a fit with inverse-variance weights and another interval"],
                hint="Leaving rows out fits the model anew; pool again without them.",
            )
        settings: dict[str, Any] = {
            "model": self.options.model,
            "tau2": tau2,
            "ci": self.options.ci,
            "safeguard": self.options.safeguard,
            "level": self.options.level,
        }
        y, v = np.broadcast_to(self.y, (size, k)), np.broadcast_to(self.v, (size, k))
        rest = np.arange(k) != rows[:, None]
        if self.design is None:
            return pool_batch(y, v, rest, **settings)
        return regress_batch(y, v, self.design, rest, **settings)


def as_model(given: Modelled) -> FittedModel:
    """Return the linear model of a fit; pool effect estimates or a table with the defaults first.

    Raises
    ------
    OptionError
        If something else is given.
    NotEstimableError
        If the fit does not know its design.
    """
    if isinstance(given, MetaRegression):
        return _of_regression(given)
    if isinstance(given, PooledFit):
        return _of_pooled(given)
    if isinstance(given, EffectEstimates) or is_tabular(given):
        return _of_pooled(pool(given))
    raise OptionError(
        "fit",
        type(given).__name__,
        ["a fit (evisynth.pool, evisynth.meta_regression)", "EffectEstimates", "pandas DataFrame"],
    )


def _of_pooled(fit: PooledFit) -> FittedModel:
    here = fit.effects.estimable
    own = isinstance(fit.options, FurtherOptions) and fit.options.weighting != "inverse variance"
    return FittedModel(
        fit=fit,
        labels=tuple(label for label, good in zip(fit.effects.labels, here, strict=True) if good),
        y=fit.effects.estimates[here],
        v=fit.effects.variances[here],
        design=None,
        tau2=0.0 if np.isnan(fit.tau2) else fit.tau2,
        coefficients=np.array([fit.estimate]),
        covariance=np.array([[fit.se**2]]),
        weights=fit.weights[here] if own else None,
        q=fit.q,
        q_df=fit.q_df,
    )


def _of_regression(fit: MetaRegression) -> FittedModel:
    if fit.design is None:
        raise NotEstimableError(
            "this meta-regression does not hold its design (it was made by hand); fit it by "
            "evisynth.meta_regression"
        )
    here = fit.effects.estimable & fit.design.complete
    labels = tuple(label for label, good in zip(fit.effects.labels, here, strict=True) if good)
    return FittedModel(
        fit=fit,
        labels=labels,
        y=fit.effects.estimates[here],
        v=fit.effects.variances[here],
        design=cast(Any, fit.design.matrix[here]),
        tau2=0.0 if np.isnan(fit.tau2) else fit.tau2,
        coefficients=fit.coefficients,
        covariance=fit.covariance,
        weights=fit.own_weights,
        q=fit.qe,
        q_df=fit.qe_df,
    )
