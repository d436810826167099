"""Parts: ours and a stranger's come the same way."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import numpy as np
import pytest

from evisynth.errors import OptionError, SetupError
from evisynth.prioritization import GROUP, Part, Prioritizer, part, parts_of, registered
from evisynth.records import Record

THIS = "tests_of_parts"


class Reversed:
    """A stranger's query strategy: the lowest score first."""

    def order(self, scores: Any, _seed: int, _read: int) -> Any:
        return np.argsort(scores, kind="stable")


def strangers_parts() -> list[Part]:
    return [Part("query", "lowest-first", "the record with the lowest score next", Reversed)]


def clashing_parts() -> list[Part]:
    return [Part("query", "random", "another", Reversed)]


def broken_parts() -> None:
    return None


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Pretend that a package with an entry point is installed."""
    import sys

    real = importlib.metadata.entry_points
    monkeypatch.setitem(sys.modules, THIS, sys.modules[__name__])

    def put(value: str) -> None:
        def found(**given: Any) -> Any:
            own = tuple(real(**given))
            return (
                (*own, EntryPoint("stranger", value, GROUP)) if given == {"group": GROUP} else own
            )

        monkeypatch.setattr(importlib.metadata, "entry_points", found)
        registered.cache_clear()

    yield put
    monkeypatch.undo()
    registered.cache_clear()


def test_strangers_part_is_used_by_its_name(install: Any) -> None:
    install(f"{THIS}:strangers_parts")
    records = [Record(id=str(n), title=text) for n, text in enumerate(["ab cd", "cd ef", "gh ef"])]
    usual = Prioritizer().rank(records, {}, question="ab cd")
    turned = Prioritizer(query="lowest-first").rank(records, {}, question="ab cd")
    assert turned.records == usual.records[::-1]
    assert "lowest score next" in turned.model
    assert turned.versions["query"] == "lowest-first 1"


def test_same_name_twice_is_refused(install: Any) -> None:
    install(f"{THIS}:clashing_parts")
    with pytest.raises(SetupError, match="'random', which is there already"):
        parts_of("query")


@pytest.mark.parametrize("value", [f"{THIS}:broken_parts", f"{THIS}:absent", "no_such_module:x"])
def test_broken_entry_point_is_named(install: Any, value: str) -> None:
    install(value)
    with pytest.raises(SetupError, match="'stranger'"):
        parts_of("query")


def test_every_part_has_words_and_makes_itself() -> None:
    for found in registered().values():
        assert found.words
        assert found.make() is not None
    assert {kind for kind, _ in registered()} == {
        "features", "classifier", "balancer", "query", "stopping",
    }  # fmt: skip


def test_unknown_part_and_kind() -> None:
    with pytest.raises(OptionError, match="Did you mean 'hypergeometric'"):
        part("stopping", "hypergeometrical")
    with pytest.raises(OptionError, match="kind of the part"):
        Part("colour", "x", "y", dict)  # type: ignore[arg-type]
