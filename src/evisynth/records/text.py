"""Bytes of a file to text, with the place of what cannot be read."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from evisynth.errors import InputError, Problem

__all__ = ["decode_export", "decode_utf8", "read_utf8", "split_lines"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with that of UTF-16 LE
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def split_lines(text: str) -> list[str]:
    r"""Split at CR, LF or CRLF and at nothing else (`str.splitlines` also splits at U+2028).

    Examples
    --------
    >>> split_lines("a\r\nb\rc\nd")
    ['a', 'b', 'c', 'd']
    """
    lines = re.split(r"\r\n|\n|\r", text)
    return lines[:-1] if lines and not lines[-1] else lines


def _place(data: bytes, offset: int) -> str:
    """Name a byte by its line and its offset."""
    line = len(split_lines(data[:offset].decode("latin-1") + "x"))
    return f"line {line}, byte {offset}"


def decode_utf8(data: bytes, *, where: str) -> str:
    r"""Decode a file of the review that must be UTF-8; a byte order mark is taken off.

    Parameters
    ----------
    data
        The bytes of the file.
    where
        Name of the file, for messages.

    Raises
    ------
    InputError
        The bytes are not UTF-8; names the line, the byte offset and the byte.

    Examples
    --------
    >>> decode_utf8(b"tau\xc2\xb2", where="review.toml")
    'tau²'
    """
    for mark, name in _BOMS[1:]:
        if data.startswith(mark):
            raise InputError(
                Problem(
                    where,
                    "line 1, byte 0",
                    f"the file is {name.upper()} and cannot be read as UTF-8",
                    hint="Open it in the program that wrote it and save as UTF-8",
                )
            )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from after the mark.
        offset = error.start + (len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)
        raise InputError(
            Problem(
                where,
                _place(data, offset),
                f"the byte 0x{data[offset]:02X} is not UTF-8",
                hint="The file seems to be in another encoding (often Windows-1252): open it in"
                " the program that wrote it and save as UTF-8",
            )
        ) from error


def read_utf8(path: Path, *, where: str) -> str:
    """Read a file of the review that must be UTF-8.

    Raises
    ------
    InputError
        The file is missing, is a folder, may not be read, or is not UTF-8.
    """
    return decode_utf8(read_bytes(path, where=where), where=where)


def read_bytes(path: Path, *, where: str) -> bytes:
    """Read a file's bytes; what the system refuses becomes an `InputError`."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(Problem(where, "", "there is no such file")) from error
    except IsADirectoryError as error:
        raise InputError(Problem(where, "", "this is a folder, a file is wanted")) from error
    except OSError as error:
        raise InputError(
            Problem(where, "", f"the file cannot be read: {error.strerror or error}")
        ) from error


def decode_export(
    data: bytes, *, where: str, declared: str = ""
) -> tuple[str, str, tuple[Problem, ...]]:
    r"""Decode an export of a database by its content.

    Tried in this order: the declared encoding, a byte order mark, the pattern of null bytes of
    UTF-16 without a mark, UTF-8, Windows-1252. The last is a guess and is reported.

    Parameters
    ----------
    data
        The bytes of the file.
    where
        Name of the file, for messages.
    declared
        Encoding named by a person; tried alone.

    Returns
    -------
    text, encoding, problems
        Problems are of the kind that a reader should know; the text is complete.

    Raises
    ------
    InputError
        No encoding fits, or the declared one is unknown or does not fit.

    Examples
    --------
    >>> text, encoding, problems = decode_export(b"TI  - Caf\xe9", where="export.ris")
    >>> text, encoding, len(problems)
    ('TI  - Café', 'cp1252', 1)
    """
    if declared:
        try:
            return data.decode(declared), declared, ()
        except LookupError as error:
            raise InputError(
                Problem(
                    where,
                    "",
                    f"the declared encoding {declared!r} is not known",
                    ("utf-8", "utf-16", "cp1252", "latin-1"),
                )
            ) from error
        except UnicodeDecodeError as error:
            raise InputError(
                Problem(
                    where,
                    _place(data, error.start),
                    f"the byte 0x{data[error.start]:02X} is not {declared}, the declared encoding",
                )
            ) from error
    candidates = [name for mark, name in _BOMS if data.startswith(mark)][:1]
    if not candidates:
        head = data[:4000]
        if len(head) >= 4 and head[1::2].count(0) > len(head) / 4:
            candidates = ["utf-16-le"]
        elif len(head) >= 4 and head[0::2].count(0) > len(head) / 4:
            candidates = ["utf-16-be"]
        else:
            candidates = ["utf-8", "cp1252"]
    failed: UnicodeDecodeError | None = None
    for name in candidates:
        try:
            text = data.decode(name)
        except UnicodeDecodeError as error:
            failed = failed or error
            continue
        problems: tuple[Problem, ...] = ()
        if name == "cp1252" and failed is not None:
            problems = (
                Problem(
                    where,
                    _place(data, failed.start),
                    f"the byte 0x{data[failed.start]:02X} is not UTF-8; the file was read as"
                    " Windows-1252, a guess",
                    hint="Look at its accented letters, and export again as UTF-8 or declare"
                    ' encoding = "cp1252" in search.toml',
                ),
            )
        return text, name, problems
    offset = failed.start if failed else 0
    raise InputError(
        Problem(
            where,
            _place(data, offset),
            f"the byte 0x{data[offset]:02X} fits no encoding tried ({', '.join(candidates)})",
            hint="Export again as UTF-8",
        )
    ) from failed
