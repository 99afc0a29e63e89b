"""HTTP on loopback in front of a sandbox: the provider's API and the sandbox's own controls.

A thread per connection and one write per answer: with headers and body in two writes every answer
would wait 40 ms for the other side's delayed acknowledgement.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tocsin.local.sandbox.controls.refusal import BadControl
from tocsin.local.sandbox.controls.table import control
from tocsin.local.sandbox.defaults import HOST
from tocsin.local.sandbox.endpoint import STRIPE
from tocsin.local.sandbox.outages import ANSWERS, Canned, Outage
from tocsin.local.sandbox.routing import provider_of
from tocsin.local.sandbox.stripe.api import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.local.sandbox.sandbox import Sandbox

_MOST_BODY: Final = 1_000_000
_LOCAL_NAMES: Final = frozenset({"127.0.0.1", "localhost"})


def limited(provider: str, reason: str) -> Canned:
    """The answer to one request too many; only Stripe says which limit it was."""
    canned = ANSWERS[provider]["rate_limited"]
    if provider != STRIPE:
        return canned
    return replace(canned, headers={**canned.headers, "stripe-rate-limited-reason": reason})


class SandboxServer(ThreadingHTTPServer):
    """Serves one sandbox; `stopping` ends whatever hangs on purpose."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, sandbox: Sandbox, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.sandbox = sandbox
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}"

    def close(self) -> None:
        """Stops serving and sending; safe to call once serving has begun in another thread."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        self.sandbox.dispatcher.stop()

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that went away is no event; anything else is a bug and is shown."""
        del request, client_address
        import sys  # noqa: PLC0415  # only to look at what is being handled
        import traceback  # noqa: PLC0415

        if not isinstance(sys.exception(), ConnectionError):
            traceback.print_exc()


class _Handler(BaseHTTPRequestHandler):
    server: SandboxServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Calls are kept by the sandbox; the terminal stays quiet."""

    def _serve(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        if length > _MOST_BODY:
            self.close_connection = True
            self._send(413, b"", {})
            return
        body = self.rfile.read(length)
        if self.headers.get("host", "").rpartition(":")[0] not in _LOCAL_NAMES:
            self._send(403, b'{"error": "this sandbox answers on loopback only"}', {})
        elif url.path.startswith("/_sandbox/"):
            self._control(url.path, body)
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            provider, path = provider_of(url.path, headers)
            self._provider(provider, Request(self.command, path, url.query, headers, body))

    def _control(self, path: str, body: bytes) -> None:
        try:
            given = json.loads(body) if body else {}
            answer = control(self.server.sandbox, self.command, path, given)
            self._send(200, json.dumps(answer).encode(), {})
        except (BadControl, json.JSONDecodeError) as problem:
            self._send(400, json.dumps({"error": str(problem)}).encode(), {})

    def _provider(self, provider: str, request: Request) -> None:
        sandbox = self.server.sandbox
        with sandbox.lock:
            reason = sandbox.limits[provider].refusal(request.method, request.path)
            outage = sandbox.outages.of(request.method, request.path, provider)
        if reason is not None:
            self._canned(provider, request, limited(provider, reason), "limit")
            return
        if outage and self._suffer(outage, provider, request):
            return
        kind = outage.kind if outage else None
        lag = int(outage.seconds) if outage and kind == "lag" else None
        response, now = sandbox.answer(request, provider=provider, lag=lag)
        status = None if kind == "lose_answer" else response.status
        sandbox.note_call(request, status, kind, provider=provider)  # now, however late the answer
        if kind == "lose_answer":
            self._reset()
            return
        if outage and kind == "answer_late":
            self.server.stopping.wait(outage.seconds)
        headers = {**response.headers, "date": formatdate(now, usegmt=True)}
        self._send(response.status, json.dumps(response.body, indent=2).encode(), headers)

    def _suffer(self, outage: Outage, provider: str, request: Request) -> bool:
        """Fails as ordered; False when the request is to be answered after all."""
        if outage.kind in {"lose_answer", "answer_late", "lag"}:
            return False
        if outage.kind in {"slow", "hang"}:
            self.server.stopping.wait(outage.seconds)
            if outage.kind == "slow":
                return False
        if outage.kind in {"hang", "refuse"}:
            self.server.sandbox.note_call(request, None, outage.kind, provider=provider)
            self._reset()
            return True
        self._canned(provider, request, ANSWERS[provider][outage.kind], outage.kind)
        return True

    def _canned(self, provider: str, request: Request, answer: Canned, why: str) -> None:
        sandbox = self.server.sandbox
        sandbox.note_call(request, answer.status, why, provider=provider)
        date = formatdate(sandbox.clock.now(), usegmt=True)
        shown = {**answer.headers, "content-type": answer.content_type, "date": date}
        self._send(answer.status, answer.body, shown)

    def _reset(self) -> None:
        """Ends the connection with a reset instead of an orderly close."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        shown = {"content-type": "application/json", "date": formatdate(usegmt=True), **headers}
        for name, value in shown.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
