"""Collect the texts of the browser application for translation, and compile the translations.

``python scripts/messages.py collect`` reads every template and module of ``evisynth.web`` and
brings the catalogues (``locale/*/LC_MESSAGES/django.po``) up to date: new texts come in
untranslated, texts that are gone go. ``python scripts/messages.py compile`` writes the ``.mo``
files that are shipped. Nothing else is needed for either, no gettext tools.
"""

from __future__ import annotations

import ast
import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WEB = Path(__file__).resolve().parents[1] / "src" / "evisynth" / "web"
CALLS = {
    "_": "m", "gettext": "m", "gettext_lazy": "m", "gettext_noop": "m", "ngettext": "mp",
    "ngettext_lazy": "mp", "pgettext": "cm", "pgettext_lazy": "cm", "npgettext": "cmp",
    "ReviewPlace": "m",
}  # fmt: skip
"""What marks a text: c is its context, m the text, p the plural; the navigation's titles too."""

NAMED = {
    "web/reviews.py": ("STAGE_TITLES",),
    "review/team.py": ("ROLES",),
    "actions/hosting/tokens.py": ("SCOPES",),
}
"""Tables of texts that pages translate by value."""

PRISMA = re.compile(r"(Records|Reports|Studies|Identification|Duplicate|Citing|Previous)\b.*")
"""The words of the flow diagram, as they begin in the modules that make it."""

HEADER = """msgid ""
msgstr ""
"Project-Id-Version: evisynth\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""


@dataclass(frozen=True, order=True)
class Text:
    """A text to be translated: the text itself, its plural and its context (both may be "")."""

    text: str
    plural: str = ""
    context: str = ""


Catalogue = dict[Text, tuple[str, ...]]


def of_python(source: str) -> Iterator[Text]:
    """Yield the texts that a module marks."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        parts = [
            arg.value
            for arg in node.args
            if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        ]
        if len(parts) >= len(CALLS.get(name, "")) > 0:
            given = dict(zip(CALLS[name], parts, strict=False))
            yield Text(given["m"], given.get("p", ""), given.get("c", ""))


def of_template(source: str) -> Iterator[Text]:
    """Yield the texts that a template marks."""
    from django.utils.translation.template import templatize

    code = templatize(source)
    for found in re.finditer(r"\b(?:n?p?gettext|_)\(", code):
        end = found.end()
        while end < len(code):  # up to the bracket that closes the call
            end = code.find(")", end) + 1
            try:
                yield from of_python(code[found.start() : end])
                break
            except SyntaxError:
                continue


