"""The file that is read: its encoding found by content, its text in bounded blocks of lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from evisynth.errors import InputError, Problem
from evisynth.records.text import decode_export

__all__ = ["HEAD", "LONGEST_LINE", "Export", "open_export"]

BLOCK = 1 << 20
PAGE = 1 << 17
"""Bytes read at a time where lines are wanted: small enough to stay near the processor."""
HEAD = 1 << 18
"""Bytes of a file by which its format and dialect are found."""
LONGEST_LINE = 1 << 24
"""Signs in one line or entry of a text format beyond which the file is refused (16 Mi): the longest
line of a real export, Scopus's with all references, is under 1 Mi."""
LONGEST_TEXT = 1 << 29
"""Bytes of a file that has to be held in memory as a whole (512 MiB)."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that of UTF-16 LE
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(each for each in (*range(32), 127) if each not in b"\r\n")
_REPAIR = "evisynth-windows-1252"


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Read the bytes that are not UTF-8 as Windows-1252, the five that it lacks as U+FFFD."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return bad.decode("cp1252", "replace"), error.end


codecs.register_error(_REPAIR, _as_windows_1252)


@dataclass
class Export:
    """A file to be read, or a text that stands for one.

    Attributes
    ----------
    where
        Name in records and messages.
    encoding
        Encoding found.
    problems
        What a reader should know of the decoding.
    marks, marked
        With what a line begins that opens an entry, and how many such lines were given.
    controls
        Whether there may be control signs (tabs too) in the file.
    """

    where: str
    path: Path | None = None
    text: str | None = None
    encoding: str = "utf-8"
    errors: str = "strict"
    skip: int = 0
    problems: list[Problem] = field(default_factory=list)
    marks: tuple[str, ...] = ()
    marked: int = 0
    controls: bool = True

    @cached_property
    def head(self) -> str:
        """The first 256 Ki of text, lines ended by LF."""
        if self.text is not None:
            text = self.text[:HEAD]
        else:
            with self.located().open("rb") as file:
                file.seek(self.skip)
                data = file.read(HEAD)
            text = codecs.getincrementaldecoder(self.encoding)("replace").decode(data)
        return text.replace("\ufeff", "").replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def signature(self) -> bytes:
        """The first bytes, by which files that are no text are known."""
        if self.path is None:
            return b""
        with self.located().open("rb") as file:
            return file.read(8)

    def located(self) -> Path:
        """Return the path; only for exports that are files."""
        if self.path is None:
            raise ValueError("the export is a text and no file")
        return self.path

    def decoded(self, size: int = BLOCK) -> Iterator[str]:
        """Give the text in blocks as they stand in the file."""
        if self.text is not None:
            for start in range(0, len(self.text), size):
                yield self.text[start : start + size]
            return
        decoder = codecs.getincrementaldecoder(self.encoding)(self.errors)
        with self.located().open("rb") as file:
            file.seek(self.skip)
            while data := file.read(size):
                yield decoder.decode(data)
            yield decoder.decode(b"", True)

    def pages(self) -> Iterator[str]:
        """Give the text in blocks of whole lines, each ended by LF, of bounded size.

        Raises
        ------
        InputError
            A line is longer than `LONGEST_LINE`.
        """
        rest = ""
        number = 1
        for block in self.decoded(PAGE):
            text = rest + block if rest else block
            held = ""
            if "\r" in text:
                if text[-1] == "\r":  # half of a CRLF perhaps
                    text, held = text[:-1], "\r"
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            if "\ufeff" in text:
                text = text.replace("\ufeff", "")
            end = text.rfind("\n") + 1
            if len(text) - end > LONGEST_LINE:
                raise self.too_long(number + text.count("\n"))
            if end:
                rest = text[end:] + held
                text = text[:end]
                number += text.count("\n")
                yield text
            else:
                rest = text + held
        if rest:
            yield rest.removesuffix("\r")

    def blocks(self) -> Iterator[list[str]]:
        """Give the lines, without their ends, in lists of bounded size.

        Raises
        ------
        InputError
            A line is longer than `LONGEST_LINE`.
        """
        for text in self.pages():
            for mark in self.marks:
                self.marked += text.count("\n" + mark) + text.startswith(mark)
            lines = text.split("\n")
            if not lines[-1]:
                lines.pop()
            yield lines

    def texts(self) -> Iterator[str]:
        """Give the text in blocks, lines ended by LF."""
        held = ""
        for block in self.decoded():
            text = held + block
            held = ""
            if "\r" in text:
                if text[-1] == "\r":
                    text, held = text[:-1], "\r"
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            yield text.replace("\ufeff", "") if "\ufeff" in text else text
        if held:
            yield "\n"

    def too_long(self, line: int) -> InputError:
        """Return the refusal of a line."""
        return InputError(
            Problem(
                self.where,
                f"line {line}",
                f"the line is longer than {LONGEST_LINE:,} signs; no export has such lines, and the"
                " file is not read",
                hint="Export it again in smaller parts, or look whether it is damaged",
            )
        )

    def whole(self) -> str:
        """Return the whole text, lines ended by LF.

        Raises
        ------
        InputError
            It is larger than can be held (512 MiB).
        """
        if self.text is None:
            self.check_size(self.located().stat().st_size)
        text = "".join(self.decoded())
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text.replace("\ufeff", "") if "\ufeff" in text else text

    def check_size(self, size: int) -> None:
        """Refuse a file of a format that cannot be read in parts when it is too large."""
        if size > LONGEST_TEXT:
            raise InputError(
                Problem(
                    self.where,
                    "",
                    f"the file has {size:,} bytes; a file of this format is read up to"
                    f" {LONGEST_TEXT:,}",
                    hint="Export it in smaller parts",
                )
            )


def open_export(source: Path | str, *, where: str = "", encoding: str = "") -> Export:
    """Open a file by its path, or take a text as if it were a file, and find the encoding.

    Parameters
    ----------
    source
        Path of the file, or the text itself.
    where
        Name in messages; the path's name if it is ``""``.
    encoding
        Encoding as declared by a person; tried alone.

    Raises
    ------
    InputError
        The file cannot be read, or it is not in the encoding declared.
    """
    if isinstance(source, str):
        return Export(where, text=source.removeprefix("\ufeff"))
    where = where or source.name
    try:
        if encoding:
            text, name, _ = decode_export(source.read_bytes(), where=where, declared=encoding)
            return Export(where, source, text.removeprefix("\ufeff"), name)
        return _survey(source, where)
    except FileNotFoundError as error:
        raise InputError(Problem(where, "", "there is no such file")) from error
    except IsADirectoryError as error:
        raise InputError(Problem(where, "", "this is a folder, a file is wanted")) from error
    except OSError as error:
        raise InputError(
            Problem(where, "", f"the file cannot be read: {error.strerror or error}")
        ) from error


def _survey(path: Path, where: str) -> Export:
    """Find the encoding of a file by reading it once."""
    with path.open("rb") as file:
        head = file.read(4000)
    for mark, name in _MARKS:
        if head.startswith(mark):
            export = Export(where, path, encoding=name, skip=len(mark))
            break
    else:
        odd, even = head[1::2].count(0), head[0::2].count(0)
        name = "utf-8"
        if len(head) >= 4 and max(odd, even) > len(head) / 4:
            name = "utf-16-le" if odd > even else "utf-16-be"
        export = Export(where, path, encoding=name)
    if export.signature.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")):
        return export
    bad = _first_bad(export)
    if bad is None:
        return export
    offset, byte, line = bad
    at = f"line {line}, byte {offset}"
    if export.encoding != "utf-8":
        export.errors = "replace"
        export.problems.append(
            Problem(
                where,
                at,
                f"the byte 0x{byte:02X} does not fit {export.encoding.upper()}, the encoding of the"
                " file; such signs were replaced by U+FFFD",
                hint="Export it again, the file is damaged",
            )
        )
        return export
    export.errors = _REPAIR
    strange, proper = _count_signs(export)
    if proper > strange:
        export.problems.append(
            Problem(
                where,
                at,
                f"the byte 0x{byte:02X} is not UTF-8, as most of the file is; {strange} such"
                f" {'sign was' if strange == 1 else 'signs were'} read as Windows-1252, a guess",
                hint="Two exports were joined perhaps; look at the accented letters",
            )
        )
        return export
    export.encoding, export.errors = "cp1252", "replace"
    export.problems.append(
        Problem(
            where,
            at,
            f"the byte 0x{byte:02X} is not UTF-8; the file was read as Windows-1252, a guess",
            hint="Look at its accented letters, and export again as UTF-8 or declare"
            ' encoding = "cp1252" in search.toml',
        )
    )
    return export


def _first_bad(export: Export) -> tuple[int, int, int] | None:
    """Return offset, byte and line of the first byte that does not fit the encoding."""
    decoder = codecs.getincrementaldecoder(export.encoding)()
    offset = export.skip
    export.controls = export.encoding != "utf-8"
    with export.located().open("rb") as file:
        file.seek(export.skip)
        while True:
            data = file.read(PAGE)
            held = decoder.getstate()[0]
            try:
                if held or not data.isascii() or export.encoding != "utf-8":
                    decoder.decode(data, not data)
            except UnicodeDecodeError as error:
                export.controls = True
                bad = offset - len(held) + error.start
                return bad, (held + data)[error.start], _line_at(export, bad)
            if not data:
                return None
            if not export.controls:
                export.controls = len(data.translate(None, _CONTROLS)) != len(data)
            offset += len(data)


def _line_at(export: Export, offset: int) -> int:
    """Return the line in which a byte stands."""
    line = 1
    after_cr = False
    decoder = codecs.getincrementaldecoder(export.encoding)("replace")
    with export.located().open("rb") as file:
        file.seek(export.skip)
        left = offset - export.skip
        while left > 0 and (data := file.read(min(BLOCK, left))):
            left -= len(data)
            text = decoder.decode(data)
            if text:
                line += len(re.findall(r"\r\n?|\n", text)) - (after_cr and text[0] == "\n")
                after_cr = text[-1] == "\r"
    return line


def _count_signs(export: Export) -> tuple[int, int]:
    """Count signs that are not ASCII: those not UTF-8, and those that are."""
    strange = total = 0

    def count(error: UnicodeError) -> tuple[str, int]:
        nonlocal strange
        if not isinstance(error, UnicodeDecodeError):
            raise error
        strange += error.end - error.start
        return "", error.end

    codecs.register_error("evisynth-count", count)
    decoder = codecs.getincrementaldecoder("utf-8")("evisynth-count")
    with export.located().open("rb") as file:
        while True:
            data = file.read(BLOCK)
            text = decoder.decode(data, not data)
            if not text.isascii():
                total += len(re.findall(r"[^\x00-\x7f]", text))
            if not data:
                return strange, total
