"""Plain numbers, arrays and compiled loops: one answer, chosen by size, whatever the threads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.errors import DataError
from evisynth.stats import (
    estimate_tau2,
    flip_batch,
    leave_one_out_batch,
    pool_batch,
    pool_ragged,
    q_profile,
    regress_batch,
    regress_permutations,
    subset_batch,
    wald_test,
)
from evisynth.stats import kernel_path as path
from evisynth.stats import kernel_scalar as scalar

METHODS = ("REML", "ML", "DL", "PM", "EB", "HS", "HE", "SJ")
AGREEMENT = 2e-11
"""Of a standard error, or of tau² plus the typical variance: the ways add in different orders, and
a Newton step below 1e-9 of tau² is the last one."""

TAIL = 1e-9
"""P values multiply the rounding of their statistic by its size."""

needs_numba = pytest.mark.skipif(not path._has_numba(), reason="Numba is not installed")


@contextmanager
def way(compiled: bool, threads: int | None = None) -> Iterator[None]:
    """Send all work through the compiled loops, or none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(path, "COMPILED_CELLS", 0)
        patch.setattr(path, "DESIGN_CELLS", 0)
        if not compiled:
            patch.setattr(path, "_has_numba", lambda: False)
        if threads is not None:
            patch.setattr(path, "thread_count", lambda: threads)
            patch.setattr(path, "CHUNK_ROWS", 7)
        yield


def assert_agree(a: Any, b: Any) -> None:
    """Two results agree to rounding, field by field, each relative to its own kind of size."""
    unit = dict.fromkeys(("estimate", "coefficients", "ci_lower", "ci_upper"), a.se)
    for field in fields(a):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if x.dtype.kind in "bi":
            if field.name != "iterations":
                np.testing.assert_array_equal(x, y, err_msg=field.name)
            continue
        np.testing.assert_array_equal(np.isnan(x), np.isnan(y), err_msg=field.name)
        finite = np.isfinite(x) & np.isfinite(y)
        np.testing.assert_array_equal(x[~finite & ~np.isnan(x)], y[~finite & ~np.isnan(y)])
        size = np.maximum(np.abs(x), np.abs(y))
        if field.name in unit:
            size = size + unit[field.name]
        elif field.name in ("statistic", "statistics", "omnibus", "hats"):
            size = 1 + size
        elif field.name == "covariance":
            size = size + np.abs(x).max(axis=(1, 2), keepdims=True)
        elif field.name.startswith("tau2") or field.name in ("lower", "upper"):
            size = size + getattr(a, "typical_variance", 0.01)
        elif field.name == "i2":
            size = size + 100
        limit = TAIL if field.name in ("p_value", "p_values", "q_p", "qe_p") else AGREEMENT
        off = np.where(finite, np.abs(np.where(finite, x, 0) - np.where(finite, y, 0)), 0.0)
        bad = off > limit * size
        assert not bad.any(), (field.name, x[bad][:3], y[bad][:3])


def both(call: Callable[[], Any]) -> tuple[Any, Any]:
    with way(compiled=True):
        first = call()
    with way(compiled=False):
        return first, call()


