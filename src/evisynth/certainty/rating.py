"""The rating of the certainty of one body of evidence: steps, reasons, level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evisynth.certainty.domains import (
    DOMAIN_WORDS,
    DOMAINS,
    DOWN,
    LEVELS,
    SYMBOLS,
    UP,
    Design,
    Domain,
    Level,
    allowed_levels,
    starts_high,
)
from evisynth.display import MINUS, format_columns, plural
from evisynth.errors import DataError, OptionError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Rating", "Step", "level_words"]


def level_words(levels: int) -> str:
    """Write a step as it is shown: with its sign, 0 as ``0``.

    Examples
    --------
    >>> level_words(-2), level_words(0), level_words(1)
    ('−2', '0', '+1')
    """
    return f"{MINUS}{-levels}" if levels < 0 else f"+{levels}" if levels else "0"


@dataclass(frozen=True, slots=True)
class Step:
    """What people decided on one domain.

    Attributes
    ----------
    domain : Domain
        One of `DOMAINS`.
    levels : int
        Levels down (negative) or up; 0 where the domain changes nothing.
    reason : str
        Why; needed for every step that is not 0.
    by, date : str
        Who decided, and when (ISO).
    fingerprint : str
        Of the result that it was decided for; see `evisynth.certainty.result_fingerprint`.
    result : str
        The same result in words, for people.
    line : int
        Line of the file that it was read from; 0 if it was not read.

    Raises
    ------
    OptionError
        If there is no such domain.
    DataError
        If a step has no reason.
    """

    domain: Domain
    levels: int
    reason: str = ""
    by: str = ""
    date: str = ""
    fingerprint: str = ""
    result: str = ""
    line: int = 0

    def __post_init__(self) -> None:
        if self.domain not in DOMAINS:
            raise OptionError("domain", self.domain, DOMAINS)
        if self.levels and not self.reason.strip():
            raise DataError(
                f"{DOMAIN_WORDS[self.domain]}: a step of {level_words(self.levels)} has no reason; "
                "say in words why, it is printed as a footnote"
            )


@dataclass(frozen=True, slots=True, repr=False)
class Rating:
    """The certainty of the evidence for one result, as people rated it.

    Attributes
    ----------
    analysis : str
        Id of the analysis (or a name of the outcome).
    steps : tuple of Step
        At most one a domain, in any order.
    design : {"randomized", "non-randomized"}
        Design of the studies.
    instrument : str
        Instrument by which the risk of bias was judged: with ROBINS-I non-randomized studies start
        at High.

    Raises
    ------
    DataError
        If a domain has two steps, or a step is larger than its domain allows.

    Examples
    --------
    >>> rating = Rating(
    ...     "anxiety",
    ...     (
    ...         Step("risk_of_bias", -1, "Most of the weight is of trials at high risk."),
    ...         Step("imprecision", -1, "The interval includes a trivial effect."),
    ...     ),
    ... )
    >>> rating.level, rating.symbols, rating.missing
    ('Low', '⨁⨁◯◯', ('inconsistency', 'indirectness', 'publication_bias'))
    """

    analysis: str
    steps: tuple[Step, ...] = ()
    design: Design = "randomized"
    instrument: str = ""

    def __post_init__(self) -> None:
        if self.design not in ("randomized", "non-randomized"):
            raise OptionError("design", self.design, ["randomized", "non-randomized"])
        seen: set[str] = set()
        for step in self.steps:
            words = DOMAIN_WORDS[step.domain]
            if step.domain in seen:
                raise DataError(f"{self.analysis}: {words} is rated twice; keep one")
            seen.add(step.domain)
            allowed = allowed_levels(step.domain, self.design, self.instrument)
            if step.levels not in allowed:
                named = ", ".join(level_words(levels) for levels in allowed)
                raise DataError(
                    f"{self.analysis}: {words} cannot move by {level_words(step.levels)}; "
                    f"allowed: {named}"
                )

    def step(self, domain: Domain) -> Step | None:
        """Return what was decided on a domain; None if nothing was."""
        return next((step for step in self.steps if step.domain == domain), None)

    def levels(self, domain: Domain) -> int:
        """Return the levels of a domain; 0 if nothing was decided."""
        step = self.step(domain)
        return step.levels if step else 0

    @property
    def start(self) -> Level:
        """The level that the evidence starts from."""
        return "High" if starts_high(self.design, self.instrument) else "Low"

    @property
    def level(self) -> Level:
        """The level that the steps lead to: not below Very low and not above High."""
        place = LEVELS.index(self.start) + sum(step.levels for step in self.steps)
        return LEVELS[min(max(place, 0), len(LEVELS) - 1)]

    @property
    def symbols(self) -> str:
        """The level as GRADE's four signs."""
        return SYMBOLS[self.level]

    @property
    def missing(self) -> tuple[Domain, ...]:
        """Domains that lower the certainty and that nobody has decided on yet."""
        rated = {step.domain for step in self.steps}
        return tuple(domain for domain in DOWN if domain not in rated)

    @property
    def is_complete(self) -> bool:
        """Whether every domain that lowers the certainty was decided on."""
        return not self.missing

    @property
    def people(self) -> tuple[str, ...]:
        """Who rated, each once."""
        return tuple(dict.fromkeys(step.by for step in self.steps if step.by))

    @property
    def date(self) -> str:
        """Day of the last step."""
        return max((step.date for step in self.steps), default="")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed and unusual, each as a sentence that names the domains."""
        found = []
        raised = [DOMAIN_WORDS[domain] for domain in UP if self.levels(domain) > 0]
        lowered = [DOMAIN_WORDS[domain] for domain in DOWN if self.levels(domain) < 0]
        if raised and lowered:
            found.append(
                f"{_named(raised)} raises the certainty after it was lowered for "
                f"{_named(lowered).lower()}; GRADE raises it only where nothing lowers it"
            )
        if raised and self.design == "randomized":
            found.append(
                f"{_named(raised)} raises the certainty of randomized studies; this is meant for "
                "non-randomized ones"
            )
        elif raised and self.start == "High":
            found.append(
                f"{_named(raised)} raises the certainty of studies that start at High by ROBINS-I, "
                "which has counted confounding already"
            )
        down = sum(step.levels for step in self.steps)
        if LEVELS.index(self.start) + down < 0:
            found.append(
                f"the steps add up to {level_words(down)} from {self.start}; Very low is the lowest"
            )
        if (
            self.design == "non-randomized"
            and self.start == "High"
            and self.step("risk_of_bias") is not None
            and self.levels("risk_of_bias") > -2
        ):
            found.append(
                "non-randomized studies start at High by ROBINS-I and lose fewer than two levels "
                "for risk of bias, so that they end above where they would start without it; the "
                "reason must stand for that"
            )
        return tuple(found)

    def footnotes(self) -> tuple[tuple[Domain, str], ...]:
        """Return a note for each step that is not 0, in GRADE's order: domain, levels, reason."""
        notes = []
        for domain in DOMAINS:
            step = self.step(domain)
            if step is None or not step.levels:
                continue
            way = "Lowered" if step.levels < 0 else "Raised"
            many = {1: "one level", 2: "two levels", 3: "three levels"}[abs(step.levels)]
            reason = step.reason.strip()
            end = "" if reason[-1] in ".?!" else "."
            words = DOMAIN_WORDS[domain].lower()
            notes.append((domain, f"{way} {many} for {words}: {reason}{end}"))
        return tuple(notes)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a domain: levels, reason, by, date."""
        import pandas as pd

        rows = []
        for domain in DOMAINS:
            step = self.step(domain)
            if step is None and domain in UP:
                continue
            rows.append(
                {
                    "analysis": self.analysis,
                    "domain": domain,
                    "levels": None if step is None else step.levels,
                    "reason": "" if step is None else step.reason,
                    "by": "" if step is None else step.by,
                    "date": "" if step is None else step.date,
                }
            )
        return pd.DataFrame(rows)

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "The certainty of the evidence was rated with GRADE (Guyatt et al. 2011, "
            "doi:10.1016/j.jclinepi.2010.04.026; Balshem et al. 2011, "
            f"doi:10.1016/j.jclinepi.2010.07.015), starting from {self.start.lower()} for "
            f"{self.design} studies."
        )

    def __repr__(self) -> str:
        head = f"Certainty of {self.analysis}: {self.symbols} {self.level}"
        if not self.is_complete:
            head += f" ({plural(len(self.missing), 'domain')} not decided yet)"
        rows = [["Start", "", self.start]]
        for domain in DOMAINS:
            step = self.step(domain)
            if step is None and domain in UP:
                continue
            shown = "not decided" if step is None else level_words(step.levels)
            rows.append([DOMAIN_WORDS[domain], shown, "" if step is None else step.reason])
        lines = [head, "", *format_columns(rows)]
        lines += [f"  Note: {warning}." for warning in self.warnings]
        return "\n".join(lines)


def _named(words: list[str]) -> str:
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} and {words[-1]}"
