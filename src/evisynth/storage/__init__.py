"""The review in a database: items, their history, and the way to the folder and back.

Django is loaded when the first of these names is used, not before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from evisynth.storage.probe import DATABASE_FILE, embedded_head

if TYPE_CHECKING:
    from evisynth.storage.backup import backup_database
    from evisynth.storage.committing import Act, Hook, Put, Written, utc_now
    from evisynth.storage.errors import (
        Conflict,
        NewerSchemaError,
        RequestReusedError,
        StoreError,
        VersionConflict,
    )
    from evisynth.storage.folder import FreezeResult, ThawResult, freeze, thaw
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
    from evisynth.storage.setup import database_settings, ensure_django, place_shown
    from evisynth.storage.store import Page, Store
    from evisynth.storage.unit import Unit

_MODULES = {
    "backup": ("backup_database",),
    "committing": ("Act", "Hook", "Put", "Written", "utc_now"),
    "errors": (
        "Conflict", "NewerSchemaError", "RequestReusedError", "StoreError", "VersionConflict",
    ),
    "folder": ("FreezeResult", "ThawResult", "freeze", "thaw"),
    "records": (
        "RecordFacts", "RecordLine", "RecordPage", "list_records", "read_states", "record_facts",
        "record_ids", "replace_records", "replace_states", "search_ids",
    ),
    "restore": ("restore_database",),
    "setup": ("database_settings", "ensure_django", "place_shown"),
    "store": ("Page", "Store"),
    "unit": ("Unit",),
}  # fmt: skip
_PLACES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "DATABASE_FILE",
    "Act",
    "Conflict",
    "FreezeResult",
    "Hook",
    "NewerSchemaError",
    "Page",
    "Put",
    "RecordFacts",
    "RecordLine",
    "RecordPage",
    "RequestReusedError",
    "Store",
    "StoreError",
    "ThawResult",
    "Unit",
    "VersionConflict",
    "Written",
    "backup_database",
    "database_settings",
    "embedded_head",
    "ensure_django",
    "freeze",
    "list_records",
    "place_shown",
    "read_states",
    "record_facts",
    "record_ids",
    "replace_records",
    "replace_states",
    "restore_database",
    "search_ids",
    "thaw",
    "utc_now",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
