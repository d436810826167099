"""Peer review of a strategy by PRESS 2015.

McGowan J, Sampson M, Salzwedel DM, et al. PRESS Peer Review of Electronic Search Strategies: 2015
guideline statement. J Clin Epidemiol 2016;75:40-46. doi:10.1016/j.jclinepi.2016.01.021
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from evisynth.errors import DataError, OptionError

__all__ = [
    "PRESS_ELEMENTS",
    "PressAnswer",
    "PressElement",
    "PressReview",
    "PressVerdict",
    "press_form",
]

PressElement = Literal[
    "translation", "operators", "subject_headings", "text_words", "spelling_syntax", "limits"
]
PressVerdict = Literal["no revisions", "revisions suggested", "revisions required"]

PRESS_ELEMENTS: Mapping[PressElement, str] = {
    "translation": "Translation of the research question",
    "operators": "Boolean and proximity operators",
    "subject_headings": "Subject headings",
    "text_words": "Text word searching",
    "spelling_syntax": "Spelling, syntax and line numbers",
    "limits": "Limits and filters",
}
"""The six elements, in the order of the form."""


@dataclass(frozen=True, slots=True)
class PressAnswer:
    """Verdict on one element, with a comment; what is to be revised has to be said."""

    element: PressElement
    verdict: PressVerdict = "no revisions"
    comment: str = ""

    def __post_init__(self) -> None:
        if self.element not in get_args(PressElement):
            raise OptionError("element", self.element, get_args(PressElement))
        if self.verdict not in get_args(PressVerdict):
            raise OptionError("verdict", self.verdict, get_args(PressVerdict))
        if self.verdict != "no revisions" and not self.comment.strip():
            raise DataError(
                f"{PRESS_ELEMENTS[self.element]}: {self.verdict}, and no comment;"
                " say what to revise"
            )


@dataclass(frozen=True, slots=True)
class PressReview:
    """A filled form: who, when, a verdict on each of the six elements.

    Attributes
    ----------
    reviewer, date : str
        Who reviewed, and the day, ISO.
    answers : tuple of PressAnswer
        All six, in the order of the form.
    comment : str
        On the whole.
    """

    reviewer: str
    date: str
    answers: tuple[PressAnswer, ...]
    comment: str = ""

    def __post_init__(self) -> None:
        if not self.reviewer.strip():
            raise DataError("a review needs its reviewer")
        try:
            datetime.date.fromisoformat(self.date)
        except ValueError:
            raise DataError(f"review: {self.date!r} is no day; write it as 2026-03-31") from None
        given = [answer.element for answer in self.answers]
        if given != list(PRESS_ELEMENTS):
            missing = [name for name in PRESS_ELEMENTS if name not in given]
            raise DataError(
                "a PRESS review answers six elements in order: "
                + ", ".join(PRESS_ELEMENTS)
                + (f"; missing: {', '.join(missing)}" if missing else "")
            )

    @property
    def verdict(self) -> PressVerdict:
        """The strictest verdict of the six."""
        order = get_args(PressVerdict)
        worst: PressVerdict = max((answer.verdict for answer in self.answers), key=order.index)
        return worst


def press_form(
    reviewer: str,
    date: str,
    answers: Mapping[str, tuple[str, str]] | None = None,
    comment: str = "",
) -> PressReview:
    """Fill a form; an element without an answer needs no revisions.

    Parameters
    ----------
    reviewer, date
        Who, and the day.
    answers
        Verdict and comment by element.
    comment
        On the whole.

    Raises
    ------
    OptionError
        An element or verdict is none of those of PRESS.
    DataError
        A revision is asked for without saying which.

    Examples
    --------
    >>> press_form("A. B.", "2026-01-10", {"limits": ("revisions required", "language")}).verdict
    'revisions required'
    """
    given = dict(answers or {})
    for name in given:
        if name not in PRESS_ELEMENTS:
            raise OptionError("element", name, tuple(PRESS_ELEMENTS))
    made = tuple(
        PressAnswer(element, *given.get(element, ("no revisions", "")))  # type: ignore[arg-type]
        for element in PRESS_ELEMENTS
    )
    return PressReview(reviewer, date, made, comment)
