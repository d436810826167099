"""Columns of a table for what is done to it before effect measures: by name, by value, by habit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.errors import InputError, OptionError, Problem
from evisynth.stats import is_number

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects.columns import Column

__all__ = ["find_column", "numbers_of", "require", "row_labels", "values_of"]

LABELS = ("study", "study_id", "studlab", "slab", "trial", "author", "authors", "label")


def find_column(frame: pd.DataFrame, words: Iterable[str]) -> str | None:
    """Return the first column that is called by one of the words; case does not matter."""
    known = {str(name).casefold(): str(name) for name in reversed(list(frame.columns))}
    return next((known[word] for word in words if word in known), None)


def require(frame: pd.DataFrame, name: str, option: str) -> str:
    """Return the name of a column that must be there.

    Raises
    ------
    OptionError
        If it is not.
    """
    if not isinstance(name, str) or name not in frame.columns:
        raise OptionError(option, name, [str(column) for column in frame.columns])
    return name


def values_of(frame: pd.DataFrame, given: Any, option: str) -> list[Any]:
    """Return the cells of a column, given by name or as values; shape (K,).

    Raises
    ------
    OptionError
        If there is no such column.
    InputError
        If the number of values is not that of the rows.
    """
    if isinstance(given, str):
        return list(frame[require(frame, given, option)].tolist())
    if np.ndim(given) == 0:
        if not is_number(given) or not np.isfinite(float(given)):
            raise OptionError(option, given, ["a column's name", "one number", "one value a row"])
        return [given] * len(frame)
    cells = list(given.tolist()) if hasattr(given, "tolist") else list(given)
    if len(cells) != len(frame):
        raise InputError(
            Problem(
                "data",
                f"argument {option}",
                f"{len(cells)} values do not fit a table of {len(frame)} rows",
                hint="Give a column's name, one value a row, or one number.",
            )
        )
    return cells


def numbers_of(
    frame: pd.DataFrame, given: Column | float, option: str, words: Iterable[str] = ()
) -> NDArray[np.float64] | None:
    """Return the numbers of a column, given by name, as values or as one number; shape (K,).

    None is returned where nothing is given and no column is called by one of ``words``.

    Raises
    ------
    OptionError
        If there is no such column.
    InputError
        If a cell holds no number.
    """
    chosen: Any = find_column(frame, words) if given is None else given
    if chosen is None:
        return None
    place = f"column {chosen}" if isinstance(chosen, str) else f"argument {option}"
    cells = values_of(frame, chosen, option)
    numbers = np.full(len(frame), np.nan)
    problems = []
    for row, cell in enumerate(cells):
        try:
            numbers[row] = _number(cell)
        except ValueError:
            problems.append(
                Problem(
                    "data",
                    f"row {row + 1}, {place}",
                    f"{cell!r} is not a number",
                    hint="Leave unknown cells empty.",
                )
            )
    if problems:
        raise InputError(problems)
    return numbers


def _number(cell: Any) -> float:
    """Return a cell as a number, NaN for an empty one."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return np.nan
    if isinstance(cell, str):
        text = cell.strip().replace("\N{MINUS SIGN}", "-")
        return np.nan if text.casefold() in ("", "na", "nan", "n/a", ".") else float(text)
    return float(cell)


def row_labels(frame: pd.DataFrame, study: str | None = None) -> list[str]:
    """Return a name for each row: its study, or ``"row 3"`` where there is none; shape (K,)."""
    name = require(frame, study, "study") if study is not None else find_column(frame, LABELS)
    if name is None:
        return [f"row {row + 1}" for row in range(len(frame))]
    cells = frame[name].tolist()
    return [
        f"row {row + 1}" if cell is None or cell != cell else str(cell).strip()
        for row, cell in enumerate(cells)
    ]
