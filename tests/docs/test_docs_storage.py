"""The table of kinds in docs/storage.md is that of the program."""

from __future__ import annotations

from pathlib import Path

from evisynth.review import KINDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "storage.md").read_text(encoding="utf-8")


def row(name: str) -> str:
    kind = KINDS[name]
    keys = ", ".join(made.name for made in kind.key)
    where = f"`{kind.file}`" if kind.file else "history only" if kind.kept else "not kept"
    return f"| `{name}`: {kind.title} | {keys} | {where} |"


def test_every_kind_has_its_row() -> None:
    assert [line for line in PAGE.splitlines() if line.startswith("| `")] == [
        row(name) for name in KINDS
    ]
