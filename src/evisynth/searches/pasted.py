"""A search history as people paste it: numbered lines, with the hits at the end or in a column."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evisynth.errors import InputError, Problem
from evisynth.searches.dates import read_date
from evisynth.searches.strategy import StrategyLine

__all__ = ["read_pasted"]

_LABEL = re.compile(r"\s*(?:#\s?|[Ss])?(\d{1,3})(?:[.:)](?=\s)|(?=\s|$))[ \t]*")
_JOINS = re.compile(r"(?:and|or|not|adj\d*)\s", re.IGNORECASE)
_NUMBER = re.compile(r"(?:(?:Results?|Hits):\s*)?\(?\s*(\d{1,3}(?:[, ]\d{3})+|\d+)\s*\)?")
_TAIL = (
    re.compile(r"\s*\t\s*\(?(\d{1,3}(?:,\d{3})+|\d+)\)?\s*$"),
    re.compile(r"\s+\((\d{1,3}(?:,\d{3})+|\d+)\)\s*$"),
    re.compile(r"\s+(?:Results?|Hits):\s*(\d{1,3}(?:,\d{3})+|\d+)\s*$", re.IGNORECASE),
    re.compile(r"\s+(\d{1,3}(?:,\d{3})+|\d+) (?:document )?results?\s*$", re.IGNORECASE),
    re.compile(r" {2,}(\d{1,3}(?:,\d{3})+|\d+)\s*$"),
)
_BARE_TAIL = re.compile(r"\s(\d{1,3}(?:,\d{3})+|\d+)\s*$")
_OPERATOR_END = re.compile(
    r"(?:\b(?:and|or|not|adj\d*|near(?:/\d+)?|to|with|from)|[=<>,#-])\s*$", re.IGNORECASE
)
_NOISE = re.compile(
    r"\s*(?:-{3,}|\*{3,}|_{3,}|=+\s*$"
    r"|(?:database|search strategy|search name|last saved|date run|comment)\s*:.*"
    r"|#\s+(?:searches|query).*"
    r"|(?:id|set|no\.?|search(?: number)?|line)\s*[\t,]\s*\w.*"
    r"|(?:#|id)?\s*searches\s+results.*|ID\s+Search\s+Hits\s*|#\s*▲.*)\s*$",
    re.IGNORECASE,
)
_COLUMN_NOISE = re.compile(
    r"(?:\d{1,2}:\d{2}(?::\d{2})?|advanced|basic|limits?|sort by:.*|filters?:?.*|expanders.*"
    r"|search modes?.*|interface.*|limiters.*|view results.*"
    r"|edit|display.*|contract|expand|delete)",
    re.IGNORECASE | re.DOTALL,
)
_DATE_TAIL = re.compile(r"\s+(\d{1,2} [A-Z][a-z]{2} \d{4}|\d{4}-\d{2}-\d{2})\s*$")
_DAY = re.compile(r"(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})")


@dataclass(slots=True)
class _Entry:
    number: int
    text: str
    place: int
    hits: int | None = None
    date: str = ""


def read_pasted(text: str, *, where: str = "strategy") -> tuple[StrategyLine, ...]:
    r"""Read a strategy as it is copied from a platform, a document or a file.

    Known shapes: ``1 exp Walking/ 123``, ``1. text (123)``, ``#1 text 123``, ``S1 text``, columns
    with tabs (Ovid, PubMed, EBSCOhost, Web of Science old and new), PubMed's comma-separated
    history, newest line first or last, lines that run over several rows. A text without numbers
    is one line.

    Parameters
    ----------
    text
        The text.
    where
        Name of the file, for messages.

    Returns
    -------
    tuple of StrategyLine
        By number.

    Raises
    ------
    InputError
        The text is empty, or a number stands twice; names the row.

    Examples
    --------
    >>> lines = read_pasted("1 exp Walking/ 3,120\n2 gait.ti,ab. 45010\n3 1 and 2 812")
    >>> [(line.text, line.hits) for line in lines]
    [('exp Walking/', 3120), ('gait.ti,ab.', 45010), ('1 and 2', 812)]
    >>> read_pasted("walk*[tiab]\nOR gait[tiab]")[0].text
    'walk*[tiab]\nOR gait[tiab]'
    """
    rows = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff").split("\n")
    if not any(row.strip() for row in rows):
        raise InputError(Problem(where, "", "the strategy is empty", hint="Paste its lines."))
    entries = _pubmed_csv(rows) if _is_pubmed_csv(rows) else _entries(rows)
    if not entries:
        whole = "\n".join(row.rstrip() for row in rows).strip("\n")
        return (StrategyLine(1, whole),)
    _find_hits(entries)
    seen: dict[int, int] = {}
    for entry in entries:
        if entry.number in seen:
            raise InputError(
                Problem(
                    where,
                    f"line {entry.place}",
                    f"the number {entry.number} stands in line {seen[entry.number]} already",
                    hint="Number each line once",
                )
            )
        seen[entry.number] = entry.place
        if not entry.text.strip():
            raise InputError(
                Problem(
                    where,
                    f"line {entry.place}",
                    f"line {entry.number} of the strategy has no text",
                    hint="Write it, or leave the number out",
                )
            )
    return tuple(
        StrategyLine(entry.number, entry.text, entry.hits, entry.date)
        for entry in sorted(entries, key=lambda entry: entry.number)
    )


def _is_pubmed_csv(rows: list[str]) -> bool:
    return rows[0].casefold().startswith("search number,query,")


def _pubmed_csv(rows: list[str]) -> list[_Entry]:
    """PubMed's downloaded history."""
    import csv

    found = []
    reader = csv.DictReader(rows)
    for row in reader:
        names = {(name or "").casefold(): (value or "").strip() for name, value in row.items()}
        number = names.get("search number", "").lstrip("#")
        if number.isdigit():
            hits = names.get("results", "").replace(",", "")
            found.append(
                _Entry(
                    int(number),
                    names.get("query", ""),
                    reader.line_num,
                    int(hits) if hits.isdigit() else None,
                )
            )
    return found


