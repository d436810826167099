"""Boundaries of repeated tests: alpha and beta spending by recursive numerical integration.

The statistic at look k is z, the score process z sqrt(t) at information fraction t has independent
normal increments of variance t(k) - t(k - 1) and drift theta a unit of t. Its density on the region
in which no boundary was crossed is carried from look to look (Armitage, McPherson and Rowe 1969,
doi:10.2307/2343787).

References: Lan and DeMets 1983 (doi:10.1093/biomet/70.3.659); Jennison and Turnbull 1999
(ISBN 9780849303166); Pampallona, Tsiatis and Kim 2001 (doi:10.1177/009286150103500408).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError, NotEstimableError, OptionError

__all__ = [
    "SPENDING",
    "SequentialBounds",
    "Spending",
    "crossing_probabilities",
    "sequential_bounds",
    "spent",
]

Floats = NDArray[np.float64]
Spending = Literal["obrien-fleming", "pocock", "hwang-shih-decani", "power"]
SPENDING: tuple[Spending, ...] = get_args(Spending)
LARGEST = 37.5
"""No boundary beyond: the tail of the normal distribution ends there in double precision."""

CLOSE = 1e-4
"""Looks whose fractions differ by a smaller share than this count as one."""


@dataclass(frozen=True, slots=True)
class SequentialBounds:
    """Boundaries on the z scale, one a look; every array has shape (K,).

    Attributes
    ----------
    fractions : ndarray
        Information fractions.
    efficacy : ndarray
        Boundary for benefit and (negative) for harm; infinite where nothing is spent.
    futility : ndarray
        Inner wedge: |z| below it stops for futility; NaN where there is none.
    alpha_spent, beta_spent : ndarray
        Cumulated; alpha of both sides together.
    drift : float
        Expected z at fraction 1 under the alternative; NaN without futility.
    inflation : float
        Factor on the information size that keeps the power, 1 without futility.
    """

    fractions: Floats
    efficacy: Floats
    futility: Floats
    alpha_spent: Floats
    beta_spent: Floats
    drift: float
    inflation: float


def spent(
    fractions: ArrayLike, alpha: float, kind: Spending = "obrien-fleming", parameter: float = -4.0
) -> Floats:
    """Return the error of one side spent up to each fraction of the information.

    Parameters
    ----------
    fractions
        Information fractions; from 1 up all is spent.
    alpha
        Error of this side in all.
    kind
        ``"obrien-fleming"`` and ``"pocock"`` (Lan and DeMets), ``"hwang-shih-decani"`` or
        ``"power"``.
    parameter
        Gamma of Hwang, Shih and DeCani, or the (positive) power.

    Examples
    --------
    >>> spent([0.5, 1.0], 0.025).round(6)
    array([0.001525, 0.025   ])
    """
    from scipy import special

    t = np.clip(np.asarray(fractions, dtype=np.float64), 0.0, 1.0)
    if kind == "obrien-fleming":
        with np.errstate(divide="ignore"):
            return np.asarray(2 * special.ndtr(special.ndtri(alpha / 2) / np.sqrt(t)))
    if kind == "pocock":
        return np.asarray(alpha * np.log1p(np.expm1(1.0) * t))
    if kind == "power":
        if not parameter > 0:
            raise OptionError("parameter", parameter, ["a power above 0, e.g. 3"])
        return np.asarray(alpha * t**parameter)
    if kind == "hwang-shih-decani":
        if parameter == 0:
            return np.asarray(alpha * t)
        return np.asarray(alpha * np.expm1(-parameter * t) / np.expm1(-parameter))
    raise OptionError("spending", kind, SPENDING)


@lru_cache(maxsize=256)
def _legendre(nodes: int) -> tuple[Floats, Floats]:
    x, w = np.polynomial.legendre.leggauss(nodes)
    return x, w


@dataclass(frozen=True, slots=True)
class _Density:
    """The density of the score process where no boundary was crossed, at one look."""

    fraction: float
    nodes: Floats
    masses: Floats

    @staticmethod
    def start() -> _Density:
        return _Density(0.0, np.zeros(1), np.ones(1))

    def above(self, bound: float, fraction: float, drift: float) -> float:
        """Return the chance to be above a z bound at a later fraction."""
        from scipy import special

        step = fraction - self.fraction
        away = bound * np.sqrt(fraction) - self.nodes - drift * step
        return float(self.masses @ special.ndtr(-away / np.sqrt(step)))

    def between(self, low: float, high: float, fraction: float, drift: float) -> float:
        """Return the chance to lie between two z bounds at a later fraction."""
        from scipy import special

        step = fraction - self.fraction
        root = np.sqrt(step)
        centre = self.nodes + drift * step
        ends = [(bound * np.sqrt(fraction) - centre) / root for bound in (low, high)]
        return float(self.masses @ (special.ndtr(ends[1]) - special.ndtr(ends[0])))

    def carry(self, regions: list[tuple[float, float]], fraction: float, drift: float) -> _Density:
        """Return the density at a later fraction, kept to regions of z."""
        step = fraction - self.fraction
        sd = float(np.sqrt(step))
        nodes, weights = [], []
        # beyond 9 standard deviations of the unrestricted process there is nothing
        reach = 9 * np.sqrt(fraction)
        for low, high in regions:
            begin = max(low * np.sqrt(fraction), drift * fraction - reach)
            end = min(high * np.sqrt(fraction), drift * fraction + reach)
            if end <= begin:
                continue
            number = int(np.clip(np.ceil((end - begin) / sd * 2.3) + 24, 48, 3000))
            x, w = _legendre(number)
            nodes.append((begin + end) / 2 + (end - begin) / 2 * x)
            weights.append((end - begin) / 2 * w)
        if not nodes:
            return _Density(fraction, np.zeros(1), np.zeros(1))
        at, weight = np.concatenate(nodes), np.concatenate(weights)
        away = (at[:, None] - self.nodes - drift * step) / sd
        kernel = np.exp(-0.5 * away * away) / (sd * np.sqrt(2 * np.pi))
        return _Density(fraction, at, weight * (kernel @ self.masses))


def _solve(tail: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Return where a falling (or rising) probability is as wanted, on the log scale."""
    from scipy import optimize

    def off(bound: float) -> float:
        return float(np.log(max(tail(bound), 1e-320)) - np.log(wanted))

    return float(optimize.brentq(off, low, high, xtol=1e-12, rtol=1e-14))


