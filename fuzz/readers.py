"""Damaged and invented files for every reader: no crash, no hang, no record lost in silence.

    python fuzz/readers.py --seconds 60               # all readers, seeds from tests/data/records
    python fuzz/readers.py --seconds 600 --seed 7     # other inputs
    python fuzz/readers.py crash-0f3a.bin             # try one input again

With atheris in the same Python (``pip install atheris``, Linux) the inputs are steered by the lines
of `evisynth.records` that they reach; without it they are drawn from a seeded generator that knows
the marks of the formats. ``--plain`` takes the generator in either case.

An input is read as a file would be, by its content, and by each reader that its first byte chooses,
as if a person had insisted on that format. It passes when

- it is read or refused with an `InputError`, within `LONGEST` seconds of processor time;
- the records and the entries reported unreadable are together the entries of the file, and these
  are not fewer than the marks of entries that a count of the raw text finds, unless that is said;
- ids are unique, lines lie within the file and in order, values are clean text of one line;
- what every writer writes of the records is read back equal, field by field, but for identifiers
  that a reader finds in links and notes, and lists with ``|`` in a value or several commas in a
  name.

An input that fails is written to ``build/fuzz`` and the run ends with status 1. Once it is
understood it goes to ``tests/unit/records/found``, which the tests read.
"""

# ruff: noqa: T201, S311
from __future__ import annotations

import argparse
import hashlib
import random
import re
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "tests/data/records"
FOUND = ROOT / "build/fuzz"
LONGEST = 5.0
LARGEST = 20_000
ORIGIN = {"source", "file", "first_line", "last_line", "raw", "reader", "reader_version"}
GAINED = {"doi", "pmid", "accession"}
"""Fields that a reader may find in a link or a note of the record."""
MARKS = {
    "RIS": r"^TY  - ",
    "PubMed text": r"^PMID- \d",
    "PubMed XML": r"<PubmedArticle>",
    "EndNote XML": r"<record>",
    "ICTRP XML": r"<Trial>",
    "Cochrane text": r"^Record #\d+ of \d+$",
}
"""By what each format's entries are counted, apart from its reader."""
PIECES = [
    *(each.encode() for each in (
        "\n", "\r", "\r\n", "\t", " ", "  ", "      ", "\x00", "\x0c", "\x1e", "\x85", "\xa0",
        "\xad", "\u2028", "\u200d", "\ufeff", "e\u0301", "\u1100\u1161", "歩行", "😀", "&amp;", "&",
        "&#59;", "&lt;b&gt;", "&#xD800;", "&nbsp;", ";", ",", "|", '"', "'", "{", "}", "[", "]",
        "(", ")", "<", ">", "\\", "\\'e", "$", "%", "#", "@", "~", "-", "--", "=1+1", "10.1000/x",
        "ER  - \n", "\nER  - x\n", "\nER  -\n", "TY  - JOUR\n", "\nTY - JOUR\n", "\nKW  - \n",
        "\nAU  - A, B\n", "\nAB  - ", "\nDO  - 10.1000/(x)\n", "PMID- 1\n\n", "\nPT J\n", "\nER\n",
        "\nUT WOS:1\n", "%0 Book\n", "\n%T x\n", "\nRecord #1 of 2\n", "<1>\n", "<record>",
        "</record>", "<Trial>", "</Trial>", "<PubmedArticle>", "<![CDATA[", "]]>", "<!--", "-->",
        "<!DOCTYPE x [", '<!ENTITY a "b">', "@article{a,\n", "\n title = {", "@comment{", "and ",
        "title,authors,year\n", '"a""b"', "null", '{"title": ', "[{", "1e999", "true", "\\u0000",
        "\\ud800", "99999999999999999999")),
    b"\xff", b"\xfe\xff", b"\xff\xfe", b"\x80", b"\xe9", b"\xed\xa0\x80", b"\xf0\x9f",
    b"PK\x03\x04",
]  # fmt: skip


def load() -> Any:
    """Import the readers, instrumented if atheris is there and wanted."""
    sys.path.insert(0, str(ROOT / "src"))
    import evisynth.errors
    import evisynth.records
    import evisynth.records.exports
    import evisynth.records.reading
    import evisynth.records.values

    return evisynth


