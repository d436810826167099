"""A record and the source that it was found in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Record", "SearchSource", "SourceKind"]

SourceKind = Literal["database", "register", "website", "organisation", "citation", "other"]


@dataclass(frozen=True, slots=True, init=False)
class Record:
    """Title, abstract and bibliographic facts of one report, as a source indexes it.

    Attributes
    ----------
    id : str
        Identifier within the review; unique.
    title, journal, volume, issue, pages, doi, pmid, url, abstract : str
        ``""`` where the source has nothing. ``doi`` is lower case without a resolver.
    authors : tuple of str
        ``"Family, Given"`` in order.
    year : int or None
        Year of publication.
    keywords : tuple of str
        Keywords or index terms.
    source : str
        Id of the `SearchSource` that the record came from.
    file, first_line, last_line : str, int, int
        Where it stands in the export, lines counted from 1.
    type, language, journal_short, original_title, database : str
        As the source writes them: kinds of publication separated by ``"; "``, the abbreviated
        journal, the title in its own language, the database or segment named in the export.
    accession, pmcid : str
        Number of the record in its database (``"L2029880245"``, ``"WOS:000282053100002"``,
        ``"CN-00778158"``, ``"2019-65183-001"``), and in PubMed Central (``"PMC5832410"``).
    registry_ids : tuple of str
        Trial numbers that the source gives in a field of its own, e.g. ``"NCT02663973"``.
    issns, isbns : tuple of str
        ``"2041-1723"`` with a hyphen; ISBN without hyphens.
    notes : tuple of str
        Remarks of the database or of a person (Rayyan keeps decisions there).
    raw : str
        The entry as it stands in the export, line ends as LF.
    reader, reader_version : str
        Which reader made the record, and the version of its rules.
    """

    id: str
    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    url: str = ""
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    source: str = ""
    file: str = ""
    first_line: int = 0
    last_line: int = 0
    type: str = ""
    language: str = ""
    journal_short: str = ""
    original_title: str = ""
    database: str = ""
    accession: str = ""
    pmcid: str = ""
    registry_ids: tuple[str, ...] = ()
    issns: tuple[str, ...] = ()
    isbns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    raw: str = field(default="", repr=False)
    reader: str = ""
    reader_version: str = ""

    # Written out: what dataclass makes for a frozen class takes more than twice as long, and a
    # record is made for every entry that is read.
    def __init__(
        self,
        id: str,  # noqa: A002 - the word of the field
        title: str,
        authors: tuple[str, ...] = (),
        year: int | None = None,
        journal: str = "",
        volume: str = "",
        issue: str = "",
        pages: str = "",
        doi: str = "",
        pmid: str = "",
        url: str = "",
        abstract: str = "",
        keywords: tuple[str, ...] = (),
        source: str = "",
        file: str = "",
        first_line: int = 0,
        last_line: int = 0,
        type: str = "",  # noqa: A002 - the word of the field
        language: str = "",
        journal_short: str = "",
        original_title: str = "",
        database: str = "",
        accession: str = "",
        pmcid: str = "",
        registry_ids: tuple[str, ...] = (),
        issns: tuple[str, ...] = (),
        isbns: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
        raw: str = "",
        reader: str = "",
        reader_version: str = "",
    ) -> None:
        _set_id(self, id)
        _set_title(self, title)
        _set_authors(self, authors)
        _set_year(self, year)
        _set_journal(self, journal)
        _set_volume(self, volume)
        _set_issue(self, issue)
        _set_pages(self, pages)
        _set_doi(self, doi)
        _set_pmid(self, pmid)
        _set_url(self, url)
        _set_abstract(self, abstract)
        _set_keywords(self, keywords)
        _set_source(self, source)
        _set_file(self, file)
        _set_first_line(self, first_line)
        _set_last_line(self, last_line)
        _set_type(self, type)
        _set_language(self, language)
        _set_journal_short(self, journal_short)
        _set_original_title(self, original_title)
        _set_database(self, database)
        _set_accession(self, accession)
        _set_pmcid(self, pmcid)
        _set_registry_ids(self, registry_ids)
        _set_issns(self, issns)
        _set_isbns(self, isbns)
        _set_notes(self, notes)
        _set_raw(self, raw)
        _set_reader(self, reader)
        _set_reader_version(self, reader_version)


def _setter(name: str) -> Callable[[Record, object], None]:
    """Return what fills the slot of a field."""
    slot: Any = Record.__dict__[name]
    setter: Callable[[Record, object], None] = slot.__set__
    return setter


_set_id = _setter("id")
_set_title = _setter("title")
_set_authors = _setter("authors")
_set_year = _setter("year")
_set_journal = _setter("journal")
_set_volume = _setter("volume")
_set_issue = _setter("issue")
_set_pages = _setter("pages")
_set_doi = _setter("doi")
_set_pmid = _setter("pmid")
_set_url = _setter("url")
_set_abstract = _setter("abstract")
_set_keywords = _setter("keywords")
_set_source = _setter("source")
_set_file = _setter("file")
_set_first_line = _setter("first_line")
_set_last_line = _setter("last_line")
_set_type = _setter("type")
_set_language = _setter("language")
_set_journal_short = _setter("journal_short")
_set_original_title = _setter("original_title")
_set_database = _setter("database")
_set_accession = _setter("accession")
_set_pmcid = _setter("pmcid")
_set_registry_ids = _setter("registry_ids")
_set_issns = _setter("issns")
_set_isbns = _setter("isbns")
_set_notes = _setter("notes")
_set_raw = _setter("raw")
_set_reader = _setter("reader")
_set_reader_version = _setter("reader_version")


@dataclass(frozen=True, slots=True)
class SearchSource:
    """One database, register, website or other place that was (or was to be) searched.

    Attributes
    ----------
    id : str
        Name of its folder under ``searches/``.
    name, platform : str
        E.g. ``"Embase"`` on ``"Ovid"``; the platform may be ``""``.
    kind : SourceKind
        Decides which box of the flow diagram it is counted in.
    searched : bool
        False for a source that the plan names and that was not searched; it then has no records.
    date : str
        Date of the search, ISO; ``""`` if not known.
    query : str
        The strategy as run; ``""`` if not known.
    found : int or None
        Records that the source reported; None means "as many as the export holds".
    removed_at_source : int
        Records of `found` left out of the export as duplicates before screening.
    records : int
        Records read from the export.
    note : str
        What a reader should know.
    """

    id: str
    name: str
    kind: SourceKind
    platform: str = ""
    searched: bool = True
    date: str = ""
    query: str = ""
    found: int | None = None
    removed_at_source: int = 0
    records: int = 0
    note: str = ""
