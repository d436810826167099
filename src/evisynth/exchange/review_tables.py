"""Tables that other programs read: risk of bias for robvis, effect estimates for JASP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evisynth.errors import InputError, OptionError, Problem
from evisynth.exchange.exported import Exported, csv_text

if TYPE_CHECKING:
    from evisynth.appraisal import Assessment
    from evisynth.synthesis import PooledFit

__all__ = ["jasp_files", "read_robvis", "robvis_file"]

WORDS = {
    "low": "Low", "some concerns": "Some concerns", "high": "High", "incomplete": "No information",
    "not assessed": "No information",
}  # fmt: skip
"""Judgements as robvis spells them."""


def robvis_file(
    assessments: Sequence[Assessment],
    *,
    outcome: str = "",
    weights: Mapping[str, float] | None = None,
) -> Exported:
    """Write assessments of one instrument as a table that robvis draws.

    Parameters
    ----------
    assessments
        The assessments.
    outcome
        Outcome whose results they are of; ``""`` takes all, a row each.
    weights
        Weight of each study in percent, for the weighted bars; 1 for studies without.

    Raises
    ------
    InputError
        There is no assessment at all.
    OptionError
        There is none of that outcome.
    """
    if not assessments:
        raise InputError(
            Problem("", "", "there is no assessment of risk of bias to export",
                    hint="Only assessments by an instrument are; judgements that others published "
                    "stand in their own table")
        )  # fmt: skip
    chosen = [each for each in assessments if not outcome or each.outcome in (outcome, "")]
    if not chosen:
        raise OptionError("outcome", outcome, sorted({each.outcome for each in assessments}))
    instruments = list(dict.fromkeys(each.instrument for each in chosen))
    lost = ["answers to the signalling questions", "reasons", "who assessed"]
    first = [each for each in chosen if each.instrument == instruments[0]]
    if len(instruments) > 1:
        lost.append(f"assessments by {', '.join(instruments[1:])}: one table holds one instrument")
    outcomes = {each.outcome for each in first}
    if len(outcomes) > 1:
        lost.append("which result a row is of, but for its name behind the study's")
    if any(domain.final == "incomplete" for each in first for domain in each.domains):
        lost.append("whether a domain is incomplete or not assessed: both are 'No information'")
    domains = [domain.domain for domain in first[0].domains]
    rows = []
    for each in first:
        label = (
            f"{each.study} ({each.outcome})" if len(outcomes) > 1 and each.outcome else each.study
        )
        by_name = {domain.domain: WORDS[domain.final] for domain in each.domains}
        rows.append(
            [label, *(by_name.get(name, WORDS["not assessed"]) for name in domains),
             WORDS[each.overall.final], (weights or {}).get(each.study, 1.0)]
        )  # fmt: skip
    text = csv_text(["Study", *domains, "Overall", "Weight"], rows)
    return Exported({"robvis.csv": text}, tuple(lost))


def read_robvis(text: str, name: str = "robvis.csv") -> dict[str, dict[str, str]]:
    r"""Read a table of robvis: judgement by domain, for each study.

    Parameters
    ----------
    text
        The CSV; judgements in any of robvis' spellings.
    name
        Name of the file, for messages.

    Returns
    -------
    dict
        Judgement (``"low"``, ``"some concerns"``, ``"high"``, ``"not assessed"``) by domain
        (``"overall"`` is the last one), by study.

    Raises
    ------
    InputError
        A column is missing, or a judgement is not known.

    Examples
    --------
    >>> read_robvis("Study,D1,Overall\nAmes 2001,Low,High\n")
    {'Ames 2001': {'D1': 'low', 'overall': 'high'}}
    """
    import csv
    import io

    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    header = [cell.strip() for cell in rows[0]] if rows else []
    folded = [cell.casefold() for cell in header]
    if "study" not in folded or "overall" not in folded:
        raise InputError(Problem(name, "line 1", "has no columns Study and Overall", tuple(header)))
    study, overall = folded.index("study"), folded.index("overall")
    spelled = {
        "low": "low", "l": "low", "some concerns": "some concerns", "some": "some concerns",
        "sc": "some concerns", "unclear": "some concerns", "moderate": "some concerns",
        "high": "high", "h": "high", "serious": "high", "critical": "high",
        "no information": "not assessed", "ni": "not assessed", "na": "not assessed",
        "": "not assessed",
    }  # fmt: skip
    found: dict[str, dict[str, str]] = {}
    problems = []
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        cells = [cell.strip() for cell in row] + [""] * (len(header) - len(row))
        judgements = {}
        for place in [*range(study + 1, overall), overall]:
            word = cells[place].casefold()
            if word not in spelled:
                problems.append(
                    Problem(name, f"line {line}, column {header[place]}",
                            f"{cells[place]!r} is no judgement",
                            ("Low", "Some concerns", "High", "No information"))
                )  # fmt: skip
                continue
            judgements["overall" if place == overall else header[place]] = spelled[word]
        found[cells[study]] = judgements
    if problems:
        raise InputError(problems)
    return found


def jasp_files(fit: PooledFit, name: str) -> Exported:
    """Write an analysis as a table that JASP's meta-analysis takes: effect size and its SE.

    Parameters
    ----------
    fit
        The analysis.
    name
        Name of the file, without an ending.
    """
    effects = fit.effects
    columns = [column for column in effects.data.columns if column != "study"]
    rows = [
        [
            label, float(effects.estimates[place]), float(effects.standard_errors[place]),
            *(effects.data[column].iloc[place] for column in columns),
        ]
        for place, label in enumerate(effects.labels)
    ]  # fmt: skip
    lost = ["the model and its options: choose them in JASP", "why a study has no estimate"]
    if effects.scale.is_transformed:
        lost.append(
            f"that estimates are on the {effects.scale.name} scale; their column says it by name"
        )
    head = f"effect_size_{effects.scale.name.replace(' ', '_')}"
    if not effects.scale.is_transformed:
        head = "effect_size"
    clash = {head, "standard_error"}
    names = [f"{column}_given" if column in clash else str(column) for column in columns]
    return Exported(
        {f"{name}.csv": csv_text(["study", head, "standard_error", *names], rows)}, tuple(lost)
    )
