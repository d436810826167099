"""What the levels of a pair amount to: the terms that vetoes and rules are written in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evisynth.deduplication.compare import Comparison
from evisynth.deduplication.journals import MEETING, SUPPLEMENT
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
from evisynth.deduplication.places import ORDINARY, SUPPLEMENT_PAGE
from evisynth.deduplication.prepare import Columns

__all__ = ["Evidence", "gather"]

Truth = NDArray[np.bool_]
_PAPER = 2  # pages beyond the first that only a paper fills


@dataclass(frozen=True, slots=True)
class Evidence:
    """Terms, each an array of bool of shape (pairs,).

    Attributes
    ----------
    same_title, short_title, near_title
        The same words (but for spelling); the same, but short or a heading; any of these, or with
        other words or numbers.
    known_authors, related_authors
        The same list or part of it; the same or alike.
    same_year, not_far, apart_in_time
        The year is the same; at most one apart or unknown; differs and nothing explains it.
    near_journal
        The same journal, maybe abbreviated.
    same_place, same_volume, same_issue, same_page
        Same page of the same volume; same volume (issue) of the same journal with nothing against
        it; same page where volume or journal may be unknown.
    paper_range
        The same range of pages, as long as only a paper's.
    moved
        Both volume and pages differ.
    gathered
        One stands in a supplement or among a meeting's abstracts.
    same_doi, same_pmid, identified
        Same identifiers; one of both.
    same_abstract
        Abstracts begin alike.
    translated
        The place of a paper is the same in all, and so are its authors and year: whatever the
        titles say, one is a translation.
    """

    same_title: Truth
    short_title: Truth
    near_title: Truth
    known_authors: Truth
    related_authors: Truth
    same_year: Truth
    not_far: Truth
    apart_in_time: Truth
    near_journal: Truth
    same_place: Truth
    same_volume: Truth
    same_issue: Truth
    same_page: Truth
    paper_range: Truth
    moved: Truth
    gathered: Truth
    same_doi: Truth
    same_pmid: Truth
    identified: Truth
    same_abstract: Truth
    translated: Truth


def gather(columns: Columns, pairs: Comparison) -> Evidence:
    """Return the terms of compared pairs."""
    one, two = pairs.first, pairs.second
    title, authors, year = pairs.of("title"), pairs.of("authors"), pairs.of("year")
    journal, volume, pages = pairs.of("journal"), pairs.of("volume"), pairs.of("pages")
    same_title = (title == Title.SAME) | (title == Title.SPELLING)
    heading = title == Title.HEADING
    worded = (Title.SUBTITLE, Title.CONTAINED, Title.OTHER_WORDS, Title.OTHER_NUMBERS)
    known = (authors == Authors.SAME) | (authors == Authors.PART)
    same_year, not_far = year == Year.SAME, year != Year.FAR
    near_journal = (journal == Journal.SAME) | (journal == Journal.SHORT)
    same_place = (volume == Volume.SAME) & (pages == Pages.SAME)
    same_place &= (year <= Year.NEAR) & (journal != Journal.OTHER)
    same_doi = pairs.of("doi") == Doi.SAME
    # a heading with and without what follows it is one piece only in one place
    whole = columns.title_key[one] == columns.title_key[two]
    short_title = (title == Title.SAME_SHORT) | (heading & (whole | same_place | same_doi))
    same_volume = (volume == Volume.SAME) & near_journal
    same_volume &= (pages != Pages.OTHER) & (pairs.of("issue") != Issue.OTHER)
    same_page = (pages == Pages.SAME) & (volume != Volume.OTHER)
    same_page &= near_journal | (journal == Journal.MISSING)
    same_page &= same_year | (same_title & not_far)
    ordinary = (columns.page_kind[one] == ORDINARY) & (columns.page_kind[two] == ORDINARY)
    long_enough = columns.last_page[one] - columns.page[one] >= _PAPER
    gathered = ((columns.place_marks[one] | columns.place_marks[two]) & (MEETING | SUPPLEMENT)) != 0
    gathered |= columns.page_kind[one] == SUPPLEMENT_PAGE
    gathered |= columns.page_kind[two] == SUPPLEMENT_PAGE
    same_pmid = (columns.pmid[one] == columns.pmid[two]) & (columns.pmid[one] > 0)
    paper_range = same_place & pairs.whole_pages & long_enough & ordinary
    translated = same_place & near_journal & same_year & (authors == Authors.SAME) & ~gathered
    several = np.minimum(columns.author_count[one], columns.author_count[two]) > 1
    translated &= (paper_range & several) | same_doi
    return Evidence(
        same_title=same_title,
        short_title=short_title,
        near_title=same_title | short_title | heading | np.isin(title, worded),
        known_authors=known,
        related_authors=known | (authors == Authors.LIKE),
        same_year=same_year,
        not_far=not_far,
        # a meeting's abstract is never out ahead of print
        apart_in_time=(year == Year.NEAR) | (year == Year.FAR) | ((year == Year.AHEAD) & gathered),
        near_journal=near_journal,
        same_place=same_place,
        same_volume=same_volume,
        same_issue=same_volume & (pairs.of("issue") == Issue.SAME),
        same_page=same_page,
        paper_range=paper_range,
        moved=(pages == Pages.OTHER) & (volume == Volume.OTHER),
        gathered=gathered,
        same_doi=same_doi,
        same_pmid=same_pmid,
        identified=same_doi | same_pmid,
        same_abstract=pairs.of("abstract") == Abstract.SAME,
        translated=translated,
    )
