"""Signs of missing evidence: trim and fill, tests for funnel plot asymmetry."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from evisynth.display import plural
from evisynth.effects import EffectEstimates
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    RegressionBatch,
    egger_line,
    pool_batch,
    rank_correlation,
    regress_batch,
    trim_and_fill_rank,
)
from evisynth.synthesis.fitting import fit_effects
from evisynth.synthesis.further import needs_common_options
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.results import AsymmetryTest, TrimAndFill

__all__ = ["asymmetry_test", "trim_and_fill"]

Floats = NDArray[np.float64]
Estimator = Literal["L0", "R0", "Q0"]
Side = Literal["auto", "left", "right"]
TestName = Literal["egger", "egger-mixed", "begg"]
Predictor = Literal["se", "variance", "n", "1/n", "sqrt(n)", "1/sqrt(n)"]

TEST_SYNONYMS = {
    "egger-lm": "egger", "lm": "egger", "classic": "egger", "egger-classic": "egger",
    "egger-rma": "egger-mixed", "rma": "egger-mixed", "mixed": "egger-mixed",
    "egger-random": "egger-mixed", "rank": "begg", "kendall": "begg", "begg-mazumdar": "begg",
}  # fmt: skip
PREDICTOR_SYNONYMS = {
    "sei": "se", "standard error": "se", "vi": "variance", "ni": "n", "sample size": "n",
    "ninv": "1/n", "sqrtni": "sqrt(n)", "sqrtninv": "1/sqrt(n)",
}  # fmt: skip
PREDICTOR_WORDS = {
    "se": "standard error",
    "variance": "sampling variance",
    "n": "sample size",
    "1/n": "inverse sample size",
    "sqrt(n)": "square root of the sample size",
    "1/sqrt(n)": "inverse square root of the sample size",
}

FEW = 10
"""Below so many studies the Cochrane Handbook (13.3.5.4) advises against tests for asymmetry."""


def _rows(fit: PooledFit) -> tuple[Floats, Floats]:
    here = fit.effects.estimable
    return fit.effects.estimates[here], fit.effects.variances[here]


def trim_and_fill(fit: Given, estimator: str = "L0", side: str = "auto") -> TrimAndFill:
    """Add the studies that seem to be missing on one side of the funnel, and pool again.

    Parameters
    ----------
    fit
        The fit before; its model and options are used throughout.
    estimator
        ``"L0"``, ``"R0"`` or ``"Q0"``; Duval and Tweedie advise against the last.
    side
        Where studies are missing: ``"left"``, ``"right"``, or ``"auto"``: right if the slope of
        the meta-regression on the standard error (same tau² estimator, same model) is negative,
        else left, as metafor chooses.

    Returns
    -------
    TrimAndFill
        With `filled`, the fit after; it is not a better estimate, but shows how much the pooled
        effect depends on one way of being incomplete.

    Raises
    ------
    NotEstimableError
        If there are fewer than three studies, all standard errors are equal and the side is to be
        chosen, or the number of missing studies does not settle.
    OptionError
        If a word is not known.

    References
    ----------
    Duval and Tweedie 2000, doi:10.1111/j.0006-341X.2000.00455.x.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {"yi": [0.0, 0.1, 0.2, 0.5, 0.9, 1.2], "vi": [0.01, 0.01, 0.02, 0.1, 0.2, 0.3]}
    ... )
    >>> result = es.trim_and_fill(es.pool(table, model="equal"))
    >>> result.side, result.k0
    ('left', 3)
    """
    fit = as_fit(fit)
    which = find_word("estimator", estimator, get_args(Estimator))
    asked = find_word("side", side, get_args(Side))
    needs_common_options(fit.options, "trim and fill")
    if fit.k < 3:
        raise NotEstimableError(f"trim and fill needs at least three studies; there are {fit.k}")
    y, v = _rows(fit)
    options = fit.options
    chosen: Literal["left", "right"] = _side(fit, y, v) if asked == "auto" else asked

    def centre(estimates: Floats, variances: Floats) -> float:
        return float(
            pool_batch(
                estimates,
                variances,
                model=options.model,
                tau2=options.tau2,
                ci="z",
            ).estimate[0]
        )

    missing = trim_and_fill_rank(y, v, centre, estimator=which, side=chosen)
    filled = fit_effects(_with_rows(fit.effects, missing.estimates, missing.variances), options)
    return TrimAndFill(
        fit=fit,
        filled=filled,
        estimator=which,
        side=chosen,
        k0=missing.k0,
        k0_se=missing.k0_se,
        p_value=missing.p_value,
        filled_estimates=missing.estimates,
        filled_variances=missing.variances,
        rounds=missing.rounds,
        notes=_trim_notes(fit, missing.k0_se),
    )


def _trim_notes(fit: PooledFit, k0_se: float) -> tuple[str, ...]:
    notes = []
    if fit.k < FEW:
        studies = plural(fit.k, "study", "studies")
        notes.append(f"With {studies} the number of missing ones is uncertain.")
    if np.isnan(k0_se):
        notes.append("The approximate variance of the number of missing studies is negative.")
    return tuple(notes)


def _side(fit: PooledFit, y: Floats, v: Floats) -> Literal["left", "right"]:
    """Return the side that the slope on the standard error points to."""
    se = np.sqrt(v)
    if _constant(se):
        raise NotEstimableError(
            "trim and fill: all standard errors are equal, so the side cannot be chosen from them; "
            "give side='left' or side='right'"
        )
    slope = _mixed(fit, y, v, se).coefficients[0, 1]
    return "right" if slope < 0 else "left"


def _constant(x: Floats) -> bool:
    return bool(np.ptp(x) <= 1e-12 * np.abs(x).max())


def _mixed(fit: PooledFit, y: Floats, v: Floats, x: Floats) -> RegressionBatch:
    """Regress on one predictor, given in units of its largest value for the rounding's sake."""
    options = fit.options
    return regress_batch(
        y,
        v,
        np.column_stack([np.ones(len(x)), x]),
        model=options.model,
        tau2=options.tau2,
        ci=options.ci,
        safeguard="truncate" if options.safeguard == "truncate" else "none",
        level=options.level,
    )


