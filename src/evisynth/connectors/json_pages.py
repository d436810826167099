"""What the connectors of JSON services share: going through cursors, and writing exports."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from evisynth.connectors.base import Harvest, Item, Session
from evisynth.connectors.requests import Answer
from evisynth.errors import ServiceError
from evisynth.records import Record, format_records

__all__ = [
    "CursorLostError",
    "Turn",
    "go_through",
    "json_list",
    "objects",
    "plain_text",
    "ris_of",
    "whole_number",
    "word",
]

PASSES = 3
"""Times that a list is gone through when its cursor dies on the way."""

_TAG = re.compile(
    r"</?(?:[a-z]+:[a-z-]+|[ibup]|h\d|br|em|strong|su[bp]|inf|div|span|title|ul|ol|li|tt|scp|small"
    r"|italic|bold|sec|list|list-item)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
"""Markup that databases leave in titles and abstracts; anything else between < and > is text."""


class CursorLostError(ServiceError):
    """The place in the list is not known to the service any more."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Which page of which pass over the list."""

    pass_number: int
    page: int

    def __str__(self) -> str:
        return f"{self.pass_number}.{self.page}"


def go_through(
    session: Session,
    page_at: Callable[[str, Turn], tuple[Harvest, str]],
    first: str = "*",
    *,
    stateful: bool = False,
) -> Iterator[Harvest]:
    """Go from page to page; begin anew when the service has lost the place.

    Parameters
    ----------
    session
        Facts go there.
    page_at
        Asks for the page at a cursor; returns it with the cursor of the next, ``""`` at the end.
    first
        Cursor of the first page.
    stateful
        The service keeps the place itself behind a cursor that stays the same, and a page that got
        lost on the way is not sent again: the list ends with an empty page or the count reported,
        and is gone through again when records are missing at its end.
    """
    seen: set[str] = set()
    for number in range(1, PASSES + 1):
        cursor = first
        reported = 0
        try:
            for page in count(1):
                harvest, after = page_at(cursor, Turn(number, page))
                yield harvest
                seen.update(item.id for item in harvest.items)
                reported = harvest.reported
                ended = not after or not harvest.items
                if stateful:
                    ended = ended or (number == 1 and len(seen) >= reported)
                else:
                    ended = ended or after == cursor
                if ended:
                    break
                cursor = after
        except CursorLostError as error:
            if number == PASSES:
                raise
            session.note("warnings", f"{error}; the list was gone through again from its start")
            continue
        if not stateful or len(seen) >= reported or number == PASSES:
            return
        session.note(
            "warnings",
            f"{len(seen)} of {reported} records came; the list was gone through again",
        )


def json_list(items: Iterator[Item], opening: str, closing: str) -> Iterator[str]:
    r"""Give items as one JSON object with one item a line.

    Examples
    --------
    >>> "".join(json_list(iter([Item("1", {"a": 1}), Item("2", {})]), '{"results": [', "]}"))
    '{"results": [\n{"a": 1},\n{}\n]}\n'
    """
    yield opening
    for number, item in enumerate(items):
        comma = "," if number else ""
        yield f"{comma}\n{json.dumps(item.value, ensure_ascii=False)}"
    yield f"\n{closing}\n"


def ris_of(items: Iterator[Item], record_of: Callable[[dict[str, Any]], Record]) -> Iterator[str]:
    """Give items as RIS."""
    for item in items:
        yield format_records([record_of(item.value)], "RIS")


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; nothing for anything else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def word(value: Any, *path: str) -> str:
    """Go down objects and return the text there, ``""`` where there is none.

    Examples
    --------
    >>> word({"journal": {"title": " BMJ "}}, "journal", "title"), word({}, "x")
    ('BMJ', '')
    """
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return " ".join(str(value).split())


def whole_number(text: str) -> int | None:
    """Return a year out of a text.

    Examples
    --------
    >>> whole_number("2021-04-01"), whole_number("in press")
    (2021, None)
    """
    found = re.search(r"\b(1[5-9]\d\d|20\d\d)\b", text)
    return int(found[1]) if found else None


def plain_text(text: str) -> str:
    """Take tags and entities out of a text.

    Examples
    --------
    >>> plain_text("<h4>Aim</h4>To walk &amp; sleep, p&lt;.05, n<m>k")
    'Aim To walk & sleep, p<.05, n<m>k'
    """
    without = _TAG.sub(" ", text)
    return " ".join(html.unescape(without).split())


def refuse_without(*path: str, service: str) -> Callable[[Answer], None]:
    """Make a check that an answer has an object or list at a path."""

    def refuse(answer: Answer) -> None:
        value: Any = json.loads(answer.body)
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            told = json.dumps(json.loads(answer.body), ensure_ascii=False)[:300]
            raise ServiceError(
                service, f"the answer has no {'.'.join(path)}: {told}", status=answer.status
            )

    return refuse
