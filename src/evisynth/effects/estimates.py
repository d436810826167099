"""Effect estimates: what every model of `synthesis` takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from evisynth.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["EffectEstimates", "Scale"]


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale on which estimates are pooled and the one on which they are shown.

    Attributes
    ----------
    name : {"identity", "log"}
        Scale of the estimates. On ``"log"`` they are natural logarithms of ratios.
    null : float
        Value of no effect on the pooled scale (0).
    label : str
        Name of the measure as it is shown, e.g. ``"Odds ratio"``.
    short : str
        Abbreviation, e.g. ``"OR"``.
    """

    name: str
    null: float
    label: str
    short: str

    @property
    def is_ratio(self) -> bool:
        """Whether values are shown after the exponential."""
        return self.name == "log"

    def shown(self, value: float) -> float:
        """Bring one value from the pooled scale to the shown scale."""
        return float(np.exp(value)) if self.is_ratio else float(value)


@dataclass(frozen=True, slots=True)
class EffectEstimates:
    """Estimates of one effect measure from K studies (or rows of studies).

    A row that has no estimate stays in: its estimate and variance are NaN and `reasons` says why.

    Attributes
    ----------
    measure : str
        Effect measure by its short name, e.g. ``"SMD"``.
    scale : Scale
        Pooled and shown scale.
    labels : tuple of str
        Name of each row, shape (K,); unique.
    estimates : ndarray, shape (K,)
        Effect estimates on the pooled scale (log for ratios). NaN where not estimable.
    variances : ndarray, shape (K,)
        Sampling variances on the pooled scale. NaN where not estimable.
    reasons : tuple of str
        Why a row is not estimable; ``""`` where it is. Shape (K,).
    method : str
        Formulas used, in words, for the method sentence.
    data : pandas.DataFrame
        The rows the estimates were made of, with every further column (moderators, arm data), index
        0 to K-1.
    columns : dict of str to str
        Which column of `data` played which role, e.g. ``{"n1": "n_e", "mean1": "mean_e"}``.
    notes : tuple of str
        What a reader must know (corrections made, rows set aside).
    """

    measure: str
    scale: Scale
    labels: tuple[str, ...]
    estimates: NDArray[np.float64]
    variances: NDArray[np.float64]
    reasons: tuple[str, ...]
    method: str
    data: pd.DataFrame
    columns: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sizes = {
            len(self.labels),
            len(self.reasons),
            len(self.data),
            *self.estimates.shape,
            *self.variances.shape,
        }
        if len(sizes) != 1:
            raise DataError(f"effect estimates: parts differ in length: {sorted(sizes)}")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """Standard errors on the pooled scale, shape (K,)."""
        return np.sqrt(self.variances)

    @property
    def estimable(self) -> NDArray[np.bool_]:
        """Which rows have an estimate with a variance, shape (K,)."""
        return np.isfinite(self.estimates) & np.isfinite(self.variances)

    def select(self, keep: NDArray[np.bool_]) -> EffectEstimates:
        """Return the rows where ``keep`` is true, in their order."""
        index = np.flatnonzero(keep)
        return EffectEstimates(
            measure=self.measure,
            scale=self.scale,
            labels=tuple(self.labels[i] for i in index),
            estimates=self.estimates[index],
            variances=self.variances[index],
            reasons=tuple(self.reasons[i] for i in index),
            method=self.method,
            data=self.data.iloc[index].reset_index(drop=True),
            columns=self.columns,
            notes=self.notes,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a table: study, estimate, se, variance, limits, reason, and `data`."""
        import pandas as pd

        half = 1.959963984540054 * self.standard_errors
        head = pd.DataFrame(
            {
                "label": list(self.labels),
                "estimate": self.estimates,
                "se": self.standard_errors,
                "variance": self.variances,
                "ci_lower": self.estimates - half,
                "ci_upper": self.estimates + half,
                "reason": list(self.reasons),
            }
        )
        rest = self.data[[name for name in self.data.columns if name not in head.columns]]
        return pd.concat([head, rest.reset_index(drop=True)], axis=1)
