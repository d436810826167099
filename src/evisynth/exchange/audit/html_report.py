"""The report of an audit: one HTML file that asks for nothing else."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from evisynth import __version__
from evisynth.display import (
    format_ci,
    format_count,
    format_number,
    format_p,
    format_percent,
    plural,
)
from evisynth.exchange.audit.values import FIELDS, Audit, AuditedResult, Remark, Severity
from evisynth.reporting import (
    Block,
    Column,
    DocumentMeta,
    Heading,
    Note,
    Paragraph,
    ReviewDocument,
    Row,
    Runs,
    Table,
    assemble,
    cells,
    code,
    render_html,
    runs,
    strong,
)

__all__ = ["audit_document", "render_audit"]

DIGITS = {"p": 4, "q_p": 4, "subgroup_p": 4, "tau2": 4, "i2": 1, "weight": 1, "q_df": 0}
"""Decimals of numbers in the table of differences; 3 for the others."""

SEVERITY = {"error": "Error", "warning": "Look at it", "note": "Note"}

COUNTED: dict[Severity, tuple[str, str]] = {
    "error": ("error", "errors"),
    "warning": ("warning", "warnings"),
    "note": ("note", "notes"),
}

MOST_ROWS = 300
"""Rows of a table that are shown; the JSON has all."""


def render_audit(audit: Audit) -> str:
    """Render an audit as one HTML file.

    Parameters
    ----------
    audit
        What was found.
    """
    return render_html(audit_document(audit))


def audit_document(audit: Audit) -> ReviewDocument:
    """Return the report as a document."""
    title = f"Audit of {audit.title or audit.source}"
    meta = DocumentMeta(
        title=title,
        short_title=f"Audit · {audit.source}",
        authors=(),
        date="",
        version=audit.program or "audit",
        licence="",
        subject=audit.headline,
        keywords=("audit", "meta-analysis"),
        generator=f"Evisynth {__version__}",
        identifier="",
        date_words=audit.source,
    )
    return assemble(meta, list(_blocks(audit)), {})


def _blocks(audit: Audit) -> Iterator[Block]:
    yield from _front(audit)
    if audit.results:
        yield from _differences(audit)
        yield from _all_results(audit)
        yield from _changes(audit)
    yield from _remarks(audit)
    yield from _rows(audit)
    yield from _without(audit)
    yield from _rest(audit)


def _front(audit: Audit) -> Iterator[Block]:

    yield Paragraph(runs(strong(audit.headline)), "lead")
    facts = audit.facts
    words = [
        plural(facts[name], one, many)
        for name, one, many in (
            ("comparisons", "comparison", "comparisons"),
            ("outcomes", "outcome", "outcomes"),
            ("studies", "study", "studies"),
            ("data_rows", "row of data", "rows of data"),
        )
        if name in facts
    ]
    made = f" Made by {audit.program}." if audit.program else ""
    yield Paragraph(runs(f"{audit.source}: {', '.join(words)}.{made}" if words else audit.source))
    if audit.results:
        digits = max(2, -math.floor(math.log10(100 * audit.tolerance)))
        share = format_percent(100 * audit.tolerance, digits)
        yield Paragraph(
            runs(
                "Every pooled result that is stored was computed anew from the data of the "
                f"studies. A number counts as equal when it differs by at most {share} of the "
                "stored one."
            )
        )
    for problem in audit.problems:
        yield Note("Cannot be read", runs(str(problem)), "warning")


def _name(result: AuditedResult) -> str:
    if not result.outcome_number:
        return result.outcome
    number = f"{result.comparison_number}.{result.outcome_number}"
    if result.subgroup is not None:
        return f"{number}.{result.subgroup_number} {result.subgroup}"
    return f"{number} {result.outcome}"


def _effect(numbers: object, digits: int = 2) -> str:
    values = numbers if isinstance(numbers, dict) else {}
    if not math.isfinite(values.get("estimate", math.nan)):
        return ""
    return (
        f"{format_number(values['estimate'], digits)} "
        f"[{format_ci(values['ci_lower'], values['ci_upper'], digits)}]"
    )


def _digits(result: AuditedResult) -> int:
    """Return the decimals that an effect needs: more where its limits are near to each other."""
    low, high = (result.stored.get(name, math.nan) for name in ("ci_lower", "ci_upper"))
    width = high - low
    if not math.isfinite(width) or width <= 0:
        return 2
    return min(6, max(1 if width > 40 else 2, 1 - math.floor(math.log10(width))))


def _differences(audit: Audit) -> Iterator[Block]:

    yield Heading(1, "Results that differ", "differ")
    apart = [result for result in audit.results if result.verdict != "equal"]
    if not apart:
        yield Paragraph(runs("None: every stored result was found again."))
        return
    rows = []
    for result in apart:
        rows.append(Row((runs(strong(_name(result)), f" · {result.comparison}"),), "group"))
        if result.verdict == "not computable":
            rows.append(Row((runs(f"Not computable: {result.reason}"),), "note"))
            continue
        for name, difference in result.differences.items():
            if difference <= audit.tolerance:
                continue
            digits = DIGITS.get(name, 3)
            share = format_percent(100 * difference, 2) if math.isfinite(difference) else "∞"
            rows.append(
                Row(
                    cells(
                        FIELDS[name],
                        format_number(result.stored[name], digits),
                        format_number(result.computed[name], digits),
                        share,
                    )
                )
            )
        rows += [Row((runs(f"Note: {note}"),), "note") for note in result.notes]
    yield Table(
        "table-differ",
        "Stored results that are not what the data give.",
        (
            Column("Number", share=2),
            Column("Stored", "right"),
            Column("Computed", "right"),
            Column("Difference", "right"),
        ),
        tuple(rows),
    )


def _all_results(audit: Audit) -> Iterator[Block]:

    yield Heading(1, "All results", "all")
    rows = []
    before = ""
    for result in audit.results[:MOST_ROWS]:
        if result.comparison != before:
            before = result.comparison
            rows.append(Row((runs(strong(before or "Comparison")),), "group"))
        digits = _digits(result)
        worst = result.relative_difference
        rows.append(
            Row(
                cells(
                    _name(result) if result.level != "test" else f"{_name(result)}: subgroup test",
                    ", ".join(
                        word for word in (result.measure, result.method, result.model) if word
                    ),
                    str(result.k),
                    _effect(dict(result.stored), digits),
                    _effect(dict(result.computed), digits),
                    _small(worst),
                    strong(result.verdict) if result.verdict != "equal" else result.verdict,
                )
            )
        )
    yield Table(
        "table-results",
        "Stored and computed effects with limits; the largest relative difference of any number "
        "beside them (Z, P, Q, I², tau², weight, test between subgroups).",
        (
            Column("Outcome or subgroup", share=3),
            Column("Analysis", share=1.4),
            Column("k", "right"),
            Column("Stored", "right", share=1.6),
            Column("Computed", "right", share=1.6),
            Column("Difference", "right"),
            Column("Verdict"),
        ),
        tuple(rows),
        footnotes=_cut(len(audit.results)),
    )


def _small(value: float) -> str:
    """Return a relative difference in percent, small ones as a power of ten."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    if value < 1e-12:
        return "0"
    if value >= 0.001:
        return format_percent(100 * value, 2)
    power = math.floor(math.log10(value))
    if round(value / 10.0**power) == 10:
        power += 1
    signs = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return f"{format_number(value / 10.0**power, 0)}·10{str(power).translate(signs)}"


