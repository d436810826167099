"""What multilevel models take: tables in which a study may stand in several rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.effects import EffectEstimates
from evisynth.errors import DataError
from evisynth.stats import SamplingCovariance
from evisynth.synthesis.inputs import as_effects

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["as_dependent_effects", "as_sampling_covariance", "three_levels"]

NAMES = ("study", "slab", "label", "trial", "author", "id")
"""Columns that may name the rows, in this order."""

ROW_NAME = "row name"
"""Column added for names that are told apart by a number."""


def as_dependent_effects(
    table: EffectEstimates | pd.DataFrame,
    *,
    estimate: str | None = None,
    variance: str | None = None,
    se: str | None = None,
    label: str | None = None,
) -> EffectEstimates:
    """Return effect estimates, telling rows of the same study apart by a number.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"study": ["A", "A", "B"], "yi": [1.0, 2, 3], "vi": [1.0, 1, 1]})
    >>> as_dependent_effects(table).labels
    ('A (1)', 'A (2)', 'B')
    """
    if isinstance(table, EffectEstimates) or not hasattr(table, "columns"):
        return as_effects(table, estimate=estimate, variance=variance, se=se, label=label)
    name = label or next((word for word in NAMES if word in table.columns), None)
    if name is None or name not in table.columns:
        return as_effects(table, estimate=estimate, variance=variance, se=se, label=label)
    words = [str(cell).strip() for cell in table[name]]
    counts = Counter(words)
    if max(counts.values(), default=1) > 1:
        so_far: Counter[str] = Counter()
        named = []
        for word in words:
            so_far[word] += 1
            named.append(f"{word} ({so_far[word]})" if counts[word] > 1 else word)
        table = table.assign(**{ROW_NAME: named})
        name = ROW_NAME
    return as_effects(table, estimate=estimate, variance=variance, se=se, label=name)


def three_levels(effects: EffectEstimates) -> tuple[EffectEstimates, str]:
    """Return the random effects of a model for which none were named: studies, estimates in them.

    Returns
    -------
    effects
        As given, with a column of the rows' names where the estimates are told apart by it.
    random
        E.g. ``"study/row"``, or ``"study"`` where each study has one estimate.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"study": ["A", "A", "B"], "yi": [1.0, 2, 3], "vi": [1.0, 1, 1]})
    >>> three_levels(as_dependent_effects(table))[1]
    'study/row'
    """
    data = effects.data
    named = (effects.columns.get("study", ROW_NAME), *NAMES)
    study = next((name for name in named if name != ROW_NAME and name in data.columns), "")
    if study and not data[study].duplicated().any():
        return effects, study
    row = "row" if "row" not in data.columns else ROW_NAME
    effects = replace(effects, data=data.assign(**{row: list(effects.labels)}))
    return effects, f"{study}/{row}" if study else row


def as_sampling_covariance(
    given: Any, effects: EffectEstimates, here: NDArray[np.bool_]
) -> SamplingCovariance:
    """Return the sampling covariance of the rows that are fitted.

    ``given`` is None (independent), a `SamplingCovariance`, a matrix (K, K), or a sequence of
    matrices that cover the rows one after the other; over all K rows.
    """
    if given is None:
        return SamplingCovariance.independent(effects.variances[here])
    if isinstance(given, SamplingCovariance):
        made = given
    elif isinstance(given, np.ndarray) or hasattr(given, "columns"):
        made = _of_matrix(np.asarray(given, dtype=np.float64), here)
    elif isinstance(given, Sequence):
        blocks = [np.atleast_2d(np.asarray(part, dtype=np.float64)) for part in given]
        made = SamplingCovariance.of(
            np.repeat(np.arange(len(blocks)), [len(part) for part in blocks]), blocks
        )
    else:
        raise DataError(
            f"V: {type(given).__name__} is not understood; give a matrix, a list of blocks, or "
            "what impute_covariances returns"
        )
    if len(made.block) != len(effects):
        raise DataError(
            f"V is for {len(made.block)} estimates; there are {len(effects)} rows (rows without an "
            "estimate count too)"
        )
    return made.select(here)


def _of_matrix(matrix: NDArray[np.float64], here: NDArray[np.bool_]) -> SamplingCovariance:
    """Take a matrix whose rows without an estimate may be empty."""
    if matrix.ndim == 2 and matrix.shape == (len(here), len(here)):
        full = np.where(np.outer(here, here), matrix, np.eye(len(here)))
        return SamplingCovariance.of_matrix(full)
    return SamplingCovariance.of_matrix(matrix)
