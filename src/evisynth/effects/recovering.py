"""2x2 tables and sampling variances recovered from margins, intervals and test statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from evisynth.display import plural
from evisynth.effects.columns import as_frame
from evisynth.effects.missing_statistics import cells_from_margins, read_p
from evisynth.effects.prepared import PreparedTable, Step
from evisynth.effects.table_columns import find_column, numbers_of, row_labels, values_of
from evisynth.errors import DataError, InputError, OptionError, Problem
from evisynth.stats import check_flag

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects.columns import Column

__all__ = ["fill_cells", "fill_variances"]

CELLS = ("events1", "nonevents1", "events2", "nonevents2")

CELL_WORDS = {
    "events1": ("events1", "ai"),
    "nonevents1": ("nonevents1", "bi"),
    "events2": ("events2", "ci"),
    "nonevents2": ("nonevents2", "di"),
}

STATISTIC_WORDS = {
    "odds_ratio": ("odds_ratio", "oddsratio", "or", "ori"),
    "risk_ratio": ("risk_ratio", "riskratio", "rr", "rri"),
    "phi": ("phi", "ri"),
    "chi2": ("chi2", "chisq", "x2i", "chi_square"),
}

OFF_CENTRE = 0.1
"""An estimate further from the middle of its interval than this share of the half width is told."""


def fill_cells(
    table: pd.DataFrame | Mapping[str, Any],
    *,
    n: Column = None,
    n1: Column = None,
    events: Column = None,
    odds_ratio: Column = None,
    risk_ratio: Column = None,
    phi: Column = None,
    chi2: Column = None,
    yates: bool = True,
    study: str | None = None,
) -> PreparedTable:
    """Reconstruct the cells of 2x2 tables from their margins and a statistic (``conv.2x2``).

    Parameters
    ----------
    table
        One row a study. The cells are ``events1 nonevents1 events2 nonevents2`` (or ``ai bi ci
        di``); rows that have them stay as they are.
    n, n1, events
        People in both arms, people in the first arm, people with the event in both arms.
    odds_ratio, risk_ratio, phi, chi2
        The association, of the first arm to the second; the first that a row has is used. A chi²
        of Pearson's test must be negative where the first arm has fewer events.
    yates
        Whether chi² statistics were computed with Yates' correction (R's default).
    study
        Column that names the rows.

    Returns
    -------
    PreparedTable
        Whole cells; for `evisynth.effects`. Rows whose margins and statistic contradict each other
        stay empty, with a note.

    Raises
    ------
    OptionError, InputError
        If a column is missing or holds what it cannot hold.

    References
    ----------
    Bonett 2007, doi:10.1037/0003-066X.62.3.254; Di Pietrantonj 2006, doi:10.1002/sim.2287.

    Examples
    --------
    >>> table = {"study": ["A", "B"], "or": [2.05, None], "phi": [None, 0.15], "n": [240, 240],
    ...          "n1": [122, 122], "events": [56, 56]}
    >>> filled = fill_cells(table)
    >>> filled.table[["events1", "nonevents1", "events2", "nonevents2"]].to_numpy().tolist()
    [[36.0, 86.0, 20.0, 98.0], [36.0, 86.0, 20.0, 98.0]]
    """  # fmt: skip
    yates = check_flag("yates", yates)
    frame = as_frame(table)
    labels = row_labels(frame, study)
    size = _must(frame, n, "n", ("n", "ni", "n_total", "total"))
    first = _must(frame, n1, "n1", ("n1", "n1i"))
    both = _must(frame, events, "events", ("events", "n2i", "total_events"))
    given = {"odds_ratio": odds_ratio, "risk_ratio": risk_ratio, "phi": phi, "chi2": chi2}
    names, cells = [], []
    for role, words in CELL_WORDS.items():
        column = find_column(frame, words)
        names.append(column or role)
        numbers = None if column is None else numbers_of(frame, column, role)
        cells.append(np.full(len(frame), np.nan) if numbers is None else numbers)
    stack = np.stack(cells)
    todo = np.isnan(stack).any(axis=0) & ~np.isnan(size + first + both)
    steps: list[Step] = []
    used = False
    for role, kind in (("odds_ratio", "OR"), ("risk_ratio", "RR"), ("phi", "PHI"), ("chi2", "")):
        values = numbers_of(frame, given[role], role, STATISTIC_WORDS[role])
        if values is None:
            continue
        used = True
        kind = kind or ("chi2 Yates" if yates else "chi2")
        rows = np.flatnonzero(todo & ~np.isnan(values))
        for row in rows:
            try:
                made = cells_from_margins(size[row], first[row], both[row], values[row], kind)
            except DataError as error:
                at = f"row {row + 1} ({labels[row]})"
                raise InputError(Problem("data", at, str(error))) from None
            how = f"margins and {role.replace('_', ' ')} {values[row]:g}"
            if np.isnan(made).any():
                note = "margins and statistic contradict each other"
                steps += [
                    Step(int(row), labels[row], name, np.nan, "left empty", note) for name in names
                ]
                continue
            whole = _whole(made, first[row], both[row], size[row])
            stack[:, row] = whole
            steps += [
                Step(int(row), labels[row], name, float(value), how)
                for name, value in zip(names, whole, strict=True)
            ]
        todo[rows] = False
    if not used:
        raise OptionError(
            "odds_ratio", None, ["a column of odds ratios", "risk_ratio", "phi", "chi2"]
        )
    for name, values in zip(names, stack, strict=True):
        frame[name] = values
    steps.sort(key=lambda step: step.row)
    empty = {step.label for step in steps if np.isnan(step.value)}
    notes = ["cells are rounded to whole people; statistics printed with few digits shift them"]
    if empty:
        notes.append(f"{plural(len(empty), 'table')} could not be reconstructed")
    sentence = (
        "Cells of 2x2 tables were reconstructed from the margins and a measure of association "
        "(Bonett 2007, doi:10.1037/0003-066X.62.3.254)."
    )
    return PreparedTable(frame, tuple(steps), "2x2 tables reconstructed", sentence, tuple(notes))


def _must(
    frame: pd.DataFrame, given: Column, option: str, words: tuple[str, ...]
) -> NDArray[np.float64]:
    """Return the numbers of a column that there must be."""
    numbers = numbers_of(frame, given, option, words)
    if numbers is None:
        have = [str(column) for column in frame.columns]
        raise OptionError(option, None, have, hint=f"Known by {', '.join(words)}.")
    return numbers


def _whole(cells: NDArray[np.float64], n1: float, events: float, n: float) -> NDArray[np.float64]:
    """Round the first cell; the others follow from the margins, which stay as they are."""
    low, high = max(0.0, n1 + events - n), min(n1, events)
    a = float(np.clip(np.round(cells[0]), low, high))
    return np.array([a, n1 - a, events - a, n - n1 - events + a])


def fill_variances(
    table: pd.DataFrame | Mapping[str, Any],
    *,
    estimate: Column = None,
    ci_lower: Column = None,
    ci_upper: Column = None,
    z_value: Column = None,
    p_value: Column = None,
    given: str = "log",
    level: float | Column = 0.95,
    study: str | None = None,
) -> PreparedTable:
    """Fill in sampling variances of estimates from Wald intervals, z or P values (``conv.wald``).

    Parameters
    ----------
    table
        One row an estimate. Rows that have ``variance`` (``vi``) or ``se`` stay as they are.
    estimate
        The estimate as printed.
    ci_lower, ci_upper
        Wald-type confidence limits.
    z_value, p_value
        Wald statistic, or two-sided P value (``"<0.05"`` is taken as 0.05 and told).
    given
        ``"natural"``: ratios as printed, whose logarithms are used; ``"log"``: as they stand (also
        for differences).
    level
        Level of the intervals, one for all or a column.
    study
        Column that names the rows.

    Returns
    -------
    PreparedTable
        With the columns ``yi`` and ``vi``, for ``evisynth.effects(..., measure="GEN")``; limits of
        ratios on the natural scale are renamed to ``"lower (as printed)"``. Intervals
        that are not symmetric around their estimate are told: they are no Wald intervals on this
        scale, or were rounded.

    Raises
    ------
    OptionError, InputError
        If a column is missing or holds what it cannot hold.

    Examples
    --------
    >>> table = {"study": ["A", "B"], "or": [0.64, 0.64], "lower": [0.33, None],
    ...          "upper": [1.22, None], "p": [None, 0.17]}
    >>> filled = fill_variances(table, estimate="or", given="natural")
    >>> filled.table[["yi", "vi"]].round(4).to_numpy().tolist()
    [[-0.4463, 0.1113], [-0.4463, 0.1058]]
    """  # fmt: skip
    if given not in ("log", "natural"):
        raise OptionError("given", given, ["log", "natural"])
    frame = as_frame(table)
    labels = row_labels(frame, study)
    y = _must(frame, estimate, "estimate", ("estimate", "effect", "te", "out"))
    rows_of = {
        "lower": numbers_of(frame, ci_lower, "ci_lower", ("ci_lower", "ci_lb", "lower", "ci.lb")),
        "upper": numbers_of(frame, ci_upper, "ci_upper", ("ci_upper", "ci_ub", "upper", "ci.ub")),
        "z": numbers_of(frame, z_value, "z_value", ("z_value", "z", "zval")),
        "level": numbers_of(frame, level, "level"),
        "vi": numbers_of(frame, None, "variance", ("vi", "variance", "var")),
        "se": numbers_of(frame, None, "se", ("se", "sei", "std_error")),
        "yi": numbers_of(frame, None, "yi", ("yi",)),
    }
    nothing = np.full(len(frame), np.nan)
    lower, upper, z, levels, vi, se, yi = (
        nothing if values is None else values for values in rows_of.values()
    )
    if not ((levels > 0) & (levels < 1)).all():
        raise OptionError("level", level, ["numbers between 0 and 1, e.g. 0.95"])
    if given == "natural":
        y, lower, upper = (_log(frame, labels, values) for values in (y, lower, upper))
    y = np.where(np.isnan(yi), y, yi)
    known = np.where(np.isnan(vi), se**2, vi)
    p, signs = _p_values(frame, labels, p_value)
    steps: list[Step] = []
    done = known.copy()
    quantile = special.ndtri(0.5 + levels / 2)
    for row in np.flatnonzero(np.isnan(known) & ~np.isnan(y)):
        note = ""
        if upper[row] > lower[row]:
            half = (upper[row] - lower[row]) / 2
            value, words = (half / quantile[row]) ** 2, f"{levels[row]:.0%} confidence interval"
            if abs(y[row] - (lower[row] + upper[row]) / 2) > OFF_CENTRE * half:
                note = "the estimate is not in the middle of its interval"
        elif abs(z[row]) > 0 and y[row] != 0:
            value, words = (y[row] / z[row]) ** 2, "z value"
        elif 0 < p[row] < 1 and signs[row] in ("=", "<") and y[row] != 0:
            value, words = (y[row] / special.ndtri(p[row] / 2)) ** 2, "P value"
            note = "a bound: the largest variance it allows" if signs[row] == "<" else ""
        else:
            value, words, note = np.nan, "left empty", "no interval, z or P value that tells it"
        done[row] = value
        steps.append(Step(int(row), labels[row], "vi", float(value), words, note))
    if given == "natural":  # limits of another scale than the column yi must not meet it
        usual = ("ci_lower", "ci_lb", "lower", "ci.lb"), ("ci_upper", "ci_ub", "upper", "ci.ub")
        limits = (
            find_column(frame, known_by) if own is None else own
            for own, known_by in zip((ci_lower, ci_upper), usual, strict=True)
        )
        frame = frame.rename(columns={c: f"{c} (as printed)" for c in limits if isinstance(c, str)})
    frame["yi"], frame["vi"] = y, done
    odd = [step.label for step in steps if "middle" in step.note]
    notes = []
    if odd:
        notes.append(
            f"not symmetric: {', '.join(odd)}; check the scale (given='natural' for ratios as "
            "printed) and that the interval is of the Wald type"
        )
    sentence = (
        "Sampling variances were computed from Wald-type confidence intervals, z values or exact P "
        "values (Cochrane Handbook 6.5, section 6.3)."
    )
    title = "Sampling variances filled in"
    return PreparedTable(frame, tuple(steps), title, sentence, tuple(notes))


def _log(
    frame: pd.DataFrame, labels: list[str], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return logarithms; a ratio that is not above 0 is refused."""
    bad = values <= 0
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            Problem(
                str(frame.attrs.get("file", "data")),
                f"row {row + 1} ({labels[row]})",
                f"a ratio of {values[row]:g} cannot be; ratios are above 0",
                hint="Pass given='log' if these are logarithms.",
            )
        )
    return np.log(values)


def _p_values(
    frame: pd.DataFrame, labels: list[str], given: Column
) -> tuple[NDArray[np.float64], list[str]]:
    """Return P values with their signs."""
    chosen = find_column(frame, ("p_value", "p", "pval", "pvalue")) if given is None else given
    numbers, signs = np.full(len(frame), np.nan), [""] * len(frame)
    if chosen is None:
        return numbers, signs
    for row, cell in enumerate(values_of(frame, chosen, "p_value")):
        try:
            numbers[row], signs[row] = read_p(cell)
        except DataError as error:
            at = f"row {row + 1} ({labels[row]})"
            raise InputError(Problem("data", at, str(error))) from None
    return numbers, signs
