"""The acts on a review folder: new, run, check, status."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from evisynth.actions import check_review, new_review, review_status, run_review
from evisynth.actions.output import locked
from evisynth.errors import InputError, OptionError


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small review with its out/, built once; tests work on copies."""
    folder = new_review(tmp_path_factory.mktemp("built") / "small", title="Small review").folder
    run_review(folder, formats=["html"])
    return folder


@pytest.fixture
def review(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "review"))


# ---- new


def test_new_makes_a_folder_whose_plan_is_commented(tmp_path: Path) -> None:
    made = new_review(tmp_path / "walking_and-sleep")
    assert made.title == "Walking and sleep"
    assert set(made.files) == set(tree(made.folder))
    plan = (made.folder / "review.toml").read_text(encoding="utf-8")
    assert tomllib.loads(plan)["review"]["id"] == "walking-and-sleep"
    assert "{{" not in plan + (made.folder / "README.md").read_text(encoding="utf-8")
    assert "made up" in plan


@pytest.mark.parametrize("title", ['The "best" way', "Ünïcode: τ² \\ n", "a = 1 # no"])
def test_any_title_makes_a_plan_that_reads(tmp_path: Path, title: str) -> None:
    made = new_review(tmp_path / "Ärger 1", title=title)
    plan = tomllib.loads((made.folder / "review.toml").read_text(encoding="utf-8"))
    assert plan["review"]["title"] == title[0].upper() + title[1:]
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", plan["review"]["id"])
    assert review_status(made.folder).title == plan["review"]["title"]


def test_new_refuses_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"not empty \(it holds notes\.txt\)"):
        new_review(tmp_path)
    with pytest.raises(InputError, match="is a file"):
        new_review(tmp_path / "notes.txt")
    assert list(tree(tmp_path)) == ["notes.txt"]
    with pytest.raises(InputError, match="cannot be written to"):
        new_review(tmp_path / "notes.txt" / "review")


def test_new_takes_an_empty_folder_under_git(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert new_review(tmp_path).files


def test_a_title_that_cannot_be_printed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be printed"):
        new_review(tmp_path / "x", title="a\x07b")
    assert not (tmp_path / "x").exists()


# ---- run


def test_run_builds_and_tells(review: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    summary = run_review(review, formats=["html"], progress=lambda *told: heard.append(told))
    assert summary.title == "Small review"
    assert [path.name for path in summary.documents] == ["review.html"]
    assert all((summary.out / name).is_file() for name in summary.files)
    assert set(summary.files) == set(tree(summary.out))
    assert [(line.id, line.k) for line in summary.analyses] == [("sleep", 4), ("withdrawal", 4)]
    assert summary.analyses[1].measure == "RR"
    assert 0.5 < summary.analyses[1].ci_lower < summary.analyses[1].estimate < 1.5
    assert summary.warnings == ()
    done = [part for _, part, _ in heard]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 100)
    assert {total for _, _, total in heard} == {100}


def test_two_runs_give_the_same_bytes(review: Path) -> None:
    before = tree(review / "out")
    run_review(review, formats=["html"])
    assert tree(review / "out") == before


def test_an_unknown_format_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"odt.*html, docx, pdf"):
        run_review(tmp_path, formats=["odt"])


def test_bad_input_leaves_the_old_out(review: Path) -> None:
    before = tree(review)
    table = review / "extraction" / "sleep.csv"
    table.write_text(
        table.read_text(encoding="utf-8").replace("2.8,41", "-2.8,41"), encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"extraction/sleep\.csv, line 2.*-2\.8"):
        run_review(review)
    after = tree(review)
    del before["extraction/sleep.csv"], after["extraction/sleep.csv"]
    assert after == before


def test_an_error_while_building_leaves_the_old_out(
    review: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evisynth import reporting

    def half(*arguments: object, **_: object) -> None:
        place = arguments[3]
        assert isinstance(place, Path)
        (place / "review.html").write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reporting, "build_outputs", half)
    before = tree(review)
    with pytest.raises(OSError, match="No space left"):
        run_review(review)
    assert tree(review) == before


def test_a_foreign_out_is_refused(review: Path) -> None:
    (review / "out" / "my-notes.docx").write_text("mine", encoding="utf-8")
    before = tree(review / "out")
    with pytest.raises(InputError, match=r"out: holds files .* \(my-notes\.docx\)"):
        run_review(review, formats=["html"])
    assert tree(review / "out") == before


def test_two_runs_at_once_do_not_mix(review: Path) -> None:
    before = tree(review / "out")
    with (
        locked(review / ".evisynth", ".evisynth/run.lock"),
        pytest.raises(InputError, match="another run is at work"),
    ):
        run_review(review, formats=["html"])
    assert tree(review / "out") == before


# ---- check


def findings(folder: Path) -> list[str]:
    report = check_review(folder)
    assert report.ok == (not report.findings)
    return [str(finding) for finding in report.findings]


def test_check_of_a_fresh_review_finds_nothing_and_writes_nothing(review: Path) -> None:
    before = tree(review)
    report = check_review(review)
    assert report.findings == ()
    assert report.compared > 500
    assert tree(review) == before


