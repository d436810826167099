"""An audit as JSON and as an HTML file; the checks that need a whole RevMan file."""

from __future__ import annotations

import json
import re

import pytest

from evisynth.exchange import audit_rm5, audit_schema, audit_to_dict, render_audit

ROB = """<QUALITY_ITEMS><QUALITY_ITEM ID="QIT-01" LEVEL="STUDY"><NAME>Blinding</NAME>
<QUALITY_ITEM_DATA>
<QUALITY_ITEM_DATA_ENTRY RESULT="NO" STUDY_ID="STD-Dunn-2004"/>
<QUALITY_ITEM_DATA_ENTRY RESULT="YES" STUDY_ID="STD-Ames-2001"/>
<QUALITY_ITEM_DATA_ENTRY RESULT="UNKNOWN" STUDY_ID="STD-Bell-2002"/>
</QUALITY_ITEM_DATA></QUALITY_ITEM></QUALITY_ITEMS>"""

SOF = """<SOF_TABLES><SOF_TABLE><TITLE>Drug for pain</TITLE><TABLE>
<TR><TD>Pain</TD><TD>RR 1.02 (0.78 to 1.32)</TD></TR>
<TR><TD>Pain, old</TD><TD><B>RR 0.85</B> (0.70 to 1.03)</TD></TR>
</TABLE></SOF_TABLE></SOF_TABLES>"""


@pytest.fixture
def audit(rm5, event_rows, mean_rows):
    result = {"estimate": 1.0164329, "ci_lower": 0.7847889, "ci_upper": 1.3164513, "df": 3,
              "q": 7.0511072, "i2": 57.4534905, "z": 0.1235159, "p": 0.9016986, "q_p": 0.0702865,
              "tau2": 0.0}  # fmt: skip
    event_rows[2]["FOOTNOTE"] = ""
    return audit_rm5(
        rm5.file(
            rm5.outcome("DICH", event_rows, result=result, METHOD="MH", EFFECT_MEASURE="RR",
                        name='Pain <script>alert("x")</script>'),
            rm5.outcome("DICH", event_rows[:2], result={"estimate": 3.0, "ci_lower": 2.0,
                        "ci_upper": 4.0, "df": 1}, METHOD="MH", EFFECT_MEASURE="RR", number=2),
            rm5.outcome("CONT", mean_rows, EFFECT_MEASURE="SMD", number=3, ESTIMABLE="YES"),
            studies=["STD-Ames-2001", "STD-Bell-2002", "STD-Cole-2003", "STD-Dunn-2004",
                     "STD-Eyre-2005"],
            extra=ROB + SOF,
        )
    )  # fmt: skip


def test_the_json_follows_its_schema(audit, follows_schema):
    content = json.loads(json.dumps(audit_to_dict(audit), allow_nan=False))
    schema = audit_schema()
    assert follows_schema(content, schema) == []
    assert [result["verdict"] for result in content["results"]] == ["equal", "different"]
    first = content["results"][0]
    assert (first["comparison"], first["subgroup"]) == ("Drug versus placebo", None)
    assert first["stored"]["estimate"] == 1.0164329
    assert first["computed"]["estimate"] == pytest.approx(1.0164329, rel=1e-7)
    assert first["relative_difference"] < 1e-6
    assert content["summary"]["results"] == 2
    assert content["summary"]["different"] == 1
    del content["results"][0]["verdict"]
    content["extra"] = 1
    assert sorted(follows_schema(content, schema)) == [
        "$.results[0]: verdict is missing",
        "$: extra is not described",
    ]


def test_cells_of_the_summary_of_findings_that_are_no_result_are_stale(audit):
    stale = [remark for remark in audit.remarks if "summary of findings" in remark.check]
    assert [remark.message for remark in stale] == [
        "'RR 0.85 (0.70 to 1.03)' is the result of no analysis of the file (row 'Pain, old')."
    ]


def test_risk_of_bias_of_the_studies_of_a_result(audit):
    remarks = [remark for remark in audit.remarks if remark.check == "risk of bias"]
    whole = [remark for remark in remarks if remark.where.startswith("1.1 ")]
    assert [(remark.severity, remark.studies) for remark in whole] == [
        ("warning", ("Cole 2003",)),
        ("note", ("Dunn 2004",)),
    ]
    assert whole[1].message.startswith("54% of the weight is from studies at high risk")


def test_included_studies_without_data_are_named(audit):
    (remark,) = [remark for remark in audit.remarks if remark.check == "studies"]
    assert remark.studies == ("Eyre 2005",)


def test_the_report_is_one_file_that_asks_for_nothing(audit):
    page = render_audit(audit)
    assert page.startswith("<!DOCTYPE html>")
    assert "1 equal, 1 different" in page
    for attribute in ("src", "href"):
        found = re.findall(rf'{attribute}="([^"]*)"', page)
        assert [value for value in found if not value.startswith("#")] == []
    assert "@import" not in page
    assert "url(" not in page
    assert '<script>alert("x")' not in page
    assert "&lt;script&gt;alert" in page
    assert render_audit(audit) == page


def test_the_report_of_nothing(rm5):
    audit = audit_rm5(rm5.file())
    assert audit.ok
    assert "No pooled result is stored." in render_audit(audit)


def test_audits_of_tables_and_reviews_follow_the_schema_too(tmp_path, follows_schema):
    from evisynth.actions import audit_source, new_review

    table = tmp_path / "trials.csv"
    table.write_text("study,ai,n1i,ci,n2i\nA 2000,ten,30,12,30\nB 2001,70,41,9,40\n", "utf-8")
    folder = new_review(tmp_path / "my-review").folder
    schema = audit_schema()
    for source in (table, folder):
        content = json.loads(json.dumps(audit_to_dict(audit_source(source).audit), allow_nan=False))
        assert follows_schema(content, schema) == []
        assert content["summary"]["warnings"] == len(content["warnings"]) > 0
