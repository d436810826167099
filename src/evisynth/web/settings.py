"""Django's settings, made from a few facts; nothing is read from a settings module."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["LANGUAGES", "configure", "secret_key"]

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


def configure(
    database: dict[str, Any] | None,
    *,
    key: str,
    accounts: bool,
    hosts: Sequence[str] = ("127.0.0.1", "localhost", "[::1]"),
    origins: Sequence[str] = (),
    https: bool = False,
    mail: dict[str, Any] | None = None,
    providers: dict[str, Any] | None = None,
) -> None:
    """Set Django up for this process; a second call changes nothing.

    Parameters
    ----------
    database
        Entry of Django's ``DATABASES`` for accounts and sessions; None without accounts.
    key
        Secret that signs sessions.
    accounts
        True for a server with accounts, False on one's own machine.
    hosts, origins
        Names that the server answers to, and origins whose posts it takes (``https://...``).
    https
        Whether people reach it by TLS (a proxy in front says so by ``X-Forwarded-Proto``).
    mail
        ``EMAIL_*`` settings; without them messages are written to the log.
    providers
        ``SOCIALACCOUNT_PROVIDERS`` of django-allauth, for OIDC.
    """
    import django
    from django.conf import settings

    if settings.configured:
        return
    apps = [
        *(["django.contrib.auth", "django.contrib.contenttypes"] if accounts else []),
        "django.contrib.sessions",
        "django.contrib.messages",
        "whitenoise.runserver_nostatic",
        "django.contrib.staticfiles",
        "evisynth.storage",
        "evisynth.web",
    ]
    middleware = [
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "evisynth.web.middleware.headers",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    if accounts:
        middleware.insert(-1, "django.contrib.auth.middleware.AuthenticationMiddleware")
        apps += [
            "allauth",
            "allauth.account",
            "allauth.mfa",
            "allauth.socialaccount",
            "allauth.socialaccount.providers.openid_connect",
        ]
        middleware.append("allauth.account.middleware.AccountMiddleware")
    else:
        middleware.append("evisynth.web.middleware.local_token")
    settings.configure(
        DEBUG=False,
        SECRET_KEY=key,
        ALLOWED_HOSTS=list(hosts),
        CSRF_TRUSTED_ORIGINS=list(origins),
        DATABASES={"default": database} if database else {},
        EVISYNTH_ACCOUNTS=accounts,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=apps,
        MIDDLEWARE=middleware,
        ROOT_URLCONF="evisynth.web.urls",
        TEMPLATES=[
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
        STATIC_URL="/static/",
        STATICFILES_DIRS=[HERE / "static"],
        STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
        WHITENOISE_USE_FINDERS=True,
        LANGUAGE_CODE="en",
        LANGUAGES=LANGUAGES,
        LOCALE_PATHS=[HERE / "locale"],
        USE_TZ=True,
        TIME_ZONE="UTC",
        AUTHENTICATION_BACKENDS=[
            "django.contrib.auth.backends.ModelBackend",
            *(["allauth.account.auth_backends.AuthenticationBackend"] if accounts else []),
        ],
        PASSWORD_HASHERS=[
            "django.contrib.auth.hashers.ScryptPasswordHasher",
            "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        ],
        AUTH_PASSWORD_VALIDATORS=[
            {
                "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
                "OPTIONS": {"min_length": 10},
            },
            {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
            {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
        ],
        LOGIN_URL="/accounts/login/",
        LOGIN_REDIRECT_URL="/",
        ACCOUNT_LOGIN_METHODS={"email"},
        ACCOUNT_SIGNUP_FIELDS=["email*", "password1*", "password2*"],
        ACCOUNT_EMAIL_VERIFICATION="optional",
        ACCOUNT_ADAPTER="evisynth.web.accounts.Adapter",
        ACCOUNT_RATE_LIMITS={"login_failed": "5/5m/key,20/5m/ip"},
        MFA_SUPPORTED_TYPES=["totp", "recovery_codes"],
        SOCIALACCOUNT_PROVIDERS=providers or {},
        **(mail or {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
        # On one's own machine the session is a signed cookie: no table, nothing to keep in step.
        SESSION_ENGINE="django.contrib.sessions.backends."
        + ("db" if accounts else "signed_cookies"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_AGE=14 * 24 * 3600,
        SESSION_COOKIE_NAME="evisynth",
        CSRF_COOKIE_SAMESITE="Lax",
        CSRF_COOKIE_SECURE=https,
        SECURE_CONTENT_TYPE_NOSNIFF=True,
        SECURE_REFERRER_POLICY="same-origin",
        SECURE_HSTS_SECONDS=31_536_000 if https else 0,
        SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https") if https else None,
        X_FRAME_OPTIONS="SAMEORIGIN",
        DATA_UPLOAD_MAX_MEMORY_SIZE=UPLOAD_LIMIT,
        FILE_UPLOAD_MAX_MEMORY_SIZE=4 * 1024 * 1024,
        DATA_UPLOAD_MAX_NUMBER_FIELDS=10_000,
        LOGGING_CONFIG=None,
    )
    django.setup()
