"""Effect estimates, or a table of them, as an argument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from evisynth.effects.columns import is_tabular
from evisynth.effects.estimates import EffectEstimates
from evisynth.effects.front import effects
from evisynth.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GivenEstimates", "as_estimates"]

GivenEstimates: TypeAlias = Union[EffectEstimates, "pd.DataFrame", Mapping[str, Any]]
"""Effect estimates, or a table with estimates and their precision (``yi`` and ``vi``)."""


def as_estimates(given: GivenEstimates) -> EffectEstimates:
    """Return effect estimates as they are, or read from a table's columns.

    Raises
    ------
    OptionError
        If something else is given.
    InputError
        If the table has no estimates with their precision.

    Examples
    --------
    >>> as_estimates({"study": ["A", "B"], "yi": [0.1, 0.2], "vi": [0.01, 0.02]}).labels
    ('A', 'B')
    """
    if isinstance(given, EffectEstimates):
        return given
    if is_tabular(given):
        return effects(given, "GEN")
    raise OptionError(
        "effects",
        type(given).__name__,
        ["EffectEstimates (from es.effects)", "a pandas DataFrame", "a dict of columns"],
    )
