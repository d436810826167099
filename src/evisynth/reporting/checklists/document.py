"""Filled check lists as a document, to be handed to a journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evisynth.display import plural
from evisynth.reporting.assembly import assemble
from evisynth.reporting.blocks import (
    Block,
    Column,
    Paragraph,
    ReviewDocument,
    Row,
    Run,
    Runs,
    Table,
    cells,
    link,
    runs,
    strong,
)
from evisynth.reporting.checklists.filling import FilledChecklist, FilledItem
from evisynth.reporting.content.context import heading

__all__ = ["checklists_document"]

STATUS_WORDS = {
    "reported": "Reported",
    "partly": "In part",
    "to do": "To do",
    "not applicable": "Not applicable",
}


def checklists_document(
    filled: Sequence[FilledChecklist], document: ReviewDocument, *, href: str = "review.html"
) -> ReviewDocument:
    """Write filled check lists as a document of their own.

    Parameters
    ----------
    filled
        The check lists, in the order wanted.
    document
        The document that they belong to, for its title and properties.
    href
        Address of that document, for links to its sections; ``""`` for none.

    Returns
    -------
    ReviewDocument
    """
    title = f"Reporting check lists: {document.meta.short_title or document.title}"
    blocks: list[Block] = [Paragraph(runs(document.title), role="lead")]
    for made in filled:
        blocks += _part(made, href)
    meta = replace(document.meta, title=title, subject="Reporting check lists")
    return assemble(meta, blocks, {})


def _part(made: FilledChecklist, href: str) -> list[Block]:
    head = made.checklist
    doi = f"https://doi.org/{head.doi}"
    todo = made.count("to do") + made.count("partly")
    said = (
        f"{plural(todo, 'item')} of {len(made.items)} {'needs' if todo == 1 else 'need'} work."
        if todo
        else "Every item is reported."
    )
    rows: list[Row] = []
    section = ""
    for item in made.items:
        if item.item.section != section:
            section = item.item.section
            rows.append(Row((runs(section),), kind="group"))
        rows.append(_row(item, href))
    return [
        heading(1, head.name, head.id),
        Paragraph(
            runs(
                f"{said} The items are worded afresh; the official text is at ",
                link(head.link, head.link),
                ".",
            )
        ),
        Table(
            id=f"tab-{head.id}",
            caption=head.title,
            columns=(
                Column("Item", share=0.06),
                Column("Topic", share=0.17),
                Column("What is asked for", share=0.29),
                Column("Status", share=0.09),
                Column("Where, or what is to do", share=0.39),
            ),
            rows=tuple(rows),
            footnotes=(runs("Source: ", head.citation, " ", link(f"doi:{head.doi}", doi)),),
        ),
    ]


def _row(made: FilledItem, href: str) -> Row:
    status: Runs = runs(STATUS_WORDS[made.status])
    if made.status in ("to do", "partly"):
        status = runs(strong(STATUS_WORDS[made.status]))
    where: list[str | Run] = []
    for anchor, words in made.places:
        if where:
            where.append("; ")
        where.append(link(words, f"{href}#{anchor}") if href and anchor != "title" else words)
    if made.pages:
        label = "page" if len(made.pages) == 1 else "pages"
        where.append(f" ({label} {', '.join(map(str, made.pages))})")
    if made.missing:
        lead = ". " if where else ""
        where.append(f"{lead}{made.missing[0].upper()}{made.missing[1:]}.")
    return Row(cells(made.item.id, made.item.topic, made.item.asks, status, runs(*where)))
