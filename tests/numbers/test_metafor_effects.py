"""Effect estimates and variances against metafor's escalc, through the front door."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pytest

import evisynth as es

CLOSED_FORM = 1e-10
"""Relative; see conftest.py."""

FLOOR = {"yi": 1e-3}
"""Estimates near 0 are differences of larger numbers."""

CONTINUOUS = ("normand1999", "curtis1998", "dagostino1998")
TABLES = (
    "bcg", "nielweise2007", "collins1985a_bleeding", "collins1985a_death",
    "collins1985b_eclampsia", "collins1985b_perinatal", "egger2001", "lee2004", "linde2005",
    "yusuf1985", "lau1992", "viechtbauer2021",
)  # fmt: skip
MD_FORMULAS = ("LS", "HO")
SMD_FORMULAS = ("LS", "LS2", "UB", "AV")
CORRECTIONS = (("only0", 0.5), ("only0", 0.1), ("all", 0.5), ("if0all", 0.5), ("none", 0.5))
RULES: dict[bool, Literal["keep", "drop"]] = {False: "keep", True: "drop"}


def _wanted() -> Iterator[tuple[object, ...]]:
    """Every combination that the reference must hold."""
    for name in CONTINUOUS:
        yield from ((name, "MD", formula, None, None, None) for formula in MD_FORMULAS)
        yield from ((name, "SMD", formula, None, None, None) for formula in SMD_FORMULAS)
    for name in TABLES:
        for measure in ("OR", "RR", "RD"):
            for to, add in CORRECTIONS:
                yield from ((name, measure, "LS", to, add, drop) for drop in RULES)
        yield from ((name, "RD", formula, "only0", 0.5, False) for formula in ("UB", "AV"))


def test_the_grid_of_effect_estimates_is_whole(reference):
    reference.assert_whole("escalc", _wanted(), least=15_000)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_means_agree(reference, name):
    table = reference.table(name)
    for row in reference.rows("escalc", set=name):
        ours = es.effects(table, row["measure"], variance_formula=row["vtype"])
        numbers = {"yi": ours.estimates, "vi": ours.variances}
        reference.compare("escalc", row, numbers, relative=CLOSED_FORM, floor=FLOOR)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_tables_agree(reference, name, measure):
    table = reference.table(name)
    for row in reference.rows("escalc", set=name, measure=measure):
        ours = es.effects(
            table,
            measure,
            variance_formula=row["vtype"],
            continuity=row["add"],
            continuity_to=row["to"],
            double_zero=RULES[row["drop00"]],
        )
        # metafor leaves a variance of exactly 0 where nothing was added; with us it has no estimate
        row = dict(row)
        zero = np.array([value == 0 for value in row["vi"]])
        assert not ours.estimable[zero].any()
        for part in ("yi", "vi"):
            row[part] = [None if gone else v for v, gone in zip(row[part], zero, strict=True)]
        numbers = {"yi": ours.estimates, "vi": ours.variances}
        reference.compare("escalc", row, numbers, relative=CLOSED_FORM, floor=FLOOR)


def test_published_ratios_agree_with_the_given_logarithms(reference):
    table = reference.table("hackshaw1998")
    ours = es.effects(
        table, "GEN", estimate="or", ci_lower="or.lb", ci_upper="or.ub", scale="log",
        given="natural", label="Odds ratio", short="OR",
    )  # fmt: skip
    assert np.allclose(ours.estimates, table["yi"], rtol=CLOSED_FORM)
    assert np.allclose(ours.variances, table["vi"], rtol=CLOSED_FORM)
