"""Profile-likelihood limits of the variances and further parameters of a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evisynth.display import format_number, format_percent
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    SelectionFit,
    fit_location_scale,
    scale_limits,
    selection_limits,
)
from evisynth.synthesis.location_scale_results import LocationScale
from evisynth.synthesis.multilevel_results import MultilevelFit
from evisynth.synthesis.result import Result
from evisynth.synthesis.selection import selection_problem
from evisynth.synthesis.selection_results import SelectionModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ProfileLimits", "profile_limits"]

Floats = NDArray[np.float64]
KINDS = (SelectionModel, LocationScale, MultilevelFit)


@dataclass(frozen=True, slots=True, repr=False)
class ProfileLimits(Result):
    """Profile-likelihood limits of the parameters of a fit.

    Attributes
    ----------
    parameters : tuple of str
        Names, shape (Q,).
    estimates, lower, upper : ndarray, shape (Q,)
        On the squared pooled scale (variances), of correlations, selection parameters, or of the
        coefficients of (log) tau²; NaN where there are none, see `reasons`.
    reasons : tuple of str
        Why a limit is NaN, infinite, or only the edge of what is possible; else ``""``.
    level : float
        Level of the limits.
    model : str
        What was fitted.
    """

    parameters: tuple[str, ...]
    estimates: Floats
    lower: Floats
    upper: Floats
    reasons: tuple[str, ...]
    level: float
    model: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row a parameter."""
        import pandas as pd

        return pd.DataFrame(
            {
                "parameter": list(self.parameters),
                "estimate": self.estimates,
                "lower": self.lower,
                "upper": self.upper,
                "reason": list(self.reasons),
            }
        )

    def limits_of(self, parameter: str) -> tuple[float, float]:
        """Return lower and upper limit of a parameter by its name.

        Raises
        ------
        OptionError
            If there is no such parameter.
        """
        if parameter not in self.parameters:
            raise OptionError("parameter", parameter, self.parameters)
        place = self.parameters.index(parameter)
        return float(self.lower[place]), float(self.upper[place])

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            f"{self._level} limits of the parameters of the {self.model} are profile-likelihood "
            "limits (Venzon and Moolgavkar 1988, doi:10.2307/2347496)."
        )

    @property
    def _level(self) -> str:
        percent = 100 * self.level
        return format_percent(percent, 0 if abs(percent - round(percent)) < 1e-9 else 1)

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Profile-likelihood limits, {self.model}"

    def summary_rows(self) -> list[list[str]]:
        """Return one row a parameter."""
        rows = [["Parameter", "Estimate", f"{self._level} CI", "Remark"]]
        for place, name in enumerate(self.parameters):
            low, high = (format_number(x[place], 3) for x in (self.lower, self.upper))
            rows.append(
                [
                    name,
                    format_number(self.estimates[place], 3),
                    f"{low} to {high}",
                    self.reasons[place],
                ]
            )
        return rows


def profile_limits(
    fit: SelectionModel | LocationScale | MultilevelFit, *, level: float | None = None
) -> ProfileLimits:
    """Compute profile-likelihood limits (metafor's ``confint`` of such a fit).

    Parameters
    ----------
    fit
        What `selection_model` returned (limits of tau² and of the selection parameters),
        `location_scale` (of the coefficients of tau²) or `multilevel` (of variances and
        correlations; the fit has them too unless ``limits=False``).
    level
        Level of the limits; by default that of the fit.

    Returns
    -------
    ProfileLimits
        The limits are where the log-likelihood (restricted where the fit is), maximized over all
        other parameters, has fallen by half the quantile of chi² with 1 degree of freedom.

    Raises
    ------
    OptionError
        If it is another fit (`es.pool` has ``tau2_ci="PL"``), or the level is none.
    NotEstimableError
        If the fit has no maximum.

    References
    ----------
    Venzon and Moolgavkar 1988, doi:10.2307/2347496.

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
    >>> found = es.profile_limits(es.location_scale(table, scale="setting"))
    >>> found.parameters, found.lower.round(3)
    (('intercept', 'setting[b]'), array([ -inf, 0.354]))
    """
    if not isinstance(fit, KINDS):
        raise OptionError(
            "fit", type(fit).__name__, [kind.__name__ for kind in KINDS],
            hint="For a pooled effect: es.heterogeneity(fit, ['PL']).",
        )  # fmt: skip
    at = fit.fit.options.level if isinstance(fit, SelectionModel) else fit.options.level
    at = at if level is None else level
    if not (isinstance(at, (int, float)) and 0 < at < 1):
        raise OptionError("level", level, ["a number between 0 and 1, e.g. 0.95"])
    if isinstance(fit, SelectionModel):
        return _of_selection(fit, at)
    if isinstance(fit, LocationScale):
        return _of_scale(fit, at)
    return _of_multilevel(fit, at)


