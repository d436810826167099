"""Cluster-robust inference for any fit, and meta-regression with robust variance estimation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from evisynth.display import format_number, plural
from evisynth.effects import EffectEstimates
from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.stats import (
    ROBUST_KINDS,
    Marginal,
    RobustKind,
    check_level,
    check_name,
    check_number,
    check_rank,
    fit_correlated,
    fit_hierarchical,
    independent_blocks,
    robust_covariance,
    t_quantile,
    two_sided_p,
)
from evisynth.synthesis.formula import build_design
from evisynth.synthesis.further import needs_inverse_variance
from evisynth.synthesis.inputs import as_effects
from evisynth.synthesis.multilevel_random import code_groups
from evisynth.synthesis.multilevel_results import MultilevelFit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.results import HeterogeneityTest, MetaRegression
from evisynth.synthesis.robust_results import RobustFit, WorkingModel, _joint

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["robust", "robust_regression"]

DFMethod = Literal["Satterthwaite", "m - p", "m - 1", "z"]
DF_METHODS: tuple[DFMethod, ...] = ("Satterthwaite", "m - p", "m - 1", "z")

FEW_DF = 4.0
"""Satterthwaite degrees of freedom below which P values are not to be trusted (Tipton 2015)."""


def robust(
    fit: PooledFit | MetaRegression | MultilevelFit,
    cluster: str,
    *,
    kind: str = "CR2",
    df: str | None = None,
    level: float | None = None,
    design: ArrayLike | None = None,
) -> RobustFit:
    """Replace the standard errors, tests and limits of a fit by cluster-robust ones.

    Parameters
    ----------
    fit
        What `pool`, `meta_regression` or `multilevel` returned. The coefficients stay as they are;
        the model of the fit is the working model.
    cluster
        Column whose values tell independent estimates apart (usually the study). The random effects
        of a multilevel fit must lie within these clusters.
    kind
        ``"CR2"`` (default), ``"CR0"``, ``"CR1"``, ``"CR1p"``, ``"CR1S"`` or ``"CR3"``, named as in
        clubSandwich; metafor's ``robust(adjust=TRUE)`` is CR1p.
    df
        ``"Satterthwaite"`` (default for CR2 and CR3), ``"m - p"`` (default for the others),
        ``"m - 1"`` or ``"z"``.
    level
        Confidence level; by default that of the fit.
    design
        Design matrix (K, P) of a `meta_regression` that was given one.

    Returns
    -------
    RobustFit
        Prints as a summary.

    Raises
    ------
    OptionError
        If a word or column is not known.
    DataError
        If a row has no cluster, or random effects cross the clusters.
    NotEstimableError
        If there are not more clusters than coefficients.

    Notes
    -----
    The Hartung-Knapp factor of a fit is not used: the sandwich takes its place.

    References
    ----------
    Hedges, Tipton and Johnson 2010 (doi:10.1002/jrsm.5), Pustejovsky and Tipton 2018
    (doi:10.1080/07350015.2016.1247004).

    Examples
    --------
    >>> import pandas as pd
    >>> from evisynth.synthesis.multilevel_fitting import multilevel
    >>> table = pd.DataFrame(
    ...     {
    ...         "study": list("AABBCCD"),
    ...         "yi": [0.1, 0.3, 0.8, 0.5, 0.9, 1.0, 0.2],
    ...         "vi": [0.02, 0.03, 0.05, 0.01, 0.04, 0.02, 0.03],
    ...     }
    ... )
    >>> made = robust(multilevel(table, "study"), "study")
    >>> made.se.round(4), made.df.round(2)
    (array([0.1841]), array([2.99]))
    """
    level = None if level is None else check_level(level)
    cluster = check_name("cluster", cluster)
    df = None if df is None else check_name("df", df)
    name = cast(RobustKind, find_word("kind", kind, cast(tuple[str, ...], ROBUST_KINDS)))
    rows, x, b, working, source, own_level = _taken_apart(fit, design)
    codes = _clusters(fit.effects, cluster, rows)
    if isinstance(fit, MultilevelFit):
        _check_within(fit, codes, cluster)
    inference = robust_covariance(x, fit.effects.estimates[rows] - x @ b, codes, working, kind=name)
    terms = ("intercept",) if isinstance(fit, PooledFit) else fit.terms
    result = _result(
        fit.effects, source, "fit", cluster, terms, b, inference, df,
        own_level if level is None else float(level), int(rows.sum()),
        float("nan"), float("nan"), float("nan"),
    )  # fmt: skip
    return result if isinstance(fit, PooledFit) else replace(result, design=fit.design)


def _taken_apart(
    fit: PooledFit | MetaRegression | MultilevelFit, design: ArrayLike | None
) -> tuple[
    NDArray[np.bool_],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64] | Callable[[NDArray[np.int64]], NDArray[np.float64]],
    str,
    float,
]:
    """Return rows, design, coefficients, working covariance, words and level of a fit."""
    if not isinstance(fit, (PooledFit, MetaRegression, MultilevelFit)):
        raise OptionError(
            "fit", type(fit).__name__, ["what pool, meta_regression or multilevel return"]
        )
    effects = fit.effects
    if isinstance(fit, MultilevelFit):
        model = fit.model
        marginal = Marginal(model.components, model.errors)

        def covariances(rows: NDArray[np.int64]) -> NDArray[np.float64]:
            return marginal.fill(marginal.part(rows), model.values)

        return (
            fit.rows, model.design, fit.coefficients, covariances, fit.method_sentence(),
            fit.options.level,
        )  # fmt: skip
    added = 0.0 if np.isnan(fit.tau2) else fit.tau2
    needs_inverse_variance(fit.options, "cluster-robust inference")
    if isinstance(fit, PooledFit):
        rows = effects.estimable
        x = np.ones((int(rows.sum()), 1))
        b = np.array([fit.estimate])
    else:
        x_all, rows = _design_again(fit, design)
        x, b = x_all[rows], fit.coefficients
    return rows, x, b, effects.variances[rows] + added, fit.method_sentence(), fit.options.level


def _design_again(
    fit: MetaRegression, design: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the design of a meta-regression and its rows."""
    effects = fit.effects
    if design is not None:
        x = np.array(design, dtype=np.float64, ndmin=2)
        if x.shape != (len(effects), len(fit.terms)):
            raise DataError(
                f"design: shape {x.shape}; ({len(effects)}, {len(fit.terms)}) is needed"
            )
        rows = effects.estimable & np.isfinite(x).all(axis=1)
        return x, np.asarray(rows, dtype=np.bool_)
    if fit.design is None:
        raise OptionError("design", None, ["the design matrix"], hint="The fit has none.")
    rows = effects.estimable & fit.design.complete
    return fit.design.matrix, np.asarray(rows, dtype=np.bool_)


