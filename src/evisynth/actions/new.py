"""Make a new review: a folder that runs at once."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from evisynth.errors import InputError, Problem

__all__ = ["NewReview", "new_review"]

TEMPLATE = Path(__file__).parent / "template"

HIDDEN = {"gitignore": ".gitignore"}
"""Files that begin with a dot in a review and not in the template, where tools would heed them."""

HARMLESS = (".git", ".DS_Store", "Thumbs.db", "desktop.ini")
"""What a folder may hold and still count as empty."""

FILLED = ("README.md", "review.toml")
"""Files in which ``{{...}}`` is filled in."""


@dataclass(frozen=True, slots=True)
class NewReview:
    """A review made: its folder, its title, and the files in it, relative to the folder."""

    folder: Path
    title: str
    files: tuple[str, ...]


def _check_folder(folder: Path) -> None:
    way_out = "Choose a new name; nothing was written."
    if folder.exists() and not folder.is_dir():
        raise InputError(Problem(str(folder), "", "is a file, not a folder", (), way_out))
    if folder.is_dir():
        held = sorted(path.name for path in folder.iterdir() if path.name not in HARMLESS)
        if held:
            some = ", ".join(held[:5]) + (" ..." if len(held) > 5 else "")
            raise InputError(
                Problem(str(folder), "", f"is not empty (it holds {some})", (), way_out)
            )


def _title(folder: Path, title: str) -> str:
    text = " ".join(title.split()) or folder.resolve().name.replace("-", " ").replace("_", " ")
    if not text.isprintable():
        raise InputError(
            Problem("title", "", f"{text!r} has signs that cannot be printed", (), "Type it anew.")
        )
    return text[:1].upper() + text[1:]


def new_review(folder: Path | str, *, title: str = "") -> NewReview:
    """Make a folder with a small review that runs: made-up trials, labelled so, to be replaced.

    Parameters
    ----------
    folder
        Folder to make; it may be there if it is empty.
    title
        Title of the review; the folder's name if not given.

    Returns
    -------
    NewReview
        What was made.

    Raises
    ------
    InputError
        When the folder holds something, or cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     made = new_review(Path(place) / "walking-and-sleep")
    >>> made.title, "review.toml" in made.files
    ('Walking and sleep', True)
    """
    folder = Path(folder)
    _check_folder(folder)
    name = _title(folder, title)
    words = {
        "title": name,
        "title_toml": json.dumps(name, ensure_ascii=False),  # a JSON text is a TOML text
        "id": re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "review",
        "date": datetime.now(tz=UTC).date().isoformat(),
    }
    files: list[str] = []
    try:
        for source in sorted(path for path in TEMPLATE.rglob("*") if path.is_file()):
            inner = source.relative_to(TEMPLATE)
            target = folder / inner.parent / HIDDEN.get(inner.name, inner.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if inner.as_posix() in FILLED:
                text = source.read_text(encoding="utf-8")
                for key, word in words.items():
                    text = text.replace("{{" + key + "}}", word)
                target.write_text(text, encoding="utf-8", newline="\n")
            else:
                shutil.copyfile(source, target)
            files.append(target.relative_to(folder).as_posix())
    except OSError as error:
        raise InputError(
            Problem(
                str(folder),
                "",
                f"cannot be written to ({error.strerror or error})",
                (),
                "Choose a place of your own.",
            )
        ) from error
    return NewReview(folder, name, tuple(sorted(files)))
