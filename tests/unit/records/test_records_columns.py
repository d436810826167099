"""Columns that a person names, and names of people that formats write without a comma."""

from pathlib import Path

import openpyxl
import pytest

from evisynth.errors import InputError
from evisynth.records import RecordProblem, read_export, read_records

GERMAN = 'Nr.;Titel;Verfasser;Jahr\n1;Gehen;"Öberg, A; Kim, B";2020\n'


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "liste.csv"
    path.write_text(GERMAN, encoding="utf-8")
    return path


def test_one_column_is_enough(table: Path) -> None:
    (record,) = read_records(table, columns={"title": "Titel"}).records
    assert (record.id, record.title, record.authors) == ("liste-00001", "Gehen", ())


def test_case_and_blanks_of_a_name_do_not_count(table: Path) -> None:
    columns = {"title": " TITEL", "authors": "verfasser", "year": "Jahr", "id": "nr"}
    (record,) = read_records(table, columns=columns).records
    assert (record.id, record.authors, record.year) == ("1", ("Öberg, A", "Kim, B"), 2020)


def test_a_column_named_by_a_sign(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("#,*,Name\n7,8,Gehen\n", encoding="utf-8")
    (record,) = read_records(path, columns={"id": "#", "title": "Name"}).records
    assert (record.id, record.title) == ("7", "Gehen")


def test_a_column_may_hold_two_fields(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("Name,Jahr\nGehen,2020\n", encoding="utf-8")
    columns = {"title": "Name", "original_title": "Name"}
    (record,) = read_records(path, columns=columns).records
    assert (record.title, record.original_title) == ("Gehen", "Gehen")


def test_a_name_given_is_taken_before_a_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("title,Titel,year\nInternal,Gehen,2020\n", encoding="utf-8")
    (record,) = read_records(path, columns={"title": "Titel"}).records
    assert (record.title, record.year) == ("Gehen", 2020)


def test_a_column_that_is_not_there_is_refused_with_those_that_are(table: Path) -> None:
    with pytest.raises(InputError, match=r"no column 'Title'; allowed: Nr\., Titel, Verfasser"):
        read_records(table, columns={"title": "Title"})
    with pytest.raises(InputError, match="no column 'Ort'"):
        read_records(table, columns={"title": "Titel", "journal": "Ort"})


def test_workbook(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Liste der Studien"])
    sheet.append(["Titel", "Jahr"])
    sheet.append(["Gehen", 2020])
    book.save(path)
    (record,) = read_records(path, columns={"title": "Titel", "year": "Jahr"}).records
    assert (record.title, record.year, record.first_line) == ("Gehen", 2020, 3)
    with pytest.raises(InputError, match="no column 'Title'"):
        read_records(path, columns={"title": "Title"})
    result = read_records(path)
    assert result.records == ()
    assert 'columns={"title": "..."}' in str(result.problems[0])


def test_columns_of_what_is_no_table_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.ris"
    path.write_text("TY  - JOUR\nTI  - A\nER  - \n", encoding="utf-8")
    records, problems = read_records(path, columns={"title": "Titel"})
    assert [record.title for record in records] == ["A"]
    assert isinstance(problems[0], RecordProblem)
    assert "columns are for tables, and the file is RIS" in str(problems[0])
    assert read_export(path, columns={"title": "Titel"})[1] == ()  # a folder has several formats


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (("Han Shanshan", "Crowther Caroline A"), ("Han, Shanshan", "Crowther, Caroline A")),
        (("Van Ryswyk Emer",), ("Van Ryswyk, Emer")),
        (("Bywater T", "Van Ryswyk E"), ("Bywater, T", "Van Ryswyk, E")),
        (("Ferguson KM", "WHO"), ("Ferguson, KM", "WHO")),
        (("Öberg, Anna", "Kim B"), ("Öberg, Anna", "Kim, B")),
    ],
)
def test_names_of_the_cochrane_library(
    written: tuple[str, ...], read: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "x.txt"
    names = "".join(f"AU: {name}\n" for name in written)
    path.write_text(f"Record #1 of 1\nID: CD1\n{names}TI: A\n", encoding="utf-8")
    (record,) = read_records(path).records
    assert record.authors == (read if isinstance(read, tuple) else (read,))


def test_the_number_of_embase_is_found_where_endnote_puts_it(tmp_path: Path) -> None:
    path = tmp_path / "x.ris"
    path.write_text(
        "TY  - JOUR\nTI  - A\nN1  - L2030246463\n2024-06-24\nST  - A\nID  - 889\nER  - \n",
        encoding="utf-8",
    )
    (record,) = read_records(path).records
    assert (record.id, record.accession) == ("889", "L2030246463")
