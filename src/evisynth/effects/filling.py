"""Means and standard deviations of a table's arms, filled in from what else a report prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.display import plural
from evisynth.effects.columns import as_frame
from evisynth.effects.dispersion import Distribution, sd_from_ci, sd_from_p, sd_from_t
from evisynth.effects.missing_statistics import read_p, sd_of_change
from evisynth.effects.prepared import PreparedTable, Step
from evisynth.effects.quantile_estimates import (
    METHODS,
    NORMAL,
    QuantileEstimates,
    mean_sd_from_quantiles,
    order_problem,
)
from evisynth.effects.table_columns import find_column, numbers_of, row_labels, values_of
from evisynth.errors import DataError, InputError, OptionError, Problem
from evisynth.stats import check_level, check_name, check_number

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["ROLES", "fill_statistics"]

ROLES: dict[str, tuple[str, ...]] = {
    "n": ("n", "ni", "total"),
    "mean": ("mean", "m", "mi"),
    "sd": ("sd", "sdi"),
    "se": ("se", "sem", "sei"),
    "ci_lower": ("ci_lower", "ci_lb", "lower"),
    "ci_upper": ("ci_upper", "ci_ub", "upper"),
    "min": ("min", "minimum"),
    "q1": ("q1", "lq", "q25", "lower_quartile", "first_quartile"),
    "median": ("median", "med"),
    "q3": ("q3", "uq", "q75", "upper_quartile", "third_quartile"),
    "max": ("max", "maximum"),
    "sd_baseline": ("sd_baseline", "sd_pre", "sdpre", "sd_base"),
    "sd_final": ("sd_final", "sd_post", "sdpost", "sd_end"),
    "mean_baseline": ("mean_baseline", "mean_pre", "m_pre", "mean_base"),
    "mean_final": ("mean_final", "mean_post", "m_post", "mean_end"),
}
"""What an arm may report, and the words by which its columns begin."""

ARMS: dict[str, tuple[str, ...]] = {
    "1": ("1", "_1", "1i", ".g1", "_g1", "_e", ".e", "_t", "_exp", "_treat", "_int"),
    "2": ("2", "_2", "2i", ".g2", "_g2", "_c", ".c", "_ctrl", "_control"),
    "": ("",),
}
"""Endings of the columns of the first arm, the second, and of tables with one group a row."""

TESTS: dict[str, tuple[str, ...]] = {
    "t_value": ("t_value", "t", "ti"),
    "f_value": ("f_value", "f", "fi"),
    "p_value": ("p_value", "p", "pval", "pvalue"),
}
"""Statistics that compare the two arms."""


@dataclass(slots=True)
class _Work:
    """A table while it is filled: numbers by role and arm, and what was done."""

    frame: pd.DataFrame
    labels: list[str]
    given: Mapping[str, str]
    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def read(self, arm: str) -> bool:
        """Read the columns of an arm; return whether there is any mean, SD or quantile of it."""
        found = False
        for role, words in ROLES.items():
            key = f"{role}{arm}"
            name = self.given.get(key)
            endings = [
                f"{word}{ending}"
                for word in words
                for ending in ARMS[arm]
                if not (word[-1:].isdigit() and ending in ("1", "2", "1i", "2i"))
            ]
            column = name if name is not None else find_column(self.frame, endings)
            numbers = None if column is None else numbers_of(self.frame, column, key)
            if numbers is None:
                self.values[key] = np.full(len(self.frame), np.nan)
                continue
            self.columns[key] = str(column)
            self.values[key] = numbers
            found |= role not in ("n", "se", "ci_lower", "ci_upper")
        return found

    def put(self, row: int, role: str, arm: str, value: float, method: str, note: str = "") -> None:
        """Fill one cell and say how."""
        key = f"{role}{arm}"
        column = self.columns.setdefault(key, key)
        if np.isfinite(value):
            self.values[key][row] = value
        self.steps.append(Step(row, self.labels[row], column, value, method, note))

    def lacks(self, role: str, arm: str) -> NDArray[np.bool_]:
        """Return the rows without a number of a role, shape (K,)."""
        return np.isnan(self.values[f"{role}{arm}"])

    def have(self, arm: str, *roles: str) -> NDArray[np.bool_]:
        """Return the rows that have all of some roles, shape (K,)."""
        every = np.ones(len(self.frame), dtype=np.bool_)
        for role in roles:
            every &= ~self.lacks(role, arm)
        return every


def fill_statistics(
    table: pd.DataFrame | Mapping[str, Any],
    *,
    method: str = "luo/wan/shi",
    skewed: str = "keep",
    correlation: float | None = None,
    level: float = 0.95,
    ci_distribution: Distribution = "t",
    study: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> PreparedTable:
    """Fill in missing means and standard deviations of a table's arms.

    For each arm without an SD the first of these that the row has is used: standard error;
    confidence interval of the mean; t value, F value (one numerator degree of freedom) or exact P
    value of the comparison of the two means; quartiles or range; SDs at baseline and end with
    `correlation`; a P value that is a bound (``"<0.05"``), which gives the largest SD that it
    allows. An arm without a mean gets mean and SD from the median with quartiles or range.
    What is in the table is never changed.

    Parameters
    ----------
    table
        One row a study, arm 1 the experimental one. Columns are known by their usual names with
        the endings of the arms: ``n1 mean1 sd1 se1 ci_lower1 ci_upper1 min1 q1_1 median1 q3_1
        max1 sd_baseline1 sd_final1``, ``n_e median_e ...``, ``n.g1 med.g1 q1.g1 ...`` and the
        same for arm 2; without endings for tables of one group. ``t f p`` compare the arms.
    method
        For quantiles: ``"luo/wan/shi"``, ``"wan"``, ``"hozo"``, ``"bland"``, ``"qe"``, ``"bc"``;
        see `mean_sd_from_quantiles`.
    skewed
        What becomes of arms whose quantiles show skewness (Shi et al. 2023) under methods of
        normal theory: ``"keep"`` fills them with a note, ``"leave"`` leaves them empty (metafor's
        ``conv.fivenum``).
    correlation
        Correlation of baseline and final values, for SDs of changes.
    level, ci_distribution
        Level and distribution of the confidence intervals of means.
    study
        Column that names the rows.
    columns
        Columns by role where they have other names, e.g. ``{"median1": "med_intervention"}``.

    Returns
    -------
    PreparedTable
        Its ``table`` goes into `evisynth.effects`; ``computed()`` lists every number.

    Raises
    ------
    OptionError
        If a word or column is not known.
    InputError
        If a cell holds what it cannot hold, or quantiles are out of order.

    References
    ----------
    Cochrane Handbook 6.5, sections 6.5.2.2 to 6.5.2.8; see `method_sentence` for the rest.

    Examples
    --------
    >>> import evisynth as es
    >>> table = {"study": ["A", "B"], "n1": [50, 40], "mean1": [7.1, None], "sd1": [2.9, None],
    ...          "median1": [None, 6.0], "q1_1": [None, 4.0], "q3_1": [None, 8.5],
    ...          "n2": [50, 41], "mean2": [8.3, 6.4], "sd2": [3.1, None], "se2": [None, 0.4]}
    >>> filled = fill_statistics(table)
    >>> filled.computed()[["study", "column"]].to_numpy().tolist()
    [['B', 'mean1'], ['B', 'sd1'], ['B', 'sd2']]
    >>> es.effects(filled.table, "SMD").estimates.round(3).tolist()
    [-0.397, -0.073]
    """  # fmt: skip
    method = check_name("method", method, METHODS)
    level = check_level(level)
    if correlation is not None:
        correlation = check_number(
            "correlation", correlation, least=-1, most=1, words=["a number between -1 and 1"]
        )
    if skewed not in ("keep", "leave"):
        raise OptionError("skewed", skewed, ["keep", "leave"])
    frame = as_frame(table)
    known = {f"{role}{arm}" for role in ROLES for arm in ARMS} | set(TESTS)
    for key in columns or {}:
        if key not in known:
            raise OptionError("columns", key, sorted(known))
    work = _Work(frame, row_labels(frame, study), columns or {})
    arms = [arm for arm in ("1", "2") if work.read(arm)] or [arm for arm in ("",) if work.read(arm)]
    if not arms:
        have = ", ".join(str(name) for name in frame.columns)
        raise InputError(
            Problem(
                "data",
                "columns",
                f"no column of means, SDs or quantiles was recognized; the table has: {have}",
                hint="Name them, e.g. columns={'median1': '...'}.",
            )
        )
    for arm in arms:
        _from_precision(work, arm, level, ci_distribution)
    if arms == ["1", "2"]:
        _from_tests(work, exact=True)
    found = [_from_quantiles(work, arm, method, skewed) for arm in arms]
    for arm in arms:
        _from_change(work, arm, correlation)
    if arms == ["1", "2"]:
        _from_tests(work, exact=False)
    return _finish(work, arms, found)


def _fill(
    work: _Work, arm: str, rows: NDArray[np.bool_], sd: Any, method: str, note: str = ""
) -> None:
    values = np.broadcast_to(np.asarray(sd, dtype=np.float64), (int(rows.sum()),))
    for row, value in zip(np.flatnonzero(rows), values, strict=True):
        work.put(int(row), "sd", arm, float(value), method, note)


def _from_precision(work: _Work, arm: str, level: float, distribution: Distribution) -> None:
    """Fill SDs from standard errors and intervals of means."""
    rows = work.lacks("sd", arm) & work.have(arm, "n", "se")
    n, se = work.values[f"n{arm}"], work.values[f"se{arm}"]
    _fill(work, arm, rows, se[rows] * np.sqrt(n[rows]), "SE × √n (Handbook 6.5.2.2)")
    lower, upper = work.values[f"ci_lower{arm}"], work.values[f"ci_upper{arm}"]
    rows = work.lacks("sd", arm) & work.have(arm, "n", "ci_lower", "ci_upper")
    if distribution == "t":
        rows &= n > 1
    sd = sd_from_ci(lower[rows], upper[rows], n[rows], level, distribution)
    _fill(work, arm, rows, sd, f"confidence interval of the mean, {distribution} (6.5.2.2)")


def _from_tests(work: _Work, *, exact: bool) -> None:
    """Fill the SD of both arms from a test that compares their means."""
    difference = work.values["mean1"] - work.values["mean2"]
    rows = (work.lacks("sd", "1") | work.lacks("sd", "2")) & (difference != 0)
    rows &= work.have("1", "n", "mean") & work.have("2", "n", "mean")
    n1, n2 = work.values["n1"], work.values["n2"]
    rows &= n1 + n2 > 2
    if exact:
        for role, words, power in (("t_value", "t value", 1.0), ("f_value", "F value", 0.5)):
            values = numbers_of(work.frame, work.given.get(role), role, TESTS[role])
            if values is None:
                continue
            with np.errstate(invalid="ignore"):
                here = rows & (np.abs(values) > 0)
            statistic = np.abs(values[here]) ** power
            sd = sd_from_t(difference[here], statistic, n1[here], n2[here])
            _fill_both(work, here, sd, f"{words} of the comparison (6.5.2.3)")
            rows = rows & ~here
    name = work.given.get("p_value") or find_column(work.frame, TESTS["p_value"])
    if name is None:
        return
    signs, numbers = [], np.full(len(work.frame), np.nan)
    for row, cell in enumerate(values_of(work.frame, name, "p_value")):
        try:
            numbers[row], sign = read_p(cell)
        except DataError as error:
            at = f"row {row + 1} ({work.labels[row]}), column {name}"
            raise InputError(Problem("data", at, str(error))) from None
        signs.append(sign)
    wanted = "=" if exact else "<"
    here = rows & (numbers > 0) & (numbers < 1) & np.array([sign == wanted for sign in signs])
    sd = sd_from_p(difference[here], numbers[here], n1[here], n2[here])
    if exact:
        _fill_both(work, here, sd, "P value of the comparison (6.5.2.3)")
        return
    _fill_both(work, here, sd, "P value given as a bound (6.5.2.3)", "the largest SD it allows")
    for row in np.flatnonzero(rows & np.array([sign == ">" for sign in signs])).tolist():
        note = "a P value above a bound does not tell an SD"
        for arm in ("1", "2"):
            work.put(row, "sd", arm, np.nan, "left empty", note)


def _fill_both(work: _Work, rows: NDArray[np.bool_], sd: Any, method: str, note: str = "") -> None:
    values = np.full(len(work.frame), np.nan)
    values[rows] = sd
    pooled = "; one SD for both arms"
    for arm in "12":
        here = rows & work.lacks("sd", arm)
        _fill(work, arm, here, values[here], f"{method}{pooled}", note)


def _from_quantiles(work: _Work, arm: str, method: str, skewed: str) -> QuantileEstimates | None:
    """Fill means and SDs from medians, quartiles and ranges."""
    ends = work.have(arm, "min", "max")
    quartiles = work.have(arm, "q1", "q3")
    no_mean = work.lacks("mean", arm) & work.have(arm, "median")
    no_sd = work.lacks("sd", arm)
    rows = (no_mean | no_sd) & (ends | quartiles)
    if not rows.any():
        return None
    get = {role: work.values[f"{role}{arm}"][rows] for role in ("n", "min", "q1", "q3", "max")}
    median = work.values[f"median{arm}"][rows]
    problem = order_problem(np.stack([get["min"], get["q1"], median, get["q3"], get["max"]]))
    if problem is not None:
        bad = int(np.flatnonzero(rows)[problem[0]])
        at = f"row {bad + 1} ({work.labels[bad]}), arm {arm or 1}"
        raise InputError(Problem("data", at, problem[1]))
    found = mean_sd_from_quantiles(
        get["n"], median=median, minimum=get["min"], maximum=get["max"], q1=get["q1"],
        q3=get["q3"], method=method,
    )  # fmt: skip
    for place, row in enumerate(np.flatnonzero(rows).tolist()):
        words = f"{method} from {found.scenarios[place]}"
        note, empty = "", bool(found.reasons[place])
        if found.skewed[place] and (method in NORMAL or found.distributions[place] == "normal"):
            what = "logarithms of the quantiles" if method == "lognormal" else "quantiles"
            note = f"the {what} show skewness (Shi et al. 2023)"
            empty |= skewed == "leave"
        if method in ("qe", "bc", "mln") and found.distributions[place]:
            words += f", {found.distributions[place]}"
        for role, lacking, value in (
            ("mean", no_mean, found.means[place]),
            ("sd", no_sd, found.sds[place]),
        ):
            if not lacking[row]:
                continue
            if empty:
                reason = found.reasons[place] or note
                work.put(int(row), role, arm, np.nan, "left empty", reason)
            else:
                work.put(int(row), role, arm, float(value), words, note)
    return found


def _from_change(work: _Work, arm: str, correlation: float | None) -> None:
    """Fill SDs (and means) of changes from those at baseline and end."""
    first, last = work.values[f"mean_baseline{arm}"], work.values[f"mean_final{arm}"]
    rows = work.lacks("sd", arm) & work.have(arm, "sd_baseline", "sd_final")
    means = rows & work.lacks("mean", arm) & ~np.isnan(first + last)
    if correlation is None:
        for row in np.flatnonzero(rows):
            note = "the SD of the change needs a correlation; pass correlation="
            work.put(int(row), "sd", arm, np.nan, "left empty", note)
        return
    for row in np.flatnonzero(means):
        change = float(last[row] - first[row])
        work.put(int(row), "mean", arm, change, "end minus baseline")
    start, end = work.values[f"sd_baseline{arm}"], work.values[f"sd_final{arm}"]
    sd = sd_of_change(start[rows], end[rows], correlation)
    words = f"change from baseline with correlation {correlation:g} (6.5.2.8)"
    _fill(work, arm, rows, sd, words)


def _finish(work: _Work, arms: list[str], found: list[QuantileEstimates | None]) -> PreparedTable:
    """Write the numbers into the table and put notes and words together."""
    frame = work.frame
    for key, column in work.columns.items():
        if any(step.column == column for step in work.steps):
            frame[column] = work.values[key]
    # what could be filled in the end by another way is not told as left empty
    filled = {(s.row, s.column) for s in work.steps if np.isfinite(s.value)}
    steps = [s for s in work.steps if np.isfinite(s.value) or (s.row, s.column) not in filled]
    steps.sort(key=lambda step: (step.row, step.column))
    skew = [step for step in steps if "skewness" in step.note]
    notes = []
    if skew:
        names = ", ".join(dict.fromkeys(step.label for step in skew))
        notes.append(
            f"skewed data in {names}: a mean does not describe them well; consider "
            "method='lognormal', 'mln' or 'qe' and a sensitivity analysis without them"
        )
    used = [estimates for estimates in found if estimates is not None]
    if used:
        notes.append(
            "means and SDs estimated from quantiles are less precise than reported ones; sampling "
            "variances do not know that"
        )
    bounds = [step for step in steps if "bound" in step.method]
    if bounds:
        rows = plural(len({step.row for step in bounds}), "row")
        notes.append(
            f"SDs of {rows} rest on a P value given as a bound: they are the largest that it allows"
        )
    missing = sum(int(work.lacks(role, arm).sum()) for arm in arms for role in ("mean", "sd"))
    if missing:
        notes.append(f"{plural(missing, 'mean or SD', 'means and SDs')} could not be filled")
    sentence = (
        "Missing standard deviations were computed from standard errors, confidence intervals, "
        "tests or correlations (Cochrane Handbook 6.5, sections 6.5.2.2 to 6.5.2.8)."
    )
    if used:
        sentence += f" {used[0].method_sentence()}"
    return PreparedTable(
        frame, tuple(steps), "Missing means and SDs filled in", sentence, tuple(notes)
    )
