"""The JSON API: every act of the pages, for programs; described by OpenAPI at ``/api/v1/docs``."""

from evisynth.web.api.root import api

__all__ = ["api"]
