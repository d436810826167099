"""Means and standard deviations of many samples from their medians, quartiles and ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from evisynth.display import format_columns, format_number
from evisynth.effects import five_numbers
from evisynth.effects.quantile_likelihood import likeliest_moments
from evisynth.effects.quantile_matching import box_cox_moments, match_quantiles, quantile_levels
from evisynth.errors import DataError
from evisynth.stats import check_name

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]

__all__ = ["METHODS", "QuantileEstimates", "mean_sd_from_quantiles", "order_problem"]

METHODS = {
    "luo/wan/shi": "means by Luo et al. 2018 (doi:10.1177/0962280216669183), SDs by Wan et al. "
    "2014 (doi:10.1186/1471-2288-14-135) and, from five numbers, Shi et al. 2020 "
    "(doi:10.1002/jrsm.1429)",
    "wan": "means and SDs by Wan et al. 2014 (doi:10.1186/1471-2288-14-135)",
    "hozo": "means and SDs by Hozo et al. 2005 (doi:10.1186/1471-2288-5-13)",
    "bland": "means and SDs by Bland 2015 (doi:10.6000/1929-6029.2015.04.01.6)",
    "qe": "means and SDs by quantile estimation (McGrath et al. 2020, "
    "doi:10.1177/0962280219889080)",
    "lognormal": "means and SDs of log-normal distributions by Shi, Tong, Wang and Genton 2020 "
    "(doi:10.4310/SII.2020.v13.n4.a9)",
    "mln": "means and SDs by the method for unknown non-normal distributions (Cai, Zhou and Pan "
    "2021, doi:10.1177/09622802211047348)",
    "bc": "means and SDs by the Box-Cox method (McGrath et al. 2020, doi:10.1177/0962280219889080)",
}
"""Methods by name, with their references."""

SCENARIOS = {"hozo": ("S1",), "bland": ("S3",), "bc": ("S1", "S2")}
"""Scenarios of the methods that do not take all three."""

NORMAL = ("luo/wan/shi", "wan", "hozo", "bland", "lognormal")
"""Methods that rest on a normal (or symmetric) distribution, of the logarithms for ``"lognormal"``,
so that skewness is tested."""

POSITIVE = ("lognormal", "mln", "bc")
"""Methods for values above 0."""

SMALLEST = 5
"""People below which nothing is estimated."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class QuantileEstimates:
    """Means and SDs estimated from quantiles.

    Attributes
    ----------
    means, sds : ndarray, shape (K,)
        Estimates; NaN where there are none.
    scenarios : tuple of str
        ``"S1"`` (minimum, median, maximum), ``"S2"`` (quartiles), ``"S3"`` (five numbers), with
        ``"SD only"`` where the median is not known, or ``""``.
    statistics, critical : ndarray, shape (K,)
        Statistic of the test for skewness and its critical value at the 5% level; of the
        logarithms for the method ``"lognormal"``.
    skewed : ndarray of bool, shape (K,)
        Whether the statistic is beyond the critical value: the mean and SD of such a sample are
        not well described by methods of normal theory.
    distributions : tuple of str
        What was fitted (``"qe"``, ``"bc"``, ``"mln"``), or ``"normal"``, ``"log-normal"``.
    reasons : tuple of str
        Why there is no estimate, ``""`` where there is one.
    method : str
        Name of the method.
    """

    means: Floats
    sds: Floats
    scenarios: tuple[str, ...]
    statistics: Floats
    critical: Floats
    skewed: NDArray[np.bool_]
    distributions: tuple[str, ...]
    reasons: tuple[str, ...]
    method: str

    @property
    def notes(self) -> tuple[str, ...]:
        """Warning of skewed samples, where the method rests on a symmetric distribution."""
        used = self.skewed & np.isfinite(self.sds)
        if self.method not in NORMAL or not used.any():
            return ()
        rows = ", ".join(str(row + 1) for row in np.flatnonzero(used))
        what = "logarithms of the data are" if self.method == "lognormal" else "data are"
        others = "'qe' or 'mln'" if self.method == "lognormal" else "'lognormal', 'qe' or 'mln'"
        return (
            f"the {what} skewed in {'sample' if used.sum() == 1 else 'samples'} {rows} (Shi et al. "
            f"2023): a mean does not describe them well; consider method={others}, and an analysis "
            "without them.",
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row a sample."""
        import pandas as pd

        return pd.DataFrame(
            {
                "scenario": list(self.scenarios),
                "mean": self.means,
                "sd": self.sds,
                "skewness_statistic": self.statistics,
                "skewness_critical": self.critical,
                "skewed": self.skewed,
                "distribution": list(self.distributions),
                "reason": list(self.reasons),
            }
        )

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        text = (
            "Where reports gave medians with quartiles or ranges, means and standard deviations "
            f"were estimated: {METHODS[self.method]}"
        )
        if self.method in NORMAL:
            text += (
                f"; skewness {'of the logarithms ' if self.method == 'lognormal' else ''}was "
                "tested by the methods of Shi et al. 2023 (doi:10.1177/09622802231172043)"
            )
        return f"{text}."

    def __str__(self) -> str:
        head = ("scenario", "mean", "SD", "skewness (critical)", "note")
        rows = [
            (
                scenario or "–",
                format_number(mean, 3),
                format_number(sd, 3),
                f"{format_number(t, 3)} ({format_number(c, 3)})",
                reason or ("skewed" if skew and self.method in NORMAL else ""),
            )
            for scenario, mean, sd, t, c, skew, reason in zip(
                self.scenarios,
                self.means,
                self.sds,
                self.statistics,
                self.critical,
                self.skewed,
                self.reasons,
                strict=True,
            )
        ]
        title = f"Means and SDs from quantiles, method {self.method}"
        notes = [f"  Note: {note}" for note in self.notes]
        return "\n".join(
            [title, "", *format_columns([head, *rows]), *(["", *notes] if notes else [])]
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """Return the table for notebooks."""
        return str(self.to_frame().to_html(index=False))


def mean_sd_from_quantiles(
    n: ArrayLike,
    *,
    median: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    method: str = "luo/wan/shi",
) -> QuantileEstimates:
    """Estimate means and standard deviations from medians, quartiles and ranges.

    Parameters
    ----------
    n
        People, shape (K,) or one number.
    median, minimum, maximum, q1, q3
        What is reported; NaN where a sample has none. Without a median the SD alone is estimated
        (by the methods that need none).
    method
        ``"luo/wan/shi"`` (the default; metafor's too), ``"wan"``, ``"hozo"`` (S1), ``"bland"``
        (S3); for skewed data ``"lognormal"``, ``"mln"`` (unknown distribution; powers of Box and
        Cox from 0 up), ``"qe"`` or ``"bc"`` (S1 and S2), see `METHODS`.

    Returns
    -------
    QuantileEstimates
        With the test for skewness of each sample.

    Raises
    ------
    OptionError
        If the method is not known.
    DataError
        If quantiles are not in ascending order.

    Notes
    -----
    Estimates from quantiles are less precise than means and SDs that are reported; no formula for
    the sampling variance of an effect knows that (McGrath et al. 2023,
    doi:10.1177/09622802221139233). Look at them in a sensitivity analysis.

    Examples
    --------
    >>> found = mean_sd_from_quantiles(100, minimum=0, q1=10, median=15, q3=22, maximum=50)
    >>> round(float(found.means[0]), 4), found.scenarios[0]
    (16.2933, 'S3')
    """
    method = check_name("method", method, METHODS)
    given = [minimum, q1, median, q3, maximum, n]
    arrays = np.broadcast_arrays(
        *(
            np.atleast_1d(np.asarray(np.nan if x is None else x, dtype=np.float64)).ravel()
            for x in given
        )
    )
    values, size = np.stack(arrays[:5]), arrays[5]
    problem = order_problem(values)
    if problem is not None:
        raise DataError(f"sample {problem[0] + 1}: {problem[1]}")
    means, sds = np.full(size.shape, np.nan), np.full(size.shape, np.nan)
    statistics, critical = means.copy(), means.copy()
    distributions = [""] * size.size
    scenarios, reasons = _scenarios(values, size, method)
    for kind in ("S1", "S2", "S3"):
        rows = np.array([name[:2] == kind for name in scenarios], dtype=np.bool_)
        rows &= np.array([not reason for reason in reasons], dtype=np.bool_)
        if not rows.any():
            continue
        a, lower, m, upper, b = values[:, rows]
        k = size[rows]
        five_of = [a, lower, m, upper, b]
        if method == "lognormal":
            with np.errstate(divide="ignore", invalid="ignore"):
                five_of = [np.log(x) for x in five_of]
        statistics[rows], critical[rows] = five_numbers.skewness(
            kind, five_of[0], five_of[1], five_of[2], five_of[3], five_of[4], k
        )
        if method in ("qe", "bc", "mln"):
            for row in np.flatnonzero(rows):
                five = values[:, row]
                three = five[[0, 2, 4]] if kind == "S1" else five[1:4]
                used = five if kind == "S3" else three
                found = (
                    match_quantiles(used, quantile_levels(kind, float(size[row])))
                    if method == "qe"
                    else likeliest_moments(kind, used, float(size[row]))
                    if method == "mln"
                    else box_cox_moments(kind, used, float(size[row]))
                )
                means[row], sds[row] = found.mean, found.sd
                distributions[row], reasons[row] = found.distribution, found.reason
            continue
        means[rows], sds[rows] = _normal_theory(method, kind, a, lower, m, upper, b, k)
        for row in np.flatnonzero(rows):
            distributions[row] = "log-normal" if method == "lognormal" else "normal"
    for row in np.flatnonzero(sds == 0):
        sds[row], reasons[row] = np.nan, "the quantiles are all equal: no SD can be told"
    with np.errstate(invalid="ignore"):
        skewed = statistics > critical
    return QuantileEstimates(
        means, sds, tuple(scenarios), statistics, critical, skewed,
        tuple(distributions), tuple(reasons), method,
    )  # fmt: skip


def order_problem(values: Floats) -> tuple[int, str] | None:
    """Return the first sample whose quantiles, shape (5, K), do not ascend, and what is wrong."""
    names = ("minimum", "q1", "median", "q3", "maximum")
    for row in range(values.shape[1]):
        known = np.flatnonzero(~np.isnan(values[:, row]))
        steps = np.diff(values[known, row])
        if (steps < 0).any():
            place = int(np.argmax(steps < 0))
            low, high = known[place], known[place + 1]
            return row, (
                f"the {names[high]} {values[high, row]:g} is below the {names[low]} "
                f"{values[low, row]:g}; check which column is which"
            )
    return None


def _scenarios(values: Floats, size: Floats, method: str) -> tuple[list[str], list[str]]:
    """Return what is known of each sample and why it cannot be used."""
    known = ~np.isnan(values)
    ends, quartiles = known[0] & known[4], known[1] & known[3]
    scenarios, reasons = [], []
    for row in range(size.size):
        kind = "S3" if ends[row] and quartiles[row] else "S1" if ends[row] else "S2"
        allowed = SCENARIOS.get(method, ("S1", "S2", "S3"))
        reason = ""
        if not (ends[row] or quartiles[row]):
            kind, reason = "", "neither both quartiles nor minimum and maximum are known"
        elif not size[row] >= SMALLEST:
            reason = f"fewer than {SMALLEST} people" if size[row] > 0 else "n is not known"
        elif kind == "S3" and "S3" not in allowed:
            kind = "S2" if "S2" in allowed else "S1"
        elif method in POSITIVE and (values[:, row] <= 0).any():
            reason = f"method {method!r} needs values above 0"
        elif kind not in allowed:
            reason = f"method {method!r} is for {' and '.join(allowed)}, not for {kind}"
        if kind and not known[2, row]:
            kind = f"{kind}, SD only"
            if not reason and method not in ("luo/wan/shi", "wan"):
                reason = f"method {method!r} needs the median"
        scenarios.append(kind)
        reasons.append(reason)
    return scenarios, reasons


def _normal_theory(
    method: str,
    kind: str,
    a: Floats,
    q1: Floats,
    m: Floats,
    q3: Floats,
    b: Floats,
    n: Floats,
) -> tuple[Floats, Floats]:
    """Return means and SDs by the formulas of one method and scenario."""
    if method == "hozo":
        return five_numbers.hozo(a, m, b, n)
    if method == "bland":
        return five_numbers.bland(a, q1, m, q3, b)
    if method == "wan":
        mean = five_numbers.wan_mean(kind, a, q1, m, q3, b)
        return mean, five_numbers.wan_sd(kind, a, q1, q3, b, n)
    if method == "lognormal":
        return five_numbers.lognormal(kind, a, q1, m, q3, b, n)
    mean = five_numbers.luo_mean(kind, a, q1, m, q3, b, n)
    if kind == "S3":
        return mean, five_numbers.shi_sd(a, q1, q3, b, n)
    return mean, five_numbers.wan_sd(kind, a, q1, q3, b, n)
