"""Predicted effects at new values of the moderators, with confidence and prediction intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evisynth.display import format_ci, format_estimate, format_number, format_percent
from evisynth.effects import Scale
from evisynth.errors import DataError, OptionError
from evisynth.stats import Intercepts, prediction_interval, t_quantile
from evisynth.synthesis.counts_regression_results import CountRegression
from evisynth.synthesis.counts_results import CountFit
from evisynth.synthesis.formula_coding import as_table
from evisynth.synthesis.levels import level_names
from evisynth.synthesis.linear_fits import LinearFit, linear_fit
from evisynth.synthesis.location_scale_results import LocationScale
from evisynth.synthesis.multilevel_results import MultilevelFit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.regression_results import MetaRegression
from evisynth.synthesis.result import Result
from evisynth.synthesis.results import SubgroupAnalysis
from evisynth.synthesis.robust_results import RobustFit

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.synthesis.formula import Design

__all__ = ["Predictions", "predict"]

Fit = (
    PooledFit | MetaRegression | MultilevelFit | RobustFit | CountFit | CountRegression
    | LocationScale | SubgroupAnalysis
)  # fmt: skip
Definition = Literal["t k-1", "t k-2", "normal"]
Kind = Literal["prediction", "confidence"]
KINDS: tuple[Kind, ...] = ("prediction", "confidence")
DEFINITIONS: tuple[Definition, ...] = ("t k-1", "t k-2", "normal")
SYNONYMS = {
    "t": "t k-1", "k-1": "t k-1", "t k-p": "t k-1", "k-p": "t k-1", "k-2": "t k-2", "z": "normal",
    "hts": "t k-2",
}  # fmt: skip
NO_ROBUST = "a cluster-robust fit trusts no variance between studies, so it has none"
NO_HETEROGENEITY = "the model assumes no variance between studies beyond its moderators"
NEEDS_LEVEL = "the variance differs by {0}: give the column {0} in new_data"


@dataclass(frozen=True, slots=True, repr=False)
class Predictions(Result):
    """Predicted effects.

    Attributes
    ----------
    labels : tuple of str
        Name of each prediction, shape (M,).
    estimates, se, ci_lower, ci_upper : ndarray, shape (M,)
        Mean effect with its confidence interval, on the pooled scale.
    prediction_lower, prediction_upper : ndarray, shape (M,)
        Where the effect of a new study with these moderators may lie; NaN where not defined.
    df : ndarray, shape (M,)
        Degrees of freedom of the confidence intervals, infinite for the normal distribution.
    heterogeneity : ndarray, shape (M,)
        Variance between studies behind the prediction intervals.
    level : float
        Level of the intervals.
    definition : str
        Distribution of the prediction interval, or ``""``.
    prediction_reason : str
        Why there are no prediction intervals, or ``""``.
    reasons : tuple of str
        Why a row has no prediction, or ``""``.
    terms, design : tuple of str, ndarray of shape (M, P)
        Values of the moderators as the model took them.
    scale : Scale
        Pooled and shown scale.
    sentence : str
        What was done.
    """

    labels: tuple[str, ...]
    estimates: NDArray[np.float64]
    se: NDArray[np.float64]
    ci_lower: NDArray[np.float64]
    ci_upper: NDArray[np.float64]
    prediction_lower: NDArray[np.float64]
    prediction_upper: NDArray[np.float64]
    df: NDArray[np.float64]
    heterogeneity: NDArray[np.float64]
    level: float
    definition: str
    prediction_reason: str
    reasons: tuple[str, ...]
    terms: tuple[str, ...]
    design: NDArray[np.float64]
    scale: Scale
    sentence: str

    def to_frame(self, add_x: bool = False) -> pd.DataFrame:
        """Return one row a prediction: pooled scale, and the shown scale where it is another.

        Parameters
        ----------
        add_x
            Whether to add the values of the moderators, a column a coefficient.
        """
        import pandas as pd

        names = ("ci_lower", "ci_upper", "prediction_lower", "prediction_upper")
        table = pd.DataFrame(
            {"label": list(self.labels), "estimate": self.estimates, "se": self.se}
        )
        for name in names:
            table[name] = getattr(self, name)
        table["df"] = self.df
        if self.scale.is_transformed:
            table["shown_estimate"] = [self.scale.shown(value) for value in self.estimates]
            for low, high in (names[:2], names[2:]):
                pairs = zip(getattr(self, low), getattr(self, high), strict=True)
                shown = [self.scale.shown_limits(a, b) for a, b in pairs]
                table[f"shown_{low}"] = [pair[0] for pair in shown]
                table[f"shown_{high}"] = [pair[1] for pair in shown]
        if any(self.reasons):
            table["reason"] = list(self.reasons)
        if add_x:
            for place, term in enumerate(self.terms):
                table[term] = self.design[:, place]
        return table

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        percent = format_percent(100 * self.level, 0 if (100 * self.level).is_integer() else 1)
        text = f"{self.sentence} Effects were predicted with {percent} confidence intervals"
        if self.definition:
            words = {
                "t k-1": "the t distribution with k - p degrees of freedom, p being the number of "
                "coefficients",
                "t k-2": "the t distribution with k - p - 1 degrees of freedom, p being the number "
                "of coefficients",
                "normal": "the normal distribution",
            }[self.definition]
            text += (
                f" and prediction intervals by {words} (Riley et al. 2011, doi:10.1136/bmj.d549)"
            )
        return f"{text}."

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Predicted effects ({self.scale.label})"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows, on the shown scale."""
        percent = format_percent(100 * self.level, 0 if (100 * self.level).is_integer() else 1)
        rows = [["", f"{self.scale.short or 'Effect'} [{percent} CI]", "SE (pooled scale)"]]
        if self.definition:
            rows[0].append("Prediction interval")
        for place, label in enumerate(self.labels):
            low, high = self.scale.shown_limits(
                float(self.ci_lower[place]), float(self.ci_upper[place])
            )
            value = self.scale.shown(float(self.estimates[place]))
            row = [label, format_estimate(value, low, high), format_number(self.se[place], 3)]
            if self.definition:
                limits = self.scale.shown_limits(
                    float(self.prediction_lower[place]), float(self.prediction_upper[place])
                )
                row.append(format_ci(*limits, separator=" to "))
            rows.append(row)
        return rows

    def summary_notes(self) -> tuple[str, ...]:
        """Return why something is missing."""
        found = [
            f"{label}: {reason}." for label, reason in zip(self.labels, self.reasons, strict=True)
            if reason
        ]  # fmt: skip
        if self.prediction_reason:
            found.append(f"No prediction intervals: {self.prediction_reason}.")
        return tuple(found)


