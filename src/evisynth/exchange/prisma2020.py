"""The flow diagram as the CSV of the R package PRISMA2020, and read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from evisynth.exchange.exported import Exported, csv_text

if TYPE_CHECKING:
    from evisynth.review import FlowCounts

__all__ = ["prisma2020_file", "read_prisma2020"]

HEADER = ("data", "node", "box", "description", "boxtext", "tooltips", "url", "n")

ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("NA", "node4", "prevstud", "Grey title box; Previous studies", "Previous studies"),
    ("previous_studies", "node5", "box1", "Studies included in previous version of review",
     "Studies included in previous version of review"),
    ("previous_reports", "NA", "box1", "Reports of studies included in previous version of review",
     "Reports of studies included in previous version of review"),
    ("NA", "node6", "newstud",
     "Yellow title box; Identification of new studies via databases and registers",
     "Identification of new studies via databases and registers"),
    ("database_results", "node7", "box2", "Records identified from: Databases", "Databases"),
    ("database_specific_results", "NA", "box2", "Records identified from: specific databases",
     "Specific Databases"),
    ("register_results", "NA", "box2", "Records identified from: Registers", "Registers"),
    ("register_specific_results", "NA", "box2", "Records identified from: specific registers",
     "Specific Registers"),
    ("NA", "node16", "othstud", "Grey title box; Identification of new studies via other methods",
     "Identification of new studies via other methods"),
    ("website_results", "node17", "box11", "Records identified from: Websites", "Websites"),
    ("organisation_results", "NA", "box11", "Records identified from: Organisations",
     "Organisations"),
    ("citations_results", "NA", "box11", "Records identified from: Citation searching",
     "Citation searching"),
    ("duplicates", "node8", "box3", "Duplicate records", "Duplicate records"),
    ("excluded_automatic", "NA", "box3", "Records marked as ineligible by automation tools",
     "Records marked as ineligible by automation tools"),
    ("excluded_other", "NA", "box3", "Records removed for other reasons",
     "Records removed for other reasons"),
    ("records_screened", "node9", "box4", "Records screened (databases and registers)",
     "Records screened"),
    ("records_excluded", "node10", "box5", "Records excluded (databases and registers)",
     "Records excluded"),
    ("dbr_sought_reports", "node11", "box6",
     "Reports sought for retrieval (databases and registers)", "Reports sought for retrieval"),
    ("dbr_notretrieved_reports", "node12", "box7",
     "Reports not retrieved (databases and registers)", "Reports not retrieved"),
    ("other_sought_reports", "node18", "box12", "Reports sought for retrieval (other)",
     "Reports sought for retrieval"),
    ("other_notretrieved_reports", "node19", "box13", "Reports not retrieved (other)",
     "Reports not retrieved"),
    ("dbr_assessed", "node13", "box8", "Reports assessed for eligibility (databases and registers)",
     "Reports assessed for eligibility"),
    ("dbr_excluded", "node14", "box9", "Reports excluded (databases and registers)",
     "Reports excluded"),
    ("other_assessed", "node20", "box14", "Reports assessed for eligibility (other)",
     "Reports assessed for eligibility"),
    ("other_excluded", "node21", "box15", "Reports excluded (other)", "Reports excluded"),
    ("new_studies", "node15", "box10", "New studies included in review",
     "New studies included in review"),
    ("new_reports", "NA", "box10", "Reports of new included studies",
     "Reports of new included studies"),
    ("total_studies", "node22", "box16", "Total studies included in review",
     "Total studies included in review"),
    ("total_reports", "NA", "box16", "Reports of total included studies",
     "Reports of total included studies"),
    ("identification", "node1", "identification", "Blue identification box", "Identification"),
    ("screening", "node2", "screening", "Blue screening box", "Screening"),
    ("included", "node3", "included", "Blue included box", "Included"),
)  # fmt: skip
"""Key, node, box, description and text of each row of the template, in its order."""

BOXES = {
    "databases": {
        "duplicates": "duplicates_removed", "excluded_automatic": "removed_by_automation",
        "excluded_other": "removed_other", "records_screened": "records_screened",
        "records_excluded": "records_excluded", "dbr_sought_reports": "reports_sought",
        "dbr_notretrieved_reports": "reports_not_retrieved", "dbr_assessed": "reports_assessed",
    },
    "other": {
        "other_sought_reports": "reports_sought",
        "other_notretrieved_reports": "reports_not_retrieved",
        "other_assessed": "reports_assessed",
    },
}  # fmt: skip

OTHER = {"website": "website_results", "organisation": "organisation_results",
         "citation": "citations_results"}  # fmt: skip


def prisma2020_file(flow: FlowCounts) -> Exported:
    """Write a flow diagram in the template of PRISMA2020 (R, and its web page).

    Parameters
    ----------
    flow
        The counts.
    """
    numbers: dict[str, str] = dict.fromkeys(("identification", "screening", "included"), "0")
    lost = ["which records stand behind a number"]
    _sources(flow, numbers)
    for column in flow.columns:
        boxes = {box.name: box for box in column.boxes}
        for key, name in BOXES.get(column.name, {}).items():
            if name in boxes:
                numbers[key] = str(boxes[name].count)
        excluded = boxes.get("reports_excluded")
        if excluded is not None:
            key = "dbr_excluded" if column.name == "databases" else "other_excluded"
            numbers[key] = _listed((line.label, line.count) for line in excluded.details) or str(
                excluded.count
            )
        reasons = boxes.get("records_excluded")
        if reasons is not None and reasons.details:
            lost.append(f"reasons for exclusion at title and abstract ({column.heading})")
        if column.name == "other" and any(
            boxes[name].count
            for name in ("duplicates_removed", "records_screened")
            if name in boxes
        ):
            lost.append("duplicates and screening of records found by other methods")
    previous = flow.previous
    if previous is not None:
        numbers["previous_studies"] = str(previous.studies)
        numbers["previous_reports"] = str(previous.reports)
    before = (previous.studies, previous.reports) if previous is not None else (0, 0)
    numbers["total_studies"] = str(flow.studies_included)
    numbers["total_reports"] = str(flow.reports_included)
    numbers["new_studies"] = str(flow.studies_included - before[0])
    numbers["new_reports"] = str(flow.reports_included - before[1])
    if flow.open or flow.conflicts:
        lost.append("records that still wait for votes or a settlement")
    rows = [
        (key, node, box, description, words, description, f"{key}.html" if key != "NA" else "",
         numbers.get(key, ""))
        for key, node, box, description, words in ROWS
    ]  # fmt: skip
    return Exported({"PRISMA.csv": csv_text(HEADER, rows)}, tuple(dict.fromkeys(lost)))


def _listed(items: Iterable[tuple[str, int]]) -> str:
    """Return names and numbers as the template has them; its own signs are taken out of names."""
    return "; ".join(
        f"{name.replace(',', ' -').replace(';', ' -')}, {count}" for name, count in items
    )


def _sources(flow: FlowCounts, numbers: dict[str, str]) -> None:
    parts: dict[str, list[tuple[str, int]]] = {}
    for source, count in flow.found:
        parts.setdefault(str(source.kind), []).append((source.name, count))
    for kind in ("database", "register"):
        found = parts.pop(kind, [])
        if found:
            numbers[f"{kind}_results"] = str(sum(count for _, count in found))
            numbers[f"{kind}_specific_results"] = _listed(found)
    for kind, found in parts.items():
        key = OTHER.get(kind, "website_results")
        total = int(numbers.get(key, "0")) + sum(count for _, count in found)
        numbers[key] = str(total)


def read_prisma2020(text: str) -> dict[str, int | dict[str, int]]:
    r"""Read the numbers of a file in the template of PRISMA2020.

    Parameters
    ----------
    text
        The CSV.

    Returns
    -------
    dict
        Number by its key; a dict of numbers by name where the cell is a list. Cells that are empty
        are left out.

    Examples
    --------
    >>> read_prisma2020('data,n\nduplicates,12\ndbr_excluded,"No data, 3; Late, 1;"\n')
    {'duplicates': 12, 'dbr_excluded': {'No data': 3, 'Late': 1}}
    """
    found: dict[str, int | dict[str, int]] = {}
    for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))):
        key, cell = (row.get("data") or "").strip(), (row.get("n") or "").strip()
        if key in ("", "NA", "identification", "screening", "included") or not cell:
            continue
        if cell.isdigit():
            found[key] = int(cell)
            continue
        parts = [part.rpartition(",") for part in cell.split(";") if part.strip()]
        found[key] = {name.strip(): int(number) for name, _, number in parts}
    return found
