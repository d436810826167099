"""How the columns of data become the columns of a design: learnt once, used again for new data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.errors import DataError, OptionError
from evisynth.stats import (
    bspline_basis,
    harrell_knots,
    natural_spline_basis,
    orthogonal_polynomial,
    polynomial_basis,
    quantile_knots,
    restricted_cubic_basis,
)
from evisynth.synthesis.formula_parsing import Factor, Step
from evisynth.synthesis.inputs import is_coded
from evisynth.synthesis.levels import is_numeric, level_name, level_names

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Coding", "FactorCoding", "LearntStep", "as_table", "learn_steps"]

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LearntStep:
    """A function of a column with everything it needs: knots, means, powers.

    Attributes
    ----------
    name : str
        Name of the function.
    numbers : tuple of tuple of float
        Its numbers, e.g. interior and boundary knots of a spline.
    """

    name: str
    numbers: tuple[Numbers, ...] = ()


@dataclass(frozen=True, slots=True)
class FactorCoding:
    """How one column stands in a term.

    Attributes
    ----------
    label, column : str
        Name in the terms, and column of the data.
    levels : tuple of str
        Levels of a category, the reference first where it has one; empty for numbers.
    shown : tuple of str
        Levels that have a column of the design.
    steps : tuple of LearntStep
        Functions of numbers, from the inside out.
    """

    label: str
    column: str
    levels: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    steps: tuple[LearntStep, ...] = ()

    def columns(
        self, data: pd.DataFrame, checked: NDArray[np.bool_]
    ) -> list[tuple[str, NDArray[np.float64]]]:
        """Return the named columns, shape (K,) each, NaN where there is no value.

        Only in the rows that are `checked` a level or number that cannot be used is an error.
        """
        column = data[self.column]
        if not self.levels:
            values = run_steps(as_numbers(column, self.label), self.steps, self.label, checked)
            if values.ndim == 1:
                return [(self.label, values)]
            return [
                (f"{self.label}[{place + 1}]", values[:, place]) for place in range(values.shape[1])
            ]
        cells = level_names(column)
        known = {"", *self.levels}
        unknown = sorted({cell for cell, here in zip(cells, checked, strict=True) if here} - known)
        if unknown:
            raise DataError(
                f"the moderator {self.column!r} has {', '.join(map(repr, unknown))}, which is not "
                f"among its levels: {', '.join(self.levels)}"
            )
        missing = np.array([cell not in self.levels for cell in cells], dtype=np.bool_)
        made = []
        for level in self.shown:
            indicator = np.array([float(cell == level) for cell in cells])
            indicator[missing] = np.nan
            made.append((f"{self.column}[{level}]", indicator))
        return made


@dataclass(frozen=True, slots=True)
class Coding:
    """A formula with everything learnt from the data it was fitted to.

    Attributes
    ----------
    intercept : bool
        Whether the first column is a constant.
    terms : tuple of tuple of FactorCoding
        Terms in their order.
    kept : tuple of int
        Columns kept of all that the terms give (redundant ones may have been dropped).
    """

    intercept: bool
    terms: tuple[tuple[FactorCoding, ...], ...]
    kept: tuple[int, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the data that are needed."""
        return tuple(dict.fromkeys(factor.column for term in self.terms for factor in term))

    def all_columns(
        self, data: pd.DataFrame, checked: NDArray[np.bool_]
    ) -> tuple[list[NDArray[np.float64]], list[str], list[int]]:
        """Return all columns, their names, and the term of each (0 is the intercept)."""
        columns = [np.ones(len(data))] if self.intercept else []
        names, owners = ["intercept"] * self.intercept, [0] * self.intercept
        for place, term in enumerate(self.terms):
            for choice in product(*(factor.columns(data, checked) for factor in term)):
                names.append(":".join(name for name, _ in choice))
                columns.append(np.prod(np.array([values for _, values in choice]), axis=0))
                owners.append(place + 1)
        return columns, names, owners

    def matrix(self, data: pd.DataFrame) -> NDArray[np.float64]:
        """Return the design matrix of new data, shape (M, P), NaN where a moderator is missing.

        Raises
        ------
        OptionError
            If a column is missing.
        DataError
            If a level or number cannot be used.
        """
        for name in self.columns:
            if name not in data.columns:
                raise OptionError(
                    "new_data", name, [str(column) for column in data.columns],
                    hint=f"The model needs the columns {', '.join(self.columns)}.",
                )  # fmt: skip
        columns = self.all_columns(data, np.ones(len(data), dtype=np.bool_))[0]
        return np.column_stack([columns[place] for place in self.kept]).reshape(len(data), -1)


