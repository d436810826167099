"""Which rows a resampling method takes: subsets, sign flips, permutations, draws with return.

Everything is made in blocks of bounded size and from a seed, so that millions of refits need little
memory and the same seed gives the same answer on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from evisynth.errors import DataError

__all__ = [
    "arrangements",
    "count_arrangements",
    "draw_subsets",
    "membership_of",
    "resampling_blocks",
    "sign_flips",
]

Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]

BLOCK_CELLS = 4_000_000
"""Cells (refits times studies) that are laid out in memory at once."""

POPULATION = 1 << 22
"""Up to so many subsets, those drawn are picked from a list of all; beyond it, collisions of
numbers drawn are so rare that they are drawn again."""

WORD_BITS = 62
"""Subsets of at most so many studies are the bits of a signed 64-bit number."""


def draw_subsets(k: int, count: int, seed: int, by: str = "subset") -> tuple[Bytes, bool]:
    """Choose non-empty subsets of k studies.

    Parameters
    ----------
    k
        Number of studies.
    count
        Number of subsets wanted; all 2^k - 1 are taken where there are not more.
    seed
        Seed of the draw.
    by
        ``"subset"``: every subset has the same chance, none comes twice. ``"size"``: the number of
        studies is drawn first, each with the same chance, then the studies; small and large subsets
        are then as frequent as those in the middle, and may come twice.

    Returns
    -------
    membership : ndarray of uint8, shape (count, ceil(k / 8))
        Packed bits (`numpy.packbits`, little bit order): which studies are in.
    complete : bool
        Whether these are all subsets.

    Examples
    --------
    >>> bits, complete = draw_subsets(3, 100, seed=1)
    >>> membership_of(bits, 3).sum(axis=1), complete
    (array([1, 1, 2, 1, 2, 2, 3]), True)
    """
    if count < 1:
        raise DataError(f"{count} subsets cannot be drawn; at least 1 is needed")
    if k <= WORD_BITS and count >= 2**k - 1:
        return _bytes_of(np.arange(1, 2**k, dtype=np.int64), k), True
    generator = np.random.default_rng(seed)
    if by == "size":
        return _by_size(k, count, generator), False
    if k > WORD_BITS:
        return _random_bytes(k, count, generator), False
    return _bytes_of(_distinct(k, count, generator), k), False


def _distinct(k: int, count: int, generator: np.random.Generator) -> Integers:
    """Draw different numbers from 1 to 2^k - 1."""
    highest = 2**k
    if highest <= POPULATION:
        return generator.permutation(highest - 1)[:count].astype(np.int64) + 1
    found = np.empty(0, dtype=np.int64)
    while len(found) < count:
        more = generator.integers(1, highest, count - len(found) + 16, dtype=np.int64)
        whole = np.concatenate([found, more])
        _, first = np.unique(whole, return_index=True)
        found = whole[np.sort(first)]
    return found[:count]


def _bytes_of(numbers: Integers, k: int) -> Bytes:
    """Return the k lowest bits of each number, packed."""
    bytes_each = numbers.astype("<i8")[:, None].view(np.uint8)
    return np.ascontiguousarray(bytes_each[:, : (k + 7) // 8])


def _random_bytes(k: int, count: int, generator: np.random.Generator) -> Bytes:
    """Draw subsets of many studies; an empty one, one in 2^k, is drawn again."""
    width = (k + 7) // 8
    bits = generator.integers(0, 256, (count, width), dtype=np.uint8)
    if k % 8:
        bits[:, -1] &= (1 << (k % 8)) - 1
    empty = ~bits.any(axis=1)
    if empty.any():  # pragma: no cover - a chance of 2^-63 and less
        bits[empty] = _random_bytes(k, int(empty.sum()), generator)
    return bits


def _by_size(k: int, count: int, generator: np.random.Generator) -> Bytes:
    """Draw sizes evenly from 1 to k, then members."""
    parts = []
    for begin, end in resampling_blocks(count, k):
        sizes = generator.integers(1, k + 1, end - begin)
        rank = generator.random((end - begin, k)).argsort(axis=1).argsort(axis=1)
        parts.append(np.packbits(rank < sizes[:, None], axis=1, bitorder="little"))
    return np.concatenate(parts)


def membership_of(bits: Bytes, k: int) -> Bools:
    """Return packed memberships as truth values, shape (B, k).

    Examples
    --------
    >>> membership_of(np.array([[5]], dtype=np.uint8), 3)
    array([[ True, False,  True]])
    """
    return np.unpackbits(bits, axis=1, count=k, bitorder="little").view(np.bool_)


def resampling_blocks(count: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of blocks of rows of a bounded number of cells."""
    rows = max(1, BLOCK_CELLS // max(1, width))
    for begin in range(0, count, rows):
        yield begin, min(count, begin + rows)


def sign_flips(k: int, draws: int, seed: int, exact: bool) -> Iterator[Bools]:
    """Yield blocks of sign flips, shape (B, k); the first row of the first has none.

    Parameters
    ----------
    k
        Number of studies.
    draws
        Number of rows in all, the first included (not used where ``exact``).
    seed
        Seed of the draw.
    exact
        Whether all 2^k rows are wanted, each once.

    Examples
    --------
    >>> next(sign_flips(2, 0, 1, exact=True))
    array([[False, False],
           [ True, False],
           [False,  True],
           [ True,  True]])
    """
    generator = np.random.default_rng(seed)
    count = 2**k if exact else draws
    for begin, end in resampling_blocks(count, k):
        if exact:
            flipped = membership_of(_bytes_of(np.arange(begin, end, dtype=np.int64), k), k)
        else:
            flipped = generator.integers(0, 2, (end - begin, k), dtype=np.uint8).view(np.bool_)
            if begin == 0:
                flipped[0] = False
        yield flipped


def count_arrangements(kinds: Integers) -> int:
    """Return how many different orders rows of these kinds have: k! over those within each kind.

    Examples
    --------
    >>> count_arrangements(np.array([0, 0, 1, 1]))
    6
    """
    _, times = np.unique(kinds, return_counts=True)
    return factorial(len(kinds)) // prod(factorial(int(number)) for number in times)


def arrangements(kinds: Integers, draws: int, seed: int, exact: bool) -> Iterator[Integers]:
    """Yield blocks of orders of rows, shape (B, k): place i takes row ``order[i]``.

    Parameters
    ----------
    kinds
        Shape (k,): rows of the same kind are alike, so that exchanging them changes nothing.
    draws, seed
        As in `sign_flips`; the first order of the first block is 0, 1, 2 ...
    exact
        Whether every different arrangement is wanted, each once (the order of the data among them,
        not necessarily first).

    Examples
    --------
    >>> next(arrangements(np.array([0, 0, 1]), 0, 1, exact=True))
    array([[0, 1, 2],
           [0, 2, 1],
           [2, 0, 1]])
    """
    k = len(kinds)
    if exact:
        for begin, end in resampling_blocks(count_arrangements(kinds), k):
            yield _arrangement(kinds, np.arange(begin, end, dtype=np.int64))
        return
    generator = np.random.default_rng(seed)
    same = np.arange(k)
    for begin, end in resampling_blocks(draws, k):
        rows = generator.permuted(np.broadcast_to(same, (end - begin, k)), axis=1)
        if begin == 0:
            rows[0] = same
        yield rows


def _arrangement(kinds: Integers, ranks: Integers) -> Integers:
    """Return the arrangements with these places in the lexicographic order of kinds.

    Of N arrangements of n rows, N m / n begin with a kind of which there are m: the rank says which
    kind comes next, place after place.
    """
    k, size = len(kinds), len(ranks)
    _, kind, times = np.unique(kinds, return_inverse=True, return_counts=True)
    left = np.repeat(times[None, :].astype(np.int64), size, axis=0)
    number = np.full(size, count_arrangements(kinds), dtype=np.int64)
    rank = ranks.copy()
    chosen = np.empty((size, k), dtype=np.int64)
    everyone = np.arange(size)
    for place in range(k):
        share = number[:, None] * left // (k - place)
        upper = share.cumsum(axis=1)
        which = (rank[:, None] >= upper).sum(axis=1)
        number = share[everyone, which]
        rank -= upper[everyone, which] - number
        left[everyone, which] -= 1
        chosen[:, place] = which
    # the rows of a kind are taken in their order
    rows_by_kind = np.argsort(kind, kind="stable")
    order = np.empty_like(chosen)
    np.put_along_axis(
        order, np.argsort(chosen, axis=1, kind="stable"), rows_by_kind[None, :], axis=1
    )
    return order
