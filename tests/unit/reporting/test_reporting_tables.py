"""Tables for other programs: all digits, no formulas, every record."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.reporting.tables import HEADERS, record_state, safe_cell, write_tables


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path, review, results):
    write_tables(tmp_path, review, results)
    return tmp_path


def test_all_tables_are_written(folder):
    assert sorted(path.stem for path in folder.iterdir()) == sorted(HEADERS)


def test_a_review_without_anything_has_tables_with_headers_only(tmp_path, empty_review):
    for path in write_tables(tmp_path, empty_review, ()):
        lines = path.read_text("utf-8").splitlines()
        assert lines
        if path.stem != "flow":
            assert len(lines) == 1, path


def test_numbers_keep_every_digit(folder, results):
    rows = read(folder, "pooled")
    overall = next(row for row in rows if row["analysis"] == "anxiety" and row["what"] == "overall")
    assert float(overall["estimate"]) == results[0].fit.estimate
    assert float(overall["i2"]) == results[0].fit.i2


def test_what_is_not_estimable_is_empty_with_its_reason(folder):
    rows = read(folder, "effects")
    gap = next(r for r in rows if r["study"] == "Dirac 2012" and r["analysis"] == "remission")
    assert gap["estimate"] == gap["variance"] == ""
    assert gap["reason"] == "no events in either arm"


def test_every_record_is_there_with_its_final_state(folder, review):
    rows = {row["id"]: row for row in read(folder, "records")}
    assert set(rows) == {record.id for record in review.records}
    assert rows["R0"]["title"] == "'=Title 0 <script>"
    assert (rows["R0"]["state"], rows["R0"]["study"]) == ("included", "Ames 2001")
    assert (rows["R5"]["stage"], rows["R5"]["reason"]) == ("title_abstract", "Off topic")
    assert (rows["R6"]["stage"], rows["R6"]["reason"]) == ("full_text", "No usable data")
    assert (rows["R7"]["stage"], rows["R7"]["state"]) == ("retrieval", "not retrieved")


def test_a_record_without_a_state_is_open_and_a_duplicate_is_one(empty_review):
    from dataclasses import replace

    assert record_state(empty_review, "X") == ("title_abstract", "open", "")
    assert record_state(replace(empty_review, duplicates={"X": "Y"}), "X") == (
        "identification", "duplicate", "repeats Y",
    )  # fmt: skip


def test_filled_rows_are_marked(folder):
    rows = [row for row in read(folder, "trim_and_fill") if row["analysis"] == "anxiety"]
    assert [row["filled"] for row in rows] == ["false"] * 5 + ["true"]


def test_comparison_and_risk_of_bias_keep_whose_they_are(folder):
    assert {row["by"] for row in read(folder, "risk_of_bias")} == {
        "this review",
        "published by others",
    }
    first = read(folder, "comparison")[0]
    assert first["published_estimate"] == "-0.61"
    assert float(first["difference"]) == pytest.approx(float(first["own_estimate"]) + 0.61)


@given(st.text(max_size=20))
def test_no_text_can_run_as_a_formula(text):
    assert not safe_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_number_reads_back_as_it_was(value):
    written = safe_cell(value)
    if math.isfinite(value):
        assert float(written) == value
    else:
        assert written == ""
