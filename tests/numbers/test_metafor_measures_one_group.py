"""Effect measures of one group, and the way back to the shown scale, against metafor.

validation/metafor/MEASURES_ONE_GROUP.md says what agrees and what differs.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.effects import MEASURES, Scale

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
PINNED: dict[str, Any] = json.loads(
    (FOLDER / "measures_one_group.json").read_text(encoding="utf-8")
)

CLOSED = 1e-10
"""Relative, for estimates and variances: both programs evaluate the same formula."""

GAMMA = 1e-9
"""Relative, where the small-sample correction or UCOR's hypergeometric series stands in it: metafor
loses digits of the logarithms of gamma functions at n = 100,000."""

DIFFERENCE = 1e-8
"""Relative, for UCOR's unbiased variance, a difference of numbers near 1."""

MODEL = 1e-8
"""Relative, for pooled effects: the promise of the docs."""

NEAR_ZERO = 1e-6
"""Below this a value counts absolutely: an estimate near 0 is a difference of larger numbers."""

KINDS = {
    "proportion": ("pritz1997", "debruin2009", "axfors2021", "edges_proportion"),
    "rate": ("hart1999", "nielweise2008", "edges_rate"),
    "mean": ("normand1999", "gibson2002", "curtis1998", "edges_mean"),
    "correlation": ("mcdaniel1994", "molloy2014", "craft2003", "edges_correlation"),
    "partial": ("aloe2013", "edges_partial"),
    "change": ("morris2008", "curtis1998_pairs", "edges_change"),
    "alpha": ("bonett2010", "edges_alpha"),
    "genotypes": ("frank2008", "edges_genotypes"),
}
BY_KIND = {
    "proportion": ("PR", "PLN", "PLO", "PAS", "PFT"),
    "rate": ("IR", "IRLN", "IRS", "IRFT"),
    "mean": ("MN", "SMN", "MNLN", "CVLN", "SDLN"),
    "correlation": ("COR", "UCOR", "ZCOR"),
    "partial": ("PCOR", "ZPCOR", "SPCOR"),
    "change": ("MC", "SMCC", "SMCR", "SMCRH", "ROMC", "VRC", "CVRC"),
    "alpha": ("ARAW", "AHW", "ABT"),
    "genotypes": ("REH",),
}
FORMULAS = {
    "PR": ("LS", "UB", "AV"), "PLN": ("LS", "AV"), "PLO": ("LS", "AV"), "COR": ("LS", "AV"),
    "UCOR": ("LS", "UB", "AV"), "PCOR": ("LS", "AV"), "SPCOR": ("LS", "AV"),
    "SMCC": ("LS", "LS2"), "SMCR": ("LS", "LS2"),
}  # fmt: skip
RULES = (
    ("only0", None), ("only0", 0.5), ("only0", 0.1), ("all", 0.5), ("all", 0.25),
    ("if0all", 0.5), ("none", 0.5),
)  # fmt: skip
COUNTED = ("proportion", "rate")
CORRECTED = ("SMN", "UCOR", "SMCC", "SMCR", "SMCRH")
NOT_POOLED = ("SMN", "MN", "UCOR", "PCOR", "SPCOR", "MC", "SMCC", "SMCR", "SMCRH")
"""Measures that are shown as they are pooled, without a range (or alike to another)."""


def _wanted() -> Iterator[tuple[object, ...]]:
    """Every combination that the section of estimates must hold."""
    for kind, names in KINDS.items():
        rules = RULES if kind in COUNTED else ((None, None),)
        for name in names:
            for measure in BY_KIND[kind]:
                for formula in FORMULAS.get(measure, ("LS",)):
                    yield from ((name, measure, formula, *rule) for rule in rules)


def _shown() -> Iterator[tuple[str, str]]:
    """Every combination that the section of shown studies must hold."""
    for kind, names in KINDS.items():
        for name in names:
            if not name.startswith("edges"):
                yield from ((name, m) for m in BY_KIND[kind] if m not in NOT_POOLED)


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / "data" / f"one_group_{name}.csv")


def floats(values: list[float | None]) -> Any:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def assert_close(ours: Any, theirs: Any, relative: float, floor: float, where: str) -> None:
    assert ours.shape == theirs.shape, where
    other = np.flatnonzero(np.isnan(ours) != np.isnan(theirs))
    assert not other.size, f"{where}, rows {other}: {ours[other]} for {theirs[other]}"
    known = ~np.isnan(theirs)
    off = np.abs(ours - theirs)[known] / np.maximum(np.abs(theirs[known]), floor)
    assert (off <= relative).all(), f"{where}: {ours[known]} for {theirs[known]}, {off.max():.1e}"


def test_the_grid_is_whole() -> None:
    keys = [tuple(row[n] for n in ("set", "measure", "vtype", "to", "add"))
            for row in PINNED["estimates"]]  # fmt: skip
    assert set(keys) == set(_wanted())
    assert len(keys) == len(set(keys))
    assert sum(len(row["yi"]) + len(row["vi"]) for row in PINNED["estimates"]) > 8_000
    pooled = [(row["set"], row["measure"], row["method"]) for row in PINNED["pooled"]]
    assert set(pooled) == {(*key, method) for key in _shown() for method in ("EE", "DL", "REML")}
    assert len(pooled) == len(set(pooled))
    assert [(row["set"], row["measure"]) for row in PINNED["shown"]] == list(_shown())
    assert {row["name"] for row in PINNED["inverses"]} == {
        "double arcsine", "Freeman-Tukey", "logit", "arcsine", "square root", "Fisher z",
        "Hakstian-Whalen", "Bonett",
    }  # fmt: skip