class FailedError(AssertionError):
    """An input that does not pass."""


def require(truth: object, message: str) -> None:
    """Fail with a message unless something holds."""
    if not truth:
        raise FailedError(message)


def values_of(record: Any) -> dict[str, Any]:
    """Return the fields of a record that a file can hold."""
    return {name: getattr(record, name) for name in record.__slots__ if name not in ORIGIN}


def check_result(evisynth: Any, records: Any, problems: Any, entries: int, lines: int) -> None:
    """Check what was read of one input."""
    unreadable = [each for each in problems if getattr(each, "unreadable", False)]
    require(len(records) + len(unreadable) == entries, "an entry was lost")
    require(len({record.id for record in records}) == len(records), "an id comes twice")
    clean = evisynth.records.values.clean
    before = 0
    for record in records:
        require(before <= record.first_line <= record.last_line <= lines, "lines out of order")
        before = record.first_line
        require(record.id and record.raw, "no id or no raw text")
        for name, value in values_of(record).items():
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str):
                    require(isinstance(value, str) or text, f"an empty value in {name}")
                    require("\n" not in text and text == text.strip(), f"{name} is no line")
                    again = clean(evisynth.records.values.protect(text))
                    require(again == text, f"{name} is not clean: {text!r}")


def check_file(evisynth: Any, data: bytes, folder: Path, *, write: bool = True) -> int:
    """Read an input by its content; returns how many records it has."""
    path = folder / "x.txt"
    path.write_bytes(data)
    try:
        result = evisynth.records.read_records(path, "s")
    except evisynth.errors.InputError:
        return 0
    lines = len(re.findall(rb"\r\n|\n|\r", data)) + 1 if data else 0
    if result.encoding.startswith("utf-16") or result.encoding.startswith("utf-32"):
        lines = len(data) + 1
    check_result(evisynth, result.records, result.problems, result.entries, lines)
    mark = MARKS.get(result.format)
    if mark and result.encoding == "utf-8":
        text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        marked = len(re.findall(mark, text.replace("\ufeff", ""), re.MULTILINE))
        said = any("marks of an entry" in each.message for each in result.problems)
        require(result.entries >= marked or said or "<!" in text, f"{marked} marks")
    if write and result.records and len(result.records) <= 20:
        check_writers(evisynth, result.records, folder)
    return len(result.records)


def check_writers(evisynth: Any, records: Any, folder: Path) -> None:
    """Write the records in every format and read them again."""
    for writer in evisynth.records.WRITERS:
        path = folder / f"y{writer.ending}"
        evisynth.records.write_records(records, path)
        again = evisynth.records.read_records(path).records
        require(len(again) == len(records), f"{writer.name}: {len(again)} of {len(records)}")
        for first, second in zip(records, again, strict=True):
            for name, value in values_of(first).items():
                found = getattr(second, name)
                if name in GAINED and (not value or ";" in value):
                    continue
                if name == "registry_ids" or (isinstance(value, tuple) and "|" in "".join(value)):
                    continue
                if name == "authors" and any(each.count(",") > 1 for each in value):
                    continue
                require(found == value, f"{writer.name}, {name}: {value!r} became {found!r}")


def check_reader(evisynth: Any, data: bytes) -> None:
    """Read an input with the reader that its first byte chooses."""
    readers = evisynth.records.READERS[1:]
    reader = readers[data[0] % len(readers)]
    text = data[1:].decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
    export = evisynth.records.exports.open_export(text, where="x")
    reading = evisynth.records.reading.Reading("x", "s", 1, reader.name, reader.version)
    try:
        records = list(reader.stream(export, reading))
    except evisynth.errors.InputError:
        return
    lines = len(re.findall(r"\r\n|\n|\r", text)) + 1
    check_result(evisynth, records, reading.problems, reading.entries, lines)


def check(evisynth: Any, data: bytes, folder: Path) -> None:
    """Check one input in all ways, within the time allowed."""
    start = time.process_time()
    check_file(evisynth, data, folder)
    if data:
        check_reader(evisynth, data)
    taken = time.process_time() - start
    require(taken < LONGEST, f"it took {taken:.1f} s")


