"""What was computed for a domain of GRADE, and what it proposes."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from evisynth.certainty.absolute import AbsoluteEffect
from evisynth.certainty.domains import DOMAIN_WORDS, Domain
from evisynth.certainty.rating import level_words
from evisynth.display import format_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CertaintyEvidence", "DomainEvidence", "Fact", "Proposal"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One computed thing that a judgement may rest on.

    Attributes
    ----------
    name : str
        Short name, unique in its domain.
    value : float, int, str or None
        The value with its full precision; None where it is not known or does not exist.
    words : str
        A sentence that says it.
    source : str
        Where the method comes from: DOI or words.
    """

    name: str
    value: float | int | str | None
    words: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the facts of a domain suggest; never a decision.

    Attributes
    ----------
    levels : int or None
        Suggested step; None where it must be judged.
    reason : str
        Why, in words; the rule by which it was made is in `docs/certainty.md`.
    """

    levels: int | None
    reason: str

    @property
    def words(self) -> str:
        """The suggested step, or ``"to be judged"``."""
        return "to be judged" if self.levels is None else level_words(self.levels)


@dataclass(frozen=True, slots=True)
class DomainEvidence:
    """Facts and proposal of one domain."""

    domain: Domain
    facts: tuple[Fact, ...]
    proposal: Proposal

    def fact(self, name: str) -> Fact | None:
        """Return a fact by its name; None if it was not computed."""
        return next((fact for fact in self.facts if fact.name == name), None)


@dataclass(frozen=True, slots=True, repr=False)
class CertaintyEvidence:
    """Everything that can be computed for the rating of one result.

    Attributes
    ----------
    analysis, title : str
        Id and words of the analysis.
    k : int
        Studies with an estimate.
    participants, events : int or None
        Over those studies; None where no study states them.
    without_numbers : int
        Studies pooled that do not state their participants.
    domains : tuple of DomainEvidence
        In GRADE's order.
    absolute : tuple of AbsoluteEffect
        One a baseline risk; empty for continuous outcomes.
    size : str
        Size class of the effect by the thresholds: ``"trivial"``, ``"small"``, ``"moderate"``,
        ``"large"``, or ``""`` without thresholds.
    size_source : str
        Where the thresholds come from; says so where they are a fallback.
    sentence : str
        What was done.
    """

    analysis: str
    title: str
    k: int
    participants: int | None
    events: int | None
    without_numbers: int
    domains: tuple[DomainEvidence, ...]
    absolute: tuple[AbsoluteEffect, ...] = ()
    size: str = ""
    size_source: str = ""
    sentence: str = ""

    def domain(self, name: Domain) -> DomainEvidence:
        """Return the facts and the proposal of a domain."""
        return next(domain for domain in self.domains if domain.domain == name)

    def fact(self, name: str) -> Fact | None:
        """Return a fact of any domain by its name; None if it was not computed."""
        found = (domain.fact(name) for domain in self.domains)
        return next((fact for fact in found if fact is not None), None)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a fact: domain, name, value, words, source; proposals stand among them."""
        import pandas as pd

        rows: list[dict[str, object]] = []
        for domain in self.domains:
            rows += [
                {
                    "domain": domain.domain,
                    "name": fact.name,
                    "value": fact.value,
                    "words": fact.words,
                    "source": fact.source,
                }
                for fact in domain.facts
            ]
            rows.append(
                {
                    "domain": domain.domain,
                    "name": "proposal",
                    "value": domain.proposal.levels,
                    "words": domain.proposal.reason,
                    "source": "",
                }
            )
        columns = ["domain", "name", "value", "words", "source"]
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return self.sentence

    def _rows(self) -> list[list[str]]:
        rows = []
        for domain in self.domains:
            proposed = f"{domain.proposal.words}: {domain.proposal.reason}"
            rows.append([DOMAIN_WORDS[domain.domain], proposed])
            rows += [["", fact.words] for fact in domain.facts]
        return rows

    def __repr__(self) -> str:
        head = f"Evidence for the certainty of {self.title}; proposals, not decisions"
        return "\n".join([head, "", *format_columns(self._rows())])

    def _repr_html_(self) -> str:
        """Return facts and proposals as a table, for notebooks."""
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        return f"<table><caption>{escape(self.title)}</caption><tbody>{body}</tbody></table>"
