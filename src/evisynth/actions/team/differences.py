"""What differs between two texts, word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TypeAlias

__all__ = ["Piece", "word_differences"]

Piece: TypeAlias = tuple[str, bool]
"""Some words as they stand, and whether the other text has them too."""

LONGEST = 4000
"""Words up to which two texts are compared."""

_SIGNS = re.compile(r"[\W_]+")


def _plain(word: str) -> str:
    return _SIGNS.sub("", word.casefold())


def _joined(words: Sequence[str], same: Sequence[bool]) -> tuple[Piece, ...]:
    pieces: list[tuple[list[str], bool]] = []
    for word, is_same in zip(words, same, strict=True):
        if pieces and pieces[-1][1] == is_same:
            pieces[-1][0].append(word)
        else:
            pieces.append(([word], is_same))
    return tuple((" ".join(part), is_same) for part, is_same in pieces)


def word_differences(one: str, two: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Cut two texts into words that both have, in one order, and words that only one has.

    Case and punctuation are no difference.

    Examples
    --------
    >>> word_differences("Walking after stroke.", "Walking after a Stroke")
    ((('Walking after stroke.', True),), (('Walking after', True), ('a', False), ('Stroke', True)))
    """
    left, right = one.split(), two.split()
    if len(left) + len(right) > LONGEST:
        same = one.split() == two.split()
        return ((one, same),), ((two, same),)
    plain_left, plain_right = [_plain(word) for word in left], [_plain(word) for word in right]
    # signs that stand alone are no words: they count as being in both
    in_left = [not word for word in plain_left]
    in_right = [not word for word in plain_right]
    matcher = SequenceMatcher(None, plain_left, plain_right, autojunk=False)
    for start, other, length in matcher.get_matching_blocks():
        in_left[start : start + length] = [True] * length
        in_right[other : other + length] = [True] * length
    return _joined(left, in_left), _joined(right, in_right)
