"""How numbers look in text, tables and figures: formed here and nowhere else.

Inside the program numbers keep their full precision; only what is shown is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

__all__ = [
    "decimals_for",
    "format_ci",
    "format_columns",
    "format_count",
    "format_estimate",
    "format_level",
    "format_number",
    "format_p",
    "format_percent",
    "format_statistic",
    "plural",
]

MINUS = "−"
"""The minus sign of typography (U+2212), as wide as the plus."""

DASH = "–"
"""En dash, for what is not there and between years."""


def format_number(value: float, digits: int = 2) -> str:
    """Format a number with a fixed count of decimals and a true minus sign.

    Parameters
    ----------
    value
        The number; NaN gives an en dash, infinity the sign ``∞``.
    digits
        Decimals kept.

    Examples
    --------
    >>> format_number(-0.345)
    '−0.34'
    >>> format_number(-0.001)
    '0.00'
    """
    if math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def format_estimate(value: float, lower: float, upper: float, digits: int = 2) -> str:
    """Format an estimate with its interval, ``−0.34 [−0.61, −0.07]``.

    Examples
    --------
    >>> format_estimate(-0.344, -0.614, -0.075)
    '−0.34 [−0.61, −0.07]'
    """
    return f"{format_number(value, digits)} [{format_ci(lower, upper, digits)}]"


def format_ci(lower: float, upper: float, digits: int = 2, separator: str = ", ") -> str:
    """Format the two limits of an interval.

    Examples
    --------
    >>> format_ci(-0.6137, -0.0748, separator=" to ")
    '−0.61 to −0.07'
    """
    return f"{format_number(lower, digits)}{separator}{format_number(upper, digits)}"


def format_p(value: float, *, symbol: bool = False) -> str:
    """Format a P value: two digits from .10 up, three below, ``<.001`` at the end.

    Parameters
    ----------
    value
        P value between 0 and 1; NaN gives an en dash.
    symbol
        Prefix with ``P = `` or ``P < ``.

    Examples
    --------
    >>> format_p(0.017875), format_p(0.38), format_p(1e-5), format_p(0.998)
    ('0.018', '0.38', '<0.001', '>0.99')
    >>> format_p(1e-5, symbol=True)
    'P < 0.001'
    """
    if math.isnan(value):
        return f"P = {DASH}" if symbol else DASH
    sign, text = "=", f"{value:.3f}" if value < 0.0995 else f"{value:.2f}"
    if value < 0.001:
        sign, text = "<", "0.001"
    elif value > 0.99:
        sign, text = ">", "0.99"
    if symbol:
        return f"P {sign} {text}"
    return text if sign == "=" else f"{sign}{text}"


def format_percent(value: float, digits: int = 0) -> str:
    """Format a percentage given on the scale 0 to 100.

    Examples
    --------
    >>> format_percent(81.46), format_percent(81.46, 1)
    ('81%', '81.5%')
    """
    text = format_number(value, digits)
    return text if text == DASH else f"{text}%"


def format_level(level: float) -> str:
    """Format a confidence level in percent, with a decimal only where it has one.

    Examples
    --------
    >>> format_level(0.95), format_level(0.975)
    ('95%', '97.5%')
    """
    percent = 100 * level
    return format_percent(percent, 0 if abs(percent - round(percent)) < 1e-9 else 1)


def format_statistic(value: float) -> str:
    """Format a test statistic with two decimals."""
    return format_number(value, 2)


def decimals_for(error: float) -> int:
    """Return the decimals that numbers need whose typical error is given: two, or more or fewer.

    Parameters
    ----------
    error
        A typical standard error, on the scale that is shown.

    Examples
    --------
    >>> decimals_for(0.3), decimals_for(0.0004), decimals_for(25.0), decimals_for(float("nan"))
    (2, 5, 1, 2)
    """
    if not math.isfinite(error) or error <= 0 or 0.01 <= error < 10:
        return 2
    if error < 0.01:
        return min(1 - math.floor(math.log10(error)), 10)
    return 1 if error < 100 else 0


def format_count(value: int) -> str:
    """Format a count, with a comma between thousands.

    Examples
    --------
    >>> format_count(12345)
    '12,345'
    """
    return f"{value:,}"


def plural(count: int, singular: str, many: str | None = None) -> str:
    """Join a count and its noun.

    Examples
    --------
    >>> plural(1, "study", "studies"), plural(3, "study", "studies"), plural(2, "trial")
    ('1 study', '3 studies', '2 trials')
    """
    noun = singular if count == 1 else (many or f"{singular}s")
    return f"{format_count(count)} {noun}"


def format_columns(
    rows: Sequence[Sequence[str]], indent: str = "  ", right: Collection[int] = ()
) -> list[str]:
    """Lay rows of cells out in columns of plain text, each to the left but those named.

    Examples
    --------
    >>> format_columns([["a", "1"], ["bcd", "22"]])
    ['  a    1', '  bcd  22']
    >>> format_columns([["a", "n"], ["bcd", "22"], ["e", "3"]], right=[1])
    ['  a     n', '  bcd  22', '  e     3']
    """
    if not rows:
        return []
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        indent
        + "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
