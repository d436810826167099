"""Multiverse analysis: every combination of declared choices, pooled in a few calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from evisynth.display import format_count, plural
from evisynth.effects import EffectEstimates
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import PooledBatch, check_count, check_name, influence_measures, pool_batch
from evisynth.synthesis.further import needs_common_options
from evisynth.synthesis.multiverse_choices import EFFECT_OPTIONS, POOLING, Universe, make_universes
from evisynth.synthesis.multiverse_results import Multiverse, SpecificationTest
from evisynth.synthesis.options import FitOptions, fit_options
from evisynth.synthesis.pooled import PooledFit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["multiverse", "specification_test"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
OUTLIER_LIMIT = 1.959963984540054
NUMBERS = ("estimate", "se", "ci_lower", "ci_upper", "p_value", "tau2", "i2")
CELLS = 2_000_000
"""Cells of one call of the kernel in the bootstrap: bounds the memory."""

DEFAULT_CHOICES: dict[str, object] = {
    "model": ("random", "equal"),
    "tau2": ("REML", "DL", "PM", "ML"),
    "ci": ("HKSJ", "z"),
    "outliers": ("kept", "rstudent"),
}
"""What is varied when no choices are declared."""


def multiverse(
    data: EffectEstimates | PooledFit | pd.DataFrame,
    choices: Mapping[str, object] | None = None,
    *,
    cluster: str | None = None,
    level: float = 0.95,
    **fixed: Any,
) -> Multiverse:
    """Pool the studies in every combination of declared choices.

    Parameters
    ----------
    data
        A table of studies, effect estimates, or a fit, whose options are then the fixed ones.
    choices
        What is varied: names of factors to their choices, as a list or, where a choice is not a
        word or number, a dict of name to value. Factors are

        - ``"model"``, ``"tau2"``, ``"ci"``, ``"safeguard"``: as in `evisynth.pool`;
        - any option of `evisynth.effects` (``"measure"``, ``"variance_formula"``,
          ``"continuity"``, a column such as ``"mean1"`` ...), where a table is given;
        - ``"subset"`` or ``"subset: <any name>"``: which studies, as a dict of column to value or
          values, a comparison as text (``"rob == 'low'"``), truth values, a function of the table,
          or ``""`` for all; several such factors cross each other;
        - ``"outliers"``: ``"kept"``, ``"rstudent"`` (studentized deleted residual beyond ±1.96),
          ``"influential"`` (a rule of Viechtbauer and Cheung), ``"interval"`` (interval of the
          study does not touch that of the pooled effect), each judged in its own universe;
        - ``"correlation"``: estimates of one `cluster` are averaged with this correlation of
          their errors; None leaves them as they are;
        - ``"data"``: tables, effect estimates, or functions of the table given.

        Without choices: model, four estimators of tau², two intervals, outliers kept or not.
    cluster
        Column that names the study that several estimates belong to, for ``"correlation"``.
    level
        Level of the intervals; significance is counted at one minus it.
    fixed
        Options of `evisynth.effects` and `evisynth.pool` that hold in every universe.

    Returns
    -------
    Multiverse
        Combinations that come to the same computation (such as estimators of tau² in the
        equal-effects model) stand once; those without a result are NaN with a reason.

    Raises
    ------
    OptionError
        If a factor or word is not known, or a column is not there.

    References
    ----------
    Steegen et al. 2016, doi:10.1177/1745691616658637; Voracek et al. 2019,
    doi:10.1027/2151-2604/a000357; Simonsohn et al. 2020, doi:10.1038/s41562-020-0912-z.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {
    ...         "yi": [0.1, 0.3, 0.8, 0.5, 0.4],
    ...         "vi": [0.02, 0.03, 0.05, 0.01, 0.04],
    ...         "rob": ["low", "high", "high", "low", "low"],
    ...     }
    ... )
    >>> found = es.multiverse(
    ...     table,
    ...     {
    ...         "model": ["random", "equal"],
    ...         "tau2": ["REML", "DL"],
    ...         "subset": {"all": "", "low risk": {"rob": "low"}},
    ...     },
    ... )
    >>> len(found), found.k.tolist()
    (6, [5, 3, 5, 3, 5, 3])
    >>> found.curve().rows[0]
    ('model', 'random')
    """
    declared = dict(DEFAULT_CHOICES if choices is None else choices)
    if not declared:
        raise OptionError("choices", choices, ["at least one factor, e.g. {'tau2': ['REML']}"])
    base = fit_options(level=level)
    source: EffectEstimates | pd.DataFrame
    if isinstance(data, PooledFit):
        needs_common_options(data.options, "multiverse analysis")
        base, source = replace(data.options, level=level), data.effects
    else:
        source = data
    for name in fixed:
        if name in declared:
            raise OptionError(name, fixed[name], ["left out"], hint="It is one of the choices.")
        if name not in POOLING and name not in EFFECT_OPTIONS:
            raise OptionError("option", name, [*POOLING, *EFFECT_OPTIONS])
        if name not in POOLING and isinstance(source, EffectEstimates):
            raise OptionError(
                "option", name, POOLING, hint="Effect estimates are given, not a table."
            )
    if cluster is not None:
        table = source.data if isinstance(source, EffectEstimates) else source
        check_name("cluster", cluster, [str(column) for column in getattr(table, "columns", ())])
    factors, universes, same = make_universes(source, declared, base, fixed, cluster)
    labels = tuple(
        dict.fromkeys(
            label for universe in universes if universe.effects is not None
            for label in universe.effects.labels
        )
    )  # fmt: skip
    y, v = _cells(universes, labels)
    options = tuple(universe.options for universe in universes)
    numbers = _pooled(y, v, options, _nulls(universes))
    excluded: list[tuple[str, ...]] = [()] * len(universes)
    if _leave_out(universes, y, v, numbers, labels, excluded):
        numbers = _pooled(y, v, options, _nulls(universes))
    reasons = [
        universe.reason or ("" if np.isfinite(numbers["estimate"][place]) else "no study is left")
        for place, universe in enumerate(universes)
    ]
    if all(reasons):
        raise NotEstimableError(
            f"none of {format_count(len(reasons))} universes has a result, e.g.: {reasons[0]}; for "
            "a table of arms name the effect measure, e.g. measure='RR'"
        )
    scales = {
        universe.effects.measure: universe.effects.scale
        for universe in universes
        if universe.effects is not None
    }
    return Multiverse(
        factors=factors,
        choices=tuple(universe.names for universe in universes),
        measures=tuple("" if u.effects is None else u.effects.measure for u in universes),
        scales=scales,
        options=options,
        k=np.isfinite(y).sum(axis=1),
        estimates=numbers["estimate"],
        se=numbers["se"],
        ci_lower=numbers["ci_lower"],
        ci_upper=numbers["ci_upper"],
        p_values=numbers["p_value"],
        tau2=numbers["tau2"],
        i2=numbers["i2"],
        excluded=tuple(excluded),
        reasons=tuple(reasons),
        labels=labels,
        study_estimates=y,
        study_variances=v,
        alpha=1 - level,
        notes=_notes(same, reasons, scales),
    )


def _notes(same: int, reasons: list[str], scales: Mapping[str, object]) -> tuple[str, ...]:
    notes = []
    if same:
        notes.append(
            f"{plural(same, 'combination')} came to the same computation as another and "
            f"{'is' if same == 1 else 'are'} not counted."
        )
    failed = [reason for reason in reasons if reason]
    if failed:
        notes.append(f"{plural(len(failed), 'universe')} without a result, e.g.: {failed[0]}")
    if len(scales) > 1:
        notes.append("Effect measures differ: their pooled effects cannot be put in one order.")
    return tuple(notes)


def _nulls(universes: list[Universe]) -> Floats:
    return np.array([0.0 if u.effects is None else u.effects.scale.null for u in universes])


def _cells(universes: list[Universe], labels: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Return estimates and variances by universe and study, NaN where a study is not pooled."""
    place = {label: number for number, label in enumerate(labels)}
    y = np.full((len(universes), len(labels)), np.nan)
    v = y.copy()
    columns: dict[int, NDArray[np.int64]] = {}
    for row, universe in enumerate(universes):
        made = universe.effects
        if made is None:
            continue
        if id(made) not in columns:
            columns[id(made)] = np.array([place[label] for label in made.labels])
        at = columns[id(made)][universe.rows]
        y[row, at] = made.estimates[universe.rows]
        v[row, at] = made.variances[universe.rows]
    return y, v


