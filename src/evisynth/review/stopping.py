"""Statements on when screening may stop, as kept with the review: what was promised and done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from evisynth.errors import Problem
from evisynth.records import read_table

__all__ = ["STOPPING_FILE", "KeptStopping", "kept_stopping", "read_stopping"]

STOPPING_FILE = "decisions/stopping.csv"

DONE = ("stopped", "resumed")


@dataclass(frozen=True, slots=True)
class KeptStopping:
    """A statement on when screening may stop, and what people did.

    Attributes
    ----------
    stage, id : str
        The stage of screening, and the statement's own id.
    rule, statement : str
        Name of the stopping rule, and what it said.
    person, date : str
        Who kept it, and when (ISO).
    done, reason : str
        ``"stopped"`` where screening ended here, ``"resumed"`` where that was taken back, ``""``
        where it went on; and why it was stopped.
    parameters : dict
        ``read``, ``total``, ``relevant``, ``met``, ``target``, ``confidence`` or ``run``;
        ``first_met`` and ``step`` (records read when the rule was first met, looked at every so
        many); ``ranking`` (``model``, ``versions``, ``seed``, ``fingerprint``, ``relevant``,
        ``irrelevant``) where a ranking gave the order.
    """

    stage: str
    id: str
    rule: str
    statement: str
    person: str = ""
    date: str = ""
    done: Literal["", "stopped", "resumed"] = ""
    reason: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def ranking(self) -> dict[str, Any]:
        """What is known of the ranking; empty where there was none."""
        found = self.parameters.get("ranking")
        return found if isinstance(found, dict) else {}


def kept_stopping(stage: str, ident: str, value: Mapping[str, object]) -> KeptStopping:
    """Make the value of one row; parameters that are no JSON object count as none.

    Examples
    --------
    >>> kept_stopping("title_abstract", "1", {"parameters": '{"read": 10}'}).parameters
    {'read': 10}
    """

    def text(name: str) -> str:
        return str(value.get(name) or "")

    done = text("done")
    return KeptStopping(
        stage,
        ident,
        text("rule"),
        text("statement"),
        text("person"),
        text("date"),
        cast(Literal["", "stopped", "resumed"], done if done in DONE else ""),
        text("reason"),
        _parameters(text("parameters")) or {},
    )


def _parameters(text: str) -> dict[str, Any] | None:
    """Return the parameters as kept; None if they are no JSON object."""
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def read_stopping(path: Path, *, where: str, problems: list[Problem]) -> tuple[KeptStopping, ...]:
    """Read ``decisions/stopping.csv``.

    Parameters
    ----------
    path, where
        File, and its name in messages.
    problems
        Problems found are appended here; a row with a problem is not returned.
    """
    table = read_table(
        path,
        where=where,
        problems=problems,
        required=("stage", "id"),
        optional=("rule", "parameters", "statement", "person", "date", "done", "reason"),
        may_be_empty=True,
    )
    found = []
    for row in table or ():
        before = len(problems)
        value = {name: row[name] for name in ("rule", "parameters", "statement", "person", "date",
                                              "done", "reason")}  # fmt: skip
        if _parameters(value["parameters"]) is None:
            problems.append(
                Problem(
                    where,
                    f"line {row.line}, column parameters",
                    "the parameters are no JSON object",
                    hint="Leave the column empty, or take the row from the browser application",
                )
            )
        if value["done"] and value["done"] not in DONE:
            problems.append(
                Problem(
                    where, f"line {row.line}, column done", f"unknown word {value['done']!r}", DONE
                )
            )
        if len(problems) == before:
            found.append(kept_stopping(row["stage"], row["id"], value))
    return tuple(found)
