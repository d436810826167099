"""Reader of Review Manager 5 files (.rm5)."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evisynth.errors import InputError, Problem
from evisynth.exchange.revman.values import (
    Comparison,
    NotRead,
    Outcome,
    OutcomeKind,
    QualityEntry,
    QualityItem,
    RevManReview,
    RevManStudy,
    RowResult,
    StoredResult,
    StudyRow,
    Subgroup,
    SummaryTable,
)
from evisynth.exchange.xml_safety import Reading, parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["decode_id", "read_rm5"]

ROOT = "COCHRANE_REVIEW"

KINDS: dict[str, OutcomeKind] = {
    "DICH": "dichotomous", "CONT": "continuous", "IV": "generic", "IPD": "o-e", "OTHER": "other",
}  # fmt: skip
"""Kinds of outcomes by the first part of their elements' names."""

METHODS = ("MH", "IV", "PETO", "EXP_O_E_VAR")

PARTS = {
    "INCLUDED_STUDIES": "included",
    "EXCLUDED_STUDIES": "excluded",
    "AWAITING_STUDIES": "awaiting",
    "ONGOING_STUDIES": "ongoing",
}

STORED = {
    "effect": "EFFECT_SIZE", "ci_lower": "CI_START", "ci_upper": "CI_END", "chi2": "CHI2",
    "df": "DF", "p_chi2": "P_CHI2", "i2": "I2", "tau2": "TAU2", "z": "Z", "p_z": "P_Z", "q": "Q",
    "p_q": "P_Q", "i2_q": "I2_Q", "weight": "WEIGHT", "studies": "STUDIES", "events1": "EVENTS_1",
    "events2": "EVENTS_2", "total1": "TOTAL_1", "total2": "TOTAL_2",
}  # fmt: skip

DATA = {
    "events1": "EVENTS_1", "total1": "TOTAL_1", "events2": "EVENTS_2", "total2": "TOTAL_2",
    "mean1": "MEAN_1", "sd1": "SD_1", "mean2": "MEAN_2", "sd2": "SD_2", "estimate": "ESTIMATE",
    "o_e": "O_E", "variance": "VAR", "se": "SE",
}  # fmt: skip

DATA_OF: dict[OutcomeKind, tuple[str, ...]] = {
    "dichotomous": ("events1", "total1", "events2", "total2"),
    "continuous": ("mean1", "sd1", "total1", "mean2", "sd2", "total2"),
    "generic": ("estimate", "se", "total1", "total2"),
    "o-e": ("events1", "total1", "events2", "total2", "o_e", "variance"),
    "other": (),
}
"""Which numbers are data of a row; SE and VAR of the other kinds are what the program computed."""

ROW_STORED = {
    "effect": "EFFECT_SIZE", "ci_lower": "CI_START", "ci_upper": "CI_END", "se": "SE",
    "variance": "VAR", "weight": "WEIGHT",
}  # fmt: skip

MOST_LOG = 300.0
"""Largest logarithm that the exponential is taken of."""

REPEATS = ("LOG_EFFECT_SIZE", "LOG_CI_START", "LOG_CI_END")
"""Decimal logarithms of what stands beside them: taken and not needed."""

_ESCAPE = re.compile(r"_x([0-9a-fA-F]{4})_")


def decode_id(text: str) -> str:
    """Bring an id of the file back to the letters it was made of.

    Examples
    --------
    >>> decode_id("STD-MRC_x002d_1")
    'STD-MRC-1'
    """
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def read_rm5(path: Path | str) -> RevManReview:
    """Read a file of Review Manager 5.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    RevManReview
        The analyses with their data and what was stored for them, studies, risk of bias, summary of
        findings; ``not_read`` lists whatever else the file holds.

    Raises
    ------
    InputError
        The file is not there, not whole, no such file, or hostile.

    Examples
    --------
    >>> import tempfile
    >>> text = '<COCHRANE_REVIEW ID="1"><COVER_SHEET><TITLE>Aspirin</TITLE></COVER_SHEET>'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.rm5"
    ...     _ = file.write_text(text + "<ANALYSES_AND_DATA/></COCHRANE_REVIEW>")
    ...     read_rm5(file).title
    'Aspirin'
    """
    path = Path(path)
    root = parse_xml(path, ROOT, "file of Review Manager 5")
    return _Reader(path.name, Reading(root)).review()


