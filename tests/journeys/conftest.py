"""The example, built once for all journeys that only look at what came out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evisynth.cli import run_command


@pytest.fixture(scope="session")
def built_cancer(
    tmp_path_factory: pytest.TempPathFactory, copy_example: Callable[[str, Path], Path]
) -> Path:
    """A copy of the example on cancer with its out/; nobody changes it."""
    place = tmp_path_factory.mktemp("built")
    folder = copy_example("digital-interventions-cancer", place / "digital-interventions-cancer")
    assert run_command(["run", str(folder), "--quiet"]) == 0
    return folder
