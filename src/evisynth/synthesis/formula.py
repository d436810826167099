"""A small language of moderators: columns joined by +, interactions with : and *.

``dose + region``, ``C(year)``, ``dose * region``, ``- 1`` or ``0 +`` for no intercept, back-ticks
around names with signs or spaces. Numbers enter as they are; words, truth values and ``C(x)`` as
categories against a reference level. A category whose margin is not in the model (``a:b`` without
``b``, or the first one without an intercept) gets a column for each level, as in R.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from evisynth.errors import DataError, OptionError
from evisynth.synthesis.inputs import is_coded

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "Design",
    "Factor",
    "build_design",
    "level_name",
    "level_names",
    "parse_formula",
    "sort_levels",
]

TOKEN = re.compile(r"\s*(?:(C\(\s*(?:`[^`]+`|[\w.]+)\s*\))|(`[^`]+`)|([\w.]+)|([-+*:~]))")
LANGUAGE = "columns joined by +, a:b, a*b, C(a), - 1, and `back-ticks` around unusual names"


@dataclass(frozen=True, slots=True)
class Factor:
    """One column in a term, as numbers or as a category."""

    column: str
    category: bool = False


Term = frozenset[Factor]


@dataclass(frozen=True, slots=True)
class Design:
    """A design matrix with names.

    Attributes
    ----------
    matrix : ndarray, shape (K, P)
        NaN in rows where a moderator has no value.
    terms : tuple of str
        Names of the columns, ``"intercept"`` first where there is one.
    complete : ndarray of bool, shape (K,)
        Rows in which every moderator has a value.
    reference_levels : dict of str to str
        Reference level by category.
    """

    matrix: NDArray[np.float64]
    terms: tuple[str, ...]
    complete: NDArray[np.bool_]
    reference_levels: dict[str, str]


def parse_formula(formula: str) -> tuple[bool, tuple[tuple[Factor, ...], ...]]:
    """Return whether there is an intercept, and the terms in their order.

    Raises
    ------
    OptionError
        If the text is not a formula.

    Examples
    --------
    >>> parse_formula("dose + C(year) - 1")[0]
    False
    >>> [len(term) for term in parse_formula("dose * region")[1]]
    [1, 1, 2]
    """
    intercept = True
    terms: dict[Term, tuple[Factor, ...]] = {}
    for sign, chain in _summands(formula):
        if chain in (["0"], ["1"]):
            intercept = (chain == ["1"]) == (sign == "+")
            continue
        if sign == "-":
            raise OptionError("formula", formula, [LANGUAGE], hint="Only - 1 can be taken away.")
        for term in _expand(chain, formula):
            terms.setdefault(frozenset(term), term)
    ordered = sorted(terms.values(), key=len)  # main effects before interactions
    return intercept, tuple(ordered)


def _summands(formula: str) -> list[tuple[str, list[str | Factor]]]:
    """Return what stands between the plus and minus signs, with the sign before it."""
    tokens = _tokens(formula)
    if tokens and tokens[0] == "~":
        tokens = tokens[1:]
    if not tokens or tokens[0] not in ("+", "-"):
        tokens = ["+", *tokens]
    found: list[tuple[str, list[str | Factor]]] = []
    for token in tokens:
        if isinstance(token, str) and token in ("+", "-"):
            found.append((token, []))
        else:
            found[-1][1].append(token)
    if not all(chain for _, chain in found):
        raise OptionError("formula", formula, [LANGUAGE])
    return found


def _tokens(formula: str) -> list[str | Factor]:
    tokens: list[str | Factor] = []
    place = 0
    text = formula.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise OptionError(
                "formula",
                formula,
                [LANGUAGE],
                hint=f"Not understood from {text[place:].strip()!r} on.",
            )
        category, quoted, word, sign = match.groups()
        if category:
            tokens.append(Factor(category[2:-1].strip().strip("`"), category=True))
        elif quoted:
            tokens.append(Factor(quoted[1:-1]))
        elif word in ("0", "1") or sign:
            tokens.append(word or sign)
        else:
            tokens.append(Factor(word))
        place = match.end()
    return tokens


def _expand(chain: list[str | Factor], formula: str) -> list[tuple[Factor, ...]]:
    """Return the terms of factors joined by : and *."""
    factors, signs = chain[::2], chain[1::2]
    in_order = all(isinstance(f, Factor) for f in factors) and all(s in (":", "*") for s in signs)
    if len(factors) != len(signs) + 1 or not in_order:
        raise OptionError("formula", formula, [LANGUAGE])
    found = [(f,) for f in factors if isinstance(f, Factor)]
    terms: list[tuple[Factor, ...]] = [found[0]]
    for sign, after in zip(signs, found[1:], strict=True):
        joined = [term + after for term in terms if after[0] not in term]
        terms = [*terms, after, *joined] if sign == "*" else joined
    return terms


def build_design(
    data: pd.DataFrame,
    formula: str,
    use: NDArray[np.bool_],
    levels: Mapping[str, Sequence[object]] | None = None,
) -> Design:
    """Make the design matrix of a formula.

    Parameters
    ----------
    data
        Shape (K, ...).
    formula
        See the module.
    use
        Rows that will be fitted (if complete), shape (K,): levels are taken from them.
    levels
        Order of the levels by column; the first is the reference. Otherwise ordered as a pandas
        category, or sorted.

    Raises
    ------
    OptionError
        If a column does not exist or the formula cannot be read.
    DataError
        If a category has one level only, or a value that is not in `levels`.
    """
    intercept, terms = parse_formula(formula)
    names = dict.fromkeys(factor.column for term in terms for factor in term)
    for name in names:
        if name not in data.columns:
            raise OptionError(
                "formula", name, [str(column) for column in data.columns], hint="No such column."
            )
    complete = np.ones(len(data), dtype=np.bool_)
    for name in names:
        complete &= is_coded(data[name])
    coder = _Coder(data, complete & use, dict(levels or {}))
    present: set[frozenset[str]] = {frozenset()} if intercept else set()
    columns: list[NDArray[np.float64]] = [np.ones(len(data))] if intercept else []
    labels = ["intercept"] if intercept else []
    for term in terms:
        parts = []
        for factor in term:
            margin = frozenset(other.column for other in term if other != factor)
            parts.append(coder.columns(factor, contrasts=margin in present))
        present.add(frozenset(factor.column for factor in term))
        for choice in product(*parts):
            labels.append(":".join(label for label, _ in choice))
            columns.append(np.prod(np.array([values for _, values in choice]), axis=0))
    if not columns:
        raise OptionError("formula", formula, [LANGUAGE], hint="The model has no term.")
    return Design(np.column_stack(columns), tuple(labels), complete, coder.reference)


class _Coder:
    """Turns columns into numbers, remembering the reference levels."""

    def __init__(
        self,
        data: pd.DataFrame,
        rows: NDArray[np.bool_],
        levels: dict[str, Sequence[object]],
    ) -> None:
        self.data = data
        self.rows = rows
        self.levels = levels
        self.reference: dict[str, str] = {}

    def columns(self, factor: Factor, contrasts: bool) -> list[tuple[str, NDArray[np.float64]]]:
        """Return the named columns of one factor, shape (K,) each, NaN where missing."""
        column = self.data[factor.column]
        if not (factor.category or factor.column in self.levels or not _is_numeric(column)):
            numbers = np.asarray(column.astype(float), dtype=np.float64)
            return [(factor.column, numbers)]
        coded = is_coded(column)
        values = [
            level_name(cell) if here else "" for cell, here in zip(column, coded, strict=True)
        ]
        order = self._order(factor.column, column, values)
        if len(order) < 2:
            raise DataError(
                f"the moderator {factor.column!r} has one level only "
                f"({', '.join(order) or 'none'}) among the studies that can be used; leave it out"
            )
        if contrasts:
            self.reference[factor.column] = order[0]
        shown = order[1:] if contrasts else order
        made: list[tuple[str, NDArray[np.float64]]] = []
        for level in shown:
            indicator = np.array([float(value == level) for value in values])
            indicator[~coded] = np.nan
            made.append((f"{factor.column}[{level}]", indicator))
        return made

    def _order(self, name: str, column: pd.Series, values: list[str]) -> list[str]:
        used = {value for value, here in zip(values, self.rows, strict=True) if here}
        if name in self.levels:
            order = [level_name(level) for level in self.levels[name]]
            unknown = sorted(used - set(order))
            if unknown:
                raise DataError(
                    f"the moderator {name!r} has {', '.join(map(repr, unknown))}, which is not "
                    f"among its levels: {', '.join(order)}"
                )
        elif hasattr(column, "cat"):
            order = [level_name(level) for level in column.cat.categories]
        else:
            order = sort_levels(column[self.rows])
        return [level for level in order if level in used]


def _is_numeric(column: pd.Series) -> bool:
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
    if _is_numeric(cells):
        return list(dict.fromkeys(level_name(cell) for cell in sorted(cells)))
    return sorted({level_name(cell) for cell in cells})


def level_names(column: pd.Series) -> list[str]:
    """Return the level of each row, ``""`` where none is coded; shape (K,)."""
    coded = is_coded(column)
    return [level_name(cell) if here else "" for cell, here in zip(column, coded, strict=True)]
