"""Stage 4: levels to verdicts.

First what settles a pair whatever else agrees: vetoes (another identifier, an erratum against its
paper, another part, another place in the same volume ...) and identifiers. What they leave open is
weighed: each level of each field has a weight, learnt once on labelled sets and shipped frozen in
``weights.json`` (``validation/dedup`` learns them anew and says how well they do on sets that
they were not learnt on). The sum is a log2 odds; between two bounds a person decides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from evisynth.deduplication import levels
from evisynth.deduplication.compare import Comparison
from evisynth.deduplication.evidence import Evidence, gather
from evisynth.deduplication.journals import LIVING
from evisynth.deduplication.levels import (
    Abstract,
    Authors,
    Doi,
    Issue,
    Journal,
    Pages,
    Title,
    Volume,
    Year,
)
from evisynth.deduplication.marks import RENEWED
from evisynth.deduplication.places import by_group
from evisynth.deduplication.prepare import SHORT_TITLE, Columns
from evisynth.deduplication.text import numbered_apart
from evisynth.deduplication.vetoes import vetoes

__all__ = ["Matches", "Reason", "Verdict", "Weights", "match", "shipped_weights"]

Truth = NDArray[np.bool_]


class Verdict(IntEnum):
    """What is said of a pair."""

    APART = 0
    DOUBTFUL = 1
    SAME_REPORT = 2
    SAME_RECORD = 3


class Reason(IntEnum):
    """Why a pair is one report."""

    NONE = 0
    COPY = 1
    PMID = 2
    DOI = 3
    PLACE = 4
    WEIGHT = 5
    PERSON = 6
    BARE = 7


@dataclass(frozen=True, slots=True)
class Weights:
    """Frozen match weights.

    Attributes
    ----------
    table : array, shape (fields, levels)
        Weight of each level, log2 odds; column 0 (missing) is 0.
    intercept : float
        Log2 odds of a compared pair of which nothing is known.
    merge_from, doubt_from : float
        Log2 odds from which a pair is merged, and from which a person is asked.
    """

    table: NDArray[np.float64]
    intercept: float
    merge_from: float
    doubt_from: float

    @classmethod
    def read(cls, text: str) -> Weights:
        """Read the JSON form: names of fields and levels, never positions."""
        data = json.loads(text)
        widest = max(len(kind) for kind in levels.LEVELS)
        table = np.zeros((len(levels.FIELDS), widest))
        for row, (field, kind) in enumerate(zip(levels.FIELDS, levels.LEVELS, strict=True)):
            for level in kind:
                if level:
                    table[row, level] = data["weights"][field][level.name.lower()]
        return cls(table, data["intercept"], data["merge_from"], data["doubt_from"])

    def score(self, table: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the log2 odds of pairs from their levels, shape (pairs,)."""
        rows = np.arange(len(levels.FIELDS))
        odds: NDArray[np.float64] = self.table[rows[None, :], table].sum(axis=1)
        return odds + self.intercept


@cache
def shipped_weights() -> Weights:
    """Return the weights that are part of this release."""
    return Weights.read(
        files("evisynth.deduplication").joinpath("weights.json").read_text(encoding="utf-8")
    )


@dataclass(frozen=True, slots=True)
class Matches:
    """Verdicts on compared pairs, arrays of shape (pairs,)."""

    verdict: NDArray[np.uint8]
    reason: NDArray[np.uint8]
    veto: NDArray[np.int32]
    score: NDArray[np.float32]


def match(columns: Columns, pairs: Comparison, weights: Weights | None = None) -> Matches:
    """Say of each compared pair whether it is one report, and why.

    Parameters
    ----------
    columns
        The prepared records.
    pairs
        The compared pairs.
    weights
        Match weights; those of this release if not given.

    Returns
    -------
    Matches
        One row a pair.
    """
    weights = weights or shipped_weights()
    terms = gather(columns, pairs)
    veto = vetoes(columns, pairs, terms)
    score = weights.score(pairs.levels)
    copy, entry = _copies(columns, pairs), _same_entry(columns, pairs, terms)

    # the last that holds is the one that is told: from the weakest to the strongest
    reason = np.zeros(score.size, dtype=np.uint8)
    reason[_bare(columns, pairs, terms)] = Reason.BARE
    reason[(score >= weights.merge_from) & _enough_to_weigh(pairs, terms)] = Reason.WEIGHT
    reason[_in_one_place(pairs, terms)] = Reason.PLACE
    reason[_one_doi(pairs, terms)] = Reason.DOI
    reason[_one_pmid(pairs, terms)] = Reason.PMID
    reason[copy | entry] = Reason.COPY

    verdict = np.zeros(score.size, dtype=np.uint8)
    verdict[(score >= weights.doubt_from) | terms.identified] = Verdict.DOUBTFUL
    verdict[reason > 0] = Verdict.SAME_REPORT
    verdict[(copy & _same_source(columns, pairs)) | entry] = Verdict.SAME_RECORD
    verdict[(veto != 0) & (verdict >= Verdict.SAME_REPORT)] = Verdict.DOUBTFUL
    reason[veto != 0] = Reason.NONE
    return Matches(verdict, reason, veto, score.astype(np.float32))


