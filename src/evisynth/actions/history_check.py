"""What `check` and `run` look at in a review's history, without opening its database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evisynth.errors import EvisynthError, InputError, Problem
from evisynth.review import (
    FIRST_HEAD,
    LOG_FILE,
    Change,
    Head,
    changes_between,
    fold,
    read_log,
    values_of,
)

__all__ = ["HistoryCheck", "check_history"]


@dataclass(frozen=True, slots=True)
class HistoryCheck:
    """What the look found.

    Attributes
    ----------
    entries : int
        Entries of ``audit/log.jsonl``.
    problems : tuple of Problem
        A broken chain, or a database that is not where the text is.
    edited : tuple of Change
        What was edited by hand since the folder was written.
    ahead : int
        Entries that the embedded database has and the text does not.
    """

    entries: int
    problems: tuple[Problem, ...]
    edited: tuple[Change, ...]
    ahead: int


def check_history(folder: Path) -> HistoryCheck:
    """Verify the history of a folder, and compare it with the files and the embedded database."""
    from evisynth.storage import DATABASE_FILE, embedded_head

    problems: list[Problem] = []
    edited: tuple[Change, ...] = ()
    path = folder / LOG_FILE
    heads: dict[int, Head] = {0: FIRST_HEAD}
    entries = 0
    if path.is_file():
        try:
            log = read_log(path.read_bytes().decode("utf-8", errors="replace"))
            entries = len(log)
            heads |= {entry.number: entry.head for entry in log}
            edited, _ = changes_between(values_of(fold(log)), folder)
        except InputError as error:
            return HistoryCheck(entries, error.problems, (), 0)
        except EvisynthError as error:
            problems.append(Problem(LOG_FILE, "", str(error)))
    head = embedded_head(folder)
    ahead = 0
    if head is not None and heads.get(head.number) != head:
        if head.number > entries:
            ahead = head.number - entries
            problems.append(
                Problem(
                    DATABASE_FILE,
                    "",
                    f"the database is {ahead} {'entry' if ahead == 1 else 'entries'} ahead of the"
                    " text of the folder",
                    hint="Run `evisynth freeze` to write them",
                )
            )
        else:
            problems.append(
                Problem(
                    DATABASE_FILE,
                    "",
                    f"the database's history is not the one in {LOG_FILE}: its entry"
                    f" {head.number} is another",
                    hint="One of the two is from another copy; restore it from a backup",
                )
            )
    return HistoryCheck(entries, tuple(problems), edited, ahead)
