"""The one client behind all connectors: pace, patience, limits, and nothing secret in a log."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode, urljoin, urlsplit

from evisynth.connectors.bodies import fault_of
from evisynth.connectors.facts import made_by
from evisynth.connectors.requests import Answer, Request
from evisynth.errors import ServiceError

if TYPE_CHECKING:
    import httpx

__all__ = ["Client", "Patience", "own_hosts", "seconds_to_wait"]

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})
_WAY_OUT = "What was fetched is kept: run the same command again, and it goes on from there"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the client tries and waits, and how much it takes.

    Attributes
    ----------
    tries : int
        Times that a question is asked in all when the fault may pass.
    first_wait : float
        Seconds before the second try; doubled for each further one.
    longest_wait : float
        Seconds; a service that asks for more is left alone, and the run ends with a message.
    timeout : float
        Seconds without a byte.
    whole : float
        Seconds for a whole body.
    largest : int
        Bytes of a body, unpacked.
    redirects : int
        Redirects followed.
    """

    tries: int = 5
    first_wait: float = 1.0
    longest_wait: float = 120.0
    timeout: float = 30.0
    whole: float = 300.0
    largest: int = 256 * 1024 * 1024
    redirects: int = 5


class _PassingError(Exception):
    """A fault that may pass: the question is asked again."""

    def __init__(self, message: str, *, wait: float | None = None, status: int = 0) -> None:
        self.wait, self.status = wait, status
        super().__init__(message)


