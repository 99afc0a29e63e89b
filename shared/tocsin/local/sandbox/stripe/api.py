"""The provider's HTTP API as a function from request to response; no socket in here.

Authentication, the idempotency rules, version pinning and the provider's headers are here, the
which call means what in `routes`.
"""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.stripe import resources, webhook_endpoints
from tocsin.local.sandbox.stripe.account import Account, Origin, render_event, render_thin
from tocsin.local.sandbox.stripe.errors import (
    ProviderRefusal,
    key_reused,
    no_such_account,
    unauthenticated,
)
from tocsin.local.sandbox.stripe.events_list import list_events
from tocsin.local.sandbox.stripe.forms import parse
from tocsin.local.sandbox.stripe.routes import CHANGES, ENDPOINT, EVENT, KINDS, READ
from tocsin.local.sandbox.stripe.versions import checked, render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.stripe.webhook_endpoints import Endpoints

_KEY_LIFETIME: Final = 86_400
_MOST_KEYS: Final = 50_000
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


@dataclass(frozen=True, slots=True)
class _Call:
    """One call on its way: for which account, in which version, as of when."""

    request: Request
    account: Account
    version: str
    now: int
    lag: int | None

    @property
    def as_of(self) -> int | None:
        return None if self.lag is None else self.now - self.lag


@dataclass(slots=True)
class Api:
    """The account behind its API keys, and those connected to it by their id.

    `delivered` answers for the `delivery_success` filter.
    """

    account: Account
    keys: set[str]
    delivered: Callable[[str], bool] = lambda _event: True
    connected: dict[str, Account] = field(default_factory=dict)
    endpoints: Endpoints = field(default_factory=dict)
    answered: dict[tuple[str | None, str], tuple[str, int, Response]] = field(default_factory=dict)

    def handle(self, request: Request, *, now: int, lag: int | None = None) -> Response:
        """The provider's answer to one call at provider time `now`; refusals are answers too.

        With `lag` a GET is answered by a replica that many seconds behind.
        """
        request_id = self.account.new_id("req")
        headers = {"request-id": request_id, "stripe-version": self.account.api_version}
        try:
            self._authenticate(request.headers.get("authorization", ""))
            version = checked(request.headers.get("stripe-version", self.account.api_version))
            headers["stripe-version"] = version
            call = _Call(request, self._account_of(request.headers), version, now, lag)
            answer = self._once(call, request_id=request_id)
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

    def _account_of(self, headers: Mapping[str, str]) -> Account:
        named = headers.get("stripe-account")
        if named is None:
            return self.account
        if named not in self.connected:
            raise no_such_account(named)
        return self.connected[named]

    def _once(self, call: _Call, *, request_id: str) -> Response:
        """Answers a repeated idempotency key with the stored answer, whatever changed since."""
        request = call.request
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            return self._run(call, Origin(request_id))
        digest = hashlib.sha256(f"{request.path}\n".encode() + request.body).hexdigest()
        place = (call.account.id, key)
        known = self.answered.get(place)
        if known and known[1] > call.now - _KEY_LIFETIME:
            if known[0] != digest:
                raise key_reused(key)
            extra = {"idempotent-replayed": "true", "original-request": known[2].headers["origin"]}
            return Response(known[2].status, copy.deepcopy(known[2].body), extra)
        answer = self._run(call, Origin(request_id, key))
        if answer.status not in _NOT_KEPT:
            kept = Response(answer.status, copy.deepcopy(answer.body), {"origin": request_id})
            self.answered[place] = (digest, call.now, kept)
            self._forget_keys(call.now)
        return answer

    def _forget_keys(self, now: int) -> None:
        """A key is kept for a day, and the oldest only while there are not too many."""
        while self.answered:
            oldest, (_, at, _) = next(iter(self.answered.items()))
            if at > now - _KEY_LIFETIME and len(self.answered) <= _MOST_KEYS:
                return
            del self.answered[oldest]

    def _run(self, call: _Call, origin: Origin) -> Response:
        call.account.origin = origin
        try:
            params = parse(call.request.query)
            if call.request.body:
                params |= parse(call.request.body.decode("utf-8", "strict"))
            return Response(200, self._route(call, params))
        except ProviderRefusal as refusal:
            return Response(refusal.status, refusal.body)
        except UnicodeDecodeError:
            return Response(400, {"error": {"type": "invalid_request_error", "message": "UTF-8"}})
        finally:
            call.account.origin = Origin()

    def _route(self, call: _Call, params: Json) -> Json:
        method, path = call.request.method, call.request.path
        if match := ENDPOINT.fullmatch(path):
            return self._endpoint(call, match.group(1), params)
        if method == "GET" and path == "/v1/events":
            found, more = list_events(
                call.account, params, now=call.now, delivered=self.delivered, as_of=call.as_of
            )
            return _page("/v1/events", [render_event(one) for one in found], more=more)
        if method == "GET" and (match := EVENT.fullmatch(path)):
            event = call.account.event(match.group(2), now=call.now)
            return render_event(event) if match.group(1) == "1" else render_thin(event)
        if method == "GET" and (match := READ.fullmatch(path)):
            return self._read(call, match.group(1), match.group(2), params)
        for verb, pattern, operation in CHANGES:
            if verb == method and (match := pattern.fullmatch(path)):
                stored = operation(call.account, *match.groups(), params, now=call.now)
                return render(stored, call.version)
        raise ProviderRefusal(404, f"Unrecognized request URL ({method}: {path}).")

    def _read(self, call: _Call, plural: str, identifier: str | None, params: Json) -> Json:
        kind, account = KINDS[plural], call.account
        if identifier is None:
            found, more = resources.list_objects(account, kind, params, as_of=call.as_of)
            shown = [render(one, call.version) for one in found]
            return _page(f"/v1/{plural}", shown, more=more)
        if params:
            raise ProviderRefusal(400, f"Received unknown parameter: {next(iter(params))}")
        stored = account.get(kind, identifier)
        if call.as_of is not None:
            stored = account.events.state_of(identifier, at=call.as_of) or stored
        return render(stored, call.version)

    def _endpoint(self, call: _Call, identifier: str | None, params: Json) -> Json:
        match call.request.method, identifier:
            case "GET", None:
                found = webhook_endpoints.listed(self.endpoints)
                return _page("/v1/webhook_endpoints", found, more=False)
            case "POST", None:
                return webhook_endpoints.create(call.account, self.endpoints, params)
            case "GET", str(named):
                return webhook_endpoints.shown(webhook_endpoints.found(self.endpoints, named))
            case "POST", str(named):
                return webhook_endpoints.update(self.endpoints, named, params)
            case "DELETE", str(named):
                return webhook_endpoints.delete(self.endpoints, named)
        raise ProviderRefusal(404, f"Unrecognized request URL ({call.request.method}).")


def _page(url: str, data: list[Json], *, more: bool) -> Json:
    return {"object": "list", "data": data, "has_more": more, "url": url}
