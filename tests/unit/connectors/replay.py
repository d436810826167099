"""Services of our own making on this machine, in the shapes of the real ones, that misbehave.

A `World` holds made-up records; `Replay` serves them as PubMed, Europe PMC, OpenAlex, Crossref,
ClinicalTrials.gov, Scopus, Web of Science, Unpaywall and PMC do. `Replay.trouble` queues faults for
the next requests whose path holds a text.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

WALL = 9_999
HTML = "<!DOCTYPE html><html><head><title>Log in</title></head><body>Please log in</body></html>"


@dataclass
class Asked:
    """A request as the server saw it."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass
class Reply:
    """What is sent back."""

    body: bytes | str
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Trouble:
    """A fault for the next requests whose path holds a text."""

    where: str
    kind: str
    times: int = 1
    skip: int = 0
    wait: str = ""


@dataclass
class World:
    """Made-up records 1 ... size; the day of entry moves on by one each `per_day` records."""

    size: int = 25
    per_day: int = 10
    start: date = date(2020, 1, 1)
    cites: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def numbers(self, first: date | None = None, last: date | None = None) -> list[int]:
        low = 1 if first is None else max(1, (first - self.start).days * self.per_day + 1)
        high = self.size
        if last is not None:
            high = min(high, ((last - self.start).days + 1) * self.per_day)
        return list(range(low, high + 1))

    def entered(self, number: int) -> date:
        return self.start + timedelta(days=(number - 1) // self.per_day)

    @staticmethod
    def title(number: int) -> str:
        return f"Walking and sleep, trial {number}: über & <about>"

    @staticmethod
    def doi(number: int) -> str:
        return f"10.5555/walk.{number}"

    @staticmethod
    def pmid(number: int) -> str:
        return str(30_000_000 + number)

    def cited_by(self, number: int) -> list[int]:
        return [each for each, cited in sorted(self.cites.items()) if number in cited]


Route = Callable[[Asked], Reply]


class Replay:
    """The server and what it knows."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.asked: list[Asked] = []
        self.troubles: list[Trouble] = []
        self.routes: dict[str, Route] = {}
        self.budget: float | None = None
        self.scrolls: dict[str, list[list[int]]] = {}
        self.lost_environments: set[str] = set()
        self.environments: dict[str, list[int]] = {}
        self.withheld: set[str] = set()
        self.count_moves: dict[int, int] = {}
        self.open_copies: dict[str, list[tuple[str, str]]] = {}
        self.open_access: set[int] = set()
        self.page = 10
        handler = type("Handler", (_Handler,), {"replay": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def trouble(self, where: str, kind: str, times: int = 1, skip: int = 0, wait: str = "") -> None:
        self.troubles.append(Trouble(where, kind, times, skip, wait))

    def base(self, name: str) -> str:
        return f"{self.url}/{name}"

    def paths(self, text: str = "") -> list[str]:
        return [each.path for each in self.asked if text in each.path]

    def answer(self, asked: Asked) -> Reply:
        for prefix in sorted(self.routes, key=len, reverse=True):
            if asked.path.startswith(prefix):
                return self.routes[prefix](asked)
        service = asked.path.split("/")[1]
        made: Callable[[Asked], Reply] | None = getattr(self, f"_{service}", None)
        return made(asked) if made else Reply('{"error": "no such service"}', 404)

    # PubMed ---------------------------------------------------------------------------------

    def _pubmed(self, asked: Asked) -> Reply:
        if asked.path.endswith("esearch.fcgi"):
            return self._esearch(asked)
        return self._efetch(asked)

    def _esearch(self, asked: Asked) -> Reply:
        given = asked.params
        if "refuse me" in given["term"]:
            return Reply(
                "<eSearchResult><ERROR>Search Backend failed: bad query</ERROR></eSearchResult>",
                kind="text/xml",
            )
        if "nothing" in given["term"]:
            numbers: list[int] = []
        elif "mindate" in given:
            first, last = (
                date.fromisoformat(given[name].replace("/", "-")) for name in ("mindate", "maxdate")
            )
            numbers = self.world.numbers(first, last)
        else:
            numbers = self.world.numbers()
        if "[pdat]" in given["term"]:  # published one a day from 2010 on
            span = given["term"].rsplit("AND ", 1)[1].removesuffix("[pdat]").split(":")
            low, high = (date.fromisoformat(each.replace("/", "-")) for each in span)
            numbers = [
                each for each in numbers if low <= date(2010, 1, 1) + timedelta(days=each) <= high
            ]
        name = f"MCID_{len(self.environments)}"
        self.environments[name] = numbers
        listed = numbers[: min(int(given["retmax"]), WALL)]
        ids = "".join(f"<Id>{self.world.pmid(each)}</Id>" for each in listed)
        warning = (
            '<WarningList><QuotedPhraseNotFound>"walkng"</QuotedPhraseNotFound></WarningList>'
            if "walkng" in given["term"]
            else ""
        )
        return Reply(
            f'<?xml version="1.0" encoding="UTF-8" ?>\n<eSearchResult><Count>{len(numbers)}</Count>'
            f"<RetMax>{len(listed)}</RetMax><RetStart>0</RetStart><QueryKey>1</QueryKey>"
            f"<WebEnv>{name}</WebEnv><IdList>{ids}</IdList><TranslationSet><Translation>"
            '<From>walking</From><To>"walking"[MeSH Terms]</To></Translation></TranslationSet>'
            f'<QueryTranslation>"walking"[MeSH Terms]</QueryTranslation>{warning}</eSearchResult>',
            kind="text/xml",
        )

    def _efetch(self, asked: Asked) -> Reply:
        given = asked.params
        if "WebEnv" in given:
            if given["WebEnv"] in self.lost_environments:
                return Reply('{"error": "cannot get document summary"}', 400)
            start = int(given["retstart"])
            if start > WALL - 1:
                return Reply("<eFetchResult><ERROR>out of acceptable range</ERROR></eFetchResult>")
            numbers = self.environments[given["WebEnv"]][start : start + int(given["retmax"])]
        else:
            numbers = [int(each) - 30_000_000 for each in given["id"].split(",")]
        articles = "".join(
            self.article(each) for each in numbers if self.world.pmid(each) not in self.withheld
        )
        return Reply(
            '<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle'
            '//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
            f"<PubmedArticleSet>{articles}</PubmedArticleSet>",
            kind="text/xml",
        )

    def article(self, number: int) -> str:
        title = self.world.title(number).replace("&", "&amp;").replace("<", "&lt;")
        return (
            f'<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">'
            f"{self.world.pmid(number)}</PMID><Article><Journal><JournalIssue><PubDate><Year>2020"
            f"</Year></PubDate></JournalIssue><Title>J Walk</Title></Journal><ArticleTitle>{title}"
            "</ArticleTitle><AuthorList><Author><LastName>Ames</LastName><ForeName>B</ForeName>"
            "</Author></AuthorList></Article></MedlineCitation><PubmedData><ArticleIdList>"
            f'<ArticleId IdType="doi">{self.world.doi(number)}</ArticleId></ArticleIdList>'
            "</PubmedData></PubmedArticle>\n"
        )

    # Europe PMC -----------------------------------------------------------------------------

    def epmc(self, number: int) -> dict[str, Any]:
        return {
            "id": self.world.pmid(number),
            "source": "MED",
            "pmid": self.world.pmid(number),
            "doi": self.world.doi(number).upper(),
            "title": self.world.title(number).replace("&", "&amp;").replace("<", "&lt;") + ".",
            "authorList": {"author": [{"lastName": "Ames", "firstName": "Bo", "initials": "B"}]},
            "pubYear": "2020",
            "journalInfo": {"volume": "3", "journal": {"title": "J Walk", "issn": "1234-5679"}},
            "pageInfo": f"{number}-{number + 9}",
            "abstractText": "<h4>Aim</h4>To walk.",
            **(
                {"pmcid": f"PMC{number}", "isOpenAccess": "Y", "license": "cc by"}
                if number in self.open_access
                else {"isOpenAccess": "N"}
            ),
        }

    def _epmc(self, asked: Asked) -> Reply:
        if asked.path.endswith(("/references", "/citations")):
            return self._epmc_links(asked)
        if asked.path.endswith("/fullTextXML"):
            return Reply("<article><body><p>To walk.</p></body></article>", kind="text/xml")
        query = asked.params["query"]
        numbers = self.world.numbers()
        if "FIRST_IDATE:[" in query:
            first = date.fromisoformat(query.split("FIRST_IDATE:[")[1][:10])
            numbers = self.world.numbers(first)
        if 'DOI:"' in query:
            doi = query.split('DOI:"')[1].split('"')[0]
            numbers = [each for each in numbers if self.world.doi(each) == doi]
        if "EXT_ID:" in query:
            wanted = {part.split()[0].strip(')"') for part in query.split("EXT_ID:")[1:]}
            numbers = [each for each in numbers if self.world.pmid(each) in wanted]
        cursor = asked.params.get("cursorMark", "*")
        start = 0 if cursor == "*" else int(cursor.removeprefix("AoI"))
        size = min(int(asked.params["pageSize"]), self.page)
        page = numbers[start : start + size]
        after = f"AoI{start + size}" if page else cursor
        return Reply(
            json.dumps(
                {
                    "version": "6.9",
                    "hitCount": len(numbers) + self.count_moves.get(start, 0),
                    "nextCursorMark": after,
                    "request": {"queryString": query, "synonym": False},
                    "resultList": {"result": [self.epmc(each) for each in page]},
                }
            )
        )

    def _epmc_links(self, asked: Asked) -> Reply:
        pmid, kind = asked.path.split("/")[-2:]
        number = int(pmid) - 30_000_000
        if kind == "citations":
            numbers = self.world.cited_by(number)
        else:
            numbers = list(self.world.cites.get(number, ()))
        names = {"citations": ("citationList", "citation"), "references": ("referenceList",
                 "reference")}[kind]  # fmt: skip
        entries: list[dict[str, Any]] = [
            {"id": self.world.pmid(each), "source": "MED", "title": self.world.title(each)}
            for each in numbers
        ]
        if kind == "references":
            entries.append({"title": "A book that nobody indexed", "authorString": "Old A.",
                            "pubYear": 1970, "match": "N"})  # fmt: skip
        return Reply(json.dumps({"hitCount": len(entries), names[0]: {names[1]: entries}}))

    # OpenAlex -------------------------------------------------------------------------------

    def work(self, number: int) -> dict[str, Any]:
        return {
            "id": f"https://openalex.org/W{number}",
            "doi": f"https://doi.org/{self.world.doi(number)}",
            "title": self.world.title(number),
            "publication_year": 2020,
            "ids": {"openalex": f"https://openalex.org/W{number}",
                    "pmid": f"https://pubmed.ncbi.nlm.nih.gov/{self.world.pmid(number)}"},
            "type": "article",
            "authorships": [{"author": {"display_name": "Bo Ames"}}],
            "abstract_inverted_index": {"To": [0], "walk.": [1]},
            "referenced_works": [f"https://openalex.org/W{each}"
                                 for each in self.world.cites.get(number, ())],
        }  # fmt: skip

    def _openalex(self, asked: Asked) -> Reply:
        headers: dict[str, str] = {}
        if self.budget is not None:
            self.budget = round(self.budget - 0.001, 6)
            headers = {"X-RateLimit-Remaining-USD": str(self.budget),
                       "X-RateLimit-Cost-USD": "0.001", "X-RateLimit-Reset": "7200"}  # fmt: skip
        if not asked.path.endswith("/works"):
            ident = unquote(asked.path.split("/works/")[1])
            for number in self.world.numbers():
                if ident in (f"doi:{self.world.doi(number)}", f"pmid:{self.world.pmid(number)}",
                             f"W{number}"):  # fmt: skip
                    return Reply(json.dumps(self.work(number)))
            return Reply('{"error": "not found"}', 404)
        numbers = self.world.numbers()
        wanted = asked.params.get("filter", "")
        if wanted.startswith("ids.openalex:"):
            named = set(wanted.removeprefix("ids.openalex:").split("|"))
            numbers = [each for each in numbers if f"W{each}" in named]
        elif wanted.startswith("cites:W"):
            numbers = self.world.cited_by(int(wanted.removeprefix("cites:W")))
        cursor = asked.params["cursor"]
        start = 0 if cursor == "*" else int(cursor.removeprefix("Iz"))
        page = numbers[start : start + self.page]
        after = f"Iz{start + self.page}" if start + self.page < len(numbers) else None
        return Reply(
            json.dumps(
                {
                    "meta": {"count": len(numbers), "per_page": self.page, "next_cursor": after},
                    "results": [self.work(each) for each in page],
                }
            ),
            headers=headers,
        )

    # Crossref -------------------------------------------------------------------------------

    def crossref_item(self, number: int) -> dict[str, Any]:
        references: list[dict[str, Any]] = [
            {"key": f"r{each}", "DOI": self.world.doi(each)}
            for each in self.world.cites.get(number, ())
        ]
        return {
            "DOI": self.world.doi(number),
            "title": [self.world.title(number)],
            "type": "journal-article",
            "author": [{"family": "Ames", "given": "Bo"}],
            "issued": {"date-parts": [[2020, 5]]},
            "container-title": ["J Walk"],
            "reference": [
                *references,
                {"key": "x", "article-title": "A report without a DOI", "year": "1999"},
                {"key": "y", "unstructured": "Something else, 1988."},
            ],
        }

    def _crossref(self, asked: Asked) -> Reply:
        headers = {"x-rate-limit-limit": "50", "x-rate-limit-interval": "1s",
                   "x-api-pool": "polite"}  # fmt: skip
        path = unquote(asked.path)
        if not path.endswith("/works"):
            doi = path.split("/works/")[1]
            for number in self.world.numbers():
                if self.world.doi(number) == doi:
                    item = self.crossref_item(number)
                    return Reply(json.dumps({"status": "ok", "message": item}), headers=headers)
            return Reply("Resource not found.", 404, "text/plain", headers)
        wanted = asked.params.get("filter", "")
        numbers = self.world.numbers()
        if "doi:" in wanted:
            named = {part.removeprefix("doi:") for part in wanted.split(",")}
            numbers = [each for each in numbers if self.world.doi(each) in named]
            return self._crossref_list(numbers, len(numbers), "", headers)
        if "from-created-date:" in wanted:
            first = date.fromisoformat(wanted.split("from-created-date:")[1][:10])
            numbers = self.world.numbers(first)
        cursor = asked.params["cursor"]
        if cursor == "*":  # as the real one: the cursor is a scroll and stays the same
            cursor = f"DnF1ZXJ5{len(self.scrolls)}=="
            self.scrolls[cursor] = [
                numbers[at : at + self.page] for at in range(0, len(numbers), self.page)
            ]
        elif cursor not in self.scrolls:
            body = {"status": "failed", "message-type": "resource-failure", "message": [
                {"type": "cursor-invalid", "value": cursor,
                 "message": "Cursor specified but it is invalid"}]}  # fmt: skip
            return Reply(json.dumps(body), 404, headers=headers)
        left = self.scrolls[cursor]
        page = left.pop(0) if left else []
        return self._crossref_list(page, len(numbers), cursor, headers)

    def _crossref_list(
        self, numbers: list[int], total: int, cursor: str, headers: dict[str, str]
    ) -> Reply:
        message = {"total-results": total, "items": [self.crossref_item(each) for each in numbers],
                   "next-cursor": cursor}  # fmt: skip
        body = {"status": "ok", "message-type": "work-list", "message": message}
        return Reply(json.dumps(body), headers=headers)

    # ClinicalTrials.gov ---------------------------------------------------------------------

    def _ctgov(self, asked: Asked) -> Reply:
        numbers = self.world.numbers()
        advanced = asked.params.get("filter.advanced", "")
        if "RANGE[" in advanced:
            numbers = self.world.numbers(date.fromisoformat(advanced.split("RANGE[")[1][:10]))
        token = asked.params.get("pageToken", "")
        if "expired" in self.withheld and token == f"t{self.page}":
            self.withheld.discard("expired")
            return Reply("Invalid pageToken", 400, "text/plain")
        start = int(token.removeprefix("t") or 0)
        page = numbers[start : start + self.page]
        found: dict[str, Any] = {
            "studies": [
                {"protocolSection": {
                    "identificationModule": {"nctId": f"NCT{each:08}",
                                             "briefTitle": self.world.title(each)},
                    "descriptionModule": {"briefSummary": "To walk."}}}
                for each in page
            ]
        }  # fmt: skip
        if not token:
            found["totalCount"] = len(numbers)
        if start + self.page < len(numbers):
            found["nextPageToken"] = f"t{start + self.page}"
        return Reply(json.dumps(found))

    # Full texts -----------------------------------------------------------------------------

    def _unpaywall(self, asked: Asked) -> Reply:
        if "@" not in asked.params.get("email", ""):
            return Reply('{"error": true, "message": "Please use your own email"}', 422)
        doi = unquote(asked.path).removeprefix("/unpaywall/")
        found = self.open_copies.get(doi)
        if found is None:
            return Reply('{"error": true, "message": "not found"}', 404)
        places = [
            {"url": each[0], "url_for_pdf": each[0] if each[0].endswith("pdf") else None,
             "license": each[1], "version": "publishedVersion", "host_type": "repository"}
            for each in found
        ]  # fmt: skip
        answer = {"doi": doi, "is_oa": bool(places), "oa_status": "green" if places else "closed",
                  "best_oa_location": places[0] if places else None,
                  "oa_locations": places}  # fmt: skip
        return Reply(json.dumps(answer))

    def _files(self, asked: Asked) -> Reply:
        name = asked.path.split("/")[-1]
        if name.startswith("login"):
            return Reply(HTML, kind="text/html")
        if name.startswith("closed"):
            return Reply("no", 403, "text/plain")
        return Reply(b"%PDF-1.7 " + name.encode(), kind="application/pdf")

    def _pmc(self, asked: Asked) -> Reply:
        body = "<body><p>To walk.</p></body>" if asked.params["id"] == "1" else ""
        return Reply(
            f'<?xml version="1.0"?><pmc-articleset><article xmlns:xlink="http://www.w3.org/1999/'
            'xlink"><front><permissions><license xlink:href="https://creativecommons.org/licenses/'
            f'by/4.0/"/></permissions></front>{body}</article></pmc-articleset>',
            kind="text/xml",
        )

    # Scopus and Web of Science --------------------------------------------------------------

    def _scopus(self, asked: Asked) -> Reply:
        if asked.headers.get("x-els-apikey") != "scopus-secret":
            text = f"Invalid API Key: {asked.headers.get('x-els-apikey')}"
            told = {"service-error": {"status": {"statusText": text}}}
            return Reply(json.dumps(told), 401)
        numbers = self.world.numbers()
        count = min(int(asked.params["count"]), self.page)
        start = int(asked.params.get("start", asked.params.get("cursor", "0").strip("*c") or "0"))
        page = numbers[start : start + count]
        entries: list[dict[str, Any]] = [
            {"eid": f"2-s2.0-{each}", "dc:title": self.world.title(each),
             "dc:creator": "Ames B.", "prism:coverDate": "2020-05-01",
             "prism:publicationName": "J Walk", "prism:doi": self.world.doi(each),
             "prism:issn": "12345679"}
            for each in page
        ] or [{"@_fa": "true", "error": "Result set was empty"}]  # fmt: skip
        found = {"opensearch:totalResults": str(len(numbers)), "entry": entries,
                 "cursor": {"@next": f"c{start + count}"}}  # fmt: skip
        return Reply(json.dumps({"search-results": found}),
                     headers={"X-RateLimit-Remaining": "19000"})  # fmt: skip

    def _wos(self, asked: Asked) -> Reply:
        if asked.headers.get("x-apikey") != "wos-secret":
            return Reply('{"error": "bad key"}', 401)
        numbers = self.world.numbers()
        size = int(asked.params["limit"])
        start = (int(asked.params["page"]) - 1) * size
        hits = [
            {"uid": f"WOS:{each:09}", "title": self.world.title(each), "types": ["Article"],
             "source": {"sourceTitle": "J Walk", "publishYear": 2020, "volume": "3",
                        "pages": {"range": "1-9"}},
             "names": {"authors": [{"displayName": "Ames, Bo"}]},
             "identifiers": {"doi": self.world.doi(each), "issn": "1234-5679",
                             "pmid": f"MEDLINE:{self.world.pmid(each)}"},
             "keywords": {"authorKeywords": ["walking"]}}
            for each in numbers[start : start + size]
        ]  # fmt: skip
        meta = {"total": len(numbers), "page": int(asked.params["page"]), "limit": size}
        return Reply(json.dumps({"metadata": meta, "hits": hits}))


class _Handler(BaseHTTPRequestHandler):
    replay: Replay
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece: two would wait for each other

    def do_GET(self) -> None:
        self._serve("")

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        self._serve(self.rfile.read(length).decode())

    def _serve(self, content: str) -> None:
        parts = urlsplit(self.path)
        given = parse_qs(parts.query, keep_blank_values=True) | parse_qs(content)
        asked = Asked(
            self.command,
            parts.path,
            {name: values[0] for name, values in given.items()},
            {name.lower(): value for name, value in self.headers.items()},
        )
        self.replay.asked.append(asked)
        for trouble in self.replay.troubles:
            if trouble.where in parts.path and trouble.times > 0:
                if trouble.skip > 0:
                    trouble.skip -= 1
                    continue
                trouble.times -= 1
                self._fail(trouble, asked)
                return
        self._send(self.replay.answer(asked))

    def _fail(self, trouble: Trouble, asked: Asked) -> None:
        if trouble.kind.isdigit():
            headers = {"Retry-After": trouble.wait} if trouble.wait else {}
            self._send(Reply("try later", int(trouble.kind), "text/plain", headers))
        elif trouble.kind == "html":
            self._send(Reply(HTML, kind="text/html"))
        elif trouble.kind == "redirect":
            self._send(Reply("", 302, headers={"Location": trouble.wait}))
        else:
            reply = self.replay.answer(asked)
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            half = body[: len(body) // 2]
            if trouble.kind == "cut":  # whole by its length, half by its content
                self._send(Reply(half, reply.status, reply.kind, reply.headers))
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(half)
            self.wfile.flush()
            if trouble.kind == "slow":
                time.sleep(float(trouble.wait or "1"))
            self.close_connection = True

    def _send(self, reply: Reply) -> None:
        body = reply.body.encode() if isinstance(reply.body, str) else reply.body
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(world: World | None = None) -> Iterator[Replay]:
    """Serve while the block runs."""
    replay = Replay(world)
    replay.thread.start()
    try:
        yield replay
    finally:
        replay.server.shutdown()
        replay.server.server_close()
        replay.thread.join()
