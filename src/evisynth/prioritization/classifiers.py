"""Classifiers: from training rows to a score for each row, high for the relevant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from evisynth.errors import OptionError
from evisynth.prioritization.solver import fit_squared_hinge

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from evisynth.prioritization.balancing import TrainingRows
    from evisynth.prioritization.features import Features

__all__ = [
    "Classifier",
    "LiblinearSvm",
    "LinearSvm",
    "LogisticRegression",
    "NaiveBayes",
]

Vector = npt.NDArray[np.float64]


class Classifier(Protocol):
    """What a classifier can do; the training rows hold both signs."""

    def score(self, features: Features, training: TrainingRows, seed: int) -> Vector:
        """Return a score for each row of the features, shape (records + context,)."""


def _check(name: str, value: float) -> None:
    if not 0 < value < float("inf"):
        raise OptionError(name, value, ["a number above 0"])


@dataclass(frozen=True, slots=True)
class LinearSvm:
    """Linear support vector machine, squared hinge loss, the same whatever order labels came in.

    Attributes
    ----------
    cost : float
        Cost of a label of mean weight; small values keep the terms' weights small.
    """

    cost: float = 0.05

    def __post_init__(self) -> None:
        _check("cost", self.cost)

    def score(self, features: Features, training: TrainingRows, _seed: int) -> Vector:
        """Return a score for each row of the features."""
        rows = features.matrix[training.rows]
        found = fit_squared_hinge(
            rows, features.rest[training.rows], training.signs, self.cost * training.weights
        )
        terms = (rows.T @ found).astype(np.float32)
        scores: Vector = (features.matrix @ terms).astype(np.float64)
        scores += found.sum()
        scores[training.rows] += features.rest[training.rows] * found
        return scores


@dataclass(frozen=True, slots=True)
class LiblinearSvm:
    """Scikit-learn's LinearSVC, the classifier of ASReview's ELAS u4, for comparison."""

    cost: float = 0.11

    def __post_init__(self) -> None:
        _check("cost", self.cost)

    def score(self, features: Features, training: TrainingRows, seed: int) -> Vector:
        """Return a score for each row of the features."""
        from sklearn.svm import LinearSVC

        model = LinearSVC(C=self.cost, loss="squared_hinge", random_state=seed, max_iter=5000)
        model.fit(features.matrix[training.rows], training.signs, training.weights)
        scores: Vector = np.asarray(model.decision_function(features.matrix), dtype=np.float64)
        return scores


@dataclass(frozen=True, slots=True)
class LogisticRegression:
    """Scikit-learn's logistic regression."""

    cost: float = 1.0

    def __post_init__(self) -> None:
        _check("cost", self.cost)

    def score(self, features: Features, training: TrainingRows, seed: int) -> Vector:
        """Return a score for each row of the features."""
        from sklearn.linear_model import LogisticRegression as Model

        model = Model(C=self.cost, random_state=seed, max_iter=1000)
        model.fit(_double(features.matrix[training.rows]), training.signs, training.weights)
        scores: Vector = np.asarray(model.decision_function(features.matrix), dtype=np.float64)
        return scores


@dataclass(frozen=True, slots=True)
class NaiveBayes:
    """Scikit-learn's multinomial naive Bayes, the classifier of ASReview's first version.

    Attributes
    ----------
    smoothing : float
        Count added to each term.
    """

    smoothing: float = 3.822

    def __post_init__(self) -> None:
        _check("smoothing", self.smoothing)

    def score(self, features: Features, training: TrainingRows, _seed: int) -> Vector:
        """Return a score for each row of the features."""
        from sklearn.naive_bayes import MultinomialNB

        model = MultinomialNB(alpha=self.smoothing)
        model.fit(features.matrix[training.rows], training.signs, training.weights)
        known = model.predict_log_proba(features.matrix)
        scores: Vector = known[:, 1] - known[:, 0]
        return scores


def _double(rows: csr_matrix) -> csr_matrix:
    return rows.astype(np.float64)
