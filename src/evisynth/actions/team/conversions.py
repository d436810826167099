"""Numbers computed from those that a report gives, with formula, source and inputs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evisynth.effects import (
    mean_sd_from_quantiles,
    sd_from_ci,
    sd_from_p,
    sd_from_se,
    sd_from_t,
    se_from_ci,
    se_from_p,
)
from evisynth.errors import EvisynthError
from evisynth.extraction import Form, Offer, offers_for

__all__ = ["Converted", "converted_values"]

DIGITS = 10
"""Significant digits kept of a computed value: more than any report prints, fewer than noise."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A conversion that can be taken: what it gives by column, and how.

    ``how`` is kept with each value: the formula, its source, the inputs, as JSON.
    """

    id: str
    title: str
    arm: int
    values: dict[str, str]
    formula: str
    source: str
    how: str
    note: str = ""


def _five(inputs: Mapping[str, float]) -> tuple[tuple[float, ...], str]:
    names = ("minimum", "q1", "median", "q3", "maximum")
    given = {name: inputs[name] for name in names if name in inputs}
    found = mean_sd_from_quantiles(
        inputs["n"], median=given.get("median"), minimum=given.get("minimum"),
        maximum=given.get("maximum"), q1=given.get("q1"), q3=given.get("q3"),
    )  # fmt: skip
    note = ""
    if bool(found.skewed[0]):
        note = "the sample is skewed by these numbers: mean and SD describe it badly"
    return (float(found.means[0]), float(found.sds[0])), note


def _between(inputs: Mapping[str, float], name: str) -> tuple[tuple[float, ...], str]:
    difference = inputs["mean1"] - inputs["mean2"]
    function = sd_from_t if name == "t_value" else sd_from_p
    sd = float(function(difference, inputs[name], inputs["n1"], inputs["n2"]))
    return (sd, sd), "one SD for both arms: that of the two together"


def _logrank(inputs: Mapping[str, float]) -> tuple[tuple[float, ...], str]:
    variance = inputs["logrank_variance"]
    return (inputs["observed_minus_expected"] / variance, 1 / math.sqrt(variance)), ""


def _hazard(inputs: Mapping[str, float]) -> tuple[tuple[float, ...], str]:
    lower, upper = math.log(inputs["hazard_lower"]), math.log(inputs["hazard_upper"])
    return (math.log(inputs["hazard_ratio"]), float(se_from_ci(lower, upper))), ""


_WAYS: dict[str, Callable[[Mapping[str, float]], tuple[tuple[float, ...], str]]] = {
    "sd-from-se": lambda v: ((float(sd_from_se(v["se"], v["n"])),), ""),
    "sd-from-ci": lambda v: ((float(sd_from_ci(v["ci_lower"], v["ci_upper"], v["n"])),), ""),
    "mean-sd-from-five": _five,
    "mean-sd-from-quartiles": _five,
    "mean-sd-from-range": _five,
    "events-from-percent": lambda v: ((float(round(v["n"] * v["percent"] / 100)),), "rounded"),
    "sd-from-t": lambda v: _between(v, "t_value"),
    "sd-from-p": lambda v: _between(v, "p_value"),
    "log-hazard-from-ratio": _hazard,
    "log-hazard-from-logrank": _logrank,
    "se-from-ci": lambda v: ((float(se_from_ci(v["ci_lower"], v["ci_upper"])),), ""),
    "se-from-p-of-difference": lambda v: (
        (float(se_from_p(v["difference"], v["p_value"], df=v["n1"] + v["n2"] - 2)),), ""
    ),
    "se-from-p-of-estimate": lambda v: ((float(se_from_p(v["estimate"], v["p_value"])),), ""),
}  # fmt: skip


def converted_values(form: Form, texts: Mapping[str, str]) -> tuple[Converted, ...]:
    """Return the conversions that the values of a row allow, computed.

    What cannot be computed (limits swapped, P = 0) is not offered; the checks say why.
    """
    found = []
    for offer in offers_for(form, texts):
        try:
            numbers, note = _WAYS[offer.conversion.id](offer.inputs)
        except (EvisynthError, ValueError, ZeroDivisionError, OverflowError):
            continue
        if all(map(math.isfinite, numbers)):
            found.append(_converted(form, offer, numbers, note))
    return tuple(found)


def _converted(form: Form, offer: Offer, numbers: tuple[float, ...], note: str) -> Converted:
    made = offer.conversion
    number = str(offer.arm) if offer.arm else ""
    by_role = {role + number: value for role, value in zip(made.gives, numbers, strict=True)}
    cells = {cell.name: cell for cell in form.cells}
    values = {name: f"{by_role[cells[name].role]:.{DIGITS}g}" for name in offer.to_cells}
    how = json.dumps(
        {"conversion": made.id, "formula": made.formula, "source": made.source,
         "inputs": offer.inputs},
        ensure_ascii=False, separators=(",", ":"), sort_keys=True,
    )  # fmt: skip
    return Converted(made.id, made.title, offer.arm, values, made.formula, made.source, how, note)
