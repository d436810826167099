"""Linear support vector machine with squared hinge loss, solved on the training rows' weights.

The minimum of ``w'w/2 + sum C_i max(0, 1 - y_i (x_i'w + b))^2`` is unique, and is found by Newton's
method in the rows' weights: on the rows inside the margin it is a linear system (Chapelle 2007,
doi:10.1162/neco.2007.19.5.1155), solved by conjugate gradients. Nothing is random and nothing is
carried over from an earlier fit, so that the answer depends on the training rows alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy.sparse import csr_matrix

__all__ = ["fit_squared_hinge"]

Vector = npt.NDArray[np.float64]

STEPS = 40
"""Newton steps; about five are needed."""

INNER = 400
"""Steps of the conjugate gradients for one Newton step."""

TOLERANCE = 1e-5
"""Residual of the linear system, relative to its right side: far below what moves a rank."""


def fit_squared_hinge(
    rows: csr_matrix,
    rest: npt.NDArray[np.floating[Any]],
    signs: Vector,
    costs: Vector,
    bias: float = 1.0,
) -> Vector:
    """Return the weight of each training row.

    Parameters
    ----------
    rows
        Training rows, shape (m, terms).
    rest
        Squared length of each row outside the terms, shape (m,).
    signs
        1 for relevant, -1 for irrelevant, shape (m,).
    costs
        Weight of each row's loss, above 0, shape (m,).
    bias
        Constant term that every row has, squared.

    Returns
    -------
    array, shape (m,)
        Weights ``a``; the terms' weights are ``rows.T @ a``, the constant is ``bias * a.sum()``.

    Examples
    --------
    >>> from scipy.sparse import csr_matrix
    >>> rows = csr_matrix(np.eye(2))
    >>> a = fit_squared_hinge(rows, np.zeros(2), np.array([1.0, -1.0]), np.full(2, 0.5), 0.0)
    >>> [round(float(each), 4) for each in a]
    [0.5, -0.5]
    """
    matrix, rest = rows.astype(np.float64), np.asarray(rest, dtype=np.float64)
    turned = matrix.T
    ridge = 1.0 / (2.0 * costs)

    def product(weights: Vector) -> Vector:
        out: Vector = matrix @ (turned @ weights) + rest * weights + bias * weights.sum()
        return out

    def loss(weights: Vector, outputs: Vector) -> float:
        short = np.maximum(1.0 - signs * outputs, 0.0)
        return float(0.5 * weights @ outputs + costs @ short**2)

    diagonal = _squares_of_rows(matrix, matrix.data**2) + rest + bias + ridge
    weights, outputs = np.zeros(len(signs)), np.zeros(len(signs))
    reached = loss(weights, outputs)
    inside = np.ones(len(signs), dtype=bool)
    for _ in range(STEPS):
        new = _solve(product, inside, ridge, diagonal, signs, np.where(inside, weights, 0.0))
        new_outputs = product(new)
        now = loss(new, new_outputs)
        for _ in range(20):
            if now <= reached:
                break
            new, new_outputs = (new + weights) / 2, (new_outputs + outputs) / 2
            now = loss(new, new_outputs)
        else:
            break
        weights, outputs = new, new_outputs
        after = signs * outputs < 1.0
        settled = bool((after == inside).all()) or reached - now <= TOLERANCE**2 * reached
        inside, reached = after, now
        if settled:
            break
    return weights


def _squares_of_rows(matrix: csr_matrix, squares: Vector) -> Vector:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    found = np.bincount(rows, weights=squares, minlength=matrix.shape[0])
    return np.asarray(found, dtype=np.float64)


def _solve(
    product: Callable[[Vector], Vector],
    inside: npt.NDArray[np.bool_],
    ridge: Vector,
    diagonal: Vector,
    signs: Vector,
    start: Vector,
) -> Vector:
    """Solve the system of the rows inside the margin by preconditioned conjugate gradients."""
    target = np.where(inside, signs, 0.0)
    solution = start
    residual = target - np.where(inside, product(solution) + ridge * solution, 0.0)
    limit = TOLERANCE**2 * float(target @ target)
    steered = residual / diagonal
    direction = steered.copy()
    size = float(residual @ steered)
    for _ in range(INNER):
        if float(residual @ residual) <= limit:
            break
        ahead = np.where(inside, product(direction) + ridge * direction, 0.0)
        step = size / float(direction @ ahead)
        solution = solution + step * direction
        residual = residual - step * ahead
        steered = residual / diagonal
        new_size = float(residual @ steered)
        direction = steered + (new_size / size) * direction
        size = new_size
    return solution
