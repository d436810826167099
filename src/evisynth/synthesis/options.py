"""How a meta-analysis is fitted: the options, their words and their synonyms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, cast, get_args

from evisynth.errors import OptionError

__all__ = [
    "CIMethod",
    "FitOptions",
    "Model",
    "PredictionMethod",
    "Safeguard",
    "Tau2Method",
    "find_word",
    "fit_options",
]

Model = Literal["random", "equal"]
Tau2Method = Literal["REML", "DL", "PM", "ML", "EB", "HS", "HE", "SJ"]
CIMethod = Literal["HKSJ", "t", "z"]
Safeguard = Literal["wider", "truncate", "none"]
PredictionMethod = Literal["t k-1", "t k-2", "normal", "none"]

Word = TypeVar("Word", bound=str)

ALLOWED: dict[str, tuple[str, ...]] = {
    "model": get_args(Model),
    "tau2": get_args(Tau2Method),
    "ci": get_args(CIMethod),
    "safeguard": get_args(Safeguard),
    "prediction": get_args(PredictionMethod),
}
"""Canonical words by option."""

SYNONYMS: dict[str, dict[str, str]] = {
    "model": {
        "re": "random", "random-effects": "random", "random effects": "random",
        "ee": "equal", "fe": "equal", "ce": "equal", "fixed": "equal", "common": "equal",
        "fixed-effect": "equal", "fixed effect": "equal", "fixed-effects": "equal",
        "equal-effects": "equal", "equal effects": "equal", "common-effect": "equal",
    },
    "tau2": {
        "dersimonian-laird": "DL", "paule-mandel": "PM", "mandel-paule": "PM",
        "restricted maximum likelihood": "REML", "maximum likelihood": "ML",
        "empirical bayes": "EB", "hunter-schmidt": "HS", "hedges": "HE", "hedges-olkin": "HE",
        "sidik-jonkman": "SJ",
    },
    "ci": {
        "hk": "HKSJ", "knha": "HKSJ", "hartung-knapp": "HKSJ", "knapp-hartung": "HKSJ",
        "hartung-knapp-sidik-jonkman": "HKSJ", "wald": "z", "normal": "z", "classic": "z",
    },
    "safeguard": {
        "adhoc": "truncate", "ad hoc": "truncate", "no": "none", "off": "none", "": "none",
        "wald": "wider",
    },
    "prediction": {
        "t": "t k-1", "k-1": "t k-1", "t(k-1)": "t k-1", "k-2": "t k-2", "t(k-2)": "t k-2",
        "hts": "t k-2", "higgins": "t k-2", "z": "normal", "no": "none", "off": "none",
        "": "none",
    },
}  # fmt: skip
"""Words that mean one of the canonical ones, in lower case."""


def find_word(
    option: str,
    value: object,
    allowed: tuple[Word, ...],
    synonyms: Mapping[str, str] | None = None,
) -> Word:
    """Return the canonical word of an option, found without regard to case.

    Raises
    ------
    OptionError
        If the word is not known; the message lists the allowed ones.

    Examples
    --------
    >>> find_word("ci", "knha", ("HKSJ", "t", "z"), {"knha": "HKSJ"})
    'HKSJ'
    """
    if isinstance(value, str):
        word = value.strip().casefold()
        for candidate in allowed:
            if word == candidate.casefold():
                return candidate
        if synonyms and word in synonyms:
            return cast(Word, synonyms[word])
    raise OptionError(option, value, allowed)


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How a meta-analysis is fitted; checked when made.

    Use `fit_options` to make one from words in any case or from synonyms.

    Attributes
    ----------
    model : {"random", "equal"}
        Random-effects or equal-effects model.
    tau2 : str
        Estimator of tau² (not used by the equal-effects model).
    ci : {"HKSJ", "t", "z"}
        Hartung-Knapp interval, t with k - 1 degrees of freedom and Wald standard error, or Wald.
    safeguard : {"wider", "truncate", "none"}
        What happens where Hartung-Knapp narrows the interval: the Wald interval is taken if it is
        the wider one, the factor is not let below 1, or nothing.
    prediction : {"t k-1", "t k-2", "normal", "none"}
        Definition of the prediction interval.
    level : float
        Confidence level, between 0 and 1.

    Raises
    ------
    OptionError
        If a value is not one of those allowed.
    """

    model: Model = "random"
    tau2: Tau2Method = "REML"
    ci: CIMethod = "HKSJ"
    safeguard: Safeguard = "wider"
    prediction: PredictionMethod = "t k-1"
    level: float = 0.95

    def __post_init__(self) -> None:
        for option, allowed in ALLOWED.items():
            if getattr(self, option) not in allowed:
                raise OptionError(option, getattr(self, option), allowed)
        if not _is_level(self.level):
            raise OptionError("level", self.level, ["a number between 0 and 1, e.g. 0.95"])


def _is_level(value: object) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and math.isfinite(value)
        and 0 < value < 1
    )


def fit_options(
    *,
    model: str = "random",
    tau2: str = "REML",
    ci: str = "HKSJ",
    safeguard: str = "wider",
    prediction: str = "t k-1",
    level: float = 0.95,
) -> FitOptions:
    """Make options from words; in the equal-effects model they become what it can use.

    The equal-effects model has no tau² that the Hartung-Knapp factor would belong to and no
    distribution of effects: ``ci="HKSJ"`` becomes the Wald interval ``"z"``, and
    ``prediction`` becomes ``"none"``.

    Parameters
    ----------
    model, tau2, ci, safeguard, prediction, level
        See `FitOptions`; synonyms such as ``"fixed"``, ``"knha"`` or ``"wald"`` are understood.

    Examples
    --------
    >>> fit_options(model="fixed", ci="knha").ci
    'z'
    """
    words = {
        "model": model, "tau2": tau2, "ci": ci, "safeguard": safeguard, "prediction": prediction,
    }  # fmt: skip
    found: dict[str, Any] = {
        option: find_word(option, word, ALLOWED[option], SYNONYMS[option])
        for option, word in words.items()
    }
    options = FitOptions(level=level, **found)
    if options.model == "equal":
        ci_equal: CIMethod = "z" if options.ci == "HKSJ" else options.ci
        options = replace(options, ci=ci_equal, prediction="none")
    return options
