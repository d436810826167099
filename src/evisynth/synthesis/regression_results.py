"""A meta-regression, and how it prints."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.display import (
    format_estimate,
    format_number,
    format_p,
    format_percent,
    format_statistic,
)
from evisynth.stats import KenwardRogerCovariance
from evisynth.synthesis.formula import Design
from evisynth.synthesis.joint_tests import HeterogeneityTest, words_of_test
from evisynth.synthesis.options import FitOptions
from evisynth.synthesis.result import Result
from evisynth.synthesis.words import level_words, regression_sentences

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects import EffectEstimates

__all__ = ["MetaRegression", "coefficient_rows"]


@dataclass(frozen=True, slots=True, repr=False)
class MetaRegression(Result):
    """A mixed-effects meta-regression.

    Attributes
    ----------
    terms : tuple of str
        Name of each coefficient, shape (P,); ``"intercept"`` first when there is one.
    coefficients, se, ci_lower, ci_upper, statistics, p_values : ndarray, shape (P,)
        Estimates on the pooled scale.
    covariance : ndarray, shape (P, P)
        Covariance of the coefficients.
    df : float
        Degrees of freedom of the t tests, infinite for z; NaN with Kenward and Roger's, where each
        coefficient has its own (`dfs`).
    qe, qe_df, qe_p : float
        Test for residual heterogeneity.
    moderators : HeterogeneityTest
        Omnibus test of all coefficients but the intercept.
    tau2, tau2_lower, tau2_upper : float
        Residual between-study variance, Q-profile limits.
    i2, h2, r2 : float
        Residual I² in percent, H², and the share of tau² explained, in percent.
    left_out : tuple of str
        Labels of rows without a value of a moderator or without an estimate.
    reference_levels : dict of str to str
        The level that the coefficients of each category compare with.
    safeguard_applied : bool
        Whether the safeguard replaced the Hartung-Knapp tests (all coefficients at once).
    tau2_reason : str
        Why tau² or its limits are NaN, or ``""``.
    design : Design or None
        The design over all rows, and how it is made of new data.
    own_weights : ndarray or None, shape (k,)
        Weights of one's own of the rows fitted.
    inference : KenwardRogerCovariance or None
        What Kenward and Roger's tests of other combinations need.
    """

    effects: EffectEstimates
    options: FitOptions
    formula: str
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
    qe: float
    qe_df: int
    qe_p: float
    moderators: HeterogeneityTest
    tau2: float
    tau2_lower: float
    tau2_upper: float
    i2: float
    h2: float
    r2: float
    left_out: tuple[str, ...]
    notes: tuple[str, ...] = ()
    reference_levels: dict[str, str] = field(default_factory=dict)
    safeguard_applied: bool = False
    tau2_reason: str = ""
    design: Design | None = field(default=None, compare=False)
    own_weights: NDArray[np.float64] | None = field(default=None, compare=False)
    inference: KenwardRogerCovariance | None = field(default=None, compare=False)

    @property
    def dfs(self) -> NDArray[np.float64]:
        """Degrees of freedom of each coefficient's test, shape (P,)."""
        if self.inference is not None:
            return self.inference.df
        return np.full(len(self.terms), self.df)

    @property
    def rows(self) -> NDArray[np.bool_]:
        """Which rows of the effect estimates were fitted, shape (K,)."""
        here = np.array([label not in set(self.left_out) for label in self.effects.labels])
        return np.asarray(here, dtype=np.bool_)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient."""
        import pandas as pd

        names = ("coefficients", "se", "ci_lower", "ci_upper", "statistics", "p_values")
        columns = {"term": list(self.terms), **{name: getattr(self, name) for name in names}}
        return pd.DataFrame(columns).assign(df=self.dfs)

    def method_sentence(self) -> str:
        """Return one paragraph on what was done, with references and DOIs."""
        return regression_sentences(self.options, self.formula)

    def title(self) -> str:
        """Return the first line of the summary."""
        kind = "Mixed-effects" if self.options.model == "random" else "Fixed-effects"
        return f"{kind} meta-regression on {self.formula}, k = {self.k}"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows, pooled scale."""
        if self.inference is not None:
            head, *rows = coefficient_rows(self, "t", level_words(self.options))
            head.insert(3, "df")
            for row, df in zip(rows, self.dfs, strict=True):
                row.insert(3, format_number(float(df), 1))
            return [head, *rows]
        test = "z" if math.isinf(self.df) else f"t({format_number(self.df, 0)})"
        return coefficient_rows(self, test, level_words(self.options))

    def summary_facts(self) -> tuple[str, ...]:
        """Return the omnibus test, heterogeneity, and who was left out."""
        lines = []
        if not math.isnan(self.moderators.statistic):
            lines.append(f"Moderators: {words_of_test(self.moderators)}.")
        if not math.isnan(self.tau2):
            limits = format_estimate(self.tau2, self.tau2_lower, self.tau2_upper, 3)
            text = f"Residual tau² {limits} ({self.options.tau2}), I² {format_percent(self.i2, 1)}"
            text += "" if math.isnan(self.r2) else f", R² {format_percent(self.r2, 1)}"
            lines.append(f"{text}.")
        lines.append(
            f"Residual heterogeneity: Q = {format_statistic(self.qe)}, df = {self.qe_df}, "
            f"{format_p(self.qe_p, symbol=True)}."
        )
        if self.left_out:
            lines.append(f"Left out: {', '.join(self.left_out)}.")
        return tuple(lines)


def coefficient_rows(fit: Any, test: str, level: str) -> list[list[str]]:
    """Return coefficients with limits and tests as cells."""
    rows = [["Coefficient", f"[{level} CI]", "SE", test, "P"]]
    for place, term in enumerate(fit.terms):
        rows.append(
            [
                term,
                format_estimate(
                    fit.coefficients[place], fit.ci_lower[place], fit.ci_upper[place], 3
                ),
                format_number(fit.se[place], 3),
                format_statistic(fit.statistics[place]),
                format_p(fit.p_values[place]),
            ]
        )
    return rows
