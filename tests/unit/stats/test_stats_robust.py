"""Sandwich covariances and working models against full matrices and known cases."""

from typing import Any

import numpy as np
import pytest

from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.stats.robust import ROBUST_KINDS, robust_covariance
from evisynth.stats.robust_working import fit_correlated, fit_hierarchical


def example(seed: int = 2, m: int = 9) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(m), rng.integers(1, 6, m))
    k = len(cluster)
    x = np.column_stack([np.ones(k), rng.normal(2000, 4, k), rng.normal(size=k)])
    v = rng.uniform(0.05, 0.4, k)
    y = rng.normal(size=m)[cluster] + rng.normal(0, 0.8, k)
    return cluster, x, v, y


def by_definition(x: Any, e: Any, cluster: Any, phi: Any, kind: str) -> tuple[Any, Any]:
    """Return covariance and the vectors whose squares sum to it (per coefficient)."""
    k, p = x.shape
    w = np.linalg.inv(phi)
    bread = np.linalg.inv(x.T @ w @ x)
    rest = np.eye(k) - x @ bread @ x.T @ w
    meat, parts = np.zeros((p, p)), []
    for group in np.unique(cluster):
        rows = np.flatnonzero(cluster == group)
        own = phi[np.ix_(rows, rows)]
        a = np.eye(len(rows))
        if kind == "CR2":
            d = np.linalg.cholesky(own).T
            b = d @ rest[rows] @ phi @ rest[rows].T @ d.T
            strength, axes = np.linalg.eigh(b)
            a = d.T @ ((axes / np.sqrt(strength)) @ axes.T) @ d
        elif kind == "CR3":
            a = np.linalg.inv(rest[np.ix_(rows, rows)])
        half = bread @ x[rows].T @ np.linalg.inv(own) @ a
        meat += np.outer(half @ e[rows], half @ e[rows])
        parts.append(half @ rest[rows])
    m = len(parts)
    factor = {"CR1": m / (m - 1), "CR1p": m / (m - p), "CR1S": m * (k - 1) / (m - 1) / (k - p)}
    return factor.get(kind, 1.0) * meat, np.array(parts)


@pytest.mark.parametrize("kind", ROBUST_KINDS)
def test_kinds_by_their_definition(kind):
    cluster, x, v, y = example()
    x = x - [0, 2000, 0]
    phi = np.diag(v) + 0.3 * np.equal.outer(cluster, cluster)
    w = np.linalg.inv(phi)
    b = np.linalg.solve(x.T @ w @ x, x.T @ w @ y)
    e = y - x @ b
    made = robust_covariance(
        x, e, cluster, lambda rows: phi[rows[:, :, None], rows[:, None, :]], kind=kind
    )
    covariance, parts = by_definition(x, e, cluster, phi, kind)
    np.testing.assert_allclose(made.covariance, covariance, rtol=1e-9)
    for place in range(3):
        inner = parts[:, place] @ phi @ parts[:, place].T
        assert made.df[place] == pytest.approx(np.trace(inner) ** 2 / (inner**2).sum(), rel=1e-9)
    contrast = np.array([0.0, 1.0, -2.0])
    inner = (parts.swapaxes(1, 2) @ contrast) @ phi @ (parts.swapaxes(1, 2) @ contrast).T
    assert made.contrast_df(contrast) == pytest.approx(
        np.trace(inner) ** 2 / (inner**2).sum(), rel=1e-9
    )


def test_cr2_is_unbiased_where_the_working_model_is_true():
    cluster, x, v, _ = example()
    phi = np.diag(v) + 0.3 * np.equal.outer(cluster, cluster)
    _, parts = by_definition(x - [0, 2000, 0], np.zeros(len(v)), cluster, phi, "CR2")
    mean = sum(part @ phi @ part.T for part in parts)
    w = np.linalg.inv(phi)
    centred = x - [0, 2000, 0]
    np.testing.assert_allclose(mean, np.linalg.inv(centred.T @ w @ centred), rtol=1e-9)


def test_a_moderator_far_from_zero_costs_no_digits():
    cluster, x, v, y = example()
    phi = np.diag(v)
    w = np.linalg.inv(phi)
    made = []
    for shift in (0, 2000):
        z = x - [0, shift, 0]
        b = np.linalg.lstsq(np.sqrt(w) @ z, np.sqrt(w) @ y, rcond=None)[0]
        made.append(robust_covariance(z, y - z @ b, cluster, v))
    assert made[0].se[1] == pytest.approx(made[1].se[1], rel=1e-8)
    assert made[0].df[1] == pytest.approx(made[1].df[1], rel=1e-6)


