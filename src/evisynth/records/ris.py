"""RIS, the export format of most databases, in the dialects that they write.

The format has two-letter tags, ``TY  - `` opens an entry and ``ER  - `` closes it. What exports do
beyond that and what is done about it:

- tags come twice and more (authors, keywords, addresses): all values are kept;
- long values go on in untagged lines (Web of Science, EndNote): joined, for keywords one each;
- an ``ER`` is missing, or the ``TY`` is: the entry is kept and the repair reported;
- an ``ER`` stands at the beginning of a wrapped line of text: read as text and reported;
- text stands around the entries (Ovid's numbers and links, Cochrane's headings): reported once;
- tags have one blank or an indent before the dash: read in entries whose ``TY`` has it too;
- line ends are CR, LF, CRLF or a mixture; UTF-8 with a mark, UTF-16, Windows-1252.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from evisynth.errors import InputError, Problem
from evisynth.records.exports import Export, open_export
from evisynth.records.reading import Outside, Reading, go_on, joined, last_line
from evisynth.records.record import Record
from evisynth.records.ris_record import VERSION, Fields, clean_fields, ris_record
from evisynth.records.values import is_plain

__all__ = ["NO_ENTRY", "looks_like_ris", "read_ris", "stream_ris"]

NO_ENTRY = "there is no entry in this file (no line begins with 'TY  - ')"

_LOOSE = re.compile(r"\s*([A-Z][A-Z0-9]) {0,4}-(?:\s+(.*))?$")
_LONG = re.compile(r"(PMID|PMCID|DOI|ISSN) {1,2}-(?:\s+(.*))?$")
_TAG = re.compile(r"[A-Z][A-Z0-9]")
_FIELD = re.compile(r"\n([A-Z][A-Z0-9])  - ")
LONGEST_ENTRY = 1 << 22
"""Signs of an entry beyond which its ER is no longer looked for ahead."""
_OPENING = frozenset({"TI", "T1", "AU", "A1", "ID", "DO", "PY", "Y1", "JO", "JF", "AB", "N2"})
"""Tags that show that an entry without ``TY`` has begun; others outside entries are remarks."""
_LISTS = frozenset({"KW", "DB", "UR", "AU", "A1", "SN"})
_TYPES = re.compile(
    r"(?:JOUR|JFULL|ABST|ADVS|AGGR|ANCIENT|ART|BILL|BLOG|BOOK|CASE|CHAP|CHART|CLSWK|COMP|CONF"
    r"|CPAPER|CTLG|DATA|DBASE|DICT|EBOOK|ECHAP|EDBOOK|EJOUR|ELEC|ENCYC|EQUA|FIGURE|GEN|GOVDOC"
    r"|GRANT|GRNT|HEAR|ICOMM|INPR|INTV|LEGAL|MANSCPT|MAP|MGZN|MPCT|MULTI|MUSIC|NEWS|PAMP|PAT"
    r"|PCOMM|POD|PRESS|RPRT|SER|SLIDE|SOUND|STAND|STAT|STD|THES|UNBILL|UNPB|UNPD|VIDEO|WEB)\s*",
)


def looks_like_ris(export: Export) -> bool:
    """Return whether lines of the file open or close an entry of RIS."""
    return (
        re.search(r"^[ \t]*(?:TY {0,4}-\s|ER {0,4}-[ \t]*$)", export.head, re.MULTILINE) is not None
    )


def read_ris(
    source: Path | str,
    search_source: str = "",
    *,
    where: str = "",
    encoding: str = "",
    first_number: int = 1,
) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    r"""Read the records of a RIS export.

    Parameters
    ----------
    source
        Path of the file, or the text itself.
    search_source
        Id of the search source that the records belong to.
    where
        Name of the file in records and messages; the path's name if it is ``""``.
    encoding
        Encoding as declared by a person; ``""`` detects it.
    first_number
        Number of the first entry in identifiers that are made here, for exports in several parts.

    Returns
    -------
    records : tuple of Record
        One a entry, in their order; an entry that could be read only in part is there with what it
        has. The id is the ``ID`` tag, or the source with the running number.
    problems : tuple of Problem
        Repairs and oddities. No record is lost by any of them.

    Raises
    ------
    InputError
        The file cannot be read or decoded, or there is no entry in it.

    Examples
    --------
    >>> records, problems = read_ris("TY  - JOUR\nID  - 7\nTI  - A trial\nER  - \n", "embase")
    >>> records[0].id, records[0].title, records[0].last_line, problems
    ('7', 'A trial', 4, ())
    """
    export = open_export(source, where=where, encoding=encoding)
    reading = Reading(export.where, search_source, first_number, "RIS", VERSION)
    records = tuple(stream_ris(export, reading))
    if not records:
        raise InputError(Problem(export.where, "", NO_ENTRY, hint="Is it an export in RIS format?"))
    return records, (*export.problems, *reading.problems)


def stream_ris(export: Export, reading: Reading) -> Iterator[Record]:
    """Give the records of a RIS export one by one."""
    if not looks_like_ris(export):
        return  # another format whose lines look alike, e.g. PubMed's
    lines = _Lines(export, reading)
    plain = not export.controls
    held = ""
    for page in reading.pages(export, lines.outside):
        text = held + page if held else page
        place, end, held = 0, len(text), ""
        while place < end:
            if not lines.inside:
                if text.startswith("TY  - ", place):
                    # An entry as it should be, which nearly all are: tag after tag until the ER.
                    closing = text.find("\nER  -", place)
                    stop = text.find("\n", closing + 1) if closing >= 0 else -1
                    if stop < 0 and end - place < LONGEST_ENTRY:
                        held = text[place:]  # the entry goes on in the next page
                        break
                    if stop >= 0 and text[closing + 6 : stop] in ("", " "):
                        breaks = text.count("\n", place, closing)
                        fields = _fields(text[place:closing], breaks, plain)
                        if fields is not None:
                            first = lines.number + 1
                            last = lines.number = first + breaks + 1
                            export.marked += 1
                            yield ris_record(fields, text[place:stop], first, last, reading)
                            place = stop + 1
                            continue
                elif text[place] == "\n":
                    lines.number += 1
                    place += 1
                    continue
            stop = text.find("\n", place)
            stop = stop if stop >= 0 else end
            record = lines.take(text[place:stop])
            if record is not None:
                yield record
            place = stop + 1
    if held:
        for line in held.removesuffix("\n").split("\n"):
            record = lines.take(line)
            if record is not None:
                yield record
    record = lines.end()
    if record is not None:
        yield record


def _fields(body: str, breaks: int, plain: bool) -> Fields | None:
    """Return the clean values of an entry without its ER; None if a line needs a closer look.

    ``breaks`` are the line ends in it, ``plain`` says that the file has no control signs.
    """
    parts = _FIELD.split(body)
    kind = parts[0][6:]
    values = parts[2::2]
    fields: Fields = {"TY": [kind]}
    continued = breaks != len(values)
    for tag, value in zip(parts[1::2], values, strict=True):
        if continued and "\n" in value:
            if not _take_lines(fields, tag, value):
                return None
        elif tag in fields:
            fields[tag].append(value)
        else:
            fields[tag] = [value]
    if "\n" in kind or len(fields["TY"]) > 1:
        return None
    if continued:
        joined(fields)
    line = body.replace("\n", " ")
    if "&" in body or not ((plain or line.isprintable()) and (body.isascii() or is_plain(body))):
        return clean_fields(fields)
    # No entity and nothing to normalize; if single blanks stand between words, nothing at all.
    if line.count("  ") == 1 + len(values) and line[-1] != " ":
        return fields
    if continued or body.count("  ") != 1 + len(values):
        return clean_fields(fields)
    for tag, each in fields.items():
        fields[tag] = [text for value in each if (text := value.strip(" "))] or [""]
    return fields


def _take_lines(fields: Fields, tag: str, value: str) -> bool:
    """Take a value of several lines; False if one of them may begin with a tag."""
    first, *more = value.split("\n")
    values = fields.setdefault(tag, [])
    values.append(first)
    for line in more:
        if line[2:5] == "  -" or ("-" in line[:12] and _unusual_tag(line, False, False)[0]):
            return False
        if line and not line.isspace():
            _go_on(values, tag, line)
    return True


class _Lines:
    """Entries read line by line: whatever is not as it should be is repaired and reported here."""

    def __init__(self, export: Export, reading: Reading) -> None:
        self.export, self.reading = export, reading
        self.number = 0
        self.fields: Fields = {}
        self.raw: list[str] = []
        self.first = self.held = 0
        self.current = ""
        self.loose = False
        self.outside = Outside()

    @property
    def inside(self) -> bool:
        """Whether an entry has begun and is not closed."""
        return bool(self.fields)

    def take(self, line: str) -> Record | None:
        """Take the next line; returns the record of the entry that it ends."""
        self.number += 1
        self.export.marked += line.startswith("TY  -")
        done = None
        if self.held:  # an ER with text after it: the next line decides
            if not line.strip():
                self.raw.append(line)
                return None
            if _begins(line):
                done = self._close(self.held)
                self.loose = False
            else:
                _go_on(self.fields[self.current], self.current, self.raw[self.held - self.first])
                self.reading.report(
                    self.held, self.held, "an ER with text after it inside an entry", "read as text"
                )
            self.held = 0
        tag, value = self._tag(line)
        if self.fields and tag != "TY" and tag != "ER":
            self.raw.append(line)
            if tag:
                self.current = tag
                self.fields.setdefault(tag, []).append(value)
            elif line and not line.isspace():
                _go_on(self.fields[self.current], self.current, line)
        elif tag == "TY":
            if self.fields:
                last = last_line(self.first, self.raw)
                self.reading.report(
                    self.first,
                    last,
                    f"no ER before the next entry begins (line {self.number})",
                    "the entry was kept",
                    at=f"line {self.first}",
                )
                done = self._close(last)
            self._open(tag, value, line)
        elif tag == "ER":
            if not self.fields:
                self.reading.report(
                    self.number, self.number, "an ER that closes no entry", "left unread"
                )
                self.loose = False
                return done
            self.raw.append(line)
            if value:
                self.held = self.number
            else:
                done = self._close(self.number)
                self.loose = False
        elif tag in _OPENING:
            self.reading.report(
                self.number, self.number, "an entry that does not begin with TY",
                "the entry was kept",
            )  # fmt: skip
            self._open(tag, value, line)
        elif line.strip():
            self.outside.append(self.number)
        return done

    def end(self) -> Record | None:
        """Take the end of the file."""
        done = None
        if self.fields:
            if self.held:
                done = self._close(self.held)
            else:
                last = last_line(self.first, self.raw)
                self.reading.report(
                    self.first, last, "the file ends without ER", "the entry was kept",
                    at=f"line {self.first}",
                )  # fmt: skip
                done = self._close(last)
        self.reading.outside(self.outside)
        return done

    def _tag(self, line: str) -> tuple[str, str]:
        """Return tag and value of a line; no tag if it goes on with the value before."""
        if not self.loose and line[2:5] == "  -":
            return (line[:2] if _TAG.fullmatch(line[:2]) else ""), line[5:].strip()
        tag, value = _unusual_tag(line, self.loose, not self.fields)
        if tag == "TY":
            self.loose = line[2:5] != "  -"
        return tag, value

    def _open(self, tag: str, value: str, line: str) -> None:
        self.fields, self.raw = {tag: [value]}, [line]
        self.first, self.current = self.number, tag

    def _close(self, last: int) -> Record:
        raw = "\n".join(self.raw[: 1 + last - self.first])
        fields, self.fields = self.fields, {}
        return ris_record(clean_fields(joined(fields)), raw, self.first, last, self.reading)


def _unusual_tag(line: str, loose: bool, outside: bool) -> tuple[str, str]:
    """Read a tag that is not written as it should be; ``""`` if the line has none."""
    if "-" not in line[:12]:
        return "", ""
    found = _LOOSE.match(line)
    if found:
        tag, value = found[1], (found[2] or "").strip()
        if loose or (tag == "TY" and _TYPES.fullmatch(value)) or (tag == "ER" and outside):
            return tag, value
    found = _LONG.match(line)
    return (found[1], (found[2] or "").strip()) if found else ("", "")


def _begins(line: str) -> bool:
    """Return whether a line stands before or at the beginning of an entry."""
    return re.match(r"\s*TY {0,4}-\s|\d+\.\s*$|Record #\d+|Link to |https?://", line) is not None


def _go_on(values: list[str], tag: str, line: str) -> None:
    """Take an untagged line as part of the value before it."""
    text = line.strip()
    if tag in _LISTS and values[-1] and not line[0].isspace():
        values.append(text)
    else:
        go_on(values, text)
