"""The fields of a registration in PROSPERO, filled from the plan and ready to paste.

The numbers are those of the form in use until 2025; the form was regrouped since, its fields are
the same by name. What is written under ``[registration.fields]`` goes before what is made here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from evisynth.display import plural
from evisynth.reporting.content.context import squeeze
from evisynth.reporting.content.words import series
from evisynth.reporting.protocol.words import (
    collection_words,
    exploration_words,
    missing_evidence_words,
    outcome_names,
    risk_of_bias_words,
    selection_words,
    sensitivity_words,
    sources_words,
    synthesis_words,
)
from evisynth.review import Review

__all__ = ["ProsperoField", "prospero_csv", "prospero_fields", "prospero_text"]


@dataclass(frozen=True, slots=True)
class ProsperoField:
    """A field of the form.

    Attributes
    ----------
    number : int
        Its number.
    name : str
        Its name.
    required : bool
        Whether the register asks for it.
    text : str
        What is to be pasted; ``""`` where nothing is known.
    source : {"plan", "made", ""}
        From ``[registration.fields]`` as it stands, or made of the plan.
    hint : str
        Where the text comes from in the plan.
    """

    number: int
    name: str
    required: bool
    text: str
    source: Literal["plan", "made", ""]
    hint: str

    @property
    def words(self) -> int:
        """Number of words."""
        return len(self.text.split())

    @property
    def todo(self) -> bool:
        """Whether it is required and empty."""
        return self.required and not self.text


def _people(review: Review) -> str:
    return "; ".join(
        ", ".join(part for part in (made.name, made.affiliation, made.email) if part)
        for made in review.people
    )


def _lead(review: Review) -> str:
    named = [made.name for made in review.people if {"lead", "owner"} & {*made.roles}]
    return named[0] if named else ""


def _email(review: Review) -> str:
    lead = _lead(review)
    return next((made.email for made in review.people if made.name == lead), "")


def _affiliation(review: Review) -> str:
    return series(dict.fromkeys(made.affiliation for made in review.people if made.affiliation))


def _criteria(review: Review) -> str:
    parts = [review.protocol.question.study_design]
    if review.protocol.criteria_include:
        parts.append(f"Included: {'; '.join(review.protocol.criteria_include)}")
    if review.protocol.criteria_exclude:
        parts.append(f"Excluded: {'; '.join(review.protocol.criteria_exclude)}")
    return ". ".join(part.rstrip(".") for part in parts if part)


def _outcomes(review: Review) -> str:
    measures = series(dict.fromkeys(plan.measure for plan in review.protocol.analyses))
    names = outcome_names(review) or review.protocol.question.outcomes
    return f"{names}. Measures of effect: {measures}" if names and measures else names


def _extraction(review: Review) -> str:
    return " ".join(part for part in (selection_words(review), collection_words(review)) if part)


def _synthesis(review: Review) -> str:
    parts = [*synthesis_words(review), missing_evidence_words(review), sensitivity_words(review)]
    return " ".join(part for part in parts if part)


def _stage(review: Review) -> str:
    flow = review.flow
    started = [
        ("searches", bool(review.records)),
        ("selection", bool(review.decisions)),
        ("data extraction", bool(review.outcome_rows)),
        ("risk of bias", bool(review.assessments)),
    ]
    done = bool(review.decisions) and not flow.open and not flow.conflicts
    begun = [name for name, there in started if there]
    if not begun:
        return "The review has not started"
    return f"Started: {series(begun)}." + (" Completed: selection." if done else "")


Maker = Callable[[Review], str]
FIELDS: tuple[tuple[int, str, bool, Maker, str], ...] = (
    (1, "Review title", True, lambda r: r.title, "[review] title"),
    (2, "Original language title", False, lambda _: "", ""),
    (3, "Anticipated or actual start date", True, lambda _: "", ""),
    (4, "Anticipated completion date", True, lambda _: "", ""),
    (5, "Stage of review at time of this submission", True, _stage, "what is in the folder"),
    (6, "Named contact", True, _lead, "[[people]], role lead"),
    (7, "Named contact email", True, _email, "[[people]] email"),
    (8, "Named contact address", False, lambda _: "", ""),
    (9, "Named contact phone number", False, lambda _: "", ""),
    (10, "Organisational affiliation of the review", True, _affiliation, "[[people]] affiliation"),
    (11, "Review team members and their organisational affiliations", True, _people, "[[people]]"),
    (12, "Funding sources/sponsors", True, lambda r: r.funding, "[review] funding"),
    (13, "Conflicts of interest", True, lambda r: r.conflicts_of_interest,
     "[review] conflicts_of_interest"),
    (14, "Collaborators", False, lambda _: "", ""),
    (15, "Review question", True, lambda r: r.protocol.question.text, "[question] text"),
    (16, "Searches", True, sources_words, "searches/"),
    (17, "URL to search strategy", False, lambda _: "", ""),
    (18, "Condition or domain being studied", True, lambda _: "", ""),
    (19, "Participants/population", True, lambda r: r.protocol.question.population,
     "[question] population"),
    (20, "Intervention(s), exposure(s)", True, lambda r: r.protocol.question.intervention,
     "[question] intervention"),
    (21, "Comparator(s)/control", True, lambda r: r.protocol.question.comparator,
     "[question] comparator"),
    (22, "Types of study to be included", True, _criteria, "[question] study_design, [criteria]"),
    (23, "Context", False, lambda _: "", ""),
    (24, "Main outcome(s)", True, _outcomes, "[[outcomes]], [[analyses]] measure"),
    (25, "Additional outcome(s)", True, lambda _: "", ""),
    (26, "Data extraction (selection and coding)", True, _extraction, "[stages], [fields.<name>]"),
    (27, "Risk of bias (quality) assessment", True, risk_of_bias_words, "[risk_of_bias]"),
    (28, "Strategy for data synthesis", True, _synthesis, "[[analyses]]"),
    (29, "Analysis of subgroups or subsets", True, exploration_words, "[[analyses]] subgroups"),
    (30, "Type and method of review", True, lambda _: "Systematic review; meta-analysis", "always"),
    (31, "Language", False, lambda _: "", ""),
    (32, "Country", False, lambda _: "", ""),
    (33, "Other registration details", False, lambda _: "", ""),
    (34, "Reference and/or URL for published protocol", False,
     lambda r: r.protocol.registration.url, "[registration] url"),
    (35, "Dissemination plans", False, lambda _: "", ""),
    (36, "Keywords", False, lambda _: "", ""),
    (37, "Details of any existing review of the same topic by the same authors", False,
     lambda _: "", ""),
    (38, "Current review status", True, lambda _: "Ongoing", "always"),
    (39, "Any additional information", False, lambda _: "", ""),
    (40, "Details of final report/publication(s)", False, lambda _: "", ""),
)  # fmt: skip


def prospero_fields(review: Review) -> tuple[ProsperoField, ...]:
    """Fill the fields of the form from the plan.

    Parameters
    ----------
    review
        The review.

    Returns
    -------
    tuple of ProsperoField
        All forty in their order; fields under ``[registration.fields]`` whose name is none of the
        form's come last, numbered 0.
    """
    own = {_plain(name): text for name, text in review.protocol.registration.fields.items()}
    found = []
    for number, name, required, make, hint in FIELDS:
        given = own.pop(_plain(name), "")
        text = squeeze(given) or squeeze(make(review))
        source: Literal["plan", "made", ""] = "plan" if given else "made" if text else ""
        where = hint or f'[registration.fields] "{name}"'
        found.append(ProsperoField(number, name, required, text, source, where))
    found += [
        ProsperoField(0, name, False, squeeze(text), "plan", "[registration.fields]")
        for name, text in review.protocol.registration.fields.items()
        if _plain(name) in own
    ]
    return tuple(found)


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def prospero_text(fields: tuple[ProsperoField, ...]) -> str:
    """Return the fields as text to paste from, each under its name and in one line.

    Examples
    --------
    >>> print(prospero_text((ProsperoField(15, "Review question", True, "Does it?", "plan", ""),)))
    15. Review question (required, 2 words)
    Does it?
    <BLANKLINE>
    """
    parts = []
    for made in fields:
        number = f"{made.number}. " if made.number else ""
        facts = ["required"] if made.required else []
        if made.text:
            facts.append(plural(made.words, "word"))
        tail = f" ({', '.join(facts)})" if facts else ""
        text = made.text or (f"TO DO: {made.hint}" if made.required else "-")
        parts.append(f"{number}{made.name}{tail}\n{text}\n")
    return "\n".join(parts)


def prospero_csv(fields: tuple[ProsperoField, ...]) -> str:
    """Return the fields as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", "field", "required", "status", "words", "text", "where"])
    for made in fields:
        status = "to do" if made.todo else "filled" if made.text else "empty"
        writer.writerow(
            [made.number or "", made.name, "yes" if made.required else "no", status, made.words,
             made.text, made.hint]
        )  # fmt: skip
    return text.getvalue()
