"""What the models take: effect estimates, or a table of them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.display import format_count
from evisynth.effects import EffectEstimates, effects, is_tabular
from evisynth.errors import DataError, OptionError
from evisynth.stats import check_name

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["as_effects", "column_of", "is_coded", "repeated_words"]

CAN_BE_MISSING = "leave the cells empty where a study has no estimate"


def as_effects(
    table: EffectEstimates | pd.DataFrame | Mapping[str, Any],
    *,
    estimate: str | None = None,
    variance: str | None = None,
    se: str | None = None,
    label: str | None = None,
) -> EffectEstimates:
    """Return effect estimates as they are, or made of a table's columns.

    Without names the columns are recognized (``yi vi sei``, ``estimate variance se``; ``study``,
    ``slab``, ``label``). For ratios, whose logarithms are pooled, use `evisynth.effects`.

    Raises
    ------
    OptionError
        If something else is given, or columns together with `EffectEstimates`.
    DataError
        If a variance is 0 or negative.

    Examples
    --------
    >>> import pandas as pd
    >>> as_effects(pd.DataFrame({"yi": [0.1, 0.2], "vi": [0.01, 0.02]})).labels
    ('Study 1', 'Study 2')
    """
    columns = {"estimate": estimate, "variance": variance, "se": se, "label": label}
    given = [name for name, column in columns.items() if column is not None]
    for name in given:
        check_name(name, columns[name])
    if isinstance(table, EffectEstimates):
        if given:
            raise OptionError(
                given[0],
                columns[given[0]],
                ["left out"],
                hint="Columns are named only when a table is given; these are effect estimates.",
            )
        made = table
    elif is_tabular(table):
        made = effects(
            table,
            measure="GEN",
            study=label if label is not None else "study",
            estimate=estimate,
            variance=variance,
            se=se,
        )
    else:
        raise OptionError(
            "effects",
            type(table).__name__,
            ["EffectEstimates (from es.effects)", "a pandas DataFrame", "a dict of columns"],
        )
    _check_variances(made)
    return made


def _check_variances(made: EffectEstimates) -> None:
    """Refuse variances that no weight can be formed of."""
    bad = made.estimable & ~(made.variances > 0)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"{made.labels[row]}: the sampling variance is {made.variances[row]}; it must be above "
            f"0. Correct the standard error, or {CAN_BE_MISSING}"
        )


def column_of(made: EffectEstimates, name: str, option: str) -> pd.Series:
    """Return a column of the data, or say which there are.

    Raises
    ------
    OptionError
        If there is no such column.
    """
    if not isinstance(name, Hashable) or name not in made.data.columns:
        raise OptionError(option, name, [str(column) for column in made.data.columns])
    return made.data[name]


def is_coded(column: pd.Series) -> NDArray[np.bool_]:
    """Return which cells hold something: not NaN, None, or blank text; shape (K,)."""
    filled = column.notna().to_numpy(dtype=np.bool_)
    blank = np.array([isinstance(cell, str) and not cell.strip() for cell in column], dtype=bool)
    return np.asarray(filled & ~blank, dtype=np.bool_)


def repeated_words(effects: EffectEstimates) -> str:
    """Warn of studies with several estimates, ``""`` where there are none."""
    if not effects.repeated:
        return ""
    shown = ", ".join(effects.repeated[:3])
    rest = len(effects.repeated) - 3
    more = f" and {format_count(rest)} more" if rest > 0 else ""
    return (
        f"Several estimates of one study ({shown}{more}) were taken as independent: people may "
        "count twice. Choose one a study, or use es.aggregate, es.multilevel or es.robust."
    )