def test_check_names_the_number_that_was_edited(review: Path) -> None:
    path = review / "out" / "results.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    right = content["analyses"]["sleep"]["overall"]["estimate"]
    content["analyses"]["sleep"]["overall"]["estimate"] = -0.5
    path.write_text(json.dumps(content), encoding="utf-8")
    report = check_review(review)
    (moved,) = report.moved
    assert (moved.path, moved.stored) == ("analyses.sleep.overall.estimate", -0.5)
    assert moved.now == pytest.approx(right)
    assert [finding.check for finding in report.findings] == ["edited", "numbers"]
    assert report.findings[1].at == "analyses.sleep.overall.estimate"


def test_check_sees_that_an_input_changed_and_which_numbers_follow(review: Path) -> None:
    table = review / "extraction" / "sleep.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("40,6.1", "40,6.2"), "utf-8")
    report = check_review(review)
    checks = {finding.check for finding in report.findings}
    assert checks == {"stale", "numbers"}
    paths = {moved.path for moved in report.moved}
    assert "analyses.sleep.overall.estimate" in paths
    assert "review.fingerprint" in paths
    assert not any(path.startswith("analyses.withdrawal") for path in paths)


def test_check_without_out(small: Path) -> None:
    assert findings(small) == [
        "out: is missing: nothing was built yet. Run `evisynth run` to build it."
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda out: (out / "results.json").unlink(), "out/results.json: is missing"),
        (lambda out: (out / "results.json").write_text("{"), "out/results.json: is not JSON"),
        (lambda out: (out / "manifest.json").unlink(), "out/manifest.json: is missing or not"),
        (lambda out: (out / "review.html").write_text("x"), "out/review.html: was changed by"),
        (lambda out: (out / "review.html").unlink(), "out/review.html: was built and is no"),
        (lambda out: (out / "x.txt").write_text("x"), "out/x.txt: was not written by Evisynth"),
    ],
)
def test_check_of_a_damaged_out(review: Path, change: object, message: str) -> None:
    assert callable(change)
    change(review / "out")
    assert any(text.startswith(message) for text in findings(review))


def test_check_of_counts_that_do_not_add_up(review: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from evisynth import review as room

    read = room.read_review

    def unbalanced(folder: Path) -> room.Review:
        found = read(folder)
        flow = dataclasses.replace(found.flow, problems=("screened 9 is not 3 + 5",))
        return dataclasses.replace(found, flow=flow)

    monkeypatch.setattr(room, "read_review", unbalanced)
    report = check_review(review)
    assert report.findings[0].check == "counts"
    assert "screened 9 is not 3 + 5" in str(report.findings[0])


def test_check_tells_of_another_version(review: Path) -> None:
    path = review / "out" / "manifest.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'"version": "[^"]+"', '"version": "0.0.1"', text), encoding="utf-8")
    report = check_review(review)
    assert report.ok
    assert "built by Evisynth 0.0.1" in report.warnings[-1]


# ---- status


def test_status_counts(review: Path) -> None:
    status = review_status(review)
    assert (status.records, status.duplicates, status.studies) == (10, 1, 4)
    first, second = status.stages
    assert (first.included, first.excluded, first.conflicts, first.open) == (6, 3, 0, 0)
    assert first.decisions_by == {"r1": 9, "r2": 9, "r3": 1}
    assert (second.included, second.excluded) == (4, 1)
    assert (status.retrieval.sought, status.retrieval.retrieved) == (6, 5)
    assert (status.retrieval.not_retrieved, status.retrieval.waiting) == (1, 0)
    assert [(data.outcome, data.studies) for data in status.extraction] == [
        ("sleep", 4),
        ("withdrawal", 4),
    ]
    assert (status.risk_of_bias.assessed, status.risk_of_bias.studies_not_assessed) == (4, 0)
    assert [(analysis.id, analysis.k) for analysis in status.analyses] == [
        ("sleep", 4),
        ("withdrawal", 4),
    ]
    assert status.out == "fresh"


def drop_lines(path: Path, *starts: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(starts)]
    assert len(kept) < len(lines)
    path.write_text("".join(kept), encoding="utf-8")


def test_status_shows_what_is_open(review: Path) -> None:
    drop_lines(review / "decisions" / "title_abstract.csv", "Egan2018,r2", "Ives2017")
    drop_lines(review / "decisions" / "retrieval.csv", "Gray2021")
    status = review_status(review)
    first = status.stages[0]
    assert (first.included, first.excluded, first.open) == (6, 1, 2)
    assert status.retrieval.waiting == 1
    assert status.out == "stale"


def test_status_shows_conflicts(review: Path) -> None:
    path = review / "decisions" / "title_abstract.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("Egan2018,r2,exclude,not_randomized", "Egan2018,r2,include,"), "utf-8"
    )
    assert review_status(review).stages[0].conflicts == 1


def test_status_of_out(review: Path, small: Path) -> None:
    assert review_status(small).out == "missing"
    (review / "out" / "review.html").write_text("x", encoding="utf-8")
    assert review_status(review).out == "edited"
    (review / "out" / "manifest.json").unlink()
    assert review_status(review).out == "not ours"
