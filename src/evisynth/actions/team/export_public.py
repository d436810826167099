"""A copy of a review for the public: pseudonyms, nothing private, nothing of others' rights."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Mapping

from evisynth.actions.team.desk import Desk
from evisynth.actions.team.export_lists import lines_of, record_of, safe_cell
from evisynth.records import Record, format_records
from evisynth.review import KINDS, PLAN_FILE, ItemKey, Value, folder_texts, pseudonyms

__all__ = ["Values", "public_texts"]

Values = dict[tuple[str, ItemKey], Value]

PUBLIC_SEARCH = ("search.toml", "query.txt")
"""Files of a search that go into a public copy; exports of databases may not be passed on."""

PRIVATE = frozenset({"tag", "note", "member", "attachment", "setting", "lease", "file"})
"""Kinds that are not in a public copy."""

NAMED = frozenset({"person", "by", "made_by", "agreed_by", "present", "assessor"})
"""Columns that name people."""


def _idents(desk: Desk) -> dict[str, str]:
    """Return what stands for each person, by id and by name."""
    people = desk.board.plan.people
    names = pseudonyms(people)
    made = {who: re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-._") or f"P{number}"
            for number, (who, name) in enumerate(names.items(), 1)}  # fmt: skip
    return {**{each.name: made[each.id] for each in people}, **made}


def public_texts(desk: Desk, seen: Values) -> dict[str, bytes]:
    """Return the files of a public copy by their path.

    Parameters
    ----------
    desk
        Who takes it out.
    seen
        The items that this person may see.
    """
    names = _idents(desk)
    values: Values = {}
    for number, ((kind, key), value) in enumerate(sorted(seen.items()), 1):
        if kind in PRIVATE or kind in ("plan", "text"):
            continue
        values[kind, _masked_key(kind, key, names, number)] = _masked(kind, value, names)
    texts = {name: _safe_csv(data) if name.endswith(".csv") else data
             for name, data in folder_texts(values).items()}  # fmt: skip
    for (kind, key), value in seen.items():
        if kind == "text" and _is_public(key[0]):
            text = str(value.get("text", ""))
            text = _named_cells(text, names) if key[0].endswith(".csv") else text
            texts[key[0]] = (_public_search(text) if key[0].endswith("search.toml") else text
                             ).encode("utf-8")  # fmt: skip
    plan = str(seen.get(("plan", (PLAN_FILE,)), {}).get("text", ""))
    texts[PLAN_FILE] = _public_plan(plan, names).encode("utf-8")
    said = {name: _unnamed(desk, data, names) for name, data in texts.items()}
    # authors of records stay, also where they are of the team
    return said | _public_records(desk)


def _unnamed(desk: Desk, data: bytes, names: Mapping[str, str]) -> bytes:
    """Take the names and addresses of the people out of a text, and their ids out of a table."""
    text = data.decode("utf-8")
    for person in sorted(desk.board.plan.people, key=lambda made: -len(made.name)):
        if " " in person.name:
            text = text.replace(person.name, names[person.id])
        for private in (person.email, person.orcid):
            if private:
                text = text.replace(private, "")
    return text.encode("utf-8")


def _named_cells(text: str, names: Mapping[str, str]) -> str:
    """Replace people in the columns of a table that name them."""
    rows = list(csv.reader(io.StringIO(text)))
    if not rows:
        return text
    places = [at for at, name in enumerate(rows[0]) if name in NAMED]
    for row in rows[1:]:
        for at in places:
            if at < len(row):
                row[at] = _replaced(row[at], names)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _is_public(path: str) -> bool:
    parts = path.split("/")
    if parts[0] == "searches":
        return parts[-1] in PUBLIC_SEARCH
    return parts[0] not in ("fulltext", "audit", "notes")


def _replaced(text: str, names: Mapping[str, str]) -> str:
    parts = [part.strip() for part in text.split(";")]
    return ";".join(names.get(part, part) for part in parts)


def _masked_key(kind: str, key: ItemKey, names: Mapping[str, str], number: int) -> ItemKey:
    parts = KINDS[kind].key
    if kind in ("unblinding", "stopping"):  # their ids hold the person's
        return (*key[:-1], f"{number}")
    return tuple(
        names.get(text, text) if part.name in NAMED else text
        for part, text in zip(parts, key, strict=True)
    )


def _masked(kind: str, value: Value, names: Mapping[str, str]) -> Value:
    kept = {name: cell for name, cell in value.items() if not (kind == "vote" and name == "note")}
    return {name: _replaced(cell, names) if name in NAMED and isinstance(cell, str) else cell
            for name, cell in kept.items()}  # fmt: skip


def _safe_csv(data: bytes) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in csv.reader(io.StringIO(data.decode("utf-8"))):
        writer.writerow([safe_cell(cell) for cell in row])
    return out.getvalue().encode("utf-8")


def _public_plan(text: str, names: Mapping[str, str]) -> str:
    import tomlkit

    data = tomllib.loads(text)
    people = []
    for made in data.get("people", ()):
        name = names.get(str(made.get("id", "")), "P")
        keep = {part: made[part] for part in ("roles", "left", "decisions_count") if part in made}
        people.append({"id": name, "name": name, **keep})
    if people:
        data["people"] = people
    for stage in data.get("stages", {}).values():
        for part in ("reviewers", "adjudicators"):
            if part in stage:
                stage[part] = [names.get(who, who) for who in stage[part]]
    data.pop("connectors", None)
    return tomlkit.dumps(data)


def _public_search(text: str) -> str:
    import tomlkit

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return text
    for part in ("columns", "encoding", "id_prefix"):  # of the export, which is another one here
        data.pop(part, None)
    return tomlkit.dumps(data)


def _public_records(desk: Desk) -> dict[str, bytes]:
    """Return the records of each search, without their abstracts."""
    by_source: dict[str, list[Record]] = {}
    for line in lines_of(desk, desk.board.records):
        by_source.setdefault(line.source, []).append(record_of(line, abstract=False))
    return {
        f"searches/{source}/export.ris": format_records(records).encode("utf-8")
        for source, records in sorted(by_source.items())
        if source
    }
