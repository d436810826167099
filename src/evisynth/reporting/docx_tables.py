"""Tables of the Word file: three rules, fixed widths, repeated header rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from evisynth.reporting.blocks import Runs, Table, plain
from evisynth.reporting.docx_parts import element, style_ids

if TYPE_CHECKING:
    from docx.document import Document

__all__ = ["add_table", "column_widths"]

POINTS_PER_CHARACTER = 3.95
"""Mean width of a character at the size of table text (Arial 7.5 pt, digits 4.2)."""
PADDING_MM = 3.2
MM_PER_POINT = 25.4 / 72


def _length(text: str, most: int) -> float:
    """Width of a text in mean characters; capitals are wider."""
    return sum(1.35 if letter.isupper() else 1.0 for letter in text[:most])


def _needs(table: Table) -> list[float]:
    """Least width of each column in millimetres: its longest unbreakable part."""
    needs = []
    for place, column in enumerate(table.columns):
        texts = [plain(row.cells[place]) for row in table.rows if not row.is_full_width]
        words = [
            word for text in (*texts, column.header) for word in re.split(r"[\s/]+|(?<=-)", text)
        ]
        longest = max((_length(word, 16) for word in words), default=4)
        if column.align == "right":
            longest = max(longest, max((_length(text, 26) for text in texts), default=4))
        needs.append(longest * POINTS_PER_CHARACTER * MM_PER_POINT + PADDING_MM)
    return needs


def column_widths(table: Table, width: float) -> list[float]:
    """Share a width in millimetres among the columns: what each needs, then by content.

    Parameters
    ----------
    table
        The table.
    width
        Width of the text in millimetres.

    Returns
    -------
    list of float
        Widths that add up to ``width``.
    """
    needs = _needs(table)
    total = sum(needs)
    if total >= width:
        return [need * width / total for need in needs]
    from evisynth.reporting.html import column_shares

    shares = column_shares(table)
    wanted = [
        max(share * width / 100 - need, 0.0) for share, need in zip(shares, needs, strict=True)
    ]
    rest = width - total
    whole = sum(wanted)
    if whole == 0:
        return [need * width / total for need in needs]
    return [need + rest * want / whole for need, want in zip(needs, wanted, strict=True)]


def _borders(cell: Any, **sides: float) -> None:
    properties = cell._tc.get_or_add_tcPr()
    borders = element("tcBorders")
    for side in ("top", "bottom"):
        if side in sides:
            size = str(round(sides[side] * 8))
            borders.append(element(side, val="single", sz=size, space="0", color="1C2126"))
    properties.append(borders)


def _margins(made: Any) -> None:
    properties = made._tbl.tblPr
    margins = element("tblCellMar")
    for side, twips in (("top", "30"), ("left", "60"), ("bottom", "30"), ("right", "60")):
        margins.append(element(side, w=twips, type="dxa"))
    properties.append(margins)


def _repeat(row: Any) -> None:
    row._tr.get_or_add_trPr().append(element("tblHeader", val="true"))


def _whole(row: Any) -> None:
    row._tr.get_or_add_trPr().append(element("cantSplit", val="true"))


def add_table(
    document: Document,
    table: Table,
    width: float,
    write: Callable[[Any, Runs], None],
) -> Any:
    """Add a table of fixed width.

    Parameters
    ----------
    document
        The Word document.
    table
        The table.
    width
        Width in millimetres.
    write
        Writes runs into a paragraph.

    Returns
    -------
    docx.table.Table
        The table made.
    """
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm

    align = {
        "left": WD_ALIGN_PARAGRAPH.LEFT,
        "right": WD_ALIGN_PARAGRAPH.RIGHT,
        "center": WD_ALIGN_PARAGRAPH.CENTER,
    }
    heads = 2 if table.has_groups else 1
    count = len(table.columns)
    made = document.add_table(rows=heads + len(table.rows), cols=count)
    made.alignment = WD_TABLE_ALIGNMENT.LEFT
    made.autofit = False
    _margins(made)
    widths = [Mm(value) for value in column_widths(table, width)]
    for column, value in zip(made.columns, widths, strict=True):
        column.width = value
    styles = style_ids(document)
    # python-docx finds a cell by walking the whole grid; one list of rows keeps this linear.
    grid = [list(row.cells) for row in made.rows]
    rows = list(made.rows)

    def fill(cell: Any, text: Runs, style: str, side: str) -> None:
        paragraph = cell.paragraphs[0]
        paragraph._p.style = styles[style]
        paragraph.alignment = align[side]
        write(paragraph, text)

    from evisynth.reporting.blocks import runs as as_runs

    if table.has_groups:
        place = 0
        for words, span in table.header_groups():
            cell = grid[0][place]
            if span > 1:
                cell = cell.merge(grid[0][place + span - 1])
            fill(cell, as_runs(words), "Evisynth Table Head", "center")
            place += span
    for cell, column in zip(grid[heads - 1], table.columns, strict=True):
        fill(cell, as_runs(column.header), "Evisynth Table Head", column.align)
    for place, row in enumerate(table.rows, start=heads):
        if row.is_full_width:
            cell = grid[place][0].merge(grid[place][-1]) if count > 1 else grid[place][0]
            head = row.kind == "group"
            fill(cell, row.cells[0], "Evisynth Table Head" if head else "Evisynth Table", "left")
            if head:
                cell.paragraphs[0].paragraph_format.keep_with_next = True
            continue
        style = "Evisynth Table Head" if row.kind == "total" else "Evisynth Table"
        for cell, column, text in zip(grid[place], table.columns, row.cells, strict=True):
            fill(cell, text, style, column.align)
    for values in grid:
        for cell, value in zip(values, widths, strict=True):
            if not cell._tc.grid_span > 1:
                cell.width = value
    last = len(rows) - 1
    for place, row in enumerate(rows):
        sides: dict[str, float] = {}
        if place == 0:
            sides["top"] = 1.0
        if place == heads - 1:
            sides["bottom"] = 0.5
        if place == last:
            sides["bottom"] = 1.0 if place >= heads else 0.5
        if place >= heads and table.rows[place - heads].kind == "total":
            sides["top"] = 0.5
        if sides:
            seen: set[int] = set()
            for cell in grid[place]:
                if id(cell._tc) not in seen:
                    seen.add(id(cell._tc))
                    _borders(cell, **sides)
        _whole(row)
        if place < heads:
            _repeat(row)
    return made
