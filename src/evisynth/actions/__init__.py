"""One function for each act of a reviewer. Nothing here prints: progress goes to a callback."""

from evisynth.actions.analyze import AnalyzeOptions, AnalyzeResult, analyze_table
from evisynth.actions.audit import AuditReport, verify_history, verify_store
from evisynth.actions.audit_source import AuditedSource, audit_source
from evisynth.actions.chase import ChaseResult, chase_review
from evisynth.actions.check import CheckReport, Finding, Moved, check_review
from evisynth.actions.connections import Network
from evisynth.actions.dedupe import DedupeResult, DoubtfulPair, dedupe_records
from evisynth.actions.dedupe_files import PairDecision, PairVerdict
from evisynth.actions.doctor import Checked, CheckState, backup_check, disk_check, examine_machine
from evisynth.actions.export import EXPORTS, ExportResult, convert_file, export_review
from evisynth.actions.freeze import FrozenReview, freeze_review
from evisynth.actions.fulltext import FullTextResult, find_full_texts
from evisynth.actions.grade import Grading, grade_review
from evisynth.actions.import_files import ImportedFile, ImportedSearch, ImportOptions
from evisynth.actions.import_records import ImportResult, import_records
from evisynth.actions.new import NewReview, new_review
from evisynth.actions.progress import Progress
from evisynth.actions.protocol import ProtocolSummary, write_protocol
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
    "EXPORTS",
    "FORMATS",
    "AnalysisLine",
    "AnalyzeOptions",
    "AnalyzeResult",
    "AuditReport",
    "AuditedSource",
    "Backup",
    "ChaseResult",
    "CheckReport",
    "CheckState",
    "Checked",
    "DedupeResult",
    "DoubtfulPair",
    "EditedItem",
    "ExportResult",
    "Finding",
    "FrozenReview",
    "FullTextResult",
    "Grading",
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
    "ProtocolSummary",
    "Restored",
    "RunSummary",
    "SearchUpdate",
    "SimulateOptions",
    "SimulateResult",
    "Status",
    "ThawedReview",
    "analyze_table",
    "audit_source",
    "backup_check",
    "backup_review",
    "chase_review",
    "check_review",
    "check_strategy",
    "convert_file",
    "database_place",
    "dedupe_records",
    "disk_check",
    "examine_machine",
    "export_review",
    "find_full_texts",
    "freeze_into",
    "freeze_review",
    "grade_review",
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
    "write_protocol",
]
