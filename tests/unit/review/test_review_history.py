"""The chain of entries: what holds, what breaks it, what it folds to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.errors import InputError
from evisynth.review import (
    FIRST_HEAD,
    Draft,
    Entry,
    append,
    fold,
    parse_log,
    read_log,
    render_log,
    verify,
)

KEY = ("r1", "ada", "x")


def chain(values: list[str | None]) -> tuple[Entry, ...]:
    head, entries, before = FIRST_HEAD, [], None
    for number, text in enumerate(values):
        after = None if text is None else {"date": text}
        entry = append(head, Draft(f"t{number}", "ada", "tag", "tag", KEY, before, after, "why"))
        entries.append(entry)
        head, before = entry.head, after
    return tuple(entries)


@given(st.lists(st.none() | st.text(), max_size=8))
def test_a_log_is_read_as_it_was_written(values: list[str | None]) -> None:
    entries = chain([None if text is None else text for text in values if text != ""])
    text = render_log(entries)
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert read_log(text) == entries
    assert render_log(parse_log(text)) == text


def test_fold_counts_versions_and_keeps_what_was_taken_away() -> None:
    state = fold(chain(["1", "2", None]))
    item = state["tag", KEY]
    assert (item.value, item.version, item.number, item.at) == (None, 3, 3, "t2")
    entries = chain(["1", "2", None, "3"])
    assert fold(entries[2:], fold(entries[:2])) == fold(entries)


def test_the_first_hash_is_what_it_always_was() -> None:
    """A history written by one version is read by all later ones."""
    (entry,) = chain(["2026"])
    assert entry.previous == "0" * 64
    assert entry.hash == "8bbf1f9ef22aab9d313bdb88957c8bbfc14cc22e48ca58e4fc1d7d956173e1d4"
    assert entry.line().startswith('{"act":"tag","actor":"ada","after":{"date":"2026"},"at":"t0"')


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"actor": "eve"}, "entry 2 was changed after it was written"),
        ({"after": {"date": "9"}}, "entry 2 was changed after it was written"),
        ({"number": 3}, "entry 2 is missing; here stands entry 3"),
        ({"previous": "f" * 64}, "entry 2 does not follow the one before"),
        ({"hash": "f" * 64}, "entry 2 was changed after it was written"),
    ],
)
def test_any_change_is_found_where_it_is(change: dict[str, object], what: str) -> None:
    entries = list(chain(["1", "2", "3"]))
    entries[1] = replace(entries[1], **change)  # type: ignore[arg-type]
    found = verify(entries)
    assert found.broken is not None
    assert found.broken.line == 2
    assert what in found.broken.what
    assert (found.entries, found.head) == (1, entries[0].head)


def test_an_entry_from_a_value_that_was_not_there_is_found() -> None:
    first = append(FIRST_HEAD, Draft("t", "a", "tag", "tag", KEY, {"date": "never"}, {}))
    found = verify([first])
    assert found.broken is not None
    assert "begins from another value" in found.broken.what


def test_a_later_part_is_verified_from_where_it_begins() -> None:
    entries = chain(["1", "2", "3"])
    assert verify(entries[1:], entries[0].head).ok
    assert not verify(entries[1:]).ok
    assert verify(()).head == FIRST_HEAD


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "line 1: not valid JSON"),
        ("[]", "line 1: is no entry"),
        ('{"number":1}', "lacks 'act'"),
    ],
)
def test_lines_that_are_no_entries_are_refused(line: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        read_log(line + "\n")


def test_parts_of_another_type_are_refused() -> None:
    (entry,) = chain(["1"])
    line = entry.line().replace('"number":1', '"number":"1"')
    with pytest.raises(InputError, match="not of its type"):
        read_log(line)
