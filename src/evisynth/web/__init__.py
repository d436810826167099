"""The browser application: pages and JSON API. Each parses, calls one action, shows the answer."""

from evisynth.web.serving import Served, application, prepare, serve_review

__all__ = ["Served", "application", "prepare", "serve_review"]
