"""Moderators of any model: a formula or a design matrix, and the rows that have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

from evisynth.display import plural
from evisynth.effects import EffectEstimates
from evisynth.errors import NotEstimableError
from evisynth.stats import check_rank
from evisynth.synthesis.formula import Design, build_design, drop_redundant_columns
from evisynth.synthesis.regression import given_design

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ModeratorsGiven", "read_moderators"]

ModeratorsGiven: TypeAlias = Union[str, "pd.DataFrame", NDArray[np.float64]]
"""A formula, or a design matrix as it stands."""


def read_moderators(
    moderators: ModeratorsGiven,
    effects: EffectEstimates,
    usable: NDArray[np.bool_],
    what: str,
    *,
    levels: Mapping[str, Sequence[object]] | None = None,
    terms: Sequence[str] | None = None,
    drop_redundant: bool = False,
) -> tuple[Design, str, NDArray[np.bool_], str]:
    """Return the design of moderators, its words, the rows to be fitted, and a note on columns.

    Parameters
    ----------
    moderators
        A formula over the columns of the data, or a design matrix, shape (K, P).
    effects
        The estimates with their data, K rows.
    usable
        Rows with an estimate, shape (K,); levels, knots and means are learnt from those of them
        that have all moderators.
    what
        Name of the model, for errors.
    levels, terms, drop_redundant
        As in `meta_regression`.

    Raises
    ------
    OptionError
        If a column does not exist or the formula cannot be read.
    DataError
        If columns depend on each other; the message names them.
    NotEstimableError
        If there are not more studies than coefficients.

    Examples
    --------
    >>> import pandas as pd
    >>> from evisynth.synthesis.inputs import as_effects
    >>> table = pd.DataFrame({"yi": [1.0, 2, 3], "vi": [1.0, 1, 1], "dose": [1, 2, 4]})
    >>> made = as_effects(table)
    >>> read_moderators("dose", made, made.estimable, "meta-regression")[0].terms
    ('intercept', 'dose')
    """
    if isinstance(moderators, str):
        design, words = build_design(effects.data, moderators, usable, levels), moderators
    else:
        design, words = given_design(moderators, effects, terms), "a given design matrix"
    here = usable & design.complete
    note = ""
    if drop_redundant:
        design, note = drop_redundant_columns(design, here)
    k, p = int(here.sum()), len(design.terms)
    if k <= p:
        out = ", ".join(effects.labels[row] for row in np.flatnonzero(~here)[:8])
        raise NotEstimableError(
            f"{what} on {words}: {plural(p, 'coefficient')} need at least {p + 1} studies with all "
            f"moderators, there {'is' if k == 1 else 'are'} {k}"
            + (f" (left out: {out})" * bool(out))
        )
    check_rank(design.matrix[here], design.terms)
    return design, words, here, note
