"""Ten thousand to ten million meta-analyses in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.stats import GroupFits, check_count, compiled_pays, join_groups, pool_groups
from evisynth.synthesis.many_dask import pool_collection
from evisynth.synthesis.many_results import PooledMany
from evisynth.synthesis.many_running import Meter, Runner, dask_runner, in_order, local_runner
from evisynth.synthesis.many_sources import ColumnNames, as_text, is_dask, is_table, pieces_of
from evisynth.synthesis.options import FitOptions, find_word, fit_options

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["pool_many"]


def pool_many(
    estimates: Any,
    variances: Any = None,
    groups: Any = None,
    *,
    model: str = "random",
    tau2: str = "REML",
    ci: str = "HKSJ",
    safeguard: str = "wider",
    prediction: str = "t k-1",
    level: float = 0.95,
    estimate: str | None = None,
    variance: str | None = None,
    se: str | None = None,
    progress: bool | Callable[[int, int | None], object] = False,
    workers: int | None = None,
    backend: Literal["local", "dask"] = "local",
    client: Any = None,
    chunk_size: int = 10_000,
) -> PooledMany:
    """Pool very many meta-analyses, each group of estimates by itself.

    Parameters
    ----------
    estimates, variances, groups
        One of: arrays of shape (N,), with the group of each estimate; arrays (B, K), a row a
        meta-analysis, NaN where there is no estimate (``groups`` then names the rows); a data frame
        (columns by ``estimate``, ``variance`` or ``se``, and ``groups`` as a name; usual names are
        recognized); an iterator of chunks, each a data frame, ``(estimates, variances, groups)`` or
        (B, K) arrays; a Dask data frame, or Dask arrays. Pooled scale (log for ratios).
    model, tau2, ci, safeguard, prediction, level
        As in `evisynth.synthesis.pool`.
    estimate, variance, se
        Columns of a data frame.
    progress
        A function called with the number done and the number in all (None where it is not known);
        True writes plain lines to stderr.
    workers
        Threads; all cores this process may use if not given.
    backend
        ``"local"`` or ``"dask"``: the answer is the same, bit for bit.
    client
        A ``distributed.Client``; without it, the one in use or a cluster in this process.
    chunk_size
        Meta-analyses that are computed together. Memory holds the data as they were given, a few
        chunks at work and the results; with an iterator or Dask, not all data at once.

    Returns
    -------
    PooledMany
        One column a number and one row a group, in the order in which groups first appear. Groups
        that cannot be fitted are NaN with a reason.

    Raises
    ------
    OptionError
        If an option or a column is not known.
    DataError
        If arrays do not fit together, a row has no group, or a group of an iterator goes on after
        another group has begun.
    NotEstimableError
        If there is no group.
    SetupError
        If Dask is asked for and not installed.

    Examples
    --------
    >>> import evisynth as es
    >>> found = es.pool_many(
    ...     [0.1, 0.3, 0.8, 0.5, 0.2], [0.02, 0.03, 0.05, 0.01, 0.04], list("AAABB")
    ... )
    >>> found.groups, found.estimate.round(4)
    (array(['A', 'B'], dtype='<U1'), array([0.3704, 0.4   ]))
    """
    workers = None if workers is None else check_count("workers", workers)
    options = fit_options(
        model=model,
        tau2=tau2,
        ci=ci,
        safeguard=safeguard,
        prediction=prediction,
        level=level,
        further=False,
    )
    where = find_word("backend", backend, ("local", "dask"))
    check_count("chunk_size", chunk_size)
    if client is not None and where == "local":
        raise OptionError("client", type(client).__name__, ["None with backend='local'"])
    names = _names(estimates, groups, estimate, variance, se)
    given_groups = None if isinstance(groups, str) else groups
    runner = _runner(where, client, workers)
    if is_dask(estimates):
        with runner as ready:
            labels, fits = pool_collection(
                ready, estimates, variances, given_groups, names, words_of(options), progress
            )
        return _whole(labels, fits, options)
    source = pieces_of(estimates, variances, given_groups, names, chunk_size)
    meter = Meter(progress, source.total)
    words = {**words_of(options), "compiled": compiled_pays(source.cells)}
    labels, fits = [], []

    def work() -> Iterator[tuple[Any, ...]]:
        for piece in source.pieces:
            labels.append(piece.labels)
            yield piece.estimates, piece.variances, piece.offsets, words

    with runner as ready:
        for part in in_order(ready, _pool, work()):
            fits.append(part)
            meter.add(len(part.k))
    if source.total is None:
        _check_once(labels)
    return _whole(labels, fits, options)


def _pool(
    estimates: NDArray[np.float64],
    variances: NDArray[np.float64],
    offsets: NDArray[np.int64],
    options: dict[str, Any],
) -> GroupFits:
    """Pool a piece; a plain function, so that it can be sent to a worker."""
    return pool_groups(estimates, variances, offsets, **options)


def _names(
    estimates: Any, groups: Any, estimate: str | None, variance: str | None, se: str | None
) -> ColumnNames:
    """Return the names of columns, and refuse them where there is no table."""
    name = groups if isinstance(groups, str) else None
    names = ColumnNames(estimate, variance, se, name)
    is_array = isinstance(estimates, (np.ndarray, list, tuple))
    if is_array and not is_table(estimates) and names != ColumnNames():
        raise OptionError(
            "estimates", type(estimates).__name__, ["a data frame"],
            hint="Columns are named only where a table, or chunks of one, are given.",
        )  # fmt: skip
    if variance is not None and se is not None:
        raise OptionError("se", se, ["None"], hint="The variances have a column already.")
    return names


def _runner(backend: str, client: Any, workers: int | None) -> AbstractContextManager[Runner]:
    return local_runner(workers) if backend == "local" else dask_runner(client, workers)


def words_of(options: FitOptions) -> dict[str, Any]:
    """Return the options as words that a worker can be sent."""
    return {field.name: getattr(options, field.name) for field in fields(options)}


def _check_once(labels: list[NDArray[Any]]) -> None:
    """Refuse groups that were cut in two by other groups between chunks."""
    import pandas as pd

    if not labels:
        return
    index = pd.Index(np.concatenate(labels))
    again = index.duplicated()
    if again.any():
        raise DataError(
            f"group {index[int(np.argmax(again))]!r} comes again after other groups; chunks must "
            "hold the rows of a group one after the other (sort by group)"
        )


def _whole(labels: list[NDArray[Any]], parts: list[GroupFits], options: FitOptions) -> PooledMany:
    """Put all parts together."""
    if not parts or not sum(map(len, labels)):
        raise NotEstimableError("there is no meta-analysis: no group has a row")
    fits = join_groups(parts)
    columns = {field.name: getattr(fits, field.name) for field in fields(fits)}
    return PooledMany(groups=as_text(np.concatenate(labels)), options=options, **columns)
