"""Names of the columns of tables, whoever wrote them, and the record of a row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from evisynth.errors import InputError, Problem
from evisynth.records.reading import Reading
from evisynth.records.record import Record
from evisynth.records.values import (
    clean,
    family_first,
    find_doi,
    find_isbns,
    find_issns,
    find_pmcid,
    find_registry_ids,
    find_year,
    full_doi,
    join_pages,
    link,
    part_name,
    protect,
    pubmed_id,
    pubmed_id_in_url,
    split_cell,
    split_list,
)

__all__ = [
    "COLUMNS", "fields_of", "has_columns", "no_such_column", "normal", "places_of", "record_of_row",
]  # fmt: skip

COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "recordid", "key", "covidence", "refid", "referenceid", "itemid"),
    "title": ("title", "articletitle", "studytitle", "primarytitle", "documenttitle", "ti",
              "publicationtitleoriginal", "papertitle", "displayname", "publictitle",
              "brieftitle"),
    "authors": ("authors", "author", "authornames", "au", "authorsraw", "authorsfull",
                "authorshipsauthordisplayname", "authorshipsrawauthorname", "authorfullnames"),
    "year": ("year", "publicationyear", "publishedyear", "py", "pubyear", "publicationdate",
             "dateofpublication", "date", "startdate", "published"),
    "journal": ("journal", "sourcetitle", "journaltitle", "publicationtitle", "journalbook",
                "containertitle", "primarylocationsourcedisplayname", "secondarytitle", "so",
                "booktitle", "journalname", "publicationname"),
    "source_text": ("source",),
    "volume": ("volume", "vl", "bibliovolume"),
    "issue": ("issue", "number", "is", "biblioissue", "issuenumber"),
    "pages": ("pages", "page", "pagerange"),
    "first_page": ("firstpage", "pagestart", "startpage", "bp", "bibliofirstpage"),
    "last_page": ("lastpage", "pageend", "endpage", "ep", "bibliolastpage"),
    "article": ("artno", "articlenumber", "ar", "elocation"),
    "doi": ("doi", "di", "digitalobjectidentifier", "idsdoi", "doilink"),
    "pmid": ("pmid", "pubmedid", "medlinepmid", "idspmid", "pubmedidpmid", "pm"),
    "pmcid": ("pmcid", "pmc", "idspmcid"),
    "url": ("url", "link", "plink", "primarylocationlandingpageurl", "studyurl", "embaselink",
            "fulltextlink", "urls", "weburl"),
    "abstract": ("abstract", "abstractnote", "ab", "originalabstract", "abstracttext",
                 "briefsummary", "summary"),
    "keywords": ("keywords", "authorkeywords", "indexkeywords", "subjects", "keyword",
                 "emtreedrugindextermsmajorfocus", "emtreedrugindexterms",
                 "emtreemedicalindextermsmajorfocus", "emtreemedicalindexterms", "manualtags",
                 "automatictags", "keywordsdisplayname", "conditions", "interventions", "meshterms",
                 "kw"),
    "type": ("type", "publicationtype", "documenttype", "doctype", "itemtype", "entrytype",
             "studytype", "dt"),
    "language": ("language", "articlelanguage", "languageoforiginaldocument", "languages", "la"),
    "journal_short": ("journalshort", "journalabbreviation", "abbreviatedsourcetitle",
                      "journalabbr"),
    "original_title": ("originaltitle",),
    "database": ("database", "databasename", "librarycatalog", "databaseprovider"),
    "accession": ("accession", "accessionnumber", "pui", "embaseaccessionid", "centralid",
                  "eid", "ut",
                  "nctnumber", "nctid", "trialid", "embaseid", "openalexid"),
    "registry_ids": ("registryids", "clinicaltrialnumbers", "ctgovid", "ictrpid", "otherids",
                     "secondaryid", "registrynumber"),
    "issns": ("issns", "issn", "sn", "eissn", "primarylocationsourceissn", "ei"),
    "isbns": ("isbns", "isbn", "bn"),
    "citation": ("citation",),
    "notes": ("notes", "note", "tags", "extra"),
}  # fmt: skip
"""Names of columns by field, in the order of preference; compared without signs and case."""


_INITIALS = re.compile(r"\S.*?\s(?:[^\W\d_a-z]\.?-?){1,5}", re.UNICODE)
_REGISTRY_NUMBER = re.compile(r"NCT\d{8}|ISRCTN\d{8}", re.IGNORECASE)
_CITATION = re.compile(r"\d{4}[^;:]{0,20};([^:;()]*)(?:\(([^)]*)\))?:([^.:;]+)\.")
"""PubMed's: ``J Inv Trials. 2020 Mar 1;12(3):101-109. doi: ...``"""
_LEFT_OVER = re.compile(r"\s{1,20}[A-Z][A-Z0-9]\s{2}- ")


