"""Whether a body is what was asked for, whole, and no web page in disguise."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from evisynth.connectors.requests import Expect
from evisynth.errors import ServiceError

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["fault_of", "is_page", "parse_json", "parse_xml"]

_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)[^>]*?(/?)>")
_PROLOG = re.compile(rb"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^>\[]*>\s*)*", re.DOTALL)
_BOM = b"\xef\xbb\xbf"


def is_page(body: bytes, media_type: str = "") -> bool:
    """Return whether a body is a web page: a log-in, a notice of maintenance, a landing page.

    Examples
    --------
    >>> is_page(b"<!DOCTYPE html><html>"), is_page(b"<eSearchResult/>")
    (True, False)
    """
    head = body[:1000].removeprefix(_BOM).lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return True
    return media_type in ("text/html", "application/xhtml+xml")


def fault_of(body: bytes, media_type: str, expect: Expect) -> str:
    """Say what keeps a body from being what was asked for; ``""`` if nothing does.

    Parameters
    ----------
    body, media_type
        The body, and its type as the service names it.
    expect
        What was asked for.

    Examples
    --------
    >>> fault_of(b'{"message": [1, 2', "application/json", "json")
    'the JSON breaks off or is broken'
    >>> fault_of(b"<html><body>Log in</body></html>", "text/html", "json")
    'a web page came where JSON was asked for'
    """
    if expect == "file":
        return "" if body else "the file is empty"
    if is_page(body, media_type):
        return f"a web page came where {expect.upper()} was asked for"
    text = body.removeprefix(_BOM).strip()
    if not text:
        return "the answer is empty"
    if expect == "json":
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return "the JSON breaks off or is broken"
        return ""
    start = _PROLOG.match(text)
    root = _ROOT.match(text, start.end() if start else 0)
    if root is None:
        return "the XML has no element"
    if not root[2] and not re.search(rb"</" + re.escape(root[1]) + rb"\s*>$", text):
        return f"the XML breaks off: <{root[1].decode()}> is not closed"
    return ""


def parse_json(body: bytes, service: str) -> dict[str, Any]:
    """Return the object that an answer holds.

    Raises
    ------
    ServiceError
        It holds something else.
    """
    try:
        found = json.loads(body.removeprefix(_BOM))
    except (ValueError, RecursionError) as error:
        raise ServiceError(service, f"the answer is no JSON: {body[:80]!r}") from error
    if not isinstance(found, dict):
        raise ServiceError(service, f"the answer is no JSON object: {body[:80]!r}")
    return found


def parse_xml(body: bytes, service: str) -> _Element:
    """Return the root of an answer; entities are not expanded, nothing is fetched.

    Raises
    ------
    ServiceError
        It is no XML, or declares entities.
    """
    from lxml import etree

    if b"<!ENTITY" in body:
        raise ServiceError(service, "the XML declares entities and is not read")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        return etree.fromstring(body.removeprefix(_BOM).strip(), parser)
    except etree.XMLSyntaxError as error:
        raise ServiceError(service, f"the answer is no XML: {error}") from error
