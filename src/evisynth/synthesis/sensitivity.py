"""How much single studies matter: leave-one-out, influence diagnostics, cumulative analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np

from evisynth.display import plural
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import influence_measures, leave_one_out_batch, pool_batch
from evisynth.synthesis.counts_results import CountFit
from evisynth.synthesis.further import needs_common_options
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.influence_regression import RegressionInfluence, influence_of_regression
from evisynth.synthesis.inputs import column_of, is_coded
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.refitting import refit_counts, used_rows
from evisynth.synthesis.regression_results import MetaRegression
from evisynth.synthesis.results import Cumulative, Influence, LeaveOneOut

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.effects import EffectEstimates

__all__ = ["cumulative", "influence", "leave_one_out"]

OUTLIER_LIMIT = 1.959963984540054
"""Beyond it a studentized deleted residual counts as an outlier, whatever the level of the fit."""


def _rows(fit: PooledFit) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Return labels, estimates and variances of the rows pooled."""
    here = fit.effects.estimable
    labels = tuple(fit.effects.labels[row] for row in np.flatnonzero(here))
    return labels, fit.effects.estimates[here], fit.effects.variances[here]


def _need_two(fit: PooledFit | CountFit, what: str) -> None:
    if isinstance(fit, PooledFit):
        needs_common_options(fit.options, what)
    if fit.k < 2:
        raise NotEstimableError(
            f"{what} needs at least two studies; there is {plural(fit.k, 'study', 'studies')}"
        )


def leave_one_out(fit: Given | CountFit) -> LeaveOneOut:
    """Pool again without each study in turn, with the options of the fit.

    Parameters
    ----------
    fit
        A fit of effect estimates (or what it can be made of), or of counts (Mantel-Haenszel, Peto,
        GLMM).

    Raises
    ------
    NotEstimableError
        If there are fewer than two studies.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.1, 0.3, 0.8, 0.5], "vi": [0.02, 0.03, 0.05, 0.01]})
    >>> es.leave_one_out(es.pool(table)).estimates.round(3)
    array([0.496, 0.442, 0.316, 0.37 ])
    """
    if isinstance(fit, CountFit):
        _need_two(fit, "leave-one-out")
        here = used_rows(fit)
        counted = refit_counts(fit, [np.delete(here, place) for place in range(len(here))])
        names = tuple(fit.effects.labels[row] for row in here)
        return LeaveOneOut(fit=fit, left_out=names, **counted._asdict())
    fit = as_fit(fit)
    _need_two(fit, "leave-one-out")
    labels, y, v = _rows(fit)
    options = fit.options
    without = leave_one_out_batch(
        y,
        v,
        model=options.model,
        tau2=options.tau2,
        ci=options.ci,
        safeguard=options.safeguard,
        level=options.level,
    )
    return LeaveOneOut(
        fit=fit,
        left_out=labels,
        estimates=without.estimate,
        se=without.se,
        ci_lower=without.ci_lower,
        ci_upper=without.ci_upper,
        p_values=without.p_value,
        tau2=without.tau2,
        i2=without.i2,
        q=without.q,
        q_p=without.q_p,
    )


@overload
def influence(fit: MetaRegression) -> RegressionInfluence: ...
@overload
def influence(fit: Given) -> Influence: ...


def influence(fit: Given | MetaRegression) -> Influence | RegressionInfluence:
    """Compute outlier and influence diagnostics as metafor's ``influence`` does.

    Parameters
    ----------
    fit
        A pooled effect (or what it can be made of), or a meta-regression.

    Under Hartung-Knapp every variance carries the factor of the fit it belongs to; where the
    safeguard replaced the interval of the fit by the Wald interval, all variances are Wald's, so
    that the two fits compared are of one kind.

    Raises
    ------
    NotEstimableError
        If there are fewer than two studies, or for a meta-regression not two more than
        coefficients.

    References
    ----------
    Viechtbauer and Cheung 2010, doi:10.1002/jrsm.11.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.1, 0.3, 0.2, 1.9], "vi": [0.02, 0.03, 0.05, 0.01]})
    >>> es.influence(es.pool(table)).outlier
    array([False, False, False,  True])
    """
    if isinstance(fit, MetaRegression):
        return influence_of_regression(fit)
    fit = as_fit(fit)
    _need_two(fit, "an influence analysis")
    labels, y, v = _rows(fit)
    options = fit.options
    replaced = fit.safeguard_applied and options.safeguard == "wider"
    measures = influence_measures(
        y,
        v,
        model=options.model,
        tau2=options.tau2,
        ci="z" if replaced else options.ci,
        truncate=options.safeguard == "truncate",
    )
    k = fit.k
    return Influence(
        fit=fit,
        labels=labels,
        rstudent=measures.rstudent,
        dffits=measures.dffits,
        cooks_distance=measures.cooks_distance,
        cov_ratio=measures.cov_ratio,
        tau2_deleted=measures.tau2_deleted,
        q_deleted=measures.q_deleted,
        hat=measures.hat,
        weight=measures.weight,
        dfbetas=measures.dfbetas,
        outlier=np.abs(measures.rstudent) > OUTLIER_LIMIT,
        influential=measures.influential,
        rules=(
            "outlier: |studentized deleted residual| > 1.96",
            f"influential: |DFFITS| > 3 sqrt(1 / (k - 1)) = {3 / np.sqrt(k - 1):.3f}, or",
            "lower tail of chi² (1 df) at Cook's distance > 0.5, or",
            f"hat value > 3 / k = {3 / k:.3f}, or",
            "|DFBETAS| > 1",
        ),
    )


