"""What is written is read back equal, in every format."""

import string
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evisynth.errors import InputError, OptionError
from evisynth.records import WRITERS, Record, format_records, read_records, write_records
from evisynth.records.values import clean, person, protect

DATA = Path(__file__).parents[2] / "data/records"
ORIGIN = {"source", "file", "first_line", "last_line", "raw", "reader", "reader_version"}
NAMES = tuple(field.name for field in fields(Record) if field.name not in ORIGIN)

signs = st.characters(codec="utf-8", exclude_categories=("Cn", "Co"))
awkward = st.sampled_from(
    ["&amp;", "&lt;i&gt;", "&#59;", "{", "}", "\\", "\\&", "$x_1^2$", "~", '"', "'", "%", "#",
     "@a{",
     "ER  - ", "TY  - JOUR", "PMID- 1", "<b>", "]]>", "<!--", "and", ";", ",", "=1+1", "--", "1.",
     "歩行と気分", "المشي", "e\u0301", "\ufb01", "\u200d", "😀", "\u00ad",
     "Record #1 of 2", "%0 Book"]
)  # fmt: skip
line = (
    st.lists(st.one_of(st.text(signs, max_size=12), awkward), max_size=5)
    .map(" ".join)
    .map(lambda text: clean(protect(text)))
)
"""A value as a reader gives it: one line, blanks single, NFC."""
word = st.text(string.ascii_letters + "éüñß歩行", min_size=1, max_size=8)
item = line.filter(lambda text: text and "|" not in text and not text.startswith(";"))
name = st.one_of(
    st.tuples(word, word).map(", ".join),
    st.tuples(word, word, word).map(" ".join),
    st.tuples(word, word, st.just("Jr")).map(", ".join),
    st.sampled_from(
        ["Study Group B", "Institute of Health and Care", "WHO", "van der Berg, J. K."]
    ),
).filter(lambda text: text.casefold() != "others" and clean(text) == text)
number = st.text(string.ascii_letters + string.digits, min_size=0, max_size=6)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A record with any field filled or empty, within what the fields are documented to hold."""
    journal = draw(line)
    digits = st.integers(10_000_000, 99_999_999).map(str)
    return Record(
        id=draw(line.filter(bool)),
        title=draw(line),
        authors=tuple(draw(st.lists(name, max_size=4))),
        year=draw(st.one_of(st.none(), st.integers(1500, 2099))),
        journal=journal,
        volume=draw(number),
        issue=draw(number),
        pages=draw(st.one_of(number, st.tuples(number, number).map("-".join)).filter(
            lambda text: text.casefold() not in ("n/a", "-", "no-specified") and text[:1] != "-"
            and text[-1:] != "-" and len(set(text.split("-"))) == len(text.split("-"))
        )),
        doi=draw(st.one_of(st.just(""), number.filter(bool).map(
            lambda text: f"10.5555/{text.lower()}_(1)<2>3"
        ))),
        pmid=draw(st.one_of(st.just(""), digits)),
        url=draw(st.one_of(st.just(""), number.map(lambda t: f"https://example.org/?a={t}&b=%20~#{t}"))),
        abstract=draw(line),
        keywords=tuple(draw(st.lists(item, max_size=4))),
        type=draw(st.one_of(st.just(""), st.sampled_from(["journal article", "book", "thesis"]),
                            st.tuples(word, word).map("; ".join))),
        language=draw(st.sampled_from(["", "eng", "English; French"])),
        journal_short=draw(word.filter(lambda text: text != journal)) if journal else "",
        original_title=draw(line),
        database=draw(st.sampled_from(["", "Embase", "CINAHL; PsycInfo"])),
        accession=draw(st.one_of(st.just(""), digits.map("L{}".format))),
        pmcid=draw(st.one_of(st.just(""), digits.map("PMC{}".format))),
        registry_ids=tuple(draw(st.lists(digits.map("NCT{}".format), max_size=2, unique=True))),
        issns=tuple(draw(st.lists(
            digits.map(lambda d: f"{d[:4]}-{d[4:]}"), max_size=2, unique=True
        ))),
        isbns=tuple(draw(st.lists(digits.map("97810{}".format), max_size=2, unique=True))),
        notes=tuple(draw(st.lists(item.filter(lambda text: "PMID" not in text), max_size=2))),
    )  # fmt: skip


def values_of(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in NAMES}


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
class TestEveryWriter:
    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(given_records=st.lists(records(), min_size=1, max_size=3, unique_by=lambda r: r.id))
    def test_read_back_equal(
        self, writer: Any, given_records: list[Record], tmp_path_factory: Any
    ) -> None:
        path = tmp_path_factory.mktemp("w") / f"x{writer.ending}"
        assert write_records(given_records, path) == len(given_records)
        result = read_records(path)
        assert result.format.replace("PubMed text", "nbib") == writer.name
        assert [values_of(record) for record in result.records] == [
            values_of(record) for record in given_records
        ]

    @pytest.mark.parametrize(
        "name", sorted(p.name for p in DATA.iterdir() if p.name not in
                       ("README.md", "plain.csv", "entities.xml", "external.xml"))
    )  # fmt: skip
    def test_every_fixture_is_read_back_equal(self, writer: Any, name: str, tmp_path: Path) -> None:
        first = read_records(DATA / name).records
        path = tmp_path / f"x{writer.ending}"
        write_records(iter(first), path)
        again = read_records(path).records
        assert [values_of(record) for record in again] == [values_of(record) for record in first]

    def test_no_records(self, writer: Any, tmp_path: Path) -> None:
        path = tmp_path / f"x{writer.ending}"
        assert write_records([], path) == 0
        assert path.is_file()


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
def test_names_of_groups_come_back(writer: Any, tmp_path: Path) -> None:
    names = ("Study Group B", "World Health Body", "Kim, C")
    assert person(names[0]) == "Study Group, B"  # so the name needs its mark
    path = tmp_path / f"x{writer.ending}"
    for authors in (names, names[:1]):
        write_records([Record("1", "T", authors)], path)
        assert read_records(path).records[0].authors == authors


def test_unknown_formats_and_places(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"'\.docx' is not known; allowed: \.ris"):
        write_records([], tmp_path / "x.docx")
    with pytest.raises(OptionError, match="allowed: RIS, nbib"):
        format_records([], "Word")
    with pytest.raises(InputError, match="cannot be written"):
        write_records([], tmp_path / "no/such/x.ris")


def test_a_failing_iterator_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.ris"
    path.write_text("old")

    def broken() -> Any:
        yield Record("1", "T")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_records(broken(), path)
    assert path.read_text() == "old"
