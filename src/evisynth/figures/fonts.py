"""Measures text with the fonts that it is drawn with.

The package ships Liberation Sans (as wide as Arial). A character that it lacks is taken from DejaVu
Sans, which matplotlib ships, then from a font of the system (`evisynth.figures.system_fonts`); a
character that none has is shown as a box, and `missing_scripts` says so. `runs` cuts a text into
pieces of one font; measuring and drawing go by the same runs.
"""

from __future__ import annotations

import atexit
import struct
import tempfile
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.figures.scene import Style, Weight
from evisynth.figures.system_fonts import ONE_AT_A_TIME, advice, font_with, is_outlined, script_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.ft2font import FT2Font

__all__ = [
    "ASCENT",
    "CAP_HEIGHT",
    "DESCENT",
    "FAMILIES",
    "Run",
    "clean",
    "missing_scripts",
    "runs",
    "width",
    "wrap",
]

FAMILIES = ("Liberation Sans", "Arial", "Helvetica", "sans-serif")
"""Font families named in SVG, best first; all but the last are equally wide."""

ASCENT = 0.905
"""Height of the letters above the baseline, of the font size (Liberation Sans)."""

DESCENT = 0.212
"""Depth of the letters below the baseline, of the font size."""

CAP_HEIGHT = 0.716
"""Height of capitals and digits, of the font size."""

_BOX = "\N{WHITE SQUARE}"
_EM = 1000
_SIMPLE = 0x0590  # below: one glyph a letter, left to right, so that widths of pairs suffice


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in one font file; ``width`` is in ems (multiply by the font size).

    ``outlined`` says that a PDF cannot hold the font as TrueType, so that its shapes are drawn.
    """

    text: str
    path: str
    width: float
    outlined: bool = False


@lru_cache(maxsize=16384)
def clean(text: str) -> str:
    r"""Bring text to composed characters on one line; control characters become spaces.

    Examples
    --------
    >>> clean("two\nlines")
    'two lines'
    """
    text = unicodedata.normalize("NFC", str(text))
    if text.isprintable():
        return text
    out = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            character = "\N{REPLACEMENT CHARACTER}"
        elif category in ("Cc", "Zl", "Zp"):
            character = " "
        elif category == "Cf":
            continue
        out.append(character)
    return "".join(out)


def width(text: str, size: float, weight: Weight = "normal", style: Style = "normal") -> float:
    """Width of a text in points.

    Examples
    --------
    >>> round(width("iiii", 10), 2), width("", 10)
    (8.89, 0.0)
    """
    return float(size * sum(run.width for run in runs(text, weight, style)))


@lru_cache(maxsize=16384)
def runs(text: str, weight: Weight = "normal", style: Style = "normal") -> tuple[Run, ...]:
    """Cut a text into pieces of one font each, in order.

    Examples
    --------
    >>> [Path(run.path).name for run in runs("Wu ★")]
    ['LiberationSans-Regular.ttf', 'DejaVuSans.ttf']
    """
    text = clean(text)
    first, second = _paths(weight, style)
    here = _characters(first)
    pieces: list[tuple[str, str]] = []
    if all(ord(character) in here for character in text):
        pieces = [(text, first)] if text else []
    else:
        current, letters = first, ""
        for character in text:
            path = _font_for(character, current, (first, second))
            if not path:
                path, character = second, _BOX
            if path != current and letters:
                # Spaces stay with the Latin side: in a run written from right to left they would
                # move to its other end.
                kept = letters.rstrip(" ") if current != first else letters
                pieces.append((kept, current))
                letters = letters[len(kept) :]
                if letters and path != first:
                    pieces.append((letters, first))
                    letters = ""
            current = path
            letters += character
        pieces.append((letters, current))
    return tuple(
        Run(piece, path, _advance(piece, path), is_outlined(path))
        for piece, path in pieces
        if piece
    )


def _font_for(character: str, current: str, own: tuple[str, str]) -> str:
    """Return the font of a character, ``""`` for none; spaces and accents stay where they are."""
    code = ord(character)
    joins = current != own[0] and (character == " " or unicodedata.combining(character))
    if joins and code in _characters(current):
        return current
    for path in own:
        if code in _characters(path):
            return path
    return font_with(code)


def missing_scripts(texts: Iterable[str]) -> tuple[str, ...]:
    """Return a message for each script of which no font has a character of the texts.

    Examples
    --------
    >>> missing_scripts(["Wu 2020", "Ж"])
    ()
    """
    own = _paths("normal", "normal")
    without: dict[str, list[str]] = {}
    for character in dict.fromkeys("".join(clean(text) for text in texts)):
        if not _font_for(character, own[0], own):
            without.setdefault(script_of(character), []).append(character)
    return tuple(
        f"No font here has the {script} characters {''.join(found[:8])}"
        f"{' ...' if len(found) > 8 else ''}: they are boxes in PDF, PNG and TIFF. Install a font "
        f"that has them, for example {advice(script)}"
        for script, found in without.items()
    )


def wrap(
    text: str,
    limit: float,
    size: float,
    weight: Weight = "normal",
    style: Style = "normal",
) -> tuple[str, ...]:
    """Break a text into lines no wider than ``limit`` points.

    Lines break at spaces, after hyphens and slashes, between characters of Chinese, Japanese and
    Korean, and within a word only when the word alone is too wide. Line breaks in the text stay.

    Examples
    --------
    >>> wrap("Heterogeneity between studies", 60, 8)
    ('Heterogeneity', 'between studies')
    """
    lines: list[str] = []
    for paragraph in str(text).split("\n"):
        line = ""
        for piece in _pieces(clean(paragraph)):
            if width((line + piece).rstrip(), size, weight, style) <= limit:
                line += piece
                continue
            if line.strip():
                lines.append(line.rstrip())
            line = piece.lstrip()
            while width(line.rstrip(), size, weight, style) > limit and len(line.rstrip()) > 1:
                cut = _fitting(line, limit, size, weight, style)
                lines.append(line[:cut])
                line = line[cut:]
        lines.append(line.rstrip())
    return tuple(lines)


def _fitting(line: str, limit: float, size: float, weight: Weight, style: Style) -> int:
    low, high = 1, len(line) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if width(line[:middle], size, weight, style) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def _pieces(text: str) -> list[str]:
    out: list[str] = []
    piece = ""
    for at, character in enumerate(text):
        piece += character
        following = text[at + 1] if at + 1 < len(text) else ""
        wide = unicodedata.east_asian_width(character) in ("W", "F")
        if character == " " and following != " ":
            breaks = True
        elif character in "-/–—":
            breaks = following.isalpha() and len(piece) > 1
        else:
            breaks = wide and following not in " ,.;:)]、。，" and following != ""
        if breaks:
            out.append(piece)
            piece = ""
    if piece:
        out.append(piece)
    return out


@lru_cache(maxsize=8)
def _paths(weight: Weight, style: Style) -> tuple[str, str]:
    import matplotlib as mpl

    bold, italic = weight == "bold", style == "italic"
    ours = "Bold" if bold else "Italic" if italic else "Regular"
    theirs = "DejaVuSans-Bold" if bold else "DejaVuSans-Oblique" if italic else "DejaVuSans"
    shipped = Path(__file__).with_name("fonts") / f"LiberationSans-{ours}.ttf"
    fallback = Path(mpl.get_data_path(), "fonts", "ttf", f"{theirs}.ttf")
    return _working_copy(shipped, drop=_LAYOUT_TABLES), _working_copy(fallback)


_LAYOUT_TABLES = frozenset({b"GDEF", b"GPOS", b"GSUB"})


@lru_cache(maxsize=1)
def _folder() -> Path | None:
    """Folder for working copies of fonts, removed when the process ends."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="evisynth-fonts-")
    except OSError:
        return None
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _working_copy(path: Path, drop: frozenset[bytes] = frozenset()) -> str:
    """Copy a font without some of its tables; the original where no file can be written.

    matplotlib subsets the fonts of each PDF anew, and most of that time goes into layout tables
    that Latin, Greek and Cyrillic text does not need (they kern by the older table). The fonts lie
    in one folder, so that their order in a PDF does not depend on where they are installed.
    """
    with ONE_AT_A_TIME:  # nobody may read a copy that is being written
        folder = _folder()
        if folder is None:
            return str(path)
        copy = folder / path.name
        if not copy.exists():
            copy.write_bytes(_without_tables(path.read_bytes(), drop))
    return str(copy)


