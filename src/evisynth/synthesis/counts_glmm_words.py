"""What fits of generalized linear mixed models say: tests, inconsistency, notes, words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evisynth.display import plural
from evisynth.stats import CountModel, chi2_tail
from evisynth.synthesis.counts_reading import Counts
from evisynth.synthesis.counts_results import NamedTest
from evisynth.synthesis.inputs import repeated_words

__all__ = ["RUN_AWAY", "heterogeneity_tests", "inconsistency", "model_notes", "model_words"]

Floats = NDArray[np.float64]

LIKELIHOOD_WORDS = {
    "UM.FS": "unconditional model with fixed study effects",
    "UM.RS": "unconditional model with random study effects",
    "CM.EL": "conditional model, exact likelihood",
    "CM.AL": "conditional model, approximate likelihood",
    "": "model of single groups",
}
FAMILY_WORDS = {
    ("OR", "UM.FS"): "binomial-normal", ("OR", "UM.RS"): "binomial-normal",
    ("OR", "CM.EL"): "hypergeometric-normal", ("OR", "CM.AL"): "binomial-normal",
    ("IRR", "UM.FS"): "Poisson-normal", ("IRR", "UM.RS"): "Poisson-normal",
    ("IRR", "CM.EL"): "binomial-normal", ("PLO", ""): "binomial-normal",
    ("IRLN", ""): "Poisson-normal",
}  # fmt: skip

RUN_AWAY = (
    "the search for the maximum of the likelihood did not end: the estimate runs away (is one arm "
    "without events in all studies?) or the likelihood is flat"
)


def inconsistency(
    variances: Floats, tau2: float, design: Floats | None = None
) -> tuple[float, float]:
    """Return I² and H² with the typical variance of the studies' own estimates.

    Examples
    --------
    >>> inconsistency(np.array([1.0, 1.0, 1.0]), 3.0)
    (75.0, 4.0)
    """
    w = 1 / variances
    x = np.ones((len(w), 1)) if design is None else design
    if np.isnan(tau2) or len(w) <= x.shape[1]:
        return float("nan"), float("nan")
    basis, _ = np.linalg.qr(np.sqrt(w)[:, None] * x)
    # (k - p) / tr P with P = W - WX(X'WX)^-1 X'W
    typical = (len(w) - x.shape[1]) / float(w @ (1 - (basis * basis).sum(axis=1)))
    return float(100 * tau2 / (typical + tau2)), float(1 + tau2 / typical)


def heterogeneity_tests(found: CountModel, df: int) -> tuple[NamedTest, ...]:
    """Return the tests for (residual) heterogeneity with their names."""
    tests = []
    for name, value, words in (
        ("LRT", found.lrt, "likelihood ratio against the saturated model"),
        ("Wald", found.wald, "Wald test in the saturated model"),
    ):
        p = float(chi2_tail(value, df)) if df > 0 else float("nan")
        tests.append(NamedTest(name, "heterogeneity", value, df, p, words, found.reason))
    return tuple(tests)


def model_notes(
    counts: Counts, here: NDArray[np.bool_], kind: str, k: int, how: str, points: int
) -> tuple[str, ...]:
    """Return what a reader of the fit must know."""
    made = counts.effects
    notes = [repeated_words(made)] * bool(made.repeated)
    out = np.flatnonzero(~here)
    if out.size:
        which = ", ".join(
            f"{made.labels[row]} ({made.reasons[row] or 'a moderator is missing'})" for row in out
        )
        notes.append(f"{plural(out.size, 'row')} could not be used: {which}.")
    if k == 1 and kind == "random":
        notes.append("One study: the equal-effects model is given; tau² cannot be estimated.")
    if how == "UM.RS" and kind == "random" and points == 1 and k > 1:
        notes.append(
            "Laplace's approximation was used (as lme4 and metafor do for two random effects); "
            "points=7 integrates more exactly."
        )
    return tuple(notes)


def model_words(
    measure: str,
    how: str,
    kind: str,
    test: str,
    points: int,
    level: float,
    formula: str = "",
    coefficients: int = 1,
) -> tuple[str, str]:
    """Return the method in words and as a paragraph."""
    name = {
        "OR": "Odds ratios", "IRR": "Incidence rate ratios", "PLO": "Proportions",
        "IRLN": "Incidence rates",
    }[measure]  # fmt: skip
    family = FAMILY_WORDS[measure, how]
    if kind == "equal":
        family = family.split("-")[0]
    head = f"{family} {'random' if kind == 'random' else 'equal'}-effects model, "
    head += LIKELIHOOD_WORDS[how]
    sentence = (
        f"{name} were {f'regressed on {formula}' if formula else 'pooled'} by a {family} "
        "generalized linear "
        f"{'mixed ' if kind == 'random' else ''}model ({LIKELIHOOD_WORDS[how]}; Stijnen et al. "
        "2010, doi:10.1002/sim.4040; Jackson et al. 2018, doi:10.1002/sim.7588), fitted by maximum "
        "likelihood"
    )
    if kind == "random":
        sentence += (
            " with Laplace's approximation"
            if points == 1
            else f" with adaptive Gauss-Hermite quadrature ({points} points)"
        )
    less = "1" if coefficients == 1 else f"p (p = {coefficients})"
    limits = "normal ones" if test == "z" else f"t limits with k - {less} degrees of freedom"
    residual = "Residual heterogeneity" if formula else "Heterogeneity"
    sentence += (
        f". The {100 * level:g}% limits are {limits}. {residual} was tested by the likelihood "
        "ratio and Wald tests against the saturated model."
    )
    return head, sentence
