"""The required (optimal) information size of a meta-analysis."""

from __future__ import annotations

import math

import numpy as np

from evisynth.errors import OptionError
from evisynth.stats import check_number, check_share, normal_quantile, pool_batch
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.power_results import InformationSize

__all__ = ["diversity", "information_size", "participants_of"]

MEASURES = ("MD", "SMD", "RR", "OR", "RD")
CONTROL_RISK = "the risk in the control arm, between 0 and 1"
ADJUSTMENTS = ("diversity", "i2", "none")


def diversity(fit: Given) -> float:
    """Return the diversity D² in percent: how much random effects widen the pooled variance.

    D² = (variance of the random-effects estimate - that of the equal-effects one) / the former
    (Wetterslev et al. 2009, doi:10.1186/1471-2288-9-86); at least I² computed from Q.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.1, 0.3, 0.8, 0.5], "vi": [0.02, 0.03, 0.05, 0.01]})
    >>> round(es.diversity(es.pool(table, tau2="DL")), 1)
    71.7
    """
    fit = as_fit(fit)
    here = fit.effects.estimable
    y, v = fit.effects.estimates[here], fit.effects.variances[here]
    tau2 = fit.tau2
    if fit.options.model == "equal":
        tau2 = float(pool_batch(y, v, tau2="DL").tau2[0])
    if math.isnan(tau2):
        return float("nan")
    return 100 * (1 - float(np.sum(1 / (v + tau2)) / np.sum(1 / v)))


def participants_of(fit: PooledFit) -> np.ndarray:
    """Return the participants of each study pooled, shape (k,); NaN where the data have none."""
    import pandas as pd

    data, roles, here = fit.effects.data, fit.effects.columns, fit.effects.estimable
    for names in (("n1", "n2"), ("n1i", "n2i"), ("n",), ("ni",)):
        columns = [roles.get(name, name) for name in names]
        if all(column in data.columns for column in columns):
            numbers = data[columns].apply(pd.to_numeric, errors="coerce")
            return np.asarray(numbers.sum(axis=1, skipna=False).to_numpy(dtype=np.float64)[here])
    arms = []
    for arm in "12":
        cells = [roles.get(f"{name}{arm}", f"{name}{arm}") for name in ("events", "nonevents")]
        if not all(column in data.columns for column in cells):
            return np.full(int(here.sum()), np.nan)
        arms.append(data[cells].apply(pd.to_numeric, errors="coerce").sum(axis=1, skipna=False))
    return np.asarray((arms[0] + arms[1]).to_numpy(dtype=np.float64)[here])


