"""Profile-likelihood limits of the scale coefficients of location-scale models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.stats.distributions import chi2_quantile
from evisynth.stats.location_scale import LocationScaleModel, ScaleLink, scale_profile
from evisynth.stats.selection_limits import profile_search

__all__ = ["ScaleLimits", "scale_limits"]

Floats = NDArray[np.float64]

REACH = 60.0
"""Under the log link: how far the linear predictor may move before a limit counts as infinite; tau²
has then changed by a factor of 10^26."""

FAR = 1e4
"""Under the identity link: the same, in sampling variances."""

HIGHER = 1e-6
"""A profile this much above the maximum shows that the maximum is none."""


@dataclass(frozen=True, slots=True)
class ScaleLimits:
    """Profile-likelihood limits of the scale coefficients, shape (Q,).

    ``reasons`` say why a limit is infinite, or the edge of what is possible; else ``""``.
    """

    lower: Floats
    upper: Floats
    reasons: tuple[str, ...]


def scale_limits(
    estimates: ArrayLike,
    variances: ArrayLike,
    design: ArrayLike,
    scale_design: ArrayLike,
    fit: LocationScaleModel,
    *,
    link: ScaleLink = "log",
    restricted: bool = True,
    level: float = 0.95,
) -> ScaleLimits:
    """Return where the profile likelihood has fallen by half the quantile of chi² (1).

    Parameters
    ----------
    estimates, variances, design, scale_design, link, restricted
        As in `fit_location_scale`.
    fit
        What it returned.
    level
        Level of the limits.

    References
    ----------
    Venzon and Moolgavkar 1988, doi:10.2307/2347496.

    Examples
    --------
    >>> from evisynth.stats import fit_location_scale
    >>> y, v, one = [0.1, 0.2, 0.1, 0.3, 0.9, -0.4, 1.2, -0.1], np.full(8, 0.01), np.ones((8, 1))
    >>> found = scale_limits(y, v, one, one, fit_location_scale(y, v, one, one))
    >>> found.lower.round(3), found.upper.round(3)
    (array([-2.286]), array([-0.043]))
    """
    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    x, z = np.asarray(design, dtype=np.float64), np.asarray(scale_design, dtype=np.float64)
    drop = 0.5 * float(chi2_quantile(1, level))
    best = fit.scale_coefficients
    spread = np.sqrt(np.diag(fit.scale_covariance))
    low, high, reasons = [], [], []
    for column in range(z.shape[1]):
        size = float(np.abs(z[:, column]).max())
        reach = REACH / size if link == "log" else FAR * float(np.median(v)) / size
        ends, words = [], []
        top = _height(y, v, x, z, column, float(best[column]), [best], link, restricted)[0]
        state = [best]

        def fall(value: float, column: int = column, top: float = top,
                 state: list[Floats] = state) -> float:  # fmt: skip
            height, place = _height(y, v, x, z, column, value, [state[0], best], link, restricted)
            if np.isfinite(height):
                state[0] = place
            if height > top + HIGHER * (1 + abs(top)):
                words.append("the profile likelihood is above the maximum found")  # noqa: B023
            return top - drop - height

        own = float(spread[column])
        # the others' part of a linear predictor follows, so that a standard error may exceed it
        usable = np.isfinite(own) and own > 0
        step = own if usable else 0.05 * reach
        reach = max(reach, 100 * own) if usable else reach
        for sign, word in ((-1.0, "lower"), (1.0, "upper")):
            state[0] = best
            at = float(best[column])
            place, found = profile_search(fall, at, sign * step, at + sign * reach)
            if not found:
                edge = np.isfinite(fall(at + sign * reach))
                words.append(
                    f"the likelihood does not fall enough for a finite {word} limit"
                    if edge
                    else f"the {word} limit is the edge of what is possible (tau² above 0)"
                )
                place = sign * float("inf") if edge else place
            ends.append(place)
        low.append(ends[0])
        high.append(ends[1])
        reasons.append("; ".join(dict.fromkeys(words)))
    return ScaleLimits(np.array(low), np.array(high), tuple(reasons))


def _height(
    y: Floats,
    v: Floats,
    x: Floats,
    z: Floats,
    column: int,
    value: float,
    starts: Sequence[Floats],
    link: ScaleLink,
    restricted: bool,
) -> tuple[float, Floats]:
    with np.errstate(all="ignore"):
        return scale_profile(
            y, v, x, z, column, value, link=link, restricted=restricted, starts=starts
        )
