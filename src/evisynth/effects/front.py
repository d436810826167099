"""The front door: a table in, effect estimates out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evisynth.effects.assemble import (
    compute,
    find_sources,
    finished_data,
    method_words,
    read_rows,
    reading_notes,
)
from evisynth.effects.checks import check_intervals, check_ratio_scale
from evisynth.effects.columns import Column, Table, as_frame
from evisynth.effects.dispersion import Distribution
from evisynth.effects.estimates import EffectEstimates, Scale
from evisynth.effects.labels import check_labels, number_labels, read_labels, subset_rows
from evisynth.effects.measures import Measure, find_measure
from evisynth.effects.roles import ROLES
from evisynth.effects.sources import SOURCES, Reading
from evisynth.effects.transformations import TRANSFORMATIONS
from evisynth.errors import OptionError
from evisynth.stats import check_level, check_name, check_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["effects"]

CONTINUITY_TO = ("only0", "all", "if0all", "none")


def effects(
    data: pd.DataFrame | Mapping[str, Any],
    measure: str = "SMD",
    *,
    study: Column = "study",
    n1: Column = None,
    mean1: Column = None,
    sd1: Column = None,
    se1: Column = None,
    ci_lower1: Column = None,
    ci_upper1: Column = None,
    n2: Column = None,
    mean2: Column = None,
    sd2: Column = None,
    se2: Column = None,
    ci_lower2: Column = None,
    ci_upper2: Column = None,
    difference: Column = None,
    sd: Column = None,
    t_value: Column = None,
    p_value: Column = None,
    events1: Column = None,
    nonevents1: Column = None,
    events2: Column = None,
    nonevents2: Column = None,
    estimate: Column = None,
    se: Column = None,
    variance: Column = None,
    ci_lower: Column = None,
    ci_upper: Column = None,
    format: Column = None,  # noqa: A002 - the word of the field
    subset: Mapping[str, object] | Sequence[bool] | NDArray[np.bool_] | None = None,
    variance_formula: str = "",
    continuity: float | None = None,
    continuity_to: Literal["only0", "all", "if0all", "none"] = "only0",
    double_zero: Literal["auto", "drop", "keep"] = "auto",
    scale: str = "identity",
    given: Literal["log", "natural"] = "log",
    label: str = "",
    short: str = "",
    level: float = 0.95,
    ci_distribution: Distribution = "t",
    repeated: Literal["number", "refuse"] = "number",
    **columns: Column,
) -> EffectEstimates:
    """Compute effect estimates and their sampling variances from a table of studies.

    Arm 1 is the experimental arm. Every column argument is a column's name or the values
    themselves; columns that are not given are recognized by their usual names (``n1 mean1 sd1``,
    ``n1i m1i sd1i``, ``n_e mean_e sd_e``, ``ai bi ci di``, ``tpos tneg cpos cneg``, ``yi vi`` ...),
    and ``EffectEstimates.columns`` says which were used. A row may fill one set of columns and the
    next row another: the first complete one of means, difference, events, estimate is taken.

    Parameters
    ----------
    data
        Data frame or dict of columns, one row a study, shape (K, ...).
    measure
        Short name of an effect measure: ``"MD"``, ``"SMD"``, ``"OR"``, ``"RR"``, ``"RD"``,
        ``"GEN"`` (estimates as given), or any other of `evisynth.effects.MEASURES`.
    study
        Names of the studies.
    n1, mean1, sd1, se1, ci_lower1, ci_upper1, n2, mean2, sd2, se2, ci_lower2, ci_upper2
        Size, mean and standard deviation of the arms. Where the SD is empty it is computed from the
        standard error or the confidence limits of the mean.
    difference, sd, t_value, p_value
        Difference between the arms (1 minus 2) with its SD, or with `se`, `ci_lower` and
        `ci_upper`, t value or exact P value, from which the SD of both arms is computed.
    events1, nonevents1, events2, nonevents2
        People with and without the event; `n1` and `n2` may stand for the latter.
    estimate, se, variance, ci_lower, ci_upper
        Estimates as given. For ratios see `given`.
    format
        What the numbers are (``"end score"``, ``"change score"``); kept, and a mixture is noted
        for SMD (Cochrane Handbook, section 10.5.2).
    subset
        Rows to use: one truth value a row, or values by column, e.g. ``{"outcome": "anxiety"}``.
    variance_formula
        Variance formula by name (see `evisynth.effects.MEASURES`), ``""`` for the default.
    continuity, continuity_to
        Constant added to all four cells of a table with a zero cell (``"only0"``), of every table
        (``"all"``), of every table if one has a zero cell (``"if0all"``), or not (``"none"``); for
        person-time to the events of both arms. None takes the constant of the measure: 0.5, and 0
        where zeros do no harm (AS, PHI, RTET, IRSD ...).
    double_zero
        Studies without any event, or without any non-event, in both arms: ``"drop"`` makes them not
        estimable (the default for OR and RR), ``"keep"`` corrects and keeps them (for RD).
    scale
        For ``"GEN"``: ``"log"`` pools logarithms of ratios; other transformations, by the names of
        `evisynth.effects.TRANSFORMATIONS`, say how estimates are brought back, e.g. ``"logit"``.
    given
        Whether ratios in `estimate`, `ci_lower` and `ci_upper` are given as logarithms or on the
        ``"natural"`` scale. `se` and `variance` are always those of the logarithm.
    label, short
        Words for the measure, e.g. ``"Hazard ratio"`` and ``"HR"`` (``"GEN"`` only).
    level
        Level of the confidence limits in the table.
    ci_distribution
        Distribution behind the confidence limits of means and differences: ``"t"`` or ``"normal"``.
    repeated
        A study with several rows: ``"number"`` tells them apart (``"A (1)"``, ``"A (2)"``) and
        models say that their estimates are not independent; ``"refuse"`` is an error.
    **columns
        Columns of the further measures by role, e.g. ``time1="t1i"``, ``d="cohen_d"`` (see
        `evisynth.effects.MEASURES` and `evisynth.effects.ROLES`).

    Returns
    -------
    EffectEstimates
        One estimate a row, on the pooled scale (log for ratios). A row with empty cells stays in,
        as NaN with a reason.

    Raises
    ------
    InputError
        When a column is missing, a cell holds what it cannot hold, or a study stands twice and
        `repeated` is ``"refuse"``.
    OptionError
        When a measure, formula or option is not known.

    References
    ----------
    Cochrane Handbook 6.5, chapter 6; Hedges 1981, doi:10.3102/10769986006002107.

    Examples
    --------
    >>> import evisynth as es
    >>> table = {
    ...     "study": ["A", "B"],
    ...     "n1": [50, 40],
    ...     "mean1": [7.1, 6.0],
    ...     "sd1": [2.9, 2.5],
    ...     "n2": [50, 41],
    ...     "mean2": [8.3, 6.4],
    ...     "sd2": [3.1, 2.2],
    ... }
    >>> g = es.effects(table, measure="SMD")
    >>> g.estimates.round(4).tolist(), g.variances.round(4).tolist()
    ([-0.3967, -0.1684], [0.0408, 0.0496])
    """
    level = check_level(level)
    label, short = check_name("label", label), check_name("short", short)
    variance_formula = check_name("variance_formula", variance_formula)
    if continuity is not None:
        continuity = check_number(
            "continuity", continuity, least=0, words=["a number from 0 up, e.g. 0.5"]
        )
    chosen = find_measure(measure)
    formula = chosen.formula(variance_formula)
    _check_options(
        chosen,
        continuity_to=continuity_to,
        double_zero=double_zero,
        scale=scale,
        given=given,
        ci_distribution=ci_distribution,
        repeated=repeated,
        words=bool(label or short),
    )
    shown = _scale(chosen, scale, label, short)

    frame = as_frame(data)
    table = Table(frame)
    named = {
        "n1": n1, "mean1": mean1, "sd1": sd1, "se1": se1, "ci_lower1": ci_lower1,
        "ci_upper1": ci_upper1, "n2": n2, "mean2": mean2, "sd2": sd2, "se2": se2,
        "ci_lower2": ci_lower2, "ci_upper2": ci_upper2, "difference": difference, "sd": sd,
        "t_value": t_value, "p_value": p_value, "events1": events1, "nonevents1": nonevents1,
        "events2": events2, "nonevents2": nonevents2, "estimate": estimate, "se": se,
        "variance": variance, "ci_lower": ci_lower, "ci_upper": ci_upper, "format": format,
        **_further(chosen, columns),
    }  # fmt: skip
    for role, column in named.items():
        table.name(role, column)
    labels = read_labels(table, study)
    keep = subset_rows(table, subset)
    if keep is not None:
        table.keep(keep)
        labels = [name for name, kept in zip(labels, keep, strict=True) if kept]
    table.labels = tuple(labels)
    unique, several = number_labels(labels)

    sources = find_sources(chosen, table)
    roles = [role for source in sources for role in source.roles if role in table.columns]
    for role in dict.fromkeys(roles):
        table.read_numbers(role)
    check_intervals(table)
    if repeated == "refuse":
        check_labels(table)
    table.check()

    reading = Reading(table, level, ci_distribution, natural_ratios=given == "natural")
    used = read_rows(sources, reading)
    if shown.is_ratio and "estimate" in used:
        check_ratio_scale(table, given)
    table.check()
    shown, notes = compute(chosen, formula, reading, shown, continuity, continuity_to, double_zero)
    notes += reading_notes(chosen, reading, used)
    return EffectEstimates(
        measure=chosen.name,
        scale=shown,
        labels=unique,
        estimates=reading.estimates,
        variances=reading.variances,
        reasons=tuple(reading.reasons),
        method=method_words(chosen, formula, shown, reading, used),
        data=finished_data(reading, used),
        columns=dict(table.columns),
        notes=tuple(notes),
        repeated=several,
    )


GENERAL = ("n",)
"""Roles that may be named for every measure: they are kept with the estimates."""


def _further(measure: Measure, columns: Mapping[str, Column]) -> Mapping[str, Column]:
    """Return the further columns, refusing roles that are not known or not of the measure."""
    own = {role for name in measure.sources for role in SOURCES[name].roles}
    for role, column in columns.items():
        if role not in ROLES:
            known = [name for name in _arguments() if name not in ("data", "columns")]
            raise OptionError("argument", role, dict.fromkeys((*known, *ROLES)))
        if column is not None and role not in own and role not in GENERAL:
            raise OptionError(
                role,
                column,
                ["left out"],
                hint=f"{measure.name} is made of {', '.join(sorted(own))}.",
            )
    return columns


def _arguments() -> tuple[str, ...]:
    """Return the names of the arguments of `effects`."""
    import inspect

    return tuple(inspect.signature(effects).parameters)


def _check_options(
    measure: Measure,
    *,
    continuity_to: str,
    double_zero: str,
    scale: str,
    given: str,
    ci_distribution: str,
    repeated: str,
    words: bool,
) -> None:
    """Refuse values of options that are not known, or that the measure does not have."""
    allowed: dict[str, tuple[str, tuple[str, ...]]] = {
        "continuity_to": (continuity_to, CONTINUITY_TO),
        "double_zero": (double_zero, ("auto", "drop", "keep")),
        "scale": (scale, tuple(TRANSFORMATIONS)),
        "given": (given, ("log", "natural")),
        "ci_distribution": (ci_distribution, ("t", "normal")),
        "repeated": (repeated, ("number", "refuse")),
    }
    for option, (value, words_) in allowed.items():
        check_name(option, value, words_)
    if measure.name != "GEN" and (scale != "identity" or words):
        raise OptionError(
            "scale" if scale != "identity" else "label",
            scale if scale != "identity" else "given",
            ["left out"],
            hint=f"{measure.name} has its own scale and words; use measure='GEN' for others.",
        )
    if given == "natural" and not (measure.scale.is_ratio or scale == "log"):
        raise OptionError("given", given, ["log"], hint="Only ratios have a natural scale.")


def _scale(measure: Measure, scale: str, label: str, short: str) -> Scale:
    """Return the scale of the estimates with the caller's words for it."""
    if measure.name != "GEN":
        return measure.scale
    default = "Ratio" if scale == "log" else measure.scale.label
    return Scale(scale, 0.0, label or default, short or label or default)
