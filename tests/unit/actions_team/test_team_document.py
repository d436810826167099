"""The document built in the background: of a copy that holds what all may know; ended; stale."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from tests.web.worlds import PEOPLE, desk, make_folder, make_world

from evisynth.actions import open_store, team
from evisynth.actions.team import document, jobs
from evisynth.actions.thaw import thaw_review
from evisynth.errors import OptionError, PermissionDeniedError


def wait(made: team.Build, who: team.Desk) -> team.Build:
    assert team.wait_for_jobs(120)
    return team.build_at(who, made.job.id)


def world(tmp_path: Path, name: str) -> dict[str, team.Desk]:
    folder = make_folder(tmp_path / name / "review", title_abstract="votes_needed = 2")
    make_world(folder, name, votes=2)
    store = open_store(folder / ".evisynth" / "review.db")
    return {who: desk(store, folder, who) for who in PEOPLE}


def test_a_document_is_built_of_the_review_as_it_stands(small: Path) -> None:
    folder = small
    store = open_store(folder / ".evisynth" / "review.db")
    thaw_review(folder)
    lead = team.seated(store, folder, "r1")
    assert lead is not None
    before = sorted(path.name for path in folder.iterdir())
    made = team.start_build(lead, ("html",), request_id="one")
    assert made.job.running
    assert team.start_build(lead, ("html",), request_id="one").job.id == made.job.id
    with pytest.raises(team.RefusedError, match="under way"):
        team.start_build(lead, ("html",), request_id="two")
    built = wait(made, lead)
    assert built.job.status == "done", built.job.messages
    assert built.ready
    assert not built.stale
    assert len(built.job.log) > 3
    names = {name for name, _ in built.files}
    assert {"review.html", "results.json", "manifest.json"} <= names
    assert "review.pdf" not in names
    preview = team.preview_analysis(lead, ident="sleep").result
    assert preview is not None
    results = json.loads(team.build_file(lead, built.job.id, "results.json").read_text("utf-8"))
    assert results["analyses"]["sleep"]["overall"]["estimate"] == preview.fit.estimate
    assert sorted(path.name for path in folder.iterdir()) == before, "nothing beside .evisynth"
    assert not (jobs.job_place(lead, "document", built.job.id) / "review").exists()
    store.put("tag", (lead.board.records[0], "r1", "later"), {}, actor="r1", act="tag")
    assert not team.builds_of(lead)[0].stale, "a tag is not in the document"
    team.save_analysis(lead, {"tau2": "DL"}, ident="sleep", version=team.analysis_version(lead))
    assert team.builds_of(lead)[0].stale
    for name in ("../job.json", "/etc/passwd", "review.exe", ""):
        with pytest.raises(team.NotThereError):
            team.build_file(lead, built.job.id, name)


def test_the_copy_holds_nothing_of_what_is_hidden(tmp_path: Path) -> None:
    texts = []
    for secret in ("plain", "busy"):
        ada = world(tmp_path, secret)["ada"]
        target = tmp_path / secret / "copy"
        document.frozen_copy(ada, target)
        texts.append(
            {
                # the moments of what was done differ from run to run
                path.relative_to(target).as_posix(): re.sub(
                    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "·", path.read_text(encoding="utf-8")
                )
                for path in sorted(target.rglob("*"))
                if path.is_file()
            }
        )
    plain, busy = texts
    assert "SECRET" not in str(busy)
    assert plain == busy
    assert "r03" in plain["decisions/title_abstract.csv"], "what all decided on is there"
    assert "r05" not in plain["decisions/title_abstract.csv"]


def test_whether_it_is_stale_tells_nothing_of_open_records(tmp_path: Path) -> None:
    desks = world(tmp_path, "plain")
    before = document.data_stamp(desks["ada"])
    team.decide(desks["cleo"], "title_abstract", "r12", "exclude", reason="design")
    assert document.data_stamp(desks["ada"]) == before
    team.decide(desks["ann"], "title_abstract", "r12", "exclude", reason="design")
    assert document.data_stamp(desks["ada"]) != before


def test_problems_are_told_with_the_way_out(tmp_path: Path) -> None:
    finn = world(tmp_path, "plain")["finn"]
    text = str(finn.board.values("plan")["review.toml",]["text"])
    extra = '\n[[analyses]]\nid = "a"\ntitle = "A"\noutcome = "sleep"\nmeasure = "SMD"\n'
    finn.store.put("plan", ("review.toml",), {"text": text + extra}, actor="ada", act="plan")
    built = wait(team.start_build(finn, ("html",)), finn)
    assert built.job.status == "failed"
    assert built.job.messages[0]
    assert not built.files


def test_a_build_is_stopped_and_a_broken_one_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finn = world(tmp_path, "plain")["finn"]

    def slow(place: Path, tell: jobs.Teller, formats: tuple[str, ...]) -> dict[str, object]:
        for done in range(600):
            tell("Waiting", done, 600)
            time.sleep(0.05)
        return {}

    monkeypatch.setattr(document, "_run_child", slow)
    made = team.start_build(finn, ("html",))
    team.stop_build(finn, made.job.id)
    assert wait(made, finn).job.status == "stopped"
    monkeypatch.setattr(jobs, "SILENT", -1)
    place = jobs.job_place(finn, "document", made.job.id)
    jobs.write_job(place, jobs.Job(made.job.id, "document", "finn", "2026-01-01T00:00:00Z"))
    broken = team.build_at(finn, made.job.id)
    assert broken.job.status == "failed"
    assert "broke off" in broken.job.messages[0]


def test_wrong_roles_and_bad_input(tmp_path: Path) -> None:
    desks = world(tmp_path, "plain")
    for who in ("ann", "gus", "hal", "ida", "dora", "eve"):
        with pytest.raises(PermissionDeniedError):
            team.builds_of(desks[who])
        with pytest.raises(PermissionDeniedError):
            team.start_build(desks[who], ("html",))
        with pytest.raises(PermissionDeniedError):
            team.build_file(desks[who], "0" * 32, "review.html")
    finn = desks["finn"]
    with pytest.raises(OptionError):
        team.start_build(finn, ("odt",))
    with pytest.raises(team.RefusedError, match="at least one format"):
        team.start_build(finn, ())
    for ident in ("", "x", "../../review", "0" * 32):
        with pytest.raises(team.NotThereError):
            team.build_at(finn, ident)
