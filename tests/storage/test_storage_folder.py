"""Freeze and thaw lose nothing and give the same bytes; hand edits and broken chains are seen."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.storage.states_of_reviews import ACTS

from evisynth.actions import open_store, thaw_from
from evisynth.errors import InputError
from evisynth.review import LOG_FILE, Review, fold
from evisynth.storage import Store, StoreError, VersionConflict, freeze, thaw

EXAMPLES = ("digital-interventions-cancer", "depression-prevention")
_numbers = itertools.count()


def tick() -> Callable[[], str]:
    """A clock of its own: the same times on each run."""
    seconds = itertools.count()
    return lambda: f"2026-01-01T{next(seconds):06d}Z"


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.relative_to(folder).parts[0] != "out"
    }


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_thaw_of_freeze_is_the_same_and_freeze_gives_the_same_bytes(
    database: str, acts: list[tuple[str, str, list[tuple[str, tuple[str, ...], object]]]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        first = Store.open(database, review=f"one-{next(_numbers)}", clock=tick())
        first.put("plan", ("review.toml",), {"text": "# plan\n"}, actor="ada", act="begin")
        for actor, reason, puts in acts:
            # a put of an act that names an item twice would count as two of its versions
            chosen = {(kind, key): value for kind, key, value in puts if value or kind != "plan"}
            if chosen:
                first.put_many(
                    [(kind, key, value) for (kind, key), value in chosen.items()],  # type: ignore[misc]
                    actor=actor, act="write", reason=reason,
                )  # fmt: skip
        assert fold(first.history()) == first.state()
        freeze(first, place / "a")
        second = Store.open(database, review=f"two-{next(_numbers)}")
        read = thaw(place / "a", second)
        assert read.changes == ()
        assert second.state() == first.state()
        assert second.history() == first.history()
        freeze(second, place / "b", files=place / "a")
        assert bytes_of(place / "b") == bytes_of(place / "a")
        # and once more in place: no file is touched
        assert freeze(second, place / "a").written == ()


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_canonical(
    database: str, example: str, copy_example: Callable[[str, Path], Path], tmp_path: Path
) -> None:
    """Reading an example in and writing it moves no byte; only the history is added."""
    folder = copy_example(example, tmp_path / example)
    before = bytes_of(folder)
    with open_store(database) as store:
        read = thaw_from(store, folder)
        assert read.first
        made = freeze(store, folder)
        assert made.written == (LOG_FILE,)
        assert {entry.act for entry in store.history()} == {"read from the folder"}
    after = bytes_of(folder)
    after.pop(LOG_FILE)
    assert after == before
    assert Review.read(folder).flow == Review.read(tmp_path / example).flow


def test_a_new_review_is_canonical(small: Path, database: str) -> None:
    before = bytes_of(small)
    with open_store(database) as store:
        thaw_from(store, small)
        freeze(store, small)
    after = bytes_of(small)
    after.pop(LOG_FILE)
    assert after == before


def open_small(small: Path, database: str) -> Store:
    store = open_store(database)
    thaw_from(store, small)
    freeze(store, small)
    return store


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="")


def test_hand_edits_become_entries_with_before_and_after(small: Path, database: str) -> None:
    store = open_small(small, database)
    table = small / "decisions" / "title_abstract.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    changed = lines[1].replace(",exclude,", ",include,", 1)
    changed = changed if changed != lines[1] else lines[1].replace(",include,", ",exclude,", 1)
    removed = lines[2]
    table.write_text("\n".join([lines[0], changed, *lines[3:]]) + "\n", encoding="utf-8")
    (small / "texts").mkdir(exist_ok=True)
    (small / "texts" / "discussion.md").write_text("We found.\n", encoding="utf-8")
    edit(small / "review.toml", "[question]", "# why\n[question]")
    read = thaw_from(store, small, actor="ada")
    whats = {(made.kind, made.before is None, made.after is None) for made in read.changes}
    assert whats == {
        ("vote", False, False),
        ("vote", False, True),
        ("text", True, False),
        ("plan", False, False),
    }
    entries = store.history(after=store.head().number - len(read.changes))
    assert {(entry.act, entry.actor) for entry in entries} == {("edited in the folder", "ada")}
    gone = next(entry for entry in entries if entry.kind == "vote" and entry.after is None)
    assert gone.key[1] == removed.split(",")[0]
    # what was read in is what stands in the folder
    assert set(freeze(store, small).written) <= {LOG_FILE, "decisions/title_abstract.csv"}
    assert thaw_from(store, small).changes == ()
    verification, differences = store.verify()
    assert verification.ok
    assert differences == ()


def test_an_edit_that_was_not_read_in_is_never_written_over(small: Path, database: str) -> None:
    store = open_small(small, database)
    store.put("tag", ("pm-01", "ada", "children"), {}, actor="ada", act="tag")
    edit(small / "review.toml", "[question]", "# mine\n[question]")
    (small / "searches" / "pubmed" / "notes.md").write_text("new\n", encoding="utf-8")
    before = bytes_of(small)
    with pytest.raises(InputError, match=r"review.toml: was edited.*\n.*notes.md"):
        freeze(store, small)
    assert bytes_of(small) == before
    thaw(small, store)
    freeze(store, small)
    assert "# mine" in (small / "review.toml").read_text(encoding="utf-8")
    assert (small / "notes" / "tags.csv").is_file()


def test_a_row_edited_in_both_places_is_a_conflict(small: Path, database: str) -> None:
    store = open_small(small, database)
    item = store.list("vote", ("title_abstract",)).items[0]
    other = {"verdict": "maybe", "note": "from the browser"}
    store.put("vote", item.key, other, actor="ben", act="decide")
    table = small / "decisions" / "title_abstract.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    cells = lines[1].split(",")
    cells[4] = "from the folder"
    lines[1] = ",".join(cells)
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(VersionConflict) as caught:
        thaw(small, store)
    (conflict,) = caught.value.conflicts
    assert conflict.base == item.value
    assert conflict.theirs == other
    assert conflict.mine is not None
    assert conflict.mine["note"] == "from the folder"
    assert store.get("vote", item.key).value == other


def test_what_was_written_meanwhile_stays_beside_an_edit_elsewhere(
    small: Path, database: str
) -> None:
    store = open_small(small, database)
    store.put("tag", ("pm-01", "ada", "children"), {}, actor="ada", act="tag")
    edit(small / "review.toml", "[question]", "# mine\n[question]")
    read = thaw(small, store)
    assert [made.kind for made in read.changes] == ["plan"]
    assert len(store.list("tag").items) == 1


@pytest.mark.parametrize(
    ("harm", "line", "what"),
    [
        (lambda lines: [lines[0], lines[1].replace('"folder"', '"eve"', 1), *lines[2:]],
         2, "was changed after it was written"),
        (lambda lines: [lines[0], *lines[2:]], 2, "entry 2 is missing"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2, "entry 2 is missing"),
        (lambda lines: [*lines[:3], lines[3][:40], *lines[4:]], 4, "not valid JSON"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], 4, "here stands entry 3"),
    ],
)  # fmt: skip
def test_a_broken_chain_is_refused_with_its_line(
    small: Path, tmp_path: Path, harm: Callable[[list[str]], list[str]], line: int, what: str
) -> None:
    open_small(small, str(tmp_path / "one.db"))
    log = small / LOG_FILE
    lines = log.read_text(encoding="utf-8").splitlines()
    log.write_text("\n".join(harm(lines)) + "\n", encoding="utf-8")
    fresh = Store.open(tmp_path / "two.db")
    with pytest.raises(InputError, match=f"audit/log.jsonl, line {line}: .*{what}"):
        thaw(small, fresh)
    assert fresh.head().number == 0


def test_a_cut_history_is_no_other_history(small: Path, database: str, tmp_path: Path) -> None:
    """A log that ends early verifies by itself; the database knows that it goes on."""
    store = open_small(small, database)
    log = small / LOG_FILE
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    log.write_text("".join(lines[:-2]), encoding="utf-8")
    assert thaw(small, store).entries == 0
    freeze(store, small)
    assert log.read_text(encoding="utf-8") == "".join(lines)


def test_two_copies_that_were_both_worked_in_are_told_apart(small: Path, tmp_path: Path) -> None:
    store = open_small(small, str(tmp_path / "one.db"))
    copy = tmp_path / "copy"
    shutil.copytree(small, copy, ignore=shutil.ignore_patterns(".evisynth"))
    other = Store.open(tmp_path / "two.db")
    common = thaw(copy, other).entries
    other.put("tag", ("pm-01", "ben", "adults"), {}, actor="ben", act="tag")
    freeze(other, copy)
    # the copy is ahead: its entries are taken over
    third = Store.open(tmp_path / "one.db")
    assert thaw(copy, third).entries == 1
    # both went on
    store.put("tag", ("pm-02", "ada", "children"), {}, actor="ada", act="tag")
    other.put("tag", ("pm-03", "ben", "adults"), {}, actor="ben", act="tag")
    freeze(other, copy)
    with pytest.raises(StoreError, match=f"part after entry {common + 1}"):
        thaw(copy, store)
    with pytest.raises(StoreError, match=f"part after entry {common + 1}"):
        freeze(store, copy)


def test_kept_files_are_checked_and_copied(small: Path, database: str, tmp_path: Path) -> None:
    store = open_small(small, database)
    export = small / "searches" / "pubmed" / "export.ris"
    with pytest.raises(InputError, match=r"searches/pubmed/export.ris: is missing \(SHA-256"):
        freeze(store, tmp_path / "empty")
    freeze(store, tmp_path / "copy", files=small)
    assert bytes_of(tmp_path / "copy") == bytes_of(small)
    data = export.read_bytes()
    export.write_bytes(data + b"\n")
    with pytest.raises(InputError, match=r"export.ris: was edited"):
        freeze(store, small)
    read = thaw(small, store)
    assert [made.kind for made in read.changes] == ["file"]


def test_a_freeze_that_was_killed_is_finished_by_the_next(
    small: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evisynth.storage import folder as module

    store = open_small(small, database)
    for number in range(4):
        store.put("tag", ("pm-01", "ada", str(number)), {}, actor="ada", act="tag")
    store.put("note", ("pm-01", "ada", "1"), {"text": "x"}, actor="ada", act="note")
    write, calls = module._write, itertools.count()

    def dies(path: Path, data: bytes) -> None:
        if next(calls) == 2:
            raise KeyboardInterrupt
        write(path, data)

    monkeypatch.setattr(module, "_write", dies)
    with pytest.raises(KeyboardInterrupt):
        freeze(store, small)
    monkeypatch.undo()
    store.put("tag", ("pm-01", "ada", "late"), {}, actor="ada", act="tag")
    freeze(store, small)
    assert thaw(small, store).changes == ()


def test_lines_of_a_list_that_name_a_pair_again_all_enter_the_history(
    small: Path, database: str
) -> None:
    path = small / "decisions" / "duplicates.jsonl"
    lines = [{"first": "a", "second": "b", "decision": word} for word in ("same", "different")]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with Store.open(database) as store:
        thaw(small, store)
        entries = store.history("duplicate_decision")
        assert [entry.after for entry in entries] == [
            {"decision": "same"},
            {"decision": "different"},
        ]
        freeze(store, small)
        assert path.read_text(encoding="utf-8").count("\n") == 1
        assert thaw(small, store).changes == ()


def test_columns_that_the_review_names_keep_their_order(small: Path, database: str) -> None:
    path = small / "studies" / "studies.csv"
    text = path.read_text(encoding="utf-8")
    head = text.split("\n", 1)[0].split(",")
    assert head[2:] != sorted(head[2:]), "the template's columns are not in the alphabet's order"
    with Store.open(database) as store:
        thaw(small, store)
        freeze(store, small)
        assert path.read_text(encoding="utf-8") == text


def test_a_table_with_other_names_is_kept_as_text(small: Path, database: str) -> None:
    (small / "rob").mkdir(exist_ok=True)
    (small / "rob" / "assessments.csv").write_text("Study ID,1.1\nx,Y\n", encoding="utf-8")
    with Store.open(database) as store:
        read = thaw(small, store)
        assert any("taken as a text" in warning for warning in read.warnings)
        assert freeze(store, small).written == (LOG_FILE,)


@given(data=st.data())
@settings(max_examples=30)
def test_harm_anywhere_in_the_log_is_found(data: st.DataObject) -> None:
    from evisynth.review import FIRST_HEAD, Draft, append, parse_log, render_log, verify

    head, entries = FIRST_HEAD, []
    for number in range(5):
        draft = Draft(str(number), "ada", "tag", "tag", (f"r{number}", "ada", "x"), None, {})
        entries.append(append(head, draft))
        head = entries[-1].head
    text = render_log(entries)
    at = data.draw(st.integers(0, len(text) - 1))
    sign = data.draw(st.sampled_from('0a"{}:,\n') | st.characters(exclude_categories=["Cs"]))
    harmed = text[:at] + sign + text[at + 1 :]
    if harmed.rstrip("\n") == text.rstrip("\n"):
        return
    try:
        found = tuple(parse_log(harmed))
    except InputError:
        return
    assert not verify(found).ok or found == tuple(entries)
