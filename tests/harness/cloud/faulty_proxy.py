"""A proxy between two parties in which seeded troubles happen: to functions, providers, people.

It stands between a deployed function and AWS, or between whoever calls Tocsin and its API. A
request is forwarded byte for byte, so signatures stay valid and rights are checked as ever. What
happens to a request is drawn from a deck of cards in the order in which requests come: every kind
of trouble that is in the deck happens once in so many requests, and a seed says in which order.
The order of the requests themselves is the machine's.
"""

from __future__ import annotations

import http.server
import os
import random
import signal
import socket
import struct
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.harness.cloud.deadly_proxy import HOST, environ_of, forwarded, process_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

THROTTLE, ERROR, LATENCY, HANG = "throttle", "server_error", "latency", "hang"
RESET, LOST_ANSWER = "reset", "lost_answer"
KILL_BEFORE, KILL_AFTER = "kill_before", "kill_after"
KINDS = (THROTTLE, ERROR, LATENCY, HANG, RESET, LOST_ANSWER, KILL_BEFORE, KILL_AFTER)
KILLS = frozenset({KILL_BEFORE, KILL_AFTER})

SLOW = (0.05, 0.4)
"""Seconds by which an answer is late; below what any caller of ours waits for."""

HANGS = 2.5
"""Seconds in which nothing is said. The calls of the webhook path give up after 1.5."""

# What AWS answers by its protocols: JSON for whoever names a target, XML for the query API, and
# JSON with the code in a header for REST.
_JSON = {"content-type": "application/x-amz-json-1.0"}
_XML = {"content-type": "text/xml"}
_CODES = {THROTTLE: "ThrottlingException", ERROR: "InternalServerError"}
_QUERY_CODES = {THROTTLE: "Throttling", ERROR: "InternalFailure"}


@dataclass(slots=True)
class Deck:
    """What happens to requests: `cards` in so many, shuffled, dealt one a request.

    `happened` counts the troubles that took place, by kind. Once `over` is set nothing more does.
    """

    seed: int
    cards: Mapping[str, int]
    of: int
    happened: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    over: bool = False
    _dice: random.Random = field(init=False)
    _stack: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if unknown := self.cards.keys() - set(KINDS):
            raise ValueError(f"no trouble is called {', '.join(sorted(unknown))}")
        if sum(self.cards.values()) > self.of:
            raise ValueError("a deck has no more troubles than cards")
        self._dice = random.Random(self.seed)

    def deal(self) -> str:
        """The trouble of the next request; empty for none."""
        with self._lock:
            self.requests += 1
            if self.over:
                return ""
            if not self._stack:
                named = [kind for kind in KINDS for _ in range(self.cards.get(kind, 0))]
                self._stack = named + [""] * (self.of - len(named))
                self._dice.shuffle(self._stack)
            return self._stack.pop()

    def late(self) -> float:
        """Seconds of a slow answer."""
        with self._lock:
            return self._dice.uniform(*SLOW)

    def note(self, kind: str) -> None:
        with self._lock:
            self.happened[kind] += 1


@dataclass(slots=True)
class Crashes:
    """Which troubles fell between a message's sending and its being marked as sent.

    By process, since one process delivers one message at a time. A request that sends and whose
    answer is lost is one too: whoever sent does not know. More messages than this may not repeat.
    """

    between: int = 0
    _sent: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reached(self, pid: int, target: str, path: str, body: bytes) -> None:
        """AWS carried this request out."""
        with self._lock:
            if is_send(path, body):
                self._sent.add(pid)
            elif target.endswith(".UpdateItem") and b"sent_at" in body:
                self._sent.discard(pid)

    def troubled(self, pid: int, kind: str, path: str, body: bytes) -> None:
        """This happened to the process; called after `reached` where it reached AWS first."""
        with self._lock:
            died = kind in KILLS and pid in self._sent
            unheard = kind == LOST_ANSWER and is_send(path, body)
            self.between += died or unheard
            if died:
                self._sent.discard(pid)


