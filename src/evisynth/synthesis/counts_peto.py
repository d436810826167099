"""Peto's one-step odds ratio straight from a table of counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evisynth.display import plural
from evisynth.stats import observed_minus_expected, peto_batch, q_around
from evisynth.synthesis.counts_fitting import check_level, count_fit, named_test, table_notes
from evisynth.synthesis.counts_reading import SCALES, read_counts
from evisynth.synthesis.counts_results import CountFit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["peto"]

Floats = NDArray[np.float64]

NOTHING = "no study has both events and non-events: the counts tell nothing of the odds ratio"


def peto(
    data: pd.DataFrame | Mapping[str, Any],
    *,
    study: Any = "study",
    events1: Any = None,
    nonevents1: Any = None,
    n1: Any = None,
    events2: Any = None,
    nonevents2: Any = None,
    n2: Any = None,
    subset: Any = None,
    level: float = 0.95,
) -> CountFit:
    """Pool odds ratios by Peto's one-step method.

    It suits rare events, arms of like size and small effects; where an arm is much larger than the
    other, or the effect large, it is biased (Greenland and Salvan 1990) and a note says so.

    Parameters
    ----------
    data, study, events1, nonevents1, n1, events2, nonevents2, n2, subset
        Table of studies and its columns; see `evisynth.effects`.
    level
        Level of the limits.

    Returns
    -------
    CountFit
        With the test ``"Q"``; the studies' own estimates are (O - E)/V with variance 1/V.

    References
    ----------
    Yusuf et al. 1985, doi:10.1016/s0033-0620(85)80003-7.

    Examples
    --------
    >>> table = {
    ...     "study": ["A", "B"],
    ...     "ai": [4, 6],
    ...     "n1i": [123, 306],
    ...     "ci": [11, 29],
    ...     "n2i": [139, 303],
    ... }
    >>> round(peto(table).estimate, 4)
    -1.2401
    """
    check_level(level)
    counts = read_counts(
        data,
        "OR",
        add=0.0,
        to="none",
        double_zero="keep",
        study=study,
        subset=subset,
        columns={
            "events1": events1, "nonevents1": nonevents1, "n1": n1,
            "events2": events2, "nonevents2": nonevents2, "n2": n2,
        },
    )  # fmt: skip
    here = counts.complete
    a, b, c, d = (x[here] for x in counts.cells)
    off, spread = observed_minus_expected(a, b, c, d)
    estimates = np.full(len(here), np.nan)
    variances = np.full(len(here), np.nan)
    telling = spread[0] > 0
    rows = np.flatnonzero(here)[telling]
    estimates[rows] = off[0][telling] / spread[0][telling]
    variances[rows] = 1 / spread[0][telling]
    reasons = tuple(
        "" if np.isfinite(estimates[row])
        else (counts.effects.reasons[row] or "a count is missing") if not here[row]
        else "no event (or no non-event) in both arms"
        for row in range(len(here))
    )  # fmt: skip
    made = replace(
        counts.effects,
        measure="OR",
        scale=SCALES["PETO"],
        estimates=estimates,
        variances=variances,
        reasons=reasons,
        method="Peto's one-step odds ratio; (O - E)/V with variance 1/V",
        notes=(),
    )
    counts = replace(counts, effects=made)
    pooled = peto_batch(a, b, c, d)
    estimate, se = float(pooled.estimate[0]), float(pooled.se[0])
    q = q_around(estimate, estimates, variances)
    weights = np.zeros(len(here))
    if spread.sum() > 0:
        weights[here] = 100 * spread[0] / spread.sum()
    sentence = (
        "Odds ratios were pooled by Peto's one-step method (Yusuf et al. 1985, "
        f"doi:10.1016/s0033-0620(85)80003-7). The {100 * level:g}% limits are normal ones."
    )
    found = count_fit(
        made, "Peto", "equal", "Peto's one-step odds ratio, equal-effects model", sentence,
        int(here.sum()), estimate, se, level, float("nan"),
        [named_test("Q", "heterogeneity", q, "Cochran's Q around Peto's estimate")], weights,
        (*table_notes(counts, ""), *_peto_notes(estimate, a + b, c + d)),
        reason=NOTHING if np.isnan(estimate) else "",
    )  # fmt: skip
    return replace(found, settings=(("subset", None),))


UNEVEN = 2.0
"""Ratio of arm sizes beyond which Peto's method is known to be biased."""

LARGE = float(np.log(5))
"""Pooled log odds ratio beyond which it is."""


def _peto_notes(estimate: float, n1: Floats, n2: Floats) -> tuple[str, ...]:
    notes = []
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.maximum(n1 / n2, n2 / n1)
    uneven = int((ratio > UNEVEN).sum())
    if uneven:
        notes.append(
            f"In {plural(uneven, 'study', 'studies')} one arm is more than twice the other: Peto's "
            "method is biased there (Greenland and Salvan 1990, doi:10.1002/sim.4780090307)."
        )
    if abs(estimate) > LARGE:
        notes.append("The effect is large; Peto's method is biased towards no effect there.")
    return tuple(notes)
