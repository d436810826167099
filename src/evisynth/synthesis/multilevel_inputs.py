"""What multilevel models take: tables in which a study may stand in several rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.effects import EffectEstimates
from evisynth.errors import DataError, OptionError
from evisynth.stats import SamplingCovariance
from evisynth.synthesis.multilevel_covariances import impute_covariances

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["as_sampling_covariance", "correlated_within", "three_levels", "without_random"]

ROW_NAME = "row name"
"""Column of the rows' names, where `row` is taken."""


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
    >>> from evisynth.synthesis.inputs import as_effects
    >>> three_levels(as_effects(table))[1]
    'study/row'
    """
    data, study = effects.data, effects.columns.get("study", "")
    if study and not data[study].duplicated().any():
        return effects, study
    row = "row" if "row" not in data.columns else ROW_NAME
    effects = replace(effects, data=data.assign(**{row: list(effects.labels)}))
    return effects, f"{study}/{row}" if study else row


def without_random(random: str | Sequence[str], effects: EffectEstimates) -> bool:
    """Tell whether no random effects are wanted: an empty list, or ``"none"`` (not a column).

    Examples
    --------
    >>> import pandas as pd
    >>> from evisynth.synthesis.inputs import as_effects
    >>> made = as_effects(pd.DataFrame({"yi": [1.0, 2], "vi": [1.0, 1]}))
    >>> without_random("none", made), without_random([], made), without_random("study", made)
    (True, True, False)
    """
    if isinstance(random, str):
        return random.strip().casefold() == "none" and random not in effects.data.columns
    return len(random) == 0


def correlated_within(effects: EffectEstimates, rho: float, given: Any) -> SamplingCovariance:
    """Return sampling errors that correlate by rho within studies.

    Raises
    ------
    OptionError
        If V is given too, the estimates have no studies, or rho is no correlation.
    """
    if given is not None:
        raise OptionError("rho", rho, ["left out"], hint="V has the covariances already.")
    study = effects.columns.get("study", "")
    if not study:
        raise OptionError(
            "rho", rho, ["left out"],
            hint="The table has no column of studies; for another column use V="
            "impute_covariances(data, column, correlation=rho).",
        )  # fmt: skip
    return impute_covariances(effects, study, correlation=rho)


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
