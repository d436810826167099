"""Results to draw: made by the real fit, from data that a seed gives."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.figures import Figure
from evisynth.figures.check import outside, overlaps
from evisynth.synthesis import PooledFit


def trials(k: int, names: Sequence[str] | None = None, seed: int = 1) -> pd.DataFrame:
    """Arm means of k studies, with a level for a subgroup and a year."""
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "study": list(names) if names else [f"Study {number + 1}" for number in range(k)],
            "n1": draw.integers(15, 300, k),
            "mean1": draw.normal(20, 1.2, k).round(2),
            "sd1": draw.uniform(3, 6, k).round(2),
            "n2": draw.integers(15, 300, k),
            "mean2": draw.normal(21, 1.2, k).round(2),
            "sd2": draw.uniform(3, 6, k).round(2),
            "year": draw.integers(1999, 2025, k),
            "group": [("short", "long", "other")[number % 3] for number in range(k)],
        }
    )


@pytest.fixture
def make_fit() -> Callable[..., PooledFit]:
    """Make a fit of k studies."""

    def make(
        k: int, names: Sequence[str] | None = None, measure: str = "SMD", **how: Any
    ) -> PooledFit:
        return es.pool(es.effects(trials(k, names), measure=measure), **how)

    return make


@pytest.fixture
def assert_clean() -> Callable[[Figure], None]:
    """Check that nothing leaves a page and no texts lie over each other."""

    def check(figure: Figure) -> None:
        for page in figure.pages:
            assert outside(page) == []
            assert [(a.text, b.text) for a, b in overlaps(page)] == []

    return check


@pytest.fixture
def texts() -> Callable[[Figure], list[str]]:
    """Give all texts of a figure, in drawing order."""
    return lambda figure: [text.text for page in figure.pages for text in page.texts]
