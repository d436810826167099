"""Which value of results.json moved."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.actions.check import ABSOLUTE, RELATIVE, Moved, compare

BASE: dict[str, Any] = {
    "analyses": [
        {"id": "anxiety", "fit": {"k": 10, "estimate": -0.3442, "p": 0.0179, "note": None}},
        {"id": "depression", "fit": {"k": 12, "estimate": -0.2051, "p": 0.02, "note": "x"}},
    ],
    "counts": [1, 2, 3],
    "ok": True,
}


def moved(stored: Any, now: Any) -> list[Moved]:
    return [item for item in compare(stored, now) if item is not None]


def test_the_same_is_the_same_and_every_value_is_compared() -> None:
    items = list(compare(BASE, copy.deepcopy(BASE)))
    assert items == [None] * 14


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (
            "analyses[anxiety].fit.estimate",
            lambda b: b["analyses"][0]["fit"].update(estimate=-0.35),
        ),
        ("analyses[depression].fit.k", lambda b: b["analyses"][1]["fit"].update(k=11)),
        ("analyses[depression].fit.note", lambda b: b["analyses"][1]["fit"].update(note="y")),
        ("analyses[anxiety].fit.note", lambda b: b["analyses"][0]["fit"].update(note=0.0)),
        ("counts[1]", lambda b: b["counts"].__setitem__(1, 5)),
        ("ok", lambda b: b.update(ok=False)),
        ("ok", lambda b: b.update(ok=1)),
    ],
)
def test_a_changed_value_is_named_by_its_path(path: str, change: Any) -> None:
    other = copy.deepcopy(BASE)
    change(other)
    (found,) = moved(BASE, other)
    assert found.path == path
    assert found.kind == "changed"
    (back,) = moved(other, BASE)
    assert (back.stored, back.now) == (found.now, found.stored)


def test_what_is_new_and_what_is_gone() -> None:
    other = copy.deepcopy(BASE)
    other["analyses"].append({"id": "pain", "fit": {}})
    del other["analyses"][0]
    kinds = {item.path: item.kind for item in moved(BASE, other)}
    assert kinds == {"analyses[anxiety]": "removed", "analyses[pain]": "added"}


def test_another_shape_is_a_change() -> None:
    assert [item.path for item in moved({"a": {"b": 1}}, {"a": [1]})] == ["a"]
    assert [item.path for item in moved({"a": 1}, {"a": {}})] == ["a"]


def test_order_of_named_entries_does_not_matter() -> None:
    other = copy.deepcopy(BASE)
    other["analyses"].reverse()
    assert moved(BASE, other) == []


def test_programs_used_are_no_numbers_of_the_review() -> None:
    assert moved({"software": {"numpy": "1"}, "k": 1}, {"software": {"numpy": "2"}, "k": 1}) == []


@given(st.floats(min_value=1e-3, max_value=1e6), st.floats(min_value=-1, max_value=1))
def test_last_digits_of_another_processor_are_no_move(value: float, share: float) -> None:
    assert moved({"a": value}, {"a": value * (1 + 0.9 * RELATIVE * share)}) == []
    assert moved({"a": 0.0}, {"a": 0.9 * ABSOLUTE * share}) == []
    assert len(moved({"a": value}, {"a": value * (1 + 3 * RELATIVE)})) == 1


def test_not_a_number_is_itself() -> None:
    assert moved({"a": float("nan")}, {"a": float("nan")}) == []
    assert len(moved({"a": float("nan")}, {"a": 1.0})) == 1


def test_long_values_are_cut_in_messages() -> None:
    (found,) = moved({"a": "x" * 500}, {"a": 1})
    assert len(str(found)) < 120
