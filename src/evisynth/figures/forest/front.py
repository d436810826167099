"""The forest plot of a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from evisynth.display import format_number
from evisynth.errors import DataError, OptionError
from evisynth.figures.figure import Figure
from evisynth.figures.fonts import width as text_width
from evisynth.figures.forest import words
from evisynth.figures.forest.columns import CHANGE_MARK, table_of
from evisynth.figures.forest.grid import grid_of
from evisynth.figures.forest.layout import layout
from evisynth.figures.forest.plan import Layout, RiskOfBias, weight_of
from evisynth.figures.forest.refits import Refits, data_of_refits, rows_of_refits
from evisynth.figures.forest.rows import Extras, HasFit, blocks_of, data_of, rows_of, source_of
from evisynth.figures.profiles import Profile, points
from evisynth.figures.profiles import profile as look_of
from evisynth.synthesis import Cumulative, LeaveOneOut

if TYPE_CHECKING:
    from pathlib import Path

    from evisynth.appraisal import Assessment
    from evisynth.figures.fits import AnyFit
    from evisynth.figures.forest.rows import Block
    from evisynth.figures.rob_marks import Scheme
    from evisynth.figures.scene import Scene
    from evisynth.synthesis import SubgroupAnalysis

__all__ = ["forest"]

ROWS_PER_PAGE = 60
FEWEST_ROWS = 10
LEAST_GRAPH, MOST_GRAPH = 110.0, 260.0
"""Limits of the graph where it gives way to, or fills, the width of a page."""

LEAST_LABEL, MOST_UNBROKEN = 70.0, 110.0
"""Narrowest that labels are wrapped to, and widest that those of totals keep unbroken."""


def forest(
    result: AnyFit | SubgroupAnalysis | LeaveOneOut | Cumulative | HasFit,
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
    totals: Mapping[str, AnyFit] | None = None,
    overall: bool = True,
    certainty: str | Mapping[str, str] | None = None,
    profile: str | Path | Profile = "cochrane",
    width: str | float | None = None,
    rows_per_page: int | None = ROWS_PER_PAGE,
) -> Figure:
    """Draw a forest plot, in the layout of RevMan or of a journal.

    Parameters
    ----------
    result
        A fit (by inverse variance, Mantel-Haenszel, Peto or a GLMM), a subgroup analysis (studies
        in blocks with their own totals), a leave-one-out or cumulative analysis (a row a fit), or a
        whole `evisynth.analysis.AnalysisResult` (in blocks by format of data when several are
        pooled).
    title
        Bold line over the table; none by default, since a caption says it.
    columns
        Columns beside the labels: None for those that the data fill (means, SDs and totals of the
        arms; events and totals or person-time; a difference and its SE), or names of columns of
        ``fit.effects.data``, or a mapping of such names to headings. ``"o_e"`` and
        ``"o_e_variance"`` are observed minus expected events and their variance.
    sort
        Order of the studies: None as they stand, ``"label"``, ``"estimate"``, ``"weight"``,
        ``"precision"`` or a column of the data; a minus in front reverses it. Blocks stay.
    risk_of_bias
        Assessments whose judgements stand beside the graph; one a study.
    scheme
        Colours and signs of the judgements, as in `evisynth.figures.traffic_light`.
    favours
        Words for the experimental and the comparator arm, printed under the axis (over the graph in
        the look of JAMA).
    lower_is_better
        Whether a lower value of the outcome is the better one; says which arm the left side
        favours. Needed with `favours`; an `AnalysisResult` brings both.
    arms
        Headings over the data of the two arms; those of `favours` by default.
    by_label
        Name of the subgroup variable, put before the level in each heading.
    totals
        Further pooled effects of the same measure with their words, e.g. ``{"Total, equal effects":
        pool(effects, model="equal")}``, each in a row under the total.
    overall
        False leaves the total out (subgroups that answer different questions).
    certainty
        GRADE rating of the result: ``"high"``, ``"moderate"``, ``"low"``, ``"very low"`` (shown
        with its signs) or words of your own; by subgroup as a mapping of level to rating,
        ``""`` for the total.
    profile
        Look: a name in `evisynth.figures.PROFILES`, a file of one's own, or a `Profile`.
    width
        Width of the figure: a name in ``profile.widths`` (``"column"``, ``"page"``) or millimetres.
        None takes the look's own: as wide as the content asks for Cochrane, a page for journals.
    rows_per_page
        Rows after which a page ends (header and axis are repeated); None for one tall page. Fewer
        where a journal's page is not that high.

    Returns
    -------
    Figure
        The figure with alternative text, description and the numbers drawn.

    Raises
    ------
    OptionError
        Unknown look, width, column, order or level of a subgroup.
    DataError
        A result without a forest plot, `favours` without `lower_is_better`, two assessments of one
        study, totals of another measure.

    Examples
    --------
    >>> import pandas as pd
    >>> from evisynth import effects, pool
    >>> table = pd.DataFrame({"study": ["A", "B"], "estimate": [-0.2, -0.5], "se": [0.2, 0.1]})
    >>> fit = pool(effects(table, measure="GEN"))
    >>> forest(fit).alt_text.startswith("Forest plot of 2 studies")
    True
    """
    look = look_of(profile)
    room = _room(look, width)
    if rows_per_page is not None and rows_per_page < FEWEST_ROWS:
        raise DataError(f"rows_per_page: {rows_per_page!r} is too few; give 10 or more, or None")
    favours, lower_is_better = _direction_of(result, favours, lower_is_better)
    if isinstance(result, LeaveOneOut | Cumulative):
        plan, figure = _refits(result, look, title, _sides(favours, lower_is_better, look))
        plan = replace(plan, rows_per_page=rows_per_page)
        return replace(figure, pages=_fitted(plan, room))
    source = source_of(result)
    fit = source.fit
    if arms is None:
        arms = _headings(favours)
    table = table_of(fit.effects, arms, columns)
    between = "subgroup differences"
    if source.levels is not None and source.levels.by == "format":
        between = "differences between formats"
    blocks = blocks_of(source, sort, by_label)
    extras = Extras(_totals(totals, fit), _ratings(certainty, blocks), overall)
    rows = rows_of(source, blocks, table, look, extras)
    marked = any(row.study and row.label.endswith(CHANGE_MARK) for row in rows)
    lines = words.footer(
        fit,
        source.levels,
        table.notes if marked else (),
        between,
        overall=overall,
        with_tau2=look.tau2,
        subgroup_line=look.subgroup_test,
        totals=extras.totals,
    )
    groups = source.levels.groups if source.levels is not None else ()
    sides = _sides(favours, lower_is_better, look) if fit.effects.scale.compares else None
    whole = (fit,) if overall else ()
    plan = Layout(
        fit=fit,
        pooled=(*whole, *(group.fit for group in groups), *extras.totals.values()),
        rows=rows,
        columns=table.columns,
        effect=words.effect_heading(fit),
        favours=sides,
        footer=tuple(look.statement(line) for line in lines),
        title=title or "",
        risk_of_bias=_judgements(risk_of_bias, scheme) if risk_of_bias else None,
        profile=look,
        rows_per_page=rows_per_page,
        dichotomous=any(column.key.startswith("events") for column in table.columns),
        overall=overall,
    )
    direction = _direction(sides, fit, look)
    return Figure(
        pages=_fitted(plan, room),
        title=title or "Forest plot",
        alt_text=words.alt_text(fit, source.levels, direction, by_label),
        description=words.description(fit, source.levels, direction, lines),
        data=data_of(rows, fit, table.columns),
        profile=look.name,
    )


def _room(look: Profile, width: str | float | None) -> float | None:
    """Return the width wanted in points; None for as wide as the content asks."""
    if width is None:
        return None if look.natural else points(look.widths["page"])
    if isinstance(width, str):
        if width not in look.widths:
            raise OptionError("width", width, [*look.widths, "a number of millimetres"])
        return points(look.widths[width])
    if not 30 <= width <= 1000:
        raise DataError(f"forest: a width of {width!r} mm is not possible; give 30 to 1000")
    return points(width)


def _fitted(plan: Layout, room: float | None) -> tuple[Scene, ...]:
    """Lay out in a width: the graph gives way first, then the labels, then the size of letters."""
    if room is None:
        return layout(plan)
    for _ in range(2):
        look, grid = plan.profile, grid_of(plan)
        spare = room - grid.right
        graph = min(max(look.graph + spare, LEAST_GRAPH), MOST_GRAPH)
        label = look.label
        if spare < 0:
            taken = grid.label[1] - grid.label[0]
            least = max(LEAST_LABEL, _unbroken(plan))
            label = max(least, taken + min(0.0, spare - (graph - look.graph)))
        plan = replace(plan, profile=replace(look, graph=graph, label=label))
    factor = room / grid_of(plan).right
    factor = min(factor, plan.profile.largest / plan.profile.size)
    highest = points(plan.profile.height) / factor
    pages = layout(plan)
    while plan.rows_per_page is not None and max(page.height for page in pages) > highest:
        limit = min(plan.rows_per_page, len(plan.rows))
        fewer = min(int(limit * highest / max(page.height for page in pages)), limit - 1)
        if fewer < FEWEST_ROWS:
            break
        plan = replace(plan, rows_per_page=fewer)
        pages = layout(plan)
    return tuple(page.scaled(factor) for page in pages)


def _unbroken(plan: Layout) -> float:
    """Width of the labels beside data that are better not wrapped: those of the totals."""
    size = plan.profile.size
    widths = [
        text_width(row.label, size, weight_of(row)) + 0.1
        for row in plan.rows
        if row.kind in ("subtotal", "total")
        and any(row.cells.get(column.key) for column in plan.columns)
    ]
    return min(max(widths, default=0.0), MOST_UNBROKEN)


def _totals(totals: Mapping[str, AnyFit] | None, fit: AnyFit) -> dict[str, AnyFit]:
    """Return further totals, which must be of the same measure."""
    found = dict(totals or {})
    for label, other in found.items():
        if other.effects.scale != fit.effects.scale:
            raise DataError(
                f"totals: {label!r} is a pooled {other.effects.scale.label.lower()}, the figure "
                f"shows {fit.effects.scale.label.lower()}; give fits of one measure"
            )
    return found


def _ratings(certainty: str | Mapping[str, str] | None, blocks: Sequence[Block]) -> dict[str, str]:
    """Return the words of each rating, by level of the subgroup."""
    if certainty is None:
        return {}
    given = {"": certainty} if isinstance(certainty, str) else dict(certainty)
    levels = [block.level for block in blocks if block.level]
    for level in given:
        if level and level not in levels:
            raise OptionError("certainty", level, [*levels, ""])
    return {level: _graded(text) for level, text in given.items()}


def _graded(text: str) -> str:
    """Return a level of GRADE under its signs, other words as they are."""
    from evisynth.certainty import LEVELS, SYMBOLS

    level = next((name for name in LEVELS if name.casefold() == text.casefold()), None)
    return text if level is None else f"{SYMBOLS[level]}\n{level}"


def _refits(
    result: LeaveOneOut | Cumulative,
    look: Profile,
    title: str | None,
    sides: tuple[str, str] | None,
) -> tuple[Layout, Figure]:
    """Return layout and figure (its pages to be replaced) of fits to subsets of the studies."""
    made: Refits = rows_of_refits(result, look)
    fit = result.fit
    compares = fit.effects.scale.compares
    plan = Layout(
        fit=fit,
        pooled=(fit,),
        rows=made.rows,
        columns=made.columns,
        effect=words.effect_heading(fit),
        favours=sides if compares else None,
        footer=tuple(look.statement(line) for line in made.footer),
        title=title or "",
        risk_of_bias=None,
        profile=look,
        rows_per_page=None,
        dichotomous=False,
        heading=made.heading,
    )
    direction = _direction(sides if compares else None, fit, look)
    lines = [f"{made.alt_text} {direction}".strip(), *made.told]
    figure = Figure(
        pages=layout(replace(plan, rows=made.rows[-1:])),
        title=title or made.title,
        alt_text=made.alt_text,
        description="\n".join(lines),
        data=data_of_refits(result, made),
        profile=look.name,
    )
    return plan, figure


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


def _sides(
    favours: tuple[str, str] | None, lower_is_better: bool | None, look: Profile
) -> tuple[str, str] | None:
    """Words for left and right: values below no effect favour the experimental arm or not."""
    if favours is None:
        return None
    first, second = (f"{look.favours_word} {name}" for name in favours)
    return (first, second) if lower_is_better else (second, first)


def _direction(sides: tuple[str, str] | None, fit: AnyFit, look: Profile) -> str:
    if sides is None:
        return ""
    scale = fit.effects.scale
    null = scale.shown(scale.null)
    below = format_number(null, 0 if null.is_integer() else 2)
    return f"Values below {below} favour {sides[0].removeprefix(f'{look.favours_word} ')}."


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
