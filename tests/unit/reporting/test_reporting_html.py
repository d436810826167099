"""The HTML file stands alone, escapes what it is given, and can be read without seeing it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from evisynth.reporting.content import build_document
from evisynth.reporting.html import column_shares, render_html, render_paper

VOID = {"meta", "link", "img", "br", "hr", "input", "col", "wbr"}


class Outline(HTMLParser):
    """Tags with attributes, and whether every one is closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture
def page(review, results, figures) -> str:
    return render_html(build_document(review, results, figures))


@pytest.fixture
def outline(page) -> Outline:
    parsed = Outline()
    parsed.feed(page)
    return parsed


def test_every_tag_is_closed(outline):
    assert outline.wrong == []
    assert outline.open == []


def test_ids_are_unique_and_every_inner_link_has_its_place(outline):
    ids = [attrs["id"] for _, attrs in outline.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    for tag, attrs in outline.tags:
        target = attrs.get("href") or attrs.get("xlink:href") or ""
        if target.startswith("#"):
            assert target[1:] in ids, (tag, target)
        for name in ("aria-labelledby", "aria-describedby"):
            for word in (attrs.get(name) or "").split():
                assert word in ids


def test_nothing_is_fetched_from_outside(page, outline):
    assert not [tag for tag, _ in outline.tags if tag in ("link", "iframe", "img", "object")]
    assert not [attrs for _, attrs in outline.tags if "src" in attrs]
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_what_people_typed_is_escaped(page):
    assert "<script>." not in page
    assert "=Title 6 &lt;script&gt;" in page
    assert "Second &lt;em&gt;." in page
    assert page.count("<script>") == 1  # our own, for the table of contents


def test_headings_descend_by_one(outline):
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_and_figures_can_be_read_without_seeing_them(outline, page):
    headers = [attrs for tag, attrs in outline.tags if tag == "th"]
    assert headers
    assert all(attrs.get("scope") for attrs in headers)
    drawings = [attrs for tag, attrs in outline.tags if tag == "svg"]
    assert len(drawings) == 2
    assert all(attrs.get("role") == "img" for attrs in drawings)
    assert page.count("<summary>Description of figure") == 2
    assert [tag for tag, _ in outline.tags].count("main") == 1
    scrolls = [a for _, a in outline.tags if a.get("class") == "scroll"]
    assert all(a.get("tabindex") == "0" and a.get("role") == "region" for a in scrolls)


def test_an_empty_review_renders(empty_review):
    assert "An empty review" in render_html(build_document(empty_review, ()))


def test_the_same_document_gives_the_same_text(review, results, figures, page):
    assert render_html(build_document(review, results, figures)) == page


def test_paper_leaves_out_what_needs_a_screen(review, results, figures):
    text = render_paper(build_document(review, results, figures))
    assert "<details" not in text
    assert "<script>" not in text
    assert 'src="figure:figure-01-flow/0"' in text
    assert 'alt="Alternative text of figure-01-flow &lt;b&gt;"' in text


def test_column_widths_add_up(review, results, figures):
    for table in build_document(review, results, figures).tables:
        shares = column_shares(table)
        assert sum(shares) == pytest.approx(100, abs=0.1)
        assert min(shares) > 2
