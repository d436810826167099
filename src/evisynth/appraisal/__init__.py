"""Instruments of risk of bias as data, answers and judgements."""

from evisynth.appraisal.assessment import (
    Assessment,
    DomainJudgement,
    Judgement,
    PublishedJudgement,
)

__all__ = [
    "Assessment",
    "DomainJudgement",
    "Judgement",
    "PublishedJudgement",
]
