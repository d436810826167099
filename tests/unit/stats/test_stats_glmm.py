"""The likelihood of count models: against scipy's distributions and plain integration."""

import numpy as np
import pytest
from scipy import integrate, stats

from evisynth.stats.glmm import fit_glmm
from evisynth.stats.glmm_likelihood import (
    Cells,
    Point,
    hypergeometric_support,
    log_choose,
    log_likelihoods,
    scores,
)
from evisynth.stats.glmm_models import CountLikelihood, fit_count_model

A, N1 = np.array([4.0, 6, 3, 17]), np.array([123.0, 306, 231, 1716])
C, N2 = np.array([11.0, 29, 11, 65]), np.array([139.0, 303, 220, 1665])


LIKELIHOODS: tuple[CountLikelihood, ...] = ("UM.FS", "UM.RS", "CM.EL", "CM.AL")


def hypergeometric(random: bool = True) -> Cells:
    k = len(A)
    one = np.ones((k, 1, 1))
    return Cells(
        "hypergeometric", A[:, None], 0 * A[:, None], 0 * A[:, None], one, None,
        one if random else np.empty((k, 1, 0)), (log_choose(N1, A) + log_choose(N2, C))[:, None],
        hypergeometric_support(A, N1, C, N2),
    )  # fmt: skip


def arms(effects: int) -> Cells:
    k = len(A)
    y, n = np.stack([A, C], axis=1), np.stack([N1, N2], axis=1)
    arm = np.tile([1.0, 0.0], (k, 1))
    z = np.stack([np.ones((k, 2)), arm - 0.5], axis=2)[:, :, 2 - effects :]
    return Cells("binomial", y, n, 0 * y, arm[:, :, None], np.ones((k, 2)), z, log_choose(n, y))


def test_hypergeometric_probabilities_are_scipys() -> None:
    at = Point(np.zeros(4), np.array([-0.7]), np.empty(0))
    ours = log_likelihoods(hypergeometric(random=False), at, 1)[0]
    theirs = [
        stats.nchypergeom_fisher(n1 + n2, n1, a + c, np.exp(-0.7)).logpmf(a)
        for a, n1, c, n2 in zip(A, N1, C, N2, strict=True)
    ]
    assert ours == pytest.approx(theirs, rel=1e-10)


def test_quadrature_is_integration() -> None:
    """21 points integrate what an adaptive rule does."""
    cells = hypergeometric()
    at = Point(np.zeros(4), np.array([-1.1]), np.array([0.6]))
    ours = log_likelihoods(cells, at, 21)[0]
    for study in range(4):
        law = stats.nchypergeom_fisher
        population = N1[study] + N2[study]

        def inside(u: float, s: int = study, law=law, total=population) -> float:
            odds = np.exp(-1.1 + 0.6 * u)
            return float(law(total, N1[s], A[s] + C[s], odds).pmf(A[s]) * stats.norm.pdf(u))

        value = integrate.quad(inside, -9, 9, epsabs=1e-13, limit=200)[0]
        assert ours[study] == pytest.approx(np.log(value), abs=1e-8)


def test_two_random_effects_integrate_as_a_double_integral() -> None:
    cells = arms(2)
    at = Point(np.full(4, -3.0), np.array([-0.9]), np.array([0.7, 0.4]))
    ours = log_likelihoods(cells, at, 15)[0]

    def inside(v: float, u: float) -> float:
        eta = -3.0 + 0.7 * v + np.array([-0.9 + 0.2 * u, -0.2 * u])
        p = 1 / (1 + np.exp(-eta))
        law = np.prod(stats.binom.pmf([A[0], C[0]], [N1[0], N2[0]], p))
        return float(law * np.exp(-(u * u + v * v) / 2) / (2 * np.pi))

    value = integrate.dblquad(inside, -8, 8, -8, 8, epsabs=1e-12)[0]
    assert ours[0] == pytest.approx(np.log(value), abs=1e-6)


@pytest.mark.parametrize("effects", [1, 2])
@pytest.mark.parametrize("points", [1, 7])
def test_scores_are_derivatives(effects: int, points: int) -> None:
    cells = arms(effects)
    at = Point(np.array([-3.1, -2.4, -3.0, -3.3]), np.array([-0.8]), np.full(effects, 0.45))
    exact = scores(cells, at, points)[1]
    h = 1e-5
    moves = [(0, Point(at.nuisance + h, at.coefficients, at.scales)),
             (1, Point(at.nuisance, at.coefficients + h, at.scales))]  # fmt: skip
    for place in range(effects):
        scales = at.scales + h * np.eye(effects)[place]
        moves.append((2 + place, Point(at.nuisance, at.coefficients, scales)))
    for column, after in moves:
        before = Point(
            2 * at.nuisance - after.nuisance,
            2 * at.coefficients - after.coefficients,
            2 * at.scales - after.scales,
        )
        up, down = (log_likelihoods(cells, p, points)[0] for p in (after, before))
        assert exact[:, column] == pytest.approx((up - down) / (2 * h), abs=1e-7)


def test_the_maximum_has_no_slope() -> None:
    cells = arms(1)
    fit = fit_glmm(cells, nuisance=np.full(4, -3.0))
    at = Point(fit.nuisance, fit.coefficients, fit.scales)
    slopes = scores(cells, at, 7)[1]
    assert fit.converged
    assert np.abs(slopes[:, 0]).max() < 1e-7
    assert np.abs(slopes[:, 1:].sum(axis=0)).max() < 1e-7


def test_many_people_at_an_arm_do_not_overflow() -> None:
    big = np.array([0.0, 3e6]), np.array([4e7, 1e7])
    y, v = np.array([-17.0, -1.2]), np.array([2.0, 1e-6])
    found = fit_count_model("PLO", "", big, random=True, points=7, estimates=y, variances=v)
    assert np.isfinite(found.fit.log_likelihood)


def test_order_of_studies_does_not_matter() -> None:
    cells = (A, N1 - A, C, N2 - C)
    y = np.log(A / (N1 - A)) - np.log(C / (N2 - C))
    v = 1 / A + 1 / (N1 - A) + 1 / C + 1 / (N2 - C)
    back = tuple(x[::-1] for x in cells)
    for likelihood in LIKELIHOODS:
        one = fit_count_model(
            "OR", likelihood, cells, random=True, points=7, estimates=y, variances=v
        )
        other = fit_count_model(
            "OR", likelihood, back, random=True, points=7, estimates=y[::-1], variances=v[::-1]
        )
        assert one.fit.coefficients == pytest.approx(other.fit.coefficients, rel=1e-7)
        assert one.fit.log_likelihood == pytest.approx(other.fit.log_likelihood, abs=1e-9)
        assert one.lrt == pytest.approx(other.lrt, rel=1e-7)
