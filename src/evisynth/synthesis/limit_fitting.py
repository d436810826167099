"""Limit meta-analysis: the front door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.display import (
    format_estimate,
    format_number,
    format_p,
    format_percent,
    format_statistic,
)
from evisynth.errors import NotEstimableError
from evisynth.stats import chi2_tail, limit_lines, normal_quantile, two_sided_p
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["LimitMetaAnalysis", "limit_meta_analysis"]

Adjustment = Literal["beta0", "betalim", "mulim"]
ADJUSTMENTS: tuple[Adjustment, ...] = ("beta0", "betalim", "mulim")
WORDS = {
    "beta0": "expectation at infinite precision (beta0)",
    "betalim": "limit meta-analysis with bias parameter (beta-lim)",
    "mulim": "limit meta-analysis without bias parameter (mu-lim)",
}
FEW = 10


@dataclass(frozen=True, slots=True, repr=False)
class LimitMetaAnalysis(Result):
    """A limit meta-analysis; effects on the pooled scale.

    Attributes
    ----------
    fit : PooledFit
        The fit that it started from, with its tau².
    adjustment : {"beta0", "betalim", "mulim"}
        Which adjusted estimate `estimate` is.
    estimate, se, ci_lower, ci_upper, statistic, p_value : float
        Adjusted pooled effect with Wald limits.
    alpha, beta : float
        Bias (intercept) and slope of the generalized radial plot.
    beta0, beta_lim, mu_lim : float
        The three adjusted estimates.
    beta0_model_se : float
        Standard error of beta0 in its own regression (see the notes of `limit_meta_analysis`).
    labels : tuple of str
    limits : ndarray, shape (k,)
        Limit (shrunken) estimates of the studies.
    q, q_df, q_p : float
        Cochran's Q.
    q_small, q_small_p : float
        What of it a line on the standard error takes up: small-study effects, 1 degree of freedom.
    q_residual, q_residual_df, q_residual_p : float
        The rest.
    g2 : float
        Share of the variation of the limit estimates' radial plot left by its line, in percent.
    h2 : float
        Residual Q over its degrees of freedom.
    """

    fit: PooledFit
    adjustment: Adjustment
    estimate: float
    se: float
    ci_lower: float
    ci_upper: float
    statistic: float
    p_value: float
    alpha: float
    beta: float
    beta0: float
    beta_lim: float
    mu_lim: float
    beta0_model_se: float
    labels: tuple[str, ...]
    limits: NDArray[np.float64]
    q: float
    q_df: int
    q_p: float
    q_small: float
    q_small_p: float
    q_residual: float
    q_residual_df: int
    q_residual_p: float
    g2: float
    h2: float
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a table of one row."""
        import pandas as pd

        names = (
            "adjustment", "estimate", "se", "ci_lower", "ci_upper", "statistic", "p_value", "alpha",
            "beta", "beta0", "beta_lim", "mu_lim", "beta0_model_se", "q", "q_df", "q_p", "q_small",
            "q_small_p", "q_residual", "q_residual_df", "q_residual_p", "g2", "h2",
        )  # fmt: skip
        return pd.DataFrame([{name: getattr(self, name) for name in names}])

    def study_frame(self) -> pd.DataFrame:
        """Return the studies with their limit estimates."""
        import pandas as pd

        rows = self.fit.effects.estimable
        return pd.DataFrame(
            {
                "label": list(self.labels),
                "estimate": self.fit.effects.estimates[rows],
                "se": self.fit.effects.standard_errors[rows],
                "limit_estimate": self.limits,
            }
        )

    def curve(self, se: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the expected effect of studies of given standard errors, shape as given."""
        tau2 = 0.0 if np.isnan(self.fit.tau2) else self.fit.tau2
        return np.asarray(self.beta + self.alpha * np.sqrt(np.square(se) + tau2))

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "The pooled effect was adjusted for small-study effects by a limit meta-analysis "
            f"(Rücker et al. 2011, doi:10.1093/biostatistics/kxq046): {WORDS[self.adjustment]}."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Limit meta-analysis, {WORDS[self.adjustment]}"

    def summary_rows(self) -> list[list[str]]:
        """Return the adjusted and the unadjusted effect, shown scale."""
        scale = self.fit.effects.scale
        rows = [["", scale.label, "P"]]
        for words, one in (("Adjusted", self), ("Unadjusted", self.fit)):
            low, high = scale.shown_limits(one.ci_lower, one.ci_upper)
            shown = format_estimate(scale.shown(one.estimate), low, high)
            rows.append([words, shown, format_p(one.p_value)])
        return rows

    def summary_facts(self) -> tuple[str, ...]:
        """Return the tests of heterogeneity."""
        return (
            f"Small-study effects: Q = {format_statistic(self.q_small)}, df = 1, "
            f"{format_p(self.q_small_p, symbol=True)}.",
            f"Residual heterogeneity: Q = {format_statistic(self.q_residual)}, df = "
            f"{self.q_residual_df}, {format_p(self.q_residual_p, symbol=True)}; H² "
            f"{format_number(self.h2)}, G² {format_percent(self.g2, 1)}.",
        )


def limit_meta_analysis(fit: Given, adjustment: str = "beta0") -> LimitMetaAnalysis:
    """Adjust the pooled effect for small-study effects by letting precision grow without limit.

    Parameters
    ----------
    fit
        A pooled effect, or what it can be made of; its tau² is used.
    adjustment
        ``"beta0"``: the effect expected of a study of infinite precision; ``"betalim"`` and
        ``"mulim"``: the limit estimates pooled with and without a bias parameter.

    Returns
    -------
    LimitMetaAnalysis

    Raises
    ------
    NotEstimableError
        If there are fewer than three studies, or all standard errors are equal.
    OptionError
        If the word is not known.

    Notes
    -----
    The standard error of beta0 and of beta-lim is that of the slope of the radial plot of the limit
    estimates, which the R package metasens reports too (it reproduces its published intervals); it
    leaves the uncertainty of tau and of the bias out. ``beta0_model_se`` is the standard error of
    beta + tau alpha in its own regression, which is larger.

    References
    ----------
    Rücker et al. 2011, doi:10.1093/biostatistics/kxq046; Schwarzer et al. 2015,
    doi:10.1007/978-3-319-21416-0.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.1, 0.3, 0.8, 0.5], "vi": [0.01, 0.03, 0.09, 0.04]})
    >>> found = es.limit_meta_analysis(es.pool(table))
    >>> round(found.beta0, 3), round(found.q_small_p, 3)
    (-0.011, 0.008)
    """
    which = find_word(
        "adjustment", adjustment, ADJUSTMENTS, {"beta-lim": "betalim", "mu-lim": "mulim"}
    )
    fit = as_fit(fit)
    rows = np.flatnonzero(fit.effects.estimable)
    y, v = fit.effects.estimates[rows], fit.effects.variances[rows]
    k = len(rows)
    if k < 3:
        raise NotEstimableError(
            f"a limit meta-analysis needs at least three studies; there are {k}"
        )
    if np.ptp(v) <= 1e-12 * v.max():
        raise NotEstimableError(
            "limit meta-analysis: all standard errors are equal, so that small-study effects "
            "cannot be told"
        )
    tau2 = 0.0 if fit.options.model == "equal" or np.isnan(fit.tau2) else fit.tau2
    found = limit_lines(y, v, tau2)
    estimate, se = {
        "beta0": (found.beta0, found.beta_lim_se),
        "betalim": (found.beta_lim, found.beta_lim_se),
        "mulim": (found.mu_lim, found.mu_lim_se),
    }[which]
    half = normal_quantile(fit.options.level) * se
    statistic = (estimate - fit.effects.scale.null) / se
    small = max(0.0, found.q - found.q_residual)
    notes = []
    if k < FEW:
        notes.append(f"With {k} studies small-study effects are hardly told from chance.")
    if tau2 == 0:
        notes.append("tau² is 0: every study's limit is the adjusted effect itself.")
    return LimitMetaAnalysis(
        fit=fit,
        adjustment=which,
        estimate=estimate,
        se=se,
        ci_lower=estimate - half,
        ci_upper=estimate + half,
        statistic=statistic,
        p_value=float(two_sided_p(statistic, np.inf)),
        alpha=found.alpha,
        beta=found.beta,
        beta0=found.beta0,
        beta_lim=found.beta_lim,
        mu_lim=found.mu_lim,
        beta0_model_se=found.beta0_se,
        labels=tuple(fit.effects.labels[row] for row in rows),
        limits=found.limits,
        q=found.q,
        q_df=k - 1,
        q_p=float(chi2_tail(found.q, k - 1)),
        q_small=small,
        q_small_p=float(chi2_tail(small, 1)),
        q_residual=found.q_residual,
        q_residual_df=k - 2,
        q_residual_p=float(chi2_tail(found.q_residual, k - 2)),
        g2=found.g2,
        h2=found.q_residual / (k - 2),
        notes=tuple(notes),
    )
