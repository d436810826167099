"""Meta-regression and subgroups against metafor, through the front door."""

from typing import Any

import numpy as np
import pytest

import evisynth as es

METHODS = ("REML", "DL", "ML", "PM", "EB", "HE", "HS", "SJ", "EE")
FORMULAS = {
    "bcg-RR": ("ablat", "ablat + year", "alloc", "alloc + ablat"), "bcg-OR": ("ablat", "alloc"),
    "bcg-RD": ("ablat",), "bangertdrowns2004-GEN": ("length", "length + feedback"),
    "raudenbush1985-GEN": ("weeks", "weeks + tester", "tester"),
    "hackshaw1998-GEN": ("design", "country", "year"),
    "assink2016-GEN": ("deltype", "year + deltype"), "konstantopoulos2011-GEN": ("year",),
    "linde2005-RR": ("duration", "country"), "viechtbauer2021-RD": ("dose",),
    "curtis1998-SMD": ("time",), "berkey1998-GEN": ("year",),
}  # fmt: skip
GROUPINGS = {
    "bcg-RR": ("alloc",), "bcg-OR": ("alloc",), "bcg-RD": ("alloc",),
    "raudenbush1985-GEN": ("tester",), "hackshaw1998-GEN": ("design", "country"),
    "assink2016-GEN": ("deltype",), "linde2005-RR": ("country",),
}  # fmt: skip


def pinned_for(method: str) -> tuple[str, ...]:
    """Return the tests that are pinned for a method."""
    return {"EE": ("z", "t"), "REML": ("z", "t", "knha", "adhoc")}.get(method, ("z", "knha"))


def test_the_grid_of_meta_regressions_is_whole(reference):
    wanted = (
        (identifier, formula, method, test)
        for identifier, formulas in FORMULAS.items()
        for formula in formulas
        for method in METHODS
        for test in pinned_for(method)
    )
    reference.assert_whole("meta_regression", wanted, least=17_000)


def test_the_grid_of_subgroups_is_whole(reference):
    wanted = (
        (identifier, by, method, test)
        for identifier, columns in GROUPINGS.items()
        for by in columns
        for method in ("REML", "DL", "EE")
        for test in (("z",) if method == "EE" else ("z", "knha"))
    )
    reference.assert_whole("subgroups", wanted, least=1_600)


def finite(value: float) -> float:
    """Infinite degrees of freedom are none in metafor."""
    return value if np.isfinite(value) else np.nan


def scales(reference: Any, row: dict[str, Any]) -> dict[str, float]:
    """Sizes below which a difference counts absolutely: each coefficient's standard error."""
    least: dict[str, float] = reference.floors(row["analysis"])
    return least | dict.fromkeys(("coefficients", "ci_lower", "ci_upper"), min(row["se"]))


@pytest.mark.parametrize("identifier", sorted(FORMULAS))
def test_meta_regressions_agree(reference, identifier):
    for row in reference.rows("meta_regression", analysis=identifier):
        effects = reference.effects(identifier)
        fit = es.meta_regression(effects, row["formula"], **reference.options(row))
        random = row["method"] != "EE"
        limits = row["tau2_lower"] is not None
        ours = {
            "k": fit.k,
            "coefficients": fit.coefficients,
            "se": fit.se,
            "ci_lower": fit.ci_lower,
            "ci_upper": fit.ci_upper,
            "statistics": fit.statistics,
            "p_values": fit.p_values,
            "covariance": fit.covariance,
            "df": finite(fit.df),
            "qe": fit.qe,
            "qe_p": fit.qe_p,
            "qm": fit.moderators.statistic,
            "qm_df1": fit.moderators.df1,
            "qm_df2": finite(fit.moderators.df2),
            "qm_p": fit.moderators.p_value,
            "tau2": fit.tau2 if random else 0.0,
            "i2": fit.i2,
            "h2": fit.h2,
            "r2": fit.r2,
            "tau2_lower": fit.tau2_lower if limits else np.nan,
            "tau2_upper": fit.tau2_upper if limits else np.nan,
        }
        assert fit.terms[0] == "intercept"
        assert len(fit.terms) == len(row["terms"])
        skip = ("terms",)
        reference.compare("meta_regression", row, ours, floor=scales(reference, row), skip=skip)


@pytest.mark.parametrize("identifier", sorted(GROUPINGS))
def test_subgroups_agree(reference, identifier):
    for row in reference.rows("subgroups", analysis=identifier):
        found = es.subgroups(reference.pool(row), by=row["by"])
        fits = [group.fit for group in found.groups]
        several = [fit.k > 1 for fit in fits]
        random = row["method"] != "EE"
        between, common = found.test_separate, found.test_common
        ours = {
            "levels": [group.level for group in found.groups],
            "k": [fit.k for fit in fits],
            "estimate": [fit.estimate for fit in fits],
            "se": [fit.se for fit in fits],
            "ci_lower": [fit.ci_lower for fit in fits],
            "ci_upper": [fit.ci_upper for fit in fits],
            "p_value": [fit.p_value for fit in fits],
            "tau2": [fit.tau2 if random else 0.0 for fit in fits],
            "i2": [fit.i2 for fit in fits],
            "q": [fit.q for fit in fits],
            "q_between": between.statistic,
            "q_between_p": between.p_value,
            "qm": common.statistic,
            "qm_df1": common.df1,
            "qm_df2": finite(common.df2),
            "qm_p": common.p_value,
        }
        if random:
            shared = es.subgroups(reference.pool(row), by=row["by"], tau2="common")
            ours["common_tau2"] = shared.groups[0].fit.tau2
        # one study has no tau² and no I² (metafor: 0)
        single = {
            name: [value if more else None for value, more in zip(row[name], several, strict=True)]
            for name in ("tau2", "i2")
            if random or name == "i2"
        }
        reference.compare("subgroups", row | single, ours, skip=() if random else ("common_tau2",))
