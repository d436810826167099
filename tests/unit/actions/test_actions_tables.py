"""Tables as people export them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.actions.tables import read_table, to_number
from evisynth.errors import InputError, SetupError


def write(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_dialects_of_csv(tmp_path: Path, separator: str, start: bytes, end: str) -> None:
    rows = [
        ["study", "n1", "note"],
        ["Zhu 2018", "57", '"a, b; c"'],
        ["", "", ""],
        ["Kim", "3", ""],
    ]
    text = end.join(separator.join(row) for row in rows)
    table = read_table(write(tmp_path, start + text.encode()))
    assert table.columns == ("study", "n1", "note")
    assert table.rows == (("Zhu 2018", "57", "a, b; c"), ("Kim", "3", ""))
    assert table.lines == (2, 4)
    assert table.cells("n1") == ("57", "3")
    assert table.decimal_comma == (separator != ",")


def test_lines_are_counted_through_cells_with_breaks(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, 'a,b\n"one\ntwo",1\nthree,2\n'))
    assert table.lines == (2, 4)


def test_one_column_needs_no_separator(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, "study\nA\n")).columns == ("study",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"data\.csv: is empty"),
        (b"\n\n", r"is empty"),
        (b"a,b\n", r"no row below"),
        (b"a,a\n1,2\n", r"line 1: the column 'a' stands 2 times"),
        (b"a,,b\n1,2,3\n", r"line 1: column 2 has no name"),
        (b"a,b\n1,2\n1,2,3\n", r"line 3: has 3 cells, the header 2"),
        (b'a,b\n"1,2\n', r"line 2: is not proper CSV"),
        (b"a,b\nK\xf6ln,2\n", r"line 2.*0xF6"),
        ("a,b\n1,2\n".encode("utf-16"), r"UTF-16"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_table(write(tmp_path, content))


def test_short_rows_are_filled_and_empty_cells_at_the_end_are_let_be(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a,b,,\n1\n2,3,,\n"))
    assert table.columns == ("a", "b")
    assert table.rows == (("1", ""), ("2", "3"))


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "no.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("text", "decimal_comma", "number"),
    [
        ("1", False, 1.0),
        (" 2.50 ", False, 2.5),
        ("-.5", False, -0.5),
        ("−3", False, -3.0),
        ("1e-3", False, 0.001),
        ("1,5", True, 1.5),
        ("1,5", False, None),
        ("1.234,5", True, None),
        ("", False, None),
        ("NA", False, None),
        ("inf", False, None),
        ("1_000", False, None),
        ("0x1", False, None),
        ("57 people", False, None),
    ],
)
def test_numbers(text: str, decimal_comma: bool, number: float | None) -> None:
    assert to_number(text, decimal_comma=decimal_comma) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_python_writes_is_read(number: float) -> None:
    assert to_number(repr(number)) == number


def test_excel_workbooks(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["study", "n1", "sd1"], ["A", 50, 2.25], [None, None, None], ["B", 40.0, None]):
        sheet.append(row)
    book.save(tmp_path / "data.xlsx")
    table = read_table(tmp_path / "data.xlsx")
    assert table.rows == (("A", "50", "2.25"), ("B", "40", ""))
    assert table.lines == (2, 4)
    with pytest.raises(InputError, match="not an Excel workbook"):
        read_table(write(tmp_path, "study,n1\n", "fake.xlsx"))
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "no.xlsx")


def test_excel_without_openpyxl_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(SetupError, match="pip install openpyxl"):
        read_table(write(tmp_path, b"x", "data.xlsx"))
