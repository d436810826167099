"""Each function of metafor's is in the table of counterparts, and pinned where it has one."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import evisynth as es

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"

HEADING = "## metafor's functions and ours"

UNPINNED = {"figure", "R", "none"}
"""What stands in the column of grids where there are no numbers to compare."""

LEAST = 1500
"""The comparisons that the issue asks for, at the least."""

THROUGH = {
    **dict.fromkeys(("abt", "ahw", "arcsin", "irft", "logit", "pft"), "escalc"),
    "summary.escalc": "escalc",
    "confint.rma.mh": "rma.mh",
    "confint.rma.peto": "rma.peto",
    "AIC.rma": "fit.stats",
    "rstandard.rma.mh": "qqnorm",
}
"""Where a script reaches a function by another: the transformation inside a measure, limits that
are fields of a fit."""


class Row(NamedTuple):
    """One line of the table."""

    names: tuple[str, ...]
    ours: tuple[str, ...]
    grids: tuple[str, ...]
    kind: str


def read_table() -> list[Row]:
    """Return the lines of all tables under the heading."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = []
    for line in text.split(HEADING, 1)[1].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| `") or len(cells) != 4:
            continue
        quoted = [tuple(re.findall(r"`([^`]+)`", cell)) for cell in cells[:3]]
        rows.append(Row(quoted[0], quoted[1], quoted[2], cells[2].strip("*")))
    return rows


ROWS = read_table()
PINNED = [row for row in ROWS if row.kind not in UNPINNED]


@cache
def pinned(grid: str) -> dict[str, Any]:
    return dict(json.loads((FOLDER / f"{grid}.json").read_text(encoding="utf-8")))


@cache
def script(grid: str) -> str:
    """Return a grid's R script without comments."""
    return re.sub(r"#.*", "", (FOLDER / f"{grid}.R").read_text(encoding="utf-8"))


@cache
def readers(grid: str) -> str:
    """Return the tests that read a grid, as text (``reference`` is a fixture)."""
    marks = (f'"{grid}.json"', "reference.rows(" if grid == "reference" else f"/{grid}.json")
    texts = [
        path.read_text(encoding="utf-8")
        for path in sorted(Path(__file__).parent.glob("*.py"))
        if path != Path(__file__)
    ]
    return "\n".join(text for text in texts if any(mark in text for mark in marks))


def numbers_in(value: Any) -> int:
    """Count the numbers in a section, however deep."""
    if isinstance(value, dict):
        return sum(map(numbers_in, value.values()))
    if isinstance(value, list):
        return sum(map(numbers_in, value))
    return int(isinstance(value, (int, float)) and not isinstance(value, bool))


def callable_in_r(names: tuple[str, ...]) -> set[str]:
    """Return the names by which a script may call functions: methods by their generic too."""
    found = set(names)
    for name in names:
        parts = name.split(".")
        found |= {".".join(parts[:end]) for end in range(1, len(parts))}
        found |= {THROUGH[key] for key in (name, parts[-1]) if key in THROUGH}
    return found


def test_each_export_of_metafor_stands_once_in_the_table() -> None:
    exports = json.loads((FOLDER / "exports.json").read_text(encoding="utf-8"))
    assert exports["source"]["metafor"].startswith("3.8")
    assert len(exports["exports"]) == 213
    assert sorted(name for row in ROWS for name in row.names) == sorted(exports["exports"])


def test_lines_without_a_grid_say_why() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8").split(HEADING, 1)[1]
    for row in ROWS:
        if row.kind in UNPINNED:
            assert not row.grids + row.ours, row.names
            line = next(
                line for line in text.splitlines() if line.startswith(f"| `{row.names[0]}`")
            )
            assert len(line.strip("| ").split("|")[-1].strip()) > 5, line
        else:
            assert row.grids, row.names
            assert row.ours, row.names


@pytest.mark.parametrize("row", PINNED, ids=lambda row: row.names[0])
def test_a_counterpart_is_pinned_in_its_grids(row: Row) -> None:
    names = [name.removeprefix("es.") for name in row.ours]
    assert all(callable(getattr(es, name)) and name in es.__all__ for name in names), names
    sections = [grid.split(".") for grid in row.grids]
    for grid, section in sections:
        assert numbers_in(pinned(grid)[section]) > 0, (grid, section)
        assert re.search(rf"\b{section}\b", readers(grid)), f"no test reads {grid}.{section}"
        assert any(
            re.search(
                rf"(?<![\w.]){re.escape(called)}\b\s*(\(|\[|,|\)|$)", script(grid), re.MULTILINE
            )
            for called in callable_in_r(row.names)
        ), f"{grid}.R calls none of {row.names}"
    for name in names:
        assert any(re.search(rf"\b{name}\(", readers(grid)) for grid, _ in sections), (
            f"no test of {row.grids} calls {name}"
        )


def test_the_grids_hold_enough_numbers() -> None:
    sections = {grid for row in PINNED for grid in row.grids}
    counts = {name: numbers_in(pinned(name.split(".")[0])[name.split(".")[1]]) for name in sections}
    assert len(sections) >= 40
    assert sum(counts.values()) >= LEAST
    assert sum(counts.values()) > 300_000, "a grid has lost most of its numbers"
    assert min(counts.values()) > 10, counts


def test_each_grid_has_a_script_that_is_run_again_and_a_page() -> None:
    run = (FOLDER / "regenerate.sh").read_text(encoding="utf-8")
    pages = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md"))
    grids = sorted(path.stem for path in FOLDER.glob("*.json"))
    assert len(grids) >= 14
    for grid in grids:
        assert (FOLDER / f"{grid}.R").is_file()
        assert re.search(rf"\b{grid}\b", run), f"regenerate.sh does not run {grid}"
        assert f"`{grid}.json`" in pages, f"no page names {grid}.json"
