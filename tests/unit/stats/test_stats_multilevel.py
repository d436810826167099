"""Multilevel kernels: three likelihoods of one model, the search, profile limits."""

import pickle
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.errors import DataError
from evisynth.stats import estimate_tau2
from evisynth.stats.covariances import STRUCTURES, SamplingCovariance, Structure, correlated_errors
from evisynth.stats.multilevel import MultilevelModel, fit_multilevel
from evisynth.stats.multilevel_blocks import BlockLikelihood, Marginal
from evisynth.stats.multilevel_crossed import CrossedLikelihood
from evisynth.stats.multilevel_nested import NestedLikelihood, nesting_order
from evisynth.stats.multilevel_parts import Basis, Intercepts, Likelihood, Structured


def numbered(values: Any) -> Any:
    return np.unique(values, return_inverse=True)[1]


def example(seed: int, k: int = 40) -> tuple[Any, ...]:
    """Return estimates, variances, a design and nested groups (district, school, row)."""
    rng = np.random.default_rng(seed)
    district = rng.integers(0, 5, k)
    school = district * 4 + rng.integers(0, 4, k)
    v = rng.uniform(0.05, 0.5, k)
    y = 3 + rng.normal(0, 0.6, 5)[district] + rng.normal(0, 0.4, 20)[school]
    y = y + rng.normal(0, np.sqrt(v))
    x = np.column_stack([np.ones(k), rng.normal(1990, 5, k)])
    return y, v, x, numbered(district), numbered(school), rng.permutation(k)


def dense(y: Any, v: Any, x: Any, groups: Any, variances: Any, restricted: bool) -> Any:
    """Return height, slopes, and predictions by full matrices."""
    z = [np.eye(g.max() + 1)[g] for g in groups]
    m = np.diag(v) + sum(s * part @ part.T for s, part in zip(variances, z, strict=True))
    w = np.linalg.inv(m)
    inner = x.T @ w @ x
    p = w - w @ x @ np.linalg.solve(inner, x.T @ w)
    height = -0.5 * (np.linalg.slogdet(m)[1] + y @ p @ y)
    if restricted:
        height -= 0.5 * np.linalg.slogdet(inner)[1]
    middle = p if restricted else w
    slopes = [0.5 * (y @ p @ q @ q.T @ p @ y - np.trace(middle @ q @ q.T)) for q in z]
    effects = [
        (s * q.T @ p @ y, np.sqrt(np.maximum(s - s * s * np.diag(q.T @ p @ q), 0)))
        for s, q in zip(variances, z, strict=True)
    ]
    return height, slopes, effects


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("variances", [(0.3, 0.2, 0.4), (0.3, 0.0, 0.4), (0.0, 0.0, 0.0)])
@pytest.mark.parametrize("kind", ["nested", "crossed", "blocks"])
def test_likelihoods_agree_with_full_matrices(kind, variances, restricted):
    y, v, x, district, school, row = example(1)
    basis = Basis.of(y, x, v)
    components = (Intercepts(school), Intercepts(row), Intercepts(district))
    values = tuple(np.array([[s]]) for s in variances)
    likelihood: Likelihood = NestedLikelihood(basis, v, components)
    if kind == "crossed":
        likelihood = CrossedLikelihood(basis, v, components)
    elif kind == "blocks":
        errors = SamplingCovariance.independent(v)
        likelihood = BlockLikelihood(basis, Marginal(components, errors))
    found = likelihood.evaluate(values, restricted)
    height, slopes, effects = dense(
        basis.y, v, basis.x, [school, row, district], variances, restricted
    )
    assert found.height == pytest.approx(height, rel=1e-12)
    assert [s[0, 0] for s in found.slopes] == pytest.approx(slopes, rel=1e-9)
    for mine, (estimates, se) in zip(likelihood.effects(values), effects, strict=True):
        np.testing.assert_allclose(mine.estimates[:, 0], estimates, atol=1e-12)
        np.testing.assert_allclose(mine.se[:, 0], se, atol=1e-10)


