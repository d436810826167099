"""From exports to one clean set: a new review, files of several databases, people who decide."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evisynth.actions import dedupe_records, import_records, new_review
from evisynth.cli import run_command
from evisynth.review import read_review

Capture = pytest.CaptureFixture[str]
EXPORTS = Path(__file__).parents[1] / "data" / "records"
FILES = ("ovid_medline.ris", "pubmed.nbib", "scopus.csv", "endnote.xml",
         "web_of_science_utf16.tab.txt", "scopus.bib")  # fmt: skip


@pytest.fixture
def review(tmp_path: Path) -> Path:
    return new_review(tmp_path / "walking").folder


@pytest.fixture
def filled(review: Path) -> Path:
    import_records([EXPORTS / name for name in FILES], review)
    return review


def command(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a command with --json and return its answer."""
    capsys.readouterr()
    assert run_command([*arguments, "--json"]) == code
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert answer["ok"] is (code == 0)
    return answer


def state(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".evisynth" not in path.parts
    }


def ris(*numbers: int, start: str = "") -> str:
    return start + "".join(
        f"TY  - JOUR\nTI  - Sleep and walking in town {number}\nAU  - Moe, T{number}\n"
        f"PY  - 2001\nDB  - Psychology Index\nER  - \n\n"
        for number in numbers
    )


