"""Audits of tables and of reviews of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evisynth.actions import audit_source, new_review, run_review
from evisynth.errors import InputError, OptionError

EVENTS = """study;events1;n1;pct1;events2;n2;pct2;rr
A 2000;10;30;33,3;12;30;40,0;0,83
B 2001;35;30;34,0;12;30;40,0;0,9
C 2002;5;40;12,5;10;40;25,0;0,50
D 2003;9;90;10,0;10;100;10,5;1,90
"""

MEANS = """study,outcome,n1,mean1,sd1,n2,mean2,sd2,scale_min,scale_max
Smith 2001,pain,20,5.19,1.42,20,6.1,1.5,0,10
Jones 2002,pain,50,5.2,0.25,52,6.3,0.27,0,10
Brown 2003,pain,40,4.8,1.9,40,5.9,2.1,0,10
Green 2004,pain,35,4.4,1.7,33,5.5,1.9,0,10
Green 2004,mood,35,44,17,33,55,19,0,100
White 2005,pain,30,12.0,1.7,30,5.5,1.9,0,10
"""


def write(folder: Path, text: str, name: str = "trials.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_of_events(tmp_path):
    audit = audit_source(write(tmp_path, EVENTS)).audit
    assert [(each.check, each.severity) for each in audit.remarks] == [
        ("events above totals", "error"),
        ("percentages", "warning"),
        ("percentages", "warning"),
        ("estimates", "note"),
    ]
    assert "agrees best with RR" in audit.remarks[3].message
    (row,) = audit.rows
    assert (row.study, row.line, row.stored) == ("D 2003", 5, 1.9)
    assert row.computed == pytest.approx(1.0)
    assert audit.rows_compared == 3
    assert not audit.ok


def test_a_table_of_means(tmp_path):
    audit = audit_source(write(tmp_path, MEANS)).audit
    found = {(each.check, each.severity, each.studies) for each in audit.remarks}
    assert ("beyond the scale", "error", ("White 2005",)) in found
    assert ("SD looks like SE", "warning", ("Jones 2002",)) in found
    assert ("GRIM", "warning", ("Smith 2001",)) in found
    # another outcome of the same study is no double counting
    assert "double counting" not in {check for check, _, _ in found}
    assert audit.facts == {"outcomes": 2, "studies": 5, "data_rows": 6}


def test_a_table_that_is_fine_is_fine(tmp_path):
    text = "study,ai,n1i,ci,n2i\nA 2000,10,30,12,30\nB 2001,7,41,9,40\n"
    audit = audit_source(write(tmp_path, text)).audit
    assert audit.ok
    assert audit.remarks == ()


def test_cells_that_are_no_numbers_are_told_of_by_line(tmp_path):
    text = "study,ai,n1i,ci,n2i\nA 2000,ten,30,12,30\nB 2001,7,41,9,40\n"
    audit = audit_source(write(tmp_path, text)).audit
    assert str(audit.problems[0]).startswith("trials.csv, line 2, column ai: 'ten' is no number")
    assert not audit.ok


def test_columns_can_be_named(tmp_path):
    text = "study,treated,all_t,control,all_c\nA 2000,40,30,12,30\n"
    path = write(tmp_path, text)
    with pytest.raises(InputError, match="no columns with the numbers of studies"):
        audit_source(path)
    columns = {"events1": "treated", "n1": "all_t", "events2": "control", "n2": "all_c"}
    assert audit_source(path, columns=columns).audit.errors[0].check == "events above totals"
    with pytest.raises(OptionError, match="nothere"):
        audit_source(path, columns={"n1": "nothere"})
    with pytest.raises(OptionError, match="role of a column"):
        audit_source(path, columns=columns | {"people": "all_t"})


@pytest.mark.parametrize("name", ["notes.docx", "folder", "nowhere.rm5"])
def test_what_is_none_of_these_is_refused(name, tmp_path):
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name != "nowhere.rm5":
        path.write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"allowed: a \.rm5 file, a folder with review\.toml"):
        audit_source(path)


def test_a_report_that_cannot_be_written_is_told_of(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        audit_source(write(tmp_path, EVENTS), report=tmp_path / "no" / "report.html")


@pytest.fixture(scope="module")
def review(tmp_path_factory) -> Path:
    folder: Path = new_review(tmp_path_factory.mktemp("audit") / "my-review").folder
    run_review(folder, formats=["html"])
    return folder


def test_a_review_is_found_again_and_a_stale_number_seen(review, tmp_path):
    report = tmp_path / "report.html"
    found = audit_source(review, report=report)
    assert found.report == report
    assert "<h1>Audit of" in report.read_text(encoding="utf-8")
    audit = found.audit
    assert audit.kind == "review"
    assert audit.results
    assert {result.verdict for result in audit.results} == {"equal"}
    assert [remark for remark in audit.remarks if remark.severity == "error"] == []
    place = review / "out" / "results.json"
    before = place.read_text(encoding="utf-8")
    content = json.loads(before)
    name = next(iter(content["analyses"]))
    content["analyses"][name]["overall"]["shown"]["estimate"] += 0.5
    place.write_text(json.dumps(content), encoding="utf-8")
    try:
        again = audit_source(review).audit
    finally:
        place.write_text(before, encoding="utf-8")
    different = [result for result in again.results if result.verdict == "different"]
    assert [(result.id, result.reason) for result in different] == [(name, "different: Effect")]
    assert "stale results" in {remark.check for remark in again.errors}
    assert not again.ok
