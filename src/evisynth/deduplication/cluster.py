"""Stage 5: pairs to groups.

A component of merged pairs is a group only if no pair in it is vetoed or speaks against itself. One
that holds such a pair is taken apart: its merges are made again in the order of their evidence, and
a merge that would bring a refused pair together is refused. The outcome depends on the pairs alone,
not on the order in which records came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evisynth.deduplication.block import Rows

__all__ = ["Groups", "cluster", "components", "pairs_inside"]

Refusals = Callable[[Rows, Rows], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups and the merges that made them.

    Attributes
    ----------
    label : array of int64, shape (records,)
        Group of each record; a record alone has a group of its own.
    made : array of int64
        Positions of the merged pairs that hold the groups together, one fewer than members.
    refused : array of int64
        Positions of the merged pairs that end in two groups.
    """

    label: NDArray[np.int64]
    made: NDArray[np.int64]
    refused: NDArray[np.int64]


def components(count: int, first: Rows, second: Rows) -> NDArray[np.int64]:
    """Return the connected component of each of ``count`` rows.

    Examples
    --------
    >>> components(4, np.array([0, 1]), np.array([1, 3])).tolist()
    [0, 0, 1, 0]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(first.size, dtype=np.int8), (first, second)), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    return label.astype(np.int64)


def pairs_inside(members: Rows, label: NDArray[np.int64]) -> tuple[Rows, Rows]:
    """Return all pairs of ``members`` that share a label, ``first < second``."""
    order = np.lexsort((members, label[members]))
    sorted_rows = members[order]
    groups = label[sorted_rows]
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    sizes = np.diff(np.r_[starts, groups.size])
    left, right = [], []
    for size in np.unique(sizes[sizes > 1]):
        begin = starts[sizes == size, None]
        one, two = np.triu_indices(int(size), k=1)
        left.append(sorted_rows[begin + one[None, :]].ravel())
        right.append(sorted_rows[begin + two[None, :]].ravel())
    if not left:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing
    return np.concatenate(left), np.concatenate(right)


def cluster(
    ids: NDArray[np.object_],
    first: Rows,
    second: Rows,
    strength: NDArray[np.float64],
    refused: Refusals,
) -> Groups:
    """Group rows from the pairs that are to be merged.

    Parameters
    ----------
    ids
        Record ids, which break ties.
    first, second, strength
        The pairs to merge, and how much speaks for each; the strongest is merged first.
    refused
        Says of pairs of rows which must not share a group.

    Returns
    -------
    Groups
        Labels, the merges made and those refused.
    """
    label = components(ids.size, first, second)
    sizes = np.bincount(label, minlength=int(label.max()) + 1 if label.size else 0)
    members = np.flatnonzero(sizes[label] > 1).astype(np.int64)
    one, two = pairs_inside(members, label)
    bad = refused(one, two)
    torn = np.zeros(sizes.size, dtype=np.bool_)
    torn[label[one[bad]]] = True
    is_torn = torn[label[first]]

    # Whole components: any spanning tree, the strongest edges first.
    order = _ordered(ids, first, second, strength)
    made: list[int] = []
    left: list[int] = []
    forbidden: dict[int, set[int]] = {}
    for a, b in zip(one[bad].tolist(), two[bad].tolist(), strict=True):
        forbidden.setdefault(a, set()).add(b)
        forbidden.setdefault(b, set()).add(a)
    parent: dict[int, int] = {}
    inside: dict[int, list[int]] = {}
    whole = ~is_torn
    made_whole = _spanning(ids.size, first, second, order[whole[order]])

    def root(row: int) -> int:
        while parent.setdefault(row, row) != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for place in order[is_torn[order]].tolist():
        a, b = root(int(first[place])), root(int(second[place]))
        if a == b:
            continue
        of_a, of_b = inside.get(a, [a]), inside.get(b, [b])
        others = set(of_b)
        if any(not forbidden.get(row, set()).isdisjoint(others) for row in of_a):
            left.append(place)
            continue
        parent[b] = a
        inside[a] = of_a + of_b
        made.append(place)
    if left:
        split = np.array([root(int(row)) for row in members[torn[label[members]]]], dtype=np.int64)
        label = label.copy()
        label[members[torn[label[members]]]] = split + int(label.max()) + 1
        _, label = np.unique(label, return_inverse=True)
    torn_made = np.array(sorted(made), dtype=np.int64)
    apart = [place for place in left if label[first[place]] != label[second[place]]]
    return Groups(
        label.astype(np.int64),
        np.concatenate((made_whole, torn_made)),
        np.array(sorted(apart), dtype=np.int64),
    )


def _ordered(
    ids: NDArray[np.object_], first: Rows, second: Rows, strength: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the pairs strongest first; ties by id, so that the order of records does not count."""
    rank = np.empty(ids.size, dtype=np.int64)
    used = np.unique(np.concatenate((first, second)))
    rank[used[np.argsort(ids[used], kind="stable")]] = np.arange(used.size)
    low = np.minimum(rank[first], rank[second])
    high = np.maximum(rank[first], rank[second])
    return np.lexsort((high, low, -np.round(strength, 3)))


def _spanning(count: int, first: Rows, second: Rows, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions of the pairs that hold components together."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree

    if not order.size:
        return np.empty(0, dtype=np.int64)
    cost = np.arange(1, order.size + 1, dtype=np.float64)
    graph = coo_matrix((cost, (first[order], second[order])), shape=(count, count)).tocsr()
    kept = minimum_spanning_tree(graph).data
    return np.sort(order[kept.astype(np.int64) - 1])
