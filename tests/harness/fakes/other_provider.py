"""Servers that speak the two providers' wire protocols and are not Tocsin's sandbox.

Written from the providers' public API pages and sharing no code with anything else here, so that
what works against them works because of the protocol. Each keeps what it was asked and how.
"""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; header names in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    status: int


@dataclass
class OtherProvider(ABC):
    """One provider: its API key, its subscriptions by id, and every request it got."""

    key: str
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    @abstractmethod
    def authorization(self) -> str:
        """The value of the header that lets a caller in."""

    @abstractmethod
    def answer(self, method: str, path: str, query: dict[str, list[str]], form: Any) -> Answer:
        """Status and body, as the provider's pages have them."""

    def got(self, method: str, prefix: str) -> list[Asked]:
        with self.lock:
            return [
                one for one in self.asked if one.method == method and one.path.startswith(prefix)
            ]

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers one request and keeps it."""
        parts = urlsplit(handler.path)
        query = parse_qs(parts.query)
        raw = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        if headers.get("authorization") != self.authorization:
            status, document = 401, {"error": {"description": "Authentication failed"}}
        else:
            status, document = self.answer(handler.command, parts.path, query, raw)
        with self.lock:
            self.asked.append(Asked(handler.command, parts.path, query, headers, status))
        body = json.dumps(document).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@dataclass
class OtherStripe(OtherProvider):
    """docs.stripe.com/api: events, subscriptions and Checkout sessions."""

    events: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    selling: bool = True

    @property
    def authorization(self) -> str:
        return f"Bearer {self.key}"

    def answer(self, method: str, path: str, query: dict[str, list[str]], form: Any) -> Answer:
        match method, path.strip("/").split("/"):
            case "GET", ["v1", "events"]:
                since, until = (int(query[f"created[{end}]"][0]) for end in ("gte", "lt"))
                found = [one for one in self.events if since <= one["created"] < until]
                newest = sorted(found, key=lambda one: one["created"], reverse=True)
                return _page("/v1/events", newest)
            case "GET", ["v1", "subscriptions"]:
                return _page("/v1/subscriptions", list(self.subscriptions.values()))
            case "GET", ["v1", "subscriptions", name] if name in self.subscriptions:
                return 200, self.subscriptions[name]
            case "GET", ["v1", "checkout", "sessions"]:
                return _page("/v1/checkout/sessions", self.sessions)
            case "POST", ["v1", "checkout", "sessions"] if self.selling:
                return 200, self._session(parse_qs(form.decode()))
        kind = "api_error" if method == "POST" else "invalid_request_error"
        return 502 if method == "POST" else 404, {"error": {"type": kind, "message": path}}

    def _session(self, form: dict[str, list[str]]) -> dict[str, Any]:
        name = f"cs_other_{len(self.sessions) + 1}"
        made = {
            "id": name,
            "object": "checkout.session",
            "url": f"{self.url}/pay/{name}",
            "status": "open",
            "client_reference_id": form["client_reference_id"][0],
            "metadata": {},
        }
        self.sessions.append(made)
        return made


@dataclass
class OtherRazorpay(OtherProvider):
    """razorpay.com/docs/api: subscriptions, and lists of payments and refunds that are empty."""

    @property
    def authorization(self) -> str:
        return "Basic " + base64.b64encode(self.key.encode()).decode()

    def answer(self, method: str, path: str, query: dict[str, list[str]], form: Any) -> Answer:
        match method, path.strip("/").split("/"):
            case "GET", ["v1", "subscriptions", name] if name in self.subscriptions:
                return 200, self.subscriptions[name]
            case "GET", ["v1", ("subscriptions" | "payments" | "refunds" | "invoices") as what]:
                every = list(self.subscriptions.values()) if what == "subscriptions" else []
                skip = int(query.get("skip", ["0"])[0])
                items = every[skip : skip + int(query.get("count", ["10"])[0])]
                return 200, {"entity": "collection", "count": len(items), "items": items}
            case "POST", ["v1", "subscriptions"]:
                return 200, self._made(json.loads(form))
        problem = {"code": "BAD_REQUEST_ERROR", "description": "The id provided does not exist"}
        return 400, {"error": problem}

    def _made(self, wanted: dict[str, Any]) -> dict[str, Any]:
        name = f"sub_other_made_{len(self.subscriptions)}"
        self.subscriptions[name] = {
            "id": name,
            "entity": "subscription",
            "plan_id": wanted["plan_id"],
            "status": "created",
            "current_end": None,
            "notes": wanted["notes"],
            "short_url": f"{self.url}/l/{name}",
        }
        return self.subscriptions[name]


def _page(url: str, found: list[dict[str, Any]]) -> Answer:
    return 200, {"object": "list", "url": url, "has_more": False, "data": found}


@contextmanager
def served[P: OtherProvider](provider: P) -> Iterator[P]:
    """The provider on loopback, at a free port, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            provider.serve(self)

        def do_POST(self) -> None:
            provider.serve(self)

        def log_message(self, *_args: object) -> None:
            """Says nothing: what was asked is kept."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
