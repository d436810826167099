"""Words for numbers: the grammar of counts, directions and intervals, used by every part."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from evisynth.analysis import AnalysisResult
from evisynth.display import (
    DASH,
    format_ci,
    format_count,
    format_number,
    format_p,
    format_percent,
    format_statistic,
    plural,
)
from evisynth.effects import EffectEstimates, Scale
from evisynth.extraction import Outcome
from evisynth.synthesis import PooledFit

__all__ = [
    "are",
    "ci_name",
    "count_first",
    "includes_no_effect",
    "interval_sentence",
    "join_words",
    "level_words",
    "lower_first",
    "participants",
    "participants_words",
    "results_of",
    "series",
    "shown",
    "shown_ci",
    "shown_estimate",
    "side_words",
    "spelled",
    "studies",
    "test_words",
    "upper_first",
    "with_article",
]

SPELLED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def series(words: Iterable[str], last: str = "and") -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> series(["a", "b", "c"]), series(["a", "b"]), series(["a"]), series([])
    ('a, b and c', 'a and b', 'a', '')
    """
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def join_words(words: Iterable[str]) -> str:
    """Join words that hold commas themselves: semicolons between them, ``and`` before the last.

    Examples
    --------
    >>> join_words(["apps, web", "messages"]), join_words(["a", "b"])
    ('apps, web; and messages', 'a and b')
    """
    items = list(words)
    if not any("," in item for item in items):
        return series(items)
    if len(items) < 2:
        return "".join(items)
    return f"{'; '.join(items[:-1])}; and {items[-1]}"


def spelled(count: int) -> str:
    """Write small counts as words, others as digits.

    Examples
    --------
    >>> spelled(2), spelled(0), spelled(12)
    ('two', 'no', '12')
    """
    return SPELLED[count] if 0 <= count < len(SPELLED) else format_count(count)


def studies(count: int) -> str:
    """Return ``1 study`` or ``3 studies``."""
    return plural(count, "study", "studies")


def are(count: int, one: str = "is", many: str = "are") -> str:
    """Choose the verb for a count.

    Examples
    --------
    >>> are(1), are(2), are(1, "was", "were")
    ('is', 'are', 'was')
    """
    return one if count == 1 else many


def lower_first(text: str) -> str:
    """Lower the first letter unless the word is an abbreviation.

    Examples
    --------
    >>> lower_first("Standardized mean difference"), lower_first("RCT only")
    ('standardized mean difference', 'RCT only')
    """
    if len(text) > 1 and text[1].isupper():
        return text
    return text[:1].lower() + text[1:]


def upper_first(text: str) -> str:
    """Raise the first letter."""
    return text[:1].upper() + text[1:]


def level_words(level: float) -> str:
    """Return a confidence level as words.

    Examples
    --------
    >>> level_words(0.95), level_words(0.975)
    ('95%', '97.5%')
    """
    percent = 100 * level
    whole = math.isclose(percent, round(percent), abs_tol=1e-9)
    return format_percent(percent, 0 if whole else 1)


def ci_name(level: float) -> str:
    """Return ``95% CI``."""
    return f"{level_words(level)} CI"


def shown(scale: Scale, value: float) -> str:
    """Format a value of the pooled scale on the scale that is shown."""
    return format_number(scale.shown(value))


def shown_ci(scale: Scale, lower: float, upper: float, separator: str = " to ") -> str:
    """Format limits of the pooled scale as they are shown; an en dash if there are none."""
    if math.isnan(lower) or math.isnan(upper):
        return DASH
    return format_ci(scale.shown(lower), scale.shown(upper), separator=separator)


def shown_estimate(scale: Scale, value: float, lower: float, upper: float) -> str:
    """Format an estimate with its limits for a table: ``−0.34 (−0.61 to −0.07)``."""
    if math.isnan(value):
        return DASH
    return f"{shown(scale, value)} ({shown_ci(scale, lower, upper)})"


def includes_no_effect(scale: Scale, lower: float, upper: float) -> bool:
    """Whether an interval holds the value of no effect."""
    return lower <= scale.null <= upper


def side_words(result: AnalysisResult, value: float) -> str:
    """Name the arm that a value of the pooled scale favours, with its article.

    A value below no effect favours the experimental arm when lower is better; at no effect the
    answer is ``""``.
    """
    null = result.fit.effects.scale.null
    if math.isnan(value) or value == null:
        return ""
    experimental = (value < null) == result.outcome.lower_is_better
    return with_article(result.plan.favours[0] if experimental else result.plan.favours[1])


