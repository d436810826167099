"""The search strategies as they were run, PRISMA-S, and peer review, for the appendix."""

from __future__ import annotations

from evisynth.records import SearchSource
from evisynth.reporting.blocks import (
    Block,
    Column,
    Paragraph,
    Preformatted,
    Row,
    Table,
    cells,
    runs,
    see,
)
from evisynth.reporting.content.context import Context, date_words, heading, paragraph
from evisynth.searches import Strategy, press_rows, prisma_s_rows, strategy_rows

__all__ = ["search_strategies"]


def search_strategies(context: Context) -> list[Block]:
    """Return each strategy line by line or as text, and what PRISMA-S asks for."""
    blocks: list[Block] = [heading(2, "Search strategies", "search-strategies")]
    searched = [source for source in context.review.sources if source.searched]
    if not searched:
        return [*blocks, paragraph("No strategy is recorded.")]
    strategies = context.review.strategies
    without = []
    for source in searched:
        strategy = strategies.get(source.id)
        if strategy is not None and strategy.lines:
            blocks.append(_lines(source, strategy))
        elif source.query.strip():
            blocks.append(Preformatted(source.query.strip("\n"), _label(source)))
        else:
            without.append(source.name)
    if without:
        blocks.append(
            Paragraph(
                runs(
                    f"No strategy is recorded for {_named(without)}; ",
                    see("tab-sources"),
                    " says what is known of each.",
                )
            )
        )
    if strategies:
        blocks += _reported(tuple(strategies.values()))
    return blocks


def _label(source: SearchSource) -> str:
    facts = [f"searched {date_words(source.date)}" if source.date else "", source.platform]
    extra = ", ".join(fact for fact in facts if fact)
    return f"{source.name} ({extra})" if extra else source.name


def _lines(source: SearchSource, strategy: Strategy) -> Table:
    """Return the lines of a strategy with their hits."""
    rows = strategy_rows(strategy)
    columns = [Column("Line", share=0.3), Column("Search", share=4.0), Column("Hits", "right")]
    names = ["line", "text", "hits"]
    for name, title in (("concept", "Concept"), ("comment", "Note")):
        if any(row[name] for row in rows):
            columns.append(Column(title, share=1.0))
            names.append(name)
    return Table(
        id=f"tab-strategy-{source.id}",
        caption=f"Search strategy: {_label(source)}",
        columns=tuple(columns),
        rows=tuple(Row(cells(*(row[name] for name in names))) for row in rows),
    )


def _reported(strategies: tuple[Strategy, ...]) -> list[Block]:
    """Return the items of PRISMA-S, and the peer review of the strategies where there is one."""
    blocks: list[Block] = [
        Table(
            id="tab-prisma-s",
            caption="What PRISMA-S asks to be reported of the searches",
            columns=(
                Column("Item", share=0.3),
                Column("Asked", share=1.4),
                Column("Reported", share=3.0),
            ),
            rows=tuple(
                Row(cells(row["item"], row["name"], row["text"]))
                for row in prisma_s_rows(strategies)
            ),
            footnotes=(runs("PRISMA-S: Rethlefsen et al. 2021, doi:10.1186/s13643-020-01542-z."),),
        )
    ]
    reviewed = [
        Row(cells(strategy.database, row["element"], row["verdict"], row["comment"]))
        for strategy in strategies
        for row in press_rows(strategy)
    ]
    if reviewed:
        blocks.append(
            Table(
                id="tab-press",
                caption="Peer review of the search strategies (PRESS 2015)",
                columns=(
                    Column("Strategy", share=0.8),
                    Column("Element", share=1.4),
                    Column("Verdict", share=0.8),
                    Column("Comment", share=2.0),
                ),
                rows=tuple(reviewed),
            )
        )
    return blocks


def _named(names: list[str]) -> str:
    """Name a few sources, or count many."""
    return "; ".join(names) if len(names) <= 4 else f"{len(names)} sources"
