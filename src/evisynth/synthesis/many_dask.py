"""Very many meta-analyses from Dask collections, partition by partition.

Groups that lie in one partition are pooled where the partition is; the rows of groups that lie in
several are brought together first. The answer is that of the same rows in one array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.errors import DataError, OptionError
from evisynth.stats import GroupFits, compiled_pays, join_groups, pool_groups
from evisynth.synthesis.many_running import Meter, Runner, in_order
from evisynth.synthesis.many_sources import (
    ColumnNames,
    cut,
    grouped,
    is_dask,
    is_table,
    rows_of,
    wide,
)

if TYPE_CHECKING:
    from dataclasses import Field

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Progress = bool | Callable[[int, int | None], object]

__all__ = ["pool_collection"]

TOGETHER = 10_000
"""Groups of one partition that are pooled in one go."""


def pool_collection(
    runner: Runner,
    estimates: Any,
    variances: Any,
    groups: Any,
    names: ColumnNames,
    options: dict[str, Any],
    progress: Progress,
) -> tuple[list[NDArray[Any]], list[GroupFits]]:
    """Pool a Dask data frame or Dask arrays; return labels and fits, part by part."""
    if is_table(estimates):
        parts = [(part, None, None) for part in estimates.to_delayed()]
        return _pool_long(runner, parts, names, options, progress)
    if not is_dask(variances):
        raise OptionError("variances", type(variances).__name__, ["a Dask array"])
    if estimates.shape != variances.shape or estimates.ndim not in (1, 2):
        raise DataError(
            f"estimates have shape {estimates.shape} and variances {variances.shape}; both must be "
            "(N,) with a group for each, or (B, K)"
        )
    if estimates.ndim == 2:
        return _pool_wide(runner, estimates, variances, groups, options, progress)
    if not is_dask(groups):
        raise OptionError("groups", type(groups).__name__, ["a Dask array of one group a row"])
    chunks = estimates.chunks
    aligned = [estimates, variances.rechunk(chunks), groups.rechunk(chunks)]
    lists = [one.to_delayed().ravel().tolist() for one in aligned]
    return _pool_long(runner, list(zip(*lists, strict=True)), names, options, progress)


def _pool_wide(
    runner: Runner,
    estimates: Any,
    variances: Any,
    groups: Any,
    options: dict[str, Any],
    progress: Progress,
) -> tuple[list[NDArray[Any]], list[GroupFits]]:
    """Pool (B, K) arrays block by block."""
    size = estimates.shape[0]
    if groups is None:
        labels = np.arange(size)
    else:
        labels = np.asarray(groups.compute() if is_dask(groups) else groups)
    if len(labels) != size:
        raise DataError(f"there are {len(labels)} groups for {size} rows")
    words = {**options, "compiled": compiled_pays(estimates.size)}
    rows = estimates.rechunk({1: -1})
    beside = variances.rechunk(rows.chunks)
    meter = Meter(progress, size)

    def work() -> Iterator[tuple[Any, ...]]:
        blocks = (one.to_delayed().ravel().tolist() for one in (rows, beside))
        for y, v in zip(*blocks, strict=True):
            yield y, v, words

    fits = []
    for part in in_order(runner, _pool_block, work()):
        fits.append(part)
        meter.add(len(part.k))
    return [labels], fits


def _pool_block(estimates: Floats, variances: Floats, options: dict[str, Any]) -> GroupFits:
    y, v = (np.asarray(one, dtype=np.float64) for one in (estimates, variances))
    whole = wide(y, v, np.arange(len(y)))
    parts = [
        pool_groups(piece.estimates, piece.variances, piece.offsets, **options)
        for piece in cut(whole, TOGETHER)
    ]
    return join_groups(parts) if parts else _none(options)


def _none(options: dict[str, Any]) -> GroupFits:
    """Return the fits of no group."""
    return pool_groups(np.empty(0), np.empty(0), np.zeros(1, dtype=np.int64), **options)


def _pool_long(
    runner: Runner,
    parts: list[tuple[Any, Any, Any]],
    names: ColumnNames,
    options: dict[str, Any],
    progress: Progress,
) -> tuple[list[NDArray[Any]], list[GroupFits]]:
    """Pool rows with their groups; groups may begin in one partition and go on in others."""
    import pandas as pd

    counted = list(in_order(runner, _labels_of, ((*part, names) for part in parts)))
    found = [labels for labels, _ in counted]
    words = {**options, "compiled": compiled_pays(sum(rows for _, rows in counted))}
    number = np.repeat(np.arange(len(found)), [len(labels) for labels in found])
    every = np.concatenate([labels for labels in found if len(labels)] or [np.empty(0)])
    codes, order = pd.factorize(every)
    meter = Meter(progress, len(order))
    spread = np.bincount(codes, minlength=len(order)) > 1

    def work() -> Iterator[tuple[Any, ...]]:
        for place, part in enumerate(parts):
            own = codes[number == place]
            yield *part, names, np.asarray(order)[own[spread[own]]], words

    labels, fits, rest = [], [], []
    for done, fit, left in in_order(runner, _pool_part, work()):
        labels.append(done)
        fits.append(fit)
        rest.append(left)
        meter.add(len(done))
    if spread.any():
        together = grouped(*(np.concatenate(arrays) for arrays in zip(*rest, strict=True)))
        for piece in cut(together, TOGETHER):
            labels.append(piece.labels)
            fits.append(pool_groups(piece.estimates, piece.variances, piece.offsets, **words))
            meter.add(len(piece.labels))
    if not fits:
        return [], []
    places = pd.Index(order).get_indexer(pd.Index(np.concatenate(labels)))
    return [np.asarray(order)], [_reordered(join_groups(fits), np.argsort(places))]


def _reordered(fits: GroupFits, order: NDArray[np.intp]) -> GroupFits:
    from dataclasses import fields

    every: tuple[Field[Any], ...] = fields(fits)
    return GroupFits(**{field.name: getattr(fits, field.name)[order] for field in every})


def _labels_of(
    estimates: Any, variances: Any, groups: Any, names: ColumnNames
) -> tuple[NDArray[Any], int]:
    """Return the groups of a partition in the order in which they appear, and its rows."""
    y, v, labels = rows_of(estimates, variances, groups, names)
    if labels is None or not len(labels):
        return np.empty(0), 0
    return grouped(y, v, labels).labels, len(y)


def _pool_part(
    estimates: Any,
    variances: Any,
    groups: Any,
    names: ColumnNames,
    spread: NDArray[Any],
    options: dict[str, Any],
) -> tuple[NDArray[Any], GroupFits, tuple[Floats, Floats, NDArray[Any]]]:
    """Pool the groups that lie in one partition; return the rows of the others."""
    import pandas as pd

    y, v, labels = rows_of(estimates, variances, groups, names)
    if labels is None or not len(labels):
        return np.empty(0), _none(options), (y, v, np.empty(0) if labels is None else labels)
    away = np.zeros(len(labels), dtype=np.bool_)
    if len(spread):
        away = pd.Index(labels).isin(spread)
    whole = grouped(y[~away], v[~away], labels[~away])
    parts = [
        pool_groups(piece.estimates, piece.variances, piece.offsets, **options)
        for piece in cut(whole, TOGETHER)
    ]
    fits = join_groups(parts) if parts else _none(options)
    return whole.labels, fits, (y[away], v[away], labels[away])
