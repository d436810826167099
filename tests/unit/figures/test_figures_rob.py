"""Traffic light and summary: layout without overlap at every size, and the numbers in them."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import pytest

from evisynth.appraisal import (
    INSTRUMENTS,
    Assessment,
    PublishedJudgement,
    assess,
    read_assessments,
)
from evisynth.errors import DataError, OptionError, Problem
from evisynth.figures import Figure
from evisynth.figures.check import outside, overlaps
from evisynth.figures.risk_of_bias import SCHEMES, summary, traffic_light
from evisynth.figures.scene import Circle, Rect

DATA = Path(__file__).parents[2] / "data" / "rob"


def hedco(name: str, instrument: str) -> tuple[Assessment, ...]:
    path = DATA / f"hedco_depression_rob2_{name}.csv"
    with path.open(encoding="utf-8") as lines:
        studies = [row["study"] for row in csv.DictReader(lines)]
    problems: list[Problem] = []
    found = read_assessments(
        path, where=name, studies=studies, outcomes=(), problems=problems, instrument=instrument
    )
    assert not problems
    return found


@pytest.fixture(scope="module")
def parallel() -> tuple[Assessment, ...]:
    return hedco("parallel", "rob2-parallel-assignment")


@pytest.fixture(scope="module")
def cluster() -> tuple[Assessment, ...]:
    return hedco("cluster", "rob2-cluster")


def is_sound(figure: Figure) -> bool:
    for page in figure.pages:
        assert overlaps(page) == []
        assert outside(page) == []
    assert figure.alt_text
    assert figure.description
    return True


def words(figure: Figure) -> list[str]:
    return [text.text for page in figure.pages for text in page.texts]


@pytest.mark.parametrize("scheme", ["colour-blind", "cochrane"])
@pytest.mark.parametrize("count", [0, 3, 27])
def test_nothing_overlaps(parallel: tuple[Assessment, ...], count: int, scheme: str) -> None:
    assert is_sound(traffic_light(parallel[:count], scheme=scheme))  # type: ignore[arg-type]
    assert is_sound(summary(parallel[:count], scheme=scheme))  # type: ignore[arg-type]


def test_sixty_three_studies_of_two_instruments(
    parallel: tuple[Assessment, ...], cluster: tuple[Assessment, ...]
) -> None:
    figure = traffic_light([*parallel, *cluster])
    assert is_sound(figure)
    assert len(figure.pages) == 2
    for page in figure.pages:
        assert page.height <= 720.01
        assert "Study" in [text.text for text in page.texts]
        assert "D3" in [text.text for text in page.texts]
    assert "RoB 2 (cluster), 36 studies (continued)" in words(figure)
    assert len(figure.data) == 63
    discs = [
        item
        for page in figure.pages
        for item in page.items
        if isinstance(item, Circle) and item.group == "judgement" and item.radius > 5
    ]
    assert len(discs) == 27 * 6 + 36 * 7
    assert is_sound(summary([*parallel, *cluster]))


@pytest.mark.parametrize("page_height", [220.0, 400.0])
def test_pages_repeat_header_and_legend(
    parallel: tuple[Assessment, ...], page_height: float
) -> None:
    figure = traffic_light(parallel, page_height=page_height)
    assert is_sound(figure)
    assert len(figure.pages) > 1
    names = words(figure)
    assert names.count("Study") == names.count("Low risk of bias") == len(figure.pages)
    for made in parallel:
        assert names.count(made.study) == 1
    assert all(page.height <= page_height + 0.01 for page in figure.pages)


def test_studies_that_nobody_assessed_are_shown() -> None:
    studies = [f"Study {number}" for number in range(15)]
    figure = traffic_light([], studies=studies)
    assert is_sound(figure)
    assert figure.alt_text == "Risk of bias by domain, 15 studies. Overall: not assessed 15."
    assert {row["overall"] for row in figure.data} == {"not assessed"}
    assert "Not assessed" in words(figure)
    bars = summary([], studies=studies)
    assert is_sound(bars)
    assert [row["percent"] for row in bars.data if row["judgement"] == "not assessed"] == [100] * 6


def test_a_study_without_an_assessment_stands_in_its_place(
    parallel: tuple[Assessment, ...],
) -> None:
    figure = traffic_light(parallel[:1], studies=["New 2026", parallel[0].study])
    assert [row["study"] for row in figure.data] == ["New 2026", parallel[0].study]
    assert [row["overall"] for row in figure.data] == ["not assessed", "some concerns"]


def test_differences_from_the_proposal_are_marked(parallel: tuple[Assessment, ...]) -> None:
    figure = traffic_light(parallel)
    assert words(figure).count("*") == 4 + 9 + 1
    assert "McLaughlin 2010 overall" in figure.description


def test_percentages_are_those_of_the_counts(parallel: tuple[Assessment, ...]) -> None:
    figure = summary(parallel)
    table = {(row["domain"], row["judgement"]): row for row in figure.data}
    for domain in ("D1", "D2", "D3", "D4", "D5", "overall"):
        for judgement in ("low", "some concerns", "high"):
            count = sum(made.judgement(domain) == judgement for made in parallel)
            assert table[domain, judgement]["count"] == count
            assert table[domain, judgement]["percent"] == pytest.approx(100 * count / 27)
    bars = [item for item in figure.pages[0].items if isinstance(item, Rect)]
    assert sum(bar.width for bar in bars) == pytest.approx(6 * 300)


def test_weights_count_instead_of_studies(parallel: tuple[Assessment, ...]) -> None:
    two = parallel[:2]
    figure = summary(two, weights={two[0].study: 1.0, two[1].study: 3.0})
    shares = {(row["domain"], row["judgement"]): row["percent"] for row in figure.data}
    assert (two[0].judgement("D3"), two[1].judgement("D3")) == ("some concerns", "high")
    assert shares["D3", "high"] == 75.0
    assert shares["D3", "some concerns"] == 25.0
    assert "weighted" in figure.description


@pytest.mark.parametrize(
    ("weights", "told"),
    [({}, "no weight for"), ({"A": -1.0}, "must be at least 0"), ({"A": 0.0}, "are 0")],
)
def test_weights_that_cannot_be(weights: dict[str, float], told: str) -> None:
    with pytest.raises(DataError, match=told):
        summary([], studies=["A"], weights=weights)


def test_narrow_shares_stay_apart() -> None:
    studies = [f"S{number}" for number in range(200)]
    instrument = INSTRUMENTS["rob2-parallel-assignment"]
    finals = ["low", "some concerns", "high"]
    made = [
        assess(instrument, {}, {"D1": final, "overall": final}, study=study)
        for study, final in zip(studies, finals, strict=False)
    ]
    figure = summary(made, studies=studies)
    assert is_sound(figure)
    assert words(figure).count("0%") >= 6


def test_results_have_a_column_of_their_own() -> None:
    instrument = INSTRUMENTS["rob2-parallel-assignment"]
    answers = {"1.1": "Y", "1.2": "Y", "1.3": "N"}
    made = [
        assess(instrument, answers, study="Zhu 2018", outcome="anxiety"),
        assess(instrument, answers, {"D1": "high"}, study="Zhu 2018", outcome="depression"),
    ]
    figure = traffic_light(made, outcomes={"anxiety": "Anxiety, 12 weeks"})
    assert is_sound(figure)
    assert {"Result", "Anxiety, 12 weeks", "depression"} <= set(words(figure))
    assert [row["D1"] for row in figure.data] == ["low", "high"]
    assert figure.alt_text.startswith("Risk of bias by domain, 2 results.")


def test_judgements_of_others_stand_apart() -> None:
    published = [
        PublishedJudgement("A", "", "Tool one", "low", "https://example.org/1"),
        PublishedJudgement("B", "anxiety", "Tool two", "unclear", "https://example.org/2"),
        PublishedJudgement("B", "depression", "Tool two", "unclear", "https://example.org/2"),
    ]
    figure = traffic_light(
        [], studies=["A", "B", "C"], published=published, outcomes={"anxiety": "Anxiety"}
    )
    assert is_sound(figure)
    assert [row["published"] for row in figure.data] == [
        "low (a)",
        "Anxiety, depression: unclear (b)",
        "",
    ]
    assert "(b) Tool two: https://example.org/2" in words(figure)
    assert {row["overall"] for row in figure.data} == {"not assessed"}


def test_long_names_are_wrapped() -> None:
    long = "A study with an extraordinarily long label that does not end for a while 2020"
    published = [
        PublishedJudgement(long, "", "Tool " * 30, "low " * 20, "https://x.org/" + "y" * 90)
    ]
    assert is_sound(traffic_light([], studies=[long, "B"], published=published))


def test_every_scheme_has_a_different_sign_for_each_judgement() -> None:
    for marks in SCHEMES.values():
        assert set(marks) == {"low", "some concerns", "high", "incomplete", "not assessed"}
        assert len({mark.sign for mark in marks.values()}) == 5


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_signs_are_legible_and_colours_apart_in_grey() -> None:
    marks = SCHEMES["colour-blind"]
    for mark in marks.values():
        high, low = sorted((luminance(mark.fill), luminance(mark.ink)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5
    greys = sorted(luminance(marks[one].fill) for one in ("low", "some concerns", "high"))
    for darker, lighter in pairwise(greys):
        assert (lighter + 0.05) / (darker + 0.05) >= 1.5


def test_what_cannot_be_drawn_is_told(parallel: tuple[Assessment, ...]) -> None:
    with pytest.raises(OptionError, match="scheme: 'rainbow' is not known"):
        traffic_light([], scheme="rainbow")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="instrument: 'rob9'"):
        summary([], instrument="rob9")
    with pytest.raises(DataError, match=f"do not name {parallel[0].study}"):
        traffic_light(parallel[:1], studies=["Somebody else 2000"])


def test_the_same_bytes_each_time(parallel: tuple[Assessment, ...]) -> None:
    one, two = traffic_light(parallel[:3]), traffic_light(parallel[:3])
    assert one.to_bytes("svg") == two.to_bytes("svg")
    assert one.to_bytes("png", dpi=60)[:4] == b"\x89PNG"
