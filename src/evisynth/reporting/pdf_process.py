"""The PDF in a second process, while the first one does the rest."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from evisynth.errors import SetupError
from evisynth.reporting.blocks import ReviewDocument
from evisynth.reporting.drawing import Drawings, Variant
from evisynth.reporting.pdf import render_pdf_with_pages

__all__ = ["PdfInBackground"]

Answer: TypeAlias = tuple[bytes, dict[str, int], dict[tuple[str, int, Variant], bytes], set[str]]
"""The PDF, the page of each place, the figures drawn and the kept files used (`Drawings`)."""


class PdfInBackground:
    """Renders the PDF in a second process while the first one does the rest.

    Layout takes as long as all other renderings together, so that two processes halve the time.
    The process gets the document and hands back the bytes; nothing depends on which ends first.
    Where no process can be started, the PDF is rendered when it is asked for.

    Parameters
    ----------
    document
        The document.
    kept
        Folder that keeps drawings between builds.
    """

    def __init__(self, document: ReviewDocument, kept: Path | None = None) -> None:
        self._document = document
        self._kept = kept
        self._answer = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "evisynth.reporting.pdf_process"],
                stdin=subprocess.PIPE,
                stdout=self._answer,
                stderr=self._errors,
            )
        except OSError:
            return
        question = self._process.stdin
        if question is not None:
            # A broken pipe means that the process has ended; result() tells why.
            with suppress(BrokenPipeError), question:
                pickle.dump((document, kept), question)

    def result(self) -> Answer:
        """Wait for the PDF and return it, with the figures that were drawn for it.

        Raises
        ------
        SetupError
            When the process failed, with what it said.
        """
        if self._process is None:
            return _render(self._document, self._kept)
        code = self._process.wait()
        self._answer.seek(0)
        self._errors.seek(0)
        if code == 0:
            answer: Answer = pickle.load(self._answer)  # noqa: S301 - from our own process
            return answer
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        raise SetupError(f"the PDF could not be made: {said[-1] if said else f'exit code {code}'}")

    def close(self) -> None:
        """End the process if it still runs, and drop its files."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._answer.close()
        self._errors.close()


def _render(document: ReviewDocument, kept: Path | None) -> Answer:
    drawings = Drawings.of(document.figures, kept)
    return (*render_pdf_with_pages(document, drawings), drawings.done, drawings.used)


def _main() -> None:
    """Read a pickled document, write the pickled answer: the second process."""
    document, kept = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started us
    pickle.dump(_render(document, kept), sys.stdout.buffer)


if __name__ == "__main__":
    _main()
