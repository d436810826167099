"""Full texts that anybody may read: where they are, under which licence, and why not.

Asked in this order: Unpaywall, Europe PMC, PubMed Central. Nothing behind a log-in is tried; a file
is stored only where a licence allows it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from evisynth.connectors.bodies import is_page, parse_json, parse_xml
from evisynth.connectors.client import Client
from evisynth.connectors.europepmc import EuropePMC
from evisynth.connectors.journal import write_file
from evisynth.connectors.json_pages import objects, word
from evisynth.connectors.keys import Keys
from evisynth.connectors.registry import SERVICE_URLS
from evisynth.connectors.requests import Answer, Request
from evisynth.errors import ServiceError
from evisynth.records import Record

__all__ = ["FINDERS", "FullText", "FullTextStatus", "Location", "find_full_text", "is_open"]

FullTextStatus = Literal["stored", "found", "not found", "no identifier", "failed"]

_OPEN = re.compile(
    r"(?:https?://creativecommons\.org/(?:licenses|publicdomain)/|cc[ -]?(?:by|0|zero)\b"
    r"|public[ -]domain|pd\b)",
    re.IGNORECASE,
)
_LICENCE = "{http://www.niso.org/schemas/ali/1.0/}license_ref"
_XLINK = "{http://www.w3.org/1999/xlink}href"


@dataclass(frozen=True, slots=True)
class Location:
    """A place of a full text.

    Attributes
    ----------
    service : str
        Who named it.
    url : str
        Address of the file, or of its page where no file is named.
    is_file : bool
        Whether it is the file itself.
    version : str
        ``"publishedVersion"``, ``"acceptedVersion"``, ``"submittedVersion"`` or ``""``.
    licence : str
        As the service writes it, ``""`` if it names none.
    host : str
        ``"publisher"`` or ``"repository"``.
    content : Answer or None
        The full text itself, where the service sent it with its answer.
    """

    service: str
    url: str
    is_file: bool = True
    version: str = ""
    licence: str = ""
    host: str = ""
    content: Answer | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FullText:
    """Whether the full text of a report was found.

    Attributes
    ----------
    record : str
        Id of the report's record.
    status : {"stored", "found", "not found", "no identifier", "failed"}
        "found": there is an address, nothing is stored. "failed": a service did not answer, so
        that nothing can be said.
    reason : str
        Why it is not stored, or not found; what each service said.
    service, url, version, licence, host : str
        Of the place; ``""`` where none was found.
    time : str
        When it was looked for, UTC.
    file, sha256, media_type : str
        File within the folder, its hash and its type, where it is stored.
    bytes : int
        Its size.
    """

    record: str
    status: FullTextStatus
    reason: str = ""
    service: str = ""
    url: str = ""
    version: str = ""
    licence: str = ""
    host: str = ""
    time: str = ""
    file: str = ""
    sha256: str = ""
    media_type: str = ""
    bytes: int = 0


def is_open(licence: str) -> bool:
    """Return whether a licence allows a copy to be kept: Creative Commons or public domain.

    Examples
    --------
    >>> is_open("cc-by-nc"), is_open("publisher-specific-oa"), is_open("")
    (True, False, False)
    """
    return _OPEN.match(licence.strip()) is not None


@dataclass(slots=True)
class _Search:
    """Looking for one report: what was asked, and what was said."""

    client: Client
    keys: Keys
    addresses: dict[str, str]
    said: list[str] = field(default_factory=list)
    failed: bool = False

    def ask(
        self,
        service: str,
        title: str,
        path: str,
        params: dict[str, str],
        *,
        expect: Literal["json", "xml"] = "json",
        secret: dict[str, str] | None = None,
        accept: tuple[int, ...] = (404,),
        post: bool = False,
        interval: float = 0.15,
    ) -> Answer:
        base = (self.addresses.get(service) or SERVICE_URLS[service]).rstrip("/")
        hidden = tuple((name, value) for name, value in (secret or {}).items() if value)
        return self.client.send(
            Request(
                title,
                f"{base}{path}",
                tuple(params.items()),
                method="POST" if post else "GET",
                expect=expect,
                secret_params=hidden,
                accept=accept,
                interval=interval,
            )
        )


def _unpaywall(search: _Search, record: Record) -> Iterator[Location]:
    """Ask Unpaywall for one DOI: its best place first, then the others."""
    if not record.doi:
        search.said.append("Unpaywall: the record has no DOI")
        return
    if not search.keys.email:
        search.said.append("Unpaywall: not asked, it wants a contact address (--email)")
        return
    answer = search.ask(
        "unpaywall",
        "Unpaywall",
        f"/{quote(record.doi, safe='/')}",
        {},
        secret={"email": search.keys.email},
    )
    if answer.status == 404:
        search.said.append("Unpaywall: does not know the DOI")
        return
    found = parse_json(answer.body, "Unpaywall")
    if not found.get("is_oa"):
        search.said.append(f"Unpaywall: {word(found, 'oa_status') or 'closed'}, no open copy")
        return
    best = found.get("best_oa_location")
    places = [best] if isinstance(best, dict) else []
    places += [each for each in objects(found.get("oa_locations")) if each != best]
    for each in places:
        file = word(each, "url_for_pdf")
        url = file or word(each, "url") or word(each, "url_for_landing_page")
        if url:
            yield Location(
                "Unpaywall",
                url,
                bool(file),
                word(each, "version"),
                word(each, "license"),
                word(each, "host_type"),
            )


def _europepmc(search: _Search, record: Record) -> Iterator[Location]:
    """Ask Europe PMC whether the report is in its open-access part."""
    query = (
        f"EXT_ID:{record.pmid} AND SRC:MED"
        if record.pmid
        else f"PMCID:{record.pmcid}"
        if record.pmcid
        else f'DOI:"{record.doi}"'
        if record.doi
        else ""
    )
    if not query:
        search.said.append("Europe PMC: the record has no DOI, PubMed id or PMC id")
        return
    answer = search.ask(
        "europepmc",
        "Europe PMC",
        "/search",
        {"query": query, "format": "json", "resultType": "core", "pageSize": "25"},
    )
    found = parse_json(answer.body, "Europe PMC")
    results = objects((found.get("resultList") or {}).get("result"))
    result: dict[str, Any] = next((each for each in results if _same(record, each)), {})
    if not result:
        search.said.append("Europe PMC: does not know the report")
        return
    pmcid = word(result, "pmcid")
    if not pmcid or word(result, "isOpenAccess") != "Y":
        search.said.append("Europe PMC: not in its open-access part")
        return
    base = (search.addresses.get("europepmc") or EuropePMC.url).rstrip("/")
    yield Location(
        "Europe PMC",
        f"{base}/{pmcid}/fullTextXML",
        version="publishedVersion" if word(result, "authMan") != "Y" else "acceptedVersion",
        licence=word(result, "license"),
        host="repository",
    )


def _same(record: Record, result: dict[str, Any]) -> bool:
    """Return whether a result is the report that was asked for."""
    return bool(
        (record.pmid and word(result, "pmid") == record.pmid)
        or (record.pmcid and word(result, "pmcid") == record.pmcid)
        or (record.doi and word(result, "doi").lower() == record.doi.lower())
    )


def _pmc(search: _Search, record: Record) -> Iterator[Location]:
    """Ask PubMed Central for the XML of a report whose PMC id is known."""
    if not record.pmcid:
        search.said.append("PMC: the record has no PMC id")
        return
    number = record.pmcid.upper().removeprefix("PMC")
    secret = {"email": search.keys.email, "api_key": search.keys.get("ncbi")}
    answer = search.ask(
        "pmc",
        "PMC",
        "/efetch.fcgi",
        {"db": "pmc", "id": number, "retmode": "xml", "tool": "evisynth"},
        expect="xml",
        secret=secret,
        accept=(),
        post=True,
        interval=0.35,
    )
    root = parse_xml(answer.body, "PMC")
    if root.find(".//body") is None:
        search.said.append("PMC: the publisher does not allow the full text as XML")
        return
    named = [
        *(str(each.get(_XLINK) or "") for each in root.iterfind(".//license")),
        *(str(each.text or "") for each in root.iterfind(f".//{_LICENCE}")),
        *(str(each.get(_XLINK) or "") for each in root.iterfind(".//license//ext-link")),
    ]
    yield Location(
        "PMC",
        f"https://pmc.ncbi.nlm.nih.gov/articles/PMC{number}/",
        licence=next((each.strip() for each in named if each.strip()), ""),
        host="repository",
        content=answer,
    )


FINDERS: dict[str, Callable[[_Search, Record], Iterator[Location]]] = {
    "unpaywall": _unpaywall,
    "europepmc": _europepmc,
    "pmc": _pmc,
}
"""Services that know full texts, in the order in which they are asked."""


def find_full_text(
    record: Record,
    folder: Path,
    *,
    client: Client,
    keys: Keys | None = None,
    services: tuple[str, ...] = tuple(FINDERS),
    addresses: dict[str, str] | None = None,
    store: bool = False,
) -> FullText:
    """Look for the full text of one report.

    Parameters
    ----------
    record
        The report's record.
    folder
        Where a file goes, under its record's id.
    client, keys
        Asks the services; Unpaywall wants a contact address.
    services
        Services to ask.
    addresses
        Other addresses of services.
    store
        Keep a copy where the licence is open (Creative Commons, public domain).

    Returns
    -------
    FullText
        Always: what a service did not answer is a status with its reason, not an error.
    """
    search = _Search(client, keys or Keys(), dict(addresses or {}))
    time = client.moment()
    if not (record.doi or record.pmid or record.pmcid):
        return FullText(record.id, "no identifier", "the record has no DOI, PubMed or PMC id",
                        time=time)  # fmt: skip
    first: Location | None = None
    for name in services:
        try:
            for place in FINDERS[name](search, record):
                first = first or place
                if not store:
                    return _found(record, place, time, "")
                stored = _store(search, record, place, folder, time)
                if stored is not None:
                    return stored
        except ServiceError as error:
            search.failed = True
            search.said.append(str(error))
    reason = "; ".join(search.said)
    if first is not None:
        return _found(record, first, time, reason)
    return FullText(record.id, "failed" if search.failed else "not found", reason, time=time)


def _found(record: Record, place: Location, time: str, reason: str) -> FullText:
    return FullText(
        record.id,
        "found",
        reason,
        place.service,
        place.url,
        place.version,
        place.licence,
        place.host,
        time,
    )


def _store(
    search: _Search, record: Record, place: Location, folder: Path, time: str
) -> FullText | None:
    """Fetch and keep a file; None, and a reason, where that cannot or may not be done."""
    if not place.is_file:
        search.said.append(f"{place.service}: names a page, no file")
        return None
    if not is_open(place.licence):
        licence = place.licence or "no licence named"
        search.said.append(f"{place.service}: not stored, {licence} does not say that it may be")
        return None
    request = Request(
        place.service, place.url, expect="file", other_hosts=True, interval=1.0,
        accept=(401, 402, 403, 404, 410, 451),
    )  # fmt: skip
    try:
        answer = place.content or search.client.send(request)
    except ServiceError as error:
        search.said.append(f"not fetched, {error}")
        return None
    if answer.status in (401, 402, 403):
        search.said.append(f"{place.service}: the file is behind a log-in ({answer.status})")
        return None
    if answer.status != 200:
        search.said.append(f"{place.service}: the file is gone ({answer.status})")
        return None
    ending = _ending(answer)
    if not ending:
        what = "a web page" if is_page(answer.body, answer.media_type) else "neither PDF nor XML"
        search.said.append(f"{place.service}: what came is {what}")
        return None
    name = re.sub(r"[^A-Za-z0-9._-]", "_", record.id).lstrip(".") or "report"
    if name != record.id:  # two ids may differ in signs only that no file name has
        name += f"-{hashlib.sha256(record.id.encode()).hexdigest()[:8]}"
    write_file(folder / f"{name}{ending}", answer.body)
    return replace(
        _found(record, place, time, "; ".join(search.said)),
        status="stored",
        url=place.url if place.content else answer.url,
        time=answer.time,
        file=f"{name}{ending}",
        sha256=hashlib.sha256(answer.body).hexdigest(),
        media_type="application/pdf" if ending == ".pdf" else "application/xml",
        bytes=len(answer.body),
    )


def _ending(answer: Answer) -> str:
    """Return the ending of a file by its content, ``""`` for what is no full text."""
    head = answer.body[:1024].lstrip()
    if head.startswith(b"%PDF-"):
        return ".pdf"
    if head.startswith(b"<") and not is_page(answer.body, answer.media_type) and (
        re.search(rb"<(?:\w+:)?article[\s>]", answer.body[:20_000])
    ):  # fmt: skip
        return ".xml"
    return ""
