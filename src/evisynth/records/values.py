"""Values of fields as records hold them: clean text, identifiers, names, years and pages."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

__all__ = [
    "clean",
    "distinct",
    "family_first",
    "find_doi",
    "find_isbns",
    "find_issns",
    "find_registry_ids",
    "find_year",
    "full_doi",
    "join_list",
    "join_pages",
    "person",
    "protect",
    "pubmed_id",
    "pubmed_id_in_url",
    "split_cell",
    "split_list",
    "written_name",
]

ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]{1,500}", re.IGNORECASE)
_WHOLE_DOI = re.compile(
    r"(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:?\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE
)
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_ISSN = re.compile(r"(?<![\dXx-])(\d{4})-?(\d{3}[\dXx])(?![\dXx-])")
_ISBN = re.compile(r"(?<![\d-])((?:97[89][- ]?)?(?:\d[- ]?){9}[\dXx])(?![\d-])")
_PUBMED_URL = re.compile(
    r"(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/(?:m/)?pubmed)/(\d{1,9})"
)
_INITIALS = re.compile(r"(\S.*?)\s+((?:[^\W\d_a-z]\.?-?){1,4})", re.UNICODE)
_REGISTRY = re.compile(
    r"(?<![A-Za-z0-9])(NCT\d{8}|ISRCTN\d{8}|EUCTR\d{4}-\d{6}-\d{2}(?:-[A-Z]{2,3})?"
    r"|\d{4}-\d{6}-\d{2}(?!\d)|ACTRN\d{14}p?|ChiCTR[-A-Z]*\d{8,10}|CTRI/\d{4}/\d{2,3}/\d{6}"
    r"|DRKS\d{8}|JPRN-[A-Za-z]+\d+|UMIN\d{9}|jRCT[a-z]?\d{10}|IRCT\d{6,}N\d+|KCT\d{7}"
    r"|NTR\d{3,5}|NL-?OMON\d+|PACTR\d{15,16}|RBR-[0-9a-z]{6,8}|SLCTR/\d{4}/\d{3}|TCTR\d{11}"
    r"|PER-\d{3}-\d{2}|LBCTR\d{10})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_DASHES = str.maketrans("‐‑‒–—−", "------")
_NO_PAGES = frozenset({"no pagination specified", "n/a", "no-specified", "no pagination", "-"})


def _unescape(text: str) -> str:
    return ENTITY.sub(lambda found: html.unescape(found[0]), text)


def clean(text: str) -> str:
    r"""Return a value as one line: entities resolved once, blanks single, NFC, no control signs.

    Examples
    --------
    >>> clean("  Cafe\u0301 &amp; bar\n   two ")
    'Café & bar two'
    """
    if (
        "&" not in text
        and "  " not in text
        and text.isprintable()  # of blanks only the plain one is, so they are single already
        and (text.isascii() or unicodedata.is_normalized("NFC", text))
    ):
        return text.strip(" ")
    if "&" in text:
        text = _unescape(text)
    if not text.isprintable():
        text = _SURROGATE.sub("\ufffd", _UNWANTED.sub("", text))
    text = " ".join(text.split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def distinct(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values that are not empty, each once, in their order.

    Examples
    --------
    >>> distinct(["a", "", "b", "a"])
    ('a', 'b')
    """
    return tuple(dict.fromkeys(value for value in values if value))


def protect(text: str) -> str:
    """Return a value as it is written: one line, with ``&`` escaped where it would begin an entity.

    Examples
    --------
    >>> protect("p &lt; .05 & more"), clean(protect("p &lt; .05 & more"))
    ('p &amp;lt; .05 & more', 'p &lt; .05 & more')
    """
    safe = ENTITY.sub(lambda found: "&amp;" + found[0][1:], text)
    plain = clean(safe)
    return ENTITY.sub(lambda found: "&amp;" + found[0][1:], plain)


