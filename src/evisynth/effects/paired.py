"""Crossover trials and other paired measurements: standard errors of differences within people.

Cochrane Handbook, version 6.5, section 23.2,
https://training.cochrane.org/handbook/current/chapter-23.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from evisynth.display import plural
from evisynth.effects.columns import as_frame
from evisynth.effects.missing_statistics import read_p
from evisynth.effects.prepared import PreparedTable, Step
from evisynth.effects.table_columns import find_column, numbers_of, row_labels, values_of
from evisynth.errors import DataError, InputError, OptionError, Problem
from evisynth.stats import check_flag

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects.columns import Column

__all__ = ["paired_differences"]

WORDS: dict[str, tuple[str, ...]] = {
    "n": ("n", "ni"),
    "mean1": ("mean1", "m1", "m1i", "mean_e"),
    "sd1": ("sd1", "sd1i", "sd_e"),
    "mean2": ("mean2", "m2", "m2i", "mean_c"),
    "sd2": ("sd2", "sd2i", "sd_c"),
    "difference": ("difference", "mean_difference", "md", "diff"),
    "sd_difference": ("sd_difference", "sd_diff", "sd_change"),
    "se": ("se", "se_difference", "se_diff"),
    "t_value": ("t_value", "t", "ti"),
    "p_value": (),
}
"""Columns by role; the P value is read as text, for bounds."""


def paired_differences(
    table: pd.DataFrame | Mapping[str, Any],
    *,
    correlation: float | Column = None,
    standardized: bool = False,
    study: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> PreparedTable:
    """Analyse crossover trials and repeated measures as paired data (Handbook 23.2.7).

    Per row, the standard error of the mean difference is the first of: given (``se``), from the
    paired t value, from the P value, from the SD of the differences, or from the SDs of both
    periods with `correlation`.

    Parameters
    ----------
    table
        One row a trial: ``n`` (people who crossed over), ``mean1 sd1 mean2 sd2`` or
        ``difference``, and what there is of ``sd_difference``, ``se``, ``t``, ``p``.
    correlation
        Correlation of the two measurements of a person, a number or a column. 0 is the cautious
        analysis that takes the two as independent groups.
    standardized
        Whether to return standardized mean differences: over the SD within periods, with the
        sampling variance (1/n + d²/(2n)) 2 (1 - r).
    study
        Column that names the rows.
    columns
        Columns by role where they have other names.

    Returns
    -------
    PreparedTable
        With the columns ``yi`` and ``vi`` (and ``correlation``, given or from the SDs), for
        ``evisynth.effects(..., measure="GEN")``.

    Raises
    ------
    OptionError, InputError
        If a column is missing or holds what it cannot hold.

    References
    ----------
    Elbourne et al. 2002, doi:10.1093/ije/31.1.140.

    Examples
    --------
    >>> table = {"study": ["X"], "n": [10], "mean1": [7.0], "sd1": [2.4], "mean2": [6.5],
    ...          "sd2": [2.0]}
    >>> made = paired_differences(table, correlation=0.6).table
    >>> made["yi"].tolist(), made["vi"].round(4).tolist()
    ([0.5], [0.4])
    """  # fmt: skip
    standardized = check_flag("standardized", standardized)
    frame = as_frame(table)
    labels = row_labels(frame, study)
    given = columns or {}
    for key in given:
        if key not in WORDS:
            raise OptionError("columns", key, WORDS)
    values = {}
    for role, words in WORDS.items():
        read = numbers_of(frame, given.get(role), role, words)
        values[role] = np.full(len(frame), np.nan) if read is None else read
    r = numbers_of(frame, correlation, "correlation", ("correlation", "corr", "r"))
    r = np.full(len(frame), np.nan) if r is None else r
    if (np.abs(r) > 1).any():
        row = int(np.argmax(np.abs(r) > 1))
        at = f"row {row + 1} ({labels[row]}), correlation"
        raise InputError(Problem("data", at, f"{r[row]:g} does not lie between -1 and 1"))
    if np.isnan(values["n"]).all():
        have = [str(column) for column in frame.columns]
        raise OptionError("columns", None, have, hint="No column n of people was recognized.")
    p, signs = _p_values(frame, labels, given.get("p_value"))
    difference = values["difference"]
    difference = np.where(np.isnan(difference), values["mean1"] - values["mean2"], difference)
    steps: list[Step] = []
    se, used = _standard_errors(values, difference, r, p, signs)
    sd1, sd2, n = values["sd1"], values["sd2"], values["n"]
    with np.errstate(invalid="ignore"):
        told = (sd1**2 + sd2**2 - n * se**2) / (2 * sd1 * sd2)
    r = np.where(np.isnan(r) & (np.abs(told) <= 1), told, r)
    estimates, variances = difference, se**2
    if standardized:
        estimates = difference / np.sqrt((sd1**2 + sd2**2) / 2)
        variances = (1 / n + estimates**2 / (2 * n)) * 2 * (1 - r)
    for row, label in enumerate(labels):
        note = ""
        if np.isnan(variances[row]):
            note = "needs a standard error, t, P, the SD of differences, or SDs with a correlation"
        elif "correlation" in used[row]:
            note = "rests on an assumed correlation; try others"
        how = used[row] or "left empty"
        steps.append(Step(row, label, "vi", float(variances[row]), how, note))
    frame["yi"], frame["vi"], frame["correlation"] = estimates, variances, r
    empty = int(np.isnan(variances).sum())
    notes = [f"{plural(empty, 'row')} without a paired analysis"] if empty else []
    kind = "standardized mean differences" if standardized else "mean differences"
    sentence = (
        f"Crossover trials were analysed as paired data ({kind}; Elbourne et al. 2002, "
        "doi:10.1093/ije/31.1.140; Cochrane Handbook 6.5, section 23.2)."
    )
    return PreparedTable(frame, tuple(steps), "Paired analysis", sentence, tuple(notes))


def _standard_errors(
    values: Mapping[str, NDArray[np.float64]],
    difference: NDArray[np.float64],
    r: NDArray[np.float64],
    p: NDArray[np.float64],
    signs: list[str],
) -> tuple[NDArray[np.float64], list[str]]:
    """Return standard errors of the differences and where each is from."""
    n = values["n"]
    exact = np.array([sign == "=" for sign in signs]) & (p > 0) & (p < 1) & (n > 1)
    t = special.stdtrit(np.where(exact, n - 1, 1.0), 1 - np.where(exact, p, 0.5) / 2)
    sd1, sd2 = values["sd1"], values["sd2"]
    with np.errstate(divide="ignore", invalid="ignore"):
        ways = {
            "given standard error": values["se"],
            "paired t value": np.abs(difference / values["t_value"]),
            "P value of the paired t test": np.where(exact, np.abs(difference) / t, np.nan),
            "SD of the differences": values["sd_difference"] / np.sqrt(n),
            "SDs and correlation": np.sqrt((sd1**2 + sd2**2 - 2 * r * sd1 * sd2) / n),
        }
    se, used = np.full(len(n), np.nan), [""] * len(n)
    for words, found in ways.items():
        for row in np.flatnonzero(np.isnan(se) & np.isfinite(found) & (found > 0)):
            se[row], used[row] = found[row], words
    return se, used


def _p_values(
    frame: pd.DataFrame, labels: list[str], name: str | None
) -> tuple[NDArray[np.float64], list[str]]:
    """Return P values with their signs."""
    column = name or find_column(frame, ("p_value", "p", "pval", "pvalue"))
    numbers, signs = np.full(len(frame), np.nan), [""] * len(frame)
    if column is None:
        return numbers, signs
    for row, cell in enumerate(values_of(frame, column, "p_value")):
        try:
            numbers[row], signs[row] = read_p(cell)
        except DataError as error:
            at = f"row {row + 1} ({labels[row]}), column {column}"
            raise InputError(Problem("data", at, str(error))) from None
    return numbers, signs
