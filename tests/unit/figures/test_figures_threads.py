"""Several people draw at once on a server: each gets what one alone gets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from evisynth.figures import draw, fonts
from evisynth.figures.scene import Scene, Text

WORDS = ["Standardized mean difference", "Überprüfung τ² ≥ 0", "Risk of bias", "Kim 2018", "WAVE"]


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Threads take turns after a microsecond instead of five milliseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def forget() -> None:
    for each in (fonts._shaped, fonts._kern, fonts._font, fonts._characters):
        each.cache_clear()


def drawn(word: str) -> bytes:
    page = Scene(200, 50, (Text(10, 20, word, 9),))
    return draw.png(page, word, word, 72)


def test_letters_are_measured_and_drawn_for_several_at_once() -> None:
    forget()
    alone = [(fonts.width(word, 9, "normal"), drawn(word)) for word in WORDS]
    for _ in range(3):
        forget()
        with ThreadPoolExecutor(8) as pool:
            wide = list(pool.map(lambda word: fonts.width(word, 9, "normal"), WORDS * 20))
            pictures = list(pool.map(drawn, WORDS * 2))
        assert wide == [width for width, _ in alone] * 20
        assert pictures == [picture for _, picture in alone] * 2