def written_name(name: str) -> str:
    """Return a name as it is written, so that `person` gives it back.

    A comma after it says that the name of a group has no parts, as in EndNote.

    Examples
    --------
    >>> written_name("Kim, C"), written_name("Study Group B")
    ('Kim, C', 'Study Group B,')
    """
    name = protect(name)
    return name if person(name) == clean(name) else f"{name},"


def join_list(values: Iterable[str]) -> str:
    """Join values into one cell, so that `split_cell` gives them back.

    Examples
    --------
    >>> join_list(["one", "two"]), join_list(["Models, Theoretical"]), join_list(["a; b", "c"])
    ('one; two', 'Models, Theoretical;', 'a; b | c |')
    """
    parts = [part for value in values if (part := protect(value))]
    plain = [clean(part) for part in parts]
    if any(";" in part for part in plain):
        return " | ".join(parts) + " |"
    text = "; ".join(parts)
    return f"{text};" if len(parts) == 1 and re.search(r"[,|]|\sand\s", plain[0]) else text


def split_cell(text: str, *, commas: bool = False) -> tuple[str, ...]:
    """Split a cell with several values at ``|``, ``;`` or, where allowed and alone, at commas.

    Examples
    --------
    >>> split_cell("a &amp; b; c"), split_cell("a|b"), split_cell("a, b", commas=True)
    (('a & b', 'c'), ('a', 'b'), ('a', 'b'))
    """
    text = _unescape(text) if "&" in text else text
    if "|" in text and (" |" in text or ";" not in text):
        separator = "|"
    else:
        separator = ";" if ";" in text or not commas else ","
    safe = (
        ENTITY.sub(lambda found: "&amp;" + found[0][1:], each) for each in text.split(separator)
    )
    return tuple(part for each in safe if (part := clean(each)))


def split_list(text: str, separator: str = ";") -> tuple[str, ...]:
    """Split a cell that holds several values.

    Examples
    --------
    >>> split_list("one; two;; one")
    ('one', 'two', 'one')
    """
    if "&" in text:
        text = _unescape(text)
        parts = (ENTITY.sub(lambda found: "&amp;" + found[0][1:], p) for p in text.split(separator))
        return tuple(part for each in parts if (part := clean(each)))
    return tuple(part for each in text.split(separator) if (part := clean(each)))


def full_doi(text: str) -> str:
    """Return the DOI of a field that should hold one, ``""`` if it does not.

    Examples
    --------
    >>> full_doi("https://doi.org/10.2196/MHEALTH.9438")
    '10.2196/mhealth.9438'
    """
    text = text.strip()
    found = _WHOLE_DOI.fullmatch(text)
    return found[1].rstrip(".,;").lower() if found else find_doi(text)


def find_doi(text: str) -> str:
    """Find the first DOI in a text or link.

    Examples
    --------
    >>> find_doi("see doi=10.1038%2fs41467-024-46843-2&partner=40")
    '10.1038/s41467-024-46843-2'
    """
    found = _DOI.search(text)
    if found is None and "%2" in text:
        found = _DOI.search(unquote(text))
    if found is None:
        return ""
    doi = found[0].split("&", 1)[0].rstrip(".,;'")
    while doi and doi[-1] in ")]}":
        opening = "([{"[")]}".index(doi[-1])]
        if doi.count(opening) >= doi.count(doi[-1]):
            break
        doi = doi[:-1].rstrip(".,;")
    return doi.lower()


def find_year(text: str) -> int | None:
    """Find a year from 1500 to 2099, or None.

    Examples
    --------
    >>> find_year("2022//"), find_year("10 15")
    (2022, None)
    """
    found = _YEAR.search(text)
    return int(found[1]) if found else None


def find_issns(values: Iterable[str]) -> tuple[str, ...]:
    """Find the ISSNs of some fields.

    Examples
    --------
    >>> find_issns(["19326203", "1999-7777(Electronic),0222-666x(Print)"])
    ('1932-6203', '1999-7777', '0222-666X')
    """
    found = [f"{a}-{b.upper()}" for value in values for a, b in _ISSN.findall(value)]
    return tuple(dict.fromkeys(found))


