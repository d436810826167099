"""Feature extractors: texts to sparse rows, of length one or less.

Terms that occur in one text only cannot make two texts alike. They are left out of the matrix and
kept in its rows' lengths, which gives the same products between texts with a third of the memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from evisynth.errors import DataError, OptionError
from evisynth.prioritization.text import stem, words_in, words_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Extractor", "Features", "TfidfPairs", "WordsAndPairs", "fingerprint_of_texts"]

MOST_KEYS = 2**63
"""Pairs of words in texts that a whole number of 64 bits tells apart: about a million records."""

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Features:
    """Texts as numbers: those of the records first, then those of the question and key papers.

    Attributes
    ----------
    matrix : scipy.sparse.csr_matrix, shape (records + context, terms)
        Weights of the terms, float32.
    rest : array, shape (records + context,)
        Squared length of what only this text has and the matrix leaves out.
    records : int
        How many of the rows are records.
    empty : array of bool, shape (records + context,)
        Rows without any word: scored last, never learned from.
    fingerprint : str
        SHA-256 of the texts.
    """

    matrix: csr_matrix = field(repr=False)
    rest: FloatArray = field(repr=False)
    records: int
    empty: npt.NDArray[np.bool_] = field(repr=False)
    fingerprint: str


class Extractor(Protocol):
    """What a feature extractor can do; `extract` takes the texts and how many are records."""

    def extract(self, texts: Sequence[str], records: int) -> Features:
        """Turn texts into features."""


def fingerprint_of_texts(texts: Sequence[str]) -> str:
    """Return the SHA-256 of texts in their order.

    Examples
    --------
    >>> fingerprint_of_texts(["a", "b"]) == fingerprint_of_texts(["ab", ""])
    False
    """
    digest = hashlib.sha256()
    for text in texts:
        part = text.encode("utf-8", "surrogatepass")
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _check_share(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise OptionError(name, value, ["a number above 0 and up to 1"])


@dataclass(frozen=True, slots=True)
class WordsAndPairs:
    """Words and pairs of neighbouring words, TF-IDF, plural endings cut.

    Attributes
    ----------
    pairs : bool
        Whether pairs of neighbouring words are terms as well.
    stems : bool
        Whether plural endings are cut.
    most : float
        Terms in more than this share of the records are left out.
    pivot : float
        How far a record with less text than usual is kept from full length: its row is divided by
        ``(1 - pivot) × own length + pivot × mean length`` (pivoted normalization, Singhal et al.
        1996, doi:10.1145/243199.243206, for the short ones only). A title without an abstract says
        little, and its few words must not shout. 0 gives every row length one.

    Examples
    --------
    >>> found = WordsAndPairs(pivot=0.0).extract(["sleep trial", "sleep trials", "a virus", ""], 4)
    >>> found.matrix.shape[0], [bool(each) for each in found.empty]
    (4, [False, False, False, True])
    >>> round(float((found.matrix @ found.matrix.T)[0, 1]), 6)
    1.0
    """

    pairs: bool = True
    stems: bool = True
    most: float = 0.95
    pivot: float = 0.25

    def __post_init__(self) -> None:
        _check_share("most", self.most)
        if not 0 <= self.pivot <= 1:
            raise OptionError("pivot", self.pivot, ["a number from 0 to 1"])

    def extract(self, texts: Sequence[str], records: int) -> Features:
        """Turn texts into features; the first ``records`` of them decide which terms weigh what."""
        from scipy.sparse import hstack

        words, lengths, size = self._words(texts)
        count = len(texts)
        owner = np.repeat(np.arange(count, dtype=np.int64), lengths)
        squares = np.zeros(count)
        # A term and its text are one number: a pair's is below size² × texts, 64 bits hold it.
        if self.pairs and size * size * count >= MOST_KEYS:
            raise DataError(
                f"{count:,} texts with {size:,} different words are too many for pairs of words; "
                'rank them with options={"features": {"pairs": False}}'
            )
        blocks = [_weigh(words * count + owner, records, count, self.most, squares)]
        if self.pairs and words.size > 1:
            keys = words[:-1] * size
            keys += words[1:]
            keys *= count
            keys += owner[1:]
            keys = keys[owner[1:] == owner[:-1]]
            del words, owner
            blocks.append(_weigh(keys, records, count, self.most, squares))
            del keys
        matrix: csr_matrix = hstack(blocks, format="csr", dtype=np.float32)
        blocks.clear()
        scale = _scale(np.sqrt(squares), records, self.pivot)
        matrix.data *= np.repeat(scale, np.diff(matrix.indptr)).astype(np.float32)
        rest = np.maximum(squares * scale**2 - _squared_lengths(matrix), 0.0)
        return Features(matrix, rest, records, lengths == 0, fingerprint_of_texts(texts))

    def _words(self, texts: Sequence[str]) -> tuple[IntArray, IntArray, int]:
        """Return the words of all texts as numbers, how many a text has, how many there are."""
        from array import array

        number_of_stem: dict[str, int] = {}
        number_of_word: dict[str, int] = {}
        numbers = array("q")
        lengths = np.zeros(len(texts), dtype=np.int64)
        for place, text in enumerate(texts):
            found = words_in(text)
            lengths[place] = len(found)
            for word in found:
                number = number_of_word.get(word)
                if number is None:
                    cut = stem(word) if self.stems else word
                    number = number_of_stem.setdefault(cut, len(number_of_stem))
                    number_of_word[word] = number
                numbers.append(number)
        return np.frombuffer(numbers, dtype=np.int64), lengths, max(len(number_of_stem), 1)


def _scale(lengths: npt.NDArray[np.float64], records: int, pivot: float) -> FloatArray:
    """Return what each row is multiplied by: to length one, records with less to read to less."""
    there = lengths[:records] > 0
    if not there.any():
        return np.zeros_like(lengths)
    usual = float(lengths[:records][there].mean())
    aim = lengths.copy()
    aim[:records] = np.maximum(aim[:records], (1.0 - pivot) * aim[:records] + pivot * usual)
    return np.divide(1.0, aim, out=np.zeros_like(lengths), where=lengths > 0)


def _squared_lengths(matrix: csr_matrix) -> FloatArray:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    squared = matrix.data.astype(np.float64) ** 2
    return np.asarray(
        np.bincount(rows, weights=squared, minlength=matrix.shape[0]), dtype=np.float64
    )


def _weigh(
    keys: IntArray, records: int, texts: int, most: float, squares: npt.NDArray[np.float64]
) -> csr_matrix:
    """Return TF-IDF weights of the terms that two texts share; add all weights to ``squares``.

    Each key is term × texts + text, one for each time that the term stands in the text. They are
    sorted in place.
    """
    from scipy.sparse import csc_matrix, csr_matrix

    if not keys.size:
        return csr_matrix(np.zeros((texts, 0), dtype=np.float32))
    keys.sort()
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    times = np.diff(first, append=keys.size).astype(np.float32)
    keys = keys[first]
    del first
    row = (keys % texts).astype(np.int32)
    keys //= texts
    start = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    everywhere = np.diff(start, append=keys.size)
    del keys
    of_records = np.add.reduceat((row < records).astype(np.int32), start)
    del start
    weight_of_term = (np.log((1.0 + records) / (1.0 + of_records)) + 1.0).astype(np.float32)
    weight_of_term[(of_records == 0) | (of_records > most * records)] = 0.0
    weights = times
    np.log(weights, out=weights)
    weights += 1.0
    weights *= np.repeat(weight_of_term, everywhere)
    squares += np.bincount(row, weights=weights.astype(np.float64) ** 2, minlength=texts)
    shared = (everywhere > 1) & (weight_of_term > 0)
    keep = np.repeat(shared, everywhere)
    ends = np.r_[0, np.cumsum(everywhere[shared])]
    weights, row = weights[keep], row[keep]
    del keep
    return csc_matrix((weights, row, ends), shape=(texts, int(shared.sum()))).tocsr()


@dataclass(frozen=True, slots=True)
class TfidfPairs:
    """Words and pairs of words by scikit-learn's TfidfVectorizer, as in ASReview's ELAS u4.

    It is here for comparison: more memory, no stems.

    Examples
    --------
    >>> TfidfPairs().extract(["sleep trial", "sleep in a trial", "virus"], 3).matrix.shape
    (3, 7)
    """

    most: float = 0.95

    def __post_init__(self) -> None:
        _check_share("most", self.most)

    def extract(self, texts: Sequence[str], records: int) -> Features:
        """Turn texts into features."""
        from scipy.sparse import csr_matrix, vstack
        from sklearn.feature_extraction.text import TfidfVectorizer

        empty = np.array([not words_of(text) for text in texts], dtype=bool)
        print_of_texts = fingerprint_of_texts(texts)
        if empty[:records].all() or records == 1:
            nothing = csr_matrix(np.zeros((len(texts), 0), dtype=np.float32))
            return Features(nothing, np.zeros(len(texts)), records, empty, print_of_texts)
        maker = TfidfVectorizer(
            ngram_range=(1, 2),
            sublinear_tf=True,
            max_df=max(self.most, 1.0 / records),
            dtype=np.float32,
        )
        rows = maker.fit_transform(texts[:records])
        if len(texts) > records:
            rows = vstack([rows, maker.transform(texts[records:])])
        matrix = csr_matrix(rows, dtype=np.float32)
        return Features(matrix, np.zeros(len(texts)), records, empty, print_of_texts)
