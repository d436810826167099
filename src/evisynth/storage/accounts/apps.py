"""The account side as a Django application; only a server installs it."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["AccountsConfig"]


class AccountsConfig(AppConfig):
    """Names the application, so that its tables and migrations have one place."""

    name = "evisynth.storage.accounts"
    label = "evisynth_accounts"
    verbose_name = "Evisynth accounts"
    default_auto_field = "django.db.models.BigAutoField"
