"""A kept connection to one place, over the standard library's HTTP client.

Calls of one service go to one host, one after the other, with no redirect, proxy, cookie or
encoding to mind, so of a general HTTP library only the keeping is needed. An execution environment
sleeps between deliveries, and the other side closes what is idle: a connection is looked at before
it is used again.
"""

from __future__ import annotations

import select
import ssl
import weakref
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from tocsin.errors import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

BROKEN = (HTTPException, OSError)
"""What `post` raises when no whole answer came back; timeouts and TLS failures among them."""

_MOST_IDLE = 4


class Answer(NamedTuple):
    """One whole answer.

    `crc32` is DynamoDB's checksum of its body, where it sent one; `error` the code of a refusal
    where it stands in a header; `function_error` is there when a function failed.
    """

    status: int
    body: bytes
    crc32: str | None = None
    error: str | None = None
    function_error: str | None = None


class ConnectionPool:
    """Where requests go. Threads may share it: each request has a connection to itself."""

    def __init__(self, endpoint: str, *, connect: float, read: float) -> None:
        """Reads `http[s]://host[:port]`; `connect` and `read` in seconds, per step.

        Raises:
            InvalidSettings: the endpoint is something else.
        """
        scheme, self._host, self._port = _parts(endpoint)
        self._tls = _trust() if scheme == "https" else None
        self._connect, self._read = connect, read
        self._idle: list[HTTPConnection] = []
        weakref.finalize(self, _close, self._idle)
        own_port = 443 if self._tls else 80
        bracketed = f"[{self._host}]" if ":" in self._host else self._host
        self.host = bracketed if self._port in {None, own_port} else f"{bracketed}:{self._port}"

    def post(
        self,
        headers: Mapping[str, str],
        body: bytes,
        path: str = "/",
        *,
        within: float | None = None,
    ) -> Answer:
        """The answer to one POST; sent once, however it ends. `within` shortens each of its steps.

        Raises:
            HTTPException, OSError: see `BROKEN`. Whether the other side acted is not known then.
        """
        connection = self._take(within)
        try:
            connection.sock.settimeout(within or self._read)
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            said = response.headers
            answer = Answer(
                response.status,
                response.read(),
                said.get("x-amz-crc32"),
                said.get("x-amzn-errortype"),
                said.get("x-amz-function-error"),
            )
        except BaseException:
            connection.close()  # half an answer may be left in it
            raise
        if connection.sock is not None and len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _take(self, within: float | None) -> HTTPConnection:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread took the last one
                break
            if not _has_news(connection):
                return connection
            connection.close()
        return self._opened(min(self._connect, within or self._connect))

    def _opened(self, connect: float) -> HTTPConnection:
        if self._tls is None:
            connection = HTTPConnection(self._host, self._port, timeout=connect)
        else:
            connection = HTTPSConnection(self._host, self._port, timeout=connect, context=self._tls)
        connection.connect()
        return connection


def _parts(endpoint: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError as error:
        raise InvalidSettings("An endpoint has a port that is none.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise InvalidSettings("An endpoint is http(s)://host[:port].")
    return parts.scheme, parts.hostname, port


def _has_news(connection: HTTPConnection) -> bool:
    """Whether an idle connection has something to say: its end, or what nobody asked for."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _close(idle: list[HTTPConnection]) -> None:
    while idle:
        idle.pop().close()


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """The system's authorities, read once: it takes longer than everything else here."""
    return ssl.create_default_context()
