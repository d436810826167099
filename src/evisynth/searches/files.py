"""Strategies in the review folder: ``searches/<id>/search.toml`` and ``query.txt``.

``query.txt`` holds the lines of the current version, ``search.toml`` everything else: facts of the
source at the top, as every review has them, and under ``[strategy]`` the limits, filters, facts of
PRISMA-S, and all versions with hits, dates and peer reviews. What was run is sealed: a line whose
text no longer is the one that was run is a problem, never silently another search.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

from evisynth.errors import DataError, InputError, OptionError, Problem
from evisynth.records import read_utf8
from evisynth.searches.pasted import read_pasted
from evisynth.searches.press import PressAnswer, PressReview
from evisynth.searches.strategy import (
    FilterUsed,
    LimitUsed,
    PrismaFacts,
    Strategy,
    StrategyLine,
    Version,
)
from evisynth.searches.toml_text import Places, Section, place_of, toml_value

__all__ = ["folder_name", "read_strategy", "strategy_files", "write_strategy"]

SEARCH_FILE = "search.toml"
QUERY_FILE = "query.txt"
_QUERY_ROW = re.compile(r"(\d+)\. (.*)", re.DOTALL)
_INDENT = "    "
_FACTS = tuple(PrismaFacts.__dataclass_fields__)


def seal(text: str) -> str:
    """Return the first sixteen hexadecimal digits of the SHA-256 of a line."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def folder_name(strategy: Strategy) -> str:
    """Return the name of a strategy's folder: its date and its database.

    Examples
    --------
    >>> folder_name(Strategy("Global Health", "Ovid", date="2026-03-02"))
    '2026-03-02_global-health'
    """
    name = re.sub(r"[^a-z0-9]+", "-", strategy.database.casefold()).strip("-") or "search"
    return f"{strategy.date}_{name}" if strategy.date else name


def strategy_files(strategy: Strategy) -> dict[str, str]:
    """Return the text of the files of a strategy by name; the same strategy gives the same bytes.

    Examples
    --------
    >>> from evisynth.searches.strategy import start_strategy
    >>> files = strategy_files(start_strategy("MEDLINE", "Ovid", ["gait.ti.", "1 not 2.yr."]))
    >>> print(files["query.txt"], end="")
    1. gait.ti.
    2. 1 not 2.yr.
    """
    rows: list[str] = []
    _pairs(
        rows,
        name=strategy.database,
        kind=strategy.kind,
        platform=strategy.platform,
        searched=strategy.searched,
        date=strategy.date,
        found=strategy.found,
        removed_at_source=strategy.removed_at_source or None,
        encoding=strategy.encoding,
        id_prefix=strategy.id_prefix,
        note=strategy.note,
    )
    rows += ["", "[strategy]"]
    _pairs(rows, segment=strategy.segment)
    for limit in strategy.limits:
        rows += ["", "[[strategy.limits]]"]
        _pairs(rows, text=limit.text, reason=limit.reason, lines=list(limit.lines))
    for used in strategy.filters:
        rows += ["", "[[strategy.filters]]"]
        _pairs(
            rows, name=used.name, source=used.source, changes=used.changes, lines=list(used.lines)
        )
    facts = {name: getattr(strategy.facts, name) for name in _FACTS}
    if any(facts.values()):
        rows += ["", "[strategy.prisma_s]"]
        _pairs(rows, **facts)
    for place, version in enumerate(strategy.versions, 1):
        _version(rows, version, current=place == len(strategy.versions))
    files = {SEARCH_FILE: "\n".join(rows) + "\n"}
    if strategy.versions:
        files[QUERY_FILE] = "".join(
            f"{line.number}. {line.text}".replace("\n", f"\n{_INDENT}") + "\n"
            for line in strategy.lines
        )
    return files


def _version(rows: list[str], version: Version, *, current: bool) -> None:
    """Add a version; the texts of the current one stand in ``query.txt``."""
    rows += ["", "[[strategy.versions]]"]
    _pairs(rows, date=version.date, author=version.author, reason=version.reason)
    for line in version.lines:
        rows += ["", "[[strategy.versions.lines]]"]
        _pairs(
            rows,
            number=line.number,
            text=None if current else line.text,
            hits=line.hits,
            date=line.date,
            concept=line.concept,
            comment=line.comment,
            seal=seal(line.text) if line.was_run else None,
        )
    for review in version.reviews:
        rows += ["", "[[strategy.versions.reviews]]"]
        _pairs(rows, reviewer=review.reviewer, date=review.date, comment=review.comment)
        for answer in review.answers:
            rows += ["", "[[strategy.versions.reviews.answers]]"]
            _pairs(rows, element=answer.element, verdict=answer.verdict, comment=answer.comment)


def _pairs(rows: list[str], **values: object) -> None:
    """Add keys that have a value."""
    rows += [
        f"{key} = {toml_value(value)}"
        for key, value in values.items()
        if value is not None and value != "" and value != []
    ]


