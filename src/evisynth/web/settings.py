"""Django's settings, made from a few facts; nothing is read from a settings module."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evisynth.web.static_headers import static_headers

__all__ = ["LANGUAGES", "base_settings", "configure", "secret_key"]

HERE = Path(__file__).parent
LANGUAGES = (("en", "English"), ("de", "Deutsch"))
UPLOAD_LIMIT = 200 * 1024 * 1024
"""Bytes of a request; larger exports are imported from the command line."""


def secret_key(place: Path) -> str:
    """Return the key that signs sessions, made at the first start and readable by the owner only.

    Parameters
    ----------
    place
        Folder of the application's own data.
    """
    file = place / "secret.key"
    place.mkdir(parents=True, exist_ok=True)
    try:
        with open(file, "x", encoding="ascii", opener=_private) as written:
            written.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass  # made at an earlier start, or by another worker a moment ago
    return file.read_text(encoding="ascii").strip()


def _private(path: str, flags: int) -> int:
    """Open a file that only its owner may read."""
    import os

    return os.open(path, flags, 0o600)


def base_settings(
    *,
    key: str,
    hosts: Sequence[str] = ("127.0.0.1", "localhost", "[::1]"),
) -> dict[str, Any]:
    """Return the settings of one's own machine; a server changes some of them.

    Parameters
    ----------
    key
        Secret that signs sessions.
    hosts
        Names that the application answers to.
    """
    return {
        "DEBUG": False,
        "SECRET_KEY": key,
        "ALLOWED_HOSTS": list(hosts),
        "DATABASES": {},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": [
            "django.contrib.sessions",
            "django.contrib.messages",
            "whitenoise.runserver_nostatic",
            "django.contrib.staticfiles",
            "evisynth.storage",
            "evisynth.web",
        ],
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "evisynth.web.middleware.headers",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "evisynth.web.middleware.local_token",
        ],
        "ROOT_URLCONF": "evisynth.web.urls",
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [HERE / "templates"],
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.messages.context_processors.messages",
                        "evisynth.web.visit.context",
                    ],
                    "loaders": [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                },
            }
        ],
        "STATIC_URL": "/static/",
        "STATICFILES_DIRS": [HERE / "static"],
        "STATICFILES_FINDERS": ["django.contrib.staticfiles.finders.FileSystemFinder"],
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_ADD_HEADERS_FUNCTION": static_headers,
        "LANGUAGE_CODE": "en",
        "LANGUAGES": LANGUAGES,
        "LOCALE_PATHS": [HERE / "locale"],
        # numbers and days are written alike in every language, as in the document
        "FORMAT_MODULE_PATH": "evisynth.web.formats",
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        # On one's own machine the session is a signed cookie: no table, nothing to keep in step.
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_AGE": 14 * 24 * 3600,
        "SESSION_COOKIE_NAME": "evisynth",
        "CSRF_COOKIE_SAMESITE": "Lax",
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "SAMEORIGIN",
        "DATA_UPLOAD_MAX_MEMORY_SIZE": UPLOAD_LIMIT,
        "FILE_UPLOAD_MAX_MEMORY_SIZE": 4 * 1024 * 1024,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 10_000,
        "LOGGING_CONFIG": None,
    }


def configure(
    *,
    key: str,
    hosts: Sequence[str] = ("127.0.0.1", "localhost", "[::1]"),
) -> None:
    """Set Django up for this process; a second call changes nothing.

    Parameters
    ----------
    key, hosts
        As in `base_settings`.
    """
    import django
    from django.conf import settings

    if settings.configured:
        return
    settings.configure(**base_settings(key=key, hosts=hosts))
    django.setup()
