"""The PRISMA 2020 flow diagram, laid out from counts.

Heights follow from the wrapped texts, so that one source or thirty, and no reason or twenty, make a
diagram in which nothing overlaps. The counts stand in one column for all kinds of sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from evisynth.display import format_count
from evisynth.errors import DataError
from evisynth.figures.figure import Figure
from evisynth.figures.fonts import width, wrap
from evisynth.figures.scene import Line, Polygon, Primitive, Rect, Scene, Text, Weight
from evisynth.review import FlowCounts

__all__ = ["flow_diagram"]

_SIZE = 8.0
_SMALL = 7.5
_BESIDE = 8.0
"""Between two columns of a box."""

_LINE = 10.2
_PAD = 7.0
_MARGIN = 6.0
_PHASE = 17.0
_GUTTER = 9.0
_COLUMN = 222.0
_BETWEEN = 26.0
_DOWN = 20.0
_EDGE = "#404040"
_HEADING = "#e4e4e4"
_INK = "#1a1a1a"
_WARN = "#9c1c00"
_MANY = 8
"""Details from which on two columns are tried."""

_TALL = 24
"""Lines from which on two columns are taken also when they save little."""

_KINDS: tuple[tuple[str, str], ...] = (
    ("database", "Databases"),
    ("register", "Registers"),
    ("website", "Websites"),
    ("organisation", "Organisations"),
    ("citation", "Citation searching"),
    ("other", "Other sources"),
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of a box before wrapping: words, count, and how deep it is set in."""

    words: str
    count: int
    level: int = 0
    tail: str = ""

    @property
    def text(self) -> str:
        return f"{self.words} {_n(self.count)}{self.tail}"