def information_size(
    measure: str,
    effect: float,
    *,
    sd: float = 1.0,
    risk: float | None = None,
    alpha: float = 0.05,
    beta: float = 0.2,
    allocation: float = 1.0,
    fit: Given | None = None,
    adjust: str = "diversity",
    heterogeneity: float | None = None,
) -> InformationSize:
    """Compute how many participants a meta-analysis needs to show an effect.

    Parameters
    ----------
    measure
        ``"MD"``, ``"SMD"``, ``"RR"``, ``"OR"`` or ``"RD"``.
    effect
        Effect to be shown, natural scale: a difference (MD, SMD, RD) or a ratio (RR 0.8, OR 0.75).
    sd
        Standard deviation of the outcome (MD).
    risk
        Risk in arm 2, the control arm (RR, OR, RD).
    alpha, beta
        Two-sided type I error and type II error.
    allocation
        Participants of arm 1 per participant of arm 2.
    fit
        A fit, from whose heterogeneity the adjustment is taken and whose participants are counted.
    adjust
        ``"diversity"`` (1 / (1 - D²)), ``"i2"`` (1 / (1 - I²), from Q) or ``"none"``.
    heterogeneity
        D² or I² in percent, instead of that of the fit.

    Returns
    -------
    InformationSize
        Participants of both arms together, with the events expected among them.

    Raises
    ------
    OptionError
        If a word or number is not possible.

    Notes
    -----
    N = (z(1 - alpha/2) + z(1 - beta))² ν (r + 1)²/r / δ² with r the allocation, δ the difference of
    means or risks and ν the variance of the outcome; for risks that of their average, p(1 - p).

    References
    ----------
    Pogue and Yusuf 1997, doi:10.1016/S0197-2456(97)00051-2; Wetterslev et al. 2008,
    doi:10.1016/j.jclinepi.2007.03.013; 2009, doi:10.1186/1471-2288-9-86.

    Examples
    --------
    >>> import evisynth as es
    >>> size = es.information_size("RR", 0.8, risk=0.1)
    >>> round(size.participants), round(size.events)
    (6428, 579)
    """
    name = find_word("measure", measure, MEASURES)
    how = find_word("adjust", adjust, ADJUSTMENTS, {"d2": "diversity", "": "none"})
    effect = check_number("effect", effect)
    sd = check_number("sd", sd, above=0, words=["a standard deviation above 0"])
    alpha, beta = check_share("alpha", alpha), check_share("beta", beta)
    allocation = check_number("allocation", allocation, above=0)
    if risk is not None:
        risk = check_number("risk", risk, above=0, below=1, words=[CONTROL_RISK])
    if fit is not None:
        fit = as_fit(fit, refits=False)
    events_share = float("nan")
    if name in ("MD", "SMD"):
        difference, spread = effect, sd**2 if name == "MD" else 1.0
    else:
        treated, control = _risks(name, effect, risk)
        difference = treated - control
        events_share = (allocation * treated + control) / (1 + allocation)
        middle = (treated + control) / 2
        spread = middle * (1 - middle)
    if not (math.isfinite(difference) and difference != 0 and spread > 0):
        raise OptionError("effect", effect, ["an effect that differs from no effect"])
    z = normal_quantile(1 - alpha) + math.copysign(normal_quantile(abs(1 - 2 * beta)), 0.5 - beta)
    arms = (1 + allocation) ** 2 / allocation
    size = z**2 * spread * arms / difference**2
    share, words = _adjustment(fit, how, heterogeneity)
    factor = 1 / (1 - share / 100)
    have = float("nan") if fit is None else float(np.sum(participants_of(fit)))
    return InformationSize(
        measure=name,
        effect=effect,
        participants=size * factor,
        unadjusted=size,
        factor=factor,
        adjustment=words,
        events=size * factor * events_share,
        alpha=alpha,
        beta=beta,
        allocation=allocation,
        have=have,
    )


def _risks(name: str, effect: float, risk: float | None) -> tuple[float, float]:
    if risk is None:
        raise OptionError("risk", risk, [CONTROL_RISK], hint=f"The size for {name} rests on it.")
    if name == "RD":
        treated = risk + effect
    elif not effect > 0:
        raise OptionError("effect", effect, ["a ratio above 0"])
    elif name == "RR":
        treated = risk * effect
    else:
        odds = risk / (1 - risk) * effect
        treated = odds / (1 + odds)
    if not 0 < treated < 1:
        raise OptionError("effect", effect, [f"one that leaves arm 1 a risk (it is {treated:g})"])
    return treated, risk


def _adjustment(fit: PooledFit | None, how: str, heterogeneity: float | None) -> tuple[float, str]:
    """Return the percentage that the size is adjusted for, and words."""
    if how == "none" or (fit is None and heterogeneity is None):
        return 0.0, "without adjustment for heterogeneity"
    letter = "D²" if how == "diversity" else "I²"
    if heterogeneity is not None:
        value = check_number(
            "heterogeneity", heterogeneity, least=0, below=100,
            words=["a percentage from 0 to below 100"],
        )  # fmt: skip
    elif fit is not None:
        if how == "diversity":
            value = diversity(fit)
        else:
            value = 100 * max(0.0, (fit.q - fit.q_df) / fit.q) if fit.q > 0 else 0.0
        if math.isnan(value):
            return 0.0, "not adjusted: heterogeneity cannot be estimated"
    else:
        value = 0.0
    if not 0 <= value < 100:
        raise OptionError("heterogeneity", value, ["a percentage from 0 to below 100"])
    return value, f"adjusted for {letter} of {value:.1f}%"
