"""What every fit with coefficients has in common: predictions and contrasts start from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import KenwardRogerCovariance, RobustCovariance
from evisynth.synthesis.counts_regression_results import CountRegression
from evisynth.synthesis.counts_results import CountFit
from evisynth.synthesis.location_scale_results import LocationScale
from evisynth.synthesis.multilevel_results import MultilevelFit
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.regression_results import MetaRegression
from evisynth.synthesis.robust_results import RobustFit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.effects import EffectEstimates
    from evisynth.synthesis.formula import Design

__all__ = ["FITS", "LinearFit", "linear_fit"]

FITS = (
    PooledFit, MetaRegression, MultilevelFit, RobustFit, CountFit, CountRegression, LocationScale,
)  # fmt: skip
"""Types of fits that have coefficients with a covariance."""


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Coefficients of any fit.

    Attributes
    ----------
    effects : EffectEstimates
        What was fitted.
    terms : tuple of str
        Names of the coefficients, shape (P,).
    coefficients, covariance : ndarray, shape (P,), (P, P)
        On the pooled scale.
    df : float
        Degrees of freedom of the tests; infinite for z, NaN where each combination has its own.
    level : float
        Confidence level of the fit.
    design : Design or None
        Design over all rows; None for a mean alone.
    rows : ndarray of bool, shape (K,)
        Rows fitted.
    k : int
        Number of estimates.
    sentence : str
        What was done.
    inference : RobustCovariance, KenwardRogerCovariance or None
        Where each combination has degrees of freedom of its own.
    """

    effects: EffectEstimates
    terms: tuple[str, ...]
    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    df: float
    level: float
    design: Design | None
    rows: NDArray[np.bool_]
    k: int
    sentence: str
    inference: RobustCovariance | KenwardRogerCovariance | None = None

    @property
    def null(self) -> float:
        """Value of no effect of the pooled effect, where the model is a mean alone; else 0."""
        return self.effects.scale.null if self.terms == ("intercept",) else 0.0

    def df_of(self, combinations: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return degrees of freedom of combinations of coefficients, shape (Q, P) to (Q,)."""
        if self.inference is None:
            return np.full(len(combinations), self.df)
        found = np.full(len(combinations), np.nan)
        for place, row in enumerate(combinations):
            if np.isfinite(row).all() and row.any():
                found[place] = self.inference.contrast_df(row)
        return found


def linear_fit(fit: Any, option: str = "fit") -> LinearFit:
    """Return the coefficients of a fit of any kind.

    Raises
    ------
    OptionError
        If it is no fit with coefficients.
    NotEstimableError
        If the fit has no estimate.
    """
    if isinstance(fit, PooledFit):
        return LinearFit(
            fit.effects, ("intercept",), np.array([fit.estimate]), np.array([[fit.se**2]]), fit.df,
            fit.options.level, None, fit.effects.estimable, fit.k, fit.method_sentence(),
        )  # fmt: skip
    if isinstance(fit, CountFit):
        if fit.reason:
            raise NotEstimableError(f"the fit has no estimate: {fit.reason}")
        return LinearFit(
            fit.effects, ("intercept",), np.array([fit.estimate]), np.array([[fit.se**2]]), fit.df,
            fit.level, None, fit.effects.estimable, fit.k, fit.method_sentence(),
        )  # fmt: skip
    if isinstance(fit, CountRegression):
        if fit.reason:
            raise NotEstimableError(f"the fit has no estimate: {fit.reason}")
        return LinearFit(
            fit.effects, fit.terms, fit.coefficients, fit.covariance, fit.df, fit.level, fit.design,
            fit.rows, fit.k, fit.method_sentence(),
        )  # fmt: skip
    if isinstance(fit, RobustFit):
        own = fit.df_method == "Satterthwaite"
        rows = fit.effects.estimable
        if fit.design is not None:
            rows = rows & fit.design.complete
        return LinearFit(
            fit.effects, fit.terms, fit.coefficients, fit.covariance,
            float("nan") if own else float(fit.df[0]), fit.level, fit.design,
            rows, fit.k, fit.method_sentence(), fit.inference if own else None,
        )  # fmt: skip
    if isinstance(fit, (MetaRegression, MultilevelFit, LocationScale)):
        return LinearFit(
            fit.effects, fit.terms, fit.coefficients, fit.covariance, fit.df, fit.options.level,
            fit.design, fit.rows, fit.k, fit.method_sentence(),
            fit.inference if isinstance(fit, MetaRegression) else None,
        )  # fmt: skip
    raise OptionError(option, type(fit).__name__, [kind.__name__ for kind in FITS])
