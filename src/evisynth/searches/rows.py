"""Strategies and PRISMA-S as rows of tables, for the document."""

from __future__ import annotations

from collections.abc import Iterable

from evisynth.display import DASH, format_count
from evisynth.searches.press import PRESS_ELEMENTS
from evisynth.searches.prisma_s import prisma_s
from evisynth.searches.strategy import PrismaFacts, Strategy

__all__ = ["press_rows", "prisma_s_rows", "strategy_rows"]


def strategy_rows(strategy: Strategy) -> list[dict[str, str]]:
    """Return the current lines of a strategy as rows: number, concept, text, hits, date, comment.

    Parameters
    ----------
    strategy
        The strategy; without lines there are no rows.

    Examples
    --------
    >>> from evisynth.searches.strategy import StrategyLine, start_strategy
    >>> made = start_strategy("MEDLINE", "Ovid", [StrategyLine(1, "gait.ti.", 1204)])
    >>> strategy_rows(made)[0]["hits"]
    '1,204'
    """
    return [
        {
            "line": str(line.number),
            "concept": line.concept,
            "text": line.text,
            "hits": DASH if line.hits is None else format_count(line.hits),
            "date": line.date,
            "comment": line.comment,
        }
        for line in strategy.lines
    ]


def prisma_s_rows(
    strategies: Iterable[Strategy], facts: PrismaFacts | None = None
) -> list[dict[str, str]]:
    """Return the sixteen items as rows: item, name, status, text.

    Examples
    --------
    >>> from evisynth.searches.strategy import start_strategy
    >>> rows = prisma_s_rows([start_strategy("MEDLINE", "Ovid")])
    >>> rows[7]["status"], rows[7]["text"]
    ('missing', 'Missing: the lines of the search of MEDLINE (Ovid)')
    """
    rows = []
    for item in prisma_s(strategies, facts).items:
        text = item.text
        if item.missing:
            text = f"{text} Missing: {item.missing}".strip()
        rows.append(
            {
                "item": str(item.number),
                "name": item.name,
                "status": "complete" if item.complete else "missing",
                "text": text,
            }
        )
    return rows


def press_rows(strategy: Strategy) -> list[dict[str, str]]:
    """Return the peer reviews of all versions as rows, one for each of the six elements.

    Examples
    --------
    >>> from evisynth.searches.press import press_form
    >>> from evisynth.searches.strategy import review_strategy, start_strategy
    >>> made = start_strategy("MEDLINE", "Ovid", ["gait.ti."])
    >>> rows = press_rows(review_strategy(made, press_form("A. B.", "2026-01-10")))
    >>> len(rows), rows[0]["element"]
    (6, 'Translation of the research question')
    """
    return [
        {
            "version": str(number),
            "reviewer": review.reviewer,
            "date": review.date,
            "element": PRESS_ELEMENTS[answer.element],
            "verdict": answer.verdict,
            "comment": answer.comment,
        }
        for number, version in enumerate(strategy.versions, 1)
        for review in version.reviews
        for answer in review.answers
    ]
