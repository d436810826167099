"""Analyses looked at before they are planned: the numbers of a run, and the plan kept as it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evisynth.actions import open_store, team
from evisynth.actions.freeze import freeze_review
from evisynth.actions.run import compute
from evisynth.actions.thaw import thaw_review
from evisynth.errors import InputError, OptionError, PermissionDeniedError
from evisynth.extraction import ValueEntry
from evisynth.reporting import analysis_to_dict
from evisynth.review import Review
from evisynth.storage import VersionConflict

PEOPLE = """
[[people]]
id = "finn"
name = "Finn"
roles = ["statistician"]
[[people]]
id = "ben"
name = "Ben"
roles = ["reviewer", "extractor"]
"""

Desks = dict[str, team.Desk]


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, copy_example: Callable[[str, Path], Path]
) -> Path:
    folder = copy_example("digital-interventions-cancer", tmp_path_factory.mktemp("a") / "review")
    plan = folder / "review.toml"
    text = plan.read_text(encoding="utf-8")
    at = text.index("[stages.title_abstract]")
    plan.write_text(f"{text[:at].rstrip()}\n{PEOPLE}\n{text[at:]}", encoding="utf-8")
    open_store(folder / ".evisynth" / "review.db").close()
    thaw_review(folder)
    return folder


@pytest.fixture
def desks(whole: Path, tmp_path: Path) -> Desks:
    folder = tmp_path / "review"
    shutil.copytree(whole, folder)
    store = open_store(folder / ".evisynth" / "review.db")
    people = team.board_of(store, folder).plan.people
    return {made.id: team.Desk(store, folder, made) for made in people}


def plan_text(desk: team.Desk) -> str:
    return str(desk.board.values("plan")["review.toml",]["text"])


def test_a_preview_has_the_numbers_of_a_run(desks: Desks) -> None:
    finn = desks["finn"]
    new = {
        "title": "Anxiety, equal effects", "outcome": "anxiety", "formats": ["end score"],
        "model": "equal", "ci": "z", "subgroups": ["continent"], "role": "sensitivity",
        "sensitivity_of": "anxiety",
    }  # fmt: skip
    shown = {
        made.id: team.preview_analysis(finn, ident=made.id) for made in team.planned_analyses(finn)
    }
    seen = team.preview_analysis(finn, new)
    name = team.save_analysis(finn, new, version=team.analysis_version(finn), request_id="new")
    assert name == seen.id == "anxiety-equal-effects"
    freeze_review(finn.folder)
    by_id = {made.plan.id: made for made in compute(Review.read(finn.folder))}
    assert by_id.keys() == {*shown, name}
    for ident, preview in {**shown, name: seen}.items():
        assert preview.result is not None
        assert analysis_to_dict(preview.result) == analysis_to_dict(by_id[ident])


def test_what_is_saved_keeps_comments_and_says_no_more_than_it_must(desks: Desks) -> None:
    finn = desks["finn"]
    before = plan_text(finn)
    version = team.analysis_version(finn)
    team.save_analysis(finn, {"tau2": "DL"}, ident="anxiety", version=version, reason="protocol")
    after = plan_text(finn)
    new = [line for line in after.splitlines() if line not in before.splitlines()]
    assert new == ['tau2 = "DL"']
    assert "# end scores and changes do not standardize alike" in after
    entry = finn.store.history("plan", newest_first=True, limit=1)[0]
    assert (entry.actor, entry.act, entry.reason) == ("finn", "change an analysis", "protocol")
    # back to the default: the line goes
    team.save_analysis(finn, {"tau2": "REML"}, ident="anxiety", version=team.analysis_version(finn))
    assert plan_text(finn) == before


def test_a_new_analysis_is_added_once_and_taken_out_with_a_reason(desks: Desks) -> None:
    finn = desks["finn"]
    before, version = plan_text(finn), team.analysis_version(finn)
    choice = {"title": "Depression, DL", "outcome": "depression", "tau2": "DL",
              "formats": ["end score"]}  # fmt: skip
    for _ in range(2):
        name = team.save_analysis(finn, choice, version=version, request_id="add")
        assert name == "depression-dl"
    assert [made.id for made in team.planned_analyses(finn)].count(name) == 1
    made = team.planned_analyses(finn)[-1]
    assert (made.values["tau2"], made.values["measure"]) == ("DL", "SMD")
    with pytest.raises(team.RefusedError, match="say why"):
        team.remove_analysis(finn, name, version=team.analysis_version(finn))
    with pytest.raises(team.RefusedError, match="belong to it"):
        team.remove_analysis(finn, "anxiety", version=team.analysis_version(finn), reason="x")
    team.remove_analysis(finn, name, version=team.analysis_version(finn), reason="not needed")
    assert name not in [made.id for made in team.planned_analyses(finn)]
    assert plan_text(finn).strip() == before.strip()
    with pytest.raises(team.NotThereError):
        team.remove_analysis(finn, name, version=team.analysis_version(finn), reason="again")


def test_two_people_who_change_one_analysis(desks: Desks) -> None:
    finn, lead = desks["finn"], desks["r1"]
    seen = team.analysis_version(finn)
    team.save_analysis(lead, {"tau2": "PM"}, ident="anxiety", version=seen)
    # another key: both stand
    team.save_analysis(finn, {"ci": "t"}, ident="anxiety", version=seen)
    values = {made.id: made.values for made in team.planned_analyses(finn)}["anxiety"]
    assert (values["tau2"], values["ci"]) == ("PM", "t")
    with pytest.raises(VersionConflict) as told:
        team.save_analysis(finn, {"tau2": "DL"}, ident="anxiety", version=seen)
    made = told.value.conflicts[0]
    assert ((made.base or {})["tau2"], (made.theirs or {})["tau2"]) == ("REML", "PM")
    team.save_analysis(finn, {"tau2": "DL"}, ident="anxiety", version=team.analysis_version(finn))
    assert 'tau2 = "DL"' in plan_text(finn)


def test_what_cannot_be_computed_is_said_and_not_saved(desks: Desks) -> None:
    finn = desks["finn"]
    head = finn.store.head()
    for choice, words in (
        ({"outcome": "anxiety", "formats": ["end score", "change score"]}, "Cochrane Handbook"),
        ({"outcome": "anxiety", "measure": "OR", "formats": ["end score"]}, "cannot be computed"),
        ({"outcome": "anxiety", "measure": "NONE"}, "NONE"),
        ({"outcome": "pain"}, "pain"),
        ({"outcome": "anxiety", "formats": ["end score"], "tau2": "XX"}, "XX"),
        ({"outcome": "anxiety", "formats": ["end score"], "subgroups": ["year"]}, "year"),
        ({"outcome": "anxiety", "formats": ["end score"], "meta_regression": ["dose"]}, "dose"),
    ):
        preview = team.preview_analysis(finn, {"title": "New", **choice})
        assert preview.result is None
        assert any(words in problem for problem in preview.problems), preview.problems
        assert not any("review.toml" in problem for problem in preview.problems)
        with pytest.raises(InputError):
            team.save_analysis(
                finn, {"title": "New", **choice}, version=team.analysis_version(finn)
            )
    with pytest.raises(team.NotThereError):
        team.preview_analysis(finn, ident="none")
    with pytest.raises(OptionError):
        team.preview_analysis(finn, {"id": "x"})
    with pytest.raises(team.RefusedError, match="level"):
        team.preview_analysis(finn, {"level": "much"}, ident="anxiety")
    assert finn.store.head() == head


def test_only_agreed_data_go_in_and_only_statisticians_look(desks: Desks) -> None:
    finn, ben = desks["finn"], desks["ben"]
    before = team.preview_analysis(finn, ident="anxiety").result
    assert before is not None
    team.adopt_table(desks["r1"], team.tables_of_folder(desks["r1"])[0].file)
    form = team.forms_of(finn.board)[0]
    study = before.fit.effects.labels[0]
    for cell in form.cells[:4]:
        try:
            team.save_value(
                ben, form.id, study, "anxiety", cell.name, ValueEntry("1"), version=None
            )
        except (team.RefusedError, InputError):
            continue
    after = team.preview_analysis(finn, ident="anxiety").result
    assert after is not None
    assert analysis_to_dict(after) == analysis_to_dict(before)
    for act in (
        lambda: team.preview_analysis(ben, ident="anxiety"),
        lambda: team.planned_analyses(ben),
        lambda: team.analysis_options(ben),
        lambda: team.analysis_figure(ben, {}, ident="anxiety", figure="x"),
        lambda: team.save_analysis(ben, {"tau2": "DL"}, ident="anxiety", version=1),
        lambda: team.remove_analysis(ben, "anxiety", version=1, reason="x"),
    ):
        with pytest.raises(PermissionDeniedError):
            act()


def test_figures_are_drawn_and_kept_apart(desks: Desks) -> None:
    finn = desks["finn"]
    preview = team.preview_analysis(finn, ident="anxiety")
    names = [made.id for made in preview.figures]
    assert any("forest" in name for name in names)
    assert any("funnel" in name for name in names)
    drawn = team.analysis_figure(finn, {}, ident="anxiety", figure=names[0])
    assert drawn.startswith(b"<?xml")
    assert team.analysis_figure(finn, {}, ident="anxiety", figure=names[0]) == drawn
    with pytest.raises(team.NotThereError):
        team.analysis_figure(finn, {}, ident="anxiety", figure="none")
    with pytest.raises(team.NotThereError):
        team.analysis_figure(finn, {}, ident="anxiety", figure=names[0], page=9)


def test_several_time_points_are_chosen_from(desks: Desks) -> None:
    finn = desks["finn"]
    path = ("extraction/end_scores.csv",)
    text = str(finn.board.values("text")[path]["text"])
    line = next(each for each in text.splitlines() if each.startswith("Zhu 2018,anxiety"))
    later = line.replace("12 weeks (end of intervention)", "6 months").replace("9.93", "8.00")
    assert later != line
    finn.store.put("text", path, {"text": f"{text}{later}\n"}, actor="r1", act="agree")
    preview = team.preview_analysis(finn, ident="anxiety")
    assert preview.result is None
    assert "several time points" in preview.problems[0]
    times = team.analysis_options(finn).timepoints
    assert "6 months" in times
    first = {"timepoints": ("6 months", *(name for name in times if name != "6 months"))}
    last = {"timepoints": (*(name for name in times if name != "6 months"), "6 months")}
    changed = team.preview_analysis(finn, first, ident="anxiety").result
    before = team.preview_analysis(finn, last, ident="anxiety").result
    assert changed is not None
    assert before is not None
    assert changed.fit.k == before.fit.k == 10
    assert changed.fit.estimate < before.fit.estimate
    team.save_analysis(finn, first, ident="anxiety", version=team.analysis_version(finn))
    assert team.preview_analysis(finn, ident="anxiety").result is not None
    nothing = team.preview_analysis(finn, {"timepoints": ["9 years"]}, ident="anxiety")
    assert "9 years" in nothing.problems[0]
