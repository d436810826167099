"""A result as the domains of GRADE look at it, whether of a plan or a single fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evisynth.analysis import AnalysisResult
from evisynth.appraisal import Assessment, judgement_for
from evisynth.certainty.absolute import BaselineRisk, Relation, numbers_of_role, relation_of
from evisynth.certainty.thresholds import Ruler, TypicalScale
from evisynth.display import format_ci, format_level, format_number
from evisynth.errors import DataError, NotEstimableError
from evisynth.synthesis import (
    AsymmetryTest,
    PooledFit,
    TrimAndFill,
    asymmetry_test,
    trim_and_fill,
)

__all__ = ["Case", "case_of", "judgements_of", "participants_of"]


@dataclass(frozen=True, slots=True)
class Case:
    """What the domains are computed from.

    ``judgements`` has the risk of bias of this result by study; ``ruler`` brings values to the unit
    of the thresholds.
    """

    id: str
    title: str
    fit: PooledFit
    judgements: Mapping[str, str]
    ruler: Ruler
    lower_is_better: bool = True
    baselines: tuple[BaselineRisk, ...] = ()
    typical: TypicalScale | None = None
    trim_and_fill: TrimAndFill | None = None
    asymmetry: Mapping[str, AsymmetryTest] = field(default_factory=dict)
    not_reported: int | None = None
    registered: int | None = None
    relative_reduction: float = 0.25

    @property
    def relation(self) -> Relation | None:
        """How the measure becomes a risk; None for continuous measures."""
        return relation_of(self.fit.effects.scale)

    @property
    def labels(self) -> tuple[str, ...]:
        """Studies with an estimate."""
        effects = self.fit.effects
        return tuple(
            label for label, fine in zip(effects.labels, effects.estimable, strict=True) if fine
        )

    @property
    def weights(self) -> NDArray[np.float64]:
        """Their weights in percent, shape (k,)."""
        return np.asarray(self.fit.weights[self.fit.effects.estimable])

    def estimate_words(self, fit: PooledFit | None = None) -> str:
        """Write a pooled effect, e.g. ``OR 0.72 (95% CI 0.56 to 0.93)``."""
        made = fit or self.fit
        scale = made.effects.scale
        low, high = scale.shown_limits(made.ci_lower, made.ci_upper)
        return (
            f"{scale.short} {format_number(scale.shown(made.estimate))} "
            f"({format_level(made.options.level)} CI {format_ci(low, high, separator=' to ')})"
        )


def judgements_of(
    studies: Iterable[str], outcome: str, given: Mapping[str, str] | Iterable[Assessment]
) -> dict[str, str]:
    """Return the judgement that holds for each study's result.

    Parameters
    ----------
    studies
        Study ids.
    outcome
        Outcome id.
    given
        Judgements by study, or assessments: that of the result counts before one of the study's
        results together, and the consensus before single assessors.

    Examples
    --------
    >>> judgements_of(["Zhu 2018", "Ames 2019"], "anxiety", {"Zhu 2018": "High"})
    {'Zhu 2018': 'high', 'Ames 2019': 'not assessed'}
    """
    if isinstance(given, Mapping):
        return {study: given.get(study, "not assessed").casefold() for study in studies}
    assessments = tuple(given)
    return {study: judgement_for(assessments, study, outcome) for study in studies}


def participants_of(fit: PooledFit) -> tuple[int | None, int | None, int]:
    """Return participants, events (None where not stated), and studies without their numbers."""
    first, second = (numbers_of_role(fit.effects, name) for name in ("n1", "n2"))
    if first is None or second is None:
        arms = []
        for arm in "12":
            counted = numbers_of_role(fit.effects, f"events{arm}")
            others = numbers_of_role(fit.effects, f"nonevents{arm}")
            if counted is None or others is None:
                return None, None, fit.k
            arms.append(counted + others)
        first, second = arms
    total = first + second
    known = np.isfinite(total)
    people = round(float(total[known].sum())) if known.any() else None
    counts = [numbers_of_role(fit.effects, name) for name in ("events1", "events2")]
    events: int | None = None
    if counts[0] is not None and counts[1] is not None:
        both = counts[0] + counts[1]
        stated = np.isfinite(both)
        events = round(float(both[stated].sum())) if stated.any() else None
    return people, events, int((~known).sum())


def case_of(
    result: AnalysisResult | PooledFit,
) -> tuple[str, str, str, PooledFit, bool, TrimAndFill | None, dict[str, AsymmetryTest]]:
    """Return id, title, outcome, fit, direction and small-study analyses of a result.

    Of a single fit trim and fill and Egger's test are computed here; what cannot be is left out.
    """
    if isinstance(result, AnalysisResult):
        plan, outcome = result.plan, result.outcome
        return (
            plan.id, plan.title, outcome.id, result.fit, outcome.lower_is_better,
            result.trim_and_fill, dict(result.asymmetry),
        )  # fmt: skip
    if not isinstance(result, PooledFit):
        raise DataError(
            f"the certainty is rated for a result of an analysis or a pooled fit, not for "
            f"{type(result).__name__}; pool effect estimates with es.pool"
        )
    filled: TrimAndFill | None = None
    tests: dict[str, AsymmetryTest] = {}
    try:
        filled = trim_and_fill(result)
        tests["egger"] = asymmetry_test(result, "egger")
    except NotEstimableError:
        pass  # too few studies; the domain says so from their number
    label = result.effects.scale.label
    return label, label, "", result, True, filled, tests
