"""The pooled effect of one meta-analysis, and how it prints."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from evisynth.display import (
    decimals_for,
    format_ci,
    format_estimate,
    format_number,
    format_p,
    format_percent,
    format_statistic,
)
from evisynth.stats import t_quantile, two_sided_p
from evisynth.synthesis.facts import facts_table
from evisynth.synthesis.options import ALLOWED, FitOptions
from evisynth.synthesis.result import Stored
from evisynth.synthesis.words import (
    ci_words,
    interval_words,
    level_words,
    model_words,
    pooling_sentences,
    prediction_words,
    tau2_words,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects import EffectEstimates

__all__ = ["PooledFit", "WaldResult"]

NUMBERS = (
    "k", "estimate", "se", "ci_lower", "ci_upper", "statistic", "df", "p_value", "tau2",
    "tau2_lower", "tau2_upper", "tau2_se", "q", "q_df", "q_p", "i2", "i2_lower", "i2_upper", "h2",
    "prediction_lower", "prediction_upper", "safeguard_applied",
)  # fmt: skip


class WaldResult(NamedTuple):
    """A pooled effect's precision and test by the weights and the normal distribution alone."""

    se: float
    ci_lower: float
    ci_upper: float
    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True, repr=False)
class PooledFit(Stored):
    """The pooled effect of one meta-analysis.

    Attributes
    ----------
    effects : EffectEstimates
        What was pooled, not estimable rows included (their weight is 0).
    options : FitOptions
        What was asked for.
    k : int
        Number of estimates pooled.
    estimate, se, ci_lower, ci_upper : float
        Pooled effect with its standard error and confidence limits.
    statistic, df, p_value : float
        Test of no effect: z (``df`` infinite) or t.
    test : {"z", "t"}
        Distribution of the statistic.
    tau2, tau2_lower, tau2_upper, tau2_se : float
        Between-study variance with Q-profile limits; NaN where it does not exist
        (one study, equal-effects model).
    q, q_df, q_p : float
        Cochran's Q, degrees of freedom and P value.
    i2, i2_lower, i2_upper, h2 : float
        Inconsistency in percent with limits carried over from tau², and H².
    prediction_lower, prediction_upper : float
        Prediction interval; NaN where it is not defined (see `prediction_reason`).
    prediction_reason : str
        Why there is no prediction interval, or ``""``.
    weights : ndarray, shape (K,)
        Weights in percent, 0 for rows that are not estimable.
    safeguard_applied : bool
        Whether the safeguard replaced or widened the Hartung-Knapp interval.
    notes : tuple of str
        What a reader must know.
    wald_se : float
        Standard error from the weights alone, whatever the interval used.
    typical_variance : float
        The typical sampling variance of Higgins and Thompson that I² compares tau² with.
    tau2_reason : str
        Why tau² or its limits are NaN, or ``""``.
    converged : bool
        Whether the search for tau² ended at a solution; if not, a note says so.
    """

    effects: EffectEstimates
    options: FitOptions
    k: int
    estimate: float
    se: float
    ci_lower: float
    ci_upper: float
    statistic: float
    df: float
    p_value: float
    test: Literal["z", "t"]
    tau2: float
    tau2_lower: float
    tau2_upper: float
    tau2_se: float
    q: float
    q_df: int
    q_p: float
    i2: float
    i2_lower: float
    i2_upper: float
    h2: float
    prediction_lower: float
    prediction_upper: float
    prediction_reason: str
    weights: NDArray[np.float64]
    safeguard_applied: bool = False
    notes: tuple[str, ...] = ()
    wald_se: float = float("nan")
    typical_variance: float = float("nan")
    tau2_reason: str = ""
    converged: bool = True

    @property
    def tau(self) -> float:
        """Between-study standard deviation."""
        return float(np.sqrt(self.tau2))

    @property
    def wald(self) -> WaldResult:
        """What the normal distribution gives, whatever interval was asked for.

        Readers of older reviews compare with it: it is what most programs printed by default.

        Examples
        --------
        >>> from evisynth.datasets import load
        >>> from evisynth.effects import effects
        >>> from evisynth.synthesis import pool
        >>> wald = pool(effects(load("bcg"), measure="RR")).wald
        >>> round(wald.ci_lower, 4), round(wald.ci_upper, 4)
        (-1.0669, -0.3622)
        """
        half = float(t_quantile(np.inf, self.options.level)) * self.wald_se
        statistic = self.estimate / self.wald_se
        return WaldResult(
            se=self.wald_se,
            ci_lower=self.estimate - half,
            ci_upper=self.estimate + half,
            statistic=statistic,
            p_value=float(two_sided_p(statistic, np.inf)),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers of the fit as a table of one row, pooled scale.

        Rows of several fits can be put under each other with `pandas.concat`; the studies with
        their weights are in `study_frame`.
        """
        import pandas as pd

        row: dict[str, object] = {
            "measure": self.effects.measure,
            "scale": self.effects.scale.name,
            "model": self.options.model,
            "tau2_method": self.options.tau2 if self.options.model == "random" else "",
            "ci_method": self.options.ci,
        }
        for name in NUMBERS:
            row[name] = getattr(self, name)
        row["tau"] = self.tau
        row["notes"] = " ".join(self.notes)
        return pd.DataFrame([row])

    def study_frame(self) -> pd.DataFrame:
        """Return the table of the studies (see `EffectEstimates.to_frame`) with their weights."""
        table = self.effects.to_frame()
        table.insert(6, "weight", self.weights)
        return table

    def method_sentence(self) -> str:
        """Return one paragraph on what was done, with references and DOIs.

        The formulas of the effect measure are in ``effects.method``.
        """
        return pooling_sentences(self.options)

    def summary_rows(self) -> tuple[tuple[str, str], ...]:
        """Return what a summary shows, as pairs of name and text; shown scale for the effect."""
        scale, options = self.effects.scale, self.options
        limits = scale.shown_limits(self.ci_lower, self.ci_upper)
        digits = 2 if scale.compares else decimals_for((limits[1] - limits[0]) / 8)
        estimate = format_estimate(scale.shown(self.estimate), *limits, digits)
        places = 0 if float(self.df).is_integer() else 1
        df = "" if self.test == "z" else f", df = {format_number(self.df, places)}"
        statistic = format_statistic(self.statistic)
        test = f"{self.test} = {statistic}{df}, {format_p(self.p_value, symbol=True)}"
        rows = [
            ("Studies", f"k = {self.k}"),
            (scale.label, f"{estimate}   {test}" if scale.compares else estimate),
        ]
        if scale.is_transformed:
            pooled = format_estimate(self.estimate, self.ci_lower, self.ci_upper, 3)
            rows.append((f"On the {scale.name} scale", f"{pooled}, SE {format_number(self.se, 3)}"))
        else:
            rows.append(("Standard error", format_number(self.se, 3)))
        rows.append((f"{level_words(options)} CI", ci_words(options)))
        if options.model == "random":
            if self.prediction_reason:
                prediction = self.prediction_reason
            else:
                limits = scale.shown_limits(self.prediction_lower, self.prediction_upper)
                text = format_ci(*limits, digits, " to ")
                prediction = f"{text} ({prediction_words(options)})"
            rows.append(("Prediction interval", prediction))
            tau2 = format_estimate(self.tau2, self.tau2_lower, self.tau2_upper, 3)
            limits_words = f"{interval_words(options)} limits"
            text = f"{tau2}, tau {format_number(self.tau, 3)} ({options.tau2}, {limits_words})"
            if options.tau2 not in ALLOWED["tau2"] and self.tau2_reason:
                text = (
                    f"{format_number(self.tau2, 3)}, tau {format_number(self.tau, 3)} "
                    f"({options.tau2})"
                )
            rows.append(("tau²", self.tau2_reason if math.isnan(self.tau2) else text))
        if not math.isnan(self.i2):
            low, high = (format_percent(limit, 1) for limit in (self.i2_lower, self.i2_upper))
            rows.append(
                (
                    "I²",
                    f"{format_percent(self.i2, 1)} [{low}, {high}], H² {format_number(self.h2, 2)}",
                )
            )
        heterogeneity = f"{format_statistic(self.q)}, df = {self.q_df}"
        rows.append(("Q", f"{heterogeneity}, {format_p(self.q_p, symbol=True)}"))
        return tuple(rows)

    def summary(self) -> str:
        """Return a readable text: what was done, the numbers, and the notes."""
        rows = self.summary_rows()
        width = max(len(name) for name, _ in rows)
        head = model_words(self.options)
        if self.options.model == "random":
            head = f"{head}, tau² by {tau2_words(self.options)}"
        lines = [head[0].upper() + head[1:], ""]
        lines += [f"  {name:<{width}}  {text}" for name, text in rows]
        notes = self._all_notes()
        if notes:
            lines += ["", *(f"  Note: {note}" for note in notes)]
        return "\n".join(lines)

    def _all_notes(self) -> tuple[str, ...]:
        """Return the notes, with what must be said of the way back to the shown scale."""
        words = self.effects.scale.transformation.words
        return (*self.notes, words) if words else self.notes

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        """Return the summary as an HTML table, for notebooks."""
        return facts_table(model_words(self.options), self.summary_rows(), self._all_notes())
