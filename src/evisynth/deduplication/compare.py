"""Stage 3: pairs to levels of agreement, in batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evisynth.deduplication import levels
from evisynth.deduplication.block import Rows
from evisynth.deduplication.marks import HEADING
from evisynth.deduplication.places import ELECTRONIC, NO_PAGE, ORDINARY, same_people
from evisynth.deduplication.prepare import SHORT_TITLE, Columns, JournalTable
from evisynth.deduplication.text import (
    CONTAINED,
    OTHER_NUMBERS,
    OTHER_WORDS,
    SAME_WORDS,
    SPELLING,
    title_difference,
)

__all__ = [
    "Comparison",
    "abstract_levels",
    "author_levels",
    "compare",
    "doi_levels",
    "journal_levels",
    "title_levels",
    "whole_pages",
]

_BATCH = 200_000
_NEAR_TITLE = 80.0
_LIKE_TITLE = 60.0
_LEAST_TITLE = 5
_BRIEF_TITLE = 16
_LEAST_INSIDE = 20
_DIFFERENCE_LEVEL = {
    SAME_WORDS: levels.Title.SAME,
    SPELLING: levels.Title.SPELLING,
    CONTAINED: levels.Title.CONTAINED,
    OTHER_WORDS: levels.Title.OTHER_WORDS,
    OTHER_NUMBERS: levels.Title.OTHER_NUMBERS,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compared pairs.

    Attributes
    ----------
    first, second : array of int64, shape (pairs,)
        Rows in the columns.
    levels : array of uint8, shape (pairs, fields)
        Level of agreement of each field of `evisynth.deduplication.levels.FIELDS`.
    whole_pages : array of bool, shape (pairs,)
        First and last page are known and the same.
    """

    first: Rows
    second: Rows
    levels: NDArray[np.uint8]
    whole_pages: NDArray[np.bool_]

    def of(self, field: str) -> NDArray[np.uint8]:
        """Return the levels of one field, shape (pairs,)."""
        return self.levels[:, levels.FIELDS.index(field)]

    def taken(self, kept: NDArray[np.bool_]) -> Comparison:
        """Return the pairs where ``kept`` is true."""
        return Comparison(
            self.first[kept], self.second[kept], self.levels[kept], self.whole_pages[kept]
        )


def compare(columns: Columns, journals: JournalTable, first: Rows, second: Rows) -> Comparison:
    """Compare pairs of rows field by field.

    Returns
    -------
    Comparison
        One row a pair, in the order given.
    """
    table = np.empty((first.size, len(levels.FIELDS)), dtype=np.uint8)
    whole = np.empty(first.size, dtype=np.bool_)
    for at in range(0, first.size, _BATCH):
        part = slice(at, at + _BATCH)
        one, two = first[part], second[part]
        table[part, 0] = titles = title_levels(columns, one, two)
        table[part, 1], table[part, 2] = author_levels(columns, titles, one, two)
        table[part, 3] = _years(columns, one, two)
        table[part, 4] = journal_levels(columns, journals, one, two)
        table[part, 5] = _volumes(columns, one, two)
        table[part, 6] = _issues(columns, one, two)
        table[part, 7], whole[part] = _pages(columns, one, two), whole_pages(columns, one, two)
        table[part, 8] = doi_levels(columns, one, two)
        table[part, 9] = abstract_levels(columns, one, two)
    return Comparison(first, second, table, whole)


def _ratios(first: NDArray[np.object_], second: NDArray[np.object_]) -> NDArray[np.float32]:
    from rapidfuzz import fuzz
    from rapidfuzz.process import cpdist

    return cpdist(first, second, scorer=fuzz.ratio, dtype=np.float32)


