"""Effect measures of two groups against metafor's escalc, through the front door."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.effects import MEASURES
from evisynth.effects.measures_two_group import TWO_GROUP

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads(
    (FOLDER / "measures_two_group.json").read_text(encoding="utf-8")
)

CLOSED_FORM = 1e-10
"""Relative: both programs evaluate the same formula; last digits differ where nearly equal numbers
are subtracted."""

FLOOR = {"yi": 1e-3, "vi": 1e-12}
"""Size below which the difference counts absolutely: estimates near 0, and variances of nearly
complete association, are differences of larger numbers."""

UNBIASED = 1e-8
"""Relative, for unbiased sampling variances: 1 - (m - 2)/(m J²) subtracts nearly equal numbers, and
metafor's J of some hundred people is good to 12 digits."""

TIGHT = 2e-8
"""Relative, for tetrachoric correlations solved to the last digits in R: mvtnorm's quadrant shares
are good to 1e-14, which the slope of the share magnifies where the correlation is close to 1."""

DERIVED = 2e-6
"""Relative, for their variances, which R takes from numerical derivatives of that solution."""

LOOSE = 3e-4
"""Absolute, for metafor's own tetrachoric correlations: its search stops at about 1e-4."""

PAIRED = ("MPRR", "MPOR", "MPRD", "MPORC", "MPPETO")
MEANS = ("normand1999", "curtis1998", "dagostino1998", "two_group_gibson2002",
         "two_group_edges_means")  # fmt: skip
TABLES = ("bcg", "nielweise2007", "collins1985a_death", "yusuf1985", "two_group_bourassa1996",
          "two_group_edges_tables")  # fmt: skip
TIMES = ("counts_hart1999", "counts_nielweise2008", "two_group_edges_time")
FEWER = ("two_group_bourassa1996", "nielweise2007", "collins1985a_death")
RULES = (("only0", 0.5), ("only0", 0.1), ("all", 0.5), ("if0all", 0.5), ("none", 0.5), ("only0", 0))
BOTH_SIGNS = ("dagostino1998", "two_group_edges_means")
"""Sets in which means of both signs occur; see MEASURES_TWO_GROUP.md on ROM."""

OF_MEANS = {
    "MD": ("LS", "HO", "UB"), "SMD": ("LS", "LS2", "UB", "AV"), "SMDH": ("LS",),
    "SMD1": ("LS", "LS2", "UB", "AV"), "SMD1H": ("LS",), "ROM": ("LS", "HO", "AV", "AVHO"),
    "CVR": ("LS",), "VR": ("LS",), "D2ORN": ("LS",), "D2ORL": ("LS",), "RPB": ("ST", "CS"),
    "ZPB": ("ST", "CS"), "RBIS": ("LS",), "ZBIS": ("LS",),
}  # fmt: skip
OF_TABLES = {
    "AS": ("LS",), "PETO": ("LS",), "PHI": ("ST", "CS"), "ZPHI": ("ST", "CS"), "YUQ": ("LS",),
    "YUY": ("LS",), "OR2DN": ("LS",), "OR2DL": ("LS",), "PBIT": ("LS",), "OR": ("LS",),
    "RR": ("LS",), "RD": ("LS", "UB", "AV"),
}  # fmt: skip
CORE = ("OR", "RR", "RD")
BY_DEFAULT = ("AS", "PHI", "YUQ", "YUY", "OR2DN", "OR2DL", "PBIT", "RD")


def wanted() -> Iterator[tuple[Any, ...]]:
    """Every combination that the reference must hold."""
    for name in MEANS:
        for measure, types in OF_MEANS.items():
            for kind in types:
                if not (kind.startswith("AV") and measure == "ROM" and name in BOTH_SIGNS):
                    yield name, measure, kind, None, None, None
        for way in ("d", "t"):
            for kind in OF_MEANS["SMD"]:
                yield f"{name} {way}", "SMD", kind, None, None, None
    for name in TABLES:
        for measure, types in OF_TABLES.items():
            if measure in CORE and not name.startswith("two_group"):
                continue
            for kind in types:
                for to, add in RULES:
                    for drop in (False, True):
                        if name in FEWER and (add != 0.5 or (drop and to != "only0")):
                            continue
                        yield name, measure, kind, to, add, drop
        for measure in BY_DEFAULT:
            yield name, measure, "ST" if measure == "PHI" else "LS", None, None, None
    for name in TIMES:
        for measure in ("IRR", "IRD", "IRSD"):
            for to, add in RULES:
                yield from ((name, measure, "LS", to, add, drop) for drop in (False, True))
            yield name, measure, "LS", None, None, None
    for to, add in RULES:
        yield "two_group_kearon1998", "DOR", "LS", to, add, False
        if add != 0.1:
            yield "two_group_edges_margins", "MPORM", "LS", to, add, False
        for measure in PAIRED:
            yield "two_group_edges_pairs", measure, "LS", to, add, False
            if to == "all":
                yield "two_group_bourassa1996", measure, "LS", to, add, False


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("set", "measure", "vtype", "to", "add", "drop00"))