def test_crossed_groups_agree_with_blocks():
    y, v, x, district, _, row = example(2)
    other = numbered(np.random.default_rng(3).integers(0, 7, len(y)))
    basis = Basis.of(y, x, v)
    components = (Intercepts(district), Intercepts(other), Intercepts(row))
    assert nesting_order(components[:2]) is None
    values = tuple(np.array([[s]]) for s in (0.3, 0.1, 0.2))
    crossed = CrossedLikelihood(basis, v, components)
    blocks = BlockLikelihood(basis, Marginal(components, SamplingCovariance.independent(v)))
    for restricted in (True, False):
        a, b = crossed.evaluate(values, restricted), blocks.evaluate(values, restricted)
        assert a.height == pytest.approx(b.height, rel=1e-12)
        np.testing.assert_allclose(np.ravel(a.slopes), np.ravel(b.slopes), rtol=1e-9)
    for a_effects, b_effects in zip(crossed.effects(values), blocks.effects(values), strict=True):
        np.testing.assert_allclose(a_effects.estimates, b_effects.estimates, atol=1e-12)
        np.testing.assert_allclose(a_effects.se, b_effects.se, atol=1e-10)


@pytest.mark.parametrize("kind", STRUCTURES)
@pytest.mark.parametrize("restricted", [True, False])
def test_slopes_of_structures_are_the_differences_of_heights(kind, restricted):
    y, v, x, district, _, _ = example(4)
    inner = numbered(np.arange(len(y)) % 3)
    structure = Structure(kind, 3)
    errors = correlated_errors(v, district, correlation=0.4)
    likelihood = BlockLikelihood(
        Basis.of(y, x, v), Marginal((Structured(inner, district, structure),), errors)
    )
    z = np.random.default_rng(5).uniform(0.3, 0.8, structure.size)

    def height(place: Any) -> float:
        return likelihood.evaluate((structure.matrix(place)[0],), restricted).height

    value, jacobian = structure.matrix(z)
    slopes = np.einsum("ij,kij->k", likelihood.evaluate((value,), restricted).slopes[0], jacobian)
    step = 1e-6
    differences = [
        (height(z + step * axis) - height(z - step * axis)) / (2 * step)
        for axis in np.eye(structure.size)
    ]
    np.testing.assert_allclose(slopes, differences, rtol=1e-6, atol=1e-6)


def test_one_intercept_is_the_random_effects_model():
    y, v, x, _, _, row = example(6)
    methods: list[tuple[bool, Literal["REML", "ML"]]] = [(True, "REML"), (False, "ML")]
    for restricted, method in methods:
        fit = fit_multilevel(y, v, x[:, :1], [Intercepts(row)], restricted=restricted)
        assert fit.values[0][0, 0] == pytest.approx(
            float(estimate_tau2(y, v, method=method).tau2[0]), rel=1e-8
        )


def test_balanced_three_levels_in_closed_form():
    # equal variances, equal sizes: the moments of analysis of variance are the REML estimates
    rng = np.random.default_rng(7)
    groups, size, v = 12, 4, 0.1
    study = np.repeat(np.arange(groups), size)
    y = rng.normal(0, 1, groups)[study] + rng.normal(0, 0.8, groups * size)
    means = y.reshape(groups, size).mean(axis=1)
    within = ((y - means[study]) ** 2).sum() / (groups * (size - 1))
    between = size * means.var(ddof=1)
    fit = fit_multilevel(
        y, np.full(len(y), v), np.ones((len(y), 1)), [Intercepts(study), Intercepts(np.arange(48))]
    )
    assert fit.values[1][0, 0] == pytest.approx(within - v, rel=1e-9)
    assert fit.values[0][0, 0] == pytest.approx((between - within) / size, rel=1e-9)
    assert fit.coefficients[0] == pytest.approx(y.mean(), rel=1e-12)
    assert fit.covariance[0, 0] == pytest.approx(between / len(y), rel=1e-9)


