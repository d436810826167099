"""Stage 4a: what forbids to merge a pair, whatever else agrees."""

from __future__ import annotations

from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from evisynth.deduplication.compare import Comparison
from evisynth.deduplication.evidence import Evidence
from evisynth.deduplication.journals import EDITIONS, MEETING, PREPRINT, SUPPLEMENT
from evisynth.deduplication.levels import Doi, Issue, Journal, Pages, Title, Volume, Year
from evisynth.deduplication.marks import ADDENDUM, ERRATUM, PROTOCOL, REPLY, RETRACTION, UPDATE
from evisynth.deduplication.places import ORDINARY, SUPPLEMENT_PAGE
from evisynth.deduplication.prepare import Columns

__all__ = ["STUDY_VETOES", "Veto", "vetoes"]


class Veto(IntFlag):
    """Why a pair must not be merged, whatever else agrees."""

    NONE = 0
    PMID = 1
    DOI = 2
    TRIAL = 4
    NOTICE = 8
    REPLY = 16
    PROTOCOL = 32
    UPDATE = 64
    PART = 128
    NUMBERS = 256
    TITLE = 512
    MEETING = 1024
    PREPRINT = 2048
    PLACE = 4096
    VERSION = 8192
    PERSON = 16384
    HEADING = 32768


STUDY_VETOES = (
    Veto.NOTICE | Veto.REPLY | Veto.PROTOCOL | Veto.UPDATE | Veto.MEETING | Veto.PREPRINT
    | Veto.VERSION | Veto.PART
)  # fmt: skip
"""Vetoes that say "another report", and at the same time "perhaps of the same study"."""

Truth = NDArray[np.bool_]
_PRINTED = (ORDINARY, SUPPLEMENT_PAGE)
_FIRST_EDITION = 1990  # such journals write the year in place of the volume
_VERSIONED = (".pub", "/v", ".v")


def vetoes(columns: Columns, pairs: Comparison, terms: Evidence) -> NDArray[np.int32]:
    """Return the vetoes of each pair as bits, shape (pairs,)."""
    return (
        _of_identifiers(columns, pairs, terms)
        | _of_titles(columns, pairs, terms)
        | _of_places(columns, pairs, terms)
    )


def _bits(*vetoes: tuple[Truth, Veto]) -> NDArray[np.int32]:
    found = np.zeros(vetoes[0][0].size, dtype=np.int32)
    for where, veto in vetoes:
        found[where] |= int(veto)
    return found


def _differ(values: NDArray[np.int64] | NDArray[np.uint64], pairs: Comparison) -> Truth:
    """Return where both of a pair have a value (not 0 nor below) and the values differ."""
    one, two = values[pairs.first], values[pairs.second]
    differ: Truth = (one != two) & (one > 0) & (two > 0)
    return differ


def _one_sided(marks: NDArray[np.int8] | NDArray[np.int16], pairs: Comparison, bits: int) -> Truth:
    """Return where one of a pair bears a mark that the other does not."""
    differ: Truth = ((marks[pairs.first] ^ marks[pairs.second]) & bits) != 0
    return differ


def _of_identifiers(columns: Columns, pairs: Comparison, terms: Evidence) -> NDArray[np.int32]:
    # Two DOIs of one registrant, and yet everything printed is the same: registered twice.
    twice = terms.same_place & terms.same_title & terms.same_year & terms.known_authors
    other_doi = pairs.of("doi") == Doi.OTHER
    return _bits(
        (_differ(columns.pmid, pairs), Veto.PMID),
        (_differ(columns.trial, pairs), Veto.TRIAL),
        (other_doi & ~twice & ~terms.same_pmid, Veto.DOI),
        (_other_version(columns, pairs, other_doi), Veto.VERSION),
    )


def _other_version(columns: Columns, pairs: Comparison, other_doi: Truth) -> Truth:
    """Return where the DOIs differ in the version only ("...CD123.pub2", "...pub3")."""
    found = np.zeros(other_doi.size, dtype=np.bool_)
    for at in np.flatnonzero(other_doi):
        one, two = columns.doi[pairs.first[at]], columns.doi[pairs.second[at]]
        found[at] = _without_version(one) == _without_version(two)
    return found


def _without_version(doi: str) -> str:
    for mark in _VERSIONED:
        head, found, tail = doi.rpartition(mark)
        if found and tail.isdecimal():
            return head
    return doi