def test_the_grid_of_two_group_measures_is_whole() -> None:
    held = Counter(map(key, PINNED["escalc"]))
    assert held == Counter(wanted())
    numbers = sum(len(row["yi"]) + len(row["vi"]) for row in PINNED["escalc"])
    assert numbers > 30_000
    measures = {row["measure"] for row in PINNED["escalc"]} | {"RTET", "ZTET", "GEN"}
    registered = {name for name, measure in MEASURES.items() if measure in TWO_GROUP}
    assert registered == measures


def table_of(name: str) -> pd.DataFrame:
    """Return the table of a set, with Cohen's d or t values in place of means where asked."""
    name, _, way = name.partition(" ")
    table = pd.read_csv(FOLDER / "data" / f"{name}.csv")
    if way:
        n1, n2 = table["n1i"], table["n2i"]
        squares = (n1 - 1) * table["sd1i"] ** 2 + (n2 - 1) * table["sd2i"] ** 2
        d = (table["m1i"] - table["m2i"]) / np.sqrt(squares / (n1 + n2 - 2)) + 0.1
        columns: dict[str, Any] = {"study": table["study"], "n1i": n1, "n2i": n2}
        columns |= {"di": d} if way == "d" else {"ti": d / np.sqrt(1 / n1 + 1 / n2)}
        return pd.DataFrame(columns)
    return table


def ours(row: dict[str, Any]) -> Any:
    options: dict[str, Any] = {}
    if row["to"] is not None:
        options = {
            "continuity": row["add"],
            "continuity_to": row["to"],
            "double_zero": "drop" if row["drop00"] else "keep",
        }
    return es.effects(
        table_of(row["set"]), row["measure"], variance_formula=row["vtype"], **options
    )


def assert_close(mine: Any, theirs: list[float | None], part: str, bound: float) -> None:
    expected = np.array([np.nan if value is None else value for value in theirs])
    known = np.isfinite(expected)
    assert np.array_equal(np.isfinite(mine), known), f"{part}: {mine} for {expected}"
    off = np.abs(mine[known] - expected[known])
    off /= np.maximum(np.abs(expected[known]), FLOOR[part])
    assert (off <= bound).all(), f"{part}: {off.max():.1e} relative"


@pytest.mark.parametrize("measure", sorted({*OF_MEANS, *OF_TABLES, *PAIRED, "MPORM", "DOR", "IRR",
                                            "IRD", "IRSD"}))  # fmt: skip
def test_estimates_and_variances_agree(measure: str) -> None:
    for row in PINNED["escalc"]:
        if row["measure"] != measure:
            continue
        found = ours(row)
        # What has no estimate, or a variance of 0, has neither with us.
        pairs = [
            (None, None) if y is None or not v or abs(v) < ZERO else (y, v)
            for y, v in zip(row["yi"], row["vi"], strict=True)
        ]
        bound = UNBIASED if row["vtype"] == "UB" else CLOSED_FORM
        try:
            assert_close(found.estimates, [y for y, _ in pairs], "yi", CLOSED_FORM)
            assert_close(found.variances, [v for _, v in pairs], "vi", bound)
        except AssertionError as error:
            raise AssertionError(f"{key(row)}: {error}") from None
        assert all(bool(reason) != known for reason, known in
                   zip(found.reasons, found.estimable, strict=True))  # fmt: skip


ZERO = 1e-18
"""Variances below this are 0 but for rounding."""


def test_tetrachoric_correlations_agree() -> None:
    for row in PINNED["tetrachoric"]:
        table = table_of(row["set"])
        options = {"continuity": row["add"], "continuity_to": row["to"], "double_zero": "keep"}
        found = es.effects(table, "RTET", **options)
        assert_close(found.estimates, row["yi"], "yi", TIGHT)
        assert_close(found.variances, row["vi"], "vi", DERIVED)
        known = found.estimable
        loose = np.array(row["metafor_yi"], dtype=np.float64)[known]
        assert np.abs(found.estimates[known] - loose).max() <= LOOSE
        z = es.effects(table, "ZTET", **options)
        assert z.estimates[known] == pytest.approx(np.arctanh(found.estimates[known]))
        shrink = (1 - found.estimates[known] ** 2) ** 2
        assert z.variances[known] == pytest.approx(found.variances[known] / shrink)


def test_the_grid_of_tetrachoric_correlations_is_whole() -> None:
    held = Counter((row["set"], row["to"], row["add"]) for row in PINNED["tetrachoric"])
    both = ("bcg", "two_group_edges_tables")
    expected = [(name, "only0", 0.5) for name in TABLES]
    expected += [(name, to, 0.5) for name in both for to in ("all", "none")]
    assert held == Counter(expected)
    assert sum(len(row["yi"]) for row in PINNED["tetrachoric"]) > 150
