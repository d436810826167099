"""Conversions between effect measures: one step each, with its derivative for the delta method.

Odds, risk and hazard ratios are on the log scale throughout. A step takes values y, shape (K,),
and what it needs beside them (baseline risk, arm sizes, standard deviation) and returns the
converted values with dx/dy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Result: TypeAlias = tuple[Floats, Floats]

__all__ = ["STEPS", "Beside", "Step", "find_route"]

LOGISTIC = np.pi / np.sqrt(3)
"""SD of the standard logistic distribution."""

COX = 1.65
"""Cox's factor between log odds and standard units."""

LOG_2 = np.log(2)

ZHANG = "Zhang and Yu 1998, doi:10.1001/jama.280.19.1690"
GRANT = "Grant 2014, doi:10.1136/bmj.f7450"
VANDERWEELE = "VanderWeele 2020, doi:10.1111/biom.13197"
HASSELBLAD = "Hasselblad and Hedges 1995, doi:10.1037/0033-2909.117.1.167"
COX_SNELL = "Cox and Snell 1989; Sanchez-Meca et al. 2003, doi:10.1037/1082-989X.8.4.448"
BORENSTEIN = "Borenstein et al. 2009, chapter 7, doi:10.1002/9780470743386.ch7"
JACOBS = "Jacobs and Viechtbauer 2017, doi:10.1002/jrsm.1218"
BONETT = "Bonett 2007, doi:10.1037/0003-066X.62.3.254"
DIGBY = "Digby 1983, doi:10.2307/2531104"
MCGRAW = "McGraw and Wong 1992, doi:10.1037/0033-2909.111.2.361"
FISHER = "Fisher 1921, Metron 1:3-32"
HANDBOOK = "Cochrane Handbook 6.5, section 15.4"


@dataclass(frozen=True, slots=True)
class Beside:
    """What a step needs beside the values, each of shape (K,); NaN where not known.

    Attributes
    ----------
    baseline_risk : ndarray
        Risk without the intervention.
    n1, n2 : ndarray
        Sizes of the arms (or groups).
    sd : ndarray
        Standard deviation of the scale on which a mean difference is wanted.
    """

    baseline_risk: Floats
    n1: Floats
    n2: Floats
    sd: Floats


@dataclass(frozen=True, slots=True)
class Step:
    """One way to convert one measure into another.

    Attributes
    ----------
    method : str
        Its name.
    words : str
        What it does, with its reference.
    function : callable
        From values and what is beside them to converted values and derivatives.
    needs : tuple of str
        What must be known beside the values: names of `Beside`.
    by_limits : bool
        Whether the variance is that of the converted 95% limits, not of the delta method.
    """

    method: str
    words: str
    function: Callable[[Floats, Beside], Result]
    needs: tuple[str, ...] = ()
    by_limits: bool = False


def _risk(y: Floats, beside: Beside) -> Floats:
    """Return the risk with the intervention, from the log odds ratio and the baseline risk."""
    risk: Floats = special.expit(special.logit(beside.baseline_risk) + y)
    return risk


def _odds_to_risk_ratio(y: Floats, beside: Beside) -> Result:
    p = _risk(y, beside)
    return np.log(p / beside.baseline_risk), 1 - p


def _risk_to_odds_ratio(y: Floats, beside: Beside) -> Result:
    p = beside.baseline_risk * np.exp(y)
    p = np.where(p < 1, p, np.nan)
    return special.logit(p) - special.logit(beside.baseline_risk), 1 / (1 - p)


def _odds_ratio_to_difference(y: Floats, beside: Beside) -> Result:
    p = _risk(y, beside)
    return p - beside.baseline_risk, p * (1 - p)


def _difference_to_odds_ratio(y: Floats, beside: Beside) -> Result:
    p = _inside(beside.baseline_risk + y)
    return special.logit(p) - special.logit(beside.baseline_risk), 1 / (p * (1 - p))


def _risk_ratio_to_difference(y: Floats, beside: Beside) -> Result:
    p = beside.baseline_risk * np.exp(y)
    return np.where(p <= 1, p - beside.baseline_risk, np.nan), p


def _difference_to_risk_ratio(y: Floats, beside: Beside) -> Result:
    p = _inside(beside.baseline_risk + y)
    return np.log(p / beside.baseline_risk), 1 / p


def _inside(p: Floats) -> Floats:
    """Return risks; NaN for those that are no risks."""
    return np.where((p > 0) & (p < 1), p, np.nan)


