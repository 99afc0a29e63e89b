"""A loopback HTTP server that answers by script: also badly, late, or not at all.

What a network does to a client cannot be shown by patching the client. Each request takes the
next step of the script; the last step repeats.
"""

from __future__ import annotations

import http.server
import json
import socket
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One step. `effect` runs before the answer; `then` is how the connection goes on."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    effect: Callable[[Seen], None] | None = None
    then: str = "answer"
    """`answer`, `reset` (RST and no answer), `hang` (no answer until the client gives up),
    `cut` (half of the body, then the end) or `close` (an answer, and the connection is closed
    without saying so)."""


def json_reply(document: Mapping[str, Any], status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(document).encode(), headers)


@dataclass(slots=True)
class Server:
    """A running server: where it is, and what it has seen."""

    url: str
    seen: list[Seen]
    script: list[Reply]
    released: threading.Event


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the script of its `state`, which a subclass per server carries."""

    protocol_version = "HTTP/1.1"
    server_version = "scripted"
    state: Server

    def do_POST(self) -> None:
        self._step()

    def do_GET(self) -> None:
        self._step()

    def _step(self) -> None:
        state = self.state
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, self.path, headers, self.rfile.read(length))
        step = state.script[min(len(state.seen), len(state.script) - 1)]
        state.seen.append(seen)
        if step.effect:
            step.effect(seen)
        if step.then == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
        elif step.then == "hang":
            state.released.wait()
            self.close_connection = True
        else:
            self._answer(step)

    def _answer(self, step: Reply) -> None:
        self.send_response_only(step.status)
        for name, value in step.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(step.body)))
        self.end_headers()
        half = step.then == "cut"
        self.wfile.write(step.body[: len(step.body) // 2] if half else step.body)
        self.close_connection = step.then in {"cut", "close"}

    def log_message(self, *_: object) -> None:
        """A test's output is its own."""


class _Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that gave up is no news here."""


@contextmanager
def serving(
    handler: type[http.server.BaseHTTPRequestHandler], state: object, released: threading.Event
) -> Iterator[str]:
    """The address of a server on a free loopback port whose handlers have this `state`.

    Whoever hangs waits for `released`, which is set when the block ends.
    """
    server = _Quiet(("127.0.0.1", 0), type("Handler", (handler,), {"state": state}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        released.set()
        server.shutdown()
        thread.join(5)
        server.server_close()


@contextmanager
def scripted(*script: Reply) -> Iterator[Server]:
    """A server on a free loopback port for as long as the block runs. It sends no `Date`."""
    state = Server("", [], list(script), threading.Event())
    with serving(_Handler, state, state.released) as state.url:
        yield state
