"""Permutation tests of the pooled effect and of moderators, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.display import format_count, format_p, plural
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    arrangements,
    check_count,
    check_flag,
    count_arrangements,
    flip_batch,
    permutation_limits,
    regress_permutations,
    sign_flips,
)
from evisynth.synthesis.further import needs_common_options
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.permutation_results import PermutationTest, large_count
from evisynth.synthesis.regression_results import MetaRegression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.synthesis.pooled import PooledFit

    Floats = NDArray[np.float64]

__all__ = ["permutation_test"]

MOST = 20_000_000
"""More arrangements than this are not gone through even if asked for."""

EQUAL = 2.0**-26
"""Statistics of arrangements that differ by less are equal but for rounding (metafor's
``comptol``)."""


def permutation_test(
    fit: Given | MetaRegression,
    draws: int = 1000,
    *,
    exact: bool | Literal["auto"] = "auto",
    seed: int = 1,
    ci: bool = False,
) -> PermutationTest:
    """Test the pooled effect, or the coefficients of a meta-regression, by permutation.

    Without moderators the signs of the estimates are flipped; with moderators the rows of the
    design are permuted. The model is fitted to each arrangement with the options of the fit, and
    the statistics of the coefficients are compared with those of the data.

    Parameters
    ----------
    fit
        A pooled effect or a meta-regression; or effect estimates or a table, pooled with the
        defaults first.
    draws
        Number of arrangements, the data as they are being the first; the others are random.
    exact
        Whether to go through all different arrangements instead: 2^k signs, or k! orders over those
        that only exchange equal rows. ``"auto"`` does where there are not more than ``draws``.
    seed
        Seed of the draw.
    ci
        Whether to search for permutation-based limits too: the values of the coefficient that the
        test does not reject at the level of the fit. Takes about a hundred times as long.

    Returns
    -------
    PermutationTest
        P values, and statistics under every arrangement.

    Raises
    ------
    NotEstimableError
        If there are fewer than two studies.
    OptionError
        If an option is not one of those allowed, or all arrangements are too many.

    Notes
    -----
    Where the safeguard of Hartung-Knapp acts in a refit, its statistic is the one that replaces
    it; for metafor's plain ``test="knha"`` fit with ``safeguard="none"``. Of an intercept in a
    meta-regression, permuting the rows of the moderators is hardly a test; its P value is given as
    metafor gives it.

    References
    ----------
    Follmann and Proschan 1999, doi:10.1111/j.0006-341X.1999.00732.x; Higgins and Thompson 2004,
    doi:10.1002/sim.1752; Viechtbauer et al. 2015, doi:10.1037/met0000023.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {"yi": [0.1, 0.3, 0.8, 0.5, 0.4, 0.6], "vi": [0.02, 0.03, 0.05, 0.01, 0.02, 0.04]}
    ... )
    >>> found = es.permutation_test(es.pool(table))
    >>> found.exact, found.draws, found.p_value
    (True, 64, 0.03125)
    """
    seed = check_count("seed", seed, least=0)
    ci = check_flag("ci", ci)
    check_count("draws", draws)
    if exact not in (True, False, "auto"):
        raise OptionError("exact", exact, ["True", "False", "'auto'"])
    if isinstance(fit, MetaRegression):
        plan = _plan_rows(fit, draws, exact, seed)
    else:
        plan = _plan_signs(as_fit(fit), draws, exact, seed)
    return _test(plan, seed, ci)


def _all_wanted(possible: int, draws: int, exact: bool | Literal["auto"]) -> bool:
    """Return whether to go through all arrangements."""
    if exact is True and possible > MOST:
        raise OptionError(
            "exact", exact, ["'auto'", "False"],
            hint=f"There are {large_count(possible)} arrangements; draw some of them.",
        )  # fmt: skip
    return bool(exact) if exact != "auto" else possible <= draws


@dataclass(frozen=True, slots=True)
class _Refits:
    """Statistics, shape (B, P), joint tests, shape (B,), and whether each search converged."""

    statistics: Floats
    omnibus: Floats
    converged: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is permuted; ``refit`` fits all arrangements after a shift by each coefficient."""

    fit: PooledFit | MetaRegression
    kind: Literal["signs", "rows"]
    terms: tuple[str, ...]
    coefficients: Floats
    se: Floats
    p_values: Floats
    omnibus: tuple[float, float]
    possible: int
    exact: bool
    observed: int
    refit: Callable[[Floats], _Refits]


def _plan_signs(fit: PooledFit, draws: int, exact: bool | Literal["auto"], seed: int) -> _Plan:
    """Flip the signs of the deviations from no effect."""
    if fit.k < 2:
        raise NotEstimableError(
            f"a permutation test needs at least two studies; there is {plural(fit.k, 'study')}"
        )
    here = fit.effects.estimable
    null = fit.effects.scale.null
    y, v = fit.effects.estimates[here] - null, fit.effects.variances[here]
    options = fit.options
    every = _all_wanted(2**fit.k, draws, exact)

    def refit(shifts: Floats) -> _Refits:
        parts = [
            flip_batch(
                y - shifts[0],
                v,
                flips,
                model=options.model,
                tau2=options.tau2,
                ci=options.ci,
                safeguard=options.safeguard,
                level=options.level,
            )
            for flips in sign_flips(fit.k, draws, seed, every)
        ]
        statistics = np.concatenate([part.statistic for part in parts])[:, None]
        converged = np.concatenate([part.converged for part in parts])
        return _Refits(statistics, np.full(len(statistics), np.nan), converged)

    return _Plan(
        fit=fit,
        kind="signs",
        terms=("pooled effect",),
        coefficients=np.array([fit.estimate]),
        se=np.array([fit.se]),
        p_values=np.array([fit.p_value]),
        omnibus=(float("nan"), float("nan")),
        possible=2**fit.k,
        exact=every,
        observed=0,
        refit=refit,
    )


