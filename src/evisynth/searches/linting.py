"""Lint: what in a strategy is wrong, what is doubtful, where, and the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from evisynth.display import plural
from evisynth.searches.lint_terms import term_findings
from evisynth.searches.parsing import Mark, Parsed, parse_line
from evisynth.searches.pasted import read_pasted
from evisynth.searches.platforms import SYNTAX, platform_named
from evisynth.searches.problems import Severity
from evisynth.searches.strategy import StrategyLine
from evisynth.searches.syntax import Platform
from evisynth.searches.tree import DateRange, LineRef, leaves

__all__ = ["Finding", "LintReport", "lint_lines", "lint_text"]

_CURLY = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that lint found.

    Attributes
    ----------
    code : str
        Kind, e.g. ``"mixed-operators"``; all are in ``docs/searches.md``.
    severity : Severity
        ``"error"`` (does not run, or not as meant), ``"warning"`` (look), ``"hint"``.
    line : int
        Line of the strategy.
    column, end_column : int
        First and last column in it, counted from 1.
    message, repair : str
        What it is, and the way out.
    """

    code: str
    severity: Severity
    line: int
    column: int
    end_column: int
    message: str
    repair: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}, columns {self.column}-{self.end_column}"
        return f"{place}: {self.severity}: {self.message}. {self.repair} [{self.code}]"


@dataclass(frozen=True, slots=True)
class LintReport:
    """All findings of a strategy, by line and column."""

    platform: Platform
    findings: tuple[Finding, ...]
    trees: tuple[Parsed, ...] = field(default=(), repr=False, compare=False)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that must be repaired."""
        return tuple(found for found in self.findings if found.severity == "error")

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes found, each once, sorted."""
        return tuple(sorted({found.code for found in self.findings}))

    def rows(self) -> list[dict[str, str | int]]:
        """Return the findings as rows of a table."""
        return [
            {
                "line": found.line,
                "column": found.column,
                "severity": found.severity,
                "code": found.code,
                "message": found.message,
                "repair": found.repair,
            }
            for found in self.findings
        ]

    def __str__(self) -> str:
        counts = [
            plural(sum(found.severity == name for found in self.findings), name)
            for name in ("error", "warning", "hint")
        ]
        head = f"{SYNTAX[self.platform].title}: {', '.join(counts)}"
        return "\n".join([head, *map(str, self.findings)])


def lint_text(text: str, platform: str, *, hints: bool = True) -> LintReport:
    r"""Look a query or a strategy of numbered lines over.

    Parameters
    ----------
    text
        One query, or lines as `read_pasted` knows them.
    platform
        Key or name of the platform.
    hints
        With what is only worth a thought.

    Raises
    ------
    OptionError
        The platform is not known.

    Examples
    --------
    >>> print(lint_text("TS=(walk* AND (gait OR))", "wos", hints=False).errors[0])
    line 1, columns 21-22: error: nothing follows OR; expected a term. Write what is to be
    combined, or take OR out. [missing-operand]
    >>> lint_text("1. walk*.ti.\n2. 1 and 5", "ovid").errors[0].code
    'dangling-reference'
    """
    return lint_lines(read_pasted(text), platform_named(platform), hints=hints)