def _cut(total: int) -> tuple[Runs, ...]:

    if total <= MOST_ROWS:
        return ()
    return (runs(f"The first {MOST_ROWS} of {format_count(total)}; the JSON has all."),)


def _changes(audit: Audit) -> Iterator[Block]:

    with_current = [result for result in audit.results if result.current is not None]
    if not with_current:
        return
    yield Heading(1, "What current methods would change", "current")
    changed = [result for result in with_current if result.current and result.current.changes]
    pooled = [result for result in with_current if result.current and result.current.k > 1]
    yield Paragraph(
        runs(
            "The same data pooled with random effects, tau² by restricted maximum likelihood, "
            "the interval of Hartung and Knapp (with the safeguard that it is not narrower than "
            "the usual one), and a prediction interval: what the Cochrane Handbook recommends and "
            f"RevMan Web does. Of {plural(len(pooled), 'result')} with two studies or more a "
            f"reader would see {plural(len(changed), 'one', 'some').split()[0]} otherwise."
        )
    )
    if not changed:
        return
    rows = []
    before = ""
    for result in changed[:MOST_ROWS]:
        current = result.current
        if current is None:
            continue
        if result.comparison != before:
            before = result.comparison
            rows.append(Row((runs(strong(before or "Comparison")),), "group"))
        digits = _digits(result)
        now = {
            "estimate": current.estimate,
            "ci_lower": current.ci_lower,
            "ci_upper": current.ci_upper,
        }
        prediction = (
            format_ci(current.prediction_lower, current.prediction_upper, digits, " to ")
            if math.isfinite(current.prediction_lower)
            else "–"
        )
        rows.append(
            Row(
                cells(
                    _name(result),
                    str(current.k),
                    _effect(dict(result.stored), digits),
                    format_p(result.stored.get("p", math.nan)),
                    _effect(now, digits),
                    format_p(current.p),
                    prediction,
                    "; ".join(current.changes),
                )
            )
        )
    yield Table(
        "table-current",
        "Results that read otherwise under current methods.",
        (
            Column("Outcome or subgroup", share=2.6),
            Column("k", "right"),
            Column("Effect", "right", "Stored", share=1.6),
            Column("P", "right", "Stored"),
            Column("Effect", "right", "Current methods", share=1.6),
            Column("P", "right", "Current methods"),
            Column("Prediction", "right", "Current methods", share=1.4),
            Column("What changes", share=3),
        ),
        tuple(rows),
    )


