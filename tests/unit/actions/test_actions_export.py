"""A review written for other programs, and files converted."""

from __future__ import annotations

from pathlib import Path

import pytest

from evisynth.actions import EXPORTS, audit_source, convert_file, export_review, new_review
from evisynth.errors import InputError, OptionError
from evisynth.exchange import audit_rm5, read_prisma2020
from evisynth.records import read_records
from evisynth.review import read_review


@pytest.fixture(scope="module")
def review(tmp_path_factory) -> Path:
    folder: Path = new_review(tmp_path_factory.mktemp("export") / "my-review").folder
    return folder


@pytest.mark.parametrize("target", EXPORTS)
def test_every_format_is_written_and_says_what_it_loses(target, review, tmp_path):
    found = export_review(review, target, into=tmp_path)
    assert found.target == target
    assert found.files
    assert found.cannot_hold
    assert all(path.stat().st_size > 0 for path in found.files)
    before = {path: path.read_bytes() for path in found.files}
    with pytest.raises(InputError, match="is there already"):
        export_review(review, target, into=tmp_path)
    export_review(review, target, into=tmp_path, overwrite=True)
    assert {path: path.read_bytes() for path in found.files} == before


def test_a_review_as_revman_file_passes_its_audit(review, tmp_path):
    (path,) = export_review(review, "rm5", into=tmp_path).files
    audit = audit_rm5(path)
    assert audit.ok
    assert len(audit.results) == len(read_review(review).protocol.analyses)


def test_the_flow_diagram_comes_back(review, tmp_path):
    (path,) = export_review(review, "prisma2020", into=tmp_path).files
    numbers = read_prisma2020(path.read_text(encoding="utf-8"))
    flow = read_review(review).flow
    assert numbers["total_studies"] == flow.studies_included
    assert numbers["total_reports"] == flow.reports_included
    assert numbers["duplicates"] == flow.columns[0].boxes[1].count


def test_one_analysis_can_be_chosen(review, tmp_path):
    ids = [plan.id for plan in read_review(review).protocol.analyses]
    found = export_review(review, "metafor", into=tmp_path, analysis=ids[0])
    assert {path.stem for path in found.files} == {ids[0]}
    with pytest.raises(OptionError, match="nothere"):
        export_review(review, "metafor", into=tmp_path, analysis="nothere")
    with pytest.raises(OptionError, match="spss"):
        export_review(review, "spss")


def test_what_is_exported_into_the_folder_is_no_input(review):
    before = read_review(review).fingerprint
    found = export_review(review, "prisma2020")
    assert found.files == (review / "export" / "prisma2020" / "PRISMA.csv",)
    assert read_review(review).fingerprint == before


RIS = """TY  - JOUR
ID  - ames1
TI  - Aspirin for pain
AU  - Ames, A.
PY  - 2001
JO  - Pain
DO  - 10.1000/x
ER  -
"""


@pytest.mark.parametrize("ending", [".csv", ".bib", ".json", ".nbib", ".xml", ".ris"])
def test_records_are_converted_and_read_back(ending, tmp_path):
    source, target = tmp_path / "in.ris", tmp_path / f"out{ending}"
    source.write_text(RIS, encoding="utf-8")
    found = convert_file(source, target)
    assert found.files == (target,)
    (record,) = read_records(target).records
    assert (record.title, record.year, record.doi) == ("Aspirin for pain", 2001, "10.1000/x")
    with pytest.raises(InputError, match="is there already"):
        convert_file(source, target)
    convert_file(source, target, overwrite=True)


def test_a_revman_file_goes_to_a_package_and_back(review, tmp_path):
    (path,) = export_review(review, "rm5", into=tmp_path).files
    package, again = tmp_path / "package.zip", tmp_path / "again.rm5"
    convert_file(path, package)
    first = package.read_bytes()
    convert_file(path, package, overwrite=True)
    assert package.read_bytes() == first
    assert audit_source(package).audit.ok
    convert_file(package, again)
    stored = [result.stored for result in audit_rm5(path).results]
    assert [result.stored for result in audit_rm5(again).results] == stored
    rows = convert_file(package, tmp_path / "rows.csv").files[0].read_text(encoding="utf-8")
    assert rows.startswith("Analysis group,")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("in.ris", "out.docx"), r"\.docx"),
        (("in.ris", "out"), "the ending of the file to write"),
        (("none.ris", "out.csv"), "is not there"),
        (("none.rm5", "out.csv"), "cannot be read"),
        (("in.rm5", "out.ris"), r"allowed: \.csv, \.rm5, \.zip"),
    ],
    ids=["unknown", "no ending", "missing", "missing rm5", "no way"],
)
def test_ways_that_do_not_exist_are_refused(names, message, tmp_path):
    (tmp_path / "in.ris").write_text(RIS, encoding="utf-8")
    (tmp_path / "in.rm5").write_text(
        "<COCHRANE_REVIEW><ANALYSES_AND_DATA/></COCHRANE_REVIEW>", encoding="utf-8"
    )
    with pytest.raises((InputError, OptionError), match=message):
        convert_file(tmp_path / names[0], tmp_path / names[1])
