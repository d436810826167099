"""Addresses: each area brings its pages and its part of the API."""

from __future__ import annotations

from importlib import import_module

from django.urls import include, path
from django.views.generic import RedirectView

from evisynth.web.api import api

__all__ = ["AREAS", "urlpatterns"]

AREAS = (
    "overview",
    "screening",
    "records",
    "importing",
    "duplicates",
    "analysis",
    "document",
    "conflicts",
    "retrieval",
    "reports",
    "studies",
    "agreement",
    "extraction",
    "forms",
    "assessment",
    "workbooks",
    "people",
    "stages",
    "history",
    "export",
    "deletion",
    "checking",
)
"""Modules of `evisynth.web.pages`; each has ``urlpatterns`` below ``/r/<review>/``."""

urlpatterns = [
    path("", import_module("evisynth.web.pages.home").home, name="home"),
    path("settings/", import_module("evisynth.web.pages.home").own_settings, name="settings"),
    path("who/", import_module("evisynth.web.pages.home").who, name="who"),
    path("restore/", import_module("evisynth.web.pages.home").restore, name="restore_local"),
    path("language/", include("django.conf.urls.i18n")),
    path("api/v1/docs", import_module("evisynth.web.pages.api_docs").api_docs, name="api_docs"),
    path("api/v1/", api.urls),
    *(
        path("r/<str:review_id>/", include(import_module(f"evisynth.web.pages.{area}").urlpatterns))
        for area in AREAS
    ),
    path("favicon.ico", RedirectView.as_view(url="/static/evisynth/icon.svg"), name="favicon"),
]
