"""The parts that a ranking is made of, by kind and name; our own register as a stranger's do.

A package adds parts by an entry point of the group ``evisynth.prioritization`` that names a
function without arguments which returns `Part` objects::

    [project.entry-points."evisynth.prioritization"]
    mine = "my_package.parts:parts"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args

from evisynth.errors import OptionError, SetupError

__all__ = ["GROUP", "Kind", "Part", "part", "parts_of", "registered"]

Kind = Literal["features", "classifier", "balancer", "query", "stopping"]

GROUP = "evisynth.prioritization"
OWN = "evisynth.prioritization.parts:parts"


@dataclass(frozen=True, slots=True)
class Part:
    """One part that can be chosen by its name.

    Attributes
    ----------
    kind : {"features", "classifier", "balancer", "query", "stopping"}
        What it does.
    name : str
        The word it is chosen by.
    words : str
        What it is, for the methods section; fits behind "with".
    make : callable
        Makes the part from its options.
    version : str
        Changes when the same options give other rankings.
    """

    kind: Kind
    name: str
    words: str
    make: Callable[..., Any] = field(repr=False)
    version: str = "1"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise OptionError(f"kind of the part {self.name!r}", self.kind, get_args(Kind))


@cache
def registered() -> Mapping[tuple[str, str], Part]:
    """Return all parts, ours and those of other packages, by kind and name.

    Raises
    ------
    SetupError
        When a package's entry point cannot be loaded, or names a part that is there already.

    Examples
    --------
    >>> registered()["classifier", "linear-svm"].version
    '1'
    """
    from importlib.metadata import EntryPoint, entry_points

    found = {point.value: point for point in entry_points(group=GROUP)}
    # A source tree that was not installed anew has no entry points of its own yet.
    found.setdefault(OWN, EntryPoint("own", OWN, GROUP))
    parts: dict[tuple[str, str], Part] = {}
    for point in sorted(found.values(), key=lambda each: (each.value != OWN, each.name)):
        try:
            made: list[Part] = list(point.load()())
        except (ImportError, AttributeError, TypeError) as error:
            raise SetupError(
                f"the entry point {point.name!r} ({point.value}) of the group {GROUP!r} cannot be "
                f"loaded: {error}; update or uninstall the package that brings it"
            ) from error
        for each in made:
            key = (each.kind, each.name)
            if key in parts:
                raise SetupError(
                    f"the entry point {point.name!r} ({point.value}) registers the {each.kind} "
                    f"{each.name!r}, which is there already; uninstall one of the packages"
                )
            parts[key] = each
    return parts


def parts_of(kind: Kind) -> tuple[str, ...]:
    """Return the names of all parts of a kind.

    Examples
    --------
    >>> "highest-first" in parts_of("query")
    True
    """
    return tuple(name for of_kind, name in registered() if of_kind == kind)


def part(kind: Kind, name: str) -> Part:
    """Return a part by its kind and name.

    Raises
    ------
    OptionError
        When there is no such part.

    Examples
    --------
    >>> part("balancer", "equal").words
    'every decision counting the same'
    """
    try:
        return registered()[kind, name]
    except KeyError:
        raise OptionError(kind, name, parts_of(kind)) from None
