"""Multilevel and multivariate models: from effect estimates and random effects to a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from evisynth.display import format_number, plural
from evisynth.effects import EffectEstimates
from evisynth.errors import NotEstimableError
from evisynth.stats import (
    Intercepts,
    MultilevelModel,
    VarianceParameter,
    check_rank,
    chi2_tail,
    f_tail,
    fit_multilevel,
    t_quantile,
    two_sided_p,
)
from evisynth.synthesis.formula import Design, build_design, drop_redundant_columns
from evisynth.synthesis.inputs import as_effects
from evisynth.synthesis.multilevel_inputs import (
    as_sampling_covariance,
    correlated_within,
    three_levels,
    without_random,
)
from evisynth.synthesis.multilevel_random import (
    BuiltComponent,
    build_components,
    code_groups,
    parse_random,
    read_structures,
)
from evisynth.synthesis.multilevel_results import (
    MultilevelFit,
    MultilevelOptions,
    RandomEffects,
    VarianceComponent,
)
from evisynth.synthesis.options import find_word
from evisynth.synthesis.results import HeterogeneityTest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.stats import SamplingCovariance

__all__ = ["multilevel"]

METHODS = {"restricted maximum likelihood": "REML", "maximum likelihood": "ML"}
CI = {"normal": "z", "wald": "z"}
NO_TEST = "the model has an intercept only"
NO_HETEROGENEITY = "the model has no random effects"
ONE_GROUP = "all estimates are of one group, so this variance cannot be estimated; it was set to 0"


def multilevel(
    effects: EffectEstimates | pd.DataFrame,
    random: str | Sequence[str] | None = None,
    moderators: str | None = None,
    *,
    V: SamplingCovariance | NDArray[np.float64] | Sequence[Any] | None = None,  # noqa: N803
    rho: float | None = None,
    structure: str | Sequence[str] = "CS",
    correlations: Mapping[str, pd.DataFrame] | None = None,
    method: str = "REML",
    ci: str = "t",
    level: float = 0.95,
    limits: bool = True,
    levels: Mapping[str, Sequence[object]] | None = None,
    drop_redundant: bool = False,
    estimate: str | None = None,
    variance: str | None = None,
    se: str | None = None,
    label: str | None = None,
) -> MultilevelFit:
    """Fit a multilevel or multivariate random-effects model (metafor's ``rma.mv``).

    Parameters
    ----------
    effects
        Effect estimates, or a table with a row an estimate; a study may have several rows.
    random
        Random effects: ``"study"``; nested ``"district/school"`` (intercepts of districts and of
        schools within them); ``"study:wave"`` (of combinations alone); several, nested or crossed,
        as a list ``["study", "method"]``; or ``"outcome | trial"``, effects of the levels of the
        inner column that covary within the groups of the outer one. ``"~ 1 | a/b"`` is understood
        too. By default studies and, where a study has several rows, the estimates within them (the
        three-level model ``"study/row"``). ``"none"`` or ``[]``: no random effects, the
        equal-effects (with moderators: fixed-effects) model of estimates with a known covariance.
    moderators
        A formula as in `meta_regression`; by default an intercept alone.
    V
        Covariance of the sampling errors of all rows: what `impute_covariances` returns, a matrix
        (K, K), or a list of blocks one after the other. By default they are independent.
    rho
        In place of V: the correlation of the sampling errors of estimates of the same study.
    structure
        Covariance of ``inner | outer`` effects: CS, HCS, UN, ID, DIAG, AR, HAR or CAR; a list for
        several.
    correlations
        Known correlation matrices of the groups' effects by random effect (e.g. species by
        phylogeny), as data frames whose index and columns name the groups.
    method
        ``"REML"`` or ``"ML"``.
    ci
        ``"t"`` (k - p degrees of freedom) or ``"z"``. For inference that does not rest on the
        random effects being right see `robust`.
    level
        Level of all intervals.
    limits
        Whether to compute profile-likelihood limits of the variances and correlations.
    levels
        Order of the levels of moderators, as in `meta_regression`.
    drop_redundant
        Leave columns out that depend on those before them, with a note that names them, instead of
        refusing the model.
    estimate, variance, se, label
        Columns, when a table is given and they are not recognized by their names.

    Returns
    -------
    MultilevelFit
        Prints as a summary; numbers are on the pooled scale.

    Raises
    ------
    OptionError
        If a word or column is not known.
    DataError
        If moderators or random effects depend on each other, or V is no covariance matrix.
    NotEstimableError
        If there are not more estimates than coefficients.

    References
    ----------
    See `MultilevelFit.method_sentence`.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {
    ...         "study": ["A", "A", "B", "B", "C", "C", "D"],
    ...         "yi": [0.1, 0.3, 0.8, 0.5, 0.9, 1.0, 0.2],
    ...         "vi": [0.02, 0.03, 0.05, 0.01, 0.04, 0.02, 0.03],
    ...     }
    ... )
    >>> fit = multilevel(table, "study")
    >>> round(fit.estimate, 4), round(fit.components[0].estimate, 4)
    (0.4819, 0.1208)
    """
    made = as_effects(effects, estimate=estimate, variance=variance, se=se, label=label)
    if random is None:
        made, random = three_levels(made)
    terms = () if without_random(random, made) else parse_random(random)
    if rho is not None:
        V = correlated_within(made, rho, V)  # noqa: N806
    options = MultilevelOptions(
        random=tuple(term.name for term in terms),
        structures=read_structures(terms, structure),
        method=cast(Any, find_word("method", method, ("REML", "ML"), METHODS)),
        ci=cast(Any, find_word("ci", ci, ("t", "z"), CI)),
        level=float(level),
    )
    grouped = np.ones(len(made), dtype=np.bool_)
    for term in terms:
        columns = [*term.columns, *([term.inner] if term.inner else [])]
        grouped &= code_groups(made.data, columns)[1]
    usable = made.estimable & grouped
    design = build_design(made.data, moderators or "1", usable, levels)
    here = usable & design.complete
    redundant = ""
    if drop_redundant:
        design, redundant = drop_redundant_columns(design, here)
    left_out = tuple(made.labels[row] for row in np.flatnonzero(~here))
    k, p = int(here.sum()), len(design.terms)
    if k <= p:
        raise NotEstimableError(
            f"multilevel model: {plural(p, 'coefficient')} need at least {p + 1} estimates with "
            f"all moderators and groups, there {'is' if k == 1 else 'are'} {k}"
            + (f" (left out: {', '.join(left_out[:8])})" if left_out else "")
        )
    x = design.matrix[here]
    check_rank(x, design.terms)
    built = build_components(
        made.data[here].reset_index(drop=True), terms, options.structures, correlations or {}
    )
    errors = as_sampling_covariance(V, made, here)
    model = fit_multilevel(
        made.estimates[here],
        errors,
        x,
        [part.component for part in built],
        restricted=options.method == "REML",
    )
    fit = _result(made, options, moderators or "", design, here, built, model, limits)
    return replace(fit, notes=(redundant, *fit.notes)) if redundant else fit


def _result(
    effects: EffectEstimates,
    options: MultilevelOptions,
    formula: str,
    design: Design,
    here: NDArray[np.bool_],
    built: tuple[BuiltComponent, ...],
    model: MultilevelModel,
    limits: bool,
) -> MultilevelFit:
    k, p = model.k, len(design.terms)
    df = float(k - p) if options.ci == "t" else float("inf")
    quantile = float(t_quantile(df, options.level))
    b, v = model.coefficients, model.covariance
    se = np.sqrt(np.diag(v))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistics = (b - _null(effects, design)) / se
    components = _components(built, model, options, limits)
    total = sum(part.estimate for part in components if not np.isnan(part.i2))
    plain = all(isinstance(part.component, Intercepts) for part in built)
    i2 = 100 * total / (total + model.typical_variance) if built and plain else float("nan")
    low, high, reason = _prediction(b, se, design, components, quantile, plain)
    information = model.information
    return MultilevelFit(
        effects=effects,
        options=options,
        formula=formula,
        k=k,
        terms=design.terms,
        coefficients=b,
        se=se,
        ci_lower=b - quantile * se,
        ci_upper=b + quantile * se,
        statistics=statistics,
        p_values=two_sided_p(statistics, df),
        covariance=v,
        df=df,
        components=components,
        random_effects=_random_effects(built, model, quantile),
        qe=model.qe,
        qe_df=model.qe_df,
        qe_p=model.qe_p,
        moderators=_omnibus(b, v, design, df),
        i2=i2,
        prediction_lower=low,
        prediction_upper=high,
        prediction_reason=reason,
        log_likelihood=model.log_likelihood,
        parameters=p + model.parameters,
        left_out=tuple(effects.labels[row] for row in np.flatnonzero(~here)),
        notes=_notes(effects, here, built, model, components),
        reference_levels=dict(design.reference_levels),
        converged=model.converged,
        dependent_errors=not model.errors.is_diagonal,
        limits=limits,
        rows=here,
        model=model,
        design=design,
        **information,
    )


def _null(effects: EffectEstimates, design: Design) -> NDArray[np.float64]:
    """Return the value of no effect of each coefficient: the scale's for an intercept alone."""
    alone = design.terms == ("intercept",)
    return np.full(len(design.terms), effects.scale.null if alone else 0.0)


