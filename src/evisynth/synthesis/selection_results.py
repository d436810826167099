"""What selection models hand on: a frozen result, and how it prints."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evisynth.display import (
    format_columns,
    format_estimate,
    format_number,
    format_p,
    format_percent,
    format_statistic,
)
from evisynth.stats import Alternative, SelectionType
from evisynth.synthesis.formula import Design
from evisynth.synthesis.joint_tests import HeterogeneityTest, words_of_test
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.regression_results import MetaRegression
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NO_MODERATORS", "SelectionModel"]

Floats = NDArray[np.float64]
NAN = float("nan")

WORDS = {
    "stepfun": "step function",
    "beta": "beta",
    "halfnorm": "half-normal",
    "negexp": "negative exponential",
    "logistic": "logistic",
    "power": "power",
    "negexppow": "negative exponential power",
    "trunc": "truncated",
}
SOURCES = {
    "stepfun": "Vevea and Hedges 1995, doi:10.1007/BF02294384",
    "beta": "Citkowicz and Vevea 2017, doi:10.1037/met0000119",
    "negexppow": "Begg and Mazumdar 1994, doi:10.2307/2533446",
    "trunc": "Hedges 1992, doi:10.1214/ss/1177011364",
}
PRESTON = "Preston et al. 2004, doi:10.1111/j.1365-2753.2003.00457.x"

NOT_IN_ROW = (
    "fit", "delta", "delta_se", "delta_ci_lower", "delta_ci_upper", "counts", "notes", "fixed",
    "terms", "coefficients", "coefficient_se", "coefficient_lower", "coefficient_upper",
    "coefficient_p", "covariance", "unadjusted_coefficients", "moderators", "moderators_lrt",
    "rows", "design",
)  # fmt: skip
"""What has no place in a table of one row."""

NO_MODERATORS = HeterogeneityTest(
    NAN, "chi2", NAN, NAN, NAN, "moderators", "the model has an intercept only"
)
"""The test of a model without moderators."""


@dataclass(frozen=True, slots=True, repr=False)
class SelectionModel(Result):
    """A meta-analysis with a model of how its studies were selected.

    Attributes
    ----------
    fit : PooledFit or MetaRegression
        The fit that it started from.
    kind, alternative : str
        Selection function, and which results it favours.
    steps : tuple of float
        Cut points or threshold.
    k : int
        Number of studies.
    estimate, se, ci_lower, ci_upper, p_value : float
        Mean effect in the population before selection (Wald); NaN where not identified, and with
        moderators.
    tau2, tau2_se : float
        (Residual) between-study variance (maximum likelihood); NaN in the equal-effects model.
    delta, delta_se, delta_ci_lower, delta_ci_upper : ndarray, shape (D,)
        Selection parameters; for the step function the likelihood of being seen in each interval
        relative to the first (which is 1 and stands first).
    counts : ndarray, shape (I,)
        Studies by interval of the P values; empty where the function has none.
    lrt, lrt_df, lrt_p : float
        Likelihood ratio test against no selection (same moderators); NaN where all parameters
        were given.
    log_likelihood, log_likelihood_without : float
        With and without selection.
    unadjusted : float
        Estimate of the same model without selection (maximum likelihood); NaN with moderators.
    converged : bool
        Whether the search ended at a maximum.
    reason : str
        Why there is no estimate, or ``""``.
    notes : tuple of str
        What a reader must know.
    formula : str
        Moderators, or ``""``.
    terms : tuple of str
        Name of each coefficient of the mean, shape (P,).
    coefficients, coefficient_se, coefficient_lower, coefficient_upper : ndarray, shape (P,)
        Of the mean before selection, with Wald limits, on the pooled scale.
    coefficient_p : ndarray, shape (P,)
        Their P values.
    covariance : ndarray, shape (P, P)
        Their covariance.
    unadjusted_coefficients : ndarray, shape (P,)
        The same without selection (maximum likelihood).
    moderators, moderators_lrt : HeterogeneityTest
        Wald and likelihood ratio test of all coefficients but the intercept, selection in both
        models.
    fixed : ndarray, shape (D,)
        Selection parameters that were given, NaN where they were estimated (for the step function
        without the first interval).
    rows : ndarray of bool, shape (K,)
        Rows fitted.
    design : Design or None
        Design of the mean over all rows; None without moderators.
    """

    fit: PooledFit | MetaRegression
    kind: SelectionType
    alternative: Alternative
    steps: tuple[float, ...]
    precision: str
    k: int
    estimate: float
    se: float
    ci_lower: float
    ci_upper: float
    p_value: float
    tau2: float
    tau2_se: float
    delta: Floats
    delta_se: Floats
    delta_ci_lower: Floats
    delta_ci_upper: Floats
    counts: NDArray[np.int64]
    lrt: float
    lrt_df: int
    lrt_p: float
    log_likelihood: float
    log_likelihood_without: float
    unadjusted: float
    converged: bool
    reason: str = ""
    notes: tuple[str, ...] = ()
    formula: str = ""
    terms: tuple[str, ...] = ("intercept",)
    coefficients: Floats = field(default_factory=lambda: np.empty(0))
    coefficient_se: Floats = field(default_factory=lambda: np.empty(0))
    coefficient_lower: Floats = field(default_factory=lambda: np.empty(0))
    coefficient_upper: Floats = field(default_factory=lambda: np.empty(0))
    coefficient_p: Floats = field(default_factory=lambda: np.empty(0))
    covariance: Floats = field(default_factory=lambda: np.empty((0, 0)))
    unadjusted_coefficients: Floats = field(default_factory=lambda: np.empty(0))
    moderators: HeterogeneityTest = NO_MODERATORS
    moderators_lrt: HeterogeneityTest = NO_MODERATORS
    fixed: Floats = field(default_factory=lambda: np.empty(0))
    rows: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    design: Design | None = field(default=None, compare=False)

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a table of one row."""
        import pandas as pd

        wanted = [f.name for f in fields(self) if f.name not in NOT_IN_ROW]
        return pd.DataFrame([{name: getattr(self, name) for name in wanted}])

    def coefficient_frame(self) -> pd.DataFrame:
        """Return the coefficients of the mean, one row each."""
        import pandas as pd

        return pd.DataFrame(
            {
                "term": list(self.terms),
                "coefficients": self.coefficients,
                "se": self.coefficient_se,
                "ci_lower": self.coefficient_lower,
                "ci_upper": self.coefficient_upper,
                "p_values": self.coefficient_p,
                "unadjusted": self.unadjusted_coefficients,
            }
        )

    def parameter_frame(self) -> pd.DataFrame:
        """Return the selection parameters, one row each."""
        import pandas as pd

        table = pd.DataFrame(
            {
                "delta": self.delta,
                "se": self.delta_se,
                "ci_lower": self.delta_ci_lower,
                "ci_upper": self.delta_ci_upper,
            }
        )
        if len(self.counts) == len(table):
            low = (0.0, *self.steps[:-1])
            table.insert(0, "p_above", low)
            table.insert(1, "p_up_to", self.steps)
            table.insert(2, "studies", self.counts)
        return table

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        source = SOURCES.get(self.kind, PRESTON)
        model = "random-effects" if self.fit.options.model == "random" else "equal-effects"
        sides = {
            "greater": "one-sided P values, favouring positive estimates",
            "less": "one-sided P values, favouring negative estimates",
            "two.sided": "two-sided P values",
        }[self.alternative]
        cuts = f" with steps at {', '.join(f'{s:g}' for s in self.steps)}" if self.steps else ""
        on = f", with the moderators {self.formula}," if self.formula else ""
        return (
            f"A {model} selection model with a {WORDS[self.kind]} selection function of {sides}"
            f"{cuts} ({source}){on} was fitted by maximum likelihood."
        )

    def _pooled(self) -> list[str]:
        """Return the lines on the pooled effect."""
        shown = self.fit.effects.scale.shown
        numbers = format_estimate(shown(self.estimate), shown(self.ci_lower), shown(self.ci_upper))
        p = format_p(self.p_value, symbol=True)
        return [
            f"  {self.fit.effects.scale.label}  {numbers}, {p}",
            f"  without selection  {format_number(shown(self.unadjusted))}",
        ]

    def _moderated(self) -> list[str]:
        """Return the lines on the coefficients of the mean, pooled scale."""
        percent = 100 * self.fit.options.level
        level = format_percent(percent, 0 if abs(percent - round(percent)) < 1e-9 else 1)
        rows = [["Coefficient", f"[{level} CI]", "SE", "P", "Without selection"]]
        for place, term in enumerate(self.terms):
            low, high = self.coefficient_lower[place], self.coefficient_upper[place]
            rows.append(
                [
                    term,
                    format_estimate(self.coefficients[place], low, high, 3),
                    format_number(self.coefficient_se[place], 3),
                    format_p(self.coefficient_p[place]),
                    format_number(self.unadjusted_coefficients[place], 3),
                ]
            )
        lines = list(format_columns(rows))
        for name, test in (("Wald", self.moderators), ("likelihood ratio", self.moderators_lrt)):
            if not math.isnan(test.statistic):
                lines.append(f"  moderators ({name})  {words_of_test(test)}")
        return lines

    def __repr__(self) -> str:
        head = f"Selection model, {WORDS[self.kind]}"
        if self.reason:
            return f"{head}: {self.reason}"
        lines = [head, *(self._pooled() if self.terms == ("intercept",) else self._moderated())]
        if not np.isnan(self.tau2):
            lines.append(f"  tau²  {format_number(self.tau2, 3)}")
        for place, value in enumerate(self.delta):
            low, high = self.delta_ci_lower[place], self.delta_ci_upper[place]
            lines.append(f"  delta {place + 1}  {format_estimate(value, low, high)}")
        if not np.isnan(self.lrt):
            test = format_p(self.lrt_p, symbol=True)
            lines.append(
                f"  test of selection  chi² = {format_statistic(self.lrt)}, df = {self.lrt_df}, "
                f"{test}"
            )
        return "\n".join([*lines, *(f"  Note: {note}" for note in self.notes)])
