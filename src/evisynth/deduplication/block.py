"""Stage 2: which pairs are compared at all.

Two records are compared when they share one of the keys that `evisynth.deduplication.prepare` gives
them (identifier, beginning or end of the title, initials of its words, place, authors), and when a
glance at the numbers does not already set them apart.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from evisynth.deduplication.prepare import Columns

__all__ = ["KeyIndex", "candidate_pairs", "plausible"]

Rows = NDArray[np.int64]
_CHUNK = 2_000_000
_LARGE = 2_000


class KeyIndex:
    """Sorted keys of all records, so that new records find their partners by look-up."""

    def __init__(self) -> None:
        self.keys: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self.rows: NDArray[np.int32] = np.empty(0, dtype=np.int32)

    def add(self, keys: NDArray[np.uint64], first_row: int) -> None:
        """Add the keys (records x keys) of rows that begin at ``first_row``."""
        flat, rows = _flat(keys, first_row)
        if self.keys.size == 0:
            self.keys, self.rows = flat, rows
            return
        at = np.searchsorted(self.keys, flat, side="right")
        self.keys = np.insert(self.keys, at, flat)
        self.rows = np.insert(self.rows, at, rows)


def _flat(keys: NDArray[np.uint64], first_row: int) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    rows = np.repeat(np.arange(first_row, first_row + len(keys), dtype=np.int32), keys.shape[1])
    flat = keys.ravel()
    known = flat != 0
    flat, rows = flat[known], rows[known]
    order = np.argsort(flat, kind="stable")
    return flat[order], rows[order]


def _pairs_within(keys: NDArray[np.uint64], rows: NDArray[np.int32]) -> Iterator[tuple[Rows, Rows]]:
    """Yield all pairs of rows that share a key, some millions at a time."""
    if keys.size == 0:
        return
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    sizes = np.diff(np.r_[starts, keys.size])
    shared = sizes > 1
    starts, sizes = starts[shared], sizes[shared]
    for size in np.unique(sizes):
        of_size = starts[sizes == size]
        if size > _LARGE:
            for begin in of_size:
                block = rows[begin : begin + size].astype(np.int64)
                for distance in range(1, int(size)):
                    yield block[:-distance], block[distance:]
            continue
        one, two = np.triu_indices(int(size), k=1)
        step = max(1, _CHUNK // one.size)
        for at in range(0, of_size.size, step):
            begin = of_size[at : at + step, None]
            first = rows[begin + one[None, :]].ravel().astype(np.int64)
            second = rows[begin + two[None, :]].ravel().astype(np.int64)
            yield first, second


def _pairs_between(
    old: KeyIndex, keys: NDArray[np.uint64], rows: NDArray[np.int32]
) -> Iterator[tuple[Rows, Rows]]:
    """Yield the pairs of an old row and a new row that share a key."""
    low = np.searchsorted(old.keys, keys, side="left")
    high = np.searchsorted(old.keys, keys, side="right")
    counts = high - low
    hit = counts > 0
    low, counts, rows = low[hit], counts[hit], rows[hit]
    bounds = np.r_[0, np.cumsum(counts)]
    at = 0
    while at < counts.size:
        stop = int(np.searchsorted(bounds, bounds[at] + _CHUNK, side="right")) - 1
        stop = max(stop, at + 1)
        size = counts[at:stop]
        offsets = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
        first = old.rows[np.repeat(low[at:stop], size) + offsets].astype(np.int64)
        yield first, np.repeat(rows[at:stop], size).astype(np.int64)
        at = stop


def plausible(columns: Columns, first: Rows, second: Rows) -> NDArray[np.bool_]:
    """Return which pairs deserve a comparison of their texts.

    A shared key of the title alone is not enough in a large library: the title must be the same as
    a whole, or first author, identifier or place must agree (or the author be unknown).
    """
    author = columns.first_author
    keep: NDArray[np.bool_] = (
        (author[first] == author[second]) | (author[first] == 0) | (author[second] == 0)
    )
    keep |= columns.title_key[first] == columns.title_key[second]
    keep |= (columns.doi_key[first] == columns.doi_key[second]) & (columns.doi_key[first] != 0)
    keep |= (columns.pmid[first] == columns.pmid[second]) & (columns.pmid[first] != 0)
    page = (columns.page[first] == columns.page[second]) & (columns.page[first] >= 0)
    near = np.abs(columns.year[first].astype(np.int32) - columns.year[second]) <= 1
    volume = (columns.volume[first] == columns.volume[second]) & (columns.volume[first] >= 0)
    keep |= page & (near | volume)
    keep |= near & volume & (columns.journal[first] == columns.journal[second])
    keep &= first != second
    return keep


def candidate_pairs(columns: Columns, index: KeyIndex, first_row: int) -> tuple[Rows, Rows]:
    """Return the pairs to compare that involve the rows from ``first_row`` on.

    Parameters
    ----------
    columns
        All rows, those already in the index first.
    index
        The keys of the rows before ``first_row``.
    first_row
        The first new row.

    Returns
    -------
    first, second : arrays of int64, shape (pairs,)
        Rows of each pair, ``first < second``, each pair once, sorted.
    """
    keys, rows = _flat(columns.keys[first_row:], first_row)
    count = np.int64(len(columns))
    codes: list[NDArray[np.int64]] = []

    def keep(first: Rows, second: Rows) -> None:
        kept = plausible(columns, first, second)
        low = np.minimum(first[kept], second[kept])
        high = np.maximum(first[kept], second[kept])
        codes.append(np.unique(low * count + high))

    for first, second in _pairs_within(keys, rows):
        keep(first, second)
    if index.keys.size:
        for first, second in _pairs_between(index, keys, rows):
            keep(first, second)
    if not codes:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing
    every = np.unique(np.concatenate(codes))
    return every // count, every % count
