"""Make generated sets with the tool that stands beside the labelled ones."""

import importlib.util
from pathlib import Path

from labelled import record_of


def tool(shared: Path):
    """Return the generator as a module."""
    path = shared / "tools" / "dedup_generate.py"
    spec = importlib.util.spec_from_file_location("dedup_generate", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def seed_files(shared: Path, names=("stroke", "cytology_screening")) -> list[str]:
    """Return the files that titles, authors and journals are taken from."""
    return [str(shared / "data" / "dedup" / name / "records_pre_merged.csv") for name in names]


def generated_set(shared: Path, count: int, names=("stroke", "cytology_screening")):
    """Return records and groups of a generated set."""
    records, groups, _ = generated_kinds(shared, count, names)
    return records, groups


def generated_kinds(shared: Path, count: int, names=("stroke", "cytology_screening")):
    """Return records, groups, and ``{id of a hard negative: its kind}``."""
    records, works, kinds = [], {}, {}
    for number, work, kind, row in tool(shared).make(count, seed_files(shared, names)):
        row["ID"] = f"g_{number:08d}"
        records.append(record_of(row))
        works.setdefault(work, []).append(row["ID"])
        if kind:
            kinds[row["ID"]] = kind
    return records, [ids for ids in works.values() if len(ids) > 1], kinds
