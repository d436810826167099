"""The statement on the use of AI that goes into the review's document and history."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evisynth.display import format_count, plural
from evisynth.prioritization.prioritizer import Ranking
from evisynth.prioritization.stopping import StoppingStatement

if TYPE_CHECKING:
    import pandas as pd

    from evisynth.prioritization.language_model import Confusion

__all__ = ["AiUseStatement", "RankingFacts", "ai_use_statement"]


@dataclass(frozen=True, slots=True)
class AiUseStatement:
    """What a model did in the screening, and what people did, as text and as data.

    Attributes
    ----------
    model : str
        In words.
    versions : dict of str to str
        Name and version of each part, and of the programs.
    seed : int
        Seed.
    fingerprint : str
        SHA-256 of what the last ranking was computed from.
    decided_by : tuple of str
        Who decided on the records.
    promised, fired, reached, done : str
        What the stopping rule promises, when it was first met, what it said at the end, and what
        the people did.
    language_model : str
        Name of the language model used as an extra reviewer or ranker; ``""`` for none.
    text : str
        The statement, for the document.
    """

    model: str
    versions: dict[str, str]
    seed: int
    fingerprint: str
    decided_by: tuple[str, ...]
    promised: str
    fired: str
    reached: str
    done: str
    language_model: str
    text: str

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Return the statement as plain values."""
        return dataclasses.asdict(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the statement as a table of two columns."""
        import pandas as pd

        rows = [(name, value) for name, value in self.to_dict().items() if name != "text"]
        return pd.DataFrame(rows, columns=["item", "value"])

    def method_sentence(self) -> str:
        """Return the statement itself."""
        return self.text


@dataclass(frozen=True, slots=True)
class RankingFacts:
    """What a review keeps of a ranking (`Ranking.facts`), so that it can be told later.

    Attributes
    ----------
    model, versions, seed, fingerprint, relevant, irrelevant
        As in `Ranking`.
    """

    model: str
    versions: dict[str, str]
    seed: int
    fingerprint: str
    relevant: int
    irrelevant: int

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> RankingFacts:
        """Read what was kept; what is missing is said to be so.

        Examples
        --------
        >>> RankingFacts.read({"model": "a line", "seed": 7}).fingerprint
        'not kept'
        """
        versions = kept.get("versions")

        def whole(name: str) -> int:
            value = kept.get(name)
            return value if isinstance(value, int) else 0

        return cls(
            str(kept.get("model", "a ranking whose model was not kept")),
            {str(name): str(each) for name, each in versions.items()}
            if isinstance(versions, dict)
            else {},
            whole("seed"),
            str(kept.get("fingerprint", "not kept")),
            whole("relevant"),
            whole("irrelevant"),
        )


def ai_use_statement(
    ranking: Ranking | RankingFacts,
    *,
    decided_by: Sequence[str],
    stopping: StoppingStatement | None = None,
    fired_at: int | None = None,
    done: str = "",
    confusion: Confusion | None = None,
) -> AiUseStatement:
    """Write the statement on the use of AI.

    Parameters
    ----------
    ranking
        The last ranking, or what was kept of it.
    decided_by
        The people who decided, as they shall be named.
    stopping
        The stopping rule's statement at the end.
    fired_at
        Records read when the rule was first met; None where it was not, or nobody knows.
    done
        What the people did upon it, in a sentence.
    confusion
        Verdicts of a language model against those of people, where one was used.

    Returns
    -------
    AiUseStatement

    Examples
    --------
    >>> from evisynth.prioritization import Prioritizer
    >>> from evisynth.records import Record
    >>> ranking = Prioritizer().rank(
    ...     [Record(id="a", title="sleep trial"), Record(id="b", title="sleep")], {}
    ... )
    >>> "R1 and R2 decided on every record" in ai_use_statement(
    ...     ranking, decided_by=["R1", "R2"]
    ... ).text
    True
    """
    from importlib.metadata import version

    people = _listed(decided_by)
    promised = fired = reached = ""
    if stopping is not None:
        promised = stopping.method_sentence()
        reached = (
            f"After {format_count(stopping.read)} of {plural(stopping.total, 'record')}: "
            f"{stopping.text}"
        )
        if fired_at is not None:
            fired = f"The rule was first met after {plural(fired_at, 'record')}."
    program = ranking.versions.get("evisynth") or version("evisynth")
    parts = [
        f"Artificial intelligence ranked the records for screening: {ranking.model} (Evisynth "
        f"{program}, seed {ranking.seed}, trained on {format_count(ranking.relevant)} relevant "
        f"and {format_count(ranking.irrelevant)} irrelevant records at the end, fingerprint of "
        f"training data {ranking.fingerprint[:16]}).",
        f"It decided nothing: {people} decided on every record that was read, and people chose "
        "when to stop.",
        promised,
        fired,
        reached,
        done,
    ]
    if confusion is not None:
        parts.append(confusion.sentence())
    text = " ".join(part for part in parts if part)
    return AiUseStatement(
        model=ranking.model,
        versions={
            **ranking.versions,
            "evisynth": program,
            **{name: version(name) for name in ("numpy", "scipy", "scikit-learn")},
        },
        seed=ranking.seed,
        fingerprint=ranking.fingerprint,
        decided_by=tuple(decided_by),
        promised=promised,
        fired=fired,
        reached=reached,
        done=done,
        language_model=confusion.model if confusion is not None else "",
        text=text,
    )


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "people"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
