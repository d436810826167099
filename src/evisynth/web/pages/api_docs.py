"""The API described for people: made from the same document that programs read."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from evisynth.web.api.scopes import scope_of
from evisynth.web.visit import show

__all__ = ["api_docs"]


def _kind(schema: dict[str, Any]) -> str:
    """Return the type of a value in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    if "anyOf" in schema:
        return " | ".join(_kind(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("type", "any"))


def _fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    needed = schema.get("required", ())
    return [
        {"name": name, "kind": _kind(each), "required": name in needed,
         "words": each.get("description", "")}
        for name, each in schema.get("properties", {}).items()
    ]  # fmt: skip


def _body(operation: dict[str, Any], schemas: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    content = operation.get("requestBody", {}).get("content", {})
    for kind, each in content.items():
        schema = each.get("schema", {})
        name = _kind(schema)
        return f"{kind}: {name}", _fields(schemas.get(name, schema))
    return "", []


def _answer_kind(described: dict[str, Any]) -> str:
    for content in described.get("content", {}).values():
        return _kind(content.get("schema", {}))
    return ""


def api_docs(request: HttpRequest) -> HttpResponse:
    """Show every call of the API, by area."""
    from evisynth.web.api import api

    document = api.get_openapi_schema()
    schemas = document.get("components", {}).get("schemas", {})
    areas: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            area = (operation.get("tags") or ["other"])[0]
            kind, fields = _body(operation, schemas)
            answers = [
                {"status": status, "kind": _answer_kind(each)}
                for status, each in operation.get("responses", {}).items()
            ]
            areas.setdefault(area, []).append(
                {
                    "method": method.upper(), "path": path,
                    "words": operation.get("description") or operation.get("summary", ""),
                    "id": operation.get("operationId", ""),
                    "scope": scope_of(method.upper(), path, area) or "",
                    "parameters": [
                        {"name": each["name"], "where": each["in"],
                         "kind": _kind(each.get("schema", {})), "required": each.get("required")}
                        for each in operation.get("parameters", ())
                    ],
                    "body": kind, "fields": fields, "answers": answers,
                }
            )  # fmt: skip
    values = {
        "areas": sorted(areas.items()),
        "schemas": [
            {"name": name, "words": each.get("description", ""), "fields": _fields(each)}
            for name, each in sorted(schemas.items())
        ],
        "version": document["info"]["version"],
    }
    return show(request, "evisynth/api_docs.html", values)