def test_a_variance_at_zero_is_exactly_zero():
    v = np.full(8, 0.5)
    y = np.array([0.1, 0.11, 0.12, 0.1, 0.09, 0.1, 0.11, 0.1])
    fit = fit_multilevel(y, v, np.ones((8, 1)), [Intercepts(np.arange(8) // 2)])
    assert fit.values[0][0, 0] == 0.0
    assert fit.coefficients[0] == pytest.approx(y.mean(), rel=1e-12)
    limits = fit.limits(fit.named_parameters()[0])
    assert limits.lower == 0.0
    assert limits.upper > 0


def test_a_small_variance_next_to_a_saddle_is_found():
    # the likelihood at 0 rises, though hardly: stopping there would be stopping on a saddle
    y, v, x, district, school, _ = example(8)
    fit = fit_multilevel(y, v, x, [Intercepts(district), Intercepts(school)])
    for place in range(2):
        grid = [*np.geomspace(1e-6, 2, 60), 0.0]
        for other in grid:
            values = [np.ldexp(part, -2 * fit._exponent) for part in fit.values]
            values[place] = np.array([[other]])
            height = fit._problem.likelihood.evaluate(tuple(values), True).height
            assert height <= fit._summit.height + 1e-9


def test_profile_limits_lie_where_the_likelihood_has_fallen():
    y, v, x, district, _, row = example(9)
    fit = fit_multilevel(y, v, x, [Intercepts(district), Intercepts(row)])
    drop = 3.841458820694124 / 2
    for parameter in fit.named_parameters():
        limits = fit.limits(parameter)
        assert limits.lower < fit.value_of(parameter) < limits.upper
        for limit in (limits.lower, limits.upper):
            if limit == 0:
                continue
            best = -np.inf
            for other in np.linspace(0, 4, 4001):
                values = [other, other]
                values[parameter.component] = limit
                made = tuple(np.array([[np.ldexp(s, -2 * fit._exponent)]]) for s in values)
                best = max(best, fit._problem.likelihood.evaluate(made, True).height)
            assert fit._summit.height - best == pytest.approx(drop, abs=1e-5)


def test_correlation_limits_of_an_unstructured_matrix_do_not_depend_on_the_order():
    rng = np.random.default_rng(10)
    trial = np.repeat(np.arange(15), 3)
    outcome = np.tile(np.arange(3), 15)
    factor = np.linalg.cholesky([[1, 0.6, 0.3], [0.6, 1, 0.5], [0.3, 0.5, 1]])
    y = (rng.normal(size=(15, 3)) @ factor.T).ravel() + rng.normal(0, 0.3, 45)
    v = np.full(45, 0.09)
    x = np.eye(3)[outcome]

    def fit(order: list[int]) -> MultilevelModel:
        code = np.argsort(order)[outcome]
        return fit_multilevel(y, v, x, [Structured(code, trial, Structure("UN", 3))])

    plain, turned = fit([0, 1, 2]), fit([2, 0, 1])
    assert plain.log_likelihood == pytest.approx(turned.log_likelihood, rel=1e-12)
    for parameter in plain.named_parameters():
        levels = {int(np.argsort([2, 0, 1])[level]) for level in parameter.levels}
        twin = next(
            other for other in turned.named_parameters()
            if other.kind == parameter.kind and set(other.levels) == levels
        )  # fmt: skip
        assert plain.value_of(parameter) == pytest.approx(turned.value_of(twin), rel=1e-7)
        a, b = plain.limits(parameter), turned.limits(twin)
        assert (a.lower, a.upper) == pytest.approx((b.lower, b.upper), rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    scale=st.sampled_from([1e-6, 1e-2, 1.0, 1e3]),
    shift=st.sampled_from([-1e3, 0.0, 5.0]),
)
def test_order_scale_and_shift(seed, scale, shift):
    y, v, x, district, school, _ = example(seed, k=30)
    components = [Intercepts(district), Intercepts(school)]
    plain = fit_multilevel(y, v, x, components)
    order = np.random.default_rng(seed).permutation(len(y))
    moved = fit_multilevel(
        scale * (y[order] + shift),
        scale**2 * v[order],
        x[order],
        [Intercepts(part.groups[order]) for part in components],
    )
    assert moved.converged
    for a, b in zip(plain.values, moved.values, strict=True):
        assert b[0, 0] / scale**2 == pytest.approx(a[0, 0], rel=1e-6, abs=1e-8)
    assert moved.coefficients[1] / scale == pytest.approx(
        plain.coefficients[1], rel=1e-6, abs=1e-7 * float(np.sqrt(plain.covariance[1, 1]))
    )
    expected = plain.log_likelihood - (len(y) - 2) * np.log(scale)
    assert moved.log_likelihood == pytest.approx(expected, rel=1e-9, abs=1e-7)


def test_tiny_sampling_variances_cost_no_digits():
    y, v, x, district, _, row = example(11)
    components = [Intercepts(district), Intercepts(row)]
    fit = fit_multilevel(y, 1e-10 * v, x, components)
    assert fit.converged
    m = 1e-10 * np.diag(v) + sum(
        value[0, 0] * np.equal.outer(part.groups, part.groups)
        for part, value in zip(components, fit.values, strict=True)
    )
    w = np.linalg.inv(m)
    centred = x - [0, x[:, 1].mean()]
    b = np.linalg.solve(centred.T @ w @ centred, centred.T @ w @ y)
    assert fit.coefficients[1] == pytest.approx(b[1], rel=1e-7)


def test_single_groups_and_twins_are_told():
    y, v, x, district, _, row = example(12)
    one = fit_multilevel(y, v, x, [Intercepts(np.zeros(len(y), dtype=int)), Intercepts(row)])
    assert one.fixed == (0,)
    assert one.parameters == 1
    assert np.isnan(one.limits(one.named_parameters()[0]).upper)
    with pytest.raises(DataError, match="same way"):
        fit_multilevel(y, v, x, [Intercepts(district), Intercepts(4 - district)])
    with pytest.raises(DataError, match="differ in length"):
        fit_multilevel(y, v[:-1], x, [Intercepts(district)])
    with pytest.raises(DataError, match="determined by"):
        fit_multilevel(y, v, np.column_stack([x, x[:, 1]]), [Intercepts(district)])
    with pytest.raises(DataError, match="need at least"):
        fit_multilevel(y[:2], v[:2], x[:2], [Intercepts(district[:2])])
    with pytest.raises(DataError, match="above 0"):
        fit_multilevel(y, -v, x, [Intercepts(district)])


def test_a_pair_of_levels_that_never_meets_is_flat():
    rng = np.random.default_rng(13)
    y, v = rng.normal(0, 1, 24), np.full(24, 0.1)
    trial, outcome = np.arange(24), np.arange(24) % 2
    fit = fit_multilevel(y, v, np.eye(2)[outcome], [Structured(outcome, trial, Structure("UN", 2))])
    assert fit.flat


def test_known_correlation_between_groups():
    y, v, x, district, _, _ = example(14)
    distance = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    correlation = 0.7**distance
    fit = fit_multilevel(y, v, x, [Intercepts(district, correlation)])
    m = np.diag(v) + fit.values[0][0, 0] * correlation[np.ix_(district, district)]
    w = np.linalg.inv(m)
    inner = x.T @ w @ x
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(inner), rtol=1e-5)
    assert fit.log_likelihood == pytest.approx(
        -0.5 * (len(y) - 2) * np.log(2 * np.pi)
        + 0.5 * np.linalg.slogdet(x.T @ x)[1]
        - 0.5 * np.linalg.slogdet(m)[1]
        - 0.5 * np.linalg.slogdet(inner)[1]
        - 0.5 * (y - x @ fit.coefficients) @ w @ (y - x @ fit.coefficients),
        rel=1e-8,
    )
    effects = fit.random_effects()[0]
    residual = y - x @ fit.coefficients
    expected = fit.values[0][0, 0] * correlation @ np.eye(5)[district].T @ w @ residual
    np.testing.assert_allclose(effects.estimates[:, 0], expected, rtol=1e-5, atol=1e-8)


def test_pickle_round_trip():
    y, v, x, district, _, row = example(15)
    fit = fit_multilevel(y, v, x, [Intercepts(district), Intercepts(row)])
    again = pickle.loads(pickle.dumps(fit))
    assert again.log_likelihood == fit.log_likelihood
    assert again.limits(again.named_parameters()[0]) == fit.limits(fit.named_parameters()[0])


@pytest.mark.parametrize("kind", ["CS", "HCS", "UN", "HAR"])
def test_no_random_place_is_higher(kind):
    # few data: many of these end on a border, where variances are 0 and correlations 1
    from scipy.optimize import minimize

    rng = np.random.default_rng(STRUCTURES.index(kind))
    for _ in range(4):
        k = 24
        trial = numbered(rng.integers(0, 8, k))
        v = np.exp(rng.normal(-2, 1, k))
        y = rng.normal(0, np.sqrt(v + 0.1))
        part = Structured(np.arange(k) % 3, trial, Structure(kind, 3))
        fit = fit_multilevel(y, v, np.ones((k, 1)), [part])
        problem = fit._problem

        def fall(z, problem=problem):
            height, slopes = problem(z)
            return -height, -slopes

        for _ in range(3):
            start = np.where(
                problem.is_deviation,
                np.exp(rng.normal(0, 1, problem.size)),
                rng.uniform(-1.3, 1.3, problem.size),
            )
            found = minimize(fall, start, jac=True, method="L-BFGS-B")
            assert -found.fun <= fit._summit.height + 1e-6
        assert fit.converged
