"""The columns of a forest plot: which ones the data fill, their headings and their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.display import format_count, format_number
from evisynth.errors import OptionError
from evisynth.figures.shown import digits_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.effects import EffectEstimates, Scale

__all__ = ["Column", "Table", "table_of"]

MOST_DIGITS = 2
CHANGE_MARK = "†"
TIMES = ("time1", "time2")
RATES = ("IRR", "IRD", "IRSD")
"""Measures made of events and person-time."""

SINGLE = {
    "events": "Events",
    "mean": "Mean",
    "sd": "SD",
    "r": "Correlation",
    "n": "Total",
    "time": "Person-time",
}
"""Headings of the columns of a single group, in their order."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column left of the weights.

    Attributes
    ----------
    key : str
        Its texts in a row.
    heading : str
        Words over it.
    band : str
        Words over several neighbouring columns (the arm), or ``""``.
    align : {"left", "right", "decimal"}
        ``"decimal"`` sets the points under each other.
    """

    key: str
    heading: str
    band: str = ""
    align: Literal["left", "right", "decimal"] = "right"

    @property
    def title(self) -> str:
        """Heading with its band, for a table with one line of headings."""
        return f"{self.band} {self.heading}".strip()


@dataclass(frozen=True, slots=True)
class Table:
    """Texts of the columns for each row of the effects.

    ``counts`` holds the numbers that totals are summed from; ``marks`` the rows whose label is
    marked, and ``notes`` what the mark means; ``digits`` are the decimals of effect estimates.
    """

    columns: tuple[Column, ...]
    cells: tuple[Mapping[str, str], ...]
    counts: Mapping[str, NDArray[np.float64]]
    marks: frozenset[int]
    notes: tuple[str, ...]
    digits: int

    def marked(self, index: int, label: str) -> str:
        """Return a label, with the mark where its numbers are changes from baseline."""
        return f"{label} {CHANGE_MARK}" if index in self.marks else label

    def totals(self, indices: Iterable[int]) -> dict[str, str]:
        """Return participants, or person-time, of each arm; blank where a row does not say."""
        return self._sums(indices, ("n1", "n2", "n", *TIMES))

    def events(self, indices: Iterable[int]) -> dict[str, str]:
        """Return events of each arm over rows; empty when the data hold no events."""
        return self._sums(indices, ("events1", "events2", "events"))

    def _sums(self, indices: Iterable[int], names: Sequence[str]) -> dict[str, str]:
        keep = list(indices)
        shown = {column.key for column in self.columns}
        out = {}
        for name in names:
            if name in self.counts and name in shown and keep:
                total = float(self.counts[name][keep].sum())
                if np.isfinite(total):
                    out[name] = _count(total)
        return out


def _count(value: float) -> str:
    if not np.isfinite(value):
        return ""
    return format_count(int(value)) if float(value).is_integer() else format_number(value, 1)


def _numbers(effects: EffectEstimates, name: str) -> NDArray[np.float64] | None:
    """Return a column of numbers by its standard name, NaN where a cell holds none."""
    column = effects.columns.get(name, name)
    if column not in effects.data.columns:
        return None
    import pandas as pd

    values = pd.to_numeric(effects.data[column], errors="coerce")
    numbers = np.asarray(values, dtype=float)
    return numbers if np.isfinite(numbers).any() else None


def _texts(numbers: NDArray[np.float64]) -> list[str]:
    """Numbers as they were given, to two decimals at most."""
    out = []
    for value in numbers:
        if not np.isfinite(value):
            out.append("")
            continue
        digits = MOST_DIGITS
        while digits and round(value, digits) == round(value, digits - 1):
            digits -= 1
        out.append(format_number(float(value), digits))
    return out


def _deviations(effects: EffectEstimates, arm: int) -> NDArray[np.float64] | None:
    """Return the SDs of one arm, computed from the standard error where only that was given."""
    given = _numbers(effects, f"sd{arm}")
    errors, sizes = _numbers(effects, f"se{arm}"), _numbers(effects, f"n{arm}")
    if errors is None or sizes is None:
        return given
    computed = errors * np.sqrt(sizes)
    return computed if given is None else np.where(np.isfinite(given), given, computed)


def _observed_expected(
    numbers: Mapping[str, NDArray[np.float64]],
) -> dict[str, NDArray[np.float64]]:
    """Return observed minus expected events of arm 1 and its hypergeometric variance."""
    if not {"events1", "n1", "events2", "n2"} <= numbers.keys():
        return {}
    first, second = numbers["n1"], numbers["n2"]
    people, events = first + second, numbers["events1"] + numbers["events2"]
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = events * first / people
        spread = expected * (second / people) * (people - events) / (people - 1)
    return {"o_e": numbers["events1"] - expected, "o_e_variance": spread}


def _single_group(effects: EffectEstimates) -> dict[str, NDArray[np.float64]]:
    """Return the numbers of a single group, where the estimates were made of them."""
    made_of = {"events", "mean", "r"} & effects.columns.keys()
    if not made_of:
        return {}
    found: dict[str, NDArray[np.float64]] = {
        name: numbers
        for name in ("events", "n", "time", "mean", "sd", "r")
        if name in effects.columns and (numbers := _numbers(effects, name)) is not None
    }
    others = _numbers(effects, "nonevents") if "nonevents" in effects.columns else None
    if "events" in found and "n" not in found and others is not None:
        found["n"] = found["events"] + others
    return found


def table_of(
    effects: EffectEstimates,
    arms: tuple[str, str],
    columns: Sequence[str] | Mapping[str, str] | None,
) -> Table:
    """Choose columns and form their texts.

    Parameters
    ----------
    effects
        Effect estimates with their data.
    arms
        Words for the experimental and the comparator arm.
    columns
        None for the columns that the data fill; otherwise names of columns (standard names or
        names of the data), or a mapping of such names to headings.

    Raises
    ------
    OptionError
        A column that the data do not hold.
    """
    numbers: dict[str, NDArray[np.float64]] = {
        name: found
        for name in ("n1", "mean1", "n2", "mean2", "events1", "events2", "difference", "se")
        + (TIMES if effects.measure in RATES else ())
        if (found := _numbers(effects, name)) is not None
    }
    numbers |= _single_group(effects)
    for arm in (1, 2):
        deviations = _deviations(effects, arm)
        if deviations is not None:
            numbers[f"sd{arm}"] = deviations
    if not {"o_e", "o_e_variance"} <= set(effects.data.columns):
        numbers |= _observed_expected(numbers)
    known = _standard(arms, effects.scale)
    if columns is None:
        chosen = [known[name] for name in _filled(numbers)]
    else:
        headings = columns if isinstance(columns, Mapping) else {}
        chosen = [_column(effects, name, known, headings.get(name, "")) for name in columns]
    texts: dict[str, list[str]] = {}
    for column in chosen:
        texts[column.key] = _column_texts(effects, column.key, numbers)
    cells = tuple(
        {key: values[index] for key, values in texts.items()} for index in range(len(effects))
    )
    marks = _changes(effects, {column.key for column in chosen})
    notes = (f"{CHANGE_MARK} Mean and SD of the change from baseline.",) if marks else ()
    sums: tuple[str, ...] = ("n1", "n2", "events1", "events2", "n", "events", *TIMES)
    counts: dict[str, NDArray[np.float64]] = {
        name: numbers[name] for name in sums if name in numbers
    }
    return Table(tuple(chosen), cells, counts, marks, notes, digits_of(effects))


def _standard(arms: tuple[str, str], scale: Scale) -> dict[str, Column]:
    estimate = f"log({scale.short})" if scale.is_ratio else "Estimate"
    out = {
        "difference": Column("difference", "MD", "Difference", "decimal"),
        "se": Column("se", "SE", "Difference", "decimal"),
        "pooled scale": Column("pooled scale", estimate, "", "decimal"),
        "standard error": Column("standard error", "SE", "", "decimal"),
        "o_e": Column("o_e", "O−E", "", "decimal"),
        "o_e_variance": Column("o_e_variance", "Variance", "", "decimal"),
    }
    for name, heading in SINGLE.items():
        align: Literal["right", "decimal"] = "right" if name in ("events", "n") else "decimal"
        out[name] = Column(name, heading, "", align)
    for number, arm in enumerate(arms, start=1):
        out[f"mean{number}"] = Column(f"mean{number}", "Mean", arm, "decimal")
        out[f"sd{number}"] = Column(f"sd{number}", "SD", arm, "decimal")
        out[f"events{number}"] = Column(f"events{number}", "Events", arm)
        out[f"n{number}"] = Column(f"n{number}", "Total", arm)
        out[f"time{number}"] = Column(f"time{number}", "Person-time", arm, "decimal")
    return out


def _filled(numbers: Mapping[str, object]) -> list[str]:
    """Names of the columns that the data fill, in the order of RevMan."""
    out: list[str] = [name for name in SINGLE if name in numbers]
    for arm in (1, 2):
        names = (f"{stem}{arm}" for stem in ("events", "mean", "sd", "n", "time"))
        out += [name for name in names if name in numbers]
    if "difference" in numbers:
        out.append("difference")
        if "se" in numbers:
            out.append("se")
    elif not any(name.startswith(("events", "mean")) or name == "r" for name in out):
        out += ["pooled scale", "standard error"]
    return out


def _column(
    effects: EffectEstimates, name: str, known: Mapping[str, Column], heading: str
) -> Column:
    if name in known:
        column = known[name]
        return Column(name, heading or column.heading, column.band, column.align)
    if name not in effects.data.columns:
        allowed = [*known, *(str(column) for column in effects.data.columns)]
        raise OptionError("columns", name, allowed)
    numeric = effects.data[name].dtype.kind in "iuf"
    return Column(name, heading or name, "", "decimal" if numeric else "left")


def _column_texts(
    effects: EffectEstimates, key: str, numbers: Mapping[str, NDArray[np.float64]]
) -> list[str]:
    if key in ("n1", "n2", "events1", "events2", "n", "events") and key in numbers:
        return [_count(float(value)) for value in numbers[key]]
    if key == "pooled scale":
        return _precise(effects.estimates, digits_of(effects) + 1)
    if key == "standard error":
        return _precise(effects.standard_errors, digits_of(effects) + 1)
    if key == "se" and "difference" in numbers and "se" in numbers:
        # A standard error next to means is one of an arm or of nothing shown here.
        return _texts(np.where(np.isfinite(numbers["difference"]), numbers["se"], np.nan))
    if key in numbers:
        return _texts(numbers[key])
    if key not in effects.data.columns:
        return [""] * len(effects)
    column = effects.data[key]
    if column.dtype.kind in "iuf":
        return _texts(np.asarray(column, dtype=float))
    return [
        "" if missing else str(value) for value, missing in zip(column, column.isna(), strict=True)
    ]


def _precise(values: NDArray[np.float64], digits: int) -> list[str]:
    return [format_number(float(value), digits) if np.isfinite(value) else "" for value in values]


def _changes(effects: EffectEstimates, shown: set[str]) -> frozenset[int]:
    """Rows of changes from baseline, when they stand among rows of another kind."""
    if "kind" not in effects.data.columns or not shown & {"mean1", "mean2"}:
        return frozenset()
    kinds = [str(kind) for kind in effects.data["kind"]]
    if "changes" not in kinds:
        return frozenset()
    return frozenset(index for index, kind in enumerate(kinds) if kind == "changes")
