"""Real exports, kept outside the project: counts and fields of each dialect.

Most hold abstracts of publishers and are not part of the project. They are looked for in
``EVISYNTH_SHARED``, or in a folder ``shared`` beside a folder above the checkout; without them
these tests are skipped.
"""

import csv
import os
from pathlib import Path
from typing import Any

import pytest

from evisynth.records import WRITERS, read_records, write_records


def _folder() -> Path | None:
    given = os.environ.get("EVISYNTH_SHARED")
    places = [Path(given)] if given else [each / "shared" for each in Path(__file__).parents]
    return next(
        (place / "data/exports" for place in places if (place / "data/exports").is_dir()), None
    )


FOLDER = _folder()
pytestmark = pytest.mark.skipif(
    FOLDER is None, reason="no folder shared/data/exports; set EVISYNTH_SHARED to have these tests"
)
ROWS: list[dict[str, str]] = []
if FOLDER is not None:
    with (FOLDER / "expected.csv").open(encoding="utf-8", newline="") as _file:
        ROWS = list(csv.DictReader(_file))

FIELDS: dict[str, dict[str, Any]] = {
    "cochrane_central/central_refman.ris": {
        "accession": "CN-00778158", "pmid": "21314913", "year": 2011, "journal": "Trials",
        "volume": "12", "pages": "39", "doi": "10.1186/1745-6215-12-39",
        "authors": ("Bywater, T", "Hutchings, J", "Whitaker, C", "Evans, C", "Parry, L"),
    },
    "cochrane_central/central.csv": {
        "accession": "CN-00778158", "pmid": "21314913", "doi": "10.1186/1745-6215-12-39",
        "journal": "Trials", "year": 2011,
    },
    "cochrane_central/cochrane_plain_cr.txt": {
        "accession": "CD009275", "year": 2017, "issue": "2",
        "doi": "10.1002/14651858.cd009275.pub3",
    },
    "cochrane_central/central_ovid.ris": {
        "id": "CN-02547783", "authors": ("Ferguson, KM",), "year": 2018, "issns": ("1948-822X",),
        "pages": "1", "volume": "9",
    },
    "embase/embase_com.ris": {
        "accession": "L2029880245", "pmid": "38773066", "database": "Embase; Medline",
        "doi": "10.1038/s41467-024-48400-3", "journal_short": "Nat. Commun.",
        "authors": ("Yang, Z.", "Jiang, B.", "Xu, J.", "McNamara, M.E."),
    },
    "embase/embase_com.csv": {
        "accession": "L2029880245", "pmid": "38773066", "doi": "10.1038/s41467-024-48400-3",
        "authors": ("Yang, Z.", "Jiang, B.", "Xu, J.", "McNamara, M.E."), "first_line": 5,
    },
    "embase/embase_com_2014.ris": {
        "pages": "152-160", "authors": ("Liu, R.", "Adler, D.G."), "year": 2014,
    },
    "psycinfo/psycinfo_ovid.ris": {
        "id": "2019-65183-001", "doi": "10.1002/cpp.2398", "pages": "", "pmid": "",
        "type": "journal article", "year": 2019,
    },
    "medline_ovid/ovid_medline_crlf.ris": {
        "pmid": "37029714", "doi": "10.1093/abm/kaad012", "pages": "472-482", "year": 2023,
        "issns": ("1532-4796", "0883-6612"),
    },
    "medline_ovid/ovid_medline.ris": {"pmid": "39012781", "doi": "10.2337/dc24-0703"},
    "medline_ovid/ovid_field_text.txt": {
        "journal": "Ecohydrology", "volume": "8", "issue": "6", "pages": "1048-1064", "year": 2015,
    },
    "pubmed/pubmed.nbib": {
        "pmid": "26426421", "pages": "e0139442", "doi": "10.1371/journal.pone.0139442",
        "authors": ("Gong, Jie", "Chen, Xinguang", "Li, Sijian"),
        "registry_ids": ("ISRCTN12608966",),
    },
    "pubmed/pubmed_named_ris.ris": {"pmid": "30922926", "year": 2020, "volume": "63"},
    "pubmed/pubmed.csv": {
        "pmid": "30922926", "authors": ("Griffin, DK", "Larkin, DM", "O'Connor, RE"),
        "pmcid": "PMC7026692",
    },
    "pubmed/pubmed_one.xml": {
        "pmid": "29768149", "doi": "10.1056/nejmoa1715274", "pages": "1865-1876", "year": 2018,
        "registry_ids": ("NCT02149199",),
    },
    "scopus/scopus.ris": {
        "doi": "10.1038/s41467-024-46843-2", "pages": "2864", "pmid": "38580657",
        "accession": "2-s2.0-85189760133",
    },
    "scopus/scopus.csv": {
        "doi": "10.1038/s41467-024-46843-2", "pages": "2864", "pmid": "38580657",
        "accession": "2-s2.0-85189760133",
    },
    "scopus/scopus.bib": {"pages": "1722034", "year": 2020, "issns": ("2096-4129",)},
    "web_of_science/wos.ris": {
        "accession": "WOS:000282053100002", "pages": "e12292", "volume": "5",
        "doi": "10.1371/journal.pone.0012292", "year": 2010,
    },
    "web_of_science/wos.ciw": {
        "accession": "WOS:000514379300001", "pages": "1722034", "year": 2020,
        "doi": "10.1080/20964129.2020.1722034",
    },
    "web_of_science/wos_tab_utf8.txt": {
        "accession": "WOS:000220015600001", "authors": ("Owen-Smith, J", "Powell, WW"),
        "pages": "5-21", "doi": "10.1287/orsc.1030.0054",
    },
    "web_of_science/wos.bib": {"accession": "WOS:000223334444221", "pages": "48-98"},
    "web_of_science/wos_medline_isi.isi": {"pmid": "16842170", "pages": "2457-71"},
    "global_health/cab_abstracts_ovid.ris": {
        "accession": "20203152553", "doi": "10.4236/ojf.2020.101008", "pmid": "",
    },
    "ebsco/cinahl_ebsco.ris": {
        "accession": "176404503", "doi": "10.1371/journal.pone.0298242", "issns": ("1932-6203",),
    },
    "ebsco/cinahl_ebsco.csv": {
        "accession": "176404503", "doi": "10.1371/journal.pone.0298242", "issns": ("1932-6203",),
    },
    "proquest/ptsdpubs_proquest.ris": {
        "accession": "2214991469", "doi": "10.1002/jts.22387", "database": "PTSDpubs",
    },
    "endnote/endnote_article.xml": {
        "pmid": "25647015", "doi": "10.1038/bjc.2014.606", "year": 2015,
        "authors": ("Ahmad, AS", "Ormiston-Smith, N", "Sasieni, PD"),
    },
    "endnote/endnote_book.enw": {"isbns": ("9783864903113",), "year": 2016, "type": "Book"},
    "endnote/endnote_export.ris": {
        "database": "Embase; Medline", "issns": ("1932-8494", "1932-8486"), "pmid": "",
    },
    "managers/zotero.ris": {"doi": "10.1038/s41467-024-48400-3", "year": 2024},
    "managers/zotero.csv": {"id": "YVC6GC78", "doi": "10.1038/s41467-024-48400-3"},
    "managers/zotero_csl.json": {
        "doi": "10.1177/0193723504268729", "pages": "429-452", "authors": ("Brittain, Ian",),
    },
    "managers/csl_raw.json": {"pmid": "29424689", "pmcid": "PMC5832410", "year": 2018},
    "managers/mendeley.ris": {"doi": "10.1002/ar.25520", "journal": "Anatomical Record"},
    "managers/refworks.ris": {"doi": "10.1002/ar.25520", "issns": ("1932-8494", "1932-8486")},
    "managers/rayyan.csv": {
        "doi": "10.1038/s41467-024-48400-3", "notes": ('RAYYAN-INCLUSION: {"Emily"=>"Included"}',),
    },
    "managers/covidence.csv": {"id": "covidence-1", "year": 2024},
    "openalex/work.json": {
        "doi": "10.7717/peerj.4375", "pmid": "29456894", "journal": "PeerJ", "pages": "e4375",
    },
    "openalex/openalex.csv": {"id": "W4387881419", "doi": "10.1016/j.cretres.2023.105752"},
    "clinicaltrials_gov/ctg-studies.csv": {"registry_ids": ("NCT03658772",)},
    "clinicaltrials_gov/ctg-studies.json": {"registry_ids": ("NCT02663973",), "year": 2016},
    "who_ictrp/ictrp_cut.xml": {"registry_ids": ("ChiCTR2000029953",), "year": 2020},
    "quirks/utf16be.bib": {"title": "Ü ist ein Umlaut"},
    "quirks/cp1252.bib": {"abstract": "25° C"},
    "quirks/rayyan_issue.txt": {"accession": "rayyan-264552525", "year": 2011},
}  # fmt: skip


def _path(name: str) -> Path:
    assert FOLDER is not None
    return FOLDER / name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_count(row: dict[str, str]) -> None:
    result = read_records(_path(row["file"]), "s")
    assert len(result.records) == int(row["records"]) == result.entries
    assert len({record.id for record in result.records}) == len(result.records)
    assert all(record.raw for record in result.records)


@pytest.mark.parametrize("name", FIELDS)
def test_fields_of_the_first_record(name: str) -> None:
    record = read_records(_path(name)).records[0]
    expected = FIELDS[name]
    assert {field: getattr(record, field) for field in expected} == expected


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_written_and_read_back(row: dict[str, str], writer: Any, tmp_path: Path) -> None:
    first = read_records(_path(row["file"])).records
    path = tmp_path / f"x{writer.ending}"
    write_records(first, path)
    again = read_records(path).records
    names = ("id", "title", "authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid",
             "url", "abstract", "keywords", "type", "language", "journal_short", "original_title",
             "database", "accession", "pmcid", "registry_ids", "issns", "isbns",
             "notes")  # fmt: skip
    assert [[getattr(r, n) for n in names] for r in again] == [
        [getattr(r, n) for n in names] for r in first
    ]
