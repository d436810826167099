"""Who wrote a RIS file, and what its kinds of publication are called."""

from __future__ import annotations

from evisynth.records.values import distinct

__all__ = ["TYPES", "dialect_of", "type_of"]

TYPES = {
    "JOUR": "journal article",
    "EJOUR": "electronic journal article",
    "JFULL": "journal",
    "ABST": "abstract",
    "CONF": "conference proceedings",
    "CPAPER": "conference paper",
    "BOOK": "book",
    "EBOOK": "electronic book",
    "EDBOOK": "edited book",
    "CHAP": "book chapter",
    "ECHAP": "electronic book chapter",
    "THES": "thesis",
    "RPRT": "report",
    "GOVDOC": "government document",
    "NEWS": "newspaper article",
    "MGZN": "magazine article",
    "INPR": "in press",
    "UNPB": "unpublished work",
    "UNPD": "unpublished work",
    "ELEC": "web page",
    "WEB": "web page",
    "BLOG": "blog",
    "DATA": "data file",
    "DBASE": "online database",
    "STAND": "standard",
    "PAT": "patent",
    "PAMP": "pamphlet",
    "SER": "serial",
    "GRANT": "grant",
    "GRNT": "grant",
    "ENCYC": "encyclopedia entry",
    "DICT": "dictionary entry",
    "CASE": "case",
    "VIDEO": "video",
    "COMP": "computer program",
}
"""Codes of TY in words; GEN says nothing of the kind."""


def dialect_of(fields: dict[str, list[str]]) -> str:
    """Return who wrote an entry of RIS, ``""`` if it does not tell.

    Examples
    --------
    >>> dialect_of({"TY": ["JOUR"], "DP": ["EBSCOhost"]})
    'EBSCOhost'
    """

    def one(tag: str) -> str:
        return next((value for value in fields.get(tag, ()) if value), "")

    links = " ".join(
        value for tag in ("UR", "L2", "LK", "U1") for value in fields.get(tag, ())
    ).casefold()
    notes = " ".join(fields.get("N1", ()))
    number, database = one("AN"), one("DB")
    if one("ID").startswith("RefID:"):
        return "RefWorks"
    if "rayyan-" in number or "rayyan-" in one("ID") or "RAYYAN-" in notes:
        return "Rayyan"
    if "covidence" in f"{one('ID')} {one('U1')} {one('DB')} {notes}".casefold():
        return "Covidence"
    for name, found in (
        ("EBSCOhost", "ebsco" in one("DP").casefold() or "ebscohost.com" in links),
        ("Embase.com", "U2" in fields and "embase.com" in links),
        ("Cochrane Library", number.startswith("CN-") or "CD0" in number),
        ("Web of Science", number.startswith("WOS:") or "WE" in fields),
        ("EndNote", "ST" in fields or ("ID" in fields and list(fields)[-1] == "ID")),
        ("Zotero", one("DA").endswith("///") or ("Y2" in fields and "J2" in fields)),
        ("Ovid", "ovidsp" in links or database.startswith(("Ovid", "EBM Reviews", "APA Psyc"))),
        ("ProQuest", "proquest.com" in links),
        ("Scopus", "scopus.com" in links or database == "Scopus"),
        ("Ovid", "T1" in fields and "A1" in fields and one("Y1").endswith("//")),
        ("APA PsycNet", "PMID" in fields and "T1" in fields),
    ):
        if found:
            return name
    if list(fields)[1:2] == ["AB"]:
        return "Mendeley"
    return ""


def type_of(fields: dict[str, list[str]]) -> str:
    """Return the kinds of publication: as the database names them, else ``TY`` in words.

    Examples
    --------
    >>> type_of({"TY": ["JOUR"], "M3": ["doi: 10.1063/1.4814070"]})
    'journal article'
    >>> type_of({"TY": ["JOUR"], "PT": ["Journal Article", "Randomized Controlled Trial"]})
    'Journal Article; Randomized Controlled Trial'
    """
    named: tuple[str, ...] = ()
    if "PT" in fields:
        if len(fields["PT"]) == 1 and fields["PT"][0]:
            return fields["PT"][0]
        named = distinct(fields["PT"])
    if not named and "M3" in fields:
        named = tuple(
            value
            for value in distinct(fields["M3"])
            if "10." not in value and not value.endswith("]")  # a DOI, APA's classification
        )
    if named:
        return "; ".join(named)
    written = next(iter(fields.get("TY", ())), "")
    return TYPES.get(written, "" if written == "GEN" else written)
