"""Drawings kept between builds: found again, drawn anew when anything they follow from changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from evisynth.figures import Figure, Scene
from evisynth.figures.scene import Text
from evisynth.reporting import drawing
from evisynth.reporting.blocks import FigureBlock
from evisynth.reporting.drawing import Drawings, fingerprint


def block(words: str = "Hello", alt: str = "A greeting.") -> FigureBlock:
    figure = Figure((Scene(60, 20, (Text(5, 12, words),)),), "Greeting", alt)
    return FigureBlock("figure-01", "1", "Greeting", "A caption", alt, "", figure)


def test_a_kept_drawing_is_found_again_without_drawing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "drawings"
    first = Drawings.of([block()], kept).get("figure-01", 0, "png")

    def refuse(*_: object) -> bytes:
        raise AssertionError("drawn a second time")

    monkeypatch.setattr(drawing, "draw", refuse)
    assert Drawings.of([block()], kept).get("figure-01", 0, "png") == first
    with pytest.raises(AssertionError, match="second time"):
        Drawings.of([block("Hallo")], kept).get("figure-01", 0, "png")


def test_the_fingerprint_follows_from_scene_words_variant_and_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = fingerprint(block(), 0, "png")
    assert fingerprint(block(), 0, "png") == here
    others = {
        fingerprint(block("Hallo"), 0, "png"),
        fingerprint(block(alt="Another."), 0, "png"),
        fingerprint(block(), 0, "svg"),
        fingerprint(block(), 0, "pdf"),
    }
    monkeypatch.setattr(drawing, "_drawing_code", lambda: "other code")
    others.add(fingerprint(block(), 0, "png"))
    assert len(others) == 5
    assert here not in others


def test_what_a_build_does_not_use_is_forgotten(tmp_path: Path) -> None:
    kept = tmp_path / "drawings"
    Drawings.of([block("Old")], kept).get("figure-01", 0, "svg")
    (kept / "left-by-a-killed-run").write_bytes(b"part")
    now = Drawings.of([block("New")], kept)
    now.get("figure-01", 0, "svg")
    now.forget_unused()
    assert [path.name for path in kept.iterdir()] == [f"{fingerprint(block('New'), 0, 'svg')}.svg"]


def test_a_place_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    drawings = Drawings.of([block()], tmp_path / "file" / "drawings")
    assert drawings.get("figure-01", 0, "svg").startswith(b"<?xml")
    drawings.forget_unused()
