"""From a formula and data to a design matrix that can be made again for new data.

The language is that of `formula_parsing`. Numbers enter as they are; words, truth values and
``C(x)`` as categories against a reference level. A category whose margin is not in the model
(``a:b`` without ``b``, or the first one without an intercept) gets a column for each level, as in
R. Knots, means and levels are learnt from the rows that are fitted and kept in the design.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evisynth.errors import DataError, OptionError
from evisynth.stats import independent_columns
from evisynth.synthesis.formula_coding import Coding, FactorCoding, learn_levels, learn_steps
from evisynth.synthesis.formula_parsing import LANGUAGE, Factor, parse_formula
from evisynth.synthesis.inputs import is_coded
from evisynth.synthesis.levels import is_numeric, level_name, level_names, sort_levels

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "Design",
    "Factor",
    "build_design",
    "drop_redundant_columns",
    "level_name",
    "level_names",
    "parse_formula",
    "sort_levels",
]


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
    term_labels : tuple of str
        Terms of the formula, e.g. ``"ns(dose, 3)"``; empty for a given matrix.
    owners : tuple of int, shape (P,)
        Which term each column belongs to, from 1; 0 for the intercept. Empty for a given matrix.
    coding : Coding or None
        What makes the design of new data; None for a given matrix.
    """

    matrix: NDArray[np.float64]
    terms: tuple[str, ...]
    complete: NDArray[np.bool_]
    reference_levels: dict[str, str]
    term_labels: tuple[str, ...] = ()
    owners: tuple[int, ...] = ()
    coding: Coding | None = None


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
        See `formula_parsing`.
    use
        Rows that will be fitted (if complete), shape (K,): levels, knots and means are taken from
        them.
    levels
        Order of the levels by column; the first is the reference. Otherwise ordered as a pandas
        category, or sorted.

    Raises
    ------
    OptionError
        If a column does not exist or the formula cannot be read.
    DataError
        If a category has one level only, or a value that is not in `levels`; if a function has no
        value (the logarithm of 0), or knots cannot be placed.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"arm": ["a", "b", "b", "a"], "dose": [1, 2, 3, 4]})
    >>> build_design(table, "arm + poly(dose, 2, raw=True)", np.ones(4, bool)).terms
    ('intercept', 'arm[b]', 'poly(dose, 2, raw=True)[1]', 'poly(dose, 2, raw=True)[2]')
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
    learner = _Learner(data, complete & use, dict(levels or {}))
    present: set[frozenset[str]] = {frozenset()} if intercept else set()
    learnt: list[tuple[FactorCoding, ...]] = []
    for term in terms:
        parts = []
        for factor in term:
            margin = frozenset(other.label for other in term if other != factor)
            parts.append(learner.learn(factor, contrasts=margin in present))
        present.add(frozenset(factor.label for factor in term))
        if all(part.levels and part.shown == part.levels for part in parts):
            present.add(frozenset())  # the columns of all levels sum to that of an intercept
        learnt.append(tuple(parts))
    coding = Coding(intercept, tuple(learnt))
    columns, labels, owners = coding.all_columns(data, complete & use)
    if not columns:
        raise OptionError("formula", formula, [LANGUAGE], hint="The model has no term.")
    return Design(
        matrix=np.column_stack(columns).reshape(len(data), -1),
        terms=tuple(labels),
        complete=complete,
        reference_levels=learner.reference,
        term_labels=tuple(":".join(factor.label for factor in term) for term in terms),
        owners=tuple(owners),
        coding=replace(coding, kept=tuple(range(len(columns)))),
    )


def drop_redundant_columns(design: Design, rows: NDArray[np.bool_]) -> tuple[Design, str]:
    """Return a design without the columns that depend on those before them, and a note on it.

    Parameters
    ----------
    design
        Any design.
    rows
        Rows that are fitted, shape (K,).

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"dose": [1.0, 2, 3], "twice": [2.0, 4, 6]})
    >>> design = build_design(table, "dose + twice", np.ones(3, bool))
    >>> drop_redundant_columns(design, np.ones(3, bool))[1]
    'Redundant columns left out of the model: twice.'
    """
    keep = independent_columns(design.matrix[rows])
    if keep.all():
        return design, ""
    places = [int(place) for place in np.flatnonzero(keep)]
    dropped = ", ".join(design.terms[place] for place in np.flatnonzero(~keep))
    coding = design.coding
    made = replace(
        design,
        matrix=design.matrix[:, places],
        terms=tuple(design.terms[place] for place in places),
        owners=tuple(design.owners[place] for place in places) if design.owners else (),
        coding=coding and replace(coding, kept=tuple(coding.kept[place] for place in places)),
    )
    return made, f"Redundant columns left out of the model: {dropped}."


class _Learner:
    """Learns how columns are coded, remembering the reference levels."""

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

    def learn(self, factor: Factor, contrasts: bool) -> FactorCoding:
        """Return how a factor is coded; with contrasts the first level has no column."""
        column = self.data[factor.column]
        category = factor.category or factor.column in self.levels or not is_numeric(column)
        if factor.steps or not category:
            return FactorCoding(
                factor.label, factor.column, steps=learn_steps(factor, column, self.rows)
            )
        order = self._order(factor, column)
        if len(order) < 2:
            raise DataError(
                f"the moderator {factor.column!r} has one level only "
                f"({', '.join(order) or 'none'}) among the studies that can be used; leave it out"
            )
        if contrasts:
            self.reference[factor.column] = order[0]
        shown = order[1:] if contrasts else order
        return FactorCoding(factor.label, factor.column, order, shown)

    def _order(self, factor: Factor, column: pd.Series) -> tuple[str, ...]:
        """Return the levels in use in their order, the reference first."""
        name = factor.column
        if factor.levels is not None or name in self.levels:
            wanted = factor.levels if factor.levels is not None else self.levels[name]
            order = [level_name(level) for level in wanted]
            used = set(learn_levels(column, sort_levels(column[self.rows]), self.rows))
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
        found = learn_levels(column, order, self.rows)
        if factor.reference is None:
            return found
        if factor.reference not in found:
            raise OptionError("reference", factor.reference, found, hint=f"In C({name}).")
        return (factor.reference, *(level for level in found if level != factor.reference))
