"""What is refused, with a message, and what damaged files still give."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from evisynth.errors import InputError
from evisynth.records import RecordProblem, iter_records, read_records
from evisynth.records import exports as exports_limits

DATA = Path(__file__).parents[2] / "data/records"


def write(folder: Path, text: str | bytes, name: str = "x.txt") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]>', "declares entities"),
        ("<!DOCTYPE x [ ]>", "document type of its own"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd">', "refers to another file, 'file:///etc"),
        ('<!DOCTYPE x SYSTEM "http://example.org/x.dtd">', "refers to another file"),
        ('<!DOCTYPE x PUBLIC "-//X" "https://nlm.nih.gov.example.org/x.dtd">', "another file"),
        ('<x xmlns:xi="http://www.w3.org/2001/XInclude"/>', "includes other files"),
    ],
)
@pytest.mark.parametrize("name", ["endnote.xml", "pubmed.xml", "ictrp.xml"])
def test_xml_that_declares_or_refers_is_refused(
    head: str, message: str, name: str, tmp_path: Path
) -> None:
    text = (DATA / name).read_text(encoding="utf-8")
    body = text[text.index("?>") + 2 :]
    if "<!DOCTYPE" in body:
        body = body[body.index(">", body.index("<!DOCTYPE")) + 1 :]
    with pytest.raises(InputError, match=message):
        read_records(write(tmp_path, '<?xml version="1.0"?>' + head + body))


def test_entities_inside_an_entry_are_not_expanded(tmp_path: Path) -> None:
    title = "<titles><title>&bomb; a&nbsp;b</title></titles>"
    text = f"<xml><records><record>{title}</record></records></xml>"
    result = read_records(write(tmp_path, text))
    assert len(result.records) == 1 == result.entries
    assert "a b" in result.records[0].title


def test_one_broken_xml_entry_does_not_take_the_others(tmp_path: Path) -> None:
    one = "<Trial><TrialID>NCT0000000{}</TrialID><Public_title>T</Public_title></Trial>"
    text = (
        "<Trials_downloaded_from_ICTRP>"
        + one.format(1)
        + "\n<Trial><TrialID>NCT00000002</TrialID><Public_title>Never closed</Public_title>\n"
        + one.format(3)
        + "\n<Trial><<<&&></Trial>\n"
        + one.format(4)
        + "\n<Trial><TrialID>NCT00000005</TrialID><Public_ti"
    )
    result = read_records(write(tmp_path, text))
    unreadable = [p for p in result.problems if isinstance(p, RecordProblem) and p.unreadable]
    assert len(result.records) + len(unreadable) == result.entries == 6
    assert [record.accession for record in result.records] == [
        "NCT00000001", "NCT00000002", "NCT00000003", "NCT00000004", "NCT00000005",
    ]  # fmt: skip
    assert [each.first_line for each in unreadable] == [4]


def test_one_broken_json_object_does_not_take_the_others(tmp_path: Path) -> None:
    items = [json.dumps({"id": n, "type": "book", "title": f"T{n}"}) for n in range(4)]
    items[1] = items[1][:-3]
    result = read_records(write(tmp_path, "[\n" + ",\n".join(items) + "\n]"))
    assert [record.title for record in result.records] == ["T0", "T2", "T3"]
    assert result.entries == 4
    (problem,) = result.problems
    assert isinstance(problem, RecordProblem)
    assert (problem.unreadable, problem.first_line) == (True, 3)
    assert "was not read" in str(problem)


def test_json_that_breaks_off_is_reported(tmp_path: Path) -> None:
    result = read_records(write(tmp_path, '[{"id":"a","title":"T","type":"book"},{"id":"b","ti'))
    assert [record.id for record in result.records] == ["a"]
    assert result.entries == 2
    assert any("break" in str(each) or "broken" in str(each) for each in result.problems)


def test_deep_json_is_refused(tmp_path: Path) -> None:
    text = '[{"title": ' + "[" * 200_000 + "]" * 200_000 + "}]"
    with pytest.raises(InputError, match="too deep"):
        read_records(write(tmp_path, text))


@pytest.mark.parametrize(
    "start", ["TY  - JOUR\nAB  - ", "PMID- 1\nAB  - ", "title,authors,year,doi\n"]
)
def test_endless_lines_are_refused(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports_limits, "LONGEST_LINE", 2_000_000)
    path = write(tmp_path, start + "x" * 5_000_000)
    with pytest.raises(InputError, match=r"line .: the line is longer than 2,000,000 signs"):
        read_records(path)


def test_large_files_that_cannot_be_read_in_parts_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports_limits, "LONGEST_TEXT", 1_000)
    path = write(tmp_path, '[{"title": "' + "x" * 2_000 + '"}]')
    with pytest.raises(InputError, match="is read up to 1,000"):
        read_records(path)


def workbook(path: Path, rows: list[list[Any]]) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    book.create_sheet("Notes", 0)
    sheet = book.create_sheet("Records")
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_workbook(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Exported on Monday"],
        ["Title", "Authors", "Year", "DOI"],
        ["Walking groups", "Öberg, Anna; Kim, C", 2020, "10.5555/x"],
        [None, None, None, None],
        ["A second report", "Kim, C", 2019.0, None],
    ]
    result = read_records(workbook(tmp_path / "x.bin", rows), "s")
    assert result.format == "XLSX"
    assert [(r.title, r.year, r.first_line) for r in result.records] == [
        ("Walking groups", 2020, 3),
        ("A second report", 2019, 5),
    ]
    assert result.records[0].authors == ("Öberg, Anna", "Kim, C")
    assert result.records[0].raw


def test_workbook_with_columns_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", [["Paper", "When"], ["Walking", 2020]])
    result = read_records(path, columns={"title": "Paper", "year": "When"})
    assert [(r.title, r.year) for r in result.records] == [("Walking", 2020)]


def test_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(80):
                part.write(b"0" * (1 << 20))
    with pytest.raises(InputError, match="unpacks from"):
        read_records(path)


def test_workbook_with_entities_or_damage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", '<!DOCTYPE x [<!ENTITY a "b">]><x/>')
    with pytest.raises(InputError, match="declares entities"):
        read_records(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.ris", "TY  - JOUR")
    with pytest.raises(InputError, match="no workbook of Excel"):
        read_records(path)
    with pytest.raises(InputError, match="cannot be unpacked"):
        read_records(write(tmp_path, b"PK\x03\x04" + b"x" * 100))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old workbook"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"hello\nworld\n", "begins with 'hello'; allowed: XLSX"),
        (b"<html><body>Service unavailable</body></html>", "no format that is known"),
        (b"\x00\x00\x00\x00", "no entry"),
    ],
)
def test_other_files_are_refused(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_records(write(tmp_path, data))


def test_folder_and_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is a folder"):
        read_records(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_records(tmp_path / "no.ris")


@pytest.mark.parametrize(("text", "reader"), [("[]", "CSL-JSON"), ("title,authors,year\n", "CSV")])
def test_an_export_of_nothing_has_a_problem_and_no_records(
    text: str, reader: str, tmp_path: Path
) -> None:
    result = read_records(write(tmp_path, text))
    assert result.records == ()
    assert [str(each) for each in result.problems] == [
        f"x.txt: there is no entry in this file ({reader})"
    ]


def test_marks_that_gave_no_record_are_reported(tmp_path: Path) -> None:
    text = 'title,authors,year,abstract\nOne,"A, B",2020,x\n'
    assert read_records(write(tmp_path, text)).problems == ()
    stream = iter_records(DATA / "broken.ris")
    assert sum(1 for _ in stream) == stream.entries == 6


def test_utf16_that_breaks_off_is_read_and_reported(tmp_path: Path) -> None:
    data = "TY  - JOUR\nTI  - One\nER  - \n".encode("utf-16") + b"\x41"
    result = read_records(write(tmp_path, data))
    assert [record.title for record in result.records] == ["One"]
    assert "does not fit UTF-16-LE" in str(result.problems[0])


def test_memory_stays_bounded(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "x.ris"
    entry = "TY  - JOUR\nTI  - A title\nAB  - " + "word " * 400 + "\nER  - \n\n"
    with path.open("w") as file:
        for _ in range(8_000):
            file.write(entry)
    assert path.stat().st_size > 16_000_000
    tracemalloc.start()
    count = sum(1 for _ in iter_records(path, "s"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 8_000
    assert peak < 14_000_000  # a few blocks of 1 Mi and the ids; the file is larger
