"""Random effects by name: from ``"district/school"`` or ``"outcome | trial"`` to groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from evisynth.errors import DataError, OptionError
from evisynth.stats import STRUCTURES, Component, Intercepts, Structure, Structured, StructureKind
from evisynth.synthesis.formula import level_name, level_names, sort_levels
from evisynth.synthesis.inputs import is_coded
from evisynth.synthesis.options import find_word

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["RandomTerm", "build_components", "code_groups", "parse_random", "read_structures"]

LANGUAGE = (
    "a column ('study'), nested columns ('district/school'), combined columns ('study:wave'), "
    "'inner | outer' ('outcome | trial'), or a list of these"
)


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One random effect.

    Attributes
    ----------
    columns : tuple of str
        Columns whose combinations are the groups.
    inner : str
        Column of the levels within a group, or ``""`` for a random intercept.
    """

    columns: tuple[str, ...]
    inner: str = ""

    @property
    def name(self) -> str:
        """Name as it is shown, e.g. ``"district/school"`` or ``"outcome | trial"``."""
        groups = "/".join(self.columns)
        return f"{self.inner} | {groups}" if self.inner else groups


def parse_random(random: str | Sequence[str]) -> tuple[RandomTerm, ...]:
    """Return the random effects that are named, each once: one for each depth of nested columns.

    Raises
    ------
    OptionError
        If the text cannot be read.

    Examples
    --------
    >>> [term.name for term in parse_random(["study", "study/esid"])]
    ['study', 'study/esid']
    >>> [term.name for term in parse_random(["~ outcome | trial", "trial:wave"])]
    ['outcome | trial', 'trial/wave']
    """
    texts = [random] if isinstance(random, str) else list(random)
    found: dict[RandomTerm, None] = {}
    for text in texts:
        if not isinstance(text, str) or not text.strip():
            raise OptionError("random", text, [LANGUAGE])
        inner, bar, outer = text.strip().lstrip("~").partition("|")
        if not bar:
            inner, outer = "1", inner
        inner = inner.strip().strip("`")
        steps = [
            tuple(part.strip().strip("`") for part in step.split(":")) for step in outer.split("/")
        ]
        if not all(all(step) for step in steps) or not inner:
            raise OptionError("random", text, [LANGUAGE])
        depths = range(1, len(steps) + 1) if inner == "1" else [len(steps)]
        for depth in depths:
            columns = dict.fromkeys(column for step in steps[:depth] for column in step)
            found[RandomTerm(tuple(columns), "" if inner == "1" else inner)] = None
    if not found:
        raise OptionError("random", random, [LANGUAGE])
    return tuple(found)


def read_structures(
    terms: Sequence[RandomTerm], structure: str | Sequence[str]
) -> tuple[StructureKind, ...]:
    """Return the structure of each term with an inner column, in their order."""
    count = sum(bool(term.inner) for term in terms)
    words = [structure] * count if isinstance(structure, str) else list(structure)
    if len(words) != count:
        raise OptionError(
            "structure", structure, [f"one word, or {count} (one for each 'inner | outer' term)"]
        )
    return tuple(
        cast(StructureKind, find_word("structure", word, cast(tuple[str, ...], STRUCTURES)))
        for word in words
    )


def code_groups(
    data: pd.DataFrame, columns: Sequence[str], option: str = "random"
) -> tuple[list[str], NDArray[np.bool_]]:
    """Return each row's group by name, and where every column has a value; shape (K,) each.

    Raises
    ------
    OptionError
        If a column does not exist.
    """
    names: list[list[str]] = []
    complete = np.ones(len(data), dtype=np.bool_)
    for column in columns:
        if column not in data.columns:
            raise OptionError(
                option, column, [str(name) for name in data.columns], hint="No such column."
            )
        complete &= is_coded(data[column])
        names.append(level_names(data[column]))
    return ["/".join(parts) for parts in zip(*names, strict=True)], complete