def _with_rows(effects: EffectEstimates, estimates: Floats, variances: Floats) -> EffectEstimates:
    """Return the effect estimates with the filled rows at the end; their data cells are empty."""
    added = len(estimates)
    if added == 0:
        return effects
    names: list[str] = []
    number = 0
    while len(names) < added:
        number += 1
        if f"Filled {number}" not in effects.labels:
            names.append(f"Filled {number}")
    return EffectEstimates(
        measure=effects.measure,
        scale=effects.scale,
        labels=(*effects.labels, *names),
        estimates=np.concatenate([effects.estimates, estimates]),
        variances=np.concatenate([effects.variances, variances]),
        reasons=(*effects.reasons, *("" for _ in names)),
        method=effects.method,
        data=effects.data.reindex(range(len(effects) + added)),
        columns=effects.columns,
        notes=(*effects.notes, f"{plural(added, 'row')} were added by trim and fill."),
    )


def asymmetry_test(fit: Given, test: str = "egger", predictor: str = "se") -> AsymmetryTest:
    """Test for funnel plot asymmetry, a sign of missing evidence among others.

    Parameters
    ----------
    fit
        The fit whose studies are tested.
    test
        ``"egger"``: weighted regression with multiplicative dispersion, t with k - 2 degrees of
        freedom (``regtest(model="lm")`` in metafor). ``"egger-mixed"``: meta-regression with the
        fit's model, tau² estimator and test (``regtest``'s default). ``"begg"``: Kendall's rank
        correlation of standardized estimates with variances, exact where no values tie.
    predictor
        For Egger's: ``"se"``, ``"variance"``, ``"n"``, ``"1/n"``, ``"sqrt(n)"`` or ``"1/sqrt(n)"``;
        the sample size comes from the columns n1 and n2, or a column ``n`` or ``ni``.

    Returns
    -------
    AsymmetryTest
        ``caution`` is set below ten studies; ``reason`` where there is no answer (fewer than three
        studies, a predictor that does not vary). For Egger's forms the intercept is the
        limit of the effect as the predictor goes to 0; Begg's has none.

    Raises
    ------
    OptionError
        If a word is not known, or sample sizes are asked for and there are none.

    Notes
    -----
    The plain Hartung-Knapp test is used in ``"egger-mixed"`` even where the pooled interval has
    the safeguard ``"wider"``; that safeguard is one of the pooled interval.

    References
    ----------
    Egger et al. 1997, doi:10.1136/bmj.315.7109.629; Sterne and Egger 2005,
    doi:10.1002/0470870168.ch6; Begg and Mazumdar 1994, doi:10.2307/2533446.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.1, 0.3, 0.8, 0.5], "vi": [0.02, 0.03, 0.05, 0.01]})
    >>> found = es.asymmetry_test(es.pool(table), "begg")
    >>> round(found.statistic, 3), round(found.p_value, 3)
    (0.333, 0.75)
    """
    fit = as_fit(fit)
    name = find_word("test", test, get_args(TestName), TEST_SYNONYMS)
    by = find_word("predictor", predictor, get_args(Predictor), PREDICTOR_SYNONYMS)
    y, v = _rows(fit)
    if name == "begg":
        return _begg(fit, y, v)
    x = _predictor(fit, by, v)
    reason = ""
    if fit.k < 3:
        reason = "a regression test needs at least three studies"
    elif not np.isfinite(x).all():
        reason = "some studies have no sample size"
    elif _constant(x):
        reason = f"the {PREDICTOR_WORDS[by]} is the same in all studies"
    if name == "egger":
        return _egger(fit, y, v, x, by, reason)
    return _egger_mixed(fit, y, v, x, by, reason)


