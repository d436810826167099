"""The engine: measured text, wrapping, and bytes that are the same on each run."""

import hashlib
import io
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from evisynth.errors import DataError, OptionError
from evisynth.figures import Figure, Scene
from evisynth.figures.check import Box, box, outside, overlaps
from evisynth.figures.fonts import clean, runs, width, wrap
from evisynth.figures.scene import Align, Circle, Line, Polygon, Polyline, Rect, Text

WORDS = "Heterogeneity: Tau² = 0.09 (95% CI 0.03 to 0.49); Chi² = 32.81"


def scene() -> Scene:
    return Scene(
        220,
        120,
        (
            Rect(5, 5, 100, 30, fill="#eeeeee", stroke="#333333", radius=4, group="box"),
            Text(55, 20, WORDS[:20], align="center", baseline="middle", group="box"),
            Text(215, 60, "τ² ★ Ж 心理 مرحبا", align="right", weight="bold"),
            Text(20, 110, "Turned", rotation=90, style="italic"),
            Line(5, 80, 200, 80, dash=(3, 2)),
            Polyline(((5, 90), (50, 100), (90, 90)), colour="#0000cc"),
            Polygon(((100, 90), (120, 85), (140, 90)), fill="#000000"),
            Circle(180, 100, 6, fill="#02c100", stroke="#000000"),
        ),
    )


def figure(pages: int = 1) -> Figure:
    return Figure((scene(),) * pages, "Title & more", "Alt <text> of 3 studies.", "Long.")


# ---- measuring --------------------------------------------------------------------------------


def ink(text: Text, dpi: int = 600) -> tuple[float, float]:
    """Left and right edge of the ink of a text, in points."""
    page = Figure((Scene(400, 40, (text,)),), "t", "a")
    picture = np.asarray(Image.open(io.BytesIO(page.to_bytes("png", dpi=dpi))).convert("L"))
    columns = np.flatnonzero((picture < 128).any(axis=0))
    return columns[0] * 72 / dpi, (columns[-1] + 1) * 72 / dpi


@pytest.mark.parametrize(
    ("words", "weight"), [(WORDS, "normal"), (WORDS, "bold"), ("HAVAT ★ Ж", "normal")]
)
def test_text_is_drawn_as_wide_as_measured(words, weight):
    side_bearings = 1.0  # letters start a little right of their place and end left of it
    wide = width(words, 9, weight)
    places: tuple[tuple[Align, float, float], ...] = (
        ("left", 20, 20),
        ("center", 170, 170 - wide / 2),
        ("right", 380, 380 - wide),
    )
    for align, x, start in places:
        left, right = ink(Text(x, 25, words, 9, weight, align=align))
        assert start - 0.1 <= left <= start + side_bearings
        assert start + wide - side_bearings <= right <= start + wide + 0.1


def test_a_missing_character_is_a_box_and_no_warning():
    pieces = runs("Wu 心 2020")
    assert [piece.text for piece in pieces] == ["Wu ", "□", " 2020"]
    assert len({piece.path for piece in pieces}) == 2
    assert width("心", 10) > 5


def test_spaces_stay_outside_of_text_from_right_to_left():
    assert [piece.text for piece in runs("a مرحبا b")] == ["a ", "مرحبا", " b"]


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\x00b", "\ud800", "\u200b", ""])
def test_no_text_breaks_a_file(text):
    page = Figure((Scene(50, 20, (Text(5, 12, text),)),), text or "t", text)
    assert page.to_bytes("pdf").startswith(b"%PDF")
    assert page.to_bytes("png").startswith(b"\x89PNG")
    ElementTree.fromstring(page.to_bytes("svg"))
    assert "\n" not in clean(text)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=80), limit=st.floats(15, 200))
def test_wrapped_lines_fit_and_keep_every_letter(text, limit):
    lines = wrap(text, limit, 8)
    for line in lines:
        assert width(line, 8) <= limit or len(line) == 1
    squeezed = re.sub(r"\s", "", "".join(lines))
    assert squeezed == re.sub(r"\s", "", clean(text.replace("\n", " ")))


def test_lines_break_at_spaces_hyphens_and_between_ideographs():
    assert wrap("self-management program", 50, 8) == ("self-", "management", "program")
    assert wrap("−0.34 to 0.10", 1000, 8) == ("−0.34 to 0.10",)
    assert len(wrap("心理心理心理心理", 30, 8)) > 1


# ---- checking ---------------------------------------------------------------------------------


def test_overlaps_and_outside_are_found():
    page = Scene(60, 30, (Text(5, 15, "one"), Text(8, 17, "two"), Text(50, 15, "beyond")))
    assert [(a.text, b.text) for a, b in overlaps(page)] == [("one", "two")]
    assert [item.text for item in outside(page) if isinstance(item, Text)] == ["beyond"]


def test_a_place_that_is_no_number_is_outside():
    lost = Circle(float("nan"), 5, 2)
    assert len(outside(Scene(60, 30, (lost,)))) == 1


def test_the_box_of_a_turned_text_stands_upright():
    flat, turned = box(Text(50, 50, WORDS)), box(Text(50, 50, WORDS, rotation=90))
    assert turned.bottom - turned.top == pytest.approx(flat.right - flat.left)
    assert turned.bottom == pytest.approx(50)
    assert not Box(0, 0, 5, 5).meets(Box(5, 0, 9, 5))