def is_send(path: str, body: bytes) -> bool:
    """Whether a request hands a message over: SNS publishes, SES mails."""
    return b"Action=Publish" in body or path.startswith("/v2/email/outbound-emails")


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, upstream: str, deck: Deck, function: str, crashes: Crashes | None) -> None:
        super().__init__((HOST, 0), _Handler)
        self.deck = deck
        self.crashes = crashes
        self.upstream = urlsplit(upstream)
        self.mark = f"AWS_LAMBDA_FUNCTION_NAME={function}".encode() if function else b""

    def handle_error(self, request: object, client_address: object) -> None:
        """Who was killed or gave up hears no answer; anything else is a bug and is printed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(http.server.BaseHTTPRequestHandler):
    """One request and what happens to it."""

    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    pid = 0

    def do_POST(self) -> None:
        deck = self.server.deck
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        # The movable clock of a local stage is asked of SSM; no other stage has one.
        own = self.headers.get("x-amz-target", "").startswith("AmazonSSM.")
        trouble = "" if own else deck.deal()
        if self.server.mark and not self.pid:
            self.pid = process_at(self.client_address[1]) or 0
        if trouble in KILLS and not self._may_be_killed():
            trouble = ""
        if trouble:
            deck.note(trouble)
        if trouble == LATENCY:
            time.sleep(deck.late())
        elif self._ends_before(trouble, body):
            return
        status, headers, answer = forwarded(
            self.server.upstream, self.command, self.path, self.headers, body
        )
        if self.server.crashes is not None:
            target = self.headers.get("x-amz-target", "")
            self.server.crashes.reached(self.pid, target, self.path, body)
        if trouble == KILL_AFTER:
            self._kill(trouble, body)
        elif trouble == LOST_ANSWER:
            self._tell(trouble, body)
            self._reset()
        else:
            self._answer(status, headers, answer)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815 - the names the base calls

    def _ends_before(self, trouble: str, body: bytes) -> bool:
        """Whether the request was kept from AWS."""
        if trouble in _CODES:
            self._answer(*self._refusal(trouble, body))
        elif trouble == HANG:
            time.sleep(HANGS)
            self._reset()
        elif trouble == RESET:
            self._reset()
        elif trouble == KILL_BEFORE:
            self._kill(trouble, body)
        else:
            return False
        return True

    def _refusal(self, trouble: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        code, throttled = _CODES[trouble], trouble == THROTTLE
        if not self.server.mark:  # a gateway's own answer to whoever calls the API
            status, says = (429, "Too Many Requests") if throttled else (503, "Service Unavailable")
            headers = {"content-type": "application/json"}
            return status, headers, f'{{"message":"{says}"}}'.encode()
        if self.headers.get("x-amz-target"):
            document = f'{{"__type":"com.amazonaws#{code}","message":"injected"}}'.encode()
            return (400 if throttled else 500), _JSON, document
        if b"Action=" in body:
            query = _QUERY_CODES[trouble]
            document = (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{query}</Code>"
                "<Message>injected</Message></Error><RequestId>r</RequestId></ErrorResponse>"
            ).encode()
            return (400 if throttled else 500), _XML, document
        kind = "TooManyRequestsException" if throttled else "InternalServiceErrorException"
        rest = {"content-type": "application/json", "x-amzn-errortype": kind}
        return (429 if throttled else 500), rest, b'{"message":"injected"}'

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        """Closes so that the other side gets a reset, and not an orderly end."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def _may_be_killed(self) -> bool:
        return bool(self.pid) and self.server.mark in environ_of(self.pid)

    def _kill(self, kind: str, body: bytes) -> None:
        self.close_connection = True
        self._tell(kind, body)
        os.kill(self.pid, signal.SIGKILL)

    def _tell(self, kind: str, body: bytes) -> None:
        if self.server.crashes is not None:
            self.server.crashes.troubled(self.pid, kind, self.path, body)

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


@contextmanager
def faulty_proxy(
    upstream: str, deck: Deck, *, function: str = "", crashes: Crashes | None = None
) -> Iterator[str]:
    """The address of a proxy in front of `upstream`, in which the deck's troubles happen.

    `function` is whose calls go through it and the only one whose processes are killed; without
    one it is the link of somebody who calls Tocsin. `crashes` is told of what it sends.
    """
    server = _Server(upstream, deck, function, crashes)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