def predict(
    fit: Fit,
    new_data: pd.DataFrame | Mapping[str, Any] | NDArray[np.float64] | None = None,
    *,
    kind: str = "prediction",
    level: float | None = None,
    prediction: str | None = None,
) -> Predictions:
    """Predict effects at given values of the moderators.

    Parameters
    ----------
    fit
        What `pool`, `meta_regression`, `multilevel`, `robust`, `robust_regression`,
        `location_scale`, `glmm`, `mantel_haenszel`, `peto` or `subgroups` returned.
    new_data
        Values of the moderators by column, a table or a mapping; a single value is repeated. Knots,
        means and levels are those of the fit. For a model that was given a design matrix, such a
        matrix. By default the rows that were fitted (a mean alone: one prediction; subgroups: one
        each).
    kind
        ``"prediction"``: confidence and prediction intervals. ``"confidence"``: only the former.
    level
        Level of the intervals; by default that of the fit.
    prediction
        Distribution of the prediction interval: ``"t k-1"`` (in models with p coefficients k - p
        degrees of freedom), ``"t k-2"`` (k - p - 1) or ``"normal"``. By default that of the fit, or
        the first.

    Returns
    -------
    Predictions
        Prints on the shown scale; numbers are on the pooled scale.

    Raises
    ------
    OptionError
        If a word is not known or a column is missing.
    DataError
        If a value cannot be used, e.g. a level that the fit has not seen.

    Notes
    -----
    The prediction interval is that of the mean effect, its variance increased by the variance
    between studies: tau²; in multilevel models the sum of all variances, so that it is meant for a
    new estimate of new groups; in location-scale models the tau² of these values.

    References
    ----------
    Riley et al. 2011, doi:10.1136/bmj.d549.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {
    ...         "yi": [0.1, 0.3, 0.8, 0.5, 0.9],
    ...         "vi": [0.02, 0.03, 0.05, 0.01, 0.04],
    ...         "dose": [0, 1, 2, 3, 4],
    ...     }
    ... )
    >>> found = es.predict(es.meta_regression(table, "dose"), {"dose": [1, 5]})
    >>> found.estimates.round(4), found.prediction_upper.round(4)
    (array([0.3   , 0.9605]), array([0.7525, 1.6582]))
    """
    wanted: Kind = find_word("kind", kind, KINDS, {"both": "prediction"})
    if level is not None and not (isinstance(level, float) and 0 < level < 1):
        raise OptionError("level", level, ["a number between 0 and 1, e.g. 0.95"])
    chosen: Definition | None = None
    if prediction is not None:
        chosen = find_word("prediction", prediction, DEFINITIONS, SYNONYMS)
    if isinstance(fit, SubgroupAnalysis):
        return _of_subgroups(fit, new_data, wanted, level, chosen)
    linear = linear_fit(fit)
    at = linear.level if level is None else level
    x, labels, table = _rows(linear, new_data)
    with np.errstate(invalid="ignore"):
        estimates = x @ linear.coefficients
        se = np.sqrt(np.einsum("mp,pq,mq->m", x, linear.covariance, x))
    known: NDArray[np.bool_] = np.asarray(np.isfinite(x).all(axis=1), dtype=np.bool_)
    df = linear.df_of(x)
    half = t_quantile(df, at) * se
    spread, reason = np.full(len(x), np.nan), "not asked for"
    low = high = spread
    definition = chosen or _definition(fit)
    if wanted == "prediction":
        spread, reason = _spread(fit, linear, new_data is None, table, len(x))
        if not reason:
            low, high, reason = _interval(
                estimates, se, spread, linear.k - len(linear.terms) + 1, definition, at
            )
    return Predictions(
        labels=labels,
        estimates=estimates,
        se=se,
        ci_lower=estimates - half,
        ci_upper=estimates + half,
        prediction_lower=low,
        prediction_upper=high,
        df=df,
        heterogeneity=spread,
        level=at,
        definition="" if reason else definition,
        prediction_reason=reason,
        reasons=tuple("" if here else "a moderator has no value" for here in known),
        terms=linear.terms,
        design=x,
        scale=linear.effects.scale,
        sentence=linear.sentence,
    )