def normal(name: str) -> str:
    """Return the name of a column without case, blanks and signs.

    Examples
    --------
    >>> normal("Covidence #"), normal("biblio.first_page")
    ('covidence', 'bibliofirstpage')
    """
    return re.sub(r"[\W_]+", "", name.casefold())


def fields_of(
    header: Sequence[str], columns: Mapping[str, str] | None = None
) -> dict[str, list[int]]:
    """Return which columns hold which field.

    Parameters
    ----------
    header
        Names of the columns.
    columns
        The column of a field, as given by a person.

    Examples
    --------
    >>> fields_of(["Study Title", "NCT Number"])
    {'title': [0], 'accession': [1]}
    """
    names = [normal(name) for name in header]
    given = {wanted: places_of(header, name) for wanted, name in (columns or {}).items()}
    taken = {at for places in given.values() for at in places}
    found: dict[str, list[int]] = {}
    for wanted, aliases in COLUMNS.items():
        places = given.get(wanted) or [
            at
            for alias in aliases
            for at, name in enumerate(names)
            if name == alias and at not in taken
        ]
        if places:
            found[wanted] = places
    return found


def places_of(header: Sequence[str], name: str) -> list[int]:
    """Return where a column stands that a person named; case, blanks and signs do not count.

    Examples
    --------
    >>> places_of(["Nr.", "Titel", "#"], "titel"), places_of(["Nr.", "#"], "#")
    ([1], [1])
    """
    wanted = normal(name)
    if not wanted:
        return [at for at, cell in enumerate(header) if cell.strip() == name.strip()]
    return [at for at, cell in enumerate(header) if normal(cell) == wanted]


def has_columns(header: Sequence[str], columns: Mapping[str, str]) -> bool:
    """Return whether a header has every column that a person named, and they named some."""
    return bool(columns) and all(places_of(header, name) for name in columns.values())


def no_such_column(where: str, header: Sequence[str], columns: Mapping[str, str]) -> InputError:
    """Return the refusal of a table that has not the columns that a person named."""
    there = tuple(cell.strip() for cell in header if cell.strip())
    missing = [name for name in columns.values() if not places_of(header, name)]
    return InputError(
        [Problem(where, "", f"there is no column {name!r}", there[:40]) for name in missing]
    )


def _people(text: str) -> tuple[str, ...]:
    """Part the names of one cell, however they are separated."""
    if not (text := clean(text)):
        return ()
    if " |" in text or ("|" in text and ";" not in text):
        parts = text.split("|")
    elif ";" in text:
        parts = text.split(";")
    elif re.search(r"\s+and\s+", text) and not text.startswith("{"):
        parts = re.split(r"\s+and\s+", text)
    else:
        parts = [part.strip() for part in text.rstrip(". ").split(",")]
        if len(parts) < 2 or not all(_INITIALS.fullmatch(part) for part in parts):
            parts = [text]
        else:
            parts[-1] = text[text.rindex(parts[-1]) :].strip()
            if not any("." in part for part in parts[:-1]):
                parts[-1] = parts[-1].rstrip(".")
    return tuple(name for part in parts if (name := part_name(clean(protect(part)))))


def _emtree(cell: str) -> tuple[str, ...]:
    """Part the index terms of Embase.com, separated by commas outside brackets."""
    if ";" in cell:
        return split_list(cell)
    parts, depth, start = [], 0, 0
    for found in re.finditer(r"[()]|, ", cell):
        if found[0] == "(":
            depth += 1
        elif found[0] == ")":
            depth = max(0, depth - 1)
        elif depth == 0:
            parts.append(cell[start : found.start()])
            start = found.end()
    parts.append(cell[start:])
    return tuple(word for part in parts if (word := clean(part)))


