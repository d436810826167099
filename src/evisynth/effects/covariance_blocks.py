"""Covariance matrices of dependent estimates in blocks: the result, and how it is put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from evisynth.display import format_columns, format_number, plural
from evisynth.effects.columns import as_frame
from evisynth.effects.estimates import EffectEstimates
from evisynth.effects.table_columns import numbers_of, row_labels
from evisynth.errors import DataError, OptionError
from evisynth.stats import SamplingCovariance

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]

__all__ = [
    "Covariances",
    "covariances_of_blocks",
    "is_positive_definite",
    "nearest_positive_definite",
    "rows_of",
]

SHOWN = 15
"""Clusters that are printed."""

ROUNDS = 10_000
"""Rounds of alternating projections at most."""

CHANGE = 1e-13
"""Change of a correlation at which the projections have settled."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Covariances(SamplingCovariance):
    """Covariance matrix of sampling errors, in blocks, for the argument ``V`` of `multilevel`.

    Attributes
    ----------
    labels : tuple of str
        Name of each row, shape (K,).
    clusters : tuple of str
        Name of each block.
    sentence : str
        What was done, with references.
    notes : tuple of str
        What a reader must know.
    """

    labels: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    sentence: str = ""
    notes: tuple[str, ...] = ()

    def correlations(self) -> Floats:
        """Return the correlation matrix of all rows, shape (K, K)."""
        matrix = self.to_matrix()
        root = np.sqrt(np.diag(matrix))
        result: Floats = matrix / np.outer(root, root)
        return result

    def to_frame(self) -> pd.DataFrame:
        """Return the matrix as a table, rows and columns named."""
        import pandas as pd

        names = list(self.labels)
        return pd.DataFrame(self.to_matrix(), index=names, columns=names)

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return self.sentence

    def _rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [("cluster", "estimates", "correlations")]
        for name, matrix in zip(self.clusters, self.matrices, strict=True):
            if len(matrix) == 1 or len(rows) > SHOWN:
                continue
            root = np.sqrt(np.diag(matrix))
            r = (matrix / np.outer(root, root))[np.tril_indices(len(matrix), -1)]
            low, high = format_number(float(r.min())), format_number(float(r.max()))
            rows.append((name, str(len(matrix)), low if low == high else f"{low} to {high}"))
        return rows if len(rows) > 1 else []

    def __str__(self) -> str:
        count = plural(len(self.block), "estimate")
        head = f"Covariances of {count} in {plural(len(self.clusters), 'cluster')}"
        lines = [head, "", *format_columns(self._rows())]
        several = sum(len(matrix) > 1 for matrix in self.matrices)
        if several > SHOWN:
            lines.append(f"  ... and {plural(several - SHOWN, 'more cluster')}")
        if self.notes:
            lines += ["", *(f"  Note: {note}" for note in self.notes)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """Return the clusters as an HTML table, for notebooks."""
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        return f"<table><tbody>{body}</tbody></table>"


def nearest_positive_definite(matrix: ArrayLike, tolerance: float = 1e-8) -> Floats:
    """Return a positive definite covariance matrix near a symmetric one, with its variances.

    The nearest correlation matrix in the Frobenius norm, by alternating projections with
    Dykstra's correction; then all eigenvalues are at least ``tolerance`` times the largest (as R's
    ``Matrix::nearPD`` with ``corr = TRUE``).

    Parameters
    ----------
    matrix
        Symmetric, with variances above 0, shape (n, n).
    tolerance
        Least eigenvalue of the correlation matrix, relative to the largest.

    References
    ----------
    Higham 2002, doi:10.1093/imanum/22.3.329.

    Examples
    --------
    >>> made = nearest_positive_definite([[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]])
    >>> made.round(3).tolist()
    [[1.0, 0.5, 0.5], [0.5, 1.0, -0.5], [0.5, -0.5, 1.0]]
    """
    given = np.asarray(matrix, dtype=np.float64)
    root = np.sqrt(np.diag(given))
    near = (given + given.T) / 2 / np.outer(root, root)
    correction = np.zeros_like(near)
    for _ in range(ROUNDS):
        before = near
        shifted = near - correction
        values, vectors = np.linalg.eigh(shifted)
        projected = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = projected - shifted
        near = projected.copy()
        np.fill_diagonal(near, 1.0)
        if np.abs(near - before).max() < CHANGE:
            break
    values, vectors = np.linalg.eigh(near)
    least = tolerance * values[-1]
    if values[0] < least:
        near = (vectors * np.maximum(values, least)) @ vectors.T
        scale = 1 / np.sqrt(np.diag(near))
        near = near * np.outer(scale, scale)
    result: Floats = (near + near.T) / 2 * np.outer(root, root)
    return result


def rows_of(
    effects: EffectEstimates | pd.DataFrame | Mapping[str, Any],
) -> tuple[pd.DataFrame, Floats, tuple[str, ...], NDArray[np.bool_]]:
    """Return the data, variances and names of the rows, and which have a variance."""
    if isinstance(effects, EffectEstimates):
        frame, v, labels = effects.data, effects.variances, effects.labels
        known = effects.estimable
    else:
        frame = as_frame(effects)
        read = numbers_of(frame, None, "variance", ("vi", "variance", "var"))
        if read is None:
            se = numbers_of(frame, None, "se", ("se", "sei", "std_error"))
            read = None if se is None else se**2
        if read is None:
            have = [str(column) for column in frame.columns]
            raise OptionError("variance", None, have, hint="Name the column 'vi' or 'variance'.")
        v, labels = read, tuple(row_labels(frame))
        known = ~np.isnan(v)
    if (v[known] <= 0).any():
        raise DataError("sampling variances must be above 0")
    return frame, np.where(known, v, 1.0), labels, known


def covariances_of_blocks(
    variances: Floats,
    labels: tuple[str, ...],
    names: list[str],
    known: NDArray[np.bool_],
    block: Callable[[NDArray[np.int64]], Floats],
    nearest: bool,
    sentence: str,
) -> Covariances:
    """Put the blocks of clusters together; ``block`` gives a cluster's correlations by its rows.

    Raises
    ------
    DataError
        If a block is not positive definite, unless the nearest matrix is asked for.
    """
    order: dict[str, list[int]] = {}
    for row, (name, there) in enumerate(zip(names, known, strict=True)):
        order.setdefault(name if there else f"\0{row}", []).append(row)
    codes = np.empty(len(names), dtype=np.int64)
    matrices, changed = [], []
    for code, (name, members) in enumerate(order.items()):
        rows = np.array(members, dtype=np.int64)
        codes[rows] = code
        root = np.sqrt(variances[rows])
        matrix = block(rows) * np.outer(root, root) if len(rows) > 1 else root[:, None] ** 2
        if len(rows) > 1 and not is_positive_definite(matrix):
            if not nearest:
                raise DataError(
                    f"cluster {name!r}: its covariance matrix ({len(rows)} estimates) is not "
                    "positive definite; are two rows the same measure, time and groups? Check the "
                    "correlations and columns, or pass nearest=True"
                )
            matrix = nearest_positive_definite(matrix)
            changed.append(name)
        matrices.append(matrix)
    made = SamplingCovariance.of(codes, matrices)
    notes = []
    if changed:
        notes.append(
            f"the nearest positive definite matrix was taken for {', '.join(changed)}: doubt the "
            "correlations given"
        )
    clusters = tuple(
        labels[rows[0]] if name.startswith("\0") else name for name, rows in order.items()
    )
    return Covariances(made.block, made.cells, labels, clusters, sentence, tuple(notes))


def is_positive_definite(matrix: Floats) -> bool:
    """Return whether a symmetric matrix is positive definite, in double precision.

    Examples
    --------
    >>> is_positive_definite(np.array([[1.0, 1.0], [1.0, 1.0]]))
    False
    """
    root = np.sqrt(np.diag(matrix))
    return bool(np.linalg.eigvalsh(matrix / np.outer(root, root))[0] > 1e-10)
