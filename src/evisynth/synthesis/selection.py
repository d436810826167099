"""Selection models: the front door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evisynth.display import format_estimate, format_number, format_p, format_statistic
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
    pool_batch,
    selection_log_likelihood,
    two_sided_p,
)
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SelectionModel", "selection_model"]

Floats = NDArray[np.float64]
ALTERNATIVES: tuple[Alternative, ...] = ("greater", "less", "two.sided")
SYNONYMS = {
    "3psm": "stepfun", "step": "stepfun", "step function": "stepfun", "three-parameter": "stepfun",
    "half-normal": "halfnorm", "negative exponential": "negexp", "truncated": "trunc",
    "negative exponential power": "negexppow", "vevea-hedges": "stepfun",
}  # fmt: skip
WORDS = {
    "stepfun": "step function",
    "beta": "beta",
    "halfnorm": "half-normal",
    "negexp": "negative exponential",
    "logistic": "logistic",
    "power": "power",
    "negexppow": "negative exponential power",
    "trunc": "truncated",
}
SOURCES = {
    "stepfun": "Vevea and Hedges 1995, doi:10.1007/BF02294384",
    "beta": "Citkowicz and Vevea 2017, doi:10.1037/met0000119",
    "negexppow": "Begg and Mazumdar 1994, doi:10.2307/2533446",
    "trunc": "Hedges 1992, doi:10.1214/ss/1177011364",
}
PRESTON = "Preston et al. 2004, doi:10.1111/j.1365-2753.2003.00457.x"
WITH_PRECISION = ("halfnorm", "negexp", "logistic", "power", "negexppow")
PRECISIONS = ("", "se", "variance", "1/n", "1/sqrt(n)")
PRECISION_SYNONYMS = {
    "sei": "se", "vi": "variance", "ninv": "1/n", "sqrtninv": "1/sqrt(n)", "none": "",
}  # fmt: skip
FEW = 4
"""Fewer P values than this in an interval leave its parameter hardly estimable; a note says so."""


@dataclass(frozen=True, slots=True, repr=False)
class SelectionModel(Result):
    """A meta-analysis with a model of how its studies were selected.

    Attributes
    ----------
    fit : PooledFit
        The fit that it started from.
    kind, alternative : str
        Selection function, and which results it favours.
    steps : tuple of float
        Cut points or threshold.
    k : int
        Number of studies.
    estimate, se, ci_lower, ci_upper, p_value : float
        Mean effect in the population before selection (Wald); NaN where not identified.
    tau2, tau2_se : float
        Between-study variance (maximum likelihood); NaN in the equal-effects model.
    delta, delta_se, delta_ci_lower, delta_ci_upper : ndarray, shape (D,)
        Selection parameters; for the step function the likelihood of being seen in each interval
        relative to the first (which is 1 and stands first).
    counts : ndarray, shape (I,)
        Studies by interval of the P values; empty where the function has none.
    lrt, lrt_df, lrt_p : float
        Likelihood ratio test against no selection; NaN where all parameters were given.
    log_likelihood, log_likelihood_without : float
        With and without selection.
    unadjusted : float
        Estimate of the same model without selection (maximum likelihood).
    converged : bool
        Whether the search ended at a maximum.
    reason : str
        Why there is no estimate, or ``""``.
    notes : tuple of str
        What a reader must know.
    """

    fit: PooledFit
    kind: SelectionType
    alternative: Alternative
    steps: tuple[float, ...]
    precision: str
    k: int
    estimate: float
    se: float
    ci_lower: float
    ci_upper: float
    p_value: float
    tau2: float
    tau2_se: float
    delta: Floats
    delta_se: Floats
    delta_ci_lower: Floats
    delta_ci_upper: Floats
    counts: NDArray[np.int64]
    lrt: float
    lrt_df: int
    lrt_p: float
    log_likelihood: float
    log_likelihood_without: float
    unadjusted: float
    converged: bool
    reason: str = ""
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a table of one row."""
        import pandas as pd

        skip = ("fit", "delta", "delta_se", "delta_ci_lower", "delta_ci_upper", "counts", "notes")
        return pd.DataFrame(
            [{f.name: getattr(self, f.name) for f in fields(self) if f.name not in skip}]
        )

    def parameter_frame(self) -> pd.DataFrame:
        """Return the selection parameters, one row each."""
        import pandas as pd

        table = pd.DataFrame(
            {
                "delta": self.delta,
                "se": self.delta_se,
                "ci_lower": self.delta_ci_lower,
                "ci_upper": self.delta_ci_upper,
            }
        )
        if len(self.counts) == len(table):
            low = (0.0, *self.steps[:-1])
            table.insert(0, "p_above", low)
            table.insert(1, "p_up_to", self.steps)
            table.insert(2, "studies", self.counts)
        return table

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        source = SOURCES.get(self.kind, PRESTON)
        model = "random-effects" if self.fit.options.model == "random" else "equal-effects"
        sides = {
            "greater": "one-sided P values, favouring positive estimates",
            "less": "one-sided P values, favouring negative estimates",
            "two.sided": "two-sided P values",
        }[self.alternative]
        cuts = f" with steps at {', '.join(f'{s:g}' for s in self.steps)}" if self.steps else ""
        return (
            f"A {model} selection model with a {WORDS[self.kind]} selection function of {sides}"
            f"{cuts} ({source}) was fitted by maximum likelihood."
        )

    def __repr__(self) -> str:
        head = f"Selection model, {WORDS[self.kind]}"
        if self.reason:
            return f"{head}: {self.reason}"
        shown = self.fit.effects.scale.shown
        numbers = format_estimate(shown(self.estimate), shown(self.ci_lower), shown(self.ci_upper))
        p = format_p(self.p_value, symbol=True)
        lines = [head, f"  {self.fit.effects.scale.label}  {numbers}, {p}"]
        lines.append(f"  without selection  {format_number(shown(self.unadjusted))}")
        if not np.isnan(self.tau2):
            lines.append(f"  tau²  {format_number(self.tau2, 3)}")
        for place, value in enumerate(self.delta):
            low, high = self.delta_ci_lower[place], self.delta_ci_upper[place]
            lines.append(f"  delta {place + 1}  {format_estimate(value, low, high)}")
        if not np.isnan(self.lrt):
            test = format_p(self.lrt_p, symbol=True)
            lines.append(
                f"  test of selection  chi² = {format_statistic(self.lrt)}, df = {self.lrt_df}, "
                f"{test}"
            )
        return "\n".join([*lines, *(f"  Note: {note}" for note in self.notes)])


