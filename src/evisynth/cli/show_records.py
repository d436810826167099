"""What the commands about records print for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from evisynth.display import format_columns, format_count, plural

if TYPE_CHECKING:
    from evisynth.actions import DedupeResult, ImportResult

__all__ = ["show_dedupe", "show_import"]

MANY = 20
"""Problems and pairs named one by one; more are counted."""

_REASONS = {
    "copy": "the same record, exported twice",
    "pmid": "same PubMed identifier",
    "doi": "same DOI, fitting titles",
    "place": "same title and authors in one place of one journal",
    "weight": "the evidence of all fields together",
    "bare": "same title, authors and journal, nothing else to compare",
    "person": "decided by a person",
}
_KINDS: dict[str, str] = {
    "screened": "look the same, and people have decided on both",
    "doubtful": "doubtful, not merged",
    "check": "merged on little, to be looked at",
    "study": "perhaps other reports of one study, never merged",
}


def show_import(done: ImportResult) -> str:
    """Say what an import took in."""
    lines = []
    for search in done.searches:
        what = "new" if search.new else "files added"
        count = plural(search.records, "record")
        lines.append(f"searches/{search.id} ({what}): {search.name}, {count}")
        rows = [
            [
                str(file.file),
                f"{file.format}{f' of {file.dialect}' if file.dialect else ''}",
                file.encoding,
                plural(file.records, "record"),
                f"{format_count(file.unreadable)} unreadable" if file.unreadable else "",
            ]
            for file in search.files
        ]
        lines += [f"  {line.strip()}" for line in format_columns(rows)]
        for file in search.files:
            lines += [f"    {problem}" for problem in file.problems[:MANY]]
            more = len(file.problems) - MANY
            if more > 0:
                lines.append(f"    ... and {format_count(more)} more (all of them with --json)")
    lines += [f"Note: {warning}" for warning in done.warnings]
    verb = "Taken in" if done.written else "Nothing written (--dry-run); would take in"
    lines.append(
        f"{verb}: {plural(done.records, 'record')} of {plural(len(done.searches), 'source')}"
    )
    if done.written:
        lines.append("Next: evisynth dedupe")
    return "\n".join(lines)


def show_dedupe(done: DedupeResult) -> str:
    """Say what a deduplication found."""
    lines = [
        f"{plural(done.records, 'record')}, {plural(done.duplicates, 'copy', 'copies')} in "
        f"{plural(done.groups, 'group')}: {plural(done.reports, 'report')}",
        "",
    ]
    head = ["Source", "Records", "Copies within", "Reports", "Only here"]
    lines += format_columns(
        [
            head,
            *(
                [
                    row.label,
                    format_count(row.records),
                    format_count(row.records - row.reports),
                    format_count(row.reports),
                    format_count(row.unique),
                ]
                for row in done.sources.rows
            ),
        ]
    )
    if len(done.sources.rows) > 1:
        lines += ["", "Reports found by both"]
        overlap = done.sources.overlap_rows()
        lines += format_columns(
            [["", *list(overlap[0])[1:]], *(list(row.values()) for row in overlap)]
        )
    if done.by_reason:
        lines += ["", "Copies by reason"]
        lines += format_columns(
            [[_REASONS[name], format_count(count)] for name, count in done.by_reason.items()]
        )
    kinds: Counter[str] = Counter(pair.kind for pair in done.pairs)
    if kinds:
        lines += ["", "Pairs for a person (records/duplicate_pairs.csv)"]
        lines += format_columns(
            [[words, format_count(kinds[kind])] for kind, words in _KINDS.items() if kinds[kind]]
        )
        asked = [pair for pair in done.pairs if pair.kind in ("screened", "doubtful")]
        for pair in asked[:MANY]:
            lines += [
                "",
                f"  {pair.first}: {pair.first_title}",
                f"  {pair.second}: {pair.second_title}",
                f"    {pair.why}",
            ]
        if asked:
            first = asked[0]
            lines += [
                "",
                f"Decide: evisynth dedupe --decide {first.first},{first.second}=same"
                " (or different, study)",
            ]
    lines.append("")
    lines += [f"Decided: {one.first}, {one.second}: {one.decision}" for one in done.decided]
    lines += [f"Note: {warning}" for warning in done.warnings]
    lines.append(f"Written: {', '.join(done.files)}")
    return "\n".join(lines)
