"""Mantel-Haenszel: pooled effects straight from a table of counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from evisynth.effects import EffectEstimates
from evisynth.errors import OptionError
from evisynth.stats import (
    CountTest,
    association_test,
    check_flag,
    homogeneity_tests,
    mantel_haenszel_batch,
    q_around,
    weights_percent,
)
from evisynth.synthesis.counts_fitting import check_level, count_fit, named_test, table_notes
from evisynth.synthesis.counts_reading import Counts, read_counts
from evisynth.synthesis.counts_results import CountFit
from evisynth.synthesis.options import find_word

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["mantel_haenszel"]

Floats = NDArray[np.float64]
Rules = Literal["standard", "revman"]
Measure = Literal["OR", "RR", "RD", "IRR", "IRD"]

MEASURES: tuple[Measure, ...] = ("OR", "RR", "RD", "IRR", "IRD")
RULES: tuple[Rules, ...] = ("standard", "revman")
RULE_SYNONYMS = {"metafor": "standard", "default": "standard", "review manager": "revman"}
MODELS: tuple[Literal["equal", "random"], ...] = ("equal", "random")
MODEL_SYNONYMS = {
    "fixed": "equal", "common": "equal", "fe": "equal", "ee": "equal", "fixed-effect": "equal",
    "re": "random", "random-effects": "random",
}  # fmt: skip

REFERENCES = {
    "OR": "variance of Robins, Breslow and Greenland 1986, doi:10.2307/2531052",
    "RR": "variance of Greenland and Robins 1985, doi:10.2307/2530643",
    "RD": "variance of Sato, Greenland and Robins 1989, Biometrics 45:1323",
    "IRR": "variance of Greenland and Robins 1985, doi:10.2307/2530643",
    "IRD": "variance of Greenland and Robins 1985, doi:10.2307/2530643",
}
ALL_ZERO = (
    "the pooled effect does not exist: in one arm no study has an event (or all people have it)"
)


def mantel_haenszel(
    data: pd.DataFrame | Mapping[str, Any],
    measure: str = "OR",
    *,
    study: Any = "study",
    events1: Any = None,
    nonevents1: Any = None,
    n1: Any = None,
    time1: Any = None,
    events2: Any = None,
    nonevents2: Any = None,
    n2: Any = None,
    time2: Any = None,
    subset: Any = None,
    model: str = "equal",
    rules: str = "standard",
    correct: bool = True,
    level: float = 0.95,
    swap_events: bool = False,
) -> CountFit:
    """Pool 2x2 tables or person-time by the method of Mantel and Haenszel.

    Parameters
    ----------
    data
        Table of studies; columns are found as `evisynth.effects` finds them (``ai n1i ci n2i``,
        ``tpos tneg cpos cneg``; person-time: ``x1i t1i x2i t2i``, ``events1 time1 ...``).
    measure
        ``"OR"``, ``"RR"``, ``"RD"``; of person-time ``"IRR"``, ``"IRD"``.
    study, events1, nonevents1, n1, time1, events2, nonevents2, n2, time2, subset
        Columns by name, and rows to use; see `evisynth.effects`.
    model
        ``"equal"``; ``"random"`` is DerSimonian and Laird's model with Q taken around the
        Mantel-Haenszel estimate, as RevMan has it (2x2 tables only).
    rules
        ``"standard"``: raw counts in the sums, as metafor's ``rma.mh``; the studies' own estimates
        (for Q) get 0.5 where a cell is 0. ``"revman"``: as RevMan 5: 0.5 to the four cells of a
        table with a zero cell, inside the sums too (OR, RR); for RD in the variances only, which
        are then those of Greenland and Robins; one study is its own estimate.
    correct
        Whether the Cochran-Mantel-Haenszel test has the continuity correction.
    level
        Level of the limits.
    swap_events
        Analyze the non-events (2x2 tables).

    Returns
    -------
    CountFit
        With ``tests``: ``"Q"`` around the estimate; ``"CMH"``, ``"Breslow-Day"`` and ``"Tarone"``
        for OR; ``"CMH"`` (its person-time form) for IRR. A fit without an estimate is NaN with a
        ``reason``.

    Raises
    ------
    OptionError
        When a word is not known or does not go with the measure.
    InputError
        When a column is missing or a cell cannot be used.

    References
    ----------
    Mantel and Haenszel 1959, doi:10.1093/jnci/22.4.719; Robins et al. 1986, doi:10.2307/2531052;
    Greenland and Robins 1985, doi:10.2307/2530643; Tarone 1985, doi:10.1093/biomet/72.1.91.

    Examples
    --------
    >>> table = {
    ...     "study": ["A", "B"],
    ...     "ai": [4, 6],
    ...     "n1i": [123, 306],
    ...     "ci": [11, 29],
    ...     "n2i": [139, 303],
    ... }
    >>> fit = mantel_haenszel(table, "OR")
    >>> round(fit.estimate, 4), round(fit.test("Tarone").p_value, 3)
    (-1.4215, 0.329)
    """
    correct = check_flag("correct", correct)
    swap_events = check_flag("swap_events", swap_events)
    what = find_word("measure", measure, MEASURES)
    by = find_word("rules", rules, RULES, RULE_SYNONYMS)
    kind = find_word("model", model, MODELS, MODEL_SYNONYMS)
    person_time = what in ("IRR", "IRD")
    check_level(level)
    if person_time and (by == "revman" or kind == "random" or swap_events):
        option = "rules" if by == "revman" else "model" if kind == "random" else "swap_events"
        value = {"rules": rules, "model": model, "swap_events": swap_events}[option]
        allowed = {"rules": "standard", "model": "equal", "swap_events": "False"}[option]
        raise OptionError(option, value, [allowed], hint=f"{what} has no other.")
    revman = by == "revman"
    named = {
        "events1": events1, "nonevents1": nonevents1, "n1": n1, "time1": time1,
        "events2": events2, "nonevents2": nonevents2, "n2": n2, "time2": time2,
    }  # fmt: skip
    counts = read_counts(
        data,
        what,
        add=0.5,
        to="only0",
        # RevMan keeps studies without events for the risk difference
        double_zero="keep" if revman and what == "RD" else "drop",
        study=study,
        subset=subset,
        columns=named,
    )
    if swap_events:
        counts = _swapped(counts, what, double_zero="keep" if revman and what == "RD" else "drop")
    settings = (("measure", what), ("model", kind), ("rules", by), ("correct", correct),
                ("swap_events", swap_events))  # fmt: skip
    found = (_revman if revman else _standard)(counts, what, kind, correct, level)
    return replace(found, settings=settings)


def _swapped(counts: Counts, measure: str, double_zero: Literal["drop", "keep"]) -> Counts:
    """Return the counts with events and non-events exchanged."""
    a, b, c, d = counts.cells
    swapped = read_counts(
        {
            "study": list(counts.effects.labels),
            **{
                name: np.where(counts.complete, x, np.nan)
                for name, x in zip(
                    ("events1", "nonevents1", "events2", "nonevents2"), (b, a, d, c), strict=True
                )
            },
        },
        measure,
        add=0.5,
        to="only0",
        double_zero=double_zero,
        study="study",
        subset=None,
        columns={},
    )
    made = replace(swapped.effects, data=counts.effects.data, columns=counts.effects.columns)
    return replace(swapped, effects=made)


def _standard(
    counts: Counts, measure: Measure, model: str, correct: bool, level: float
) -> CountFit:
    """Raw counts in the sums."""
    here = counts.complete
    cells = [x[here] for x in counts.cells]
    pooled = mantel_haenszel_batch(measure, cells[0], cells[1], cells[2], cells[3])
    return _assemble(
        counts, measure, model, float(pooled.estimate[0]), float(pooled.se[0]), here, cells,
        correct, level, "",
    )  # fmt: skip


def _revman(counts: Counts, measure: Measure, model: str, correct: bool, level: float) -> CountFit:
    """RevMan's rules: what is estimable, where 0.5 is added, and one study as it is."""
    here = counts.complete & counts.effects.estimable
    raw = np.stack([x[here] for x in counts.cells])
    corrected = np.where((raw == 0).any(axis=0), raw + 0.5, raw)
    made = counts.effects
    if measure == "RD" and here.any():
        # the estimate is from the raw cells, 0.5 is in the variance alone
        y = raw[0] / (raw[0] + raw[1]) - raw[2] / (raw[2] + raw[3])
        estimates = made.estimates.copy()
        estimates[here] = y
        made = replace(made, estimates=estimates)
        counts = replace(counts, effects=made)
    estimate = se = float("nan")
    if int(here.sum()) == 1:
        estimate = float(made.estimates[here][0])
        se = float(np.sqrt(made.variances[here][0]))
    elif here.any():
        used = raw if measure == "RD" else corrected
        pooled = mantel_haenszel_batch(
            measure,
            used[0],
            used[1],
            used[2],
            used[3],
            variance="Greenland-Robins" if measure == "RD" else "default",
            variance_cells=(corrected[0], corrected[1], corrected[2], corrected[3])
            if measure == "RD"
            else None,
        )
        estimate, se = float(pooled.estimate[0]), float(pooled.se[0])
    return _assemble(
        counts, measure, model, estimate, se, here, list(raw), correct, level, "revman"
    )


