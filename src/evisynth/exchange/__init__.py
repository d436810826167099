"""Files of other programs: read and written, and published results computed anew."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evisynth.exchange.audit.checks import check_data as check_data
    from evisynth.exchange.audit.checks_counts import percentage_possible as percentage_possible
    from evisynth.exchange.audit.current import current_words as current_words
    from evisynth.exchange.audit.current import under_current_methods as under_current_methods
    from evisynth.exchange.audit.data import DataRow as DataRow
    from evisynth.exchange.audit.data import DataSet as DataSet
    from evisynth.exchange.audit.data import decimals as decimals
    from evisynth.exchange.audit.html_report import render_audit as render_audit
    from evisynth.exchange.audit.json_form import audit_schema as audit_schema
    from evisynth.exchange.audit.json_form import audit_to_dict as audit_to_dict
    from evisynth.exchange.audit.recomputing import relative_difference as relative_difference
    from evisynth.exchange.audit.revman_audit import audit_package as audit_package
    from evisynth.exchange.audit.revman_audit import audit_revman_review as audit_revman_review
    from evisynth.exchange.audit.revman_audit import audit_rm5 as audit_rm5
    from evisynth.exchange.audit.values import FIELDS as FIELDS
    from evisynth.exchange.audit.values import Audit as Audit
    from evisynth.exchange.audit.values import AuditedResult as AuditedResult
    from evisynth.exchange.audit.values import AuditedRow as AuditedRow
    from evisynth.exchange.audit.values import Current as Current
    from evisynth.exchange.audit.values import Remark as Remark
    from evisynth.exchange.deposit import deposit_files as deposit_files
    from evisynth.exchange.exported import Exported as Exported
    from evisynth.exchange.metafor_script import metafor_files as metafor_files
    from evisynth.exchange.prisma2020 import prisma2020_file as prisma2020_file
    from evisynth.exchange.prisma2020 import read_prisma2020 as read_prisma2020
    from evisynth.exchange.review_tables import jasp_files as jasp_files
    from evisynth.exchange.review_tables import read_robvis as read_robvis
    from evisynth.exchange.review_tables import robvis_file as robvis_file
    from evisynth.exchange.revman.from_review import revman_of_review as revman_of_review
    from evisynth.exchange.revman.from_review import rm5_file as rm5_file
    from evisynth.exchange.revman.reading import read_rm5 as read_rm5
    from evisynth.exchange.revman.rows import read_data_rows as read_data_rows
    from evisynth.exchange.revman.rows import rm5_rows_file as rm5_rows_file
    from evisynth.exchange.revman.rows import rm5_with_results as rm5_with_results
    from evisynth.exchange.revman.values import RevManReview as RevManReview
    from evisynth.exchange.revman.web import read_package as read_package
    from evisynth.exchange.revman.web import web_package as web_package
    from evisynth.exchange.revman.writing import with_results as with_results
    from evisynth.exchange.revman.writing import write_rm5 as write_rm5
    from evisynth.exchange.votes import ImportedVote as ImportedVote
    from evisynth.exchange.votes import VotesFile as VotesFile
    from evisynth.exchange.votes import decisions_file as decisions_file
    from evisynth.exchange.votes import rayyan_votes as rayyan_votes
    from evisynth.exchange.votes import read_asreview as read_asreview
    from evisynth.exchange.votes import votes_of_records as votes_of_records

_LATER = {
    "FIELDS": "audit.values",
    "Audit": "audit.values",
    "AuditedResult": "audit.values",
    "AuditedRow": "audit.values",
    "Current": "audit.values",
    "DataRow": "audit.data",
    "DataSet": "audit.data",
    "Exported": "exported",
    "ImportedVote": "votes",
    "Remark": "audit.values",
    "RevManReview": "revman.values",
    "VotesFile": "votes",
    "audit_package": "audit.revman_audit",
    "audit_revman_review": "audit.revman_audit",
    "audit_rm5": "audit.revman_audit",
    "audit_schema": "audit.json_form",
    "audit_to_dict": "audit.json_form",
    "check_data": "audit.checks",
    "current_words": "audit.current",
    "decimals": "audit.data",
    "decisions_file": "votes",
    "deposit_files": "deposit",
    "jasp_files": "review_tables",
    "metafor_files": "metafor_script",
    "percentage_possible": "audit.checks_counts",
    "prisma2020_file": "prisma2020",
    "rayyan_votes": "votes",
    "read_asreview": "votes",
    "read_data_rows": "revman.rows",
    "read_package": "revman.web",
    "read_prisma2020": "prisma2020",
    "read_rm5": "revman.reading",
    "read_robvis": "review_tables",
    "relative_difference": "audit.recomputing",
    "render_audit": "audit.html_report",
    "revman_of_review": "revman.from_review",
    "rm5_file": "revman.from_review",
    "rm5_rows_file": "revman.rows",
    "rm5_with_results": "revman.rows",
    "robvis_file": "review_tables",
    "under_current_methods": "audit.current",
    "votes_of_records": "votes",
    "web_package": "revman.web",
    "with_results": "revman.writing",
    "write_rm5": "revman.writing",
}
"""Name to its module, loaded when first used."""

__all__ = [
    "FIELDS",
    "Audit",
    "AuditedResult",
    "AuditedRow",
    "Current",
    "DataRow",
    "DataSet",
    "Exported",
    "ImportedVote",
    "Remark",
    "RevManReview",
    "VotesFile",
    "audit_package",
    "audit_revman_review",
    "audit_rm5",
    "audit_schema",
    "audit_to_dict",
    "check_data",
    "current_words",
    "decimals",
    "decisions_file",
    "deposit_files",
    "jasp_files",
    "metafor_files",
    "percentage_possible",
    "prisma2020_file",
    "rayyan_votes",
    "read_asreview",
    "read_data_rows",
    "read_package",
    "read_prisma2020",
    "read_rm5",
    "read_robvis",
    "relative_difference",
    "render_audit",
    "revman_of_review",
    "rm5_file",
    "rm5_rows_file",
    "rm5_with_results",
    "robvis_file",
    "under_current_methods",
    "votes_of_records",
    "web_package",
    "with_results",
    "write_rm5",
]


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
