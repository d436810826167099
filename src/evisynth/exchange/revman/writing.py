"""Writer of Review Manager 5 files (.rm5)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from evisynth.exchange.revman.computing import Pooled, compare_subgroups, pool_rows
from evisynth.exchange.revman.reading import (
    DATA,
    DATA_OF,
    KINDS,
    PARTS,
    ROW_STORED,
    STORED,
)
from evisynth.exchange.revman.values import (
    Outcome,
    QualityItem,
    RevManReview,
    RevManStudy,
    RowResult,
    StoredResult,
    StudyRow,
    Subgroup,
    SummaryTable,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["encode_id", "with_results", "write_rm5"]

PREFIXES = {kind: prefix for prefix, kind in KINDS.items()}
ELEMENTS = {part: tag for tag, part in PARTS.items()}

_PLAIN = re.compile(r"[A-Za-z0-9-]")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def encode_id(name: str) -> str:
    """Return the id of a study as the program makes it from its name.

    Examples
    --------
    >>> encode_id("MRC-1 (UK) 1974")
    'STD-MRC_x002d_1-_x0028_UK_x0029_-1974'
    """
    signs = [
        "-" if sign == " " else sign
        if sign != "-" and _PLAIN.match(sign)
        else "".join(f"_x{unit:04x}_" for unit in _units(sign))
        for sign in name
    ]  # fmt: skip
    return "STD-" + "".join(signs)


def _units(sign: str) -> list[int]:
    data = sign.encode("utf-16-be", errors="surrogatepass")
    return [int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2)]


def _clean(text: str) -> str:
    """Return text without the signs that XML cannot hold."""
    return " ".join(_NO_XML.sub(" ", text).split())


def _number(value: float) -> str:
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(float(value))


def _flag(value: bool) -> str:
    return "YES" if value else "NO"


def write_rm5(review: RevManReview) -> str:
    """Return a review as the text of a file of Review Manager 5.

    What was not read of a file (`RevManReview.not_read`) is not written. `with_results` computes
    what the program would store.

    Parameters
    ----------
    review
        The review.
    """
    from lxml import etree

    root = etree.Element("COCHRANE_REVIEW")
    head = {
        "DOI": review.doi, "ID": review.review_id, "MODIFIED": review.modified,
        "REVMAN_SUB_VERSION": review.program, "REVMAN_VERSION": "5", "STAGE": "R", "STATUS": "A",
        "TYPE": "INTERVENTION", "VERSION_NO": review.version,
    }  # fmt: skip
    _set(root, head)
    cover = etree.SubElement(root, "COVER_SHEET")
    _child(cover, "TITLE", review.title)
    listed = etree.SubElement(etree.SubElement(root, "STUDIES_AND_REFERENCES"), "STUDIES")
    for part, tag in ELEMENTS.items():
        element = etree.SubElement(listed, tag)
        for study in review.studies:
            if study.part == part:
                _study(element, study)
    items = etree.SubElement(root, "QUALITY_ITEMS")
    for number, item in enumerate(review.quality_items, 1):
        _quality_item(items, item, number)
    tables = etree.SubElement(root, "SOF_TABLES")
    for table in review.summaries:
        _summary(tables, table)
    analyses = etree.SubElement(root, "ANALYSES_AND_DATA")
    analyses.set("CALCULATED_DATA", "YES")
    for comparison in review.comparisons:
        element = etree.SubElement(analyses, "COMPARISON")
        _set(element, {"ID": comparison.id, "NO": str(comparison.number)})
        _child(element, "NAME", comparison.name)
        for outcome in comparison.outcomes:
            _outcome(element, outcome)
    etree.indent(root, space="")
    text: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return text.decode("utf-8") + "\n"


def _set(element: _Element, values: dict[str, str]) -> None:
    for name, value in values.items():
        if value != "":
            element.set(name, _clean(value))


def _child(parent: _Element, tag: str, text: str) -> _Element:
    from lxml import etree

    element = etree.SubElement(parent, tag)
    element.text = _clean(text) or None
    return element


def _study(parent: _Element, study: RevManStudy) -> None:
    from lxml import etree

    element = etree.SubElement(parent, "STUDY")
    _set(
        element,
        {
            "DATA_SOURCE": study.data_source,
            "ID": study.id,
            "NAME": study.name,
            "YEAR": study.year,
        },
    )
    for words in study.references:
        reference = etree.SubElement(element, "REFERENCE")
        _set(reference, {"PRIMARY": "NO", "TYPE": "OTHER"})
        _child(reference, "TI", words)
        etree.SubElement(reference, "IDENTIFIERS")
    marks = etree.SubElement(element, "IDENTIFIERS")
    for words in study.identifiers:
        kind, _, value = words.partition(" ")
        _set(etree.SubElement(marks, "IDENTIFIER"), {"TYPE": kind, "VALUE": value})


def _quality_item(parent: _Element, item: QualityItem, number: int) -> None:
    from lxml import etree

    element = etree.SubElement(parent, "QUALITY_ITEM")
    _set(element, {"CORE_ITEM": "YES", "ID": item.id, "LEVEL": item.level, "NO": str(number)})
    _child(element, "NAME", item.name)
    entries = etree.SubElement(element, "QUALITY_ITEM_DATA")
    for entry in item.entries:
        place = etree.SubElement(entries, "QUALITY_ITEM_DATA_ENTRY")
        _set(
            place,
            {"GROUP_ID": entry.group_id, "RESULT": entry.result, "STUDY_ID": entry.study_id},
        )
        _child(place, "DESCRIPTION", entry.support)


def _summary(parent: _Element, table: SummaryTable) -> None:
    from lxml import etree

    element = etree.SubElement(parent, "SOF_TABLE")
    _child(element, "TITLE", table.title)
    body = etree.SubElement(element, "TABLE")
    for cells in table.rows:
        row = etree.SubElement(body, "TR")
        for cell in cells:
            _child(row, "TD", cell)


def _results(stored: StoredResult, kind: str) -> dict[str, str]:
    counts = ("df", "studies", "events1", "events2", "total1", "total2")
    found = {}
    for field, name in STORED.items():
        value = getattr(stored, field)
        whole = field in counts and math.isfinite(value) and value.is_integer()
        found[name] = str(int(value)) if whole else _number(value)
    if kind == "ratio" and stored.effect > 0:
        for name, value in (
            ("LOG_EFFECT_SIZE", stored.effect),
            ("LOG_CI_START", stored.ci_lower),
            ("LOG_CI_END", stored.ci_upper),
        ):
            if value > 0:
                found[name] = _number(math.log10(value))
    return {"ESTIMABLE": _flag(stored.estimable), **found}


def _outcome(parent: _Element, outcome: Outcome) -> None:
    from lxml import etree

    prefix = PREFIXES[outcome.kind]
    element = etree.SubElement(parent, f"{prefix}_OUTCOME")
    inside = outcome.kind in ("generic", "o-e")
    settings = {
        "CI_STUDY": _number(outcome.ci_study),
        "CI_TOTAL": _number(outcome.ci_total),
        "EFFECT_MEASURE": "" if inside else outcome.measure,
        "ID": outcome.id,
        "LOG_DATA": _flag(outcome.log_data) if outcome.kind == "generic" else "",
        "METHOD": outcome.method,
        "NO": str(outcome.number),
        "RANDOM": _flag(outcome.random),
        "SCALE": _number(outcome.scale),
        "SORT_BY": outcome.sort_by,
        "SUBGROUPS": _flag(outcome.has_subgroups),
        "SUBGROUP_TEST": _flag(outcome.subgroup_test),
        "SWAP_EVENTS": _flag(outcome.swap_events) if outcome.kind == "dichotomous" else "",
        "TOTALS": outcome.totals,
        "UNITS": outcome.units,
    }
    _set(element, settings | _results(outcome.stored, "ratio" if outcome.is_ratio else ""))
    _child(element, "NAME", outcome.name)
    labels = (
        ("GROUP_LABEL_1", outcome.group1), ("GROUP_LABEL_2", outcome.group2),
        ("GRAPH_LABEL_1", outcome.favours1), ("GRAPH_LABEL_2", outcome.favours2),
    )  # fmt: skip
    for tag, words in labels:
        _child(element, tag, words)
    if inside:
        _child(element, "EFFECT_MEASURE", outcome.measure)
    if outcome.footnotes:
        _child(element, "FOOTNOTES", outcome.footnotes)
    for row in outcome.rows:
        _row(element, row, outcome)
    for group in outcome.subgroups:
        place = etree.SubElement(element, f"{prefix}_SUBGROUP")
        values = {"ID": group.id, "NO": str(group.number)}
        _set(place, values | _results(group.stored, "ratio" if outcome.is_ratio else ""))
        _child(place, "NAME", group.name)
        for row in group.rows:
            _row(place, row, outcome)


def _row(parent: _Element, row: StudyRow, outcome: Outcome) -> None:
    from lxml import etree

    element = etree.SubElement(parent, f"{PREFIXES[outcome.kind]}_DATA")
    values = {"STUDY_ID": row.study_id, "ESTIMABLE": _flag(row.stored.estimable)}
    if math.isfinite(row.order):
        whole = row.order.is_integer()
        values["ORDER"] = str(int(row.order)) if whole else _number(row.order)
    for field, name in ROW_STORED.items():
        values[name] = _number(getattr(row.stored, field))
    for field in DATA_OF[outcome.kind]:
        values[DATA[field]] = row.text(field) or _number(getattr(row, field))
    _set(element, values)
    if row.footnote:
        _child(element, "FOOTNOTE", row.footnote)


def with_results(outcome: Outcome) -> Outcome:
    """Return an outcome with everything that Review Manager stores, computed by its rules.

    Parameters
    ----------
    outcome
        An outcome with its data.
    """
    if outcome.kind == "other":
        return outcome
    total = pool_rows(outcome, outcome.all_rows)
    pooled = [pool_rows(outcome, group.rows) for group in outcome.subgroups]
    test = compare_subgroups(pooled)
    places = iter(range(len(outcome.all_rows)))
    rows = tuple(_row_with_result(row, next(places), total, outcome) for row in outcome.rows)
    groups = []
    for group, own in zip(outcome.subgroups, pooled, strict=True):
        members = tuple(_row_with_result(row, next(places), total, outcome) for row in group.rows)
        stored = _stored(own, members, sum(row.stored.weight for row in members))
        groups.append(replace(group, rows=members, stored=stored))
    everyone = tuple(_members(rows, groups))
    stored = replace(
        _stored(total, everyone, sum(total.weights)), q=test.q, p_q=test.p_q, i2_q=test.i2_q
    )
    return replace(outcome, rows=rows, subgroups=tuple(groups), stored=stored)


def _members(rows: tuple[StudyRow, ...], groups: list[Subgroup]) -> Iterator[StudyRow]:
    yield from rows
    for group in groups:
        yield from group.rows


def _row_with_result(row: StudyRow, place: int, total: Pooled, outcome: Outcome) -> StudyRow:
    from evisynth.stats import normal_quantile

    value = total.estimates[place] if place < len(total.estimates) else math.nan
    if not math.isfinite(value):
        return replace(row, stored=RowResult(estimable=False, weight=0.0))
    se = total.standard_errors[place]
    half = normal_quantile(outcome.ci_study / 100) * se
    shown = math.exp if outcome.is_ratio else float
    return replace(
        row,
        stored=RowResult(
            estimable=True,
            effect=shown(value),
            ci_lower=shown(value - half),
            ci_upper=shown(value + half),
            se=row.se if outcome.kind == "generic" else se,
            variance=row.variance if outcome.kind == "o-e" else se * se,
            weight=total.weights[place],
        ),
    )


def _stored(pooled: Pooled, rows: tuple[StudyRow, ...], weight: float) -> StoredResult:
    def total(field: str) -> float:
        values = [getattr(row, field) for row in rows]
        known = [value for value in values if math.isfinite(value)]
        return sum(known) if known else math.nan

    there = math.isfinite(pooled.effect)
    return StoredResult(
        estimable=there,
        effect=pooled.effect,
        ci_lower=pooled.ci_lower,
        ci_upper=pooled.ci_upper,
        chi2=pooled.chi2,
        df=pooled.df,
        p_chi2=pooled.p_chi2,
        i2=pooled.i2,
        tau2=0.0 if there and math.isnan(pooled.tau2) else pooled.tau2,
        z=pooled.z,
        p_z=pooled.p_z,
        weight=weight,
        studies=float(len({row.study_id for row in rows})),
        events1=total("events1"),
        events2=total("events2"),
        total1=total("total1"),
        total2=total("total2"),
    )
