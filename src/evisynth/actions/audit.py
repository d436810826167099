"""Verify the history of a review: its text, its database, and that both say the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.actions.store import database_place, open_store
from evisynth.errors import InputError, Problem

if TYPE_CHECKING:
    from evisynth.storage import Store

__all__ = ["AuditReport", "verify_history", "verify_store"]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What the check of a history found.

    Attributes
    ----------
    folder : Path
        The review.
    looked_at : tuple of str
        What was checked: the text, the database.
    entries : int
        Entries of the longer of the two.
    head : str
        Hash of its last entry. Kept elsewhere (in a registration, a letter), it later proves that
        nothing before it was changed.
    findings : tuple of Problem
        Empty when all holds.
    warnings : tuple of str
        What is no breach: rows edited by hand that were not read in yet.
    """

    folder: Path
    looked_at: tuple[str, ...]
    entries: int
    head: str
    findings: tuple[Problem, ...]
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def verify_history(
    folder: Path | str = Path(), *, database: str = "", review: str = "", head: str = ""
) -> AuditReport:
    """Check every entry of a history, and that rows, states and files are what it gives.

    Parameters
    ----------
    folder
        Folder of the review.
    database
        Address of its database; the file in the folder, if there is one, where it is empty.
    review
        Name of the review, where the database holds several.
    head
        Hash that was noted earlier; some entry must have it.

    Raises
    ------
    InputError
        There is neither a history nor a database.
    """
    from evisynth.actions.history_check import check_history
    from evisynth.review import LOG_FILE, read_log
    from evisynth.storage import DATABASE_FILE

    folder = Path(folder)
    looked: list[str] = []
    findings: list[Problem] = []
    warnings: list[str] = []
    hashes: list[str] = []
    if (folder / LOG_FILE).is_file():
        looked.append(LOG_FILE)
        found = check_history(folder)
        findings += found.problems
        if found.edited:
            warnings.append(
                f"{len(found.edited)} items were edited in the folder by hand and are in no"
                " history yet; `evisynth thaw` takes them in"
            )
        if found.entries:
            text = (folder / LOG_FILE).read_text(encoding="utf-8")
            hashes = [entry.hash for entry in read_log(text)]
    if database or (folder / DATABASE_FILE).is_file():
        with open_store(database_place(folder, database), review=review, create=False) as store:
            looked.append(store.place)
            findings += verify_store(store, folder if folder.is_dir() else None)
            ours = [entry.hash for entry in store.history()]
        hashes = max(hashes, ours, key=len)
    if not looked:
        raise InputError(
            Problem(
                str(folder), "", f"there is no history: neither {LOG_FILE} nor a database",
                hint="A history begins with `evisynth thaw` or `evisynth serve`",
            )
        )  # fmt: skip
    if head and head not in hashes:
        findings.append(
            Problem(LOG_FILE, "", f"no entry has the hash {head[:12]}..., which was noted earlier",
                    hint="The history was rewritten, or it is that of another review")
        )  # fmt: skip
    return AuditReport(
        folder, tuple(looked), len(hashes), hashes[-1] if hashes else "", tuple(findings),
        tuple(warnings),
    )  # fmt: skip


def verify_store(store: Store, folder: Path | None = None) -> list[Problem]:
    """Check a database: the chain, the rows that follow from it, states, and the kept files.

    Parameters
    ----------
    store
        The review.
    folder
        Its folder, where the files that are kept as they came are; None: they are not looked at.
    """
    from evisynth.actions.store_states import all_states
    from evisynth.review import file_digest, kept_files, values_of
    from evisynth.storage import read_states

    where = store.place
    found, differences = store.verify()
    problems = [Problem(where, "", text) for text in differences]
    if found.broken is not None:
        problems.append(
            Problem(
                where,
                f"entry {found.broken.line}",
                f"the history is broken: {found.broken.what}",
                hint="Restore a backup: `evisynth restore`",
            )
        )
    with store.locked() as unit:
        states, kept = all_states(unit), read_states(store)
    wrong = sorted(place for place in {*states, *kept} if states.get(place) != kept.get(place))
    problems.extend(
        Problem(where, f"{record}, {stage}", "the state kept is not what the decisions give",
                hint="`evisynth thaw` computes all states anew")
        for record, stage in wrong[:20]
    )  # fmt: skip
    if folder is not None and (folder / "review.toml").is_file():
        for name, digest in kept_files(values_of(store.state())).items():
            path = folder / name
            if not path.is_file():
                problems.append(Problem(name, "", "is named by the history and is missing"))
            elif file_digest(path) != digest:
                problems.append(Problem(name, "", "is another file than the history names"))
    return problems
