"""Reports: retrieval, files that are given, notes on pages."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from tests.unit.actions_team.small_pdf import small_pdf
from tests.web.worlds import PEOPLE, desk, make_folder

from evisynth.actions import open_store, team
from evisynth.actions.freeze import freeze_review
from evisynth.actions.team import open_copies, pdf_reading, uploads
from evisynth.actions.thaw import thaw_review
from evisynth.errors import OptionError, PermissionDeniedError
from evisynth.review import fingerprint
from evisynth.storage import VersionConflict

SOUGHT = ("r01", "r02", "r03", "r04")
TWO = "votes_needed = 2"


@pytest.fixture
def desks(tmp_path: Path) -> dict[str, team.Desk]:
    folder = make_folder(tmp_path / "review", title_abstract=TWO, full_text=TWO)
    export = folder / "searches" / "pubmed" / "export.ris"
    text = export.read_text(encoding="utf-8")
    for number in (1, 2, 3, 4):
        text = text.replace(f"Title r{number:02d}", f"Evening walks and sleep, part {number}:")
    export.write_text(text, encoding="utf-8")
    thaw_review(folder)
    store = open_store(folder / ".evisynth" / "review.db")
    made = {who: desk(store, folder, who) for who in PEOPLE}
    for record in SOUGHT:
        for who in ("ann", "ben"):
            team.decide(made[who], "title_abstract", record, "include")
    return made


def title_of(who: team.Desk, record: str) -> str:
    return team.report_page(who, record).record.title


def pdf_of(who: team.Desk, record: str, *, more: str = "") -> bytes:
    return small_pdf([[title_of(who, record), "A. Author", more], ["The second page"]])


def give(who: team.Desk, *files: tuple[str, bytes], **more: Any) -> tuple[team.UploadLine, ...]:
    return team.take_files(who, [(name, [body]) for name, body in files], **more).lines


def status(who: team.Desk, record: str) -> str:
    return team.retrieval_of(who.board, record)[0]


# retrieval


def test_the_list_counts_each_status_and_finds_by_words(desks: dict[str, team.Desk]) -> None:
    gus = desks["gus"]
    assert team.note_retrieval(gus, ["r02"], "sought", reason="library") == 1
    assert team.note_retrieval(gus, ["r03"], "not_retrieved", reason="no answer") == 1
    found = team.retrieval_list(gus)
    assert found.counts == {"to_get": 2, "sought": 1, "retrieved": 0, "not_retrieved": 1}
    assert team.count_to_get(gus) == 3
    lost = team.retrieval_list(gus, status="not_retrieved").rows[0]
    assert (lost.record.id, lost.reason, lost.person) == ("r03", "no answer", "Gus Name")
    assert [row.record.id for row in team.retrieval_list(gus, words="r04 evening").rows] == ["r04"]
    assert found.reasons == ("library", "no answer")
    with pytest.raises(OptionError):
        team.retrieval_list(gus, status="lost")


def test_a_report_given_up_leaves_full_text_and_comes_back(desks: dict[str, team.Desk]) -> None:
    gus, ann = desks["gus"], desks["ann"]
    with pytest.raises(team.RefusedError, match="say why"):
        team.note_retrieval(gus, ["r01"], "not_retrieved", reason="  ")
    team.note_retrieval(gus, ["r01"], "not_retrieved", reason="no access", request_id="q1")
    assert ann.board.state("full_text", "r01") is None
    assert team.note_retrieval(gus, ["r01"], "not_retrieved", reason="x", request_id="q1") == 1
    assert gus.board.version("retrieval", ("r01",)) == 1
    team.note_retrieval(gus, ["r01"], "to_get")
    assert ann.board.state("full_text", "r01") is not None
    flow = team.live_flow(gus)
    assert flow.box("reports_not_retrieved")[0].count == 0


def test_two_librarians_who_note_one_report_get_both_notes(desks: dict[str, team.Desk]) -> None:
    team.note_retrieval(desks["gus"], ["r01"], "sought", reason="library", versions={"r01": 0})
    with pytest.raises(VersionConflict) as caught:
        team.note_retrieval(
            desks["ada"], ["r01", "r02"], "not_retrieved", reason="none", versions={"r01": 0}
        )
    assert (caught.value.conflicts[0].theirs or {})["reason"] == "library"
    assert status(desks["ada"], "r02") == "to_get"


@pytest.mark.parametrize("who", ["eve", "finn", "hal", "ida", "dora"])
def test_who_does_not_get_reports_may_not_note_them(desks: dict[str, team.Desk], who: str) -> None:
    with pytest.raises(PermissionDeniedError):
        team.note_retrieval(desks[who], ["r01"], "sought")


def test_what_a_person_may_not_know_refuses_nothing(desks: dict[str, team.Desk]) -> None:
    """Ben's vote on a report does not stop Gus, and does not count it as retrieved for him."""
    team.decide(desks["ben"], "full_text", "r01", "include")
    assert status(desks["gus"], "r01") == "to_get"
    with pytest.raises(team.RefusedError, match="you decided"):
        team.note_retrieval(desks["ben"], ["r01"], "not_retrieved", reason="none")
    team.note_retrieval(desks["gus"], ["r01"], "not_retrieved", reason="none")
    team.note_retrieval(desks["gus"], ["r01"], "to_get")
    team.decide(desks["ann"], "full_text", "r01", "include")
    assert status(desks["gus"], "r01") == "retrieved"
    with pytest.raises(team.RefusedError, match="assessed"):
        team.note_retrieval(desks["gus"], ["r01"], "not_retrieved", reason="none")
    with pytest.raises(team.NotThereError):
        team.note_retrieval(desks["gus"], ["r09"], "sought")


