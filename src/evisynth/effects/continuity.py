"""The continuity correction: a constant added to counts where one of them is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["add_constant", "counts_words"]


def add_constant(
    values: Mapping[str, NDArray[np.float64]], roles: Sequence[str], constant: float, to: str
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Add a constant to counts.

    Parameters
    ----------
    values
        A kernel's inputs by role, shape (K,).
    roles
        The counts to which the constant is added: the four cells of a 2x2 table, the events of both
        arms of person-time, and so on.
    constant
        What is added to each of them.
    to
        ``"only0"``: rows where one of the counts is 0; ``"all"``: every row; ``"if0all"``: every
        row when one has a count of 0; ``"none"``.

    Returns
    -------
    values : dict of str to ndarray
        All inputs, with the counts changed.
    corrected : ndarray of bool, shape (K,)
        Which rows were changed.

    References
    ----------
    Sweeting MJ, Sutton AJ, Lambert PC (2004), doi:10.1002/sim.1761.
    """
    counts = np.stack([values[role] for role in roles])
    zero = (counts == 0).any(axis=0)
    corrected = {
        "only0": zero,
        "all": np.ones_like(zero),
        "if0all": np.full_like(zero, zero.any()),
        "none": np.zeros_like(zero),
    }[to]
    if constant == 0:
        corrected = np.zeros_like(zero)
    counts = np.where(corrected, counts + constant, counts)
    return {**values, **dict(zip(roles, counts, strict=True))}, corrected


def counts_words(roles: Sequence[str]) -> str:
    """Return the counts in words, e.g. ``all four cells``."""
    if len(roles) == 4:
        return "all four cells"
    if tuple(roles) == ("events1", "events2"):
        return "the events of both arms"
    return {1: "the count", 2: "both counts"}.get(len(roles), "all counts")
