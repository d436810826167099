"""A team's review in a folder: policies, people who left, removals, an update."""

from pathlib import Path
from typing import Any

import pytest

from evisynth.errors import InputError
from evisynth.review import Person, flow, read_review

PLAN = """
[review]
id = "team"
title = "A review of a team"
date = 2026-01-31

[question]
population = "People"
intervention = "Something"
comparator = "Nothing"
outcomes = "Well-being"

[[people]]
id = "a"
name = "A"
roles = ["lead", "reviewer"]
pseudonym = "R9"
[[people]]
id = "b"
name = "B"
roles = ["reviewer"]
[[people]]
id = "c"
name = "C"
roles = ["reviewer", "adjudicator"]
left = 2026-01-15
decisions_count = false

[stages.title_abstract]
maybe = "include"
conflicts = "discussion"
pilot = 20
kappa_min = 0.6
seed = 7
blind = false
training = "all"
reviewers = ["a", "b"]
adjudicators = ["a"]
adjudicator_may_vote = true
[stages.title_abstract.reasons]
design = "Not randomized"
[stages.full_text.reasons]
data = "No data"

[update]
citation = "Old 2015"
studies = 3
reports = 4
"""
RIS = "TY  - JOUR\nID  - {0}\nTI  - Title {0}\nER  - \n"
TITLES = (
    "record_id,reviewer,decision,reason,role,date,present\n"
    "1,a,maybe,,,2026-01-02T10:00:00Z,\n1,b,include,,,2026-01-03,\n"
    "2,a,include,,,,\n2,b,exclude,design,,,\n2,a,exclude,design,discussion,,\n"
    "3,a,include,,,,\n3,b,exclude,design,,,\n3,a,exclude,design,consensus,,a;b\n"
    "4,a,include,,,,\n4,c,include,,,,\n"
)


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "review.toml", PLAN)
    for ident, kind, numbers in (("embase", "database", "12345"), ("web", "website", "67")):
        write(tmp_path, f"searches/{ident}/search.toml", f'name = "{ident}"\nkind = "{kind}"\n')
        write(tmp_path, f"searches/{ident}/export.ris", "".join(RIS.format(n) for n in numbers))
    write(tmp_path, "decisions/title_abstract.csv", TITLES)
    write(tmp_path, "decisions/retrieval.csv", "record_id,status\n1,sought\n")
    write(
        tmp_path,
        "records/removed.csv",
        "record_id,kind,reason,made_by\n5,automation,not a trial,RCT classifier\n7,other,,\n",
    )
    return tmp_path


def test_a_team_s_review_is_read(folder: Path) -> None:
    review = read_review(folder)
    stage, late = review.protocol.stages
    assert (stage.maybe, stage.conflicts, stage.pilot, stage.kappa_min, stage.seed) == (
        "include", "discussion", 20, 0.6, 7,
    )  # fmt: skip
    assert (stage.blind, stage.training, stage.adjudicator_may_vote) == (False, "all", True)
    assert (stage.reviewers, stage.adjudicators) == (("a", "b"), ("a",))
    assert (late.maybe, late.blind, late.pilot, late.votes_needed) == ("discuss", True, 0, 2)
    gone = review.people[2]
    assert (gone.left, gone.active, gone.decisions_count) == ("2026-01-15", False, False)
    assert review.people[0].pseudonym == "R9"
    states = {record: s.status for (record, name), s in review.states.items() if "abs" in name}
    assert states == {
        "1": "included", "2": "excluded", "3": "excluded", "4": "open", "6": "open",
    }  # fmt: skip
    assert [made.kind for made in review.removals] == ["automation", "other"]


def test_its_flow(folder: Path) -> None:
    review = read_review(folder)
    assert review.flow.problems == ()
    assert (review.flow.records_found, review.flow.records_removed_other) == (7, 2)
    made = flow(review.flow)
    assert made.template == "updated_all"
    assert made.previous[0].count == 3
    assert made.columns[1].box("removed_other").records == ("7",)
    assert made.columns[0].box("removed_by_automation").records == ("5",)


