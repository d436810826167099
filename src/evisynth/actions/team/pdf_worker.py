"""Look into one PDF, in a process of its own: `python pdf_worker.py FILE` prints JSON.

What a stranger's file does to the library that reads it ends here, and not in the server.
"""

from __future__ import annotations

import json
import sys

MOST_PAGES = 2
MOST_LETTERS = 20_000
MEMORY = 1024**3
SECONDS = 15


def limit() -> None:
    """Give this process little memory and time, where the system can."""
    try:
        import resource
    except ImportError:  # not on Windows; there the server's time limit alone holds
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def look(path: str) -> dict[str, object]:
    """Return the number of pages and the text of the first ones, or what is wrong."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
        number = len(document)
        texts = [
            document[at].get_textpage().get_text_range()[:MOST_LETTERS]
            for at in range(min(number, MOST_PAGES))
        ]
    except pypdfium2.PdfiumError as error:
        return {"problem": "password" if "password" in str(error).casefold() else "damaged"}
    return {"pages": number, "texts": texts}


if __name__ == "__main__":
    limit()
    sys.stdout.write(json.dumps(look(sys.argv[1])))