def lint_lines(
    lines: Iterable[StrategyLine], platform: Platform, *, hints: bool = True
) -> LintReport:
    """Look numbered lines over.

    Examples
    --------
    >>> lint_lines([StrategyLine(1, "depress*.ti,ab.")], "pubmed").codes
    ('wrong-platform',)
    """
    given = tuple(lines)
    parsed = [parse_line(line.text, platform, line=line.number) for line in given]
    found: list[Finding] = []
    for line, result in zip(given, parsed, strict=True):
        for problem in result.problems:
            message = problem.message + (
                f"; expected {problem.expected}" if problem.expected else ""
            )
            found.append(
                Finding(
                    problem.code,
                    problem.severity,
                    line.number,
                    problem.column,
                    problem.end_column,
                    message,
                    problem.repair,
                )
            )
        found.extend(_signs(line))
        for mark in result.marks:
            finding = _marked(mark, line.number, platform)
            if finding:
                found.append(finding)
    found.extend(_references(given, parsed))
    found.extend(_repeated_lines(given))
    found.extend(_dates(given, parsed))
    trees = [
        (line.number, result.tree)
        for line, result in zip(given, parsed, strict=True)
        if result.tree is not None
    ]
    for code, severity, number, span, message, repair in term_findings(trees, platform):
        found.append(Finding(code, severity, number, span[0] + 1, span[1], message, repair))
    kept = [finding for finding in dict.fromkeys(found) if hints or finding.severity != "hint"]
    kept.sort(key=lambda finding: (finding.line, finding.column, finding.code))
    return LintReport(platform, tuple(kept), tuple(parsed))


def _signs(line: StrategyLine) -> Iterator[Finding]:
    """Typographic quotes and dashes, as word processors put them."""
    for signs, code, name, plain in (
        (_CURLY, "curly-quote", "a typographic quote", "a straight quote"),
        (_DASHES, "typographic-dash", "a typographic dash", "a hyphen"),
    ):
        places = [place for place, sign in enumerate(line.text) if sign in signs]
        if places:
            yield Finding(
                code,
                "warning",
                line.number,
                places[0] + 1,
                places[-1] + 1,
                f"{plural(len(places), 'sign')} here, the first {name}, may not be understood",
                f"Write {plain}.",
            )


def _untagged(mark: Mark, platform: Platform) -> tuple[str, Severity, str, str]:
    title = SYNTAX[platform].title
    if platform == "pubmed":
        quoted = mark.text.startswith('"') or "*" in mark.text
        if quoted:
            return (
                "missing-field",
                "hint",
                f"{mark.text!r} has no field and is searched in all",
                "Add [tiab] or another field.",
            )
        return (
            "automatic-term-mapping",
            "warning",
            f"{mark.text!r} has no field: PubMed maps it to headings and synonyms by itself",
            "Add [tiab] and write the heading as [mh], or say that mapping is wanted.",
        )
    severity: Severity = "error" if platform in ("wos", "scopus") else "warning"
    if platform in ("ebsco", "cochrane"):
        severity = "hint"
    example = {
        "ovid": ".ti,ab.",
        "embase": ":ti,ab",
        "ebsco": "TI x OR AB x",
        "proquest": "TI,AB(x)",
        "wos": "TS=(x)",
        "scopus": "TITLE-ABS-KEY(x)",
        "cochrane": ":ti,ab,kw",
    }[platform]
    return (
        "missing-field",
        severity,
        f"{mark.text!r} has no field; {title} takes its default",
        f"Name the field, e.g. {example}.",
    )


def _mixed(platform: Platform) -> tuple[str, Severity, str, str]:
    orders = {
        "pubmed": "from left to right",
        "embase": "from left to right",
        "scopus": "OR first, then AND, then AND NOT (announced to change in 2026)",
        "proquest": "AND first, then OR, then NOT",
    }
    order = orders.get(platform, "AND and NOT before OR")
    return (
        "mixed-operators",
        "warning",
        f"AND or NOT stands beside OR without parentheses; {SYNTAX[platform].title} reads it"
        f" {order}",
        "Put parentheses around each group.",
    )


