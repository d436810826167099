"""A small review whose rating was made for another result, and results to rate."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "data" / "certainty" / "stale-rating"


@pytest.fixture
def stale(tmp_path: Path) -> Path:
    """The folder with the stale rating, to be changed at will."""
    target = tmp_path / "review"
    shutil.copytree(FOLDER, target)
    return target


@pytest.fixture
def edit(stale: Path) -> Callable[[str, str, str], None]:
    """Replaces a text in a file of the folder; the text must be there."""

    def replace(name: str, old: str, new: str) -> None:
        path = stale / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return replace
