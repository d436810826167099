"""What models of counts with moderators hand on: a frozen result, and how it prints."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from evisynth.display import (
    format_number,
    format_p,
    format_percent,
    format_statistic,
    plural,
)
from evisynth.synthesis.counts_results import NamedTest
from evisynth.synthesis.formula import Design
from evisynth.synthesis.joint_tests import HeterogeneityTest, words_of_test
from evisynth.synthesis.regression_results import coefficient_rows
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects import EffectEstimates

__all__ = ["CountRegression"]


@dataclass(frozen=True, slots=True, repr=False)
class CountRegression(Result):
    """A generalized linear (mixed) model of counts with moderators.

    Attributes
    ----------
    effects : EffectEstimates
        The studies' own estimates; the model does not rest on them. ``data`` holds the rows.
    model : {"equal", "random"}
        Whether effects differ beyond their moderators.
    likelihood : str
        ``"UM.FS"``, ``"UM.RS"``, ``"CM.EL"``, ``"CM.AL"``, or ``""`` for single groups.
    formula, words, sentence : str
        Moderators; the method in words; a paragraph on what was done, with references.
    k : int
        Number of studies used.
    terms : tuple of str
        Name of each coefficient, shape (P,); ``"intercept"`` first where there is one.
    coefficients, se, ci_lower, ci_upper, statistics, p_values : ndarray, shape (P,)
        On the pooled scale (log for ratios and rates, logit for proportions), per unit of the
        moderator or against the reference level; NaN with a `reason` where there is no maximum.
    covariance : ndarray, shape (P, P)
        Covariance of the coefficients.
    df : float
        Degrees of freedom of their tests, infinite for z.
    level : float
        Level of the limits.
    moderators : HeterogeneityTest
        Omnibus Wald test of all coefficients but the intercept (F under t).
    tau2, i2, h2 : float
        Residual between-study variance; residual I² in percent and H² with the typical variance of
        the studies' own estimates. NaN in equal-effects models.
    sigma2, study_mean, study_mean_se : float
        Variance and mean of the study effects where those are random, else NaN.
    tests : tuple of NamedTest
        ``"LRT"`` and ``"Wald"`` for residual heterogeneity, against the saturated model.
    log_likelihood : float
        Of the fitted model, with all constants.
    parameters : int
        Number of parameters behind the likelihood.
    left_out : tuple of str
        Labels of rows without usable counts or a moderator.
    rows : ndarray of bool, shape (K,)
        Rows fitted.
    reference_levels : dict of str to str
        The level that the coefficients of each category compare with.
    design : Design
        The design over all rows, and how it is made of new data.
    reason : str
        Why there are no estimates, or ``""``.
    notes : tuple of str
        What a reader must know.
    """

    effects: EffectEstimates
    model: Literal["equal", "random"]
    likelihood: str
    formula: str
    words: str
    sentence: str
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
    level: float
    moderators: HeterogeneityTest
    tau2: float
    i2: float
    h2: float
    sigma2: float
    study_mean: float
    study_mean_se: float
    tests: tuple[NamedTest, ...]
    log_likelihood: float
    parameters: int
    left_out: tuple[str, ...]
    rows: NDArray[np.bool_]
    reference_levels: dict[str, str]
    design: Design = field(compare=False)
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * self.parameters - 2 * self.log_likelihood

    def test(self, name: str) -> NamedTest:
        """Return a test for residual heterogeneity by its name, ``"LRT"`` or ``"Wald"``.

        Raises
        ------
        KeyError
            If there is no such test; the message names those there are.
        """
        for found in self.tests:
            if found.name == name:
                return found
        raise KeyError(f"{name!r}; this fit has {', '.join(test.name for test in self.tests)}")

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient."""
        import pandas as pd

        names = ("coefficients", "se", "ci_lower", "ci_upper", "statistics", "p_values")
        columns = {"term": list(self.terms), **{name: getattr(self, name) for name in names}}
        return pd.DataFrame(columns).assign(df=self.df)

    def test_frame(self) -> pd.DataFrame:
        """Return the tests for residual heterogeneity, one row each."""
        import pandas as pd

        return pd.concat([test.to_frame() for test in self.tests], ignore_index=True)

    def method_sentence(self) -> str:
        """Return one paragraph on what was done, with references and DOIs."""
        return self.sentence

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"{self.words[0].upper()}{self.words[1:]}, on {self.formula}, k = {self.k}"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows, pooled scale."""
        test = "z" if math.isinf(self.df) else f"t({format_number(self.df, 0)})"
        percent = 100 * self.level
        whole = abs(percent - round(percent)) < 1e-9
        return coefficient_rows(self, test, format_percent(percent, 0 if whole else 1))

    def summary_facts(self) -> tuple[str, ...]:
        """Return tests, variances and the likelihood."""
        lines = []
        if not math.isnan(self.moderators.statistic):
            lines.append(f"Moderators: {words_of_test(self.moderators)}.")
        if not math.isnan(self.tau2):
            text = f"Residual tau² {format_number(self.tau2, 3)}"
            if not math.isnan(self.i2):
                text += f", I² {format_percent(self.i2, 1)}, H² {format_number(self.h2, 2)}"
            lines.append(f"{text}.")
        if not math.isnan(self.sigma2):
            lines.append(f"sigma² of the studies {format_number(self.sigma2, 3)}.")
        for one in self.tests:
            text = one.reason or (
                f"{format_statistic(one.statistic)}, df = {one.df}, "
                f"{format_p(one.p_value, symbol=True)}"
            )
            lines.append(f"Residual heterogeneity, {one.name}: {text} ({one.words}).")
        if not math.isnan(self.log_likelihood):
            lines.append(
                f"Log-likelihood {format_number(self.log_likelihood, 2)}, AIC "
                f"{format_number(self.aic, 2)}, {plural(self.parameters, 'parameter')}."
            )
        return tuple(lines)
