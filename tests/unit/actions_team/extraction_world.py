"""A small review with studies and outcomes, for the tests of extraction and risk of bias."""

from __future__ import annotations

from pathlib import Path

from evisynth.actions import open_store, team
from evisynth.actions.thaw import thaw_review

PEOPLE = {
    "lia": ("lead",),
    "ann": ("extractor", "assessor"),
    "ben": ("extractor", "assessor"),
    "cyd": ("extractor", "assessor"),
    "ada": ("adjudicator",),
    "obs": ("observer",),
    "rev": ("reviewer",),
}

PLAN = """
[review]
id = "made-up"
title = "Walking and sleep"
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
include = ["Randomized trial"]
exclude = ["Animals"]
{people}
[stages.title_abstract]
votes_needed = 1
[stages.title_abstract.reasons]
design = "Not randomized"

[stages.full_text]
votes_needed = 1
[stages.full_text.reasons]
numbers = "No numbers"

[[outcomes]]
id = "sleep"
label = "Sleep"
type = "continuous"
lower_is_better = true

[[outcomes]]
id = "deaths"
label = "Deaths"
type = "dichotomous"
lower_is_better = true
"""


def make_review(folder: Path, plan: str = "") -> Path:
    """Write the folder: two studies, three reports, two outcomes."""
    people = "".join(
        f'\n[[people]]\nid = "{who}"\nname = "{who.title()} Name"\nroles = {list(roles)!r}\n'
        for who, roles in PEOPLE.items()
    ).replace("'", '"')
    search = folder / "searches" / "pubmed"
    search.mkdir(parents=True)
    (folder / "review.toml").write_text(PLAN.format(people=people) + plan, encoding="utf-8")
    (search / "search.toml").write_text(
        'name = "PubMed"\nkind = "database"\nsearched = true\ndate = "2026-01-02"\nfound = 3\n',
        encoding="utf-8",
    )
    (search / "query.txt").write_text("walking AND sleep\n", encoding="utf-8")
    entries = [
        f"TY  - JOUR\nID  - r{number}\nAU  - Kim, A\nTI  - Walking for sleep {number}\n"
        f"AB  - A trial.\nPY  - 20{number}0\nJO  - Sleep\nER  - \n"
        for number in (1, 2, 3)
    ]
    (search / "export.ris").write_text("\n".join(entries), encoding="utf-8")
    (folder / "studies").mkdir()
    (folder / "studies" / "studies.csv").write_text(
        "study_id,record_ids,main_report\nKim 2018,r1;r2,r1\nLee 2020,r3,r3\n", encoding="utf-8"
    )
    (folder / "decisions").mkdir()
    votes = (
        "record_id,reviewer,decision,reason\nr1,rev,include,\nr2,rev,include,\nr3,rev,include,\n"
    )
    for stage in ("title_abstract", "full_text"):
        (folder / "decisions" / f"{stage}.csv").write_text(votes, encoding="utf-8")
    return folder


def open_world(folder: Path, plan: str = "") -> dict[str, team.Desk]:
    """Make the review, read it into a database, and return each person's desk."""
    make_review(folder, plan)
    thaw_review(folder)
    store = open_store(folder)
    people = team.board_of(store, folder).plan.people
    return {made.id: team.Desk(store, folder, made) for made in people}