def _groups(options: tuple[FitOptions, ...]) -> dict[FitOptions, NDArray[np.int64]]:
    """Return the universes that one call of the kernel can pool, by their options."""
    groups: dict[FitOptions, list[int]] = {}
    for row, one in enumerate(options):
        groups.setdefault(one, []).append(row)
    return {one: np.array(rows) for one, rows in groups.items()}


def _call(y: Floats, v: Floats, one: FitOptions) -> PooledBatch:
    return pool_batch(
        y,
        v,
        np.isfinite(y),
        model=one.model,
        tau2=one.tau2,
        ci=one.ci,
        safeguard=one.safeguard,
        level=one.level,
    )


def _pooled(
    y: Floats, v: Floats, options: tuple[FitOptions, ...], null: Floats
) -> dict[str, Floats]:
    """Pool every universe, one call for each set of options."""
    out = {name: np.full(len(y), np.nan) for name in NUMBERS}
    centred = y - null[:, None]
    for one, rows in _groups(options).items():
        some = rows[np.isfinite(y[rows]).any(axis=1)]
        if not some.size:
            continue
        batch = _call(centred[some], v[some], one)
        for name in NUMBERS:
            out[name][some] = getattr(batch, name)
    for name in ("estimate", "ci_lower", "ci_upper"):
        out[name] += null
    return out


