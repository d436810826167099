"""Uploads, what is in them, and taking them into a review that people work on."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from tests.web.worlds import PEOPLE, RECORDS, desk, make_folder

from evisynth.actions import ImportOptions, open_store, team
from evisynth.actions.team import importing
from evisynth.actions.thaw import thaw_review
from evisynth.errors import PermissionDeniedError
from evisynth.storage import record_ids

RIS = "TY  - JOUR\nTI  - {title}\nAU  - Lee, A\nPY  - 2020\nAB  - Text.\nER  - \n\n"
NASTY = '<img src=x onerror="alert(1)">.ris'

Desks = dict[str, team.Desk]


@pytest.fixture
def desks(tmp_path: Path) -> Desks:
    folder = make_folder(tmp_path / "review", title_abstract="votes_needed = 2")
    thaw_review(folder)
    store = open_store(folder / ".evisynth" / "review.db")
    return {who: desk(store, folder, who) for who in PEOPLE}


def given(name: str, text: str | bytes) -> tuple[str, int, list[bytes]]:
    data = text if isinstance(text, bytes) else text.encode()
    return name, len(data), [data]


def export(count: int = 3, word: str = "New") -> str:
    return "".join(RIS.format(title=f"{word} trial {number}") for number in range(count))


def test_a_preview_says_what_is_in_the_files_and_changes_nothing(desks: Desks) -> None:
    gus = desks["gus"]
    head = gus.store.head()
    broken = export(6) + "TY  - JOUR\nAU  - Nobody\nER  - \n"
    token = team.upload_exports(gus, [given(f"../x/{NASTY}", broken), given("b.txt", b"\x00\x01")])
    found = team.preview_import(gus, token)
    one, two = found.files
    assert (one.name, one.format, one.entries) == (NASTY, "RIS", 7)
    assert one.first[0].title == "New trial 0"
    assert len(one.first) == 5
    assert one.fields["abstract"] == 6
    assert one.problems
    assert all(problem.at for problem in one.problems)
    assert two.refused
    assert not found.readable
    assert gus.store.head() == head
    assert record_ids(gus.store) == RECORDS
    team.drop_upload(gus, token)
    with pytest.raises(team.NotThereError):
        team.preview_import(gus, token)


def test_a_late_search_enters_the_queues(desks: Desks) -> None:
    gus, ann, hal = desks["gus"], desks["ann"], desks["hal"]
    team.decide(ann, "title_abstract", "r01", "include")
    before = ann.board.counts("title_abstract", "ann")
    token = team.upload_exports(gus, [given("late.ris", export(3))])
    options = ImportOptions(source="Embase", platform="Ovid", date="2026-02-01", count=3)
    job = team.start_import(gus, token, options, records=3)
    assert (job.status, job.records) == ("done", 3)
    head = gus.store.head()
    assert team.start_import(gus, token, options, records=3) == job
    assert gus.store.head() == head
    assert len(record_ids(gus.store)) == len(RECORDS) + 3
    assert ann.board.counts("title_abstract", "ann") == (before[0], before[1] + 3)
    source = next(made for made in team.search_sources(hal) if made.name == "Embase")
    assert (source.platform, source.records, source.found) == ("Ovid", 3, 3)
    kept = list((gus.folder / "searches" / source.id).glob("export*"))
    assert [path.read_text(encoding="utf-8") for path in kept] == [export(3)]
    assert {entry.actor for entry in gus.store.history(after=head.number - 3)} == {"gus"}
    # the decision of before is there still
    assert ann.store.get("vote", ("title_abstract", "r01", "ann", "reviewer")).value is not None
    # the same file again is refused, and nothing changes
    head = gus.store.head()
    again = team.upload_exports(gus, [given("late.ris", export(3))])
    job = team.start_import(gus, again, options, records=3)
    assert job.status == "failed"
    assert "already" in job.messages[0]
    assert len(record_ids(gus.store)) == len(RECORDS) + 3


def test_another_process_sees_the_new_records_though_it_looked_meanwhile(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evisynth import storage

    gus = desks["gus"]
    other = team.Board(gus.store, gus.folder).refresh()
    replace = storage.replace_records

    def slowly(*args: object) -> None:
        other.refresh()  # after the files are there, before the records are
        replace(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(storage, "replace_records", slowly, raising=False)
    token = team.upload_exports(gus, [given("late.ris", export(2))])
    assert team.start_import(gus, token, ImportOptions(), records=2).status == "done"
    assert len(other.refresh().records) == len(RECORDS) + 2


def test_a_count_that_differs_stops_the_import(desks: Desks) -> None:
    gus = desks["gus"]
    token = team.upload_exports(gus, [given("a.ris", export(3))])
    job = team.start_import(gus, token, ImportOptions(count=5), records=3)
    assert job.status == "failed"
    assert "5" in job.messages[0]
    assert str(gus.folder) not in job.messages[0]
    assert record_ids(gus.store) == RECORDS
    job = team.start_import(gus, token, ImportOptions(count=5, anyway=True), records=3)
    assert job.status == "done"


def test_columns_of_a_table_are_named(desks: Desks) -> None:
    gus = desks["gus"]
    text = "Beschriftung;Wer;Wann\nTitel eins;Lee, A;2020\nTitel zwei;Roth, B;2021\n"
    token = team.upload_exports(gus, [given("t.csv", text)])
    first = team.preview_import(gus, token)
    assert not first.readable
    assert first.files[0].header == ("Beschriftung", "Wer", "Wann")
    named = {"title": "Beschriftung", "year": "Wann", "authors": ""}
    found = team.preview_import(gus, token, named)
    assert (found.readable, found.records, found.files[0].fields["year"]) == (True, 2, 2)
    job = team.start_import(gus, token, ImportOptions(columns=dict(found.columns)), records=2)
    assert job.status == "done"
    assert len(record_ids(gus.store)) == len(RECORDS) + 2


def test_a_large_import_goes_on_in_the_background(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", 2)
    gus = desks["gus"]
    token = team.upload_exports(gus, [given("a.ris", export(4))])
    job = team.start_import(gus, token, ImportOptions(), records=4)
    until = time.monotonic() + 30
    while job.status == "running" and time.monotonic() < until:
        time.sleep(0.05)
        found = team.import_job(gus, token)
        assert found is not None
        job = found
    assert (job.status, job.records) == ("done", 4)


def test_uploads_are_limited_and_of_one_person(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    gus, ada = desks["gus"], desks["ada"]
    with pytest.raises(PermissionDeniedError):
        team.upload_exports(desks["ann"], [given("a.ris", export())])
    with pytest.raises(team.RefusedError, match="no file"):
        team.upload_exports(gus, [])
    with pytest.raises(team.RefusedError, match="too many"):
        team.upload_exports(gus, [given("a.ris", "x")] * 41)
    token = team.upload_exports(gus, [given("a.ris", export()), given("a.ris", export(1, "B"))])
    with pytest.raises(team.NotThereError):
        team.preview_import(ada, token)
    for wrong in ("", "../..", "0" * 32, token.upper()):
        with pytest.raises(team.NotThereError):
            team.preview_import(gus, wrong)
    assert [made.records for made in team.preview_import(gus, token).files] == [3, 1]
    monkeypatch.setattr(importing, "FILE_LIMIT", 10)
    with pytest.raises(team.RefusedError, match="larger"):
        team.upload_exports(gus, [given("a.ris", export())])
    # one that broke off is told as such
    place = gus.folder / importing.PLACE / token
    (place / "job.json").write_text(json.dumps({"status": "running"}), encoding="utf-8")
    monkeypatch.setattr(importing, "SILENT", -1)
    job = team.import_job(gus, token)
    assert job is not None
    assert job.status == "failed"


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>'
        "<PubmedArticleSet>&c;</PubmedArticleSet>",
        '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><xml><records/></xml>',
    ],
)
def test_xml_that_declares_entities_is_refused_with_a_message(desks: Desks, text: str) -> None:
    gus = desks["gus"]
    token = team.upload_exports(gus, [given("a.xml", text)])
    found = team.preview_import(gus, token).files[0]
    assert found.refused
    assert found.records == 0


def test_a_packed_bomb_is_refused_with_a_message(desks: Desks, tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("xl/workbook.xml", "<workbook/>")
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    token = team.upload_exports(desks["gus"], [given("bomb.xlsx", path.read_bytes())])
    assert team.preview_import(desks["gus"], token).files[0].refused
