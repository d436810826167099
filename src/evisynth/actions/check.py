"""Check a review: does it read, do its counts add up, are the numbers in ``out/`` still right."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from evisynth import __version__
from evisynth.actions.output import changed_files, read_manifest
from evisynth.actions.progress import Progress, part_of
from evisynth.actions.run import OUT, compute
from evisynth.errors import Problem

if TYPE_CHECKING:
    from evisynth.analysis import AnalysisResult
    from evisynth.review import Change, Review

__all__ = ["CheckReport", "Finding", "Moved", "check_review", "compare"]

RELATIVE = 1e-8
"""A number moved when it differs by more than this share of itself: far below what any table shows,
and above what another processor's arithmetic changes in the last digits of an iteration."""

ABSOLUTE = 1e-12
"""The same for numbers near zero."""

RESULTS = "results.json"

LONG = 80
"""Characters of a value shown in a message."""

FREE_KEYS = frozenset({"software", "versions", "version", "made_with"})
"""Keys of ``results.json`` that tell of the programs used and are not numbers of the review."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A value of ``results.json`` that is not what the folder gives now.

    ``path`` leads to it, e.g. ``analyses[anxiety].fit.estimate``; ``stored`` and ``now`` are None
    where one side does not have it.
    """

    path: str
    stored: Any
    now: Any
    kind: Literal["changed", "added", "removed"] = "changed"

    def __str__(self) -> str:
        if self.kind == "added":
            return f"is not there, now {_shown(self.now)}"
        if self.kind == "removed":
            return f"is {_shown(self.stored)}, no longer computed"
        return f"is {_shown(self.stored)}, now {_shown(self.now)}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: which check, file, place in it, what, a way out."""

    check: Literal["counts", "out", "stale", "edited", "numbers", "history", "certainty"]
    where: str
    at: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return str(Problem(self.where, self.at, self.message, (), self.hint))


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found.

    Attributes
    ----------
    folder : Path
        The review.
    findings : tuple of Finding
        Empty when all is well.
    moved : tuple of Moved
        Every value that moved, by its path in ``results.json``.
    compared : int
        Values compared.
    warnings : tuple of str
        What the person should look at; no reason to fail.
    """

    folder: Path
    findings: tuple[Finding, ...]
    moved: tuple[Moved, ...]
    compared: int
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONG else f"{text[:LONG]} ..."


def _same(stored: Any, now: Any) -> bool:
    numbers = (int, float)
    if isinstance(stored, bool) or isinstance(now, bool):
        return stored is now
    if isinstance(stored, numbers) and isinstance(now, numbers):
        if math.isnan(stored) or math.isnan(now):
            return math.isnan(stored) and math.isnan(now)
        return math.isclose(stored, now, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return type(stored) is type(now) and bool(stored == now)


def _names(items: list[Any]) -> list[str] | None:
    """Names of a list's entries, when each has one of its own."""
    for key in ("id", "label", "study", "level", "term"):
        names = [str(item[key]) for item in items if isinstance(item, dict) and key in item]
        if len(names) == len(items) and len(set(names)) == len(names):
            return names
    return None


def _entries(value: Any, path: str) -> dict[str, Any] | None:
    """Return the parts of a table or list by their path; None for a plain value."""
    if isinstance(value, dict):
        start = f"{path}." if path else ""
        return {f"{start}{key}": part for key, part in value.items() if key not in FREE_KEYS}
    if isinstance(value, list):
        names = _names(value) if value else None
        keys = names or [str(index) for index in range(len(value))]
        return {f"{path}[{key}]": part for key, part in zip(keys, value, strict=True)}
    return None


def compare(stored: Any, now: Any, path: str = "") -> Iterator[Moved | None]:
    """Compare two trees of plain values.

    Parameters
    ----------
    stored, now
        Trees of dicts, lists, text, numbers, booleans and None, as read from JSON.
    path
        Path of the two roots.

    Yields
    ------
    Moved or None
        For every value one item: None where it is the same.

    Examples
    --------
    >>> found = compare({"fits": [{"id": "a", "k": 3}]}, {"fits": [{"id": "a", "k": 4}]})
    >>> moved = [item for item in found if item]
    >>> moved[0].path, str(moved[0])
    ('fits[a].k', 'is 3, now 4')
    """
    left, right = _entries(stored, path), _entries(now, path)
    if left is None or right is None or isinstance(stored, dict) != isinstance(now, dict):
        same = left is None and right is None and _same(stored, now)
        yield None if same else Moved(path, stored, now)
        return
    for key in left | right:
        if key not in right:
            yield Moved(key, left[key], None, "removed")
        elif key not in left:
            yield Moved(key, None, right[key], "added")
        else:
            yield from compare(left[key], right[key], key)


def _out_findings(out: Path, fingerprint: str) -> list[Finding]:
    """Is ``out/`` there, of these inputs, and untouched."""
    again = "Run `evisynth run` to build it."
    if not out.is_dir():
        return [Finding("out", OUT, "", "is missing: nothing was built yet", again)]
    manifest = read_manifest(out)
    if manifest is None:
        return [
            Finding(
                "out",
                f"{OUT}/manifest.json",
                "",
                "is missing or not readable, so that it cannot be known what was built",
                "Move the folder away and run `evisynth run`.",
            )
        ]
    findings: list[Finding] = []
    if manifest.inputs != fingerprint:
        findings.append(
            Finding(
                "stale",
                OUT,
                "",
                "was built from other input files than those that are here now "
                f"(fingerprint {manifest.inputs[:12]}, now {fingerprint[:12]})",
                "Run `evisynth run` to build it anew.",
            )
        )
    edited, missing, foreign = changed_files(out, manifest)
    texts = (
        (edited, "was changed by hand after it was built"),
        (missing, "was built and is no longer there"),
        (foreign, "was not written by Evisynth"),
    )
    for names, text in texts:
        findings.extend(
            Finding(
                "edited", f"{OUT}/{name}", "", text, "Nothing in out/ is edited: change the input."
            )
            for name in names
        )
    return findings


