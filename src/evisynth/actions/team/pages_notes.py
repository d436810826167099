"""Notes on the pages of a report: anchored by page and quote, seen as decisions are seen."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from evisynth.actions.team.assessment import result_lines
from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.actions.team.extraction import FormIndex
from evisynth.actions.team.forms import forms_of
from evisynth.actions.team.retrieval import reports_to_get
from evisynth.actions.team.seeing import DATA_STAGE, unblindings
from evisynth.errors import OptionError
from evisynth.review import Value, may, viewer_of
from evisynth.screening import Remark, visible_remarks
from evisynth.storage import RequestReusedError

__all__ = [
    "PageNote",
    "add_page_note",
    "change_page_note",
    "page_notes",
    "remove_page_note",
]

TEXT_LENGTH = 20_000
PLACE = re.compile(r"[0-9a-f]{8,64} \d{1,9}-\d{1,9}")
PAGE = re.compile(r"\d{1,6}")


@dataclass(frozen=True, slots=True)
class PageNote:
    """A note at a place in a report.

    Attributes
    ----------
    id : str
        To change it; empty for those of others.
    who, own : str, bool
        Whose, under the name that may be shown.
    text, quote : str
        What was written, and the words that it is about.
    page : int
        Page, from 1; 0 for a note on the whole report.
    place : str
        File and letters on the page, as ``"1a2b3c4d 120-184"``.
    stage, date : str
        When it was written.
    version : int
        Of an own note.
    """

    id: str
    who: str
    own: bool
    text: str
    quote: str
    page: int
    place: str
    stage: str
    date: str
    version: int


def _page(value: Value) -> int:
    text = str(value.get("page", ""))
    return int(text) if PAGE.fullmatch(text) else 0


def _note(
    key: tuple[str, ...], value: Value, who: str, own: bool, version: int
) -> PageNote:  # fmt: skip
    texts = {name: str(value.get(name, "")) for name in ("text", "quote", "place", "stage", "date")}
    if not own:
        texts["date"] = ""
    return PageNote(key[2] if own else "", who, own, page=_page(value), version=version, **texts)


def page_notes(desk: Desk, record: str) -> tuple[PageNote, ...]:
    """Return the notes on a report that a person may see, in the order of the pages.

    Own ones always. Those of others that were written before the report was assessed, with the
    decisions at full text; those written later once what was extracted and assessed of its study
    lies open to this person.
    """
    desk.permit("read")
    board = desk.board
    found: list[PageNote] = []
    others: dict[str, list[tuple[tuple[str, ...], Value]]] = {}
    for key, value in sorted(board.values("note").items()):
        if key[0] != record:
            continue
        if key[1] == desk.person.id:
            found.append(_note(key, value, "", True, board.version("note", key)))
        elif value.get("page"):
            others.setdefault(str(value.get("stage", "")), []).append((key, value))
    found += _of_stage(desk, board, record, others.get("full_text", []))
    if others.get(DATA_STAGE) and _data_open(desk, board, record):
        names = {person.id: person.name for person in board.plan.people}
        found += [
            _note(key, value, names.get(key[1], key[1]), False, 0)
            for key, value in others[DATA_STAGE]
        ]
    return tuple(sorted(found, key=lambda made: (made.page, made.place, not made.own, made.who)))


def _of_stage(
    desk: Desk, board: Board, record: str, given: list[tuple[tuple[str, ...], Value]]
) -> list[PageNote]:
    """Return others' notes written at full text, under the names that decisions have."""
    rules = board.stage("full_text")
    if rules is None or not given:
        return []
    seen = visible_remarks(
        [Remark(record, rules.name, key[1], "note", str(at)) for at, (key, _) in enumerate(given)],
        board.votes(rules.name, record),
        viewer_of(desk.person),
        rules,
        asked={(record, rules.name): board.asked(rules.name, record)},
        ignored=board.ignored,
        unblinded=unblindings(board),
    )
    names = {person.id: person.name for person in board.plan.people}
    return [
        _note(*given[int(made.text)], names.get(made.reviewer, made.reviewer), False, 0)
        for made in seen
    ]


