"""Every key of the plan and every column of a table is in docs/review-folder.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from evisynth.extraction import KINDS, DataKind
from evisynth.review import schema

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "review-folder.md").read_text(encoding="utf-8")
SECTIONS: dict[str, type[schema.Section]] = {
    **schema.SECTIONS,
    **schema.ITEMS,
    "searches": schema.SearchSection,
    "subgroups": schema.SubgroupSection,
    "stages.<stage>": schema.StageSection,
}


def keys() -> list[tuple[str, str]]:
    return [
        (section, field.alias or name)
        for section, model in SECTIONS.items()
        for name, field in model.model_fields.items()
    ]


@pytest.mark.parametrize(("section", "key"), keys())
def test_key_is_documented(section: str, key: str) -> None:
    assert f"`{key}`" in PAGE or f".{key}]" in PAGE, f"{section}: {key}"


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_a_kind_of_data_are_documented(kind: DataKind) -> None:
    assert f"`{kind}`" in PAGE
    missing = [name for name in KINDS[kind].numbers if f"`{name}`" not in PAGE]
    assert missing == []


def test_new_review_uses_no_undocumented_file(tmp_path: Path) -> None:
    from evisynth.actions import new_review

    for name in new_review(tmp_path / "x").files:
        top = name.split("/")[0]
        assert f"{top}/" in PAGE or f"{name}" in PAGE or top in ("README.md", ".gitignore"), name
