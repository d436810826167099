"""The rating: level from steps, what is refused, what is warned of."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.certainty import (
    DOMAINS,
    DOWN,
    LEVELS,
    SYMBOLS,
    Design,
    Rating,
    Step,
    allowed_levels,
    level_words,
    starts_high,
)
from evisynth.errors import DataError, OptionError


def step(domain: Any, levels: int = 0, reason: str = "because") -> Step:
    return Step(domain, levels, reason)


@pytest.mark.parametrize(
    ("design", "instrument", "start"),
    [
        ("randomized", "rob2-parallel-assignment", "High"),
        ("non-randomized", "", "Low"),
        ("non-randomized", "robins-i-2016", "High"),
        ("non-randomized", "ROBINS_I", "High"),
    ],
    ids=["randomized", "non-randomized", "robins-i", "robins-i-spelt-otherwise"],
)
def test_where_the_evidence_starts(design, instrument, start):
    assert Rating("a", (), design, instrument).level == start
    assert starts_high(design, instrument) == (start == "High")


@pytest.mark.parametrize(
    ("steps", "level"),
    [
        ({}, "High"),
        ({"risk_of_bias": -1}, "Moderate"),
        ({"risk_of_bias": -1, "imprecision": -1}, "Low"),
        ({"imprecision": -3}, "Very low"),
        ({"risk_of_bias": -2, "imprecision": -3}, "Very low"),
        ({"large_effect": 2}, "High"),
    ],
    ids=["none", "one", "two", "three-at-once", "below-the-lowest", "above-the-highest"],
)
def test_level_of_randomized_studies(steps, level):
    rating = Rating("a", tuple(step(name, levels) for name, levels in steps.items()))
    assert rating.level == level
    assert rating.symbols == SYMBOLS[level]


def test_non_randomized_studies_can_be_raised():
    steps = (step("large_effect", 2), step("dose_response", 0))
    assert Rating("a", steps, "non-randomized").level == "High"


@pytest.mark.parametrize("levels", [-2, -1, 1])
def test_a_step_needs_a_reason(levels):
    with pytest.raises(DataError, match=r"has no reason; say in words why"):
        Step("risk_of_bias", levels, "  ")


def test_no_step_needs_no_reason():
    assert Step("risk_of_bias", 0).reason == ""


@pytest.mark.parametrize(
    ("domain", "levels", "design", "instrument"),
    [
        ("risk_of_bias", -3, "randomized", "robins-i-2016"),
        ("risk_of_bias", -3, "non-randomized", ""),
        ("indirectness", -3, "randomized", ""),
        ("imprecision", -4, "randomized", ""),
        ("imprecision", 1, "randomized", ""),
        ("large_effect", 3, "non-randomized", ""),
        ("large_effect", -1, "non-randomized", ""),
        ("dose_response", 2, "non-randomized", ""),
    ],
)
def test_a_step_beyond_its_domain_is_refused(domain, levels, design, instrument):
    with pytest.raises(DataError, match=r"cannot move by .*; allowed: "):
        Rating("a", (step(domain, levels),), design, instrument)


def test_robins_i_allows_three_levels_for_risk_of_bias():
    made = Rating("a", (step("risk_of_bias", -3),), "non-randomized", "robins-i-2016")
    assert made.level == "Very low"


def test_words_that_are_not_known_and_domains_rated_twice_are_refused():
    with pytest.raises(OptionError, match="domain"):
        Step("bias", 0)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="design"):
        Rating("a", (), "observational")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="Imprecision is rated twice"):
        Rating("a", (step("imprecision"), step("imprecision", -1)))


@pytest.mark.parametrize(
    ("steps", "design", "instrument", "words"),
    [
        (
            {"risk_of_bias": -1, "large_effect": 1},
            "non-randomized",
            "",
            "Large effect raises the certainty after it was lowered for risk of bias",
        ),
        ({"dose_response": 1}, "randomized", "", "meant for non-randomized ones"),
        ({"large_effect": 1}, "non-randomized", "robins-i", "has counted confounding already"),
        ({"risk_of_bias": -2, "imprecision": -2}, "randomized", "", "Very low is the lowest"),
        ({"risk_of_bias": -1}, "non-randomized", "robins-i", "fewer than two levels"),
    ],
    ids=["raised-after-lowered", "randomized", "robins-i", "too-far-down", "robins-i-too-high"],
)
def test_what_is_unusual_is_said(steps, design, instrument, words):
    made = Rating(
        "a", tuple(step(name, levels) for name, levels in steps.items()), design, instrument
    )
    assert any(words in warning for warning in made.warnings)


def test_a_usual_rating_has_no_warning():
    made = Rating("a", tuple(step(domain, -1 if domain == "imprecision" else 0) for domain in DOWN))
    assert made.warnings == ()
    assert made.is_complete


def test_footnotes_say_domain_levels_and_reason():
    made = Rating("a", (step("imprecision", -2, "Few events"), step("risk_of_bias", -1, "Open.")))
    assert made.footnotes() == (
        ("risk_of_bias", "Lowered one level for risk of bias: Open."),
        ("imprecision", "Lowered two levels for imprecision: Few events."),
    )
    assert made.missing == ("inconsistency", "indirectness", "publication_bias")


def test_it_prints_and_gives_a_table():
    made = Rating("pain", (Step("imprecision", -1, "Few events.", "r1", "2026-03-31"),))
    assert "Certainty of pain: ⨁⨁⨁◯ Moderate (4 domains not decided yet)" in str(made)
    frame = made.to_frame()
    assert list(frame["domain"]) == list(DOWN)
    assert frame.set_index("domain").loc["imprecision", "by"] == "r1"
    assert made.people == ("r1",)
    assert made.date == "2026-03-31"
    assert "GRADE" in made.method_sentence()


designs = st.sampled_from(["randomized", "non-randomized"])
instruments = st.sampled_from(["", "rob2", "robins-i-2016"])


@st.composite
def ratings(draw):
    design, instrument = draw(designs), draw(instruments)
    chosen = draw(st.lists(st.sampled_from(DOMAINS), unique=True, max_size=len(DOMAINS)))
    steps = tuple(
        step(domain, draw(st.sampled_from(allowed_levels(domain, design, instrument))))
        for domain in chosen
    )
    return Rating("a", steps, design, instrument)


@given(ratings(), st.randoms(use_true_random=False))
def test_the_level_is_in_range_and_the_order_of_steps_does_not_matter(rating, random):
    assert rating.level in LEVELS
    total = LEVELS.index(rating.start) + sum(step.levels for step in rating.steps)
    assert LEVELS.index(rating.level) == min(max(total, 0), 3)
    mixed = list(rating.steps)
    random.shuffle(mixed)
    again = Rating("a", tuple(mixed), rating.design, rating.instrument)
    assert again.level == rating.level
    assert again.footnotes() == rating.footnotes()
    assert again.warnings == rating.warnings


@given(ratings())
def test_lowering_never_raises(rating):
    for domain in DOWN:
        others = tuple(each for each in rating.steps if each.domain != domain)
        base = Rating("a", others, rating.design, rating.instrument)
        for levels in allowed_levels(domain, rating.design, rating.instrument):
            lower = Rating("a", (*others, step(domain, levels)), rating.design, rating.instrument)
            assert LEVELS.index(lower.level) <= LEVELS.index(base.level)


def test_every_step_has_words():
    designs: tuple[Design, ...] = ("randomized", "non-randomized")
    for domain, design in itertools.product(DOMAINS, designs):
        for levels in allowed_levels(domain, design, "robins-i"):
            assert level_words(levels)
    assert level_words(-3) == "−3"
