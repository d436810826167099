"""The same model without some studies: for leave-one-out, cumulative and Baujat's plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evisynth.errors import NotEstimableError, OptionError
from evisynth.synthesis.counts import mantel_haenszel
from evisynth.synthesis.counts_glmm import glmm
from evisynth.synthesis.counts_peto import peto
from evisynth.synthesis.counts_results import CountFit

__all__ = ["CountFits", "refit_counts", "used_rows"]

Floats = NDArray[np.float64]
MAKERS: dict[str, Any] = {"Mantel-Haenszel": mantel_haenszel, "Peto": peto, "GLMM": glmm}


class CountFits(NamedTuple):
    """Numbers of several fits; every array has one value a fit, NaN where it has none."""

    estimates: Floats
    se: Floats
    ci_lower: Floats
    ci_upper: Floats
    p_values: Floats
    tau2: Floats
    i2: Floats
    q: Floats
    q_p: Floats


def used_rows(fit: CountFit) -> NDArray[np.int64]:
    """Return the rows that count in a fit: those with all their counts."""
    data, roles = fit.effects.data, fit.effects.columns
    names = [roles[role] for role in ("events1", "events2", "time1", "time2", "events", "n", "time",
             "n1", "n2") if roles.get(role) in data.columns]  # fmt: skip
    complete = data[names].notna().all(axis=1).to_numpy(dtype=np.bool_)
    if fit.method == "Mantel-Haenszel" and dict(fit.settings).get("rules") == "revman":
        complete = complete & fit.effects.estimable
    return np.flatnonzero(complete)


def refit_counts(fit: CountFit, subsets: Sequence[NDArray[np.int64]]) -> CountFits:
    """Fit again to rows of the data, with the method and settings of the fit.

    Raises
    ------
    OptionError
        If the fit does not know its settings (one made by hand).
    """
    if fit.method in MAKERS and not fit.settings:
        raise OptionError("fit", fit.method, ["a fit as mantel_haenszel, peto or glmm returned it"])
    settings: dict[str, Any] = dict(fit.settings)
    roles = {role: name for role, name in fit.effects.columns.items() if role != "study"}
    rows = np.full((9, len(subsets)), np.nan)
    for place, subset in enumerate(subsets):
        table = fit.effects.data.iloc[subset].reset_index(drop=True)
        names = [fit.effects.labels[row] for row in subset]
        try:
            one = MAKERS[fit.method](table, **settings, **roles, study=names, level=fit.level)
        except NotEstimableError:
            continue
        q = next((test for test in one.tests if test.name in ("Q", "LRT")), None)
        rows[:, place] = (
            one.estimate, one.se, one.ci_lower, one.ci_upper, one.p_value, one.tau2, one.i2,
            np.nan if q is None else q.statistic, np.nan if q is None else q.p_value,
        )  # fmt: skip
    return CountFits(*rows)