def _without_tables(font: bytes, drop: frozenset[bytes]) -> bytes:
    """Return a TrueType file without the tables named (OpenType 1.9, font header)."""
    if not drop:
        return font
    count = int.from_bytes(font[4:6], "big")
    entries = [font[12 + 16 * number : 28 + 16 * number] for number in range(count)]
    entries = [entry for entry in entries if entry[:4] not in drop]
    power = len(entries).bit_length() - 1
    head = struct.pack(
        ">4sHHHH", font[:4], len(entries), 16 << power, power, (len(entries) - (1 << power)) * 16
    )
    directory, body = b"", b""
    start = 12 + 16 * len(entries)
    for entry in entries:
        tag, checksum, offset, length = struct.unpack(">4sLLL", entry)
        directory += struct.pack(">4sLLL", tag, checksum, start + len(body), length)
        body += font[offset : offset + length] + bytes(-length % 4)
    return head + directory + body


@lru_cache(maxsize=32)
def _font(path: str) -> FT2Font:
    from matplotlib.ft2font import FT2Font

    with ONE_AT_A_TIME:
        font = FT2Font(path)
        font.set_size(_EM, 72)
    return font


@lru_cache(maxsize=32)
def _characters(path: str) -> frozenset[int]:
    with ONE_AT_A_TIME:
        return frozenset(_font(path).get_charmap())


def _advance(text: str, path: str) -> float:
    if any(ord(character) >= _SIMPLE for character in text) and not all(
        0x2000 <= ord(character) < 0x2800 or ord(character) < _SIMPLE for character in text
    ):
        return _shaped(text, path)
    total = sum(_shaped(character, path) for character in text)
    return total + sum(_kern(a + b, path) for a, b in pairwise(text))


@lru_cache(maxsize=8192)
def _kern(pair: str, path: str) -> float:
    return _shaped(pair, path) - _shaped(pair[0], path) - _shaped(pair[1], path)


@lru_cache(maxsize=8192)
def _shaped(text: str, path: str) -> float:
    from matplotlib.ft2font import LoadFlags

    with ONE_AT_A_TIME:
        font = _font(path)
        font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
        across = font.get_width_height()[0]
    return float(across) / 64 / _EM
