"""What very many meta-analyses are read from: arrays, tables, chunks of them, Dask collections.

Everything becomes pieces, groups that stand one after the other in flat arrays; a piece is made
when it is asked for, so that only a few are in memory at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.display import plural
from evisynth.errors import DataError, OptionError
from evisynth.stats import COMPILED_CELLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["ColumnNames", "Piece", "Source", "is_dask", "is_table", "pieces_of", "rows_of"]

KNOWN = {
    "estimate": ("estimate", "yi", "effect", "estimates"),
    "variance": ("variance", "vi", "variances"),
    "se": ("se", "sei", "standard_error"),
    "groups": ("group", "groups"),
}
"""Columns that are recognized by their names."""


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """Columns of a table; None where they are to be recognized."""

    estimate: str | None = None
    variance: str | None = None
    se: str | None = None
    groups: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some groups: flat arrays, where each begins, and what they are called.

    Attributes
    ----------
    estimates, variances : ndarray, shape (N,)
        NaN where missing.
    offsets : ndarray of int, shape (G + 1,)
        Group g holds rows ``offsets[g]`` up to, not including, ``offsets[g + 1]``.
    labels : ndarray, shape (G,)
        Names of the groups.
    """

    estimates: Floats
    variances: Floats
    offsets: NDArray[np.int64]
    labels: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Pieces, and how many groups there are in all.

    Attributes
    ----------
    pieces : iterator of Piece
        In their order.
    total : int or None
        Number of groups where it is known.
    cells : int
        Number of rows, or `evisynth.stats.COMPILED_CELLS` where there are at least as many.
    """

    pieces: Iterator[Piece]
    total: int | None
    cells: int


def is_dask(value: object) -> bool:
    """Return whether something is a Dask collection."""
    return hasattr(value, "__dask_graph__") and hasattr(value, "compute")


def is_table(value: object) -> bool:
    """Return whether something has columns with names."""
    return hasattr(value, "columns") or isinstance(value, Mapping)


def rows_of(
    estimates: Any, variances: Any, groups: Any, names: ColumnNames
) -> tuple[Floats, Floats, NDArray[Any] | None]:
    """Return estimates, variances and labels of a table or of arrays, as arrays.

    Raises
    ------
    OptionError
        If a column does not exist or is not recognized.
    DataError
        If the arrays do not fit together or a row has no group.
    """
    if is_table(estimates):
        return _columns(estimates, names)
    if isinstance(estimates, (str, bytes)):
        raise OptionError("estimates", estimates, ["arrays", "a data frame", "chunks of one"])
    y = np.asarray(estimates, dtype=np.float64)
    if variances is None:
        raise OptionError("variances", None, ["an array like the estimates"])
    v = np.asarray(variances, dtype=np.float64)
    if y.shape != v.shape or y.ndim not in (1, 2):
        raise DataError(
            f"estimates have shape {y.shape} and variances {v.shape}; both must be (N,) with a "
            "group for each, or (B, K) with a row a meta-analysis"
        )
    labels = None if groups is None else _labels(groups)
    if labels is None and y.ndim == 1:
        raise OptionError(
            "groups", None, ["an array with the group of each estimate"],
            hint="With (B, K) arrays each row is a group.",
        )  # fmt: skip
    if labels is not None and len(labels) != len(y):
        raise DataError(f"there are {len(labels)} groups for {len(y)} rows")
    return y, v, labels


def _columns(table: Any, names: ColumnNames) -> tuple[Floats, Floats, NDArray[Any]]:
    """Take the columns of a table."""
    if hasattr(table, "to_pydict"):  # Arrow
        table = table.to_pydict()
    elif hasattr(table, "get_columns"):  # polars
        table = table.to_dict(as_series=False)
    there = [str(column) for column in getattr(table, "columns", table)]

    def found(role: str, must: bool) -> str | None:
        wanted: str | None = getattr(names, role)
        if wanted is not None:
            if wanted not in there:
                raise OptionError(role, wanted, there)
            return wanted
        known = next((name for name in KNOWN[role] if name in there), None)
        if known is None and must:
            first = there[0] if there else "yi"
            raise OptionError(role, None, there, hint=f"Name the column, e.g. {role}={first!r}.")
        return known

    estimate = found("estimate", must=True)
    variance = found("variance", must=False) if names.se is None else None
    se = found("se", must=variance is None) if variance is None else None
    groups = found("groups", must=True)
    y = _numbers(table[estimate], str(estimate))
    if variance is not None:
        return y, _numbers(table[variance], variance), _labels(table[groups])
    error = _numbers(table[se], str(se))
    # a negative standard error stays visible as a variance that is not positive
    return y, np.copysign(error * error, error), _labels(table[groups])


def _numbers(column: Any, name: str) -> Floats:
    """Return a column as numbers, missing as NaN."""
    try:
        if hasattr(column, "to_numpy"):
            return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
        return np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"column {name!r} has something that is no number: {error}") from error


def _labels(groups: Any) -> NDArray[Any]:
    """Return labels as an array without gaps; text as text."""
    if hasattr(groups, "to_numpy"):
        gaps = np.asarray(groups.isna(), dtype=np.bool_)
        values = np.asarray(groups.to_numpy())
    else:
        values = np.asarray(groups)
        gaps = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), np.bool_)
        if values.dtype.kind == "O":
            gaps = np.array([one is None or one != one for one in values], dtype=np.bool_)
    if values.ndim != 1:
        raise DataError(f"groups have shape {values.shape}; one for each row is needed")
    if gaps.any():
        raise DataError(
            f"{plural(int(gaps.sum()), 'row')} without a group, the first is row "
            f"{int(np.argmax(gaps))}; give every row one or take it out"
        )
    return values


def as_text(labels: NDArray[Any]) -> NDArray[Any]:
    """Return labels that are all text as an array of text."""
    if labels.dtype.kind == "O" and all(isinstance(one, str) for one in labels):
        return labels.astype(np.str_)
    return labels


def grouped(y: Floats, v: Floats, labels: NDArray[Any]) -> Piece:
    """Bring the rows of each group together; groups in the order of their first rows."""
    if not len(labels):
        return Piece(y, v, np.zeros(1, dtype=np.int64), labels)
    begins = np.concatenate([[0], np.flatnonzero(labels[1:] != labels[:-1]) + 1])
    runs = labels[begins]
    codes, names = _factorized(runs)
    if len(names) < len(runs):  # a group comes again after another
        sizes = np.diff(np.append(begins, len(labels)))
        row_codes = np.repeat(codes, sizes)
        order = np.argsort(row_codes, kind="stable")
        y, v = y[order], v[order]
        ends = np.cumsum(np.bincount(row_codes, minlength=len(names)))
        return Piece(y, v, np.concatenate([[0], ends]), names)
    return Piece(y, v, np.append(begins, len(labels)), runs)


def _factorized(labels: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the number of each label, in the order in which they appear, and the labels."""
    import pandas as pd

    codes, names = pd.factorize(labels)
    return np.asarray(codes, dtype=np.int64), np.asarray(names)