def of_tables() -> Iterator[Text]:
    """Yield the texts that stand in tables, in the navigation and in the flow diagram."""
    for name, tables in NAMED.items():
        for node in ast.parse((WEB.parent / name).read_text(encoding="utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", 0)]
            given = getattr(node, "value", None)
            if isinstance(given, ast.Dict) and {getattr(at, "id", "") for at in targets} & {
                *tables
            }:
                yield from (Text(ast.literal_eval(value)) for value in given.values)
    for node in ast.walk(ast.parse((WEB / "reviews.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:  # a heading and what is below it
            first, second = node.elts
            if isinstance(first, ast.Constant) and isinstance(second, (ast.Tuple, ast.Call)):
                yield Text(str(first.value))
    for file in sorted((WEB.parent / "review").glob("flow*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            words = node.value if isinstance(node, ast.Constant) else ""
            if isinstance(words, str) and PRISMA.fullmatch(words) and words[-1] not in ".:":
                yield Text(words)


def collect() -> set[Text]:
    """Return every text of the application."""
    found: set[Text] = set(of_tables())
    for file in sorted(WEB.rglob("*.py")):
        found |= set(of_python(file.read_text(encoding="utf-8")))
    for file in sorted((WEB / "templates").rglob("*.*")):
        if file.suffix in (".html", ".txt"):
            found |= set(of_template(file.read_text(encoding="utf-8")))
    plurals = {(text.text, text.context) for text in found if text.plural}
    return {
        text
        for text in found
        if text.text and (text.plural or (text.text, text.context) not in plurals)
    }


def read(file: Path) -> Catalogue:
    """Read a catalogue, without its header."""
    made: Catalogue = {}
    parts: dict[str, str] = {}
    last = ""

    def done() -> None:
        if parts.get("msgid"):
            text = Text(parts["msgid"], parts.get("msgid_plural", ""), parts.get("msgctxt", ""))
            names = ("msgstr[0]", "msgstr[1]") if text.plural else ("msgstr",)
            made[text] = tuple(parts.get(name, "") for name in names)
        parts.clear()

    for line in file.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if not line:
            done()
        elif line.startswith('"'):
            parts[last] += ast.literal_eval(line)
        elif not line.startswith("#"):
            last, _, value = line.partition(" ")
            parts[last] = ast.literal_eval(value)
    done()
    return made


def quoted(text: str) -> str:
    """Return a text as a catalogue writes it."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    if "\n" not in plain:
        return f'"{plain}"'
    lines = plain.splitlines(keepends=True)
    return "\n".join(['""', *('"' + line.replace("\n", "\\n") + '"' for line in lines)])


def write(file: Path, catalogue: Catalogue, language: str) -> None:
    """Write a catalogue, its texts sorted."""
    blocks = [HEADER.format(language=language)]
    for text in sorted(catalogue):
        said = catalogue[text]
        lines = ["#, python-format"] if re.search(r"%\(\w+\)", text.text) else []
        if text.context:
            lines.append(f"msgctxt {quoted(text.context)}")
        lines.append(f"msgid {quoted(text.text)}")
        if text.plural:
            lines.append(f"msgid_plural {quoted(text.plural)}")
            lines += [f"msgstr[{at}] {quoted(each)}" for at, each in enumerate(said)]
        else:
            lines.append(f"msgstr {quoted(said[0])}")
        blocks.append("\n".join(lines) + "\n")
    file.write_text("\n".join(blocks), encoding="utf-8")


def compiled(catalogue: Catalogue, language: str) -> bytes:
    """Return a catalogue as gettext reads it (a .mo file); what is untranslated is left out."""
    header = "".join(ast.literal_eval(line) for line in
                     HEADER.format(language=language).splitlines()[1:]
                     if line.startswith('"'))  # fmt: skip
    pairs = {b"": header.encode()}
    for text, said in catalogue.items():
        if all(said):
            key = f"{text.context}\x04{text.text}" if text.context else text.text
            key += f"\x00{text.plural}" if text.plural else ""
            pairs[key.encode()] = "\x00".join(said).encode()
    keys = sorted(pairs)
    start = 7 * 4 + 16 * len(keys)
    texts = b""
    places: list[tuple[int, int]] = []
    for part in [*keys, *(pairs[key] for key in keys)]:
        places.append((len(part), start + len(texts)))
        texts += part + b"\x00"
    numbers = [0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, start]
    for length, place in places:
        numbers += [length, place]
    return struct.pack(f"<{len(numbers)}I", *numbers) + texts


def catalogues() -> Iterator[tuple[str, Path]]:
    """Yield language and file of each catalogue."""
    for file in sorted((WEB / "locale").glob("*/LC_MESSAGES/django.po")):
        yield file.parts[-3], file


def main(what: str) -> None:
    """Do what was asked for."""
    if what not in ("collect", "compile"):
        sys.exit("python scripts/messages.py collect | compile")
    texts = collect() if what == "collect" else set()
    for language, file in catalogues():
        there = read(file)
        if what == "collect":
            made = {text: there.get(text, ("", "") if text.plural else ("",)) for text in texts}
            write(file, made, language)
            left = sum(not all(said) for said in made.values())
            print(f"{language}: {len(made)} texts, {left} to be translated")
        else:
            file.with_suffix(".mo").write_bytes(compiled(there, language))
            print(f"{language}: {len(there)} texts compiled")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