def _rows(
    linear: LinearFit, new_data: Any
) -> tuple[NDArray[np.float64], tuple[str, ...], pd.DataFrame | None]:
    """Return the design at the values asked for, a name for each row, and the table."""
    design = linear.design
    if design is None:
        if new_data is not None:
            raise OptionError(
                "new_data", type(new_data).__name__, ["left out"],
                hint="The model has no moderators; it has one prediction.",
            )  # fmt: skip
        return np.ones((1, 1)), ("pooled effect",), None
    if new_data is None:
        effects, here = linear.effects, np.flatnonzero(linear.rows)
        labels = tuple(effects.labels[row] for row in here)
        return design.matrix[here], labels, effects.data.iloc[here].reset_index(drop=True)
    return design_at(design, new_data)


def design_at(
    design: Design, new_data: Any
) -> tuple[NDArray[np.float64], tuple[str, ...], pd.DataFrame | None]:
    """Return the design of new data, a name for each row, and the table."""
    if design.coding is not None:
        labels = None
        if hasattr(new_data, "index") and hasattr(new_data, "columns"):
            import pandas as pd

            if not isinstance(new_data.index, pd.RangeIndex):
                labels = tuple(str(name) for name in new_data.index)
        elif isinstance(new_data, np.ndarray):
            return _given_matrix(design, new_data)
        table = as_table(new_data)
        x = design.coding.matrix(table)
        return x, labels or _numbered(len(x)), table
    if isinstance(new_data, Mapping):
        new_data = as_table(new_data)
    if hasattr(new_data, "columns"):
        lacking = [
            term for term in design.terms if term not in new_data.columns and term != "intercept"
        ]
        if lacking:
            raise OptionError(
                "new_data", lacking[0], [str(name) for name in new_data.columns],
                hint=f"The model needs the columns {', '.join(design.terms)}.",
            )  # fmt: skip
        columns = [
            np.asarray(new_data[term], dtype=np.float64) if term in new_data.columns
            else np.ones(len(new_data))
            for term in design.terms
        ]  # fmt: skip
        return _given_matrix(design, np.column_stack(columns))
    return _given_matrix(design, np.asarray(new_data, dtype=np.float64))


def _given_matrix(
    design: Design, matrix: NDArray[np.float64]
) -> tuple[NDArray[np.float64], tuple[str, ...], None]:
    x = np.atleast_2d(np.asarray(matrix, dtype=np.float64))
    p = len(design.terms)
    if x.ndim != 2 or x.shape[1] != p:
        raise DataError(
            f"new_data has shape {np.shape(matrix)}; a column for each of the {p} coefficients is "
            f"needed: {', '.join(design.terms)}"
        )
    return x, _numbered(len(x)), None


def _numbered(size: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(1, size + 1))


