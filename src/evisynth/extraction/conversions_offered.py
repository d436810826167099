"""Conversions that a form offers: what is missing, what it is computed from, formula and source.

The numbers themselves are computed above this room, by `evisynth.effects`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from evisynth.extraction.entries import number_in
from evisynth.extraction.forms import Cell, Form

__all__ = ["CONVERSIONS", "Conversion", "Offer", "offers_for"]

HANDBOOK = "Cochrane Handbook 6.5.2"


@dataclass(frozen=True, slots=True)
class Conversion:
    """A way from numbers that are reported to one that is wanted.

    Attributes
    ----------
    id, title : str
        Name, and what people read.
    needs, gives : tuple of str
        Roles; those of ``by_arm`` conversions without the arm's number.
    formula, source : str
        In words, with the reference; stored with the value.
    by_arm : bool
        Whether it is one arm's; ``both`` (below) needs the sizes of the two arms.
    """

    id: str
    title: str
    needs: tuple[str, ...]
    gives: tuple[str, ...]
    formula: str
    source: str
    by_arm: bool = True


_QUANTILES = (
    "Luo et al. 2018, doi:10.1177/0962280216669183; Wan et al. 2014,"
    " doi:10.1186/1471-2288-14-135; Shi et al. 2020, doi:10.1002/jrsm.1429"
)

_ALL = (
    Conversion("sd-from-se", "SD from the standard error", ("n", "se"), ("sd",),
               "SD = SE × √n", f"{HANDBOOK}.2"),
    Conversion("sd-from-ci", "SD from the 95% confidence interval", ("n", "ci_lower", "ci_upper"),
               ("sd",), "SD = √n × (upper − lower) / (2 × t(0.975; n − 1))", f"{HANDBOOK}.2"),
    Conversion("mean-sd-from-five", "Mean and SD from median, quartiles and range",
               ("n", "minimum", "q1", "median", "q3", "maximum"), ("mean", "sd"),
               "weighted means of the five numbers, by n", _QUANTILES),
    Conversion("mean-sd-from-quartiles", "Mean and SD from median and quartiles",
               ("n", "q1", "median", "q3"), ("mean", "sd"),
               "weighted means of the three numbers, by n", _QUANTILES),
    Conversion("mean-sd-from-range", "Mean and SD from median and range",
               ("n", "minimum", "median", "maximum"), ("mean", "sd"),
               "weighted means of the three numbers, by n", _QUANTILES),
    Conversion("events-from-percent", "Events from per cent", ("n", "percent"), ("events",),
               "events = n × per cent / 100, rounded", "arithmetic"),
    Conversion("sd-from-t", "SD of both arms from the t value",
               ("mean1", "mean2", "n1", "n2", "t_value"), ("sd1", "sd2"),
               "SE = |mean1 − mean2| / |t|; SD = SE / √(1/n1 + 1/n2)", f"{HANDBOOK}.3",
               by_arm=False),
    Conversion("sd-from-p", "SD of both arms from the exact P value",
               ("mean1", "mean2", "n1", "n2", "p_value"), ("sd1", "sd2"),
               "t = t(1 − P/2; n1 + n2 − 2); SE = |mean1 − mean2| / t; SD = SE / √(1/n1 + 1/n2)",
               f"{HANDBOOK}.3", by_arm=False),
    Conversion("log-hazard-from-ratio", "Log hazard ratio and SE from the ratio and its limits",
               ("hazard_ratio", "hazard_lower", "hazard_upper"), ("estimate", "se"),
               "ln HR; SE = (ln upper − ln lower) / (2 × 1.96)",
               "Cochrane Handbook 6.8.2; Tierney et al. 2007, doi:10.1186/1745-6215-8-16",
               by_arm=False),
    Conversion("log-hazard-from-logrank", "Log hazard ratio and SE from O − E and its variance",
               ("observed_minus_expected", "logrank_variance"), ("estimate", "se"),
               "ln HR = (O − E) / V; SE = 1 / √V",
               "Cochrane Handbook 6.8.2; Tierney et al. 2007, doi:10.1186/1745-6215-8-16",
               by_arm=False),
    Conversion("se-from-ci", "SE from the 95% confidence interval", ("ci_lower", "ci_upper"),
               ("se",), "SE = (upper − lower) / (2 × 1.96)", "Cochrane Handbook 6.3.1",
               by_arm=False),
    Conversion("se-from-p-of-difference", "SE from the exact P value",
               ("difference", "n1", "n2", "p_value"), ("se",),
               "SE = |difference| / t(1 − P/2; n1 + n2 − 2)", "Cochrane Handbook 6.3.2",
               by_arm=False),
    Conversion("se-from-p-of-estimate", "SE from the exact P value", ("estimate", "p_value"),
               ("se",), "SE = |estimate| / z(1 − P/2)", "Cochrane Handbook 6.3.2", by_arm=False),
)  # fmt: skip

CONVERSIONS: dict[str, Conversion] = {made.id: made for made in _ALL}
"""Every conversion by its name; of several that give the same the first is offered first."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A conversion that the values of a row allow.

    Attributes
    ----------
    conversion : Conversion
        Which.
    arm : int
        Of which arm; 0: of both together.
    inputs : dict of str to float
        Numbers by role, without the arm's number where it is one arm's.
    from_cells, to_cells : tuple of str
        Columns that it reads and fills.
    """

    conversion: Conversion
    arm: int
    inputs: dict[str, float]
    from_cells: tuple[str, ...]
    to_cells: tuple[str, ...]


def offers_for(form: Form, texts: Mapping[str, str]) -> tuple[Offer, ...]:
    """Say which missing values of a row could be computed from the others.

    Examples
    --------
    >>> from evisynth.extraction import form_template
    >>> row = {"n1": "25", "mean1": "4", "se1": "0.5"}
    >>> [
    ...     (made.conversion.id, made.to_cells)
    ...     for made in offers_for(form_template("means", "m"), row)
    ... ]
    [('sd-from-se', ('sd1',))]
    """
    cells: dict[str, Cell] = {cell.role: cell for cell in form.cells if cell.role}
    values = {
        role: number
        for role, cell in cells.items()
        if not math.isnan(number := number_in(texts.get(cell.name, "")))
    }
    empty = {role for role, cell in cells.items() if not texts.get(cell.name, "").strip()}
    found: list[Offer] = []
    filled: set[str] = set()
    for conversion in CONVERSIONS.values():
        for arm in range(1, len(form.arms) + 1) if conversion.by_arm else (0,):
            suffix = str(arm) if arm else ""
            needs = [role + suffix for role in conversion.needs]
            gives = [role + suffix for role in conversion.gives if role + suffix in cells]
            wanted = [role for role in gives if role in empty and role not in filled]
            if wanted and gives[-1] in wanted and all(role in values for role in needs):
                filled.update(wanted)
                found.append(
                    Offer(
                        conversion,
                        arm,
                        {name: values[name + suffix] for name in conversion.needs},
                        tuple(cells[role].name for role in needs),
                        tuple(cells[role].name for role in wanted),
                    )
                )
    return tuple(found)
