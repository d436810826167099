"""Bootstrap intervals of the pooled effect, tau², I² and of the effect of a new study."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, get_args

import numpy as np

from evisynth.display import format_ci, format_count, format_number, format_percent, plural
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import BootstrapLimits, BootstrapMethod, check_count, check_level
from evisynth.synthesis.bootstrapping_draws import BootstrapKind, Draws, draw, quantities_of
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.result import Result
from evisynth.synthesis.words import level_words, pooling_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.synthesis.pooled import PooledFit

    Floats = NDArray[np.float64]

__all__ = ["Bootstrap", "bootstrap"]

METHODS: tuple[BootstrapMethod, ...] = get_args(BootstrapMethod)
SYNONYMS = {
    "perc": "percentile", "norm": "normal", "stud": "studentized", "student": "studentized",
    "bootstrap-t": "studentized",
}  # fmt: skip
WORDS = {
    "percentile": "percentile",
    "basic": "basic",
    "normal": "normal",
    "studentized": "studentized",
    "bca": "BCa",
}
FEW = 1000
"""Draws below which a note says that intervals are rough."""

SMALL = 10
"""Studies below which a note says so of the nonparametric bootstrap."""


@dataclass(frozen=True, slots=True, repr=False)
class Bootstrap(Result):
    """Bootstrap intervals of a pooled effect and of its heterogeneity, pooled scale.

    Attributes
    ----------
    fit : PooledFit
        The fit of the data.
    kind : {"parametric", "nonparametric"}
        Whether estimates were drawn from the fitted model or studies were drawn with return.
    draws : int
        Number of draws.
    seed : int
        Their seed.
    level : float
        Level of the intervals.
    quantities : tuple of str
        ``"estimate"``, ``"tau2"``, ``"i2"`` (percent), ``"prediction"`` (the effect of a new
        study), shape (Q,).
    methods : tuple of str
        Kinds of interval, shape (M,).
    observed, mean, se : ndarray, shape (Q,)
        Value in the data, mean and standard deviation over the draws; for the prediction the
        pooled effect, and mean and deviation of the drawn effects of new studies.
    lower, upper : ndarray, shape (Q, M)
        Limits, NaN where there are none.
    reasons : tuple of tuple of str, shape (Q, M)
        Why there are none, or what is wrong with them.
    estimates, ses, tau2, i2, predicted : ndarray, shape (B,)
        The draws: pooled effect, its standard error, tau², I² and an effect of a new study
        drawn with them; NaN where a draw could not be fitted.
    failed : int
        Draws in which the search for tau² did not converge, or that have no pooled effect; they
        are in no interval.
    notes : tuple of str
        What a reader must know.
    """

    fit: PooledFit
    kind: BootstrapKind
    draws: int
    seed: int
    level: float
    quantities: tuple[str, ...]
    methods: tuple[BootstrapMethod, ...]
    observed: Floats
    mean: Floats
    se: Floats
    lower: Floats
    upper: Floats
    reasons: tuple[tuple[str, ...], ...]
    estimates: Floats = field(repr=False)
    ses: Floats = field(repr=False)
    tau2: Floats = field(repr=False)
    i2: Floats = field(repr=False)
    predicted: Floats = field(repr=False)
    failed: int = 0
    notes: tuple[str, ...] = ()

    def interval(self, quantity: str = "estimate", method: str = "percentile") -> BootstrapLimits:
        """Return one interval: ``lower``, ``upper`` and the ``reason`` where they are NaN.

        Raises
        ------
        OptionError
            If the quantity or the method is not among those computed.
        """
        row = self.quantities.index(find_word("quantity", quantity, self.quantities))
        column = self.methods.index(find_word("method", method, self.methods))
        low, high = float(self.lower[row, column]), float(self.upper[row, column])
        return BootstrapLimits(low, high, self.reasons[row][column])

    def to_frame(self) -> pd.DataFrame:
        """Return one row a quantity and method."""
        import pandas as pd

        rows = [
            {
                "quantity": quantity,
                "method": method,
                "observed": self.observed[row],
                "mean": self.mean[row],
                "bias": self.mean[row] - self.observed[row],
                "se": self.se[row],
                "lower": self.lower[row, column],
                "upper": self.upper[row, column],
                "reason": self.reasons[row][column],
            }
            for row, quantity in enumerate(self.quantities)
            for column, method in enumerate(self.methods)
        ]
        return pd.DataFrame(rows)

    def draws_frame(self) -> pd.DataFrame:
        """Return one row a draw."""
        import pandas as pd

        names = ("estimates", "ses", "tau2", "i2", "predicted")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def method_sentence(self) -> str:
        """Return one paragraph on what was done, with references and DOIs."""
        if self.kind == "parametric":
            how = (
                "drawn from the fitted model: normal around the pooled effect with the variance of "
                "the study plus tau²"
            )
        else:
            how = "studies drawn with return"
        kinds = ", ".join(WORDS[method] for method in self.methods)
        return (
            f"{pooling_sentences(self.fit.options)} Bootstrap intervals ({kinds}) rest on "
            f"{plural(self.draws, 'draw')}, {how} (seed {self.seed}), each fitted in the same way "
            "(Davison and Hinkley 1997, doi:10.1017/CBO9780511802843; Efron 1987, "
            "doi:10.1080/01621459.1987.10478410)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        level = level_words(replace(self.fit.options, level=self.level))
        name = self.kind[0].upper() + self.kind[1:]
        return f"{name} bootstrap, {plural(self.draws, 'draw')}, {level} intervals (pooled scale)"

    def summary_rows(self) -> list[list[str]]:
        """Return a row a quantity: its value, standard error and intervals."""
        words = {"estimate": "pooled effect", "tau2": "tau²", "i2": "I²", "prediction": "new study"}
        rows = [["", "estimate", "SE", *(WORDS[method] for method in self.methods)]]
        for row, quantity in enumerate(self.quantities):
            digits = 1 if quantity == "i2" else 3
            cells = [
                f"[{format_ci(low, high, digits)}]"
                for low, high in zip(self.lower[row], self.upper[row], strict=True)
            ]
            rows.append(
                [
                    words[quantity],
                    format_number(self.observed[row], digits),
                    format_number(self.se[row], digits),
                    *cells,
                ]
            )
        return rows


def bootstrap(
    fit: Given,
    draws: int = 10_000,
    *,
    kind: BootstrapKind = "parametric",
    intervals: Sequence[str] | str = METHODS,
    level: float | None = None,
    seed: int = 1,
) -> Bootstrap:
    """Compute bootstrap intervals of the pooled effect, tau², I² and the effect of a new study.

    Parameters
    ----------
    fit
        A pooled effect, whose options are used for every draw; or effect estimates or a table,
        pooled with the defaults first.
    draws
        Number of draws.
    kind
        ``"parametric"``: estimates are drawn from the fitted model, the sampling variances stay.
        ``"nonparametric"``: studies are drawn with return.
    intervals
        ``"percentile"``, ``"basic"``, ``"normal"``, ``"studentized"``, ``"bca"``; one or several.
    level
        Level of the intervals; that of the fit if not given.
    seed
        Seed of the draws.

    Returns
    -------
    Bootstrap
        Intervals by quantity and method, and the draws.

    Raises
    ------
    NotEstimableError
        If there are fewer than two studies.
    OptionError
        If an option is not one of those allowed.

    Notes
    -----
    Draws that cannot be fitted are counted, said and left out. Basic and normal limits of tau² and
    I² may lie outside their range and are then brought to its edge, with a reason. Studentized
    intervals need a standard error, which I² has not. The acceleration of BCa is that of the
    jackknife, or in the parametric bootstrap that of the normal model: 0 for the pooled effect, a
    sixth of the skewness of the score for tau² and its monotone transform I² (DiCiccio and Efron
    1996, doi:10.1214/ss/1032280214).

    The interval of a new study's effect theta: ``"percentile"`` takes the quantiles of effects
    drawn around each draw's pooled effect with its tau²; the others draw theta from the fitted
    model and use the errors theta - pooled effect, ``"studentized"`` those over the root of
    tau² + SE².

    References
    ----------
    Davison and Hinkley 1997, doi:10.1017/CBO9780511802843; Efron 1987,
    doi:10.1080/01621459.1987.10478410; Viechtbauer 2007, doi:10.1002/sim.2514 for tau².

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {"yi": [0.1, 0.3, 0.8, 0.5, 0.4, 0.6], "vi": [0.02, 0.03, 0.05, 0.01, 0.02, 0.04]}
    ... )
    >>> found = es.bootstrap(es.pool(table), 999)
    >>> found.failed, found.lower.shape
    (0, (4, 5))
    """
    seed = check_count("seed", seed, least=0)
    level = None if level is None else check_level(level)
    if not isinstance(intervals, (str, list, tuple)):
        raise OptionError("intervals", intervals, METHODS)
    made = as_fit(fit)
    if made.k < 2:
        raise NotEstimableError(
            f"a bootstrap needs at least two studies; there is {plural(made.k, 'study')}"
        )
    check_count("draws", draws)
    way = find_word("kind", kind, get_args(BootstrapKind), {"non-parametric": "nonparametric"})
    asked = (intervals,) if isinstance(intervals, str) else tuple(intervals)
    methods = tuple(find_word("intervals", word, METHODS, SYNONYMS) for word in asked)
    if not methods:
        raise OptionError("intervals", asked, METHODS)
    wanted = made.options.level if level is None else level
    if isinstance(wanted, bool) or not 0 < wanted < 1:
        raise OptionError("level", level, ["a number between 0 and 1, e.g. 0.95"])
    return _summarize(made, draws, way, methods, wanted, seed)


def _summarize(
    fit: PooledFit,
    count: int,
    kind: BootstrapKind,
    methods: tuple[BootstrapMethod, ...],
    level: float,
    seed: int,
) -> Bootstrap:
    """Draw, fit, and form the intervals."""
    for_fits, for_studies = np.random.SeedSequence(seed).spawn(2)
    draws = draw(fit, count, kind, for_fits, "studentized" in methods)
    quantities = quantities_of(fit, draws, kind, for_studies)
    limits = [[one.limits(method, level) for method in methods] for one in quantities]
    with np.errstate(invalid="ignore"):
        spread = np.array([_moments(one.percentile_draws) for one in quantities])
    return Bootstrap(
        fit=fit,
        kind=kind,
        draws=count,
        seed=seed,
        level=level,
        quantities=tuple(one.name for one in quantities),
        methods=methods,
        observed=np.array([one.observed for one in quantities]),
        mean=spread[:, 0],
        se=spread[:, 1],
        lower=np.array([[one.lower for one in row] for row in limits]),
        upper=np.array([[one.upper for one in row] for row in limits]),
        reasons=tuple(tuple(one.reason for one in row) for row in limits),
        estimates=draws.estimate,
        ses=draws.se,
        tau2=draws.tau2,
        i2=draws.i2,
        predicted=quantities[-1].percentile_draws,
        failed=int(draws.failed.sum()),
        notes=_notes(fit, draws, kind),
    )


def _moments(values: Floats) -> tuple[float, float]:
    """Return mean and standard deviation of the draws that could be fitted."""
    here = values[np.isfinite(values)]
    if len(here) < 2:
        return float("nan"), float("nan")
    return float(here.mean()), float(here.std(ddof=1))


def _notes(fit: PooledFit, draws: Draws, kind: BootstrapKind) -> tuple[str, ...]:
    """Return what a reader must know."""
    notes = []
    count, failed = len(draws.failed), int(draws.failed.sum())
    if failed:
        notes.append(
            f"{format_count(failed)} of {plural(count, 'draw')} could not be fitted; no interval "
            "holds them."
        )
    if count < FEW:
        notes.append(f"Intervals from fewer than {format_count(FEW)} draws are rough.")
    if kind == "parametric" and fit.tau2 == 0:
        notes.append(
            "tau² is 0 in the data: the parametric bootstrap draws studies without heterogeneity, "
            "so its intervals are likely too narrow."
        )
    none = int((draws.tau2 == 0).sum())
    if none:
        notes.append(f"tau² is 0 in {format_percent(100 * none / count, 1)} of the draws.")
    if kind == "nonparametric" and fit.k < SMALL:
        notes.append(
            f"With {plural(fit.k, 'study', 'studies')} the nonparametric bootstrap has few "
            "different draws, and its intervals are likely too narrow."
        )
    return tuple(notes)
