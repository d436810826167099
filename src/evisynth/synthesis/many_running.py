"""Where very many meta-analyses are computed: here in threads, or by Dask; and how far they are."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Protocol, TypeVar

import numpy as np

from evisynth.display import format_count, plural
from evisynth.errors import OptionError, SetupError

__all__ = ["Meter", "Runner", "cores", "dask_runner", "in_order", "local_runner"]

Given = TypeVar("Given")
Answer = TypeVar("Answer")

AHEAD = 3
"""Tasks that wait for each worker: enough that none is idle, few enough to stay small."""


class Runner(Protocol):
    """Takes tasks and answers them later."""

    workers: int

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        """Begin a task; calling the answer waits for its value."""
        ...


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Here:
    """One thread: tasks are done when they are asked for."""

    workers = 1

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        value = task(*(_computed(one) for one in arguments))
        return lambda: value


class _Threads:
    def __init__(self, workers: int) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self.workers = workers
        self.pool = ThreadPoolExecutor(workers, thread_name_prefix="pool_many")

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        return self.pool.submit(lambda: task(*(_computed(one) for one in arguments))).result


def _computed(value: Any) -> Any:
    """Compute what Dask has only promised."""
    if hasattr(value, "__dask_graph__"):
        return value.compute(scheduler="synchronous")
    return value


@contextmanager
def local_runner(workers: int | None) -> Iterator[Runner]:
    """Run tasks in threads of this process."""
    if workers is not None and (isinstance(workers, bool) or workers < 1):
        raise OptionError("workers", workers, ["a whole number of at least 1", "None: all cores"])
    number = cores() if workers is None else workers
    if number == 1:
        yield _Here()
        return
    threads = _Threads(number)
    try:
        yield threads
    finally:
        threads.pool.shutdown(cancel_futures=True)


class _Cluster:
    """Tasks go to Dask's scheduler; large arguments are sent to the workers first."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.workers = max(1, sum(client.nthreads().values()))

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        dask: Any = import_module("dask")
        if any(hasattr(one, "__dask_graph__") for one in arguments):
            whole = dask.delayed(task, pure=False)(*(self._sent(one) for one in arguments))
            future = self.client.compute(whole)
        else:
            sent = [self._sent(one) for one in arguments]
            future = self.client.submit(task, *sent, pure=False)

        def answer() -> Any:
            return future.result()

        return answer

    def _sent(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return self.client.scatter([value], hash=False)[0]
        return value


@contextmanager
def dask_runner(client: Any | None, workers: int | None) -> Iterator[Runner]:
    """Run tasks by Dask: with the client given, the one in use, or a cluster in this process."""
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise SetupError(
            "backend='dask' needs the packages dask and distributed: pip install 'evisynth[dask]'"
        ) from error
    if client is not None:
        if not isinstance(client, distributed.Client):
            raise OptionError("client", type(client).__name__, ["distributed.Client", "None"])
        yield _Cluster(client)
        return
    try:
        used = distributed.get_client()
    except ValueError:
        with (
            distributed.LocalCluster(
                n_workers=1,
                threads_per_worker=workers or cores(),
                processes=False,
                dashboard_address=None,
            ) as cluster,
            distributed.Client(cluster) as own,
        ):
            yield _Cluster(own)
        return
    yield _Cluster(used)


def in_order(
    runner: Runner, task: Callable[..., Answer], work: Iterable[tuple[Any, ...]]
) -> Iterator[Answer]:
    """Yield the answers of tasks in their order, a few of them begun ahead."""
    waiting: deque[Callable[[], Answer]] = deque()
    for arguments in work:
        waiting.append(runner.submit(task, *arguments))
        if len(waiting) >= AHEAD * runner.workers:
            yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()


class Meter:
    """Tells how many meta-analyses are done."""

    def __init__(
        self, progress: bool | Callable[[int, int | None], object], total: int | None
    ) -> None:
        if not (isinstance(progress, bool) or callable(progress)):
            raise OptionError(
                "progress", progress, ["True", "False", "a function of done and total"]
            )
        self.progress = progress
        self.total = total
        self.done = 0
        self.said = 0

    def add(self, number: int) -> None:
        """Count groups that are done; a line is written for each further tenth."""
        self.done += number
        if self.progress is False:
            return
        if callable(self.progress):
            self.progress(self.done, self.total)
            return
        step = (self.total or STEP * 10) / 10
        if self.done >= self.said + step or self.done == self.total:
            self.said = self.done
            of = "" if self.total is None else f" of {format_count(self.total)}"
            done = format_count(self.done) if of else plural(self.done, "meta-analysis", MANY)
            sys.stderr.write(f"pool_many: {done}{of}{' ' + MANY if of else ''} done\n")


STEP = 100_000
"""Meta-analyses between two lines where their number is not known."""

MANY = "meta-analyses"
