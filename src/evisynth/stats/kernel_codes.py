"""Estimators of tau² as whole numbers for the compiled loops, and the stamp of their files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CODES",
    "DL",
    "HE",
    "HS",
    "KNOWN",
    "ML",
    "NONE",
    "PM",
    "REML",
    "SJ",
    "Cells",
    "Terms",
    "stamp",
]

REML, ML, PM, DL, HS, HE, SJ, NONE, KNOWN = range(9)

CODES = {"REML": REML, "ML": ML, "PM": PM, "EB": PM, "DL": DL, "HS": HS, "HE": HE, "SJ": SJ}
"""EB solves the equation of PM (see `evisynth.stats.heterogeneity`)."""


Terms = tuple[float, float, float, float]
"""y'PPy, y'PPPy, trace, trace2 (see `evisynth.stats.algebra.Terms`)."""


class Cells(NamedTuple):
    """Which estimates each row of a batch holds.

    Attributes
    ----------
    estimates, variances : ndarray, shape (N,)
        All of them.
    starts, lengths : ndarray of int, shape (B,)
        Where a row begins, and over how many places it stretches.
    mask : ndarray of bool, shape (B, M), or (0, 0)
        Which of these places count; without draws and flips only.
    draws : ndarray of int, shape (B, M), or (0, 0)
        Which place after the beginning is meant instead; may repeat.
    flips : ndarray of bool, shape (B, M), or (0, 0)
        Which estimates change their sign.
    """

    estimates: NDArray[np.float64]
    variances: NDArray[np.float64]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    mask: NDArray[np.bool_]
    draws: NDArray[np.int64]
    flips: NDArray[np.bool_]


def stamp(*modules: str) -> int:
    """Return a number that changes with the files of some modules of this room.

    Numba's cache on disk looks at the age of the file of an entry point only, not at those of the
    functions it calls. The number is part of the entry point's closure, and so of its key.
    """
    folder = Path(__file__).parent
    states = [(folder / f"{module}.py").stat() for module in modules]
    return max(1, max(state.st_mtime_ns for state in states) + sum(s.st_size for s in states))
