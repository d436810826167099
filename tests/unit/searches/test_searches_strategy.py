"""Strategies: versions, runs, files, peer review, PRISMA-S."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.errors import DataError, InputError, OptionError
from evisynth.searches import (
    PRESS_ELEMENTS,
    PRISMA_S_ITEMS,
    FilterUsed,
    LimitUsed,
    PrismaFacts,
    Strategy,
    StrategyLine,
    Version,
    folder_name,
    press_form,
    press_rows,
    prisma_s,
    prisma_s_rows,
    read_strategy,
    record_run,
    review_strategy,
    revise,
    start_strategy,
    strategy_files,
    strategy_rows,
    write_strategy,
)

LINES = ["exp Gait/", "(walk* or gait).ti,ab.", "1 or 2"]


def whole() -> Strategy:
    """A strategy with everything that can be stored."""
    made = start_strategy("MEDLINE", "Ovid", LINES, segment="1946 to January 15, 2026")
    made = review_strategy(
        made,
        press_form(
            "R. Librarian", "2026-01-10", {"text_words": ("revisions required", "add gait")}
        ),
    )
    made = revise(
        made,
        ["exp Gait/", "(walk* or gait or step*).ti,ab.", "1 or 2"],
        date="2026-01-12",
        author="A. B.",
        reason="after peer review",
    )
    made = review_strategy(made, press_form("R. Librarian", "2026-01-13"))
    made = record_run(made, {1: 10, 2: 200, 3: 205}, "2026-01-15")
    return replace(
        made,
        found=205,
        note='Says "all".\nTwo rows.',
        limits=(LimitUsed("English", "no means to translate", (3,)),),
        filters=(FilterUsed("Cochrane HSSS 2008", "doi 10.1002/x", "none", (2, 3)),),
        facts=PrismaFacts(contacts="No one was contacted."),
    )  # fmt: skip


def test_what_was_run_is_never_rewritten() -> None:
    first = record_run(
        start_strategy("MEDLINE", "Ovid", LINES), {1: 10, 2: 20, 3: 25}, "2026-01-15"
    )
    second = revise(first, ["exp Gait/", "walk*.ti.", "1 or 2"], reason="narrower")
    assert first.lines[1].text == "(walk* or gait).ti,ab."
    assert [version.lines[1].text for version in second.versions] == [
        "(walk* or gait).ti,ab.", "walk*.ti."
    ]  # fmt: skip
    assert second.versions[0] == first.versions[0]
    assert [line.hits for line in second.lines] == [None, None, None]


def test_a_draft_is_replaced_and_keeps_concepts() -> None:
    draft = start_strategy("MEDLINE", "Ovid", [StrategyLine(1, "gait.ti.", concept="gait")])
    again = revise(draft, ["gait.ti.", "sleep.ti."])
    assert len(again.versions) == 1
    assert [line.concept for line in again.lines] == ["gait", ""]


def test_a_reviewed_version_is_kept_too() -> None:
    draft = start_strategy("MEDLINE", "Ovid", LINES)
    reviewed = review_strategy(draft, press_form("A. B.", "2026-01-10"))
    assert len(revise(reviewed, ["gait.ti."]).versions) == 2


def test_a_changed_line_cannot_keep_its_hits() -> None:
    run = record_run(start_strategy("MEDLINE", "Ovid", ["gait.ti."]), {1: 10}, "2026-01-15")
    with pytest.raises(DataError, match="another text and still the hits"):
        revise(run, [replace(run.lines[0], text="walk*.ti.")])


def test_a_second_run_is_a_version_of_its_own() -> None:
    run = record_run(start_strategy("MEDLINE", "Ovid", LINES), {1: 10, 2: 20, 3: 25}, "2026-01-15")
    again = record_run(run, {1: 12, 2: 22, 3: 28}, "2026-07-15")
    assert [version.lines[2].hits for version in again.versions] == [25, 28]
    assert (run.date, again.date) == ("2026-01-15", "2026-07-15")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StrategyLine(0, "x"), "numbered from 1"),
        (lambda: StrategyLine(1, "  "), "line 1 is empty"),
        (lambda: StrategyLine(1, "x", -1), "-1 hits cannot be"),
        (lambda: StrategyLine(1, "x", 1, "15.1.2026"), "'15.1.2026' is no day"),
        (lambda: Version(()), "at least one line"),
        (lambda: Version((StrategyLine(2, "x"), StrategyLine(1, "y"))), "each number once"),
        (lambda: Strategy("", "Ovid"), "name of its database"),
        (lambda: start_strategy("A", "", ["x"], limits=(LimitUsed("y", "z", (4,)),)), "line 4"),
        (lambda: record_run(start_strategy("A", "", ["x"]), {2: 1}, "2026-01-01"), "no line 2"),
        (lambda: record_run(start_strategy("A", "", ["x"]), {1: 1}, ""), "needs its date"),
        (lambda: start_strategy("A", "").current, "no lines yet"),
    ],
)
def test_what_cannot_be_is_refused(make: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        make()  # type: ignore[operator]


def test_kind_of_source_is_one_of_those_known() -> None:
    with pytest.raises(OptionError, match="databse"):
        start_strategy("A", "", kind="databse")


# --- files ----------------------------------------------------------------------------------


def test_files_read_back_equal_and_write_the_same_bytes(tmp_path: Path) -> None:
    made = whole()
    folder = tmp_path / folder_name(made)
    assert folder.name == "2026-01-15_medline"
    write_strategy(made, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = read_strategy(folder)
    assert again == made
    write_strategy(again, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert before["query.txt"].decode().splitlines()[1] == "2. (walk* or gait or step*).ti,ab."


def test_the_top_of_the_file_is_what_every_review_reads(tmp_path: Path) -> None:
    data = tomllib.loads(strategy_files(whole())["search.toml"])
    inner = data.pop("strategy")
    assert data == {
        "name": "MEDLINE", "kind": "database", "platform": "Ovid", "searched": True,
        "date": "2026-01-15", "found": 205, "note": 'Says "all".\nTwo rows.',
    }  # fmt: skip
    assert [len(version["lines"]) for version in inner["versions"]] == [3, 3]
    assert "text" not in inner["versions"][1]["lines"][0]


def test_a_folder_written_by_hand_is_read(tmp_path: Path) -> None:
    (tmp_path / "search.toml").write_text(
        '# by hand\nname = "Embase"\nkind = "database"\nplatform = "Ovid"\ndate = 2026-01-16\n'
        "found = 4\n",
        encoding="utf-8",
    )
    (tmp_path / "query.txt").write_text("1 exp walking/\n2 sleep*.ti,ab.\n3 1 and 2\n", "utf-8")
    found = read_strategy(tmp_path)
    assert (found.database, found.date, found.found) == ("Embase", "2026-01-16", 4)
    assert [line.text for line in found.lines] == ["exp walking/", "sleep*.ti,ab.", "1 and 2"]


TEXTS = st.text(min_size=1, max_size=30).filter(lambda text: bool(text.strip()))
NOTES = st.one_of(st.just(""), st.text(max_size=20))
DAYS = st.one_of(
    st.just(""), st.dates().map(lambda day: f"{day:%Y-%m-%d}").filter(lambda d: len(d) == 10)
)
REVIEWS = st.builds(
    press_form,
    TEXTS,
    st.just("2026-01-10"),
    st.dictionaries(
        st.sampled_from(sorted(PRESS_ELEMENTS)), st.tuples(st.just("revisions suggested"), TEXTS)
    ),
    NOTES,
)


@st.composite
def versions(draw: st.DrawFn) -> Version:
    numbers = sorted(draw(st.sets(st.integers(1, 60), min_size=1, max_size=4)))
    hits = st.one_of(st.none(), st.integers(0, 10**7))
    lines = tuple(
        StrategyLine(number, draw(TEXTS), draw(hits), draw(DAYS), draw(NOTES), draw(NOTES))
        for number in numbers
    )
    return Version(lines, draw(DAYS), draw(NOTES), draw(NOTES),
                   tuple(draw(st.lists(REVIEWS, max_size=1))))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Strategy,
        TEXTS,
        NOTES,
        st.lists(versions(), max_size=3).map(tuple),
        NOTES,
        st.sampled_from(["database", "register", "other"]),
        st.booleans(),
        DAYS,
        st.one_of(st.none(), st.integers(0, 10**6)),
        st.integers(0, 9),
        note=NOTES,
        limits=st.lists(st.builds(LimitUsed, NOTES, NOTES), max_size=2).map(tuple),
        filters=st.lists(st.builds(FilterUsed, NOTES, NOTES, NOTES), max_size=2).map(tuple),
        facts=st.builds(PrismaFacts, NOTES, NOTES, updates=NOTES),
    )
)
def test_every_strategy_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory, made: Strategy
) -> None:
    folder = tmp_path_factory.mktemp("search")
    write_strategy(made, folder)
    again = read_strategy(folder)
    assert again == made
    assert strategy_files(again) == strategy_files(made)


def broken(tmp_path: Path, name: str, old: str, new: str) -> str:
    """Write the whole strategy with one change, and return what is said of it."""
    write_strategy(whole(), tmp_path)
    path = tmp_path / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_strategy(tmp_path, where="searches/x")
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("query.txt", "2. (walk* or gait", "2. (walk or gait",
         "searches/x/query.txt, line 2: line 2 was run, and its text has been changed since"),
        ("query.txt", "3. 1 or 2\n", "", "line 3 is not in query.txt"),
        ("query.txt", "3. 1 or 2\n", "3. 1 or 2\n4. x.ti.\n",
         "searches/x/query.txt, line 4: line 4 is not in the last version"),
        ("query.txt", "1. exp", "exp", "line 1: 'exp Gait/' begins with no number"),
        ("query.txt", "2. (walk", "1. (walk", "line 1 stands in row 1 already"),
        ("search.toml", 'kind = "database"', 'kind = "databse"', "Did you mean 'database'"),
        ("search.toml", "found = 205", 'found = "205"', "key found: '205' is not a whole number"),
        ("search.toml", "found = 205", "found = -5", "key found: -5 is below zero"),
        ("search.toml", "found = 205", "foud = 205", "'foud' is not known. Did you mean 'found'"),
        ("search.toml", 'date = "2026-01-15"', 'date = "15.1.2026"', "line 5, key date"),
        ("search.toml", 'reason = "no means', 'raeson = "no means', "strategy.limits.0.raeson"),
        ("search.toml", "lines = [3]", "lines = [9]", "line 9, which no version has"),
        ("search.toml", "lines = [3]", 'lines = ["3"]', "is no list of line numbers"),
        ("search.toml", 'verdict = "no revisions"', 'verdict = "fine"', "'fine' is not known"),
        ("search.toml", "found = 205", "found = = 205", "no TOML"),
    ],
)  # fmt: skip
def test_problems_of_the_files_name_file_line_and_key(
    tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    said = broken(tmp_path, name, old, new)
    assert message in said
    assert "searches/x/" in said


def test_a_draft_that_was_not_run_may_be_mended_by_hand(tmp_path: Path) -> None:
    """Only what was run is sealed; the first version was reviewed but never run."""
    write_strategy(whole(), tmp_path)
    path = tmp_path / "search.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("(walk* or gait).ti,ab.", "gait.ti.", 1), encoding="utf-8")
    assert read_strategy(tmp_path).versions[0].lines[1].text == "gait.ti."


def test_a_run_in_the_folder_is_not_written_over(tmp_path: Path) -> None:
    write_strategy(whole(), tmp_path)
    with pytest.raises(InputError, match="this line was run"):
        write_strategy(start_strategy("MEDLINE", "Ovid", ["gait.ti."]), tmp_path)
    assert read_strategy(tmp_path) == whole()


# --- peer review and PRISMA-S ----------------------------------------------------------------


def test_the_form_has_six_elements_and_the_strictest_verdict_counts() -> None:
    form = press_form("A. B.", "2026-01-10", {"limits": ("revisions suggested", "drop English")})
    assert [answer.element for answer in form.answers] == list(PRESS_ELEMENTS)
    assert len(form.answers) == 6
    assert form.verdict == "revisions suggested"


@pytest.mark.parametrize(
    ("answers", "error", "message"),
    [
        ({"limit": ("no revisions", "")}, OptionError, "Did you mean 'limits'"),
        ({"limits": ("fine", "")}, OptionError, "'fine' is not known"),
        ({"limits": ("revisions required", " ")}, DataError, "say what to revise"),
    ],
)
def test_a_form_that_says_nothing_is_refused(
    answers: dict[str, tuple[str, str]], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        press_form("A. B.", "2026-01-10", answers)


def complete_facts() -> PrismaFacts:
    said = dict.fromkeys(PrismaFacts.__dataclass_fields__, "Said.")
    return PrismaFacts(**said)


def test_all_sixteen_items_are_there_and_can_be_complete() -> None:
    report = prisma_s([whole()], complete_facts())
    assert [item.name for item in report.items] == list(PRISMA_S_ITEMS)
    assert [item.number for item in report.items] == list(range(1, 17))
    assert report.complete, str(report)


def test_what_is_missing_is_said_in_words() -> None:
    bare = start_strategy("Embase", "")
    report = prisma_s([bare])
    missing = {item.number: item.missing for item in report.missing}
    assert set(missing) == set(range(1, 17))
    assert missing[1] == "the platform of Embase"
    assert missing[8] == "the lines of the search of Embase"
    assert missing[13] == "the day of the search of Embase"
    assert missing[15] == "the records found by Embase"
    assert "peer reviewed" in missing[14]


@pytest.mark.parametrize("name", list(PrismaFacts.__dataclass_fields__))
def test_every_fact_completes_an_item(name: str) -> None:
    """Each stored sentence is asked for: without it an item of a bare search is missing."""
    bare = start_strategy("Embase", "Ovid", ["x.ti."], date="2026-01-01")
    without = {item.number for item in prisma_s([bare]).missing}
    given = {item.number for item in prisma_s([bare], PrismaFacts(**{name: "Said."})).missing}
    assert len(without - given) == 1


def test_facts_follow_from_what_is_stored() -> None:
    register = start_strategy(
        "ClinicalTrials.gov", "", kind="register", date="2026-01-15", found=12
    )
    twice = record_run(whole(), {1: 11, 2: 210, 3: 215}, "2026-07-01")
    items = {item.number: item for item in prisma_s([twice, register]).items}
    assert items[3].text == "ClinicalTrials.gov."
    assert "was run on 2026-01-15, 2026-07-01" in items[12].text
    assert "PRESS 2015 by R. Librarian on 2026-01-13 (no revisions)" in items[14].text
    assert "in all: 217" in items[15].text
    assert items[9].text == "MEDLINE (Ovid): English (no means to translate)."


def test_a_limit_without_reason_and_a_filter_without_source_are_incomplete() -> None:
    made = replace(whole(), limits=(LimitUsed("English"),), filters=(FilterUsed("HSSS"),))
    items = {item.number: item for item in prisma_s([made]).items}
    assert items[9].missing == "the reason of 'English' in MEDLINE (Ovid)"
    assert items[10].missing == "the source of 'HSSS' in MEDLINE (Ovid)"


def test_a_required_revision_leaves_peer_review_open() -> None:
    form = press_form("A. B.", "2026-01-10", {"limits": ("revisions required", "drop English")})
    made = review_strategy(start_strategy("Embase", "Ovid", ["x.ti."]), form)
    items = {item.number: item for item in prisma_s([made]).items}
    assert "required" in items[14].missing


def test_no_search_is_no_report() -> None:
    with pytest.raises(DataError, match="there is none"):
        prisma_s([])


def test_rows_for_the_document() -> None:
    rows = strategy_rows(whole())
    assert [row["hits"] for row in rows] == ["10", "200", "205"]
    assert strategy_rows(start_strategy("A", "B", ["x.ti."]))[0]["hits"] == "–"
    items = prisma_s_rows([whole()])
    assert [row["item"] for row in items] == [str(number) for number in range(1, 17)]
    assert {row["status"] for row in items} == {"complete", "missing"}
    assert len(press_rows(whole())) == 12
