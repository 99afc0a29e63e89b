"""The whole HTTP API as one WSGI program: every documented route, served by the functions' code.

What the gateway does is done here: the route is chosen, path, query, headers and body become an
event of payload format 2.0, and what the function returns becomes an HTTP answer. Who asks is
proven, for that is the gateway's work too; the stores are in memory.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.harness.fakes.requests import api_event
from tests.harness.fakes.webhooks import (
    REGISTRATIONS,
    http_event,
    razorpay_headers,
    stripe_headers,
)
from tocsin.adapters.billing.projection.memory import MemoryLedger
from tocsin.application.billing.projection.ingest import Ingest
from tocsin.billing.identity import Registrations
from tocsin.providers.bodies.codec import keep
from tocsin.providers.registry import webhook_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

    from tests.harness.worlds.billing_office import BillingOffice
    from tests.harness.worlds.world import World

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"
BILLING = ("/v1/billing/", "/v1/workspaces/", "/v1/replays", "/v1/reconciliations")
GROUP = "commander"


class _Context:
    """What Lambda tells an invocation of itself."""

    aws_request_id = "front-door"


@dataclass(frozen=True, slots=True)
class _Known:
    """Registrations that need no secret store."""

    registrations: Registrations

    def get(self) -> Registrations:
        return self.registrations

    def refreshed(self) -> Registrations | None:
        return None


@dataclass(slots=True)
class FrontDoor:
    """The program. `unexpected` are bodies of answers that only a bug gives."""

    world: World
    office: BillingOffice
    ingest: ModuleType
    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    def __post_init__(self) -> None:
        self.ingest.INGEST = Ingest(  # type: ignore[attr-defined]
            registrations=_Known(Registrations(REGISTRATIONS)),
            reader=webhook_reader,
            ledger=self.ledger,
            pack=keep,
        )

    def __call__(
        self, environ: Mapping[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """WSGI."""
        method, path = environ["REQUEST_METHOD"], _path(environ)
        if path == "/openapi.json":
            start_response("200 OK", [("content-type", "application/json")])
            return [DOCUMENT.read_bytes()]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = self._answer(method, path, _headers(environ), _query(environ), body)
        status, headers = HTTPStatus(answer["statusCode"]), answer.get("headers", {})
        start_response(f"{status.value} {status.phrase}", list(headers.items()))
        return [str(answer["body"]).encode()]

    def _answer(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        query: dict[str, str],
        body: bytes,
    ) -> dict[str, Any]:
        if path.startswith("/webhooks/"):
            return self._webhook(path, headers, body)
        event = api_event(
            method, path, person="ana", group=GROUP, headers=headers, query=query or None
        )
        event["requestContext"]["requestId"] = _Context.aws_request_id
        event["body"] = base64.b64encode(body).decode() if body else None
        event["isBase64Encoded"] = bool(body)
        api = self.office.api if path.startswith(BILLING) else self.world.api
        return dict(api.respond(event))

    def _webhook(self, path: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        """Signed by whoever it is from where it is long enough to tell, else as it came."""
        provider, _, endpoint = path.removeprefix("/webhooks/").partition("/")
        if len(body) % 2 and provider == "stripe":
            headers |= stripe_headers(body, int(time.time()))
        elif len(body) % 2 and provider == "razorpay":
            headers |= razorpay_headers(body)
        event = http_event(provider, body, headers, endpoint=endpoint or None)
        return dict(self.ingest.lambda_handler(event, _Context()))


def _path(environ: Mapping[str, Any]) -> str:
    """As a gateway gets it: percent-encoded octets undone, in UTF-8."""
    return str(environ["PATH_INFO"]).encode("latin-1").decode("utf-8", "replace")


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    found = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if kind := environ.get("CONTENT_TYPE"):
        found["content-type"] = str(kind)
    return found


def _query(environ: Mapping[str, Any]) -> dict[str, str]:
    """The gateway joins what comes twice by a comma."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def document() -> dict[str, Any]:
    """What is promised."""
    found: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return found