@dataclass(frozen=True, slots=True)
class _Box:
    """A box: entries above, and details below in one column or two."""

    entries: tuple[_Entry, ...]
    details: tuple[_Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """A row of the diagram: a box, the box beside it, and the phase that it belongs to."""

    phase: str
    main: _Box
    side: _Box | None = None


@dataclass(slots=True)
class _Canvas:
    """What has been drawn, and how far down."""

    items: list[Primitive] = field(default_factory=list)
    y: float = _MARGIN


def flow_diagram(
    counts: FlowCounts, *, title: str = "PRISMA 2020 flow diagram", per_source: bool = True
) -> Figure:
    """Draw the PRISMA 2020 flow diagram.

    Parameters
    ----------
    counts
        Counts of a review.
    title
        Title of the figure.
    per_source
        A line for every source; False sums them by kind.

    Returns
    -------
    Figure
        One page, 500 points wide and as high as the texts need. Records that still wait for a
        decision, and counts that do not add up, are told below the diagram.

    Raises
    ------
    DataError
        A negative count.

    References
    ----------
    Page MJ et al. The PRISMA 2020 statement. BMJ 2021;372:n71. doi:10.1136/bmj.n71

    Examples
    --------
    >>> counts = FlowCounts(
    ...     found=(),
    ...     records_found=12,
    ...     duplicates_removed=2,
    ...     records_removed_other=0,
    ...     records_screened=10,
    ...     records_excluded=7,
    ...     excluded_reasons=(),
    ...     reports_sought=3,
    ...     reports_not_retrieved=0,
    ...     reports_assessed=3,
    ...     reports_excluded=1,
    ...     full_text_reasons=(("No usable numbers", 1),),
    ...     reports_included=2,
    ...     studies_included=2,
    ...     studies_in_synthesis=2,
    ...     open=0,
    ...     conflicts=0,
    ...     heading="Identification of studies",
    ... )
    >>> flow_diagram(counts).alt_text  # doctest: +NORMALIZE_WHITESPACE
    'PRISMA 2020 flow diagram: 12 records identified, 10 screened, 3 reports assessed in full, 2
    studies included.'
    """
    rows = _data(counts)
    for name, value in rows:
        if value < 0:
            raise DataError(f"flow diagram: {name} is {value}; a count cannot be negative")
    return Figure(
        pages=(_page(counts, per_source),),
        title=title,
        alt_text=(
            f"{title}: {format_count(counts.records_found)} records identified, "
            f"{format_count(counts.records_screened)} screened, "
            f"{format_count(counts.reports_assessed)} reports assessed in full, "
            f"{format_count(counts.studies_included)} studies included."
        ),
        description=_description(counts),
        data=tuple({"box": name, "n": value} for name, value in rows),
    )


def _n(count: int) -> str:
    return f"(n\u00a0=\u00a0{format_count(count)})"


def _steps(counts: FlowCounts, per_source: bool) -> list[_Step]:
    sources = _sources(counts, per_source)
    from_ = " from:" if sources else ""
    identified = _Entry("Records identified", counts.records_found, tail=from_)
    removed = [_Entry("Duplicate records removed", counts.duplicates_removed, 1)]
    if counts.records_removed_other:
        removed.append(_Entry("Removed for other reasons", counts.records_removed_other, 1))
    total = counts.duplicates_removed + counts.records_removed_other
    included = [
        _Entry("Studies included in review", counts.studies_included),
        _Entry("Reports of included studies", counts.reports_included),
    ]
    if counts.studies_in_synthesis:
        included.append(_Entry("Studies in meta-analysis", counts.studies_in_synthesis))
    return [
        _Step(
            "Identification",
            _Box((identified,), sources),
            _Box((_Entry("Records removed before screening", total, tail=":"),), tuple(removed)),
        ),
        _Step(
            "Screening",
            _Box((_Entry("Records screened", counts.records_screened),)),
            _reasons("Records excluded", counts.records_excluded, counts.excluded_reasons),
        ),
        _Step(
            "Screening",
            _Box((_Entry("Reports sought for retrieval", counts.reports_sought),)),
            _Box((_Entry("Reports not retrieved", counts.reports_not_retrieved),)),
        ),
        _Step(
            "Screening",
            _Box((_Entry("Reports assessed for eligibility", counts.reports_assessed),)),
            _reasons("Reports excluded", counts.reports_excluded, counts.full_text_reasons),
        ),
        _Step("Included", _Box(tuple(included))),
    ]


def _sources(counts: FlowCounts, per_source: bool) -> tuple[_Entry, ...]:
    """One entry a source below the sum of its kind; a kind of one source is a single line."""
    entries: list[_Entry] = []
    known = [kind for kind, _ in _KINDS]
    for kind, words in _KINDS:
        mine = [
            (source.name, number)
            for source, number in counts.found
            if source.kind == kind or (kind == "other" and source.kind not in known)
        ]
        if not mine:
            continue
        entries.append(_Entry(words, sum(number for _, number in mine), 1))
        if per_source:
            entries += [_Entry(name, number, 2) for name, number in mine]
    return tuple(entries)


def _reasons(words: str, count: int, reasons: Sequence[tuple[str, int]]) -> _Box:
    entries = tuple(_Entry(reason, number, 1) for reason, number in reasons)
    return _Box((_Entry(words, count, tail=":" if entries else ""),), entries)


def _page(counts: FlowCounts, per_source: bool) -> Scene:
    canvas = _Canvas()
    left = _MARGIN + _PHASE + _GUTTER
    across = left + 2 * _COLUMN + _BETWEEN + _MARGIN
    _heading(canvas, counts.heading, left, across)
    steps = _steps(counts, per_source)
    spans: dict[str, tuple[float, float]] = {}
    above: tuple[float, float] | None = None
    for step in steps:
        top = canvas.y
        main = _height(step.main)
        beside = _height(step.side) if step.side else 0.0
        _draw(canvas, step.main, left, top, main)
        if above is not None:
            _arrow_down(canvas, *above, top)
        if step.side:
            right = left + _COLUMN + _BETWEEN
            _draw(canvas, step.side, right, top, beside)
            _arrow_right(canvas, left + _COLUMN, right, top + min(main, beside) / 2)
        above = (left + _COLUMN / 2, top + main)
        alone = sum(other.phase == step.phase for other in steps) == 1
        bottom = top + max(main, beside, _phase_length(step.phase) if alone else 0.0)
        first = spans.get(step.phase, (top, bottom))[0]
        spans[step.phase] = (first, bottom)
        canvas.y = bottom + _DOWN
    canvas.y -= _DOWN
    _phases(canvas, spans)
    _notes(canvas, counts, left, across)
    return Scene(across, canvas.y + _MARGIN, tuple(canvas.items))


def _heading(canvas: _Canvas, words: str, left: float, across: float) -> None:
    wide = across - left - _MARGIN
    lines = wrap(words or "Identification of studies", wide - 2 * _PAD, _SIZE + 1, "bold")
    high = len(lines) * (_LINE + 1) + 8
    canvas.items.append(
        Rect(left, canvas.y, wide, high, _HEADING, _EDGE, 0.6, radius=3, group="heading")
    )
    for number, line in enumerate(lines):
        y = canvas.y + 4 + (number + 0.5) * (_LINE + 1)
        canvas.items.append(_text(left + wide / 2, y, line, _SIZE + 1, "bold", align="center"))
    canvas.y += high + 11


def _phase_length(phase: str) -> float:
    return width(phase, _SIZE, "bold") + 12


def _phases(canvas: _Canvas, spans: dict[str, tuple[float, float]]) -> None:
    """Draw the grey bars at the left."""
    for phase, (top, bottom) in spans.items():
        bar = Rect(
            _MARGIN, top, _PHASE, bottom - top, _HEADING, _EDGE, 0.6, radius=3, group="phase"
        )
        words = Text(
            _MARGIN + _PHASE / 2,
            (top + bottom) / 2,
            phase,
            _SIZE,
            "bold",
            colour=_INK,
            align="center",
            baseline="middle",
            rotation=90,
            group="phase",
        )
        canvas.items += [bar, words]


def _notes(canvas: _Canvas, counts: FlowCounts, left: float, across: float) -> None:
    """Tell what is not finished and what does not add up."""
    notes = []
    if counts.open or counts.conflicts:
        waiting = [
            f"{format_count(number)} {words}"
            for number, words in (
                (counts.open, "waiting for decisions"),
                (counts.conflicts, "in conflict"),
            )
            if number
        ]
        notes.append((f"Not finished: records and reports {' and '.join(waiting)}.", _INK))
    notes += [(f"Does not add up: {problem}.", _WARN) for problem in counts.problems]
    if notes:
        canvas.y += 8
    for words, colour in notes:
        for line in wrap(words, across - left - _MARGIN, _SMALL):
            canvas.items.append(_text(left, canvas.y + 5, line, _SMALL, colour=colour))
            canvas.y += 9.6


def _columns(box: _Box) -> list[list[tuple[float, str]]]:
    """Wrap the details into one column, or two where that is a good deal shorter."""
    one = _wrapped(box.details, _COLUMN - 2 * _PAD, 0.0)
    single = [[line for block in one for line in block]]
    if len(box.details) <= _MANY:
        return single
    two = _wrapped(box.details, (_COLUMN - 2 * _PAD - _BESIDE) / 2, 8.0)
    total = sum(len(block) for block in two)
    left: list[tuple[float, str]] = []
    while two and len(left) + len(two[0]) / 2 <= total / 2:
        left += two.pop(0)
    right = [line for block in two for line in block]
    gain = 0.75 if len(single[0]) <= _TALL else 0.95
    return [left, right] if max(len(left), len(right)) < gain * len(single[0]) else single


def _wrapped(
    entries: Sequence[_Entry], wide: float, outdent: float
) -> list[list[tuple[float, str]]]:
    """Wrap each entry; a line is its indent and its words."""
    blocks = []
    for entry in entries:
        indent = 8.0 * entry.level - outdent
        lines = wrap(entry.text, wide - indent - 6, _SMALL)
        blocks.append([(indent + (6 if number else 0), line) for number, line in enumerate(lines)])
    return blocks


def _head_lines(box: _Box) -> list[str]:
    inner = _COLUMN - 2 * _PAD
    return [line for entry in box.entries for line in wrap(entry.text, inner, _SIZE)]


def _height(box: _Box) -> float:
    deep = max((len(column) for column in _columns(box)), default=0)
    return 2 * _PAD + len(_head_lines(box)) * _LINE + (deep * _LINE + 2 if deep else 0) - 1


def _draw(canvas: _Canvas, box: _Box, x: float, y: float, high: float) -> None:
    canvas.items.append(Rect(x, y, _COLUMN, high, "#ffffff", _EDGE, 0.75, group="box"))
    down = y + _PAD + _LINE / 2 - 0.5
    for line in _head_lines(box):
        canvas.items.append(_text(x + _PAD, down, line, _SIZE))
        down += _LINE
    columns = _columns(box)
    down += 2
    for number, column in enumerate(columns):
        left = x + _PAD + number * (_COLUMN - 2 * _PAD + _BESIDE) / 2
        for step, (indent, line) in enumerate(column):
            canvas.items.append(_text(left + indent, down + step * _LINE, line, _SMALL))


def _text(
    x: float,
    y: float,
    words: str,
    size: float,
    weight: Weight = "normal",
    colour: str = _INK,
    align: Literal["left", "center"] = "left",
) -> Text:
    return Text(x, y, words, size, weight, colour=colour, align=align, baseline="middle")


def _arrow_down(canvas: _Canvas, x: float, top: float, bottom: float) -> None:
    canvas.items.append(Line(x, top, x, bottom - 4, _EDGE, 0.9, group="arrow"))
    tip = ((x, bottom), (x - 3, bottom - 6), (x + 3, bottom - 6))
    canvas.items.append(Polygon(tip, _EDGE, group="arrow"))


def _arrow_right(canvas: _Canvas, left: float, right: float, y: float) -> None:
    canvas.items.append(Line(left, y, right - 4, y, _EDGE, 0.9, group="arrow"))
    tip = ((right, y), (right - 6, y - 3), (right - 6, y + 3))
    canvas.items.append(Polygon(tip, _EDGE, group="arrow"))


def _data(counts: FlowCounts) -> list[tuple[str, int]]:
    """Every number of the diagram by the words of its box."""
    rows = [(f"identified: {source.name}", number) for source, number in counts.found]
    rows += [
        ("records identified", counts.records_found),
        ("duplicate records removed", counts.duplicates_removed),
        ("records removed for other reasons", counts.records_removed_other),
        ("records screened", counts.records_screened),
        ("records excluded", counts.records_excluded),
    ]
    rows += [(f"records excluded: {reason}", number) for reason, number in counts.excluded_reasons]
    rows += [
        ("reports sought for retrieval", counts.reports_sought),
        ("reports not retrieved", counts.reports_not_retrieved),
        ("reports assessed for eligibility", counts.reports_assessed),
        ("reports excluded", counts.reports_excluded),
    ]
    rows += [(f"reports excluded: {reason}", number) for reason, number in counts.full_text_reasons]
    return [
        *rows,
        ("studies included in review", counts.studies_included),
        ("reports of included studies", counts.reports_included),
        ("studies in meta-analysis", counts.studies_in_synthesis),
    ]


def _description(counts: FlowCounts) -> str:
    def listed(pairs: Sequence[tuple[str, int]]) -> str:
        text = "; ".join(f"{words} {format_count(number)}" for words, number in pairs)
        return f" ({text})" if text else ""

    found = [(source.name, number) for source, number in counts.found]
    sentences = [
        f"Records identified: {format_count(counts.records_found)}{listed(found)}.",
        f"Removed before screening: duplicates {format_count(counts.duplicates_removed)}, other "
        f"reasons {format_count(counts.records_removed_other)}.",
        f"Records screened: {format_count(counts.records_screened)}; excluded: "
        f"{format_count(counts.records_excluded)}{listed(counts.excluded_reasons)}.",
        f"Reports sought: {format_count(counts.reports_sought)}; not retrieved: "
        f"{format_count(counts.reports_not_retrieved)}.",
        f"Reports assessed: {format_count(counts.reports_assessed)}; excluded: "
        f"{format_count(counts.reports_excluded)}{listed(counts.full_text_reasons)}.",
        f"Included: {format_count(counts.studies_included)} studies in "
        f"{format_count(counts.reports_included)} reports; "
        f"{format_count(counts.studies_in_synthesis)} in a meta-analysis.",
    ]
    if counts.open or counts.conflicts:
        sentences.append(
            f"Waiting for decisions: {format_count(counts.open)}; in conflict: "
            f"{format_count(counts.conflicts)}."
        )
    sentences += [f"Does not add up: {problem}." for problem in counts.problems]
    return " ".join(sentences)
