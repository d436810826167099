"""XML of others, parsed with nothing fetched and nothing expanded, and what was read of it."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evisynth.errors import InputError, Problem

if TYPE_CHECKING:
    from lxml.etree import XMLParser, _Element

__all__ = ["Reading", "parse_xml"]

LARGEST = 200 * 2**20
"""Bytes of the largest file that is read; reviews with pictures have some ten million."""


_DECLARATION = re.compile(r"<!(?:DOCTYPE|ENTITY)\b", re.IGNORECASE)
_ROOT = re.compile(r"<[A-Za-z_]")


def _refuse(name: str, message: str, hint: str = "", at: str = "") -> InputError:
    return InputError(Problem(name, at, message, hint=hint))


def _head(data: bytes) -> str:
    """Return the text before the first element, whatever the encoding."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data[: 2 * 65536].decode("utf-16", errors="replace")
    elif b"\x00" in data[:4]:
        coding = "utf-16-be" if data[:1] == b"\x00" else "utf-16-le"
        text = data[: 2 * 65536].decode(coding, errors="replace")
    else:
        text = data[:65536].decode("latin-1")
    found = _ROOT.search(text)
    return text[: found.start()] if found else text


def _parser(huge: bool) -> XMLParser:
    from lxml import etree

    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        remove_pis=True,
        remove_comments=True,
        huge_tree=huge,
    )


def parse_xml(path: Path, root_tag: str, kind: str) -> _Element:
    """Parse a file into a tree; refuse what no program of that kind writes.

    Parameters
    ----------
    path
        The file.
    root_tag
        Name of the outermost element that it must have.
    kind
        What the file should be, in words, for messages.

    Raises
    ------
    InputError
        The file is missing, too large, not XML, of another kind, or declares entities or a document
        type of its own (which can make a program fetch files or fill the memory).
    """
    from lxml import etree

    name = path.name
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise _refuse(
                name, f"has {size / 2**20:.0f} MB; files over {LARGEST // 2**20} MB are not read",
                "Remove its pictures in the program that wrote it",
            )  # fmt: skip
        data = path.read_bytes()
    except OSError as error:
        raise _refuse(name, f"cannot be read: {error.strerror or error}") from error
    if not data.strip():
        raise _refuse(name, "is empty", "Export it again")
    if _DECLARATION.search(_head(data)):
        raise _refuse(
            name,
            "declares a document type or entities; such files are not read, they can make a "
            "program fetch or fill anything",
            f"{kind} has none: export it again",
        )
    try:
        try:
            root = etree.fromstring(data, _parser(huge=False))
        except etree.XMLSyntaxError as error:
            if "huge" not in str(error).lower() and "too long" not in str(error).lower():
                raise
            # a picture kept as text is longer than the parser's usual limit
            root = etree.fromstring(data, _parser(huge=True))
    except etree.XMLSyntaxError as error:
        line = f"line {error.lineno}" if error.lineno else ""
        message = (error.msg or "").split(", line")[0]
        raise _refuse(
            name, f"is not whole XML: {message}",
            "Was it cut off while it was copied? Export or download it again", line,
        ) from error  # fmt: skip
    except (LookupError, ValueError) as error:
        raise _refuse(name, f"cannot be decoded: {error}") from error
    info: Any = root.getroottree().docinfo
    if info.doctype:
        raise _refuse(name, "declares a document type", f"{kind} has none: export it again")
    if root.tag != root_tag:
        raise InputError(
            Problem(
                name, f"line {root.sourceline}", f"is no {kind}: it begins with <{root.tag}>",
                (f"<{root_tag}>",), "Is it the right file?",
            )
        )  # fmt: skip
    return root


class Reading:
    """Takes values from a tree and knows what was never taken.

    Parameters
    ----------
    root
        The tree.
    """

    def __init__(self, root: _Element) -> None:
        self._attributes: dict[_Element, set[str]] = {}
        self._texts: set[_Element] = set()
        # held, so that each element keeps one Python object
        self._elements: list[Any] = list(root.iter())
        self.root = root

    def attribute(self, element: _Element, name: str) -> str:
        """Take an attribute, ``""`` where there is none."""
        self._attributes.setdefault(element, set()).add(name)
        value = element.get(name)
        return "" if value is None else str(value).strip()

    def text(self, element: _Element | None) -> str:
        """Take all words in an element, its children's included; spaces joined."""
        if element is None:
            return ""
        for part in element.iter():
            self._texts.add(part)
        return " ".join("".join(str(part) for part in element.itertext()).split())

    def child_text(self, element: _Element, tag: str) -> str:
        """Take the words of a child, ``""`` where there is none."""
        return self.text(element.find(tag))

    def not_taken(self) -> list[tuple[str, int, int]]:
        """Return what holds something and was not taken: path, how often, characters."""
        counts: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        paths: dict[Any, str] = {}
        for element in self._elements:
            if not isinstance(element.tag, str):
                continue
            parent = element.getparent()
            path = element.tag if parent is None else f"{paths[parent]}/{element.tag}"
            paths[element] = path
            taken = self._attributes.get(element, set())
            for name, value in element.attrib.items():
                if str(name) not in taken and str(value).strip():
                    counts[f"{path}/@{name}"] += 1
                    sizes[f"{path}/@{name}"] += len(value)
            if element not in self._texts:
                parts = [element.text, *(child.tail for child in element)]
                size = sum(len(part.strip()) for part in parts if part)
                if size:
                    counts[path] += 1
                    sizes[path] += size
        return [(path, count, sizes[path]) for path, count in sorted(counts.items())]
