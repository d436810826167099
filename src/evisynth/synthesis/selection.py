"""Selection models: the front door."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evisynth.errors import OptionError
from evisynth.stats import (
    SELECTION_TYPES,
    Alternative,
    SelectionFit,
    SelectionProblem,
    SelectionType,
    chi2_tail,
    fit_selection,
    interval_counts,
    normal_quantile,
    regress_batch,
    selection_log_likelihood,
    two_sided_p,
)
from evisynth.synthesis.formula import Design
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.joint_tests import HeterogeneityTest, joint_wald_test
from evisynth.synthesis.moderators import ModeratorsGiven, read_moderators
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.regression_results import MetaRegression
from evisynth.synthesis.selection_results import NO_MODERATORS, SelectionModel

__all__ = ["selection_model", "selection_problem"]

Floats = NDArray[np.float64]
Fit: TypeAlias = PooledFit | MetaRegression
ALTERNATIVES: tuple[Alternative, ...] = ("greater", "less", "two.sided")
SYNONYMS = {
    "3psm": "stepfun", "step": "stepfun", "step function": "stepfun", "three-parameter": "stepfun",
    "half-normal": "halfnorm", "negative exponential": "negexp", "truncated": "trunc",
    "negative exponential power": "negexppow", "vevea-hedges": "stepfun",
}  # fmt: skip
WITH_PRECISION = ("halfnorm", "negexp", "logistic", "power", "negexppow")
PRECISIONS = ("", "se", "variance", "1/n", "1/sqrt(n)")
PRECISION_SYNONYMS = {
    "sei": "se", "vi": "variance", "ninv": "1/n", "sqrtninv": "1/sqrt(n)", "none": "",
}  # fmt: skip
FEW = 4
"""Fewer P values than this in an interval leave its parameter hardly estimable; a note says so."""


def selection_model(
    fit: Given | MetaRegression,
    kind: str = "stepfun",
    *,
    moderators: ModeratorsGiven | None = None,
    alternative: str = "greater",
    steps: Sequence[float] | float | None = None,
    precision: str = "",
    delta: Sequence[float | None] | None = None,
    levels: Mapping[str, Sequence[object]] | None = None,
    terms: Sequence[str] | None = None,
    drop_redundant: bool = False,
) -> SelectionModel:
    """Fit a selection model to the studies of a fit, by maximum likelihood.

    Parameters
    ----------
    fit
        The fit whose studies, model (random or equal) and level are used; a meta-regression brings
        its moderators.
    kind
        ``"stepfun"`` (with one step the three-parameter model), ``"beta"``, ``"halfnorm"``,
        ``"negexp"``, ``"logistic"``, ``"power"``, ``"negexppow"`` or ``"trunc"``.
    moderators
        What the mean depends on: a formula over the columns of the data, or a design matrix, as
        `meta_regression` takes them.
    alternative
        Which results are the likelier ones to be seen: ``"greater"``, ``"less"`` or
        ``"two.sided"``.
    steps
        For the step function the P values at which it changes (0.025 unless given; 0.05 for
        two-sided P values); for the others but the beta one, a threshold up to which every
        study is seen; for ``"trunc"`` the estimate below which studies are seen less (0).
    precision
        Multiply the parameter by a measure of imprecision over its largest value: ``"se"``,
        ``"variance"``, ``"1/n"``, ``"1/sqrt(n)"`` (half-normal to power functions).
    delta
        Known selection parameters, None where they are to be estimated. For the step function one
        an interval, the first being 1 (Vevea and Woods 2005).

    Returns
    -------
    SelectionModel
        NaN with a ``reason`` where an interval holds no study, so that its parameter is not
        identified, or where the search fails.

    Raises
    ------
    OptionError
        When a word or value is not known.
    DataError
        When moderators depend on each other; the message names them.
    NotEstimableError
        When there are not more studies than coefficients.

    Notes
    -----
    For limits of tau² and of the selection parameters by profile likelihood see `profile_limits`.

    A selection model is an analysis of sensitivity: it rests on its selection function, which the
    data hardly tell from another. With few studies its intervals are wide; give it beside the
    unadjusted estimate, not in place of it.

    References
    ----------
    Vevea and Hedges 1995, doi:10.1007/BF02294384; Vevea and Woods 2005,
    doi:10.1037/1082-989X.10.4.428; Preston et al. 2004, doi:10.1111/j.1365-2753.2003.00457.x;
    Citkowicz and Vevea 2017, doi:10.1037/met0000119; Carter et al. 2019,
    doi:10.1177/2515245919847196.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {"yi": [0.1, 0.5, 0.4, 0.6, 0.3, 0.7], "vi": [0.04, 0.05, 0.03, 0.06, 0.02, 0.1]}
    ... )
    >>> found = selection_model(es.pool(table, model="equal"))
    >>> found.counts, round(found.unadjusted, 3)
    (array([5, 1]), 0.373)
    """
    made: Fit = fit if isinstance(fit, MetaRegression) else as_fit(fit)
    name = find_word("kind", kind, SELECTION_TYPES, SYNONYMS)
    side = find_word("alternative", alternative, ALTERNATIVES, {"two-sided": "two.sided"})
    by = find_word("precision", precision, PRECISIONS, PRECISION_SYNONYMS)
    if by and name not in WITH_PRECISION:
        raise OptionError("precision", precision, ["left out"], hint=f"{name} has none.")
    cuts = _steps(name, side, steps)
    rows, formula, note = made.effects.estimable, "", ""
    design: Design | None = None
    if isinstance(made, MetaRegression):
        if moderators is not None:
            raise OptionError(
                "moderators", moderators, ["left out"], hint="The meta-regression has its own."
            )
        rows, formula, design = made.rows, made.formula, made.design
    elif moderators is not None:
        design, formula, rows, note = read_moderators(
            moderators, made.effects, rows, "selection model", levels=levels, terms=terms,
            drop_redundant=drop_redundant,
        )  # fmt: skip
    problem = selection_problem(made, name, side, cuts, by, rows, design)
    fixed = _fixed(problem, delta)
    found = _modelled(made, problem, side, by, fixed, formula, design, rows)
    return replace(found, notes=(note, *found.notes)) if note else found


def selection_problem(
    fit: Fit,
    kind: SelectionType,
    side: Alternative,
    steps: Floats,
    precision: str,
    rows: NDArray[np.bool_],
    design: Design | None,
) -> SelectionProblem:
    """Return the arrays of a selection model: signed estimates, variances, design of the mean."""
    y, v = fit.effects.estimates[rows] - fit.effects.scale.null, fit.effects.variances[rows]
    return SelectionProblem(
        estimates=(-1.0 if side == "less" else 1.0) * y,
        variances=v,
        design=np.ones((len(y), 1)) if design is None else design.matrix[rows],
        kind=kind,
        two_sided=side == "two.sided",
        steps=steps,
        precision=_precision(fit, precision, rows),
        random=fit.options.model == "random" and len(y) > 1,
    )


def _steps(kind: SelectionType, side: Alternative, steps: Sequence[float] | float | None) -> Floats:
    """Check the cut points and bring them to their form."""
    given = [] if steps is None else [float(s) for s in np.atleast_1d(np.asarray(steps, float))]
    if kind == "trunc":
        if len(given) > 1 or not np.isfinite(given).all():
            raise OptionError("steps", steps, ["one number: the estimate at which it changes"])
        return np.array(given or [0.0])
    if kind == "beta" and given:
        raise OptionError("steps", steps, ["left out"], hint="The beta function has none.")
    if any(not 0 < s <= 1 for s in given):
        raise OptionError("steps", steps, ["P values between 0 and 1, e.g. 0.025"])
    if kind != "stepfun":
        if len(given) > 1:
            raise OptionError("steps", steps, ["one threshold, e.g. 0.025"])
        return np.array([s for s in given if s < 1])
    found = sorted(set(given or [0.05 if side == "two.sided" else 0.025]))
    if found[-1] < 1:
        found.append(1.0)
    if len(found) < 2:
        raise OptionError("steps", steps, ["P values below 1, e.g. 0.025"])
    return np.array(found)


def _precision(fit: Fit, by: str, rows: NDArray[np.bool_]) -> Floats:
    """Return the measure of imprecision over its largest value."""
    v = fit.effects.variances[rows]
    if not by:
        return np.ones(len(v))
    if by in ("se", "variance"):
        measure = np.sqrt(v) if by == "se" else v
    else:
        n = _sizes(fit, rows)
        if n is None or not np.isfinite(n).all():
            raise OptionError(
                "precision", by, ["se", "variance"],
                hint="The data have no sample sizes: columns n1 and n2, or n.",
            )  # fmt: skip
        measure = 1 / n if by == "1/n" else 1 / np.sqrt(n)
    return np.asarray(measure / measure.max())


def _sizes(fit: Fit, here: NDArray[np.bool_]) -> Floats | None:
    """Return the number of people in each study fitted, or None if the data have none."""
    data, roles = fit.effects.data, fit.effects.columns
    for names in (("n1", "n2"), ("n1i", "n2i"), ("n",), ("ni",)):
        columns = [roles.get(name, name) for name in names]
        if all(column in data.columns for column in columns):
            total = data[columns].astype(float).sum(axis=1, skipna=False)
            return np.asarray(total.to_numpy(dtype=np.float64)[here])
    return None


def _fixed(problem: SelectionProblem, delta: Sequence[float | None] | None) -> Floats:
    """Return the known parameters, NaN where they are estimated."""
    number = problem.parameters
    if delta is None:
        return np.full(number, np.nan)
    values = np.array([np.nan if x is None else float(x) for x in delta])
    if problem.kind == "stepfun":
        if len(values) == number + 1:
            if not values[0] == 1:
                raise OptionError(
                    "delta", list(delta), ["1 for the first interval"],
                    hint="The others are relative to it.",
                )  # fmt: skip
            values = values[1:]
        else:
            raise OptionError("delta", list(delta), [f"{number + 1} values, one an interval"])
    elif len(values) != number:
        raise OptionError("delta", list(delta), [f"{number} values"])
    if (values < 0).any() or np.isinf(values).any():
        raise OptionError("delta", list(delta), ["numbers of at least 0, None where not known"])
    return np.asarray(values)


def _modelled(
    fit: Fit,
    problem: SelectionProblem,
    side: Alternative,
    by: str,
    fixed: Floats,
    formula: str,
    design: Design | None,
    rows: NDArray[np.bool_],
) -> SelectionModel:
    """Fit, and put the result together."""
    (k, p), nan = problem.design.shape, float("nan")
    terms = ("intercept",) if design is None else design.terms
    sign, null = (-1.0 if side == "less" else 1.0), _null(fit, problem)
    beta, tau, without = _without(problem)
    counts = np.empty(0, dtype=np.int64)
    if problem.kind in ("stepfun", "trunc") or len(problem.steps):
        counts = interval_counts(problem)
    unknown = np.isnan(fixed)
    reason = _not_identified(problem, counts, unknown, k)
    found: SelectionFit | None = None
    if not reason:
        found = fit_selection(problem, beta, tau, fixed=fixed)
        if not found.converged:
            reason = (
                "the search for the maximum of the likelihood did not end: the data do not tell "
                "the selection parameters from the effect"
            )
    good = found is not None and not reason
    b, se, v = np.full(p, nan), np.full(p, nan), np.full((p, p), nan)
    if found and good:
        b, se, v = sign * found.coefficients, found.coefficient_se, found.covariance
    quantile = normal_quantile(fit.options.level)
    values = found.delta if found and good else np.where(unknown, np.nan, fixed)
    errors = found.delta_se if found and good else np.full(len(fixed), np.nan)
    low, high = np.maximum(values - quantile * errors, 0.0), values + quantile * errors
    if problem.kind == "stepfun":
        values, low, high = (np.concatenate([[x], part]) for x, part in
                             ((1.0, values), (nan, low), (nan, high)))  # fmt: skip
        errors = np.concatenate([[nan], errors])
    lrt, df = nan, int(unknown.sum())
    if found and good and df:
        lrt = max(0.0, 2 * (found.log_likelihood - without))
    steps = () if problem.kind == "beta" else tuple(float(s) for s in problem.steps)
    p_values = np.asarray(two_sided_p(b / se, np.inf))
    adjusted, raw = b + null, sign * beta + null
    one: dict[str, Any] = dict.fromkeys(("estimate", "se", "ci_lower", "ci_upper", "p_value"), nan)
    alone = terms == ("intercept",)
    if alone:
        one = {
            "estimate": float(adjusted[0]),
            "se": float(se[0]),
            "ci_lower": float(adjusted[0] - quantile * se[0]),
            "ci_upper": float(adjusted[0] + quantile * se[0]),
            "p_value": float(p_values[0]),
        }
    return SelectionModel(
        fit=fit,
        kind=problem.kind,
        alternative=side,
        steps=steps,
        precision=by,
        k=k,
        **one,
        tau2=found.tau2 if found and good and problem.random else nan,
        tau2_se=found.tau2_se if found and good and problem.random else nan,
        delta=values,
        delta_se=errors,
        delta_ci_lower=low,
        delta_ci_upper=high,
        counts=counts,
        lrt=lrt,
        lrt_df=df,
        lrt_p=float(chi2_tail(lrt, df)) if df else nan,
        log_likelihood=found.log_likelihood if found and good else nan,
        log_likelihood_without=without,
        unadjusted=float(raw[0]) if alone else nan,
        converged=bool(good),
        reason=reason,
        notes=_notes(fit, problem, found if good else None, counts, unknown),
        formula=formula,
        terms=terms,
        coefficients=adjusted,
        coefficient_se=se,
        coefficient_lower=adjusted - quantile * se,
        coefficient_upper=adjusted + quantile * se,
        coefficient_p=p_values,
        covariance=v,
        unadjusted_coefficients=raw,
        moderators=_omnibus(b, v, terms),
        moderators_lrt=_against_intercept(problem, terms, fixed, found if good else None),
        fixed=fixed,
        rows=rows,
        design=design,
    )


def _null(fit: Fit, problem: SelectionProblem) -> Floats:
    """Return what the coefficients lack since the value of no effect was taken off the estimates.

    Raises
    ------
    OptionError
        If that value is not 0 and the moderators have no intercept to take it.
    """
    null = fit.effects.scale.null
    p = problem.design.shape[1]
    if null == 0:
        return np.zeros(p)
    found = np.linalg.lstsq(problem.design, np.full(len(problem.design), null), rcond=None)[0]
    if np.abs(problem.design @ found - null).max() > 1e-9 * abs(null):
        raise OptionError("moderators", "no intercept", ["moderators with an intercept"],
                          hint=f"The measure has no effect at {null:g}.")  # fmt: skip
    return np.asarray(found)


def _without(problem: SelectionProblem) -> tuple[Floats, float, float]:
    """Return coefficients, tau and log-likelihood of the model without selection."""
    start = regress_batch(
        problem.estimates,
        problem.variances,
        problem.design,
        model="random" if problem.random else "equal",
        tau2="ML",
        ci="z",
    )
    tau = float(np.sqrt(start.tau2[0])) if problem.random else 0.0
    beta = np.asarray(start.coefficients[0], dtype=np.float64)
    return beta, tau, selection_log_likelihood(problem, beta, tau, problem.neutral)


def _omnibus(b: Floats, v: Floats, terms: tuple[str, ...]) -> HeterogeneityTest:
    """Test all coefficients but the intercept."""
    tested = [place for place, term in enumerate(terms) if term != "intercept"]
    if not tested:
        return NO_MODERATORS
    return joint_wald_test(b[tested], v[np.ix_(tested, tested)], math.inf, "moderators")


def _against_intercept(
    problem: SelectionProblem,
    terms: tuple[str, ...],
    fixed: Floats,
    found: SelectionFit | None,
) -> HeterogeneityTest:
    """Compare with the same selection model without moderators by the likelihoods."""
    words, nan, df = "moderators, likelihood ratio", float("nan"), len(terms) - 1
    if df == 0 and terms == ("intercept",):
        return NO_MODERATORS
    reason = ""
    if "intercept" not in terms:
        reason = "a single mean is not among the models without intercept"
    elif found is None:
        reason = "the model has no maximum"
    else:
        alone = replace(problem, design=np.ones((len(problem.estimates), 1)))
        beta, tau, _ = _without(alone)
        smaller = fit_selection(alone, beta, tau, fixed=fixed)
        if smaller.converged:
            value = max(0.0, 2 * (found.log_likelihood - smaller.log_likelihood))
            p = float(chi2_tail(value, df))
            return HeterogeneityTest(value, "chi2", float(df), math.inf, p, words)
        reason = "the model without moderators has no maximum"
    return HeterogeneityTest(nan, "chi2", float(df), nan, nan, words, reason)


def _not_identified(
    problem: SelectionProblem, counts: NDArray[np.int64], unknown: NDArray[np.bool_], k: int
) -> str:
    """Say why the selection parameters cannot be estimated, or ``""``."""
    if not unknown.any():
        return ""
    if k < 3:
        return "a selection model needs at least three studies"
    if problem.kind == "trunc" and (counts == 0).any():
        return "not identified: all studies lie on one side of the threshold"
    if problem.kind == "stepfun":
        ends = np.concatenate([[0.0], problem.steps])
        for place in np.flatnonzero(counts == 0):
            if place == 0 or unknown[place - 1]:
                return (
                    f"not identified: no study has a P value between {ends[place]:g} and "
                    f"{ends[place + 1]:g}; join intervals by other steps, or, where the studies "
                    "favour the other direction, choose alternative='less' ('greater', 'two.sided')"
                )
    elif len(problem.steps) and problem.kind != "trunc" and (counts == 0).any():
        return "not identified: all P values lie on one side of the threshold"
    return ""


def _notes(
    fit: Fit,
    problem: SelectionProblem,
    found: SelectionFit | None,
    counts: NDArray[np.int64],
    unknown: NDArray[np.bool_],
) -> tuple[str, ...]:
    notes = []
    if fit.options.model == "random" and fit.options.tau2 != "ML":
        notes.append(f"Fitted by maximum likelihood; the fit had tau² by {fit.options.tau2}.")
    if unknown.any() and len(counts) and (counts[counts > 0] < FEW).any():
        notes.append(
            f"An interval of P values holds fewer than {FEW} studies: its parameter is hardly "
            "known."
        )
    if found is not None and found.at_edge.any():
        notes.append(
            "A selection parameter stopped at the edge of its range (0 or 100): its standard error "
            "and those of the others are not to be trusted."
        )
    if found is not None and problem.random and found.tau2 == 0:
        notes.append("tau² is 0; its standard error does not exist there.")
    return tuple(notes)
