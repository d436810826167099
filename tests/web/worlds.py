"""Reviews that differ in nothing but what one reviewer did."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.unit.actions_team.small_pdf import small_pdf

from evisynth.actions import open_store, team
from evisynth.actions.team import assessment, extraction, forms
from evisynth.actions.thaw import thaw_review
from evisynth.extraction import ValueEntry
from evisynth.storage import Store

__all__ = ["NOTE", "PEOPLE", "RECORDS", "SHA256", "TOKEN", "make_folder", "make_world"]

REPORT = small_pdf([["The report behind r01"], ["Its second page"]])
SHA256 = hashlib.sha256(REPORT).hexdigest()
NOTE = "note-of-ann"
UPLOAD = "upload-of-ann"
TOKEN = hashlib.sha256(f"ann\0{UPLOAD}".encode()).hexdigest()[:32]
"""The file of a report, a note on a page of it, and an upload that waits for a choice."""

RECORDS = tuple(f"r{number:02d}" for number in range(1, 15))

PEOPLE = {
    "ada": ("owner", "lead"),
    "ann": ("reviewer", "extractor", "assessor"),
    "ben": ("reviewer", "extractor", "assessor"),
    "cleo": ("reviewer",),
    "dora": ("adjudicator",),
    "eve": ("extractor", "assessor"),
    "finn": ("statistician",),
    "gus": ("librarian",),
    "hal": ("observer",),
    "ida": ("auditor",),
}

PLAN = """
[review]
id = "worlds"
title = "Two worlds"
date = "2026-01-01"
kind = "demonstration"
statement = "Made up."

[question]
text = "Does walking improve sleep?"
population = "Adults"
intervention = "Walking"
comparator = "None"
outcomes = "Sleep"

[criteria]
include = ["Randomized trial", "Walking"]
exclude = ["Animals"]
{people}
[stages.title_abstract]
{title_abstract}
[stages.title_abstract.reasons]
design = "Not randomized"
animals = "Animals"

[stages.full_text]
{full_text}
[stages.full_text.reasons]
numbers = "No numbers"
control = "No control"

[fields.country]
label = "Country"