def with_article(words: str) -> str:
    """Put ``the`` before words that have no article.

    Examples
    --------
    >>> with_article("control"), with_article("the app")
    ('the control', 'the app')
    """
    return words if words.split(" ")[0].lower() in ("the", "a", "an") else f"the {words}"


def count_first(count: int, singular: str, many: str | None = None) -> str:
    """Write a count with its noun at the start of a sentence.

    Examples
    --------
    >>> count_first(1, "record"), count_first(217, "record"), count_first(0, "study", "studies")
    ('One record', '217 records', 'No studies')
    """
    noun = singular if count == 1 else (many or f"{singular}s")
    return f"{upper_first(spelled(count))} {noun}"


def no_effect(scale: Scale) -> str:
    """Name the value of no effect on the scale that is shown, e.g. ``no effect (0)``."""
    return f"no effect ({format_number(scale.shown(scale.null), 0)})"


def interval_sentence(result: AnalysisResult, fit: PooledFit, subject: str) -> str:
    """Say what an interval leaves open, without a verdict.

    Parameters
    ----------
    result
        Analysis, for the words of the arms and the direction.
    fit
        The fit whose interval is read.
    subject
        Start of the sentence, e.g. ``"The confidence interval"``.

    Returns
    -------
    str
        A sentence; ``""`` where there is no interval.
    """
    scale = fit.effects.scale
    if math.isnan(fit.ci_lower) or math.isnan(fit.ci_upper):
        return ""
    if not includes_no_effect(scale, fit.ci_lower, fit.ci_upper):
        side = side_words(result, fit.estimate)
        return f"{subject} excludes {no_effect(scale)} and lies on the side that favours {side}."
    one = side_words(result, fit.ci_lower) or side_words(result, fit.estimate)
    other = side_words(result, fit.ci_upper)
    if one and other and one != other:
        return (
            f"{subject} includes {no_effect(scale)}: it is compatible with effects in favour of "
            f"{one} and of {other}."
        )
    return f"{subject} includes {no_effect(scale)}."


def participants(effects: EffectEstimates, which: Sequence[bool] | None = None) -> tuple[int, int]:
    """Count participants over the estimable rows.

    Parameters
    ----------
    effects
        Effect estimates whose data may hold the columns ``n1`` and ``n2``.
    which
        Rows to count; estimable rows if left out.

    Returns
    -------
    tuple of int
        Participants counted, and rows whose number is not known.
    """
    chosen = effects.estimable if which is None else np.asarray(which, dtype=bool)
    total = unknown = 0
    for place in np.flatnonzero(chosen):
        row = effects.data.iloc[int(place)]
        sizes = [float(row[name]) for name in ("n1", "n2") if name in effects.data.columns]
        if len(sizes) == 2 and all(math.isfinite(size) for size in sizes):
            total += round(sum(sizes))
        else:
            unknown += 1
    return total, unknown


def participants_words(effects: EffectEstimates) -> str:
    """Return ``1,234 participants``, with the number of studies that do not state theirs."""
    total, unknown = participants(effects)
    if not total:
        return ""
    words = plural(total, "participant")
    if unknown:
        words += f", not counting {studies(unknown)} without stated numbers"
    return words


def test_words(fit: PooledFit) -> str:
    """Return the test of no effect, e.g. ``t = −2.83, df = 9, P = 0.018``."""
    if math.isnan(fit.p_value):
        return ""
    parts = [f"{fit.test} = {format_statistic(fit.statistic)}"]
    if fit.test == "t":
        parts.append(f"df = {degrees(fit.df)}")
    parts.append(format_p(fit.p_value, symbol=True))
    return ", ".join(parts)


def degrees(df: float) -> str:
    """Format degrees of freedom: whole ones without decimals."""
    return format_number(df, 0 if math.isinf(df) or float(df).is_integer() else 2)


def outcome_words(outcome: Outcome) -> str:
    """Name an outcome inside a sentence."""
    return lower_first(outcome.label)


def results_of(results: Sequence[AnalysisResult], role: str) -> tuple[AnalysisResult, ...]:
    """Return the analyses of one role, in the plan's order."""
    return tuple(result for result in results if result.plan.role == role)