def as_table(data: pd.DataFrame | Mapping[str, Any]) -> pd.DataFrame:
    """Return new data as a table; single values are repeated.

    Examples
    --------
    >>> as_table({"dose": [1, 2], "arm": "a"}).to_dict("list")
    {'dose': [1, 2], 'arm': ['a', 'a']}
    """
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data.reset_index(drop=True)
    if not isinstance(data, Mapping):
        raise OptionError(
            "new_data", type(data).__name__, ["a DataFrame", "a mapping of columns by name"]
        )
    several = {
        name: isinstance(values, (list, tuple, np.ndarray, pd.Series, pd.Index))
        for name, values in data.items()
    }
    lengths = {len(values) for name, values in data.items() if several[name]}
    if len(lengths) > 1:
        raise DataError(f"new_data: the columns have different lengths: {sorted(lengths)}")
    size = lengths.pop() if lengths else 1
    return pd.DataFrame(
        {
            str(name): list(values) if several[name] else [values] * size
            for name, values in data.items()
        }
    )


def as_numbers(column: pd.Series, label: str) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where it has none."""
    if not is_numeric(column) and is_coded(column).any():
        raise DataError(
            f"{label}: the column {column.name!r} holds words, where numbers are needed"
        )
    coded = is_coded(column)
    return np.array(
        [float(cell) if here else np.nan for cell, here in zip(column, coded, strict=True)]
    )


def run_steps(
    values: NDArray[np.float64],
    steps: tuple[LearntStep, ...],
    label: str,
    checked: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Apply functions from the inside out; shape (K,), or (K, C) for a basis."""
    for step in steps:
        before = values
        with np.errstate(all="ignore"):
            values = STEPS[step.name](values, *step.numbers)
        bad = (
            checked
            & np.isfinite(before)
            & ~np.isfinite(values.reshape(len(before), -1)).all(axis=1)
        )
        if bad.any():
            raise DataError(
                f"{label}: {step.name} of {before[np.argmax(bad)]:g} is not a number; "
                "shift the column, e.g. log(I(x + 1)), or leave the row's cell empty"
            )
    return values


STEPS: dict[str, Callable[..., NDArray[np.float64]]] = {
    "log": np.log, "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "sqrt": np.sqrt,
    "exp": np.exp,
    "scale": lambda x, mean, sd: (x - mean[0]) / sd[0],
    "center": lambda x, mean: x - mean[0],
    "+": lambda x, by: x + by[0],
    "-": lambda x, by: x - by[0],
    "*": lambda x, by: x * by[0],
    "/": lambda x, by: x / by[0],
    "^": lambda x, by: x ** by[0],
    "from": lambda x, by: by[0] - x,
    "over": lambda x, by: by[0] / x,
    "base": lambda x, by: by[0] ** x,
    "ns": lambda x, knots, boundary: natural_spline_basis(x, knots, boundary),
    "bs": lambda x, knots, boundary, degree: bspline_basis(x, knots, boundary, int(degree[0])),
    "rcs": lambda x, knots: restricted_cubic_basis(x, knots),
    "poly": lambda x, centres, lengths: polynomial_basis(x, centres, lengths),
    "powers": lambda x, degree: np.column_stack([x**n for n in range(1, int(degree[0]) + 1)]),
}  # fmt: skip
"""What each function does with a column, given its numbers."""


