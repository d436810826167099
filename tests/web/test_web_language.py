"""English and German: every text translated, placeholders alike, numbers as they are."""

from __future__ import annotations

import gettext
import importlib.util
import io
import re
import string
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.web.worlds import make_folder, make_world

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "src/evisynth/web/locale/de/LC_MESSAGES/django.po"


@pytest.fixture(scope="module")
def messages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages", ROOT / "scripts/messages.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["messages"] = made
    spec.loader.exec_module(made)
    return made


def test_every_text_of_the_application_is_translated(messages: ModuleType) -> None:
    """`python scripts/messages.py collect` brings new texts in; then translate and compile."""
    there = messages.read(CATALOGUE)
    assert len(there) > 1000
    assert sorted(messages.collect() - there.keys()) == []
    assert sorted(there.keys() - messages.collect()) == []
    assert sorted(text for text, said in there.items() if not all(said)) == []


def places(text: str) -> list[str]:
    """Return the placeholders and marks of a text."""
    named = re.findall(r"%\(\w+\)[sd]|%%|<[^>]+>|https?:\S+", text)
    if "%(" not in text and "%%" not in text:
        named += [f"{{{name}}}" for _, name, _, _ in string.Formatter().parse(text) if name]
    return sorted(named)


def test_placeholders_agree(messages: ModuleType) -> None:
    apart = []
    for text, said in messages.read(CATALOGUE).items():
        wanted = {tuple(places(text.text)), tuple(places(text.plural or text.text))}
        apart += [(text.text, each) for each in said if tuple(places(each)) not in wanted]
        ends = {text.text[-1:].isspace(), (text.plural or text.text)[-1:].isspace()}
        apart += [(text.text, each) for each in said if each[-1:].isspace() not in ends]
    assert apart == []


def test_what_is_shipped_is_what_was_translated(messages: ModuleType) -> None:
    file = CATALOGUE.with_suffix(".mo")
    assert file.read_bytes() == messages.compiled(messages.read(CATALOGUE), "de")
    known = gettext.GNUTranslations(io.BytesIO(file.read_bytes()))
    assert known.gettext("Include") == "Einschließen"
    assert known.ngettext("%(n)s study", "%(n)s studies", 2) == "%(n)s Studien"


def test_catalogues_are_read_and_written_alike(messages: ModuleType, tmp_path: Path) -> None:
    nasty = {
        messages.Text('say "no"\n\\ and\ttab', "", "c"): ('sag „nein"\n\\ und\t',),
        messages.Text("%(n)s a", "%(n)s as"): ("", "%(n)s A"),
    }
    messages.write(tmp_path / "a.po", nasty, "de")
    assert messages.read(tmp_path / "a.po") == nasty
    assert list(messages.of_python('_("a" "b"); ngettext("c", "d", 2); x("e"); _(f)')) == [
        messages.Text("ab"), messages.Text("c", "d"),
    ]  # fmt: skip
    template = '{% load i18n %}{% translate "A" %}{% blocktranslate count n=k %}{{ n }} b'
    found = set(messages.of_template(template + "{% plural %}{{ n }} c{% endblocktranslate %}"))
    assert found == {messages.Text("A"), messages.Text("%(n)s b", "%(n)s c")}


@pytest.fixture
def review(site: Any, tmp_path: Path) -> Any:
    folder = make_folder(
        tmp_path / "review", title_abstract="votes_needed = 2", full_text="votes_needed = 2"
    )
    return site(make_world(folder, "plain", votes=2))


def test_the_browser_says_the_language(review: Any) -> None:
    ann = review.client("ann")
    english = ann.get(f"{review.base}/", headers={"accept-language": "en"}).content.decode()
    german = ann.get(f"{review.base}/", headers={"accept-language": "de-AT, en;q=0.5"})
    assert german.headers["Content-Language"] == "de"
    page = german.content.decode()
    assert '<html lang="de"' in page
    assert "Verzerrungsrisiko" in page
    assert "Titel und Abstract" in page
    assert "Risk of bias" in english
    assert "Risk of bias" not in page
    # another language is none that we have
    french = ann.get(f"{review.base}/", headers={"accept-language": "fr"})
    assert '<html lang="en"' in french.content.decode()


def test_a_person_chooses_the_language_in_the_header(review: Any) -> None:
    ann = review.client("ann")
    page = ann.get(f"{review.base}/records/").content.decode()
    assert re.search(r'<header.*<button[^>]*value="de" lang="de">Deutsch</button>', page, re.S)
    there = {"language": "de", "next": f"{review.base}/records/"}
    answer = ann.post("/language/setlang/", there)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{review.base}/records/"
    page = ann.get(f"{review.base}/records/", headers={"accept-language": "en"}).content.decode()
    assert '<html lang="de"' in page
    assert 'lang="en">English</button>' in page
    # nobody is sent elsewhere by it
    away = ann.post("/language/setlang/", {"language": "en", "next": "https://example.org/"})
    assert "example.org" not in away.headers["Location"]


def test_numbers_stay_as_they_are(review: Any) -> None:
    from django.template import engines
    from django.utils import translation

    template = engines["django"].from_string("{{ x }} {{ n }} {{ x|floatformat:2 }}")
    with translation.override("de"):
        assert template.render({"x": 0.25, "n": 12345}) == "0.25 12345 0.25"
    ada = review.client("ada")
    pages = [
        ada.get(f"{review.base}/agreement/?stage=title_abstract", headers={"accept-language": word})
        for word in ("en", "de")
    ]
    numbers = [re.findall(r"(?<=>)-?\d[\d.,]*(?=<)", page.content.decode()) for page in pages]
    assert numbers[0] == numbers[1]
    assert len(numbers[0]) > 3
