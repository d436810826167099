"""Instruments of risk of bias as data, answers and judgements."""

from evisynth.appraisal.assessment import (
    Assessment,
    DomainJudgement,
    Judgement,
    PublishedJudgement,
)
from evisynth.appraisal.choosing import CONSENSUS, assessment_for, judgement_for
from evisynth.appraisal.engine import (
    JUDGED,
    Proposal,
    applicable,
    assess,
    effective_answers,
    propose,
    worst,
)
from evisynth.appraisal.instrument import (
    ANSWERS,
    INSTRUMENTS,
    Domain,
    Instrument,
    Question,
    instrument_by_id,
    read_instrument,
)
from evisynth.appraisal.reading import (
    check_duplicates,
    read_assessments,
    read_published_judgements,
)
from evisynth.appraisal.spelling import parse_answer, parse_judgement

__all__ = [
    "ANSWERS",
    "CONSENSUS",
    "INSTRUMENTS",
    "JUDGED",
    "Assessment",
    "Domain",
    "DomainJudgement",
    "Instrument",
    "Judgement",
    "Proposal",
    "PublishedJudgement",
    "Question",
    "applicable",
    "assess",
    "assessment_for",
    "check_duplicates",
    "effective_answers",
    "instrument_by_id",
    "judgement_for",
    "parse_answer",
    "parse_judgement",
    "propose",
    "read_assessments",
    "read_instrument",
    "read_published_judgements",
    "worst",
]