def simulated(
    seed: int, rows: int = 40, width: int = 14, spread: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a ragged batch: estimates, variances, mask; some rows of 0, 1 and 2 estimates."""
    rng = np.random.default_rng(seed)
    variances = np.exp(rng.normal(-2, spread, (rows, width)))
    tau2 = rng.choice([0.0, 0.01, 0.2, 3.0], (rows, 1))
    estimates = rng.normal(rng.normal(0, 2, (rows, 1)), np.sqrt(variances + tau2))
    present = np.arange(width) < rng.integers(0, width + 1, (rows, 1))
    return estimates, variances, present


@needs_numba
@pytest.mark.parametrize("method", METHODS)
@given(seed=st.integers(0, 10**9), spread=st.sampled_from([0.0, 0.3, 1.0, 3.0]))
@settings(max_examples=15, deadline=None)
def test_compiled_loops_agree_with_arrays(method: Any, seed: int, spread: float) -> None:
    y, v, here = simulated(seed, spread=spread)
    assert_agree(*both(lambda: pool_batch(y, v, here, tau2=method, tau2_details=True)))


@needs_numba
@pytest.mark.parametrize("method", METHODS)
@given(seed=st.integers(0, 10**9), columns=st.integers(1, 4))
@settings(max_examples=10, deadline=None)
def test_compiled_regressions_agree_with_arrays(method: Any, seed: int, columns: int) -> None:
    y, v, _ = simulated(seed)
    rng = np.random.default_rng(seed)
    here = rng.random(y.shape) < 0.8
    here[:, : columns + 2] = True
    x = rng.normal(3, 1, (*y.shape, columns))
    x[..., 0] = 1
    assert_agree(*both(lambda: regress_batch(y, v, x, here, tau2=method)))
    assert_agree(*both(lambda: regress_batch(y, v, x[0], tau2=method, ci="z")))


@needs_numba
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("options", [
    {"model": "equal", "ci": "z"},
    {"model": "equal", "ci": "t", "tau2_details": True},
    {"tau2": np.array(0.3), "safeguard": "none"},
    {"ci": "z", "level": 0.9},
    {"safeguard": "truncate", "null": 0.1},
])  # fmt: skip
def test_compiled_loops_take_every_option(scale: float, options: dict[str, Any]) -> None:
    y, v, here = simulated(1)
    root = np.sqrt(scale)
    assert_agree(*both(lambda: pool_batch(root * y, scale * v, here, **options)))


numbers = st.floats(-5, 5).map(lambda x: round(x, 3))
sizes = st.floats(-6, 6).map(lambda x: 10.0 ** round(x, 2))


@pytest.mark.parametrize("method", [*METHODS, 0.2])
@given(rows=st.lists(st.tuples(numbers, sizes), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_plain_numbers_agree_with_arrays(method: Any, rows: list[tuple[float, float]]) -> None:
    y, v = (np.array(x) for x in zip(*rows, strict=True))
    one = pool_batch(y, v, tau2=method, tau2_details=True)
    two = pool_batch(
        np.vstack([y, y]), np.vstack([v, v]), tau2=method, tau2_details=True
    )  # never a single fit
    assert_agree(one, type(two)(*(getattr(two, field.name)[:1] for field in fields(two))))


def test_plain_numbers_are_used_for_one_small_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    original = scalar.pool_single

    def counted(y: list[float], v: list[float], **options: Any) -> Any:
        calls.append(len(y))
        return original(y, v, **options)

    monkeypatch.setattr("evisynth.stats.pooling.pool_single", counted)
    limit = scalar.SCALAR_ROWS
    for k in (limit, limit + 1):
        pool_batch(np.linspace(0, 1, k), np.full(k, 0.1))
    assert calls == [limit]


@pytest.mark.parametrize("rows", [[0.1, np.nan], [0.1, np.inf]])
def test_plain_numbers_leave_refusals_to_the_arrays(rows: list[float]) -> None:
    with pytest.raises(DataError, match="meta-analysis 0, estimate 1"):
        pool_batch(rows, [0.1, 0.2])
    with pytest.raises(DataError, match=r"variance 0\.0"):
        pool_batch([0.1, 0.2], [0.1, 0.0])


@needs_numba
@pytest.mark.parametrize("bad", [(np.nan, 0.1), (0.1, 0.0), (0.1, np.inf), (np.inf, 0.2)])
def test_compiled_loops_refuse_as_the_arrays_do(bad: tuple[float, float]) -> None:
    y, v, _ = simulated(2)
    y[11, 3], v[11, 3] = bad
    messages = []
    for compiled in (True, False):
        with way(compiled), pytest.raises(DataError) as caught:
            pool_batch(y, v)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert "meta-analysis 11, estimate 3" in messages[0]
    x = np.ones((y.shape[1], 1))
    with way(compiled=True), pytest.raises(DataError, match="meta-analysis 11, estimate 3"):
        regress_batch(y, v, x)
    here = np.ones(y.shape, dtype=bool)
    here[11, 3] = False
    assert_agree(*both(lambda: pool_batch(y, v, here)))


@needs_numba
def test_threads_change_no_digit() -> None:
    y, v, here = simulated(3, rows=60)
    results = []
    for threads in (1, 2, 5):
        with way(compiled=True, threads=threads):
            results.append(pool_batch(y, v, here, tau2_details=True))
    for other in results[1:]:
        for field in fields(other):
            np.testing.assert_array_equal(
                getattr(results[0], field.name), getattr(other, field.name), err_msg=field.name
            )


@needs_numba
def test_one_long_meta_analysis_and_arrays_that_may_not_be_written_to() -> None:
    rng = np.random.default_rng(8)
    v = rng.uniform(0.01, 0.5, 9_000)
    y = rng.normal(0, np.sqrt(v + 0.1))
    for array in (y, v):
        array.flags.writeable = False
    mask = np.ones(9_000, dtype=bool)
    assert_agree(*both(lambda: pool_batch(y, v, tau2_details=True)))
    assert_agree(*both(lambda: pool_batch(y, v, mask)))
    from evisynth.stats.kernel_means import fit_means

    assert len(fit_means.signatures) == 1  # one kind of array, one wait for the compiler


@needs_numba
def test_tau2_and_limits_of_large_batches() -> None:
    y, v, here = simulated(4)
    x = np.column_stack([np.ones(y.shape[1]), np.linspace(0, 1, y.shape[1])])
    for design, mask in ((None, here), (x, None)):
        searched = [partial(f, y, v, mask, design=design) for f in (estimate_tau2, q_profile)]
        assert_agree_tau2(*both(searched[0]))
        first, second = both(searched[1])
        np.testing.assert_array_equal(first.status, second.status)
        np.testing.assert_allclose(first.upper, second.upper, rtol=1e-11)


def assert_agree_tau2(first: Any, second: Any) -> None:
    np.testing.assert_allclose(first.tau2, second.tau2, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(first.se, second.se, rtol=1e-10)
    np.testing.assert_array_equal(first.converged, second.converged)


@pytest.mark.parametrize("compiled", [pytest.param(True, marks=needs_numba), False])
def test_subsets_draws_and_flips_are_the_fits_of_their_rows(compiled: bool) -> None:
    rng = np.random.default_rng(5)
    y, v = rng.normal(0, 1, 9), rng.uniform(0.01, 0.4, 9)
    masks = rng.random((30, 9)) < 0.6
    draws = rng.integers(0, 9, (30, 9))
    signs = rng.choice([-1, 1], (30, 9))
    with way(compiled):
        subsets = subset_batch(y, v, masks, tau2="PM")
        drawn = subset_batch(y, v, draws, tau2_details=True)
        flipped = flip_batch(y, v, signs, ci="z")
        truth = flip_batch(y, v, signs < 0, ci="z")
        without = leave_one_out_batch(y, v)
    for row in range(30):
        mask = masks[row]
        if mask.any():
            one = pool_batch(y[mask], v[mask], tau2="PM")
            np.testing.assert_allclose(subsets.estimate[row], one.estimate[0], rtol=1e-11)
            np.testing.assert_allclose(subsets.ci_upper[row], one.ci_upper[0], rtol=1e-9)
        one = pool_batch(y[draws[row]], v[draws[row]], tau2_details=True)
        np.testing.assert_allclose(drawn.tau2_upper[row], one.tau2_upper[0], rtol=1e-10)
        one = pool_batch(signs[row] * y, v, ci="z")
        np.testing.assert_allclose(flipped.statistic[row], one.statistic[0], rtol=1e-10)
    np.testing.assert_array_equal(flipped.estimate, truth.estimate)
    rest = np.arange(9) != 4
    np.testing.assert_allclose(
        without.estimate[4], pool_batch(y[rest], v[rest]).estimate[0], rtol=1e-11
    )


@pytest.mark.parametrize("compiled", [pytest.param(True, marks=needs_numba), False])
def test_ragged_groups_are_the_fits_of_their_rows(compiled: bool) -> None:
    y, v, here = simulated(6)
    offsets = np.concatenate([[0], here.sum(axis=1).cumsum()])
    known = np.linspace(0, 1, len(here))
    for tau2 in ("REML", known):
        with way(compiled):
            flat = pool_ragged(y[here], v[here], offsets, tau2=tau2, tau2_details=True)
        with way(compiled=False):
            assert_agree(flat, pool_batch(y, v, here, tau2=tau2, tau2_details=True))


@pytest.mark.parametrize("compiled", [pytest.param(True, marks=needs_numba), False])
@pytest.mark.parametrize("columns", [1, 2, 3])
def test_permutations_are_the_fits_of_reordered_designs(compiled: bool, columns: int) -> None:
    rng = np.random.default_rng(7)
    y, v = rng.normal(0, 1, 10), rng.uniform(0.01, 0.4, 10)
    x = np.column_stack([np.ones(10), rng.normal(0, 1, (10, 2))])[:, :columns]
    orders = np.argsort(rng.random((25, 10)), axis=1)
    with way(compiled):
        fits = regress_permutations(y, v, x, orders)
    for row in (0, 24):
        one = regress_batch(y, v, x[orders[row]])
        np.testing.assert_allclose(fits.coefficients[row], one.coefficients[0], rtol=1e-9)
        np.testing.assert_allclose(fits.statistics[row], one.statistics[0], rtol=1e-9)
        tested = range(min(1, columns - 1), columns)
        test = wald_test(one, list(tested))
        np.testing.assert_allclose(fits.omnibus[row], test.statistic[0], rtol=1e-9)
        np.testing.assert_allclose(fits.tau2[row], one.tau2[0], rtol=1e-9, atol=1e-12)


def test_arguments_that_do_not_fit_are_refused() -> None:
    y, v = np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.1, 0.1])
    with pytest.raises(DataError, match="subsets have shape"):
        subset_batch(y, v, np.ones((2, 4), dtype=bool))
    with pytest.raises(DataError, match="row numbers from 0 to 2"):
        subset_batch(y, v, np.array([[0, 3]]))
    with pytest.raises(DataError, match="truth values or whole numbers"):
        subset_batch(y, v, np.array([[0.5, 1.0]]))
    with pytest.raises(DataError, match="signs have shape"):
        flip_batch(y, v, np.ones((2, 2), dtype=int))
    with pytest.raises(DataError, match="offsets must rise from 0 to the number of estimates, 3"):
        pool_ragged(y, v, [0, 2])
    with pytest.raises(DataError, match="offsets fall after place 1"):
        pool_ragged(y, v, [0, 2, 1, 3])
    with pytest.raises(DataError, match="orders have shape"):
        regress_permutations(y, v, np.ones((3, 1)), np.array([[0, 1]]))
    with pytest.raises(DataError, match="at least 0"):
        pool_ragged(y, v, [0, 3], tau2=np.array(-1.0))
    with pytest.raises(DataError, match="both must be flat"):
        flip_batch(y, v[:2], np.ones((2, 3), dtype=int))


def test_no_rows_give_no_fits() -> None:
    y, v = [0.1, 0.2], [0.1, 0.1]
    assert len(subset_batch(y, v, np.ones((0, 2), dtype=bool)).k) == 0
    assert len(pool_ragged([], [], [0]).k) == 0


def test_the_way_depends_on_the_size_alone() -> None:
    limit = path.COMPILED_CELLS
    assert not path.is_large(limit - 1)
    assert path.is_large(limit) == path._has_numba()
    assert not path.is_large(path.DESIGN_CELLS)
    assert path.is_large(path.DESIGN_CELLS, design=True) == path._has_numba()


def test_small_work_does_not_load_numba() -> None:
    code = (
        "import sys, numpy as np, pandas as pd, evisynth as es\n"
        "fit = es.pool(pd.DataFrame({'yi': [0.1, 0.4, 0.9], 'vi': [0.1, 0.2, 0.1]}))\n"
        "es.leave_one_out(fit), es.influence(fit), es.trim_and_fill(fit)\n"
        "assert 'numba' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
