"""Fonts of the system, for scripts that the fonts shipped with Evisynth do not have.

fontconfig is asked where it is there (``fc-list``); otherwise the usual folders are searched. Only
families under open licences are taken (`FAMILIES`), so that a font may be embedded in a file that
is published. Nothing is searched until a character needs it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import unicodedata
from functools import lru_cache
from pathlib import Path

__all__ = ["FAMILIES", "advice", "font_files", "font_with", "is_outlined", "script_of"]

FAMILIES = (
    "Noto Sans",
    "Noto Serif",
    "Noto Naskh",
    "Noto Kufi",
    "Source Han Sans",
    "Source Han Serif",
    "WenQuanYi",
    "Droid Sans",
    "IPAexGothic",
    "IPAGothic",
    "VL Gothic",
    "Takao",
    "NanumGothic",
    "UnDotum",
    "Baekmuk",
    "AR PL",
    "Lohit",
    "Gargi",
    "KacstOne",
    "Amiri",
    "Scheherazade",
    "Vazir",
    "Sarabun",
    "TlwgTypo",
    "Garuda",
    "Loma",
    "Padauk",
    "Abyssinica",
    "Liberation Sans",
    "FreeSans",
    "GNU Unifont",
    "Unifont",
)
"""Beginnings of the names of open families (OFL, Apache, or GPL with the font exception), best
first."""

_PACKAGES = {
    "Han": "Noto Sans CJK (Debian: fonts-noto-cjk)",
    "Hiragana": "Noto Sans CJK (Debian: fonts-noto-cjk)",
    "Katakana": "Noto Sans CJK (Debian: fonts-noto-cjk)",
    "Hangul": "Noto Sans CJK (Debian: fonts-noto-cjk)",
}

_NAMES = {"CJK": "Han", "KANGXI": "Han", "IDEOGRAPHIC": "Han", "HALFWIDTH": "Katakana"}
_SIGNS = frozenset("SPZC")
_SECONDS = 20


ONE_AT_A_TIME = threading.RLock()
"""A font of FreeType, and matplotlib's settings, are one for the process. A server draws for many
people at once; without this a letter of one is taken for another's, or cannot be loaded."""


def script_of(character: str) -> str:
    """Return the script of a character, by the name that Unicode gives it.

    Examples
    --------
    >>> script_of("心"), script_of("ก"), script_of("א"), script_of("🎉")
    ('Han', 'Thai', 'Hebrew', 'symbol')
    """
    if unicodedata.category(character)[0] in _SIGNS:
        return "symbol"
    first = unicodedata.name(character, "UNNAMED").split(" ")[0]
    return _NAMES.get(first, first.capitalize())


def advice(script: str) -> str:
    """Return which font to install for a script."""
    family = f"Noto Sans {script}" if script not in ("symbol", "Unnamed") else "Noto Sans Symbols 2"
    return _PACKAGES.get(script, f"{family} (Debian: fonts-noto-core)") + "."


def _folders() -> tuple[Path, ...]:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  # Path.home() fails without a home
    if sys.platform == "win32":
        return (Path(os.environ.get("WINDIR", r"C:\Windows"), "Fonts"),)
    if sys.platform == "darwin":
        return (Path("/Library/Fonts"), Path("/System/Library/Fonts"), home / "Library/Fonts")
    data = os.environ.get("XDG_DATA_HOME", "")
    return (
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        Path(data, "fonts") if data else home / ".local/share/fonts",
        home / ".fonts",
    )


def _rank(family: str) -> int:
    known = (rank for rank, start in enumerate(FAMILIES) if family.startswith(start))
    return next(known, len(FAMILIES))


def _by_fontconfig() -> list[tuple[str, str, bool]] | None:
    """Ask fontconfig for file, family and whether it is a plain face; None without it."""
    program = shutil.which("fc-list")
    if program is None:
        return None
    form = "%{file}\t%{family[0]}\t%{index}\t%{style[0]}\t%{variable}\n"
    try:
        answer = subprocess.run(  # noqa: S603  # a program of the system, no words of a user
            [program, "--format", form], capture_output=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = []
    for line in answer.stdout.decode("utf-8", "replace").splitlines():
        cells = line.split("\t")
        if len(cells) == 5 and cells[2] == "0":
            plain = cells[3] in ("Regular", "Book", "Medium", "", "Normal")
            found.append((cells[0], cells[1], plain))
    return found


def _by_folder() -> list[tuple[str, str, bool]]:
    found = []
    for folder in _folders():
        for path in folder.rglob("*"):
            if path.suffix.lower() in (".ttf", ".otf", ".ttc"):
                words = re.sub(r"([a-z])([A-Z])", r"\1 \2", path.stem.partition("-")[0])
                plain = "-" not in path.stem or path.stem.endswith("-Regular")
                found.append((str(path), words, plain))
    return found


@lru_cache(maxsize=1)
def font_files() -> tuple[str, ...]:
    """Return the files of open fonts on this machine, best first, plain faces before others."""
    found = _by_fontconfig()
    if found is None:
        found = _by_folder()
    ranked = sorted(
        (not plain, _rank(family), family, path)
        for path, family, plain in found
        if _rank(family) < len(FAMILIES) and path.lower().endswith((".ttf", ".otf", ".ttc"))
    )
    return tuple(dict.fromkeys(path for _, _, _, path in ranked))


@lru_cache(maxsize=512)
def _covered(path: str) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    try:
        with ONE_AT_A_TIME:
            return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):  # a file that FreeType cannot read
        return frozenset()


@lru_cache(maxsize=4096)
def font_with(code: int) -> str:
    """Return the best font of the system that has a character, or ``""``."""
    return next((path for path in font_files() if code in _covered(path)), "")


@lru_cache(maxsize=64)
def is_outlined(path: str) -> bool:
    """Whether a font has PostScript outlines, which cannot be embedded as TrueType."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(16)
            if head[:4] == b"ttcf":
                file.seek(int.from_bytes(head[12:16], "big"))
                head = file.read(4)
    except OSError:
        return False
    return head[:4] == b"OTTO"