# files


def test_files_are_matched_checked_and_kept_by_fingerprint(desks: dict[str, team.Desk]) -> None:
    gus = desks["gus"]
    good = pdf_of(gus, "r01")
    lines = give(
        gus, ("scan 1.pdf", good), ("../../evil.pdf", b"<html><script>1</script>"),
        ("other.pdf", small_pdf([["Something else"]])), ("empty.pdf", b""),
        ("cut.pdf", b"%PDF-1.7\nnothing"), ("again.pdf", good),
        source="library", request_id="u1",
    )  # fmt: skip
    assert [(line.status, line.why) for line in lines] == [
        ("attached", ""), ("refused", "no PDF"), ("choose", ""), ("refused", "empty"),
        ("refused", "damaged"), ("already", ""),
    ]  # fmt: skip
    assert (lines[0].record, lines[0].by, lines[0].pages) == ("r01", "title", 2)
    assert lines[1].name == "evil.pdf"
    digest = hashlib.sha256(good).hexdigest()
    kept = gus.folder / "fulltext" / f"{digest}.pdf"
    assert kept.read_bytes() == good
    assert (gus.folder / "fulltext" / ".gitignore").read_text().endswith("*.pdf\n")
    file, place = team.file_of(gus, digest)
    assert (file.name, file.source, place) == ("scan 1.pdf", "library", kept)
    assert status(gus, "r01") == "retrieved"
    names = sorted(path.name for path in (gus.folder / "fulltext").iterdir())
    assert names == [".gitignore", f"{digest}.pdf"]
    # the same upload again: nothing new
    number = gus.store.head().number
    assert give(gus, ("scan 1.pdf", good), request_id="u1") == lines
    assert gus.store.head().number == number


