"""RIS as databases write it: dialects, repairs, nothing lost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.errors import InputError
from evisynth.records import read_ris
from evisynth.records.values import person

TWO = """TY  - JOUR
ID  - a1
AU  - Zhu, Jiemin
AU  - Ebert, Lyn
TI  - Mobile breast cancer e-support
PY  - 2018
JO  - JMIR Mhealth Uhealth
VL  - 6
IS  - 4
SP  - e85
EP  - e97
DO  - https://doi.org/10.2196/MHEALTH.9438
AN  - PMID 29678800
KW  - breast cancer
KW  - mHealth
AB  - Background: one.
UR  - https://example.org/a1
ER  -

TY  - JOUR
TI  - Second
ER  -
"""


def test_fields_and_lines() -> None:
    records, problems = read_ris(TWO, "embase", where="searches/embase/export.ris")
    first, second = records
    assert problems == ()
    assert first.authors == ("Zhu, Jiemin", "Ebert, Lyn")
    assert (first.year, first.journal, first.volume, first.issue) == (
        2018,
        "JMIR Mhealth Uhealth",
        "6",
        "4",
    )
    assert (first.pages, first.doi, first.pmid) == ("e85-e97", "10.2196/mhealth.9438", "29678800")
    assert first.keywords == ("breast cancer", "mHealth")
    assert (first.source, first.file) == ("embase", "searches/embase/export.ris")
    assert (first.first_line, first.last_line) == (1, 18)
    assert (second.id, second.first_line, second.last_line) == ("embase-00002", 20, 22)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_give_the_same_records(end: Any) -> None:
    assert read_ris(TWO.replace("\n", end), "x") == read_ris(TWO, "x")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_are_detected(tmp_path: Any, encoding: Any) -> None:
    path = tmp_path / "export.ris"
    path.write_bytes(TWO.replace("Zhu", "Žhu").encode(encoding))
    records, problems = read_ris(path, "x")
    assert [record.id for record in records] == ["a1", "x-00002"]
    assert records[0].authors[0] == "Žhu, Jiemin"
    assert problems == ()


def test_windows_1252_is_read_and_reported(tmp_path: Any) -> None:
    path = tmp_path / "export.ris"
    path.write_bytes(TWO.replace("Zhu", "Müller").encode("cp1252"))
    records, problems = read_ris(path, "x")
    assert records[0].authors[0] == "Müller, Jiemin"
    assert len(problems) == 1
    assert "line 3, byte" in str(problems[0])
    assert "0xFC" in str(problems[0])
    assert 'encoding = "cp1252"' in str(problems[0])
    declared, none = read_ris(path, "x", encoding="cp1252")
    assert declared == records
    assert none == ()


def test_declared_encoding_that_does_not_fit_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "export.ris"
    path.write_bytes(TWO.replace("Zhu", "Müller").encode("cp1252"))
    with pytest.raises(InputError, match=r"line 3, byte \d+: the byte 0xFC is not utf-8"):
        read_ris(path, "x", encoding="utf-8")
    with pytest.raises(InputError, match="'utf-9' is not known; allowed: utf-8"):
        read_ris(path, "x", encoding="utf-9")


def test_missing_er_keeps_both_entries() -> None:
    text = "TY  - JOUR\nTI  - One\nTY  - JOUR\nTI  - Two\n"
    records, problems = read_ris(text, "x")
    assert [record.title for record in records] == ["One", "Two"]
    assert [problem.at for problem in problems] == ["line 1", "line 3"]
    assert "no ER before the next entry begins (line 3)" in problems[0].message
    assert "the file ends without ER" in problems[1].message


def test_continuation_lines() -> None:
    text = (
        "TY  - JOUR\nTI  - A long\n   title\nAB  - One\n\nTwo - three\n"
        "KW  - first\nsecond\nER  - \n"
    )
    record = read_ris(text, "x")[0][0]
    assert record.title == "A long title"
    assert record.abstract == "One Two - three"
    assert record.keywords == ("first", "second")


def test_text_around_entries_is_counted_not_read() -> None:
    text = "Record #1 of 2\n\n1.\nTY  - JOUR\nTI  - One\nER  - \nhttp://resolver\n"
    records, problems = read_ris(text, "x")
    assert len(records) == 1
    assert [str(problem) for problem in problems] == [
        "line 1: 3 lines outside the entries; left unread"
    ]


def test_entry_without_ty_is_kept() -> None:
    records, problems = read_ris("TI  - One\nER  - \nTY  - JOUR\nTI  - Two\nER  - \n", "x")
    assert [record.title for record in records] == ["One", "Two"]
    assert "does not begin with TY" in problems[0].message


@pytest.mark.parametrize("tag", ["TY - JOUR", "  TY  - JOUR", "TY  -  JOUR"])
def test_blanks_around_the_dash(tag: Any) -> None:
    title, end = tag.replace("TY", "TI").replace("JOUR", "One"), tag[:-4].replace("TY", "ER")
    text = f"{tag}\n{title}\n{end}"
    records, problems = read_ris(text, "x")
    assert [record.title for record in records] == ["One"]
    assert problems == ()


def test_entry_without_title_is_kept_and_reported() -> None:
    records, problems = read_ris("TY  - JOUR\nDO  - 10.1/x\nER  - \n", "x")
    assert records[0].id == "x-00001"
    assert "lines 1 to 3: the entry has no title (it has DO)" in str(problems[0])


def test_unreadable_year_is_reported() -> None:
    records, problems = read_ris("TY  - JOUR\nTI  - A\nPY  - 10 15\nER  - \n", "x")
    assert records[0].year is None
    assert "no year can be read from '10 15'" in str(problems[0])
    assert read_ris("TY  - JOUR\nTI  - A\nY1  - 2022//\nER  - \n", "x")[0][0].year == 2022


def test_repeated_id_is_renamed_and_reported() -> None:
    text = "TY  - JOUR\nID  - 7\nTI  - A\nER  - \n" * 2
    records, problems = read_ris(text, "x")
    assert [record.id for record in records] == ["7", "x-00002"]
    assert "'7' stands in an earlier entry" in str(problems[0])


def test_other_formats_are_refused() -> None:
    with pytest.raises(InputError, match="no entry in this file"):
        read_ris("PMID- 123\nTI  - A title\nAB  - Text\n", "x")
    with pytest.raises(InputError, match="no entry in this file"):
        read_ris("", "x")


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["TI", "AU", "KW", "AB", "N1", "XX"]),
                st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20),
            ),
            max_size=6,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_no_entry_is_lost(entries: Any) -> None:
    text = "".join(
        "TY  - JOUR\n" + "".join(f"{tag}  - {value}\n" for tag, value in entry) + "ER  - \n"
        for entry in entries
    )
    records, _ = read_ris(text, "x")
    assert len(records) == len(entries)
    assert len({record.id for record in records}) == len(entries)
    for record, entry in zip(records, entries, strict=True):
        names = (person(value) for tag, value in entry if tag == "AU")
        assert record.authors == tuple(name for name in names if name)
        assert record.last_line - record.first_line == len(entry) + 1


def test_er_with_text_is_read_as_text_where_the_entry_goes_on() -> None:
    text = "TY  - JOUR\nTI  - One\nAB  - Tumours were\nER  - positive\nKW  - a\nER  - \n"
    records, problems = read_ris(text, "x")
    assert len(records) == 1
    assert records[0].abstract == "Tumours were ER - positive".replace("ER -", "ER  -").replace(
        "  ", " "
    )
    assert records[0].keywords == ("a",)
    assert [problem.at for problem in problems] == ["line 4"]


def test_er_with_text_closes_an_entry_before_the_next() -> None:
    text = "TY  - JOUR\nTI  - One\nER  - 1\n\nTY  - JOUR\nTI  - Two\nER  - end of file\n"
    records, problems = read_ris(text, "x")
    assert [record.title for record in records] == ["One", "Two"]
    assert [record.last_line for record in records] == [3, 7]
    assert problems == ()


def test_raw_text_is_the_lines_of_the_entry() -> None:
    records, _ = read_ris(TWO, "x")
    lines = TWO.split("\n")
    for record in records:
        assert record.raw == "\n".join(lines[record.first_line - 1 : record.last_line])
        assert (record.reader, record.reader_version) == ("RIS", "3")


def test_entities_and_signs_are_resolved_once() -> None:
    text = "TY  - JOUR\nTI  - Salt &amp; &lt;b&gt; &amp;lt; Cafe\u0301\u00a0x\x00\nER  - \n"
    assert read_ris(text, "x")[0][0].title == "Salt & <b> &lt; Café x"