def wide(y: Floats, v: Floats, labels: NDArray[Any]) -> Piece:
    """Return the rows of (B, K) arrays as groups."""
    offsets = np.arange(len(y) + 1, dtype=np.int64) * y.shape[1]
    return Piece(y.reshape(-1), v.reshape(-1), offsets, labels)


def cut(whole: Piece, size: int) -> Iterator[Piece]:
    """Cut a piece into smaller ones of ``size`` groups."""
    for begin in range(0, len(whole.labels), size):
        offsets = whole.offsets[begin : begin + size + 1]
        rows = slice(offsets[0], offsets[-1])
        yield Piece(
            whole.estimates[rows],
            whole.variances[rows],
            offsets - offsets[0],
            whole.labels[begin : begin + size],
        )


def pieces_of(estimates: Any, variances: Any, groups: Any, names: ColumnNames, size: int) -> Source:
    """Return the pieces of what `evisynth.synthesis.pool_many` was given, not a Dask collection."""
    is_stream = isinstance(estimates, Iterator) or (
        isinstance(estimates, Iterable)
        and not is_table(estimates)
        and not isinstance(estimates, (np.ndarray, list, tuple, str))
        and not hasattr(estimates, "__array__")
    )
    if is_stream:
        return _counted(_streamed(iter(estimates), names, size))
    y, v, labels = rows_of(estimates, variances, groups, names)
    if y.ndim == 2:
        rows = np.arange(len(y)) if labels is None else labels
        whole = wide(y, v, rows)
    else:
        whole = grouped(y, v, np.empty(0) if labels is None else labels)
    return Source(cut(whole, size), len(whole.labels), len(whole.estimates))


def _counted(pieces: Iterator[Piece]) -> Source:
    """Read ahead until it is known whether there are many rows or few."""
    first: list[Piece] = []
    cells = 0
    for piece in pieces:
        first.append(piece)
        cells += len(piece.estimates)
        if cells >= COMPILED_CELLS:
            break

    def every() -> Iterator[Piece]:
        while first:
            yield first.pop(0)
        yield from pieces

    return Source(every(), None, cells)


def _streamed(chunks: Iterator[Any], names: ColumnNames, size: int) -> Iterator[Piece]:
    """Yield the groups of chunks; the last group of a chunk may go on in the next."""
    rest: tuple[Floats, Floats, NDArray[Any]] | None = None
    counted = 0
    for chunk in chunks:
        y, v, labels = rows_of(*_parts(chunk), names)
        if y.ndim == 2:
            rows = np.arange(counted, counted + len(y)) if labels is None else labels
            counted += len(y)
            yield from cut(wide(y, v, rows), size)
            continue
        if labels is None or not len(labels):
            continue
        if rest is not None:
            y, v = np.concatenate([rest[0], y]), np.concatenate([rest[1], v])
            labels = np.concatenate([rest[2], labels])
        last = labels == labels[-1]
        rest = y[last], v[last], labels[last]
        yield from cut(grouped(y[~last], v[~last], labels[~last]), size)
    if rest is not None:
        yield grouped(*rest)


def _parts(chunk: Any) -> tuple[Any, Any, Any]:
    """Return estimates, variances and groups of a chunk."""
    if is_table(chunk):
        return chunk, None, None
    if isinstance(chunk, (tuple, list)) and len(chunk) in (2, 3):
        return chunk[0], chunk[1], chunk[2] if len(chunk) == 3 else None
    raise OptionError(
        "estimates",
        f"a chunk of type {type(chunk).__name__}",
        ["(estimates, variances, groups)", "(estimates, variances) of shape (B, K)", "a DataFrame"],
    )
