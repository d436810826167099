"""Effect estimates: what every model of `synthesis` takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from evisynth.display import format_ci, format_columns, format_count, format_number, plural
from evisynth.effects.transformations import TRANSFORMATIONS, Transformation
from evisynth.errors import DataError, OptionError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["EffectEstimates", "Scale"]


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale on which estimates are pooled and the one on which they are shown.

    Attributes
    ----------
    name : str
        Scale of the estimates: ``"identity"``, ``"log"`` (natural logarithms of ratios), or
        another transformation of `evisynth.effects.TRANSFORMATIONS`, such as ``"logit"``.
    null : float
        Value on the pooled scale that the test of no effect is made against (0).
    label : str
        Name of the measure as it is shown, e.g. ``"Odds ratio"``.
    short : str
        Abbreviation, e.g. ``"OR"``.
    lowest, highest : float
        Range of the shown scale, e.g. 0 and 1 for a proportion; limits are not shown beyond it.
    compares : bool
        Whether `null` means no effect. The mean of single groups (a proportion, a rate) has no such
        value, though a test against it can be computed.
    size : float
        Number of people (double arcsine) or person-time (Freeman-Tukey) at which values are brought
        back; NaN for other scales. `EffectEstimates` sets the harmonic mean of its studies.

    Raises
    ------
    OptionError
        When there is no transformation of that name.

    Examples
    --------
    >>> logit = Scale("logit", 0.0, "Proportion", "Proportion", compares=False)
    >>> round(logit.shown(-1.386294), 4), round(logit.pooled(0.2), 4)
    (0.2, -1.3863)
    """

    name: str
    null: float
    label: str
    short: str
    lowest: float = float("-inf")
    highest: float = float("inf")
    compares: bool = True
    size: float = float("nan")

    def __post_init__(self) -> None:
        if self.name not in TRANSFORMATIONS:
            raise OptionError("scale", self.name, TRANSFORMATIONS)

    @property
    def transformation(self) -> Transformation:
        """The transformation between the shown and the pooled scale."""
        return TRANSFORMATIONS[self.name]

    @property
    def is_ratio(self) -> bool:
        """Whether values are shown after the exponential."""
        return self.name == "log"

    @property
    def is_transformed(self) -> bool:
        """Whether the shown scale is another than the pooled one."""
        return self.name != "identity"

    @property
    def needs_size(self) -> bool:
        """Whether the way back depends on the size of a study."""
        return self.transformation.size_of_variance is not None

    @property
    def range(self) -> tuple[float, float]:
        """Least and greatest value of the shown scale."""
        low = max(self.lowest, self.transformation.lowest)
        return low, min(self.highest, self.transformation.highest)

    def shown(self, value: float) -> float:
        """Bring one value from the pooled scale to the shown scale, not beyond its range."""
        return float(self.shown_values(np.array(value, dtype=np.float64)))

    def shown_values(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring values from the pooled scale to the shown scale, not beyond its range.

        Parameters
        ----------
        values : ndarray
            Values on the pooled scale, of any shape.

        Returns
        -------
        ndarray
            Values on the shown scale; NaN where one is NaN, and where the size is not known that
            the way back needs.
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = self.transformation.inverse(np.asarray(values, dtype=np.float64), self.size)
        result: NDArray[np.float64] = np.clip(found, *self.range)
        return result

    def shown_limits(self, lower: float, upper: float) -> tuple[float, float]:
        """Bring two limits to the shown scale, the lower one first.

        Examples
        --------
        >>> falls = Scale("log complement", 0.0, "Alpha", "alpha")
        >>> [round(limit, 2) for limit in falls.shown_limits(-2.0, -1.0)]
        [0.63, 0.86]
        """
        first, second = self.shown(lower), self.shown(upper)
        return (second, first) if self.transformation.falls else (first, second)

    def pooled(self, value: float) -> float:
        """Bring one value from the shown to the pooled scale; NaN or infinite where it has none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            array = np.array(value, dtype=np.float64)
            return float(self.transformation.forward(array, self.size))

    @property
    def pooled_range(self) -> tuple[float, float]:
        """Least and greatest value of the pooled scale that `range` leaves; infinite for most."""
        ends = [self.pooled(end) for end in self.range]
        low, high = ends[::-1] if self.transformation.falls else ends
        return (
            low if np.isfinite(low) else float("-inf"),
            high if np.isfinite(high) else float("inf"),
        )

    def sized(self, variances: NDArray[np.float64]) -> Scale:
        """Return the scale with the harmonic mean of the sizes that lie behind variances.

        The sampling variance of the double arcsine is 1/(4n + 2) and that of the Freeman-Tukey rate
        1/(4t), so that sizes need not be given. Other scales, and one without any variance, are
        returned as they are.

        Parameters
        ----------
        variances : ndarray, shape (K,)
            Sampling variances; those not finite are left out.
        """
        size_of = self.transformation.size_of_variance
        known = variances[np.isfinite(variances)]
        if size_of is None or not known.size:
            return self
        with np.errstate(divide="ignore"):
            inverse = 1 / size_of(known)
        if not np.all(np.isfinite(inverse) & (inverse > 0)):
            return self
        return replace(self, size=float(1 / np.mean(inverse)))


MOST_ROWS = 60
"""Rows printed; of more the first and last `FIRST_ROWS` are."""

FIRST_ROWS = 20


@dataclass(frozen=True, slots=True, repr=False)
class EffectEstimates:
    """Estimates of one effect measure from K studies (or rows of studies).

    A row that has no estimate stays in: its estimate and variance are NaN and `reasons` says why.

    Attributes
    ----------
    measure : str
        Effect measure by its short name, e.g. ``"SMD"``.
    scale : Scale
        Pooled and shown scale; one whose way back depends on the size of the studies holds the
        harmonic mean of those that are estimable (see `scale_of` for a single row).
    labels : tuple of str
        Name of each row, shape (K,); unique.
    estimates : ndarray, shape (K,)
        Effect estimates on the pooled scale (log for ratios). NaN where not estimable.
    variances : ndarray, shape (K,)
        Sampling variances on the pooled scale. NaN where not estimable.
    reasons : tuple of str
        Why a row is not estimable; ``""`` where it is. Shape (K,).
    method : str
        Formulas used, in words, for the method sentence.
    data : pandas.DataFrame
        The rows the estimates were made of, with every further column (moderators, arm data), index
        0 to K-1.
    columns : dict of str to str
        Which column of `data` played which role, e.g. ``{"n1": "n_e", "mean1": "mean_e"}``.
    notes : tuple of str
        What a reader must know (corrections made, rows set aside).
    repeated : tuple of str
        Studies that gave several rows (labelled ``"A (1)"``, ``"A (2)"``); their estimates are not
        independent.
    """

    measure: str
    scale: Scale
    labels: tuple[str, ...]
    estimates: NDArray[np.float64]
    variances: NDArray[np.float64]
    reasons: tuple[str, ...]
    method: str
    data: pd.DataFrame
    columns: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sizes = {
            len(self.labels),
            len(self.reasons),
            len(self.data),
            *self.estimates.shape,
            *self.variances.shape,
        }
        if len(sizes) != 1:
            raise DataError(f"effect estimates: parts differ in length: {sorted(sizes)}")
        if self.scale.needs_size and not np.isfinite(self.scale.size):
            sized = self.scale.sized(self.variances[self.estimable])
            object.__setattr__(self, "scale", sized)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """Standard errors on the pooled scale, shape (K,)."""
        return np.sqrt(self.variances)

    @property
    def estimable(self) -> NDArray[np.bool_]:
        """Which rows have an estimate with a variance, shape (K,)."""
        return np.isfinite(self.estimates) & np.isfinite(self.variances)

    def scale_of(self, index: int) -> Scale:
        """Return the scale on which one row is shown: that of all, at the row's own size."""
        return self.scale.sized(self.variances[[index]])

    def select(self, keep: NDArray[np.bool_]) -> EffectEstimates:
        """Return the rows where ``keep`` is true, in their order."""
        index = np.flatnonzero(keep)
        good = self.variances[index][self.estimable[index]]
        return EffectEstimates(
            measure=self.measure,
            scale=self.scale.sized(good),
            labels=tuple(self.labels[i] for i in index),
            estimates=self.estimates[index],
            variances=self.variances[index],
            reasons=tuple(self.reasons[i] for i in index),
            method=self.method,
            data=self.data.iloc[index].reset_index(drop=True),
            columns=self.columns,
            notes=self.notes,
            repeated=self.repeated,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a table: study, estimate, se, variance, limits, reason, and `data`."""
        import pandas as pd

        half = 1.959963984540054 * self.standard_errors
        head = pd.DataFrame(
            {
                "label": list(self.labels),
                "estimate": self.estimates,
                "se": self.standard_errors,
                "variance": self.variances,
                "ci_lower": self.estimates - half,
                "ci_upper": self.estimates + half,
                "reason": list(self.reasons),
            }
        )
        rest = self.data[[name for name in self.data.columns if name not in head.columns]]
        return pd.concat([head, rest.reset_index(drop=True)], axis=1)

    def _summary_rows(self, places: list[int]) -> list[list[str]]:
        """Return the cells of some rows as text, names of columns first."""
        several = self.scale
        rows = [[several.label, several.short, "[95% CI]", "SE", "Not estimable because"]]
        half = 1.959963984540054 * self.standard_errors
        for place in places:
            scale = self.scale_of(place)
            low, high = self.estimates[place] - half[place], self.estimates[place] + half[place]
            known = bool(self.estimable[place])
            rows.append(
                [
                    self.labels[place],
                    format_number(scale.shown(self.estimates[place]), 2) if known else "",
                    f"[{format_ci(*scale.shown_limits(low, high), 2)}]" if known else "",
                    format_number(self.standard_errors[place], 3) if known else "",
                    self.reasons[place],
                ]
            )
        if not any(self.reasons):
            rows = [row[:4] for row in rows]
        rows[0][0] = ""
        if several.is_transformed:
            rows[0][3] = f"SE ({several.name} scale)"
        return rows

    def _title(self) -> str:
        out = len(self) - int(self.estimable.sum())
        head = f"{self.scale.label} ({self.measure}): {plural(len(self), 'row')}"
        return f"{head}, {format_count(out)} not estimable" if out else head

    def summary(self) -> str:
        """Return a readable text: each row's estimate and limits on the shown scale."""
        k = len(self)
        places = list(range(k))
        if k > MOST_ROWS:
            places = [*places[:FIRST_ROWS], *places[-FIRST_ROWS:]]
        lines = format_columns(self._summary_rows(places))
        if k > MOST_ROWS:
            lines.insert(FIRST_ROWS + 1, f"  ... {format_count(k - 2 * FIRST_ROWS)} more ...")
        notes = [f"  Note: {note}" for note in self.notes]
        return "\n".join([self._title(), "", *lines, *([""] if notes else []), *notes])

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        """Return the rows as an HTML table, for notebooks."""
        head, *rows = self._summary_rows(list(range(min(len(self), MOST_ROWS))))
        top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
        )
        rest = len(self) - len(rows)
        more = (f"and {plural(rest, 'more row')}",) if rest else ()
        notes = "".join(f"<p>{escape(note)}</p>" for note in (*more, *self.notes))
        caption = f"<caption>{escape(self._title())}</caption>"
        return f"<table>{caption}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{notes}"
