"""Our own parts, registered by an entry point as those of any other package."""

from __future__ import annotations

from evisynth.prioritization.balancing import Background, Equal, Ratio
from evisynth.prioritization.classifiers import (
    LiblinearSvm,
    LinearSvm,
    LogisticRegression,
    NaiveBayes,
)
from evisynth.prioritization.features import TfidfPairs, WordsAndPairs
from evisynth.prioritization.queries import HighestFirst, RandomOrder, RandomShare, UncertainFirst
from evisynth.prioritization.registry import Part
from evisynth.prioritization.stopping import Consecutive, Hypergeometric

__all__ = ["parts"]


def parts() -> tuple[Part, ...]:
    """Return our own parts.

    Examples
    --------
    >>> len({(part.kind, part.name) for part in parts()}) == len(parts())
    True
    """
    return (
        Part(
            "features",
            "words-and-pairs",
            "the words and pairs of words of title (counted twice), abstract and keywords, without "
            "plural endings, weighted by TF-IDF, records with less text than usual held back",
            WordsAndPairs,
            version="2",
        ),
        Part(
            "features",
            "tfidf-pairs",
            "the words and pairs of words of title (counted twice), abstract and keywords, "
            "weighted by TF-IDF (scikit-learn)",
            TfidfPairs,
        ),
        Part(
            "classifier",
            "linear-svm",
            "a linear support vector machine with squared hinge loss",
            LinearSvm,
        ),
        Part(
            "classifier",
            "linear-svc",
            "a linear support vector machine with squared hinge loss (scikit-learn, LIBLINEAR)",
            LiblinearSvm,
        ),
        Part(
            "classifier",
            "logistic-regression",
            "logistic regression (scikit-learn)",
            LogisticRegression,
        ),
        Part("classifier", "naive-bayes", "multinomial naive Bayes (scikit-learn)", NaiveBayes),
        Part(
            "balancer",
            "background",
            "relevant records weighted up and a random sample of unread records counted, lightly, "
            "as irrelevant",
            Background,
        ),
        Part("balancer", "ratio", "relevant records weighted up", Ratio),
        Part("balancer", "equal", "every decision counting the same", Equal),
        Part("query", "highest-first", "the record with the highest score next", HighestFirst),
        Part("query", "uncertain-first", "the record nearest to the border next", UncertainFirst),
        Part("query", "random", "records in random order", RandomOrder),
        Part(
            "query",
            "random-share",
            "the record with the highest score next and a share of records drawn by chance",
            RandomShare,
        ),
        Part(
            "stopping",
            "hypergeometric",
            "the hypergeometric test of recall below its target",
            Hypergeometric,
        ),
        Part(
            "stopping",
            "consecutive",
            "a run of irrelevant records (no guarantee)",
            Consecutive,
        ),
    )
