"""The whole output: complete, byte-identical, and never over something."""

from __future__ import annotations

from pathlib import Path

import pytest

from evisynth.errors import InputError, OptionError
from evisynth.reporting import build_outputs


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_everything_is_written_and_twice_the_same(tmp_path, review, results, figures):
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    seen = []
    written = build_outputs(
        review, results, figures, first, progress=lambda *step: seen.append(step)
    )
    build_outputs(review, results, figures, second)
    files = tree(first)
    assert [str(path.relative_to(first)) for path in written] == sorted(files)
    assert {"review.html", "review.docx", "review.pdf", "results.json"} <= set(files)
    assert {f"figures/figure-01-flow.{kind}" for kind in ("pdf", "svg", "png")} <= set(files)
    assert tree(second) == files
    counts = [done for _, done, _ in seen]
    assert counts == list(range(len(seen)))
    assert seen[-1][1] == seen[-1][2]


def test_formats_can_be_left_out(tmp_path, empty_review):
    written = build_outputs(empty_review, (), (), tmp_path, formats=("html",))
    names = {path.name for path in written}
    assert "review.html" in names
    assert not {"review.docx", "review.pdf"} & names


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path, empty_review):
    with pytest.raises(OptionError, match="'odt' is not known; allowed: html, docx, pdf"):
        build_outputs(empty_review, (), (), tmp_path, formats=("odt",))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over(tmp_path, empty_review):
    kept = tmp_path / "mine.txt"
    kept.write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        build_outputs(empty_review, (), (), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(InputError, match="is not a folder"):
        build_outputs(empty_review, (), (), tmp_path / "nowhere")
