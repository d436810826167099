"""Effect measures of 2x2 tables, of pairs and of person-time."""

from __future__ import annotations

from typing import Literal

from evisynth.effects import association, dichotomous, pairs, person_time
from evisynth.effects.dichotomous import CELLS
from evisynth.effects.estimates import Scale
from evisynth.effects.measure_type import Arrays, Kernel, Measure
from evisynth.effects.pairs import PAIRS
from evisynth.effects.person_time import EVENTS

__all__ = ["TABLES"]

LARGE = {"LS": "large-sample sampling variance"}
OF_LOG_ODDS = {"LS": "sampling variance of the log odds ratio from the four cells"}
ODDS = Scale("log", 0.0, "Odds ratio", "OR")
SMD = Scale("identity", 0.0, "Standardized mean difference", "SMD")


def _why_table(values: Arrays, place: int) -> str:  # noqa: ARG001 - reasons are asked alike
    """Say why a 2x2 table has no estimate."""
    return "a cell of the 2x2 table is 0 and no constant was added"


def _why_margin(values: Arrays, place: int) -> str:
    """Say why a table without correction has no estimate."""
    a, b, c, d = (values[name][place] for name in CELLS)
    if a + c == 0:
        return "no event in either arm"
    if b + d == 0:
        return "an event in everyone of both arms"
    return "the association is complete, which leaves no sampling variance; see continuity="


def _why_tetrachoric(values: Arrays, place: int) -> str:  # noqa: ARG001 - as above
    return "a cell of the 2x2 table is 0, so the correlation lies at -1 or 1; see continuity="


def _why_rates(values: Arrays, place: int) -> str:  # noqa: ARG001 - as above
    return "an arm has no event and no constant was added"


def _why_rate_difference(values: Arrays, place: int) -> str:  # noqa: ARG001 - as above
    return "the variance is 0, as neither arm has an event and no constant was added"


def _why_pairs(values: Arrays, place: int) -> str:
    """Say why a table of pairs has no estimate."""
    if values["pairs12"][place] + values["pairs21"][place] == 0:
        return "no pair differs in its outcomes, and no constant was added"
    return "a count of the pairs is 0 and no constant was added"


def _why_given_r(values: Arrays, place: int) -> str:
    if any(values[name][place] == 0 for name in CELLS):
        return _why_table(values, place)
    return "the correlation leaves no variance"


def _table(
    name: str,
    scale: Scale,
    kernel: Kernel,
    words: str,
    formulas: dict[str, str] | None = None,
    *,
    sources: tuple[str, ...] = ("events", "estimate"),
    double_zero: Literal["drop", "keep"] = "keep",
) -> Measure:
    """Return a measure of a 2x2 table to whose cells a constant is added where one is 0."""
    return Measure(
        name=name,
        scale=scale,
        sources=sources,
        kernel=kernel,
        formulas=LARGE if formulas is None else formulas,
        words=words,
        double_zero=double_zero,
        corrected=CELLS,
        why=_why_table,
    )


def _pairs(name: str, scale: Scale, kernel: Kernel, words: str) -> Measure:
    return Measure(
        name=name,
        scale=scale,
        sources=("pairs", "estimate"),
        kernel=kernel,
        formulas=LARGE,
        words=words,
        corrected=PAIRS,
        why=_why_pairs,
    )


def _correlation(
    name: str,
    scale: str,
    label: str,
    kernel: Kernel,
    words: str,
    formulas: dict[str, str] | None = None,
) -> Measure:
    """Return a measure of association to whose cells nothing is added by default."""
    return Measure(
        name=name,
        scale=Scale(scale, 0.0, label, "r", -1.0, 1.0),
        sources=("events", "estimate"),
        kernel=kernel,
        formulas=LARGE if formulas is None else formulas,
        words=words,
        corrected=CELLS,
        continuity=0.0,
        why=_why_margin if formulas else _why_tetrachoric,
    )


SAMPLING = {
    "ST": "sampling variance for rows whose sizes were fixed (stratified sampling)",
    "CS": "sampling variance for tables of which only the total was fixed (cross-sectional "
    "sampling)",
}