def test_a_choice_attaches_or_throws_away(desks: dict[str, team.Desk]) -> None:
    gus = desks["gus"]
    made = team.take_files(gus, [("a.pdf", [small_pdf([["A"]])]), ("b.pdf", [small_pdf([["B"]])])])
    with pytest.raises(team.NotThereError):
        team.choose_report(gus, made.token, 1, "r09")
    with pytest.raises(team.NotThereError):
        team.choose_report(desks["ann"], made.token, 1, "r02")
    team.choose_report(gus, made.token, 1, "r02")
    team.choose_report(gus, made.token, 1, "r02")
    team.drop_waiting(gus, made.token, 2)
    lines = team.upload_of(gus, made.token).lines
    assert [(line.status, line.record) for line in lines] == [("attached", "r02"), ("dropped", "")]
    assert len(team.files_of(gus.board, "r02")) == 1
    with pytest.raises(team.RefusedError):
        team.choose_report(gus, made.token, 2, "r03")
    for token in ("../x", "0" * 32, "A" * 32, ""):
        with pytest.raises(team.NotThereError):
            team.upload_of(gus, token)


def test_a_file_taken_away_can_be_put_back(desks: dict[str, team.Desk]) -> None:
    ann = desks["ann"]
    line = give(ann, ("a.pdf", pdf_of(ann, "r01")), record="r01")[0]
    with pytest.raises(team.RefusedError, match="has a file"):
        team.note_retrieval(ann, ["r01"], "not_retrieved", reason="none")
    for _ in range(2):
        team.remove_file(ann, "r01", line.sha256)
    assert status(ann, "r01") == "to_get"
    assert [made.name for made in team.removed_files(ann, "r01")] == ["a.pdf"]
    with pytest.raises(team.NotThereError):
        team.file_of(ann, line.sha256)
    for _ in range(2):
        team.restore_file(ann, "r01", line.sha256)
    assert status(ann, "r01") == "retrieved"
    assert team.removed_files(ann, "r01") == ()
    with pytest.raises(team.NotThereError):
        team.restore_file(ann, "r01", "0" * 64)
    with pytest.raises(team.NotThereError):
        team.restore_file(ann, "r01", "../../review")


def test_what_is_said_of_a_file_is_not_written_over(desks: dict[str, team.Desk]) -> None:
    ann, gus = desks["ann"], desks["gus"]
    sha = give(ann, ("a.pdf", pdf_of(ann, "r01")), record="r01")[0].sha256
    version = team.files_of(ann.board, "r01")[0].version
    for _ in range(2):
        team.describe_file(ann, "r01", sha, licence="CC BY", version=version, request_id="d")
    with pytest.raises(VersionConflict):
        team.describe_file(gus, "r01", sha, note="supplement", version=version)
    assert team.files_of(gus.board, "r01")[0].licence == "CC BY"


