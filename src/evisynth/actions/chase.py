"""Chase the citations of included reports and put what is new into the review folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.actions.connections import (
    WORK,
    Network,
    free_folder,
    past_searches,
    publish,
    throw_away,
)
from evisynth.actions.output import locked
from evisynth.actions.progress import Progress
from evisynth.actions.search_run import LOCK
from evisynth.errors import InputError, OptionError, Problem

if TYPE_CHECKING:
    from evisynth.connectors import Chase, ChasePlan, Seed
    from evisynth.review import Review

__all__ = ["ChaseResult", "chase_review"]


@dataclass(frozen=True, slots=True)
class ChaseResult:
    """What citation chasing brought.

    Attributes
    ----------
    chase : Chase
        Records, links, counts by round.
    seeds : tuple of str
        Records that were chased.
    skipped : dict of str to str
        Records that were not, and why.
    """

    chase: Chase
    seeds: tuple[str, ...]
    skipped: dict[str, str]


def chase_review(
    folder: Path | str,
    *,
    seeds: Sequence[str] = (),
    plan: ChasePlan | None = None,
    again: bool = False,
    network: Network | None = None,
    restart: bool = False,
    progress: Progress | None = None,
) -> ChaseResult:
    """Chase citations of reports of a review, into ``searches/<date>_citations/``.

    Parameters
    ----------
    folder
        Folder of the review.
    seeds
        Records to start from; the reports of included studies if none, and without such the
        records included at full text.
    plan
        Directions, services, rounds, and when to stop.
    again
        Chase also what was chased before.
    network
        Whether services may be asked, and how.
    restart
        Throw away what an unfinished chasing left.
    progress
        Told how far it is.

    Raises
    ------
    InputError
        There is nothing to chase, a connector is switched off, or the review cannot be read.
    OptionError
        A seed is no record of the review.
    ServiceError
        A service does not answer; what came is kept.
    """
    from evisynth.connectors import ChasePlan, chase_citations
    from evisynth.review import read_review

    folder = Path(folder)
    net = network or Network()
    chosen = plan or ChasePlan()
    net.check(folder, chosen.services)
    review = read_review(folder)
    names = tuple(dict.fromkeys(seeds)) or _included(review)
    past = _past(folder)
    found, skipped = _seeds(review, names, frozenset() if again else past.seeds)
    if not found:
        why = "; ".join(f"{name}: {reason}" for name, reason in list(skipped.items())[:5])
        raise InputError(
            Problem(
                "searches/",
                "",
                f"there is no report to chase citations from{f' ({why})' if why else ''}",
                hint="Name records with --seed, or include some at full text; --again chases"
                " those that were chased before",
            )
        )
    with locked(folder / LOCK, f"{LOCK}/run.lock"), net.opened(folder) as (client, keys):
        name = _unfinished(folder, [seed.id for seed in found], chosen)
        if name and restart:
            throw_away(folder, name)
            name = ""
        name = name or free_folder(folder, f"{client.today()}_citations")
        made = chase_citations(
            found,
            folder / WORK / name,
            client=client,
            library=review.records,
            plan=chosen,
            keys=keys,
            addresses={each: net.address(each) for each in chosen.services},
            first_round=past.rounds + 1,
            id_prefix=f"{name}-",
            progress=progress,
        )
        return ChaseResult(
            replace(made, folder=publish(folder, name)),
            tuple(seed.id for seed in found),
            skipped,
        )


@dataclass(frozen=True, slots=True)
class _Past:
    """What was chased before: seeds, and the number of the last round."""

    seeds: frozenset[str]
    rounds: int


def _past(folder: Path) -> _Past:
    done = [each.run for each in past_searches(folder) if each.run["connector"] == "citations"]
    rounds = [int(each["round"]) for run in done for each in run.get("rounds", ())]
    return _Past(frozenset(str(seed) for run in done for seed in run["seeds"]),
                 max(rounds, default=0))  # fmt: skip


def _included(review: Review) -> tuple[str, ...]:
    """Return the reports of included studies, or the records included at full text."""
    reports = dict.fromkeys(ident for study in review.studies for ident in study.reports)
    known = {record.id for record in review.records}
    held = tuple(ident for ident in reports if ident in known)
    return held or tuple(
        state.record
        for (_, stage), state in sorted(review.states.items())
        if stage == "full_text" and state.status == "included"
    )


def _seeds(
    review: Review, names: Sequence[str], done: frozenset[str]
) -> tuple[list[Seed], dict[str, str]]:
    from evisynth.connectors import Seed

    records = {record.id: record for record in review.records}
    found: list[Seed] = []
    skipped: dict[str, str] = {}
    for name in names:
        if name not in records:
            raise OptionError("seed", name, sorted(records)[:20] or ("none",))
        record = records[name]
        if name in done:
            skipped[name] = "was chased before"
        elif not (record.doi or record.pmid or record.database == "OpenAlex"):
            skipped[name] = "has neither a DOI nor a PubMed id"
        else:
            found.append(Seed(name, record))
    return found, skipped


def _unfinished(folder: Path, seeds: list[str], plan: ChasePlan) -> str:
    """Return the name of an unfinished chasing of the same seeds, ``""`` if there is none."""
    for path in sorted((folder / WORK).glob("*/raw/pages.jsonl")):
        try:
            run = json.loads(path.read_text(encoding="utf-8").split("\n", 1)[0])["run"]
            same = (
                run["connector"] == "citations"
                and run["seeds"] == seeds
                and run["directions"] == list(plan.directions)
                and run["services"] == list(plan.services)
            )
        except (ValueError, KeyError, TypeError):
            continue
        if same:
            return path.parts[-3]
    return ""