def _definition(fit: Fit) -> Definition:
    """Return the distribution of prediction intervals that belongs to a fit."""
    if isinstance(fit, PooledFit) and fit.options.prediction in DEFINITIONS:
        return fit.options.prediction
    if isinstance(fit, MultilevelFit) and np.isinf(fit.df):
        return "normal"
    return "t k-1"


def _interval(
    estimates: NDArray[np.float64],
    se: NDArray[np.float64],
    spread: NDArray[np.float64],
    k: int,
    definition: Definition,
    level: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Return prediction intervals, or why there are none; k as if there were a mean alone."""
    nan = np.full(len(estimates), np.nan)
    if k < 3:
        return nan, nan, "a prediction interval needs at least two residual degrees of freedom"
    low, high = prediction_interval(estimates, se, spread, k, method=definition, level=level)
    return np.asarray(low), np.asarray(high), ""


def _spread(
    fit: Fit, linear: LinearFit, fitted: bool, table: pd.DataFrame | None, size: int
) -> tuple[NDArray[np.float64], str]:
    """Return the variance between studies of each row, or why there is none."""
    nan = np.full(size, np.nan)
    if isinstance(fit, RobustFit):
        return nan, NO_ROBUST
    if isinstance(fit, MultilevelFit):
        return _multilevel_spread(fit, fitted, table, size)
    if isinstance(fit, LocationScale):
        if fitted:
            return fit.tau2[linear.rows], ""
        if table is None:
            return nan, "the scale model needs new_data by column"
        return fit.tau2_at(table), ""
    tau2 = float(fit.tau2)
    if np.isnan(tau2):
        return nan, getattr(fit, "tau2_reason", "") or NO_HETEROGENEITY
    return np.full(size, tau2), ""


def _multilevel_spread(
    fit: MultilevelFit, fitted: bool, table: pd.DataFrame | None, size: int
) -> tuple[NDArray[np.float64], str]:
    """Return the sum of the variances of all random effects."""
    total = np.zeros(size)
    if not fit.components:
        return np.full(size, np.nan), NO_HETEROGENEITY
    for place, name in enumerate(fit.options.random):
        component, value = fit.model.components[place], fit.model.values[place]
        own = np.diag(value)
        if isinstance(component, Intercepts) or np.ptp(own) == 0:
            total += own[0]
            continue
        if fitted and size == len(component.inner):
            total += own[component.inner]
            continue
        inner = name.split("|")[0].strip()
        order = [
            part.levels[0] for part in fit.components
            if part.random == name and part.kind == "variance"
        ]  # fmt: skip
        if table is None or inner not in table.columns:
            return np.full(size, np.nan), NEEDS_LEVEL.format(inner)
        cells = level_names(table[inner])
        unknown = sorted(set(cells) - set(order))
        if unknown:
            raise DataError(
                f"{inner}: {', '.join(map(repr, unknown))} is not among the levels of the random "
                f"effect: {', '.join(order)}"
            )
        total += own[[order.index(cell) for cell in cells]]
    return total, ""


def _of_subgroups(
    analysis: SubgroupAnalysis,
    new_data: Any,
    kind: Kind,
    level: float | None,
    prediction: Definition | None,
) -> Predictions:
    """Return the pooled effects of the subgroups."""
    groups = {group.level: group.fit for group in analysis.groups}
    wanted: Sequence[str] = tuple(groups)
    if new_data is not None:
        table = as_table(new_data)
        if analysis.by not in table.columns:
            raise OptionError("new_data", analysis.by, [str(name) for name in table.columns])
        wanted = level_names(table[analysis.by])
        for name in wanted:
            if name not in groups:
                raise OptionError(analysis.by, name, list(groups))
    parts = [
        predict(groups[name], kind=kind, level=level, prediction=prediction) for name in wanted
    ]
    if not parts:
        raise DataError("the analysis has no subgroup with a study")

    def together(field: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(part, field) for part in parts])

    reasons = dict.fromkeys(part.prediction_reason for part in parts if part.prediction_reason)
    given = [part.definition for part in parts if part.definition]
    return Predictions(
        labels=tuple(wanted),
        estimates=together("estimates"),
        se=together("se"),
        ci_lower=together("ci_lower"),
        ci_upper=together("ci_upper"),
        prediction_lower=together("prediction_lower"),
        prediction_upper=together("prediction_upper"),
        df=together("df"),
        heterogeneity=together("heterogeneity"),
        level=parts[0].level,
        definition=given[0] if given else "",
        prediction_reason="; ".join(reasons),
        reasons=("",) * len(parts),
        terms=("intercept",),
        design=np.ones((len(parts), 1)),
        scale=analysis.fit.effects.scale,
        sentence=analysis.method_sentence(),
    )
