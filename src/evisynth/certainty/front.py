"""The front door: everything that can be computed for the certainty of one result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evisynth.analysis import AnalysisResult
from evisynth.appraisal import Assessment
from evisynth.certainty.absolute import BaselineRisk, baseline_from_studies, relation_of
from evisynth.certainty.bias import risk_of_bias
from evisynth.certainty.case import Case, case_of, judgements_of, participants_of
from evisynth.certainty.domains import Design
from evisynth.certainty.facts import CertaintyEvidence, DomainEvidence, Proposal
from evisynth.certainty.imprecision import absolute_effects, imprecision
from evisynth.certainty.inconsistency import inconsistency
from evisynth.certainty.missing import publication_bias
from evisynth.certainty.raising import raising
from evisynth.certainty.thresholds import Thresholds, TypicalScale, make_ruler
from evisynth.synthesis import PooledFit

__all__ = ["evidence"]

SENTENCE = (
    "For each domain of GRADE what can be computed was computed: the weight of the studies by risk "
    "of bias (doi:10.1016/j.jclinepi.2010.07.017), the prediction interval against the thresholds "
    "(doi:10.1016/j.jclinepi.2023.03.003), the confidence interval of the absolute effect against "
    "the thresholds and the optimal information size (doi:10.1016/j.jclinepi.2022.07.014, "
    "doi:10.1016/j.jclinepi.2011.01.012), and signs of missing evidence "
    "(doi:10.1016/j.jclinepi.2011.01.011). These propose; people decided."
)


def evidence(
    result: AnalysisResult | PooledFit,
    judgements: Mapping[str, str] | Iterable[Assessment] = (),
    *,
    baseline: Iterable[BaselineRisk | float] | BaselineRisk | float | None = None,
    thresholds: Thresholds | None = None,
    typical: TypicalScale | None = None,
    design: Design = "randomized",
    not_reported: int | None = None,
    registered: int | None = None,
    relative_reduction: float = 0.25,
) -> CertaintyEvidence:
    """Compute what the judgement of certainty may rest on, with a proposal for each domain.

    Nothing is decided: a proposal is a suggestion by a rule that is written down, or says that the
    domain is to be judged and why.

    Parameters
    ----------
    result
        Result of an analysis, or a pooled fit.
    judgements
        Risk of bias of *this result* by study (``"low"``, ``"some concerns"``, ``"high"``; also
        ROBINS-I's words), or the assessments, from which those of the outcome are taken.
    baseline
        Risks without the intervention, the one that counts for thresholds first. Without any, the
        median risk in the control arms of the studies is taken. For standardized differences: the
        share of people who improve without the intervention.
    thresholds
        Where effects are small, moderate and large.
    typical
        A well-known scale with its typical SD, for continuous outcomes.
    design
        Design of the studies.
    not_reported, registered
        Studies known to have measured the outcome and not reported it, and studies registered;
        None where this is not known.
    relative_reduction
        Relative risk reduction that the optimal information size is to show.

    Returns
    -------
    CertaintyEvidence
        Facts with their sources, proposals, absolute effects, size class.

    Raises
    ------
    DataError
        If the unit of the thresholds does not fit the measure, or a baseline risk is impossible.

    References
    ----------
    Guyatt et al. 2011, doi:10.1016/j.jclinepi.2010.04.026.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), measure="RR"))
    >>> found = evidence(fit, baseline=0.05)
    >>> found.absolute[0].difference_words
    '26 fewer per 1,000 (from 33 fewer to 14 fewer)'
    >>> found.domain("publication_bias").proposal.words
    'to be judged'
    """
    ident, title, outcome, fit, lower_is_better, filled, tests = case_of(result)
    baselines = _baselines(fit, baseline)
    ruler = make_ruler(
        fit.effects.scale, thresholds, baseline=baselines[0] if baselines else None, typical=typical
    )
    case = Case(
        id=ident,
        title=title,
        fit=fit,
        judgements=judgements_of(fit.effects.labels, outcome, judgements),
        ruler=ruler,
        lower_is_better=lower_is_better,
        baselines=baselines,
        typical=typical,
        trim_and_fill=filled,
        asymmetry=tests,
        not_reported=not_reported,
        registered=registered,
        relative_reduction=relative_reduction,
    )
    people, events, unknown = participants_of(fit)
    indirect = DomainEvidence(
        "indirectness",
        (),
        Proposal(
            None,
            "how far people, intervention, comparison and outcome of the studies are those of the "
            "question must be judged (doi:10.1016/j.jclinepi.2011.04.014)",
        ),
    )
    return CertaintyEvidence(
        analysis=ident,
        title=title,
        k=fit.k,
        participants=people,
        events=events,
        without_numbers=unknown,
        domains=(
            risk_of_bias(case),
            inconsistency(case),
            indirect,
            imprecision(case),
            publication_bias(case),
            *raising(case, design),
        ),
        absolute=absolute_effects(case),
        size=ruler.size(fit.estimate),
        size_source=ruler.source,
        sentence=SENTENCE,
    )


def _baselines(
    fit: PooledFit, given: Iterable[BaselineRisk | float] | BaselineRisk | float | None
) -> tuple[BaselineRisk, ...]:
    if given is None:
        if relation_of(fit.effects.scale) is None:
            return ()
        found = baseline_from_studies(fit.effects)
        return () if found is None or found.risk >= 1 else (found,)
    several = (given,) if isinstance(given, BaselineRisk | int | float) else tuple(given)
    return tuple(
        made if isinstance(made, BaselineRisk) else BaselineRisk(float(made)) for made in several
    )