def record_of_row(
    values: Mapping[str, list[str]], raw: str, first: int, last: int, reading: Reading
) -> Record:
    """Make the record of a row from its cells by field."""

    def one(name: str) -> str:
        return next((text for cell in values.get(name, ()) if (text := clean(cell))), "")

    def many(name: str) -> tuple[str, ...]:
        return tuple(part for cell in values.get(name, ()) for part in split_cell(cell))

    accession = one("accession")
    number = re.sub(r"^https?://(?:api\.)?openalex\.org/(?:works/)?(?=\w+$)", "", accession)
    key = one("id")
    if re.fullmatch(r"https?://(?:api\.)?openalex\.org/\S+", key):
        number = number or key.rsplit("/", 1)[-1]
        key = key.rsplit("/", 1)[-1]
    if reading.dialect == "Covidence" and key.startswith("#"):
        key = f"covidence-{key[1:]}"
    if not key and number and reading.dialect == "ClinicalTrials.gov":
        key = number
    ident = reading.ident(key, first, "id")
    title = one("title")
    if not title:
        reading.no_title(first, last, ident, ", ".join(name for name, v in values.items() if v))
    dates = [text for cell in values.get("year", ()) if (text := clean(cell))]
    year = next((year for date in dates if (year := find_year(date))), None)
    if year is None and dates:
        reading.no_year(first, last, dates[0])
    source = one("source_text")
    journal = one("journal")
    if not journal and reading.dialect == "Cochrane Library":
        journal = source
    elif not journal and reading.dialect == "ClinicalTrials.gov":
        journal = "ClinicalTrials.gov"
    urls = [
        _LEFT_OVER.split(cell[:5000])[0].strip() for cell in values.get("url", ()) if cell.strip()
    ]
    url = clean(urls[0]) if urls else ""
    written = one("doi")
    doi = full_doi(_LEFT_OVER.split(written[:5000])[0]) or next(
        (found for link in urls if "doi" in link and (found := find_doi(link))), ""
    )
    numbers = many("registry_ids")
    if _REGISTRY_NUMBER.fullmatch(number):
        numbers = (number, *numbers)
    short = one("journal_short")
    cited = _CITATION.search(one("citation"))
    pages = one("pages") or (cited[3].strip() if cited else "")
    database = one("database") or (source if reading.dialect == "Scopus" else "")
    if reading.dialect == "ClinicalTrials.gov":
        database = reading.dialect
        if not url and _REGISTRY_NUMBER.fullmatch(number):
            url = f"https://clinicaltrials.gov/study/{number}"
    return Record(
        id=ident,
        title=title,
        authors=tuple(
            family_first(name) if reading.dialect == "OpenAlex" else name
            for cell in values.get("authors", ())[:1]
            for name in _people(cell)
        ),
        year=year,
        journal=journal or short,
        volume=one("volume") or (cited[1].strip() if cited else ""),
        issue=one("issue") or ((cited[2] or "").strip() if cited else ""),
        pages=join_pages(pages or one("first_page"), "" if pages else one("last_page"),
                         one("article")),
        doi=doi,
        pmid=pubmed_id(one("pmid")) or next((p for u in urls if (p := pubmed_id_in_url(u))), ""),
        url=link(url),
        abstract=one("abstract"),
        keywords=many("keywords")
        if reading.dialect != "Embase.com"
        else tuple(word for cell in values.get("keywords", ()) for word in _emtree(cell)),
        source=reading.source,
        file=reading.where,
        first_line=first,
        last_line=last,
        type=f"trial registration; {one('type').casefold()}".removesuffix("; ")
        if reading.dialect == "ClinicalTrials.gov"
        else one("type"),
        language=one("language"),
        journal_short=short if journal and short != journal else "",
        original_title=one("original_title"),
        database=database,
        accession=number,
        pmcid=find_pmcid(one("pmcid")),
        registry_ids=find_registry_ids(numbers),
        issns=find_issns(values.get("issns", ())),
        isbns=find_isbns(values.get("isbns", ())),
        notes=many("notes")
        if reading.dialect == ""
        else tuple(note for cell in values.get("notes", ()) if (note := clean(cell))),
        raw=raw,
        reader=reading.reader,
        reader_version=reading.version,
    )  # fmt: skip
