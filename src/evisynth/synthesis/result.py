"""What all results share: they print as a table, in text and in notebooks, and go to JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import fields
from html import escape
from typing import TYPE_CHECKING, Any

from evisynth.display import format_columns, format_level, format_number, format_p, format_percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Result", "Stored", "frame_rows"]

DIGITS = 3
DASH = "–"

NUMBER = re.compile(r"[<>]?[−+]?(\d[\d,]*(\.\d+)?|∞)%?")
"""A number as `evisynth.display` writes it."""

HEADINGS = {
    "k": "k", "n": "n", "df": "df", "df1": "df1", "df2": "df2", "q": "Q", "qe": "QE", "qm": "QM",
    "q_df": "df", "se": "SE", "sd": "SD", "p": "P", "p_value": "P", "p_values": "P", "q_p": "P (Q)",
    "p_adjusted": "P, adjusted", "tau2": "tau²", "tau": "tau", "i2": "I²", "h2": "H²", "r2": "R²",
    "omega2": "omega²", "estimate": "Estimate", "estimates": "Estimate",
    "coefficients": "Coefficient",
    "statistic": "Statistic", "statistics": "Statistic", "z": "z", "t": "t",
    "labels": "Study", "dffits": "DFFITS", "dfbetas": "DFBETAS",
    "cooks_distance": "Cook's distance",
    "cov_ratio": "Covariance ratio", "rstudent": "Studentized residual",
    "rstandard": "Standardized residual", "hat": "Hat", "weight": "Weight", "weights": "Weight",
    "weight_percent": "Weight", "log_likelihood": "Log-likelihood", "aic": "AIC", "bic": "BIC",
    "aicc": "AICc", "vif": "VIF", "gvif": "GVIF", "sif": "SIF", "outlier": "Outlier",
}  # fmt: skip
"""What stands above columns that are not called by their words."""

LIMITS = {
    "ci_lower": "CI lower", "ci_upper": "CI upper", "lower": "lower", "upper": "upper",
    "prediction_lower": "PI lower", "prediction_upper": "PI upper",
}  # fmt: skip
"""Columns of limits, which name their level."""

ENDINGS = {"_deleted": "(deleted)", "_se": "SE", "_lower": "lower", "_upper": "upper"}
PERCENT = ("i2", "r2", "weight", "weights", "weight_percent")
"""Columns in percent."""


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
        return frame_rows(self.to_frame(), _level(self))

    def summary_facts(self) -> tuple[str, ...]:
        """Return further lines that a summary shows under its table."""
        return ()

    def summary_notes(self) -> tuple[str, ...]:
        """Return what a reader must know."""
        found = [getattr(self, name, "") for name in ("reason", "caution", "warning")]
        return (*(text for text in found if text), *getattr(self, "notes", ()))

    def summary(self) -> str:
        """Return a readable text: the table and the notes."""
        rows = self.summary_rows()
        lines = [self.title(), "", *format_columns(rows, right=numeric_columns(rows))]
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
        cells = self.summary_rows()
        head, *rows = cells
        right = numeric_columns(cells)
        sides = [
            " style='text-align:right'" if place in right else "" for place in range(len(head))
        ]

        def line(tag: str, row: list[str]) -> str:
            return "".join(
                f"<{tag}{side}>{escape(cell)}</{tag}>"
                for side, cell in zip(sides, row, strict=True)
            )

        top = line("th", head)
        body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
        further = (*self.summary_facts(), *self.summary_notes())
        notes = "".join(f"<p>{escape(note)}</p>" for note in further)
        caption = f"<caption>{escape(self.title())}</caption>"
        return f"<table>{caption}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{notes}"


def numeric_columns(rows: Sequence[Sequence[str]]) -> frozenset[int]:
    """Return which columns of a table of text, names first, hold plain numbers only.

    Examples
    --------
    >>> sorted(numeric_columns([["a", "P", "k"], ["x", "<0.001", "2"], ["y", "0.02", "–"]]))
    [1, 2]
    """
    if len(rows) < 2:
        return frozenset()
    return frozenset(
        place
        for place in range(len(rows[0]))
        if any(NUMBER.fullmatch(row[place]) for row in rows[1:])
        and all(row[place] in ("", DASH) or NUMBER.fullmatch(row[place]) for row in rows[1:])
    )


def _level(result: object) -> float | None:
    """Return the confidence level of a result, or of the fit that it holds."""
    fit = getattr(result, "fit", None)
    for place in (result, fit, getattr(result, "options", None), getattr(fit, "options", None)):
        level = getattr(place, "level", None)
        if isinstance(level, float):
            return level
    return None


def frame_rows(table: pd.DataFrame, level: float | None = None) -> list[list[str]]:
    """Return the cells of a table as text, its names of columns first as readers know them.

    Parameters
    ----------
    table
        What `to_frame` returns.
    level
        Confidence level, which the columns of limits then name.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {"term": ["dose"], "se": [0.12], "ci_lower": [0.1], "p_value": [0.0001]}
    ... )
    >>> frame_rows(table, 0.95)
    [['Term', 'SE', '95% CI lower', 'P'], ['dose', '0.120', '0.100', '<0.001']]
    """
    columns = [str(name) for name in table.columns]
    rows = [[heading(name, level) for name in columns]]
    rows += [
        [_cell(name, value) for name, value in zip(columns, cells, strict=True)]
        for cells in table.itertuples(index=False, name=None)
    ]
    return rows


def heading(name: str, level: float | None = None) -> str:
    """Return what stands above a column in print.

    Examples
    --------
    >>> heading("tau2"), heading("ci_lower", 0.9), heading("cooks_distance"), heading("left_out")
    ('tau²', '90% CI lower', "Cook's distance", 'Left out')
    """
    if name in HEADINGS:
        return HEADINGS[name]
    if name in LIMITS:
        words = LIMITS[name]
        if level is None:
            return words[0].upper() + words[1:]
        return f"{format_level(level)} {words}"
    for ending, words in ENDINGS.items():
        if name.endswith(ending):
            return f"{heading(name.removesuffix(ending), level)} {words}"
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _cell(name: str, value: Any) -> str:
    import numpy as np

    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if name in ("p", "p_value", "p_values", "p_adjusted") or name.endswith("_p"):
            return format_p(number)
        if name in PERCENT:
            return format_percent(number, 1)
        whole = math.isfinite(number) and number.is_integer() and name.startswith(("df", "k"))
        return format_number(number, 0 if whole else DIGITS)
    return "" if value is None else str(value)
