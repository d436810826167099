"""Scripts that the shipped fonts lack: a font of the system, or a box and a message."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evisynth.figures import (
    Figure,
    MissingScriptWarning,
    Scene,
    fonts,
    missing_scripts,
    system_fonts,
)
from evisynth.figures.scene import Text
from evisynth.figures.system_fonts import advice, is_outlined, script_of

DEJAVU = "DejaVuSans.ttf"


def forget() -> None:
    for cached in (system_fonts.font_files, system_fonts.font_with, fonts.runs):
        cached.cache_clear()


@pytest.fixture
def with_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Say which fonts the system has."""

    def say(*found: tuple[str, str, bool], fontconfig: bool = True) -> None:
        listed = list(found)
        monkeypatch.setattr(system_fonts, "_by_fontconfig", lambda: listed if fontconfig else None)
        monkeypatch.setattr(system_fonts, "_by_folder", lambda: listed)
        forget()

    yield say
    monkeypatch.undo()
    forget()


def figure(words: str) -> Figure:
    return Figure((Scene(200, 30, (Text(10, 20, words),)),), "Title", "Alt.")


def matplotlib_font(name: str) -> str:
    import matplotlib as mpl

    return str(Path(mpl.get_data_path(), "fonts", "ttf", name))


def test_without_a_font_a_message_names_the_script_and_the_way_out(with_fonts, tmp_path):
    with_fonts()
    (message,) = missing_scripts(["Wu 心理", "理 2020"])
    assert "Han characters 心理" in message
    assert "fonts-noto-cjk" in message
    with pytest.warns(MissingScriptWarning, match="Han"):
        figure("心理").save(tmp_path / "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure("心理").save(tmp_path / "a.svg")  # the reader's own fonts show it
        figure("Müller Ж λ").save(tmp_path / "b.png")


def test_each_script_has_its_message(with_fonts):
    with_fonts()
    found = figure("心 ก 한 か").missing_scripts()
    assert [message.split("has the ")[1].split()[0] for message in found] == [
        "Han",
        "Thai",
        "Hangul",
        "Hiragana",
    ]


def test_a_font_of_the_system_is_taken(with_fonts):
    # DejaVu Sans Display has U+2266 and stands for a font with a rare script.
    from matplotlib.ft2font import FT2Font

    own = set(FT2Font(matplotlib_font("STIXGeneral.ttf")).get_charmap())
    shipped = set(FT2Font(matplotlib_font(DEJAVU)).get_charmap())
    rare = chr(min(code for code in own - shipped if code > 0x2000 and chr(code).isprintable()))
    with_fonts()
    assert figure(rare).missing_scripts()
    with_fonts(
        ("/nowhere/broken.ttf", "Noto Sans", True),
        (matplotlib_font("STIXGeneral.ttf"), "Noto Sans Math", True),
    )
    assert not figure(rare).missing_scripts()
    pieces = fonts.runs(f"A {rare} b")
    assert [Path(piece.path).name for piece in pieces][1] == "STIXGeneral.ttf"
    drawn = figure(f"A {rare} b")
    assert drawn.to_bytes("pdf") == drawn.to_bytes("pdf")
    assert drawn.to_bytes("png") == drawn.to_bytes("png")


def test_open_families_come_first_and_others_not_at_all(with_fonts):
    with_fonts(
        ("/b/NotoSansCJK-Bold.ttc", "Noto Sans CJK JP", False),
        ("/a/Droid.ttf", "Droid Sans Fallback", True),
        ("/b/NotoSansCJK-Regular.ttc", "Noto Sans CJK JP", True),
        ("/c/arialuni.ttf", "Arial Unicode MS", True),
        ("/d/NotoSansCJK.pfb", "Noto Sans CJK JP", True),
        fontconfig=False,
    )
    assert system_fonts.font_files() == (
        "/b/NotoSansCJK-Regular.ttc",
        "/a/Droid.ttf",
        "/b/NotoSansCJK-Bold.ttc",
    )


def test_spaces_stay_out_of_text_written_from_right_to_left():
    pieces = fonts.runs("Wu ★ مرحبا 2020")
    assert all(not piece.text.startswith(" ") for piece in pieces if "م" in piece.text)
    assert "".join(piece.text for piece in pieces) == "Wu ★ مرحبا 2020"


def test_postscript_outlines_are_known(tmp_path):
    path = tmp_path / "a.otf"
    path.write_bytes(b"OTTO" + bytes(40))
    assert is_outlined(str(path))
    collection = tmp_path / "a.ttc"
    collection.write_bytes(b"ttcf" + bytes(8) + (20).to_bytes(4, "big") + bytes(4) + b"OTTO")
    assert is_outlined(str(collection))
    assert not is_outlined(matplotlib_font(DEJAVU))
    assert not is_outlined(str(tmp_path / "none.otf"))


def test_letters_of_such_a_font_are_drawn_as_shapes(monkeypatch):
    monkeypatch.setattr(fonts, "is_outlined", lambda path: True)
    fonts.runs.cache_clear()
    content = figure("Shapes").to_bytes("pdf")
    fonts.runs.cache_clear()
    assert b"/FontFile2" not in content
    assert len(content) > 800


def test_scripts_and_advice():
    assert script_of("ア") == "Katakana"
    assert script_of("\ue000") == "symbol"
    assert "Noto Sans Tamil" in advice("Tamil")
    assert "Symbols" in advice("symbol")


def test_the_search_of_folders_and_of_fontconfig_find_files():
    listed = system_fonts._by_fontconfig()
    assert listed is None or all(len(entry) == 3 for entry in listed)
    assert all(
        path.lower().endswith(("ttf", "otf", "ttc")) for path, _, _ in system_fonts._by_folder()
    )
