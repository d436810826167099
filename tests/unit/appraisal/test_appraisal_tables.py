"""Every admissible combination of answers, against a second formulation of the decision rules."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from evisynth.appraisal import INSTRUMENTS, JUDGED, Domain, Instrument, applicable, propose, worst

ASSIGNMENT = INSTRUMENTS["rob2-parallel-assignment"]
ADHERING = INSTRUMENTS["rob2-parallel-adhering"]
CLUSTER = INSTRUMENTS["rob2-cluster"]

# Admissible combinations of the five answers (NA too where it is an answer).
COUNTS = {
    (ASSIGNMENT.id, "D1"): 125,
    (ASSIGNMENT.id, "D2"): 13_277,
    (ADHERING.id, "D2"): 20_988,
    (ASSIGNMENT.id, "D3"): 110,
    (ASSIGNMENT.id, "D4"): 493,
    (ASSIGNMENT.id, "D5"): 125,
}

Answers = dict[str, str]


def yes(answer: str) -> bool:
    return answer in ("Y", "PY")


def no(answer: str) -> bool:
    return answer in ("N", "PN")


# The rules once more, as plain branches; nothing of the engine, its gates or tables is used here.


def d1(a: Answers, p: str = "1") -> str:
    first, hidden, imbalance = a[f"{p}.1"], a[f"{p}.2"], a[f"{p}.3"]
    if no(hidden):
        return "high"
    if hidden == "NI":
        return "high" if yes(imbalance) else "some concerns"
    if no(first) or yes(imbalance):
        return "some concerns"
    return "low"


def d1b(a: Answers) -> str:
    if yes(a["1b.1"]):
        return "low"
    if yes(a["1b.2"]):
        return "high"
    if no(a["1b.2"]):
        return "some concerns" if yes(a["1b.3"]) else "low"
    return "high" if yes(a["1b.3"]) else "some concerns"


def context(aware: bool, a: Answers) -> str:
    if not aware:
        return "low"
    if no(a["2.3"]):
        return "low"
    if a["2.3"] == "NI":
        return "some concerns"
    if no(a["2.4"]):
        return "some concerns"
    return "some concerns" if yes(a["2.5"]) else "high"


def analysis(a: Answers) -> str:
    if yes(a["2.6"]):
        return "low"
    return "some concerns" if no(a["2.7"]) else "high"


def both(one: str, two: str) -> str:
    if "high" in (one, two):
        return "high"
    return "low" if one == two == "low" else "some concerns"


def d2_assignment(a: Answers) -> str:
    aware = not (no(a["2.1"]) and no(a["2.2"]))
    return both(context(aware, a), analysis(a))


def d2_cluster(a: Answers) -> str:
    participants = not no(a["2.1a"]) and not no(a["2.1b"])
    return both(context(participants or not no(a["2.2"]), a), analysis(a))


def d2_adhering(a: Answers) -> str:
    aware = not (no(a["2.1"]) and no(a["2.2"]))
    problem = aware and (no(a["2.3"]) or a["2.3"] == "NI")
    for number in ("2.4", "2.5"):
        problem = problem or yes(a[number]) or a[number] == "NI"
    if not problem:
        return "low"
    return "some concerns" if yes(a["2.6"]) else "high"


def d3(a: Answers) -> str:
    complete = all(yes(a[number]) for number in ("3.1", "3.1a", "3.1b") if number in a)
    if complete or yes(a["3.2"]) or no(a["3.3"]):
        return "low"
    return "some concerns" if no(a["3.4"]) else "high"


def d4(a: Answers) -> str:
    if yes(a["4.1"]) or yes(a["4.2"]):
        return "high"
    unaware = no(a["4.3"]) if "4.3" in a else no(a["4.3a"]) or no(a["4.3b"])
    if unaware or no(a["4.4"]):
        return "some concerns" if a["4.2"] == "NI" else "low"
    return "some concerns" if no(a["4.5"]) else "high"


def d5(a: Answers) -> str:
    if yes(a["5.2"]) or yes(a["5.3"]):
        return "high"
    if "NI" in (a["5.2"], a["5.3"]):
        return "some concerns"
    return "low" if yes(a["5.1"]) else "some concerns"


def d1a(a: Answers) -> str:
    return d1(a, "1a")


def unsure_yes(a: Answers, number: str) -> bool:
    return yes(a[number]) or a[number] == "NI"


def unsure_no(a: Answers, number: str) -> bool:
    return no(a[number]) or a[number] == "NI"


# When a question is asked, once more; those that are not named are always asked.
Gate = Callable[[Answers], bool]
COMMON_GATES: dict[str, Gate] = {
    "3.3": lambda a: no(a["3.2"]),
    "3.4": lambda a: unsure_yes(a, "3.3"),
    "4.5": lambda a: unsure_yes(a, "4.4"),
}
PARALLEL_GATES: dict[str, Gate] = {
    **COMMON_GATES,
    "2.3": lambda a: unsure_yes(a, "2.1") or unsure_yes(a, "2.2"),
    "3.2": lambda a: unsure_no(a, "3.1"),
    "4.3": lambda a: unsure_no(a, "4.1") and unsure_no(a, "4.2"),
    "4.4": lambda a: unsure_yes(a, "4.3"),
}
DEVIATION_GATES: dict[str, Gate] = {
    "2.4": lambda a: yes(a["2.3"]),
    "2.5": lambda a: unsure_yes(a, "2.4"),
    "2.7": lambda a: unsure_no(a, "2.6"),
}
GATES: dict[str, dict[str, Gate]] = {
    ASSIGNMENT.id: {**PARALLEL_GATES, **DEVIATION_GATES},
    ADHERING.id: {
        **PARALLEL_GATES,
        "2.6": lambda a: unsure_no(a, "2.3") or unsure_yes(a, "2.4") or unsure_yes(a, "2.5"),
    },
    CLUSTER.id: {
        **COMMON_GATES,
        **DEVIATION_GATES,
        "1b.2": lambda a: unsure_no(a, "1b.1"),
        "1b.3": lambda a: unsure_no(a, "1b.2"),
        "2.1b": lambda a: unsure_yes(a, "2.1a"),
        "2.3": lambda a: unsure_yes(a, "2.1b") or unsure_yes(a, "2.2"),
        "3.2": lambda a: unsure_no(a, "3.1a") or unsure_no(a, "3.1b"),
        "4.3a": lambda a: unsure_no(a, "4.1") and unsure_no(a, "4.2"),
        "4.3b": lambda a: unsure_yes(a, "4.3a"),
        "4.4": lambda a: unsure_yes(a, "4.3b"),
    },
}


def asked(instrument: Instrument, number: str, answers: Answers) -> bool:
    gate = GATES[instrument.id].get(number)
    return gate is None or gate(answers)


def offered(number: str, instrument: Instrument) -> tuple[str, ...]:
    """Answers that the official form offers."""
    if number == "3.2":
        return ("Y", "PY", "PN", "N")
    if instrument is ADHERING and number in ("2.3", "2.4", "2.5"):
        return ("Y", "PY", "PN", "N", "NI", "NA")
    return ("Y", "PY", "PN", "N", "NI")


def combinations(instrument: Instrument, domain: Domain) -> list[Answers]:
    """All answers that people can give, question by question; what is not asked is NA."""
    found: list[Answers] = [{}]
    for question in domain.questions:
        found = [
            {**answers, question.id: answer}
            for answers in found
            for answer in (
                offered(question.id, instrument)
                if asked(instrument, question.id, answers)
                else ("NA",)
            )
        ]
    return found


CASES: list[tuple[Instrument, str, Callable[[Answers], str]]] = [
    (ASSIGNMENT, "D1", d1),
    (ASSIGNMENT, "D2", d2_assignment),
    (ADHERING, "D2", d2_adhering),
    (ASSIGNMENT, "D3", d3),
    (ASSIGNMENT, "D4", d4),
    (ASSIGNMENT, "D5", d5),
    (CLUSTER, "D1a", d1a),
    (CLUSTER, "D1b", d1b),
    (CLUSTER, "D2", d2_cluster),
    (CLUSTER, "D3", d3),
    (CLUSTER, "D4", d4),
    (CLUSTER, "D5", d5),
]


def only(instrument: Instrument, domain_id: str) -> Instrument:
    """The instrument cut down to one domain, so that a check of thousands stays quick."""
    kept = tuple(domain for domain in instrument.domains if domain.id == domain_id)
    return Instrument(
        instrument.id,
        instrument.name,
        instrument.title,
        instrument.version,
        instrument.citation,
        instrument.licence,
        instrument.url,
        kept,
    )


@pytest.mark.parametrize(
    ("instrument", "domain_id", "rule"), CASES, ids=[f"{i.id}-{d}" for i, d, _ in CASES]
)
def test_every_combination_is_judged_as_the_rules_say(
    instrument: Instrument, domain_id: str, rule: Callable[[Answers], str]
) -> None:
    small = only(instrument, domain_id)
    found = combinations(instrument, small.domains[0])
    if (instrument.id, domain_id) in COUNTS:
        assert len(found) == COUNTS[instrument.id, domain_id]
    for answers in found:
        judged = propose(small, answers).domains[0]
        assert judged.missing == (), answers
        assert judged.proposed == rule(answers), answers


def test_the_counts_add_up_to_those_published() -> None:
    assert sum(COUNTS.values()) == 35_118


def test_cluster_admits_these_many_combinations() -> None:
    counts = {domain.id: len(combinations(CLUSTER, domain)) for domain in CLUSTER.domains}
    # 1b: 2 yes; 3 doubts x (2 yes + 3 others x 5). 3: 4 both yes; 21 x (2 yes + 2 no x 17).
    assert counts["D1a"] == 125
    assert counts["D1b"] == 2 + 3 * (2 + 3 * 5)
    assert counts["D3"] == 4 + 21 * (2 + 2 * (2 + 3 * 5))
    assert counts["D5"] == 125


@pytest.mark.parametrize("instrument", [ASSIGNMENT, ADHERING, CLUSTER], ids=lambda i: i.id)
def test_gates_ask_what_the_rules_ask(instrument: Instrument) -> None:
    for domain in instrument.domains:
        small = only(instrument, domain.id)
        for answers in combinations(instrument, domain)[::3]:
            shown = applicable(small, answers)
            assert shown == {n: asked(instrument, n, answers) for n in answers}, answers


def test_parallel_instruments_differ_in_domain_2_only() -> None:
    for one, two in zip(ASSIGNMENT.domains, ADHERING.domains, strict=True):
        assert (one == two) == (one.id != "D2")


def test_overall_is_the_worst_of_all_combinations_of_domain_judgements() -> None:
    for judgements in product(JUDGED, repeat=5):
        if "high" in judgements:
            expected = "high"
        elif "some concerns" in judgements:
            expected = "some concerns"
        else:
            expected = "low"
        assert worst(judgements) == expected
