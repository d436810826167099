"""What the commands between database and folder answer to people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evisynth.actions import AuditReport, Backup, FrozenReview, Restored, ThawedReview

__all__ = ["show_audit", "show_backup", "show_frozen", "show_restored", "show_thawed"]

SHOWN = 10


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def show_frozen(made: FrozenReview) -> str:
    """Say what was written."""
    lines = [f"{made.folder}: {_count(made.entries, 'entry', 'entries')} in the history."]
    if made.written:
        lines.append(f"Written: {_some(made.written)}")
    if made.copied:
        lines.append(f"Copied: {_some(made.copied)}")
    if made.removed:
        lines.append(f"Removed, nothing is in them any more: {_some(made.removed)}")
    if len(lines) == 1:
        lines.append("Every file was as it should be.")
    return "\n".join(lines)


def show_thawed(made: ThawedReview) -> str:
    """Say what was read."""
    lines = [f"{made.folder} is in {made.database}."]
    if made.migrated:
        lines.append(f"The database was brought up to date: {', '.join(made.migrated)}")
    if made.first:
        lines.append(f"A history was begun: {_count(made.read, 'entry', 'entries')}.")
    elif made.entries:
        lines.append(f"Taken over: {_count(made.entries, 'entry', 'entries')} of its history.")
    if made.edited:
        counts = Counter((each.kind, each.what) for each in made.edited)
        lines.append("Edited in the folder, now in the history:")
        lines += [f"  {kind}: {number} {what}" for (kind, what), number in sorted(counts.items())]
    elif not made.first:
        lines.append("Nothing was edited in the folder.")
    lines += [f"Note: {warning}" for warning in made.warnings]
    return "\n".join(lines)


def show_backup(made: Backup) -> str:
    """Say where the backup is."""
    return f"{made.file} ({made.size:,} bytes), of {made.database}"


def show_restored(made: Restored) -> str:
    """Say what was restored."""
    lines = [f"Restored into {made.database}; every history verifies."]
    lines += [f"  {name}: {_count(count, 'entry', 'entries')}" for name, count in made.reviews]
    return "\n".join(lines)


def show_audit(report: AuditReport) -> str:
    """Say whether the history holds."""
    lines = [f"Looked at: {', '.join(report.looked_at)}"]
    lines.append(
        f"{_count(report.entries, 'entry', 'entries')}; the last has the hash {report.head}"
    )
    if report.ok:
        lines.append("The history is whole, and everything is what it gives.")
    else:
        lines.append(
            f"{_count(len(report.findings), 'thing is', 'things are')} not as they should be:"
        )
        lines += [f"  - {finding}" for finding in report.findings]
    lines += [f"Note: {warning}" for warning in report.warnings]
    return "\n".join(lines)
