"""The fast reading of ordinary RIS entries gives what reading line by line gives."""

import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evisynth.errors import InputError
from evisynth.records import exports, read_records, reading, ris, values

DATA = Path(__file__).parents[2] / "data/records"
lines = st.lists(
    st.one_of(
        st.sampled_from(
            ["TY  - JOUR", "TY  - ", "TY - JOUR", "ER  - ", "ER  -", "ER  - more", "ER", "", " ",
             "TI  - A title", "TI  - ", "TI  -", "T1  - B  with  blanks ", "AU  - Kim, C",
             "AU  - Kim C", "KW  - one", "KW  - ", "two", "   two", "AB  - x &amp; y",
             "AB  - é\u0301", "wrapped – line", "PY  - 2020", "PY  - 10 15", "T1 - x", "1.",
             "DO  - 10.1000/1", "PMID  - 12345", "N1  - a\tb", "N1  - nbsp\xa0", "a1  - x",
             "ID  - 7", "JF  - J\u2028K",
             "\ufb01", "Record #1 of 2", "Link to x", "歩行", "SP  - 1", "EP  - 9 "]
        ),
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12),
    ),
    max_size=25,
)  # fmt: skip


def both(path: Path, patch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Read a file as always, and with every entry read line by line."""

    def read() -> Any:
        try:
            result = read_records(path, "s")
        except InputError as error:
            return str(error)
        return result.records, [str(each) for each in result.problems], result.dialect

    fast = read()
    with patch.context() as patched:
        patched.setattr(ris, "_fields", lambda *_: None)
        return fast, read()


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=lines, page=st.sampled_from([1 << 17, 7]))
def test_any_lines(
    lines: list[str], page: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.ris"
    path.write_text("\n".join(["TY  - JOUR", *lines]), encoding="utf-8", newline="")
    with monkeypatch.context() as patched:
        patched.setattr(exports.Export.decoded, "__defaults__", (page,))
        patched.setattr(exports, "PAGE", page)
        fast, slow = both(path, monkeypatch)
    assert fast == slow
    assert fast == both(path, monkeypatch)[0]  # whatever the size of the blocks


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*.ris")))
def test_fixtures(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = both(DATA / name, monkeypatch)
    assert fast == slow


def test_an_entry_that_goes_over_many_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 100)
    monkeypatch.setattr(ris, "LONGEST_ENTRY", 1_000)
    path = tmp_path / "x.ris"
    entry = "TY  - JOUR\nTI  - A\nAB  - " + "word " * 500 + "\nER  - \n"
    path.write_text(entry * 3, encoding="utf-8")
    result = read_records(path)
    assert [record.last_line for record in result.records] == [4, 8, 12]
    assert {len(record.abstract) for record in result.records} == {2499}


@pytest.mark.parametrize(
    "start",
    ["TY  - JOUR\nAB  - x\n", "PMID- 1\nAB  - x\n", "FN x\nPT J\nAB x\n", "%0 Book\n%X x\n"],
)
def test_an_entry_without_end_is_refused(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LONGEST_LINE", 300_000)
    path = tmp_path / "x.txt"
    path.write_text(start + "   and more\n" * 200_000, encoding="utf-8")
    with pytest.raises(InputError, match="no entry ends within 300,000 signs"):
        read_records(path)


def test_lines_outside_are_no_entry_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LONGEST_LINE", 300_000)
    path = tmp_path / "x.ris"
    path.write_text("TY  - JOUR\nTI  - A\nER  - \n" + "junk\n" * 200_000, encoding="utf-8")
    result = read_records(path)
    assert len(result.records) == 1
    assert "200000 lines outside the entries" in str(result.problems[0])


def test_plain_signs_never_change_in_nfc() -> None:
    plain = [chr(each) for each in range(sys.maxunicode) if values.is_plain(chr(each))]
    assert len(plain) > 30_000
    joined = "".join(plain)
    assert unicodedata.is_normalized("NFC", joined)
    assert unicodedata.is_normalized("NFC", joined[::-1])
    wide = [each for each in plain if ord(each) > 127 and unicodedata.category(each) != "Cn"]
    assert all(each.isprintable() and not unicodedata.combining(each) for each in wide)
    assert not re.search(r"[\u1100-\u11ff\u0300-\u036f\u3099\u309a]", joined)


def test_unassigned_signs_are_cleaned_alike() -> None:
    unassigned = [
        chr(each)
        for each in range(0xA0, 0x10000)
        if values.is_plain(chr(each)) and not chr(each).isprintable()
    ]
    assert all(values.clean(f"a{each}b") == f"a{each}b" for each in unassigned)