def _enough_to_weigh(pairs: Comparison, terms: Evidence) -> Truth:
    """Return where the evidence is of a kind that weights may settle at all."""
    title, authors, journal = pairs.of("title"), pairs.of("authors"), pairs.of("journal")
    known, same_year, near = terms.known_authors, terms.same_year, terms.near_journal
    whole_authors = authors == Authors.SAME
    contained = title == Title.CONTAINED

    volume, issue = pairs.of("volume"), pairs.of("issue")
    issues = (volume == Volume.SAME) & (issue == Issue.SAME)
    unlike_place = (volume == Volume.OTHER) | (issue == Issue.OTHER)
    unlike_place |= (pairs.of("pages") == Pages.OTHER) & ~issues

    # the title names the work: authors and journal or year must stand by it
    undated = (pairs.of("year") == Year.MISSING) & (journal == Journal.LIKE)
    settled = near | (same_year & (journal != Journal.OTHER)) | undated
    by_title = terms.related_authors & ~terms.apart_in_time & settled
    by_title &= pairs.of("abstract") != Abstract.OTHER
    by_title |= known & issues & terms.not_far & (journal == Journal.MISSING)
    by_title &= ~unlike_place
    page_and_year = (pairs.of("pages") == Pages.SAME) & same_year
    by_title |= terms.related_authors & page_and_year & (volume != Volume.OTHER)
    by_title |= known & ((same_year & terms.same_abstract) | terms.same_page)
    by_title |= (same_year & near & ~unlike_place) | terms.same_place
    enough: Truth = terms.same_title & by_title

    # it does not quite: the place must be the same, or all the rest
    short_or_cut = terms.short_title | (title == Title.SUBTITLE) | contained
    placed = terms.same_place | terms.same_issue | terms.same_page
    enough |= short_or_cut & known & placed
    whole_title = (title == Title.SAME_SHORT) | (contained & (pairs.of("pages") != Pages.KINDS))
    enough |= whole_title & whole_authors & same_year & near & ~unlike_place
    subtitle = (title == Title.SUBTITLE) & known & terms.not_far
    enough |= subtitle & (terms.same_volume | terms.same_abstract)
    ranged = terms.same_place & (pairs.whole_pages | terms.same_issue)
    enough |= contained & ranged & (authors != Authors.OTHER)

    # two abstracts of one group may share a page: other words need a paper's range of pages
    enough |= terms.near_title & terms.paper_range & (authors != Authors.OTHER)
    enough |= (title == Title.LIKE) & terms.paper_range & known
    return enough


_LONG_TITLE = 60
_FEW_YEARS = 2
_SEVERAL = 3


def _bare(columns: Columns, pairs: Comparison, terms: Evidence) -> Truth:
    """Return where title, authors and journal are all that is known, and are the same.

    No volume, issue or page can be compared. A person should look at what is merged on this: a
    conference abstract and its paper in one journal look the same.
    """
    one, two = pairs.first, pairs.second
    title, authors, year = pairs.of("title"), pairs.of("authors"), pairs.of("year")
    bare = (pairs.of("volume") == Volume.MISSING) & (pairs.of("issue") == Issue.MISSING)
    bare &= (pairs.of("pages") == Pages.MISSING) & terms.near_journal
    bare &= (pairs.of("abstract") != Abstract.OTHER) & (pairs.of("doi") <= Doi.SAME)
    whole = authors == Authors.SAME
    same_journal = pairs.of("journal") == Journal.SAME
    dated, undated = year == Year.SAME, year == Year.MISSING
    count = np.minimum(columns.author_count[one], columns.author_count[two])
    letters = np.minimum(columns.letters[one], columns.letters[two])

    # cut off, or without a subtitle: no other report of the group in this journal and year
    contained, subtitle = title == Title.CONTAINED, title == Title.SUBTITLE
    found: Truth = (contained | subtitle) & terms.known_authors & dated
    found |= contained & whole & undated & (letters >= SHORT_TITLE)
    found |= subtitle & whole & undated & (count >= _SEVERAL)
    for at in np.flatnonzero(found & bare):
        found[at] = not numbered_apart(columns.title[one[at]], columns.title[two[at]])
    # short, but by the same people in the same journal, and no heading
    found |= (title == Title.SAME_SHORT) & whole & undated & same_journal

    # a year or two apart where neither says its place: a slip, or printed later than published;
    # never what is renewed
    apart = np.abs(columns.year[one].astype(np.int32) - columns.year[two].astype(np.int32))
    renewed = ((columns.title_marks[one] | columns.title_marks[two]) & RENEWED) != 0
    living = ((columns.place_marks[one] | columns.place_marks[two]) & LIVING) != 0
    renewed |= terms.gathered | living
    placed = (columns.volume >= 0) | (columns.issue >= 0) | (columns.page >= 0)
    near = (title == Title.SAME) & whole & same_journal & terms.apart_in_time
    near &= ~placed[one] & ~placed[two]
    found |= near & (apart <= _FEW_YEARS) & ~renewed
    found &= bare

    # one database names the group, another its writer
    other = (title == Title.SAME) & (authors >= Authors.FIRST) & ~terms.apart_in_time
    for at in np.flatnonzero(bare & other & (letters >= _LONG_TITLE)):
        a, b = columns.people[one[at]], columns.people[two[at]]
        found[at] |= by_group(a) or by_group(b)
    return found


