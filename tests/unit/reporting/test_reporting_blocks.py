"""The document as data: numbers given once, pointers resolved, mistakes refused."""

from __future__ import annotations

import pytest

from evisynth.errors import DataError
from evisynth.reporting.assembly import assemble
from evisynth.reporting.blocks import (
    Column,
    DocumentMeta,
    Heading,
    Paragraph,
    Reference,
    References,
    Row,
    Table,
    cells,
    cite,
    plain,
    runs,
    see,
)

META = DocumentMeta("T", "t", (), "2026-01-01", "1", "", "", (), "evisynth", "abc")
LIBRARY = {"one": Reference("One.", "https://doi.org/10.1/one"), "two": Reference("Two.")}


def small_table(name: str) -> Table:
    return Table(name, "Caption", (Column("A"), Column("B", "right")), (Row(cells("x", "1")),))


def test_tables_and_references_are_numbered_in_reading_order():
    document = assemble(
        META,
        [
            Paragraph(runs("See ", see("tab-b"), " and ", see("tab-a"), " ", cite("two", "one"))),
            small_table("tab-a"),
            small_table("tab-b"),
            Paragraph(runs(cite("one"))),
            References(),
        ],
        LIBRARY,
    )
    first, last = document.blocks[0], document.blocks[3]
    assert isinstance(first, Paragraph)
    assert isinstance(last, Paragraph)
    assert plain(first.text) == "See Table 2 and Table 1 [1, 2]"
    assert plain(last.text) == "[2]"
    listed = document.blocks[4]
    assert isinstance(listed, References)
    assert [(item.number, item.key) for item in listed.items] == [(1, "two"), (2, "one")]
    assert listed.items[1].shown_href == "doi:10.1/one"
    assert [table.number for table in document.tables] == [1, 2]


def test_a_pointer_in_a_cell_and_in_a_footnote_is_resolved():
    table = Table(
        "tab-a",
        "Caption",
        (Column("A"),),
        (Row((runs(see("part")),)),),
        footnotes=(runs("After ", cite("one")),),
    )
    document = assemble(META, [Heading(1, "Part", "part"), table], LIBRARY)
    (made,) = document.tables
    assert plain(made.rows[0].cells[0]) == "Part"
    assert plain(made.footnotes[0]) == "After [1]"


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([Paragraph(runs(see("nowhere")))], "points to 'nowhere'"),
        ([Paragraph(runs(cite("three")))], "cites 'three'"),
        ([small_table("a"), small_table("a")], "two places with the id 'a'"),
    ],
)
def test_a_pointer_that_leads_nowhere_is_refused(blocks, message):
    with pytest.raises(DataError, match=message):
        assemble(META, blocks, LIBRARY)


def test_a_row_with_too_few_cells_is_refused():
    with pytest.raises(DataError, match="row 0: 1 cells for 2"):
        Table("t", "Caption", (Column("A"), Column("B")), (Row(cells("x")),))


def test_headings_over_columns_join_neighbours_only():
    columns = (
        Column("S"), Column("n", group="E"), Column("m", group="E"), Column("n", group="C"),
        Column("g"),
    )  # fmt: skip
    table = Table("t", "Caption", columns, ())
    assert table.header_groups() == (("", 1), ("E", 2), ("C", 1), ("", 1))