def _leave_out(
    universes: list[Universe],
    y: Floats,
    v: Floats,
    numbers: Mapping[str, Floats],
    labels: tuple[str, ...],
    excluded: list[tuple[str, ...]],
) -> bool:
    """Blank the outliers of each universe by its own rule; say whether there were any."""
    changed = False
    for row, universe in enumerate(universes):
        here = np.flatnonzero(np.isfinite(y[row]))
        if universe.outliers == "kept" or here.size < 3:
            continue
        out = here[_outlying(universe, y[row, here], v[row, here], numbers, row)]
        if 0 < out.size < here.size:
            excluded[row] = tuple(labels[place] for place in out)
            y[row, out] = np.nan
            v[row, out] = np.nan
            changed = True
    return changed


def _outlying(
    universe: Universe, y: Floats, v: Floats, numbers: Mapping[str, Floats], row: int
) -> Bools:
    if universe.outliers == "interval":
        half = OUTLIER_LIMIT * np.sqrt(v)
        low, high = numbers["ci_lower"][row], numbers["ci_upper"][row]
        return np.asarray((y + half < low) | (y - half > high))
    options = universe.options
    found = influence_measures(
        y, v, model=options.model, tau2=options.tau2, ci=options.ci,
        truncate=options.safeguard == "truncate",
    )  # fmt: skip
    if universe.outliers == "influential":
        return found.influential
    return np.asarray(np.abs(found.rstudent) > OUTLIER_LIMIT)


