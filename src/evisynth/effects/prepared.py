"""A table made ready for `evisynth.effects`: its rows, what was computed in them, and by what."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from evisynth.display import format_columns, format_number, plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PreparedTable", "Step"]

SHOWN = 40
"""Steps that are printed; all of them are in `PreparedTable.computed`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One number that was computed, or could not be.

    Attributes
    ----------
    row : int
        Row of the table it is in, counted from 0.
    label : str
        Name of the row (its study).
    column : str
        Column of the table.
    value : float
        The number; NaN where there is none.
    method : str
        How it was computed, with the source in short.
    note : str
        What a reader must know: a warning, or why there is no number; ``""`` if nothing.
    """

    row: int
    label: str
    column: str
    value: float
    method: str
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PreparedTable:
    """A table whose missing or dependent numbers were worked on, for `evisynth.effects`.

    Attributes
    ----------
    table : pandas.DataFrame
        The table, with the numbers filled in or changed; rows as given unless the notes say so.
    steps : tuple of Step
        Every number that was computed, in the order of the rows.
    title : str
        What was done, in a few words.
    sentence : str
        What was done, with references.
    notes : tuple of str
        What a reader must know.
    """

    table: pd.DataFrame
    steps: tuple[Step, ...]
    title: str
    sentence: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the table, ready for `evisynth.effects`."""
        return self.table.copy()

    def computed(self) -> pd.DataFrame:
        """Return what was computed: row, study, column, value, method, note."""
        import pandas as pd

        return pd.DataFrame(
            {
                "row": [step.row for step in self.steps],
                "study": [step.label for step in self.steps],
                "column": [step.column for step in self.steps],
                "value": [step.value for step in self.steps],
                "method": [step.method for step in self.steps],
                "note": [step.note for step in self.steps],
            }
        )

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return self.sentence

    def _rows(self) -> list[tuple[str, ...]]:
        head = ("study", "column", "value", "how")
        rows = [
            (
                step.label,
                step.column,
                format_number(step.value, 3),
                f"{step.method}; {step.note}" if step.note else step.method,
            )
            for step in self.steps[:SHOWN]
        ]
        return [head, *rows] if rows else []

    def _remarks(self) -> list[str]:
        rest = len(self.steps) - SHOWN
        more = [f"{plural(rest, 'more number')}; see computed()"] if rest > 0 else []
        return [*more, *self.notes]

    def __str__(self) -> str:
        head = f"{self.title}: {plural(len(self.steps), 'number')}"
        lines = [f"{head}, {plural(len(self.table), 'row')}"]
        if self.steps:
            lines += ["", *format_columns(self._rows())]
        if self._remarks():
            lines += ["", *(f"  Note: {note}" for note in self._remarks())]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """Return what was computed as an HTML table, for notebooks."""
        body = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{escape(c)}</td>" for c in row) + "</tr>"
            for row in self._rows()
        )
        notes = "".join(f"<p>{escape(note)}</p>" for note in self._remarks())
        return f"<table><caption>{escape(self.title)}</caption><tbody>{body}</tbody></table>{notes}"
