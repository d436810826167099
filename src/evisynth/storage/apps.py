"""The storage as a Django application."""

from __future__ import annotations

from django.apps import AppConfig

from evisynth.storage.setup import APP

__all__ = ["StorageConfig"]


class StorageConfig(AppConfig):
    """Names the application, so that its tables and migrations have one place."""

    name = "evisynth.storage"
    label = APP
    verbose_name = "Evisynth storage"
    default_auto_field = "django.db.models.BigAutoField"
