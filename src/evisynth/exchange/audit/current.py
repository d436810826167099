"""The same estimates under the methods that are recommended now."""

from __future__ import annotations

import math

from evisynth.display import format_ci, format_number, format_p
from evisynth.effects import EffectEstimates
from evisynth.errors import EvisynthError
from evisynth.exchange.audit.values import Current
from evisynth.synthesis import pool

__all__ = ["current_words", "under_current_methods"]


def under_current_methods(
    made: EffectEstimates | None,
    *,
    level: float,
    model: str,
    estimate: float,
    ci_lower: float,
    ci_upper: float,
) -> Current:
    """Pool by random effects, REML, Hartung and Knapp, with a prediction interval.

    Parameters
    ----------
    made
        The estimates; None where there are none.
    level
        Level of the intervals, between 0 and 1.
    model
        The model of the stored result, ``"fixed"`` or ``"random"``.
    estimate, ci_lower, ci_upper
        The stored result, pooled scale, to say what changes.

    References
    ----------
    Cochrane Handbook 6.5, chapter 10; Langan et al. 2019, doi:10.1002/jrsm.1316; Röver et al. 2015,
    doi:10.1186/s12874-015-0091-1; IntHout et al. 2016, doi:10.1136/bmjopen-2015-010247.
    """
    if made is None or not made.estimable.any():
        return Current(reason="no study has an effect estimate")
    k = int(made.estimable.sum())
    if k == 1:
        return Current(k=1, reason="one study: there is nothing to pool")
    try:
        fit = pool(made, model="random", tau2="REML", ci="HKSJ", level=level)
    except EvisynthError as error:
        return Current(k=k, reason=" ".join(str(error).split()))
    shown = made.scale.shown
    prediction = (fit.prediction_lower, fit.prediction_upper)
    known = all(math.isfinite(limit) for limit in prediction)
    changes = _changes(
        (estimate, ci_lower, ci_upper), (fit.estimate, fit.ci_lower, fit.ci_upper), prediction
    )
    if model == "fixed" and fit.tau2 > 0:
        changes.append(
            "the fixed-effect analysis takes the effects to be the same; "
            f"tau² is {format_number(fit.tau2, 3)}"
        )
    return Current(
        k=k,
        estimate=shown(fit.estimate),
        ci_lower=shown(fit.ci_lower),
        ci_upper=shown(fit.ci_upper),
        p=fit.p_value,
        tau2=fit.tau2,
        i2=fit.i2,
        prediction_lower=shown(prediction[0]) if known else math.nan,
        prediction_upper=shown(prediction[1]) if known else math.nan,
        changes=tuple(changes),
        reason="" if known else fit.prediction_reason,
    )


def _holds_zero(lower: float, upper: float) -> bool:
    return lower <= 0 <= upper


def _changes(
    stored: tuple[float, float, float],
    now: tuple[float, float, float],
    prediction: tuple[float, float],
) -> list[str]:
    """Say what a reader would conclude otherwise; all on the pooled scale, where 0 is no effect."""
    changes = []
    before, after = _holds_zero(*stored[1:]), _holds_zero(*now[1:])
    if all(math.isfinite(value) for value in (*stored, *now)):
        if before and not after:
            changes.append("the confidence interval no longer includes no effect")
        if after and not before:
            changes.append("the confidence interval now includes no effect")
        if stored[0] * now[0] < 0:
            changes.append("the effect has the other direction")
        width = stored[2] - stored[1]
        ratio = (now[2] - now[1]) / width if width > 0 else 1.0
        if ratio > 1.5 and not (after and not before):
            changes.append(f"the confidence interval is {format_number(ratio, 1)} times as wide")
    if all(math.isfinite(limit) for limit in prediction) and not after and _holds_zero(*prediction):
        changes.append(
            "the prediction interval includes no effect, the confidence interval does not"
        )
    return changes


def current_words(current: Current, digits: int = 2) -> str:
    """Return a result under current methods in words, for tables."""
    if not math.isfinite(current.estimate):
        return current.reason
    text = f"{format_number(current.estimate, digits)} "
    text += f"[{format_ci(current.ci_lower, current.ci_upper, digits)}], "
    return text + format_p(current.p, symbol=True)
