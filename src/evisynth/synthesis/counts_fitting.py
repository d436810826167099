"""What the fronts of count models share: options, tests by name, limits, notes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evisynth.display import plural
from evisynth.effects import EffectEstimates
from evisynth.errors import OptionError
from evisynth.stats import CountTest, normal_quantile, two_sided_p
from evisynth.synthesis.counts_reading import Counts
from evisynth.synthesis.counts_results import CountFit, NamedTest
from evisynth.synthesis.inputs import repeated_words

__all__ = ["check_level", "count_fit", "named_test", "table_notes"]

Floats = NDArray[np.float64]


def check_level(level: float) -> None:
    """Refuse a confidence level that is none.

    Raises
    ------
    OptionError
        If it does not lie between 0 and 1.
    """
    if not (isinstance(level, (int, float)) and 0 < level < 1):
        raise OptionError("level", level, ["a number between 0 and 1, e.g. 0.95"])


def named_test(name: str, question: Any, found: CountTest, words: str) -> NamedTest:
    """Return the first test of a batch with its name and words."""
    statistic = float(found.statistic[0])
    return NamedTest(
        name=name,
        question=question,
        statistic=statistic,
        df=int(found.df[0]),
        p_value=float(found.p_value[0]),
        words=words,
        reason="" if np.isfinite(statistic) else "the counts do not tell",
    )


def count_fit(
    made: EffectEstimates,
    method: Any,
    model: Any,
    words: str,
    sentence: str,
    k: int,
    estimate: float,
    se: float,
    level: float,
    tau2: float,
    tests: list[NamedTest],
    weights: Floats,
    notes: tuple[str, ...],
    reason: str = "",
) -> CountFit:
    """Form limits, test and inconsistency of a fit."""
    half = normal_quantile(level) * se
    statistic = estimate / se if se > 0 else float("nan")
    q, df = tests[0].statistic, tests[0].df
    known = df > 0 and np.isfinite(q)
    i2 = max(0.0, 100 * (q - df) / q) if known and q > 0 else 0.0 if known else float("nan")
    return CountFit(
        effects=made,
        method=method,
        model=model,
        words=words,
        sentence=sentence,
        k=k,
        estimate=estimate,
        se=se,
        ci_lower=estimate - half,
        ci_upper=estimate + half,
        statistic=statistic,
        df=float("inf"),
        p_value=float(two_sided_p(statistic, np.inf)),
        level=level,
        tau2=tau2,
        i2=i2,
        h2=q / df if known else float("nan"),
        tests=tuple(tests),
        weights=weights,
        notes=notes,
        coefficients=(estimate,),
        coefficient_se=(se,),
        covariance=((se * se,),),
        reason=reason,
    )


def table_notes(counts: Counts, rules: str) -> tuple[str, ...]:
    """Say which rows have no counts, and which tell nothing of the effect."""
    made = counts.effects
    notes = [repeated_words(made)] * bool(made.repeated)
    out = np.flatnonzero(~counts.complete)
    if out.size:
        which = ", ".join(made.labels[row] for row in out)
        notes.append(f"{plural(out.size, 'row')} without counts could not be used: {which}.")
    none = np.flatnonzero(counts.complete & ~made.estimable)
    if none.size:
        which = ", ".join(made.labels[row] for row in none)
        difference = made.measure in ("RD", "IRD")
        verb = "counted in the estimate, not in Q" if difference else "tells nothing of the effect"
        if rules == "revman":
            verb = "left out"
        notes.append(
            f"{plural(none.size, 'study', 'studies')} without an estimate of its own "
            f"({made.reasons[none[0]]}), {verb}: {which}."
        )
    return tuple(notes)