def _clusters(effects: EffectEstimates, cluster: str, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the cluster of each row that was fitted."""
    names, complete = code_groups(effects.data, [cluster], "cluster")
    lacking = np.flatnonzero(rows & ~complete)
    if lacking.size:
        raise DataError(
            f"{effects.labels[lacking[0]]}: no value in the column {cluster!r}"
            + (f", nor in {plural(int(lacking.size) - 1, 'other row')}" if lacking.size > 1 else "")
            + "; every estimate needs a cluster"
        )
    chosen = np.array([name for name, here in zip(names, rows, strict=True) if here])
    return np.unique(chosen, return_inverse=True)[1].astype(np.int64)


def _check_within(fit: MultilevelFit, codes: NDArray[np.int64], cluster: str) -> None:
    """Refuse clusters that estimates of one random effect or sampling error cross."""
    model = fit.model
    used = tuple(
        part for part, value in zip(model.components, model.values, strict=True) if value.any()
    )
    block = independent_blocks(used, model.errors)
    first = np.empty(int(block.max()) + 1, dtype=np.int64)
    first[block] = codes
    if (first[block] != codes).any():
        raise DataError(
            f"estimates of different clusters ({cluster}) share a random effect "
            f"({', '.join(fit.options.random)}) or correlated sampling errors, so they are not "
            "independent; name the outermost group as cluster"
        )


def _result(
    effects: EffectEstimates,
    source: str,
    working: WorkingModel,
    cluster: str,
    terms: tuple[str, ...],
    b: NDArray[np.float64],
    inference: Any,
    df: str | None,
    level: float,
    k: int,
    tau2: float,
    omega2: float,
    correlation: float,
) -> RobustFit:
    if not 0 < level < 1:
        raise OptionError("level", level, ["a number between 0 and 1, e.g. 0.95"])
    p, m = len(b), inference.clusters
    default = "Satterthwaite" if inference.kind in ("CR2", "CR3") else "m - p"
    method = cast(DFMethod, find_word("df", df or default, cast(tuple[str, ...], DF_METHODS)))
    dfs = {
        "Satterthwaite": inference.df,
        "m - p": np.full(p, float(m - p)),
        "m - 1": np.full(p, float(m - 1)),
        "z": np.full(p, np.inf),
    }[method]
    se = inference.se
    null = effects.scale.null if terms == ("intercept",) else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        statistics = (b - null) / se
    half = t_quantile(dfs, level) * se
    tested = [place for place, term in enumerate(terms) if term != "intercept"]
    nan = float("nan")
    moderators = HeterogeneityTest(
        nan, "F", nan, nan, nan, "cluster-robust", "the model has an intercept only"
    )
    if tested:
        moderators = _joint(inference, b, np.eye(p)[tested], method)
    notes = []
    low = [term for term, value in zip(terms, dfs, strict=True) if value < FEW_DF]
    if method == "Satterthwaite" and low:
        notes.append(
            f"Fewer than {format_number(FEW_DF, 0)} degrees of freedom for {', '.join(low)}: the P "
            "value and limits are not to be trusted."
        )
    if tested and moderators.reason:
        notes.append(f"No joint test: {moderators.reason}.")
    if inference.kind in ("CR0", "CR1", "CR1p", "CR1S") and m < 40:
        notes.append(
            f"With {m} clusters {inference.kind} tends to give standard errors that are too small; "
            "CR2 corrects this."
        )
    return RobustFit(
        effects=effects,
        source=source,
        working=working,
        kind=inference.kind,
        cluster=cluster,
        k=k,
        clusters=m,
        terms=terms,
        coefficients=b,
        se=se,
        ci_lower=b - half,
        ci_upper=b + half,
        statistics=statistics,
        df=dfs,
        p_values=two_sided_p(statistics, dfs),
        covariance=inference.covariance,
        moderators=moderators,
        tau2=tau2,
        omega2=omega2,
        correlation=correlation,
        df_method=method,
        level=level,
        notes=tuple(notes),
        inference=inference,
    )


def robust_regression(
    effects: EffectEstimates | pd.DataFrame,
    cluster: str,
    moderators: str | None = None,
    *,
    working: str = "correlated",
    correlation: float = 0.8,
    kind: str = "CR2",
    df: str | None = None,
    level: float = 0.95,
    levels: Mapping[str, Sequence[object]] | None = None,
    estimate: str | None = None,
    variance: str | None = None,
    se: str | None = None,
    label: str | None = None,
) -> RobustFit:
    """Pool or regress dependent estimates with robust variance estimation (robumeta's ``robu``).

    Parameters
    ----------
    effects
        Effect estimates, or a table with a row an estimate.
    cluster
        Column of the studies.
    moderators
        A formula as in `meta_regression`; by default an intercept alone.
    working
        ``"correlated"``: estimates of a study come from the same people; ``"hierarchical"``: they
        are estimates of one laboratory or author from different people.
    correlation
        Assumed correlation of the sampling errors within studies (correlated model): it enters
        tau² alone; try others.
    kind, df, level
        As in `robust`.
    levels, estimate, variance, se, label
        As in `multilevel`.

    Returns
    -------
    RobustFit
        With the working model's tau² (and omega²).

    Notes
    -----
    The working covariance of CR2 and of the degrees of freedom is the inverse of the weights.

    References
    ----------
    Hedges, Tipton and Johnson 2010 (doi:10.1002/jrsm.5); Tipton 2015 (doi:10.1037/met0000011).

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {
    ...         "study": list("AABBCCD"),
    ...         "yi": [0.1, 0.3, 0.8, 0.5, 0.9, 1.0, 0.2],
    ...         "vi": [0.02, 0.03, 0.05, 0.01, 0.04, 0.02, 0.03],
    ...     }
    ... )
    >>> made = robust_regression(table, "study")
    >>> round(made.estimate, 4), round(made.tau2, 4), made.df.round(2)
    (0.4974, 0.1167, array([3.]))
    """
    level = check_level(level)
    cluster = check_name("cluster", cluster)
    df = None if df is None else check_name("df", df)
    moderators = None if moderators is None else check_name("moderators", moderators)
    correlation = check_number(
        "correlation", correlation, least=0, most=1, words=["a number between 0 and 1"]
    )
    word = cast(
        Literal["correlated", "hierarchical"],
        find_word(
            "working", working, ("correlated", "hierarchical"),
            {"corr": "correlated", "hier": "hierarchical"},
        ),
    )  # fmt: skip
    name = cast(RobustKind, find_word("kind", kind, cast(tuple[str, ...], ROBUST_KINDS)))
    made = as_effects(effects, estimate=estimate, variance=variance, se=se, label=label)
    clustered = code_groups(made.data, [cluster], "cluster")[1]
    design = build_design(made.data, moderators or "1", made.estimable & clustered, levels)
    here = made.estimable & clustered & design.complete
    k, p = int(here.sum()), len(design.terms)
    if k <= p:
        raise NotEstimableError(
            f"robust variance estimation: {plural(p, 'coefficient')} need at least {p + 1} "
            f"estimates, there {'is' if k == 1 else 'are'} {k}"
        )
    x, y, v = design.matrix[here], made.estimates[here], made.variances[here]
    check_rank(x, design.terms)
    codes = _clusters(made, cluster, here)
    found = (
        fit_correlated(y, v, x, codes, correlation=correlation)
        if word == "correlated"
        else fit_hierarchical(y, v, x, codes)
    )
    inference = robust_covariance(x, found.residuals, codes, 1 / found.weights, kind=name)
    verb = f"regressed on {moderators}" if moderators else "pooled"
    source = (
        f"Effect estimates were {verb} with the weights of the {word}-effects working model of "
        "robust variance estimation"
    )
    source += (
        f" (assumed correlation {format_number(correlation, 2)})." if word == "correlated" else "."
    )
    result = _result(
        made, source, word, cluster, design.terms, found.coefficients, inference, df, level, k,
        found.tau2, found.omega2, correlation if word == "correlated" else float("nan"),
    )  # fmt: skip
    result = replace(result, design=design)
    return result if here.all() else _with_left_out(result, made, here)


def _with_left_out(
    result: RobustFit, effects: EffectEstimates, here: NDArray[np.bool_]
) -> RobustFit:
    out = [effects.labels[row] for row in np.flatnonzero(~here)]
    more = f" and {len(out) - 10} more" if len(out) > 10 else ""
    note = (
        f"{plural(len(out), 'row')} left out for want of an estimate, a moderator or a cluster: "
        f"{', '.join(out[:10])}{more}."
    )
    return replace(result, notes=(note, *result.notes))
