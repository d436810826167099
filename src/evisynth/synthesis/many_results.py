"""Very many meta-analyses as columns, and how they print."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.display import (
    format_count,
    format_number,
    format_percent,
    plural,
)
from evisynth.errors import OptionError
from evisynth.stats import GROUP_REASONS, GroupFits
from evisynth.synthesis.options import FitOptions
from evisynth.synthesis.result import Result
from evisynth.synthesis.words import model_words, pooling_sentences, tau2_words

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["PooledMany"]


@dataclass(frozen=True, slots=True, repr=False)
class PooledMany(Result, GroupFits):
    """Meta-analyses of G groups: the columns of `evisynth.stats.GroupFits`, labelled.

    Attributes
    ----------
    groups : ndarray, shape (G,)
        Labels, in the order in which groups first appear in the data.
    options : FitOptions
        What was asked for.
    """

    groups: NDArray[Any]
    options: FitOptions

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def fitted(self) -> NDArray[np.bool_]:
        """Which groups have a pooled effect, shape (G,)."""
        return np.isfinite(self.estimate)

    @property
    def reasons(self) -> NDArray[np.str_]:
        """Why numbers of a group are NaN, or ``""``; shape (G,)."""
        return np.array(GROUP_REASONS)[self.status]

    def row(self, group: object) -> dict[str, Any]:
        """Return the numbers of one group by name.

        Raises
        ------
        OptionError
            If there is no such group.
        """
        places = np.flatnonzero(self.groups == group)
        if places.size == 0:
            some = [str(label) for label in self.groups[:5]]
            raise OptionError("group", group, [*some, "..."] if len(self) > 5 else some)
        place = int(places[0])
        found = {name: getattr(self, name)[place].item() for name in COLUMNS}
        return {**found, "reason": GROUP_REASONS[found["status"]]}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a group; ``reason`` is a category."""
        import pandas as pd

        columns = {name: getattr(self, name) for name in COLUMNS if name != "status"}
        table = pd.DataFrame({"group": self.groups, **columns})
        return table.assign(
            reason=pd.Categorical.from_codes(
                self.status.astype(np.int64), categories=pd.Index(GROUP_REASONS)
            )
        )

    def method_sentence(self) -> str:
        """Return one paragraph on what was done, with references and DOIs."""
        number = plural(len(self), "meta-analysis", "meta-analyses")
        return f"{number} were computed in the same way. {pooling_sentences(self.options)}"

    def title(self) -> str:
        """Return the first line of the summary."""
        tau2 = ""
        if self.options.model == "random":
            tau2 = f", tau² by {tau2_words(self.options)}"
        number = plural(len(self), "meta-analysis", "meta-analyses")
        return f"{number}, {model_words(self.options)}{tau2}"

    def summary_rows(self) -> list[list[str]]:
        """Return the spread of the main columns over the groups."""
        rows = [["", "lowest", "25%", "median", "75%", "highest"]]
        for name, words in SHOWN.items():
            values = getattr(self, name)
            values = values[np.isfinite(values)]
            if not len(values):
                continue
            spread = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
            if name == "i2":
                cells = [format_percent(float(value), 1) for value in spread]
            elif name == "k":
                cells = [format_number(float(value), 0) for value in spread]
            else:
                cells = [format_number(float(value), 3) for value in spread]
            rows.append([words, *cells])
        return rows

    def summary_notes(self) -> tuple[str, ...]:
        """Return how many groups lack numbers, and why."""
        counts = np.bincount(self.status, minlength=len(GROUP_REASONS))
        said = [
            f"{plural(int(number), 'group')}: {reason}."
            for number, reason in zip(counts[1:], GROUP_REASONS[1:], strict=True)
            if number
        ]
        absent = int(self.left_out.sum(dtype=np.int64))
        if absent:
            said.append(f"{plural(absent, 'row')} without an estimate or a variance left out.")
        guarded = int(self.safeguard_applied.sum())
        if guarded:
            said.append(
                f"The safeguard of Hartung-Knapp acted in {format_count(guarded)} of "
                f"{plural(len(self), 'group')}."
            )
        return tuple(said)


COLUMNS = tuple(field.name for field in fields(GroupFits))
SHOWN = {"k": "studies", "estimate": "pooled effect", "se": "SE", "tau2": "tau²", "i2": "I²"}