def title_levels(columns: Columns, one: Rows, two: Rows) -> NDArray[np.uint8]:
    """Return the agreement of titles, shape (pairs,)."""
    result = np.full(one.size, levels.Title.UNLIKE, dtype=np.uint8)
    key_one, key_two = columns.title_key[one], columns.title_key[two]
    missing = (key_one == 0) | (key_two == 0)
    same = (key_one == key_two) & ~missing
    result[missing] = levels.Title.MISSING
    result[same] = levels.Title.SAME
    open_ = np.flatnonzero(~missing & ~same)
    if open_.size:
        left, right = columns.title[one[open_]], columns.title[two[open_]]
        ratio = _ratios(left, right)
        found = np.where(ratio >= _LIKE_TITLE, levels.Title.LIKE, levels.Title.UNLIKE)
        for place in np.flatnonzero(ratio >= _NEAR_TITLE):
            a, b = left[place], right[place]
            difference = title_difference(a, b) if a < b else title_difference(b, a)
            found[place] = _DIFFERENCE_LEVEL[difference]
        unsettled = (found != levels.Title.SAME) & (found != levels.Title.SPELLING)
        for place in np.flatnonzero(unsettled):
            row_one, row_two = int(one[open_[place]]), int(two[open_[place]])
            if (columns.title_marks[row_one] | columns.title_marks[row_two]) & HEADING:
                found[place] = _heading(columns, row_one, row_two, int(found[place]))
                continue
            level = _subtitle_or_other(columns, row_one, row_two)
            if level is not None:
                found[place] = level
        result[open_] = found
    letters = np.minimum(columns.letters[one], columns.letters[two])
    alike = (result == levels.Title.SAME) | (result == levels.Title.SPELLING)
    heading = ((columns.title_marks[one] | columns.title_marks[two]) & HEADING) != 0
    result[alike & (letters < SHORT_TITLE)] = levels.Title.SAME_SHORT
    alike |= result == levels.Title.SAME_SHORT
    result[alike & (heading | (letters < _BRIEF_TITLE))] = levels.Title.HEADING
    return result


def _subtitle_or_other(columns: Columns, one: int, two: int) -> int | None:
    """Return the level where one title is the other without its subtitle, or its translation."""
    main_one, main_two = columns.main[one], columns.main[two]
    whole_one = columns.title[one].replace(" ", "")
    whole_two = columns.title[two].replace(" ", "")
    for whole, main in ((whole_one, main_two), (whole_two, main_one)):
        if whole == main and len(whole) >= _LEAST_TITLE:
            return levels.Title.SUBTITLE if len(whole) >= SHORT_TITLE else levels.Title.SAME_SHORT
    level = _translation(columns, one, two)
    if level is not None:
        return level
    short, long_ = sorted((whole_one, whole_two), key=len)
    if len(short) >= _LEAST_INSIDE and (long_.startswith(short) or long_.endswith(short)):
        return levels.Title.CONTAINED
    return None


def _translation(columns: Columns, one: int, two: int) -> int | None:
    """Return the level where a title is that of the other's translation, or both have one."""
    for title, other in (
        (columns.title[one], columns.other_title[two]),
        (columns.title[two], columns.other_title[one]),
        (columns.other_title[one], columns.other_title[two]),
    ):
        if not title or not other:
            continue
        difference = title_difference(min(title, other), max(title, other))
        if difference in (SAME_WORDS, SPELLING):
            if len(other.replace(" ", "")) < SHORT_TITLE:
                return levels.Title.SAME_SHORT if difference == SAME_WORDS else None
            return _DIFFERENCE_LEVEL[difference]
    return None


def _heading(columns: Columns, one: int, two: int, found: int) -> int:
    """Return the level of two titles, one of which is a standing heading.

    "Editor's comments" and "Editor's comments: on journals" may be one piece: the place decides.
    """
    if _translation(columns, one, two) is not None:
        return levels.Title.HEADING
    whole_one = columns.title[one].replace(" ", "")
    whole_two = columns.title[two].replace(" ", "")
    cut_off = whole_one == columns.main[two] or whole_two == columns.main[one]
    return levels.Title.HEADING if cut_off else max(found, levels.Title.OTHER_WORDS)


