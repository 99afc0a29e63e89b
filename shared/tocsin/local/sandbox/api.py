"""The provider's HTTP API as a function from request to response; no socket in here.

Authentication, the idempotency rules, version pinning and the provider's headers are here, the
meaning of each call in `subscriptions`, `resources` and `invoicing`.
"""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tocsin.local.sandbox import resources, subscriptions
from tocsin.local.sandbox.account import Account, Origin, render_event
from tocsin.local.sandbox.errors import ProviderRefusal, key_reused, unauthenticated
from tocsin.local.sandbox.forms import parse
from tocsin.local.sandbox.versions import checked, render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.local.sandbox.defaults import Json

_KEY_LIFETIME: Final = 86_400
_NOT_KEPT: Final = frozenset({400, 401, 404, 409, 429})
"""Refused before anything was done: the key may be used again."""


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` in lower case; `query` and `body` still encoded."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """`body` is the JSON value itself."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Api:
    """The account behind its API keys. `delivered` answers for the `delivery_success` filter."""

    account: Account
    keys: set[str]
    delivered: Callable[[str], bool] = lambda _event: True
    answered: dict[str, tuple[str, int, Response]] = field(default_factory=dict)

    def handle(self, request: Request, *, now: int) -> Response:
        """The provider's answer to one call at provider time `now`; refusals are answers too."""
        request_id = self.account.new_id("req")
        headers = {"request-id": request_id, "stripe-version": self.account.api_version}
        try:
            self._authenticate(request.headers.get("authorization", ""))
            version = checked(request.headers.get("stripe-version", self.account.api_version))
            headers["stripe-version"] = version
            answer = self._once(request, version, request_id=request_id, now=now)
        except ProviderRefusal as refusal:
            answer = Response(refusal.status, refusal.body)
        key = request.headers.get("idempotency-key")
        if key and request.method == "POST":
            headers["idempotency-key"] = key
        return Response(answer.status, answer.body, {**headers, **answer.headers})

    def _authenticate(self, header: str) -> None:
        scheme, _, credentials = header.partition(" ")
        key: str | None = None
        if scheme.lower() == "bearer":
            key = credentials.strip()
        elif scheme.lower() == "basic":
            try:
                key = base64.b64decode(credentials, validate=True).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                key = None
        if key not in self.keys:
            raise unauthenticated(key)

    def _once(self, request: Request, version: str, *, request_id: str, now: int) -> Response:
        """Answers a repeated idempotency key with the stored answer, whatever changed since."""
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            return self._run(request, version, Origin(request_id), now=now)
        digest = hashlib.sha256(f"{request.path}\n".encode() + request.body).hexdigest()
        known = self.answered.get(key)
        if known and known[1] > now - _KEY_LIFETIME:
            if known[0] != digest:
                raise key_reused(key)
            extra = {"idempotent-replayed": "true", "original-request": known[2].headers["origin"]}
            return Response(known[2].status, copy.deepcopy(known[2].body), extra)
        answer = self._run(request, version, Origin(request_id, key), now=now)
        if answer.status not in _NOT_KEPT:
            kept = Response(answer.status, copy.deepcopy(answer.body), {"origin": request_id})
            self.answered[key] = (digest, now, kept)
        return answer

    def _run(self, request: Request, version: str, origin: Origin, *, now: int) -> Response:
        self.account.origin = origin
        try:
            params = parse(request.query)
            if request.body:
                params |= parse(request.body.decode("utf-8", "strict"))
            return Response(200, self._route(request, params, version, now=now))
        except ProviderRefusal as refusal:
            return Response(refusal.status, refusal.body)
        except UnicodeDecodeError:
            return Response(400, {"error": {"type": "invalid_request_error", "message": "UTF-8"}})
        finally:
            self.account.origin = Origin()

    def _route(self, request: Request, params: Json, version: str, *, now: int) -> Json:
        if request.method == "GET" and request.path == "/v1/events":
            found, more = resources.list_events(
                self.account, params, now=now, delivered=self.delivered
            )
            return _page("/v1/events", [render_event(one) for one in found], more=more)
        if request.method == "GET" and (match := _EVENT.fullmatch(request.path)):
            return render_event(self.account.event(match.group(1), now=now))
        if request.method == "GET" and (match := _READ.fullmatch(request.path)):
            return self._read(match.group(1), match.group(2), params, version)
        for method, pattern, operation in _CHANGES:
            if method == request.method and (match := pattern.fullmatch(request.path)):
                stored = operation(self.account, *match.groups(), params, now=now)
                return render(stored, version)
        raise ProviderRefusal(404, f"Unrecognized request URL ({request.method}: {request.path}).")

    def _read(self, plural: str, identifier: str | None, params: Json, version: str) -> Json:
        kind = _KINDS[plural]
        if identifier is not None:
            if params:
                raise ProviderRefusal(400, f"Received unknown parameter: {next(iter(params))}")
            return render(self.account.get(kind, identifier), version)
        found, more = resources.list_objects(self.account, kind, params)
        return _page(f"/v1/{plural}", [render(one, version) for one in found], more=more)


def _page(url: str, data: list[Json], *, more: bool) -> Json:
    return {"object": "list", "data": data, "has_more": more, "url": url}


_KINDS: Final = {
    "customers": "customer",
    "products": "product",
    "prices": "price",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "payment_intents": "payment_intent",
}
_EVENT: Final = re.compile(r"/v1/events/(\w+)")
_READ: Final = re.compile(rf"/v1/({'|'.join(_KINDS)})(?:/(\w+))?")
_CHANGES: Final[tuple[tuple[str, re.Pattern[str], Callable[..., Any]], ...]] = (
    ("POST", re.compile(r"/v1/customers"), resources.create_customer),
    ("POST", re.compile(r"/v1/customers/(\w+)"), resources.update_customer),
    ("POST", re.compile(r"/v1/products"), resources.create_product),
    ("POST", re.compile(r"/v1/prices"), resources.create_price),
    ("POST", re.compile(r"/v1/subscriptions"), subscriptions.create),
    ("POST", re.compile(r"/v1/subscriptions/(\w+)"), subscriptions.update),
    ("DELETE", re.compile(r"/v1/subscriptions/(\w+)"), subscriptions.cancel),
    ("POST", re.compile(r"/v1/subscriptions/(\w+)/resume"), subscriptions.resume),
    ("POST", re.compile(r"/v1/invoices/(\w+)/pay"), resources.pay_invoice),
)