def write_strategy(strategy: Strategy, folder: Path | str) -> tuple[Path, ...]:
    """Write a strategy into its folder, which is made if need be.

    Parameters
    ----------
    strategy
        The strategy.
    folder
        ``searches/<id>``; see `folder_name`.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    InputError
        The folder holds runs that this strategy does not have: they would be lost.

    Examples
    --------
    >>> from evisynth.searches.strategy import start_strategy
    >>> made = start_strategy("MEDLINE", "Ovid", ["gait.ti."])
    >>> _ = write_strategy(made, "searches/medline")
    >>> read_strategy("searches/medline") == made
    True
    """
    place = Path(folder)
    kept = ""
    if (place / SEARCH_FILE).is_file():
        _keep_history(strategy, read_strategy(place), str(place / SEARCH_FILE))
        kept = _kept_tables(read_utf8(place / SEARCH_FILE, where=str(place / SEARCH_FILE)))
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in strategy_files(strategy).items():
        path = place / name
        if name == SEARCH_FILE:
            text += kept
        path.write_bytes(text.encode())
        written.append(path)
    return tuple(written)


KEPT = ("columns", "run")
"""Tables that are no part of a strategy, kept as they stand: the columns of an export that is a
table, and the facts of the run of a connector or an import."""


def _kept_tables(text: str) -> str:
    r"""Return the tables that are kept, as they stand, each with an empty line before.

    Examples
    --------
    >>> _kept_tables('name = "PubMed"\n\n[run]\nreported = 2\n\n[strategy]\n')
    '\n[run]\nreported = 2\n'
    """
    found: dict[str, list[str]] = {}
    inside: str | None = None
    for line in text.splitlines():
        if line.startswith("["):
            name = line.strip("[] ").split(".", 1)[0].split("]", 1)[0].strip()
            inside = name if name in KEPT else None
        if inside:
            found.setdefault(inside, []).append(line)
    return "".join("\n" + "\n".join(found[name]).rstrip() + "\n" for name in KEPT if name in found)


def _keep_history(new: Strategy, old: Strategy, where: str) -> None:
    """Refuse to write over a run that the new strategy does not hold."""
    kept = {
        (line.number, line.text, line.hits, line.date)
        for version in new.versions
        for line in version.lines
    }
    for place, version in enumerate(old.versions, 1):
        for line in version.lines:
            if line.was_run and (line.number, line.text, line.hits, line.date) not in kept:
                raise InputError(
                    Problem(
                        where,
                        f"version {place}, line {line.number}",
                        "this line was run, and the strategy to be written does not hold it",
                        hint="Read the strategy, change it with revise, and write that",
                    )
                )


def read_strategy(folder: Path | str, *, where: str = "") -> Strategy:
    """Read a strategy from its folder.

    Parameters
    ----------
    folder
        ``searches/<id>``.
    where
        Name of the folder in messages; by default the folder.

    Raises
    ------
    InputError
        Every problem of the files, each with file, line and key.

    Examples
    --------
    >>> from evisynth.searches.strategy import start_strategy
    >>> _ = write_strategy(start_strategy("Embase", "Ovid", ["exp gait/"]), "searches/embase")
    >>> read_strategy("searches/embase").lines[0].text
    'exp gait/'
    """
    place = Path(folder)
    name = f"{where or place}/{SEARCH_FILE}"
    text = read_utf8(place / SEARCH_FILE, where=name)
    query_name = f"{where or place}/{QUERY_FILE}"
    has_query = (place / QUERY_FILE).is_file()
    query = read_utf8(place / QUERY_FILE, where=query_name) if has_query else ""
    return _Reader(name, text, query_name, query).strategy()


