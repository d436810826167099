"""PubMed through the E-utilities: esearch with history, efetch, and slices by entry date.

An esearch of PubMed reaches its first 9,999 records only. A larger search is cut into spans of
entry dates (and, should one day be too full, of publication dates in it) until each is below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import ClassVar, Literal

from evisynth.connectors.base import Connector, Harvest, Item, Query, Session
from evisynth.connectors.bodies import parse_xml
from evisynth.connectors.requests import Answer
from evisynth.errors import ServiceError

__all__ = ["PubMed"]

WALL = 9_999
BATCH = 200
_FIRST, _LAST = date(1700, 1, 1), date(3000, 12, 31)
_ARTICLE = re.compile(r"<(PubmedArticle|PubmedBookArticle)>.*?</\1>", re.DOTALL)
_PMID = re.compile(r"<PMID\b[^>]*>\s*(\d+)\s*</PMID>")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<PubmedArticleSet>\n'


@dataclass(frozen=True, slots=True)
class _Slice:
    """A part of the search: spans of dates, and what esearch says of it."""

    entered: tuple[date, date] | None = None
    published: tuple[date, date] | None = None
    count: int = 0
    ids: tuple[str, ...] = ()
    environment: str = ""
    query_key: str = ""


class HistoryLostError(ServiceError):
    """The service has forgotten the search; records are then fetched by their ids."""


class PubMed(Connector):
    """PubMed by NCBI's E-utilities."""

    name = "pubmed"
    title = "PubMed"
    platform = "NCBI E-utilities"
    url = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
    interval = 0.35
    ending = ".xml"
    new_by: ClassVar[Literal["entry dates", "ids"]] = "entry dates"

    def pages(self, session: Session, query: Query) -> Iterator[Harvest]:
        """Search, cut into slices where it must be, and fetch in batches of 200."""
        if session.keys.get("ncbi"):
            session.interval = min(session.interval, 0.11)
        span = (date.fromisoformat(query.since), _LAST) if query.since else None
        whole = self._search(session, query, _Slice(entered=span))
        if whole.count == 0:
            yield Harvest((), 0)
            return
        slices = [whole]
        if whole.count > WALL:
            start = replace(whole, entered=span or (_FIRST, _LAST))
            slices = list(self._cut(session, query, start))
            reached = sum(each.count for each in slices)
            session.facts["slices"] = [
                f"{_words(each)}: {each.count}" for each in slices if each.count
            ]
            if reached != whole.count:
                session.note(
                    "warnings",
                    f"the slices by entry date hold {reached} records, the search {whole.count}",
                )
        lost = False
        for each in slices:
            for start_at in range(0, len(each.ids), BATCH):
                wanted = each.ids[start_at : start_at + BATCH]
                found: tuple[Item, ...] | None = None
                if not lost:
                    try:
                        found = self._by_history(session, each, start_at, len(wanted))
                    except HistoryLostError:
                        lost = True
                        session.note("warnings", "the service forgot the search: fetched by ids")
                if found is None:
                    found = self._by_ids(session, wanted)
                missing = set(wanted) - {item.id for item in found}
                if missing:
                    again = tuple(pmid for pmid in wanted if pmid in missing)
                    more = [i for i in self._by_ids(session, again, "again") if i.id in missing]
                    found = (*found, *more)
                    missing -= {item.id for item in more}
                for pmid in sorted(missing):
                    session.note("missing", pmid)
                yield Harvest(found, whole.count)

    def _search(self, session: Session, query: Query, part: _Slice) -> _Slice:
        """Ask how many records a part has, and for their ids."""
        term = query.text
        if part.published is not None:
            first, last = (f"{day:%Y/%m/%d}" for day in part.published)
            term = f"({term}) AND {first}:{last}[pdat]"
        params = {
            "db": "pubmed",
            "term": term,
            "retmode": "xml",
            "retmax": str(WALL),
            "usehistory": "y",
            "tool": "evisynth",
        }
        if part.entered is not None:
            first, last = (f"{day:%Y/%m/%d}" for day in part.entered)
            params |= {"datetype": "edat", "mindate": first, "maxdate": last}
        answer = session.ask(
            "/esearch.fcgi",
            params,
            "esearch",
            method="POST",
            expect="xml",
            secret_params=_who(session),
            refuse=_refuse_search,
        )
        root = parse_xml(answer.body, self.title)
        count = int(root.findtext("Count") or 0)
        if "query_translation" not in session.facts:
            session.facts["query_translation"] = root.findtext("QueryTranslation") or ""
            session.facts["term_mapping"] = [
                f"{each.findtext('From')} -> {each.findtext('To')}"
                for each in root.iterfind("TranslationSet/Translation")
            ]
        for path in ("ErrorList/*", "WarningList/*"):
            for each in root.iterfind(path):
                if each.text and not str(each.text).startswith("No items found"):
                    session.note("warnings", f"{each.tag}: {each.text}")
        return replace(
            part,
            count=count,
            ids=tuple(str(each.text) for each in root.iterfind("IdList/Id")),
            environment=root.findtext("WebEnv") or "",
            query_key=root.findtext("QueryKey") or "",
        )

    def _cut(self, session: Session, query: Query, part: _Slice) -> Iterator[_Slice]:
        """Halve a part until each piece is below the wall; the earliest days come first."""
        if part.count <= WALL:
            yield part
            return
        by_entry = part.published is None and part.entered is not None
        span = part.entered if by_entry else part.published
        if span is None:
            raise AssertionError("a part has a span")  # pragma: no cover
        if span[0] == span[1]:
            if by_entry:  # one day of entries is too full: cut it by days of publication
                yield from self._cut(session, query, replace(part, published=(_FIRST, _LAST)))
                return
            session.note(
                "warnings",
                f"{_words(part)}: {part.count} records, of which {WALL} can be reached;"
                " cut the query into two",
            )
            yield part
            return
        middle = _middle(*span)
        halves = []
        for piece in ((span[0], middle), (middle + timedelta(days=1), span[1])):
            bare = _Slice(part.entered, part.published)
            bare = replace(bare, entered=piece) if by_entry else replace(bare, published=piece)
            halves.append(self._search(session, query, bare))
        if sum(each.count for each in halves) > 1.5 * part.count:
            raise ServiceError(
                self.title,
                f"it does not heed dates: {_words(part)} has {part.count} records, its two halves"
                f" {halves[0].count} and {halves[1].count}",
            )
        for each in halves:
            yield from self._cut(session, query, each)

    def _by_history(
        self, session: Session, part: _Slice, start: int, count: int
    ) -> tuple[Item, ...]:
        if not part.environment:
            raise HistoryLostError(self.title, "it gave no history")
        params = {
            "db": "pubmed",
            "WebEnv": part.environment,
            "query_key": part.query_key,
            "retstart": str(start),
            "retmax": str(count),
            "retmode": "xml",
            "tool": "evisynth",
        }
        try:
            answer = session.ask(
                "/efetch.fcgi",
                params,
                "efetch",
                method="POST",
                expect="xml",
                secret_params=_who(session),
                refuse=_refuse_fetch,
            )
        except ServiceError as error:
            if error.status == 400:
                raise HistoryLostError(self.title, "the search is not known any more") from error
            raise
        return tuple(items_of(answer.body))

    def _by_ids(
        self, session: Session, ids: tuple[str, ...], label: str = "by-ids"
    ) -> tuple[Item, ...]:
        params = {"db": "pubmed", "id": ",".join(ids), "retmode": "xml", "tool": "evisynth"}
        answer = session.ask(
            "/efetch.fcgi",
            params,
            f"efetch-{label}",
            method="POST",
            expect="xml",
            secret_params=_who(session),
            turn=label,
        )
        return tuple(items_of(answer.body))

    def export(self, items: Iterator[Item]) -> Iterator[str]:
        """Put the articles of all pages into one set."""
        yield _HEAD
        for item in items:
            yield f"{item.value}\n"
        yield "</PubmedArticleSet>\n"


