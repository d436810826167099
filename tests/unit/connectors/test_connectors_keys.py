"""Keys: from the environment or a file of the person's own; never from the review, never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evisynth.connectors import Keys, keys_file, read_keys
from evisynth.errors import InputError, SetupError


def written(path: Path, text: str, mode: int = 0o600) -> dict[str, str]:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return {"EVISYNTH_KEYS": str(path)}


def test_the_file_and_the_environment(tmp_path: Path) -> None:
    known = written(tmp_path / "keys.toml", 'wos = "a"\nscopus = "b"\nemail = "r@example.org"\n')
    keys = read_keys({**known, "EVISYNTH_SCOPUS_API_KEY": "c "})
    assert (keys.get("wos"), keys.get("scopus"), keys.get("ncbi")) == ("a", "c", "")
    assert keys.email == "r@example.org"
    assert read_keys(known, email="other@example.org").email == "other@example.org"


def test_keys_are_not_shown(tmp_path: Path) -> None:
    keys = read_keys({"EVISYNTH_KEYS": "/nowhere", "EVISYNTH_WOS_API_KEY": "sesame"})
    assert "sesame" not in repr(keys)
    assert "sesame" not in str(keys)


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    known = written(tmp_path / "keys.toml", 'wos = "a"\n', 0o644)
    with pytest.raises(SetupError, match="chmod 600"):
        read_keys(known)


def test_a_file_in_the_review_is_refused(tmp_path: Path) -> None:
    known = written(tmp_path / "keys.toml", 'wos = "a"\n')
    with pytest.raises(SetupError, match="lies in the review folder"):
        read_keys(known, review=tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('wos = sesame"', "is no TOML"),
        ('web_of_science = "a"', "web_of_science: is no key that is known; allowed: ncbi"),
        ("wos = 7", "must be text in quotes"),
    ],
)
def test_a_broken_file_is_told_without_its_content(tmp_path: Path, text: str, message: str) -> None:
    known = written(tmp_path / "keys.toml", text)
    with pytest.raises(InputError, match=message) as caught:
        read_keys(known)
    assert "sesame" not in str(caught.value)


def test_a_key_that_is_wanted() -> None:
    with pytest.raises(SetupError, match=r"EVISYNTH_WOS_API_KEY.*Do not write it into the review"):
        Keys().need("wos", "Web of Science")


def test_where_the_file_is() -> None:
    assert keys_file({"XDG_CONFIG_HOME": "/conf"}) == Path("/conf/evisynth/keys.toml")
    assert keys_file({"EVISYNTH_KEYS": "/k.toml"}) == Path("/k.toml")
