"""The number of studies missing on one side of the funnel (Duval and Tweedie).

References: Duval and Tweedie 2000 (doi:10.1111/j.0006-341X.2000.00455.x,
doi:10.1080/01621459.2000.10473905).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import NotEstimableError

__all__ = ["MissingStudies", "trim_and_fill_rank"]

Floats = NDArray[np.float64]
MAX_ITERATIONS = 100


@dataclass(frozen=True, slots=True)
class MissingStudies:
    """Studies estimated to be missing on one side.

    Attributes
    ----------
    k0 : int
        Their number.
    k0_se : float
        Its standard error (of L0 and Q0: at the estimate before rounding, where the approximate
        variance may turn negative; NaN then).
    p_value : float
        Test of none missing (R0 only, else NaN).
    centre : float
        Pooled effect of the trimmed studies, about which the others are mirrored.
    estimates, variances : ndarray, shape (k0,)
        The mirrored rows.
    mirrored : ndarray of int, shape (k0,)
        Which of the given rows they mirror.
    rounds : tuple of (int, float)
        Studies trimmed and the pooled effect of the others, round by round.
    """

    k0: int
    k0_se: float
    p_value: float
    centre: float
    estimates: Floats
    variances: Floats
    mirrored: NDArray[np.int64]
    rounds: tuple[tuple[int, float], ...] = ()


def trim_and_fill_rank(
    estimates: ArrayLike,
    variances: ArrayLike,
    centre: Callable[[Floats, Floats], float],
    *,
    estimator: Literal["L0", "R0", "Q0"] = "L0",
    side: Literal["left", "right"] = "left",
) -> MissingStudies:
    """Trim the most extreme studies of one side until their estimated number stays.

    Parameters
    ----------
    estimates, variances
        Shape (K,), K of at least 3.
    centre
        Function of (estimates, variances) that returns the pooled effect of the model used.
    estimator
        ``"L0"``, ``"R0"`` or ``"Q0"``.
    side
        Side on which studies are missing; the other one is trimmed.

    Raises
    ------
    NotEstimableError
        If the number does not settle within 100 rounds.

    Examples
    --------
    >>> def mean(y, v):
    ...     return float(np.sum(y / v) / np.sum(1 / v))
    >>> y = [0.0, 0.1, 0.2, 0.5, 0.9, 1.2]
    >>> trim_and_fill_rank(y, [0.01, 0.01, 0.02, 0.1, 0.2, 0.3], mean).k0
    3
    """
    sign = 1.0 if side == "left" else -1.0
    given = sign * np.asarray(estimates, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    y = given[order]
    v = np.asarray(variances, dtype=np.float64)[order]
    k = len(y)
    k0, seen = 0, -1
    middle, gamma = 0.0, 0.0
    rounds: list[tuple[int, float]] = []
    for _ in range(MAX_ITERATIONS):
        if k0 == seen:
            break
        seen = k0
        middle = sign * centre(sign * y[: k - k0], v[: k - k0])
        rounds.append((k0, sign * middle))
        deviations = y - middle
        ranks = np.empty(k)
        ranks[np.argsort(np.abs(deviations), kind="stable")] = np.arange(1, k + 1)
        positive = float(ranks[deviations > 0].sum())
        if estimator == "R0":
            others = ranks[deviations < 0]
            gamma = k - (others.max() if others.size else 0.0) - 1
        elif estimator == "Q0":
            inside = 2 * k**2 - 4 * positive + 0.25
            if inside < 0:
                raise NotEstimableError(
                    f"trim and fill (Q0, {side}): the estimator does not exist for these ranks "
                    "(it is the root of a negative number); use L0 or R0"
                )
            gamma = k - 0.5 - np.sqrt(inside)
        else:
            gamma = (4 * positive - k * (k + 1)) / (2 * k - 1)
        k0 = max(0, int(np.rint(gamma)))
        if k - k0 < 1:
            raise NotEstimableError(
                f"trim and fill ({estimator}, {side}) would trim all {k} studies; report the "
                "funnel plot without it"
            )
    else:
        raise NotEstimableError(
            f"trim and fill ({estimator}, {side}) did not settle on a number of missing studies "
            f"within {MAX_ITERATIONS} rounds; try another estimator (L0, R0, Q0) or side"
        )
    if estimator == "R0":
        k0_se = float(np.sqrt(2 * k0 + 2))
        p_value = float(0.5 ** (k0 + 1))
    else:
        # at the estimate before rounding, as metafor has it
        variance = (
            k * (k + 1) * (2 * k + 1)
            + 10 * gamma**3
            + 27 * gamma**2
            + 17 * gamma
            - 18 * k * gamma**2
            - 18 * k * gamma
            + 6 * k**2 * gamma
        ) / 24
        scale = 4 / (2 * k - 1)
        if estimator == "Q0":
            rest = (k - 0.5) ** 2 - gamma * (2 * k - gamma - 1)
            scale = 2 / np.sqrt(rest) if rest > 0 else float("nan")
        k0_se = float(scale * np.sqrt(variance)) if variance >= 0 else float("nan")
        p_value = float("nan")
    last = slice(k - k0, k)
    return MissingStudies(
        k0=k0,
        k0_se=k0_se,
        p_value=p_value,
        centre=sign * middle,
        estimates=sign * (2 * middle - y[last]),
        variances=v[last],
        mirrored=order[last].astype(np.int64),
        rounds=tuple(rounds),
    )
