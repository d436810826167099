"""Any smooth function of effect estimates, with variances by the delta method."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from evisynth.effects.estimates import EffectEstimates, Scale
from evisynth.effects.given import GivenEstimates, as_estimates
from evisynth.effects.transformations import TRANSFORMATIONS
from evisynth.errors import DataError
from evisynth.stats import check_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["transform_effects"]


def transform_effects(
    effects: GivenEstimates,
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    *,
    derivative: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None,
    scale: str = "identity",
    label: str = "Transformed effect",
    short: str = "Effect",
) -> EffectEstimates:
    """Transform effect estimates by any smooth function (metafor's ``conv.delta``).

    The variance is v f'(y)², by the delta method.

    Parameters
    ----------
    effects
        Effect estimates.
    function
        From values on the pooled scale, shape (K,), to the new values.
    derivative
        Its derivative; by default by differences (Richardson extrapolation).
    scale, label, short
        Scale of the new values (``"identity"``, ``"log"`` ...) and their words.

    Returns
    -------
    EffectEstimates
        Generic ones, with the same rows.

    Examples
    --------
    >>> import evisynth as es
    >>> import numpy as np
    >>> table = {"study": ["A", "B"], "yi": [0.3, 0.5], "vi": [0.01, 0.02]}
    >>> z = transform_effects(es.effects(table, "GEN"), np.arctanh, short="Fisher z")
    >>> z.estimates.round(4).tolist(), z.variances.round(6).tolist()
    ([0.3095, 0.5493], [0.012076, 0.035556])
    """
    scale = check_name("scale", scale, TRANSFORMATIONS)
    label, short = check_name("label", label), check_name("short", short)
    effects = as_estimates(effects)
    y = effects.estimates
    with np.errstate(all="ignore"):
        new = np.asarray(function(y), dtype=np.float64)
        slope = _slope(function, y) if derivative is None else np.asarray(derivative(y))
        variances = effects.variances * slope**2
    if new.shape != y.shape:
        raise DataError(f"function: values of shape {new.shape} for {len(y)} estimates")
    good = np.isfinite(new) & np.isfinite(variances)
    lost = effects.estimable & ~good
    reasons = [
        "the function has no value there" if gone else reason
        for gone, reason in zip(lost, effects.reasons, strict=True)
    ]
    return EffectEstimates(
        measure="GEN",
        scale=Scale(scale, 0.0, label, short),
        labels=effects.labels,
        estimates=np.where(good, new, np.nan),
        variances=np.where(good, variances, np.nan),
        reasons=tuple(reasons),
        method=f"{effects.method}; transformed, variances by the delta method",
        data=effects.data,
        columns=effects.columns,
        notes=(*effects.notes, f"transformed to {short}; variances by the delta method"),
    )


def _slope(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the derivative by central differences, extrapolated twice; shape (K,)."""
    step = 1e-3 * np.maximum(np.abs(y), 1e-1)
    rows = []
    for halving in range(4):
        h = step / 2**halving
        rows.append((np.asarray(function(y + h)) - np.asarray(function(y - h))) / (2 * h))
    for order in (1, 2, 3):
        factor = 4.0**order
        rows = [(factor * fine - coarse) / (factor - 1) for coarse, fine in pairwise(rows)]
    result: NDArray[np.float64] = rows[0]
    return result
