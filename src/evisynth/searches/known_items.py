"""Known items: records that a search must find, and the line that loses them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evisynth.deduplication import Work
from evisynth.display import format_columns, plural
from evisynth.errors import DataError
from evisynth.records import Record
from evisynth.searches.parsing import parse_line
from evisynth.searches.strategy import StrategyLine
from evisynth.searches.syntax import Platform
from evisynth.searches.tree import And, LineRef, Node, Not, Or, canonical

__all__ = ["KnownItem", "KnownItems", "identifiers", "known_items"]


@dataclass(frozen=True, slots=True)
class KnownItem:
    """One record that must be found.

    Attributes
    ----------
    id : str
        As it was named.
    lines : tuple of int
        Lines that found it.
    lost : tuple of int
        Lines that combine others by AND or NOT and lost it, though a part of them found it.
    found : bool
        Whether the last line, or the export, has it.
    """

    id: str
    lines: tuple[int, ...]
    lost: tuple[int, ...]
    found: bool


@dataclass(frozen=True, slots=True)
class KnownItems:
    """All known items, and on which lines they could be looked for.

    Attributes
    ----------
    items : tuple of KnownItem
        In the order given.
    checked : tuple of int
        Lines whose records were given or follow from those of other lines.
    """

    items: tuple[KnownItem, ...]
    checked: tuple[int, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Ids that the search does not find."""
        return tuple(item.id for item in self.items if not item.found)

    def rows(self) -> list[dict[str, str]]:
        """Return a row for each item."""
        return [
            {
                "id": item.id,
                "found": "yes" if item.found else "no",
                "lines": ", ".join(map(str, item.lines)),
                "lost in": ", ".join(map(str, item.lost)),
            }
            for item in self.items
        ]

    def __str__(self) -> str:
        hits = len(self.items) - len(self.missing)
        rows = self.rows()
        head = list(rows[0]) if rows else []
        table = [head, *([row[name] for name in head] for row in rows)]
        return "\n".join(
            [f"{hits} of {plural(len(self.items), 'known item')} found", *format_columns(table)]
        )


def identifiers(record: Record) -> frozenset[str]:
    """Return everything by which a record can be named: id, DOI, PubMed id and so on.

    Examples
    --------
    >>> sorted(identifiers(Record("r1", "Gait", doi="10.1/x", pmid="123")))
    ['10.1/x', '123', 'r1']
    """
    given = (
        record.id,
        record.doi,
        record.pmid,
        record.pmcid,
        record.accession,
        *record.registry_ids,
    )
    return frozenset(_plain(name) for name in given if name)


def _plain(name: str) -> str:
    """Return an identifier without resolver, prefix and case."""
    text = name.strip().casefold()
    text = re.sub(r"^(?:https?://)?(?:dx\.)?doi\.org/|^doi:\s*", "", text)
    return re.sub(r"^(?:pmid:?\s*|https?://pubmed\.ncbi\.nlm\.nih\.gov/)", "", text).rstrip("/")


def known_items(
    known: Iterable[str],
    found: Mapping[int, Iterable[Record | str]] | Iterable[Record | str],
    *,
    works: Iterable[Work] = (),
    lines: Sequence[StrategyLine] = (),
    platform: Platform | None = None,
) -> KnownItems:
    """Check that a search finds what it must, line by line.

    Parameters
    ----------
    known
        Identifiers of the known items: DOI, PubMed id, accession number or record id.
    found
        Records or identifiers found by each line, by its number; or those of the whole export.
    works
        Reports with all their records: an item counts as found by any record of its report.
    lines, platform
        The strategy: lines that only combine other lines are then worked out.

    Returns
    -------
    KnownItems
        For each item the lines that found it, and the lines that lost it.

    Raises
    ------
    DataError
        No known item is given.

    Examples
    --------
    >>> lines = [
    ...     StrategyLine(1, "gait.ti."),
    ...     StrategyLine(2, "sleep.ti."),
    ...     StrategyLine(3, "1 and 2"),
    ... ]
    >>> found = {1: ["11", "12"], 2: ["12"]}
    >>> checked = known_items(["11", "12"], found, lines=lines, platform="ovid")
    >>> checked.missing, checked.items[0].lost
    (('11',), (3,))
    """
    wanted = list(dict.fromkeys(known))
    if not wanted:
        raise DataError("no known item is given; name DOIs or PubMed ids that must be found")
    by_line = dict(found) if isinstance(found, Mapping) else {0: list(found)}
    same = _same_report(works)
    sets = {
        number: frozenset(
            name
            for one in given
            for name in (identifiers(one) if isinstance(one, Record) else {_plain(one)})
        )
        for number, given in by_line.items()
    }
    sets = {
        number: names.union(*(same.get(name, frozenset()) for name in names))
        for number, names in sets.items()
    }
    trees = _combinations(lines, platform) if platform else {}
    for number, tree in trees.items():
        if number not in sets:
            worked_out = _evaluate(tree, sets)
            if worked_out is not None:
                sets[number] = worked_out
    checked = tuple(sorted(sets))
    items = []
    for name in wanted:
        names = {_plain(name)} | same.get(_plain(name), frozenset())
        hits = tuple(number for number in checked if names & sets[number])
        lost = tuple(
            number
            for number, tree in trees.items()
            if number in sets
            and number not in hits
            and isinstance(tree, And | Not)
            and _part_found(tree, sets, names)
        )
        items.append(KnownItem(name, tuple(n for n in hits if n), lost, checked[-1] in hits))
    return KnownItems(tuple(items), tuple(number for number in checked if number))


def _same_report(works: Iterable[Work]) -> dict[str, frozenset[str]]:
    """Return for each identifier all those of its report."""
    found: dict[str, frozenset[str]] = {}
    for work in works:
        names = frozenset[str]().union(*(identifiers(record) for record in work.records))
        found.update(dict.fromkeys(names, names))
    return found


def _combinations(lines: Sequence[StrategyLine], platform: Platform) -> dict[int, Node]:
    """Return the trees of the lines that only combine other lines."""
    found = {}
    for line in lines:
        parsed = parse_line(line.text, platform, line=line.number)
        if parsed.tree is not None and not parsed.problems and _only_lines(parsed.tree):
            found[line.number] = canonical(parsed.tree)
    return found


def _only_lines(node: Node) -> bool:
    if isinstance(node, And | Or):
        return all(_only_lines(item) for item in node.items)
    if isinstance(node, Not):
        return _only_lines(node.left) and _only_lines(node.right)
    return isinstance(node, LineRef)


def _evaluate(node: Node, sets: Mapping[int, frozenset[str]]) -> frozenset[str] | None:
    """Return the records of a combination; None where a line of it is not known."""
    if isinstance(node, LineRef):
        return sets.get(node.number)
    if isinstance(node, Not):
        left, right = _evaluate(node.left, sets), _evaluate(node.right, sets)
        return None if left is None or right is None else left - right
    if isinstance(node, And | Or):
        parts = [_evaluate(item, sets) for item in node.items]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        if isinstance(node, Or):
            return frozenset[str]().union(*known)
        return known[0].intersection(*known[1:])
    return None


def _part_found(
    node: And | Not, sets: Mapping[int, frozenset[str]], names: set[str] | frozenset[str]
) -> bool:
    """Whether a positive part of a combination found an item."""
    parts = (node.left,) if isinstance(node, Not) else node.items
    return any(bool(names & (_evaluate(part, sets) or frozenset())) for part in parts)
