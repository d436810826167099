"""Subgroup analysis: pooled effects by level, and the tests between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from evisynth.effects import EffectEstimates
from evisynth.errors import OptionError
from evisynth.stats import chi2_tail
from evisynth.synthesis.fitting import GivenTau2, fit_effects
from evisynth.synthesis.formula import Design, level_name, level_names, sort_levels
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.inputs import column_of
from evisynth.synthesis.options import FitOptions, find_word
from evisynth.synthesis.regression import fit_regression
from evisynth.synthesis.results import (
    HeterogeneityTest,
    MetaRegression,
    Subgroup,
    SubgroupAnalysis,
)

__all__ = ["subgroups"]

Tau2Treatment = Literal["separate", "common"]
FEWER_THAN_TWO = "there are fewer than two subgroups with a study"


def subgroups(
    fit: Given,
    by: str,
    levels: Sequence[object] | None = None,
    tau2: str = "separate",
) -> SubgroupAnalysis:
    """Pool within the levels of one characteristic and test the difference between them.

    Parameters
    ----------
    fit
        The overall fit; its options are used in each subgroup.
    by
        Column of the data. A row without a value is not coded: it is in the overall fit only and
        is listed in ``not_coded``.
    levels
        Levels in the order wanted; rows with another value are not coded. Without it the levels
        are those of the data: in the order of a pandas category, else sorted.
    tau2
        ``"separate"``: each subgroup has its own tau². ``"common"``: the residual tau² of the
        meta-regression on the levels is used in every subgroup as if known, so that weights,
        limits, Hartung-Knapp factor and prediction interval of a subgroup rest on it; the limits of
        tau² shown are those of the residual tau². It needs more coded studies than levels.

    Returns
    -------
    SubgroupAnalysis
        With both tests: ``test_separate``, Q between the subgroups' pooled effects when each has
        its own tau² (inverse Wald variances, chi² with m - 1 degrees of freedom, as RevMan), and
        ``test_common``, the meta-regression on the levels: F(m - 1, k - m) under Hartung-Knapp or
        t, else chi². The safeguard ``"wider"`` concerns intervals of pooled effects and is not
        used in the test; ``"truncate"`` is.

    Raises
    ------
    OptionError
        If there is no such column or a word is not known.

    References
    ----------
    Borenstein and Higgins 2013, doi:10.1007/s11121-013-0377-7.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {
    ...         "yi": [0.1, 0.3, 0.8, 0.5, 0.9],
    ...         "vi": [0.02, 0.03, 0.05, 0.01, 0.04],
    ...         "setting": ["home", "home", "clinic", "clinic", ""],
    ...     }
    ... )
    >>> found = es.subgroups(es.pool(table), by="setting")
    >>> [(group.level, group.fit.k) for group in found.groups], found.not_coded
    ([('clinic', 2), ('home', 2)], ('Study 5',))
    """
    fit = as_fit(fit)
    treatment = find_word("tau2", tau2, get_args(Tau2Treatment))
    effects = fit.effects
    column = column_of(effects, by, "by")
    if fit.options.model == "equal" and treatment == "common":
        raise OptionError(
            "tau2", tau2, ["separate"], hint="The equal-effects model has no tau² to share."
        )
    here = effects.estimable
    names = level_names(column)
    wanted = sort_levels(column) if levels is None else [level_name(level) for level in levels]
    if len(set(wanted)) != len(wanted):
        raise OptionError("levels", wanted, ["each level once"])
    members = {
        level: np.array([name == level for name in names], dtype=np.bool_) & here
        for level in wanted
    }
    members = {level: rows for level, rows in members.items() if rows.any()}
    coded = np.zeros(len(effects), dtype=np.bool_)
    for rows in members.values():
        coded |= rows
    separate = tuple(
        Subgroup(level, fit_effects(effects.select(rows), fit.options))
        for level, rows in members.items()
    )
    regression, reason = _regression(effects, by, members, coded, fit.options)
    groups = separate
    notes: tuple[str, ...] = ()
    if treatment == "common":
        if regression is None:
            notes = (f"A common tau² cannot be estimated ({reason}); each subgroup has its own.",)
            treatment = "separate"
        else:
            given = _common_tau2(regression)
            groups = tuple(
                Subgroup(level, fit_effects(effects.select(rows), fit.options, given))
                for level, rows in members.items()
            )
    return SubgroupAnalysis(
        by=by,
        fit=fit,
        tau2=treatment,
        groups=groups,
        not_coded=tuple(effects.labels[row] for row in np.flatnonzero(here & ~coded)),
        test_separate=_between(separate),
        test_common=_test_common(regression, reason, fit.options),
        notes=notes,
    )


def _common_tau2(regression: MetaRegression) -> GivenTau2:
    return GivenTau2(
        regression.tau2,
        regression.tau2_lower,
        regression.tau2_upper,
        regression.tau2_reason,
        "tau² and its limits are common to the subgroups (residual tau² of the meta-regression).",
    )


def _regression(
    effects: EffectEstimates,
    by: str,
    members: dict[str, np.ndarray],
    coded: np.ndarray,
    options: FitOptions,
) -> tuple[MetaRegression | None, str]:
    """Return the meta-regression on the levels, or why there is none."""
    if len(members) < 2:
        return None, FEWER_THAN_TWO
    k, m = int(coded.sum()), len(members)
    if k <= m:
        return None, f"{m} subgroups with {k} studies leave no residual degrees of freedom"
    rest = list(members)[1:]
    matrix = np.column_stack(
        [np.ones(len(effects)), *(members[level].astype(np.float64) for level in rest)]
    )
    terms = ("intercept", *(f"{by}[{level}]" for level in rest))
    design = Design(matrix, terms, coded, {by: next(iter(members))})
    plain = replace(options, safeguard="truncate" if options.safeguard == "truncate" else "none")
    return fit_regression(effects, design, plain, by), ""


def _test_common(
    regression: MetaRegression | None, reason: str, options: FitOptions
) -> HeterogeneityTest:
    kind = "fixed-effects" if options.model == "equal" else "mixed-effects"
    tau2 = "" if options.model == "equal" else f", common tau² ({options.tau2})"
    words = f"{kind} meta-regression{tau2}"
    if regression is None:
        nan = float("nan")
        kind_of: Literal["chi2", "F"] = "chi2" if options.ci == "z" else "F"
        return HeterogeneityTest(nan, kind_of, nan, nan, nan, words, reason)
    return replace(regression.moderators, model=words)


def _between(groups: tuple[Subgroup, ...]) -> HeterogeneityTest:
    """Return Q between pooled effects by their inverse Wald variances."""
    words = "Q between subgroups, inverse Wald variances of their pooled effects"
    nan = float("nan")
    if len(groups) < 2:
        return HeterogeneityTest(nan, "chi2", nan, nan, nan, words, FEWER_THAN_TWO)
    estimates = np.array([group.fit.estimate for group in groups])
    weights = 1 / np.square([group.fit.wald_se for group in groups])
    mean = (weights @ estimates) / weights.sum()
    q = float(weights @ np.square(estimates - mean))
    df = len(groups) - 1
    return HeterogeneityTest(q, "chi2", float(df), float("inf"), float(chi2_tail(q, df)), words)
