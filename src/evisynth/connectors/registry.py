"""The connectors, by the word that switches each on."""

from __future__ import annotations

from evisynth.connectors.base import Connector
from evisynth.connectors.clinicaltrials import ClinicalTrials
from evisynth.connectors.crossref import Crossref
from evisynth.connectors.europepmc import EuropePMC
from evisynth.connectors.openalex import OpenAlex
from evisynth.connectors.pubmed import PubMed
from evisynth.connectors.scopus import Scopus
from evisynth.connectors.web_of_science import WebOfScience
from evisynth.errors import OptionError

__all__ = ["CONNECTORS", "SERVICES", "SERVICE_URLS", "connector_for"]

CONNECTORS: dict[str, Connector] = {
    each.name: each
    for each in (
        PubMed(),
        EuropePMC(),
        OpenAlex(),
        Crossref(),
        ClinicalTrials(),
        Scopus(),
        WebOfScience(),
    )
}
"""Every database that can be searched from here."""

SERVICE_URLS: dict[str, str] = {
    **{name: each.url for name, each in CONNECTORS.items()},
    "unpaywall": "https://api.unpaywall.org/v2",
    "pmc": "https://eutils.ncbi.nlm.nih.gov/entrez/eutils",
}
"""Address of every service by its word: the databases, and those that find full texts."""

SERVICES: tuple[str, ...] = tuple(SERVICE_URLS)
"""Every word that ``[connectors] enabled`` takes."""


def connector_for(name: str) -> Connector:
    """Return a connector by its name.

    Raises
    ------
    OptionError
        There is none of this name.

    Examples
    --------
    >>> connector_for("pubmed").title
    'PubMed'
    """
    if name not in CONNECTORS:
        raise OptionError(
            "database",
            name,
            CONNECTORS,
            "Databases without an open interface (Embase, Ovid, EBSCO, ProQuest, Cochrane) come in"
            " as exported files under searches/.",
        )
    return CONNECTORS[name]
