"""Records removed before screening for other reasons than being duplicates."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Literal, cast

from evisynth.errors import Problem, closest
from evisynth.records import nearest_id, read_table
from evisynth.review.parts import Removal

__all__ = ["read_removals"]

KINDS = ("automation", "other")


def read_removals(
    path: Path,
    *,
    where: str,
    records: Collection[str] | None,
    problems: list[Problem],
) -> tuple[Removal, ...]:
    """Read ``removed.csv``: ``record_id``, ``kind``, and optionally ``reason``, ``made_by``.

    Parameters
    ----------
    path, where
        File, and its name in messages.
    records
        Ids of the records; None when they could not be read.
    problems
        Problems found are appended here; a row with a problem is not returned.
    """
    table = read_table(
        path,
        where=where,
        problems=problems,
        required=("record_id", "kind"),
        optional=("reason", "made_by"),
        may_be_empty=True,
    )
    found: dict[str, Removal] = {}
    for row in table or ():
        before = len(problems)
        ident, kind = row["record_id"], row["kind"]
        at = f"line {row.line}, column record_id"
        if not ident or (records is not None and ident not in records):
            near = nearest_id(ident, records or ())
            problems.append(
                Problem(
                    where,
                    at,
                    f"there is no record {ident!r} in the exports under searches/",
                    hint=f"Did you mean {near!r}?" if near else "Correct the id or remove the row",
                )
            )
        elif ident in found:
            first = found[ident].line
            problems.append(
                Problem(where, at, f"the record {ident!r} stands in line {first} already")
            )
        if kind not in KINDS:
            near = closest(kind, KINDS)
            problems.append(
                Problem(
                    where,
                    f"line {row.line}, column kind",
                    f"unknown kind {kind!r}",
                    KINDS,
                    hint=f"Did you mean {near!r}?" if near else "",
                )
            )
        if len(problems) == before:
            found[ident] = Removal(
                ident,
                cast(Literal["automation", "other"], kind),
                row["reason"],
                row["made_by"],
                where,
                row.line,
            )
    return tuple(found.values())