def sequential_bounds(
    fractions: ArrayLike,
    *,
    alpha: float = 0.05,
    beta: float | None = None,
    spending: Spending = "obrien-fleming",
    beta_spending: Spending | None = None,
    parameter: float = -4.0,
) -> SequentialBounds:
    """Return two-sided symmetric boundaries for looks at given information fractions.

    Parameters
    ----------
    fractions
        Ascending, above 0, shape (K,). The first of 1 or more counts as 1, and later ones have no
        boundary: the result has fewer looks then.
    alpha
        Two-sided type I error; each side spends half of it.
    beta
        Type II error; with it an inner wedge for futility is formed. It is not binding: the
        efficacy boundary holds whether or not it is heeded. The fractions are then those of the
        information size without inflation, and are divided by the inflation found; where the
        last one is 1 exactly, it is the last look of a design and stays 1.
    spending, beta_spending, parameter
        Spending functions, see `spent`; that of beta is that of alpha unless given.

    Raises
    ------
    DataError
        If the fractions are not ascending and above 0.
    NotEstimableError
        If no inflation below 10 keeps the power.

    Examples
    --------
    >>> sequential_bounds([0.2, 0.4, 0.6, 0.8, 1.0]).efficacy.round(4)
    array([4.8769, 3.357 , 2.6803, 2.2898, 2.031 ])
    """
    t = np.asarray(fractions, dtype=np.float64).ravel()
    ascending = t.size > 0 and np.isfinite(t).all() and t[0] > 0 and (np.diff(t) > 0).all()
    if not ascending:
        raise DataError(f"information fractions {t.tolist()}: they must ascend from above 0")
    if beta is None:
        if t[-1] >= 1:
            t = np.append(t[t < 1], 1.0)
        bounds, used = _efficacy(t, alpha, spending, parameter)
        none = np.full(t.size, np.nan)
        return SequentialBounds(t, bounds, none, used, none, float("nan"), 1.0)
    wedge = spending if beta_spending is None else beta_spending
    return _with_futility(t, alpha, beta, spending, wedge, parameter)


def _efficacy(
    t: Floats, alpha: float, spending: Spending, parameter: float
) -> tuple[Floats, Floats]:
    """Return the efficacy boundaries and the alpha of both sides spent."""
    wanted = spent(t, alpha / 2, spending, parameter)
    bounds = np.full(t.size, np.inf)
    density = _Density.start()
    used, before = 0.0, np.inf
    cumulated = np.zeros(t.size)
    for look, fraction in enumerate(map(float, t)):
        if density.fraction and fraction - density.fraction < CLOSE * fraction:
            bounds[look], cumulated[look] = before, used
            continue
        part = float(wanted[look]) - used
        if part > 0 and density.above(LARGEST, fraction, 0.0) < part:

            def beyond(bound: float, at: _Density = density, when: float = fraction) -> float:
                return at.above(bound, when, 0.0)

            if beyond(0.0) > part:
                bounds[look] = _solve(beyond, part, 0.0, LARGEST)
                used = float(wanted[look])
        before = float(bounds[look])
        cumulated[look] = used
        if look + 1 < t.size:
            density = density.carry([(-before, before)], fraction, 0.0)
    return bounds, 2 * cumulated


