"""Roles of columns for one group, correlations, change and reliability."""

from __future__ import annotations

from evisynth.effects.role_type import Role

__all__ = ["ONE_GROUP"]

SD = "a standard deviation"
R = "a correlation"

ONE_GROUP: tuple[Role, ...] = (
    Role("n", ("n", "ni", "n_total", "total", "size", "sample_size"), "size"),
    Role("events", ("events", "xi", "x", "event", "cases"), "count", "events"),
    Role("nonevents", ("nonevents", "mi", "noncases"), "count", "people without the event"),
    Role("time", ("time", "ti", "t", "persontime", "person_time"), "positive", "a person-time"),
    Role("mean", ("mean", "mi", "m")),
    Role("r2", ("r2", "r2i", "r_squared", "rsq"), "probability", "an R²"),
    Role("predictors", ("predictors", "mi", "m", "preds", "n_predictors"), "count", "predictors"),
    Role("alpha", ("alpha", "ai", "cronbach_alpha", "cronbachs_alpha")),
    Role("items", ("items", "mi", "m", "n_items"), "count", "items"),
    Role("homozygous1", ("homozygous1", "ai", "a"), "count", "people"),
    Role("heterozygous", ("heterozygous", "bi", "b"), "count", "people"),
    Role("homozygous2", ("homozygous2", "ci", "c"), "count", "people"),
    Role("auc", ("auc", "c_statistic", "cles"), "probability", "an area"),
    Role("sd_change", ("sd_change", "sd_diff", "sd_difference", "sdd"), "positive", SD),
    Role("before1", ("before1", "mean_before1", "pre1", "mean_pre1", "m_pre1")),
    Role("after1", ("after1", "mean_after1", "post1", "mean_post1", "m_post1")),
    Role("sd_before1", ("sd_before1", "sd_pre1"), "positive", SD),
    Role("r_arm1", ("r_arm1", "r1", "r1i"), "correlation", R),
    Role("before2", ("before2", "mean_before2", "pre2", "mean_pre2", "m_pre2")),
    Role("after2", ("after2", "mean_after2", "post2", "mean_post2", "m_post2")),
    Role("sd_before2", ("sd_before2", "sd_pre2"), "positive", SD),
    Role("r_arm2", ("r_arm2", "r2", "r2i"), "correlation", R),
)
"""Entries of `evisynth.effects.roles.ROLES`."""
