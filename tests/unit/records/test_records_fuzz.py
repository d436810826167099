"""Damaged files: every reader ends, without a crash, and no entry goes lost in silence."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evisynth.errors import InputError
from evisynth.records import READERS, RecordProblem, read_records
from evisynth.records.exports import open_export
from evisynth.records.reading import Reading

DATA = Path(__file__).parents[2] / "data/records"
FILES = {path.name: path.read_bytes() for path in sorted(DATA.iterdir()) if path.suffix != ".md"}
quick = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
pieces = st.sampled_from(
    [b"\n", b"\r", b"\xff", b"\x00", b"\xef\xbb\xbf", b'"', b"{", b"}", b"[", b"]", b"<", b">",
     b"&", b",", b"\\", b"ER  - \n", b"TY  - JOUR\n", b"PT J\n", b"ER\n", b"PMID- 1\n",
     b"@article{x,\n",
     b"%0 Book\n", b"Record #1 of 2\n", b"<1>\n", b"<record>", b"</record>", b"<Trial>", b"]]>",
     b"&#xD800;", b"\xf0\x9f\x98\x80", b"\t", b";", b"  ", b"\xe2\x80\xa8"]
)  # fmt: skip


def check(path: Path) -> None:
    try:
        result = read_records(path, "s")
    except InputError:
        return  # refused with a message; anything else is a crash
    unreadable = [p for p in result.problems if isinstance(p, RecordProblem) and p.unreadable]
    assert len(result.records) + len(unreadable) == result.entries
    assert len({record.id for record in result.records}) == len(result.records)
    for record in result.records:
        assert 1 <= record.first_line <= record.last_line
        assert "\n" not in record.title + record.abstract + record.journal
        "".join((record.title, record.abstract, *record.authors, *record.keywords)).encode()


@pytest.mark.parametrize("name", FILES)
@quick
@given(data=st.data())
def test_damaged_files(name: str, data: Any, tmp_path_factory: Any) -> None:
    content = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content)))
        kind = data.draw(st.sampled_from(["insert", "delete", "cut", "repeat", "flip"]))
        if kind == "insert":
            content[at:at] = data.draw(pieces)
        elif kind == "delete":
            del content[at : at + data.draw(st.integers(1, 30))]
        elif kind == "cut":
            del content[at:]
        elif kind == "repeat":
            content[at:at] = content[max(0, at - 60) : at]
        elif at < len(content):
            content[at] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.mktemp("f") / name
    path.write_bytes(bytes(content))
    check(path)


@quick
@given(content=st.one_of(st.binary(max_size=300), st.lists(pieces, max_size=30).map(b"".join)))
def test_any_bytes(content: bytes, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("f") / "x.txt"
    path.write_bytes(content)
    check(path)


@pytest.mark.parametrize("reader", READERS[1:], ids=lambda reader: reader.name)
@quick
@given(
    text=st.lists(
        st.one_of(pieces.map(lambda piece: piece.decode("latin-1")), st.text(max_size=8)),
        max_size=25,
    ).map("".join)
)
def test_every_reader_takes_any_text(reader: Any, text: str) -> None:
    """Also a file that the reader would not have been chosen for."""
    reading = Reading("x", "s", 1, reader.name, reader.version)
    try:
        records = list(reader.stream(open_export(text, where="x"), reading))
    except InputError:
        return  # refused with a message; anything else is a crash
    unreadable = [p for p in reading.problems if getattr(p, "unreadable", False)]
    assert len(records) + len(unreadable) == reading.entries
    assert reading.entries == 0 or records or unreadable


ENTRIES = {
    "x.ris": ("", "TY  - JOUR\nTI  - T{n} {text}\nAB  - {text}\nER  - \n\n", ""),
    "x.nbib": ("", "PMID- 1{n:05d}\nTI  - T{n} {text}\nAB  - {text}\n\n", ""),
    "x.ciw": ("FN x\n", "PT J\nTI T{n} {text}\nAB {text}\nER\n\n", "EF\n"),
    "x.enw": ("", "%0 Book\n%T T{n} {text}\n%X {text}\n\n", ""),
    "x.csv": ("title,abstract,year\n", '"T{n} {quoted}","{quoted}",2020\n', ""),
    "x.txt": ("", "Record #{n} of 9\nID: CN-{n}\nTI: T{n} {text}\nAB: {text}\n\n", ""),
    "x.xml": (
        "<xml><records>",
        "<record><titles><title>T{n} {xml}</title></titles></record>\n",
        "</records></xml>",
    ),
}


@pytest.mark.parametrize("name", ENTRIES)
@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    texts=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20),
        min_size=1,
        max_size=5,
    ),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_no_entry_is_lost(
    name: str, texts: list[str], encoding: str, end: str, tmp_path_factory: Any
) -> None:
    opening, entry, closing = ENTRIES[name]
    whole = opening
    for n, text in enumerate(texts):
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        whole += entry.format(n=n, text=text, quoted=text.replace('"', '""'), xml=escaped)
    path = tmp_path_factory.mktemp("f") / name
    path.write_bytes((whole + closing).replace("\n", end).encode(encoding))
    result = read_records(path)
    assert len(result.records) == len(texts)
    for n, record in enumerate(result.records):
        assert record.title.split(" ")[0] == f"T{n}"


N = 20_000
LONG = {
    "blank lines": "\n" * N * 4 + "x",
    "blanks": "TY  - JOUR\nTI  - " + " " * N * 4 + "x",
    "bib blanks": "@article{" + " " * N * 4 + "\n" + " " * N * 4 + "= {x}",
    "bib braces": "@article{a,\n title = " + "{" * N,
    "bib ats": "@article{a,\n" * N,
    "bib blanks outside": "@book{a,}" + " " * N * 4 + "x@y",
    "ris lines": "TY  - JOUR\nAB  - x\n" + "more text\n" * N,
    "ris empty": "TY  - \n" * N,
    "ris ends": "TY  - JOUR\n" + "ER  - x\n" * N,
    "nbib lines": "PMID- 1\nAB  - x\n" + "      more text\n" * N,
    "wos lines": "PT J\nAB x\n" + "   more\n" * N,
    "refer lines": "%0 Book\n%X x\n" + "more\n" * N,
    "records": "<xml><records>" + "<record>" * N,
    "records closed": "<xml><records>" + "<record/>\n" * N,
    "cochrane": "Record #1 of 1" + "\n" * N * 4 + "x",
    "doi": "TY  - JOUR\nDO  - x 10.1000/" + ")" * N * 4 + "\nER  - \n",
    "quotes": "title,authors,year\n" + '"a""b,c,d\n' * N,
    "commas": "title,authors,year\n" + "a," * N * 4,
    "embase": "Title,PUI,Embase Link,Emtree Drug Index Terms\n" + 'a,b,c,"' + "a, (" * N + '"\n',
    "json": "[" + '{"title": ' * N,
    "json items": "[" + '{"title": "a"},\n' * N,
    "json strings": '[{"title": "' + '\\"' * N,
    "ampersands": "TY  - JOUR\nTI  - " + "&" * N * 4 + "\nER  - \n",
    "doctype": "<!DOCTYPE " * N + "<record></record>",
}


@pytest.mark.parametrize("name", LONG)
def test_no_reader_hangs(name: str, tmp_path: Path) -> None:
    """Each takes a small part of a second; what grows with the square would take minutes."""
    path = tmp_path / "x.txt"
    path.write_text(LONG[name], encoding="utf-8")
    start = time.process_time()
    check(path)
    assert time.process_time() - start < 10
