"""GOSH: the pooled effect and heterogeneity in all, or very many, subsets of the studies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from evisynth.display import (
    format_count,
    format_number,
    format_percent,
    format_statistic,
    plural,
)
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    check_count,
    draw_subsets,
    membership_of,
    resampling_blocks,
    subset_batch,
)
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.result import Result
from evisynth.synthesis.words import model_words, tau2_words

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.synthesis.pooled import PooledFit

__all__ = ["Gosh", "gosh"]

SubsetChoice = Literal["subset", "size"]
Quantity = Literal["estimate", "tau2", "i2", "q", "h2"]
COLUMNS: tuple[Quantity, ...] = get_args(Quantity)
MARKED = 25.0
"""Percent of the variation of the pooled effects that one study explains before a note names it."""


class Spread(NamedTuple):
    """Smallest value, quantiles and largest value over the subsets in which it is defined."""

    smallest: float
    lower: float
    median: float
    upper: float
    largest: float


@dataclass(frozen=True, slots=True, repr=False)
class Gosh(Result):
    """Fits of subsets of the studies; arrays have shape (B,), pooled scale.

    Attributes
    ----------
    fit : PooledFit
        The fit of all studies.
    labels : tuple of str
        The studies that subsets were taken of, shape (K,).
    complete : bool
        Whether these are all 2^K - 1 subsets.
    choice : {"subset", "size"}
        How subsets were drawn where they are not all.
    seed : int
        Seed of the draw.
    membership : ndarray of uint8, shape (B, ceil(K / 8))
        Which studies each subset holds, as packed bits (`included` unpacks them).
    k : ndarray of int
        Number of studies in the subset.
    estimate : ndarray
        Pooled effect.
    tau2, i2, h2 : ndarray
        Between-study variance, I² in percent, H²; NaN in subsets of one study.
    q : ndarray
        Cochran's Q.
    converged : ndarray of bool
        Whether the search for tau² ended at a solution.
    notes : tuple of str
        What a reader must know.
    """

    fit: PooledFit
    labels: tuple[str, ...]
    complete: bool
    choice: SubsetChoice
    seed: int
    membership: NDArray[np.uint8]
    k: NDArray[np.int64]
    estimate: NDArray[np.float64]
    tau2: NDArray[np.float64]
    i2: NDArray[np.float64]
    h2: NDArray[np.float64]
    q: NDArray[np.float64]
    converged: NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.k)

    def included(self, study: str | None = None) -> NDArray[np.bool_]:
        """Return which subsets hold a study, shape (B,), or all memberships, shape (B, K).

        Raises
        ------
        OptionError
            If there is no such study.
        """
        if study is None:
            return membership_of(self.membership, len(self.labels))
        if study not in self.labels:
            raise OptionError("study", study, self.labels)
        place = self.labels.index(study)
        bits = self.membership[:, place // 8] >> np.uint8(place % 8)
        return np.asarray((bits & 1).astype(np.bool_))

    def share(
        self,
        beyond: float,
        side: Literal["above", "below"] = "above",
        of: Quantity = "estimate",
    ) -> float:
        """Return the percentage of subsets with a value above, or below, a given one.

        Parameters
        ----------
        beyond
            The value, on the pooled scale (log for ratios); I² in percent.
        side
            Which side counts.
        of
            ``"estimate"``, ``"tau2"``, ``"i2"``, ``"q"`` or ``"h2"``. Subsets in which it is not
            defined do not count.

        Examples
        --------
        >>> import pandas as pd, evisynth as es
        >>> table = pd.DataFrame({"yi": [-0.1, 0.3, 0.8, 0.5], "vi": [0.02, 0.03, 0.05, 0.01]})
        >>> round(es.gosh(table).share(0.4), 1)
        40.0
        """
        values = self._values(of)
        way = find_word("side", side, ("above", "below"))
        hit = values > beyond if way == "above" else values < beyond
        return 100 * float(hit.mean()) if len(values) else float("nan")

    def spread(self, of: Quantity = "estimate", level: float = 0.95) -> Spread:
        """Return smallest, quantiles at ``level``, median and largest of a column."""
        values = self._values(of)
        if not len(values):
            return Spread(*[float("nan")] * 5)
        tails = [0.0, 0.5 - level / 2, 0.5, 0.5 + level / 2, 1.0]
        return Spread(*(float(value) for value in np.quantile(values, tails)))

    def _values(self, of: str) -> NDArray[np.float64]:
        name = find_word("of", of, COLUMNS)
        values: NDArray[np.float64] = getattr(self, name)
        return values[np.isfinite(values)]

    def by_study(self) -> pd.DataFrame:
        """Return how the subsets with each study differ from those without it.

        Columns: ``study``; ``subsets`` that hold it; mean pooled effect ``estimate_with`` and
        ``estimate_without`` it and their ``difference``; ``explained``, the percentage of the
        variation of the pooled effects between subsets that goes with its inclusion (a squared
        correlation); the same for I² (``i2_with`` ...). A study that explains much of it splits the
        cloud of a GOSH plot into two.
        """
        import pandas as pd

        members = self.included()
        columns: dict[str, object] = {
            "study": list(self.labels),
            "subsets": members.sum(axis=0),
        }
        for name, prefix in (("estimate", ""), ("i2", "i2_")):
            values = getattr(self, name)
            here = np.isfinite(values)
            inside, outside, explained = _contrasts(values[here], members[here])
            columns[f"{name}_with"] = inside
            columns[f"{name}_without"] = outside
            columns[f"{prefix}difference"] = inside - outside
            columns[f"{prefix}explained"] = explained
        return pd.DataFrame(columns)

    def to_frame(self, *, membership: bool = False) -> pd.DataFrame:
        """Return one row a subset; with ``membership`` also a column of truth values a study."""
        import pandas as pd

        names = ("k", *COLUMNS, "converged")
        table = pd.DataFrame({name: getattr(self, name) for name in names})
        if not membership:
            return table
        members = pd.DataFrame(self.included(), columns=[f"with {one}" for one in self.labels])
        return pd.concat([table, members], axis=1)

    def method_sentence(self) -> str:
        """Return one sentence on what was done, with its reference and DOI."""
        number = plural(len(self), "subset")
        if self.complete:
            which = f"all {number} of the {plural(len(self.labels), 'study', 'studies')}"
        elif self.choice == "subset":
            which = f"{number} drawn at random without repetition (seed {self.seed})"
        else:
            which = f"{number} drawn at random by size, then by study (seed {self.seed})"
        model = model_words(self.fit.options)
        tau2 = ""
        if self.fit.options.model == "random":
            tau2 = f", tau² by {tau2_words(self.fit.options, reference=True)}"
        return (
            f"Heterogeneity was examined graphically (GOSH; Olkin, Dahabreh and Trikalinos 2012, "
            f"doi:10.1002/jrsm.1053): the {model}{tau2}, was fitted to {which}."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        drawn = "all" if self.complete else f"drawn with seed {self.seed}"
        studies = plural(len(self.labels), "study", "studies")
        return f"GOSH: {plural(len(self), 'subset')} of {studies} ({drawn})"

    def summary_rows(self) -> list[list[str]]:
        """Return the spread of each quantity over the subsets."""
        scale = self.fit.effects.scale
        rows = [["", "smallest", "2.5%", "median", "97.5%", "largest", "all studies"]]
        effect = [scale.shown(value) for value in (*self.spread(), self.fit.estimate)]
        rows.append([scale.label, *(format_number(value) for value in effect)])
        i2 = (*self.spread("i2"), self.fit.i2)
        rows.append(["I²", *(format_percent(value, 1) for value in i2)])
        if self.fit.options.model == "random":
            tau2 = (*self.spread("tau2"), self.fit.tau2)
            rows.append(["tau²", *(format_number(value, 3) for value in tau2)])
        q = (*self.spread("q"), self.fit.q)
        rows.append(["Q", *(format_statistic(value) for value in q)])
        return rows


def _contrasts(
    values: NDArray[np.float64], members: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return means with and without each study and the share of the variation explained."""
    size = len(values)
    number = members.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = values.sum()
        inner = values @ members
        inside, outside = inner / number, (total - inner) / (size - number)
        variation = float(((values - values.mean()) ** 2).sum()) if size else 0.0
        explained = 100 * (number * (size - number) / size) * (inside - outside) ** 2 / variation
    return inside, outside, np.asarray(explained)


