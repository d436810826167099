"""Records written as RIS, PubMed text, BibTeX, CSL-JSON, CSV and EndNote XML.

What is written is read back equal: every field but those that say where a record came from. A value
is written as one line; the id stands where a reader of this package looks for it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from evisynth.errors import InputError, OptionError, Problem
from evisynth.records.latex import to_latex
from evisynth.records.record import Record
from evisynth.records.ris_dialects import TYPES
from evisynth.records.values import clean, closed, join_list, join_parts, protect, written_name

__all__ = ["WRITERS", "Writer", "format_records", "write_records"]

_CODES = {words: code for code, words in reversed(TYPES.items())}
_CSL = {
    "journal article": "article-journal",
    "book": "book",
    "book chapter": "chapter",
    "thesis": "thesis",
    "report": "report",
    "conference paper": "paper-conference",
    "web page": "webpage",
    "newspaper article": "article-newspaper",
}
_BIBTEX = {
    "journal article": "article",
    "conference paper": "inproceedings",
    "conference proceedings": "proceedings",
    "book chapter": "incollection",
    "book": "book",
    "report": "techreport",
    "thesis": "phdthesis",
    "unpublished work": "unpublished",
    "web page": "online",
}
_COLUMNS = (
    "id", "title", "authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid", "url",
    "abstract", "keywords", "type", "language", "journal_short", "original_title", "database",
    "accession", "pmcid", "registry_ids", "issns", "isbns", "notes",
)  # fmt: skip
_PAGES = re.compile(r"([^-]+)-([^-]+)")

Lines = Iterator[str]


@dataclass(frozen=True, slots=True)
class Writer:
    """One format: its name, the ending of its files, and the function that gives their text."""

    name: str
    ending: str
    write: Callable[[Iterable[Record]], Lines]


def _parted(pages: str) -> tuple[str, str]:
    """Return first and last page; all in the first where that would be read otherwise."""
    found = _PAGES.fullmatch(pages)
    if found and found[1] != found[2] and found[1] == found[1].strip():
        return found[1], found[2]
    return pages, ""


def _ris(records: Iterable[Record]) -> Lines:
    for record in records:
        code = _CODES.get(record.type)
        usual = code or ("JOUR" if record.journal and record.type else "GEN")
        first, last = _parted(record.pages)
        values: list[tuple[str, Iterable[str]]] = [
            ("TY", (usual,)),
            ("ID", (record.id,)),
            ("TI", (record.title,)),
            ("AU", map(written_name, record.authors)),
            ("PY", (str(record.year or ""),)),
            ("JF", (record.journal,)),
            ("J2", (record.journal_short,)),
            ("VL", (record.volume,)),
            ("IS", (record.issue,)),
            ("SP", (first,)),
            ("EP", (last,)),
            ("DO", (record.doi,)),
            ("U1", (f"PMID: {record.pmid}" if record.pmid else "",)),
            ("C2", (record.pmcid,)),
            ("AN", (record.accession,)),
            ("CN", record.registry_ids),
            ("SN", (*record.issns, *record.isbns)),
            ("LA", (record.language,)),
            ("DB", (record.database,)),
            ("PT", (record.type if not code else "",)),
            ("TT", (record.original_title,)),
            ("UR", (record.url,)),
            ("KW", record.keywords),
            ("N1", record.notes),
            ("AB", (record.abstract,)),
        ]
        for tag, each in values:
            for value in each:
                text = value if tag == "AU" else protect(value)
                if text:
                    yield f"{tag}  - {text}\n"
        yield "ER  - \n\n"


def _nbib(records: Iterable[Record]) -> Lines:
    for record in records:
        values: list[tuple[str, Iterable[str]]] = [
            ("EVID", (record.id if record.id != record.pmid else "",)),
            ("TI", (record.title,)),
            ("TT", (record.original_title,)),
            ("FAU", map(written_name, record.authors)),
            ("DP", (str(record.year or ""),)),
            ("JT", (record.journal,)),
            ("TA", (record.journal_short,)),
            ("VI", (record.volume,)),
            ("IP", (record.issue,)),
            ("PG", (record.pages,)),
            ("LID", (f"{record.doi} [doi]" if record.doi else "",)),
            ("AB", (record.abstract,)),
            ("LA", (record.language,)),
            ("PT", (record.type,)),
            ("OT", record.keywords),
            ("SI", record.registry_ids),
            ("IS", record.issns),
            ("ISBN", record.isbns),
            ("PMC", (record.pmcid,)),
            ("DB", (record.database,)),
            ("AN", (record.accession,)),
            ("URL", (record.url,)),
            ("GN", record.notes),
        ]
        yield f"PMID- {record.pmid}\n"
        for tag, each in values:
            for value in each:
                text = value if tag == "FAU" else protect(value)
                if text:
                    yield f"{tag:<4}- {text}\n"
        yield "\n"


def _bibtex(records: Iterable[Record]) -> Lines:
    for record in records:
        kind = _BIBTEX.get(record.type, "misc" if not record.journal else "article")
        kind = kind if record.type else "misc"
        key = protect(record.id)
        sound = re.fullmatch(r"[A-Za-z0-9_:.+/-]+", key) is not None
        values: list[tuple[str, str]] = [
            ("record_id", "" if sound else _tex(record.id)),
            ("author", " and ".join(map(_tex_name, record.authors))),
            ("title", _tex(record.title)),
            ("journal" if kind == "article" else "booktitle", _tex(record.journal)),
            ("year", str(record.year or "")),
            ("volume", _tex(record.volume)),
            ("number", _tex(record.issue)),
            ("pages", re.sub(r"(?<=[^\s-])-(?=[^\s-])", "--", _tex(record.pages))),
            ("doi", _tex(record.doi)),
            ("pmid", _tex(record.pmid)),
            ("pmcid", _tex(record.pmcid)),
            ("url", _tex(record.url)),
            ("abstract", _tex(record.abstract)),
            ("keywords", to_latex(join_list(record.keywords))),
            ("type", _tex(record.type) if record.type not in _BIBTEX else ""),
            ("language", _tex(record.language)),
            ("shortjournal", _tex(record.journal_short)),
            ("original_title", _tex(record.original_title)),
            ("database", _tex(record.database)),
            ("accession", _tex(record.accession)),
            ("registry_ids", "; ".join(map(_tex, record.registry_ids))),
            ("issn", ", ".join(record.issns)),
            ("isbn", ", ".join(record.isbns)),
            *(("note", _tex(note)) for note in record.notes),
        ]
        yield f"@{kind}{{{key if sound else re.sub('[^A-Za-z0-9_:.+/-]', '', key)},\n"
        for name, value in values:
            if value:
                yield f"  {name} = {{{value}}},\n"
        yield "}\n\n"


def _tex(text: str) -> str:
    return to_latex(protect(text))


def _tex_name(name: str) -> str:
    parts = [f"{{{_tex(part)}}}" if re.search(r"\band\b|,", part, re.I) else _tex(part)
             for part in clean(protect(name)).split(", ", 2)]  # fmt: skip
    if len(parts) == 1:
        return f"{{{_tex(name)}}}"
    return ", ".join([parts[0], *reversed(parts[1:])])


def _csl(records: Iterable[Record]) -> Lines:
    opening = "[\n"
    for record in records:
        kind = _CSL.get(record.type) or ("article" if record.type else "document")
        custom = {
            name: [protect(value) for value in values]
            for name, values in (("registry_ids", record.registry_ids), ("notes", record.notes))
            if values
        }
        item: dict[str, object] = {
            "id": protect(record.id),
            "type": record.type if re.fullmatch(r"[a-z]+(-[a-z]+)?", record.type) else kind,
            "genre": protect(record.type) if record.type else "",
            "title": protect(record.title),
            "author": [_csl_name(name) for name in record.authors],
            "issued": {"date-parts": [[record.year]]} if record.year else "",
            "container-title": protect(record.journal),
            "container-title-short": protect(record.journal_short),
            "volume": protect(record.volume),
            "issue": protect(record.issue),
            "page": protect(record.pages),
            "DOI": protect(record.doi),
            "PMID": protect(record.pmid),
            "PMCID": protect(record.pmcid),
            "URL": protect(record.url),
            "abstract": protect(record.abstract),
            "keyword": join_list(record.keywords),
            "language": protect(record.language),
            "original-title": protect(record.original_title),
            "archive": protect(record.database),
            "archive_location": protect(record.accession),
            "ISSN": ", ".join(record.issns),
            "ISBN": ", ".join(record.isbns),
            "custom": custom,
        }
        text = json.dumps({k: v for k, v in item.items() if v}, ensure_ascii=False, indent=1)
        yield opening + "\n".join(f" {line}" for line in text.split("\n"))
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"


def _csl_name(name: str) -> dict[str, str]:
    parts = [protect(part) for part in clean(protect(name)).split(", ", 2)]
    if len(parts) == 1:
        return {"literal": parts[0]}
    return dict(zip(("family", "given", "suffix"), parts, strict=False))


def _csv(records: Iterable[Record]) -> Lines:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for record in records:
        cells = []
        for name in _COLUMNS:
            value = getattr(record, name)
            if name == "authors":
                cells.append(_people(value))
            elif isinstance(value, tuple):
                cells.append(join_list(value))
            else:
                text = protect(str(value or ""))
                cells.append(f" {text}" if text.startswith('="') else text)  # not Excel's formula
        writer.writerow(cells)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _people(names: tuple[str, ...]) -> str:
    written = [written_name(name) for name in names]
    if any(";" in clean(name) for name in written):
        return " | ".join(written) + " |"
    text = join_parts(written)
    return closed(text) if len(written) == 1 else text


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _endnote(records: Iterable[Record]) -> Lines:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<xml><records>\n'
    for number, record in enumerate(records, start=1):
        kind = {"journal article": ("Journal Article", 17), "book": ("Book", 6)}.get(
            record.type, ("Journal Article", 17) if record.journal else ("Generic", 13)
        )
        kind = kind if record.type else ("Generic", 13)

        def tag(name: str, *values: str) -> str:
            return "".join(f"<{name}>{_xml(text)}</{name}>" for v in values if (text := protect(v)))

        def group(name: str, inner: str) -> str:
            return f"<{name}>{inner}</{name}>" if inner else ""

        authors = "".join(f"<author>{_xml(written_name(name))}</author>" for name in record.authors)
        numbers = "&#xD;".join((*record.issns, *record.isbns))
        yield "".join(
            (
                f"<record><rec-number>{number}</rec-number>"
                f'<ref-type name="{kind[0]}">{kind[1]}</ref-type>',
                group("contributors", group("authors", authors)),
                group(
                    "titles",
                    tag("title", record.title)
                    + tag("secondary-title", record.journal)
                    + tag("translated-title", record.original_title),
                ),
                group(
                    "periodical",
                    tag("full-title", record.journal) + tag("abbr-1", record.journal_short),
                ),
                tag("pages", record.pages),
                tag("volume", record.volume),
                tag("number", record.issue),
                group("keywords", tag("keyword", *record.keywords)),
                group("dates", tag("year", str(record.year or ""))),
                group("isbn", numbers),
                tag("abstract", record.abstract),
                tag("label", record.id),
                group("urls", group("related-urls", tag("url", record.url))),
                tag("electronic-resource-num", record.doi),
                tag("accession-num", record.accession),
                tag("custom2", record.pmcid),
                tag("custom3", *record.registry_ids),
                tag("custom5", f"PMID: {record.pmid}" if record.pmid else ""),
                tag("remote-database-name", record.database),
                tag("work-type", record.type),
                tag("language", record.language),
                tag("notes", *record.notes),
                "</record>\n",
            )
        )
    yield "</records></xml>\n"


WRITERS: tuple[Writer, ...] = (
    Writer("RIS", ".ris", _ris),
    Writer("nbib", ".nbib", _nbib),
    Writer("BibTeX", ".bib", _bibtex),
    Writer("CSL-JSON", ".json", _csl),
    Writer("CSV", ".csv", _csv),
    Writer("EndNote XML", ".xml", _endnote),
)
"""Every format that can be written."""


def _writer(name: str) -> Writer:
    for writer in WRITERS:
        if writer.name.casefold() == name.casefold():
            return writer
    raise OptionError("format", name, [writer.name for writer in WRITERS])


def format_records(records: Iterable[Record], format: str = "RIS") -> str:  # noqa: A002
    """Return records as the text of a file.

    Parameters
    ----------
    records
        Records in the order wanted.
    format
        Name of one of `WRITERS`.

    Raises
    ------
    OptionError
        There is no such format.

    Examples
    --------
    >>> print(format_records([Record("7", "A trial", ("Kim, C",), 2020)]).strip())
    TY  - GEN
    ID  - 7
    TI  - A trial
    AU  - Kim, C
    PY  - 2020
    ER  -
    """
    return "".join(_writer(format).write(records))


def write_records(records: Iterable[Record], path: Path | str, format: str = "") -> int:  # noqa: A002
    """Write records to a file, UTF-8, one after the other; return how many.

    Parameters
    ----------
    records
        Records in the order wanted; an iterator is used up without being held.
    path
        The file; it is replaced when all is written.
    format
        Name of one of `WRITERS`; ``""`` takes it from the ending of the path.

    Raises
    ------
    OptionError
        There is no such format, or none with the ending of the path.
    InputError
        The file cannot be written.
    """
    path = Path(path)
    if format:
        writer = _writer(format)
    else:
        named = {each.ending: each for each in WRITERS}
        if path.suffix.casefold() not in named:
            raise OptionError("ending of the file", path.suffix, named)
        writer = named[path.suffix.casefold()]
    count = 0

    def counted() -> Iterator[Record]:
        nonlocal count
        for record in records:
            count += 1
            yield record

    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            file.writelines(writer.write(counted()))
        part.replace(path)
    except OSError as error:
        raise InputError(
            Problem(str(path), "", f"the file cannot be written: {error.strerror or error}")
        ) from error
    return count