def specification_test(found: Multiverse, *, draws: int = 500, seed: int = 0) -> SpecificationTest:
    """Test over all universes at once that there is no effect.

    Parameters
    ----------
    found
        A multiverse analysis.
    draws
        Number of simulated sets of studies; the smallest P value is 1 / (draws + 1).
    seed
        Seed of the generator.

    Returns
    -------
    SpecificationTest
        P values of the median pooled effect, of the share of significant universes in the
        direction that prevails, and of the mean z.

    Raises
    ------
    NotEstimableError
        If no universe has a pooled effect.
    OptionError
        If the number of draws is not positive.

    Notes
    -----
    A study's estimate is drawn about no effect with its sampling variance plus the tau² of the
    universe, by the same standard normal deviate in every universe, so that universes of the same
    studies stay as alike as they are. Rows left out as outliers stay left out.

    References
    ----------
    Simonsohn et al. 2020, doi:10.1038/s41562-020-0912-z; Voracek et al. 2019,
    doi:10.1027/2151-2604/a000357.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.4, 0.3, 0.8, 0.5], "vi": [0.02, 0.03, 0.05, 0.01]})
    >>> found = es.specification_test(es.multiverse(table), draws=99)
    >>> found.direction, found.mean_z_p
    ('positive', 0.01)
    """
    draws = check_count("draws", draws)
    seed = check_count("seed", seed, least=0)
    if not isinstance(draws, int) or draws < 1:
        raise OptionError("draws", draws, ["a whole number above 0, e.g. 500"])
    good = np.flatnonzero(found.estimable)
    if not good.size:
        raise NotEstimableError("specification test: no universe has a pooled effect")
    null = np.array([found.scales[found.measures[row]].null for row in good])
    v = found.study_variances[good]
    tau2 = np.nan_to_num(found.tau2[good])
    spread = np.sqrt(v + tau2[:, None])
    options = tuple(found.options[row] for row in good)
    groups = _groups(options)
    observed = _statistics(
        found.estimates[good] - null, found.p_values[good], _wald_z(found, good, null), found.alpha
    )
    generator = np.random.default_rng(seed)
    simulated = np.empty((draws, 3))
    step = max(1, CELLS // max(1, v.size))
    for begin in range(0, draws, step):
        size = min(step, draws - begin)
        z = generator.standard_normal((size, 1, v.shape[1]))
        estimates = np.empty((size, len(good)))
        p_values, ratios = estimates.copy(), estimates.copy()
        for one, rows in groups.items():
            drawn = (spread[rows] * z).reshape(size * len(rows), -1)
            batch = _call(drawn, np.tile(v[rows], (size, 1)), one)
            shape = (size, len(rows))
            estimates[:, rows] = batch.estimate.reshape(shape)
            p_values[:, rows] = batch.p_value.reshape(shape)
            ratios[:, rows] = (batch.estimate / batch.wald_se).reshape(shape)
        simulated[begin : begin + size] = _statistics(estimates, p_values, ratios, found.alpha)
    beyond = np.abs(simulated) >= np.abs(observed) * (1 - 1e-12)
    p = (1 + beyond.sum(axis=0)) / (1 + draws)
    several = len({found.measures[row] for row in good}) > 1
    nan = float("nan")
    direction: Literal["positive", "negative"] = "positive"
    if np.median(_wald_z(found, good, null)) < 0:
        direction = "negative"
    return SpecificationTest(
        median=nan if several else float(observed[0] + null[0]),
        median_p=nan if several else float(p[0]),
        share=float(100 * observed[1]),
        share_p=float(p[1]),
        mean_z=float(observed[2]),
        mean_z_p=float(p[2]),
        draws=draws,
        universes=len(good),
        direction=direction,
        seed=seed,
        notes=("The median is left out: effect measures differ.",) if several else (),
    )


def _wald_z(found: Multiverse, good: NDArray[np.int64], null: Floats) -> Floats:
    """Return the pooled effects over their standard errors from the weights alone."""
    v = found.study_variances[good]
    tau2 = np.nan_to_num(found.tau2[good])
    total = np.nansum(1 / (v + tau2[:, None]), axis=1)
    return np.asarray((found.estimates[good] - null) * np.sqrt(total))


def _statistics(estimates: Floats, p_values: Floats, ratios: Floats, alpha: float) -> Floats:
    """Return median, share significant in the direction that prevails, mean z; shape (..., 3)."""
    middle = np.median(estimates, axis=-1)
    sign = np.where(np.median(ratios, axis=-1) < 0, -1.0, 1.0)
    right = (p_values < alpha) & (np.sign(ratios) == sign[..., None])
    return np.stack([middle, right.mean(axis=-1), ratios.mean(axis=-1)], axis=-1)
