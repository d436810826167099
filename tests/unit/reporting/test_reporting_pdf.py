"""The PDF: tagged, the same each time, figures as vectors."""

from __future__ import annotations

import builtins
import io
import sys

import pytest
from pypdf import PdfReader
from pypdf.generic import IndirectObject

from evisynth.errors import SetupError
from evisynth.reporting.content import build_document
from evisynth.reporting.pdf import render_pdf
from evisynth.reporting.pdf_figures import blank_picture
from evisynth.reporting.pdf_process import PdfInBackground


@pytest.fixture(scope="module")
def built():
    return {}


@pytest.fixture
def content(built, review, results, figures) -> bytes:
    if "bytes" not in built:
        built["bytes"] = render_pdf(build_document(review, results, figures))
    made: bytes = built["bytes"]
    return made


@pytest.fixture
def reader(content) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def resources(reader: PdfReader, kind: str) -> dict[str, object]:
    found = {}
    for page in reader.pages:
        table = page["/Resources"]
        assert not isinstance(table, IndirectObject)
        entries = table.get(kind)  # type: ignore[attr-defined]
        if entries is not None:
            for name, entry in entries.get_object().items():
                found[name] = entry.get_object()
    return found


def test_a_second_process_gives_the_same_bytes(content, review, results, figures):
    waiting = PdfInBackground(build_document(review, results, figures))
    try:
        other, pages, drawn, used = waiting.result()
    finally:
        waiting.close()
    assert other == content
    assert {key[2] for key in drawn} == {"pdf"}
    assert used == set()
    assert 1 < pages["abstract"] <= pages["discussion"]


def test_it_is_tagged_and_carries_the_reviews_date(reader, review):
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"] == True  # noqa: E712
    assert reader.metadata is not None
    assert reader.metadata.title == review.title
    assert str(reader.metadata.creation_date)[:10] == review.date


def test_figures_are_vectors_with_their_alternative_text(reader, content):
    forms = resources(reader, "/XObject")
    kinds = [form["/Subtype"] for form in forms.values()]  # type: ignore[index]
    assert kinds.count("/Form") == 2
    assert "/Image" not in kinds

    def alternatives(node) -> list[str]:
        node = node.get_object()
        found = [str(node["/Alt"])] if "/Alt" in node else []
        below = node.get("/K", [])
        for child in below if isinstance(below, list) else [below]:
            if hasattr(child.get_object(), "get"):
                found += alternatives(child)
        return found

    spoken = alternatives(reader.trailer["/Root"]["/StructTreeRoot"])
    assert [text for text in spoken if text.startswith("Alternative text of")]


def test_text_is_text_and_fonts_are_inside(reader):
    words = "".join(page.extract_text() for page in reader.pages)
    assert "Apps for mood" in words
    assert "Figure figure-01-flow" in words
    fonts = resources(reader, "/Font")
    assert fonts
    assert not [font for font in fonts.values() if font["/Subtype"] == "/Type3"]  # type: ignore[index]


def test_wide_tables_stand_on_turned_pages(reader):
    turned = [float(page.mediabox.width) > float(page.mediabox.height) for page in reader.pages]
    assert any(turned)
    assert not turned[0]
    assert not turned[-1]


def test_a_missing_system_library_is_named(monkeypatch, empty_review):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SetupError, match=r"apt-get install libpango-1\.0-0"):
        render_pdf(build_document(empty_review, ()))


def test_blank_pictures_differ_by_their_width():
    assert blank_picture(8) != blank_picture(9)