def test_a_file_that_is_too_large_is_not_kept(
    desks: dict[str, team.Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "FILE_LIMIT", 3000)
    ann = desks["ann"]
    lines = give(ann, ("big.pdf", b"%PDF-1.7" + b"0" * 5000), record="r01")
    assert (lines[0].status, lines[0].why) == ("refused", "too large")
    assert not (ann.folder / "fulltext").exists()
    monkeypatch.setattr(uploads, "MOST_FILES", 1)
    with pytest.raises(team.RefusedError, match="too many"):
        give(ann, ("a.pdf", b"x"), ("b.pdf", b"x"))
    with pytest.raises(team.RefusedError, match="no file"):
        give(ann)


@pytest.mark.parametrize("who", ["finn", "hal", "ida", "dora"])
def test_who_does_not_attach_may_not(desks: dict[str, team.Desk], who: str) -> None:
    body = small_pdf([["A"]])
    sha = give(desks["ann"], ("a.pdf", body), record="r01")[0].sha256
    for act in (
        lambda: give(desks[who], ("a.pdf", body), record="r01"),
        lambda: team.remove_file(desks[who], "r01", sha),
        lambda: team.restore_file(desks[who], "r01", sha),
        lambda: team.describe_file(desks[who], "r01", sha),
    ):
        with pytest.raises(PermissionDeniedError):
            act()
    assert team.file_of(desks[who], sha)[0].name == "a.pdf"


def test_a_reader_that_hangs_or_dies_refuses_the_file(
    desks: dict[str, team.Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(small_pdf([["Text"]]))
    assert pdf_reading.read_pdf(path).pages == 1
    assert pdf_reading.read_pdf(path, seconds=0.001).problem == "damaged"
    dies = tmp_path / "dies.py"
    dies.write_text("import os\nos.abort()\n")
    monkeypatch.setattr(pdf_reading, "WORKER", dies)
    lines = give(desks["ann"], ("a.pdf", path.read_bytes()), record="r01")
    assert (lines[0].status, lines[0].why) == ("refused", "damaged")


def test_reports_stay_out_of_the_text_form(desks: dict[str, team.Desk]) -> None:
    """With and without the PDFs the folder is the same review, and freezing keeps them."""
    ann = desks["ann"]
    sha = give(ann, ("a.pdf", pdf_of(ann, "r01")), record="r01")[0].sha256
    team.add_page_note(ann, "r01", "look", quote="The second page", page=2, place=f"{sha} 0-15")
    freeze_review(ann.folder)
    table = (ann.folder / "fulltext" / "attachments.csv").read_text()
    assert sha in table
    before = fingerprint(ann.folder)
    (ann.folder / "fulltext" / f"{sha}.pdf").rename(ann.folder.parent / "kept.pdf")
    assert fingerprint(ann.folder) == before
    assert thaw_review(ann.folder).read == 0
    with pytest.raises(team.NotThereError, match="not in this copy"):
        team.file_of(ann, sha)
    assert team.page_notes(ann, "r01")[0].page == 2


def test_open_copies_only_where_the_plan_switches_them_on(
    desks: dict[str, team.Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    from evisynth.connectors import FullText

    ann = desks["ann"]
    assert team.open_copy_services(ann) == ()
    with pytest.raises(team.RefusedError, match="switched on"):
        team.fetch_open_copy(ann, "r01")
    body = pdf_of(ann, "r01")

    def found(record: Any, folder: Path, **_: Any) -> FullText:
        (folder / "x.pdf").write_bytes(body)
        return FullText(
            record.id, "stored", url="https://example.org/x.pdf", licence="cc-by", file="x.pdf",
            media_type="application/pdf",
        )  # fmt: skip

    monkeypatch.setattr("evisynth.connectors.find_full_text", found)
    monkeypatch.setattr(open_copies, "open_copy_services", lambda _: ("europepmc",))
    made = team.fetch_open_copy(ann, "r01")
    assert (made.status, made.licence) == ("attached", "cc-by")
    file = team.files_of(ann.board, "r01")[0]
    assert (file.source, file.licence) == ("https://example.org/x.pdf", "cc-by")
    with pytest.raises(PermissionDeniedError):
        team.fetch_open_copy(desks["hal"], "r01")


# notes and decisions


def test_notes_on_pages_are_blinded_as_decisions_are(desks: dict[str, team.Desk]) -> None:
    ann, ben = desks["ann"], desks["ben"]
    made = team.add_page_note(
        ann, "r01", "odd", quote="odd words", page=2, place="0123456789ab 3-12", request_id="n1"
    )
    again = team.add_page_note(ann, "r01", "else", quote="", page=3, request_id="n1")
    assert (made, made.stage) == (again, "full_text")
    others = [who for who in PEOPLE if who != "ann"]
    for who in others:
        assert team.page_notes(desks[who], "r01") == ()
    team.decide(ben, "full_text", "r01", "include")
    assert team.page_notes(ben, "r01") == ()
    team.decide(ann, "full_text", "r01", "include")
    seen = team.page_notes(ben, "r01")
    assert [(note.who, note.quote, note.page, note.id, note.date) for note in seen] == [
        ("Reviewer 1", "odd words", 2, "", "")
    ]
    assert team.page_notes(desks["dora"], "r01")[0].text == "odd"
    for who in ("eve", "finn", "gus", "hal", "cleo"):
        assert team.page_notes(desks[who], "r01") == ()


def test_notes_made_while_extracting_open_with_the_values(desks: dict[str, team.Desk]) -> None:
    ann, ben = desks["ann"], desks["ben"]
    for who in (ann, ben):
        team.decide(who, "full_text", "r01", "include")
    note = team.add_page_note(ann, "r01", "the mean is 9.93", page=4)
    assert note.stage == "data"
    team.make_form(desks["ada"], "means", "data")
    for other in others_than_ann():
        assert team.page_notes(desks[other], "r01") == ()
        assert not any("9.93" in made.text for made in team.one_record(desks[other], "r01").notes)
        assert not any("9.93" in made.text for made in team.seen_notes(desks[other], "r01"))
    for who in (ann, ben):
        team.finish_extraction(who, "data", "S1")
        assert team.page_notes(ben, "r01") == ()
    tool = team.instrument_of(ann).id
    for who in (ann, ben):
        assert team.page_notes(ben, "r01") == ()
        key = ("assessment", tool, "S1", "sleep", who.person.id)
        who.store.put("finished", key, {"date": "2026-01-04"}, actor=who.person.id, act="finish")
    seen = team.page_notes(ben, "r01")
    assert [(made.who, made.text) for made in seen] == [("Ann Name", "the mean is 9.93")]
    assert team.page_notes(desks["cleo"], "r01") == ()


def others_than_ann() -> list[str]:
    return [who for who in PEOPLE if who != "ann"]


def test_own_notes_are_changed_and_taken_away(desks: dict[str, team.Desk]) -> None:
    ann = desks["ann"]
    note = team.add_page_note(ann, "r01", "one", page=1)
    newer = team.change_page_note(ann, "r01", note.id, "two", version=note.version, request_id="c")
    same = team.change_page_note(ann, "r01", note.id, "two", version=note.version, request_id="c")
    assert (newer.text, newer.version, same) == ("two", note.version + 1, newer)
    with pytest.raises(VersionConflict):
        team.change_page_note(ann, "r01", note.id, "three", version=note.version)
    with pytest.raises(team.NotThereError):
        team.change_page_note(desks["ben"], "r01", note.id, "mine", version=None)
    with pytest.raises(team.NotThereError):
        team.remove_page_note(desks["ben"], "r01", note.id)
    for _ in range(2):
        team.remove_page_note(ann, "r01", note.id)
    assert team.page_notes(ann, "r01") == ()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        pytest.param({"text": " "}, team.RefusedError, id="empty"),
        pytest.param({"text": "x", "page": -1}, OptionError, id="page"),
        pytest.param({"text": "x", "place": "<b>"}, OptionError, id="place"),
        pytest.param({"text": "x", "record": "r09"}, team.NotThereError, id="not-sought"),
    ],
)
def test_notes_that_cannot_be_are_refused(
    desks: dict[str, team.Desk], given: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        team.add_page_note(desks["ann"], given.pop("record", "r01"), given.pop("text"), **given)
    with pytest.raises(PermissionDeniedError):
        team.add_page_note(desks["hal"], "r01", "x")


def test_the_page_of_a_report_says_what_one_may_do(desks: dict[str, team.Desk]) -> None:
    ann = desks["ann"]
    made = team.report_page(ann, "r01")
    assert (made.may_decide, made.status, made.studies) == (True, "to_get", ("S1",))
    team.decide(ann, "full_text", "r01", "exclude", reason="numbers")
    assert team.report_page(ann, "r01").may_decide
    team.decide(desks["ben"], "full_text", "r01", "exclude", reason="numbers")
    made = team.report_page(ann, "r01")
    assert not made.may_decide
    assert made.why_not
    assert not team.report_page(desks["gus"], "r02").may_decide
    assert team.report_page(desks["gus"], "r02").why_not == ""


def test_the_next_report_is_one_with_a_file(desks: dict[str, team.Desk]) -> None:
    ann = desks["ann"]
    give(ann, ("a.pdf", small_pdf([["A"]])), record="r03")
    assert team.next_report(ann) == "r03"
    assert team.next_report(ann, after="r03") in {"r01", "r02", "r04"}
    for record in SOUGHT:
        team.decide(ann, "full_text", record, "include")
    assert team.next_report(ann) == ""
    assert team.next_report(desks["gus"]) == ""