def test_defaults_of_a_person() -> None:
    assert Person("A", "a").active
    assert Person("A", "a").decisions_count


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("review.toml", '["reviewer"]', '["reviever"]', "unknown role 'reviever'; allowed: owner"),
        ("review.toml", 'ers = ["a", "b"]', 'ers = ["a", "x"]', "unknown person 'x'; allowed: a"),
        ("review.toml", "adjudicators = [", 'adjudicators = ["q", ', "unknown person 'q'"),
        ("review.toml", 'maybe = "include"', 'maybe = "no"', "allowed: discuss, include"),
        ("review.toml", 'maybe = "include"', "votes = 2", "unknown key 'votes'"),
        (
            "review.toml",
            "[stages.full_text.reasons]",
            '[stages.full_text]\nmaybe = "include"\n[stages.full_text.reasons]',
            "unknown value 'include'; allowed: discuss",
        ),
        ("review.toml", "kappa_min = 0.6", "kappa_min = 6.0", "must be at most 1"),
        ("review.toml", "pilot = 20", "pilot = -1", "must be at least 0"),
        ("review.toml", "2026-01-15", '"January"', "'January' is no date"),
        (
            "review.toml",
            "reports = 4",
            'reports = 4\nreport_ids = ["x"]',
            "reports is 4, and report_ids names 1",
        ),
        ("review.toml", "reports = 4", "", "the key 'reports' is missing"),
        ("review.toml", "studies = 3", 'studies = "three"', "is not a whole number"),
        ("records/removed.csv", "5,automation", "9,automation", "there is no record '9'"),
        ("records/removed.csv", "5,automation", "5,automatic", "Did you mean 'automation'?"),
        ("records/removed.csv", "7,other", "5,other", "'5' stands in line 2 already"),
        (
            "decisions/title_abstract.csv",
            "3,a,exclude,design,consensus,,a;b",
            "3,a,exclude,design,consensus,,a;c",
            "b decided on it and took no part in the consensus",
        ),
    ],
)
def test_mistakes_are_told_with_their_place(
    folder: Path, file: str, old: str, new: str, message: str
) -> None:
    text = (folder / file).read_text("utf-8")
    assert old in text
    write(folder, file, text.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        read_review(folder)
    found = [str(problem) for problem in caught.value.problems]
    assert any(message in text for text in found), found
    assert all(text.startswith(f"{file}, line ") for text in found), found


def test_decision_on_a_removed_record(folder: Path) -> None:
    write(
        folder,
        "decisions/full_text.csv",
        "record_id,reviewer,decision,reason\n5,a,exclude,data\n",
    )
    with pytest.raises(InputError, match="'5' was removed before screening"):
        read_review(folder)


def test_an_update_by_lists(folder: Path) -> None:
    text = PLAN.replace("studies = 3\nreports = 4", 'study_ids = ["Old"]\nreport_ids = ["o", "p"]')
    write(folder, "review.toml", text)
    write(folder, "studies/studies.csv", "study_id,record_ids\nOld,\n")
    review: Any = read_review(folder)
    previous = review.flow.previous
    assert (previous.studies, previous.reports, previous.study_ids) == (1, 2, ("Old",))
    assert review.flow.studies_included == 0


def test_rows_overtaken_by_later_acts_are_told_where_there_is_a_history(folder: Path) -> None:
    write(folder, "decisions/retrieval.csv", "record_id,status\n1,sought\n4,retrieved\n")
    with pytest.raises(InputError, match="'4' is not included at title and abstract"):
        read_review(folder)
    write(folder, "audit/log.jsonl", "")
    review = read_review(folder)
    assert any("'4' is not included" in warning for warning in review.warnings)
    assert review.flow.problems == ()