class _NoQueries(logging.Filter):
    """Takes the parameters off addresses in the log of httpx: keys may stand there."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                re.sub(r"\?.*", "?...", str(each)) if "?" in str(each) else each
                for each in record.args
            )
        return True


def seconds_to_wait(written: str, now: datetime) -> float | None:
    """Read ``Retry-After``: seconds, or a date; None if it cannot be read.

    Examples
    --------
    >>> seconds_to_wait("7", datetime(2026, 3, 2, tzinfo=UTC))
    7.0
    >>> seconds_to_wait("Mon, 02 Mar 2026 00:00:30 GMT", datetime(2026, 3, 2, tzinfo=UTC))
    30.0
    """
    written = written.strip()
    if re.fullmatch(r"\d+(\.\d+)?", written):
        return float(written)
    try:
        moment = parsedate_to_datetime(written)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _reachable_by_all(host: str) -> bool:
    """Return whether a host has addresses of the open Internet only."""
    found = {str(each[4][0]) for each in socket.getaddrinfo(host, None)}
    return all(ipaddress.ip_address(each.split("%")[0]).is_global for each in found)


class Client:
    """Asks services at their pace and gives up with a message that says what to do.

    Parameters
    ----------
    contact
        E-mail address of the person who searches; services ask for it. Told in ``User-Agent``.
    patience
        Tries, waits and limits.
    own_hosts
        ``host:port`` that may lie on this machine or network (an address given by the person).
    sleep, clock, now
        Waiting, a clock that only goes forward, and the time of day; replaced in tests.

    Examples
    --------
    >>> with Client() as client:
    ...     client.patience.tries
    5
    """

    def __init__(
        self,
        contact: str = "",
        *,
        patience: Patience | None = None,
        own_hosts: frozenset[str] = frozenset(),
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.contact = contact
        self.patience = patience or Patience()
        self.own_hosts = own_hosts
        self.asked = 0
        self.notes: list[str] = []
        self._sleep, self._clock = sleep, clock
        self._now = now or (lambda: datetime.now(tz=UTC))
        self._next: dict[str, float] = {}
        self._pace: dict[str, float] = {}
        self._http: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def moment(self) -> str:
        """Return the time of day in UTC, to the second."""
        return self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def today(self) -> str:
        """Return the day, ISO."""
        return self._now().date().isoformat()

    def set_pace(self, url: str, seconds: float) -> None:
        """Keep at least this many seconds between two requests to the host of an address."""
        self._pace[urlsplit(url).netloc] = seconds

    def send(self, request: Request) -> Answer:
        """Ask, and ask again while the fault may pass.

        Raises
        ------
        ServiceError
            The service cannot be reached, refuses, sends what was not asked for, or wants to be
            left alone for long.
        """
        patience = self.patience
        wait = patience.first_wait
        for number in range(1, patience.tries + 1):
            try:
                return self._once(request)
            except _PassingError as fault:
                if number == patience.tries:
                    raise ServiceError(
                        request.service,
                        f"no usable answer after {number} tries: {fault}",
                        hint=_WAY_OUT,
                        status=fault.status,
                    ) from fault
                seconds = wait if fault.wait is None else max(fault.wait, 0.0)
                if seconds > patience.longest_wait:
                    raise ServiceError(
                        request.service,
                        f"{fault}; it asks to be left alone for {round(seconds)} seconds",
                        hint=_WAY_OUT,
                        status=fault.status,
                    ) from fault
                self.notes.append(f"{request.service}: {fault}; asked again")
                self._sleep(seconds)
                wait = min(wait * 2, patience.longest_wait)
        raise AssertionError("a client tries at least once")  # pragma: no cover

    def _connection(self) -> httpx.Client:
        if self._http is None:
            import httpx

            for name in ("httpx", "httpcore"):
                logger = logging.getLogger(name)
                if not any(isinstance(each, _NoQueries) for each in logger.filters):
                    logger.addFilter(_NoQueries())
            contact = f" (mailto:{self.contact})" if self.contact else ""
            self._http = httpx.Client(
                headers={"User-Agent": made_by().replace(" ", "/") + contact},
                timeout=self.patience.timeout,
                follow_redirects=False,
            )
        return self._http

    def _wait_for_turn(self, host: str, interval: float) -> None:
        pause = self._next.get(host, 0.0) - self._clock()
        if pause > 0:
            self._sleep(pause)
        self._next[host] = self._clock() + max(interval, self._pace.get(host, 0.0))

    def _once(self, request: Request) -> Answer:
        """Ask once, along redirects."""
        url, secret = request.url, True
        for _ in range(self.patience.redirects + 1):
            answer = self._exchange(request, url, secret=secret)
            if answer.status not in _MOVED:
                return self._checked(request, answer)
            target = urljoin(url, answer.headers.get("location", ""))
            self._check_redirect(request, url, target)
            secret = secret and urlsplit(target).netloc == urlsplit(url).netloc
            url = target
        raise ServiceError(request.service, f"redirects more than {self.patience.redirects} times")

    def _check_redirect(self, request: Request, url: str, target: str) -> None:
        old, new = urlsplit(url), urlsplit(target)
        if request.method == "POST":
            raise ServiceError(
                request.service, f"redirects what was posted to {new.netloc}; it is not sent there"
            )
        if new.scheme not in ("http", "https") or (old.scheme == "https" and new.scheme == "http"):
            raise ServiceError(
                request.service, f"redirects to {new.scheme}://{new.netloc}, which is not followed"
            )
        if new.netloc != old.netloc and not request.other_hosts:
            raise ServiceError(
                request.service,
                f"redirects to another host, {new.netloc}; nothing is sent there",
                hint="The service may have moved, or a log-in page of your network stands between",
            )

    def _check_host(self, request: Request, url: str) -> None:
        """Keep addresses that a service names from reaching into this machine or its network."""
        parts = urlsplit(url)
        if not request.other_hosts or parts.netloc in self.own_hosts:
            return
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ServiceError(request.service, f"{parts.scheme}: is no address of a file")
        try:
            fine = _reachable_by_all(parts.hostname)
        except (OSError, ValueError) as error:
            raise _PassingError(f"the host {parts.hostname} is not known here") from error
        if not fine:
            raise ServiceError(
                request.service,
                f"{parts.hostname} lies on this machine or its network; nothing is fetched there",
            )

    def _exchange(self, request: Request, url: str, *, secret: bool) -> Answer:
        import httpx

        self._check_host(request, url)
        host = urlsplit(url).netloc
        self._wait_for_turn(host, request.interval)
        first = url == request.url
        params = (*request.params, *(request.secret_params if secret else ())) if first else ()
        headers = dict(request.headers) | (dict(request.secret_headers) if secret else {})
        connection = self._connection()
        self.asked += 1
        try:
            if request.method == "POST":
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                content = urlencode(params).encode()
                made = connection.build_request("POST", url, content=content, headers=headers)
            else:
                made = connection.build_request("GET", url, params=params or None, headers=headers)
            response = connection.send(made, stream=True)
            try:
                body = self._body(request, response)
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise _PassingError(f"no answer within {self.patience.timeout:g} seconds") from error
        except httpx.ConnectError as error:
            raise _PassingError(f"{host} cannot be reached ({error})") from error
        except httpx.DecodingError as error:
            raise _PassingError("the compressed answer is broken") from error
        except httpx.RemoteProtocolError as error:
            raise _PassingError("the answer broke off") from error
        except httpx.TransportError as error:
            raise _PassingError(f"the connection failed ({type(error).__name__})") from error
        except httpx.InvalidURL as error:
            raise ServiceError(request.service, "what it names is no address") from error
        shown = request.shown if first and request.method == "GET" else url.split("?", 1)[0]
        return Answer(
            response.status_code,
            {name.lower(): value for name, value in response.headers.items()},
            body,
            shown,
            self.moment(),
        )

    def _body(self, request: Request, response: httpx.Response) -> bytes:
        """Take a body up to its limits of size and time."""
        patience = self.patience
        end = self._clock() + patience.whole
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > patience.largest:
                raise ServiceError(
                    request.service, f"the answer is larger than {patience.largest:,} bytes"
                )
            if self._clock() > end:
                raise _PassingError(f"the answer was not whole after {patience.whole:g} seconds")
            parts.append(part)
        return b"".join(parts)

    def _checked(self, request: Request, answer: Answer) -> Answer:
        status = answer.status
        if status in _PASSING:
            written = answer.headers.get("retry-after", "")
            wait = seconds_to_wait(written, self._now()) if written else None
            told = f"it answers {status}"
            raise _PassingError(told, wait=wait, status=status)
        if status != 200 and status not in request.accept:
            raise ServiceError(
                request.service, _refusal(request, answer), hint=_hint(status), status=status
            )
        fault = "" if status in request.accept else fault_of(
            answer.body, answer.media_type, request.expect
        )  # fmt: skip
        if fault:
            raise _PassingError(fault, status=status)
        return answer


def _refusal(request: Request, answer: Answer) -> str:
    """Say what a service answered, without what is secret."""
    text = " ".join(answer.body[:2000].decode("utf-8", "replace").split())
    for _, value in (*request.secret_params, *request.secret_headers):
        if value:
            text = text.replace(value, "...")
    said = "" if not text or text.startswith("<") else f": {text[:300]}"
    return f"it answers {answer.status}{said}"


def _hint(status: int) -> str:
    if status in (401, 403):
        return "Is the key right, and does it give access to this database?"
    if status in (400, 422):
        return "Is the query written for this database?"
    return ""


def own_hosts(base_urls: Mapping[str, str]) -> frozenset[str]:
    """Return the hosts of addresses that a person gave.

    Examples
    --------
    >>> sorted(own_hosts({"pubmed": "http://127.0.0.1:8123/entrez"}))
    ['127.0.0.1:8123']
    """
    return frozenset(urlsplit(url).netloc for url in base_urls.values())