def author_levels(
    columns: Columns, titles: NDArray[np.uint8], one: Rows, two: Rows
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the agreement of authors and of the first author's initial, shapes (pairs,).

    ``titles`` is that of the titles: under one title, given and family names may be exchanged.
    """
    from rapidfuzz import fuzz
    from rapidfuzz.process import cpdist

    first_one, first_two = columns.first_author[one], columns.first_author[two]
    known = (first_one != 0) & (first_two != 0)
    same_first = known & (first_one == first_two)
    left, right = columns.authors[one], columns.authors[two]
    result = np.full(one.size, levels.Authors.OTHER, dtype=np.uint8)
    result[same_first] = levels.Authors.FIRST
    equal = (left == right).astype(np.bool_) & known
    open_ = np.flatnonzero(known & ~equal)
    if open_.size:
        ratio = _ratios(left[open_], right[open_])
        shared = cpdist(left[open_], right[open_], scorer=fuzz.token_set_ratio, dtype=np.float32)
        count = np.minimum(columns.author_count[one[open_]], columns.author_count[two[open_]])
        found = result[open_]
        found[(shared >= 75) & (count > 1)] = levels.Authors.LIKE
        found[ratio >= 80] = levels.Authors.LIKE
        found[(shared >= 99) & same_first[open_]] = levels.Authors.PART
        found[ratio >= 93] = levels.Authors.SAME
        result[open_] = found
    result[equal] = levels.Authors.SAME
    result[~known] = levels.Authors.MISSING
    letter_one, letter_two = columns.initial[one], columns.initial[two]
    initials = np.where(letter_one == letter_two, levels.Initial.SAME, levels.Initial.OTHER).astype(
        np.uint8
    )
    initials[(letter_one == 0) | (letter_two == 0) | ~same_first] = levels.Initial.MISSING
    _exchanged(columns, titles, result, one, two)
    return result, initials


def _exchanged(
    columns: Columns,
    titles: NDArray[np.uint8],
    authors: NDArray[np.uint8],
    one: Rows,
    two: Rows,
) -> None:
    """Raise the level of authors where given and family names are exchanged under one title."""
    unlike = (authors == levels.Authors.OTHER) | (authors == levels.Authors.FIRST)
    unlike |= authors == levels.Authors.LIKE
    same = (titles == levels.Title.SAME) | (titles == levels.Title.SPELLING)
    for place in np.flatnonzero(unlike & same):
        if same_people(columns.people[one[place]], columns.people[two[place]]):
            authors[place] = levels.Authors.PART


def _years(columns: Columns, one: Rows, two: Rows) -> NDArray[np.uint8]:
    year_one = columns.year[one].astype(np.int32)
    year_two = columns.year[two].astype(np.int32)
    apart = np.abs(year_one - year_two)
    result = np.where(
        apart == 0, levels.Year.SAME, np.where(apart == 1, levels.Year.NEAR, levels.Year.FAR)
    ).astype(np.uint8)
    bare_one = (columns.volume[one] < 0) & (columns.page[one] < 0)
    bare_two = (columns.volume[two] < 0) & (columns.page[two] < 0)
    result[(apart == 1) & (bare_one != bare_two)] = levels.Year.AHEAD
    result[(year_one == 0) | (year_two == 0)] = levels.Year.MISSING
    return result


def journal_levels(
    columns: Columns, journals: JournalTable, one: Rows, two: Rows
) -> NDArray[np.uint8]:
    """Return the agreement of journals, shape (pairs,)."""
    left, right = columns.journal[one], columns.journal[two]
    result = np.zeros(one.size, dtype=np.uint8)
    known = (left >= 0) & (right >= 0)
    result[known & (left == right)] = levels.Journal.SAME
    open_ = known & (left != right)
    if open_.any():
        # agreement counts from "same" = 0, the levels from "missing" = 0
        result[open_] = journals.agreement(left[open_], right[open_]) + 1
    return result


def _volumes(columns: Columns, one: Rows, two: Rows) -> NDArray[np.uint8]:
    left, right = columns.volume[one], columns.volume[two]
    result = np.where(left == right, levels.Volume.SAME, levels.Volume.OTHER).astype(np.uint8)
    crossed = (
        ((left == columns.issue[two]) & (columns.volume[two] != columns.issue[two]))
        | ((right == columns.issue[one]) & (columns.volume[one] != columns.issue[one]))
        | (left == columns.year[one])
        | (right == columns.year[two])
    )
    result[crossed & (left != right)] = levels.Volume.CROSSED
    result[(left < 0) | (right < 0)] = levels.Volume.MISSING
    return result


def _issues(columns: Columns, one: Rows, two: Rows) -> NDArray[np.uint8]:
    left, right = columns.issue[one], columns.issue[two]
    result = np.where(left == right, levels.Issue.SAME, levels.Issue.OTHER).astype(np.uint8)
    result[(left < 0) | (right < 0)] = levels.Issue.MISSING
    return result


def whole_pages(columns: Columns, one: Rows, two: Rows) -> NDArray[np.bool_]:
    """Return where first and last page are known and the same, shape (pairs,)."""
    start, end, kind = columns.page, columns.last_page, columns.page_kind
    same = (start[one] == start[two]) & (end[one] == end[two]) & (end[one] > start[one])
    whole: NDArray[np.bool_] = same & (kind[one] == kind[two]) & (kind[one] >= ORDINARY)
    return whole


def _pages(columns: Columns, one: Rows, two: Rows) -> NDArray[np.uint8]:
    start_one, start_two = columns.page[one], columns.page[two]
    end_one, end_two = columns.last_page[one], columns.last_page[two]
    kind_one, kind_two = columns.page_kind[one], columns.page_kind[two]
    result = np.full(one.size, levels.Pages.OTHER, dtype=np.uint8)
    last_one = np.where(end_one >= 0, end_one, start_one)
    last_two = np.where(end_two >= 0, end_two, start_two)
    overlap = (start_one <= last_two) & (start_two <= last_one)
    mixed = kind_one != kind_two
    electronic = mixed & ((kind_one == ELECTRONIC) | (kind_two == ELECTRONIC))
    result[overlap & ~mixed] = levels.Pages.NEAR
    result[electronic] = levels.Pages.KINDS
    # "S12" against "12" is the same page; "S12" against "742" is another one
    result[start_one == start_two] = levels.Pages.SAME
    missing = (kind_one == NO_PAGE) | (kind_two == NO_PAGE)
    result[missing] = levels.Pages.MISSING
    # "t-51" is what is left of "849-851": the tail must fit
    tail_one, tail_two = columns.page_tail[one], columns.page_tail[two]
    tails = (tail_one >= 0) & (tail_two >= 0)
    shorter, longer = np.minimum(tail_one, tail_two), np.maximum(tail_one, tail_two)
    power = np.where(
        shorter < 10, 10, np.where(shorter < 100, 100, np.where(shorter < 1000, 1000, 10**9))
    )
    fits = tails & (longer % power == shorter)
    damaged = missing | (mixed & (result == levels.Pages.OTHER))
    result[damaged & fits] = levels.Pages.NEAR
    return result


def doi_levels(columns: Columns, one: Rows, two: Rows) -> NDArray[np.uint8]:
    """Return the agreement of DOIs, shape (pairs,)."""
    left, right = columns.doi_key[one], columns.doi_key[two]
    result = np.where(left == right, levels.Doi.SAME, levels.Doi.OTHER).astype(np.uint8)
    other = (result == levels.Doi.OTHER) & (columns.registrant[one] != columns.registrant[two])
    result[other] = levels.Doi.OTHER_REGISTRANT
    for place in np.flatnonzero(result == levels.Doi.OTHER):
        if _swapped(columns.doi[one[place]], columns.doi[two[place]]):
            result[place] = levels.Doi.MISSING
    result[(left == 0) | (right == 0)] = levels.Doi.MISSING
    return result


def _swapped(first: str, second: str) -> bool:
    """Whether two DOIs are one, typed with two neighbours exchanged."""
    from rapidfuzz.distance import OSA

    return sorted(first) == sorted(second) and OSA.distance(first, second) == 1


def abstract_levels(columns: Columns, one: Rows, two: Rows) -> NDArray[np.uint8]:
    """Return the agreement of abstracts, shape (pairs,)."""
    left, right = columns.abstract[one], columns.abstract[two]
    result = np.zeros(one.size, dtype=np.uint8)
    known = np.flatnonzero((left != "").astype(np.bool_) & (right != "").astype(np.bool_))
    if known.size:
        ratio = _ratios(left[known], right[known])
        result[known] = np.where(
            ratio >= 88,
            levels.Abstract.SAME,
            np.where(ratio >= 65, levels.Abstract.LIKE, levels.Abstract.OTHER),
        )
    return result
