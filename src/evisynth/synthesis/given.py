"""What the analyses of a fit take: the fit, or what it can be made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, Union

from evisynth.effects import EffectEstimates, is_tabular
from evisynth.errors import OptionError
from evisynth.synthesis.fitting import pool
from evisynth.synthesis.further import needs_common_options
from evisynth.synthesis.pooled import PooledFit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Given", "as_fit"]

Given: TypeAlias = Union[PooledFit, EffectEstimates, "pd.DataFrame"]
"""A pooled effect, or effect estimates or a table to be pooled with the defaults first."""


def as_fit(given: Given, *, refits: bool = True) -> PooledFit:
    """Return a fit as it is; pool effect estimates or a table with the defaults of `pool`.

    Parameters
    ----------
    given
        A fit, effect estimates or a table.
    refits
        Whether the analysis fits other models too; then options that do not carry over (weights of
        one's own, a given tau², Kenward-Roger's interval) are refused.

    Raises
    ------
    OptionError
        If something else is given, or its options do not carry over.

    Examples
    --------
    >>> import pandas as pd
    >>> as_fit(pd.DataFrame({"yi": [0.1, 0.2, 0.4], "vi": [0.01, 0.02, 0.01]})).k
    3
    """
    if isinstance(given, PooledFit):
        if refits:
            needs_common_options(given.options, "analysis")
        return given
    if isinstance(given, EffectEstimates) or is_tabular(given):
        return pool(given)
    raise OptionError(
        "fit",
        type(given).__name__,
        [
            "what es.pool returns",
            "what es.effects returns",
            "a pandas DataFrame",
            "a dict of columns",
        ],
        hint="This analysis is of one pooled effect; other models have their own.",
    )
