"""Risk of bias: the traffic light (a disc a result and domain) and the summary (stacked bars).

The sign in a disc carries the judgement, its colour only repeats it. Results that nobody assessed
are shown as such; nothing is left out of a denominator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from evisynth.appraisal import Assessment, PublishedJudgement
from evisynth.display import format_percent
from evisynth.figures.figure import Figure
from evisynth.figures.fonts import width, wrap
from evisynth.figures.marks import Mark
from evisynth.figures.rob_marks import (
    EDGE,
    GREY,
    SCHEMES,
    SIZE,
    Scheme,
    disc,
    domain_names,
    key,
    marks_of,
    occurring,
)
from evisynth.figures.rob_rows import (
    ORDER,
    Block,
    Row,
    Shares,
    alt_text,
    blocks_of,
    description,
    published_notes,
    shares_of,
)
from evisynth.figures.scene import Line, Primitive, Rect, Scene, Text

__all__ = ["SCHEMES", "Scheme", "summary", "traffic_light"]

_RULE = "#d9d9d9"
_MARGIN = 8.0
_LINE = 10.0
_RADIUS = 6.5
_DOMAIN = 30.0
_PAGE_HEIGHT = 720.0
_GAP = 12.0


def traffic_light(
    assessments: Sequence[Assessment],
    *,
    studies: Sequence[str] = (),
    outcomes: Mapping[str, str] | None = None,
    instrument: str = "rob2-parallel-assignment",
    published: Sequence[PublishedJudgement] = (),
    scheme: Scheme = "colour-blind",
    title: str = "Risk of bias by domain",
    page_height: float = _PAGE_HEIGHT,
) -> Figure:
    """Draw the final judgement of each domain for each result.

    Parameters
    ----------
    assessments
        Assessments, of one or several instruments; each instrument has its own block. Of several
        assessors the consensus is shown; where they differ without one, the domain is incomplete.
    studies
        Ids of the studies in the order of the rows; a study without an assessment is shown as not
        assessed. Empty: the studies of the assessments, in their order.
    outcomes
        Words for outcome ids. The column of results appears where an assessment names an outcome.
    instrument
        Instrument whose domains head the rows of studies that were not assessed.
    published
        Judgements that others published with other tools: a column of their own, never mixed in.
    scheme
        ``"colour-blind"``, or ``"cochrane"`` for the colours and signs of Cochrane reviews.
    title
        Title of the figure.
    page_height
        Tallest page, in points; longer lists go on with the header repeated.

    Returns
    -------
    Figure
        With the judgements as ``data``, alt text and a long description.

    Raises
    ------
    OptionError
        Unknown scheme or instrument.
    DataError
        An assessment of a study that ``studies`` does not name.

    Examples
    --------
    >>> figure = traffic_light([], studies=["Zhu 2018", "Sui 2020"])
    >>> figure.alt_text
    'Risk of bias by domain, 2 studies. Overall: not assessed 2.'
    """
    marks = marks_of(scheme)
    blocks = blocks_of(assessments, studies, outcomes or {}, instrument, published)
    notes = published_notes(published) if published else ()
    pages = _Lights(blocks, marks, notes, page_height).pages()
    return Figure(
        pages=pages,
        title=title,
        alt_text=alt_text(title, blocks),
        description=description(blocks, notes),
        data=tuple(
            {
                "instrument": block.instrument.id,
                "study": row.study,
                "result": row.result,
                **row.judgements,
                **({"published": row.published} if published else {}),
            }
            for block in blocks
            for row in block.rows
        ),
    )


def summary(
    assessments: Sequence[Assessment],
    *,
    studies: Sequence[str] = (),
    outcomes: Mapping[str, str] | None = None,
    instrument: str = "rob2-parallel-assignment",
    weights: Mapping[str, float] | None = None,
    scheme: Scheme = "colour-blind",
    title: str = "Risk of bias, summary",
) -> Figure:
    """Draw the share of each judgement in each domain as stacked bars.

    Parameters
    ----------
    assessments, studies, outcomes, instrument, scheme, title
        As for `traffic_light`.
    weights
        Weight of each study, e.g. its weight in a meta-analysis (any scale, at least 0). None
        counts each row once.

    Returns
    -------
    Figure
        Its ``data`` has a row a domain and judgement: count, weight and percentage.

    Raises
    ------
    OptionError
        Unknown scheme or instrument.
    DataError
        An assessment of a study that ``studies`` does not name; a study without a weight, or a
        weight that is negative or not a number; weights that are all 0.

    Examples
    --------
    >>> figure = summary([], studies=["Zhu 2018", "Sui 2020"])
    >>> figure.data[-1]["judgement"], figure.data[-1]["count"], figure.data[-1]["percent"]
    ('not assessed', 2, 100.0)
    """
    marks = marks_of(scheme)
    blocks = blocks_of(assessments, studies, outcomes or {}, instrument, ())
    shares = [shares_of(block, weights) for block in blocks]
    weighted = weights is not None
    data = [
        {
            "instrument": block.instrument.id,
            "domain": place,
            "judgement": judgement,
            "count": count,
            "percent": percent,
        }
        for block, share in zip(blocks, shares, strict=True)
        for place, parts in share.items()
        for judgement, (count, percent) in parts.items()
    ]
    how = "Bars are weighted by the weight of each study." if weighted else ""
    return Figure(
        pages=(_Bars(blocks, shares, marks, weighted).page(),),
        title=title,
        alt_text=alt_text(title, blocks),
        description=" ".join(part for part in (description(blocks, ()), how) if part),
        data=tuple(data),
    )


def _centred(x: float, y: float, words: str, size: float, colour: str) -> Text:
    return Text(x, y, words, size, colour=colour, align="center", baseline="middle")


class _Lights:
    """Lays the traffic light out, page by page."""

    def __init__(
        self,
        blocks: tuple[Block, ...],
        marks: Mapping[str, Mark],
        notes: tuple[str, ...],
        page_height: float,
    ) -> None:
        self.blocks = blocks
        self.marks = marks
        self.notes = notes
        rows = [row for block in blocks for row in block.rows]
        self.label = self._column([row.study for row in rows], "Study", 170)
        self.result = self._column([row.result for row in rows], "Result", 130, optional=True)
        self.other = self._column([row.published for row in rows], "Judged by others", 120, True)
        most = max(len(block.places) for block in blocks)
        self.most = most
        side = self.other + _GAP if self.other else 0.0
        spare = 380.0 - 2 * _MARGIN - self.label - self.result - 8 - side
        self.pitch = min(max(_DOMAIN, spare / most), 1.6 * _DOMAIN)
        self.lights = self.label + self.result + most * self.pitch + 8
        self.across = max(2 * _MARGIN + self.lights + side, 380.0)
        self.shown = occurring(blocks)
        self.overridden = any(row.overridden for row in rows)
        self.page_height = page_height
        self.foot = self._foot(0.0)[1]

    @staticmethod
    def _column(cells: list[str], head: str, most: float, optional: bool = False) -> float:
        if optional and not any(cells):
            return 0.0
        widest = max([width(cell, SIZE) for cell in cells] + [width(head, SIZE, "bold")])
        return min(widest, most) + _GAP

    def pages(self) -> tuple[Scene, ...]:
        pages: list[Scene] = []
        items: list[Primitive] = []
        y = _MARGIN
        for block in self.blocks:
            if y > _MARGIN:
                y += 12
            if y > _MARGIN and not self._good_start(block, y):
                pages.append(self._finish(items, y))
                items, y = [], _MARGIN
            drawn, y = self._head(block, y, again=False)
            items += drawn
            for row in block.rows:
                high = self._row_height(row)
                if y + high > self.page_height - self.foot:
                    pages.append(self._finish(items, y))
                    items, y = self._head(block, _MARGIN, again=True)
                items += self._row(block, row, y, high)
                y += high
            if not block.rows:
                middle = y + 12
                items.append(Text(_MARGIN, middle, "No study to show", SIZE, style="italic"))
                y += 20
        pages.append(self._finish(items, y))
        return tuple(pages)

    def _good_start(self, block: Block, y: float) -> bool:
        """Whether a block begins well here: it fits, or no page would hold the whole of it."""
        room = self.page_height - self.foot
        head = (14.0 if len(self.blocks) > 1 else 0.0) + 20
        rows = [self._row_height(row) for row in block.rows]
        if y + head + sum(rows) <= room:
            return True
        return _MARGIN + head + sum(rows) > room and y + head + sum(rows[:3]) <= room

    def _head(self, block: Block, y: float, *, again: bool) -> tuple[list[Primitive], float]:
        items: list[Primitive] = []
        if len(self.blocks) > 1:
            words = f"{block.instrument.name}, {block.noun(len(block.rows))}"
            words += " (continued)" if again else ""
            items.append(Text(_MARGIN, y + 9, words, SIZE + 1, "bold"))
            y += 14
        down = y + 12
        items.append(Text(_MARGIN, down, "Study", SIZE, "bold"))
        if self.result:
            items.append(Text(_MARGIN + self.label, down, "Result", SIZE, "bold"))
        for number, place in enumerate(block.places):
            words = "Overall" if place == "overall" else place
            x = self._light(number, place)
            items.append(Text(x, down, words, SIZE, "bold", align="center"))
        if self.other:
            items.append(Text(self._other_x(), down, "Judged by others", SIZE, "bold"))
        right = self.across - _MARGIN
        items.append(Line(_MARGIN, y + 19, right, y + 19, "#000000", 0.75))
        return items, y + 20

    def _light(self, number: int, place: str) -> float:
        if place == "overall":  # in one column for all instruments
            number = self.most - 1
        x = _MARGIN + self.label + self.result + (number + 0.5) * self.pitch
        return x + (8 if place == "overall" else 0)

    def _other_x(self) -> float:
        return _MARGIN + self.lights + _GAP

    def _cells(self, row: Row) -> list[tuple[float, tuple[str, ...]]]:
        cells = [(_MARGIN, wrap(row.study, self.label - _GAP + 0.1, SIZE))]
        if self.result:
            cells.append((_MARGIN + self.label, wrap(row.result, self.result - _GAP + 0.1, SIZE)))
        if self.other:
            cells.append(
                (self._other_x(), wrap(row.published or "–", self.other - _GAP + 0.1, SIZE))
            )
        return cells

    def _row_height(self, row: Row) -> float:
        lines = max(len(lines) for _, lines in self._cells(row))
        return max(2 * _RADIUS + 4, lines * _LINE + 6)

    def _row(self, block: Block, row: Row, y: float, high: float) -> list[Primitive]:
        middle = y + high / 2
        items: list[Primitive] = []
        for x, lines in self._cells(row):
            first = middle - (len(lines) - 1) * _LINE / 2
            items += [
                Text(x, first + number * _LINE, line, SIZE, baseline="middle")
                for number, line in enumerate(lines)
                if line
            ]
        for number, place in enumerate(block.places):
            mark = self.marks[row.judgements[place]]
            x = self._light(number, place)
            items += disc(x, middle, mark, _RADIUS, "judgement")
            if place in row.overridden:
                items.append(Text(x + _RADIUS + 1.5, middle, "*", SIZE))
        bottom = y + high
        items.append(Line(_MARGIN, bottom, self.across - _MARGIN, bottom, _RULE, 0.5))
        return items

    def _foot(self, y: float) -> tuple[list[Primitive], float]:
        """Draw legend and notes below the rows; every page has them, since each is read alone."""
        x, across = _MARGIN, self.across - 2 * _MARGIN
        items: list[Primitive] = []
        top = y
        y += 10
        drawn, high = key(self.marks, self.shown, x, y, across)
        items += drawn
        y += high + 5
        if self.overridden:
            words = "* The assessors judged otherwise than the algorithm proposes"
            for line in wrap(words, across, SIZE):
                items.append(Text(x, y + 8, line, SIZE))
                y += 11
            y += 3
        drawn, high = domain_names(self.blocks, x, y, across)
        items += drawn
        y += high + 2
        if self.notes:
            y += 2
            items.append(
                Text(x, y + 8, "Judged by others, with other tools:", SIZE - 0.5, colour=GREY)
            )
            y += 10
            for note in self.notes:
                for number, line in enumerate(wrap(note, across - 10, SIZE - 0.5)):
                    left = x + (10 if number else 0)
                    items.append(Text(left, y + 8, line, SIZE - 0.5, colour=GREY))
                    y += 9.5
        return items, y + _MARGIN - top

    def _finish(self, items: list[Primitive], y: float) -> Scene:
        foot, high = self._foot(y)
        return Scene(self.across, y + high, (*items, *foot))


class _Bars:
    """Lays the summary out on one page."""

    label_most = 190.0
    bar = 300.0
    high = 17.0
    pitch = 29.0

    def __init__(
        self,
        blocks: tuple[Block, ...],
        shares: Sequence[Shares],
        marks: Mapping[str, Mark],
        weighted: bool,
    ) -> None:
        self.blocks = blocks
        self.shares = shares
        self.marks = marks
        self.weighted = weighted
        words = [self._words(block, place) for block in blocks for place in block.places]
        widest = max(width(word, SIZE, "bold") for word in words)
        self.label = min(widest, self.label_most) + 8
        self.across = 2 * _MARGIN + self.label + self.bar + 8

    @staticmethod
    def _words(block: Block, place: str) -> str:
        for domain in block.instrument.domains:
            if domain.id == place:
                return f"{domain.id}  {domain.label}"
        return "Overall"

    def page(self) -> Scene:
        items: list[Primitive] = []
        y = _MARGIN
        for block, share in zip(self.blocks, self.shares, strict=True):
            words = f"{block.noun(len(block.rows))}" + (", weighted" if self.weighted else "")
            if len(self.blocks) > 1:
                words = f"{block.instrument.name}, {words}"
            items.append(Text(_MARGIN, y + 9, words, SIZE + 1, "bold"))
            y += 22
            for place in block.places:
                items += self._bar(block, place, share[place], y)
                y += self.pitch
            items += self._axis(y - 6)
            y += 18
        shown = occurring(self.blocks)
        drawn, high = key(self.marks, shown, _MARGIN, y, self.across - 2 * _MARGIN)
        return Scene(self.across, y + high + _MARGIN, (*items, *drawn))

    def _bar(
        self, block: Block, place: str, parts: dict[str, tuple[int, float]], y: float
    ) -> list[Primitive]:
        left, middle = _MARGIN + self.label, y + self.high / 2
        weight: Literal["normal", "bold"] = "bold" if place == "overall" else "normal"
        lines = wrap(self._words(block, place), self.label - 8 + 0.1, SIZE, weight)
        first = middle - (len(lines) - 1) * _LINE / 2
        items: list[Primitive] = [
            Text(_MARGIN, first + number * _LINE, line, SIZE, weight, baseline="middle")
            for number, line in enumerate(lines)
        ]
        x, free = left, left - 2
        for judgement in ORDER:
            wide = self.bar * parts[judgement][1] / 100
            if wide <= 0:
                continue
            mark = self.marks[judgement]
            items.append(Rect(x, y, wide, self.high, mark.fill, EDGE, 0.6, group="bar"))
            percent = format_percent(parts[judgement][1])
            size = next((z for z in (SIZE, 7.0, 6.0) if width(percent, z) + 4 <= wide), 0.0)
            centre = x + wide / 2
            if wide >= width(percent, SIZE) + 22:
                items += disc(centre - width(percent, SIZE) / 2 - 3, middle, mark, 5.0, "bar")
                centre += 5.5
            if size:
                items.append(_centred(centre, middle, percent, size, mark.ink))
            else:  # too narrow: above the bar
                half = width(percent, 6.5) / 2
                centre = max(min(centre, left + self.bar - half), free + half + 3)
                items.append(Text(centre, y - 2, percent, 6.5, colour="#333333", align="center"))
                free = centre + half
            x += wide
        if not block.rows:
            items.append(Rect(left, y, self.bar, self.high, "", _RULE, 0.6))
        return items

    def _axis(self, y: float) -> list[Primitive]:
        left = _MARGIN + self.label
        items: list[Primitive] = [Line(left, y, left + self.bar, y, "#000000", 0.6)]
        for percent in (0, 25, 50, 75, 100):
            x = left + self.bar * percent / 100
            items.append(Line(x, y, x, y + 3, "#000000", 0.6))
            items.append(Text(x, y + 11, format_percent(percent), 7, align="center"))
        return items
