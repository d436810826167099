"""Decisions of other screening programs."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.actions import convert_file
from evisynth.errors import InputError, OptionError
from evisynth.exchange import ImportedVote, VotesFile, decisions_file, rayyan_votes, read_asreview
from evisynth.exchange.votes import rayyan_notes

NAMES = st.text(st.characters(max_codepoint=0x2FFF, exclude_categories=["Cs", "Cc"]), min_size=1)
PLAIN = st.text(st.sampled_from("abcdefgh -/é"), min_size=1).map(str.strip).filter(bool)


@given(
    st.dictionaries(
        NAMES,
        st.tuples(st.sampled_from(["include", "exclude", "maybe"]), st.just("")),
        min_size=1,
        max_size=4,
    ),
    st.lists(PLAIN, max_size=3, unique=True),
    st.lists(PLAIN, max_size=3, unique=True),
)
def test_votes_come_back_from_the_notes_of_rayyan(people, labels, reasons):
    votes = tuple(
        ImportedVote(
            "r1",
            name,
            verdict,
            tuple(reasons) if verdict == "exclude" else (),
            tuple(labels),
        )
        for name, (verdict, _) in people.items()
    )
    assert rayyan_votes("r1", rayyan_notes(votes)) == votes


def test_notes_of_people_and_other_words_are_kept_apart():
    text = (
        'Some remark | RAYYAN-INCLUSION: {"Ada \\"A\\" B"=>"Excluded", "Ben"=>"Maybe"} | '
        "RAYYAN-LABELS: RCT,children | RAYYAN-EXCLUSION-REASONS: wrong population | "
        'USER-NOTES: {"Ben"=>["see [Table 1]", "ask"]}'
    )
    ada, ben = rayyan_votes("r1", text)
    assert (ada.reviewer, ada.verdict, ada.reasons) == (
        'Ada "A" B', "exclude", ("wrong population",),
    )  # fmt: skip
    assert (ben.verdict, ben.reasons, ben.labels) == ("maybe", (), ("RCT", "children"))
    assert rayyan_votes("r1", "no decisions here") == ()


def project(folder: Path, *, split: bool, name: str = "study.asreview") -> Path:
    """A project as ASReview LAB keeps it: two databases (version 2), or one (version 3)."""
    first, second = folder / "data_store.db", folder / ("results.db" if split else "data_store.db")
    with sqlite3.connect(first) as database:
        database.execute(
            "CREATE TABLE record (record_id INTEGER PRIMARY KEY, dataset_row INTEGER, title TEXT)"
        )
        database.executemany(
            "INSERT INTO record VALUES (?, ?, ?)",
            [(0, 0, "Aspirin"), (1, 1, "Zinc"), (2, 2, "Tea")],
        )
    database.close()
    with sqlite3.connect(second) as database:
        database.execute(
            "CREATE TABLE results (record_id INTEGER UNIQUE, label INTEGER, classifier TEXT, "
            "querier TEXT, balancer TEXT, feature_extractor TEXT, training_set INTEGER, "
            "time FLOAT, note TEXT, tags JSON, user_id INTEGER)"
        )
        database.execute("CREATE TABLE decision_changes (record_id INTEGER, label INTEGER)")
        values = [{"name": "RCT", "checked": True}, {"name": "Cohort", "checked": False}]
        tags = json.dumps([{"name": "Design", "values": values}])
        database.executemany(
            "INSERT INTO results VALUES (?, ?, 'nb', ?, '', '', 1, ?, ?, ?, ?)",
            [
                (0, 1, None, 1700000000.0, None, None, None),
                (1, 0, "max", 1700000060.5, "no control", tags, 7),
                (2, None, "max", 1700000070.0, None, None, 7),
            ],
        )
        database.execute("INSERT INTO decision_changes VALUES (1, 1)")
    database.close()
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.json", json.dumps({"version": "2.0" if split else "3.0"}))
        archive.write(first, "data_store.db")
        if split:
            archive.write(second, "reviews/abc/results.db")
    return path


@pytest.mark.parametrize("split", [True, False], ids=["version 2", "version 3"])
def test_a_project_of_asreview(split, tmp_path):
    found = read_asreview(project(tmp_path, split=split))
    assert found.titles == {"0": "Aspirin", "1": "Zinc", "2": "Tea"}
    first, second = found.votes
    assert (first.verdict, first.reviewer, first.date) == (
        "include", "asreview", "2023-11-14T22:13:20Z",
    )  # fmt: skip
    assert (second.verdict, second.reviewer, second.note, second.labels) == (
        "exclude", "asreview-7", "no control", ("RCT",),
    )  # fmt: skip
    assert len(found.not_taken) == 3


def archive(folder: Path, **files: bytes) -> Path:
    path = folder / "odd.asreview"
    with zipfile.ZipFile(path, "w") as made:
        for name, data in files.items():
            made.writestr(name.replace("__", "."), data)
    return path


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "it has no project.json"),
        ({"project__json": b"{}"}, "no table of records and of results"),
        ({"project__json": b"{}", "a__db": b"SQLite format 3\x00" + b"\xff" * 200},
         "database that cannot be read"),
        ({"project__json": b"{}", "a__db": b"not a database"}, "no table of records"),
    ],
    ids=["empty", "version 1", "broken", "other file"],
)  # fmt: skip
def test_other_archives_are_refused(files, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read_asreview(archive(tmp_path, **files))


def test_what_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "a.asreview"
    path.write_bytes(b"hello")
    with pytest.raises(InputError, match="it is no archive"):
        read_asreview(path)
    with pytest.raises(InputError, match=r"nowhere\.asreview.*No such file"):
        read_asreview(tmp_path / "nowhere.asreview")


def test_decisions_in_the_layout_of_a_review():
    votes = (
        ImportedVote("r1", "Ada", "exclude", ("Wrong population!", "Late"), ("RCT",), "see p. 3"),
        ImportedVote("r1", "Ben", "include", date="2026-01-02T03:04:05Z"),
        ImportedVote("r2", "Ben", "exclude", ("对照不当",)),
    )
    made = decisions_file(VotesFile({}, votes))
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(made.files["title_abstract.csv"])))
    assert [row["reason"] for row in rows] == ["wrong_population", "", "reason_2"]
    assert rows[0]["note"] == "see p. 3; also: Late; labels: RCT"
    assert rows[1]["date"] == "2026-01-02T03:04:05Z"
    assert any("wrong_population: Wrong population!" in item for item in made.cannot_hold)
    assert any("second reason" in item for item in made.cannot_hold)


RAYYAN = """key,title,year,authors,notes,pubmed_id,pmc_id
rayyan-1,Aspirin,2001,"Ames, A.","RAYYAN-INCLUSION: {""Ada""=>""Included""}",,
rayyan-2,Zinc,2002,B,"RAYYAN-INCLUSION: {""Ada""=>""Excluded""} | RAYYAN-EXCLUSION-REASONS: late",,
"""


def test_converting_decisions(tmp_path):
    source, target = tmp_path / "rayyan.csv", tmp_path / "votes.csv"
    source.write_text(RAYYAN, encoding="utf-8")
    convert_file(source, target, decisions=True)
    assert target.read_text(encoding="utf-8").splitlines() == [
        "record_id,reviewer,decision,reason,note,date,role",
        "rayyan-1,Ada,include,,,,reviewer",
        "rayyan-2,Ada,exclude,late,,,reviewer",
    ]
    found = convert_file(project(tmp_path, split=True), tmp_path / "asreview.csv")
    assert "asreview-7,exclude" in found.files[0].read_text(encoding="utf-8")
    with pytest.raises(OptionError, match=r"allowed: \.csv"):
        convert_file(source, tmp_path / "votes.ris", decisions=True)
    plain = tmp_path / "plain.ris"
    plain.write_text("TY  - JOUR\nTI  - Tea\nER  -\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds no decisions"):
        convert_file(plain, tmp_path / "none.csv", decisions=True)
