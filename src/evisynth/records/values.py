"""Values of fields as records hold them: clean text, identifiers, names, years and pages."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

__all__ = [
    "clean",
    "closed",
    "distinct",
    "doi_in_link",
    "family_first",
    "find_doi",
    "find_isbns",
    "find_issns",
    "find_pmcid",
    "find_registry_ids",
    "find_year",
    "full_doi",
    "group_name",
    "is_plain",
    "join_list",
    "join_pages",
    "join_parts",
    "link",
    "part_name",
    "person",
    "protect",
    "pubmed_id",
    "pubmed_id_in_url",
    "split_cell",
    "split_list",
    "written_name",
]

ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_OPEN_ENTITY = re.compile(r"&(?=#?[A-Za-z0-9]{1,32}; )")
_LAST_ENTITY = re.compile(r"&(?=#?[A-Za-z0-9]{1,32}$)")
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_ASCII = bytes(range(128))
_PLAIN = re.compile(
    "[\u00a1-\u00ac\u00ae-\u02ff\u0391-\u03a1\u03a3-\u03ce\u0400-\u0482\u2010-\u2027\u2030-\u205e"
    "\u20ac\u2122\u2190-\u22ff\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9d]*"
)
"""Signs that are printable and never change in NFC, whatever stands before or after."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>\x00-\x1f\x7f-\x9f]{1,500}", re.IGNORECASE)
_USUAL_DOI = re.compile(r"10\.\d{4,9}/[!-%'-~]*[0-9A-Za-z]", re.ASCII)
"""A DOI by itself, without signs that have to be looked at."""
_WHOLE_DOI = re.compile(
    r"(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:?\s*)?(10\.\d{4,9}/[^\s\x00-\x1f\x7f-\x9f]+)",
    re.IGNORECASE,
)
_PAGE = re.compile(
    r"/(?:abstract|full|pdf|epdf|pdfdirect|epub|fulltext|full-text|meta|html|summary)/?(?:[?#].*)?$",
    re.IGNORECASE,
)
"""The page of a publisher that a link with a DOI goes to."""
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_ISSN = re.compile(r"(?<![\dXx-])(\d{4})-?(\d{3}[\dXx])(?![\dXx-])")
_ISBN = re.compile(r"(?<![\d-])((?:97[89][- ]?)?(?:\d[- ]?){9}[\dXx])(?![\d-])")
_PUBMED_URL = re.compile(
    r"(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/(?:m/)?pubmed)/(\d{1,9})"
)
_PMCID = re.compile(r"(?<![A-Za-z0-9])PMC(\d{1,9})(?!\d)", re.IGNORECASE)
_LINK = re.compile(r"(?<!\S)https?://\S+")
_NAMED_PMID = re.compile(r"(?:PMID|PUBMED|MEDLINE)[:\s]+(\d{1,9})\b", re.IGNORECASE)
_INITIALS = re.compile(r"(\S.*?)\s+((?:[^\W\d_a-z]\.?-?){1,4})", re.UNICODE)
_REGISTRY = re.compile(
    r"(?<![A-Za-z0-9])(NCT\d{8}|ISRCTN\d{8}|EUCTR\d{4}-\d{6}-\d{2}(?:-[A-Z]{2,3})?"
    r"|(?:CTIS)?20\d\d-\d{6}-\d{2}(?:-\d{2})?(?!\d)|ACTRN\d{14}p?|ChiCTR[-A-Z]*\d{8,10}|CTRI/\d{4}/\d{2,3}/\d{6}"
    r"|DRKS\d{8}|JPRN-[A-Za-z]+\d+|UMIN\d{9}|jRCT[a-z]?\d{10}|IRCT\d{6,}N\d+|KCT\d{7}|ITMCTR\d{8,10}"
    r"|NTR\d{3,5}|NL-?OMON\d+|PACTR\d{15,16}|RBR-[0-9a-z]{6,8}|SLCTR/\d{4}/\d{3}|TCTR\d{11}"
    r"|PER-\d{3}-\d{2}|LBCTR\d{10})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_DASHED = re.compile(r" ?[-‐‑‒–—−](?: ?[-‐‑‒–—−])* ?")
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


def is_plain(text: str) -> bool:
    r"""Return whether the signs of a text beyond ASCII are all printable and in NFC.

    Only signs that stand for themselves alone are known here; False means that it is not certain.

    Examples
    --------
    >>> is_plain("Ünal – 5 µg"), is_plain("e\u0301"), is_plain("a\xa0b")
    (True, False, False)
    """
    try:
        wide = text.encode().translate(None, _ASCII)
    except UnicodeEncodeError:  # half of a pair
        return False
    return _PLAIN.fullmatch(wide.decode()) is not None


def distinct(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values that are not empty, each once, in their order.

    Examples
    --------
    >>> distinct(["a", "", "b", "a"])
    ('a', 'b')
    """
    return tuple(dict.fromkeys(filter(None, values)))


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
    text = join_parts(parts)
    return closed(text) if len(parts) == 1 and re.search(r"[,|]|\sand\s", plain[0]) else text


def closed(text: str) -> str:
    """Return a value that is the only one of its cell, with a semicolon that ends no entity.

    Examples
    --------
    >>> closed("Models, Theoretical"), closed("R&D, AT&T")
    ('Models, Theoretical;', 'R&D, AT&amp;T;')
    """
    return _LAST_ENTITY.sub("&amp;", text) + ";"


def join_parts(parts: Iterable[str]) -> str:
    """Join values that are written already with semicolons that end no entity.

    Examples
    --------
    >>> join_parts(["R&D", "AT&T"])
    'R&amp;D; AT&T'
    """
    return _OPEN_ENTITY.sub("&amp;", "; ".join(parts))


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
    if _USUAL_DOI.fullmatch(text):
        return text.lower()
    text = text.strip()
    found = _WHOLE_DOI.fullmatch(text)
    return _sound_doi(found[1].rstrip(".,;")) if found else find_doi(text)


def _sound_doi(text: str) -> str:
    """Return a DOI in lower case, ``""`` if nothing stands after its stroke."""
    return "" if text[-1] == "/" and text.count("/") == 1 else clean(text.lower())


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
    doi = _PAGE.sub("", found[0].split("&", 1)[0]).rstrip(".,;'")
    while doi and doi[-1] in ")]}":
        opening = "([{"[")]}".index(doi[-1])]
        if doi.count(opening) >= doi.count(doi[-1]):
            break
        doi = doi[:-1].rstrip(".,;")
    return _sound_doi(doi) if doi else ""


def doi_in_link(text: str) -> str:
    """Return the DOI in a link that says that it holds one.

    Examples
    --------
    >>> doi_in_link("https://onlinelibrary.wiley.com/doi/full/10.1002/bjs.1/abstract")
    '10.1002/bjs.1'
    """
    return find_doi(text) if "doi" in text.casefold() else ""


def find_year(text: str) -> int | None:
    """Find a year from 1500 to 2099, or None.

    Examples
    --------
    >>> find_year("2022//"), find_year("10 15")
    (2022, None)
    """
    if len(text) == 4 and text.isascii() and text.isdigit():
        return int(text) if "1500" <= text <= "2099" else None
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
    return tuple(found) if len(found) < 2 else tuple(dict.fromkeys(found))


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
    found = _NAMED_PMID.match(text)
    return found[1].lstrip("0") if found else pubmed_id_in_url(text)


def find_pmcid(text: str) -> str:
    """Return the number in PubMed Central of a field that should hold one, ``""`` if it does not.

    Examples
    --------
    >>> find_pmcid("PMC5832410"), find_pmcid("https://europepmc.org/articles/pmc5832410")
    ('PMC5832410', 'PMC5832410')
    """
    found = _PMCID.search(text)
    if found:
        return f"PMC{found[1]}"
    text = text.strip()
    return f"PMC{text}" if text.isascii() and text.isdigit() and len(text) <= 9 else ""


def link(text: str) -> str:
    """Return the first link of a field that should hold one; what is no link stays as it is.

    Examples
    --------
    >>> link("https://example.org/1 https://example.org/2"), link("see 10.1000/182 there")
    ('https://example.org/1', 'see 10.1000/182 there')
    """
    found = _LINK.search(text)
    return found[0] if found else text


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
    return part_name(clean(text))


def part_name(text: str) -> str:
    """Return what `person` does of a name that is clean."""
    if "," in text:
        if text.count(",") == 1 and ", " in text and " ," not in text and text[0] != ",":
            return text
        family, _, given = text.partition(",")
        return f"{family.rstrip()}, {given.strip(' ,')}".strip(", ")
    found = _INITIALS.fullmatch(text)
    return f"{found[1]}, {found[2]}" if found else text


def group_name(text: str) -> str:
    """Return the name of a group, which has no parts, with a blank behind each comma.

    Examples
    --------
    >>> group_name("Study Group B"), group_name("Institute of Health,Care")
    ('Study Group B', 'Institute of Health, Care')
    """
    return part_name(text) if "," in text else text


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
    if first.isdigit() and first.isascii() and (not last or (last.isdigit() and last.isascii())):
        return f"{first}-{last}" if last and last != first else first
    first, last = _DASHED.sub("-", first).strip(), _DASHED.sub("-", last).strip()
    if first.casefold() == "no" and re.fullmatch(r"(?i)(pagination ?)?specified|pagination", last):
        first = last = ""
    pages = first if first == last or not last else f"{first}-{last}" if first else last
    for each in (pages, article):
        text = _DASHED.sub("-", each).strip()
        if text and text.casefold() not in _NO_PAGES:
            return text
    return ""


def first_of(values: Sequence[str]) -> str:
    """Return the first value that is not empty, or ``""``."""
    return next((value for value in values if value), "")
