"""Location-scale models: the front door."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from evisynth.display import plural
from evisynth.effects import EffectEstimates
from evisynth.errors import NotEstimableError
from evisynth.stats import (
    LocationScaleModel,
    check_rank,
    chi2_tail,
    fit_location_scale,
    regress_batch,
    t_quantile,
    two_sided_p,
)
from evisynth.synthesis.formula import Design, build_design, drop_redundant_columns
from evisynth.synthesis.inputs import as_effects
from evisynth.synthesis.joint_tests import HeterogeneityTest, joint_wald_test
from evisynth.synthesis.location_scale_results import LocationScale, LocationScaleOptions
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["location_scale"]

METHODS = {"restricted maximum likelihood": "REML", "maximum likelihood": "ML"}
CI = {"normal": "z", "wald": "z", "knha": "HKSJ", "hk": "HKSJ", "hartung-knapp": "HKSJ"}
NO_TEST = "the model has an intercept only"
AT_BORDER = (
    "no standard error of {0}: tau² is 0 for some studies, so the coefficient has no finite "
    "maximum and its number is where the search stopped"
)
AT_EDGE = (
    "no standard error of {0}: the maximum lies where tau² is 0 for some studies, at the edge of "
    "what is possible"
)
FLAT = "no standard error of {0}: the likelihood is flat, the data do not tell coefficients apart"


def location_scale(
    effects: EffectEstimates | PooledFit | pd.DataFrame,
    formula: str = "1",
    *,
    scale: str = "1",
    link: str = "log",
    method: str = "REML",
    ci: str = "t",
    level: float = 0.95,
    levels: Mapping[str, Sequence[object]] | None = None,
    drop_redundant: bool = False,
) -> LocationScale:
    """Let both the mean effect and the between-study variance depend on moderators.

    Parameters
    ----------
    effects
        Effect estimates, a table (columns recognized as in `pool`), or a fit.
    formula
        Moderators of the mean effect, as in `meta_regression`.
    scale
        Moderators of the between-study variance, in the same language.
    link
        ``"log"``: log tau² is linear in them; ``"identity"``: tau² is, and never below 0.
    method
        ``"REML"`` or ``"ML"``.
    ci
        ``"t"`` (k less the number of coefficients as degrees of freedom), ``"z"``, or ``"HKSJ"``
        (the Hartung-Knapp factor for the mean, without a safeguard; metafor's ``"knha"``).
    level
        Level of all intervals.
    levels
        Order of the levels by column, as in `meta_regression`.
    drop_redundant
        Leave columns out that depend on those before them, with a note.

    Returns
    -------
    LocationScale
        Prints as a summary; coefficients of the mean are on the pooled scale.

    Raises
    ------
    OptionError
        If a word or column is not known.
    DataError
        If columns depend on each other; the message names them.
    NotEstimableError
        If there are not more studies than coefficients.

    References
    ----------
    Viechtbauer and López-López 2022, doi:10.1002/jrsm.1562.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {
    ...         "yi": [0.1, 0.5, 0.2, 0.4, 0.9, -0.4, 1.2, -0.1],
    ...         "vi": [0.01] * 8,
    ...         "setting": list("aaaabbbb"),
    ...     }
    ... )
    >>> fit = es.location_scale(table, scale="setting")
    >>> fit.tau2[[0, 7]].round(3)
    array([0.023, 0.451])
    """
    options = LocationScaleOptions(
        method=cast(Any, find_word("method", method, ("REML", "ML"), METHODS)),
        link=cast(Any, find_word("link", link, ("log", "identity"))),
        ci=cast(Any, find_word("ci", ci, ("t", "z", "HKSJ"), CI)),
        level=float(level),
    )
    made = effects.effects if isinstance(effects, PooledFit) else as_effects(effects)
    designs = [build_design(made.data, text, made.estimable, levels) for text in (formula, scale)]
    here = made.estimable & designs[0].complete & designs[1].complete
    # levels, knots and means are those of the rows that are fitted
    designs = [build_design(made.data, text, here, levels) for text in (formula, scale)]
    notes: tuple[str, ...] = ()
    if drop_redundant:
        dropped = [drop_redundant_columns(design, here) for design in designs]
        designs = [design for design, _ in dropped]
        notes = tuple(note for _, note in dropped if note)
    k, size = int(here.sum()), sum(len(design.terms) for design in designs)
    left_out = tuple(made.labels[row] for row in np.flatnonzero(~here))
    if k <= size:
        raise NotEstimableError(
            f"location-scale model: {plural(size, 'coefficient')} need at least {size + 1} studies "
            f"with all moderators, there {'is' if k == 1 else 'are'} {k}"
            + (f" (left out: {', '.join(left_out)})" if left_out else "")
        )
    return _fitted(made, options, formula, scale, designs, here, left_out, notes)


def _fitted(
    effects: EffectEstimates,
    options: LocationScaleOptions,
    formula: str,
    scale: str,
    designs: list[Design],
    here: NDArray[np.bool_],
    left_out: tuple[str, ...],
    notes: tuple[str, ...],
) -> LocationScale:
    location, variance = designs
    y, v = effects.estimates[here], effects.variances[here]
    x, z = location.matrix[here], variance.matrix[here]
    check_rank(x, location.terms)
    check_rank(z, variance.terms)
    restricted = options.method == "REML"
    found = fit_location_scale(y, v, x, z, link=options.link, restricted=restricted)
    k, p, q = len(y), x.shape[1], z.shape[1]
    normal = options.ci == "z"
    df, scale_df = (math.inf, math.inf) if normal else (float(k - p), float(k - q))
    covariance = found.covariance * (found.q / (k - p) if options.ci == "HKSJ" else 1.0)
    b, a = found.coefficients, found.scale_coefficients
    se, scale_se = np.sqrt(np.diag(covariance)), np.sqrt(np.diag(found.scale_covariance))
    half = float(t_quantile(df, options.level)) * se
    scale_half = float(t_quantile(scale_df, options.level)) * scale_se
    null = effects.scale.null if location.terms == ("intercept",) else 0.0
    statistics, scale_statistics = (b - null) / se, a / scale_se
    fixed = regress_batch(y, v, x, model="equal", ci="z")
    tau2 = np.full(len(effects), np.nan)
    tau2[here] = found.tau2
    count, n = p + q, k - p if restricted else k
    deviance, least = -2 * found.log_likelihood, max(n, p + q + 2)
    reason = ""
    if np.isnan(scale_se).any():
        lost = ", ".join(
            term for term, value in zip(variance.terms, scale_se, strict=True) if np.isnan(value)
        )
        words = AT_EDGE if options.link == "identity" else AT_BORDER
        reason = (words if found.border.any() else FLAT).format(lost)
    return LocationScale(
        effects=effects,
        options=options,
        formula=formula,
        scale_formula=scale,
        k=k,
        terms=location.terms,
        coefficients=b,
        se=se,
        ci_lower=b - half,
        ci_upper=b + half,
        statistics=statistics,
        p_values=two_sided_p(statistics, df),
        covariance=covariance,
        df=df,
        scale_terms=variance.terms,
        scale_coefficients=a,
        scale_se=scale_se,
        scale_ci_lower=a - scale_half,
        scale_ci_upper=a + scale_half,
        scale_statistics=scale_statistics,
        scale_p_values=two_sided_p(scale_statistics, scale_df),
        scale_covariance=found.scale_covariance,
        scale_df=scale_df,
        moderators=_omnibus(b, covariance, location, df, "moderators of the mean"),
        scale_moderators=_omnibus(a, found.scale_covariance, variance, scale_df,
                                  "moderators of tau²"),
        scale_lrt=_against_constant(y, v, x, variance, options, found),
        tau2=tau2,
        qe=float(fixed.qe[0]),
        qe_df=int(fixed.qe_df[0]),
        qe_p=float(fixed.qe_p[0]),
        log_likelihood=found.log_likelihood,
        aic=deviance + 2 * count,
        bic=deviance + count * math.log(n),
        aicc=deviance + 2 * count * least / (least - count - 1),
        parameters=count,
        left_out=left_out,
        rows=here,
        design=location,
        scale_design=variance,
        converged=found.converged,
        scale_reason=reason,
        notes=(*notes, *_notes(effects, here, found)),
    )  # fmt: skip


def _omnibus(
    b: NDArray[np.float64], v: NDArray[np.float64], design: Design, df: float, words: str
) -> HeterogeneityTest:
    """Test all coefficients but the intercept."""
    tested = [place for place, term in enumerate(design.terms) if term != "intercept"]
    nan = float("nan")
    if not tested:
        return HeterogeneityTest(nan, "chi2", nan, nan, nan, words, NO_TEST)
    part = v[np.ix_(tested, tested)]
    if not np.isfinite(part).all():
        reason = "the coefficients have no standard errors"
        return HeterogeneityTest(nan, "chi2", float(len(tested)), nan, nan, words, reason)
    return joint_wald_test(b[tested], part, df, words)


def _against_constant(
    y: NDArray[np.float64],
    v: NDArray[np.float64],
    x: NDArray[np.float64],
    design: Design,
    options: LocationScaleOptions,
    found: LocationScaleModel,
) -> HeterogeneityTest:
    """Compare with the model of one tau² by the likelihoods."""
    words, nan = "likelihood ratio against a constant tau²", float("nan")
    df = len(design.terms) - 1
    if df == 0 or "intercept" not in design.terms:
        reason = NO_TEST if df == 0 else "a constant tau² is not among the models without intercept"
        return HeterogeneityTest(nan, "chi2", nan, nan, nan, words, reason)
    restricted = options.method == "REML"
    constant = fit_location_scale(
        y, v, x, np.ones((len(y), 1)), link=options.link, restricted=restricted
    )
    statistic = max(0.0, 2 * (found.log_likelihood - constant.log_likelihood))
    return HeterogeneityTest(
        statistic, "chi2", float(df), math.inf, float(chi2_tail(statistic, df)), words
    )


def _notes(
    effects: EffectEstimates, here: NDArray[np.bool_], found: LocationScaleModel
) -> tuple[str, ...]:
    notes = []
    out = np.flatnonzero(~here)
    if out.size:
        names = "; ".join(
            f"{effects.labels[row]} ({effects.reasons[row] or 'a moderator is missing'})"
            for row in out[:10]
        )
        more = f"; and {out.size - 10} more" if out.size > 10 else ""
        notes.append(f"{plural(int(out.size), 'row')} left out: {names}{more}.")
    if not found.converged:
        notes.append("The search for the maximum did not converge; do not use this fit.")
    if found.border.any():
        notes.append(
            f"tau² is practically 0 for {plural(int(found.border.sum()), 'study', 'studies')}."
        )
    return tuple(notes)
