"""What multilevel models hand on: frozen results, and how they print."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.display import (
    format_ci,
    format_columns,
    format_estimate,
    format_number,
    format_p,
    format_percent,
    format_statistic,
    plural,
)
from evisynth.errors import OptionError
from evisynth.stats import MultilevelModel, StructureKind
from evisynth.synthesis.formula import Design
from evisynth.synthesis.multilevel_words import multilevel_sentences, structure_words
from evisynth.synthesis.result import Result
from evisynth.synthesis.results import HeterogeneityTest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects import EffectEstimates

__all__ = ["MultilevelFit", "MultilevelOptions", "RandomEffects", "VarianceComponent"]


@dataclass(frozen=True, slots=True)
class MultilevelOptions:
    """How a multilevel model is fitted; checked when made.

    Attributes
    ----------
    random : tuple of str
        Names of the random effects.
    structures : tuple of str
        Covariance structure of each ``inner | outer`` random effect.
    method : {"REML", "ML"}
        Restricted or plain maximum likelihood.
    ci : {"t", "z"}
        t with k - p degrees of freedom, or normal.
    level : float
        Confidence level.
    """

    random: tuple[str, ...]
    structures: tuple[StructureKind, ...] = ()
    method: Literal["REML", "ML"] = "REML"
    ci: Literal["t", "z"] = "t"
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.method not in ("REML", "ML"):
            raise OptionError("method", self.method, ("REML", "ML"))
        if self.ci not in ("t", "z"):
            raise OptionError("ci", self.ci, ("t", "z"))
        if not (isinstance(self.level, float) and 0 < self.level < 1):
            raise OptionError("level", self.level, ["a number between 0 and 1, e.g. 0.95"])


@dataclass(frozen=True, slots=True, repr=False)
class VarianceComponent(Result):
    """One variance (or correlation) of the random effects.

    Attributes
    ----------
    random : str
        Name of the random effect, e.g. ``"district/school"`` or ``"outcome | trial"``.
    kind : {"variance", "correlation"}
        What it is.
    levels : tuple of str
        Level (or two levels) of the inner variable that it belongs to; empty where for all.
    groups : int
        Number of groups.
    estimate, lower, upper : float
        Value on the squared pooled scale (variance), or a correlation, with profile-likelihood
        limits; NaN where they were not asked for or do not exist.
    i2 : float
        Share of the total variance in percent; NaN for correlations and structured effects.
    reason : str
        Why something is NaN, or what bounds a limit.
    """

    random: str
    kind: Literal["variance", "correlation"]
    levels: tuple[str, ...]
    groups: int
    estimate: float
    lower: float
    upper: float
    i2: float
    reason: str = ""

    @property
    def name(self) -> str:
        """Name as it is shown, e.g. ``"tau² outcome | trial [AL]"``."""
        sign = "sigma²" if not self.levels and "|" not in self.random else "tau²"
        if self.kind == "correlation":
            sign = "rho"
        inside = f" [{', '.join(self.levels)}]" if self.levels else ""
        return f"{sign} {self.random}{inside}"

    def to_frame(self) -> pd.DataFrame:
        """Return the component as a table of one row."""
        import pandas as pd

        names = ("name", "kind", "groups", "estimate", "lower", "upper", "i2", "reason")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


@dataclass(frozen=True, slots=True, repr=False)
class RandomEffects(Result):
    """Predicted effects of the groups of one random effect (best linear unbiased predictions).

    ``levels`` is empty for intercepts; estimates, se and limits have one value a group (and level).
    """

    random: str
    groups: tuple[str, ...]
    levels: tuple[str, ...]
    estimates: NDArray[np.float64]
    se: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a group (and level)."""
        import pandas as pd

        columns = {"random": self.random, "group": list(self.groups)}
        if self.levels:
            columns["level"] = list(self.levels)
        numbers = ("estimates", "se", "lower", "upper")
        return pd.DataFrame({**columns, **{name: getattr(self, name) for name in numbers}})


