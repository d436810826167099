"""One function for each act of a reviewer. Nothing here prints: progress goes to a callback."""

from evisynth.actions.analyze import AnalyzeOptions, AnalyzeResult, analyze_table
from evisynth.actions.audit import AuditReport, verify_history, verify_store
from evisynth.actions.chase import ChaseResult, chase_review
from evisynth.actions.check import CheckReport, Finding, Moved, check_review
from evisynth.actions.connections import Network
from evisynth.actions.dedupe import DedupeResult, DoubtfulPair, dedupe_records
from evisynth.actions.dedupe_files import PairDecision, PairVerdict
from evisynth.actions.freeze import FrozenReview, freeze_review
from evisynth.actions.fulltext import FullTextResult, find_full_texts
from evisynth.actions.import_files import ImportedFile, ImportedSearch, ImportOptions
from evisynth.actions.import_records import ImportResult, import_records
from evisynth.actions.new import NewReview, new_review
from evisynth.actions.progress import Progress
from evisynth.actions.run import FORMATS, AnalysisLine, RunSummary, run_review
from evisynth.actions.search_run import read_query, search_database
from evisynth.actions.search_update import SearchUpdate, update_searches
from evisynth.actions.simulate import SimulateOptions, SimulateResult, simulate_screening
from evisynth.actions.status import Status, review_status
from evisynth.actions.store import (
    database_place,
    freeze_into,
    open_store,
    thaw_from,
    worked_in_folder,
)
from evisynth.actions.store_backup import Backup, Restored, backup_review, restore_review
from evisynth.actions.strategies import check_strategy, translate_strategy
from evisynth.actions.thaw import EditedItem, ThawedReview, thaw_review

__all__ = [
    "FORMATS",
    "AnalysisLine",
    "AnalyzeOptions",
    "AnalyzeResult",
    "AuditReport",
    "Backup",
    "ChaseResult",
    "CheckReport",
    "DedupeResult",
    "DoubtfulPair",
    "EditedItem",
    "Finding",
    "FrozenReview",
    "FullTextResult",
    "ImportOptions",
    "ImportResult",
    "ImportedFile",
    "ImportedSearch",
    "Moved",
    "Network",
    "NewReview",
    "PairDecision",
    "PairVerdict",
    "Progress",
    "Restored",
    "RunSummary",
    "SearchUpdate",
    "SimulateOptions",
    "SimulateResult",
    "Status",
    "ThawedReview",
    "analyze_table",
    "backup_review",
    "chase_review",
    "check_review",
    "check_strategy",
    "database_place",
    "dedupe_records",
    "find_full_texts",
    "freeze_into",
    "freeze_review",
    "import_records",
    "new_review",
    "open_store",
    "read_query",
    "restore_review",
    "review_status",
    "run_review",
    "search_database",
    "simulate_screening",
    "thaw_from",
    "thaw_review",
    "translate_strategy",
    "update_searches",
    "verify_history",
    "verify_store",
    "worked_in_folder",
]