def _of_selection(fit: SelectionModel, level: float) -> ProfileLimits:
    if fit.reason:
        raise NotEstimableError(f"the selection model has no maximum: {fit.reason}")
    steps = np.array(fit.steps)
    problem = selection_problem(
        fit.fit, fit.kind, fit.alternative, steps, fit.precision, fit.rows, fit.design
    )
    sign = -1.0 if fit.alternative == "less" else 1.0
    null = fit.fit.effects.scale.null
    b = fit.coefficients
    if null != 0:
        b = b - np.linalg.lstsq(problem.design, np.full(fit.k, null), rcond=None)[0]
    first = 1 if fit.kind == "stepfun" else 0
    delta, delta_se = fit.delta[first:], fit.delta_se[first:]
    best = SelectionFit(
        coefficients=sign * b,
        coefficient_se=fit.coefficient_se,
        tau2=fit.tau2 if problem.random else 0.0,
        tau2_se=fit.tau2_se,
        delta=delta,
        delta_se=delta_se,
        covariance=fit.covariance,
        log_likelihood=fit.log_likelihood,
        converged=True,
        at_edge=np.zeros(len(delta), dtype=np.bool_),
    )
    found = selection_limits(problem, best, fixed=fit.fixed, level=level)
    names = tuple(f"delta {place + 1 + first}" for place in range(len(delta)))
    return ProfileLimits(
        parameters=("tau²", *names),
        estimates=np.append(fit.tau2, delta),
        lower=np.append(found.tau2_lower, found.delta_lower),
        upper=np.append(found.tau2_upper, found.delta_upper),
        reasons=found.reasons,
        level=level,
        model="selection model",
    )


def _of_scale(fit: LocationScale, level: float) -> ProfileLimits:
    if not fit.converged:
        raise NotEstimableError("the location-scale model has no maximum")
    rows, restricted = fit.rows, fit.options.method == "REML"
    y, v = fit.effects.estimates[rows], fit.effects.variances[rows]
    x, z = fit.design.matrix[rows], fit.scale_design.matrix[rows]
    model = fit_location_scale(y, v, x, z, link=fit.options.link, restricted=restricted)
    found = scale_limits(
        y, v, x, z, model, link=fit.options.link, restricted=restricted, level=level
    )
    return ProfileLimits(
        parameters=fit.scale_terms,
        estimates=fit.scale_coefficients,
        lower=found.lower,
        upper=found.upper,
        reasons=found.reasons,
        level=level,
        model="location-scale model",
    )


def _of_multilevel(fit: MultilevelFit, level: float) -> ProfileLimits:
    lower, upper, reasons = [], [], []
    for part, parameter in zip(fit.components, fit.model.named_parameters(), strict=True):
        nan = float("nan")
        if np.isnan(part.estimate) or parameter.component in fit.model.fixed:
            lower.append(nan)
            upper.append(nan)
            reasons.append(part.reason)
            continue
        found = fit.model.limits(parameter, level)
        lower.append(found.lower)
        upper.append(found.upper)
        variance = parameter.kind == "variance"
        met = found.reached[1] if variance else all(found.reached)
        reasons.append("" if met else "the likelihood does not fall enough for both limits")
    return ProfileLimits(
        parameters=tuple(part.name for part in fit.components),
        estimates=np.array([part.estimate for part in fit.components]),
        lower=np.array(lower),
        upper=np.array(upper),
        reasons=tuple(reasons),
        level=level,
        model="multilevel model",
    )