def test_clusters_of_one_and_equal_variances_are_the_t_test():
    y = np.array([0.3, 0.9, -0.2, 0.4, 1.1])
    made = robust_covariance(np.ones((5, 1)), y - y.mean(), np.arange(5), np.ones(5))
    assert made.se[0] == pytest.approx(y.std(ddof=1) / np.sqrt(5))
    assert made.df[0] == pytest.approx(4)
    joint = made.joint_test([y.mean()], [[1.0]])
    assert joint.df2 == pytest.approx(4)
    assert joint.statistic == pytest.approx((y.mean() / made.se[0]) ** 2)


@pytest.mark.parametrize("kind", ["CR2", "CR3"])
def test_a_coefficient_that_one_cluster_determines(kind):
    # the indicator of one cluster: no residual is left there; the generalized inverse holds
    cluster = np.repeat(np.arange(6), 2)
    x = np.column_stack([np.ones(12), cluster == 0]).astype(float)
    y = np.random.default_rng(1).normal(size=12)
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    made = robust_covariance(x, y - x @ b, cluster, np.ones(12), kind=kind)
    assert np.isfinite(made.covariance).all()
    assert made.se[0] > 0


def test_too_few_clusters_for_a_joint_test():
    cluster, x, v, y = example(m=4)
    z = x - [0, 2000, 0]
    b = np.linalg.lstsq(z / np.sqrt(v)[:, None], y / np.sqrt(v), rcond=None)[0]
    test = robust_covariance(z, y - z @ b, cluster, v).joint_test(b, np.eye(3)[1:])
    if test.df2 <= 0:
        assert np.isnan(test.p_value)
    with pytest.raises(NotEstimableError, match="clusters"):
        robust_covariance(z, y - z @ b, np.minimum(cluster, 2), v)
    with pytest.raises(OptionError, match="CR9"):
        robust_covariance(z, y, cluster, v, kind="CR9")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="differ in length"):
        robust_covariance(z, y[:-1], cluster, v)


@pytest.mark.parametrize("seed", range(6))
def test_working_models_by_full_matrices(seed):
    cluster, x, v, y = example(seed)
    x = x - [0, 2000, 0]
    k = len(y)
    same = np.equal.outer(cluster, cluster) * 1.0
    counts = np.bincount(cluster)
    mean = (np.bincount(cluster, weights=v) / counts)[cluster]
    w = np.diag(1 / (counts[cluster] * mean))
    p = w - w @ x @ np.linalg.solve(x.T @ w @ x, x.T @ w)
    psi = (0.3 * np.eye(k) + 0.7 * same) * mean
    tau2 = max(0.0, (y @ p @ y - np.trace(p @ psi)) / np.trace(p @ same))
    assert fit_correlated(y, v, x, cluster, correlation=0.7).tau2 == pytest.approx(tau2, rel=1e-9)
    w = np.diag(1 / v)
    rest = np.eye(k) - x @ np.linalg.solve(x.T @ w @ x, x.T @ w)
    forms = rest.T @ w @ rest, rest.T @ same @ rest
    system = [[np.trace(f @ same), np.trace(f)] for f in forms]
    side = [y @ f @ y - np.trace(f @ np.diag(v)) for f in forms]
    omega2 = max(0.0, np.linalg.solve(system, side)[1])
    # the paper takes tau² from the first equation, which matters where omega² is truncated
    tau2 = max(0.0, (side[0] - omega2 * system[0][1]) / system[0][0])
    made = fit_hierarchical(y, v, x, cluster)
    assert (made.tau2, made.omega2) == pytest.approx((tau2, omega2), rel=1e-8, abs=1e-12)


def test_working_models_find_the_variances_they_are_given():
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(3000), 4)
    v = rng.uniform(0.05, 0.2, len(cluster))
    y = rng.normal(0, 0.5, 3000)[cluster] + rng.normal(0, np.sqrt(v + 0.1))
    made = fit_hierarchical(y, v, np.ones((len(y), 1)), cluster)
    assert made.tau2 == pytest.approx(0.25, abs=0.02)
    assert made.omega2 == pytest.approx(0.1, abs=0.01)
    shared = rng.normal(0, 1, 3000)[cluster] * np.sqrt(0.8 * 0.1)
    y = rng.normal(0, 0.5, 3000)[cluster] + shared + rng.normal(0, np.sqrt(0.02), len(cluster))
    made = fit_correlated(y, np.full(len(y), 0.1), np.ones((len(y), 1)), cluster, correlation=0.8)
    assert made.tau2 == pytest.approx(0.25, abs=0.02)
    with pytest.raises(OptionError, match="correlation"):
        fit_correlated(y, v, np.ones((len(y), 1)), cluster, correlation=1.2)
