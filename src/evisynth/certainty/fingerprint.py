"""The fingerprint of a result: what a rating was made for, known again later."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict

from evisynth.certainty.absolute import BaselineRisk
from evisynth.certainty.thresholds import Thresholds, TypicalScale
from evisynth.display import format_ci, format_level, format_number, plural
from evisynth.synthesis import PooledFit

__all__ = ["result_fingerprint", "result_words"]

LENGTH = 12
"""Hexadecimal digits kept."""
DIGITS_OF_STUDIES = 8
DIGITS_OF_FIT = 6
"""Significant digits that count: fewer than the last ones, which differ between processors."""
NEAR_ZERO = 9
"""Decimals below which a value counts as zero."""


def _number(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return str(float(value))
    return f"{round(float(value), NEAR_ZERO) + 0.0:.{digits}g}"


def result_words(fit: PooledFit) -> str:
    """Write a result for people, e.g. ``RR 0.68 (95% CI 0.59 to 0.79), 6 studies``.

    Examples
    --------
    >>> import evisynth as es
    >>> result_words(es.pool(es.effects(es.datasets.load("bcg"), measure="RR")))
    'RR 0.49 (95% CI 0.33 to 0.73), 13 studies'
    """
    scale = fit.effects.scale
    low, high = scale.shown_limits(fit.ci_lower, fit.ci_upper)
    return (
        f"{scale.short} {format_number(scale.shown(fit.estimate))} "
        f"({format_level(fit.options.level)} CI {format_ci(low, high, separator=' to ')}), "
        f"{plural(fit.k, 'study', 'studies')}"
    )


def result_fingerprint(
    fit: PooledFit,
    judgements: Mapping[str, str] | None = None,
    *,
    baselines: tuple[BaselineRisk, ...] = (),
    thresholds: Thresholds | None = None,
    typical: TypicalScale | None = None,
    design: str = "randomized",
) -> str:
    """Return twelve digits that change when the result moves that a rating was made for.

    They cover the estimate and variance of each study, its risk of bias, the pooled effect with its
    limits, the options of the model, and the baseline risks and thresholds: all that the
    proposals rest on. Rounding far above a processor's last digits keeps them the same elsewhere.

    Parameters
    ----------
    fit
        The pooled effect.
    judgements
        Risk of bias by study.
    baselines, thresholds, typical, design
        As given to `evisynth.certainty.evidence`.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), measure="RR"))
    >>> other = es.pool(es.effects(es.datasets.load("bcg"), measure="RR"), tau2="DL")
    >>> result_fingerprint(fit) == result_fingerprint(other)
    False
    """
    effects = fit.effects
    content = {
        "measure": [effects.measure, effects.scale.short, effects.scale.name],
        "options": {name: str(value) for name, value in asdict(fit.options).items()},
        "studies": sorted(
            [
                label,
                _number(float(effects.estimates[place]), DIGITS_OF_STUDIES),
                _number(float(effects.variances[place]), DIGITS_OF_STUDIES),
                (judgements or {}).get(label, ""),
            ]
            for place, label in enumerate(effects.labels)
        ),
        "pooled": [
            _number(value, DIGITS_OF_FIT) for value in (fit.estimate, fit.ci_lower, fit.ci_upper)
        ],
        "baselines": [_number(baseline.risk, DIGITS_OF_STUDIES) for baseline in baselines],
        "thresholds": None
        if thresholds is None
        else [thresholds.unit, *(f"{value:.8g}" for _, value in thresholds.marks)],
        "typical": None if typical is None else [typical.sd, typical.least_important()[0]],
        "design": design,
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:LENGTH]
