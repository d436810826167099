"""A small labelled library, written for these tests: no record of it exists."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from evisynth.records import Record


@dataclass
class Library:
    """Records with labels: ids of one work share the letter-and-number before the dot."""

    records: list[Record] = field(default_factory=list)

    def work(self, name: str, *versions: Record) -> None:
        for number, version in enumerate(versions):
            self.records.append(replace(version, id=f"{name}.{number}"))

    @property
    def groups(self) -> set[frozenset[str]]:
        of: dict[str, set[str]] = {}
        for record in self.records:
            of.setdefault(record.id.partition(".")[0], set()).add(record.id)
        return {frozenset(ids) for ids in of.values() if len(ids) > 1}


def paper(**other: object) -> Record:
    """A paper as one database writes it, with what differs."""
    base = Record(
        id="-",
        title="Evening light and sleep quality in shift nurses: a randomized crossover trial",
        authors=("Ahlgren, Mia", "Okafor, Ben T.", "van der Linde, Rosa"),
        year=2014,
        journal="Journal of Occupational Sleep",
        volume="12",
        issue="3",
        pages="211-219",
        doi="10.5555/jos.2014.0211",
        source="scopus",
    )
    return replace(base, **other)  # type: ignore[arg-type]


NLM = {
    "title": "Evening light and sleep quality in shift nurses: a randomized crossover trial.",
    "authors": ("Ahlgren M", "Okafor BT", "van der Linde R"),
    "journal": "J Occup Sleep",
    "pages": "211-9",
    "source": "pubmed",
}


@pytest.fixture
def library() -> Library:
    made = Library()
    made.work(
        "paper",
        paper(),
        paper(**NLM, doi="", pmid="91000001"),
        paper(
            title="Evening Light And Sleep Quality In Shift Nurses: A Randomized Crossover Trial",
            journal="JOURNAL OF OCCUPATIONAL SLEEP",
            authors=("Ahlgren, M", "et al."),
            doi="",
        ),
        paper(title="Evening light and sleep quality in shift nurses", doi=""),
        paper(year=2013, volume="", issue="", pages="", doi=""),
    )
    made.work("erratum", paper(title="Erratum: " + paper().title, issue="4", pages="330", doi=""))
    made.work(
        "reply",
        paper(title="Reply to: " + paper().title, authors=("Ahlgren, Mia",), pages="402", doi=""),
    )
    made.work(
        "abstract",
        paper(
            year=2013,
            journal="Journal of Occupational Sleep Conference Abstracts",
            volume="11 Suppl",
            pages="S44",
            doi="",
        ),
    )
    made.work("update", paper(year=2018, volume="16", issue="1", pages="12-20", doi=""))
    made.work(
        "salami",
        paper(
            title="Evening light and sleep quality in shift porters: a randomized crossover trial",
            pages="240-247",
            doi="10.5555/jos.2014.0240",
        ),
    )
    long = "Community pharmacists and blood pressure in rural districts"
    made.work("part1", paper(title=f"{long}. Part I: methods", pages="1-9", doi="", volume="20"))
    made.work("part2", paper(title=f"{long}. Part II: results", pages="10-19", doi="", volume="20"))
    heading = paper(title="Editor's comments", authors=("Quist, Per",), pages="", doi="")
    made.work("heading1", heading, replace(heading, source="wos"))
    made.work("heading2", replace(heading, issue="4"))
    bare = paper(volume="", issue="", pages="", doi="", authors=("Ibarra, Lucia", "Tan, Wei"))
    words = "Gardening groups for older adults living alone in northern towns"
    made.work("bare", replace(bare, title=words), replace(bare, title=words + "."))
    made.work("other", replace(bare, title="Gardening groups for young adults in northern towns"))
    made.work(
        "chinese",
        paper(
            title="[Acupressure for fatigue after dialysis: a pilot study] [Chinese]",
            authors=("Lin, Xiu", "Mao, Jun"),
            doi="",
            pages="88-93",
        ),
        paper(
            title="Acupressure for fatigue after dialysis: a pilot study",
            authors=("Lin X", "Mao J"),
            doi="",
            pages="88-93",
            journal="J Occup Sleep",
        ),
    )
    made.work("preprint", paper(title=words, authors=bare.authors, journal="medRxiv", volume="",
                                issue="", pages="", doi="10.1101/2014.01.01.55"))  # fmt: skip
    cochrane = "Night lighting for preventing falls in residential care"
    made.work("review2", paper(title=cochrane, doi="10.1002/14651858.CD999.pub2", pages="CD999",
                               volume="", issue="2", year=2010))  # fmt: skip
    made.work("review3", paper(title=cochrane, doi="10.1002/14651858.CD999.pub3", pages="CD999",
                               volume="", issue="5", year=2014))  # fmt: skip
    return made
