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
    lines += _sources(done)
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
                f"      {pair.first_citation}",
                f"  {pair.second}: {pair.second_title}",
                f"      {pair.second_citation}",
                f"    {pair.why}",
            ]
        more = len(asked) - MANY
        if more > 0:
            lines += ["", f"  ... and {format_count(more)} more in records/duplicate_pairs.csv"]
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


def _sources(done: DedupeResult) -> list[str]:
    """Say what each source brought, what two of them share, and why copies were found."""
    rows = done.sources.rows
    numbers = [str(number) for number in range(1, len(rows) + 1)]
    head = ["", "Source", "Records", "Copies within", "Reports", "Only here"]
    lines = format_columns(
        [
            head,
            *(
                [
                    number,
                    row.label,
                    format_count(row.records),
                    format_count(row.records - row.reports),
                    format_count(row.reports),
                    format_count(row.unique),
                ]
                for number, row in zip(numbers, rows, strict=True)
            ),
        ]
    )
    if len(rows) > 1:
        table = [["", *numbers]]
        for number, one in zip(numbers, rows, strict=True):
            shared = [done.sources.overlap[one.label, two.label] for two in rows]
            table.append([number, *(_count_or_dot(count) for count in shared)])
        lines += ["", "Reports found by both of two sources, by their numbers"]
        lines += format_columns(table)
    if done.by_reason:
        table = [["", "all", *(numbers if len(rows) > 1 else [])]]
        for name, count in done.by_reason.items():
            of_source = [done.by_source.get(row.label, {}).get(name, 0) for row in rows]
            shown = [_count_or_dot(each) for each in of_source] if len(rows) > 1 else []
            table.append([_REASONS[name], format_count(count), *shown])
        lines += ["", "Copies by reason, and by the source of the record left out"]
        lines += format_columns(table)
    return lines


def _count_or_dot(count: int) -> str:
    return format_count(count) if count else "."
