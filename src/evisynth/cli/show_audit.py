"""What the command ``audit`` answers to people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from evisynth.display import format_columns, format_number, format_percent, plural

if TYPE_CHECKING:
    from evisynth.actions import AuditedSource
    from evisynth.exchange import Audit

__all__ = ["show_audited"]

MOST = 12
"""Entries of a list that are shown."""


def _more(total: int, shown: int = MOST) -> list[str]:
    return [f"  ... and {total - shown} more (--json or --out for all)"] if total > shown else []


def show_audited(found: AuditedSource) -> str:
    """Say what came of an audit."""
    audit = found.audit
    head = audit.title or audit.source
    lines = [head, ""]
    if audit.results or audit.kind != "table":
        lines.append(audit.headline)
    lines += _differing(audit)
    lines += _rows(audit)
    lines += _changes(audit)
    lines += _remarks(audit)
    lines += [f"Cannot be read: {problem}" for problem in audit.problems[:MOST]]
    lines += _more(len(audit.problems))
    if audit.not_read and audit.kind == "revman":
        lines.append(
            f"Not looked at: {plural(len(audit.not_read), 'other place')} of the file (listed by "
            "--json)."
        )
    if found.report is not None:
        lines.append(f"Report: {found.report}")
    return "\n".join(lines).replace("\n\n\n", "\n\n")


def _differing(audit: Audit) -> list[str]:
    from evisynth.exchange import FIELDS

    apart = [result for result in audit.results if result.verdict != "equal"]
    lines = []
    for result in apart[:MOST]:
        lines.append(f"  {result.id} {result.subgroup or result.outcome}: {result.verdict}")
        if result.verdict == "not computable":
            lines.append(f"    {result.reason}")
            continue
        table = [["", "stored", "computed", "difference"]]
        for name, difference in result.differences.items():
            if difference > audit.tolerance:
                share = format_percent(100 * difference, 2) if math.isfinite(difference) else "∞"
                pair = (result.stored[name], result.computed[name])
                table.append([FIELDS[name], *(format_number(value, 4) for value in pair), share])
        lines += format_columns(table, indent="    ", right=(1, 2, 3))
    return [*lines, *_more(len(apart))]


def _rows(audit: Audit) -> list[str]:
    if not audit.rows_compared:
        return []
    if not audit.rows:
        return [f"{plural(audit.rows_compared, 'row')} of studies: all as their data give."]
    lines = [f"Rows of studies that are not what their data give: {len(audit.rows)}"]
    lines += [
        f"  {row.study} (line {row.line}), {row.what}: {format_number(row.stored, 4)}, computed "
        f"{format_number(row.computed, 4)}"
        for row in audit.rows[:MOST]
    ]
    return [*lines, *_more(len(audit.rows))]


def _changes(audit: Audit) -> list[str]:
    changed = [result for result in audit.results if result.current and result.current.changes]
    if not changed:
        return []
    lines = ["", f"Under current methods (REML, Hartung-Knapp) {len(changed)} read otherwise:"]
    lines += [
        f"  {result.id} {result.subgroup or result.outcome}: "
        f"{'; '.join(result.current.changes if result.current else ())}"
        for result in changed[:MOST]
    ]
    return [*lines, *_more(len(changed))]


def _remarks(audit: Audit) -> list[str]:
    if not audit.remarks:
        return ["", "The checks of the data found nothing."]
    lines = ["", f"The checks of the data: {plural(len(audit.remarks), 'remark')}"]
    lines += [f"  {remark.severity}, {remark.check}: {remark}" for remark in audit.remarks[:MOST]]
    return [*lines, *_more(len(audit.remarks))]
