"""The Word file: real styles, fields and tables that survive an editor."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn

from evisynth.reporting.content import build_document
from evisynth.reporting.docx import TEXT_WIDTH_MM, WIDE_TEXT_MM, render_docx
from evisynth.reporting.docx_tables import column_widths

EMU_PER_MM = 36000
ROUNDING_MM = 0.5  # Word keeps widths in twentieths of a point


@pytest.fixture(scope="module")
def built():
    """Keeps one rendering for all tests of the module."""
    return {}


@pytest.fixture
def content(built, review, results, figures) -> bytes:
    if "bytes" not in built:
        built["bytes"] = render_docx(build_document(review, results, figures))
    made: bytes = built["bytes"]
    return made


@pytest.fixture
def word(content) -> Document:
    return docx.Document(io.BytesIO(content))


def test_the_same_document_gives_the_same_bytes(content, review, results, figures):
    assert render_docx(build_document(review, results, figures)) == content


def test_the_archive_carries_no_time_of_this_machine(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist()[0] == "[Content_Types].xml"
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_properties_have_the_date_of_the_review(word, review):
    core = word.core_properties
    assert core.title == review.title
    assert core.created is not None
    assert core.created.isoformat()[:10] == review.date
    assert core.modified == core.created
    assert core.author == "Ada Lovelace"


def test_every_table_repeats_its_header_and_keeps_its_width(word):
    assert word.tables
    for table in word.tables:
        first = table.rows[0]._tr
        assert first.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
        assert table.autofit is False
        total = sum(int(column.width or 0) for column in table.columns) / EMU_PER_MM
        limit = WIDE_TEXT_MM if total > TEXT_WIDTH_MM + ROUNDING_MM else TEXT_WIDTH_MM
        assert total == pytest.approx(limit, abs=ROUNDING_MM)


def test_column_widths_fill_the_text_and_leave_room_for_each(review, results, figures):
    for table in build_document(review, results, figures).tables:
        width = WIDE_TEXT_MM if table.wide else TEXT_WIDTH_MM
        widths = column_widths(table, width)
        assert sum(widths) == pytest.approx(width)
        assert min(widths) > 5


def test_captions_are_numbered_by_fields(word):
    fields = [node.text for node in word.element.iter(qn("w:instrText"))]
    assert [text for text in fields if "SEQ Table" in text]
    assert len([text for text in fields if "SEQ Figure \\*" in text]) == 1
    assert len([text for text in fields if "SEQ Figure_S" in text]) == 1
    captions = [
        p.text for p in word.paragraphs if p.style is not None and p.style.name == "Caption"
    ]
    assert captions[0].startswith("Table 1. ")
    assert [text for text in captions if text.startswith("Figure S1. ")]


def test_pictures_are_described(word):
    pictures = list(word.element.iter(qn("wp:docPr")))
    assert [picture.get("name") for picture in pictures] == ["Figure 1", "Figure S1"]
    assert all("Alternative text of" in (picture.get("descr") or "") for picture in pictures)


def test_wide_tables_stand_on_turned_pages(word):
    turned = [section.page_width > section.page_height for section in word.sections]
    assert True in turned
    assert turned[0] is False
    assert turned[-1] is False


def test_inner_links_lead_to_bookmarks(word):
    marks = [node.get(qn("w:name")) for node in word.element.iter(qn("w:bookmarkStart"))]
    assert len(marks) == len(set(marks))
    assert all(len(mark) <= 40 for mark in marks)
    anchors = {node.get(qn("w:anchor")) for node in word.element.iter(qn("w:hyperlink"))}
    assert anchors - {None} <= set(marks)


def test_headings_use_words_own_styles(word):
    styles = [p.style.name for p in word.paragraphs if p.style is not None]
    assert "Title" in styles
    assert {"Heading 1", "Heading 2", "Heading 3", "List Bullet", "Body Text"} <= set(styles)


def test_an_empty_review_renders(empty_review):
    opened = docx.Document(io.BytesIO(render_docx(build_document(empty_review, ()))))
    assert opened.paragraphs[0].text == "An empty review"
