"""Pairs of name and text as a table of a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

__all__ = ["facts_table"]


def facts_table(title: str, rows: Iterable[tuple[str, str]], notes: Iterable[str]) -> str:
    """Return pairs of name and text as an HTML table, with notes below it.

    Examples
    --------
    >>> facts_table("a fit", [("k", "3")], ["few studies"])[:55]
    "<table><caption>A fit</caption><tbody><tr><th style='te"
    """
    cells = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th>"
        f"<td style='text-align:left'>{escape(text)}</td></tr>"
        for name, text in rows
    )
    caption = f"<caption>{escape(title[0].upper() + title[1:])}</caption>"
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f"<table>{caption}<tbody>{cells}</tbody></table>{below}"
