"""The part of Razorpay's API that selling uses, on loopback, as its documentation describes it."""

from __future__ import annotations

import base64
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "rzp_test_key:secret"


@dataclass(slots=True)
class RazorpayStub:
    """Its subscriptions, and how the next calls fail.

    `fault`: `502` (HTML), `429`, `401`, `500`, `wrong` (a 200 that is none), `late` (made, and no
    answer), `lost` (nothing made, no answer), or empty.
    """

    url: str = ""
    fault: str = ""
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    posts: int = 0
    stopping: Event = field(default_factory=Event)

    def answer(self, method: str, path: str, query: dict[str, Any], body: Any) -> tuple[int, Any]:
        parts = path.removeprefix("/v1/subscriptions").strip("/").split("/")
        if method == "POST" and parts == [""]:
            return 200, self.make(body)
        if parts == [""]:
            found = [
                each
                for each in self.subscriptions.values()
                if each["created_at"] >= query.get("from", 0)
            ]
            page = found[query.get("skip", 0) : query.get("skip", 0) + query["count"]]
            return 200, {"entity": "collection", "count": len(page), "items": page}
        found_one = self.subscriptions.get(parts[0])
        if found_one is None:
            return 400, {"error": {"code": "BAD_REQUEST_ERROR", "description": "no such id"}}
        if method == "POST":
            found_one["status"] = "cancelled"
        return 200, found_one

    def make(self, body: dict[str, Any]) -> dict[str, Any]:
        name = f"sub_{len(self.subscriptions) + 1}"
        self.subscriptions[name] = {
            "id": name,
            "entity": "subscription",
            "plan_id": body["plan_id"],
            "status": "created",
            "created_at": int(time.time()),
            "paid_count": 0,
            "notes": body["notes"] or [],
            "short_url": f"https://rzp.io/i/{name}",
        }
        return self.subscriptions[name]


_FAULTS: dict[str, tuple[int, bytes]] = {
    "502": (502, b"<html>Bad Gateway</html>"),
    "500": (500, b'{"error": {"code": "SERVER_ERROR", "description": "trouble"}}'),
    "429": (429, b'{"error": {"code": "BAD_REQUEST_ERROR", "description": "too many"}}'),
    "401": (401, b'{"error": {"code": "BAD_REQUEST_ERROR", "description": "Authentication"}}'),
    "wrong": (200, b'{"entity": "unexpected"}'),
    "list": (200, b"[1, 2]"),
}


class _Handler(BaseHTTPRequestHandler):
    stub: RazorpayStub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        stub, parts = self.stub, urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        stub.posts += self.command == "POST"
        expected = "Basic " + base64.b64encode(KEY.encode()).decode()
        if self.headers.get("authorization") != expected:
            self._send(*_FAULTS["401"])
        elif stub.fault in _FAULTS:
            self._send(*_FAULTS[stub.fault])
        elif stub.fault == "lost":
            stub.stopping.wait()
            self.close_connection = True
        else:
            query = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
            status, answer = stub.answer(
                self.command, parts.path, query, json.loads(raw) if raw else {}
            )
            if stub.fault == "late":
                stub.stopping.wait()
                self.close_connection = True
            else:
                self._send(status, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """A test's output is its own."""


@contextmanager
def razorpay_stub() -> Iterator[RazorpayStub]:
    """The stub on a free port for as long as the block runs."""
    stub = RazorpayStub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"stub": stub}))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        stub.stopping.set()
        server.shutdown()
        thread.join(5)
        server.server_close()
