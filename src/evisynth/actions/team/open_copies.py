"""Open-access copies of reports, where the plan switches the services on that know them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from evisynth.actions.connections import Network
from evisynth.actions.team.desk import Desk, RefusedError
from evisynth.actions.team.retrieval import open_copy_services
from evisynth.actions.team.uploads import attach_bytes, check_sought
from evisynth.records import Record
from evisynth.storage import list_records

__all__ = ["OpenCopy", "fetch_open_copy"]


@dataclass(frozen=True, slots=True)
class OpenCopy:
    """What came of looking for an open copy.

    Attributes
    ----------
    record : str
        The report.
    status : {"attached", "found", "not found"}
        Attached; an address is known, and the file could not or may not be kept; nothing.
    url, licence, reason : str
        Of the place, and what the services said.
    """

    record: str
    status: str
    url: str = ""
    licence: str = ""
    reason: str = ""


def fetch_open_copy(desk: Desk, record: str, *, network: Network | None = None) -> OpenCopy:
    """Look for an open copy of a report, and attach it where its licence allows that.

    Parameters
    ----------
    desk, record
        Who, and of what.
    network
        How services are asked; by default as the plan says.

    Raises
    ------
    RefusedError
        The plan switches no service on; nothing was sent then.
    """
    from evisynth.connectors import find_full_text

    desk.permit("attach")
    check_sought(desk, record)
    services = open_copy_services(desk)
    if not services:
        raise RefusedError(
            "no service for open copies is switched on; name them in the plan:"
            ' [connectors] enabled = ["unpaywall", "europepmc", "pmc"]'
        )
    line = list_records(desk.store, ids=[record], size=1).lines[0]
    wanted = Record(line.id, line.title, doi=line.doi, pmid=line.pmid)
    net = network or Network()
    with tempfile.TemporaryDirectory() as name, net.opened(desk.folder) as (client, keys):
        found = find_full_text(
            wanted, Path(name), client=client, keys=keys, services=services,
            addresses={each: net.address(each) for each in services}, store=True,
        )  # fmt: skip
        if found.status == "stored" and found.media_type == "application/pdf":
            content = (Path(name) / found.file).read_bytes()
            made = attach_bytes(
                desk, record, found.file, content, source=found.url, licence=found.licence
            )
            if made.status in ("attached", "already"):
                return OpenCopy(record, "attached", found.url, found.licence)
            return OpenCopy(record, "found", found.url, found.licence, made.why)
    status = "found" if found.url else "not found"
    return OpenCopy(record, status, found.url, found.licence, found.reason)