def _edited_warning(edited: tuple[Change, ...]) -> tuple[str, ...]:
    if not edited:
        return ()
    files = ", ".join(dict.fromkeys(made.kind for made in edited))
    return (
        f"edited in the folder and in no history yet: {len(edited)} of {files}; `evisynth thaw`"
        " takes that in",
    )


def _version_warnings(out: Path) -> tuple[str, ...]:
    manifest = read_manifest(out)
    if manifest is None or manifest.version == __version__:
        return ()
    return (f"out/ was built by Evisynth {manifest.version}; this is {__version__}",)


def _stored_results(out: Path) -> tuple[Any, Finding | None]:
    path = out / RESULTS
    try:
        return json.loads(path.read_text(encoding="utf-8")), None
    except OSError:
        return None, Finding("out", f"{OUT}/{RESULTS}", "", "is missing", "Run `evisynth run`.")
    except ValueError as error:
        return None, Finding(
            "numbers", f"{OUT}/{RESULTS}", "", f"is not JSON ({error})", "Run `evisynth run`."
        )


def _certainty(
    review: Review, results: tuple[AnalysisResult, ...]
) -> tuple[list[Finding], tuple[str, ...]]:
    """Find ratings made for another result than the analysis gives now, and what is not rated."""
    from evisynth.review import RATINGS_FILE, findings_of

    stale: list[Finding] = []
    warnings: list[str] = []
    for row in findings_of(review, results):
        stale += [
            Finding(
                "certainty",
                RATINGS_FILE,
                f"line {each.line}, {row.plan.analysis}, {each.domain}",
                each.message,
                f"Judge the domain again and write {row.fingerprint} as its fingerprint; `evisynth "
                "grade` shows what it rests on.",
            )
            for each in row.stale
        ]
        if row.result is not None and (row.rating is None or row.rating.missing):
            left = "no domain" if row.rating is None else ", ".join(row.rating.missing)
            what = "is rated" if row.rating is None else "not rated yet"
            warnings.append(
                f"certainty of {row.plan.analysis}: {left} {what}; `evisynth grade --write` asks "
                f"in {RATINGS_FILE} ({row.result_words}, fingerprint {row.fingerprint})"
            )
        if row.rating is not None:
            warnings += [
                f"certainty of {row.plan.analysis}: {text}" for text in row.rating.warnings
            ]
    return stale, tuple(warnings)


def check_review(folder: Path | str, *, progress: Progress | None = None) -> CheckReport:
    """Check that a review reads, that its counts add up, and that ``out/`` is what it gives now.

    Nothing is written.

    Parameters
    ----------
    folder
        Folder of the review.
    progress
        Called with what is being done and how far it is, in percent.

    Returns
    -------
    CheckReport
        What was found; ``report.ok`` when nothing was.

    Raises
    ------
    InputError
        When the folder holds something that cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> from evisynth.actions import check_review, new_review
    >>> place = tempfile.TemporaryDirectory()
    >>> _ = new_review(Path(place.name) / "my-review")
    >>> [finding.message for finding in check_review(Path(place.name) / "my-review").findings]
    ['is missing: nothing was built yet']
    >>> place.cleanup()
    """
    from evisynth.actions.history_check import check_history
    from evisynth.figures import review_figures
    from evisynth.reporting import results_to_dict
    from evisynth.review import read_review

    folder = Path(folder)
    if progress is not None:
        progress("Reading the review", 0, 100)
    review = read_review(folder)
    findings = [
        Finding(
            "counts",
            "flow diagram",
            "",
            problem,
            "Look at the decisions and the retrieval of those records.",
        )
        for problem in review.flow.problems
    ]
    history = check_history(folder)
    findings += [
        Finding("history", each.where, each.at, each.message, each.hint)
        for each in history.problems
    ]
    out = folder / OUT
    findings += _out_findings(out, review.fingerprint)
    moved: tuple[Moved, ...] = ()
    compared = 0
    unrated: tuple[str, ...] = ()
    results: tuple[AnalysisResult, ...] = ()
    if out.is_dir() or review.summary_of_findings:
        results = compute(review, part_of(progress, 10, 60))
        certainty, unrated = _certainty(review, results)
        findings += certainty
    if out.is_dir():
        stored, finding = _stored_results(out)
        if finding is not None:
            findings.append(finding)
        else:
            if progress is not None:
                progress("Comparing", 60, 100)
            content = results_to_dict(review, results, review_figures(review, results))
            items = tuple(compare(stored, json.loads(json.dumps(content))))
            compared = len(items)
            moved = tuple(item for item in items if item is not None)
            findings += [
                Finding("numbers", f"{OUT}/{RESULTS}", item.path, str(item)) for item in moved
            ]
    if progress is not None:
        progress("Done", 100, 100)
    warnings = (
        *review.warnings,
        *unrated,
        *_edited_warning(history.edited),
        *_version_warnings(out),
    )
    return CheckReport(folder, tuple(findings), moved, compared, warnings)
