"""Levels of categories: their names, their order, and whether a column holds numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evisynth.synthesis.inputs import is_coded

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["is_numeric", "level_name", "level_names", "sort_levels"]


def is_numeric(column: pd.Series) -> bool:
    """Tell numbers, also in a column of objects, from words and truth values."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if is_bool_dtype(column):
        return False
    if is_numeric_dtype(column):
        return True
    cells = [cell for cell, here in zip(column, is_coded(column), strict=True) if here]
    return bool(cells) and all(
        isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in cells
    )


def level_name(cell: object) -> str:
    """Return a level's name: text as it is, 2.0 as ``"2"``."""
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()


def sort_levels(column: pd.Series) -> list[str]:
    """Return the distinct levels of a column, numbers by size and words by alphabet."""
    cells = column[is_coded(column)]
    if hasattr(cells, "cat"):
        used = {level_name(cell) for cell in cells}
        return [name for name in map(level_name, cells.cat.categories) if name in used]
    if is_numeric(cells):
        return list(dict.fromkeys(level_name(cell) for cell in sorted(cells)))
    return sorted({level_name(cell) for cell in cells})


def level_names(column: pd.Series) -> list[str]:
    """Return the level of each row, ``""`` where none is coded; shape (K,)."""
    coded = is_coded(column)
    return [level_name(cell) if here else "" for cell, here in zip(column, coded, strict=True)]