def _caution(k: int) -> str:
    if k >= FEW:
        return ""
    return (
        f"With {plural(k, 'study', 'studies')} (fewer than {FEW}) the test cannot tell chance "
        "from real asymmetry (Cochrane Handbook 13.3.5.4)."
    )


def _begg(fit: PooledFit, y: Floats, v: Floats) -> AsymmetryTest:
    nan = float("nan")
    tau, p, exact, reason = nan, nan, False, ""
    if fit.k < 3:
        reason = "a rank correlation needs at least three studies"
    else:
        found = rank_correlation(y, v)
        tau, p, exact = found.tau, found.p_value, found.exact
        if np.isnan(tau):
            reason = "the variances, or the standardized estimates, are all the same"
    how = "exact" if exact else "normal approximation, corrected for ties"
    return AsymmetryTest(
        name="begg",
        predictor="sampling variance",
        model=f"rank correlation of standardized estimates and variances ({how})",
        statistic=tau,
        distribution="kendall",
        df=nan,
        p_value=p,
        intercept=nan,
        slope=nan,
        slope_se=nan,
        k=fit.k,
        caution=_caution(fit.k),
        reason=reason,
    )


def _egger(fit: PooledFit, y: Floats, v: Floats, x: Floats, by: str, reason: str) -> AsymmetryTest:
    nan = float("nan")
    line = None if reason else egger_line(y, v, x)
    return AsymmetryTest(
        name="egger",
        predictor=PREDICTOR_WORDS[by],
        model="weighted regression with multiplicative dispersion",
        statistic=line.statistic if line else nan,
        distribution="t",
        df=float(line.df) if line else nan,
        p_value=line.p_value if line else nan,
        intercept=line.intercept if line else nan,
        slope=line.slope if line else nan,
        slope_se=line.slope_se if line else nan,
        k=fit.k,
        caution=_caution(fit.k),
        reason=reason,
    )


def _egger_mixed(
    fit: PooledFit, y: Floats, v: Floats, x: Floats, by: str, reason: str
) -> AsymmetryTest:
    nan = float("nan")
    line = None if reason else _mixed(fit, y, v, x)
    kind = "mixed-effects" if fit.options.model == "random" else "fixed-effects"
    normal = fit.options.ci == "z"
    return AsymmetryTest(
        name="egger-mixed",
        predictor=PREDICTOR_WORDS[by],
        model=f"{kind} meta-regression",
        statistic=float(line.statistics[0, 1]) if line else nan,
        distribution="z" if normal else "t",
        df=float(line.df[0]) if line else nan,
        p_value=float(line.p_values[0, 1]) if line else nan,
        intercept=float(line.coefficients[0, 0]) if line else nan,
        slope=float(line.coefficients[0, 1]) if line else nan,
        slope_se=float(line.se[0, 1]) if line else nan,
        k=fit.k,
        caution=_caution(fit.k),
        reason=reason,
    )


def _predictor(fit: PooledFit, by: str, v: Floats) -> Floats:
    if by == "se":
        return np.sqrt(v)
    if by == "variance":
        return v
    n = _sample_sizes(fit)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"n": n, "1/n": 1 / n, "sqrt(n)": np.sqrt(n), "1/sqrt(n)": 1 / np.sqrt(n)}[by]


def _sample_sizes(fit: PooledFit) -> Floats:
    """Return the number of people in each study pooled, shape (k,)."""
    data, roles = fit.effects.data, fit.effects.columns
    here = fit.effects.estimable
    arms = [roles.get(arm, arm) for arm in ("n1", "n2")]
    if all(column in data.columns for column in arms):
        total = data[arms[0]].astype(float) + data[arms[1]].astype(float)
        return np.asarray(total.to_numpy(dtype=np.float64)[here])
    for column in (roles.get("n", "n"), "n", "ni"):
        if column in data.columns:
            return np.asarray(data[column].astype(float).to_numpy(dtype=np.float64)[here])
    raise OptionError(
        "predictor",
        "n",
        ["se", "variance"],
        hint="The data have no sample sizes: columns n1 and n2, or n.",
    )
