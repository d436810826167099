"""All subsets of moderators, ranked by an information criterion."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from evisynth.display import format_number, format_percent, plural
from evisynth.effects import EffectEstimates
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    check_count,
    check_name,
    independent_columns,
    log_likelihood,
    regress_batch,
)
from evisynth.synthesis.formula import Design, build_design, parse_formula
from evisynth.synthesis.inputs import as_effects
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["ModelSearch", "model_search"]

Criterion = Literal["AICc", "AIC", "BIC"]
CRITERIA: tuple[Criterion, ...] = ("AICc", "AIC", "BIC")

MOST = 2**15
"""Models that a search may fit; a formula of more terms is refused."""

SHOWN = 10


@dataclass(frozen=True, slots=True, repr=False)
class ModelSearch(Result):
    """All subsets of the terms of a formula, the best first.

    Attributes
    ----------
    models : tuple of str
        Formula of each model, shape (M,).
    parameters : ndarray of int, shape (M,)
        Coefficients and tau².
    log_likelihood, criterion : ndarray, shape (M,)
        By maximum likelihood; NaN where a model cannot be fitted (see `reasons`).
    weights : ndarray, shape (M,)
        Relative likelihood of each model, summing to 1.
    tau2 : ndarray, shape (M,)
        Residual between-study variance.
    reasons : tuple of str
        Why a model has no likelihood, or ``""``.
    terms : tuple of str
        Terms of the formula.
    importance : ndarray, shape (T,)
        Sum of the weights of the models that hold each term.
    measure : {"AICc", "AIC", "BIC"}
        Criterion.
    k : int
        Number of estimates, the same in all models.
    formula : str
        All terms.
    left_out : tuple of str
        Labels of rows without an estimate or any of the moderators.
    """

    models: tuple[str, ...]
    parameters: NDArray[np.int64]
    log_likelihood: NDArray[np.float64]
    criterion: NDArray[np.float64]
    weights: NDArray[np.float64]
    tau2: NDArray[np.float64]
    reasons: tuple[str, ...]
    terms: tuple[str, ...]
    importance: NDArray[np.float64]
    measure: Criterion
    k: int
    formula: str
    left_out: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a model, the best first."""
        import pandas as pd

        return pd.DataFrame(
            {
                "model": list(self.models),
                "parameters": self.parameters,
                "log_likelihood": self.log_likelihood,
                self.measure: self.criterion,
                "difference": self.criterion - np.nanmin(self.criterion),
                "weight": self.weights,
                "tau2": self.tau2,
                "reason": list(self.reasons),
            }
        )

    def importance_frame(self) -> pd.DataFrame:
        """Return one row a term, the most important first."""
        import pandas as pd

        table = pd.DataFrame({"term": list(self.terms), "importance": self.importance})
        return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            f"All {len(self.models)} subsets of the terms of {self.formula} that keep the margins "
            "of interactions were fitted by maximum likelihood and ranked by "
            f"{self.measure}; the importance of a term is the sum of the Akaike weights of the "
            "models that hold it (Burnham and Anderson 2002, doi:10.1007/b97636; Cinar et al. "
            "2021, doi:10.1111/2041-210X.13489)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"{plural(len(self.models), 'model')} by {self.measure}, k = {self.k}"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows: the best models."""
        rows = [["Model", "Parameters", self.measure, "Difference", "Weight"]]
        best = float(np.nanmin(self.criterion))
        rows += [
            [
                self.models[place],
                str(int(self.parameters[place])),
                format_number(self.criterion[place]),
                format_number(self.criterion[place] - best),
                format_percent(100 * self.weights[place]),
            ]
            for place in range(min(SHOWN, len(self.models)))
        ]
        return rows

    def summary_facts(self) -> tuple[str, ...]:
        """Return the importance of the terms."""
        order = np.argsort(-self.importance, kind="stable")
        words = ", ".join(
            f"{self.terms[place]} {format_number(self.importance[place])}" for place in order
        )
        return (f"Importance: {words}.",)


