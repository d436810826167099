"""Generalized linear mixed models of counts: the front door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import CountLikelihood, fit_count_model, t_quantile, two_sided_p
from evisynth.synthesis.counts_glmm_moderators import fit_moderated
from evisynth.synthesis.counts_glmm_words import (
    RUN_AWAY,
    heterogeneity_tests,
    inconsistency,
    model_notes,
    model_words,
)
from evisynth.synthesis.counts_reading import Counts, read_counts
from evisynth.synthesis.counts_regression_results import CountRegression
from evisynth.synthesis.counts_results import CountFit
from evisynth.synthesis.moderators import ModeratorsGiven
from evisynth.synthesis.options import find_word

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["glmm"]

Floats = NDArray[np.float64]
Measure = Literal["OR", "IRR", "PLO", "IRLN"]

MEASURES: tuple[Measure, ...] = ("OR", "IRR", "PLO", "IRLN")
LIKELIHOODS: dict[str, tuple[CountLikelihood, ...]] = {
    "OR": ("UM.FS", "UM.RS", "CM.EL", "CM.AL"),
    "IRR": ("UM.FS", "UM.RS", "CM.EL"),
}
MODEL_SYNONYMS = {
    "fixed": "equal", "common": "equal", "fe": "equal", "ee": "equal", "fixed-effect": "equal",
    "re": "random", "random-effects": "random", "ml": "random",
}  # fmt: skip

POINTS = {"default": 7, "CM.EL": 21}
"""Quadrature points: 7 as in metafor and lme4; metafor integrates the exact conditional model to a
relative tolerance, which 21 points meet."""


# fmt: off
@overload
def glmm(
    data: pd.DataFrame | Mapping[str, Any], measure: str = ..., *, moderators: None = ...,
    likelihood: str = ..., model: str = ..., study: Any = ..., events1: Any = ...,
    nonevents1: Any = ..., n1: Any = ..., time1: Any = ..., events2: Any = ...,
    nonevents2: Any = ..., n2: Any = ..., time2: Any = ..., events: Any = ..., n: Any = ...,
    nonevents: Any = ..., time: Any = ..., subset: Any = ..., ci: str = ...,
    points: int | None = ..., level: float = ..., levels: None = ..., terms: None = ...,
    drop_redundant: bool = ...,
) -> CountFit: ...
@overload
def glmm(
    data: pd.DataFrame | Mapping[str, Any], measure: str = ..., *, moderators: ModeratorsGiven,
    likelihood: str = ..., model: str = ..., study: Any = ..., events1: Any = ...,
    nonevents1: Any = ..., n1: Any = ..., time1: Any = ..., events2: Any = ...,
    nonevents2: Any = ..., n2: Any = ..., time2: Any = ..., events: Any = ..., n: Any = ...,
    nonevents: Any = ..., time: Any = ..., subset: Any = ..., ci: str = ...,
    points: int | None = ..., level: float = ...,
    levels: Mapping[str, Sequence[object]] | None = ..., terms: Sequence[str] | None = ...,
    drop_redundant: bool = ...,
) -> CountRegression: ...
# fmt: on
def glmm(
    data: pd.DataFrame | Mapping[str, Any],
    measure: str = "OR",
    *,
    moderators: ModeratorsGiven | None = None,
    likelihood: str = "",
    model: str = "random",
    study: Any = "study",
    events1: Any = None,
    nonevents1: Any = None,
    n1: Any = None,
    time1: Any = None,
    events2: Any = None,
    nonevents2: Any = None,
    n2: Any = None,
    time2: Any = None,
    events: Any = None,
    n: Any = None,
    nonevents: Any = None,
    time: Any = None,
    subset: Any = None,
    ci: str = "z",
    points: int | None = None,
    level: float = 0.95,
    levels: Mapping[str, Sequence[object]] | None = None,
    terms: Sequence[str] | None = None,
    drop_redundant: bool = False,
) -> CountFit | CountRegression:
    """Pool counts by a generalized linear (mixed) model, by maximum likelihood.

    Parameters
    ----------
    data
        Table of studies; columns are found as `evisynth.effects` finds them (``ai n1i ci n2i``;
        person-time ``x1i t1i x2i t2i``; single groups ``xi ni`` and ``xi ti``).
    measure
        ``"OR"`` (log odds ratio), ``"IRR"`` (log incidence rate ratio), ``"PLO"`` (logit of a
        proportion) or ``"IRLN"`` (log incidence rate).
    moderators
        What the effect depends on: a formula over the columns of the data, or a design matrix with
        a row for each row used, as `meta_regression` takes them. None for a pooled effect.
    likelihood
        For OR and IRR: ``"UM.FS"`` (the default: each study has a parameter of its own),
        ``"UM.RS"`` (study effects are random, independent of the random effects of treatment,
        which are coded 1/2 and -1/2), ``"CM.EL"`` (given each study's number of events; exact) or,
        for OR, ``"CM.AL"`` (binomial approximation for rare events). Left out for PLO and IRLN.
    model
        ``"random"`` or ``"equal"``.
    study, events1, nonevents1, n1, time1, events2, nonevents2, n2, time2, subset
        Columns of two arms by name, and rows to use; see `evisynth.effects`.
    events, n, nonevents, time
        Columns of single groups.
    ci
        ``"z"``, or ``"t"`` with k - 1 degrees of freedom (k - p with p coefficients).
    points
        Quadrature points per random effect: 7 unless given (21 in the exact conditional model); 1
        is Laplace's approximation, which is what the model with random study effects uses unless
        more are asked for.
    level
        Level of the limits.
    levels, terms, drop_redundant
        Of the moderators, as in `meta_regression`.

    Returns
    -------
    CountFit or CountRegression
        The latter with moderators. With the tests ``"LRT"`` and ``"Wald"`` for (residual)
        heterogeneity, which compare the equal-effects model with the saturated one. NaN with a
        ``reason`` where the search fails, e.g. by separation.

    Raises
    ------
    OptionError
        When a word is not known.
    InputError
        When a column is missing or a cell cannot be used.
    DataError
        When moderators depend on each other; the message names them.
    NotEstimableError
        When no study tells anything of the effect, or there are not more studies than
        coefficients.

    Notes
    -----
    Moderators act on the effect (of treatment; on the logit or log rate itself in single groups).
        Studies without events (or without non-events) in both arms tell nothing of an odds ratio or
    rate ratio and are left out with a note. Log-likelihoods are complete, so that the models of the
    same data can be compared where they have the same response (not conditional with
    unconditional ones).

    References
    ----------
    Stijnen et al. 2010, doi:10.1002/sim.4040; Jackson et al. 2018, doi:10.1002/sim.7588; Turner et
    al. 2000; van Houwelingen et al. 1993, doi:10.1002/sim.4780122405.

    Examples
    --------
    >>> table = {
    ...     "study": list("ABCD"),
    ...     "ai": [4, 6, 3, 17],
    ...     "n1i": [123, 306, 231, 1716],
    ...     "ci": [11, 29, 11, 65],
    ...     "n2i": [139, 303, 220, 1665],
    ... }
    >>> fit = glmm(table, "OR", likelihood="CM.EL")
    >>> fit.k, round(fit.estimate, 3), round(fit.tau2, 3)
    (4, -1.408, 0.0)
    >>> by_dose = glmm(table | {"dose": [1, 2, 2, 3]}, "OR", moderators="dose", model="equal")
    >>> by_dose.terms, by_dose.coefficients.round(3)
    (('intercept', 'dose'), array([-1.154, -0.104]))
    """
    what = find_word("measure", measure, MEASURES)
    how = _likelihood(what, likelihood)
    kind = find_word("model", model, ("random", "equal"), MODEL_SYNONYMS)
    test = find_word("ci", ci, ("z", "t"), {"wald": "z", "normal": "z"})
    number = _points(points, how, kind)
    if not (isinstance(level, (int, float)) and 0 < level < 1):
        raise OptionError("level", level, ["a number between 0 and 1, e.g. 0.95"])
    counts = read_counts(
        data,
        what,
        add=0.5,
        to="only0",
        double_zero="drop",
        study=study,
        subset=subset,
        columns={
            "events1": events1, "nonevents1": nonevents1, "n1": n1, "time1": time1,
            "events2": events2, "nonevents2": nonevents2, "n2": n2, "time2": time2,
            "events": events, "n": n, "nonevents": nonevents, "time": time,
        },
    )  # fmt: skip
    here = counts.complete & counts.effects.estimable
    if not here.any():
        raise NotEstimableError(
            f"no study tells anything of the {what}: "
            + "; ".join(dict.fromkeys(word for word in counts.effects.reasons if word))
        )
    if moderators is not None:
        return fit_moderated(
            counts, here, what, how, moderators, random=kind == "random", test=test, points=number,
            level=level, levels=levels, terms=terms, drop_redundant=drop_redundant,
        )  # fmt: skip
    found = _fitted(counts, here, what, how, kind, test, number, level)
    settings = (("measure", what), ("likelihood", likelihood), ("model", model), ("ci", ci),
                ("points", points))  # fmt: skip
    return replace(found, settings=settings)


def _likelihood(measure: Measure, given: str) -> CountLikelihood:
    allowed = LIKELIHOODS.get(measure)
    if allowed is None:
        if given:
            raise OptionError(
                "likelihood", given, [""], hint=f"{measure} has one model; leave it out."
            )
        return ""
    return find_word("likelihood", given or "UM.FS", allowed)


def _points(points: int | None, likelihood: str, model: str) -> int:
    if points is None:
        if likelihood == "UM.RS" and model == "random":
            return 1
        return POINTS.get(likelihood, POINTS["default"])
    if not (isinstance(points, int) and 1 <= points <= 100):
        raise OptionError("points", points, ["a whole number from 1 to 100"])
    return points


def _fitted(
    counts: Counts,
    here: NDArray[np.bool_],
    measure: Measure,
    how: CountLikelihood,
    kind: str,
    test: str,
    points: int,
    level: float,
) -> CountFit:
    cells = tuple(x[here] for x in counts.cells)
    made = counts.effects
    k = int(here.sum())
    random = kind == "random" and k > 1
    found = fit_count_model(
        measure,
        how,
        cells,
        random=random,
        points=points,
        estimates=made.estimates[here],
        variances=made.variances[here],
    )
    chosen = found.fit
    tau2 = float(chosen.scales[-1] ** 2) if random else float("nan")
    good = chosen.converged
    estimate = float(chosen.coefficients[0]) if good else float("nan")
    se = float(np.sqrt(chosen.covariance[0, 0])) if good else float("nan")
    df = float(k - 1) if test == "t" and k > 1 else float("inf")
    half = float(t_quantile(df, level)) * se
    statistic = estimate / se
    tau2 = tau2 if good else float("nan")
    sigma2 = float(chosen.scales[0] ** 2) if how == "UM.RS" and good else float("nan")
    i2, h2 = inconsistency(made.variances[here], tau2)
    words, sentence = model_words(measure, how, kind, test, points, level)
    parameters = len(chosen.coefficients) + len(chosen.scales) + (k if how == "UM.FS" else 0)
    terms = ("intercept",) if len(chosen.coefficients) == 1 else ("effect", "studies' mean")
    deviation = np.sqrt(np.abs(np.diag(chosen.covariance)))
    return CountFit(
        effects=made,
        method="GLMM",
        model="random" if kind == "random" else "equal",
        words=words,
        sentence=sentence,
        k=k,
        estimate=estimate,
        se=se,
        ci_lower=estimate - half,
        ci_upper=estimate + half,
        statistic=statistic,
        df=df,
        p_value=float(two_sided_p(statistic, df)),
        level=level,
        tau2=tau2,
        i2=i2,
        h2=h2,
        tests=heterogeneity_tests(found, k - 1),
        weights=np.where(here, np.nan, 0.0),
        notes=model_notes(counts, here, kind, k, how, points),
        sigma2=sigma2,
        log_likelihood=chosen.log_likelihood if good else float("nan"),
        parameters=parameters,
        terms=terms,
        coefficients=tuple(float(x) for x in chosen.coefficients) if good else (estimate,),
        coefficient_se=tuple(float(x) for x in deviation) if good else (se,),
        covariance=tuple(tuple(float(x) for x in row) for row in chosen.covariance),
        reason="" if good else RUN_AWAY,
    )
