"""The tetrachoric correlation of 2x2 tables, for all tables at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["tetrachoric_correlation"]

PANELS = 40
"""Panels of the integral; they halve towards the right angle, where the integrand may be steep."""

NODES = 16
"""Gauss-Legendre nodes of each panel."""

STEPS = 200
"""Most steps of Newton's method with bisection; some ten are usual."""

CLOSE = 1e-15
"""Step of the angle, in radians, below which the search ends."""


def tetrachoric_correlation(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    """Tetrachoric correlations of 2x2 tables and their large-sample variances.

    Both variables are cut at a threshold; the bivariate normal distribution with correlation ρ
    whose upper quadrant holds a share a/N is found by Newton's method, safeguarded by bisection, on
    the angle arcsin ρ: the quadrant's share is an integral over that angle. The variance is that of
    the maximum likelihood estimate under multinomial sampling, by the delta method.

    Parameters
    ----------
    a, b, c, d : ndarray, shape (K,)
        Cells by row.

    Returns
    -------
    estimates, variances : ndarray, shape (K,)
        NaN where a cell is 0.

    References
    ----------
    Pearson K (1900), doi:10.1098/rsta.1900.0022; Kirk DB (1973), doi:10.1007/BF02291118;
    Drezner Z, Wesolowsky GO (1990), doi:10.1080/00949659008811236 (the integral).

    Examples
    --------
    >>> import numpy as np
    >>> table = (np.array([cell]) for cell in (135.0, 15.0, 40.0, 10.0))
    >>> r, v = tetrachoric_correlation(*table)
    >>> r.round(4).tolist(), (v**0.5).round(4).tolist()
    ([0.2602], [0.1423])
    """
    full = (np.stack([a, b, c, d]) > 0).all(axis=0)
    estimates, variances = np.full(a.shape, np.nan), np.full(a.shape, np.nan)
    if full.any():
        found = _of_full_tables(a[full], b[full], c[full], d[full])
        estimates[full], variances[full] = found
    return estimates, variances


def _of_full_tables(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    total = a + b + c + d
    row, column = (a + b) / total, (a + c) / total
    h, k = special.ndtri(row), special.ndtri(column)
    # a/N - row column as (ad - bc)/N² loses no digits.
    target = 2 * np.pi * (a * d - b * c) / total**2
    angle = _angle(h, k, target)
    rho, width = np.sin(angle), np.cos(angle)
    density = np.exp(-(h**2 + k**2 - 2 * h * k * rho) / (2 * width**2)) / (2 * np.pi * width)
    # The upper quadrant changes with a threshold as the other variable lies beyond its own.
    by_row = special.ndtr((k - rho * h) / width)
    by_column = special.ndtr((h - rho * k) / width)
    # Influence of one person in each cell: what they add to p11 less what their margins explain.
    cells = ((a, 1 - by_row - by_column), (b, -by_row), (c, -by_column), (d, np.zeros(a.shape)))
    mean = sum((n * w for n, w in cells), np.zeros(a.shape)) / total
    spread = sum((n * (w - mean) ** 2 for n, w in cells), np.zeros(a.shape)) / total
    return rho, spread / (total * density**2)


def _angle(h: Floats, k: Floats, target: Floats) -> Floats:
    """Solve ∫₀^θ exp(-(h² + k² - 2hk sin t)/(2 cos² t)) dt = target for θ."""
    low, high = np.full(h.shape, -np.pi / 2), np.full(h.shape, np.pi / 2)
    angle = np.zeros(h.shape)
    for _ in range(STEPS):
        off = _integral(h, k, angle) - target
        high, low = np.where(off > 0, angle, high), np.where(off <= 0, angle, low)
        slope = _integrand(h, k, angle)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = angle - off / slope
        inside = (step > low) & (step < high)
        following = np.where(off == 0, angle, np.where(inside, step, (low + high) / 2))
        done = np.abs(following - angle) <= CLOSE * np.maximum(np.abs(angle), CLOSE)
        angle = following
        if done.all():
            break
    return angle


def _integrand(h: Floats, k: Floats, angle: Floats) -> Floats:
    sine, cosine = np.sin(angle), np.cos(angle)
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = -(h**2 + k**2 - 2 * h * k * sine) / (2 * cosine**2)
    value: Floats = np.exp(np.where(cosine > 0, exponent, -np.inf))
    return value


def _integral(h: Floats, k: Floats, angle: Floats) -> Floats:
    """Integrate from 0 to each angle; shape (K,)."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    edges = np.pi / 2 * (1 - 0.5 ** np.arange(PANELS + 1))
    size = np.abs(angle)[:, None]
    left, right = np.minimum(edges[:-1], size), np.minimum(edges[1:], size)
    half = (right - left) / 2
    points = (left + half)[:, :, None] + half[:, :, None] * nodes
    heights = _integrand(h[:, None, None], k[:, None, None], np.sign(angle)[:, None, None] * points)
    value: Floats = np.sign(angle) * np.sum(half * (heights @ weights), axis=1)
    return value
