"""The scales on which estimates are pooled, and how their values come back to the shown scale.

Each transformation has a name, by which `evisynth.effects.Scale` holds it, so that a scale stays a
small value that can be pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TRANSFORMATIONS", "Transformation"]

Floats: TypeAlias = "NDArray[np.float64]"
Function: TypeAlias = Callable[[Floats, float], Floats]
"""From values and the size (people or person-time; most do not use it) to values."""

HALF_PI = np.pi / 2


@dataclass(frozen=True, slots=True)
class Transformation:
    """A one-to-one transformation of a measure.

    Attributes
    ----------
    name : str
        Its name; "On the *name* scale" reads well.
    forward, inverse : callable
        From the shown to the pooled scale and back.
    lowest, highest : float
        Range of the shown scale: the inverse gives no value beyond.
    size_of_variance : callable or None
        For transformations that depend on the size of a study: the size behind a variance.
    falls : bool
        Whether the pooled value falls when the shown one rises.
    way_back : str
        The way back in a method sentence, where it is not plain, or ``""``.
    words : str
        What a reader must know of it, or ``""``.
    """

    name: str
    forward: Function
    inverse: Function
    lowest: float = -np.inf
    highest: float = np.inf
    size_of_variance: Callable[[Floats], Floats] | None = None
    falls: bool = False
    way_back: str = ""
    words: str = ""


def _same(values: Floats, size: float) -> Floats:  # noqa: ARG001 - all are called alike
    return values


def _log(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.log(values)


def _exp(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.exp(values)


def _logit(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.asarray(special.logit(values))


def _expit(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.asarray(special.expit(values))


def _probit(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.asarray(special.ndtri(values))


def _normal(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.asarray(special.ndtr(values))


def _arcsine(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.arcsin(np.sqrt(values))


def _sine_squared(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.sin(np.clip(values, 0.0, HALF_PI)) ** 2


def _double_arcsine(values: Floats, size: float) -> Floats:
    events = values * size
    first, second = np.sqrt(events / (size + 1)), np.sqrt((events + 1) / (size + 1))
    return (np.arcsin(first) + np.arcsin(second)) / 2


def _miller(values: Floats, size: float) -> Floats:
    """Miller's inverse of the double arcsine; 0 and 1 beyond what nobody and everybody give."""
    lowest, highest = _double_arcsine(np.array([0.0, 1.0]), size)
    inside = np.where((values > lowest) & (values < highest), values, np.nan)
    sine = np.sin(2 * inside)
    root = np.sqrt(np.clip(1 - (sine + (sine - 1 / sine) / size) ** 2, 0.0, 1.0))
    found = (1 - np.sign(np.cos(2 * inside)) * root) / 2
    return np.where(values <= lowest, 0.0, np.where(values >= highest, 1.0, found))


def _root(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.sqrt(values)


def _square(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.maximum(values, 0.0) ** 2


def _rate_roots(values: Floats, size: float) -> Floats:
    return (np.sqrt(values) + np.sqrt(values + 1 / size)) / 2


def _rate(values: Floats, size: float) -> Floats:
    """Inverse of the mean of the roots of x/t and (x+1)/t; 0 below what no event gives."""
    lowest = 0.5 / np.sqrt(size)
    inside = np.where(values > lowest, values, np.nan)
    found = ((4 * inside**2 - 1 / size) / (4 * inside)) ** 2
    return np.where(values <= lowest, 0.0, found)


def _fisher(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.arctanh(values)


def _tanh(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.tanh(values)


def _multiple_fisher(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.arctanh(np.sqrt(values))


def _multiple_tanh(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.tanh(np.maximum(values, 0.0)) ** 2


def _alpha_cube_root(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return 1 - np.cbrt(1 - values)


def _cube(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return 1 - np.maximum(1 - values, 0.0) ** 3


def _alpha_log(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return -np.log1p(-values)


def _one_less_exp(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return -np.expm1(-values)


def _log_complement(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return np.log1p(-values)


def _complement_exp(values: Floats, size: float) -> Floats:  # noqa: ARG001
    return -np.expm1(values)


def _people(variances: Floats) -> Floats:
    return (1 / variances - 2) / 4


def _time(variances: Floats) -> Floats:
    return 1 / (4 * variances)


DOUBLE_ARCSINE_WORDS = (
    "The double arcsine was brought back by Miller's inverse (1978, doi:10.2307/2682838) at the "
    "harmonic mean of the sample sizes. That is contested: the proportion shown depends on this "
    "number and can mislead when sizes differ much (Schwarzer et al. 2019, doi:10.1002/jrsm.1348). "
    "The logit (PLO), or a generalized linear mixed model of the counts, is preferred."
)
RATE_WORDS = (
    "The Freeman-Tukey transformed rate was brought back at the harmonic mean of the person-times; "
    "the rate shown depends on this number. The log rate (IRLN), or a generalized linear mixed "
    "model of the counts, is preferred."
)

TRANSFORMATIONS: Mapping[str, Transformation] = MappingProxyType(
    {
        one.name: one
        for one in (
            Transformation("identity", _same, _same),
            Transformation("log", _log, _exp, 0.0),
            Transformation("logit", _logit, _expit, 0.0, 1.0),
            Transformation("probit", _probit, _normal, 0.0, 1.0),
            Transformation("arcsine", _arcsine, _sine_squared, 0.0, 1.0),
            Transformation(
                "double arcsine",
                _double_arcsine,
                _miller,
                0.0,
                1.0,
                size_of_variance=_people,
                way_back="back-transformed by Miller's inverse at the harmonic mean of the sample "
                "sizes (Miller 1978, doi:10.2307/2682838)",
                words=DOUBLE_ARCSINE_WORDS,
            ),
            Transformation("square root", _root, _square, 0.0),
            Transformation(
                "Freeman-Tukey",
                _rate_roots,
                _rate,
                0.0,
                size_of_variance=_time,
                way_back="back-transformed at the harmonic mean of the person-times",
                words=RATE_WORDS,
            ),
            Transformation("Fisher z", _fisher, _tanh, -1.0, 1.0),
            Transformation("Fisher z of the multiple correlation", _multiple_fisher,
                           _multiple_tanh, 0.0, 1.0),
            Transformation("Hakstian-Whalen", _alpha_cube_root, _cube, highest=1.0),
            Transformation("Bonett", _alpha_log, _one_less_exp, highest=1.0),
            Transformation("log complement", _log_complement, _complement_exp, highest=1.0,
                           falls=True),
        )
    }
)  # fmt: skip
"""Transformations by name.

References: Miller JJ (1978), doi:10.2307/2682838 (double arcsine); Schwarzer G, Chemaitelly H,
Abu-Raddad LJ, Rücker G (2019), doi:10.1002/jrsm.1348; Barendregt JJ et al. (2013),
doi:10.1136/jech-2013-203104 (limits beyond the range); Hakstian AR, Whalen TE (1976),
doi:10.1007/BF02291840; Bonett DG (2002), doi:10.3102/10769986027004335.
"""
