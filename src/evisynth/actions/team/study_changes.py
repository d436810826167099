"""Studies changed: reports joined into them and parted again, renamed, described."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.actions.team.studies import (
    NAME_LENGTH,
    OWN,
    included_reports,
    lonely_reports,
    reports_in,
    studies_of,
)
from evisynth.errors import DataError, OptionError
from evisynth.records import parse_number
from evisynth.review import KINDS, Value
from evisynth.storage import RequestReusedError
from evisynth.studies import (
    Field,
    Study,
    StudyChange,
    choose_main_report,
    join_reports,
    split_reports,
)

__all__ = [
    "drop_study",
    "own_studies",
    "put_reports",
    "rename_study",
    "set_characteristics",
    "set_main_report",
    "split_study",
]

FILE = "studies/studies.csv"
TEXT_LENGTH = 2000

Put = tuple[str, tuple[str, ...], dict[str, object] | None, int | None]


def _checked_name(name: str) -> str:
    text = " ".join(name.split())
    if not text:
        raise RefusedError("give the study an id, as first author and year")
    if len(text) > NAME_LENGTH or ";" in text or re.search(r"[\x00-\x1f\x7f]", text):
        raise RefusedError(f"an id has up to {NAME_LENGTH} letters and no semicolon")
    return text


def _done_before(desk: Desk, request_id: str) -> bool:
    """Tell whether a request of this person was done when it came first."""
    if not request_id:
        return False
    entries = desk.store.history("study", actor=desk.person.id, newest_first=True, limit=200)
    return any(entry.request == request_id for entry in entries)


def _check_reports(board: Board, records: Sequence[str]) -> None:
    owned = {report for study in studies_of(board) for report in study.reports}
    allowed = owned.union(included_reports(board))
    for record in records:
        if record not in allowed:
            raise NotThereError(f"{record!r} is not included at full text (yet)")


def _hangs(desk: Desk, study: str) -> bool:
    """Tell whether anything was extracted from a study or assessed of it."""
    return any(
        item.kind != "study" and KINDS[item.kind].subject == "study"
        for item in desk.store.about(study)
    )


def _order_put(board: Board) -> list[Put]:
    """Return what gives the table of studies a column for each characteristic of the plan."""
    value = board.values("table").get((FILE,), {})
    order = json.loads(str(value.get("columns", "[]")))
    used = {name for made in board.values("study").values() for name in made if name not in OWN}
    missing = [field.name for field in board.plan.fields if field.name not in {*order, *used}]
    if not missing:
        return []
    have = order or sorted(used)
    columns = json.dumps([*have, *missing], ensure_ascii=False)
    return [("table", (FILE,), {"columns": columns}, None)]


def _value_of(before: Value, study: Study) -> dict[str, object]:
    value: dict[str, object] = {name: cell for name, cell in before.items() if name not in OWN}
    value["record_ids"] = ";".join(study.reports)
    if study.main_report:
        value["main_report"] = study.main_report
    return value


def _write(desk: Desk, board: Board, change: StudyChange, act: str, request_id: str) -> None:
    """Write what a change moves; an emptied study stays where something hangs on it."""
    values = board.values("study")
    before = {study.id: study for study in studies_of(board)}
    puts: list[Put] = []
    for study in change.studies:
        if before.get(study.id) != study:
            key = (study.id,)
            puts.append(
                ("study", key, _value_of(values.get(key, {}), study), board.version("study", key))
            )
    for name in change.emptied:
        key = (name,)
        rest = {part: cell for part, cell in values[key].items() if part not in OWN}
        keep = bool(rest) or _hangs(desk, name)
        puts.append(("study", key, dict(rest) if keep else None, board.version("study", key)))
    if not puts:
        return
    try:
        desk.store.put_many(
            [*puts, *_order_put(board)], actor=desk.person.id, act=act,
            request_id=request_id or None,
        )  # fmt: skip
    except RequestReusedError:
        if not _done_before(desk, request_id):
            raise


def put_reports(
    desk: Desk, records: Sequence[str], study: str, *, request_id: str = ""
) -> StudyChange | None:
    """Put reports into a study, new or there already; each leaves the study that it was in.

    Parameters
    ----------
    desk, records, study
        Who, what, where to.
    request_id
        A request that comes twice changes nothing.

    Returns
    -------
    StudyChange or None
        None where the request was done before.
    """
    desk.permit("join reports")
    if _done_before(desk, request_id):
        return None
    name = _checked_name(study)
    board = desk.board
    if not records:
        raise RefusedError("choose at least one report")
    _check_reports(board, records)
    change = join_reports(studies_of(board), records, name)
    _write(desk, board, change, "join reports", request_id)
    return change


def own_studies(desk: Desk, records: Sequence[str], *, request_id: str = "") -> int:
    """Make a study of its own of each report that is of none, under the suggested ids."""
    desk.permit("join reports")
    if _done_before(desk, request_id):
        return len(records)
    board = desk.board
    wanted = set(records)
    names = {line.id: name for line, name in lonely_reports(desk, board) if line.id in wanted}
    if not names:
        raise RefusedError("choose at least one report that is of no study")
    studies: tuple[Study, ...] = studies_of(board)
    created: list[str] = []
    for record, name in names.items():
        change = join_reports(studies, [record], name)
        studies, created = change.studies, [*created, *change.created]
    _write(desk, board, StudyChange(studies, tuple(created)), "join reports", request_id)
    return len(names)


def split_study(
    desk: Desk, records: Sequence[str], study: str, *, request_id: str = ""
) -> StudyChange | None:
    """Make a new study of some reports of one; characteristics and data stay with that one.

    Raises
    ------
    RefusedError
        The id is taken, or all reports would leave.
    """
    desk.permit("join reports")
    if _done_before(desk, request_id):
        return None
    board = desk.board
    if not records:
        raise RefusedError("choose at least one report")
    name = _checked_name(study)
    try:
        change = split_reports(studies_of(board), records, name)
    except DataError as error:
        raise RefusedError(str(error)) from error
    _write(desk, board, change, "part reports", request_id)
    return change


def set_main_report(desk: Desk, study: str, report: str, *, request_id: str = "") -> None:
    """Make a report the main one of its study, by which the study is cited."""
    desk.permit("join reports")
    if _done_before(desk, request_id):
        return
    board = desk.board
    if (study,) not in board.values("study"):
        raise NotThereError(f"there is no study {study!r}")
    change = StudyChange(choose_main_report(studies_of(board), study, report))
    _write(desk, board, change, "choose the main report", request_id)


def rename_study(desk: Desk, study: str, name: str, *, request_id: str = "") -> None:
    """Give a study another id; all that was extracted from it and assessed of it goes along.

    Raises
    ------
    RefusedError
        The id is taken.
    NotThereError
        There is no such study.
    """
    desk.permit("join reports")
    if _done_before(desk, request_id):
        return
    new = _checked_name(name)
    there = desk.board.values("study")
    if (study,) not in there:
        raise NotThereError(f"there is no study {study!r}")
    if new == study:
        return
    if (new,) in there:
        raise RefusedError(f"there is a study {new!r} already; put the reports into it instead")
    puts: list[Put] = []
    for item in desk.store.about(study):
        kind = KINDS[item.kind]
        if kind.subject != "study" or item.value is None:
            continue
        key = tuple(
            new if column.name == "study" else part
            for column, part in zip(kind.key, item.key, strict=True)
        )
        puts.append((item.kind, item.key, None, item.version))
        puts.append((item.kind, key, dict(item.value), None))
    desk.store.put_many(
        puts, actor=desk.person.id, act="rename a study", request_id=request_id or None
    )


def drop_study(desk: Desk, study: str, *, request_id: str = "") -> None:
    """Take away a study that has no reports, and of which nothing is known.

    Raises
    ------
    RefusedError
        It has reports, or something was extracted from it or assessed of it.
    """
    desk.permit("join reports")
    if _done_before(desk, request_id):
        return
    value = desk.board.values("study").get((study,))
    if value is None:
        raise NotThereError(f"there is no study {study!r}")
    if reports_in(value):
        raise RefusedError(f"{study!r} has reports; put them into another study first")
    if _hangs(desk, study):
        raise RefusedError(f"data of {study!r} were extracted or assessed; give it its report back")
    desk.store.put(
        "study", (study,), None, actor=desk.person.id, act="take a study away",
        expected_version=desk.board.version("study", (study,)), request_id=request_id or None,
    )  # fmt: skip


# characteristics


def read_characteristic(field: Field, text: str) -> str:
    """Check what was typed for a characteristic, and return it as it is kept.

    Raises
    ------
    DataError
        No number, or no level of the field.

    Examples
    --------
    >>> read_characteristic(Field("weeks", "Weeks", "number"), " 12 ")
    '12'
    >>> read_characteristic(Field("kind", "Kind", "categories", ("app", "web")), "web; app")
    'app;web'
    """
    given = " ".join(text.split())[:TEXT_LENGTH]
    if not given or field.type == "text":
        return given
    if field.type == "number":
        try:
            parse_number(given)
        except ValueError as error:
            raise DataError(f"{field.label}: {given!r} is not a number") from error
        return given
    parts = [given] if field.type == "category" else [part.strip() for part in given.split(";")]
    parts = [part for part in dict.fromkeys(parts) if part]
    for part in parts:
        if field.levels and part not in field.levels:
            raise DataError(f"{field.label}: {OptionError('level', part, field.levels)}")
    if field.levels:
        parts = [level for level in field.levels if level in parts]
    return ";".join(parts)


def set_characteristics(
    desk: Desk,
    study: str,
    values: Mapping[str, str],
    *,
    version: int | None = None,
    request_id: str = "",
) -> None:
    """Keep the characteristics of a study.

    Parameters
    ----------
    desk, study
        Who, and of which study.
    values
        By name of the field; those that are not named stay.
    version
        Of the study that the person saw; another one is a `VersionConflict`.
    request_id
        A request that comes twice changes nothing.

    Raises
    ------
    OptionError
        A field that the plan does not have.
    DataError
        What was typed is no value of its field.
    """
    desk.permit("join reports")
    if _done_before(desk, request_id):
        return
    board = desk.board
    there = board.values("study").get((study,))
    if there is None:
        raise NotThereError(f"there is no study {study!r}")
    fields = {field.name: field for field in board.plan.fields}
    kept: dict[str, object] = dict(there)
    for name, text in values.items():
        if name not in fields:
            raise OptionError("characteristic", name, tuple(fields))
        made = read_characteristic(fields[name], text)
        kept.pop(name, None)
        if made:
            kept[name] = made
    if kept == there:
        return
    desk.store.put_many(
        [("study", (study,), kept, version), *_order_put(board)],
        actor=desk.person.id, act="describe a study", request_id=request_id or None,
    )  # fmt: skip