def selection_model(
    fit: Given,
    kind: str = "stepfun",
    *,
    alternative: str = "greater",
    steps: Sequence[float] | float | None = None,
    precision: str = "",
    delta: Sequence[float | None] | None = None,
) -> SelectionModel:
    """Fit a selection model to the studies of a fit, by maximum likelihood.

    Parameters
    ----------
    fit
        The fit whose studies, model (random or equal) and level are used.
    kind
        ``"stepfun"`` (with one step the three-parameter model), ``"beta"``, ``"halfnorm"``,
        ``"negexp"``, ``"logistic"``, ``"power"``, ``"negexppow"`` or ``"trunc"``.
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

    Notes
    -----
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
    fit = as_fit(fit)
    name = find_word("kind", kind, SELECTION_TYPES, SYNONYMS)
    side = find_word("alternative", alternative, ALTERNATIVES, {"two-sided": "two.sided"})
    by = find_word("precision", precision, PRECISIONS, PRECISION_SYNONYMS)
    if by and name not in WITH_PRECISION:
        raise OptionError("precision", precision, ["left out"], hint=f"{name} has none.")
    cuts = _steps(name, side, steps)
    here = fit.effects.estimable
    y, v = fit.effects.estimates[here] - fit.effects.scale.null, fit.effects.variances[here]
    sign = -1.0 if side == "less" else 1.0
    problem = SelectionProblem(
        estimates=sign * y,
        variances=v,
        design=np.ones((len(y), 1)),
        kind=name,
        two_sided=side == "two.sided",
        steps=cuts,
        precision=_precision(fit, by, v),
        random=fit.options.model == "random" and fit.k > 1,
    )
    fixed = _fixed(problem, delta)
    return _modelled(fit, problem, side, by, fixed, sign)


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


def _precision(fit: PooledFit, by: str, v: Floats) -> Floats:
    """Return the measure of imprecision over its largest value."""
    if not by:
        return np.ones(len(v))
    if by in ("se", "variance"):
        measure = np.sqrt(v) if by == "se" else v
    else:
        n = _sizes(fit)
        if n is None or not np.isfinite(n).all():
            raise OptionError(
                "precision", by, ["se", "variance"],
                hint="The data have no sample sizes: columns n1 and n2, or n.",
            )  # fmt: skip
        measure = 1 / n if by == "1/n" else 1 / np.sqrt(n)
    return np.asarray(measure / measure.max())


def _sizes(fit: PooledFit) -> Floats | None:
    """Return the number of people in each study pooled, or None if the data have none."""
    data, roles = fit.effects.data, fit.effects.columns
    here = fit.effects.estimable
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
    fit: PooledFit,
    problem: SelectionProblem,
    side: Alternative,
    by: str,
    fixed: Floats,
    sign: float,
) -> SelectionModel:
    """Fit, and put the result together."""
    y, v = problem.estimates, problem.variances
    k, nan = len(y), float("nan")
    start = pool_batch(y, v, model="random" if problem.random else "equal", tau2="ML", ci="z")
    tau2 = float(start.tau2[0]) if problem.random else 0.0
    mean = np.array([float(start.estimate[0])])
    without = selection_log_likelihood(problem, mean, float(np.sqrt(tau2)), problem.neutral)
    counts = np.empty(0, dtype=np.int64)
    if problem.kind in ("stepfun", "trunc") or len(problem.steps):
        counts = interval_counts(problem)
    unknown = np.isnan(fixed)
    reason = _not_identified(problem, counts, unknown, k)
    found: SelectionFit | None = None
    if not reason:
        found = fit_selection(problem, mean, float(np.sqrt(tau2)), fixed=fixed)
        if not found.converged:
            reason = (
                "the search for the maximum of the likelihood did not end: the data do not tell "
                "the selection parameters from the effect"
            )
    good = found is not None and not reason
    estimate = sign * float(found.coefficients[0]) if found and good else nan
    se = float(found.coefficient_se[0]) if found and good else nan
    estimate += fit.effects.scale.null
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
    return SelectionModel(
        fit=fit,
        kind=problem.kind,
        alternative=side,
        steps=steps,
        precision=by,
        k=k,
        estimate=estimate,
        se=se,
        ci_lower=estimate - quantile * se,
        ci_upper=estimate + quantile * se,
        p_value=float(two_sided_p((estimate - fit.effects.scale.null) / se, np.inf)),
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
        unadjusted=sign * float(mean[0]) + fit.effects.scale.null,
        converged=bool(good),
        reason=reason,
        notes=_notes(fit, problem, found if good else None, counts, unknown),
    )


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
    fit: PooledFit,
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