def _in_one_place(pairs: Comparison, terms: Evidence) -> Truth:
    """Return where title, authors and place are the same."""
    title, authors, volume = pairs.of("title"), pairs.of("authors"), terms.same_volume
    found: Truth = terms.known_authors & (
        terms.same_place | (volume & (terms.not_far | terms.same_issue))
    )
    found |= volume & terms.same_year & (authors != Authors.OTHER)
    found |= terms.same_issue & terms.same_year
    found &= terms.same_title
    short: Truth = terms.short_title & terms.same_issue & terms.same_year
    short &= (authors == Authors.SAME) & (pairs.of("pages") != Pages.KINDS)
    short |= terms.short_title & terms.known_authors & terms.same_place & terms.near_journal
    found |= short | (terms.translated & (title == Title.UNLIKE))
    return found


def _one_doi(pairs: Comparison, terms: Evidence) -> Truth:
    """Return where a shared DOI means one report; a supplement's abstracts may share one, too."""
    title = pairs.of("title")
    fits: Truth = terms.same_title | terms.short_title | (title == Title.SUBTITLE)
    worded = terms.near_title & terms.known_authors & ~terms.gathered
    fits |= worded & (pairs.of("pages") != Pages.OTHER)
    fits |= title == Title.MISSING
    return terms.same_doi & fits & ~terms.moved


def _one_pmid(pairs: Comparison, terms: Evidence) -> Truth:
    """Return where a shared PubMed identifier means one report."""
    title = pairs.of("title")
    fits: Truth = terms.near_title | (title == Title.LIKE)
    fits |= (title == Title.MISSING) & ~terms.moved
    return terms.same_pmid & fits


def _same_source(columns: Columns, pairs: Comparison) -> Truth:
    source = columns.source
    same: Truth = (source[pairs.first] == source[pairs.second]).astype(np.bool_)
    named: Truth = (source[pairs.first] != "").astype(np.bool_)
    return same & named


def _same_entry(columns: Columns, pairs: Comparison, terms: Evidence) -> Truth:
    """Return which pairs bear one accession number of one database."""
    entry = columns.entry
    same: Truth = (entry[pairs.first] == entry[pairs.second]) & (entry[pairs.first] != 0)
    fits: Truth = terms.near_title | (pairs.of("title") == Title.MISSING)
    return same & fits


_COPIED = ("title_key", "title_marks", "part", "authors", "initial", "year", "journal", "volume",
           "issue", "page", "last_page", "page_tail", "doi_key", "pmid")  # fmt: skip


def _copies(columns: Columns, pairs: Comparison) -> Truth:
    """Return which pairs agree in every field, and say enough for that to mean one report."""
    one, two = pairs.first, pairs.second
    same = np.ones(one.size, dtype=np.bool_)
    for name in _COPIED:
        column = getattr(columns, name)
        same &= (column[one] == column[two]).astype(np.bool_)
    named = (pairs.of("title") == Title.SAME) & (columns.first_author[one] != 0)
    placed = (columns.page[one] >= 0) | ((columns.volume[one] >= 0) & (columns.issue[one] >= 0))
    placed &= columns.first_author[one] != 0
    identified = (columns.doi_key[one] != 0) | (columns.pmid[one] != 0)
    said: Truth = named | placed | identified
    return same & said