class _Reader:
    """Reads both files and gathers the problems of both."""

    def __init__(self, where: str, text: str, query_where: str, query: str) -> None:
        self.where, self.query_where, self.query = where, query_where, query
        self.problems: list[Problem] = []
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"at line (\d+)", str(error))
            at = f"line {line[1]}" if line else "the end"
            message = f"no TOML: {error}"
            raise InputError(Problem(where, at, message, hint="Mend this line")) from error
        self.places: Places = place_of(text)

    def section(self, data: object, *path: str | int) -> Section:
        return Section(data, path, self.where, self.places, self.problems)

    def made(self, section: Section, make: Any, *values: object, **named: object) -> Any:
        """Make a value; what it refuses is a problem of the section."""
        try:
            return make(*values, **named)
        except (DataError, OptionError) as error:
            self.problems.append(Problem(self.where, section.at(), str(error)))
            return None

    def strategy(self) -> Strategy:
        """Read everything, then tell all problems at once."""
        top = self.section(self.data)
        for kept in KEPT:
            top.take(kept, dict, {})
        inner = self.section(top.take("strategy", dict, {}), "strategy")
        versions = self.versions(inner)
        limits = [
            (
                part,
                self.made(
                    part, LimitUsed, part.text("text"), part.text("reason"), part.numbers("lines")
                ),
            )
            for part in inner.parts("limits")
        ]
        filters = [
            (
                part,
                self.made(
                    part,
                    FilterUsed,
                    part.text("name"),
                    part.text("source"),
                    part.text("changes"),
                    part.numbers("lines"),
                ),
            )
            for part in inner.parts("filters")
        ]
        facts = self.section(inner.take("prisma_s", dict, {}), "strategy", "prisma_s")
        said = PrismaFacts(**{name: facts.text(name) for name in _FACTS})
        made = self.made(
            top,
            Strategy,
            top.text("name"),
            top.text("platform"),
            versions,
            inner.text("segment"),
            top.text("kind") or "database",
            top.take("searched", bool, True),
            top.day("date"),
            top.count("found"),
            top.count("removed_at_source") or 0,
            top.text("encoding"),
            top.text("id_prefix"),
            top.text("note"),
            tuple(limit for _, limit in limits if limit),
            tuple(used for _, used in filters if used),
            said,
        )
        for section in (top, inner, facts, *(p for p, _ in limits), *(p for p, _ in filters)):
            section.finish()
        if self.problems or made is None:
            raise InputError(self.problems)
        strategy: Strategy = made
        return strategy

    def versions(self, inner: Section) -> tuple[Version, ...]:
        """Versions, the last with its texts from ``query.txt``."""
        parts = list(inner.parts("versions"))
        if not parts:
            if not self.query.strip():
                return ()
            try:
                return (Version(read_pasted(self.query, where=self.query_where)),)
            except InputError as error:
                self.problems.extend(error.problems)
                return ()
        texts = self.texts()
        found = []
        for place, part in enumerate(parts):
            current = place == len(parts) - 1
            lines = self.lines(part, texts if current else None)
            reviews = [self.review(review) for review in part.parts("reviews")]
            version = (
                self.made(
                    part,
                    Version,
                    lines,
                    part.day("date"),
                    part.text("author"),
                    part.text("reason"),
                    tuple(review for review in reviews if review),
                )
                if lines
                else None
            )
            part.finish()
            if version:
                found.append(version)
            elif not lines and not self.problems:
                self.problems.append(Problem(self.where, part.at(), "a version without lines"))
        return tuple(found)

    def texts(self) -> dict[int, tuple[str, int]]:
        """Texts of ``query.txt`` by number, with the row where each begins."""
        found: dict[int, tuple[str, int]] = {}
        last = 0
        rows = self.query.replace("\r\n", "\n").split("\n")
        for place, row in enumerate(rows[:-1] if rows and not rows[-1] else rows, 1):
            start = _QUERY_ROW.fullmatch(row)
            if start and not row.startswith(_INDENT):
                last = int(start[1])
                if last in found:
                    message = f"line {last} stands in row {found[last][1]} already"
                    self.problems.append(Problem(self.query_where, f"line {place}", message))
                found[last] = (start[2], place)
            elif last and row.startswith(_INDENT):
                text, begin = found[last]
                found[last] = (f"{text}\n{row.removeprefix(_INDENT)}", begin)
            else:
                self.problems.append(
                    Problem(
                        self.query_where,
                        f"line {place}",
                        f"{row!r} begins with no number",
                        hint="Begin a line with its number, '3. ', and indent what belongs to it"
                        " by four blanks",
                    )
                )
        return found

    def lines(
        self, version: Section, texts: dict[int, tuple[str, int]] | None
    ) -> tuple[StrategyLine, ...]:
        """Lines of a version."""
        found = []
        numbers = set()
        for part in version.parts("lines"):
            number = part.count("number") or 0
            numbers.add(number)
            text = part.text("text") if texts is None else texts.get(number, ("", 0))[0]
            sealed = part.text("seal")
            if texts is not None and number not in texts:
                self.problems.append(
                    Problem(self.where, part.at("number"),
                            f"line {number} is not in {QUERY_FILE}",
                            hint=f"Write it there as '{number}. ...', or take it out here")
                )  # fmt: skip
            elif sealed and sealed != seal(text):
                where = self.where if texts is None else self.query_where
                at = part.at("text") if texts is None else f"line {texts[number][1]}"
                self.problems.append(
                    Problem(
                        where,
                        at,
                        f"line {number} was run, and its text has been changed since",
                        hint="Put the old text back, and write the new one as a new version",
                    )
                )
            line = self.made(
                part,
                StrategyLine,
                number,
                text or "?",
                part.count("hits"),
                part.day("date"),
                part.text("concept"),
                part.text("comment"),
            )
            part.finish()
            if line:
                found.append(line)
        for number in sorted((texts or {}).keys() - numbers):
            _, place = (texts or {})[number]
            self.problems.append(
                Problem(
                    self.query_where,
                    f"line {place}",
                    f"line {number} is not in the last version of {SEARCH_FILE}",
                    hint="Change lines with revise, which keeps what was run",
                )
            )
        return tuple(found)

    def review(self, part: Section) -> PressReview | None:
        """Read one peer review."""
        answers = []
        for answer in part.parts("answers"):
            made = self.made(
                answer,
                PressAnswer,
                answer.text("element"),
                answer.text("verdict"),
                answer.text("comment"),
            )
            answer.finish()
            if made:
                answers.append(made)
        review = self.made(
            part,
            PressReview,
            part.text("reviewer"),
            part.day("date"),
            tuple(answers),
            part.text("comment"),
        )
        part.finish()
        found: PressReview | None = review
        return found