def _times(factor: float) -> Callable[[Floats, Beside], Result]:
    """Return the step that multiplies by a number."""

    def scaled(y: Floats, beside: Beside) -> Result:  # noqa: ARG001 - every step is called alike
        return y * factor, np.full_like(y, factor)

    return scaled


def _odds_ratio_to_probit(y: Floats, beside: Beside) -> Result:
    p = _risk(y, beside)
    z = special.ndtri(p)
    return z - special.ndtri(beside.baseline_risk), p * (1 - p) / _density(z)


def _probit_to_odds_ratio(y: Floats, beside: Beside) -> Result:
    z = special.ndtri(beside.baseline_risk) + y
    p = special.ndtr(z)
    return special.logit(p) - special.logit(beside.baseline_risk), _density(z) / (p * (1 - p))


def _density(z: Floats) -> Floats:
    return np.asarray(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


def _sizes(beside: Beside) -> Floats:
    """Return (n1 + n2)² / (n1 n2), 4 where the sizes are not known (equal groups)."""
    a = (beside.n1 + beside.n2) ** 2 / (beside.n1 * beside.n2)
    return np.where(np.isnan(a), 4.0, a)


def _exact_sizes(beside: Beside) -> Floats:
    """Return m/n1 + m/n2 with m = n1 + n2 - 2: exact for the sample's correlation."""
    m = beside.n1 + beside.n2 - 2
    return m / beside.n1 + m / beside.n2


def _smd_to_r(y: Floats, a: Floats) -> Result:
    return y / np.sqrt(y**2 + a), a / (y**2 + a) ** 1.5


def _r_to_smd(y: Floats, a: Floats) -> Result:
    rest = np.where(np.abs(y) < 1, 1 - y**2, np.nan)
    return y * np.sqrt(a / rest), np.sqrt(a) / rest**1.5


def _biserial(beside: Beside) -> Floats:
    """Return the factor from the point-biserial to the biserial correlation."""
    share = beside.n1 / (beside.n1 + beside.n2)
    return np.sqrt(share * (1 - share)) / _density(special.ndtri(share))


def _smd_to_biserial(y: Floats, beside: Beside) -> Result:
    r, slope = _smd_to_r(y, _exact_sizes(beside))
    factor = _biserial(beside)
    return r * factor, slope * factor


def _biserial_to_smd(y: Floats, beside: Beside) -> Result:
    factor = _biserial(beside)
    d, slope = _r_to_smd(y / factor, _exact_sizes(beside))
    return d, slope / factor


def _atanh(y: Floats, beside: Beside) -> Result:  # noqa: ARG001
    inside = np.where(np.abs(y) < 1, y, np.nan)
    return np.arctanh(inside), 1 / (1 - inside**2)


def _tanh(y: Floats, beside: Beside) -> Result:  # noqa: ARG001
    r = np.tanh(y)
    return r, 1 - r**2


def _pearson(y: Floats, beside: Beside) -> Result:  # noqa: ARG001
    root = np.exp(y / 2)
    angle = np.pi / (1 + root)
    return np.cos(angle), np.sin(angle) * angle / (1 + root) * root / 2


def _pearson_back(y: Floats, beside: Beside) -> Result:  # noqa: ARG001
    inside = np.where(np.abs(y) < 1, y, np.nan)
    angle = np.arccos(inside)
    root = np.pi / angle - 1
    return 2 * np.log(root), 2 / root * np.pi / (angle**2 * np.sqrt(1 - inside**2))


def _digby(y: Floats, beside: Beside) -> Result:  # noqa: ARG001
    r = np.tanh(0.375 * y)
    return r, 0.375 * (1 - r**2)


def _digby_back(y: Floats, beside: Beside) -> Result:  # noqa: ARG001
    inside = np.where(np.abs(y) < 1, y, np.nan)
    return np.arctanh(inside) / 0.375, 1 / (0.375 * (1 - inside**2))


def _hazard_to_risk_ratio(y: Floats, beside: Beside) -> Result:  # noqa: ARG001
    up, down = np.exp(y / 2), np.exp(-y / 2)
    value = np.log(-np.expm1(-LOG_2 * up)) - np.log(-np.expm1(-LOG_2 * down))
    slope = LOG_2 / 2 * (up / np.expm1(LOG_2 * up) + down / np.expm1(LOG_2 * down))
    return value, slope


def _risk_to_hazard_ratio(y: Floats, beside: Beside) -> Result:
    """Invert by Newton's method; the slope lies between 0.5 and 0.7, so that it converges."""
    hazard = y / 0.6
    for _ in range(60):
        value, slope = _hazard_to_risk_ratio(hazard, beside)
        change = (value - y) / slope
        hazard = hazard - change
        if not (np.abs(change) > 1e-15 * (1 + np.abs(hazard))).any():
            break
    return hazard, 1 / _hazard_to_risk_ratio(hazard, beside)[1]


def _hazard_risk(y: Floats, beside: Beside) -> tuple[Floats, Floats]:
    """Return the risk under proportional hazards, and its derivative by the log hazard ratio."""
    hazard = -np.log1p(-beside.baseline_risk) * np.exp(y)
    return -np.expm1(-hazard), hazard * np.exp(-hazard)


def _proportional_to_risk_ratio(y: Floats, beside: Beside) -> Result:
    p, slope = _hazard_risk(y, beside)
    return np.log(p / beside.baseline_risk), slope / p


def _proportional_from_risk_ratio(y: Floats, beside: Beside) -> Result:
    p = _inside(beside.baseline_risk * np.exp(y))
    value = np.log(np.log1p(-p) / np.log1p(-beside.baseline_risk))
    return value, -p / ((1 - p) * np.log1p(-p))


def _smd_to_mean_difference(y: Floats, beside: Beside) -> Result:
    return y * beside.sd, beside.sd


def _mean_difference_to_smd(y: Floats, beside: Beside) -> Result:
    return y / beside.sd, 1 / beside.sd


def _superiority(y: Floats, beside: Beside) -> Result:  # noqa: ARG001
    z = y / np.sqrt(2)
    return special.ndtr(z), _density(z) / np.sqrt(2)


def _superiority_back(y: Floats, beside: Beside) -> Result:  # noqa: ARG001
    z = special.ndtri(_inside(y))
    return z * np.sqrt(2), np.sqrt(2) / _density(z)


RISK = ("baseline_risk",)
SIZES = ("n1", "n2")

STEPS: dict[tuple[str, str], tuple[Step, ...]] = {
    ("OR", "RR"): (
        Step("zhang-yu", f"at a stated baseline risk ({ZHANG})", _odds_to_risk_ratio, RISK),
        Step(
            "grant",
            f"estimate and limits at a stated baseline risk ({GRANT})",
            _odds_to_risk_ratio,
            RISK,
            by_limits=True,
        ),
        Step("square-root", f"square root of the odds ratio ({VANDERWEELE})", _times(0.5)),
        Step("rare", "the outcome being rare (below 10%)", _times(1.0)),
    ),
    ("RR", "OR"): (
        Step("zhang-yu", f"at a stated baseline risk ({ZHANG})", _risk_to_odds_ratio, RISK),
        Step(
            "grant",
            f"estimate and limits at a stated baseline risk ({GRANT})",
            _risk_to_odds_ratio,
            RISK,
            by_limits=True,
        ),
        Step("square-root", f"square of the risk ratio ({VANDERWEELE})", _times(2.0)),
        Step("rare", "the outcome being rare (below 10%)", _times(1.0)),
    ),
    ("OR", "RD"): (
        Step(
            "baseline", f"at a stated baseline risk ({HANDBOOK})", _odds_ratio_to_difference, RISK
        ),
    ),
    ("RD", "OR"): (
        Step(
            "baseline", f"at a stated baseline risk ({HANDBOOK})", _difference_to_odds_ratio, RISK
        ),
    ),
    ("RR", "RD"): (
        Step(
            "baseline", f"at a stated baseline risk ({HANDBOOK})", _risk_ratio_to_difference, RISK
        ),
    ),
    ("RD", "RR"): (
        Step(
            "baseline", f"at a stated baseline risk ({HANDBOOK})", _difference_to_risk_ratio, RISK
        ),
    ),
    ("OR", "SMD"): (
        Step("hasselblad-hedges", f"log odds times √3/π ({HASSELBLAD})", _times(1 / LOGISTIC)),
        Step("cox", f"log odds divided by 1.65 ({COX_SNELL})", _times(1 / COX)),
        Step(
            "probit",
            "difference of probits at a stated baseline risk (Glass et al. 1981)",
            _odds_ratio_to_probit,
            RISK,
        ),
    ),
    ("SMD", "OR"): (
        Step("hasselblad-hedges", f"times π/√3 ({HASSELBLAD})", _times(LOGISTIC)),
        Step("cox", f"times 1.65 ({COX_SNELL})", _times(COX)),
        Step(
            "probit",
            "difference of probits at a stated baseline risk (Glass et al. 1981)",
            _probit_to_odds_ratio,
            RISK,
        ),
    ),
    ("SMD", "COR"): (
        Step(
            "borenstein",
            f"d/√(d² + a), a from the sizes of the groups or 4 ({BORENSTEIN})",
            lambda y, beside: _smd_to_r(y, _sizes(beside)),
        ),
        Step(
            "point-biserial",
            f"point-biserial correlation from the sizes of the groups ({JACOBS})",
            lambda y, beside: _smd_to_r(y, _exact_sizes(beside)),
            SIZES,
        ),
        Step(
            "biserial",
            f"biserial correlation from the sizes of the groups ({JACOBS})",
            _smd_to_biserial,
            SIZES,
        ),
    ),
    ("COR", "SMD"): (
        Step(
            "borenstein",
            f"r√a/√(1 - r²), a from the sizes of the groups or 4 ({BORENSTEIN})",
            lambda y, beside: _r_to_smd(y, _sizes(beside)),
        ),
        Step(
            "point-biserial",
            f"point-biserial correlation with the sizes of the groups ({JACOBS})",
            lambda y, beside: _r_to_smd(y, _exact_sizes(beside)),
            SIZES,
        ),
        Step(
            "biserial",
            f"biserial correlation with the sizes of the groups ({JACOBS})",
            _biserial_to_smd,
            SIZES,
        ),
    ),
    ("COR", "ZCOR"): (Step("fisher", f"Fisher's z ({FISHER})", _atanh),),
    ("ZCOR", "COR"): (Step("fisher", f"back from Fisher's z ({FISHER})", _tanh),),
    ("OR", "COR"): (
        Step("pearson", f"Pearson's tetrachoric cos(π/(1 + √OR)) ({BONETT})", _pearson),
        Step("digby", f"tetrachoric by odds ratio to the power 3/4 ({DIGBY})", _digby),
    ),
    ("COR", "OR"): (
        Step("pearson", f"inverse of Pearson's tetrachoric formula ({BONETT})", _pearson_back),
        Step("digby", f"inverse of Digby's formula ({DIGBY})", _digby_back),
    ),
    ("HR", "RR"): (
        Step(
            "vanderweele",
            f"(1 - 0.5^√HR)/(1 - 0.5^√(1/HR)), common outcome ({VANDERWEELE})",
            _hazard_to_risk_ratio,
        ),
        Step(
            "proportional",
            f"1 - (1 - p0)^HR at a stated baseline risk ({HANDBOOK})",
            _proportional_to_risk_ratio,
            RISK,
        ),
        Step("rare", "the outcome being rare (below 15%)", _times(1.0)),
    ),
    ("RR", "HR"): (
        Step("vanderweele", f"inverse, common outcome ({VANDERWEELE})", _risk_to_hazard_ratio),
        Step(
            "proportional",
            f"proportional hazards at a stated baseline risk ({HANDBOOK})",
            _proportional_from_risk_ratio,
            RISK,
        ),
        Step("rare", "the outcome being rare (below 15%)", _times(1.0)),
    ),
    ("SMD", "MD"): (
        Step("sd", "times a standard deviation taken as known", _smd_to_mean_difference, ("sd",)),
    ),
    ("MD", "SMD"): (
        Step("sd", "over a standard deviation taken as known", _mean_difference_to_smd, ("sd",)),
    ),
    ("SMD", "CLESN"): (Step("normal", f"Φ(d/√2) ({MCGRAW})", _superiority),),
    ("CLESN", "SMD"): (Step("normal", f"√2 Φ⁻¹ ({MCGRAW})", _superiority_back),),
}
"""Ways from one measure to another; the first is the default."""


def find_route(source: str, target: str) -> list[tuple[str, str]]:
    """Return the shortest way from one measure to another, as pairs; empty if there is none.

    Ways of the same length are told apart by the order of `STEPS`.

    Examples
    --------
    >>> find_route("HR", "SMD")
    [('HR', 'RR'), ('RR', 'OR'), ('OR', 'SMD')]
    """
    ways: dict[str, list[tuple[str, str]]] = {source: []}
    front = [source]
    while front and target not in ways:
        beyond = []
        for here in front:
            for start, end in STEPS:
                if start == here and end not in ways:
                    ways[end] = [*ways[here], (start, end)]
                    beyond.append(end)
        front = beyond
    return ways.get(target, [])
