"""Stage 4a: what forbids to merge a pair, whatever else agrees."""

from __future__ import annotations

from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from evisynth.deduplication.compare import Comparison
from evisynth.deduplication.evidence import Evidence
from evisynth.deduplication.levels import Doi, Issue, Journal, Pages, Title, Volume, Year
from evisynth.deduplication.places import MEETING, ORDINARY, PREPRINT, SUPPLEMENT, SUPPLEMENT_PAGE
from evisynth.deduplication.prepare import Columns
from evisynth.deduplication.text import ADDENDUM, ERRATUM, PROTOCOL, REPLY, RETRACTION, UPDATE

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
    parts = columns.part[pairs.first] != columns.part[pairs.second]
    both = (columns.part[pairs.first] > 0) & (columns.part[pairs.second] > 0)
    return _bits(
        (_one_sided(marks, pairs, ERRATUM | RETRACTION | ADDENDUM), Veto.NOTICE),
        (_one_sided(marks, pairs, REPLY) & ~terms.identified, Veto.REPLY),
        (_one_sided(marks, pairs, PROTOCOL) & loose, Veto.PROTOCOL),
        (_one_sided(marks, pairs, UPDATE) & loose, Veto.UPDATE),
        (parts & (both | loose), Veto.PART),
        ((title == Title.OTHER_NUMBERS) & loose, Veto.NUMBERS),
        (title == Title.UNLIKE, Veto.TITLE),
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
    elsewhere = (volume == Volume.OTHER) | other_pages | other_issue
    elsewhere |= (pairs.of("year") >= Year.NEAR) & ~terms.same_place
    return _bits(
        (meeting & (pages != Pages.SAME) & free, Veto.MEETING),
        (supplement & other_pages & free, Veto.MEETING),
        (_one_sided(marks, pairs, PREPRINT) & ~terms.same_doi, Veto.PREPRINT),
        (one_volume & ((comparable & other_pages) | other_issue) & free, Veto.PLACE),
        (terms.moved & free, Veto.PLACE),
        (terms.short_title & elsewhere & free, Veto.HEADING),
    )
