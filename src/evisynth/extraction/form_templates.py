"""Forms to begin with: the usual kinds of outcome data, and characteristics of studies."""

from __future__ import annotations

from dataclasses import replace

from evisynth.errors import OptionError
from evisynth.extraction.forms import FieldGroup, Form, FormField

__all__ = ["TEMPLATES", "form_template"]


def _n() -> FormField:
    return FormField("n", "Participants analysed", "whole number", "n", minimum=1, required=True)


def _number(name: str, label: str, role: str = "", **more: object) -> FormField:
    return FormField(name, label, "number", role or name, **more)  # type: ignore[arg-type]


_REPORTED = FieldGroup(
    "reported",
    "As reported, where there is no SD",
    (
        _number("se", "Standard error"),
        _number("ci_lower", "95% CI, lower limit"),
        _number("ci_upper", "95% CI, upper limit"),
        _number("median", "Median"),
        _number("lower_quartile", "First quartile", "q1"),
        _number("upper_quartile", "Third quartile", "q3"),
        _number("minimum", "Minimum"),
        _number("maximum", "Maximum"),
    ),
    by_arm=True,
)
_BETWEEN = FieldGroup(
    "between",
    "Test between the arms",
    (
        _number("t_value", "t value"),
        _number("p_value", "Exact P value", minimum=0, maximum=1),
    ),
)
_SOURCE = FieldGroup(
    "measured",
    "Measurement",
    (
        FormField("instrument", "Instrument", role="instrument"),
        FormField("source", "Where the numbers stand", role="source"),
        FormField("note", "Note", "long text", role="note"),
    ),
)


def _means(label: str) -> tuple[FieldGroup, ...]:
    return (
        FieldGroup(
            "arms",
            label,
            (_n(), _number("mean", "Mean", required=True), _number("sd", "SD")),
            by_arm=True,
        ),
        _REPORTED,
        _BETWEEN,
        _SOURCE,
    )


def _whole(name: str, label: str, role: str = "", *, required: bool = False) -> FormField:
    return FormField(name, label, "whole number", role or name, minimum=0, required=required)


_ALL = (
    Form("means", "Means of two groups", _means("Scores at the end"), "means",
         "end score", ("outcome", "timepoint")),
    Form("changes", "Change scores", _means("Changes from baseline"), "changes",
         "change score", ("outcome", "timepoint")),
    Form(
        "events",
        "Events of two groups (2x2)",
        (
            FieldGroup(
                "arms",
                "Events",
                (_n(), _whole("events", "With the event", required=True),
                 FormField("percent", "Or per cent with the event", "number", "percent", "%",
                           minimum=0, maximum=100)),
                by_arm=True,
            ),
            _SOURCE,
        ),
        "events",
        "events",
        ("outcome", "timepoint"),
    ),
    Form(
        "survival",
        "Time to event",
        (
            FieldGroup(
                "effect",
                "Log hazard ratio",
                (_number("estimate", "Log hazard ratio"),
                 _number("se", "Its standard error"),
                 _whole("n1", "Participants, intervention"),
                 _whole("n2", "Participants, control")),
            ),
            FieldGroup(
                "reported_hazard",
                "As reported",
                (
                    _number("hazard_ratio", "Hazard ratio", minimum=0),
                    _number("hazard_lower", "95% CI, lower limit", minimum=0),
                    _number("hazard_upper", "95% CI, upper limit", minimum=0),
                    _number("observed_minus_expected", "O - E of the intervention arm"),
                    _number("logrank_variance", "Variance of O - E (log rank)", minimum=0),
                    _number("p_value", "Exact P value", minimum=0, maximum=1),
                ),
            ),
            _SOURCE,
        ),
        "estimate",
        "log hazard ratio",
        ("outcome", "timepoint"),
    ),
    Form(
        "diagnostic",
        "Diagnostic accuracy (2x2)",
        (
            FieldGroup(
                "table",
                "Index test against reference standard",
                (
                    _whole("tp", "True positives", required=True),
                    _whole("fp", "False positives", required=True),
                    _whole("fn", "False negatives", required=True),
                    _whole("tn", "True negatives", required=True),
                    _whole("total", "All participants", "total"),
                    FormField("threshold", "Threshold"),
                ),
            ),
            _SOURCE,
        ),
        repeats=("outcome",),
    ),
    Form(
        "characteristics",
        "Characteristics of the study",
        (
            FieldGroup(
                "design",
                "Design",
                (
                    FormField("design", "Design", "choice",
                              choices=("parallel groups", "cluster randomized", "crossover",
                                       "other"), required=True),
                    FormField("country", "Country"),
                    FormField("registered", "Registered", "yes/no"),
                    FormField("start", "Start of recruitment", "date"),
                    FormField("randomized", "Participants randomized", "whole number", "total",
                              minimum=1, required=True),
                    FormField("funding", "Funding", "several choices",
                              choices=("public", "charity", "industry", "none", "not stated")),
                ),
            ),
            FieldGroup(
                "people",
                "Participants",
                (
                    FormField("population", "Who took part", "long text"),
                    FormField("age_mean", "Mean age", "number", unit="years", units=("months",),
                              minimum=0, maximum=120),
                    FormField("women", "Women", "number", unit="%", minimum=0, maximum=100),
                ),
            ),
            FieldGroup(
                "given",
                "Arms",
                (
                    FormField("arm_name", "What was given", "long text"),
                    FormField("arm_n", "Randomized", "whole number", "n", minimum=1),
                ),
                by_arm=True,
            ),
        ),
    ),
)  # fmt: skip

TEMPLATES: dict[str, Form] = {made.id: made for made in _ALL}
"""Templates by name: means, changes, events, survival, diagnostic, characteristics."""


def form_template(name: str, form: str, title: str = "") -> Form:
    """Return a form made of a template.

    Raises
    ------
    OptionError
        There is no template of that name.
    InputError
        The name of the form cannot be the name of a file.

    Examples
    --------
    >>> form_template("events", "mortality", "Deaths").file
    'extraction/mortality.csv'
    """
    if name not in TEMPLATES:
        raise OptionError("template", name, TEMPLATES)
    return replace(TEMPLATES[name], id=form, title=title or TEMPLATES[name].title, version=1)