def find_isbns(values: Iterable[str]) -> tuple[str, ...]:
    """Find the ISBNs of some fields, without hyphens.

    Examples
    --------
    >>> find_isbns(["978-3-86490-311-3"])
    ('9783864903113',)
    """
    found: list[str] = []
    for value in values:
        for each in _ISBN.findall(value):
            plain = each.replace("-", "").replace(" ", "").upper()
            if len(plain) in (10, 13):
                found.append(plain)
    return tuple(dict.fromkeys(found))


def find_registry_ids(values: Iterable[str]) -> tuple[str, ...]:
    """Find numbers of trial registries.

    Examples
    --------
    >>> find_registry_ids(["ClinicalTrials.gov/nct02663973; ISRCTN12345678"])
    ('NCT02663973', 'ISRCTN12345678')
    """
    found = []
    for value in values:
        for each in _REGISTRY.findall(value):
            upper = each.upper()
            found.append(upper if upper.startswith(("NCT", "ISRCTN", "ACTRN", "EUCTR")) else each)
    return tuple(dict.fromkeys(found))


def pubmed_id(text: str) -> str:
    """Return the PubMed number of a field that should hold one, ``""`` if it does not.

    Examples
    --------
    >>> pubmed_id("PUBMED 21314913"), pubmed_id("CN-02547783")
    ('21314913', '')
    """
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return text.lstrip("0")
    found = re.match(r"(?:PMID|PUBMED|MEDLINE)[:\s]+(\d{1,9})\b", text, re.IGNORECASE)
    return found[1].lstrip("0") if found else pubmed_id_in_url(text)


def pubmed_id_in_url(text: str) -> str:
    """Find the PubMed number in a link to PubMed.

    Examples
    --------
    >>> pubmed_id_in_url("https://pubmed.ncbi.nlm.nih.gov/29456894/")
    '29456894'
    """
    found = _PUBMED_URL.search(text)
    return found[1] if found else ""


def person(text: str) -> str:
    """Return a name as ``"Family, Given"``; one that cannot be parted stays as it is.

    Examples
    --------
    >>> person("Shi,Yu "), person("Griffin DK"), person("Liu R."), person("World Health Body")
    ('Shi, Yu', 'Griffin, DK', 'Liu, R.', 'World Health Body')
    """
    text = clean(text)
    if "," in text:
        if text.count(",") == 1 and ", " in text and " ," not in text and text[0] != ",":
            return text
        family, _, given = text.partition(",")
        return f"{family.rstrip()}, {given.strip()}".strip(", ")
    found = _INITIALS.fullmatch(text)
    return f"{found[1]}, {found[2]}" if found else text


def family_first(name: str) -> str:
    """Write a name with the family name first, as far as that can be told.

    Examples
    --------
    >>> family_first("Heather A. Piwowar"), family_first("Jan van der Berg")
    ('Piwowar, Heather A.', 'van der Berg, Jan')
    """
    if "," in name:
        return person(name)
    words = name.split()
    if len(words) < 2:
        return name
    at = next((i for i, word in enumerate(words[:-1]) if i and word[:1].islower()), len(words) - 1)
    return f"{' '.join(words[at:])}, {' '.join(words[:at])}"


def join_pages(first: str, last: str = "", article: str = "") -> str:
    """Return the pages as one text, the article number where there are none.

    Examples
    --------
    >>> join_pages("152", "160"), join_pages("No", "Specified"), join_pages("", "", "e12292")
    ('152-160', '', 'e12292')
    """
    first, last = first.strip().translate(_DASHES), last.strip().translate(_DASHES)
    if first.casefold() == "no" and re.fullmatch(r"(?i)(pagination ?)?specified|pagination", last):
        first = last = ""
    pages = first if first == last or not last else f"{first}-{last}" if first else last
    if pages.casefold() in _NO_PAGES:
        pages = ""
    return pages or article


def first_of(values: Sequence[str]) -> str:
    """Return the first value that is not empty, or ``""``."""
    return next((value for value in values if value), "")