class _Reader:
    """Reads one tree; collects what cannot be read."""

    def __init__(self, file: str, reading: Reading) -> None:
        self.file = file
        self.take = reading
        self.problems: list[Problem] = []
        self.names: dict[str, str] = {}

    def review(self) -> RevManReview:
        root = self.take.root
        attribute = self.take.attribute
        if root.find("ANALYSES_AND_DATA") is None:
            raise InputError(
                Problem(
                    self.file, "", "has no analyses: there is no ANALYSES_AND_DATA",
                    hint="Export it from Review Manager with its data and analyses",
                )
            )  # fmt: skip
        title = root.find("COVER_SHEET/TITLE")
        studies = self._studies()
        self.names = {study.id: study.name for study in studies}
        main = root.find("ANALYSES_AND_DATA")
        assert main is not None  # noqa: S101 - found above
        attribute(main, "CALCULATED_DATA")
        comparisons = tuple(self._comparison(element) for element in main.findall("COMPARISON"))
        program = attribute(root, "REVMAN_SUB_VERSION") or attribute(root, "REVMAN_VERSION")
        head = {
            "title": self.take.text(title),
            "doi": attribute(root, "DOI"),
            "review_id": attribute(root, "ID"),
            "version": attribute(root, "VERSION_NO"),
            "modified": attribute(root, "MODIFIED"),
        }
        attribute(root, "REVMAN_VERSION")
        items = tuple(self._quality_item(element) for element in root.iter("QUALITY_ITEM"))
        summaries = tuple(self._summary(element) for element in root.iter("SOF_TABLE"))
        return RevManReview(
            file=self.file,
            program=program,
            studies=studies,
            comparisons=comparisons,
            quality_items=items,
            summaries=summaries,
            not_read=tuple(NotRead(*found) for found in self.take.not_taken()),
            problems=tuple(self.problems),
            **head,
        )

    def _studies(self) -> tuple[RevManStudy, ...]:
        found = []
        for tag, part in PARTS.items():
            for element in self.take.root.iterfind(f"STUDIES_AND_REFERENCES/STUDIES/{tag}/STUDY"):
                identity = self.take.attribute(element, "ID")
                found.append(
                    RevManStudy(
                        id=identity,
                        name=self.take.attribute(element, "NAME") or _plain_name(identity),
                        year=self.take.attribute(element, "YEAR"),
                        part=part,
                        data_source=self.take.attribute(element, "DATA_SOURCE"),
                        references=tuple(
                            words
                            for reference in element.findall("REFERENCE")
                            if (words := self._reference(reference))
                        ),
                        identifiers=tuple(
                            self._identifier(one)
                            for one in element.findall("IDENTIFIERS/IDENTIFIER")
                        ),
                    )
                )
        return tuple(found)

    def _reference(self, element: _Element) -> str:
        """Return a reference in words: authors, title, source, year, volume, issue, pages."""
        self.take.attribute(element, "TYPE")
        self.take.attribute(element, "PRIMARY")
        words = [self.take.text(child) for child in element if child.tag != "IDENTIFIERS"]
        return ". ".join(word.rstrip(".") for word in [*words, *self._identifiers(element)] if word)

    def _identifiers(self, element: _Element) -> tuple[str, ...]:
        return tuple(self._identifier(one) for one in element.findall("IDENTIFIERS/IDENTIFIER"))

    def _identifier(self, element: _Element) -> str:
        kind = self.take.attribute(element, "TYPE")
        value = self.take.attribute(element, "VALUE") or self.take.text(element)
        return f"{kind} {value}".strip()

    def _comparison(self, element: _Element) -> Comparison:
        outcomes = []
        for child in element:
            if not isinstance(child.tag, str) or not child.tag.endswith("_OUTCOME"):
                continue
            prefix = child.tag.removesuffix("_OUTCOME")
            if prefix in KINDS:
                outcomes.append(self._outcome(child, prefix))
        return Comparison(
            id=self.take.attribute(element, "ID"),
            number=self._integer(element, "NO"),
            name=self.take.child_text(element, "NAME"),
            outcomes=tuple(outcomes),
        )

    def _outcome(self, element: _Element, prefix: str) -> Outcome:
        kind = KINDS[prefix]
        word = self.take.attribute
        measure = word(element, "EFFECT_MEASURE") or self.take.child_text(element, "EFFECT_MEASURE")
        method = word(element, "METHOD").upper()
        if method and method not in METHODS:
            self._bad(element, "METHOD", method, METHODS)
        if not method:
            method = {"o-e": "PETO", "other": ""}.get(kind, "IV")
        groups = tuple(
            self._subgroup(child, kind, prefix) for child in element.findall(f"{prefix}_SUBGROUP")
        )
        found = Outcome(
            id=word(element, "ID"),
            number=self._integer(element, "NO"),
            name=self.take.child_text(element, "NAME"),
            kind=kind,
            measure=measure,
            method=method,
            random=self._switch(element, "RANDOM"),
            totals=self._totals(element),
            has_subgroups=self._switch(element, "SUBGROUPS") or bool(groups),
            subgroup_test=self._switch(element, "SUBGROUP_TEST", default=True),
            swap_events=self._switch(element, "SWAP_EVENTS"),
            log_data=self._log_data(element, kind, measure),
            ci_study=self._level(element, "CI_STUDY"),
            ci_total=self._level(element, "CI_TOTAL"),
            group1=self.take.child_text(element, "GROUP_LABEL_1"),
            group2=self.take.child_text(element, "GROUP_LABEL_2"),
            favours1=self.take.child_text(element, "GRAPH_LABEL_1"),
            favours2=self.take.child_text(element, "GRAPH_LABEL_2"),
            units=word(element, "UNITS"),
            sort_by=word(element, "SORT_BY"),
            scale=self._number(element, "SCALE"),
            rows=self._rows(element, kind, prefix),
            subgroups=groups,
            stored=self._stored(element),
            footnotes=self.take.child_text(element, "FOOTNOTES"),
        )
        word(element, "SHOW_PARTICIPANTS")
        return found

    def _log_data(self, element: _Element, kind: str, measure: str) -> bool:
        """Whether generic estimates are logarithms: the file says so, its rows or its measure."""
        if kind != "generic":
            return False
        said = self.take.attribute(element, "LOG_DATA").upper()
        if said:
            return said == "YES"
        for row in element.iter("IV_DATA"):
            estimate, effect = self._number(row, "ESTIMATE"), self._number(row, "EFFECT_SIZE")
            if math.isfinite(estimate) and math.isfinite(effect) and estimate < MOST_LOG:
                return abs(effect - math.exp(estimate)) < abs(effect - estimate)
        return "ratio" in measure.casefold()

    def _totals(self, element: _Element) -> str:
        value = self.take.attribute(element, "TOTALS").upper() or "YES"
        if value not in ("YES", "SUB", "NO"):
            self._bad(element, "TOTALS", value, ("YES", "SUB", "NO"))
            return "YES"
        return value

    def _subgroup(self, element: _Element, kind: OutcomeKind, prefix: str) -> Subgroup:
        return Subgroup(
            id=self.take.attribute(element, "ID"),
            number=self._integer(element, "NO"),
            name=self.take.child_text(element, "NAME"),
            rows=self._rows(element, kind, prefix),
            stored=self._stored(element),
        )

    def _stored(self, element: _Element) -> StoredResult:
        for name in REPEATS:
            self.take.attribute(element, name)
        numbers = {field: self._number(element, name) for field, name in STORED.items()}
        return StoredResult(
            estimable=self.take.attribute(element, "ESTIMABLE").upper() != "NO", **numbers
        )

    def _rows(self, parent: _Element, kind: OutcomeKind, prefix: str) -> tuple[StudyRow, ...]:
        return tuple(self._row(child, kind) for child in parent.findall(f"{prefix}_DATA"))

    def _row(self, element: _Element, kind: OutcomeKind) -> StudyRow:
        for name in REPEATS:
            self.take.attribute(element, name)
        needed = DATA_OF[kind]
        values = {field: self._number(element, DATA[field]) for field in needed}
        texts = tuple((field, self.take.attribute(element, DATA[field])) for field in needed)
        stored = {field: self._number(element, name) for field, name in ROW_STORED.items()}
        self._number(element, "O_E")
        identity = self.take.attribute(element, "STUDY_ID")
        for part in ("OTHER_DATA_ENTRY", "VALUE"):
            for child in element.findall(part):
                self.take.text(child)
        return StudyRow(
            study_id=identity,
            study=self.names.get(identity) or _plain_name(identity),
            line=_line(element),
            order=self._number(element, "ORDER"),
            footnote=self.take.child_text(element, "FOOTNOTE"),
            stored=RowResult(
                estimable=self.take.attribute(element, "ESTIMABLE").upper() != "NO", **stored
            ),
            texts=tuple((field, text) for field, text in texts if math.isfinite(values[field])),
            **values,
        )

    def _quality_item(self, element: _Element) -> QualityItem:
        entries = [
            QualityEntry(
                study_id=self.take.attribute(entry, "STUDY_ID"),
                result=self.take.attribute(entry, "RESULT"),
                group_id=self.take.attribute(entry, "GROUP_ID"),
                support=self.take.child_text(entry, "DESCRIPTION"),
            )
            for tag in ("QUALITY_ITEM_DATA_ENTRY", "QUALITY_ITEM_DATA_ENTRY_GROUP")
            for entry in element.iter(tag)
        ]
        return QualityItem(
            id=self.take.attribute(element, "ID"),
            name=self.take.child_text(element, "NAME"),
            level=self.take.attribute(element, "LEVEL") or "STUDY",
            entries=tuple(entries),
        )

    def _summary(self, element: _Element) -> SummaryTable:
        rows = tuple(
            tuple(self.take.text(cell) for cell in row if isinstance(cell.tag, str))
            for row in element.iter("TR")
        )
        return SummaryTable(self.take.child_text(element, "TITLE"), rows)

    def _switch(self, element: _Element, name: str, default: bool = False) -> bool:
        value = self.take.attribute(element, name).upper()
        if not value:
            return default
        if value not in ("YES", "NO"):
            self._bad(element, name, value, ("YES", "NO"))
            return default
        return value == "YES"

    def _level(self, element: _Element, name: str) -> float:
        value = self._number(element, name)
        if math.isnan(value):
            return 95.0
        if not 0 < value < 100:
            self._bad(element, name, value, ("90", "95", "99"))
            return 95.0
        return value

    def _integer(self, element: _Element, name: str) -> int:
        value = self._number(element, name)
        return int(value) if math.isfinite(value) else 0

    def _number(self, element: _Element, name: str) -> float:
        text = self.take.attribute(element, name)
        if not text:
            return float("nan")
        try:
            return float(text)
        except ValueError:
            self._bad(element, name, text, ("a number",))
            return float("nan")

    def _bad(self, element: _Element, name: str, value: object, allowed: tuple[str, ...]) -> None:
        self.problems.append(
            Problem(
                self.file,
                f"line {element.sourceline}, {element.tag} {name}",
                f"{value!r} cannot be used",
                allowed,
            )
        )


def _line(element: Any) -> int:
    return int(element.sourceline or 0)


def _plain_name(identity: str) -> str:
    """Return a readable name of a study whose name is nowhere."""
    return decode_id(identity.removeprefix("STD-").replace("-", " "))