def _data_open(desk: Desk, board: Board, record: str) -> bool:
    """Tell whether all that is extracted and assessed of a report's study lies open to a person."""
    if not (may(desk.person, "agree on extraction") or may(desk.person, "history")):
        return False
    studies = {
        key[0]
        for key, value in board.values("study").items()
        if record in str(value.get("record_ids", "")).split(";")
    }
    forms = forms_of(board)
    if not studies or not forms:
        return False
    for form in forms:
        index = FormIndex.of(board, form)
        if any(index.stage(desk.person.id, form, study) == "open" for study in studies):
            return False
    results = [line for line in result_lines(desk) if line.study in studies]
    return all(line.stage != "open" for line in results)


def _checked(
    board: Board, record: str, text: str, quote: str, page: int, place: str
) -> dict[str, object]:
    """Return the parts of a note that a person gives, or say what is wrong."""
    if record not in reports_to_get(board):
        raise NotThereError(f"{record!r} is no report that is sought")
    if not text.strip() and not quote.strip():
        raise RefusedError("write a note, or mark the words that it is about")
    if not 0 <= page <= 100_000:
        raise OptionError("page", page, ("a number from 1",))
    if place and not PLACE.fullmatch(place):
        raise OptionError("place", place, ("the file's fingerprint and letters: 1a2b3c4d 120-184",))
    return {
        "text": text.strip()[:TEXT_LENGTH],
        "quote": quote.strip()[:TEXT_LENGTH],
        "page": str(page) if page else "",
        "place": place,
    }


def _stage_now(board: Board, record: str) -> str:
    """Return the stage that a note written now belongs to."""
    state = board.state("full_text", record)
    if state is not None and state.status not in ("included", "excluded"):
        return "full_text"
    return DATA_STAGE if state is None or state.status == "included" else "full_text"


def add_page_note(
    desk: Desk,
    record: str,
    text: str,
    *,
    quote: str = "",
    page: int = 0,
    place: str = "",
    request_id: str = "",
) -> PageNote:
    """Keep a note of the person at a place of a report; a repeated request changes nothing.

    Raises
    ------
    RefusedError
        Neither words nor a quote.
    NotThereError
        The report is not sought.
    OptionError
        No such page or place can be.
    """
    desk.permit("note")
    board = desk.board
    value = _checked(board, record, text, quote, page, place)
    value |= {"stage": _stage_now(board, record), "date": today()}
    ident = request_id or secrets.token_hex(16)
    key = (record, desk.person.id, ident)
    if key not in board.values("note"):
        desk.store.put("note", key, value, actor=desk.person.id, act="note")
    return _own(desk, key)


def _own(desk: Desk, key: tuple[str, ...]) -> PageNote:
    board = desk.board
    value = board.values("note").get(key)
    if value is None:
        raise NotThereError("there is no such note of yours")
    return _note(key, value, "", True, board.version("note", key))


def change_page_note(
    desk: Desk, record: str, note: str, text: str, *, version: int | None, request_id: str = ""
) -> PageNote:
    """Write an own note anew; its place stays.

    Raises
    ------
    NotThereError
        There is no such note of this person.
    VersionConflict
        It was changed in the meantime, in another window.
    """
    desk.permit("note")
    key = (record, desk.person.id, note)
    there = desk.board.values("note").get(key)
    if there is None:
        raise NotThereError("there is no such note of yours")
    if not text.strip() and not there.get("quote"):
        raise RefusedError("the note is empty; take it away instead")
    try:
        desk.store.put(
            "note", key, {**there, "text": text.strip()[:TEXT_LENGTH]}, actor=desk.person.id,
            act="change a note", expected_version=version, request_id=request_id or None,
        )  # fmt: skip
    except RequestReusedError:
        if not any(made.request == request_id for made in desk.store.history("note", key)):
            raise
    return _own(desk, key)


def remove_page_note(desk: Desk, record: str, note: str) -> None:
    """Take an own note away; the history keeps it. Taken away again, nothing changes."""
    desk.permit("note")
    key = (record, desk.person.id, note)
    if key not in desk.board.values("note"):
        if desk.store.history("note", key):
            return
        raise NotThereError("there is no such note of yours")
    desk.store.put("note", key, None, actor=desk.person.id, act="remove a note")
