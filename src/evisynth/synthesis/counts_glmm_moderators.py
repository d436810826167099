"""Generalized linear mixed models of counts with moderators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evisynth.stats import CountLikelihood, CountModel, fit_count_model, t_quantile, two_sided_p
from evisynth.synthesis.counts_glmm_words import (
    RUN_AWAY,
    heterogeneity_tests,
    inconsistency,
    model_notes,
    model_words,
)
from evisynth.synthesis.counts_reading import Counts
from evisynth.synthesis.counts_regression_results import CountRegression
from evisynth.synthesis.joint_tests import HeterogeneityTest, joint_wald_test
from evisynth.synthesis.moderators import ModeratorsGiven, read_moderators

__all__ = ["fit_moderated"]

Floats = NDArray[np.float64]

NO_TEST = "the model has an intercept only"
SEPARATED = (
    "; or all events (or non-events) of a category of the moderators, or of a side of one, are in "
    "one arm"
)


def fit_moderated(
    counts: Counts,
    usable: NDArray[np.bool_],
    measure: Literal["OR", "IRR", "PLO", "IRLN"],
    how: CountLikelihood,
    moderators: ModeratorsGiven,
    *,
    random: bool,
    test: str,
    points: int,
    level: float,
    levels: Mapping[str, Sequence[object]] | None,
    terms: Sequence[str] | None,
    drop_redundant: bool,
) -> CountRegression:
    """Fit a model of counts whose effect depends on moderators; see `glmm`."""
    made = counts.effects
    design, formula, here, note = read_moderators(
        moderators, made, usable, "model of counts", levels=levels, terms=terms,
        drop_redundant=drop_redundant,
    )  # fmt: skip
    x = design.matrix[here]
    k, p = x.shape
    found = fit_count_model(
        measure,
        how,
        tuple(cell[here] for cell in counts.cells),
        random=random,
        points=points,
        estimates=made.estimates[here],
        variances=made.variances[here],
        design=x,
    )
    kind: Literal["equal", "random"] = "random" if random else "equal"
    words, sentence = model_words(measure, how, kind, test, points, level, formula, p)
    notes = model_notes(counts, here, kind, k, how, points)
    return _result(
        found, random=random, df=float(k - p) if test == "t" else float("inf"),
        x=x, variances=made.variances[here],
        shown={
            "effects": made,
            "model": kind,
            "likelihood": how,
            "formula": formula,
            "words": words,
            "sentence": sentence,
            "k": k,
            "terms": design.terms,
            "level": level,
            "parameters": p + (k if how == "UM.FS" else 0) + int(random) + 2 * (how == "UM.RS"),
            "left_out": tuple(made.labels[row] for row in np.flatnonzero(~here)),
            "rows": here,
            "reference_levels": dict(design.reference_levels),
            "design": design,
            "notes": (note, *notes) if note else notes,
        },
    )  # fmt: skip


def _result(
    found: CountModel,
    *,
    random: bool,
    df: float,
    x: Floats,
    variances: Floats,
    shown: dict[str, Any],
) -> CountRegression:
    """Form limits, tests and inconsistency."""
    fit, terms, nan = found.fit, shown["terms"], float("nan")
    p, good = len(terms), found.fit.converged
    b, v = fit.coefficients[:p], fit.covariance[:p, :p]
    if not good:
        b, v = np.full(p, nan), np.full((p, p), nan)
    se = np.sqrt(np.diag(v))
    half = float(t_quantile(df, shown["level"])) * se
    null = shown["effects"].scale.null if terms == ("intercept",) else 0.0
    statistics = (b - null) / se
    with_studies = shown["likelihood"] == "UM.RS" and good
    tau2 = float(fit.scales[-1] ** 2) if random and good else nan
    i2, h2 = inconsistency(variances, tau2, x)
    return CountRegression(
        **shown,
        coefficients=b,
        se=se,
        ci_lower=b - half,
        ci_upper=b + half,
        statistics=statistics,
        p_values=np.asarray(two_sided_p(statistics, df)),
        covariance=v,
        df=df,
        moderators=_omnibus(b, v, terms, df, good),
        tau2=tau2,
        i2=i2,
        h2=h2,
        sigma2=float(fit.scales[0] ** 2) if with_studies else nan,
        study_mean=float(fit.coefficients[-1]) if with_studies else nan,
        study_mean_se=float(np.sqrt(fit.covariance[-1, -1])) if with_studies else nan,
        tests=heterogeneity_tests(found, len(x) - p),
        log_likelihood=fit.log_likelihood if good else nan,
        reason="" if good else RUN_AWAY + SEPARATED,
    )


def _omnibus(
    b: Floats, v: Floats, terms: tuple[str, ...], df: float, good: bool
) -> HeterogeneityTest:
    """Test all coefficients but the intercept."""
    words, nan = "moderators of the effect", float("nan")
    tested = [place for place, term in enumerate(terms) if term != "intercept"]
    if not tested:
        return HeterogeneityTest(nan, "chi2", nan, nan, nan, words, NO_TEST)
    if not good:
        reason = "the model has no maximum"
        return HeterogeneityTest(nan, "chi2", float(len(tested)), nan, nan, words, reason)
    return joint_wald_test(b[tested], v[np.ix_(tested, tested)], df, words)