def learn_steps(
    factor: Factor, column: pd.Series, rows: NDArray[np.bool_]
) -> tuple[LearntStep, ...]:
    """Find the numbers of the functions of a column from the rows that are fitted."""
    values = as_numbers(column, factor.label)
    learnt: tuple[LearntStep, ...] = ()
    for step in factor.steps:
        inside = run_steps(values, learnt, factor.label, rows)[rows]
        learnt = (*learnt, _learn(step, inside, factor.label))
    return learnt


def _learn(step: Step, x: NDArray[np.float64], label: str) -> LearntStep:
    """Find the numbers of one function; x has no gaps."""
    name = step.name
    try:
        if name == "poly":
            return _learn_polynomial(step, x, label)
        if name in ("ns", "bs"):
            return _learn_spline(step, x, label)
        if name == "rcs":
            knots = step.get("knots", 4.0)
            if isinstance(knots, tuple):
                return LearntStep(name, (_floats(knots, label),))
            return LearntStep(name, (harrell_knots(x, _whole(knots, "knots", label, 3)),))
    except DataError as error:
        raise DataError(f"{label}: {error}") from error
    if name in ("scale", "center"):
        mean = (float(x.mean()),) if x.size else (0.0,)
        if name == "center":
            return LearntStep(name, (mean,))
        sd = float(x.std(ddof=1)) if x.size > 1 else 0.0
        if not sd > 0:
            raise DataError(f"{label}: the column does not vary, so it cannot be scaled")
        return LearntStep(name, (mean, (sd,)))
    by = step.get("by")
    return LearntStep(name, ((float(by),),) if isinstance(by, float) else ())


def _learn_polynomial(step: Step, x: NDArray[np.float64], label: str) -> LearntStep:
    degree = _whole(step.get("degree", 1.0), "degree", label, 1)
    if step.get("raw", False):
        return LearntStep("powers", ((float(degree),),))
    return LearntStep("poly", orthogonal_polynomial(x, degree))


def _learn_spline(step: Step, x: NDArray[np.float64], label: str) -> LearntStep:
    name, given = step.name, step.get("knots")
    degree = _whole(step.get("degree", 3.0), "degree", label, 1) if name == "bs" else 3
    own = 1 if name == "ns" else degree
    if x.size == 0:
        raise DataError("there is no value to place knots by")
    limits = step.get("boundary")
    low, high = float(x.min()), float(x.max())
    if limits is not None:
        pair = _floats(limits, label)
        if len(pair) != 2:
            raise OptionError("boundary", limits, ["two numbers, e.g. boundary=[0, 10]"])
        low, high = pair
    if given is not None:
        if step.get("df") is not None:
            raise OptionError("formula", label, ["df or knots"], hint="Give one of them.")
        knots = _floats(given, label)
    else:
        df = _whole(step.get("df", float(own)), "df", label, own)
        knots = quantile_knots(x[(x >= low) & (x <= high)], df - own)
    # evaluated once, so that knots that cannot be used are refused when they are learnt
    numbers: tuple[Numbers, ...] = (knots, (low, high))
    if name == "bs":
        numbers = (*numbers, (float(degree),))
    STEPS[name](np.array([low]), *numbers)
    return LearntStep(name, numbers)


def _whole(value: object, name: str, label: str, least: int) -> int:
    if isinstance(value, float) and value.is_integer() and value >= least:
        return int(value)
    raise OptionError(name, value, [f"a whole number from {least} up"], hint=f"In {label}.")


def _floats(values: object, label: str) -> Numbers:
    cells = values if isinstance(values, tuple) else (values,)
    if not all(isinstance(cell, float) for cell in cells):
        raise OptionError("formula", label, ["numbers, e.g. knots=[5, 10, 20]"])
    return tuple(float(cell) for cell in cells)


def learn_levels(column: pd.Series, order: list[str], rows: NDArray[np.bool_]) -> tuple[str, ...]:
    """Return the levels in use among the rows that are fitted, in an order."""
    used = {
        level_name(cell)
        for cell, coded, here in zip(column, is_coded(column), rows, strict=True)
        if coded and here
    }
    return tuple(level for level in order if level in used)