def gosh(
    fit: Given,
    subsets: int = 100_000,
    *,
    seed: int = 1,
    choose: SubsetChoice = "subset",
) -> Gosh:
    """Fit the model to all, or very many, subsets of the studies, to show heterogeneity.

    Parameters
    ----------
    fit
        A pooled effect, whose model and estimator of tau² are used; or effect estimates or a table,
        pooled with the defaults first.
    subsets
        How many; all 2^k - 1 are taken where there are not more.
    seed
        Seed of the draw, where they are drawn.
    choose
        ``"subset"`` gives each subset the same chance and takes none twice. ``"size"`` draws the
        number of studies first, so that small and large subsets come as often as others.

    Returns
    -------
    Gosh
        One value a subset: number of studies, pooled effect, tau², I², H², Q, and its members.

    Raises
    ------
    NotEstimableError
        If there are fewer than two studies.
    OptionError
        If ``subsets`` is not a positive whole number or ``choose`` is not known.

    Notes
    -----
    A subset of one study has the pooled effect of that study; its tau², I² and H² are NaN (metafor
    gives 0, 0 and 1).

    References
    ----------
    Olkin, Dahabreh and Trikalinos 2012, doi:10.1002/jrsm.1053.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [-0.1, 0.3, 0.8, 0.5], "vi": [0.02, 0.03, 0.05, 0.01]})
    >>> found = es.gosh(es.pool(table))
    >>> len(found), found.complete, found.estimate[-1].round(4)
    (15, True, np.float64(0.358))
    """
    seed = check_count("seed", seed, least=0)
    made = as_fit(fit)
    if made.k < 2:
        raise NotEstimableError(
            f"GOSH needs at least two studies; there is {plural(made.k, 'study', 'studies')}"
        )
    check_count("subsets", subsets)
    choice = find_word("choose", choose, get_args(SubsetChoice))
    here = made.effects.estimable
    labels = tuple(made.effects.labels[row] for row in np.flatnonzero(here))
    y, v = made.effects.estimates[here], made.effects.variances[here]
    membership, complete = draw_subsets(made.k, subsets, seed, choice)
    columns: dict[str, list[NDArray[np.float64]]] = {}
    for begin, end in resampling_blocks(len(membership), made.k):
        part = subset_batch(
            y,
            v,
            membership_of(membership[begin:end], made.k),
            model=made.options.model,
            tau2=made.options.tau2,
            ci="z",
        )
        for name in ("k", *COLUMNS, "converged"):
            columns.setdefault(name, []).append(getattr(part, name))
    whole = {name: np.concatenate(parts) for name, parts in columns.items()}
    found = Gosh(
        fit=made,
        labels=labels,
        complete=complete,
        choice=choice,
        seed=seed,
        membership=membership,
        **whole,  # type: ignore[arg-type]
    )
    return _with_notes(found)


def _with_notes(found: Gosh) -> Gosh:
    """Say which subsets failed and which studies split the subsets."""
    from dataclasses import replace

    notes = []
    failed = int((~found.converged).sum())
    if failed:
        notes.append(
            f"The search for tau² did not converge in {plural(failed, 'subset')} of "
            f"{format_count(len(found))}; `converged` says in which."
        )
    members = found.included()
    for name, words in (("estimate", "pooled effects"), ("i2", "values of I²")):
        values = getattr(found, name)
        here = np.isfinite(values)
        inside, outside, explained = _contrasts(values[here], members[here])
        if not np.isfinite(explained).any():
            continue
        first = int(np.nanargmax(explained))
        if explained[first] >= MARKED:
            form = format_number if name == "estimate" else lambda x: format_percent(x, 0)
            shown = found.fit.effects.scale.shown if name == "estimate" else float
            notes.append(
                f"{found.labels[first]} explains {format_percent(explained[first])} of the "
                f"variation of the {words}: on average {form(shown(inside[first]))} with it, "
                f"{form(shown(outside[first]))} without it."
            )
    return replace(found, notes=tuple(notes))
