"""One report to be read: its files, notes, and the decision on it."""

from __future__ import annotations

from dataclasses import dataclass

from evisynth.actions.team.abstracts import filled_abstracts, line_of
from evisynth.actions.team.attachments import ReportFile, files_of, removed_files
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.actions.team.pages_notes import PageNote, page_notes
from evisynth.actions.team.retrieval import reports_to_get, retrieval_of
from evisynth.actions.team.seeing import own_vote, seen_states
from evisynth.actions.team.voting import card_of, next_cards
from evisynth.errors import PermissionDeniedError
from evisynth.review import may
from evisynth.screening import Decision, RecordState, Stage, StageName
from evisynth.storage import RecordLine

__all__ = ["ReportPage", "next_report", "report_page"]

STAGE: StageName = "full_text"


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A report as one person may see it.

    Attributes
    ----------
    record : RecordLine
        Its record.
    files, removed : tuple of ReportFile
        Its files, and those that can be put back.
    status, reason, version
        Of its retrieval.
    studies : tuple of str
        Studies that it is a report of.
    stage : Stage or None
        Full text, where the plan has it.
    state : RecordState or None
        Where the report stands there, as far as known.
    own : Decision or None
        The own decision on it.
    may_decide : bool
        Whether this person can decide now.
    why_not : str
        Why not, where they decide at this stage at all.
    notes : tuple of PageNote
        Own ones, and others' where they lie open.
    sought : bool
        Whether the report is sought.
    """

    record: RecordLine
    files: tuple[ReportFile, ...]
    removed: tuple[ReportFile, ...]
    status: str
    reason: str
    version: int
    studies: tuple[str, ...]
    stage: Stage | None
    state: RecordState | None
    own: Decision | None
    may_decide: bool
    why_not: str
    notes: tuple[PageNote, ...]
    sought: bool


def report_page(desk: Desk, record: str) -> ReportPage:
    """Return a report to be read.

    Raises
    ------
    NotThereError
        There is no such record.
    """
    desk.permit("read")
    line = line_of(desk, record)
    board = desk.board
    status, reason, version = retrieval_of(board, record)
    rules = board.stage(STAGE)
    state = own = None
    able, why = False, ""
    if rules is not None:
        state = seen_states(desk, rules, [record], board=board).get(record)
        own = own_vote(board, rules.name, record, desk.person.id)
        if state is not None and may(desk.person, "decide", rules):
            able, why = _may_decide(desk, record)
    return ReportPage(
        record=filled_abstracts(board, [line])[0],
        files=files_of(board, record),
        removed=removed_files(desk, record) if may(desk.person, "attach") else (),
        status=status,
        reason=reason,
        version=version,
        studies=tuple(
            sorted(
                key[0]
                for key, value in board.values("study").items()
                if record in [part.strip() for part in str(value.get("record_ids", "")).split(";")]
            )
        ),
        stage=rules,
        state=state,
        own=own,
        may_decide=able,
        why_not=why,
        notes=page_notes(desk, record),
        sought=record in reports_to_get(board),
    )


def _may_decide(desk: Desk, record: str) -> tuple[bool, str]:
    """Tell whether a person can decide on a report now, and why not."""
    try:
        card_of(desk, STAGE, record)
    except (RefusedError, NotThereError, PermissionDeniedError) as error:
        return False, str(error)
    return True, ""


def next_report(desk: Desk, after: str = "") -> str:
    """Return the next report that waits for this person's decision; ``""`` if none does.

    Those that have a file come first; among them the person's own order holds.
    """
    board = desk.board
    rules = board.stage(STAGE)
    if rules is None or not may(desk.person, "decide", rules):
        return ""
    known = [after] if after else []
    with_file = {key[0] for key in board.values("attachment")}
    bare = [record for record in board.states(STAGE) if record not in with_file]
    cards = next_cards(desk, STAGE, limit=1, known=[*known, *bare]) or next_cards(
        desk, STAGE, limit=1, known=known
    )
    return cards[0].record.id if cards else ""
