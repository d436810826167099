"""The OpenAPI document: values of one name in two areas keep apart, and how one is let in."""

from __future__ import annotations

import json
import re
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

__all__ = ["DescribedAPI"]

REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')


class _Document(OpenAPISchema):
    """Names each schema once; one whose name is taken by another gets the name of its area."""

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        """Describe one call."""
        every, self.schemas = self.schemas, {}
        details = super().operation_details(operation)
        own, self.schemas = self.schemas, every
        area = (operation.tags or ["other"])[0].title()
        # a value that holds another one changes with the other's name: until nothing changes
        names: dict[str, str] = {}
        while True:
            made = {name: _renamed(schema, names) for name, schema in own.items()}
            taken = {
                name: _free(f"{area}{name}", schema, every)
                for name, schema in made.items()
                if name not in names and name in every and every[name] != schema
            }
            if not taken:
                break
            names |= taken
        self.schemas.update({names.get(name, name): schema for name, schema in made.items()})
        return dict(_renamed(details, names))

    def get_components(self) -> dict[str, Any]:
        """Return the values, and how one is let in."""
        return {
            **super().get_components(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer",
                          "description": "A token of the account, on a server."},
                "session": {"type": "apiKey", "in": "cookie", "name": "evisynth",
                            "description": "The session of the browser; posts carry the header"
                            " X-CSRFToken."},
            },
        }  # fmt: skip


def _free(name: str, schema: Any, every: dict[str, Any]) -> str:
    """Return a name under which there is no other value: itself, or with a number."""
    found, number = name, 2
    while found in every and every[found] != schema:
        found, number = f"{name}{number}", number + 1
    return found


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """Return a part of the document with references to new names."""
    if not names:
        return value

    def new(found: re.Match[str]) -> str:
        return f'"#/components/schemas/{names.get(found[1], found[1])}"'

    # numbers as keys (statuses) become text, as they are in JSON anyway
    return json.loads(REFERENCE.sub(new, json.dumps(value, default=str)))


class DescribedAPI(NinjaAPI):
    """An API with the document above."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._documents: dict[str, OpenAPISchema] = {}

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Return the OpenAPI document, made once: the calls do not change while a process lives."""
        if path_prefix is None:
            path_prefix = self.get_root_path(path_params or {})
        made = self._documents.get(path_prefix)
        if made is None:
            made = _Document(self, path_prefix)
            made["security"] = [{"token": []}, {"session": []}]
            self._documents[path_prefix] = made
        return made

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return a short name of a call: its area and what it does."""
        area = (operation.tags or ["other"])[0]
        return f"{area}_{operation.view_func.__name__}".replace(" ", "_")
