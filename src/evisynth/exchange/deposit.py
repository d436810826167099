"""A review as a deposit: its files with RO-Crate, Frictionless and Zenodo metadata beside them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evisynth import __version__
from evisynth.exchange.exported import Exported

if TYPE_CHECKING:
    from evisynth.review import Person, Review

__all__ = ["deposit_files", "table_fields"]

SKIPPED = (".evisynth", "export")
"""Folders that are no part of a deposit: the working database, and other exports."""

TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".toml": "application/toml",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".ris": "application/x-research-info-systems",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".xml": "application/xml",
    ".bib": "text/x-bibtex",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

LICENCES = {
    "CC BY 4.0": ("cc-by-4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "CC BY-SA 4.0": ("cc-by-sa-4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
    "CC BY-NC 4.0": ("cc-by-nc-4.0", "https://creativecommons.org/licenses/by-nc/4.0/"),
    "CC0 1.0": ("cc-zero", "https://creativecommons.org/publicdomain/zero/1.0/"),
}
"""Licences by their names in the plan: name at Zenodo, and address."""

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def _kept(folder: Path) -> dict[str, Path]:
    """Return the files of a deposit: all but the database, hidden files and full texts."""
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if not path.is_file() or parts[0] in SKIPPED or any(p.startswith(".") for p in parts):
            continue
        if parts[0] == "fulltext" and path.suffix == ".pdf":
            continue
        found["/".join(parts)] = path
    return found


def deposit_files(review: Review) -> Exported:
    """Collect the files of a review with metadata that archives read.

    Parameters
    ----------
    review
        The review, as read from its folder.

    Returns
    -------
    Exported
        ``files``: ``ro-crate-metadata.json`` (RO-Crate 1.1), ``datapackage.json`` (Frictionless),
        ``.zenodo.json``; ``copies``: every file of the folder but the working database and full
        texts.
    """
    copies = _kept(review.folder)
    facts = {name: _facts(path) for name, path in copies.items()}
    made: dict[str, Any] = {
        "ro-crate-metadata.json": _crate(review, facts),
        "datapackage.json": _package(review, copies, facts),
        ".zenodo.json": _zenodo(review),
    }
    lost = ["full texts of reports, which are under others' copyright", "the working database"]
    if any(person.email or not person.pseudonym for person in review.people):
        lost.append(
            "anonymity: review.toml and the decisions name people; see to it before it is public"
        )
    if review.licence not in LICENCES:
        lost.append(f"the licence {review.licence!r} by an address: only its words are written")
    texts = {
        name: json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        for name, content in made.items()
    }
    return Exported(texts, tuple(lost), copies)


def _facts(path: Path) -> tuple[int, str]:
    data = path.read_bytes()
    return len(data), hashlib.sha256(data).hexdigest()


def _type(name: str) -> str:
    return TYPES.get(Path(name).suffix.casefold(), "application/octet-stream")


def _words(review: Review) -> str:
    kind = (
        "Systematic review" if review.kind == "review" else "Demonstration of a systematic review"
    )
    return (
        f"{kind}: plan, searches, decisions, studies, outcome data, risk of bias, results and "
        f"history, as text. {review.statement}"
    ).strip()


def _person_id(person: Person) -> str:
    orcid = person.orcid.removeprefix("https://orcid.org/")
    return f"https://orcid.org/{orcid}" if orcid else f"#person-{person.id}"


def _crate(review: Review, facts: Mapping[str, tuple[int, str]]) -> dict[str, Any]:
    """Return RO-Crate metadata: the folder, its files, people, the program and what it made."""
    inputs = [name for name in facts if not name.startswith("out/")]
    built = [name for name in facts if name.startswith("out/")]
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": review.title,
        "description": _words(review),
        "version": review.version,
        "author": [{"@id": _person_id(person)} for person in review.people],
        "hasPart": [{"@id": name} for name in facts],
        "mentions": [{"@id": "#analysis"}],
    }
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", review.date):
        root["datePublished"] = review.date
    graph: list[dict[str, Any]] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        root,
    ]
    if review.licence in LICENCES:
        address = LICENCES[review.licence][1]
        root["license"] = {"@id": address}
        graph.append({"@id": address, "@type": "CreativeWork", "name": review.licence})
    else:
        root["license"] = review.licence
    graph += [
        {
            "@id": name,
            "@type": "File",
            "name": Path(name).name,
            "encodingFormat": _type(name),
            "contentSize": str(size),
            "sha256": digest,
        }
        for name, (size, digest) in facts.items()
    ]
    for person in review.people:
        entity = {"@id": _person_id(person), "@type": "Person", "name": person.name}
        if person.affiliation:
            entity["affiliation"] = person.affiliation
        graph.append(entity)
    graph += [
        {
            "@id": "#evisynth",
            "@type": "SoftwareApplication",
            "name": "Evisynth",
            "version": __version__,
        },
        {
            "@id": "#analysis",
            "@type": "CreateAction",
            "name": "evisynth run",
            "instrument": {"@id": "#evisynth"},
            "object": [{"@id": name} for name in inputs],
            "result": [{"@id": name} for name in built],
        },
    ]
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


def table_fields(text: str) -> list[dict[str, str]]:
    r"""Return name and type (``integer``, ``number``, ``string``) of the columns of a CSV.

    Examples
    --------
    >>> table_fields("study,n,mean\nAmes 2001,12,1.5\nBell 2002,,2\n")[1:]
    [{'name': 'n', 'type': 'integer'}, {'name': 'mean', 'type': 'number'}]
    """
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    if not rows:
        return []
    fields = []
    for place, name in enumerate(rows[0]):
        cells = [row[place] for row in rows[1:] if len(row) > place and row[place] != ""]
        kind = "string"
        if cells and all(_INTEGER.fullmatch(cell) for cell in cells):
            kind = "integer"
        elif cells and all(_NUMBER.fullmatch(cell) for cell in cells):
            kind = "number"
        fields.append({"name": name, "type": kind})
    return fields


def _package(
    review: Review, copies: Mapping[str, Path], facts: Mapping[str, tuple[int, str]]
) -> dict[str, Any]:
    """Return a Frictionless data package of the tables."""
    resources = []
    for name, path in copies.items():
        if path.suffix.casefold() != ".csv":
            continue
        size, digest = facts[name]
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        resources.append(
            {
                "name": re.sub(r"[^a-z0-9._-]+", "-", name.casefold().replace("/", "--")),
                "path": name,
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": size,
                "hash": f"sha256:{digest}",
                "schema": {"fields": table_fields(text), "missingValues": [""]},
            }
        )
    licence = LICENCES.get(review.licence)
    return {
        "profile": "data-package",
        "name": re.sub(r"[^a-z0-9._-]+", "-", review.id.casefold()) or "review",
        "title": review.title,
        "description": _words(review),
        "version": review.version,
        "licenses": [
            {"title": review.licence, **({"path": licence[1]} if licence else {})},
        ],
        "contributors": [
            {"title": person.name, "role": "author", "organization": person.affiliation}
            for person in review.people
        ],
        "resources": resources,
    }


def _zenodo(review: Review) -> dict[str, Any]:
    """Return the metadata that Zenodo reads from a deposit."""
    creators = []
    for person in review.people:
        creator = {"name": person.name}
        if person.affiliation:
            creator["affiliation"] = person.affiliation
        if person.orcid:
            creator["orcid"] = person.orcid.removeprefix("https://orcid.org/")
        creators.append(creator)
    found: dict[str, Any] = {
        "title": review.title,
        "upload_type": "dataset",
        "description": _words(review),
        "creators": creators,
        "version": review.version,
        "keywords": ["systematic review", "meta-analysis"],
    }
    if review.licence in LICENCES:
        found["license"] = LICENCES[review.licence][0]
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", review.date):
        found["publication_date"] = review.date
    return found
