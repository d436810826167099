"""Built folders: swapped in whole, known again, locked, never anybody else's."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from evisynth.actions.output import (
    MANIFEST,
    building,
    changed_files,
    locked,
    read_manifest,
    refuse_foreign,
)
from evisynth.errors import InputError


def build(out: Path, text: str, work: Path | None = None) -> None:
    with building(out, inputs="abc", work=work) as place:
        (place / "deep").mkdir()
        (place / "deep" / "a.txt").write_text(text, encoding="utf-8")


@pytest.fixture(params=["beside", "in a work folder"])
def work(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return None if request.param == "beside" else tmp_path / ".work"


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if "building" in path.name)


def test_a_folder_is_built_and_built_again(tmp_path: Path, work: Path | None) -> None:
    out = tmp_path / "out"
    build(out, "one", work)
    build(out, "two", work)
    assert (out / "deep" / "a.txt").read_text(encoding="utf-8") == "two"
    manifest = read_manifest(out)
    assert manifest is not None
    assert manifest.inputs == "abc"
    assert list(manifest.files) == ["deep/a.txt"]
    assert changed_files(out, manifest) == ([], [], [])
    assert leftovers(tmp_path) == []


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    build(tmp_path / "a", "one")
    build(tmp_path / "b", "one")
    first, second = ((tmp_path / name / MANIFEST).read_bytes() for name in "ab")
    assert first == second


def test_an_error_while_building_leaves_the_old_folder(tmp_path: Path, work: Path | None) -> None:
    out = tmp_path / "out"
    build(out, "one", work)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def fail() -> None:
        with building(out, inputs="def", work=work) as place:
            (place / "half.txt").write_text("half", encoding="utf-8")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert leftovers(tmp_path) == []


def test_a_run_killed_between_the_two_renames_is_put_right(tmp_path: Path) -> None:
    out, work = tmp_path / "out", tmp_path / ".work"
    build(out, "one", work)
    out.rename(work / "out-building-old")
    (work / "out-building-dead").mkdir()
    with building(out, inputs="x", work=work):
        assert (out / "deep" / "a.txt").read_text(encoding="utf-8") == "one"
    assert leftovers(work) == []


def test_files_of_others_are_refused_and_named(tmp_path: Path, work: Path | None) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.docx").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"did not write \(thesis\.docx\)"):
        build(out, "one", work)
    (out / "thesis.docx").unlink()
    build(out, "one", work)
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"did not write \(notes\.txt\)"):
        build(out, "two", work)
    assert (out / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert (out / "deep" / "a.txt").read_text(encoding="utf-8") == "one"


def test_a_file_that_appears_during_the_build_is_not_lost(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(out, "one")

    def meanwhile() -> None:
        with building(out, inputs="x"):
            (out / "notes.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(InputError, match="notes"):
        meanwhile()
    assert (out / "notes.txt").is_file()


def test_what_desktops_leave_is_no_reason_to_refuse(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(out, "one")
    for name in (".DS_Store", "Thumbs.db", "~$review.docx", ".~lock.review.docx#"):
        (out / name).write_text("x", encoding="utf-8")
    build(out, "two")
    assert (out / "deep" / "a.txt").read_text(encoding="utf-8") == "two"


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    build(tmp_path / "out", "one")
    assert (tmp_path / "out" / MANIFEST).is_file()


def test_a_link_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is a link"):
        refuse_foreign(tmp_path / "out", "out")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        refuse_foreign(tmp_path / "file", "file")


@pytest.mark.parametrize("content", ["", "{}", '{"files": 3, "made_by": "evisynth"}', "[1]"])
def test_a_manifest_that_cannot_be_understood_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content, encoding="utf-8")
    assert read_manifest(tmp_path) is None
    with pytest.raises(InputError, match="did not write"):
        refuse_foreign(tmp_path, "out")


def test_changes_by_hand_are_seen(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with building(out, inputs="x") as place:
        for name in "abc":
            (place / name).write_text(name, encoding="utf-8")
    (out / "a").write_text("A", encoding="utf-8")
    (out / "b").unlink()
    (out / "d").write_text("d", encoding="utf-8")
    manifest = read_manifest(out)
    assert manifest is not None
    assert changed_files(out, manifest) == (["a"], ["b"], ["d"])


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(InputError, match="cannot be written to"):
            build(tmp_path / "out", "one")
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_file_in_the_way_of_the_work_folder(tmp_path: Path) -> None:
    (tmp_path / ".work").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written to"):
        build(tmp_path / "out", "one", tmp_path / ".work")
    with pytest.raises(InputError, match="cannot be written to"), locked(tmp_path / ".work", "x"):
        pass


HOLD = """
import sys
from pathlib import Path
from evisynth.actions.output import locked
with locked(Path(sys.argv[1]), "run.lock"):
    print("taken", flush=True)
    sys.stdin.read()
"""


def test_a_lock_keeps_a_second_run_out_and_ends_with_its_process(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdin is not None
    assert other.stdout is not None
    with other.stdin, other.stdout:
        try:
            assert other.stdout.readline() == "taken\n"
            with (
                pytest.raises(InputError, match=rf"another run .*\(process {other.pid}\)"),
                locked(tmp_path, ".evisynth/run.lock"),
            ):
                pytest.fail("two held the lock")
        finally:
            other.kill()
            other.wait(30)
    with locked(tmp_path, ".evisynth/run.lock"):
        assert (tmp_path / "run.lock").read_text(encoding="utf-8") == f"process {os.getpid()}"
    with locked(tmp_path, "again"):
        pass