def model_search(
    effects: EffectEstimates | PooledFit | pd.DataFrame,
    formula: str,
    *,
    by: str = "AICc",
    model: str = "random",
    always: Sequence[str] = (),
    most: int | None = None,
    levels: Mapping[str, Sequence[object]] | None = None,
) -> ModelSearch:
    """Fit all subsets of the terms of a formula and rank them by an information criterion.

    Parameters
    ----------
    effects
        Effect estimates, a table (columns recognized as in `pool`), or a fit.
    formula
        All terms, as in `meta_regression`. An interaction is only taken together with its margins.
    by
        ``"AICc"``, ``"AIC"`` or ``"BIC"``.
    model
        ``"random"`` or ``"equal"``.
    always
        Terms that are in every model.
    most
        Most terms that a model may hold.
    levels
        Order of the levels by column, as in `meta_regression`.

    Returns
    -------
    ModelSearch
        Prints the ten best models. All models are fitted to the same rows: those with a value of
        every moderator.

    Raises
    ------
    OptionError
        If a word or column is not known, or there are too many models.
    NotEstimableError
        If there are too few studies for any model.

    Notes
    -----
    A search is exploration: tests and intervals of a model found by it are too good. Say how many
    models were tried.

    References
    ----------
    Burnham and Anderson 2002, doi:10.1007/b97636; Cinar et al. 2021, doi:10.1111/2041-210X.13489.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {
    ...         "yi": [0.1, 0.3, 0.8, 0.5, 0.9, 0.7, 1.1],
    ...         "vi": [0.02, 0.03, 0.05, 0.01, 0.04, 0.02, 0.03],
    ...         "dose": [0, 1, 2, 3, 4, 5, 6],
    ...         "year": [3, 1, 2, 5, 6, 4, 7],
    ...     }
    ... )
    >>> es.model_search(table, "dose + year").models
    ('dose', '1', 'year', 'dose + year')
    """
    formula = check_name("formula", formula)
    most = None if most is None else check_count("most", most)
    measure = find_word("by", by, CRITERIA)
    kind = cast(
        Literal["random", "equal"],
        find_word("model", model, ("random", "equal"), {"fixed": "equal", "mixed": "random"}),
    )
    made = effects.effects if isinstance(effects, PooledFit) else as_effects(effects)
    full = build_design(made.data, formula, made.estimable, levels)
    texts = [
        ":".join(factor.written or factor.label for factor in term)
        for term in parse_formula(formula)[1]
    ]
    here = made.estimable & full.complete
    for term in always:
        if term not in full.term_labels:
            raise OptionError("always", term, full.term_labels)
    chosen = list(_subsets(full, set(always), most))
    y, v = made.estimates[here], made.variances[here]
    fits = [_fitted(full, subset, y, v, here, kind, measure) for subset in chosen]
    if all(math.isnan(fit.criterion) for fit in fits):
        raise NotEstimableError(
            f"model search: {plural(len(y), 'study', 'studies')} with all moderators are too few "
            "for any model"
        )
    fits.sort(key=lambda fit: (math.isnan(fit.criterion), fit.criterion, fit.parameters))
    criterion = np.array([fit.criterion for fit in fits])
    relative = np.exp(-0.5 * (criterion - np.nanmin(criterion)))
    weights = np.where(np.isnan(relative), 0.0, relative) / np.nansum(relative)
    importance = np.array(
        [
            sum(w for w, fit in zip(weights, fits, strict=True) if place in fit.subset)
            for place in range(len(full.term_labels))
        ]
    )
    left_out = tuple(made.labels[row] for row in np.flatnonzero(~here))
    return ModelSearch(
        models=tuple(_words(full, texts, fit.subset) for fit in fits),
        parameters=np.array([fit.parameters for fit in fits], dtype=np.int64),
        log_likelihood=np.array([fit.height for fit in fits]),
        criterion=criterion,
        weights=weights,
        tau2=np.array([fit.tau2 for fit in fits]),
        reasons=tuple(fit.reason for fit in fits),
        terms=full.term_labels,
        importance=importance,
        measure=measure,
        k=len(y),
        formula=formula,
        left_out=left_out,
        notes=_notes(left_out, len(fits), len(y)),
    )


