"""Collinearity of moderators: variance inflation factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evisynth.errors import OptionError
from evisynth.stats import variance_inflation
from evisynth.synthesis.hypotheses import design_of
from evisynth.synthesis.linear_fits import linear_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["VarianceInflation", "vif"]

By = Literal["coefficient", "term"]
BY: tuple[By, ...] = ("coefficient", "term")


@dataclass(frozen=True, slots=True, repr=False)
class VarianceInflation(Result):
    """How much the variances of coefficients grow by the other moderators.

    Attributes
    ----------
    names : tuple of str
        Coefficients, or terms of the formula; shape (Q,).
    coefficients : tuple of int
        Number of coefficients of each.
    factors : ndarray, shape (Q,)
        Variance inflation factors, generalized for terms of several coefficients.
    scaled : ndarray, shape (Q,)
        Factors to the power 1 / (2 m) for m coefficients: the growth of standard errors.
    by : {"coefficient", "term"}
        What each row is.
    """

    names: tuple[str, ...]
    coefficients: tuple[int, ...]
    factors: NDArray[np.float64]
    scaled: NDArray[np.float64]
    by: By

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient or term."""
        import pandas as pd

        return pd.DataFrame(
            {
                self.by: list(self.names),
                "coefficients": list(self.coefficients),
                "vif": self.factors,
                "sif": self.scaled,
            }
        )

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "Collinearity of the moderators was described by (generalized) variance inflation "
            "factors (Fox and Monette 1992, doi:10.1080/01621459.1992.10475190)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return "Variance inflation factors"


def vif(fit: Any, by: str = "coefficient") -> VarianceInflation:
    """Compute variance inflation factors of the moderators of a fit (metafor's ``vif``).

    Parameters
    ----------
    fit
        What `meta_regression`, `multilevel`, `robust`, `robust_regression` or `location_scale` (its
        mean) returned.
    by
        ``"coefficient"``, or ``"term"`` of the formula (generalized factors).

    Raises
    ------
    OptionError
        If the model has no moderators, or a word is not known.

    References
    ----------
    Fox and Monette 1992, doi:10.1080/01621459.1992.10475190.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {
    ...         "yi": [0.1, 0.3, 0.8, 0.5, 0.9, 0.4],
    ...         "vi": [0.02] * 6,
    ...         "dose": [0, 1, 2, 3, 4, 5],
    ...         "year": [3, 1, 2, 5, 6, 4],
    ...     }
    ... )
    >>> es.vif(es.meta_regression(table, "dose + year")).factors.round(3)
    array([1.76, 1.76])
    """
    way: By = find_word("by", by, BY)
    linear = linear_fit(fit)
    places = [place for place, term in enumerate(linear.terms) if term != "intercept"]
    if not places:
        raise OptionError("fit", "an intercept alone", ["a model with moderators"])
    if way == "coefficient":
        groups = [(linear.terms[place], [place]) for place in places]
    else:
        design = design_of(linear, "by")
        groups = [
            (label, [at for at, owner in enumerate(design.owners) if owner == number + 1])
            for number, label in enumerate(design.term_labels)
        ]
        groups = [(label, found) for label, found in groups if found]
    where = {place: number for number, place in enumerate(places)}
    part = linear.covariance[np.ix_(places, places)]
    factors = variance_inflation(part, [[where[at] for at in found] for _, found in groups])
    sizes = np.array([len(found) for _, found in groups])
    return VarianceInflation(
        names=tuple(label for label, _ in groups),
        coefficients=tuple(int(size) for size in sizes),
        factors=factors,
        scaled=factors ** (1 / (2 * sizes)),
        by=way,
    )
