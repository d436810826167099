"""What holds for every query: it reads back, and a translation tells what it changed."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.searches.search_trees import PLATFORM, TREES

from evisynth.errors import InputError
from evisynth.searches import (
    Node,
    Platform,
    StrategyLine,
    adapt,
    canonical,
    lint_lines,
    parse_query,
    query_text,
    read_pasted,
    translate_text,
)
from evisynth.searches.parsing import parse_line

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(TREES)
def test_canonical_form_is_final(tree: Node) -> None:
    assert canonical(tree) == tree


@settings(FEW, max_examples=200)
@given(TREES, PLATFORM, PLATFORM)
def test_what_is_printed_reads_back(tree: Node, source: Platform, target: Platform) -> None:
    found, _ = adapt(tree, source, target)
    if found is not None:
        assert parse_query(query_text(found, target), target) == found


@settings(FEW, max_examples=120)
@given(TREES, PLATFORM, PLATFORM)
def test_a_change_is_never_silent(tree: Node, source: Platform, target: Platform) -> None:
    found, losses = adapt(tree, source, target)
    assert found == tree or losses
    if not losses:
        assert found is not None
        there = query_text(found, target)
        back, more = adapt(parse_query(there, target), target, source)
        assert back == tree or more


@settings(FEW, max_examples=80)
@given(TREES, PLATFORM)
def test_adapting_to_the_same_platform_twice_changes_nothing(
    tree: Node, platform: Platform
) -> None:
    once, _ = adapt(tree, platform, platform)
    if once is not None:
        assert adapt(once, platform, platform) == (once, ())


@settings(FEW, max_examples=100)
@given(TREES, PLATFORM, PLATFORM)
def test_round_trip_of_text_without_losses(tree: Node, first: Platform, second: Platform) -> None:
    start, _ = adapt(tree, first, first)
    if start is None:
        return
    text = query_text(start, first)
    there = translate_text(f"1. {text}", first, second)
    if there.losses:
        return
    back = translate_text(f"1. {there.lines[0].text}", second, first)
    assert back.losses or parse_query(back.lines[0].text, first) == start


SIGNS = st.text(
    alphabet=st.sampled_from(list("ab1 .,:;/\\()[]{}\"'“’*?#$+-=<>&|~^@\n\t")), max_size=40
)
SNIPPETS = st.lists(
    st.sampled_from(
        ["walk*", "AND", "or", "NOT", "adj3", "NEAR/3", "N3", "W/2", "NEXT", "(", ")", '"', "'",
         ".ti,ab.", "[tiab]", ":ti,ab", "/exp", "exp Walking/", "MH", '"Gait+"', "TI", "TS=(",
         "TITLE-ABS(", "#1", "S2", "3", "or/1-3", "{or #1-#2}", "2010:2024[dp]", "PUBYEAR > 2009",
         "[mh ^x]", "limit 1 to", 'yr="2010"', "]", "[", "*", "{", "}"]
    ),
    max_size=10,
).map(" ".join)  # fmt: skip


@settings(FEW, max_examples=300)
@given(st.one_of(SIGNS, SNIPPETS), PLATFORM)
def test_no_text_breaks_reading_or_lint(text: str, platform: Platform) -> None:
    """Whatever is typed gives a tree or problems with places in the text, never a crash."""
    parsed = parse_line(text, platform)
    assert parsed.tree is not None or parsed.problems
    for problem in parsed.problems:
        assert problem.message
        assert 1 <= problem.column <= max(len(text), 1)
        assert problem.end_column <= max(len(text), problem.column)
    if text.strip():
        for finding in lint_lines([StrategyLine(1, text)], platform).findings:
            assert finding.column >= 1


@FEW
@given(st.one_of(SIGNS, st.lists(SNIPPETS, max_size=4).map("\n".join)))
def test_any_pasted_text_is_lines_or_a_problem_with_its_row(text: str) -> None:
    with suppress(InputError):
        numbers = [line.number for line in read_pasted(text)]
        assert numbers == sorted(set(numbers))
        assert numbers
