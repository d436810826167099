"""Real exports against a second, much simpler reading of their raw text: nothing lost or cut.

The files are those of test_records_exports; without them these tests are skipped.
"""

from __future__ import annotations

import csv
import html
import io
import os
import re
import unicodedata
from pathlib import Path

import pytest

from evisynth.records import Record, read_records


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
RIS = ("cochrane_central/central_refman.ris", "cochrane_central/central_ovid.ris",
       "embase/embase_com.ris", "embase/embase_com_2014.ris", "psycinfo/psycinfo_ovid.ris",
       "psycinfo/psycnet_layout.ris", "medline_ovid/ovid_medline.ris",
       "medline_ovid/ovid_medline_crlf.ris", "scopus/scopus.ris", "web_of_science/wos.ris",
       "global_health/cab_abstracts_ovid.ris", "ebsco/cinahl_ebsco.ris",
       "proquest/ptsdpubs_proquest.ris", "endnote/endnote_export.ris", "managers/zotero.ris",
       "managers/mendeley.ris", "managers/refworks.ris", "openalex/openalex.ris",
       "quirks/rayyan_issue.txt", "quirks/extraneous_text.ris")  # fmt: skip
TABLES = {
    "cochrane_central/central.csv": ("Title", "Author(s)", "Abstract", "Keywords"),
    "embase/embase_com.csv": ("Title", "Author Names", "Abstract", ""),
    "scopus/scopus.csv": ("Title", "Authors", "Abstract", ""),
    "ebsco/cinahl_ebsco.csv": ("Article Title", "Author", "Abstract", ""),
    "managers/zotero.csv": ("Title", "Author", "Abstract Note", ""),
    "managers/rayyan.csv": ("title", "authors", "abstract", "keywords"),
    "managers/covidence.csv": ("Title", "Authors", "Abstract", ""),
    "pubmed/pubmed.csv": ("Title", "Authors", "", ""),
    "openalex/openalex.csv": ("display_name", "authorships.author.display_name", "abstract", ""),
    "clinicaltrials_gov/ctg-studies.csv": ("Study Title", "", "", "Conditions+Interventions"),
    "web_of_science/wos_tab_utf8.txt": ("TI", "AU", "AB", ""),
}

FIRST = {
    "pubmed/pubmed_article.xml": (
        'Diagnostic performance of a multiplex PCR assay for meningit', 103,
        15, 'ASTRO-CM Team', 25, 'This abstract is a dummy.', 6, 'ENG',
        'JOURNAL ARTICLE',
    ),
    "pubmed/pubmed_mathml.xml": (
        'CellML 2.0.', 11,
        8, 'Sorby, Hugh', 256, '… a n n v → = v 1 v 2 v 3', 9, 'eng',
        'Journal Article',
    ),
    "pubmed/pubmed_one.xml": (
        'Inhaled Combined Budesonide-Formoterol as Needed in Mild Ast', 64,
        10, 'Reddel, Helen K', 2628, 'v number, NCT02149199 .).', 23, 'eng',
        'Clinical Trial, Phase III; Comparative Study; Journal Article; Multicenter Study',
    ),
    "endnote/endnote_article.xml": (
        'Trends in the lifetime risk of developing cancer in Great Br', 118,
        3, 'Sasieni, PD', 13, 'test abstract', 13, '',
        'Journal Article',
    ),
    "endnote/endnote_nostyle.xml": (
        'An ecological basis for reforestation of submariginal lands ', 90,
        1, 'Chapman, A. G.', 0, '', 0, 'English',
        'Journal Article',
    ),
    "endnote/endnote_book.enw": (
        'Git : dezentrale Versionsverwaltung im Team : Grundlagen und', 70,
        2, 'Stachmann, Bjørn', 0, '', 1, '',
        'Book',
    ),
    "web_of_science/wos.ciw": (
        'Soil fauna diversity at different stages of reed restoration', 104,
        10, 'Pan, Xu', 1337, 'eshore wetland ecosystem.', 0, '',
        'journal article',
    ),
    "web_of_science/wos.bib": (
        'Inproceedings Title', 19,
        2, 'Writertwo, Paul', 0, '', 0, '',
        'conference paper',
    ),
    "scopus/scopus.bib": (
        'Soil fauna diversity at different stages of reed restoration', 104,
        10, 'Pan, X.', 1467, 'logical Society of China.', 6, 'English',
        'Article',
    ),
    "managers/zotero_csl.json": (
        'Perceptions of disability and their impact upon involvement ', 111,
        1, 'Brittain, Ian', 0, '', 0, 'en',
        'article-journal',
    ),
    "managers/csl_raw.json": (
        'Sci-Hub provides access to nearly all scholarly literature.', 59,
        7, 'Greene, Casey S', 1220, 'may become unsustainable.', 0, '',
        'article-journal',
    ),
    "openalex/work.json": (
        'The state of OA: a large-scale analysis of the prevalence an', 92,
        9, 'Haustein, Stefanie', 1630, 'm OA policy and practice.', 4, 'en',
        'article',
    ),
    "clinicaltrials_gov/ctg-studies.json": (
        'Prospective Evaluation of Breast Cancer at Brazilian Institu', 87,
        1, 'Werutsky, Gustavo', 109, ' the Brazilian population', 2, '',
        'trial registration; observational',
    ),
    "who_ictrp/ictrp_cut.xml": (
        'Construction and Analysis of Prognostic Predictive Model of ', 98,
        1, 'Yan Zhao', 448, '" Study design: Factorial', 1, '',
        'trial registration; Observational study',
    ),
    "cochrane_central/cochrane_plain_cr.txt": (
        'Different types of dietary advice for women with gestational', 78,
        5, 'Crowther, Caroline A', 6556, '- and long-term outcomes.', 11, '',
        '',
    ),
    "medline_ovid/ovid_field_text.txt": (
        'Cloud water interception and element deposition differ large', 146,
        4, 'Hertel, Dietrich', 20, 'Lorem ipsum abstract', 6, 'English',
        'Research Articles',
    ),
}  # fmt: skip
"""Of formats with a structure of their own, the first record: beginning and length of the title,
number of authors and the last, length and end of the abstract, number of keywords, language and
beginning of the type; each looked up in the file."""


