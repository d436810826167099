"""Outlier and influence diagnostics of a meta-regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evisynth.errors import NotEstimableError
from evisynth.stats import regress_batch, regression_influence
from evisynth.synthesis.fitted import as_model
from evisynth.synthesis.further import needs_common_options
from evisynth.synthesis.regression_results import MetaRegression
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["RegressionInfluence", "influence_of_regression"]

OUTLIER_LIMIT = 1.959963984540054
DECIDES = 1 - 1e-9
"""Leverage from which a study alone decides a coefficient."""

NAMES = (
    "rstudent", "dffits", "cooks_distance", "cov_ratio", "tau2_deleted", "q_deleted", "hat",
    "weight",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class RegressionInfluence(Result):
    """Outlier and influence diagnostics of the studies of a meta-regression, shape (k,).

    Attributes
    ----------
    fit : MetaRegression
        The fit, with P coefficients.
    labels : tuple of str
        Studies fitted.
    rstudent, dffits, cooks_distance, cov_ratio : ndarray
        Studentized deleted residual; change of the fitted value in standard errors; change of all
        coefficients; determinant of their covariance without the study over that with it. NaN where
        the model cannot be fitted without the study.
    tau2_deleted, q_deleted : ndarray
        tau² and residual Q without the study.
    hat, weight : ndarray
        Hat value; weight in percent.
    dfbetas : ndarray, shape (k, P)
        Change of each coefficient in standard errors.
    outlier, influential : ndarray of bool
        By the rules.
    rules : tuple of str
        The rules, of Viechtbauer and Cheung 2010 (doi:10.1002/jrsm.11).
    """

    fit: MetaRegression
    labels: tuple[str, ...]
    rstudent: Floats
    dffits: Floats
    cooks_distance: Floats
    cov_ratio: Floats
    tau2_deleted: Floats
    q_deleted: Floats
    hat: Floats
    weight: Floats
    dfbetas: Floats
    outlier: NDArray[np.bool_]
    influential: NDArray[np.bool_]
    rules: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a study; DFBETAS of each coefficient by its name."""
        import pandas as pd

        table = pd.DataFrame(
            {"labels": self.labels} | {name: getattr(self, name) for name in NAMES}
        )
        for place, term in enumerate(self.fit.terms):
            table[f"dfbetas: {term}"] = self.dfbetas[:, place]
        return table.assign(outlier=self.outlier, influential=self.influential)

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            f"{self.fit.method_sentence()} Outliers and influential studies were sought by "
            "studentized deleted residuals, DFFITS, Cook's distances, hat values and DFBETAS "
            "(Viechtbauer and Cheung 2010, doi:10.1002/jrsm.11)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        k = len(self.labels)
        return f"Outliers and influential studies, meta-regression on {self.fit.formula}, k = {k}"

    def summary_facts(self) -> tuple[str, ...]:
        """Return who is flagged."""
        flagged = []
        for words, which in (("Outliers", self.outlier), ("Influential", self.influential)):
            names = [name for name, here in zip(self.labels, which, strict=True) if here]
            if names:
                flagged.append(f"{words}: {', '.join(names)}.")
        return tuple(flagged or ["No outlier and no influential study by these rules."])


def influence_of_regression(fit: MetaRegression) -> RegressionInfluence:
    """Fit the model without each study in turn and compare.

    Raises
    ------
    NotEstimableError
        If there are too few studies to leave one out.
    OptionError
        If the options of the fit do not carry over to other rows.
    """
    needs_common_options(fit.options, "an influence analysis")
    model = as_model(fit)
    k, p = model.x.shape
    if k <= p + 1:
        raise NotEstimableError(
            f"an influence analysis of {p} coefficients needs at least {p + 2} studies; there are "
            f"{k}"
        )
    q, _ = np.linalg.qr(model.x)
    rows = np.flatnonzero((q * q).sum(axis=1) < DECIDES)
    replaced = fit.safeguard_applied and fit.options.safeguard == "wider"
    without = regress_batch(
        np.broadcast_to(model.y, (len(rows), k)),
        np.broadcast_to(model.v, (len(rows), k)),
        model.x,
        np.arange(k) != rows[:, None],
        model=fit.options.model,
        tau2=fit.options.tau2,
        ci="z" if replaced else fit.options.ci,
        safeguard="truncate" if fit.options.safeguard == "truncate" else "none",
    )
    found = regression_influence(
        model.y, model.v, model.x, model.tau2, model.coefficients, model.covariance, rows, without
    )
    notes: tuple[str, ...] = ()
    if len(rows) < k:
        alone = ", ".join(model.labels[row] for row in np.setdiff1d(np.arange(k), rows))
        notes = (f"A coefficient rests on one study alone; no fit without it: {alone}.",)
    with np.errstate(invalid="ignore"):
        outlier = np.abs(found.rstudent) > OUTLIER_LIMIT
    return RegressionInfluence(
        fit=fit,
        labels=model.labels,
        **{name: getattr(found, name) for name in (*NAMES, "dfbetas", "influential")},
        outlier=outlier,
        rules=(
            "outlier: |studentized deleted residual| > 1.96",
            f"influential: |DFFITS| > 3 sqrt(p / (k - p)) = {3 * np.sqrt(p / (k - p)):.3f}, or",
            f"lower tail of chi² ({p} df) at Cook's distance > 0.5, or",
            f"hat value > 3 p / k = {3 * p / k:.3f}, or",
            "|DFBETAS| > 1",
        ),
        notes=notes,
    )
