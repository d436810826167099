"""The roles of columns: names in tables of all kinds, and the numbers each may hold."""

from __future__ import annotations

from evisynth.effects.role_type import Role
from evisynth.effects.roles_one_group import ONE_GROUP

__all__ = ["NUMBERS", "ROLES", "SYNONYMS", "TWO_GROUP"]

SD = "a standard deviation"
SE = "a standard error"
TIME = "a person-time"
CELLS = ("a", "ai", "b", "bi", "c", "ci")

TWO_GROUP: tuple[Role, ...] = (
    Role(
        "study",
        ("study", "study_id", "studlab", "slab", "trial", "author", "authors", "label"),
        "text",
    ),
    Role("format", ("format",), "text"),
    Role(
        "n1",
        ("n1", "n1i", "n_e", "ne", "n.e", "n_1", "n_t", "nt", "n_exp", "n_treat", "n_int"),
        "size",
    ),
    Role("mean1", ("mean1", "m1", "m1i", "mean_e", "mean.e", "mean_1", "mean_t", "mean_exp")),
    Role("sd1", ("sd1", "sd1i", "sd_e", "sd.e", "sd_1", "sd_t", "sd_exp"), "positive", SD),
    Role("se1", ("se1", "se_e", "se.e", "se_1", "se_t", "se_exp"), "positive", SE),
    Role("ci_lower1", ("ci_lower1", "ci_lb_e", "ci_lower_e", "lower1")),
    Role("ci_upper1", ("ci_upper1", "ci_ub_e", "ci_upper_e", "upper1")),
    Role("n2", ("n2", "n2i", "n_c", "nc", "n.c", "n_2", "n_ctrl", "n_control"), "size"),
    Role(
        "mean2", ("mean2", "m2", "m2i", "mean_c", "mean.c", "mean_2", "mean_ctrl", "mean_control")
    ),
    Role("sd2", ("sd2", "sd2i", "sd_c", "sd.c", "sd_2", "sd_ctrl", "sd_control"), "positive", SD),
    Role("se2", ("se2", "se_c", "se.c", "se_2", "se_ctrl", "se_control"), "positive", SE),
    Role("ci_lower2", ("ci_lower2", "ci_lb_c", "ci_lower_c", "lower2")),
    Role("ci_upper2", ("ci_upper2", "ci_ub_c", "ci_upper_c", "upper2")),
    Role("difference", ("difference", "mean_difference", "md", "diff")),
    Role("sd", ("sd", "sdi", "sd_pooled", "pooled_sd"), "positive", SD),
    Role("t_value", ("t_value", "t", "ti")),
    Role("p_value", ("p_value", "p", "pval", "pvalue"), "probability", "a P value"),
    Role("signed_p", ("signed_p", "pi"), "signed probability", "a signed P value"),
    Role("d", ("d", "cohen_d", "cohens_d", "di"), unless=CELLS),
    Role(
        "events1",
        ("events1", "ai", "tpos", "event_e", "events_e", "event.e", "x1", "x1i"),
        "count",
        "events",
    ),
    Role("nonevents1", ("nonevents1", "bi", "tneg"), "count", "people without the event"),
    Role(
        "events2",
        ("events2", "ci", "cpos", "event_c", "events_c", "event.c", "x2", "x2i"),
        "count",
        "events",
    ),
    Role("nonevents2", ("nonevents2", "di", "cneg"), "count", "people without the event"),
    Role(
        "time1",
        ("time1", "t1i", "t1", "time_e", "time.e", "persontime1", "person_time1"),
        "positive",
        TIME,
    ),
    Role(
        "time2",
        ("time2", "t2i", "t2", "time_c", "time.c", "persontime2", "person_time2"),
        "positive",
        TIME,
    ),
    Role("pairs11", ("pairs11", "ai", "a", "both"), "count", "pairs"),
    Role("pairs12", ("pairs12", "bi", "b", "only1"), "count", "pairs"),
    Role("pairs21", ("pairs21", "ci", "c", "only2"), "count", "pairs"),
    Role("pairs22", ("pairs22", "di", "d", "neither"), "count", "pairs"),
    Role("r", ("r", "ri", "cor", "correlation"), "correlation", "a correlation"),
    Role("tp", ("tp", "true_positives", "true_positive"), "count", "true positives"),
    Role("fp", ("fp", "false_positives", "false_positive"), "count", "false positives"),
    Role("fn", ("fn", "false_negatives", "false_negative"), "count", "false negatives"),
    Role("tn", ("tn", "true_negatives", "true_negative"), "count", "true negatives"),
    Role("estimate", ("estimate", "yi", "effect", "te")),
    Role(
        "se",
        ("se", "sei", "se_te", "sete", "std_error", "standard_error", "stderr"),
        "positive",
        SE,
    ),
    Role("variance", ("variance", "vi", "var"), "positive", "a variance"),
    Role("ci_lower", ("ci_lower", "ci_lb", "lower", "lci", "ci_low", "conf_low", "ci.lb")),
    Role("ci_upper", ("ci_upper", "ci_ub", "upper", "uci", "ci_high", "conf_high", "ci.ub")),
)
"""Roles of two arms, and those that all measures share."""

ROLES: dict[str, Role] = {role.name: role for role in (*TWO_GROUP, *ONE_GROUP)}
"""Roles by standard name."""

if len(ROLES) != len(TWO_GROUP) + len(ONE_GROUP):  # pragma: no cover - a mistake in code
    raise AssertionError("two roles have the same name")

SYNONYMS: dict[str, tuple[str, ...]] = {name: role.words for name, role in ROLES.items()}
"""Names by which a role is recognized, the standard name first; case does not matter."""

NUMBERS: tuple[str, ...] = tuple(name for name, role in ROLES.items() if role.holds != "text")
"""Roles that hold numbers."""
