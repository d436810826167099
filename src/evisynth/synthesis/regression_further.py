"""What a single meta-regression can be asked for beyond the options that every analysis shares.

Weights of one's own, estimators of tau² with weights, a given tau², other intervals of tau², and
Kenward and Roger's tests. `evisynth.synthesis.regression` comes here only for one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from evisynth.errors import OptionError
from evisynth.stats import (
    KenwardRogerCovariance,
    RegressionBatch,
    check_flag,
    coefficient_form,
    estimate_tau2,
    estimate_tau2_weighted,
    fit_weighted,
    kenward_roger_regression,
    q_profile,
    regress_batch,
    t_quantile,
    tau2_interval,
    two_sided_p,
)
from evisynth.synthesis.further import (
    GENQ_NEEDS_WEIGHTS,
    WEIGHT_WORDS,
    OwnWeights,
    known_tau2,
    read_weights,
)
from evisynth.synthesis.joint_tests import HeterogeneityTest
from evisynth.synthesis.options import FitOptions, FurtherOptions, fit_options
from evisynth.synthesis.pooled import PooledFit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from evisynth.effects import EffectEstimates

    Floats = NDArray[np.float64]

__all__ = [
    "RegressionParts",
    "kenward_roger_test",
    "regression_options",
    "regression_parts",
    "total_tau2",
]


@dataclass(frozen=True, slots=True)
class RegressionParts:
    """One meta-regression as arrays.

    Attributes
    ----------
    fit : RegressionBatch
        A batch of one; with Kenward-Roger its ``df`` is NaN, each coefficient having its own.
    lower, upper, reason : float, float, str
        Limits of tau², and why there are none, or ``""``.
    inference : KenwardRogerCovariance or None
        What Kenward and Roger's tests need.
    """

    fit: RegressionBatch
    lower: float
    upper: float
    reason: str
    inference: KenwardRogerCovariance | None = None


def regression_options(
    source: object,
    effects: EffectEstimates,
    asked: Mapping[str, Any],
    *,
    weights: ArrayLike | str | None,
    weighted: bool,
    tau2_weights: ArrayLike | str | None,
) -> tuple[FitOptions, OwnWeights]:
    """Return checked options and weights of one's own over the estimable rows.

    What was not asked for (None) is taken from the fit, where ``source`` is one.

    Raises
    ------
    OptionError
        If a word is not known or options do not go together.
    """
    check_flag("weighted", weighted)
    if not weighted and weights is not None:
        raise OptionError(
            "weighted", weighted, [True], hint="Weights are given; leave one of both out."
        )
    base = source.options if isinstance(source, PooledFit) else FitOptions()
    given = {name: value for name, value in asked.items() if value is not None}
    chosen: ArrayLike | str | None = weights if weighted else "equal"
    known = None
    if "tau2" in given and not isinstance(given["tau2"], str):
        known, given["tau2"] = known_tau2(given["tau2"]), "given"
    if isinstance(source, PooledFit) and isinstance(base, FurtherOptions):
        if chosen is None and base.weighting != "inverse variance":
            chosen = source.weights  # in percent; only their ratios matter
        if base.tau2 == "given" and "tau2" not in given:
            raise OptionError(
                "tau2",
                None,
                ["the name of an estimator", "a number of at least 0"],
                hint="The tau² given to the fit is that without moderators; say which residual "
                "tau² is meant.",
            )
        if "tau2" not in given:
            given.setdefault("tau2_ci", base.tau2_ci)
    weighting = "inverse variance" if chosen is None else "given"
    if isinstance(chosen, str) and chosen == "equal":
        weighting = "equal"
    words = {
        name: given.get(name, getattr(base, name))
        for name in ("model", "tau2", "ci", "safeguard", "level")
    }
    options = fit_options(
        **words, prediction="none", tau2_ci=given.get("tau2_ci", "QP"), weighting=weighting
    )
    if isinstance(options, FurtherOptions) and options.tau2 in ("GENQ", "GENQM"):
        options = replace(options, tau2_ci=options.tau2_ci if "tau2_ci" in given else "GENQ")
    pooled = read_weights(chosen, effects, "weights")
    for_tau2 = read_weights(tau2_weights, effects, "tau2_weights")
    return options, OwnWeights(pooled, pooled if for_tau2 is None else for_tau2, known)


def regression_parts(
    y: Floats, v: Floats, x: Floats, options: FitOptions, own: OwnWeights
) -> RegressionParts:
    """Fit a meta-regression to arrays, shapes (K,), (K,) and (K, P)."""
    fit = regress_batch(
        y,
        v,
        x,
        model=options.model,
        tau2=_tau2(y, v, x, options, own),
        ci=cast(Any, "z" if str(options.ci) == "KR" else options.ci),
        safeguard=options.safeguard,
        level=options.level,
    )
    inference = None
    if isinstance(options, FurtherOptions):
        if own.pooled is not None:
            fit = _with_weights(fit, y, v, x, own.pooled, options)
        if options.ci == "KR" and options.model == "random":
            inference = kenward_roger_regression(v, x, float(fit.tau2[0]))
            fit = _with_tests(fit, fit.coefficients[0], inference.covariance, inference.df, options)
            fit = replace(fit, df=np.array([np.nan]))
    if options.model == "equal":
        return RegressionParts(fit, float("nan"), float("nan"), "")
    if isinstance(options, FurtherOptions):
        lower, upper, reason = _limits(y, v, x, options, own)
        return RegressionParts(fit, lower, upper, reason, inference)
    limits = q_profile(y, v, level=options.level, design=x)
    return RegressionParts(
        fit, float(limits.lower[0]), float(limits.upper[0]), limits.reasons[0], inference
    )


def _tau2(y: Floats, v: Floats, x: Floats, options: FitOptions, own: OwnWeights) -> Any:
    """Return the word of an estimator, or tau² as an array."""
    if options.model == "equal" or not isinstance(options, FurtherOptions):
        return "REML" if options.model == "equal" else options.tau2
    if options.tau2 == "given":
        return np.array([own.value])
    if options.tau2 in ("GENQ", "GENQM"):
        if own.tau2 is None:
            raise OptionError(
                "tau2_weights",
                None,
                [*WEIGHT_WORDS, "a column's name", "numbers"],
                hint=GENQ_NEEDS_WEIGHTS.format(options.tau2),
            )
        return estimate_tau2_weighted(y, v, own.tau2, method=cast(Any, options.tau2), design=x).tau2
    return options.tau2


def _with_weights(
    fit: RegressionBatch,
    y: Floats,
    v: Floats,
    x: Floats,
    weights: Floats,
    options: FurtherOptions,
) -> RegressionBatch:
    """Replace coefficients and tests by those with weights of one's own.

    The test of residual heterogeneity, I² and H² keep the inverse-variance weights.
    """
    if options.ci == "KR":
        raise OptionError(
            "ci", "KR", ["HKSJ", "t", "z"], hint="Kenward-Roger is for inverse-variance weights."
        )
    tau2 = float(fit.tau2[0])
    made = fit_weighted(
        y,
        v,
        weights,
        0.0 if np.isnan(tau2) else tau2,
        design=x,
        ci=cast(Any, options.ci),
        safeguard=options.safeguard,
        level=options.level,
    )
    df = np.full(x.shape[1], made.df)
    changed = _with_tests(fit, made.coefficients, made.covariance, df, options)
    form = coefficient_form(x, weights)
    return replace(
        changed,
        df=np.array([made.df]),
        hats=np.einsum("kp,pk->k", x, form)[None, :],
        safeguard_applied=np.array([made.safeguard_applied]),
    )


def _with_tests(
    fit: RegressionBatch, coefficients: Floats, covariance: Floats, df: Floats, options: FitOptions
) -> RegressionBatch:
    """Replace coefficients, covariance, tests and limits; ``df`` has shape (P,)."""
    se = np.sqrt(np.diag(covariance))
    half = t_quantile(df, options.level) * se
    statistics = coefficients / se
    return replace(
        fit,
        coefficients=coefficients[None, :],
        covariance=covariance[None, :, :],
        se=se[None, :],
        ci_lower=(coefficients - half)[None, :],
        ci_upper=(coefficients + half)[None, :],
        statistics=statistics[None, :],
        p_values=two_sided_p(statistics, df)[None, :],
    )


def _limits(
    y: Floats, v: Floats, x: Floats, options: FurtherOptions, own: OwnWeights
) -> tuple[float, float, str]:
    """Return the limits of tau² that were asked for, and why there are none."""
    if options.tau2 == "given":
        return float("nan"), float("nan"), "tau² was given, not estimated"
    if options.tau2_ci == "bootstrap nonparametric":
        raise OptionError(
            "tau2_ci",
            options.tau2_ci,
            ["QP", "J", "BJ", "GENQ", "BT", "PL", "Wald", "SJ", "bootstrap"],
            hint="The nonparametric bootstrap is for models without moderators.",
        )
    if options.tau2_ci == "GENQ" and own.tau2 is None:
        raise OptionError(
            "tau2_weights",
            None,
            [*WEIGHT_WORDS, "a column's name", "numbers"],
            hint=GENQ_NEEDS_WEIGHTS.format("GENQ"),
        )
    found = tau2_interval(
        y,
        v,
        options.tau2_ci,
        level=options.level,
        method=options.tau2,
        design=x,
        weights=own.tau2,
    )
    return found.lower, found.upper, found.reason


def total_tau2(y: Floats, v: Floats, options: FitOptions, own: OwnWeights) -> float:
    """Return tau² without moderators by the estimator of the fit; NaN where it was given."""
    method = str(options.tau2)
    if method == "given":
        return float("nan")
    if method in ("GENQ", "GENQM") and own.tau2 is not None:
        found = estimate_tau2_weighted(y, v, own.tau2, method=cast(Any, method))
        return float(found.tau2[0])
    return float(estimate_tau2(y, v, method=options.tau2, standard_error=False).tau2[0])


def kenward_roger_test(
    inference: KenwardRogerCovariance, values: Floats, rows: Floats | Sequence[int], model: str
) -> HeterogeneityTest:
    """Test combinations of coefficients, or some coefficients by their places, together."""
    p = len(inference.df)
    matrix = np.asarray(rows)
    if matrix.ndim == 1:
        matrix = np.eye(p)[matrix.astype(np.int64)]
    found = inference.joint_test(values, matrix)
    reason = (
        "no F distribution has the moments that Kenward and Roger's test needs"
        if np.isnan(found.statistic)
        else ""
    )
    return HeterogeneityTest(
        found.statistic, "F", float(found.df1), found.df2, found.p_value, model, reason
    )