@dataclass(frozen=True, slots=True, repr=False)
class MultilevelFit(Result):
    """A multilevel or multivariate random-effects model.

    Attributes
    ----------
    effects : EffectEstimates
        What was fitted, rows left out included.
    options : MultilevelOptions
        What was asked for.
    formula : str
        Moderators, or ``""``.
    k : int
        Number of estimates fitted.
    terms : tuple of str
        Name of each coefficient, shape (P,).
    coefficients, se, ci_lower, ci_upper, statistics, p_values : ndarray, shape (P,)
        Fixed effects on the pooled scale.
    covariance : ndarray, shape (P, P)
        Covariance of the coefficients.
    df : float
        Degrees of freedom of the tests, infinite for z.
    components : tuple of VarianceComponent
        Variances and correlations of the random effects.
    random_effects : tuple of RandomEffects
        Predicted random effects.
    qe, qe_df, qe_p : float
        Test for residual heterogeneity.
    moderators : HeterogeneityTest
        Omnibus test of all coefficients but the intercept (chi², or F under t).
    i2 : float
        Total I² in percent; NaN for structured random effects.
    prediction_lower, prediction_upper : float
        Prediction interval of a new estimate from new groups, for an intercept alone; else NaN
        (see `prediction_reason`).
    log_likelihood, deviance, aic, bic, aicc : float
        Of the (restricted) likelihood, with all constants; the deviance is -2 log-likelihood.
    parameters : int
        Coefficients, variances and correlations estimated.
    left_out : tuple of str
        Labels of rows without an estimate, a moderator or a group.
    notes : tuple of str
        What a reader must know.
    reference_levels : dict of str to str
        The level that the coefficients of each category compare with.
    converged : bool
        Whether the search ended at a maximum.
    rows : ndarray of bool, shape (K,)
        Rows fitted.
    model : MultilevelModel
        The arrays behind (design, sampling covariance, groups).
    design : Design or None
        The design over all rows, and how it is made of new data.
    """

    effects: EffectEstimates
    options: MultilevelOptions
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
    components: tuple[VarianceComponent, ...]
    random_effects: tuple[RandomEffects, ...]
    qe: float
    qe_df: int
    qe_p: float
    moderators: HeterogeneityTest
    i2: float
    prediction_lower: float
    prediction_upper: float
    prediction_reason: str
    log_likelihood: float
    deviance: float
    aic: float
    bic: float
    aicc: float
    parameters: int
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    reference_levels: dict[str, str]
    converged: bool
    dependent_errors: bool
    limits: bool
    rows: NDArray[np.bool_]
    model: MultilevelModel = field(compare=False)
    design: Design | None = field(default=None, compare=False)

    @property
    def estimate(self) -> float:
        """The pooled effect, where the model has an intercept alone; else NaN."""
        return float(self.coefficients[0]) if self.terms == ("intercept",) else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient."""
        import pandas as pd

        names = ("coefficients", "se", "ci_lower", "ci_upper", "statistics", "p_values")
        columns = {"term": list(self.terms), **{name: getattr(self, name) for name in names}}
        return pd.DataFrame(columns).assign(df=self.df)

    def components_frame(self) -> pd.DataFrame:
        """Return one row a variance or correlation."""
        import pandas as pd

        names = ("name", "kind", "groups", "estimate", "lower", "upper", "i2", "reason")
        rows = [{name: getattr(c, name) for name in names} for c in self.components]
        return pd.DataFrame(rows, columns=list(names))

    def random_effects_frame(self) -> pd.DataFrame:
        """Return the predicted random effects, one row a group (and level)."""
        import pandas as pd

        if not self.random_effects:
            return pd.DataFrame(columns=["random", "group", "estimates", "se", "lower", "upper"])
        return pd.concat([part.to_frame() for part in self.random_effects], ignore_index=True)

    def method_sentence(self) -> str:
        """Return one paragraph on what was done, with references and DOIs."""
        return multilevel_sentences(
            self.options.random,
            self.options.structures,
            formula=self.formula,
            restricted=self.options.method == "REML",
            dependent_errors=self.dependent_errors,
            ci=self.options.ci,
            level=self._level,
            limits=self.limits,
        )

    @property
    def _level(self) -> str:
        percent = 100 * self.options.level
        return format_percent(percent, 0 if abs(percent - round(percent)) < 1e-9 else 1)

    def summary(self) -> str:
        """Return a readable text: what was done, the numbers, and the notes."""
        kinds = ", ".join(structure_words(kind) for kind in self.options.structures)
        head = f"{'Multivariate' if kinds else 'Multilevel'} model ({self.options.method}"
        head += f"; {kinds})" if kinds else ")"
        if not self.components:
            head = f"{'Fixed' if self.formula else 'Equal'}-effects model, known covariance"
            head += "" if self.dependent_errors else " (independent)"
        lines = [f"{head}, k = {self.k}", ""]
        head_cells = ["Random effects", "", f"{self._level} CI" if self.limits else "", "Groups"]
        rows = [[*head_cells, "I²"]] if self.components else []
        rows += [
            [
                part.name,
                format_number(part.estimate, 3),
                format_ci(part.lower, part.upper, 3) if self.limits else "",
                plural(part.groups, "group"),
                "" if math.isnan(part.i2) else format_percent(part.i2, 1),
            ]
            for part in self.components
        ]
        lines += [*format_columns(rows), ""] if rows else []
        test = "z" if math.isinf(self.df) else f"t({format_number(self.df, 0)})"
        rows = [["Coefficient", f"[{self._level} CI]", "SE", test, "P"]]
        for place, term in enumerate(self.terms):
            rows.append(
                [
                    term,
                    format_estimate(
                        self.coefficients[place], self.ci_lower[place], self.ci_upper[place], 3
                    ),
                    format_number(self.se[place], 3),
                    format_statistic(self.statistics[place]),
                    format_p(self.p_values[place]),
                ]
            )
        lines += [*format_columns(rows), ""]
        if self.effects.scale.is_transformed and self.terms == ("intercept",):
            scale = self.effects.scale
            ends = scale.shown_limits(self.ci_lower[0], self.ci_upper[0])
            shown = format_estimate(scale.shown(self.coefficients[0]), *ends)
            lines.append(f"  {scale.label}: {shown}")
        if not self.prediction_reason:
            limits = format_ci(self.prediction_lower, self.prediction_upper, 3, " to ")
            lines.append(f"  Prediction interval: {limits}")
        if not math.isnan(self.i2):
            lines.append(f"  Total I²: {format_percent(self.i2, 1)}")
        if not math.isnan(self.moderators.statistic):
            lines.append(f"  Moderators: {_test_words(self.moderators)}")
        lines.append(
            f"  Residual heterogeneity: Q = {format_statistic(self.qe)}, df = {self.qe_df}, "
            f"{format_p(self.qe_p, symbol=True)}"
        )
        lines.append(
            f"  Log-likelihood {format_number(self.log_likelihood, 3)}, AIC "
            f"{format_number(self.aic)}, BIC {format_number(self.bic)}"
        )
        lines += ["", *(f"  Note: {note}" for note in self.notes)] if self.notes else []
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return self.summary()


def _test_words(test: HeterogeneityTest) -> str:
    df1 = format_number(test.df1, 0)
    p = format_p(test.p_value, symbol=True)
    if test.distribution == "chi2":
        return f"chi² = {format_statistic(test.statistic)}, df = {df1}, {p}"
    df2 = format_number(test.df2, 0 if float(test.df2).is_integer() else 1)
    return f"F({df1}, {df2}) = {format_statistic(test.statistic)}, {p}"
