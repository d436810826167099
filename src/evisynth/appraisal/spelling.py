"""The many ways in which people write answers and judgements, read as one."""

from __future__ import annotations

import re

from evisynth.appraisal.assessment import Judgement

__all__ = ["domain_of_column", "parse_answer", "parse_judgement", "question_of_column"]

_BLANK = frozenset({"", "-", "–", "—"})
_NOT_APPLICABLE = frozenset({"na", "n/a", "n.a.", "not applicable", "-999", "-999.0"})

_ANSWERS = {
    "y": "Y",
    "yes": "Y",
    "py": "PY",
    "probably yes": "PY",
    "pn": "PN",
    "probably no": "PN",
    "n": "N",
    "no": "N",
    "ni": "NI",
    "no information": "NI",
}

_JUDGEMENTS: dict[str, Judgement] = {
    "low": "low",
    "low risk": "low",
    "low risk of bias": "low",
    "low concerns": "low",
    "l": "low",
    "+": "low",
    "some concerns": "some concerns",
    "some concern": "some concerns",
    "some": "some concerns",
    "sc": "some concerns",
    "s": "some concerns",
    "high": "high",
    "high risk": "high",
    "high risk of bias": "high",
    "h": "high",
}

_NUMBERED = re.compile(r"^\d+\s*[.:)]\s*")
_QUESTION = re.compile(r"^(?:sq|q)?[ _]*(\d{1,2}[a-z]?[._]\d{1,2}[a-z]?)$")
_DOMAIN = re.compile(r"^d(?:omain)?[ _]?(\d{1,2}[a-z]?|s)$")


def _plain(text: str) -> str:
    words = " ".join(text.replace(" ", " ").split()).casefold()
    return _NUMBERED.sub("", words)


def parse_answer(text: str) -> str | None:
    """Read an answer to a signalling question.

    Parameters
    ----------
    text
        A cell: ``"PY"``, ``"Probably yes"``, ``"1. Yes"``, ``"-999"`` ...

    Returns
    -------
    str or None
        Y, PY, PN, N, NI or NA; ``""`` for a blank cell; None when it cannot be read.

    Examples
    --------
    >>> [parse_answer(text) for text in ("1. Yes", "probably no", "-999", "", "maybe")]
    ['Y', 'PN', 'NA', '', None]
    """
    words = _plain(text)
    if words in _BLANK:
        return ""
    if words in _NOT_APPLICABLE:
        return "NA"
    return _ANSWERS.get(words)


def parse_judgement(text: str) -> Judgement | str | None:
    """Read a judgement of a domain or overall.

    Parameters
    ----------
    text
        A cell: ``"Low risk"``, ``"Some Concerns"``, ``"S"`` ...

    Returns
    -------
    Judgement, "" or None
        ``""`` for a blank or not applicable cell; None when it cannot be read. "No information" is
        not a judgement of RoB 2 and cannot be read.

    Examples
    --------
    >>> [parse_judgement(text) for text in ("Low risk", "Some Concerns", "H", "-999", "unclear")]
    ['low', 'some concerns', 'high', '', None]
    """
    words = _plain(text)
    if words in _BLANK or words in _NOT_APPLICABLE:
        return ""
    return _JUDGEMENTS.get(words)


def question_of_column(name: str) -> str | None:
    """Return the question number that a column's name means, if it looks like one.

    Examples
    --------
    >>> question_of_column("sq_2.1a"), question_of_column("1.3"), question_of_column("study")
    ('2.1a', '1.3', None)
    """
    match = _QUESTION.match(_plain_name(name))
    return match.group(1).replace("_", ".") if match else None


def domain_of_column(name: str) -> str | None:
    """Return the domain (or ``"overall"``) that a column's name means, if it looks like one.

    Examples
    --------
    >>> domain_of_column("D2"), domain_of_column("domain1a"), domain_of_column("Overall")
    ('D2', 'D1a', 'overall')
    """
    words = _plain_name(name)
    if words in ("overall", "overall_judgement", "overall judgement"):
        return "overall"
    match = _DOMAIN.match(words)
    return f"D{match.group(1)}" if match else None


def _plain_name(name: str) -> str:
    return " ".join(name.split()).casefold()