def _assemble(
    counts: Counts,
    measure: Measure,
    model: str,
    estimate: float,
    se: float,
    here: NDArray[np.bool_],
    cells: list[Floats],
    correct: bool,
    level: float,
    rules: str,
) -> CountFit:
    """Put the pooled effect, its tests and its words together."""
    made = counts.effects
    q = q_around(estimate, made.estimates, made.variances)
    tests = [named_test("Q", "heterogeneity", q, "Cochran's Q around the Mantel-Haenszel estimate")]
    if measure in ("OR", "IRR") and here.any():
        a, b, c, d = cells
        person_time = measure == "IRR"
        found = association_test(a, b, c, d, person_time=person_time, correct=correct)
        words = "Mantel-Haenszel for person-time" if person_time else "Cochran-Mantel-Haenszel"
        words += ", continuity correction" if correct else ", no continuity correction"
        tests.append(named_test("CMH", "association", found, words))
        if measure == "OR":
            breslow_day, tarone = homogeneity_tests(_raw_centre(estimate, cells, rules), a, b, c, d)
            tests.append(named_test("Breslow-Day", "heterogeneity", breslow_day, "Breslow-Day"))
            tests.append(named_test("Tarone", "heterogeneity", tarone, "Breslow-Day with Tarone's"
                                " correction"))  # fmt: skip
    tau2 = float("nan")
    weights = _mh_weights(counts, measure, here, rules)
    if model == "random":
        tau2, estimate, se, weights = _random(made, q, estimate)
    words, sentence = _mh_words(measure, model, rules, level)
    k = int(made.estimable.sum() if model == "random" or rules == "revman" else here.sum())
    return count_fit(
        made, "Mantel-Haenszel", "random" if model == "random" else "equal", words, sentence, k,
        estimate, se, level, tau2, tests, weights, table_notes(counts, rules),
        reason=ALL_ZERO if np.isnan(estimate) else "",
    )  # fmt: skip