def _with_futility(
    t: Floats,
    alpha: float,
    beta: float,
    spending: Spending,
    beta_spending: Spending,
    parameter: float,
) -> SequentialBounds:
    """Find the inflation at which efficacy and futility boundaries meet at full information."""
    from scipy import optimize, special

    plain = float(special.ndtri(1 - alpha / 2) + special.ndtri(1 - beta))
    design = abs(t[-1] - 1) < 1e-12

    def looks(inflation: float) -> Floats:
        inner = t[:-1] / inflation if design else t / inflation
        return np.append(inner[inner < 1 - 1e-12], 1.0)

    def missed(inflation: float) -> float:
        at = looks(inflation)
        bounds, _ = _efficacy(at, alpha, spending, parameter)
        drift = plain * np.sqrt(inflation)
        _, used = _wedge(at, bounds, beta, drift, beta_spending, parameter, close=True)
        return float(used[-1] - beta)

    low, high = 1.0, 1.2
    while missed(high) > 0:
        low, high = high, 1.5 * high
        if high > 10:
            raise NotEstimableError(
                "futility boundaries: no inflation of the information size below 10 keeps the "
                "power; choose another spending function"
            )
    # one look costs no power
    inflation = (
        1.0 if missed(1.0) <= 1e-12 else float(optimize.brentq(missed, low, high, xtol=1e-8))
    )
    at = looks(inflation)
    bounds, used = _efficacy(at, alpha, spending, parameter)
    drift = plain * float(np.sqrt(inflation))
    futility, lost = _wedge(at, bounds, beta, drift, beta_spending, parameter, close=True)
    # where full information is not reached yet, the last look is one to come
    keep = slice(None) if design or t[-1] / inflation >= 1 else slice(0, t.size)
    return SequentialBounds(
        at[keep], bounds[keep], futility[keep], used[keep], lost[keep], drift, inflation
    )


def _wedge(
    t: Floats,
    bounds: Floats,
    beta: float,
    drift: float,
    spending: Spending,
    parameter: float,
    *,
    close: bool,
) -> tuple[Floats, Floats]:
    """Return the inner wedge and the beta spent; ``close`` makes it meet the last boundary."""
    wanted = spent(t, beta, spending, parameter)
    futility = np.full(t.size, np.nan)
    cumulated = np.zeros(t.size)
    density = _Density.start()
    used = 0.0
    for look, fraction in enumerate(map(float, t)):
        bound = float(bounds[look])
        if density.fraction and fraction - density.fraction < CLOSE * fraction:
            futility[look], cumulated[look] = futility[look - 1], used
            continue
        if close and look + 1 == t.size:
            futility[look] = bound
            used += density.between(-bound, bound, fraction, drift)
            cumulated[look] = used
            break
        part = float(wanted[look]) - used
        top = min(bound, LARGEST)

        def stopped(f: float, at: _Density = density, when: float = fraction) -> float:
            return at.between(-f, f, when, drift)

        # while a negative z alone is likelier than what may be spent, nobody stops for futility
        # and it is kept for later looks
        if part > max(density.between(-LARGEST, 0.0, fraction, drift), 1e-300):
            inner = top if stopped(top) <= part else _solve(stopped, part, 0.0, top)
            futility[look] = inner
            used += stopped(inner)
        cumulated[look] = used
        inner = 0.0 if np.isnan(futility[look]) else float(futility[look])
        regions = [(-bound, -inner), (inner, bound)] if inner else [(-bound, bound)]
        density = density.carry(regions, fraction, drift)
    return futility, cumulated


def crossing_probabilities(
    fractions: ArrayLike,
    efficacy: ArrayLike,
    drift: float,
    futility: ArrayLike | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Return the chance to stop at each look above, below, and in the inner wedge, shape (K,).

    Parameters
    ----------
    fractions, efficacy, futility
        As in `SequentialBounds`; NaN in `futility` for no wedge.
    drift
        Expected z at fraction 1.

    Examples
    --------
    >>> above, below, _ = crossing_probabilities([0.5, 1.0], [2.963, 1.969], 0.0)
    >>> round(float(above.sum() + below.sum()), 4)
    0.05
    """
    t, b = (np.asarray(a, dtype=np.float64).ravel() for a in (fractions, efficacy))
    f = np.full(t.size, np.nan) if futility is None else np.asarray(futility, dtype=np.float64)
    above, below, within = (np.zeros(t.size) for _ in range(3))
    density = _Density.start()
    for look, fraction in enumerate(t):
        bound = float(b[look])
        above[look] = density.above(bound, fraction, drift)
        below[look] = float(density.masses.sum()) - density.above(-bound, fraction, drift)
        inner = 0.0 if np.isnan(f[look]) else float(f[look])
        if inner:
            within[look] = density.between(-inner, inner, fraction, drift)
        regions = [(-bound, -inner), (inner, bound)] if inner else [(-bound, bound)]
        density = density.carry(regions, float(fraction), drift)
    return above, below, within
