"""Strategies with lines are printed line by line, with PRISMA-S and peer review."""

from dataclasses import replace
from pathlib import Path

from evisynth.errors import Problem
from evisynth.reporting.blocks import Preformatted, Table, plain
from evisynth.reporting.content.context import Context
from evisynth.reporting.content.strategies import search_strategies
from evisynth.review import Review
from evisynth.review.strategies import read_strategies
from evisynth.searches import (
    Strategy,
    StrategyLine,
    press_form,
    review_strategy,
    start_strategy,
    write_strategy,
)


def strategy() -> Strategy:
    lines = [StrategyLine(1, "exp Depression/", 120345), StrategyLine(2, "1 and prevent*.ti.", 99)]
    return review_strategy(
        start_strategy("MEDLINE", "Ovid", lines), press_form("A. B.", "2026-01-10")
    )


def test_lines_prisma_s_and_press_stand_in_the_appendix(review: Review) -> None:
    source = review.sources[0]
    told = replace(review, strategies={source.id: strategy()})
    tables = [block for block in search_strategies(Context(told, ())) if isinstance(block, Table)]
    assert [table.id for table in tables] == [
        f"tab-strategy-{source.id}",
        "tab-prisma-s",
        "tab-press",
    ]
    assert [plain(cell) for cell in tables[0].rows[0].cells] == ["1", "exp Depression/", "120,345"]
    assert len(tables[1].rows) == 16
    assert len(tables[2].rows) == 6
    plain_text = search_strategies(Context(replace(review, strategies={}), ()))
    assert any(isinstance(block, Preformatted) for block in plain_text)


def test_a_strategy_is_read_from_its_folder_and_a_changed_line_is_told(tmp_path: Path) -> None:
    write_strategy(strategy(), tmp_path / "searches" / "medline")
    problems: list[Problem] = []
    assert read_strategies(tmp_path, problems) == {"medline": strategy()}
    assert problems == []
    query = tmp_path / "searches" / "medline" / "query.txt"
    query.write_text(query.read_text(encoding="utf-8").replace("Depression", "Anxiety"), "utf-8")
    assert read_strategies(tmp_path, problems) == {}
    assert problems[0].where == "searches/medline/query.txt"