def _components(
    built: tuple[BuiltComponent, ...],
    model: MultilevelModel,
    options: MultilevelOptions,
    limits: bool,
) -> tuple[VarianceComponent, ...]:
    plain = all(isinstance(part.component, Intercepts) for part in built)
    total = model.typical_variance
    if plain:
        total += sum(float(value[0, 0]) for value in model.values)
    made = []
    for parameter in model.named_parameters():
        part = built[parameter.component]
        value = model.value_of(parameter)
        lower = upper = float("nan")
        reason = ""
        if parameter.component in model.fixed:
            reason = ONE_GROUP
        elif np.isnan(value):
            reason = "there is no correlation where a variance is 0"
        elif limits:
            found = model.limits(parameter, options.level)
            lower, upper, reason = found.lower, found.upper, _limit_words(parameter, found.reached)
        made.append(
            VarianceComponent(
                random=part.term.name,
                kind=parameter.kind,
                levels=tuple(part.levels[place] for place in parameter.levels),
                groups=len(part.groups),
                estimate=value,
                lower=lower,
                upper=upper,
                i2=100 * value / total if plain else float("nan"),
                reason=reason,
            )
        )
    return tuple(made)


def _limit_words(parameter: VarianceParameter, reached: tuple[bool, bool]) -> str:
    """Say where a limit is only the border of what is possible."""
    if parameter.kind == "variance":
        return "" if reached[1] else "the likelihood does not fall enough for an upper limit"
    sides = [word for word, met in zip(("lower", "upper"), reached, strict=True) if not met]
    if not sides:
        return ""
    return f"the {' and '.join(sides)} limit is the border of what the structure allows"


