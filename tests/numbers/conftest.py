"""The pinned reference of metafor, and how our numbers are compared with it."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"

CLOSED_FORM = 1e-10
"""Relative, for effect estimates and variances. Both programs evaluate the same formula; a few last
digits differ where logarithms of gamma functions or nearly equal numbers are subtracted."""

MODEL = 1e-8
"""Relative, for everything that rests on a model: the promise of the docs. What metafor iterates is
tightened to a change of 1e-13 of the size of tau² (see reference.R), which leaves about 1e-10."""

TAIL = 1e-6
"""Relative, for P values: far out in a tail a P value magnifies the relative error of its statistic
by about the square of the statistic."""

P_VALUES = ("p_value", "p_values", "p_k0", "q_p", "qe_p", "qm_p", "q_between_p")

SMALLEST_P = 1e-290
"""P values below this are as good as 0 in double precision."""

TESTS: dict[str, dict[str, Any]] = {
    "z": {"ci": "z"},
    "t": {"ci": "t"},
    "knha": {"ci": "HKSJ", "safeguard": "none"},
    "adhoc": {"ci": "HKSJ", "safeguard": "truncate"},
}
"""Our options for metafor's ``test``."""

KEYS = {
    "escalc": ("set", "measure", "vtype", "to", "add", "drop00"),
    "fits": ("analysis", "method", "test"),
    "predictions": ("analysis", "method", "test"),
    "weights": ("analysis", "method"),
    "limits": ("analysis", "method", "level"),
    "leave_one_out": ("analysis", "method", "test"),
    "cumulative": ("analysis", "method", "test"),
    "influence": ("analysis", "method", "test"),
    "trim_and_fill": ("analysis", "method", "test", "estimator", "side"),
    "regression_tests": ("analysis", "model", "method", "test", "predictor"),
    "rank_tests": ("analysis",),
    "meta_regression": ("analysis", "formula", "method", "test"),
    "subgroups": ("analysis", "by", "method", "test"),
}
"""What tells the entries of a section apart."""


def count_numbers(value: object) -> int:
    """Count the numbers in a pinned entry, in lists too."""
    if isinstance(value, (list, tuple)):
        return sum(map(count_numbers, value))
    return int(isinstance(value, (int, float)) and not isinstance(value, bool))


def flat(values: object) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return numbers as a flat array, None as NaN."""
    return np.array(np.nan if values is None else values, dtype=np.float64).ravel()


def is_words(value: object) -> bool:
    """Tell words and truth values, which must be equal, from numbers."""
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, (str, bool))


class Reference:
    """The pinned numbers, the tables they were computed from, and our counterparts."""

    def __init__(self) -> None:
        self.content: dict[str, Any] = json.loads(
            (FOLDER / "reference.json").read_text(encoding="utf-8")
        )
        self._effects: dict[str, Any] = {}

    def table(self, name: str) -> pd.DataFrame:
        """Return the input table of a set."""
        return pd.read_csv(FOLDER / self.content["sets"][name]["file"])

    def rows(self, section: str, **wanted: object) -> list[dict[str, Any]]:
        """Return the pinned entries of a section that have the wanted values."""
        found = [
            row
            for row in self.content[section]
            if all(row.get(name) == value for name, value in wanted.items())
        ]
        assert found, f"no entry of {section} has {wanted}"
        return found

    def key(self, section: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what tells an entry from the others of its section."""
        return tuple(row.get(name) for name in KEYS[section])

    def assert_whole(self, section: str, wanted: Iterable[object], least: int) -> None:
        """Assert that a section holds every combination once, and so many numbers at least."""
        rows = self.content[section]
        keys = Counter(self.key(section, row) for row in rows)
        assert set(keys) == set(wanted)
        assert max(keys.values()) == 1
        values = [v for row in rows for k, v in row.items() if k not in KEYS[section]]
        assert count_numbers(values) >= least

    def effects(self, identifier: str) -> Any:
        """Return the effect estimates of an analysis, e.g. ``"bcg-RR"``, made once."""
        if identifier not in self._effects:
            name, measure = identifier.rsplit("-", 1)
            self._effects[identifier] = es.effects(self.table(name), measure)
        return self._effects[identifier]

    def options(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return our options for the method and test that a pinned entry names."""
        model = {"model": "equal"} if row["method"] == "EE" else {"tau2": row["method"]}
        return model | TESTS[row.get("test", "z")]

    def pool(self, row: Mapping[str, Any], **options: Any) -> Any:
        """Pool with the options that a pinned entry names."""
        return es.pool(self.effects(row["analysis"]), **self.options(row), **options)

    def floors(self, identifier: str) -> dict[str, float]:
        """Return sizes below which a difference counts absolutely, by the name of the number.

        An estimate may be near 0 though its standard error is not; then the promise is relative
        to the standard error. Likewise a tau² to the sampling variances.
        """
        effects = self.effects(identifier)
        variances = effects.variances[effects.estimable]
        se, size = float(np.sqrt(1 / np.sum(1 / variances))), float(np.median(variances))
        by_se = (
            "estimate", "ci_lower", "ci_upper", "pi_lower", "pi_upper", "riley_lower",
            "riley_upper", "filled_estimates", "intercept",
        )  # fmt: skip
        by_size = ("tau2", "tau2_deleted", "tau2_lower", "tau2_upper", "common_tau2")
        by_one = (
            "statistic", "q", "i2", "q_deleted", "i2_lower", "i2_upper", "q_between", "tau",
            "rstudent", "dffits", "dfbetas", "statistics", "qe", "qm", "r2",
        )  # fmt: skip
        return dict.fromkeys(by_se, se) | dict.fromkeys(by_size, size) | dict.fromkeys(by_one, 1.0)

    def compare(
        self,
        section: str,
        row: Mapping[str, Any],
        ours: Mapping[str, Any],
        *,
        floor: Mapping[str, float] | None = None,
        relative: float = MODEL,
        skip: tuple[str, ...] = (),
    ) -> None:
        """Compare every number of a pinned entry with ours of the same name.

        Where metafor has no number, ours must be NaN. ``skip`` names what has no counterpart.
        """
        least = floor if floor is not None else self.floors(row["analysis"])
        names = [name for name in row if name not in (*KEYS[section], *skip)]
        assert names
        for name in names:
            where = f"{self.key(section, row)} {name}"
            if is_words(row[name]):
                mine = ours[name]
                assert (mine if isinstance(mine, str) else list(mine)) == row[name], where
                continue
            tail = name in P_VALUES
            self._numbers(
                where,
                flat(row[name]),
                flat(ours[name]),
                TAIL if tail else relative,
                SMALLEST_P if tail else least.get(name, 0.0),
            )

    @staticmethod
    def _numbers(where: str, pinned: Any, mine: Any, relative: float, floor: float) -> None:
        assert pinned.shape == mine.shape, f"{where}: {mine} for {pinned}"
        for place, (theirs, our) in enumerate(zip(pinned, mine, strict=True)):
            if not math.isfinite(theirs):
                same = math.isnan(our) if math.isnan(theirs) else our == theirs
                assert same, f"{where}[{place}]: {our!r} for {theirs!r}"
                continue
            off = abs(our - theirs) / max(abs(theirs), floor, 1e-300)
            assert off <= relative, f"{where}[{place}]: {our!r} for {theirs!r}, {off:.1e} relative"


@pytest.fixture(scope="session")
def reference() -> Reference:
    return Reference()
