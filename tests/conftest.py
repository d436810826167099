"""What all tests share: one thread for linear algebra, no screen, repeatable examples."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

# Before numpy is loaded: the matrices are small, and the tests run side by side.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ["MPLBACKEND"] = "Agg"

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

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


@pytest.fixture(scope="session")
def copy_example() -> Callable[[str, Path], Path]:
    """Copies the input of an example, without what was built: (name, target) to the target."""

    def copy(name: str, target: Path) -> Path:
        source = EXAMPLES / name
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("out", ".evisynth"))
        return target

    return copy


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A new review, as `evisynth new` makes it."""
    from evisynth.actions import new_review

    return new_review(tmp_path / "small", title="Small review").folder