def items_of(body: bytes) -> Iterator[Item]:
    """Cut an answer of efetch into its articles.

    Examples
    --------
    >>> body = b"<S><PubmedArticle><PMID>7</PMID></PubmedArticle></S>"
    >>> [item.id for item in items_of(body)]
    ['7']
    """
    for found in _ARTICLE.finditer(body.decode("utf-8", "replace")):
        pmid = _PMID.search(found[0])
        yield Item(pmid[1] if pmid else "", found[0])


def _who(session: Session) -> dict[str, str]:
    return {"email": session.keys.email, "api_key": session.keys.get("ncbi")}


def _middle(first: date, last: date) -> date:
    """Return the day in the middle; the first cuts fall where records are.

    Examples
    --------
    >>> _middle(date(2020, 1, 1), date(2020, 1, 2))
    datetime.date(2020, 1, 1)
    """
    for year in (2015, 2100, 1990):
        edge = date(year, 1, 1)
        if first < edge <= last and (last - first).days > 36_525:
            return edge - timedelta(days=1)
    return first + (last - first) // 2


def _words(part: _Slice) -> str:
    def span(days: tuple[date, date]) -> str:
        return f"{days[0]} to {days[1]}"

    said = [f"entered {span(part.entered)}"] if part.entered else []
    return ", ".join([*said, *([f"published {span(part.published)}"] if part.published else [])])


def _refuse_search(answer: Answer) -> None:
    root = parse_xml(answer.body, PubMed.title)
    error = root.findtext(".//ERROR")
    if error or root.find("Count") is None:
        raise ServiceError(
            PubMed.title,
            f"the search was refused: {error or 'the answer has no count'}",
            hint="Try the query at https://pubmed.ncbi.nlm.nih.gov/advanced/",
        )


def _refuse_fetch(answer: Answer) -> None:
    if b"<ERROR>" in answer.body and not _ARTICLE.search(answer.body.decode("utf-8", "replace")):
        raise HistoryLostError(PubMed.title, "the search is not known any more")
