"""Every code of lint has its place in docs/searches.md, and a test that finds it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROOM = ROOT / "src" / "evisynth" / "searches"
PAGE = (ROOT / "docs" / "searches.md").read_text(encoding="utf-8")
CODE = re.compile(r'"([a-z]+(?:-[a-z]+)*)",\s*(?:"(?:error|warning|hint)"|severity|code_severity)')
SIGNS = re.compile(r'_(?:CURLY|DASHES), "([a-z-]+)"')
REPORTED = re.compile(r'report\(\s*"([a-z-]+)"')


def codes() -> set[str]:
    found: set[str] = set()
    for name in ("linting", "lint_terms", "lexing", "parsing"):
        text = (ROOM / f"{name}.py").read_text(encoding="utf-8")
        found |= set(CODE.findall(text)) | set(REPORTED.findall(text))
        found |= set(SIGNS.findall(text))
    return found - {"error"}


def test_codes_are_documented_and_no_others() -> None:
    table = PAGE.split("| codes | about |")[1].split("Headings are not looked up")[0]
    assert set(re.findall(r"`([a-z-]+)`", table)) == codes()
    assert len(codes()) > 35


def test_every_code_is_found_by_a_test() -> None:
    tests = "\n".join(
        path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")
    )
    missing = {code for code in codes() if f'"{code}"' not in tests}
    assert missing == set()