def _entries(rows: list[str]) -> list[_Entry]:
    """Rows to numbered entries; a row that carries on has no number, or one out of turn."""
    labelled = []
    for place, row in enumerate(rows):
        label = _LABEL.match(row)
        if label and not _NOISE.match(row) and not _JOINS.match(row, label.end()):
            labelled.append((place, int(label[1]), label.end()))
    turns = _turns([number for _, number, _ in labelled])
    starts = {labelled[turn][0]: labelled[turn] for turn in turns}
    first = next((n for n, row in enumerate(rows) if row.strip() and not _NOISE.match(row)), 0)
    if first not in starts:
        return []
    entries: list[_Entry] = []
    for place, row in enumerate(rows):
        if place in starts:
            _, number, end = starts[place]
            entries.append(_Entry(number, row[end:].rstrip(), place + 1))
        elif row.strip() and not _NOISE.match(row) and entries:
            entries[-1].text += ("\n" if entries[-1].text else "") + row.strip()
    return entries


def _turns(numbers: list[int]) -> list[int]:
    """Places whose numbers count up from the first, or down to 1; gaps are allowed."""
    if not numbers:
        return []
    down = numbers[-1] == 1 and numbers[0] > 1 and len(numbers) >= numbers[0]
    down = down or (len(numbers) > 1 and numbers[0] > numbers[-1])
    found = [0]
    for place, number in enumerate(numbers[1:], 1):
        step = number - numbers[found[-1]]
        if step == 0 or 0 < (-step if down else step) <= 5:
            found.append(place)
    return found


def _count(text: str) -> int:
    return int(re.sub(r"[, ]", "", text))


def _find_hits(entries: list[_Entry]) -> None:
    """Take the hits off the text: a column, parentheses, or a number at the end of every line."""
    for entry in entries:
        if "\t" in entry.text and entry.hits is None:
            _columns(entry)
        dated = _DATE_TAIL.search(entry.text)
        if dated:
            day = _DAY.fullmatch(dated[1])
            date = read_date(_iso(day) if day else dated[1]) or ""
            if len(date) == 10:
                entry.text, entry.date = entry.text[: dated.start()], date
        for form in _TAIL:
            found = form.search(entry.text) if entry.hits is None else None
            if found and not _OPERATOR_END.search(entry.text[: found.start()]):
                entry.hits = _count(found[1])
                entry.text = entry.text[: found.start()].rstrip()
        entry.text = re.sub(r"^Search:\s*", "", entry.text)
    open_ones = [entry for entry in entries if entry.hits is None]
    if len(open_ones) < 2 or len(open_ones) < len(entries):
        return
    tails = [_BARE_TAIL.search(entry.text) for entry in open_ones]
    fits = all(
        tail and not _OPERATOR_END.search(entry.text[: tail.start()])
        for entry, tail in zip(open_ones, tails, strict=True)
    )
    if fits:
        for entry, tail in zip(open_ones, tails, strict=True):
            if tail:
                entry.hits, entry.text = _count(tail[1]), entry.text[: tail.start()].rstrip()


def _iso(day: re.Match[str]) -> str:
    """``12 Jan 2026`` as ISO."""
    month = read_date(f"{day[2]} {day[3]}") or ""
    return f"{month}-{int(day[1]):02}" if len(month) == 7 else ""


def _columns(entry: _Entry) -> None:
    """Columns between tabs: the query, its hits, and what the platform adds."""
    kept: list[str] = []
    hits: int | None = None
    for cell in (cell.strip() for cell in entry.text.split("\t")):
        if not cell or _COLUMN_NOISE.fullmatch(cell):
            continue
        number = _NUMBER.fullmatch(cell)
        if number:
            hits = _count(number[1])
        elif not kept:
            kept.append(cell)
    if kept:
        entry.text, entry.hits = kept[0], hits
