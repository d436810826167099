"""The review in a database: items, their history, and the way to the folder and back.

Django is loaded when the first of these names is used, not before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from evisynth.storage.probe import DATABASE_FILE, embedded_head

if TYPE_CHECKING:
    from evisynth.storage.accounts.models import (
        Account,
        ApiToken,
        Invitation,
        Membership,
        ReviewFolder,
    )
    from evisynth.storage.backup import backup_database, need_program
    from evisynth.storage.committing import Act, Hook, Put, Written, utc_now
    from evisynth.storage.errors import (
        Conflict,
        NewerSchemaError,
        RequestReusedError,
        StoreError,
        VersionConflict,
    )
    from evisynth.storage.folder import FreezeResult, ThawResult, freeze, thaw
    from evisynth.storage.hosted import erase_review, plan_text
    from evisynth.storage.records import (
        RecordFacts,
        RecordLine,
        RecordPage,
        list_records,
        read_states,
        record_facts,
        record_ids,
        replace_records,
        replace_states,
        search_ids,
    )
    from evisynth.storage.restore import restore_database
    from evisynth.storage.schema import bring_up_to_date, pending_migrations
    from evisynth.storage.setup import (
        connect,
        database_settings,
        ensure_django,
        open_as_default,
        place_shown,
    )
    from evisynth.storage.store import UNNAMED, Page, Store
    from evisynth.storage.trail import TrailFilter, TrailLine, entries_at, has_hash, trail_lines
    from evisynth.storage.unit import Unit
    from evisynth.storage.words import plain_words, search_terms

_ACCOUNTS = "accounts.models"
_MODULES = {
    _ACCOUNTS: ("Account", "ApiToken", "Invitation", "Membership", "ReviewFolder"),
    "backup": ("backup_database", "need_program"),
    "committing": ("Act", "Hook", "Put", "Written", "utc_now"),
    "errors": (
        "Conflict", "NewerSchemaError", "RequestReusedError", "StoreError", "VersionConflict",
    ),
    "folder": ("FreezeResult", "ThawResult", "freeze", "thaw"),
    "hosted": ("erase_review", "plan_text"),
    "records": (
        "RecordFacts", "RecordLine", "RecordPage", "list_records", "read_states", "record_facts",
        "record_ids", "replace_records", "replace_states", "search_ids",
    ),
    "restore": ("restore_database",),
    "schema": ("bring_up_to_date", "pending_migrations"),
    "setup": (
        "connect", "database_settings", "ensure_django", "open_as_default", "place_shown",
    ),
    "store": ("UNNAMED", "Page", "Store"),
    "trail": ("TrailFilter", "TrailLine", "entries_at", "has_hash", "trail_lines"),
    "unit": ("Unit",),
    "words": ("plain_words", "search_terms"),
}  # fmt: skip
_PLACES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "DATABASE_FILE",
    "UNNAMED",
    "Account",
    "Act",
    "ApiToken",
    "Conflict",
    "FreezeResult",
    "Hook",
    "Invitation",
    "Membership",
    "NewerSchemaError",
    "Page",
    "Put",
    "RecordFacts",
    "RecordLine",
    "RecordPage",
    "RequestReusedError",
    "ReviewFolder",
    "Store",
    "StoreError",
    "ThawResult",
    "TrailFilter",
    "TrailLine",
    "Unit",
    "VersionConflict",
    "Written",
    "backup_database",
    "bring_up_to_date",
    "connect",
    "database_settings",
    "embedded_head",
    "ensure_django",
    "entries_at",
    "erase_review",
    "freeze",
    "has_hash",
    "list_records",
    "need_program",
    "open_as_default",
    "pending_migrations",
    "place_shown",
    "plain_words",
    "plan_text",
    "read_states",
    "record_facts",
    "record_ids",
    "replace_records",
    "replace_states",
    "restore_database",
    "search_ids",
    "search_terms",
    "thaw",
    "trail_lines",
    "utc_now",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _PLACES[name] == _ACCOUNTS:
        import_module(f"{__name__}.setup").ensure_django()  # models want the applications ready
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
