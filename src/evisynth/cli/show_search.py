"""What the commands that ask services print for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evisynth.display import format_columns, format_count, plural

if TYPE_CHECKING:
    from evisynth.actions import ChaseResult, FullTextResult, SearchUpdate
    from evisynth.connectors import SearchRun

__all__ = ["show_chase", "show_full_texts", "show_search", "show_update"]

MANY = 20
"""Lines of one kind that are shown; more are counted."""


def show_search(made: SearchRun) -> str:
    """Say what a search brought."""
    rows = [
        ["Reported", plural(made.reported, "record")],
        ["Came", format_count(made.fetched)],
    ]
    if made.repeated:
        rows.append(["Came twice", format_count(made.repeated)])
    if made.update_of:
        rows.append(["Known already", format_count(made.already_known)])
    rows.append(["In the export", plural(made.records, "record")])
    if made.unreadable:
        rows.append(["Not readable", format_count(made.unreadable)])
    if made.missing:
        rows.append(["Listed, not sent", format_count(len(made.missing))])
    if made.since:
        rows.append(["Entered since", made.since])
    if made.query_translation:
        rows.append(["Understood as", _short(made.query_translation)])
    kept = f", {plural(made.pages_kept, 'page')} of an earlier run" if made.pages_kept else ""
    rows.append(["Asked", f"{plural(made.requests, 'request')}{kept}"])
    lines = [f"{made.title} ({made.platform}), {made.date}", *format_columns(rows)]
    lines += _notes(made.count_changes, "the count moved, ")
    lines += _notes(made.warnings)
    where = made.folder / made.export if made.export else made.folder
    lines.append(f"Written to {where}" if made.export else f"Nothing new; facts are in {where}")
    return "\n".join(lines)


def show_update(made: SearchUpdate) -> str:
    """Say what an update brought."""
    parts = [show_search(run) for run in made.runs]
    parts += [f"{name}: not updated. {why}" for name, why in made.failed.items()]
    new = sum(run.records for run in made.runs)
    done = f"{plural(new, 'new record')} from {plural(len(made.runs), 'search', 'searches')}."
    return "\n\n".join([*parts, done])


def show_chase(made: ChaseResult) -> str:
    """Say what citation chasing brought."""
    head = ["Round", "Seeds", "Citations", "Records", "In the review", "Earlier", "New"]
    rows = [head]
    rows += [
        [
            str(each.round),
            format_count(each.seeds),
            format_count(each.links),
            format_count(each.found),
            format_count(each.in_library),
            format_count(each.earlier),
            format_count(each.new),
        ]
        for each in made.chase.rounds
    ]
    lines = ["Citation searching", *format_columns(rows), f"Stopped: {made.chase.stopped}."]
    without = sum(each.without_record for each in made.chase.rounds)
    if without:
        lines.append(f"Note: {plural(without, 'reference')} without a title: no record was made.")
    for service, seeds in made.chase.not_known.items():
        lines.append(f"Note: {service} does not know {_few(seeds)}.")
    lines += [f"Note: {name} {why}." for name, why in list(made.skipped.items())[:MANY]]
    lines += _notes(made.chase.warnings)
    lines.append(f"Written to {made.chase.folder}")
    return "\n".join(lines)


def show_full_texts(made: FullTextResult) -> str:
    """Say which full texts were found."""
    lines = [
        ", ".join(f"{format_count(number)} {status}" for status, number in made.counts.items())
        or "Nothing to look for."
    ]
    if made.kept:
        lines.append(f"{plural(made.kept, 'report')} found before (--again looks anew)")
    rows = [
        [each.record, each.status, each.licence or "-", _short(each.url or each.reason, 70)]
        for each in made.found[:MANY]
    ]
    lines += format_columns(rows)
    if len(made.found) > MANY:
        lines.append(f"  ... and {format_count(len(made.found) - MANY)} more")
    lines.append(f"Written to {made.folder / 'fulltext.csv'}")
    return "\n".join(lines)


def _short(text: str, most: int = 100) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _notes(texts: tuple[str, ...], before: str = "") -> list[str]:
    lines = [f"Note: {before}{text}" for text in texts[:MANY]]
    if len(texts) > MANY:
        lines.append(f"Note: ... and {format_count(len(texts) - MANY)} more in search.toml")
    return lines
