"""The front door of conversions: effect estimates of one measure to those of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from evisynth.display import plural
from evisynth.effects.conversions import STEPS, Beside, Step, find_route
from evisynth.effects.estimates import EffectEstimates, Scale
from evisynth.effects.front import effects as effects_of
from evisynth.effects.measures import MEASURES
from evisynth.effects.table_columns import numbers_of
from evisynth.errors import DataError, OptionError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from evisynth.effects.columns import Column

__all__ = ["ConvertedValues", "convert", "convert_values"]

HAZARD = Scale("log", 0.0, "Hazard ratio", "HR")

CONVERTIBLE = ("OR", "RR", "RD", "HR", "SMD", "MD", "COR", "ZCOR", "CLESN")

SYNONYMS = {
    "LOGOR": "OR", "D": "SMD", "G": "SMD", "R": "COR", "Z": "ZCOR", "CLES": "CLESN",
    "AUC": "CLESN", "UCOR": "COR", "PETO": "OR", "D2ORN": "OR", "D2ORL": "OR", "SMDH": "SMD",
    "OR2DN": "SMD", "OR2DL": "SMD", "PBIT": "SMD", "RPB": "COR", "RBIS": "COR", "RTET": "COR",
    "PHI": "COR", "ZPB": "ZCOR", "ZBIS": "ZCOR", "ZTET": "ZCOR", "ZPHI": "ZCOR",
}  # fmt: skip

ALIKE = {"zhang-yu": "baseline", "baseline": "zhang-yu"}
"""Words for the same thing in different steps."""

WAY_OUT = {
    "baseline_risk": "Pass baseline_risk=0.2 (or a column), or a method without one",
    "n1": "Pass n1= and n2= (or columns)",
    "n2": "Pass n1= and n2= (or columns)",
    "sd": "Pass sd= (or a column)",
}

Z95 = float(special.ndtri(0.975))


@dataclass(frozen=True, slots=True, eq=False)
class ConvertedValues:
    """Converted values with their variances.

    Attributes
    ----------
    estimates, variances : ndarray, shape (K,)
        On the scale of the target (logarithms for OR, RR, HR; Fisher's z for ZCOR).
    source, target : str
        The measures.
    route : tuple of str
        Each step with its method, e.g. ``"OR to RR: zhang-yu"``.
    words : tuple of str
        What each step does, with its reference.
    """

    estimates: NDArray[np.float64]
    variances: NDArray[np.float64]
    source: str
    target: str
    route: tuple[str, ...]
    words: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return estimate, variance and se, a row a value."""
        import pandas as pd

        return pd.DataFrame(
            {
                "estimate": self.estimates,
                "variance": self.variances,
                "se": np.sqrt(self.variances),
            }
        )

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        steps = "; ".join(
            f"{name.split(':')[0]} {words}"
            for name, words in zip(self.route, self.words, strict=True)
        )
        return f"{self.source} was converted to {self.target} ({steps})."


def measure_name(name: str, option: str) -> str:
    """Return a measure that can be converted by its name or a synonym.

    Raises
    ------
    OptionError
        If there is none of that name.

    Examples
    --------
    >>> measure_name("CLES", "to")
    'CLESN'
    """
    word = str(name).upper()
    word = SYNONYMS.get(word, word)
    if word in CONVERTIBLE:
        return word
    hint = "See number_needed_to_treat." if word.startswith("NNT") else ""
    raise OptionError(option, name, (*CONVERTIBLE, "CLES"), hint=hint)


def choose_steps(
    source: str, target: str, method: str | Mapping[str, str] | None, known: set[str]
) -> list[tuple[str, Step]]:
    """Return the steps from one measure to another, each with its name "A to B".

    Raises
    ------
    OptionError
        If there is no way, a method is in none of the steps, or what it needs is not given.
    """
    if method is not None and not isinstance(method, (str, Mapping)):
        raise OptionError("method", method, ["a method's name", "names by conversion"])
    route = find_route(source, target)
    if not route:
        reachable = [name for name in CONVERTIBLE if name != source and find_route(source, name)]
        raise OptionError("to", target, reachable, hint=f"{source} cannot become {target}.")
    chosen: list[tuple[str, Step]] = []
    used = False
    for start, end in route:
        ways = {step.method: step for step in STEPS[start, end]}
        name = f"{start} to {end}"
        wanted = method.get(name) if isinstance(method, Mapping) else method
        if wanted is not None and wanted not in ways:
            wanted = ALIKE.get(wanted, wanted)
        if wanted in ways:
            used = True
            chosen.append((name, ways[str(wanted)]))
        elif isinstance(method, Mapping) and wanted is not None:
            raise OptionError(f"method of {name}", wanted, ways)
        else:
            chosen.append((name, next(iter(ways.values()))))
    if method is not None and not used:
        every = [step.method for pair in route for step in STEPS[pair]]
        raise OptionError("method", method, dict.fromkeys(every))
    for name, step in chosen:
        for need in step.needs:
            if need not in known:
                start, end = name.split(" to ")
                free = [s.method for s in STEPS[start, end] if not set(s.needs) - known]
                others = f" ({', '.join(free)})" if free and need == "baseline_risk" else ""
                raise OptionError(
                    need,
                    None,
                    ["a number", "a column's name", "one value a row"],
                    hint=f"{name} by {step.method!r} needs it. {WAY_OUT[need]}{others}.",
                )
    return chosen


def run_steps(
    steps: list[tuple[str, Step]],
    estimates: NDArray[np.float64],
    variances: NDArray[np.float64],
    beside: Beside,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Convert values and variances by some steps, one after the other; shapes (K,)."""
    y, v = estimates, variances
    for _, step in steps:
        with np.errstate(all="ignore"):
            x, slope = step.function(y, beside)
            if step.by_limits:
                half = Z95 * np.sqrt(v)
                low, high = (step.function(y + sign * half, beside)[0] for sign in (-1, 1))
                new = ((high - low) / (2 * Z95)) ** 2
            else:
                new = v * slope**2
        good = np.isfinite(x) & np.isfinite(new)
        y, v = np.where(good, x, np.nan), np.where(good, new, np.nan)
    return y, v


def convert_values(
    estimates: ArrayLike,
    variances: ArrayLike,
    source: str,
    to: str,
    *,
    method: str | Mapping[str, str] | None = None,
    baseline_risk: ArrayLike | None = None,
    n1: ArrayLike | None = None,
    n2: ArrayLike | None = None,
    sd: ArrayLike | None = None,
) -> ConvertedValues:
    """Convert arrays of effect estimates and their sampling variances to another measure.

    Parameters
    ----------
    estimates, variances
        Values of `source`: logarithms for OR, RR and HR, Fisher's z for ZCOR. Variances may be 0.
    source, to
        ``"OR" "RR" "RD" "HR" "SMD" "MD" "COR" "ZCOR" "CLES"``.
    method, baseline_risk, n1, n2, sd
        As in `convert`, as arrays or numbers.

    Returns
    -------
    ConvertedValues
        NaN where there is no such value (a risk beyond 1).

    Raises
    ------
    OptionError
        If a measure or method is not known or something is needed.
    DataError
        If a variance is negative or a baseline risk is not between 0 and 1.

    Examples
    --------
    Borenstein et al. 2009, chapter 7: log odds ratio 0.9069 with variance 0.0676.

    >>> d = convert_values(0.9069, 0.0676, "OR", "SMD")
    >>> d.estimates.round(4).tolist(), d.variances.round(4).tolist()
    ([0.5], [0.0205])
    """
    start, end = measure_name(source, "source"), measure_name(to, "to")
    given = {"baseline_risk": baseline_risk, "n1": n1, "n2": n2, "sd": sd}
    known = {name for name, value in given.items() if value is not None}
    steps = [] if start == end else choose_steps(start, end, method, known)
    arrays = np.broadcast_arrays(
        *(
            np.atleast_1d(np.asarray(np.nan if x is None else x, dtype=np.float64))
            for x in (estimates, variances, *given.values())
        )
    )
    beside = Beside(*arrays[2:])
    check_values(arrays[1], beside)
    y, v = run_steps(steps, arrays[0], arrays[1], beside)
    return ConvertedValues(
        y,
        v,
        start,
        end,
        tuple(f"{name}: {step.method}" for name, step in steps),
        tuple(step.words for _, step in steps),
    )


def check_values(variances: NDArray[np.float64], beside: Beside) -> None:
    """Refuse what no conversion can take.

    Raises
    ------
    DataError
        If a variance is negative, a risk not between 0 and 1, a size or SD not above 0.
    """
    if (variances < 0).any():
        raise DataError(f"a variance of {np.nanmin(variances):g} cannot be used")
    risk = beside.baseline_risk
    bad = (risk <= 0) | (risk >= 1)
    if bad.any():
        raise DataError(
            f"a baseline risk of {risk[bad][0]:g} cannot be used; it must lie between 0 and 1 "
            "(0.2 for 20%)"
        )
    for name, values in (("n1", beside.n1), ("n2", beside.n2), ("sd", beside.sd)):
        if (values <= 0).any():
            raise DataError(f"{name}: {np.nanmin(values):g} cannot be used; it must be above 0")


def convert(
    effects: EffectEstimates | pd.DataFrame | Mapping[str, Any],
    to: str,
    *,
    measure: str | None = None,
    method: str | Mapping[str, str] | None = None,
    baseline_risk: float | Column = None,
    n1: float | Column = None,
    n2: float | Column = None,
    sd: float | Column = None,
) -> EffectEstimates:
    """Convert effect estimates to another effect measure, variances by the delta method.

    Measures without a direct way go by the shortest one (HR by RR and OR to SMD); the notes say
    which. An odds ratio and a risk ratio can be told apart only with a baseline risk; without one
    there are approximations by name.

    Parameters
    ----------
    effects
        Effect estimates, or a table with `measure`.
    to
        ``"OR" "RR" "RD" "HR" "SMD" "MD" "COR" "ZCOR" "CLES"``.
    measure
        What the estimates are, for a table, or where `EffectEstimates` are generic (``"HR"``).
    method
        OR to and from RR: ``"zhang-yu"`` (with `baseline_risk`, the default), ``"grant"`` (the
        same, variance from the converted limits), ``"square-root"``, ``"rare"``. OR to and from
        SMD: ``"hasselblad-hedges"`` (the default), ``"cox"``, ``"probit"``. SMD to and from COR:
        ``"borenstein"`` (the default), ``"point-biserial"``, ``"biserial"``. OR to and from COR:
        ``"pearson"`` (the default), ``"digby"``. HR to and from RR: ``"vanderweele"`` (the
        default), ``"proportional"``, ``"rare"``. For several steps a dict, e.g.
        ``{"HR to RR": "proportional", "OR to SMD": "cox"}``.
    baseline_risk
        Risk without the intervention, between 0 and 1: a number, a column or values. It is taken
        as known: its own uncertainty is not in the variance.
    n1, n2
        Sizes of the groups, where not in the data.
    sd
        Standard deviation of the scale of a mean difference.

    Returns
    -------
    EffectEstimates
        With the same rows and data; a row that cannot be converted is NaN with a reason.

    Raises
    ------
    OptionError
        If a measure, method or column is not known, or something is needed that is not given.

    References
    ----------
    The notes name the reference of each step.

    Examples
    --------
    >>> import evisynth as es
    >>> trials = {"study": ["A"], "events1": [30], "n1": [100], "events2": [50], "n2": [100]}
    >>> odds = es.effects(trials, "OR")
    >>> risks = convert(odds, "RR", baseline_risk=0.5)
    >>> round(float(np.exp(risks.estimates[0])), 4), risks.notes[-2][:15]
    (0.6, 'converted from ')
    """
    made = _as_estimates(effects, measure)
    start, end = _measure_of(made, measure), measure_name(to, "to")
    if start == end:
        return made
    frame = made.data
    found = {"baseline_risk": numbers_of(frame, baseline_risk, "baseline_risk")}
    for name, given in (("n1", n1), ("n2", n2)):
        chosen = made.columns.get(name) if given is None else given
        found[name] = numbers_of(frame, chosen, name)
    found["sd"] = numbers_of(frame, sd, "sd")
    known = {name for name, values in found.items() if values is not None}
    steps = choose_steps(start, end, method, known)
    nothing = np.full(len(made), np.nan)
    beside = Beside(**{k: nothing if v is None else v for k, v in found.items()})
    check_values(made.variances[made.estimable], beside)
    y, v = run_steps(steps, made.estimates, made.variances, beside)
    lost = made.estimable & ~(np.isfinite(y) & np.isfinite(v))
    reasons = [
        _reason(beside, steps, row) if lost[row] else reason
        for row, reason in enumerate(made.reasons)
    ]
    way = "; ".join(f"{name} {step.words}" for name, step in steps)
    notes = [*made.notes, f"converted from {start} to {end}: {way}"]
    if any("baseline_risk" in step.needs for _, step in steps):
        notes.append("the baseline risk is taken as known")
    if lost.any():
        notes.append(f"{plural(int(lost.sum()), 'row')} could not be converted; see the reasons")
    generic = end == "HR"
    return EffectEstimates(
        measure="GEN" if generic else end,
        scale=HAZARD if generic else MEASURES[end].scale,
        labels=made.labels,
        estimates=y,
        variances=v,
        reasons=tuple(reasons),
        method=f"{made.method}; converted to {end}: {way}",
        data=made.data,
        columns=made.columns,
        notes=tuple(notes),
    )


def _as_estimates(
    effects: EffectEstimates | pd.DataFrame | Mapping[str, Any], measure: str | None
) -> EffectEstimates:
    if isinstance(effects, EffectEstimates):
        return effects
    if measure is None:
        raise OptionError("measure", None, CONVERTIBLE, hint="A table does not say what it holds.")
    name = measure_name(measure, "measure")
    if name == "HR":
        return effects_of(effects, "GEN", scale="log", label="Hazard ratio", short="HR")
    return effects_of(effects, name)


def _measure_of(made: EffectEstimates, measure: str | None) -> str:
    """Return what estimates are: their measure, or that of generic ones by name."""
    own = made.scale.short.upper() if made.measure == "GEN" else made.measure
    if measure is None:
        if SYNONYMS.get(own, own) not in CONVERTIBLE:
            raise OptionError(
                "measure", made.scale.short, CONVERTIBLE, hint="Say what they are, measure='HR'."
            )
        return measure_name(own, "measure")
    name = measure_name(measure, "measure")
    if made.measure != "GEN" and measure_name(made.measure, "effects") != name:
        raise OptionError("measure", measure, [made.measure], hint="The estimates say otherwise.")
    return name


def _reason(beside: Beside, steps: list[tuple[str, Step]], row: int) -> str:
    """Say why a row could not be converted."""
    needs = {need for _, step in steps for need in step.needs}
    for need in ("baseline_risk", "n1", "n2", "sd"):
        if need in needs and np.isnan(getattr(beside, need)[row]):
            return f"no {need.replace('_', ' ')} to convert with"
    return "there is no such value: a risk or correlation would be out of its range"
