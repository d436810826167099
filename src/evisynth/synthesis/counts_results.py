"""What the models of counts hand on: Mantel-Haenszel, Peto, generalized linear mixed models."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

from evisynth.display import (
    decimals_for,
    format_estimate,
    format_number,
    format_p,
    format_percent,
    format_statistic,
    plural,
)
from evisynth.synthesis.facts import facts_table
from evisynth.synthesis.result import Stored

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects import EffectEstimates

__all__ = ["CountFit", "NamedTest"]

NUMBERS = (
    "k", "estimate", "se", "ci_lower", "ci_upper", "statistic", "df", "p_value", "tau2", "sigma2",
    "i2", "h2", "log_likelihood", "level",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NamedTest(Stored):
    """A test with its words; ``reason`` says why the statistic is NaN where it is.

    ``question`` is ``"heterogeneity"`` or ``"association"``.
    """

    name: str
    question: Literal["heterogeneity", "association"]
    statistic: float
    df: int
    p_value: float
    words: str
    reason: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return the test as a table of one row."""
        import pandas as pd

        return pd.DataFrame([{field.name: getattr(self, field.name) for field in fields(self)}])


@dataclass(frozen=True, slots=True, repr=False)
class CountFit(Stored):
    """A pooled effect from counts.

    Attributes
    ----------
    effects : EffectEstimates
        The studies' own estimates, for figures and for Cochran's Q; the pooled effect does not
        rest on them (but for random effects of Mantel-Haenszel). ``data`` holds the rows.
    method : {"Mantel-Haenszel", "Peto", "GLMM"}
        How the effect was pooled.
    model : {"equal", "random"}
        Equal-effects or random-effects model.
    words : str
        The method in words.
    sentence : str
        A paragraph on what was done, with references.
    k : int
        Number of studies used.
    estimate, se, ci_lower, ci_upper : float
        Pooled effect on the pooled scale (log for ratios; logit for proportions) with limits.
    statistic, df, p_value : float
        Test of no effect: z where ``df`` is infinite, else t.
    level : float
        Level of the limits.
    tau2 : float
        Between-study variance of the effect; NaN in equal-effects models.
    i2, h2 : float
        Inconsistency in percent and H².
    tests : tuple of NamedTest
        Tests for heterogeneity and of association.
    weights : ndarray, shape (K,)
        Weights in percent, 0 for rows not used; NaN where the model has none.
    notes : tuple of str
        What a reader must know.
    sigma2 : float
        Variance of the study effects where those are random, else NaN.
    log_likelihood : float
        Of the fitted model, with all constants; NaN without a likelihood.
    parameters : int
        Number of parameters behind the likelihood, 0 without one.
    terms : tuple of str
        Names of the coefficients; ``("intercept",)`` without moderators.
    coefficients, coefficient_se : tuple of float
        All coefficients; the first are `estimate` and `se`.
    covariance : tuple of tuple of float
        Covariance of the coefficients.
    reason : str
        Why there is no estimate, or ``""``.
    settings : tuple of (str, object)
        Arguments of the function that fitted it, by which it is fitted again to other studies.
    """

    effects: EffectEstimates
    method: Literal["Mantel-Haenszel", "Peto", "GLMM"]
    model: Literal["equal", "random"]
    words: str
    sentence: str
    k: int
    estimate: float
    se: float
    ci_lower: float
    ci_upper: float
    statistic: float
    df: float
    p_value: float
    level: float
    tau2: float
    i2: float
    h2: float
    tests: tuple[NamedTest, ...]
    weights: NDArray[np.float64]
    notes: tuple[str, ...] = ()
    sigma2: float = float("nan")
    log_likelihood: float = float("nan")
    parameters: int = 0
    terms: tuple[str, ...] = ("intercept",)
    coefficients: tuple[float, ...] = ()
    coefficient_se: tuple[float, ...] = ()
    covariance: tuple[tuple[float, ...], ...] = ()
    reason: str = ""
    settings: tuple[tuple[str, object], ...] = ()

    @property
    def aic(self) -> float:
        """Akaike's information criterion; NaN without a likelihood."""
        return 2 * self.parameters - 2 * self.log_likelihood

    def test(self, name: str) -> NamedTest:
        """Return a test by its name, e.g. ``"Q"`` or ``"CMH"``.

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
        """Return the numbers as a table of one row, pooled scale."""
        import pandas as pd

        row: dict[str, object] = {
            "measure": self.effects.measure,
            "scale": self.effects.scale.name,
            "method": self.method,
            "model": self.model,
        }
        row |= {name: getattr(self, name) for name in NUMBERS}
        for test in self.tests:
            row[test.name] = test.statistic
            row[f"{test.name}_df"] = test.df
            row[f"{test.name}_p"] = test.p_value
        row["notes"] = " ".join(self.notes)
        return pd.DataFrame([row])

    def test_frame(self) -> pd.DataFrame:
        """Return the tests, one row each."""
        import pandas as pd

        names = ("name", "question", "statistic", "df", "p_value", "words", "reason")
        return pd.DataFrame([{n: getattr(test, n) for n in names} for test in self.tests])

    def study_frame(self) -> pd.DataFrame:
        """Return the table of the studies with their own estimates and weights."""
        table = self.effects.to_frame()
        table.insert(6, "weight", self.weights)
        return table

    def method_sentence(self) -> str:
        """Return one paragraph on what was done, with references and DOIs."""
        return self.sentence

    def summary_rows(self) -> tuple[tuple[str, str], ...]:
        """Return what a summary shows, as pairs of name and text; shown scale for the effect."""
        scale = self.effects.scale
        limits = scale.shown_limits(self.ci_lower, self.ci_upper)
        digits = 2 if scale.compares else decimals_for((limits[1] - limits[0]) / 8)
        shown = format_estimate(scale.shown(self.estimate), *limits, digits)
        letter = "z" if math.isinf(self.df) else "t"
        df = "" if letter == "z" else f", df = {format_number(self.df, 0)}"
        statistic = format_statistic(self.statistic)
        test = f"{letter} = {statistic}{df}, {format_p(self.p_value, symbol=True)}"
        rows = [
            ("Studies", f"k = {self.k}"),
            (scale.label, f"{shown}   {test}" if scale.compares else shown),
        ]
        if scale.is_transformed:
            pooled = format_estimate(self.estimate, self.ci_lower, self.ci_upper, 3)
            rows.append((f"On the {scale.name} scale", f"{pooled}, SE {format_number(self.se, 3)}"))
        else:
            rows.append(("Standard error", format_number(self.se, 3)))
        if not math.isnan(self.tau2):
            tau = format_number(math.sqrt(self.tau2), 3)
            rows.append(("tau²", f"{format_number(self.tau2, 3)}, tau {tau}"))
        if not math.isnan(self.sigma2):
            rows.append(("sigma² of the studies", format_number(self.sigma2, 3)))
        if not math.isnan(self.i2):
            rows.append(("I²", f"{format_percent(self.i2, 1)}, H² {format_number(self.h2, 2)}"))
        for one in self.tests:
            text = one.reason or (
                f"{format_statistic(one.statistic)}, df = {one.df}, "
                f"{format_p(one.p_value, symbol=True)}"
            )
            rows.append((one.name, f"{text} ({one.words})"))
        if not math.isnan(self.log_likelihood):
            text = f"{format_number(self.log_likelihood, 2)}, AIC {format_number(self.aic, 2)}"
            rows.append(("Log-likelihood", f"{text}, {plural(self.parameters, 'parameter')}"))
        return tuple(rows)

    def _all_notes(self) -> tuple[str, ...]:
        return (self.reason, *self.notes) if self.reason else self.notes

    def summary(self) -> str:
        """Return a readable text: what was done, the numbers, and the notes."""
        rows = self.summary_rows()
        width = max(len(name) for name, _ in rows)
        lines = [self.words[0].upper() + self.words[1:], ""]
        lines += [f"  {name:<{width}}  {text}" for name, text in rows]
        notes = self._all_notes()
        if notes:
            lines += ["", *(f"  Note: {note}" for note in notes)]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        """Return the summary as an HTML table, for notebooks."""
        return facts_table(self.words, self.summary_rows(), self._all_notes())