def _marked(mark: Mark, line: int, platform: Platform) -> Finding | None:
    """Say what a mark of the parser comes to on this platform."""
    rules: dict[str, Callable[[], tuple[str, Severity, str, str] | None]] = {
        "untagged": lambda: _untagged(mark, platform),
        "mixed-operators": lambda: _mixed(platform),
        "not-operator": lambda: (
            "not-operator",
            "warning",
            "NOT also removes records that hold what is sought beside what is not",
            "Check what it removes; the usual safe form is x NOT (animals NOT humans).",
        ),
        "lower-operator": lambda: (
            (
                "operator-case",
                "error",
                f"{mark.text!r}: PubMed takes operators in capitals only",
                f"Write {mark.text.upper()}.",
            )
            if platform == "pubmed"
            else None
        ),
        "implicit-and": lambda: (
            "missing-operator",
            "warning",
            f"there is no operator before {mark.text!r}; {SYNTAX[platform].title} takes AND",
            "Write AND, or put a phrase in quotes.",
        ),
        "needless-parentheses": lambda: (
            "needless-parentheses",
            "hint",
            "these parentheses change nothing",
            "Take them out.",
        ),
        "and-not": lambda: (
            "operator-form",
            "warning",
            f"AND NOT is of Scopus; {SYNTAX[platform].title} writes NOT",
            "Write NOT.",
        ),
        "bare-not": lambda: (
            "operator-form",
            "error",
            "Scopus writes AND NOT; NOT alone is taken as a word",
            "Write AND NOT.",
        ),
    }
    rule = rules.get(mark.name)
    made = rule() if rule else None
    return Finding(made[0], made[1], line, mark.start + 1, mark.end, *made[2:]) if made else None


def _references(lines: tuple[StrategyLine, ...], parsed: list[Parsed]) -> Iterator[Finding]:
    """Yield references to lines that are not there yet, and lines that nobody takes up."""
    numbers = {line.number for line in lines}
    used: set[int] = set()
    for line, result in zip(lines, parsed, strict=True):
        if result.tree is None:
            continue
        for leaf in leaves(result.tree):
            if not isinstance(leaf, LineRef):
                continue
            used.add(leaf.number)
            place = (line.number, leaf.span[0] + 1, leaf.span[1])
            if leaf.number not in numbers:
                yield Finding(
                    "dangling-reference",
                    "error",
                    *place,
                    f"there is no line {leaf.number}; lines: {_listed(numbers)}",
                    "Name a line that is there.",
                )
            elif leaf.number >= line.number:
                yield Finding(
                    "forward-reference",
                    "error",
                    *place,
                    f"line {line.number} takes up line {leaf.number}, which was not run yet",
                    "Refer to earlier lines only.",
                )
    if any(result.tree is None for result in parsed):
        return
    for line in lines[:-1]:
        if line.number not in used and used:
            yield Finding(
                "unused-line",
                "warning",
                line.number,
                1,
                len(line.text),
                f"no later line takes up line {line.number}",
                "Combine it, or leave it out.",
            )


def _listed(numbers: Iterable[int]) -> str:
    known = sorted(numbers)
    if known == list(range(known[0], known[-1] + 1)) and len(known) > 2:
        return f"{known[0]} to {known[-1]}"
    return ", ".join(map(str, known))


def _repeated_lines(lines: tuple[StrategyLine, ...]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for line in lines:
        text = " ".join(line.text.casefold().split())
        if text in first:
            yield Finding(
                "repeated-line",
                "warning",
                line.number,
                1,
                len(line.text),
                f"line {line.number} is line {first[text]} again",
                "Refer to the earlier line.",
            )
        first.setdefault(text, line.number)


def _dates(lines: tuple[StrategyLine, ...], parsed: list[Parsed]) -> Iterator[Finding]:
    """Limits by publication date and by date of entry mean different things."""
    found = [
        (line.number, leaf)
        for line, result in zip(lines, parsed, strict=True)
        if result.tree is not None
        for leaf in leaves(result.tree)
        if isinstance(leaf, DateRange)
    ]
    kinds = {leaf.kind == "published" for _, leaf in found}
    for number, leaf in found:
        place = (number, leaf.span[0] + 1, leaf.span[1])
        if len(kinds) == 2:
            yield Finding(
                "mixed-dates",
                "warning",
                *place,
                "the strategy limits by publication date and by date of entry",
                "Use publication dates for eligibility, dates of entry for updates.",
            )
        elif leaf.kind == "published":
            yield Finding(
                "publication-date",
                "hint",
                *place,
                "a limit by publication date misses records that were added late",
                "For an update limit by date of entry instead.",
            )