def _raw_centre(estimate: float, cells: list[Floats], rules: str) -> float:
    """Return the common log odds ratio of the raw tables, which the tests of homogeneity need."""
    if not rules:
        return estimate
    a, b, c, d = cells
    return float(mantel_haenszel_batch("OR", a, b, c, d).estimate[0])


def _random(
    made: EffectEstimates, q: CountTest, estimate: float
) -> tuple[float, float, float, Floats]:
    """DerSimonian and Laird's model with Q around the Mantel-Haenszel estimate."""
    here = made.estimable
    y, v = made.estimates[here], made.variances[here]
    weights = np.zeros(len(made))
    if len(y) == 0 or np.isnan(estimate):
        return float("nan"), float("nan"), float("nan"), weights
    if len(y) == 1:
        weights[here] = 100.0
        return float("nan"), float(y[0]), float(np.sqrt(v[0])), weights
    w = 1 / v
    excess = float(q.statistic[0]) - (len(y) - 1)
    tau2 = max(0.0, excess / float(w.sum() - (w * w).sum() / w.sum()))
    total = 1 / (v + tau2)
    weights[here] = weights_percent(v, tau2)[0]
    return tau2, float((total @ y) / total.sum()), float(np.sqrt(1 / total.sum())), weights


def _mh_weights(counts: Counts, measure: Measure, here: NDArray[np.bool_], rules: str) -> Floats:
    """Return the Mantel-Haenszel weights in percent, shape (K,)."""
    first, second, third, fourth = (x[here] for x in counts.cells)
    if measure in ("OR", "RR", "RD"):
        if rules == "revman" and measure != "RD":
            zero = (first == 0) | (second == 0) | (third == 0) | (fourth == 0)
            first, second, third, fourth = (
                np.where(zero, x + 0.5, x) for x in (first, second, third, fourth)
            )
        n1, n2 = first + second, third + fourth
        raw = {"OR": second * third, "RR": third * n1, "RD": n1 * n2}[measure] / (n1 + n2)
    else:
        raw = (third * second if measure == "IRR" else second * fourth) / (second + fourth)
    weights = np.zeros(len(counts.complete))
    if raw.sum() > 0:
        weights[here] = 100 * raw / raw.sum()
    return weights


def _mh_words(measure: str, model: str, rules: str, level: float) -> tuple[str, str]:
    """Return the method in words and as a paragraph."""
    name = {
        "OR": "odds ratios", "RR": "risk ratios", "RD": "risk differences",
        "IRR": "incidence rate ratios", "IRD": "incidence rate differences",
    }[measure]  # fmt: skip
    reference = REFERENCES[measure]
    if rules == "revman" and measure == "RD":
        reference = REFERENCES["RR"]
    sentence = (
        f"The {name} were pooled by the method of Mantel and Haenszel (1959, "
        f"doi:10.1093/jnci/22.4.719; {reference})"
    )
    if rules == "revman":
        sentence += (
            " by the rules of Review Manager 5 (0.5 added to all four cells of a table with a "
            "zero cell" + (", in the variance alone)" if measure == "RD" else ")")
        )
    else:
        sentence += ", without adding a constant to the counts"
    if model == "random":
        sentence += (
            "; the effects were taken to be random, with inverse-variance weights and tau² by the "
            "estimator of DerSimonian and Laird (1986, doi:10.1016/0197-2456(86)90046-2) from "
            "Cochran's Q around the Mantel-Haenszel estimate"
        )
    percent = f"{100 * level:g}%"
    sentence += f". The {percent} limits are normal ones."
    head = f"Mantel-Haenszel {name}, {'random' if model == 'random' else 'equal'}-effects model"
    return head + (", RevMan's rules" if rules == "revman" else ""), sentence
