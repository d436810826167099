"""Addresses of a server: those of a review, and the accounts before them."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from evisynth.web import urls
from evisynth.web.accounts import access, views

__all__ = ["urlpatterns"]

LOCAL_ONLY = frozenset({"home", "restore_local", "who"})
"""Pages of one's own machine, where nobody has an account."""

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("invitation/", views.invitation, name="invitation"),
    path("invitation/<str:word>/", views.invitation_open, name="invitation_open"),
    path("account/", views.account, name="account"),
    path("account/tokens/", views.tokens, name="tokens"),
    path("account/", include("allauth.urls")),
    path("reviews/<slug:review_id>/delete/", views.delete, name="delete_review"),
    path("reviews/<slug:review_id>/restore/", views.restore, name="restore_review"),
    path("r/<slug:review_id>/", include(access.urlpatterns)),
    *(each for each in urls.urlpatterns if getattr(each, "name", None) not in LOCAL_ONLY),
]
