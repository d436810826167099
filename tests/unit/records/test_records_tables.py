"""Tables and texts of a review folder: what cannot be read is named with its place."""

from typing import Any

import pytest

from evisynth.errors import InputError, Problem
from evisynth.records import decode_utf8, parse_number, read_table


def table(tmp_path: Any, content: Any, **options: Any) -> Any:
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems: list[Problem] = []
    found = read_table(path, where="a/t.csv", problems=problems, **options)
    return found, [str(problem) for problem in problems]


def test_rows_carry_their_first_line(tmp_path: Any) -> None:
    found, problems = table(tmp_path, '\ufeffa,b\r\n1,"two\nlines"\r\n\r\n 3 ,4\r\n')
    assert problems == []
    assert found is not None
    assert [row.line for row in found] == [2, 5]
    assert [row["a"] for row in found] == ["1", "3"]
    assert found.rows[0]["absent"] == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "a/t.csv: the file is empty. Write at least one row with the columns a, b"),
        ("a,b\n", "a/t.csv: the table has a header and no rows"),
        ("a;b\n1;2\n", "a/t.csv, line 1: the cells are separated by semicolons"),
        ("a\tb\n1\t2\n", "separated by tabs"),
        ("a,c\n1,2\n", "line 1: the column 'b' is missing; the columns are: a, c"),
        ("a,b,a\n1,2,3\n", "line 1, column a: the column stands here twice"),
        ("a,b,\n1,2,3\n", "line 1: column 3 has no name"),
        ("a,b\n1,2,3\n", "line 2: 3 cells, the header has 2"),
        ('a,b\n1,"2\n', "line 2: the table breaks off"),
        ('a,b\n1,"2"x\n', "line 2: the table breaks off"),
        (b"a,b\n1,\xe9\n", "line 2, byte 6: the byte 0xE9 is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "line 1, byte 0: the file is UTF-16"),
        (b"\xef\xbb\xbfa,b\n\xff,1\n", "line 2, byte 7: the byte 0xFF"),
    ],
)
def test_broken_tables(tmp_path: Any, content: Any, message: Any) -> None:
    _, problems = table(tmp_path, content, required=("a", "b"))
    assert len(problems) == 1
    assert message in problems[0]


def test_unknown_column_names_the_nearest(tmp_path: Any) -> None:
    _, problems = table(tmp_path, "a,b,nots\n1,2,3\n", required=("a", "b"), optional=("note",))
    assert problems == [
        "a/t.csv, line 1, column nots: unknown column 'nots'; allowed: a, b, note."
        " Did you mean 'note'?"
    ]


def test_missing_file_and_folder(tmp_path: Any) -> None:
    problems: list[Problem] = []
    assert read_table(tmp_path / "no.csv", where="no.csv", problems=problems) is None
    assert read_table(tmp_path, where="folder", problems=problems) is None
    assert [str(problem) for problem in problems] == [
        "no.csv: there is no such file",
        "folder: this is a folder, a file is wanted",
    ]


@pytest.mark.parametrize("text", ["", "abc", "1,5", "nan", "inf", "1 2", "1_000", "1e999", "٣"])
def test_what_is_no_number(text: Any) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_number(text)


@pytest.mark.parametrize(
    ("text", "value"), [("1.5", 1.5), ("−2", -2), ("1e-3", 0.001), (".5", 0.5)]
)
def test_what_is_a_number(text: Any, value: Any) -> None:
    assert parse_number(text) == value


def test_bare_bytes_are_placed_by_line() -> None:
    with pytest.raises(InputError, match=r"f, line 3, byte 4: the byte 0xE9"):
        decode_utf8(b"a\nb\n\xe9", where="f")