[[outcomes]]
id = "sleep"
label = "Sleep"
type = "continuous"
lower_is_better = true
"""

WORDS = ("sleep", "walking", "trial", "mice", "insomnia", "group", "adults", "design", "evening")


def make_folder(folder: Path, *, title_abstract: str = "", full_text: str = "") -> Path:
    """Write the folder of a review with fourteen records and ten people."""
    people = "".join(
        f'\n[[people]]\nid = "{who}"\nname = "{who.title()} Name"\nroles = {list(roles)!r}\n'
        for who, roles in PEOPLE.items()
    ).replace("'", '"')
    search = folder / "searches" / "pubmed"
    search.mkdir(parents=True)
    (folder / "review.toml").write_text(
        PLAN.format(people=people, title_abstract=title_abstract, full_text=full_text),
        encoding="utf-8",
    )
    (search / "search.toml").write_text(
        'name = "PubMed"\nkind = "database"\nsearched = true\ndate = "2026-01-02"\nfound = 14\n',
        encoding="utf-8",
    )
    (search / "query.txt").write_text("walking AND sleep\n", encoding="utf-8")
    entries = [
        f"TY  - JOUR\nID  - {record}\nAU  - Author{number}, A\nTI  - Title {record}"
        f" {WORDS[number % 9]} {WORDS[number * 4 % 9]}\n"
        f"AB  - Abstract on {WORDS[number * 2 % 9]} and {WORDS[number * 5 % 9]} of {record}.\n"
        f"PY  - {2000 + number}\nJO  - Journal\nER  - \n"
        for number, record in enumerate(RECORDS)
    ]
    (search / "export.ris").write_text("\n".join(entries), encoding="utf-8")
    (folder / "studies").mkdir()
    (folder / "studies" / "studies.csv").write_text(
        "study_id,record_ids,main_report\nS1,r01,r01\nS2,r02,r02\n", encoding="utf-8"
    )
    return folder


def desk(store: Store, folder: Path, who: str) -> team.Desk:
    people = team.board_of(store, folder).plan.people
    return team.Desk(store, folder, next(made for made in people if made.id == who))


def make_world(folder: Path, secret: str, *, votes: int) -> Path:
    """Fill a review: what all know is the same, what Ben did on open records is ``secret``.

    Parameters
    ----------
    folder
        Of `make_folder`.
    secret
        ``"plain"``: includes everything at once. ``"busy"``: excludes for reasons, with notes and
        tags, after several changes. ``"mirror"``: as busy, with other contents.
    votes
        Decisions that a record needs; with three Ann has decided on the same records as Ben.
    """
    store = open_store(folder / ".evisynth" / "review.db")
    thaw_review(folder)
    desks = {who: desk(store, folder, who) for who in PEOPLE}
    everybody = ("ann", "ben", "cleo")[:votes] if votes > 1 else ("ann",)
    for record in ("r01", "r02"):
        for who in everybody:
            team.decide(desks[who], "title_abstract", record, "include")
    for who in everybody:
        verdict = "include" if who == "ann" else "exclude"
        team.decide(desks[who], "title_abstract", "r03", verdict)
    team.decide(desks["ann"], "title_abstract", "r11", "exclude", reason="animals", tags=["mine"])
    if votes > 2:
        for record in ("r05", "r06", "r07"):
            team.decide(desks["ann"], "title_abstract", record, "maybe", note="ann's note")
    team.take_files(desks["ann"], [("report.pdf", [REPORT])], record="r01")
    unsure = small_pdf([["Another report"]])
    team.take_files(desks["ann"], [("unsure.pdf", [unsure])], request_id=UPLOAD)
    team.add_page_note(desks["ann"], "r01", "ann's note", page=2, request_id=NOTE)
    forms.make_form(desks["ada"], "means", "data")
    _values(desks["ann"], "S1", "10", "Y")
    _secret(store, desks["ben"], secret)
    store.close()
    return folder


def _values(who: team.Desk, study: str, number: str, answer: str, quote: str = "") -> None:
    """Extract a few values and answer a few questions."""
    for cell in ("n1", "mean1", "sd1"):
        entry = ValueEntry(number, report="r01", page="3", quote=quote)
        extraction.save_value(who, "data", study, "sleep", cell, entry, version=None)
    for question in ("1.1", "1.2", "1.3"):
        assessment.save_answer(
            who, study, "sleep", question, answer, found_at={"quote": quote}, version=None
        )


def _secret(store: Store, ben: team.Desk, secret: str) -> None:
    """Do what only Ben may know: on records that lack a decision."""
    hidden = [("title_abstract", f"r{number:02d}") for number in range(5, 11)]
    hidden += [("full_text", "r01"), ("full_text", "r02")]
    for number, (stage, record) in enumerate(hidden):
        if secret == "plain":
            team.decide(ben, stage, record, "include")
            continue
        one = secret == "busy"
        reason = {"title_abstract": ("design", "animals"), "full_text": ("numbers", "control")}
        first, last = reason[stage] if one else reason[stage][::-1]
        team.decide(ben, stage, record, "include" if one else "maybe", note=f"SECRET {secret}")
        team.decide(ben, stage, record, "exclude", reason=first, tags=[f"SECRET{secret}"])
        if number % 2:
            team.withdraw(ben, stage, record)
        verdict = "exclude" if one or number % 3 else "include"
        team.decide(
            ben, stage, record, verdict, reason=last if verdict == "exclude" else "",
            note=f"SECRET {secret} {number}", tags=[f"SECRET{secret}{number}"],
        )  # fmt: skip
    # Ben is as far with the data in all worlds, and has found something else
    if secret == "plain":
        _values(ben, "S1", "11", "Y")
        _values(ben, "S2", "11", "Y")
        return
    for text in ("7", "12"):
        _values(ben, "S1", text, "N", f"SECRET {secret}")
        _values(ben, "S2", text, "NI", f"SECRET {secret}")
    if secret == "mirror":
        _values(ben, "S1", "13", "PN", "SECRET again")
    else:
        _values(ben, "S1", "14", "PY", "SECRET again")
    assessment.save_judgement(
        ben, "S1", "sleep", "D3", "high" if secret == "busy" else "low", f"SECRET {secret}",
        version=None,
    )  # fmt: skip
    team.set_words(ben, [f"SECRET{secret}"], ["sleep"])
    store.put(
        "note", ("r05", "ben", "n1"),
        {"text": f"SECRET {secret}", "stage": "title_abstract", "date": "2026-01-03"},
        actor="ben", act="note",
    )  # fmt: skip
    store.put(
        "note", ("r01", "ben", "n2"),
        {"text": f"SECRET {secret}", "stage": "full_text", "page": "2", "quote": f"SECRET {secret}",
         "date": "2026-01-03"},
        actor="ben", act="note",
    )  # fmt: skip
