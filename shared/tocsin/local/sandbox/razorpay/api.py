"""Razorpay's HTTP API as a function from request to response; no socket in here."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from tocsin.local.sandbox.endpoint import RAZORPAY
from tocsin.local.sandbox.razorpay import lists, resources, subscriptions
from tocsin.local.sandbox.razorpay.body import shown
from tocsin.local.sandbox.razorpay.errors import (
    RazorpayRefusal,
    bad_request,
    not_found,
    unauthenticated,
    unknown_id,
)
from tocsin.local.sandbox.routing import basic
from tocsin.local.sandbox.stripe.api import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.endpoint import Endpoint
    from tocsin.local.sandbox.razorpay.merchant import Merchant


@dataclass(slots=True)
class RazorpayApi:
    """The merchant behind its keys; `secrets` are the key secrets accepted now."""

    merchant: Merchant
    secrets: Callable[[], set[str]]
    endpoints: Mapping[str, Endpoint]

    def handle(self, request: Request, *, now: int, lag: int | None = None) -> Response:
        """The answer at provider time `now`; with `lag` a GET is that many seconds behind."""
        try:
            self._authenticate(request.headers.get("authorization", ""))
            as_of = None if lag is None else now - lag
            return Response(200, self._route(request, now=now, as_of=as_of))
        except RazorpayRefusal as refusal:
            return Response(refusal.status, refusal.body)

    def _authenticate(self, header: str) -> None:
        scheme, _, credentials = header.partition(" ")
        key_id, secret = basic(credentials) if scheme.lower() == "basic" else ("", "")
        if not key_id.startswith("rzp_") or secret not in self.secrets():
            raise unauthenticated()

    def _route(self, request: Request, *, now: int, as_of: int | None) -> Json:
        if request.method == "GET":
            params = dict(parse_qsl(request.query, keep_blank_values=True))
            return self._read(request.path, params, as_of)
        given = _json(request.body)
        for method, pattern, operation in _CHANGES:
            if method == request.method and (match := pattern.fullmatch(request.path)):
                stored: Json = operation(self.merchant, *match.groups(), given, now=now)
                answer: Json = shown(stored)
                return answer
        raise not_found()

    def _read(self, path: str, params: Json, as_of: int | None) -> Json:
        if path == "/v1/webhooks":
            return lists.collection(self._webhooks())
        if match := _DOWNTIMES.fullmatch(path):
            kind, identifier = "payment.downtime", match.group(1)
        elif match := _READ.fullmatch(path):
            kind, identifier = _KINDS[match.group(1)], match.group(2)
        else:
            raise not_found()
        if identifier is not None:
            found = self.merchant.as_of(self.merchant.get(kind, identifier), as_of)
            if found is None:
                raise unknown_id()
            answer: Json = shown(found)
            return answer
        filters = _FILTERS.get(kind, frozenset())
        paging = lists.WITHOUT_WINDOW if kind == "invoice" else lists.PAGING
        known = [
            state
            for one in self.merchant.objects[kind].values()
            if (state := self.merchant.as_of(one, as_of)) is not None
        ]
        for name in filters & params.keys():
            known = [one for one in known if one.get(name) == params[name]]
        items: list[Json] = shown(lists.page(known, params, allowed=paging | filters))
        return {"payment_links": items} if kind == "payment_link" else lists.collection(items)

    def _webhooks(self) -> list[Json]:
        return [
            {
                "id": one.id,
                "entity": "webhook",
                "url": one.url,
                "active": one.enabled,
                "owner_type": "merchant",
                "events": dict.fromkeys(one.enabled_events, True),
            }
            for one in self.endpoints.values()
            if one.provider == RAZORPAY
        ]


def _json(body: bytes) -> Json:
    try:
        given = json.loads(body or b"{}")
    except ValueError as problem:
        raise bad_request("The input is not valid JSON") from problem
    if given == []:
        return {}
    if not isinstance(given, dict):
        raise bad_request("The input is not a JSON object")
    return given


_KINDS: Final = {
    "plans": "plan",
    "customers": "customer",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "payments": "payment",
    "refunds": "refund",
    "payment_links": "payment_link",
}
_FILTERS: Final = {
    "subscription": frozenset({"plan_id"}),
    "invoice": frozenset({"subscription_id", "payment_id", "customer_id", "type", "receipt"}),
    "payment_link": frozenset({"payment_id", "reference_id"}),
}
_READ: Final = re.compile(rf"/v1/({'|'.join(_KINDS)})(?:/(\w+))?")
_DOWNTIMES: Final = re.compile(r"/v1/payments/downtimes(?:/(\w+))?")
_ONE: Final = r"/v1/subscriptions/(\w+)"
_CHANGES: Final[tuple[tuple[str, re.Pattern[str], Callable[..., Any]], ...]] = (
    ("POST", re.compile(r"/v1/plans"), resources.create_plan),
    ("POST", re.compile(r"/v1/customers"), resources.create_customer),
    ("POST", re.compile(r"/v1/subscriptions"), subscriptions.create),
    ("PATCH", re.compile(_ONE), subscriptions.edit),
    ("POST", re.compile(rf"{_ONE}/cancel"), subscriptions.cancel),
    ("POST", re.compile(rf"{_ONE}/pause"), subscriptions.pause),
    ("POST", re.compile(rf"{_ONE}/resume"), subscriptions.resume),
    ("POST", re.compile(r"/v1/payments/(\w+)/refund"), resources.create_refund),
    ("POST", re.compile(r"/v1/payment_links"), resources.create_link),
    ("POST", re.compile(r"/v1/payment_links/(\w+)/cancel"), resources.cancel_link),
)
