"""Meta-regression: from effect estimates and a formula to coefficients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evisynth.display import plural
from evisynth.effects import EffectEstimates
from evisynth.errors import DataError, NotEstimableError
from evisynth.stats import check_flag, check_rank, wald_test
from evisynth.synthesis.formula import Design, build_design, drop_redundant_columns
from evisynth.synthesis.further import OwnWeights
from evisynth.synthesis.inputs import as_effects
from evisynth.synthesis.options import FitOptions
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.regression_further import (
    RegressionParts,
    kenward_roger_test,
    regression_options,
    regression_parts,
    total_tau2,
)
from evisynth.synthesis.results import HeterogeneityTest, MetaRegression

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["fit_regression", "given_design", "meta_regression"]

NO_TEST = "the model has an intercept only"


def meta_regression(
    effects: EffectEstimates | PooledFit | pd.DataFrame,
    formula: str | pd.DataFrame | NDArray[np.float64],
    *,
    model: str | None = None,
    tau2: str | float | None = None,
    ci: str | None = None,
    safeguard: str | None = None,
    level: float | None = None,
    tau2_ci: str | None = None,
    weights: ArrayLike | str | None = None,
    weighted: bool = True,
    tau2_weights: ArrayLike | str | None = None,
    levels: Mapping[str, Sequence[object]] | None = None,
    terms: Sequence[str] | None = None,
    drop_redundant: bool = False,
) -> MetaRegression:
    """Regress effect estimates on characteristics of the studies.

    Parameters
    ----------
    effects
        Effect estimates, a table (columns recognized as in `pool`), or a fit, whose options are
        then taken where they are not given here.
    formula
        Moderators as text, e.g. ``"duration_weeks + involvement"``: columns joined by ``+``,
        interactions ``a:b`` and ``a*b`` of any order, nesting ``a/b``, ``(a + b)^2``; ``C(x)`` for
        numbers as categories, ``C(x, reference="b")``; curves ``ns(x, 3)`` (natural cubic spline),
        ``rcs(x, 4)`` (restricted cubic spline), ``bs(x, 4, degree=3)`` (B-spline), ``poly(x, 2)``
        (orthogonal; ``raw=True`` for powers), ``I(x^2)``; ``log(x)``, ``sqrt(x)``, ``scale(x)``,
        ``center(x)``; ``- 1`` or ``0 +`` for no intercept, back-ticks around unusual names. Or a
        design matrix, shape (K, P), as an array or data frame; it is taken as it stands, so give it
        a column of ones.
    model, tau2, ci, safeguard, level, tau2_ci
        As in `pool`: also a number as the known residual tau², GENQ and GENQM with
        ``tau2_weights``, and ``ci="KR"`` (Kenward-Roger, with REML): covariance and degrees of
        freedom of each coefficient, and a scaled F test of all. The safeguard ``"wider"`` gives
        normal tests and limits without the Hartung-Knapp factor where t times the factor falls
        below the normal quantile (the factor is common to all coefficients); for metafor's plain
        ``test="knha"`` use ``"none"``.
    weights, weighted, tau2_weights
        As in `pool`: weights of one's own for the coefficients, one a row, the name of a column,
        ``"1/v"``, ``"1/se"`` or ``"equal"``; their covariance is that of a linear form in the
        estimates with the residual tau². The test of residual heterogeneity, I² and the
        Hartung-Knapp factor keep the inverse-variance weights, as in metafor.
    levels
        Order of the levels by column; the first is the reference level.
    terms
        Names of the columns of an array.
    drop_redundant
        Leave columns out that depend on those before them, with a note that names them, instead of
        refusing the model.

    Returns
    -------
    MetaRegression
        Coefficients on the pooled scale, per unit of the moderator or against the reference level.

    Raises
    ------
    OptionError
        If a word or column is not known, or options do not go together; the message says which
        do (Kenward-Roger goes with REML and inverse-variance weights).
    DataError
        If columns depend on each other; the message names them.
    NotEstimableError
        If there are not more studies than coefficients.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {
    ...         "yi": [0.1, 0.3, 0.8, 0.5, 0.9],
    ...         "vi": [0.02, 0.03, 0.05, 0.01, 0.04],
    ...         "dose": [0, 1, 2, 3, 4],
    ...     }
    ... )
    >>> fit = es.meta_regression(table, "dose")
    >>> fit.terms, fit.coefficients.round(4)
    (('intercept', 'dose'), array([0.1349, 0.1651]))
    """
    drop_redundant = check_flag("drop_redundant", drop_redundant)
    made = effects.effects if isinstance(effects, PooledFit) else as_effects(effects)
    options, own = regression_options(
        effects,
        made,
        {
            "model": model, "tau2": tau2, "ci": ci, "safeguard": safeguard, "level": level,
            "tau2_ci": tau2_ci,
        },
        weights=weights,
        weighted=weighted,
        tau2_weights=tau2_weights,
    )  # fmt: skip
    if isinstance(formula, str):
        design = build_design(made.data, formula, made.estimable, levels)
        words = formula
    else:
        design = given_design(formula, made, terms)
        words = "a given design matrix"
    note = ""
    if not isinstance(formula, str) and not _spans_constant(design, made.estimable):
        no_intercept = (
            "The design matrix has no constant column: the model has no intercept (a formula, or a"
            " column of ones, gives one)."
        )
    else:
        no_intercept = ""
    if drop_redundant:
        design, note = drop_redundant_columns(design, made.estimable & design.complete)
    fit = fit_regression(made, design, options, words, own)
    said = tuple(each for each in (no_intercept, note) if each)
    return replace(fit, notes=(*said, *fit.notes)) if said else fit


def _spans_constant(design: Design, estimable: NDArray[np.bool_]) -> bool:
    """Tell whether some combination of the columns is 1 in every row that is fitted."""
    x = design.matrix[estimable & design.complete]
    if not len(x):
        return True
    fitted = x @ np.linalg.lstsq(x, np.ones(len(x)), rcond=None)[0]
    return bool(np.allclose(fitted, 1, atol=1e-8))


def given_design(
    matrix: ArrayLike | pd.DataFrame, effects: EffectEstimates, terms: Sequence[str] | None
) -> Design:
    """Take a design matrix as it stands."""
    names = terms
    if hasattr(matrix, "columns"):
        names = [str(column) for column in matrix.columns] if terms is None else terms
    x = np.asarray(matrix, dtype=np.float64)
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or len(x) != len(effects):
        raise DataError(
            f"the design matrix has shape {x.shape}; it needs a row for each of the "
            f"{len(effects)} rows of the effect estimates"
        )
    if names is None:
        names = [f"x{column + 1}" for column in range(x.shape[1])]
    if len(names) != x.shape[1]:
        raise DataError(f"{len(names)} terms are named for {x.shape[1]} columns")
    constant = (x == 1).all(axis=0)
    labels = tuple(
        "intercept" if one and "intercept" not in names else str(name)
        for one, name in zip(constant, names, strict=True)
    )
    complete = np.asarray(np.isfinite(x).all(axis=1), dtype=np.bool_)
    return Design(x, labels, complete, {})


def fit_regression(
    effects: EffectEstimates,
    design: Design,
    options: FitOptions,
    formula: str,
    own: OwnWeights | None = None,
) -> MetaRegression:
    """Fit a design to the rows that have an estimate and every moderator."""
    here = effects.estimable & design.complete
    k, p = int(here.sum()), len(design.terms)
    left_out = tuple(effects.labels[row] for row in np.flatnonzero(~here))
    if k <= p:
        raise NotEstimableError(
            f"meta-regression on {formula}: {plural(p, 'coefficient')} need at least {p + 1} "
            f"studies with all moderators, there {'is' if k == 1 else 'are'} {k}"
            + (f" (left out: {', '.join(left_out)})" if left_out else "")
        )
    x, y, v = design.matrix[here], effects.estimates[here], effects.variances[here]
    check_rank(x, design.terms)
    used = _of_rows(own or OwnWeights(), design.complete[effects.estimable])
    parts = regression_parts(y, v, x, options, used)
    fit, random = parts.fit, options.model == "random"
    tested = [place for place, term in enumerate(design.terms) if term != "intercept"]
    r2, no_share = float("nan"), ""
    if random and "intercept" in design.terms:
        total = total_tau2(y, v, options, used)
        if total > 0:
            r2 = max(0.0, 100 * (total - float(fit.tau2[0])) / total)
        elif str(options.tau2) == "given":
            no_share = "R² is not defined: the residual tau² was given."
        else:
            no_share = "R² is not defined: without moderators tau² is 0."
    return MetaRegression(
        effects=effects,
        options=options,
        formula=formula,
        k=k,
        terms=design.terms,
        coefficients=fit.coefficients[0],
        se=fit.se[0],
        ci_lower=fit.ci_lower[0],
        ci_upper=fit.ci_upper[0],
        statistics=fit.statistics[0],
        p_values=fit.p_values[0],
        covariance=fit.covariance[0],
        df=float(fit.df[0]),
        qe=float(fit.qe[0]),
        qe_df=int(fit.qe_df[0]),
        qe_p=float(fit.qe_p[0]),
        moderators=_omnibus(parts, tested, options),
        tau2=float(fit.tau2[0]),
        tau2_lower=parts.lower,
        tau2_upper=parts.upper,
        i2=float(fit.i2[0]),
        h2=float(fit.h2[0]),
        r2=r2,
        left_out=left_out,
        notes=(*_notes(parts, options), *([no_share] if no_share else [])),
        reference_levels=dict(design.reference_levels),
        safeguard_applied=bool(fit.safeguard_applied[0]),
        tau2_reason=parts.reason
        if random
        else "the equal-effects model has no between-study variance",
        design=design,
        own_weights=used.pooled,
        inference=parts.inference,
    )


def _of_rows(own: OwnWeights, rows: NDArray[np.bool_]) -> OwnWeights:
    """Return weights of the rows that are fitted, of those of all estimable rows."""
    return replace(
        own,
        pooled=None if own.pooled is None else own.pooled[rows],
        tau2=None if own.tau2 is None else own.tau2[rows],
    )


def _notes(parts: RegressionParts, options: FitOptions) -> tuple[str, ...]:
    """Return what a reader of the fit must know."""
    fit, notes = parts.fit, []
    if fit.safeguard_applied[0]:
        notes.append(
            "Hartung-Knapp limits would have been narrower than normal ones; the latter are given."
            if options.safeguard == "wider"
            else "The Hartung-Knapp factor was below 1 and was set to 1."
        )
    if not fit.converged[0]:
        notes.append("The search for the residual tau² did not converge; do not use this fit.")
    if options.model == "random" and parts.reason:
        notes.append(f"No interval of the residual tau²: {parts.reason}.")
    return tuple(notes)


def _omnibus(parts: RegressionParts, tested: list[int], options: FitOptions) -> HeterogeneityTest:
    """Test all coefficients but the intercept."""
    kind = "mixed-effects" if options.model == "random" else "fixed-effects"
    words = f"{kind} meta-regression"
    nan = float("nan")
    if not tested:
        return HeterogeneityTest(nan, "chi2", nan, nan, nan, words, NO_TEST)
    if parts.inference is not None:
        values = parts.fit.coefficients[0][tested]
        return kenward_roger_test(parts.inference, values, tested, words)
    test = wald_test(parts.fit, tested)
    df2 = float(test.df2[0])
    return HeterogeneityTest(
        statistic=float(test.statistic[0]),
        distribution="chi2" if np.isinf(df2) else "F",
        df1=float(test.df1),
        df2=df2,
        p_value=float(test.p_value[0]),
        model=words,
    )