def _plan_rows(fit: MetaRegression, draws: int, exact: bool | Literal["auto"], seed: int) -> _Plan:
    """Permute the rows of the design."""
    needs_common_options(fit.options, "permutation test")
    here, x = _design_of(fit)
    y, v = fit.effects.estimates[here], fit.effects.variances[here]
    options = fit.options
    kinds = np.unique(x, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    possible = count_arrangements(kinds)
    every = _all_wanted(possible, draws, exact)
    tested = [at for at, term in enumerate(fit.terms) if term != "intercept"]

    def refit(shifts: Floats) -> _Refits:
        parts = [
            regress_permutations(
                y - x @ shifts,
                v,
                x,
                orders,
                tested=tested or [0],
                model=options.model,
                tau2=options.tau2,
                ci=options.ci,
                safeguard=options.safeguard,
                level=options.level,
            )
            for orders in arrangements(kinds, draws, seed, every)
        ]
        return _Refits(
            np.concatenate([part.statistics for part in parts]),
            np.concatenate([part.omnibus for part in parts]),
            np.concatenate([part.converged for part in parts]),
        )

    return _Plan(
        fit=fit,
        kind="rows",
        terms=fit.terms,
        coefficients=fit.coefficients,
        se=fit.se,
        p_values=fit.p_values,
        omnibus=(fit.moderators.statistic, fit.moderators.p_value),
        possible=possible,
        exact=every,
        observed=_place_of_data(kinds) if every else 0,
        refit=refit,
    )


def _place_of_data(kinds: NDArray[np.int64]) -> int:
    """Return which of all arrangements leaves every row where it is."""
    passed = 0
    for orders in arrangements(kinds, 0, 0, exact=True):
        same = np.flatnonzero((kinds[orders] == kinds).all(axis=1))
        if same.size:
            return passed + int(same[0])
        passed += len(orders)
    raise AssertionError("the data are one of their arrangements")  # pragma: no cover


def _design_of(fit: MetaRegression) -> tuple[NDArray[np.bool_], Floats]:
    """Return which rows were fitted, and their design."""
    if fit.design is None:
        raise NotEstimableError(
            "this meta-regression carries no design to permute; fit it by es.meta_regression"
        )
    here = fit.rows
    return here, fit.design.matrix[here]


def _share(drawn: Floats, observed: float, converged: NDArray[np.bool_]) -> float:
    """Return the share of arrangements at least as extreme; those that failed count as such."""
    size = abs(observed)
    if np.isnan(size):
        return float("nan")
    least = size - EQUAL * max(1.0, size) if np.isfinite(size) else size
    return float(((np.abs(drawn) >= least) | ~converged | np.isnan(drawn)).mean())


def _test(plan: _Plan, seed: int, ci: bool) -> PermutationTest:
    """Compare the statistics of the data with those of the arrangements, and invert the test."""
    size = len(plan.terms)
    none = np.zeros(size)
    found = plan.refit(none)

    def share(at: int, refits: _Refits) -> float:
        drawn = refits.statistics[:, at]
        return _share(drawn, float(drawn[plan.observed]), refits.converged)

    def p_at(at: int, value: float) -> float:
        shifts = none.copy()
        shifts[at] = value
        return share(at, plan.refit(shifts))

    lower, upper = np.full(size, np.nan), np.full(size, np.nan)
    reasons = ["not asked for"] * size
    if ci:
        alpha = 1 - plan.fit.options.level
        centre = plan.fit.effects.scale.null if plan.kind == "signs" else 0.0
        for at in range(size):
            limits = permutation_limits(
                partial(p_at, at), plan.coefficients[at] - centre, plan.se[at], alpha
            )
            lower[at], upper[at] = limits.lower + centre, limits.upper + centre
            reasons[at] = limits.reason
    failed = int((~found.converged).sum())
    joint = plan.kind == "rows" and np.isfinite(plan.omnibus[0])
    return PermutationTest(
        fit=plan.fit,
        terms=plan.terms,
        coefficients=plan.coefficients,
        statistics=found.statistics[plan.observed],
        p_values=np.array([share(at, found) for at in range(size)]),
        model_p_values=plan.p_values,
        ci_lower=lower,
        ci_upper=upper,
        ci_reasons=tuple(reasons),
        omnibus=plan.omnibus[0],
        omnibus_p=_share(found.omnibus, float(found.omnibus[plan.observed]), found.converged)
        if joint
        else float("nan"),
        model_omnibus_p=plan.omnibus[1],
        kind=plan.kind,
        draws=len(found.statistics),
        possible=plan.possible,
        exact=plan.exact,
        seed=seed,
        failed=failed,
        drawn=found.statistics,
        omnibus_drawn=found.omnibus,
        notes=_notes(plan, len(found.statistics), failed, reasons if ci else []),
    )


def _notes(plan: _Plan, draws: int, failed: int, reasons: list[str]) -> tuple[str, ...]:
    """Return what a reader must know."""
    notes = []
    alpha = 1 - plan.fit.options.level
    least = (2 if plan.kind == "signs" and plan.exact else 1) / draws
    if least > alpha:
        notes.append(
            f"With {plural(draws, 'arrangement')} no P value can be below {format_p(least)}."
        )
    if failed:
        notes.append(
            f"The search for tau² did not converge in {plural(failed, 'arrangement')} of "
            f"{format_count(draws)}; these count as at least as extreme as the data."
        )
    notes += [
        f"No permutation limits of {term}: {reason}."
        for term, reason in zip(plan.terms, reasons, strict=False)
        if reason
    ]
    return tuple(notes)
