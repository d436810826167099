"""How a meta-analysis is fitted: the options, their words and their synonyms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, cast, get_args

from evisynth.errors import OptionError
from evisynth.stats import INTERVAL_KINDS, IntervalKind, Tau2Method

__all__ = [
    "CIMethod",
    "FitOptions",
    "FurtherOptions",
    "Model",
    "PredictionMethod",
    "Safeguard",
    "Tau2Method",
    "Weighting",
    "find_word",
    "fit_options",
]

Model = Literal["random", "equal"]
CIMethod = Literal["HKSJ", "t", "z"]
Safeguard = Literal["wider", "truncate", "none"]
PredictionMethod = Literal["t k-1", "t k-2", "normal", "none"]
Weighting = Literal["inverse variance", "equal", "given"]

Word = TypeVar("Word", bound=str)

ALLOWED: dict[str, tuple[str, ...]] = {
    "model": get_args(Model),
    "tau2": get_args(Tau2Method),
    "ci": get_args(CIMethod),
    "safeguard": get_args(Safeguard),
    "prediction": get_args(PredictionMethod),
}
"""Canonical words by option, of those that every analysis of a fit can use."""

FURTHER: dict[str, tuple[str, ...]] = {
    "tau2": ("GENQ", "GENQM", "given"),
    "ci": ("KR",),
    "prediction": ("V", "HTS", "HK", "HK-PR", "KR", "KR-PR", "NNF", "S", "WL"),
}
"""Words beyond these, which only a single fit can use (see `FurtherOptions`)."""

WITH_FURTHER: dict[str, tuple[str, ...]] = {
    **{option: (*words, *FURTHER.get(option, ())) for option, words in ALLOWED.items()},
    "tau2_ci": INTERVAL_KINDS,
    "weighting": get_args(Weighting),
}

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
        "sidik-jonkman": "SJ", "ca": "HE", "cochran": "HE", "cochran anova": "HE",
        "variance component": "HE", "model error variance": "SJ",
        "hunter-schmidt corrected": "HSk", "iterated sidik-jonkman": "SJIT",
        "iterated dersimonian-laird": "DLIT", "two-step dersimonian-laird": "DL2",
        "two-step cochran": "CA2", "he2": "CA2", "two-step hedges": "CA2",
        "median-unbiased paule-mandel": "PMM", "generalized q": "GENQ",
        "dersimonian-kacker": "GENQ", "median-unbiased generalized q": "GENQM",
    },
    "ci": {
        "hk": "HKSJ", "knha": "HKSJ", "hartung-knapp": "HKSJ", "knapp-hartung": "HKSJ",
        "hartung-knapp-sidik-jonkman": "HKSJ", "wald": "z", "normal": "z", "classic": "z",
        "hksj": "HKSJ", "kenward-roger": "KR",
    },
    "safeguard": {
        "adhoc": "truncate", "ad hoc": "truncate", "no": "none", "off": "none", "": "none",
        "wald": "wider",
    },
    "prediction": {
        "t": "t k-1", "k-1": "t k-1", "t(k-1)": "t k-1", "k-2": "t k-2", "t(k-2)": "t k-2",
        "higgins": "t k-2", "z": "normal", "no": "none", "off": "none",
        "": "none", "veroniki": "V", "skipka": "S", "nagashima": "NNF", "wang-lee": "WL",
        "partlett-riley": "HK-PR", "kenward-roger": "KR",
    },
    "tau2_ci": {
        "q-profile": "QP", "q profile": "QP", "profile likelihood": "PL", "jackson": "J",
        "generalized q": "GENQ", "biggerstaff-jackson": "BJ", "biggerstaff-tweedie": "BT",
        "sidik-jonkman": "SJ", "parametric bootstrap": "bootstrap",
        "nonparametric bootstrap": "bootstrap nonparametric",
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
        if value in allowed:
            return value
        word = value.strip().casefold()
        for candidate in allowed:
            if word == candidate.casefold():
                return candidate
        if synonyms and synonyms.get(word) in allowed:
            return cast(Word, synonyms[word])
        if option == "tau2" and word in ("fe", "ee", "ce", "fixed", "equal"):
            raise OptionError(
                option, value, allowed,
                hint="That is a model without between-study variance: model='equal'.",
            )  # fmt: skip
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
        words = WITH_FURTHER if isinstance(self, FurtherOptions) else ALLOWED
        for option, allowed in words.items():
            if getattr(self, option) not in allowed:
                raise OptionError(option, getattr(self, option), allowed)
        if not _is_level(self.level):
            raise OptionError("level", self.level, ["a number between 0 and 1, e.g. 0.95"])


@dataclass(frozen=True, slots=True)
class FurtherOptions(FitOptions):
    """Options of which at least one only a single fit can use; checked when made.

    Analyses that fit a model again and again (leave-one-out, influence, subgroups ...) refuse
    them, because weights of one's own, a given tau² or Kenward and Roger's interval do not carry
    over.

    Attributes
    ----------
    tau2 : str
        Also ``"GENQ"``, ``"GENQM"`` (generalized Q with weights of one's own) and ``"given"``.
    ci : str
        Also ``"KR"`` (Kenward-Roger).
    prediction : str
        Also ``"V"``, ``"HTS"``, ``"HK"``, ``"HK-PR"``, ``"KR"``, ``"KR-PR"``, ``"NNF"``, ``"S"``
        and ``"WL"`` (see `evisynth.synthesis.prediction_intervals`).
    tau2_ci : str
        Interval of tau².
    weighting : {"inverse variance", "equal", "given"}
        Weights of the pooled effect.
    """

    tau2: str = "REML"  # type: ignore[assignment]
    ci: str = "HKSJ"  # type: ignore[assignment]
    prediction: str = "t k-1"  # type: ignore[assignment]
    tau2_ci: IntervalKind = "QP"
    weighting: Weighting = "inverse variance"

    @property
    def carries_over(self) -> bool:
        """Whether a fit with other studies can use these options as they are."""
        return (
            self.weighting == "inverse variance"
            and self.ci in ALLOWED["ci"]
            and self.tau2 in ALLOWED["tau2"]
        )


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
    tau2_ci: str = "QP",
    weighting: str = "inverse variance",
    further: bool = True,
) -> FitOptions:
    """Make options from words; in the equal-effects model they become what it can use.

    The equal-effects model has no tau² that the Hartung-Knapp factor would belong to and no
    distribution of effects: ``ci="HKSJ"`` becomes the Wald interval ``"z"``, and
    ``prediction`` becomes ``"none"``.

    Parameters
    ----------
    model, tau2, ci, safeguard, prediction, level, tau2_ci, weighting
        See `FitOptions` and `FurtherOptions`, which the result is only where it must be; synonyms
        such as ``"fixed"``, ``"knha"`` or ``"wald"`` are understood. ``ci="adhoc"`` (metafor's) is
        Hartung-Knapp with the safeguard ``"truncate"``.
    further
        Whether words that only a single fit can use are allowed.

    Examples
    --------
    >>> fit_options(model="fixed", ci="knha").ci
    'z'
    """
    if isinstance(ci, str) and ci.strip().casefold() in ("adhoc", "ad hoc"):
        ci, safeguard = "HKSJ", "truncate"
    words = {
        "model": model, "tau2": tau2, "ci": ci, "safeguard": safeguard, "prediction": prediction,
    }  # fmt: skip
    allowed = WITH_FURTHER if further else ALLOWED
    found: dict[str, Any] = {
        option: find_word(option, word, allowed[option], SYNONYMS[option])
        for option, word in words.items()
    }
    options: FitOptions
    if (
        tau2_ci == "QP"
        and weighting == "inverse variance"
        and all(found[option] in ALLOWED[option] for option in FURTHER)
    ):
        options = FitOptions(level=level, **found)
    else:
        options = _further(found, level, tau2_ci, weighting)
    if options.model == "equal":
        ci_equal: CIMethod = "z" if options.ci in ("HKSJ", "KR") else options.ci
        options = replace(options, ci=ci_equal, prediction="none")
    return options


def _further(found: dict[str, Any], level: float, tau2_ci: str, weighting: str) -> FitOptions:
    """Make further options, or plain ones where nothing further was asked for after all."""
    found["tau2_ci"] = find_word("tau2_ci", tau2_ci, INTERVAL_KINDS, SYNONYMS["tau2_ci"])
    found["weighting"] = find_word("weighting", weighting, WITH_FURTHER["weighting"])
    options = FurtherOptions(level=level, **found)
    if options.ci == "KR" and options.model == "random" and options.tau2 != "REML":
        raise OptionError(
            "tau2",
            options.tau2,
            ["REML"],
            hint="Kenward and Roger's interval (ci='KR') is derived for REML.",
        )
    by_kr = options.prediction in ("KR", "KR-PR") and options.model == "random"
    if by_kr and (options.tau2 != "REML" or options.weighting != "inverse variance"):
        raise OptionError(
            "prediction",
            options.prediction,
            ALLOWED["prediction"],
            hint="Kenward-Roger's is derived for REML and inverse-variance weights.",
        )
    plain = options.tau2_ci == "QP" and options.carries_over
    if plain and options.prediction in ALLOWED["prediction"]:
        for option in ("tau2_ci", "weighting"):
            del found[option]
        return FitOptions(level=level, **found)
    return options
