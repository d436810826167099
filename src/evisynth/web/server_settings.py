"""Django's settings of a server: those of one's own machine, with accounts and a hard shell."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from evisynth.storage import database_settings
from evisynth.web.server_config import ServerConfig
from evisynth.web.settings import base_settings

__all__ = ["server_settings"]

API_BODY = 10 * 1024 * 1024
"""Bytes of a request to the JSON API."""


def server_settings(config: ServerConfig, key: str) -> dict[str, Any]:
    """Return the settings of a server.

    Parameters
    ----------
    config
        What its file says.
    key
        Secret that signs what leaves the server and comes back.
    """
    made = base_settings(key=key, hosts=config.hosts)
    local = "evisynth.web.middleware.local_token"
    headers = "evisynth.web.middleware.headers"
    # the headers outermost: on refusals too
    first = [headers, "evisynth.web.accounts.gate.outer"]
    middleware = first + [each for each in made["MIDDLEWARE"] if each not in (local, headers)]
    made.update(
        EVISYNTH_SERVER=config,
        # by name: the reviews are below the accounts
        EVISYNTH_SEAT="evisynth.web.accounts.seats.seat",
        EVISYNTH_DESKS="evisynth.web.accounts.seats.open_desks",
        EVISYNTH_API_BODY=API_BODY,
        EVISYNTH_FORM_ORIGINS=_form_origins(config),
        DATABASES={"default": database_settings(config.database)},
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            *made["INSTALLED_APPS"],
            "evisynth.storage.accounts",
            "allauth",
            "allauth.account",
            "allauth.mfa",
            "allauth.socialaccount",
            *(["allauth.socialaccount.providers.openid_connect"] if config.oidc else []),
        ],
        MIDDLEWARE=[
            *middleware,
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "allauth.account.middleware.AccountMiddleware",
            "evisynth.web.accounts.gate.gate",
        ],
        ROOT_URLCONF="evisynth.web.server_urls",
        CACHES={
            # one for all workers: limits on guessing hold for the server, not for a process
            "default": {
                "BACKEND": "django.core.cache.backends.db.DatabaseCache",
                "LOCATION": "evisynth_cache",
            }
        },
        SESSION_ENGINE="django.contrib.sessions.backends.db",
        SESSION_COOKIE_AGE=config.session_hours * 3600,
        SESSION_COOKIE_NAME="__Host-evisynth" if config.tls else "evisynth",
        SESSION_COOKIE_SECURE=config.tls,
        CSRF_COOKIE_SECURE=config.tls,
        LANGUAGE_COOKIE_SECURE=config.tls,
        LANGUAGE_COOKIE_SAMESITE="Lax",
        SECURE_SSL_REDIRECT=config.tls,
        SECURE_REDIRECT_EXEMPT=["^health/$"],
        SECURE_HSTS_SECONDS=365 * 24 * 3600 if config.tls else 0,
        SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https") if config.proxies else None,
        CSRF_TRUSTED_ORIGINS=[f"https://{host}" for host in config.hosts] if config.tls else [],
        DATA_UPLOAD_MAX_MEMORY_SIZE=config.upload_mb * 1024 * 1024,
        **_accounts(config),
        **_mail(config),
        LOGGING_CONFIG="logging.config.dictConfig",
        LOGGING=_logging(),
    )
    options = made["TEMPLATES"][0]["OPTIONS"]
    options["context_processors"].append("evisynth.web.accounts.look.context")
    return made


def _accounts(config: ServerConfig) -> dict[str, Any]:
    """Return what django-allauth is told."""
    verified = "mandatory" if config.signup == "open" else "optional"
    return {
        "AUTH_USER_MODEL": "evisynth_accounts.Account",
        "AUTHENTICATION_BACKENDS": [
            "django.contrib.auth.backends.ModelBackend",
            "allauth.account.auth_backends.AuthenticationBackend",
        ],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
            for name, options in (
                ("UserAttributeSimilarityValidator", {"user_attributes": ("email", "name")}),
                ("MinimumLengthValidator", {"min_length": 10}),
                ("CommonPasswordValidator", {}),
                ("NumericPasswordValidator", {}),
            )
        ],
        "LOGIN_URL": "account_login",
        "LOGIN_REDIRECT_URL": "home",
        "ALLAUTH_TRUSTED_PROXY_COUNT": config.proxies,
        "ACCOUNT_ADAPTER": "evisynth.web.accounts.adapters.AccountAdapter",
        "ACCOUNT_DEFAULT_HTTP_PROTOCOL": "https" if config.tls else "http",
        "ACCOUNT_EMAIL_NOTIFICATIONS": bool(config.mail.host),
        "ACCOUNT_EMAIL_SUBJECT_PREFIX": "Evisynth: ",
        "ACCOUNT_EMAIL_VERIFICATION": verified if config.mail.host else "none",
        "ACCOUNT_FORMS": {"login": "evisynth.web.accounts.sign_in.SignInForm"},
        "ACCOUNT_LOGIN_METHODS": {"email"},
        "ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION": False,
        "ACCOUNT_LOGOUT_REDIRECT_URL": "account_login",
        "ACCOUNT_REAUTHENTICATION_TIMEOUT": 900,
        "ACCOUNT_SESSION_REMEMBER": True,
        "ACCOUNT_SIGNUP_FIELDS": ["email*", "password1*", "password2*"],
        "ACCOUNT_SIGNUP_FORM_CLASS": "evisynth.web.accounts.forms.NameForm",
        "ACCOUNT_USER_MODEL_USERNAME_FIELD": None,
        "MFA_ALLOW_UNVERIFIED_EMAIL": True,
        "MFA_SUPPORTED_TYPES": ["totp", "recovery_codes"],
        "MFA_TOTP_ISSUER": "Evisynth",
        "MFA_TOTP_TOLERANCE": 1,
        "SOCIALACCOUNT_ADAPTER": "evisynth.web.accounts.adapters.InstitutionAdapter",
        "SOCIALACCOUNT_AUTO_SIGNUP": True,
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION": False,
        "SOCIALACCOUNT_EMAIL_REQUIRED": True,
        "SOCIALACCOUNT_LOGIN_ON_GET": False,
        "SOCIALACCOUNT_STORE_TOKENS": False,
        "SOCIALACCOUNT_PROVIDERS": {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [
                    {
                        "provider_id": each.id,
                        "name": each.name,
                        "client_id": each.client_id,
                        "secret": each.client_secret,
                        "settings": {"server_url": each.issuer},
                    }
                    for each in config.oidc
                ],
            }
        },
    }  # fmt: skip


def _mail(config: ServerConfig) -> dict[str, Any]:
    mail = config.mail
    return {
        "EMAIL_BACKEND": "django.core.mail.backends."
        + ("smtp.EmailBackend" if mail.host else "console.EmailBackend"),
        "EMAIL_HOST": mail.host or "localhost",
        "EMAIL_PORT": mail.port,
        "EMAIL_HOST_USER": mail.user,
        "EMAIL_HOST_PASSWORD": mail.password,
        "EMAIL_USE_TLS": mail.security == "starttls",
        "EMAIL_USE_SSL": mail.security == "tls",
        "EMAIL_TIMEOUT": 20,
        "DEFAULT_FROM_EMAIL": mail.sender,
        "SERVER_EMAIL": mail.sender,
    }


def _form_origins(config: ServerConfig) -> tuple[str, ...]:
    """Return where a form of the sign-in page may lead: the institutions' own pages."""
    every = [address for each in config.oidc for address in (each.issuer, *each.origins)]
    parts = [urlsplit(address) for address in every]
    return tuple(dict.fromkeys(f"{each.scheme}://{each.netloc}" for each in parts))


def _logging() -> dict[str, Any]:
    """Return what is logged: faults, and requests without who made them."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["out"], "level": "WARNING"},
        "loggers": {
            "evisynth": {"level": "INFO"},
            # an address holds what somebody searched for; faults come with their own line
            "django.request": {"level": "ERROR"},
            # those who look for holes ask under every name; they are refused, and not worth a line
            "django.security.DisallowedHost": {"level": "CRITICAL"},
        },
    }