NOT_IN_METAFOR = {"PRZ", "ZSPCOR", "R2", "ZR2", "SMCRP", "SMCRPH", "DPPC1", "DPPC2", "CLESN", "AUC"}
"""Measures that metafor 3.8 does not have; see tests/unit/effects."""


def test_every_measure_of_one_group_is_pinned_or_named() -> None:
    from evisynth.effects.measures_one_group import ONE_GROUP

    pinned = {row["measure"] for row in PINNED["estimates"]}
    assert {measure.name for measure in ONE_GROUP} == pinned | NOT_IN_METAFOR | {"HR"}
    for measure in ONE_GROUP:
        if measure.name in pinned:
            known = {row["vtype"] for row in PINNED["estimates"] if row["measure"] == measure.name}
            assert known | {"Fisher"} >= set(measure.formulas) >= known


@pytest.mark.parametrize("name", [name for names in KINDS.values() for name in names])
def test_estimates_agree(name: str) -> None:
    data = table(name)
    for row in (row for row in PINNED["estimates"] if row["set"] == name):
        rules = {} if row["to"] is None else {"continuity_to": row["to"], "continuity": row["add"]}
        ours = es.effects(data, row["measure"], variance_formula=row["vtype"], **rules)
        theirs, variances = floats(row["yi"]), floats(row["vi"])
        # metafor leaves a variance of exactly 0, and one of a correlation that is missing (AV);
        # with us such a row has no estimate
        zero = ~(variances > 0) | np.isnan(theirs)
        theirs[zero] = variances[zero] = np.nan
        where = f"{name} {row['measure']} {row['vtype']} {row['to']} {row['add']}"
        relative = GAMMA if row["measure"] in CORRECTED else CLOSED
        assert_close(ours.estimates, theirs, relative, NEAR_ZERO, f"{where} estimates")
        relative = DIFFERENCE if row["vtype"] == "UB" else relative
        assert_close(ours.variances, variances, relative, 0.0, f"{where} variances")
        assert [bool(reason) for reason in ours.reasons] == (~ours.estimable).tolist()


METHODS: dict[str, dict[str, Any]] = {
    "EE": {"model": "equal"},
    "DL": {"tau2": "DL"},
    "REML": {"tau2": "REML"},
}


@pytest.mark.parametrize(
    "row", PINNED["pooled"], ids=lambda r: f"{r['set']}-{r['measure']}-{r['method']}"
)
def test_pooled_effects_come_back(row: dict[str, Any]) -> None:
    fit = es.pool(
        es.effects(table(row["set"]), row["measure"]),
        ci="z",
        prediction="normal",
        **METHODS[row["method"]],
    )
    scale = fit.effects.scale
    names = ["estimate", "ci_lower", "ci_upper"]
    if row["prediction_lower"] is not None:
        names += ["prediction_lower", "prediction_upper"]
    for name in names:
        theirs = float(np.clip(row[name], *scale.range))
        ours = scale.shown(getattr(fit, name))
        assert ours == pytest.approx(theirs, rel=MODEL, abs=MODEL * 1e-2), f"{row} {name}"


@pytest.mark.parametrize("row", PINNED["shown"], ids=lambda r: f"{r['set']}-{r['measure']}")
def test_each_study_comes_back_at_its_own_size(row: dict[str, Any]) -> None:
    effects = es.effects(table(row["set"]), row["measure"])
    half = 1.959963984540054 * effects.standard_errors
    for name, values in (
        ("estimate", effects.estimates),
        ("ci_lower", effects.estimates - half),
        ("ci_upper", effects.estimates + half),
    ):
        ours = np.array([effects.scale_of(i).shown(value) for i, value in enumerate(values)])
        theirs = np.clip(floats(row[name]), *effects.scale.range)
        assert_close(ours, theirs, CLOSED, NEAR_ZERO, f"{row['set']} {row['measure']} {name}")


@pytest.mark.parametrize("row", PINNED["inverses"], ids=lambda r: f"{r['name']}-{r['size']}")
def test_inverses_agree_over_their_range_and_beyond(row: dict[str, Any]) -> None:
    size = np.nan if row["size"] is None else row["size"]
    scale = Scale(row["name"], 0.0, "", "", size=size)
    at, theirs = floats(row["at"]), floats(row["value"])
    if row["name"] in ("Hakstian-Whalen", "Bonett"):
        assert (theirs[at < 0] == 0).all()  # metafor hides negative alphas, which exist
        at, theirs = at[at >= 0], theirs[at >= 0]
    assert_close(scale.shown_values(at), theirs, CLOSED, NEAR_ZERO, row["name"])


def test_the_registry_holds_what_the_docs_promise() -> None:
    assert set(BY_KIND["proportion"]) < set(MEASURES)