def _prediction(
    b: NDArray[np.float64],
    se: NDArray[np.float64],
    design: Design,
    components: tuple[VarianceComponent, ...],
    quantile: float,
    plain: bool,
) -> tuple[float, float, str]:
    nan = float("nan")
    if design.terms != ("intercept",):
        return nan, nan, "the model has moderators"
    if not plain:
        return nan, nan, "the variance differs by level or structure"
    if not components:
        return nan, nan, NO_HETEROGENEITY
    spread = float(np.sqrt(se[0] ** 2 + sum(part.estimate for part in components)))
    return float(b[0]) - quantile * spread, float(b[0]) + quantile * spread, ""


def _random_effects(
    built: tuple[BuiltComponent, ...], model: MultilevelModel, quantile: float
) -> tuple[RandomEffects, ...]:
    made = []
    for part, found in zip(built, model.random_effects(), strict=True):
        width = max(len(part.levels), 1)
        estimates, se = found.estimates.ravel(), found.se.ravel()
        made.append(
            RandomEffects(
                random=part.term.name,
                groups=tuple(name for name in part.groups for _ in range(width)),
                levels=part.levels * len(part.groups),
                estimates=estimates,
                se=se,
                lower=estimates - quantile * se,
                upper=estimates + quantile * se,
            )
        )
    return tuple(made)


def _omnibus(
    b: NDArray[np.float64], v: NDArray[np.float64], design: Design, df: float
) -> HeterogeneityTest:
    """Test all coefficients but the intercept."""
    name = "multilevel meta-regression"
    tested = [place for place, term in enumerate(design.terms) if term != "intercept"]
    nan = float("nan")
    if not tested:
        return HeterogeneityTest(nan, "chi2", nan, nan, nan, name, NO_TEST)
    part = v[np.ix_(tested, tested)]
    scale = np.sqrt(np.diag(part))
    z = b[tested] / scale
    quadratic = float(z @ np.linalg.solve(part / np.outer(scale, scale), z))
    m = len(tested)
    if np.isinf(df):
        return HeterogeneityTest(quadratic, "chi2", m, df, float(chi2_tail(quadratic, m)), name)
    return HeterogeneityTest(quadratic / m, "F", m, df, float(f_tail(quadratic / m, m, df)), name)


def _notes(
    effects: EffectEstimates,
    here: NDArray[np.bool_],
    built: tuple[BuiltComponent, ...],
    model: MultilevelModel,
    components: tuple[VarianceComponent, ...],
) -> tuple[str, ...]:
    """Return what a reader of the fit must know."""
    notes = []
    out = np.flatnonzero(~here)
    if out.size:
        names = "; ".join(
            f"{effects.labels[row]} ({effects.reasons[row] or 'a moderator or group is missing'})"
            for row in out[:10]
        )
        more = f"; and {out.size - 10} more" if out.size > 10 else ""
        notes.append(f"{plural(int(out.size), 'row')} left out: {names}{more}.")
    if not model.converged:
        notes.append("The search for the variances did not converge; do not use this fit.")
    if model.flat:
        notes.append(
            "The likelihood is flat in some direction: the data do not tell some variances or "
            "correlations apart. Leave a random effect out or choose a simpler structure."
        )
    if model.summits > 1:
        notes.append(
            f"The likelihood has {model.summits} maxima; the highest is given. Compare models "
            "with care."
        )
    notes += [f"{built[place].term.name}: {ONE_GROUP}." for place in model.fixed]
    notes += [
        f"{part.name} is estimated at its border ({format_number(part.estimate, 0)})."
        for part in components
        if part.kind == "correlation" and abs(part.estimate) > 1 - 1e-6
    ]
    return tuple(notes)
