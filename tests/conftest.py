"""What all tests share: one thread for linear algebra, no screen, repeatable examples."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Before numpy is loaded: the matrices are small, and the tests run side by side.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ["MPLBACKEND"] = "Agg"

import pytest
from hypothesis import HealthCheck, settings

# The same examples on each run and machine; a slow machine is no failure.
settings.register_profile(
    "evisynth",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("evisynth")

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"


def copy_review(source: Path, target: Path) -> Path:
    """Copy the input of a review, without what was built."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("out", ".evisynth"))
    return target


@pytest.fixture
def cancer(tmp_path: Path) -> Path:
    """A copy of the example on digital interventions in cancer."""
    return copy_review(EXAMPLES / "digital-interventions-cancer", tmp_path / "cancer")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A new review, as `evisynth new` makes it."""
    from evisynth.actions import new_review

    return new_review(tmp_path / "small", title="Small review").folder