@dataclass(frozen=True, slots=True)
class BuiltComponent:
    """A random effect with the names of its groups and levels."""

    term: RandomTerm
    component: Component
    groups: tuple[str, ...]
    levels: tuple[str, ...]


def build_components(
    data: pd.DataFrame,
    terms: Sequence[RandomTerm],
    structures: Sequence[StructureKind],
    correlations: Mapping[str, Any],
) -> tuple[BuiltComponent, ...]:
    """Make the random effects of the rows given (all of them complete).

    Raises
    ------
    OptionError
        If a correlation matrix belongs to no term.
    DataError
        If an inner column has one level only, or a correlation matrix does not fit its groups.
    """
    known = [term.name for term in terms if not term.inner]
    for name in correlations:
        if name not in known:
            raise OptionError("correlations", name, known)
    kinds = iter(structures)
    built = []
    for term in terms:
        names, _ = code_groups(data, term.columns)
        groups, codes = _numbered(names)
        if not term.inner:
            matrix = None
            if term.name in correlations:
                matrix = _known_correlation(correlations[term.name], groups, term.name)
            component: Component = Intercepts(codes, matrix)
            built.append(BuiltComponent(term, component, groups, ()))
            continue
        kind = next(kinds)
        levels = tuple(sort_levels(data[term.inner]))
        place = {level: number for number, level in enumerate(levels)}
        inner = np.array([place[name] for name in level_names(data[term.inner])], dtype=np.int64)
        if len(levels) < 2:
            raise DataError(
                f"random {term.name!r}: the column {term.inner!r} has one level only "
                f"({', '.join(levels)}); use '{'/'.join(term.columns)}' instead"
            )
        distances = _time_distances(data, term.inner, levels) if kind == "CAR" else None
        structure = Structure(kind, len(levels), distances)
        built.append(BuiltComponent(term, Structured(inner, codes, structure), groups, levels))
    return tuple(built)


def _numbered(names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the distinct names in their order of appearance, and each row's number."""
    place: dict[str, int] = {}
    codes = np.array([place.setdefault(name, len(place)) for name in names], dtype=np.int64)
    return tuple(place), codes


def _time_distances(
    data: pd.DataFrame, column: str, levels: tuple[str, ...]
) -> NDArray[np.float64]:
    """Return the distances between the times that the levels stand for."""
    try:
        times = {level_name(cell): float(cell) for cell in data[column]}
    except (TypeError, ValueError):
        raise DataError(f"structure CAR: the column {column!r} must hold numbers (times)") from None
    at = np.array([times[level] for level in levels])
    return np.asarray(np.abs(np.subtract.outer(at, at)))


def _known_correlation(given: Any, groups: tuple[str, ...], name: str) -> NDArray[np.float64]:
    """Return the correlation matrix of the groups, in their order."""
    if not hasattr(given, "columns"):
        raise DataError(
            f"correlations[{name!r}]: give a data frame whose index and columns name the groups"
        )
    table = given.set_axis([str(row) for row in given.index], axis=0).set_axis(
        [str(column) for column in given.columns], axis=1
    )
    missing = [group for group in groups if group not in table.index or group not in table.columns]
    if missing:
        raise DataError(
            f"correlations[{name!r}] has no row and column for {', '.join(missing[:5])}"
            + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        )
    matrix = table.loc[list(groups), list(groups)].to_numpy(dtype=np.float64)
    if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, atol=1e-8):
        raise DataError(f"correlations[{name!r}] is not a symmetric matrix of numbers")
    if not np.allclose(np.diag(matrix), 1.0, atol=1e-8):
        raise DataError(f"correlations[{name!r}]: the diagonal must be 1")
    if np.linalg.eigvalsh(matrix)[0] < -1e-8:
        raise DataError(f"correlations[{name!r}] is not positive semidefinite")
    return np.asarray(0.5 * (matrix + matrix.T))