TABLES: tuple[Measure, ...] = (
    _table("OR", ODDS, dichotomous.odds_ratio, "odds ratio", OF_LOG_ODDS, double_zero="drop"),
    _table(
        "RR",
        Scale("log", 0.0, "Risk ratio", "RR"),
        dichotomous.risk_ratio,
        "risk ratio",
        {"LS": "large-sample sampling variance of the log risk ratio"},
        double_zero="drop",
    ),
    _table(
        "RD",
        Scale("identity", 0.0, "Risk difference", "RD"),
        dichotomous.risk_difference,
        "risk difference",
        {
            "LS": "large-sample sampling variance",
            "UB": "unbiased estimate of the sampling variance",
            "AV": "sampling variance with the risks of all studies together",
        },
    ),
    Measure(
        name="AS",
        scale=Scale("identity", 0.0, "Arcsine difference", "AS"),
        sources=("events", "estimate"),
        kernel=dichotomous.arcsine_difference,
        formulas={"LS": "sampling variance 1/(4 n1) + 1/(4 n2)"},
        words="difference of the arcsine square roots of the risks",
        corrected=CELLS,
        continuity=0.0,
    ),
    Measure(
        name="PETO",
        scale=Scale("log", 0.0, "Peto odds ratio", "Peto OR"),
        sources=("events", "estimate"),
        kernel=dichotomous.peto_odds_ratio,
        formulas={"LS": "variance 1/V, V hypergeometric"},
        words="Peto's one-step odds ratio",
        double_zero="drop",
        corrected=CELLS,
        continuity=0.0,
        why=_why_margin,
    ),
    _table(
        "DOR",
        Scale("log", 0.0, "Diagnostic odds ratio", "DOR"),
        dichotomous.odds_ratio,
        "diagnostic odds ratio",
        OF_LOG_ODDS,
        sources=("diagnostic", "estimate"),
    ),
    _table(
        "PBIT",
        SMD,
        dichotomous.probit_difference,
        "difference of the probits of the risks, as standardized mean difference",
    ),
    _table(
        "OR2DN",
        SMD,
        dichotomous.odds_to_smd_normal,
        "standardized mean difference from the odds ratio, people normally distributed (/1.65)",
        {"LS": "sampling variance of the log odds ratio over 1.65²"},
    ),
    _table(
        "OR2DL",
        SMD,
        dichotomous.odds_to_smd_logistic,
        "standardized mean difference from the odds ratio, logistic distributions (times √3/π)",
        {"LS": "sampling variance of the log odds ratio times 3/π²"},
    ),
    _correlation(
        "PHI",
        "identity",
        "Phi coefficient",
        association.phi,
        "phi coefficient",
        SAMPLING,
    ),
    _correlation(
        "ZPHI",
        "Fisher z",
        "Phi coefficient",
        association.phi_z,
        "Fisher's z of the phi coefficient",
        SAMPLING,
    ),
    _table(
        "YUQ",
        Scale("identity", 0.0, "Yule's Q", "Q", -1.0, 1.0),
        association.yule_q,
        "Yule's Q",
    ),
    _table(
        "YUY",
        Scale("identity", 0.0, "Yule's Y", "Y", -1.0, 1.0),
        association.yule_y,
        "Yule's Y",
    ),
    _correlation(
        "RTET",
        "identity",
        "Tetrachoric correlation",
        association.tetrachoric,
        "tetrachoric correlation by maximum likelihood",
    ),
    _correlation(
        "ZTET",
        "Fisher z",
        "Tetrachoric correlation",
        association.tetrachoric_z,
        "Fisher's z of the tetrachoric correlation by maximum likelihood",
    ),
    _pairs(
        "MPRR",
        Scale("log", 0.0, "Risk ratio", "RR"),
        pairs.marginal_risk_ratio,
        "marginal risk ratio of matched pairs",
    ),
    _pairs("MPOR", ODDS, pairs.marginal_odds_ratio, "marginal odds ratio of matched pairs"),
    _pairs(
        "MPRD",
        Scale("identity", 0.0, "Risk difference", "RD"),
        pairs.marginal_risk_difference,
        "marginal risk difference of matched pairs",
    ),
    _pairs("MPORC", ODDS, pairs.conditional_odds_ratio, "odds ratio within matched pairs"),
    Measure(
        name="MPPETO",
        scale=Scale("log", 0.0, "Peto odds ratio", "Peto OR"),
        sources=("pairs", "estimate"),
        kernel=pairs.peto_pairs,
        formulas={"LS": "variance 4/(b + c)"},
        words="Peto's odds ratio within matched pairs",
        corrected=PAIRS,
        continuity=0.0,
        why=_why_pairs,
    ),
    Measure(
        name="MPORM",
        scale=ODDS,
        sources=("events r", "estimate"),
        kernel=pairs.marginal_odds_ratio_by_correlation,
        formulas={"LS": "sampling variance with the correlation of the pairs"},
        words="marginal odds ratio of matched pairs from the marginal table",
        corrected=CELLS,
        why=_why_given_r,
    ),
    Measure(
        name="IRR",
        scale=Scale("log", 0.0, "Incidence rate ratio", "IRR"),
        sources=("person-time", "estimate"),
        kernel=person_time.rate_ratio,
        formulas={"LS": "sampling variance 1/events1 + 1/events2"},
        words="incidence rate ratio",
        double_zero="drop",
        corrected=EVENTS,
        why=_why_rates,
    ),
    Measure(
        name="IRD",
        scale=Scale("identity", 0.0, "Incidence rate difference", "IRD"),
        sources=("person-time", "estimate"),
        kernel=person_time.rate_difference,
        formulas={"LS": "sampling variance events1/time1² + events2/time2²"},
        words="incidence rate difference",
        corrected=EVENTS,
        why=_why_rate_difference,
    ),
    Measure(
        name="IRSD",
        scale=Scale("identity", 0.0, "Difference of square roots of rates", "IRSD"),
        sources=("person-time", "estimate"),
        kernel=person_time.root_rate_difference,
        formulas={"LS": "sampling variance 1/(4 time1) + 1/(4 time2)"},
        words="difference of the square roots of the incidence rates",
        corrected=EVENTS,
        continuity=0.0,
    ),
)
"""Measures of 2x2 tables, of pairs and of person-time."""
