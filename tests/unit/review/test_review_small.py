"""Small reviews: what may be left out, and what stands in files that the example does not have."""

from pathlib import Path
from typing import Any

import pytest

from evisynth.errors import InputError
from evisynth.review import read_review

PLAN = """
[review]
id = "small"
title = "A small review"
date = 2026-01-31

[question]
population = "People"
intervention = "Something"
comparator = "Nothing"
outcomes = "Well-being"
"""
RIS = "TY  - JOUR\nID  - {0}\nTI  - Title {0}\nER  - \n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "review.toml").write_text(PLAN)
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_plan_alone(folder: Path) -> None:
    review = read_review(folder)
    assert review.date == "2026-01-31"
    assert review.short_title == "A small review"
    assert [stage.votes_needed for stage in review.protocol.stages] == [2, 2]
    assert review.flow.heading == "Identification of studies"
    assert review.flow.problems == ()
    assert review.warnings == ()


def test_studies_without_records(folder: Path) -> None:
    write(folder, "studies/studies.csv", "study_id\nZhu 2018\n")
    review = read_review(folder)
    assert [study.id for study in review.studies] == ["Zhu 2018"]
    assert review.flow.studies_included == 1
    assert review.flow.problems == ()


def screened(folder: Path) -> None:
    """Two sources, a duplicate, one conflict settled, one open, a text and a query."""
    write(
        folder,
        "review.toml",
        PLAN
        + """
[[people]]
id = "a"
name = "A"
[[people]]
id = "b"
name = "B"
[[people]]
id = "c"
name = "C"
[stages.title_abstract.reasons]
design = "Not randomized"
""",
    )
    for ident, numbers in {"embase": "123", "pubmed": "45"}.items():
        write(folder, f"searches/{ident}/search.toml", f'name = "{ident}"\nkind = "database"\n')
        write(folder, f"searches/{ident}/export.ris", "".join(RIS.format(n) for n in numbers))
    write(folder, "searches/embase/query.txt", "1. neoplasms/\n2. app.ti.\n")
    write(folder, "searches/README.md", "Not a source.")
    write(folder, "records/duplicates.csv", "record_id,duplicate_of,reason\n4,1,same DOI\n")
    write(
        folder,
        "decisions/title_abstract.csv",
        "record_id,reviewer,decision,reason,role\n"
        "1,a,include,,\n1,b,include,,reviewer\n"
        "2,a,include,,\n2,b,exclude,design,\n2,c,exclude,design,adjudicator\n"
        "3,a,include,,\n",
    )
    write(folder, "texts/introduction.md", "First.\n\nSecond.\n")


def test_two_reviewers(folder: Path) -> None:
    screened(folder)
    review = read_review(folder)
    assert review.duplicates == {"4": "1"}
    assert {key[0]: state.status for key, state in review.states.items() if "abs" in key[1]} == {
        "1": "included",
        "2": "excluded",
        "3": "open",
        "5": "open",
    }
    flow = review.flow
    assert (flow.records_found, flow.duplicates_removed, flow.records_screened) == (5, 1, 2)
    assert (flow.open, flow.problems) == (3, ())  # two at title and abstract, one at full text
    assert [source.query for source in review.sources] == ["1. neoplasms/\n2. app.ti.", ""]
    assert review.texts == {"introduction": "First.\n\nSecond."}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("4,9,", "line 2, column duplicate_of: there is no record '9'"),
        ("4,1,\n4,2,", "line 3, column record_id: the record '4' stands in line 2 already"),
        ("4,1,\n1,4,", "a ring of duplicates: 4 -> 1 -> 4"),
        ("4,4,", "a ring of duplicates: 4 -> 4"),
        ("1,4,", "'1' is a duplicate and is not screened"),
    ],
)
def test_bad_duplicates(folder: Path, rows: str, message: str) -> None:
    screened(folder)
    write(folder, "records/duplicates.csv", f"record_id,duplicate_of,reason\n{rows}\n")
    write(folder, "decisions/full_text.csv", "record_id,reviewer,decision\n1,a,include\n")
    with pytest.raises(InputError) as caught:
        read_review(folder)
    assert any(message in str(problem) for problem in caught.value.problems)


