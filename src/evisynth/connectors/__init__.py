"""Databases and services asked over the network; off unless a person switches them on."""

from evisynth.connectors.base import Connector, Harvest, Item, Progress, Query
from evisynth.connectors.chase import Chase, ChasePlan, ChaseRound, Link, chase_citations
from evisynth.connectors.chase_sources import CHASERS, Seed
from evisynth.connectors.client import Client, Patience, own_hosts
from evisynth.connectors.fulltext import (
    FINDERS,
    FullText,
    FullTextStatus,
    find_full_text,
    is_open,
)
from evisynth.connectors.journal import write_file
from evisynth.connectors.keys import KEYS, Keys, keys_file, read_keys
from evisynth.connectors.registry import CONNECTORS, SERVICE_URLS, SERVICES, connector_for
from evisynth.connectors.run import RAW, SearchRun, run_search

__all__ = [
    "CHASERS",
    "CONNECTORS",
    "FINDERS",
    "KEYS",
    "RAW",
    "SERVICES",
    "SERVICE_URLS",
    "Chase",
    "ChasePlan",
    "ChaseRound",
    "Client",
    "Connector",
    "FullText",
    "FullTextStatus",
    "Harvest",
    "Item",
    "Keys",
    "Link",
    "Patience",
    "Progress",
    "Query",
    "SearchRun",
    "Seed",
    "chase_citations",
    "connector_for",
    "find_full_text",
    "is_open",
    "keys_file",
    "own_hosts",
    "read_keys",
    "run_search",
    "write_file",
]
