"""Names of the rows, and which rows are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from evisynth.effects.columns import SYNONYMS, Column, Table
from evisynth.errors import InputError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_labels", "number_labels", "read_labels", "subset_rows"]

LISTS = (list, tuple, set, frozenset)

FEW = 12
"""A column with at most so many values is offered for choosing rows."""


def read_labels(table: Table, study: Column) -> list[str]:
    """Return the names of the rows, shape (K,).

    A table without a column of names gets ``"Study 1"`` and so on.
    """
    if isinstance(study, str) and study == SYNONYMS["study"][0]:
        found = study in table.frame.columns or table.recognize("study")
        if not found:
            return [f"Study {row + 1}" for row in range(len(table))]
        table.columns.setdefault("study", study)
    elif not table.name("study", study):
        return [f"Study {row + 1}" for row in range(len(table))]
    column = table.columns["study"]
    words = [_word(cell) for cell in table.frame[column].tolist()]
    for row, word in enumerate(words):
        if not word:
            table.report(row, "study", "the row has no name", hint="Fill the cell.")
    years = next((c for c in table.frame.columns if str(c).casefold() == "year"), None)
    if column.casefold() in ("author", "authors") and years is not None:
        cells = table.frame[years].tolist()
        words = [f"{word} {_word(cell)}".strip() for word, cell in zip(words, cells, strict=True)]
    return words


def _word(cell: object) -> str:
    """Return a cell as text: empty for a missing one, ``"7"`` for 7.0."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def subset_rows(table: Table, subset: object) -> NDArray[np.bool_] | None:
    """Return which rows are asked for, or None for all.

    Raises
    ------
    InputError
        When a column is not there, or no row is left.
    """
    if subset is None:
        return None
    frame = table.frame
    if isinstance(subset, Mapping):
        keep = np.ones(len(frame), dtype=np.bool_)
        for column, wanted in subset.items():
            if column not in frame.columns:
                have = ", ".join(str(name) for name in frame.columns)
                raise InputError(
                    Problem(
                        table.where,
                        f"subset, column {column}",
                        f"there is no such column; the table has: {have}",
                    )
                )
            several = isinstance(wanted, LISTS)
            allowed = list(wanted) if isinstance(wanted, LISTS) else [wanted]
            cells = list(frame[str(column)])
            hit = np.array([value in allowed for value in cells])
            if not hit.any():
                values = tuple(dict.fromkeys(str(value) for value in cells))
                raise InputError(
                    Problem(
                        table.where,
                        f"subset, column {column}",
                        f"no row has {'any of ' if several else ''}{wanted!r}",
                        allowed=values[:FEW] if len(values) <= FEW else (),
                    )
                )
            keep &= hit
    else:
        keep = np.asarray(subset)
        if keep.shape != (len(frame),) or keep.dtype != np.bool_:
            raise InputError(
                Problem(
                    table.where,
                    "subset",
                    f"{keep.dtype} values of shape {keep.shape} do not choose among "
                    f"{len(frame)} rows",
                    hint="Give one True or False a row, or values by column.",
                )
            )
    if not keep.any():
        raise InputError(Problem(table.where, "subset", "no row is left"))
    return keep


def number_labels(labels: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tell the rows of one study apart by a number.

    Returns
    -------
    labels : tuple of str
        Unique names.
    several : tuple of str
        Studies with several rows.

    Examples
    --------
    >>> number_labels(["A", "A", "B"])
    (('A (1)', 'A (2)', 'B'), ('A',))
    """
    counts = Counter(labels)
    several = tuple(name for name, number in counts.items() if number > 1)
    if not several:
        return tuple(labels), ()
    so_far: Counter[str] = Counter()
    named = []
    for name in labels:
        so_far[name] += 1
        named.append(f"{name} ({so_far[name]})" if counts[name] > 1 else name)
    return tuple(named), several


def check_labels(table: Table) -> None:
    """Note studies that stand in the table more than once."""
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(table.labels):
        rows.setdefault(name, []).append(row)
    twice = {name: found for name, found in rows.items() if len(found) > 1}
    if not twice:
        return
    name, found = next(iter(twice.items()))
    places = ", ".join(str(table.number(row)) for row in found[:-1])
    places += f" and {table.number(found[-1])}"
    others = f" (and {len(twice) - 1} more names stand twice)" if len(twice) > 1 else ""
    hint = (
        "Give each row its own name by study=, choose one row a study by subset=, or keep them all "
        "by repeated='number'."
    )
    telling = _telling_column(table, found)
    if telling:
        value = table.frame[telling].tolist()[found[0]]
        hint = f"The rows differ in {telling!r}: choose, e.g. subset={{{telling!r}: {value!r}}}."
    table.problems.append(
        Problem(
            table.where,
            f"column {table.columns.get('study', 'study')}",
            f"study {name!r} stands in rows {places}{others}; its people would count twice",
            hint=hint,
        )
    )


def _telling_column(table: Table, rows: list[int]) -> str:
    """Return a column of few texts that tells the rows of one study apart, or ``""``."""
    for column in table.frame.columns:
        values = table.frame[column].tolist()
        here = [values[row] for row in rows]
        if (
            column not in table.columns.values()
            and all(isinstance(value, str) for value in here)
            and len(set(here)) == len(here)
            and len({str(value) for value in values}) <= FEW
        ):
            return str(column)
    return ""