def keep(data: bytes) -> Path:
    """Write an input that failed."""
    FOUND.mkdir(parents=True, exist_ok=True)
    path = FOUND / f"crash-{hashlib.sha256(data).hexdigest()[:12]}.bin"
    path.write_bytes(data)
    return path


def smaller(evisynth: Any, data: bytes, folder: Path, seconds: float = 20.0) -> bytes:
    """Take parts away from an input that fails as long as it fails."""
    until = time.monotonic() + seconds
    step = max(len(data) // 2, 1)
    while step and time.monotonic() < until:
        at, less = 0, False
        while at < len(data) and time.monotonic() < until:
            shorter = data[:at] + data[at + step :]
            try:
                check(evisynth, shorter, folder)
                at += step
            except Exception:  # noqa: BLE001 - any failure is what is looked for
                data, less = shorter, True
        if not less:
            step //= 2
    return data


def mutate(rng: random.Random, seeds: list[bytes]) -> bytes:
    """Draw an input: a damaged seed, or marks of the formats in any order."""
    if rng.random() < 0.15:
        return b"".join(rng.choices(PIECES, k=rng.randrange(1, 40)))
    data = bytearray(rng.choice(seeds)[:LARGEST])
    for _ in range(rng.randrange(1, 7)):
        at = rng.randrange(len(data) + 1)
        kind = rng.random()
        if kind < 0.5:
            data[at:at] = rng.choice(PIECES)
        elif kind < 0.65:
            del data[at : at + rng.randrange(1, 60)]
        elif kind < 0.7:
            del data[at:]
        elif kind < 0.8:
            start = rng.randrange(len(data) + 1)
            data[at:at] = data[start : start + rng.randrange(1, 200)]
        elif kind < 0.9:
            other = rng.choice(seeds)
            start = rng.randrange(len(other) + 1)
            data[at:at] = other[start : start + rng.randrange(1, 300)]
        elif at < len(data):
            data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def run_plain(evisynth: Any, seeds: list[bytes], seconds: float, seed: int, folder: Path) -> int:
    """Run the generator for a time; returns the status."""
    rng = random.Random(seed)
    until = time.monotonic() + seconds
    count = 0
    for data in seeds:
        check(evisynth, data, folder)
    while time.monotonic() < until:
        data = mutate(rng, seeds)
        count += 1
        try:
            check(evisynth, data, folder)
        except Exception:  # noqa: BLE001 - any failure is what is looked for
            traceback.print_exc()
            path = keep(smaller(evisynth, data, folder))
            print(f"after {count} inputs; kept as {path}")
            return 1
    print(f"{count} inputs (seed {seed}), none failed")
    return 0


def run_atheris(atheris: Any, seeds: list[bytes], seconds: float, seed: int, folder: Path) -> None:
    """Run atheris for a time; it ends the process itself."""
    with atheris.instrument_imports(include=["evisynth.records"]):
        evisynth = load()

    def one(data: bytes) -> None:
        try:
            check(evisynth, data, folder)
        except Exception:
            print(f"kept as {keep(data)}")
            raise

    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(seeds):
        (corpus / str(number)).write_bytes(data[:LARGEST])
    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            f"-max_total_time={int(seconds)}",
            f"-seed={seed}",
            f"-max_len={LARGEST}",
            f"-timeout={int(LONGEST) * 4}",
            f"-artifact_prefix={folder}/",
            "-print_final_stats=1",
            "-verbosity=0",
        ],
        one,
    )
    atheris.Fuzz()


def main() -> int:
    """Run for a time, or try single inputs again."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("inputs", nargs="*", type=Path, help="inputs to try again")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="without atheris")
    options = parser.parse_args()
    seeds = [path.read_bytes() for path in sorted(SEEDS.iterdir()) if path.suffix != ".md"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if options.inputs:
            evisynth = load()
            for path in options.inputs:
                check(evisynth, path.read_bytes(), folder)
                print(f"{path}: passes")
            return 0
        if not options.plain:
            try:
                import atheris
            except ImportError:
                print("atheris is not installed: the inputs are drawn from the generator")
            else:
                run_atheris(atheris, seeds, options.seconds, options.seed, folder)
                return 0
        return run_plain(load(), seeds, options.seconds, options.seed, folder)


if __name__ == "__main__":
    sys.exit(main())