def decisions(folder: Path) -> list[dict[str, str]]:
    text = (folder / "decisions" / "duplicates.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def pairs(answer: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    return [(pair["first"], pair["second"]) for pair in answer["pairs"] if pair["kind"] == kind]


def test_the_whole_way(review: Path, capsys: Capture) -> None:
    at = ["--folder", str(review)]
    files = [str(EXPORTS / name) for name in FILES]
    tried = command(capsys, "import", *files, *at, "--date", "2026-03-02", "--dry-run")
    assert not tried["written"]
    assert len(list((review / "searches").iterdir())) == 2  # those of the template
    taken = command(capsys, "import", *files, *at, "--date", "2026-03-02")
    assert (
        taken["records"]
        == tried["records"]
        == sum(file["records"] for search in taken["searches"] for file in search["files"])
    )
    for search in taken["searches"]:
        assert search["id"].startswith("2026-03-02_")
        folder = review / "searches" / search["id"]
        written = tomllib.loads((folder / "search.toml").read_text(encoding="utf-8"))
        assert written["found"] == search["entries"]
        for file, row in zip(search["files"], written["run"]["files"], strict=True):
            assert (folder / row["file"]).read_bytes() == Path(file["file"]).read_bytes()
            assert row["sha256"] == file["sha256"]
            assert row["reader"] == file["format"]

    found = command(capsys, "dedupe", *at)
    assert found["records"] == taken["records"] + 10
    assert found["duplicates"] == found["records"] - found["reports"] > 1
    assert sum(found["by_reason"].values()) == found["duplicates"]
    assert sum(row["records"] for row in found["sources"]) == found["records"]
    status = command(capsys, "status", str(review))
    assert status["records"] == found["records"]
    assert status["duplicates"] == found["duplicates"]
    assert run_command(["run", str(review), "--format", "html", "--quiet"]) == 0
    flow = json.loads((review / "out" / "results.json").read_text(encoding="utf-8"))
    assert str(found["duplicates"]) in json.dumps(flow["flow"])

    group = next(row for row in read_review(review).duplicates.items())
    undone = command(capsys, "dedupe", *at, "--undo", group[0], "--by", "r1")
    assert undone["duplicates"] == found["duplicates"] - 1
    assert all(one["decision"] == "different" for one in undone["decided"])
    again = command(capsys, "dedupe", *at)
    assert again["duplicates"] == undone["duplicates"]
    back = [part for one in undone["decided"]
            for part in ("--decide", f"{one['first']},{one['second']}=open")]  # fmt: skip
    assert command(capsys, "dedupe", *at, *back)["duplicates"] == found["duplicates"]
    assert len(decisions(review)) == 1 + 2 * len(undone["decided"])  # the template's row is one


def test_the_same_folder_gives_the_same_bytes(filled: Path) -> None:
    dedupe_records(filled)
    before = state(filled)
    result = dedupe_records(filled)
    assert state(filled) == before
    assert result.decided == ()


def test_rows_of_people_become_decisions_and_stay(filled: Path) -> None:
    first = dedupe_records(filled)
    assert [(one.first, one.second, one.decision) for one in first.decided] == [
        ("Brook2020", "Brook2020-embase", "report")
    ]
    assert read_review(filled).duplicates["Brook2020-embase"] == "Brook2020"


@pytest.mark.parametrize("word", ["same", "report", "different", "study"])
def test_decisions_outrank_the_rules(filled: Path, word: str, capsys: Capture) -> None:
    found = command(capsys, "dedupe", "--folder", str(filled))
    one, two = pairs(found, "doubtful")[0]
    made = command(
        capsys, "dedupe", "--folder", str(filled), "--decide", f"{one},{two}={word}", "--note", "x"
    )
    more = word in ("same", "report")
    assert made["duplicates"] == found["duplicates"] + more
    assert (one, two) not in pairs(made, "doubtful")
    assert decisions(filled)[-1]["decision"] == word
    assert decisions(filled)[-1]["note"] == "x"


def test_decisions_on_records_that_are_gone_wait(filled: Path) -> None:
    dedupe_records(filled)
    line = '{"first": "gone-1", "second": "gone-2", "decision": "same"}\n'
    with (filled / "decisions" / "duplicates.jsonl").open("a", encoding="utf-8") as file:
        file.write(line)
    assert any("gone-1, gone-2" in warning for warning in dedupe_records(filled).warnings)


def test_records_that_people_have_screened_are_not_merged_by_rules(review: Path) -> None:
    kept = "Ames2019"
    record = next(each for each in read_review(review).records if each.id == kept)
    text = (review / "searches" / "pubmed" / "export.ris").read_text(encoding="utf-8")
    entry = next(part for part in text.split("ER  -") if record.title in part)
    copy = review.parent / "copy.ris"
    copy.write_text(entry.strip().replace(kept, "Copy2019") + "\nER  - \n", encoding="utf-8")
    import_records([copy], review)
    assert dedupe_records(review).duplicates == 2
    assert read_review(review).duplicates["Copy2019"] == kept  # the one that was screened stays
    (review / "records" / "duplicates.csv").unlink()
    with (review / "decisions" / "title_abstract.csv").open("a", encoding="utf-8") as file:
        file.write("Copy2019,r1,exclude,,,,\n")
    shown = dedupe_records(review)
    pair = shown.pairs[0]
    assert (pair.kind, pair.first, pair.second) == ("screened", kept, "Copy2019")
    assert "Copy2019" not in read_review(review).duplicates


def test_parts_of_one_search_and_the_count(review: Path, tmp_path: Path, capsys: Capture) -> None:
    one, two, three = (tmp_path / f"psych-{number}.ris" for number in (1, 2, 3))
    one.write_text(ris(1, 2), encoding="utf-8")
    two.write_text(ris(3), encoding="utf-8")
    three.write_text(ris(4, 5), encoding="utf-8")
    at = ["--folder", str(review), "--date", "2026-03-02"]
    before = state(review)
    short = command(capsys, "import", str(one), str(two), *at, "--count", "5", code=2)
    (error,) = short["errors"]
    assert error["message"] == (
        "the source reported 5 records, the files hold 3 (psych-1.ris 2, psych-2.ris 1)"
    )
    assert "--anyway" in error["hint"]
    assert state(review) == before
    made = command(capsys, "import", str(one), str(two), *at, "--count", "3")
    (search,) = made["searches"]
    assert search["id"] == "2026-03-02_psychology-index"
    folder = review / "searches" / search["id"]
    note = 'note = "Limits: none."\n'
    text = (folder / "search.toml").read_text(encoding="utf-8")
    (folder / "search.toml").write_text(text.replace("[run]", f"{note}\n[run]"), encoding="utf-8")
    added = command(capsys, "import", str(three), "--folder", str(review), "--source", search["id"])
    assert not added["searches"][0]["new"]
    assert added["searches"][0]["records"] == 5
    assert {path.name for path in folder.iterdir()} == {
        "export-01.ris", "export-02.ris", "export-03.ris", "search.toml",
    }  # fmt: skip
    written = tomllib.loads((folder / "search.toml").read_text(encoding="utf-8"))
    assert (written["found"], written["note"]) == (5, "Limits: none.")
    assert [row["entries"] for row in written["run"]["files"]] == [2, 1, 2]
    source = next(one for one in read_review(review).sources if one.id == search["id"])
    assert source.records == source.found == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.ris"], "there is no such file"),
        (["{here}"], "is a folder; give the files in it"),
        (["{twice}", "{twice}"], "the file is given twice"),
        (["{known}"], "the same file is in the review already: searches/pubmed/export.ris"),
        (["{prose}"], "its content is of no format that is known"),
        (["{twice}", "--kind", "databse"], "'databse'"),
        (["{twice}", "--date", "2 March"], "'2 March'"),
        (["{twice}", "{other}", "--count", "2"], "2 cannot be the count of 2 sources"),
    ],
)
def test_mistakes_of_an_import(
    review: Path, tmp_path: Path, capsys: Capture, arguments: Sequence[str], message: str
) -> None:
    (tmp_path / "prose.txt").write_text("Dear colleague,\nthank you.\n", encoding="utf-8")
    names = {
        "here": str(tmp_path),
        "twice": str(EXPORTS / "scopus.ris"),
        "other": str(EXPORTS / "pubmed.nbib"),
        "known": str(review / "searches" / "pubmed" / "export.ris"),
        "prose": str(tmp_path / "prose.txt"),
    }
    before = state(review)
    given = [part.format(**names) for part in arguments]
    answer = command(capsys, "import", *given, "--folder", str(review), code=2)
    assert any(message in error["message"] for error in answer["errors"]), answer
    assert state(review) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--decide", "Ames2019,Brook2020=alike"], "'alike'"),
        (["--decide", "Ames2019,Brook2021=same"], "there is no record 'Brook2021'"),
        (["--decide", "Ames2019=same"], "'Ames2019' is no pair of ids"),
        (["--decide", "Ames2019"], "'Ames2019' is no decision"),
        (["--decide", "Ames2019,Ames2019=same"], "names one record twice"),
        (["--undo", "Ames2019"], "'Ames2019' is in no group"),
        (["--undo", "Ames2018"], "there is no record 'Ames2018'"),
    ],
)
def test_mistakes_of_a_decision(
    review: Path, capsys: Capture, arguments: Sequence[str], message: str
) -> None:
    before = state(review)
    answer = command(capsys, "dedupe", "--folder", str(review), *arguments, code=2)
    assert any(message in error["message"] for error in answer["errors"]), answer
    assert state(review) == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "a decision has first, second and decision"),
        ('{"first": "a", "second": "b", "decision": "alike"}', "unknown decision 'alike'"),
        ('{"first": "a", "second": 2, "decision": "same"}', "'second' is no text"),
        ('{"first": "a", "second": "b", "decision": "same", "who": "x"}', "'who' is no text"),
    ],
)
def test_a_broken_line_of_decisions_is_named(review: Path, line: str, message: str) -> None:
    good = '{"first": "a", "second": "b", "decision": "same"}'
    path = review / "decisions" / "duplicates.jsonl"
    path.write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 2") as caught:
        dedupe_records(review)
    assert message in str(caught.value)


def test_no_review_and_no_records(tmp_path: Path, review: Path, capsys: Capture) -> None:
    for words in (["dedupe"], ["import", str(EXPORTS / "scopus.ris")]):
        answer = command(capsys, *words, "--folder", str(tmp_path), code=2)
        assert "has no review.toml" in answer["errors"][0]["message"]
    shutil.rmtree(review / "searches")
    answer = command(capsys, "dedupe", "--folder", str(review), code=2)
    assert "evisynth import" in answer["errors"][0]["hint"]


def test_what_people_read(filled: Path, tmp_path: Path, capsys: Capture) -> None:
    broken = tmp_path / "broken.ris"
    broken.write_text(ris(1) + "TY  - JOUR\nTI  - Cut off\n", encoding="utf-8")
    capsys.readouterr()
    assert run_command(["import", str(broken), "--folder", str(filled)]) == 0
    text = capsys.readouterr().out
    assert "the file ends without ER" in text
    assert "Taken in: 2 records of 1 source" in text
    assert run_command(["dedupe", "--folder", str(filled)]) == 0
    text = capsys.readouterr().out
    for words in (
        "Only here",
        "Reports found by both of two sources",
        "Copies by reason",
        "Decide: evisynth",
    ):
        assert words in text