def test_chains_of_duplicates_end_at_the_record_kept(folder: Path) -> None:
    screened(folder)
    write(folder, "records/duplicates.csv", "record_id,duplicate_of\n5,4\n4,1\n")
    assert read_review(folder).duplicates == {"5": "1", "4": "1"}


def test_an_unreadable_export_is_told_once(folder: Path) -> None:
    screened(folder)
    write(folder, "searches/embase/export.ris", "nothing of the kind\n")
    with pytest.raises(InputError) as caught:
        read_review(folder)
    (problem,) = caught.value.problems
    assert str(problem).startswith("searches/embase/export.ris: there is no entry in this file")


def test_repairs_of_exports_are_warnings(folder: Path) -> None:
    screened(folder)
    write(folder, "searches/pubmed/export.ris", RIS.format(4) + RIS.format(5).replace("ER  - ", ""))
    write(folder, "searches/pubmed/notes.docx", "")
    warned = read_review(folder).warnings
    assert len(warned) == 2
    assert "searches/pubmed/export.ris, line 5: the file ends without ER" in warned[0]
    endings = (
        ".bib, .ciw, .csv, .enw, .isi, .json, .nbib, .ref, .ris, .tab, .tsv, .txt, .xlsx, .xml"
    )
    assert warned[1] == f"searches/pubmed/notes.docx: not read; exports end in {endings}"


def test_exports_in_every_format_and_part_files_are_read(folder: Path) -> None:
    screened(folder)
    bib = "@article{smith, title = {Gait after stroke}, author = {Smith, A}, year = 2001}\n"
    write(folder, "searches/pubmed/export-02.bib", bib)
    write(folder, "searches/pubmed/export-03.txt", bib)
    write(folder, "searches/pubmed/notes.txt", "Ask the librarian.\n")
    review = read_review(folder)
    ids = [record.id for record in review.records if record.title == "Gait after stroke"]
    assert ids == ["smith", "smith-part2"]
    assert any("1 ids stand in an earlier part" in each for each in review.warnings)
    assert any("notes.txt: not read; it is no export" in each for each in review.warnings)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[analyses]\nid = 'a'", "[analyses] is one table, a list of tables is wanted"),
        ("[[fields]]\nlabel = 'a'", "fields are written [fields.name]"),
        ("[fields.study_id]\nlabel = 'a'", "'study_id' is a column of studies.csv already"),
        ("[fields.x]\nlabel = 'X'\nlevels = ['a']", "a field of type 'text' has no levels"),
        ("[defaults]\ntitle = 'x'", "'title' belongs to one analysis and cannot be a default"),
        ("[criteria]\ninclude = 'RCT'", "'RCT' is not a list in square brackets"),
        ("[criteria]\ninclude = [1]", "criteria.include[0]: 1 is not text in quotes"),
        ("[stages.abstract]", "unknown key 'abstract'; allowed: title_abstract, full_text"),
        ("[limits]\nstatements = ['']", "limits.statements[0]: the text is empty"),
        ("people = 3", "[people] is one table"),
        ("question = 3", "not valid TOML"),
    ],
)
def test_shapes_of_sections(folder: Path, line: str, message: str) -> None:
    text = f"{line}\n{PLAN}" if line[0] != "[" else f"{PLAN}\n{line}\n"
    write(folder, "review.toml", text)
    with pytest.raises(InputError) as caught:
        read_review(folder)
    assert any(message in str(problem) for problem in caught.value.problems), caught.value


def test_type_of_the_frozen_value(folder: Path) -> None:
    screened(folder)
    review: Any = read_review(folder)
    with pytest.raises(AttributeError):
        review.title = "other"
