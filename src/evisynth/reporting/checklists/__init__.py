"""Reporting check lists (PRISMA 2020, its abstract, PRISMA-S, PRISMA-P), filled from the review."""

from evisynth.reporting.checklists.document import checklists_document
from evisynth.reporting.checklists.filling import (
    CHECKLISTS,
    Checklist,
    ChecklistItem,
    FilledChecklist,
    FilledItem,
    checklist,
    fill_checklist,
)

__all__ = [
    "CHECKLISTS",
    "Checklist",
    "ChecklistItem",
    "FilledChecklist",
    "FilledItem",
    "checklist",
    "checklists_document",
    "fill_checklist",
]
