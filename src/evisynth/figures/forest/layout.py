"""Cuts the rows of a forest plot into pages and places them."""

from __future__ import annotations

from collections.abc import Sequence

from evisynth.figures.forest.grid import grid_of
from evisynth.figures.forest.page import Page
from evisynth.figures.forest.plan import Layout
from evisynth.figures.forest.rows import Row
from evisynth.figures.scene import Scene

__all__ = ["layout"]


def layout(plan: Layout) -> tuple[Scene, ...]:
    """Lay the rows out on as many pages as they need."""
    grid = grid_of(plan)
    chunks = _chunks(plan.rows, plan.rows_per_page)
    pages = []
    for number, rows in enumerate(chunks):
        last = number == len(chunks) - 1
        name = f"Page {number + 1} of {len(chunks)}" if len(chunks) > 1 else ""
        pages.append(Page(plan, grid, name).build(rows, last))
    return tuple(pages)


def _chunks(rows: Sequence[Row], limit: int | None) -> list[list[Row]]:
    """Cut rows into pages; a heading stays with its block, totals stay together."""
    if limit is None or len(rows) <= limit:
        return [list(rows)]
    tail = next(
        (at for at, row in enumerate(rows) if row.kind == "total" and not row.block), len(rows)
    )
    pages: list[list[Row]] = []
    page: list[Row] = []
    for at, row in enumerate(rows):
        ends = row.kind in ("subtotal", "sums", "note", "prediction") or at > tail
        if row.kind == "heading" and len(page) >= limit - 3:
            full = True
        else:
            # What follows a total may stand a few rows beyond the limit, never alone on a page.
            full = len(page) >= limit + (5 if ends or at == tail else 0)
        if full and page:
            pages.append(page)
            page = []
            if row.block and row.kind not in ("heading", "empty"):
                page.append(Row("heading", f"{row.block} (continued)", block=row.block))
        if row.kind == "empty" and not page:
            continue
        page.append(row)
    return [*pages, page] if page else pages