def _remarks(audit: Audit) -> Iterator[Block]:

    yield Heading(1, "Warnings about the data", "warnings")
    if not audit.remarks:
        yield Paragraph(runs("None of the checks found anything."))
        return
    yield Paragraph(
        runs(
            "A warning is a question, not a verdict: most have a harmless answer, which the "
            "authors know."
        )
    )
    groups: dict[str, list[Remark]] = defaultdict(list)
    for remark in audit.remarks:
        groups[remark.check].append(remark)
    rows = []
    for check, found in groups.items():
        rows.append(Row((runs(strong(check[0].upper() + check[1:])),), "group"))
        rows += [
            Row(
                cells(
                    SEVERITY[remark.severity],
                    remark.where or "All analyses",
                    remark.message + (f" {remark.hint}" if remark.hint else ""),
                )
            )
            for remark in found[:MOST_ROWS]
        ]
    counts = Counter(remark.severity for remark in audit.remarks)
    caption = ", ".join(
        plural(counts[severity], *words) for severity, words in COUNTED.items() if counts[severity]
    )
    yield Table(
        "table-warnings",
        f"What the checks of the data found: {caption}.",
        (Column("Severity", share=1), Column("Where", share=2.4), Column("What", share=6)),
        tuple(rows),
    )


def _rows(audit: Audit) -> Iterator[Block]:

    if not audit.rows_compared:
        return
    yield Heading(1, "Rows of studies", "rows")
    if not audit.rows:
        yield Paragraph(
            runs(
                f"{plural(audit.rows_compared, 'row')} computed anew: every effect, limit, "
                "standard error and weight is what the data give."
            )
        )
        return
    yield Table(
        "table-rows",
        f"Stored numbers of single rows that are not what their data give, of "
        f"{plural(audit.rows_compared, 'row')}.",
        (
            Column("Study", share=2),
            Column("Analysis"),
            Column("Line", "right"),
            Column("Number"),
            Column("Stored", "right"),
            Column("Computed", "right"),
        ),
        tuple(
            Row(
                cells(
                    row.study,
                    row.id,
                    str(row.line),
                    row.what,
                    format_number(row.stored, 3),
                    format_number(row.computed, 3),
                )
            )
            for row in audit.rows[:MOST_ROWS]
        ),
        footnotes=_cut(len(audit.rows)),
    )


def _without(audit: Audit) -> Iterator[Block]:

    if not audit.without_result:
        return
    yield Heading(1, "Places without a result", "without")
    yield Table(
        "table-without",
        "Outcomes and subgroups for which no pooled effect is stored, and what the data give.",
        (
            Column("Outcome or subgroup", share=3),
            Column("Stored", share=1),
            Column("The data give", share=3),
        ),
        tuple(
            Row(
                cells(
                    f"{item.id} {item.subgroup or item.outcome}",
                    item.stored,
                    item.reason
                    or f"{format_number(item.estimate, 2)} "
                    f"[{format_ci(item.ci_lower, item.ci_upper, 2)}]",
                )
            )
            for item in audit.without_result[:MOST_ROWS]
        ),
    )


def _rest(audit: Audit) -> Iterator[Block]:

    if not audit.not_read:
        return
    yield Heading(1, "What the file holds besides", "not-read")
    places = _grouped(audit.not_read)
    yield Paragraph(
        runs(
            "The audit reads the analyses, the list of studies, risk of bias and the summary of "
            "findings. Nothing else was looked at; it is listed, so that nothing is lost unseen."
        )
    )
    yield Table(
        "table-not-read",
        "Places of the file that were not read.",
        (Column("Place", share=4), Column("Times", "right"), Column("Characters", "right")),
        tuple(
            Row(cells(code(path), format_count(count), format_count(size)))
            for path, count, size in places[:MOST_ROWS]
        ),
        footnotes=_cut(len(places)),
    )


def _grouped(items: Sequence[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Join the attributes and the parts below the third level of each place."""
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for path, count, size in items:
        short = "/".join(path.split("/")[1:4]) or path
        counts[short] += count
        sizes[short] += size
    return [(path, counts[path], sizes[path]) for path in sorted(counts)]
