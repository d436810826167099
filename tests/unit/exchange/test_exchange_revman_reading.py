"""Files of Review Manager 5 are read whole, or refused with a message."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evisynth.errors import InputError
from evisynth.exchange import Audit, audit_rm5, audit_to_dict, read_rm5
from evisynth.exchange.revman.reading import decode_id


def test_what_a_file_holds_is_read(rm5, event_rows):
    extra = (
        '<QUALITY_ITEMS><QUALITY_ITEM ID="QIT-01" LEVEL="STUDY"><NAME>Concealment</NAME>'
        '<QUALITY_ITEM_DATA><QUALITY_ITEM_DATA_ENTRY RESULT="YES" STUDY_ID="STD-Ames-2001">'
        "<DESCRIPTION><P>Sealed <I>envelopes</I>.</P></DESCRIPTION></QUALITY_ITEM_DATA_ENTRY>"
        "</QUALITY_ITEM_DATA></QUALITY_ITEM></QUALITY_ITEMS>"
        "<SOF_TABLES><SOF_TABLE><TITLE>Main</TITLE><TABLE><TR><TH>Outcome</TH><TD>RR 0.5</TD></TR>"
        "</TABLE></SOF_TABLE></SOF_TABLES>"
        '<APPENDICES><APPENDIX ID="APP-1">Search <B>terms</B></APPENDIX></APPENDICES>'
    )
    event_rows[0]["STUDY_ID"] = "STD-MRC_x002d_1"
    path = rm5.file(
        rm5.outcome("DICH", event_rows, METHOD="MH", EFFECT_MEASURE="OR", SWAP_EVENTS="NO"),
        studies=["STD-Ames-2001"],
        extra=extra,
    )
    review = read_rm5(path)
    assert (review.title, review.doi, review.program) == (
        "Drugs for pain & sorrow", "10.1000/x", "5.4.1",
    )  # fmt: skip
    (comparison,) = review.comparisons
    (outcome,) = comparison.outcomes
    assert (comparison.name, outcome.name, outcome.kind) == (
        "Drug versus placebo", "Pain", "dichotomous",
    )  # fmt: skip
    assert (outcome.group1, outcome.group2, outcome.is_ratio) == ("Drug", "Placebo", True)
    row = outcome.rows[0]
    assert (row.study, row.events1, row.total2) == ("MRC-1", 12.0, 58.0)
    assert row.text("events1") == "12"
    assert math.isnan(row.mean1)
    (item,) = review.quality_items
    assert item.entries[0].support == "Sealed envelopes."
    assert review.summaries[0].rows == (("Outcome", "RR 0.5"),)
    left = {each.path: each.count for each in review.not_read}
    assert left["COCHRANE_REVIEW/APPENDICES/APPENDIX"] == 1
    assert left["COCHRANE_REVIEW/APPENDICES/APPENDIX/@ID"] == 1
    assert left["COCHRANE_REVIEW/APPENDICES/APPENDIX/B"] == 1
    assert not [path for path in left if "QUALITY" in path or "SOF" in path or "_DATA/" in path]


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "UTF-16"])
def test_encodings_that_programs_write_are_read(encoding, rm5, event_rows):
    event_rows[0]["STUDY_ID"] = "STD-Müller-1999"
    text = rm5.document(
        rm5.outcome("DICH", event_rows, METHOD="MH", EFFECT_MEASURE="OR"),
        studies=["STD-Müller-1999"],
        encoding=encoding,
    )
    review = read_rm5(rm5.write(text.encode(encoding)))
    assert review.comparisons[0].outcomes[0].rows[0].study == "Müller 1999"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    "<COCHRANE_REVIEW><COVER_SHEET>&b;</COVER_SHEET></COCHRANE_REVIEW>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!doctype a SYSTEM "file:///etc/passwd">'
    "<COCHRANE_REVIEW><ANALYSES_AND_DATA/></COCHRANE_REVIEW>"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB.encode(), "declares a document type or entities"),
        (OUTSIDE.encode(), "declares a document type or entities"),
        (BOMB.encode("utf-16"), "declares a document type or entities"),
        (b"", "is empty"),
        (b"   \n", "is empty"),
        (b"PK\x03\x04rest of a zip", "is not whole XML"),
        (b"<COCHRANE_REVIEW><ANALYSES_AND_DATA>", "is not whole XML"),
        (b'<?xml version="1.0" encoding="KLINGON"?><COCHRANE_REVIEW/>', "XML"),
        (b"<html><body/></html>", "is no file of Review Manager 5: it begins with <html>"),
        (b"<COCHRANE_REVIEW/>", "has no analyses"),
        (b"<a>" * 100_000, "is not whole XML"),
    ],
    ids=[
        "entities", "outside file", "utf-16 entities", "empty", "blank", "zip", "cut off",
        "encoding", "html", "no analyses", "deep",
    ],
)  # fmt: skip
def test_other_and_hostile_files_are_refused(content, message, rm5):
    with pytest.raises(InputError, match=message) as caught:
        read_rm5(rm5.write(content, "hostile.rm5"))
    assert "hostile.rm5" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.rm5.*No such file"):
        read_rm5(tmp_path / "nowhere.rm5")


def test_a_picture_kept_as_text_does_not_stop_the_reading(rm5, event_rows):
    picture = "<FIGURES><FIGURE>" + "A" * 10_500_000 + "</FIGURE></FIGURES>"
    path = rm5.file(rm5.outcome("DICH", event_rows), extra=picture)
    left = {each.path: each.characters for each in read_rm5(path).not_read}
    assert left["COCHRANE_REVIEW/FIGURES/FIGURE"] == 10_500_000


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"METHOD": "BAYES"}, "METHOD: 'BAYES' cannot be used; allowed: MH, IV, PETO, EXP_O_E_VAR"),
        ({"TOTALS": "SOME"}, "TOTALS: 'SOME' cannot be used; allowed: YES, SUB, NO"),
        ({"CI_TOTAL": 0}, "CI_TOTAL: 0.0 cannot be used"),
        ({"RANDOM": "MAYBE"}, "RANDOM: 'MAYBE' cannot be used; allowed: YES, NO"),
        ({"TAU2": "much"}, "TAU2: 'much' cannot be used"),
    ],
    ids=["method", "totals", "level", "switch", "number"],
)
def test_settings_that_cannot_be_are_told_of_by_line(settings_, message, rm5, event_rows):
    review = read_rm5(rm5.file(rm5.outcome("DICH", event_rows, **settings_)))
    (problem,) = review.problems
    assert message in str(problem)
    assert "line 2" in str(problem)


SLIPS = st.sampled_from(
    ["", "0", "-1", "NaN", "Infinity", "abc", "1e308", "1e-320", "0.5", "99999999999", "SUB", "NO"]
)
NAMES = st.sampled_from(
    ["EVENTS_1", "TOTAL_2", "EFFECT_SIZE", "CI_START", "CHI2", "METHOD", "EFFECT_MEASURE",
     "RANDOM", "TOTALS", "CI_TOTAL", "ID", "NO", "STUDY_ID", "ESTIMABLE", "SUBGROUPS"]
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    slips=st.dictionaries(NAMES, SLIPS, max_size=5),
    measure=st.sampled_from(["OR", "RR", "RD", "PETO_OR", "MD", ""]),
    method=st.sampled_from(["MH", "IV", "PETO", ""]),
)
def test_slips_in_a_file_end_in_an_audit_or_a_message(slips, measure, method, rm5, event_rows):
    row = event_rows[0] | {key: value for key, value in slips.items() if key in event_rows[0]}
    path = rm5.file(
        rm5.outcome(
            "DICH",
            [row, *event_rows[1:]],
            result={"estimate": 1.0, "ci_lower": 0.5, "ci_upper": 2.0},
            **({"METHOD": method, "EFFECT_MEASURE": measure} | slips),
        )
    )
    found = audited(path)
    if isinstance(found, str):
        assert "review.rm5" in found
    else:
        json.dumps(audit_to_dict(found), allow_nan=False)


def audited(path: Path) -> Audit | str:
    """The audit of a file, or why there is none."""
    try:
        return audit_rm5(path)
    except InputError as error:
        return str(error)


def encode(name: str) -> str:
    """As the program writes ids: other signs than letters, digits and blanks as _xHHHH_."""
    return "".join(
        sign if sign.isascii() and sign.isalnum() else f"_x{ord(sign):04x}_" for sign in name
    )


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs", "Cc"]), max_size=20))
def test_ids_come_back_from_their_escapes(name):
    assert decode_id(encode(name)) == name
