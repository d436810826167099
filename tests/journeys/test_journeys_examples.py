"""Whole reviews from the folder to the document, by the command line."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest

from evisynth.cli import run_command

Capture = pytest.CaptureFixture[str]


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def answer(capsys: Capture, *arguments: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = run_command([*arguments, "--json"])
    shown = capsys.readouterr()
    assert shown.err == ""
    return code, json.loads(shown.out)


def check_built(first: Path, second: Path, capsys: Capture) -> None:
    """Two runs gave the same bytes; `check` finds nothing; `status` says fresh."""
    built = tree(first / "out")
    assert {"review.html", "review.docx", "review.pdf", "results.json"} <= set(built)
    assert [path for path in built if path.startswith("figures/")]
    assert [path for path in built if path.startswith("tables/")]

    # elsewhere, under another name: neither the place nor the time is in the bytes
    code, told = answer(capsys, "run", str(second))
    assert code == 0
    assert set(told["files"]) == set(built)
    differing = [path for path, data in tree(second / "out").items() if built.get(path) != data]
    assert differing == []

    code, told = answer(capsys, "check", str(first))
    assert (code, told["ok"], told["moved"], told["errors"]) == (0, True, [], [])
    assert told["compared"] > 100
    code, told = answer(capsys, "status", str(first))
    assert (code, told["out"]) == (0, "fresh")


@pytest.mark.xdist_group("cancer")
def test_cancer_twice_then_check_and_status(
    built_cancer: Path,
    tmp_path: Path,
    copy_example: Callable[[str, Path], Path],
    capsys: Capture,
) -> None:
    second = copy_example("digital-interventions-cancer", tmp_path / "elsewhere" / "second")
    check_built(built_cancer, second, capsys)


def test_depression_twice_then_check_and_status(
    tmp_path: Path, copy_example: Callable[[str, Path], Path], capsys: Capture
) -> None:
    first = copy_example("depression-prevention", tmp_path / "first")
    assert run_command(["run", str(first), "--quiet"]) == 0
    second = copy_example("depression-prevention", tmp_path / "elsewhere" / "second")
    check_built(first, second, capsys)


@pytest.mark.xdist_group("cancer")
def test_documents_are_whole(built_cancer: Path) -> None:
    """One file of HTML without any address to load, a Word file and a PDF that open."""
    out = built_cancer / "out"
    page = (out / "review.html").read_text(encoding="utf-8")
    loaded = re.findall(
        r"<(?:img|script|link|iframe)\b[^>]*\b(?:src|href)=\"(?!data:|#)[^\"]*", page
    )
    assert loaded == []
    assert not re.search(r"url\((?![\"']?(?:data:|#))", page)
    assert str(built_cancer.parent) not in page
    with zipfile.ZipFile(BytesIO((out / "review.docx").read_bytes())) as word:
        assert word.testzip() is None
        assert str(built_cancer.parent) not in word.read("word/document.xml").decode("utf-8")
    pdf = pypdf.PdfReader(BytesIO((out / "review.pdf").read_bytes()))
    assert len(pdf.pages) > 5
    text = "".join(sheet.extract_text() for sheet in pdf.pages)
    stored = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert f"{stored['flow']['records_screened']}" in text


def test_new_run_check(tmp_path: Path, capsys: Capture) -> None:
    """A first review: made, built, checked, edited, checked again."""
    folder = tmp_path / "my-review"
    code, told = answer(capsys, "new", str(folder), "--title", "My first review")
    assert code == 0
    assert "review.toml" in told["files"]
    code, told = answer(capsys, "check", str(folder))
    assert code == 1
    assert [error["where"] for error in told["errors"]] == ["out"]

    assert run_command(["run", str(folder)]) == 0
    shown = capsys.readouterr()
    assert "My first review" in shown.out
    assert "review.pdf" in shown.out
    assert shown.err == ""
    assert run_command(["check", str(folder)]) == 0
    assert "none moved" in capsys.readouterr().out

    path = folder / "out" / "results.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["analyses"]["sleep"]["overall"]["ci_upper"] += 0.01
    path.write_text(json.dumps(content), encoding="utf-8")
    assert run_command(["check", str(folder)]) == 1
    shown = capsys.readouterr()
    assert "out/results.json, analyses.sleep.overall.ci_upper: is -0.0" in shown.out
    code, told = answer(capsys, "check", str(folder))
    assert code == 1
    assert [item["path"] for item in told["moved"]] == ["analyses.sleep.overall.ci_upper"]
    assert {"where": "out/results.json", "at": "analyses.sleep.overall.ci_upper"}.items() <= told[
        "errors"
    ][-1].items()

    assert run_command(["run", str(folder), "--format", "html", "--quiet"]) == 0
    assert run_command(["check", str(folder), "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_run_in_the_folder_one_is_in(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(small)
    assert run_command(["run", "--format", "html", "--quiet"]) == 0
    assert (small / "out" / "review.html").is_file()
    assert not (small / "out" / "review.pdf").exists()
    assert run_command(["status", "--quiet"]) == 0
    assert run_command(["status"]) == 0
    assert "fresh" in capsys.readouterr().out


def test_analyze_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """A meta-analysis without a review, on the outcome data of a new one."""
    assert run_command(["new", str(tmp_path / "review"), "--quiet"]) == 0
    table = tmp_path / "review" / "extraction" / "sleep.csv"
    monkeypatch.chdir(tmp_path)
    code, told = answer(capsys, "analyze", str(table), "--measure", "SMD", "--lower-is-better")
    assert code == 0
    assert told["overall"]["k"] == 4
    assert (tmp_path / "sleep-analysis" / "forest.pdf").is_file()
    options = ["--measure", "MD", "--model", "equal", "--level", "90", "--out", "other"]
    assert run_command(["analyze", str(table), *options]) == 0
    shown = capsys.readouterr().out
    assert "90% CI" in shown
    assert "Written" in shown
    assert run_command(["analyze", str(table), "--where", "study=Nobody"]) == 2
    assert "no row is left" in capsys.readouterr().err
    assert run_command(["analyze", str(table), "--level", "0"]) == 2
    assert run_command(["analyze", str(table), "--favours", "walking"]) == 2
    assert run_command(["analyze", "missing.csv"]) == 2
    assert "no such file" in capsys.readouterr().err
