"""Every format by fixtures of our own: found by content, fields read, nothing lost."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from evisynth.errors import InputError, OptionError
from evisynth.records import (
    READERS,
    RecordProblem,
    SearchSource,
    iter_records,
    read_export,
    read_records,
    reader_for,
)

DATA = Path(__file__).parents[2] / "data/records"
DOI = "10.5555/invented.2020.1"

EXPECTED: dict[str, tuple[str, str, int]] = {
    "ovid_medline.ris": ("RIS", "Ovid", 2),
    "cochrane.ris": ("RIS", "Cochrane Library", 1),
    "embase_com.ris": ("RIS", "Embase.com", 1),
    "ebsco.ris": ("RIS", "EBSCOhost", 1),
    "proquest.ris": ("RIS", "ProQuest", 1),
    "scopus.ris": ("RIS", "Scopus", 1),
    "web_of_science.ris": ("RIS", "Web of Science", 1),
    "endnote.ris": ("RIS", "EndNote", 1),
    "refworks.ris": ("RIS", "RefWorks", 1),
    "zotero.ris": ("RIS", "Zotero", 1),
    "mendeley.ris": ("RIS", "Mendeley", 2),
    "rayyan.ris": ("RIS", "Rayyan", 1),
    "covidence.ris": ("RIS", "Covidence", 1),
    "psycnet.ris": ("RIS", "APA PsycNet", 1),
    "broken.ris": ("RIS", "", 6),
    "decomposed.ris": ("RIS", "", 1),
    "mixed.ris": ("RIS", "", 2),
    "windows1252.ris": ("RIS", "", 1),
    "pubmed.nbib": ("PubMed text", "PubMed", 2),
    "ovid_fields.txt": ("Ovid text", "Ovid", 2),
    "pubmed.xml": ("PubMed XML", "PubMed", 2),
    "endnote.xml": ("EndNote XML", "EndNote", 2),
    "ictrp.xml": ("ICTRP XML", "WHO ICTRP", 2),
    "endnote.enw": ("Refer", "", 2),
    "refer.ref": ("Refer", "", 2),
    "web_of_science.ciw": ("Web of Science text", "Web of Science", 2),
    "web_of_science.tab.txt": ("CSV", "Web of Science", 1),
    "web_of_science_utf16.tab.txt": ("CSV", "Web of Science", 1),
    "web_of_science.bib": ("BibTeX", "Web of Science", 2),
    "scopus.bib": ("BibTeX", "Scopus", 2),
    "general.bib": ("BibTeX", "", 2),
    "csl.json": ("CSL-JSON", "", 2),
    "openalex.json": ("OpenAlex JSON", "OpenAlex", 2),
    "clinicaltrials.json": ("ClinicalTrials.gov JSON", "ClinicalTrials.gov", 1),
    "cochrane.txt": ("Cochrane text", "Cochrane Library", 2),
    "embase.csv": ("CSV", "Embase.com", 1),
    "cochrane.csv": ("CSV", "Cochrane Library", 1),
    "scopus.csv": ("CSV", "Scopus", 1),
    "ebsco.csv": ("CSV", "EBSCOhost", 1),
    "pubmed.csv": ("CSV", "PubMed", 1),
    "zotero.csv": ("CSV", "Zotero", 1),
    "rayyan.csv": ("CSV", "Rayyan", 1),
    "covidence.csv": ("CSV", "Covidence", 1),
    "openalex.csv": ("CSV", "OpenAlex", 1),
    "clinicaltrials.csv": ("CSV", "ClinicalTrials.gov", 2),
    "open_quote.csv": ("CSV", "", 6),
}
REFUSED = {"entities.xml", "external.xml"}
MAPPED = {"plain.csv"}

FIELDS: dict[str, dict[str, Any]] = {
    "ovid_medline.ris": {
        "id": "90000001", "pmid": "90000001", "accession": "90000001", "year": 2020,
        "authors": ("Öberg, Anna B", "Nuñez, Luis"), "pages": "101-109",
        "type": "Journal Article; Randomized Controlled Trial", "journal_short": "J Invent Trials",
        "database": "Ovid MEDLINE(R) <2019 to 2020>", "keywords": ("*Walking", "Humans"),
        "first_line": 2, "last_line": 24,
    },
    "cochrane.ris": {"accession": "CN-99999991", "pmid": "90000001", "type": "Journal article"},
    "embase_com.ris": {
        "accession": "L9000000001", "pmid": "90000001", "database": "Embase; Medline",
        "authors": ("Öberg, A.B.", "Nuñez, L."),
    },
    "ebsco.ris": {
        "accession": "176400001", "issns": ("1234-5679",), "abstract": "First part.",
        "year": 2020, "pages": "1-60",
    },
    "proquest.ris": {"accession": "2214990001", "database": "PTSDpubs", "issns": ("1234-5679",)},
    "scopus.ris": {"accession": "2-s2.0-85000000001", "pages": "101123", "pmid": "90000001"},
    "web_of_science.ris": {
        "title": "Walking groups for adults with mild low mood and a long title that goes on",
        "abstract": "Background: one. Methods: ER - positive tumours only.",
        "accession": "WOS:000900000000001", "pages": "e12292",
    },
    "endnote.ris": {
        "keywords": ("mood", "walking", "adult"), "database": "Embase; Medline",
        "issns": ("1234-5679", "2345-678X"), "id": "889", "pmid": "",
    },
    "refworks.ris": {
        "type": "Scholarly Journals", "url": "https://example.org/a",
        "authors": ("Öberg, Anna",), "issns": ("1234-5679", "2345-678X"),
    },
    "zotero.ris": {"year": 2020, "journal_short": "J Invent Trials"},
    "rayyan.ris": {
        "notes": ('RAYYAN-INCLUSION: {"Ann"=>"Included"}',), "keywords": ("Mood", "Walking"),
        "doi": "",
    },
    "psycnet.ris": {"pmid": "90000001", "issns": ("1234-5679", "2345-678X"), "doi": ""},
    "decomposed.ris": {
        "title": "Café 歩行と気分 ходьба المشي", "authors": ("Öberg, Anna",), "doi": "",
    },
    "windows1252.ris": {"title": "Café – walking", "authors": ("Öberg, Anna",), "doi": ""},
    "pubmed.nbib": {
        "title": "Walking groups for adults with mild low mood: a randomized trial.",
        "authors": ("Öberg, Anna B", "Walking Trials Group"), "pages": "101-9",
        "registry_ids": ("NCT99999991",), "pmcid": "PMC9000001", "keywords": ("*Walking", "mood"),
        "abstract": "BACKGROUND: Walking is cheap. TI - not a tag. RESULTS: Mood improved"
        " (p < .05).",
    },
    "ovid_fields.txt": {
        "title": "Walking groups for adults", "authors": ("Oberg, Anna", "Nunez, Luis"),
        "journal": "Journal of Invented Trials", "volume": "12", "issue": "3",
        "pages": "101-109", "doi": "",
    },
    "pubmed.xml": {
        "title": "Walking groups for adults & others.", "year": 2020, "pmcid": "PMC9000001",
        "abstract": "BACKGROUND: Walking is cheap. RESULTS: Mood improved.",
        "authors": ("Öberg, Anna B", "Walking Trials Group"),
        "keywords": ("*Walking/psychology",),
    },
    "endnote.xml": {
        "authors": ("Öberg, Anna B.", "Nuñez, Luis"), "issns": ("1234-5679", "2345-678X"),
        "abstract": "Walking is cheap. Mood improved.", "keywords": ("mood", "walking"),
    },
    "ictrp.xml": {
        "title": "Walking groups for adults with mood & sleep complaints: trial registration",
        "registry_ids": ("ISRCTN99999991", "NCT99999991"), "year": 2020, "doi": "",
        "keywords": ("Low mood", "Sleep"),
    },
    "endnote.enw": {
        "id": "oberg2020", "keywords": ("mood", "walking"),
        "abstract": "Walking is cheap. Mood improved.", "issns": ("1234-5679",),
    },
    "refer.ref": {"title": "Walking groups for adults", "year": 2020, "doi": ""},
    "web_of_science.ciw": {
        "title": "Walking groups for adults with mild low mood", "pages": "101123",
        "abstract": "Background: one. Tumours were ER positive.",
        "keywords": ("walking", "mood"), "pmid": "90000001",
        "issns": ("1234-5679", "2345-678X"),
    },
    "web_of_science.tab.txt": {"authors": ("Öberg, AB", "Nuñez, L"), "pages": "101-109"},
    "web_of_science_utf16.tab.txt": {"authors": ("Öberg, AB", "Nuñez, L"), "pmid": "90000001"},
    "web_of_science.bib": {
        "id": "WOS:000900000000001", "title": "Walking groups for adults' mood",
        "doi": "10.5555/invented_2020.1", "pages": "101123",
    },
    "scopus.bib": {
        "abstract": "Half of the braces are missing.", "database": "Scopus", "pages": "101123",
    },
    "general.bib": {
        "title": "Walking groups for adults: 50% better & cheaper", "pages": "101-109",
        "authors": ("van Öberg, Anna", "Walking Trials Group", "Nuñez, Luis, Jr."),
        "journal": "Journal of Invented Trials, Series A", "keywords": ("walking", "low mood"),
    },
    "csl.json": {
        "authors": ("Öberg, Anna B.", "Walking Trials Group"), "year": 2020,
        "pages": "101-109", "issns": ("1234-5679", "2345-678X"), "pmid": "90000001",
    },
    "openalex.json": {
        "id": "W9000000001", "abstract": "Walking is cheap. Mood is better.",
        "authors": ("Öberg, Anna B.", "van der Berg, Jan"), "pages": "101-109",
    },
    "clinicaltrials.json": {
        "registry_ids": ("NCT99999991", "2020-000001-12"), "year": 2020, "doi": "",
        "authors": ("Öberg, Anna",), "original_title": "Walking and mood",
    },
    "cochrane.txt": {
        "authors": ("Öberg, Anna", "Van Ryswyk, Emer"), "accession": "CD999991",
        "doi": "10.1002/14651858.cd999991.pub2",
        "abstract": "Background: Walking is cheap. Objectives: To assess mood.",
    },
    "embase.csv": {
        "authors": ("Öberg, A.B.", "Nuñez, L."), "first_line": 5, "last_line": 6,
        "keywords": ("walking", "adult", "mood (low, mild)", "human"),
        "accession": "L9000000001", "pmid": "90000001", "registry_ids": ("NCT99999991",),
    },
    "cochrane.csv": {
        "pmid": "90000001", "accession": "CN-99999991", "registry_ids": ("NCT99999991",),
        "pages": "101-109", "journal": "J Invent Trials",
    },
    "scopus.csv": {
        "accession": "2-s2.0-85000000001", "pages": "101123", "issns": ("1234-5679",),
        "keywords": ("walking", "mood", "Adult"), "authors": ("Öberg, A.B.", "Nuñez, L."),
    },
    "ebsco.csv": {
        "issns": ("1234-5679",), "abstract": 'He said 5" high.', "accession": "176400001",
    },
    "pubmed.csv": {"authors": ("Öberg, AB", "Nuñez, L", "O'Connor, RE"), "pmcid": "PMC9000001"},
    "zotero.csv": {"id": "ABCD1234", "journal": "Journal of Invented Trials", "year": 2020},
    "rayyan.csv": {
        "url": "https://example.org/x", "notes": ('RAYYAN-INCLUSION: {"Ann"=>"Included"}',),
        "issns": ("1234-5679", "2345-678X"), "authors": ("Öberg, A.B.", "Nuñez, L."),
    },
    "covidence.csv": {"id": "covidence-7", "authors": ("Öberg, A.B.", "Nuñez, L.")},
    "openalex.csv": {"id": "W9000000001", "authors": ("Öberg, Anna B.", "Nuñez, Luis")},
    "clinicaltrials.csv": {"id": "NCT99999991", "registry_ids": ("NCT99999991",), "doi": ""},
}  # fmt: skip


def test_every_fixture_is_tested_and_every_reader_has_one() -> None:
    files = {path.name for path in DATA.iterdir() if path.name != "README.md"}
    assert files == set(EXPECTED) | REFUSED | MAPPED
    readers = {reader for reader, _, _ in EXPECTED.values()}
    assert readers == {reader.name for reader in READERS} - {"XLSX"}  # made in its own tests


@pytest.mark.parametrize("name", EXPECTED)
class TestEveryFixture:
    def test_format_dialect_and_count(self, name: str) -> None:
        reader, dialect, count = EXPECTED[name]
        result = read_records(DATA / name, "s")
        assert (result.format, result.dialect) == (reader, dialect)
        records, problems = result
        assert len(records) == count == result.entries
        assert not any(isinstance(each, RecordProblem) and each.unreadable for each in problems)

    def test_every_record_says_where_it_comes_from(self, name: str) -> None:
        source = SearchSource("s", "S", "database")
        records, _ = read_records(DATA / name, source, where="searches/s/x")
        assert len({record.id for record in records}) == len(records)
        end = 0
        for record in records:
            assert (record.source, record.file) == ("s", "searches/s/x")
            assert 1 <= record.first_line <= record.last_line
            assert record.first_line >= end
            end = record.last_line
            assert record.raw.strip()
            assert record.reader == EXPECTED[name][0]
            assert record.reader_version

    def test_the_name_of_the_file_does_not_matter(self, name: str, tmp_path: Path) -> None:
        other = tmp_path / "download(1).dat"
        shutil.copyfile(DATA / name, other)
        assert read_records(other, "s", where="x") == read_records(DATA / name, "s", where="x")

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    def test_encodings(self, name: str, encoding: str, tmp_path: Path) -> None:
        data = (DATA / name).read_bytes()
        if name in ("mixed.ris", "windows1252.ris") or b"\0" in data:
            pytest.skip("the encoding is the point of this file")
        other = tmp_path / name
        other.write_bytes(data.decode("utf-8-sig").encode(encoding))
        assert read_records(other, "s") == read_records(DATA / name, "s")

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_line_ends(self, name: str, end: str, tmp_path: Path) -> None:
        data = (DATA / name).read_bytes()
        if b"\0" in data:
            pytest.skip("UTF-16")
        plain = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        other = tmp_path / name
        other.write_bytes(plain.replace(b"\n", end.encode()))
        again, first = read_records(other, "s"), read_records(DATA / name, "s")
        assert again.records == first.records
        assert len(again.problems) == len(first.problems)

    def test_streaming_gives_the_same(self, name: str) -> None:
        stream = iter_records(DATA / name, "s")
        result = read_records(DATA / name, "s")
        assert tuple(stream) == result.records
        assert tuple(stream.problems) == result.problems


@pytest.mark.parametrize("name", FIELDS)
def test_fields_of_the_first_record(name: str) -> None:
    record = read_records(DATA / name).records[0]
    expected = {"doi": DOI, **FIELDS[name]}
    assert {field: getattr(record, field) for field in expected} == expected


def test_problems_have_lines_and_repairs() -> None:
    result = read_records(DATA / "broken.ris")
    found = [
        (each.first_line, each.last_line, each.repair)
        for each in result.problems
        if isinstance(each, RecordProblem)
    ]
    assert found == [
        (1, 3, "the entry was kept"),
        (4, 7, "the year was left empty"),
        (8, 8, "the entry was kept"),
        (15, 15, "left unread"),
        (16, 18, "it was kept as 'broken-00005'"),
        (19, 20, "the entry was kept"),
    ]


def test_a_quote_that_is_not_closed_takes_its_row_only() -> None:
    result = read_records(DATA / "open_quote.csv")
    assert [record.title for record in result.records] == [
        "One", "Two", "Three", "Four", "Five", "Six",
    ]  # fmt: skip
    assert [each.at for each in result.problems] == ["line 3", "line 6", "line 7"]


def test_columns_can_be_named() -> None:
    columns = {"title": "Paper name", "authors": "Who", "year": "When", "id": "Ref"}
    result = read_records(DATA / "plain.csv", columns=columns)
    assert [(r.id, r.title, r.year) for r in result.records] == [
        ("1", "Walking groups for adults", 2020),
        ("2", "A second report", 2019),
    ]
    with pytest.raises(InputError, match=r'columns=\{"title"'):
        read_records(DATA / "plain.csv")
    with pytest.raises(OptionError, match="titel"):
        read_records(DATA / "plain.csv", columns={"titel": "Paper name"})


def test_ids_are_made_where_the_file_has_none() -> None:
    records, _ = read_records(DATA / "mendeley.ris", "embase", first_number=12)
    assert [record.id for record in records] == ["embase-00012", "embase-00013"]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
class TestEveryReader:
    """What every reader of an export must do."""

    def test_refuses_an_empty_file(self, reader: Any, tmp_path: Path) -> None:
        for ending in reader.endings:
            path = tmp_path / f"export{ending}"
            path.write_bytes(b"")
            with pytest.raises(InputError, match="searches/embase/x"):
                read_export(path, "embase", where="searches/embase/x")
            with pytest.raises(InputError, match="empty"):
                read_records(path, "embase")

    def test_refuses_a_missing_file(self, reader: Any, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="there is no such file"):
            read_export(tmp_path / f"none{reader.endings[0]}", "embase")

    def test_is_found_by_its_ending(self, reader: Any, tmp_path: Path) -> None:
        for ending in reader.endings:
            found = reader_for(tmp_path / f"A{ending.upper()}")
            assert found is not None
            assert ending in found.endings


def test_unknown_ending_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"end in '\.enl'; allowed: .*\.csv, .*\.nbib, .*\.ris"):
        read_export(tmp_path / "library.enl")


def test_own_table_in_a_review_folder_is_held_to_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text('id,title,authors,year\n7,A trial,"Ö, A",20x0\n', encoding="utf-8")
    with pytest.raises(InputError, match="'20x0' is no year"):
        read_export(path, "embase")
    record = read_records(path, "embase").records[0]
    assert (record.id, record.title, record.authors, record.year) == (
        "7",
        "A trial",
        ("Ö, A",),
        None,
    )


def test_any_format_in_a_review_folder_is_found_by_content(tmp_path: Path) -> None:
    path = tmp_path / "export.ris"
    shutil.copyfile(DATA / "pubmed.nbib", path)
    records, _ = read_export(path, "pubmed")
    assert [record.pmid for record in records] == ["90000001", "90000002"]