def cumulative(fit: Given | CountFit, order: str | None = None) -> Cumulative:
    """Pool the first study, the first two, and so on, with the options of the fit.

    Parameters
    ----------
    fit
        The fit of all studies: of effect estimates, or of counts.
    order
        Column of the data to order by (ascending; equal values keep the order of the table), or
        ``"given"`` for the order of the table; by default ``"year"`` where there is such a column.
        Rows without a value come last, with a note.

    Raises
    ------
    OptionError
        If there is no such column.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {"yi": [0.1, 0.3, 0.8], "vi": [0.02, 0.03, 0.05], "year": [2003, 2001, 2002]}
    ... )
    >>> es.cumulative(es.pool(table)).added
    ('Study 2', 'Study 3', 'Study 1')
    """
    if isinstance(fit, CountFit):
        return _cumulative_counts(fit, order)
    fit = as_fit(fit)
    needs_common_options(fit.options, "cumulative analysis")
    here = np.flatnonzero(fit.effects.estimable)
    order, sequence, notes = _sequence(fit.effects, here, order)
    added = tuple(fit.effects.labels[row] for row in here[sequence])
    y, v = fit.effects.estimates[here], fit.effects.variances[here]
    k = len(y)
    options = fit.options
    steps = pool_batch(
        np.broadcast_to(y[sequence], (k, k)),
        np.broadcast_to(v[sequence], (k, k)),
        np.tri(k, dtype=np.bool_),
        model=options.model,
        tau2=options.tau2,
        ci=options.ci,
        safeguard=options.safeguard,
        level=options.level,
    )
    return Cumulative(
        fit=fit,
        order=order,
        added=added,
        estimates=steps.estimate,
        se=steps.se,
        ci_lower=steps.ci_lower,
        ci_upper=steps.ci_upper,
        p_values=steps.p_value,
        tau2=steps.tau2,
        i2=steps.i2,
        notes=notes,
    )


def _cumulative_counts(fit: CountFit, order: str | None) -> Cumulative:
    """Fit the counts of the first study, the first two, and so on."""
    here = used_rows(fit)
    order, sequence, notes = _sequence(fit.effects, here, order)
    rows = here[sequence]
    counted = refit_counts(fit, [rows[: place + 1] for place in range(len(rows))])._asdict()
    del counted["q"], counted["q_p"]
    added = tuple(fit.effects.labels[row] for row in rows)
    return Cumulative(fit=fit, order=order, added=added, notes=notes, **counted)


def _sequence(
    effects: EffectEstimates, here: NDArray[np.int64], order: str | None
) -> tuple[str, NDArray[np.int64], tuple[str, ...]]:
    """Return the order's name, the rows in it, those without a value last, and a note on them."""
    columns = effects.data.columns
    if order is None:
        order = "year" if "year" in columns else "given"
    if not isinstance(order, str):
        raise OptionError(
            "order", type(order).__name__, [*map(str, columns), "given"],
            hint="Give the name of a column; add one to the table for an order of your own.",
        )  # fmt: skip
    if order == "given" and "given" not in columns:
        return order, np.arange(len(here)), ()
    column = column_of(effects, order, "order").iloc[here]
    coded = is_coded(column)
    values = column[coded].to_numpy()
    try:
        places = np.argsort(values, kind="stable")
    except TypeError:  # numbers and words in one column: as words
        places = np.argsort([str(value) for value in values], kind="stable")
    last = np.flatnonzero(~coded)
    sequence = np.concatenate([np.flatnonzero(coded)[places], last])
    if not last.size:
        return order, sequence, ()
    names = ", ".join(effects.labels[here[row]] for row in last)
    note = f"Without a value of {order}, put last in the order of the table: {names}."
    return order, sequence, (note,)
