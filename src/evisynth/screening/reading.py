"""Decisions from tables, checked row by row and against the stage before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

from evisynth.errors import Problem, closest
from evisynth.records import TableRow, nearest_id, read_table
from evisynth.screening.decisions import (
    Decision,
    DecisionRole,
    RecordState,
    Stage,
    Verdict,
    grouped,
)
from evisynth.screening.settling import voters

__all__ = ["check_full_text", "check_settlements", "read_decisions"]

VERDICTS = ("include", "exclude", "maybe")
ROLES: tuple[DecisionRole, ...] = ("reviewer", "adjudicator", "discussion", "consensus")


def read_decisions(
    path: Path,
    stage: Stage,
    *,
    where: str,
    records: Collection[str] | None,
    reviewers: Collection[str] | None,
    problems: list[Problem],
    reasons_known: bool = True,
) -> tuple[Decision, ...]:
    """Read the decisions of one stage.

    Columns: ``record_id``, ``reviewer``, ``decision``, and optionally ``reason``, ``note``,
    ``date``, ``role``, ``present``.

    Parameters
    ----------
    path, where
        File, and its name in messages.
    stage
        The stage with its allowed reasons.
    records, reviewers
        Ids that may stand in the table; None when they could not be read (not checked then).
    problems
        Problems found are appended here; a row with a problem is not returned.
    reasons_known
        False when the plan's reasons could not be read; they are not checked then.

    Returns
    -------
    tuple of Decision
        In the order of the file.
    """
    table = read_table(
        path,
        where=where,
        problems=problems,
        required=("record_id", "reviewer", "decision"),
        optional=("reason", "note", "date", "role", "present"),
        may_be_empty=True,
    )
    found: list[Decision] = []
    seen: dict[tuple[str, str, str], int] = {}
    for row in table or ():
        before = len(problems)
        _check_cells(row, stage, where, records, reviewers, problems, reasons_known)
        role = row["role"] or "reviewer"
        key = (row["record_id"], row["reviewer"], role)
        if key in seen and all(key[:2]):
            problems.append(
                Problem(
                    where,
                    f"line {row.line}, column reviewer",
                    f"{key[1]!r} decides on record {key[0]!r} a second time; the first is line"
                    f" {seen[key]}",
                    hint="Keep the decision that holds, or mark the one that settles a conflict"
                    " with the role 'adjudicator'",
                )
            )
        seen.setdefault(key, row.line)
        if len(problems) == before:
            found.append(
                Decision(
                    record=row["record_id"],
                    stage=stage.name,
                    reviewer=row["reviewer"],
                    verdict=cast(Verdict, row["decision"]),
                    reason=row["reason"],
                    note=row["note"],
                    date=row["date"],
                    role=cast(DecisionRole, role),
                    file=where,
                    line=row.line,
                    present=_present(row),
                )
            )
    return tuple(found)


def _present(row: TableRow) -> tuple[str, ...]:
    """Return those who came to a consensus, by id."""
    parts = (part.strip() for part in row["present"].split(";"))
    return tuple(dict.fromkeys(part for part in parts if part))


def _word(row: TableRow, column: str, allowed: Collection[str], what: str, where: str) -> Problem:
    """Say that a cell holds a word that is not allowed."""
    value = row[column]
    near = closest(value, allowed) if value else None
    return Problem(
        where,
        f"line {row.line}, column {column}",
        f"unknown {what} {value!r}" if value else f"the {what} is missing",
        tuple(allowed),
        hint=f"Did you mean {near!r}?" if near else "",
    )


def _check_cells(
    row: TableRow,
    stage: Stage,
    where: str,
    records: Collection[str] | None,
    reviewers: Collection[str] | None,
    problems: list[Problem],
    reasons_known: bool,
) -> None:
    """Check the cells of one row."""
    ident = row["record_id"]
    if not ident:
        problems.append(
            Problem(where, f"line {row.line}, column record_id", "the record's id is missing")
        )
    elif records is not None and ident not in records:
        near = nearest_id(ident, records)
        problems.append(
            Problem(
                where,
                f"line {row.line}, column record_id",
                f"there is no record {ident!r} in the exports under searches/",
                hint=f"Did you mean {near!r}?" if near else "Correct the id or remove the row",
            )
        )
    if not row["reviewer"] or (reviewers is not None and row["reviewer"] not in reviewers):
        problems.append(_word(row, "reviewer", reviewers or (), "reviewer", where))
    if row["decision"] not in VERDICTS:
        problems.append(_word(row, "decision", VERDICTS, "decision", where))
    if row["role"] and row["role"] not in ROLES:
        problems.append(_word(row, "role", ROLES, "role", where))
    if reasons_known:
        if row["reason"] and row["reason"] not in stage.reasons:
            problems.append(_word(row, "reason", stage.reasons, "reason", where))
        elif row["decision"] == "exclude" and not row["reason"] and stage.name == "full_text":
            problems.append(_word(row, "reason", stage.reasons, "reason of an exclusion", where))
    if row["reason"] and row["decision"] in ("include", "maybe"):
        problems.append(
            Problem(
                where,
                f"line {row.line}, column reason",
                f"{row['reason']!r} is a reason to exclude, the decision is {row['decision']!r}",
                hint="Put remarks in the column 'note'",
            )
        )
    _check_present(row, where, reviewers, problems)
    if row["date"]:
        try:
            datetime.fromisoformat(row["date"])
        except ValueError:
            problems.append(
                Problem(
                    where,
                    f"line {row.line}, column date",
                    f"{row['date']!r} is no date",
                    hint="Write it as 2026-03-31, or with the time as 2026-03-31T14:05:00Z",
                )
            )


def _check_present(
    row: TableRow, where: str, reviewers: Collection[str] | None, problems: list[Problem]
) -> None:
    """Check who came to a consensus."""
    present = _present(row)
    at = f"line {row.line}, column present"
    if row["role"] != "consensus":
        if present:
            problems.append(
                Problem(
                    where,
                    at,
                    f"{row['present']!r} names people who came to a consensus, the role is"
                    f" {row['role'] or 'reviewer'!r}",
                    hint="Write the role 'consensus', or leave the cell empty",
                )
            )
        return
    for who in present:
        if reviewers is not None and who not in reviewers:
            near = closest(who, reviewers)
            problems.append(
                Problem(
                    where,
                    at,
                    f"unknown reviewer {who!r}",
                    tuple(reviewers),
                    hint=f"Did you mean {near!r}?" if near else "",
                )
            )
    if len(present) < 2:
        problems.append(
            Problem(
                where,
                at,
                "a consensus is of at least two people",
                hint="Name them by id, separated by semicolons",
            )
        )


def check_settlements(
    decisions: Iterable[Decision], stages: Sequence[Stage], problems: list[Problem]
) -> None:
    """Check that each settlement is of a kind that the plan allows, and by whom it allows.

    A settlement that `evisynth.screening.settle` would not count is told with its line, so that
    nobody takes a conflict for settled.

    Parameters
    ----------
    decisions
        Decisions of all stages.
    stages
        The stages.
    problems
        Problems found are appended here.
    """
    rules = {stage.name: stage for stage in stages}
    for (record, _), votes in grouped(decisions).items():
        stage = rules.get(votes[0].stage)
        if stage is None or all(made.role == "reviewer" for made in votes):
            continue
        own = voters(votes)
        for made in votes:
            message, hint = _unsettling(made, stage, own)
            if message:
                at = f"line {made.line}, column role"
                problems.append(Problem(made.file, at, f"{record!r}: {message}", hint=hint))


def _unsettling(made: Decision, stage: Stage, own: Collection[str]) -> tuple[str, str]:
    """Say why a settlement does not count, and the way out; empty when it does."""
    key = f"[stages.{stage.name}]"
    if made.role == "adjudicator":
        if made.reviewer in own and not stage.adjudicator_may_vote:
            return (
                f"{made.reviewer!r} decided on it and cannot settle its conflict",
                f"Let a third person settle it, or write adjudicator_may_vote = true into {key}",
            )
    elif made.role in ("discussion", "consensus"):
        if stage.conflicts != "discussion":
            return (
                f"conflicts of this stage go to an adjudicator, the role is {made.role!r}",
                f'Write conflicts = "discussion" into {key}, or let an adjudicator settle it',
            )
        if made.role == "discussion" and made.reviewer not in own:
            return (
                f"{made.reviewer!r} changes a vote in a discussion and has none",
                "Write the independent vote in a row of its own, with the role 'reviewer'",
            )
        absent = sorted(set(own) - set(made.present)) if made.role == "consensus" else []
        if absent:
            return (
                f"{' and '.join(absent)} decided on it and took no part in the consensus",
                "A consensus is of all who decided; else let an adjudicator settle it",
            )
    return "", ""


def check_full_text(
    decisions: Iterable[Decision],
    states: Mapping[tuple[str, str], RecordState],
    *,
    not_retrieved: Collection[str],
    problems: list[Problem],
    removed: Collection[str] = (),
) -> None:
    """Check that each report decided on at full text had come that far.

    Parameters
    ----------
    decisions
        Decisions of all stages.
    states
        States computed from them.
    not_retrieved
        Ids of records whose report could not be had.
    problems
        Problems found are appended here.
    removed
        Ids of records removed before screening.
    """
    for made in decisions:
        if made.stage != "full_text":
            continue
        at = f"line {made.line}, column record_id"
        before = states.get((made.record, "title_abstract"))
        if made.record in removed:
            problems.append(
                Problem(
                    made.file,
                    at,
                    f"{made.record!r} was removed before screening and is not screened",
                    hint="Take it out of records/removed.csv, or remove the row here",
                )
            )
        elif before is None:
            problems.append(
                Problem(
                    made.file,
                    at,
                    f"{made.record!r} is a duplicate and is not screened",
                    hint="Decide on the record that it repeats",
                )
            )
        elif before.status != "included":
            problems.append(
                Problem(
                    made.file,
                    at,
                    f"{made.record!r} has a decision at full text and is not included at title and"
                    f" abstract (it is: {before.status})",
                    hint="Correct decisions/title_abstract.csv or remove the row",
                )
            )
        elif made.record in not_retrieved:
            problems.append(
                Problem(
                    made.file,
                    at,
                    f"{made.record!r} has a decision at full text and is 'not_retrieved' in"
                    " decisions/retrieval.csv",
                    hint="One of the two is wrong",
                )
            )
