"""What location-scale models hand on: a frozen result, and how it prints."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from evisynth.display import (
    format_estimate,
    format_number,
    format_p,
    format_percent,
    format_statistic,
)
from evisynth.errors import OptionError
from evisynth.stats import ScaleLink
from evisynth.synthesis.formula import Design
from evisynth.synthesis.joint_tests import HeterogeneityTest, words_of_test
from evisynth.synthesis.regression_results import coefficient_rows
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects import EffectEstimates

__all__ = ["LocationScale", "LocationScaleOptions", "ScaleTest"]

ScaleTest = Literal["t", "z", "HKSJ"]


@dataclass(frozen=True, slots=True)
class LocationScaleOptions:
    """How a location-scale model is fitted; checked when made.

    Attributes
    ----------
    method : {"REML", "ML"}
        Restricted or plain maximum likelihood.
    link : {"log", "identity"}
        What of tau² is linear in its moderators.
    ci : {"t", "z", "HKSJ"}
        t with k - p (mean) and k - q (variance) degrees of freedom; normal; or t with the
        Hartung-Knapp factor for the mean.
    level : float
        Confidence level.
    """

    method: Literal["REML", "ML"] = "REML"
    link: ScaleLink = "log"
    ci: ScaleTest = "t"
    level: float = 0.95

    def __post_init__(self) -> None:
        for option, allowed in (
            ("method", ("REML", "ML")), ("link", get_args(ScaleLink)), ("ci", get_args(ScaleTest)),
        ):  # fmt: skip
            if getattr(self, option) not in allowed:
                raise OptionError(option, getattr(self, option), allowed)
        if not (isinstance(self.level, float) and 0 < self.level < 1):
            raise OptionError("level", self.level, ["a number between 0 and 1, e.g. 0.95"])


@dataclass(frozen=True, slots=True, repr=False)
class LocationScale(Result):
    """A location-scale model: moderators of the mean effect and of the between-study variance.

    Attributes
    ----------
    effects : EffectEstimates
        What was fitted, rows left out included.
    options : LocationScaleOptions
        What was asked for.
    formula, scale_formula : str
        Moderators of the mean, and of tau².
    k : int
        Number of estimates fitted.
    terms : tuple of str
        Coefficients of the mean, shape (P,).
    coefficients, se, ci_lower, ci_upper, statistics, p_values : ndarray, shape (P,)
        Of the mean, on the pooled scale.
    covariance : ndarray, shape (P, P)
        Their covariance.
    df : float
        Degrees of freedom of their tests, infinite for z.
    scale_terms : tuple of str
        Coefficients of log tau² (identity link: of tau²), shape (Q,).
    scale_coefficients, scale_se, scale_ci_lower, scale_ci_upper : ndarray, shape (Q,)
        Their estimates; standard errors are NaN at a border (see `scale_reason`).
    scale_statistics, scale_p_values : ndarray, shape (Q,)
        Their tests.
    scale_covariance : ndarray, shape (Q, Q)
        Their covariance, from the observed information.
    scale_df : float
        Degrees of freedom of their tests.
    moderators, scale_moderators : HeterogeneityTest
        Wald tests of all coefficients but the intercept.
    scale_lrt : HeterogeneityTest
        Likelihood ratio test against a constant tau².
    tau2 : ndarray, shape (K,)
        Between-study variance of each row; NaN where not fitted.
    qe, qe_df, qe_p : float
        Test for residual heterogeneity.
    log_likelihood, aic, bic, aicc : float
        Of the (restricted) likelihood, with all constants.
    parameters : int
        Coefficients of both parts.
    left_out : tuple of str
        Labels of rows without an estimate or a moderator.
    rows : ndarray of bool, shape (K,)
        Rows fitted.
    design, scale_design : Design
        The designs over all rows, and how they are made of new data.
    converged : bool
        Whether a maximum was found.
    scale_reason : str
        Why standard errors of the scale coefficients are NaN, or ``""``.
    """

    effects: EffectEstimates
    options: LocationScaleOptions
    formula: str
    scale_formula: str
    k: int
    terms: tuple[str, ...]
    coefficients: NDArray[np.float64]
    se: NDArray[np.float64]
    ci_lower: NDArray[np.float64]
    ci_upper: NDArray[np.float64]
    statistics: NDArray[np.float64]
    p_values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    df: float
    scale_terms: tuple[str, ...]
    scale_coefficients: NDArray[np.float64]
    scale_se: NDArray[np.float64]
    scale_ci_lower: NDArray[np.float64]
    scale_ci_upper: NDArray[np.float64]
    scale_statistics: NDArray[np.float64]
    scale_p_values: NDArray[np.float64]
    scale_covariance: NDArray[np.float64]
    scale_df: float
    moderators: HeterogeneityTest
    scale_moderators: HeterogeneityTest
    scale_lrt: HeterogeneityTest
    tau2: NDArray[np.float64]
    qe: float
    qe_df: int
    qe_p: float
    log_likelihood: float
    aic: float
    bic: float
    aicc: float
    parameters: int
    left_out: tuple[str, ...]
    rows: NDArray[np.bool_]
    design: Design = field(compare=False)
    scale_design: Design = field(compare=False)
    converged: bool = True
    scale_reason: str = ""
    notes: tuple[str, ...] = ()

    def tau2_at(self, data: pd.DataFrame) -> NDArray[np.float64]:
        """Return the between-study variance at new values of its moderators, shape (M,)."""
        coding = self.scale_design.coding
        if coding is None:
            raise OptionError("new_data", "a table", ["left out"], hint="No formula was given.")
        linear = coding.matrix(data) @ self.scale_coefficients
        if self.options.link == "log":
            return np.asarray(np.exp(linear))
        return np.where(np.isnan(linear), np.nan, np.maximum(linear, 0.0))

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient, those of the mean first."""
        import pandas as pd

        names = ("coefficients", "se", "ci_lower", "ci_upper", "statistics", "p_values")
        parts = []
        for part, prefix, terms, df in (
            ("mean", "", self.terms, self.df),
            ("variance", "scale_", self.scale_terms, self.scale_df),
        ):
            columns = {"part": part, "term": list(terms)}
            numbers = {name: getattr(self, f"{prefix}{name}") for name in names}
            parts.append(pd.DataFrame({**columns, **numbers}).assign(df=df))
        return pd.concat(parts, ignore_index=True)

    def method_sentence(self) -> str:
        """Return one paragraph on what was done, with references and DOIs."""
        what = "log tau²" if self.options.link == "log" else "tau²"
        how = "restricted maximum" if self.options.method == "REML" else "maximum"
        tests = {
            "t": "the t distribution with k less the number of coefficients as degrees of freedom",
            "z": "the normal distribution",
            "HKSJ": "the t distribution, those of the mean with the factor of Knapp and Hartung "
            "(2003, doi:10.1002/sim.1482)",
        }[self.options.ci]
        return (
            f"Effect estimates were regressed on {self.formula or 'an intercept'} and {what} on "
            f"{self.scale_formula} in a location-scale model (Viechtbauer and López-López 2022, "
            f"doi:10.1002/jrsm.1562), fitted by {how} likelihood. Tests and "
            f"{self._level} limits use {tests}."
        )

    @property
    def _level(self) -> str:
        percent = 100 * self.options.level
        return format_percent(percent, 0 if abs(percent - round(percent)) < 1e-9 else 1)

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Location-scale model ({self.options.method}), k = {self.k}"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows, pooled scale."""
        test = "z" if math.isinf(self.df) else "t"
        rows = coefficient_rows(self, test, self._level)
        rows[0][0] = "Mean effect"
        rows.append([f"{'log tau²' if self.options.link == 'log' else 'tau²'}", "", "", "", ""])
        for place, term in enumerate(self.scale_terms):
            numbers = format_estimate(
                self.scale_coefficients[place],
                self.scale_ci_lower[place],
                self.scale_ci_upper[place],
                3,
            )
            rows.append(
                [
                    term,
                    numbers,
                    format_number(self.scale_se[place], 3),
                    format_statistic(self.scale_statistics[place]),
                    format_p(self.scale_p_values[place]),
                ]
            )
        return rows

    def summary_facts(self) -> tuple[str, ...]:
        """Return tests, heterogeneity and the likelihood."""
        lines = []
        for name, test in (
            ("Moderators of the mean", self.moderators),
            ("Moderators of tau²", self.scale_moderators),
            ("Against a constant tau² (likelihood ratio)", self.scale_lrt),
        ):
            if not math.isnan(test.statistic):
                lines.append(f"{name}: {words_of_test(test)}.")
        low, high = np.nanmin(self.tau2), np.nanmax(self.tau2)
        lines.append(f"tau² from {format_number(low, 3)} to {format_number(high, 3)}.")
        lines.append(
            f"Residual heterogeneity: Q = {format_statistic(self.qe)}, df = {self.qe_df}, "
            f"{format_p(self.qe_p, symbol=True)}."
        )
        lines.append(
            f"Log-likelihood {format_number(self.log_likelihood, 3)}, AIC "
            f"{format_number(self.aic)}, BIC {format_number(self.bic)}."
        )
        return tuple(lines)

    def summary_notes(self) -> tuple[str, ...]:
        """Return what a reader must know."""
        reason = (
            f"{self.scale_reason[0].upper()}{self.scale_reason[1:]}." if self.scale_reason else ""
        )
        return (*self.notes, reason) if reason else self.notes
