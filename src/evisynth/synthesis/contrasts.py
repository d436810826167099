"""Linear combinations of coefficients: single tests, pairs of levels, joint tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evisynth.display import format_estimate, format_number, format_p, format_percent
from evisynth.errors import DataError, OptionError
from evisynth.stats import (
    KenwardRogerCovariance,
    independent_columns,
    t_quantile,
    two_sided_p,
)
from evisynth.synthesis.hypotheses import HypothesisReader, design_of, level_rows
from evisynth.synthesis.joint_tests import HeterogeneityTest, joint_wald_test, words_of_test
from evisynth.synthesis.linear_fits import LinearFit, linear_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.regression_further import kenward_roger_test
from evisynth.synthesis.result import Result
from evisynth.synthesis.robust_results import RobustFit

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Contrasts", "contrasts"]

Adjustment = Literal["none", "holm", "bonferroni"]
ADJUSTMENTS: tuple[Adjustment, ...] = ("none", "holm", "bonferroni")
ADJUSTMENT_WORDS = {
    "none": "",
    "holm": "; P values were adjusted by Holm's method (1979)",
    "bonferroni": "; P values were adjusted by Bonferroni's method",
}


@dataclass(frozen=True, slots=True, repr=False)
class Contrasts(Result):
    """Linear combinations of coefficients with their tests.

    Attributes
    ----------
    names : tuple of str
        What each combination is, shape (Q,).
    matrix : ndarray, shape (Q, P)
        Weights of the coefficients.
    against : ndarray, shape (Q,)
        Value that each is tested against.
    estimates, se, ci_lower, ci_upper, statistics, df, p_values : ndarray, shape (Q,)
        The combinations on the pooled scale, with their tests (z where ``df`` is infinite).
    p_adjusted : ndarray, shape (Q,)
        P values adjusted for their number; the plain ones without an adjustment.
    adjust : {"none", "holm", "bonferroni"}
        How.
    joint : HeterogeneityTest
        Test of all of them together; ``reason`` says where there is none.
    level : float
        Level of the intervals (which are not adjusted).
    terms : tuple of str
        Names of the coefficients.
    sentence : str
        What was done.
    """

    names: tuple[str, ...]
    matrix: NDArray[np.float64]
    against: NDArray[np.float64]
    estimates: NDArray[np.float64]
    se: NDArray[np.float64]
    ci_lower: NDArray[np.float64]
    ci_upper: NDArray[np.float64]
    statistics: NDArray[np.float64]
    df: NDArray[np.float64]
    p_values: NDArray[np.float64]
    p_adjusted: NDArray[np.float64]
    adjust: Adjustment
    joint: HeterogeneityTest
    level: float
    terms: tuple[str, ...]
    sentence: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row a combination."""
        import pandas as pd

        names = (
            "against", "estimates", "se", "ci_lower", "ci_upper", "statistics", "df", "p_values",
            "p_adjusted",
        )  # fmt: skip
        return pd.DataFrame(
            {"contrast": list(self.names), **{name: getattr(self, name) for name in names}}
        )

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            f"{self.sentence} Linear combinations of the coefficients were tested by Wald-type "
            f"tests{ADJUSTMENT_WORDS[self.adjust]}."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return "Linear combinations of coefficients, pooled scale"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows."""
        percent = format_percent(100 * self.level, 0 if (100 * self.level).is_integer() else 1)
        rows = [["", f"[{percent} CI]", "SE", "df", "t or z", "P"]]
        if self.adjust != "none":
            rows[0].append(f"P ({self.adjust})")
        for place, name in enumerate(self.names):
            df = float(self.df[place])
            row = [
                name,
                format_estimate(
                    self.estimates[place], self.ci_lower[place], self.ci_upper[place], 3
                ),
                format_number(self.se[place], 3),
                "" if math.isinf(df) else format_number(df, 0 if df.is_integer() else 1),
                format_number(self.statistics[place]),
                format_p(self.p_values[place]),
            ]
            if self.adjust != "none":
                row.append(format_p(self.p_adjusted[place]))
            rows.append(row)
        return rows

    def summary_facts(self) -> tuple[str, ...]:
        """Return the joint test."""
        if len(self.names) == 1:
            return ()
        return (f"Together: {self.joint.reason or words_of_test(self.joint)}.",)


def contrasts(
    fit: Any,
    hypotheses: str | Sequence[str] | ArrayLike | None = None,
    *,
    terms: str | Sequence[str] | None = None,
    pairs: str | None = None,
    adjust: str = "none",
    level: float | None = None,
) -> Contrasts:
    """Test linear combinations of the coefficients of a fit (metafor's ``anova`` with X or btt).

    Give one of `hypotheses`, `terms` and `pairs`; without any, each coefficient but the intercept.

    Parameters
    ----------
    fit
        What `meta_regression`, `multilevel`, `robust`, `robust_regression` or `location_scale` (its
        mean) returned.
    hypotheses
        Combinations in words, e.g. ``"drug - placebo = 0"``, ``"2 * dose + 1 = year"``, several in
        a list: names of coefficients as the fit prints them, or levels of a category (the reference
        level is 0 where it has no coefficient). Or a matrix, shape (Q, P).
    terms
        Terms of the formula or coefficients: each coefficient, and all of them together.
    pairs
        A category: all pairs of its levels.
    adjust
        Adjustment of the P values for their number: ``"none"``, ``"holm"`` or ``"bonferroni"``.
    level
        Level of the intervals; by default that of the fit.

    Returns
    -------
    Contrasts
        Prints as a table; ``joint`` is the test of all together.

    Raises
    ------
    OptionError
        If a name or word is not known.
    DataError
        If a matrix has the wrong shape.

    Notes
    -----
    The tests are those of the fit: t with its degrees of freedom (F jointly), z (chi² jointly), or
    Satterthwaite's with the approximate Hotelling T² test for cluster-robust fits.

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6:65-70.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {
    ...         "yi": [0.1, 0.3, 0.8, 0.5, 0.9, 0.4],
    ...         "vi": [0.02, 0.03, 0.05, 0.01, 0.04, 0.02],
    ...         "arm": ["a", "a", "b", "b", "c", "c"],
    ...     }
    ... )
    >>> fit = es.meta_regression(table, "arm", ci="z")
    >>> es.contrasts(fit, "b - c = 0").estimates.round(4)
    array([-0.008])
    >>> es.contrasts(fit, pairs="arm", adjust="holm").names
    ('b - a', 'c - a', 'c - b')
    """
    linear = linear_fit(fit)
    if sum(given is not None for given in (hypotheses, terms, pairs)) > 1:
        raise OptionError(
            "hypotheses", "several", ["hypotheses", "terms", "pairs"], hint="Give one of them."
        )
    if level is not None and not (isinstance(level, float) and 0 < level < 1):
        raise OptionError("level", level, ["a number between 0 and 1, e.g. 0.95"])
    way = find_word("adjust", adjust, ADJUSTMENTS, {"no": "none", "": "none"})
    p = len(linear.terms)
    against: NDArray[np.float64] | None = None
    if pairs is not None:
        names, matrix = _pairs(linear, pairs)
    elif hypotheses is None:
        places = _places(linear, terms)
        names = tuple(linear.terms[place] for place in places)
        matrix = np.eye(p)[places]
    elif texts := _texts(hypotheses):
        found = [HypothesisReader(linear, text).combination() for text in texts]
        names = texts
        matrix, against = np.array([row for row, _ in found]), np.array([-c for _, c in found])
    else:
        matrix = np.atleast_2d(np.asarray(hypotheses, dtype=np.float64))
        if matrix.ndim != 2 or matrix.shape[1] != p or not np.isfinite(matrix).all():
            raise DataError(
                f"hypotheses: shape {np.shape(hypotheses)}; a row a combination and {p} columns "
                f"({', '.join(linear.terms)}) are needed, without gaps"
            )
        names = tuple(_words(row, linear.terms) for row in matrix)
    if against is None:
        against = np.zeros(len(matrix))
    return _tested(fit, linear, names, matrix, against, way, level)


def _texts(hypotheses: Any) -> tuple[str, ...]:
    """Return hypotheses in words; nothing where they are a matrix."""
    if isinstance(hypotheses, str):
        return (hypotheses,)
    if isinstance(hypotheses, (list, tuple)):
        words = tuple(text for text in hypotheses if isinstance(text, str))
        return words if len(words) == len(hypotheses) else ()
    return ()


def _tested(
    fit: Any,
    linear: LinearFit,
    names: tuple[str, ...],
    matrix: NDArray[np.float64],
    against: NDArray[np.float64],
    adjust: Adjustment,
    level: float | None,
) -> Contrasts:
    at = linear.level if level is None else level
    estimates = matrix @ linear.coefficients
    v = matrix @ linear.covariance @ matrix.T
    se = np.sqrt(np.diag(v))
    df = linear.df_of(matrix)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistics = (estimates - against) / se
    half = t_quantile(df, at) * se
    p_values = two_sided_p(statistics, df)
    joint = _joint(fit, linear, matrix, estimates - against, v, bool(against.any()))
    return Contrasts(
        names=names,
        matrix=matrix,
        against=against,
        estimates=estimates,
        se=se,
        ci_lower=estimates - half,
        ci_upper=estimates + half,
        statistics=statistics,
        df=df,
        p_values=p_values,
        p_adjusted=adjusted(p_values, adjust),
        adjust=adjust,
        joint=joint,
        level=at,
        terms=linear.terms,
        sentence=linear.sentence,
    )


def _joint(
    fit: Any,
    linear: LinearFit,
    matrix: NDArray[np.float64],
    estimates: NDArray[np.float64],
    v: NDArray[np.float64],
    shifted: bool,
) -> HeterogeneityTest:
    """Test all combinations together; of those that depend on each other enough to imply them."""
    keep = independent_columns(matrix.T)
    if shifted and not keep.all():
        reason = "the combinations depend on each other, so they cannot be tested together"
        return _no_test(reason, len(matrix))
    if not keep.any():
        return _no_test("no coefficient is in the combinations", len(matrix))
    if isinstance(linear.inference, KenwardRogerCovariance):
        return kenward_roger_test(linear.inference, estimates[keep], matrix[keep], "contrasts")
    if not isinstance(fit, RobustFit):
        return joint_wald_test(estimates[keep], v[np.ix_(keep, keep)], linear.df, "contrasts")
    if shifted:
        return _no_test("cluster-robust joint tests are against 0", len(matrix))
    return fit.joint_test(matrix[keep])


def _no_test(reason: str, size: int) -> HeterogeneityTest:
    nan = float("nan")
    return HeterogeneityTest(nan, "F", float(size), nan, nan, "contrasts", reason)


def adjusted(p_values: NDArray[np.float64], way: Adjustment) -> NDArray[np.float64]:
    """Return P values adjusted for their number.

    Examples
    --------
    >>> adjusted(np.array([0.01, 0.04, 0.03]), "holm").round(2)
    array([0.03, 0.06, 0.06])
    """
    m = len(p_values)
    if way == "none" or m == 0:
        return p_values
    if way == "bonferroni":
        return np.minimum(1.0, m * p_values)
    order = np.argsort(p_values)
    raised = np.maximum.accumulate((m - np.arange(m)) * p_values[order])
    found = np.empty(m)
    found[order] = np.minimum(1.0, raised)
    return found


def _places(linear: LinearFit, terms: str | Sequence[str] | None) -> list[int]:
    """Return the places of coefficients by their names, or by terms of the formula."""
    if terms is None:
        found = [place for place, term in enumerate(linear.terms) if term != "intercept"]
        return found or list(range(len(linear.terms)))
    wanted = [terms] if isinstance(terms, str) else list(terms)
    design = linear.design
    labels = design.term_labels if design is not None else ()
    owners = design.owners if design is not None else ()
    places: list[int] = []
    for name in wanted:
        if name in linear.terms:
            here = [linear.terms.index(name)]
        elif name in labels:
            here = [place for place, owner in enumerate(owners) if owner == labels.index(name) + 1]
        else:
            raise OptionError("terms", name, dict.fromkeys([*labels, *linear.terms]))
        places += [place for place in here if place not in places]
    return places


def _pairs(linear: LinearFit, column: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return all pairs of levels of a category."""
    rows = level_rows(linear, column)
    design = design_of(linear, "pairs")
    assert design.coding is not None  # noqa: S101
    for term in design.coding.terms:
        if len(term) > 1 and any(factor.column == column for factor in term):
            raise OptionError(
                "pairs", column, ["a matrix", "hypotheses"],
                hint="The category is in an interaction, so its differences depend on the other "
                "moderators; say which by hypotheses, or code it with scale() or center().",
            )  # fmt: skip
    made = [
        (f"{second} - {first}", rows[second] - rows[first])
        for first, second in combinations(rows, 2)
    ]
    return tuple(name for name, _ in made), np.array([row for _, row in made])


def _words(row: NDArray[np.float64], terms: tuple[str, ...]) -> str:
    """Return a combination in words."""
    text = ""
    for weight, term in zip(row, terms, strict=True):
        if weight == 0:
            continue
        size = "" if abs(weight) == 1 else f"{abs(weight):g} * "
        sign = ("-" if weight < 0 else "") if not text else " - " if weight < 0 else " + "
        text += f"{sign}{size}{term}"
    return text or "0"
