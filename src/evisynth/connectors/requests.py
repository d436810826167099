"""What is asked of a service and what came back; what is secret is kept apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

__all__ = ["Answer", "Expect", "Request", "Timestamp"]

Expect = Literal["json", "xml", "file"]
Timestamp = str
"""Moment in UTC, ``"2026-03-02T10:15:00Z"``."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a service.

    Attributes
    ----------
    service : str
        Name of the service in messages.
    url : str
        Address without parameters.
    params : tuple of (str, str)
        Parameters in their order, in the address of a GET or the body of a POST.
    method : {"GET", "POST"}
        POST for what is too long for an address, and for what must not stand in one.
    expect : {"json", "xml", "file"}
        What the answer must be to be taken.
    headers : tuple of (str, str)
        Headers beside the usual ones.
    secret_params, secret_headers : tuple of (str, str)
        Keys and addresses of people: sent, and never kept, logged or shown.
    interval : float
        Seconds between two requests to this host.
    accept : tuple of int
        Status codes besides 200 that are an answer, e.g. 404 for "not known".
    other_hosts : bool
        Whether redirects to other hosts are followed (files of publishers and repositories).
    turn : str
        Tells equal questions apart that have different answers: the cursor of Crossref is the same
        for each page, and a list whose cursor died is begun again.
    """

    service: str
    url: str
    params: tuple[tuple[str, str], ...] = ()
    method: Literal["GET", "POST"] = "GET"
    expect: Expect = "json"
    headers: tuple[tuple[str, str], ...] = ()
    secret_params: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    secret_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    interval: float = 0.0
    accept: tuple[int, ...] = ()
    other_hosts: bool = False
    turn: str = ""

    @property
    def shown(self) -> str:
        """The address with its parameters, without what is secret."""
        query = urlencode(self.params)
        return f"{self.url}?{query}" if query else self.url

    @property
    def key(self) -> str:
        """Fingerprint of the question: equal questions have equal keys, whoever asks."""
        text = json.dumps([self.method, self.url, self.params, self.turn], ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered.

    Attributes
    ----------
    status : int
        HTTP status.
    headers : Mapping of str to str
        Names in lower case.
    body : bytes
        As sent, after the transport's compression.
    url : str
        Where it came from in the end, without what is secret.
    time : str
        When it came, UTC.
    kept : bool
        True when it was not asked for now but read from what an earlier run kept.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    time: Timestamp
    kept: bool = False

    @property
    def media_type(self) -> str:
        """Media type without its parameters, lower case."""
        return self.headers.get("content-type", "").split(";", 1)[0].strip().lower()
