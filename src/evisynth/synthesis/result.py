"""What all results share: they print as a table, in text and in notebooks, and go to JSON."""

from __future__ import annotations

import math
from dataclasses import fields
from html import escape
from typing import TYPE_CHECKING, Any

from evisynth.display import format_columns, format_number, format_p

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Result", "Stored", "frame_rows"]

DIGITS = 3


class Stored:
    """Base of what goes to JSON."""

    __slots__ = ()

    def to_json(self, indent: int | None = None) -> str:
        """Return the result as JSON that `from_json` reads back unchanged."""
        from evisynth.synthesis.serialization import to_json

        return to_json(self, indent)


class Result(Stored):
    """Base of results: a table in text and HTML made from `to_frame`, and JSON.

    A result defines ``to_frame`` and ``method_sentence``; it may replace ``title``,
    ``summary_rows`` and ``summary_notes``.
    """

    __slots__ = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the result as a table; where it has no other, one row of its fields."""
        import pandas as pd

        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])

    def title(self) -> str:
        """Return the first line of the summary."""
        name = type(self).__name__
        words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
        return words.strip().capitalize()

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows, names of columns first."""
        return frame_rows(self.to_frame())

    def summary_facts(self) -> tuple[str, ...]:
        """Return further lines that a summary shows under its table."""
        return ()

    def summary_notes(self) -> tuple[str, ...]:
        """Return what a reader must know."""
        found = [getattr(self, name, "") for name in ("reason", "caution", "warning")]
        return (*(text for text in found if text), *getattr(self, "notes", ()))

    def summary(self) -> str:
        """Return a readable text: the table and the notes."""
        lines = [self.title(), "", *format_columns(self.summary_rows())]
        facts, notes = self.summary_facts(), self.summary_notes()
        if facts:
            lines += ["", *(f"  {fact}" for fact in facts)]
        if notes:
            lines += ["", *(f"  Note: {note}" for note in notes)]
        return "\n".join(line.rstrip() for line in lines)

    def __str__(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        """Return the summary as an HTML table, for notebooks."""
        head, *rows = self.summary_rows()
        top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
        )
        further = (*self.summary_facts(), *self.summary_notes())
        notes = "".join(f"<p>{escape(note)}</p>" for note in further)
        caption = f"<caption>{escape(self.title())}</caption>"
        return f"<table>{caption}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{notes}"


def frame_rows(table: pd.DataFrame) -> list[list[str]]:
    """Return the cells of a table as text, its names of columns first.

    Examples
    --------
    >>> import pandas as pd
    >>> frame_rows(pd.DataFrame({"term": ["dose"], "se": [0.12345], "p_value": [0.0001]}))
    [['term', 'se', 'p value'], ['dose', '0.123', '<0.001']]
    """
    columns = [str(name) for name in table.columns]
    rows = [[name.replace("_", " ") for name in columns]]
    rows += [
        [_cell(name, value) for name, value in zip(columns, cells, strict=True)]
        for cells in table.itertuples(index=False, name=None)
    ]
    return rows


def _cell(name: str, value: Any) -> str:
    import numpy as np

    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if name in ("p_value", "p_values", "p_adjusted") or name.endswith("_p"):
            return format_p(number)
        whole = math.isfinite(number) and number.is_integer() and name.startswith(("df", "k"))
        return format_number(number, 0 if whole else DIGITS)
    return "" if value is None else str(value)
