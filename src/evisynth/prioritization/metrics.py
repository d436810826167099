"""How good an order of reading was, when all the relevant records are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evisynth.errors import DataError
from evisynth.prioritization.truth import truths

__all__ = ["OrderMetrics", "order_metrics"]


@dataclass(frozen=True, slots=True)
class OrderMetrics:
    """Measures of an order of reading; records known before it are left out.

    Attributes
    ----------
    records, relevant : int
        Records ordered and relevant ones among them.
    recall_10, recall_20, recall_50 : float
        Share of the relevant found in the first 10, 20 and 50 percent.
    read_to_95, read_to_all : int
        Records read when 95 percent and when all of the relevant are found.
    wss_95 : float
        Work saved over sampling at 95 percent recall: 0.95 less the share read by then.
    atd : float
        Average time to discovery: mean place of the relevant, as a share of the records.
    loss : float
        Area above the recall curve, 0 for the best order and 1 for the worst.
    ndcg : float
        Normalized discounted cumulative gain, gain 1 and discount by the binary logarithm.
    """

    records: int
    relevant: int
    recall_10: float
    recall_20: float
    recall_50: float
    read_to_95: int
    read_to_all: int
    wss_95: float
    atd: float
    loss: float
    ndcg: float


def order_metrics(labels: Sequence[bool]) -> OrderMetrics:
    """Compute the measures of an order.

    Parameters
    ----------
    labels
        Relevant or not, in the order read, for every record.

    Raises
    ------
    DataError
        When all or none are relevant.

    Examples
    --------
    >>> found = order_metrics([True, True, False, True, False, False, False, False, False, False])
    >>> found.read_to_all, round(found.loss, 4), round(found.wss_95, 2)
    (4, 0.0476, 0.55)
    """
    found = truths(labels)
    n, i = len(found), int(found.sum())
    if not 0 < i < n:
        raise DataError(
            f"{i} of {n} records are relevant; the measures need both relevant and irrelevant ones"
        )
    cumulated = np.cumsum(found)
    place = np.flatnonzero(found) + 1

    def recall(share: float) -> float:
        first = math.floor(share * n)
        return float(cumulated[first - 1]) / i if first else 0.0

    to_95 = int(place[math.ceil(0.95 * i - 1e-9) - 1])
    gains = 1.0 / np.log2(np.arange(2, n + 2))
    return OrderMetrics(
        records=n,
        relevant=i,
        recall_10=recall(0.1),
        recall_20=recall(0.2),
        recall_50=recall(0.5),
        read_to_95=to_95,
        read_to_all=int(place[-1]),
        wss_95=1 - to_95 / n - 0.05,
        atd=float(place.mean()) / n,
        loss=(i * (n - (i - 1) / 2) - int(cumulated.sum())) / (i * (n - i)),
        ndcg=float(gains[found].sum() / gains[:i].sum()),
    )
