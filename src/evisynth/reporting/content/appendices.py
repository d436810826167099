"""What stands at the end: strategies, excluded reports, outcome data, software, references."""

from __future__ import annotations

import platform
from importlib import metadata

from evisynth import __version__
from evisynth.display import format_number
from evisynth.extraction import OutcomeRow
from evisynth.reporting.blocks import (
    Block,
    BulletList,
    Column,
    Paragraph,
    References,
    Row,
    Runs,
    Table,
    cells,
    code,
    link,
    runs,
    strong,
)
from evisynth.reporting.content.ai_use import ai_use
from evisynth.reporting.content.context import (
    Context,
    heading,
    paragraph,
    record_citation,
    sentence,
)
from evisynth.reporting.content.strategies import search_strategies
from evisynth.reporting.content.words import are, studies, upper_first

__all__ = ["appendices", "software_versions"]


def software_versions() -> tuple[tuple[str, str], ...]:
    """Return the software that the numbers come from, with versions."""
    return (
        ("evisynth", __version__),
        ("Python", platform.python_version()),
        ("numpy", metadata.version("numpy")),
        ("scipy", metadata.version("scipy")),
    )


def _statements(context: Context) -> list[Block]:
    review = context.review
    return [
        heading(1, "Statements"),
        BulletList(
            (
                runs(strong("Funding: "), sentence(review.funding) or "Not stated."),
                runs(
                    strong("Conflicts of interest: "),
                    sentence(review.conflicts_of_interest) or "Not stated.",
                ),
            )
        ),
        *ai_use(context),
    ]


def _records_table(table_id: str, caption: str, rows: list[Row]) -> Table:
    return Table(
        id=table_id,
        caption=caption,
        columns=(Column("Report", share=2.6), Column("Reason", share=1.0)),
        rows=tuple(rows),
    )


def _excluded(context: Context) -> list[Block]:
    review = context.review
    words = {stage.name: stage.reasons for stage in review.protocol.stages}
    by_id = {record.id: record for record in review.records}
    excluded = []
    for (record_id, stage), state in sorted(review.states.items()):
        if stage == "full_text" and state.status == "excluded" and record_id in by_id:
            reason = words.get("full_text", {}).get(state.reason, state.reason)
            excluded.append(
                Row((_report(context, record_id), runs(upper_first(reason) or "not stated")))
            )
    missing = [
        Row((_report(context, entry.record), runs(upper_first(entry.reason) or "not retrieved")))
        for entry in sorted(review.retrievals, key=lambda entry: entry.record)
        if entry.status == "not_retrieved" and entry.record in by_id
    ]
    blocks: list[Block] = [heading(2, "Reports excluded and not retrieved", "excluded-reports")]
    if excluded:
        blocks.append(
            _records_table(
                "tab-excluded",
                "Reports excluded on the full text, with the main reason",
                excluded,
            )
        )
    if missing:
        blocks.append(_records_table("tab-missing", "Reports sought and not retrieved", missing))
    if not excluded and not missing:
        blocks.append(paragraph("No report was excluded on its full text."))
    return blocks


def _report(context: Context, record_id: str) -> Runs:
    record = next(item for item in context.review.records if item.id == record_id)
    text = record_citation(record)
    if record.doi:
        return runs(text, " ", link(f"doi:{record.doi}", f"https://doi.org/{record.doi}"))
    if record.pmid:
        address = f"https://pubmed.ncbi.nlm.nih.gov/{record.pmid}/"
        return runs(text, " ", link(f"PMID {record.pmid}", address))
    return runs(text)


def _numbers(row: OutcomeRow) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in row.values.items())


def _plain(value: float) -> str:
    """Show an extracted number with the decimals that it has, at most four."""
    for digits in range(5):
        if abs(value - round(value, digits)) < 1e-12:
            return format_number(value, digits)
    return format_number(value, 4)


def _outcome_data(context: Context) -> list[Block]:
    rows = context.review.outcome_rows
    if not rows:
        return []
    body: list[Row] = []
    for outcome in dict.fromkeys(row.outcome for row in rows):
        body.append(Row((runs(context.outcome_label(outcome)),), "group"))
        for row in rows:
            if row.outcome == outcome:
                where = f"{row.file}, line {row.line}" if row.file else ""
                body.append(
                    Row(
                        cells(
                            row.study,
                            row.format or row.kind,
                            " · ".join(part for part in (row.instrument, row.timepoint) if part),
                            _numbers(row),
                            _source(row.source, where),
                        )
                    )
                )
    return [
        heading(2, "Outcome data as extracted", "outcome-data"),
        Table(
            id="tab-outcome-data",
            caption="Outcome data, and where each number comes from",
            columns=(
                Column("Study", share=1.0),
                Column("Form", share=0.9),
                Column("Instrument, time point", share=1.5),
                Column("Numbers (arm 1 is the intervention)", share=2.6),
                Column("Source", share=1.8),
            ),
            rows=tuple(body),
            wide=True,
        ),
    ]


def _source(source: str, where: str) -> Runs:
    shown = link(source, source) if source.startswith(("https://", "http://")) else source
    return runs(shown, " " if source and where else "", f"({where})" if where else "")


def _included(context: Context) -> list[Block]:
    by_id = {record.id: record for record in context.review.records}
    items = []
    for study in context.review.studies:
        reports = [_report(context, report) for report in study.reports if report in by_id]
        if not reports:
            continue
        text = runs(strong(f"{study.id}: "))
        for place, report in enumerate(reports):
            text = runs(text, " " if place else "", report)
        items.append(text)
    if not items:
        return []
    return [
        heading(2, "Reports of the included studies", "included-reports"),
        BulletList(tuple(items)),
    ]


def _software(context: Context) -> list[Block]:
    versions = ", ".join(f"{name} {version}" for name, version in software_versions())
    review = context.review
    count = len(review.studies)
    return [
        heading(2, "Data, software and versions", "software"),
        Paragraph(
            runs(
                "All numbers of the text, tables and figures were computed from the files of the "
                f"review ({studies(count)} {are(count)} in them) with {versions}. They are also "
                "in ",
                code("results.json"),
                " and, as tables with full precision, in ",
                code("tables/"),
                ".",
            )
        ),
        Paragraph(
            runs("Fingerprint of the input files (SHA-256): ", code(review.fingerprint or "–"), ".")
        ),
    ]


def appendices(context: Context) -> list[Block]:
    """Return statements, appendices and the list of references."""
    return [
        *_statements(context),
        heading(1, "Appendices"),
        *search_strategies(context),
        *_included(context),
        *_excluded(context),
        *_outcome_data(context),
        *_software(context),
        heading(1, "References"),
        References(),
    ]
