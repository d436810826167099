"""Covariances of the comparisons of several groups with one control group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from evisynth.effects.covariance_blocks import Covariances, covariances_of_blocks
from evisynth.effects.dependence import names_of
from evisynth.effects.estimates import EffectEstimates
from evisynth.effects.table_columns import find_column, numbers_of
from evisynth.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.effects.columns import Column

    Floats: TypeAlias = NDArray[np.float64]

__all__ = ["shared_arm_covariances"]

SENTENCE = (
    "Covariances of comparisons with a shared arm were computed from that arm's data (Gleser and "
    "Olkin 2009, in Cooper et al., The Handbook of Research Synthesis and Meta-Analysis, 2nd ed., "
    "chapter 19)."
)

NEEDS = {
    "MD": ("n", "sd"), "SMD": ("n", "other_n"), "OR": ("events", "n"), "RR": ("events", "n"),
    "RD": ("events", "n"),
}  # fmt: skip


def shared_arm_covariances(
    effects: EffectEstimates, cluster: Column, *, shared: int = 2
) -> Covariances:
    """Return the covariances of comparisons that share an arm, from its data.

    Every pair of a study's rows shares the arm: covariance sd²/n for MD; 1/n + g_i g_j/(2N) for
    SMD, with N people in all arms of the study; 1/events + 1/non-events for log OR;
    1/events - 1/n for log RR; p(1 - p)/n for RD.

    Parameters
    ----------
    effects
        Estimates of MD, SMD, OR, RR or RD from arm data, several rows a study.
    cluster
        Column (or values) of the studies.
    shared
        Which arm is shared, 1 or 2.

    Returns
    -------
    Covariances
        For the argument ``V`` of `multilevel`. Rows that were corrected for zero cells have 0.5
        added here too.

    Raises
    ------
    OptionError
        If the measure or a column of the arm is not known.
    DataError
        If a study's matrix is not positive definite.

    References
    ----------
    Gleser and Olkin 2009, in Cooper et al., The Handbook of Research Synthesis and Meta-Analysis,
    2nd ed., chapter 19.

    Examples
    --------
    >>> import evisynth as es
    >>> table = {"study": ["A high", "A low", "B"], "trial": ["A", "A", "B"],
    ...          "n1": [20, 24, 40], "mean1": [5.1, 4.2, 4.4], "sd1": [2.0, 2.2, 2.1],
    ...          "n2": [25, 25, 41], "mean2": [6.3, 6.3, 5.0], "sd2": [2.1, 2.1, 2.2]}
    >>> V = shared_arm_covariances(es.effects(table, "MD"), "trial")
    >>> V.to_matrix().round(4).tolist()
    [[0.3764, 0.1764, 0.0], [0.1764, 0.3781, 0.0], [0.0, 0.0, 0.2283]]
    """  # fmt: skip
    if shared not in (1, 2):
        raise OptionError("shared", shared, [1, 2])
    if effects.measure not in NEEDS:
        raise OptionError("measure", effects.measure, NEEDS)
    names = names_of(effects.data, cluster, "cluster")
    common, product = _parts(effects, names, shared)

    def block(rows: NDArray[np.int64]) -> Floats:
        y, v = effects.estimates[rows], effects.variances[rows]
        shared_part = np.sqrt(np.outer(common[rows], common[rows]))
        matrix = shared_part + np.outer(y, y) * product[rows][:, None]
        r = matrix / np.sqrt(np.outer(v, v))
        np.fill_diagonal(r, 1.0)
        return np.asarray((r + r.T) / 2)

    known = effects.estimable & np.isfinite(common)
    variances = np.where(effects.estimable, effects.variances, 1.0)
    return covariances_of_blocks(
        variances, effects.labels, names, known, block, nearest=False, sentence=SENTENCE
    )


def _parts(effects: EffectEstimates, names: list[str], shared: int) -> tuple[Floats, Floats]:
    """Return the shared arm's variance of each row, and the factor of the product of effects."""
    measure = effects.measure
    nothing = np.zeros(len(effects))
    if measure in ("MD", "SMD"):
        n = _column(effects, f"n{shared}")
        if measure == "MD":
            sd = _column(effects, "sd1_used" if shared == 1 else "sd2_used", f"sd{shared}")
            return sd**2 / n, nothing
        other = _column(effects, f"n{3 - shared}")
        total = np.array(
            [
                n[row] + sum(other[i] for i, name in enumerate(names) if name == names[row])
                for row in range(len(names))
            ]
        )
        return 1 / n, 1 / (2 * total)
    events, n = _column(effects, f"events{shared}"), _column(effects, f"n{shared}", "")
    rest = n - events
    if measure == "RD":
        p = events / n
        return p * (1 - p) / n, nothing
    zero = (events == 0) | (rest == 0)
    events, rest = np.where(zero, events + 0.5, events), np.where(zero, rest + 0.5, rest)
    if measure == "OR":
        return 1 / events + 1 / rest, nothing
    return 1 / events - 1 / (events + rest), nothing


def _column(effects: EffectEstimates, role: str, other: str = "") -> Floats:
    """Return the numbers of a role of the arm data."""
    columns: Mapping[str, str] = effects.columns
    for name in (role, other):
        column = columns.get(name) or find_column(effects.data, (name,))
        if name and column is not None:
            read = numbers_of(effects.data, column, name)
            if read is not None:
                return read
    raise OptionError("effects", role, [str(column) for column in effects.data.columns])
