"""The universes of a multiverse analysis: which rows, which estimates, which options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evisynth.display import format_count
from evisynth.effects import EffectEstimates, effects
from evisynth.errors import EvisynthError, OptionError
from evisynth.synthesis.further import needs_common_options
from evisynth.synthesis.inputs import as_effects
from evisynth.synthesis.options import FitOptions, find_word, fit_options

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OUTLIER_RULES", "Universe", "make_universes"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

POOLING = ("model", "tau2", "ci", "safeguard")
OUTLIER_RULES = ("kept", "rstudent", "influential", "interval")
OUTLIER_SYNONYMS = {
    "keep": "kept", "none": "kept", "no": "kept", "all": "kept", "studentized": "rstudent",
    "influence": "influential", "ci": "interval", "confidence": "interval",
}  # fmt: skip
EFFECT_OPTIONS = tuple(
    name for name in inspect.signature(effects).parameters if name not in ("data", "subset")
)
MOST = 200_000
"""More universes than this are refused: nobody declared so many on purpose."""


@dataclass(frozen=True, slots=True)
class Universe:
    """One way through the choices.

    Attributes
    ----------
    names : tuple of str
        The choice of each factor by name; ``""`` where it has no bearing.
    effects : EffectEstimates or None
        The estimates, None where they could not be made.
    rows : ndarray of bool, shape (K,)
        Which of them are pooled.
    options : FitOptions
        How they are pooled.
    outliers : str
        The rule by which outliers are left out, ``"kept"`` for none.
    reason : str
        Why there are no estimates, or ``""``.
    """

    names: tuple[str, ...]
    effects: EffectEstimates | None
    rows: Bools
    options: FitOptions
    outliers: str
    reason: str


def make_universes(
    data: EffectEstimates | pd.DataFrame,
    choices: Mapping[str, object],
    base: FitOptions,
    fixed: Mapping[str, Any],
    cluster: str | None,
) -> tuple[tuple[str, ...], list[Universe], int]:
    """Return the factors, the distinct universes, and how many combinations were the same."""
    factors = tuple(choices)
    levels = [_levels(factor, choices[factor]) for factor in factors]
    size = int(np.prod([len(level) for level in levels], dtype=np.float64))
    if size > MOST:
        raise OptionError(
            "choices", f"{format_count(size)} combinations", [f"at most {format_count(MOST)}"],
            hint="Leave out choices that nobody would defend.",
        )  # fmt: skip
    _check_factors(data, factors, cluster)
    made: dict[tuple[str, ...], EffectEstimates | str] = {}
    masks: dict[tuple[int, tuple[str, ...]], Bools | str] = {}
    seen: set[tuple[object, ...]] = set()
    universes: list[Universe] = []
    same = 0
    for combination in product(*levels):
        names = dict(zip(factors, (name for name, _ in combination), strict=True))
        values = dict(zip(factors, (value for _, value in combination), strict=True))
        options = _options(base, fixed, values)
        names = _without_bearing(names, options)
        key = tuple(f"{f}={names[f]}" for f in factors if f not in POOLING and not _is_subset(f)
                    and f != "outliers")  # fmt: skip
        if key not in made:
            made[key] = _effects(data, fixed, values, cluster)
        found = made[key]
        reason, rows = "", np.zeros(0, dtype=np.bool_)
        if isinstance(found, str):
            reason = found
        else:
            where = (id(found), tuple(names[f] for f in factors if _is_subset(f)))
            if where not in masks:
                masks[where] = _rows(found, {f: v for f, v in values.items() if _is_subset(f)})
            mask = masks[where]
            if isinstance(mask, str):
                reason = mask
            else:
                rows = mask
        outliers = find_word(
            "outliers", values.get("outliers", "kept"), OUTLIER_RULES, OUTLIER_SYNONYMS
        )
        universe = Universe(
            tuple(names[f] for f in factors),
            None if reason or isinstance(found, str) else found,
            rows,
            options,
            outliers,
            reason,
        )
        mark = _mark(universe, key)
        if mark in seen:
            same += 1
            continue
        seen.add(mark)
        universes.append(universe)
    return factors, universes, same


def _mark(universe: Universe, key: tuple[str, ...]) -> tuple[object, ...]:
    """Return what two universes share exactly when they are the same computation."""
    options = universe.options
    random = options.model == "random"
    guard = options.safeguard if options.ci == "HKSJ" else ""
    how = (options.model, options.tau2 if random else "", options.ci, guard, universe.outliers)
    return (key, universe.rows.tobytes(), universe.reason, *how)


def _is_subset(factor: str) -> bool:
    return factor == "subset" or factor.startswith("subset:")


def _levels(factor: str, given: object) -> list[tuple[str, Any]]:
    """Return the choices of a factor as pairs of name and value."""
    if isinstance(given, Mapping):
        pairs = [(str(name), value) for name, value in given.items()]
    elif isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
        pairs = [(_name(factor, given), given)]
    else:
        pairs = [(_name(factor, value), value) for value in given]
    if not pairs:
        raise OptionError("choices", factor, ["a factor with at least one choice"])
    if len({name for name, _ in pairs}) != len(pairs):
        raise OptionError(
            "choices", [name for name, _ in pairs], ["choices with different names"],
            hint=f"Give the choices of {factor!r} as a dict of name to value.",
        )  # fmt: skip
    return pairs


def _name(factor: str, value: object) -> str:
    if value is None or (isinstance(value, str) and not value):
        return {"subset": "all", "data": "as given", "correlation": "not averaged"}.get(
            factor.split(":")[0], "default"
        )
    if isinstance(value, Mapping):
        return ", ".join(f"{column}: {_cell(wanted)}" for column, wanted in value.items())
    if callable(value):
        return getattr(value, "__name__", "function")
    if isinstance(value, (str, int, float)):
        return str(value)
    raise OptionError(
        "choices", type(value).__name__, ["a dict of name to value"],
        hint=f"A choice of {factor!r} that is not a word or number needs a name.",
    )  # fmt: skip


def _cell(wanted: object) -> str:
    if isinstance(wanted, (list, tuple, set)):
        return " or ".join(str(one) for one in wanted)
    return str(wanted)


def _check_factors(data: object, factors: tuple[str, ...], cluster: str | None) -> None:
    for factor in factors:
        if factor in POOLING or factor in ("outliers", "data") or _is_subset(factor):
            continue
        if factor == "correlation":
            if cluster is None and "correlation" not in EFFECT_OPTIONS:
                raise OptionError(
                    "cluster", cluster, ["the column that names the study"],
                    hint="Estimates of a study are averaged with the correlation assumed.",
                )  # fmt: skip
            continue
        if factor in EFFECT_OPTIONS:
            if isinstance(data, EffectEstimates):
                raise OptionError(
                    "choices", factor, [*POOLING, "outliers", "subset", "correlation", "data"],
                    hint="Options of effects() need the table of the studies, not estimates.",
                )  # fmt: skip
            continue
        raise OptionError(
            "choices", factor,
            [*POOLING, "outliers", "subset", "subset: <name>", "correlation", "data",
             *EFFECT_OPTIONS],
        )  # fmt: skip


def _options(base: FitOptions, fixed: Mapping[str, Any], values: Mapping[str, Any]) -> FitOptions:
    words = {name: getattr(base, name) for name in POOLING}
    words |= {name: value for name, value in fixed.items() if name in POOLING}
    words |= {name: value for name, value in values.items() if name in POOLING}
    options = fit_options(**words, prediction="none", level=base.level, further=False)
    needs_common_options(options, "multiverse analysis")
    return options


def _without_bearing(names: dict[str, str], options: FitOptions) -> dict[str, str]:
    """Blank the choices that the model does not use, and name the interval that it does use."""
    out = dict(names)
    if options.model == "equal":
        if "tau2" in out:
            out["tau2"] = ""
        if "ci" in out:
            out["ci"] = options.ci
    if options.ci != "HKSJ" and "safeguard" in out:
        out["safeguard"] = ""
    return out


def _effects(
    data: EffectEstimates | pd.DataFrame,
    fixed: Mapping[str, Any],
    values: Mapping[str, Any],
    cluster: str | None,
) -> EffectEstimates | str:
    """Make the estimates of a universe, or say why there are none."""
    source: Any = data
    chosen = values.get("data")
    if chosen is not None:
        source = chosen(data) if callable(chosen) else chosen
    asked = {n: v for n, v in fixed.items() if n in EFFECT_OPTIONS}
    asked |= {n: v for n, v in values.items() if n in EFFECT_OPTIONS}
    if cluster is not None:
        asked.pop("correlation", None)
    try:
        if isinstance(source, EffectEstimates):
            made = source
        elif asked:
            made = as_effects(effects(source, **asked))
        else:
            made = as_effects(source)
        if cluster is not None and values.get("correlation") is not None:
            made = _average(made, cluster, float(values["correlation"]))
    except OptionError:
        raise
    except EvisynthError as error:
        return str(error)
    return made


def _rows(made: EffectEstimates, selections: Mapping[str, Any]) -> Bools | str:
    """Return the rows that every selection keeps."""
    keep = made.estimable.copy()
    for factor, wanted in selections.items():
        keep &= _selected(made, factor, wanted)
    return keep if keep.any() else "no study with an estimate is left"


def _selected(made: EffectEstimates, factor: str, wanted: Any) -> Bools:
    data = made.data
    if wanted is None or (isinstance(wanted, str) and wanted in ("", "all")):
        return np.ones(len(made), dtype=np.bool_)
    if isinstance(wanted, Mapping):
        keep = np.ones(len(made), dtype=np.bool_)
        for column, value in wanted.items():
            if column not in data.columns:
                raise OptionError(factor, column, [str(name) for name in data.columns])
            several = isinstance(value, (list, tuple, set, frozenset))
            keep &= data[column].isin(list(value) if several else [value]).to_numpy()
        return keep
    if isinstance(wanted, str):
        try:
            answer = data.eval(wanted)
        except (SyntaxError, NameError, ValueError, TypeError) as error:
            raise OptionError(
                factor, wanted, ["a comparison of columns, e.g. \"rob == 'low'\""],
                hint=str(error),
            ) from error  # fmt: skip
    else:
        answer = wanted(data) if isinstance(wanted, Callable) else wanted  # type: ignore[arg-type]
    keep = np.asarray(answer)
    if keep.shape != (len(made),) or keep.dtype.kind != "b":
        raise OptionError(
            factor, f"values of shape {keep.shape}, {keep.dtype}",
            [f"{len(made)} truth values, one a row"],
        )  # fmt: skip
    return np.asarray(keep, dtype=np.bool_)


def _average(made: EffectEstimates, cluster: str, correlation: float) -> EffectEstimates:
    """Average the estimates of each cluster with a common correlation of their errors.

    Generalized least squares within the cluster (Gleser and Olkin 2009); further columns keep the
    value of the cluster's first row.
    """
    if not -1 < correlation < 1:
        raise OptionError("correlation", correlation, ["a number between -1 and 1, e.g. 0.6"])
    if cluster not in made.data.columns:
        raise OptionError("cluster", cluster, [str(name) for name in made.data.columns])
    names = made.data[cluster].astype(str).to_numpy()
    here = made.estimable
    labels = list(dict.fromkeys(names))
    first, y, v, reasons = [], [], [], []
    for label in labels:
        members = np.flatnonzero(names == label)
        first.append(int(members[0]))
        used = members[here[members]]
        if not used.size:
            y.append(np.nan)
            v.append(np.nan)
            reasons.append(made.reasons[members[0]])
            continue
        se = np.sqrt(made.variances[used])
        matrix = correlation * np.outer(se, se)
        np.fill_diagonal(matrix, se**2)
        weights = np.linalg.solve(matrix, np.ones(len(se)))
        total = float(weights.sum())
        if not total > 0:
            y.append(np.nan)
            v.append(np.nan)
            reasons.append(f"a correlation of {correlation:g} is not possible in this cluster")
            continue
        y.append(float(weights @ made.estimates[used]) / total)
        v.append(1 / total)
        reasons.append("")
    return EffectEstimates(
        measure=made.measure,
        scale=made.scale,
        labels=tuple(labels),
        estimates=np.array(y),
        variances=np.array(v),
        reasons=tuple(reasons),
        method=f"{made.method} Averaged within {cluster}, correlation {correlation:g}.".strip(),
        data=made.data.iloc[first].reset_index(drop=True),
        columns=made.columns,
        notes=made.notes,
    )