def test_a_page_needs_a_size():
    with pytest.raises(DataError, match="width 0"):
        Scene(0, 10, ())


# ---- drawing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_the_same_bytes_twice_and_no_date(kind):
    first, second = figure().to_bytes(kind), figure().to_bytes(kind)
    assert first == second
    assert b"CreationDate" not in first
    assert b"dc:date" not in first


def test_the_same_bytes_in_another_process_with_another_matplotlibrc(tmp_path):
    rc = tmp_path / "matplotlibrc"
    rc.write_text(
        "pdf.fonttype: 3\nsvg.fonttype: path\nfont.size: 20\nsavefig.dpi: 50\n"
        "figure.facecolor: red\ntext.hinting: force_autohint\nlines.linewidth: 7\n"
        "path.simplify: False\nfont.family: serif"
    )
    code = (
        "import hashlib, runpy, sys\n"
        f"made = runpy.run_path({__file__!r})['figure']()\n"
        "for name in ('pdf', 'svg', 'png'):\n"
        "    print(hashlib.sha256(made.to_bytes(name)).hexdigest())\n"
        "print('matplotlib.pyplot' in sys.modules)\n"
    )
    environment = {
        **os.environ,
        "MATPLOTLIBRC": str(rc),
        "PYTHONHASHSEED": "7",
        "SOURCE_DATE_EPOCH": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    ours = [hashlib.sha256(figure().to_bytes(name)).hexdigest() for name in ("pdf", "svg", "png")]
    assert ran.stdout.split() == [*ours, "False"]


def test_drawing_leaves_the_settings_of_the_user_alone():
    import matplotlib as mpl

    with mpl.rc_context({"pdf.fonttype": 3, "font.size": 21}):
        figure().to_bytes("pdf")
        assert mpl.rcParams["pdf.fonttype"] == 3
        assert mpl.rcParams["font.size"] == 21


def test_fonts_in_pdf_are_truetype_and_embedded():
    book = pypdf.PdfReader(io.BytesIO(figure(2).to_bytes("pdf")))
    assert len(book.pages) == 2
    resources: Any = book.pages[0]["/Resources"]
    fonts = resources["/Font"]
    names = []
    for reference in fonts.values():
        inner = reference.get_object()["/DescendantFonts"][0].get_object()
        assert inner["/Subtype"] == "/CIDFontType2"
        assert "/FontFile2" in inner["/FontDescriptor"].get_object()
        names.append(str(inner["/BaseFont"]))
    assert any("LiberationSans" in name for name in names)
    assert book.metadata is not None
    assert book.metadata.title == "Title & more"
    assert "Heterogeneity: Tau²" in book.pages[0].extract_text()


def test_svg_speaks():
    tree = ElementTree.fromstring(figure().to_bytes("svg"))
    space = "{http://www.w3.org/2000/svg}"
    assert tree.get("role") == "img"
    title, desc = tree.find(f"{space}title"), tree.find(f"{space}desc")
    assert title is not None
    assert desc is not None
    assert (title.text, desc.text) == ("Title & more", "Alt <text> of 3 studies.")
    assert tree.get("aria-labelledby") == title.get("id")
    drawn = ["".join(node.itertext()) for node in tree.iter(f"{space}text")]
    assert "τ² ★ Ж 心理 مرحبا" in drawn  # text stays text, for the fonts of the reader
    style = next(tree.iter(f"{space}text")).get("style")
    assert style is not None
    assert "'Liberation Sans', 'Arial', 'Helvetica'" in style
    assert list(tree.iter(f"{space}style")) == []  # a rule would reach the page around it


def test_ids_are_unique_in_a_page_with_several_figures():
    other = Figure((scene(),), "Another", "Alt.")
    found = [
        set(re.findall(r'\bid="([^"]+)"', one.to_bytes("svg").decode()))
        for one in (figure(), other)
    ]
    assert found[0]
    assert not found[0] & found[1]


def test_svg_as_outlines_has_no_text():
    assert b"<text" not in figure().to_bytes("svg", svg_text="path")


def test_png_has_the_resolution_asked_for():
    picture = Image.open(io.BytesIO(figure().to_bytes("png", dpi=144)))
    assert picture.size == (440, 240)
    assert picture.info["dpi"] == pytest.approx((144, 144), abs=0.1)
    assert picture.info["Description"] == "Alt <text> of 3 studies."


def test_files_are_named_by_page(tmp_path):
    made = Figure((Scene(60, 20, (Text(5, 12, "Hello"),)),) * 3, "Title", "Alt.")
    assert [path.name for path in made.save(tmp_path / "a.svg")] == ["a.svg", "a-2.svg", "a-3.svg"]
    assert [path.name for path in made.save(tmp_path / "a.pdf")] == ["a.pdf"]
    assert made._repr_svg_().lstrip().startswith("<?xml")


def test_unknown_formats_and_pages_are_refused(tmp_path):
    with pytest.raises(OptionError, match=r"\.pdf"):
        figure().save(tmp_path / "a.docx")
    with pytest.raises(OptionError, match="png"):
        figure().to_bytes("gif")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="no page 3"):
        figure().to_bytes("svg", 3)
    with pytest.raises(DataError, match="no page"):
        Figure((), "Empty", "")


def test_the_room_is_imported_without_matplotlib():
    code = "import sys, evisynth.figures; print('matplotlib' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
