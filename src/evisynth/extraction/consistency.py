"""Numbers of one row that say the same thing twice, compared within their rounding.

Each printed number stands for an interval, half a unit of its last digit to either side. Two ways
to a number agree when their intervals meet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from evisynth.extraction.outcome_data import DataKind

__all__ = ["disagreements"]

_SLACK = 1e-9
"""Relative widening of every interval, for the arithmetic of binary fractions."""

_Range = tuple[float, float]


def _half_unit(text: str) -> float:
    """Half a unit of the last digit written, e.g. 0.005 for ``"1.20"``."""
    mantissa, _, exponent = text.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(0.5 * 10.0 ** (int(exponent or 0) - decimals))


def _times(one: _Range, factor: float) -> _Range:
    return one[0] * factor, one[1] * factor


def _meet(one: _Range, other: _Range) -> bool:
    return one[0] <= other[1] * (1 + _SLACK) and other[0] <= one[1] * (1 + _SLACK)


def disagreements(
    kind: DataKind,
    values: Mapping[str, float],
    texts: Mapping[str, str],
    columns: Mapping[str, str],
) -> Iterator[str]:
    """Compare SD, SE and confidence limits of a row that all are given.

    SD = SE sqrt(n) within an arm, and SE / sqrt(1/n1 + 1/n2) for a difference; SE = width of the
    95% interval over twice the quantile, of t or of the normal, whichever fits (Cochrane Handbook
    6.5.2.2 and 6.5.2.3).

    Parameters
    ----------
    kind
        What the numbers are.
    values
        Numbers by standard name.
    texts
        The same as they are written, for their decimals.
    columns
        Columns by standard name, for the messages.

    Yields
    ------
    str
        One sentence for each pair that does not agree.

    Examples
    --------
    >>> values = {"n1": 25, "sd1": 5.0, "se1": 1.5}
    >>> list(disagreements("means", values, {"sd1": "5.0", "se1": "1.5"}, {}))
    ['sd1 is 5 and 7.5 by se1; they differ beyond rounding']
    """

    def given(name: str) -> _Range:
        half = _half_unit(texts[name])
        return values[name] - half, values[name] + half

    def compare(target: str, by: str, ranges: list[_Range]) -> Iterator[str]:
        if any(_meet(given(target), one) for one in ranges):
            return
        recomputed = " or ".join(dict.fromkeys(f"{(low + high) / 2:.4g}" for low, high in ranges))
        name = columns.get(target, target)
        yield f"{name} is {values[target]:g} and {recomputed} by {by}; they differ beyond rounding"

    def width(low: str, high: str) -> _Range:
        (low_a, low_b), (high_a, high_b) = given(low), given(high)
        return max(high_a - low_b, 0.0), high_b - low_a

    def standard_errors(low: str, high: str, df: float) -> list[_Range]:
        from scipy.special import ndtri, stdtrit

        quantiles = [float(ndtri(0.975))]
        if df >= 1:
            quantiles.insert(0, float(stdtrit(df, 0.975)))
        return [_times(width(low, high), 1 / (2 * quantile)) for quantile in quantiles]

    if kind in ("means", "changes"):
        for arm in ("1", "2"):
            n, sd, se = f"n{arm}", f"sd{arm}", f"se{arm}"
            limits = (f"ci_lower{arm}", f"ci_upper{arm}")
            named = " and ".join(columns.get(name, name) for name in limits)
            if n not in values:
                continue
            root = math.sqrt(values[n])
            if sd in values and se in values:
                yield from compare(sd, columns.get(se, se), [_times(given(se), root)])
            if all(limit in values for limit in limits):
                found = standard_errors(*limits, values[n] - 1)
                if sd in values:
                    yield from compare(sd, named, [_times(one, root) for one in found])
                elif se in values:
                    yield from compare(se, named, found)
    elif kind in ("difference", "estimate"):
        sizes = "n1" in values and "n2" in values
        if kind == "difference" and sizes and "sd" in values and "se" in values:
            root = math.sqrt(1 / values["n1"] + 1 / values["n2"])
            by = columns.get("se", "se")
            yield from compare("sd", by, [_times(given("se"), 1 / root)])
        if "ci_lower" in values and "ci_upper" in values and "se" in values:
            df = values["n1"] + values["n2"] - 2 if sizes else 0
            named = " and ".join(columns.get(name, name) for name in ("ci_lower", "ci_upper"))
            yield from compare("se", named, standard_errors("ci_lower", "ci_upper", df))
        if kind == "estimate" and "variance" in values and "se" in values:
            low, high = given("se")
            yield from compare("variance", columns.get("se", "se"), [(low * abs(low), high**2)])
