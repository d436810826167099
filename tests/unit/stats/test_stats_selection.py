"""Selection models: exact scores, integrals in closed form, units, edges."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special, stats

from evisynth.stats.selection import (
    SELECTION_TYPES,
    SelectionProblem,
    interval_counts,
    log_weights,
    one_sided_p,
    selection_log_likelihood,
    slopes,
)
from evisynth.stats.selection_fit import fit_selection

RNG = np.random.default_rng(7)
Y = RNG.normal(0.3, 0.35, 30)
V = RNG.uniform(0.01, 0.2, 30)

DELTA = {
    "stepfun": [0.6, 0.3], "beta": [1.4, 0.8], "halfnorm": [1.5], "negexp": [1.5],
    "logistic": [1.5], "power": [0.8], "negexppow": [1.5, 1.3], "trunc": [0.4],
}  # fmt: skip


def problem(kind: Any, **changes: Any) -> SelectionProblem:
    steps = {"stepfun": [0.025, 0.5, 1.0], "trunc": [0.1]}.get(kind, [])
    made = SelectionProblem(Y, V, np.ones((30, 1)), kind, False, np.array(steps), np.ones(30), True)
    return replace(made, **changes)


WITH_THRESHOLD = ("halfnorm", "negexp", "logistic", "power", "negexppow")
VARIANTS = [
    (kind, two_sided, threshold)
    for kind in SELECTION_TYPES
    for two_sided in ((False,) if kind == "trunc" else (False, True))
    for threshold in ((False, True) if kind in WITH_THRESHOLD else (False,))
]


def variant(kind: Any, two_sided: bool, threshold: bool) -> SelectionProblem:
    made = problem(kind, two_sided=two_sided)
    if threshold:
        made = replace(made, steps=np.array([0.05]), precision=np.sqrt(V / V.max()))
    return made


@pytest.mark.parametrize(("kind", "two_sided", "threshold"), VARIANTS)
def test_slopes_are_derivatives(kind: Any, two_sided: bool, threshold: bool) -> None:
    made = variant(kind, two_sided, threshold)
    at = np.array([0.25, 0.3, *DELTA[kind]])

    def value(x: Any) -> float:
        return selection_log_likelihood(made, x[:1], float(x[1]), x[2:])

    found = slopes(made, at[:1], float(at[1]), at[2:])[1]
    h = 1e-5
    for place in range(len(at)):
        step = h * np.eye(len(at))[place]
        assert found[place] == pytest.approx(
            (value(at + step) - value(at - step)) / (2 * h), abs=2e-6
        )


@pytest.mark.parametrize(("kind", "two_sided", "threshold"), VARIANTS)
def test_densities_integrate_to_one(kind: Any, two_sided: bool, threshold: bool) -> None:
    """The density of what is seen, over all that could be."""
    made = variant(kind, two_sided, threshold)
    delta = np.array(DELTA[kind])
    for place in (0, 11):
        scale = float(np.sqrt(V[place]))

        def density(y: float, place: int = place) -> float:
            one = replace(
                made, estimates=np.array([y]), variances=V[place : place + 1],
                design=np.ones((1, 1)), precision=made.precision[place : place + 1],
            )  # fmt: skip
            return float(np.exp(selection_log_likelihood(one, np.array([0.2]), 0.3, delta)))

        ends = np.linspace(-12 * scale - 3, 12 * scale + 3, 60)
        cuts = -special.ndtri(np.array([0.025, 0.05, 0.5]) / (2 if two_sided else 1)) * scale
        near = scale * np.array([1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2])
        cuts = np.concatenate([cuts, -cuts, near, -near, [0.0, 0.1]])
        grid = np.sort(np.concatenate([ends, cuts]))
        area = sum(
            integrate.fixed_quad(np.vectorize(density), a, b, n=6)[0] for a, b in pairwise(grid)
        )
        assert area == pytest.approx(1, abs=2e-4)


def test_the_step_function_has_its_closed_form() -> None:
    """The integral is a sum of normal areas."""
    made = problem("stepfun")
    delta = np.array([0.6, 0.3])
    mean, tau = 0.2, 0.3
    spread, se = np.sqrt(V + tau**2), np.sqrt(V)
    infinite = np.full(30, np.inf)
    cuts = [infinite, *(-special.ndtri(a) * se for a in (0.025, 0.5)), -infinite]
    areas = sum(
        w * (stats.norm.cdf(high, mean, spread) - stats.norm.cdf(low, mean, spread))
        for w, high, low in zip((1.0, *delta), cuts[:-1], cuts[1:], strict=True)
    )
    weight = np.array([1.0, *delta])[
        np.searchsorted([0.025, 0.5, 1.0], one_sided_p(Y / se, False), side="left")
    ]
    expected = np.log(weight) + stats.norm.logpdf(Y, mean, spread) - np.log(areas)
    found = selection_log_likelihood(made, np.array([mean]), tau, delta)
    assert found == pytest.approx(float(np.sum(expected)), rel=1e-12)


@pytest.mark.parametrize("kind", SELECTION_TYPES)
def test_no_selection_is_the_normal_model(kind: Any) -> None:
    made = problem(kind)
    spread = np.sqrt(V + 0.09)
    found = selection_log_likelihood(made, np.array([0.2]), 0.3, made.neutral)
    assert found == pytest.approx(np.sum(stats.norm.logpdf(Y, 0.2, spread)), rel=1e-12)
    assert np.abs(log_weights(made, Y, made.neutral)[0]).max() == 0


def test_truncation_at_zero_is_a_step_at_one_half() -> None:
    step = fit_selection(problem("stepfun", steps=np.array([0.5, 1.0])), np.array([0.3]), 0.3)
    cut = fit_selection(problem("trunc", steps=np.array([0.0])), np.array([0.3]), 0.3)
    assert cut.delta == pytest.approx(step.delta, rel=1e-6)
    assert cut.coefficients == pytest.approx(step.coefficients, rel=1e-6)


@pytest.mark.parametrize("unit", [1e-3, 250.0])
@pytest.mark.parametrize("kind", ["stepfun", "negexp", "beta"])
def test_units_do_not_matter(kind: Any, unit: float) -> None:
    plain = fit_selection(problem(kind), np.array([0.3]), 0.3)
    other = fit_selection(
        problem(kind, estimates=Y * unit, variances=V * unit**2), np.array([0.3 * unit]), 0.3 * unit
    )
    assert plain.converged
    assert other.coefficients / unit == pytest.approx(plain.coefficients, rel=1e-6)
    assert other.tau2 / unit**2 == pytest.approx(plain.tau2, rel=1e-5, abs=1e-9)
    assert other.delta == pytest.approx(plain.delta, rel=1e-5)
    assert other.log_likelihood == pytest.approx(plain.log_likelihood - 30 * np.log(unit))


def test_the_order_of_studies_does_not_matter() -> None:
    made = problem("logistic")
    back = replace(made, estimates=Y[::-1], variances=V[::-1])
    one, other = (fit_selection(p, np.array([0.3]), 0.3) for p in (made, back))
    assert one.delta == pytest.approx(other.delta, rel=1e-7)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-12)


def test_a_known_parameter_stays() -> None:
    fit = fit_selection(problem("stepfun"), np.array([0.3]), 0.3, fixed=np.array([0.5, np.nan]))
    assert fit.delta[0] == pytest.approx(0.5, rel=1e-14)
    assert np.isnan(fit.delta_se[0])
    assert np.isfinite(fit.delta_se[1])


def test_selection_that_is_there_is_found() -> None:
    """Of 4,000 studies without an effect, one in five of those not significant is seen."""
    rng = np.random.default_rng(11)
    v = rng.uniform(0.02, 0.1, 4000)
    y = rng.normal(0, np.sqrt(v + 0.02))
    p = one_sided_p(y / np.sqrt(v), False)
    seen = (p <= 0.025) | (rng.random(4000) < 0.2)
    made = SelectionProblem(
        y[seen], v[seen], np.ones((int(seen.sum()), 1)), "stepfun", False,
        np.array([0.025, 1.0]), np.ones(int(seen.sum())), True,
    )  # fmt: skip
    fit = fit_selection(made, np.array([y[seen].mean()]), 0.1)
    assert abs(fit.coefficients[0]) < 3 * fit.coefficient_se[0]
    assert abs(fit.delta[0] - 0.2) < 3 * fit.delta_se[0]
    assert y[seen].mean() > 5 * fit.coefficient_se[0]


def test_counts_by_interval() -> None:
    assert interval_counts(problem("stepfun")).sum() == 30
    assert interval_counts(problem("trunc")).tolist() == [
        int((Y >= 0.1).sum()), int((Y < 0.1).sum()),
    ]  # fmt: skip
