"""The forest plot of a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evisynth.display import format_number
from evisynth.errors import DataError
from evisynth.figures.figure import Figure
from evisynth.figures.forest import words
from evisynth.figures.forest.columns import CHANGE_MARK, table_of
from evisynth.figures.forest.layout import layout
from evisynth.figures.forest.plan import Layout, RiskOfBias
from evisynth.figures.forest.profiles import profile_by_name
from evisynth.figures.forest.rows import HasFit, blocks_of, data_of, rows_of, source_of

if TYPE_CHECKING:
    from evisynth.appraisal import Assessment
    from evisynth.figures.rob_marks import Scheme
    from evisynth.synthesis import PooledFit, SubgroupAnalysis

__all__ = ["forest"]

ROWS_PER_PAGE = 60


def forest(
    result: PooledFit | SubgroupAnalysis | HasFit,
    *,
    title: str | None = None,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    sort: str | None = None,
    risk_of_bias: Sequence[Assessment] | None = None,
    scheme: Scheme = "colour-blind",
    favours: tuple[str, str] | None = None,
    lower_is_better: bool | None = None,
    arms: tuple[str, str] | None = None,
    by_label: str = "",
    profile: str = "cochrane",
    rows_per_page: int | None = ROWS_PER_PAGE,
) -> Figure:
    """Draw a forest plot in the layout of RevMan.

    Parameters
    ----------
    result
        A fit, a subgroup analysis (studies in blocks with their own totals), or a whole
        `evisynth.analysis.AnalysisResult` (in blocks by format of data when several are pooled).
    title
        Bold line over the table; none by default, since a caption says it.
    columns
        Columns left of the weights: None for those that the data fill (means, SDs and totals of the
        arms; events and totals; a difference and its SE), or names of columns of
        ``fit.effects.data``, or a mapping of such names to headings.
    sort
        Order of the studies: None as they stand, ``"label"``, ``"estimate"``, ``"weight"``,
        ``"precision"`` or a column of the data; a minus in front reverses it. Blocks stay.
    risk_of_bias
        Assessments whose judgements stand beside the graph; one a study.
    scheme
        Colours and signs of the judgements, as in `evisynth.figures.traffic_light`.
    favours
        Words for the experimental and the comparator arm, printed under the axis.
    lower_is_better
        Whether a lower value of the outcome is the better one; says which arm the left side
        favours. Needed with `favours`; an `AnalysisResult` brings both.
    arms
        Headings over the data of the two arms; those of `favours` by default.
    by_label
        Name of the subgroup variable, put before the level in each heading.
    profile
        Look, one of `evisynth.figures.forest.profiles.PROFILES`.
    rows_per_page
        Rows after which a page ends (header and axis are repeated); None for one tall page.

    Returns
    -------
    Figure
        The figure with alternative text, description and the numbers drawn.

    Raises
    ------
    OptionError
        Unknown profile, column or order.
    DataError
        A result without a forest plot, `favours` without `lower_is_better`, two assessments of one
        study.

    Examples
    --------
    >>> import pandas as pd
    >>> from evisynth import effects, pool
    >>> table = pd.DataFrame({"study": ["A", "B"], "estimate": [-0.2, -0.5], "se": [0.2, 0.1]})
    >>> fit = pool(effects(table, measure="GEN"))
    >>> forest(fit).alt_text.startswith("Forest plot of 2 studies")
    True
    """
    look = profile_by_name(profile)
    if rows_per_page is not None and rows_per_page < 10:
        raise DataError(f"rows_per_page: {rows_per_page!r} is too few; give 10 or more, or None")
    source = source_of(result)
    favours, lower_is_better = _direction_of(result, favours, lower_is_better)
    fit = source.fit
    if arms is None:
        arms = _headings(favours)
    table = table_of(fit.effects, arms, columns)
    between = "subgroup differences"
    if source.levels is not None and source.levels.by == "format":
        between = "differences between formats"
    blocks = blocks_of(source, sort, by_label)
    rows = rows_of(source, blocks, table)
    marked = any(row.study and row.label.endswith(CHANGE_MARK) for row in rows)
    lines = words.footer(fit, source.levels, table.notes if marked else (), between)
    groups = source.levels.groups if source.levels is not None else ()
    sides = _sides(favours, lower_is_better) if fit.effects.scale.compares else None
    pages = layout(
        Layout(
            fit=fit,
            pooled=(fit, *(group.fit for group in groups)),
            rows=rows,
            columns=table.columns,
            effect=words.effect_heading(fit),
            favours=sides,
            footer=lines,
            title=title or "",
            risk_of_bias=_judgements(risk_of_bias, scheme) if risk_of_bias else None,
            profile=look,
            rows_per_page=rows_per_page,
            dichotomous=any(column.key.startswith("events") for column in table.columns),
        )
    )
    direction = _direction(sides, fit)
    return Figure(
        pages=pages,
        title=title or "Forest plot",
        alt_text=words.alt_text(fit, source.levels, direction, by_label),
        description=words.description(fit, source.levels, direction, lines),
        data=data_of(rows, fit, table.columns),
    )


def _direction_of(
    result: object, favours: tuple[str, str] | None, lower_is_better: bool | None
) -> tuple[tuple[str, str] | None, bool | None]:
    """Words and direction as given, else as the plan and the outcome of the result say."""
    plan, outcome = getattr(result, "plan", None), getattr(result, "outcome", None)
    if favours is None and plan is not None:
        favours = plan.favours
    if lower_is_better is None and outcome is not None:
        lower_is_better = outcome.lower_is_better
    if favours is not None and lower_is_better is None:
        raise DataError(
            "favours: say which direction is the better one, lower_is_better=True or False"
        )
    return favours, lower_is_better


def _headings(favours: tuple[str, str] | None) -> tuple[str, str]:
    if favours is None:
        return ("Experimental", "Control")
    first, second = (name[:1].upper() + name[1:] for name in favours)
    return (first, second)


def _sides(favours: tuple[str, str] | None, lower_is_better: bool | None) -> tuple[str, str] | None:
    """Words for left and right: values below no effect favour the experimental arm or not."""
    if favours is None:
        return None
    first, second = (f"Favours {name}" for name in favours)
    return (first, second) if lower_is_better else (second, first)


def _direction(sides: tuple[str, str] | None, fit: PooledFit) -> str:
    if sides is None:
        return ""
    scale = fit.effects.scale
    null = scale.shown(scale.null)
    below = format_number(null, 0 if null.is_integer() else 2)
    return f"Values below {below} favour {sides[0].removeprefix('Favours ')}."


def _judgements(assessments: Sequence[Assessment], scheme: Scheme) -> RiskOfBias:
    """Judgements by study; domains in the order of the first assessment, overall last."""
    domains = [domain.domain for domain in assessments[0].domains]
    names = _domain_names(assessments[0].instrument)
    out: dict[str, tuple[str, ...]] = {}
    for assessment in assessments:
        if assessment.study in out:
            raise DataError(
                f"risk_of_bias: study {assessment.study!r} has two assessments; give the one of "
                "the result that is drawn"
            )
        found = {domain.domain: str(domain.final) for domain in assessment.domains}
        judged = [found.get(domain, "not assessed") for domain in domains]
        out[assessment.study] = (*judged, str(assessment.overall.final))
    letters = [chr(ord("A") + number) for number in range(len(domains) + 1)]
    titles = [*(names.get(domain, domain) for domain in domains), "Overall"]
    return RiskOfBias(tuple(zip(letters, titles, strict=True)), out, scheme)


def _domain_names(instrument: str) -> dict[str, str]:
    from evisynth.appraisal import instrument_by_id

    return {domain.id: domain.label for domain in instrument_by_id(instrument).domains}
