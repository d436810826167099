"""Bars of counts."""

from __future__ import annotations

import pytest

from evisynth.errors import DataError, OptionError
from evisynth.figures import Figure
from evisynth.figures.bars import count_bars, field_bars
from evisynth.figures.check import outside, overlaps
from evisynth.figures.scene import Rect
from evisynth.studies import Field, Study

CONTINENT = Field("continent", "Continent", "category", ("Asia", "Europe", "Africa"))
TYPES = Field("types", "Type", "categories", ("education", "exercise"), unknown="not coded")


def study(name: str, continent: str | None, types: tuple[str, ...] | None) -> Study:
    return Study(name, (), {"continent": continent, "types": types})


STUDIES = (
    study("A", "Asia", ("education", "exercise")),
    study("B", "Asia", ("education",)),
    study("C", "Europe", None),
    study("D", None, ()),
)


def check(figure: Figure) -> list[str]:
    (page,) = figure.pages
    assert overlaps(page) == []
    assert outside(page) == []
    return [text.text for text in page.texts]


def test_an_exclusive_characteristic() -> None:
    figure = field_bars(STUDIES, CONTINENT, noun=("trial", "trials"))
    words = check(figure)
    assert "Continent (4 trials)" in words
    assert words.count("1 of 4 (25%)") == 2
    assert "2 of 4 (50%)" in words
    assert "0 of 4 (0%)" in words
    assert figure.alt_text == "Continent, 4 trials: Asia 2, Europe 1, Africa 0, Not stated 1."
    bars = [item for item in figure.pages[0].items if isinstance(item, Rect)]
    assert bars[0].width == pytest.approx(2 * bars[1].width)
    assert bars[-1].fill == "#ffffff"  # not known: hollow


def test_a_characteristic_that_is_not_exclusive() -> None:
    figure = field_bars(STUDIES, TYPES)
    words = check(figure)
    assert "A study may count in several rows." in words
    counts = {row["kind"]: row["count"] for row in figure.data}
    assert counts == {"Education": 2, "Exercise": 1, "Not coded": 2}
    assert [row["known"] for row in figure.data] == [True, True, False]
    assert figure.description.endswith("A study may count in several rows.")


def test_levels_that_the_plan_does_not_name_are_counted() -> None:
    field = Field("continent", "Continent", "category")
    figure = field_bars(STUDIES, field, title="Where")
    assert [row["kind"] for row in figure.data] == ["Asia", "Europe", "Not stated"]
    assert figure.title == "Where"


@pytest.mark.parametrize("count", [0, 1, 30])
def test_nothing_overlaps(count: int) -> None:
    kinds = [
        (f"Kind {n} with a name that is long enough to be wrapped twice", n) for n in range(count)
    ]
    check(count_bars(kinds, total=1000, title="A long title " * 12, unknown=999, exclusive=False))


def test_no_study_at_all() -> None:
    assert "No study to count" in check(count_bars([], total=0, title="Continent"))
    assert check(field_bars((), CONTINENT))


def test_what_cannot_be() -> None:
    with pytest.raises(DataError, match="'Asia' has 5 of 4"):
        count_bars([("Asia", 5)], total=4, title="Continent")
    with pytest.raises(DataError, match="add up to 3, not to 4"):
        count_bars([("Asia", 3)], total=4, title="Continent")
    with pytest.raises(OptionError, match="type of field year: 'number'"):
        field_bars(STUDIES, Field("year", "Year", "number"))
