"""Translation of a whole strategy, with a list of everything that was lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from evisynth.display import format_columns, plural
from evisynth.errors import OptionError
from evisynth.searches.adapting import Loss, adapt
from evisynth.searches.parsing import parse_line
from evisynth.searches.pasted import read_pasted
from evisynth.searches.platforms import SYNTAX, platform_named
from evisynth.searches.printing import query_text
from evisynth.searches.problems import QuerySyntaxError, SyntaxProblem
from evisynth.searches.strategy import StrategyLine
from evisynth.searches.syntax import PLATFORMS, Platform
from evisynth.searches.tree import Node, canonical

__all__ = ["Translation", "translate_lines", "translate_text"]


@dataclass(frozen=True, slots=True)
class Translation:
    """A strategy in the syntax of another platform.

    Attributes
    ----------
    source, target : Platform
        From where to where.
    lines : tuple of StrategyLine
        The translated lines, with the numbers of the original; hits are those of nobody yet.
    losses : tuple of Loss
        What could not be kept; never empty where a line means something else.
    notes : tuple of str
        What the target does by itself.
    """

    source: Platform
    target: Platform
    lines: tuple[StrategyLine, ...]
    losses: tuple[Loss, ...]
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines, numbered where there are several."""
        if len(self.lines) == 1 and self.lines[0].number == 1:
            return self.lines[0].text
        return "\n".join(f"{line.number}. {line.text}" for line in self.lines)

    @property
    def same_meaning(self) -> bool:
        """Whether every loss is one of form only."""
        return all(loss.effect == "none" for loss in self.losses)

    def rows(self) -> list[dict[str, str]]:
        """Return the losses as rows of a table."""
        return [
            {
                "line": str(loss.line or ""),
                "effect": loss.effect,
                "what": loss.what,
                "why": loss.why,
                "instead": loss.instead,
            }
            for loss in self.losses
        ]

    def __str__(self) -> str:
        names = f"{SYNTAX[self.source].title} to {SYNTAX[self.target].title}"
        parts = [f"{names}, {plural(len(self.losses), 'loss', 'losses')}"]
        parts += format_columns([[str(line.number), line.text] for line in self.lines])
        parts += [f"! {loss}" for loss in self.losses]
        parts += [f"Note: {note}" for note in self.notes]
        return "\n".join(parts)


def translate_text(
    text: str,
    source: str,
    target: str,
    *,
    source_database: str = "",
    target_database: str = "",
) -> Translation:
    """Translate a query or a strategy of numbered lines.

    Parameters
    ----------
    text
        One query, or lines as `read_pasted` knows them.
    source, target
        Platforms: ``ovid``, ``pubmed``, ``embase``, ``ebsco``, ``proquest``, ``wos``, ``scopus``,
        ``cochrane``, or their names.
    source_database, target_database
        Databases, where the platform has several: they decide the vocabulary of the headings.

    Raises
    ------
    QuerySyntaxError
        The text is no strategy of the source; every problem with line, column and repair.
    OptionError
        A platform is not known.

    Examples
    --------
    >>> done = translate_text("2010:2024[dp] AND walk*[tiab]", "pubmed", "wos")
    >>> done.text
    'PY=(2010-2024) AND (TI=(walk*) OR AB=(walk*))'
    >>> done.losses
    ()
    >>> translate_text("exp Walking/", "ovid", "wos").losses[0].effect
    'different'
    """
    return translate_lines(
        read_pasted(text),
        _platform(source),
        _platform(target),
        source_database=source_database,
        target_database=target_database,
    )


def _platform(name: str) -> Platform:
    for platform in PLATFORMS:
        if name == platform:
            return platform
    try:
        return platform_named(name)
    except OptionError:
        raise OptionError("platform", name, PLATFORMS) from None


def translate_lines(
    lines: Iterable[StrategyLine],
    source: Platform,
    target: Platform,
    *,
    source_database: str = "",
    target_database: str = "",
) -> Translation:
    """Translate numbered lines; the numbers stay.

    Raises
    ------
    QuerySyntaxError
        A line is no query of the source.

    Examples
    --------
    >>> lines = [StrategyLine(1, "exp Walking/"), StrategyLine(2, "1 and 2010:2024.yr.")]
    >>> translate_lines(lines, "ovid", "cochrane").lines[1].text
    '#1 with Publication Year from 2010 to 2024'
    """
    trees = _parsed(lines, source)
    losses: list[Loss] = []
    made: list[StrategyLine] = []
    removed: set[int] = set()
    for line, tree in trees:
        adapted, lost = adapt(
            tree,
            source,
            target,
            line=line.number,
            source_database=source_database,
            target_database=target_database,
            removed=frozenset(removed),
        )
        losses.extend(lost)
        if adapted is None:
            removed.add(line.number)
            why = f"nothing of it can be said on {SYNTAX[target].title}"
            losses.append(
                Loss(line.number, "removed", "the line", why, "left out; its number stays free")
            )
            continue
        text = query_text(adapted, target)
        losses.extend(_reread(text, adapted, target, line.number))
        made.append(replace(line, text=text, hits=None, date=""))
    notes = (*SYNTAX[target].notes, *SYNTAX[source].notes) if source != target else ()
    return Translation(source, target, tuple(made), tuple(dict.fromkeys(losses)), notes)


def _parsed(lines: Iterable[StrategyLine], source: Platform) -> list[tuple[StrategyLine, Node]]:
    """Trees of all lines, or all their problems."""
    found, errors = [], list[SyntaxProblem]()
    for line in lines:
        parsed = parse_line(line.text, source, line=line.number)
        bad = [problem for problem in parsed.problems if problem.severity == "error"]
        if bad or parsed.tree is None:
            errors.extend(bad)
        else:
            found.append((line, canonical(parsed.tree)))
    if errors:
        raise QuerySyntaxError(errors, SYNTAX[source].title)
    return found


def _reread(text: str, tree: Node, target: Platform, line: int) -> list[Loss]:
    """Read what was written: a line that reads otherwise is a loss, not a surprise."""
    parsed = parse_line(text, target, line=line)
    errors = [problem for problem in parsed.problems if problem.severity == "error"]
    if parsed.tree is not None and not errors and canonical(parsed.tree) == tree:
        return []
    what = errors[0].message if errors else "it reads otherwise than it was meant"
    return [Loss(line, "different", "the line as written", what, "check it by hand")]