@dataclass(frozen=True, slots=True)
class _Fitted:
    subset: tuple[int, ...]
    parameters: int
    height: float
    criterion: float
    tau2: float
    reason: str = ""


def _words(design: Design, texts: Sequence[str], subset: tuple[int, ...]) -> str:
    text = " + ".join(texts[place] for place in subset)
    if "intercept" not in design.terms:
        return f"{text} - 1" if text else "0"
    return text or "1"


def _subsets(design: Design, always: set[str], most: int | None) -> Iterator[tuple[int, ...]]:
    """Return the subsets of terms that hold the margins of their interactions."""
    count = len(design.term_labels)
    coding = design.coding
    if coding is None or count == 0:
        raise OptionError("formula", "no term", ["a formula with terms"])
    if most is None and 2**count > MOST:
        raise OptionError(
            "formula", f"{count} terms", [f"up to {int(math.log2(MOST))} terms"],
            hint="That would be too many models; give fewer terms, or most=.",
        )  # fmt: skip
    labels = [frozenset(factor.label for factor in term) for term in coding.terms]
    needed = {place for place, label in enumerate(design.term_labels) if label in always}
    tried = 0
    for size in range(min(count, count if most is None else most) + 1):
        for subset in combinations(range(count), size):
            tried += 1
            if tried > MOST:
                raise OptionError(
                    "most", most, ["a smaller number"], hint="That would be too many models."
                )
            inside = {labels[place] for place in subset}
            margins = all(
                label in inside for place in subset for label in labels if label < labels[place]
            )
            empty = not subset and not coding.intercept
            if margins and needed <= set(subset) and not empty:
                yield subset


def _fitted(
    design: Design,
    subset: tuple[int, ...],
    y: NDArray[np.float64],
    v: NDArray[np.float64],
    here: NDArray[np.bool_],
    kind: Literal["random", "equal"],
    measure: Criterion,
) -> _Fitted:
    """Fit one subset by maximum likelihood."""
    wanted = {0, *(place + 1 for place in subset)}
    columns = [place for place, owner in enumerate(design.owners) if owner in wanted]
    x = design.matrix[here][:, columns]
    nan, count = float("nan"), len(columns) + (kind == "random")
    if len(y) <= len(columns):
        return _Fitted(subset, count, nan, nan, nan, "fewer studies than coefficients")
    if not independent_columns(x).all():
        return _Fitted(subset, count, nan, nan, nan, "its columns depend on each other")
    fit: Any = regress_batch(y, v, x, model=kind, tau2="ML", ci="z")
    tau2 = 0.0 if kind == "equal" else float(fit.tau2[0])
    height = float(log_likelihood(y, v, tau2, design=x)[0])
    k = len(y)
    least = max(k, count + 2)
    penalty = {
        "AIC": 2.0 * count,
        "BIC": count * math.log(k),
        "AICc": 2 * count * least / (least - count - 1),
    }[measure]
    return _Fitted(subset, count, height, penalty - 2 * height, tau2)


def _notes(left_out: tuple[str, ...], models: int, k: int) -> tuple[str, ...]:
    notes = [
        f"{plural(models, 'model')} of {plural(k, 'study', 'studies')} were compared: this is "
        "exploration, and tests of the model that is found are too good."
    ]
    if left_out:
        more = f" and {len(left_out) - 10} more" if len(left_out) > 10 else ""
        notes.append(
            f"Left out for want of an estimate or a moderator: {', '.join(left_out[:10])}{more}."
        )
    return tuple(notes)
