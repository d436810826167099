"""Strategies as librarians write them, one of each platform, in tests/data/searches.

They are invented, hold what real strategies hold, and some lines that are wrong on purpose.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from evisynth.searches import StrategyLine, lint_text, parse_query, query_text, read_pasted
from evisynth.searches.parsing import parse_line
from evisynth.searches.syntax import Platform
from evisynth.searches.translation import Translation, translate_lines
from evisynth.searches.tree import And, DateRange, Limit, LineRef, Node, Or, Term

DATA = Path(__file__).parents[2] / "data/searches"
PLATFORMS: tuple[Platform, ...] = get_args(Platform)
NAMES = sorted(path.stem for path in DATA.glob("*.txt"))
WRONG: dict[str, set[tuple[int, str]]] = {
    "cochrane": {(25, "phrase-truncation")},
    "ebsco": {(18, "unknown-field"), (26, "unknown-field")},
    "embase": {(39, "proximity-fields")},
    "ovid": {(56, "operator-form")},
    "ovid_history": set(),
    "proquest": {(16, "unknown-field"), (20, "unknown-field")},
    "pubmed": {
        (14, "date"), (27, "wildcard"), (38, "unknown-field"), (41, "unbalanced-parenthesis"),
        (41, "missing-operand"), (42, "operator-case"),
    },
    "scopus": {(25, "proximity-fields"), (25, "proximity-operand")},
    "wos": {(21, "missing-field")},
}  # fmt: skip
UNSURE = {("pubmed", 27), ("wos", 17)}
"""Lines that cannot be written so that they are read as they were meant, and say so."""


def platform_of(name: str) -> Platform:
    return next(each for each in PLATFORMS if name.startswith(each))


def readable(name: str) -> list[StrategyLine]:
    """Lines of a strategy that can be read."""
    lines = read_pasted((DATA / f"{name}.txt").read_text(encoding="utf-8"))
    parsed = [parse_line(line.text, platform_of(name), line=line.number) for line in lines]
    return [
        line
        for line, result in zip(lines, parsed, strict=True)
        if result.tree is not None and not any(p.severity == "error" for p in result.problems)
    ]


def one(text: str, source: Platform, target: Platform) -> Translation:
    return translate_lines([StrategyLine(1, text)], source, target)


def limits(node: Node) -> list[str]:
    assert isinstance(node, And)
    return [item.name for item in node.items if isinstance(item, Limit)]


@pytest.mark.parametrize("name", NAMES)
def test_lint_finds_the_wrong_lines_and_no_others(name: str) -> None:
    text = (DATA / f"{name}.txt").read_text(encoding="utf-8")
    report = lint_text(text, platform_of(name))
    assert {(each.line, each.code) for each in report.errors} == WRONG[name]
    assert all(1 <= each.column <= each.end_column for each in report.findings)


@pytest.mark.parametrize("target", PLATFORMS)
@pytest.mark.parametrize("name", NAMES)
def test_every_line_is_translated_or_said_to_be_lost(name: str, target: Platform) -> None:
    source = platform_of(name)
    lines = readable(name)
    done = translate_lines(lines, source, target)
    written = {line.number for line in done.lines}
    for line in lines:
        lost = [loss for loss in done.losses if loss.line == line.number]
        assert line.number in written or any(loss.effect == "removed" for loss in lost)
        if any(loss.what == "the line as written" for loss in lost):
            assert (name, line.number) in UNSURE
        again = next((each.text for each in done.lines if each.number == line.number), "")
        if again and source == target and not lost:
            assert parse_query(again, source) == parse_query(line.text, source)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("remove duplicates from 35", "duplicates removed"),
        ("..dedup 35", "duplicates removed"),
        ("35 use medall", "database medall"),
    ],
)
def test_commands_of_ovid_are_no_words(text: str, name: str) -> None:
    tree = parse_query(text, "ovid")
    assert tree == And((LineRef(35), Limit(name)))
    assert parse_query(query_text(tree, "ovid"), "ovid") == tree
    assert {loss.effect for loss in one(text, "ovid", "pubmed").losses} == {"removed"}


def test_a_limit_of_ovid_in_short() -> None:
    short, long = "..l/ 27 yr=2010-2020", 'limit 27 to yr="2010-2020"'
    assert parse_query(short, "ovid") == parse_query(long, "ovid")


def test_how_often_a_word_stands_is_a_limit_that_others_lack() -> None:
    tree = parse_query("(exercise adj5 therap*).ab. /freq=2 or gait.ti.", "ovid")
    assert isinstance(tree, Or)
    assert limits(tree.items[0]) == ["at least 2 times"]
    done = one("exercise.ab. /freq=2", "ovid", "embase")
    assert [loss.effect for loss in done.losses] == ["removed"]
    assert done.text == "exercise:ab"


def test_truncated_dates_of_ovid_are_ranges() -> None:
    tree = parse_query("(2019* or 202$).dt.", "ovid")
    assert tree == Or((DateRange("created", "2019", "2019"), DateRange("created", "2020", "2029")))


@pytest.mark.parametrize("platform", ["ovid", "pubmed", "wos"])
def test_and_or_is_no_operator(platform: Platform) -> None:
    report = lint_text("gait and/or walk", platform)
    assert "operator-form" in report.codes


def test_field_codes_behind_a_stroke_on_embase() -> None:
    assert parse_query("'conference abstract'/it", "embase") == parse_query(
        "'conference abstract':it", "embase"
    )
    tree = parse_query("#1 NOT 'review'/it", "embase")
    assert "review" in str(tree)
    assert "missing-operator" not in lint_text("#1 NOT 'review'/it", "embase").codes


def test_what_ebsco_lists_beside_a_query_is_a_limit() -> None:
    text = "S9 Limiters - Published Date: 20100101-20241231; English Language; Peer Reviewed"
    tree = parse_query(text, "ebsco")
    assert isinstance(tree, And)
    assert tree.items[1:3] == (
        DateRange("published", "2010-01-01", "2024-12-31"),
        Term(("english",), ("language",)),
    )
    assert limits(tree) == ["peer reviewed"]
    searched = "S1 Expanders - Apply equivalent subjects Search modes - Boolean/Phrase"
    assert limits(parse_query(searched, "ebsco")) == ["expander apply equivalent subjects"]


def test_an_unknown_code_of_ebsco_is_no_word() -> None:
    assert lint_text('ZG "english"', "ebsco").errors[0].code == "unknown-field"
    assert lint_text("UK policy", "ebsco").errors == ()


def test_time_span_and_indexes_of_web_of_science() -> None:
    tree = parse_query("TS=gait Indexes=SCI-EXPANDED, SSCI Timespan=2010-2024", "wos")
    assert limits(tree) == ["indexes sci-expanded, ssci"]
    assert isinstance(tree, And)
    assert DateRange("published", "2010", "2024") in tree.items
    assert parse_query("TS=gait Timespan=All years", "wos") == parse_query("TS=gait", "wos")


@pytest.mark.parametrize(
    ("text", "platform", "value"),
    [
        ("DT=(Meeting Abstract)", "wos", "Meeting Abstract"),
        ("SO=(JOURNAL OF AFFECTIVE DISORDERS)", "wos", "JOURNAL OF AFFECTIVE DISORDERS"),
        ("AUTHOR-NAME(smith j)", "scopus", "smith j"),
        ("AU(smith, j)", "proquest", "smith j"),
    ],
)
def test_names_in_fields_of_names_are_whole(text: str, platform: Platform, value: str) -> None:
    tree = parse_query(text, platform)
    assert isinstance(tree, Term)
    assert tree.text == value
    assert "missing-operator" not in lint_text(text, platform).codes


def test_exact_fields_and_counted_wildcards_of_proquest() -> None:
    assert parse_query('LA.EXACT("English")', "proquest") == parse_query(
        'LA("English")', "proquest"
    )
    tree = parse_query("TI(behavio[*1]r)", "proquest")
    assert tree == parse_query("TI(behavio*1r)", "proquest")


def test_what_scopus_leaves_out_is_a_limit() -> None:
    for text in ("#6 AND NOT INDEX(medline)", '#6 AND (EXCLUDE(DOCTYPE, "cp"))'):
        done = one(text, "scopus", "wos")
        assert done.text == "#6"
        assert [loss.effect for loss in done.losses] == ["removed"]


@pytest.mark.parametrize(
    ("text", "source", "target", "what"),
    [
        ("12345678[pmid]", "pubmed", "wos", "number"),
        ('"J Affect Disord"[ta]', "pubmed", "scopus", "journal"),
        ("smith j[au]", "pubmed", "ovid", "author"),
        ("free full text[sb]", "pubmed", "ovid", "subset"),
    ],
)
def test_names_and_numbers_that_platforms_write_otherwise_are_told(
    text: str, source: Platform, target: Platform, what: str
) -> None:
    losses = one(text, source, target).losses
    assert any(loss.effect == "different" and what in loss.what for loss in losses)


def test_a_language_filter_of_pubmed_is_the_language() -> None:
    done = one("#1 AND english[filter]", "pubmed", "ovid")
    assert done.text == "1 and english.lg."
    assert {loss.effect for loss in done.losses} <= {"none"}


def test_habits_of_the_source_are_notes_too() -> None:
    notes = one("gait[tiab]", "pubmed", "ovid").notes
    assert any("author keywords" in note for note in notes)


@pytest.mark.parametrize(
    ("text", "platform"),
    [("behavio?r[tiab]", "pubmed"), ("colo$r:ti", "cochrane"), ("TITLE(wom#n)", "scopus")],
)
def test_wildcards_of_another_platform_are_told(text: str, platform: Platform) -> None:
    assert "wildcard" in lint_text(text, platform).codes