def _of_titles(columns: Columns, pairs: Comparison, terms: Evidence) -> NDArray[np.int32]:
    title, marks = pairs.of("title"), columns.title_marks
    loose = ~(terms.same_place | terms.identified)
    # one text, punctuated otherwise, says the same whatever marks are read in it
    other = ~terms.same_title
    elsewhere = other & loose & ~(terms.same_issue & terms.same_year)
    parts = (columns.part[pairs.first] != columns.part[pairs.second]) & (title != Title.SAME)
    both = (columns.part[pairs.first] > 0) & (columns.part[pairs.second] > 0)
    return _bits(
        (_one_sided(marks, pairs, ERRATUM | RETRACTION | ADDENDUM) & other, Veto.NOTICE),
        (_one_sided(marks, pairs, REPLY) & other & ~terms.identified, Veto.REPLY),
        (_one_sided(marks, pairs, PROTOCOL) & elsewhere, Veto.PROTOCOL),
        (_one_sided(marks, pairs, UPDATE) & elsewhere, Veto.UPDATE),
        (parts & (both | loose), Veto.PART),
        ((title == Title.OTHER_NUMBERS) & loose, Veto.NUMBERS),
        ((title == Title.UNLIKE) & ~terms.translated, Veto.TITLE),
    )


def _of_places(columns: Columns, pairs: Comparison, terms: Evidence) -> NDArray[np.int32]:
    pages, volume, marks = pairs.of("pages"), pairs.of("volume"), columns.place_marks
    free = ~terms.identified
    other_pages = pages == Pages.OTHER
    printed = (pages == Pages.SAME) | (pages == Pages.NEAR)
    other_issue = (pairs.of("issue") == Issue.OTHER) & ~printed
    one_volume = (volume == Volume.SAME) & (pairs.of("journal") != Journal.OTHER)
    comparable = np.isin(columns.page_kind[pairs.first], _PRINTED)
    comparable &= np.isin(columns.page_kind[pairs.second], _PRINTED)
    meeting = _one_sided(marks, pairs, MEETING) & (pairs.of("journal") > Journal.SAME)
    supplement = _one_sided(marks, pairs, SUPPLEMENT)
    # "39(5)" against "39(Suppl 2)", where pages cannot tell
    plain = (marks & SUPPLEMENT == 0) & (columns.issue >= 0)
    other_number = supplement & (plain[pairs.first] | plain[pairs.second])
    other_number &= (pairs.of("issue") == Issue.MISSING) & (pages == Pages.MISSING)
    other_number &= ~terms.same_abstract
    # its page is that of an abstract ("S12"), the other's an electronic number or a printed page
    kinds = columns.page_kind
    supplement |= (kinds[pairs.first] == SUPPLEMENT_PAGE) ^ (kinds[pairs.second] == SUPPLEMENT_PAGE)
    other_kind = other_pages | ((pages == Pages.KINDS) & ~terms.same_abstract)
    elsewhere = (volume == Volume.OTHER) | other_pages | other_issue
    elsewhere |= (pairs.of("year") >= Year.NEAR) & ~terms.same_place
    return _bits(
        (meeting & (pages != Pages.SAME) & free, Veto.MEETING),
        (((supplement & other_kind) | other_number) & free, Veto.MEETING),
        (
            _one_sided(marks, pairs, PREPRINT) & ~terms.near_journal & ~terms.same_doi,
            Veto.PREPRINT,
        ),
        (_other_edition(columns, pairs) & ~terms.same_doi, Veto.VERSION),
        (one_volume & ((comparable & other_pages) | other_issue) & free, Veto.PLACE),
        (terms.moved & free, Veto.PLACE),
        (terms.short_title & elsewhere & free, Veto.HEADING),
    )


def _other_edition(columns: Columns, pairs: Comparison) -> Truth:
    """Return where a journal that renews its reviews brought them out in two years or issues."""
    one, two = pairs.first, pairs.second
    living = (columns.place_marks[one] & columns.place_marks[two] & EDITIONS) != 0
    year = np.where(columns.volume >= _FIRST_EDITION, columns.volume, columns.year)
    years = (year[one] != year[two]) & (year[one] > 0) & (year[two] > 0)
    other: Truth = living & (years | (pairs.of("issue") == Issue.OTHER))
    return other