def signs(text: str) -> str:
    """Return the letters and digits of a text; everything that a reader may repair is left out."""
    plain = unicodedata.normalize("NFC", html.unescape(html.unescape(text)))
    return re.sub(r"[\W_]+", "", plain)


def tagged(raw: str) -> dict[str, list[str]]:
    """Read the raw text of an entry of RIS: a tag begins a line, or more of a value."""
    fields: dict[str, list[str]] = {}
    tag = ""
    for line in raw.split("\n"):
        found = re.match(r"([A-Z][A-Z0-9]|PMID) {1,2}- ? ?(.*)$", line)
        if found:
            tag = found[1]
            fields.setdefault(tag, []).append(found[2].strip())
        elif tag and line.strip():
            fields[tag].append(line.strip())
    return {tag: [value for value in values if value] for tag, values in fields.items()}


def first(fields: dict[str, list[str]], *tags: str) -> list[str]:
    return next((fields[tag] for tag in tags if fields.get(tag)), [])


def _read(name: str) -> tuple[Record, ...]:
    assert FOLDER is not None
    return read_records(FOLDER / name).records


@pytest.mark.parametrize("name", RIS)
def test_ris_is_whole(name: str) -> None:
    for record in _read(name):
        fields = tagged(record.raw)
        assert signs(record.title) == signs("".join(first(fields, "TI", "T1")))
        assert list(map(signs, record.authors)) == [
            signs(value) for value in first(fields, "AU", "A1")
        ]
        assert list(map(signs, record.keywords)) == [signs(v) for v in fields.get("KW", [])]
        abstract = first(fields, "AB", "N2")
        if abstract:
            own = [value for value in abstract if not value.startswith("Copyright of ")]
            assert signs(record.abstract) == signs("".join(dict.fromkeys(own)))
        else:
            assert record.abstract == ""
        years = re.findall(r"\d{4}", " ".join(first(fields, "PY", "Y1")))
        assert str(record.year or "") == (years[0] if years else "")
        for value, tags in (
            (record.volume, ("VL",)),
            (record.issue, ("IS",)),
            (record.journal, ("JF", "T2", "JO", "JA", "J1", "J2")),
            (record.language, ("LA",)),
        ):
            assert signs(value) == signs("".join(first(fields, *tags)[:1])), tags
        written = first(fields, "DO", "DI")
        assert not written or (record.doi and record.doi in written[0].lower())
        start = first(fields, "SP")
        assert (
            not start
            or start[0] in ("No", "n/a")
            or signs(record.pages).startswith(signs(start[0]))
        )


@pytest.mark.parametrize("name", ["pubmed/pubmed.nbib", "pubmed/pubmed_named_ris.ris"])
def test_pubmed_text_is_whole(name: str) -> None:
    for record in _read(name):
        fields: dict[str, list[str]] = {}
        tag = ""
        for line in record.raw.split("\n"):
            if line[4:6] == "- ":
                tag = line[:4].strip()
                fields.setdefault(tag, []).append(line[6:])
            elif line.startswith("      "):
                fields[tag][-1] += " " + line.strip()
        assert signs(record.title) == signs(first(fields, "TI", "BTI")[0])
        assert [signs(each) for each in record.authors] == [
            signs(each) for each in (*first(fields, "FAU", "AU"), *fields.get("CN", []))
        ]
        assert signs(record.abstract) == signs("".join(fields.get("AB", [])))
        assert record.pmid == fields["PMID"][0].strip()
        assert len(record.keywords) == len(fields.get("MH", [])) + len(fields.get("OT", []))
        assert record.year == int(fields["DP"][0][:4])


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_whole(name: str) -> None:
    assert FOLDER is not None
    title, authors, abstract, keywords = TABLES[name]
    data = (FOLDER / name).read_bytes()
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    lines = text.splitlines(keepends=True)
    start = next(at for at, line in enumerate(lines) if title in line and (at or "," in line
                 or "\t" in line))  # fmt: skip
    rows = list(csv.reader(io.StringIO("".join(lines[start:])),
                           delimiter="\t" if "\t" in lines[start] else ","))  # fmt: skip
    header = [cell.strip() for cell in rows[0]]
    cells = [dict(reversed(list(zip(header, row, strict=False)))) for row in rows[1:] if any(row)]
    records = _read(name)
    assert len(records) == len(cells)
    for record, row in zip(records, cells, strict=True):
        assert signs(record.title) == signs(row[title])
        if authors:
            people = signs("".join(record.authors))
            assert sorted(people) == sorted(signs(re.sub(r"\s+and\s+", " ", row[authors])))
        if abstract:
            assert signs(record.abstract) == signs(row[abstract])
        if keywords:
            assert signs("".join(record.keywords)) == signs(
                "".join(row[each] for each in keywords.split("+"))
            )


@pytest.mark.parametrize("name", FIRST)
def test_first_record_is_whole(name: str) -> None:
    record = _read(name)[0]
    assert FIRST[name] == (
        record.title[:60], len(record.title), len(record.authors), record.authors[-1],
        len(record.abstract), record.abstract[-25:], len(record.keywords), record.language,
        record.type[:80],
    )  # fmt: skip
