"""Asking a provider how it is, over plain HTTP.

What it lists, what it could not deliver, and what it says of itself.

Not through the SDKs, for they hide the status line. A probe reads and never makes anything. Every
failure is an answer: None means that the provider could not say.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import urllib3

from tocsin.billing.outage.signs import Health
from tocsin.billing.projection.ledger_key import usable_time
from tocsin.providers.foreign_json import entries, text

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity

CONNECT_SECONDS, READ_SECONDS = 2.0, 5.0
HOUR, SETTLING = 3_600, 300
PAGE = 100
_OK, _MOST_BYTES = 200, 5_000_000


class HttpProbes:
    """Looks at one provider account at a time."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(
            maxsize=2,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )

    def look(self, identity: Identity, base: str, key: str, *, now: int) -> Health:
        """How the provider is; `key` is the account's API key."""
        if identity.provider == "razorpay":
            return self._razorpay(base, key)
        return self._stripe(base, key, now)

    def _stripe(self, base: str, key: str, now: int) -> Health:
        headers = {"Authorization": f"Bearer {key}"}
        made = {"created[gte]": now - HOUR, "created[lte]": now - SETTLING, "limit": PAGE}
        listed = self._twice(base, "/v1/events", {"limit": PAGE}, headers)
        if listed is None or text(listed, "object") != "list":
            return Health(reachable=False)
        events = self._get(base, "/v1/events", made, headers)
        failed = self._get(base, "/v1/events", {**made, "delivery_success": "false"}, headers)
        endpoints = self._get(base, "/v1/webhook_endpoints", {"limit": PAGE}, headers)
        return Health(
            reachable=True,
            listed=_times(listed),
            events=_count(events),
            undelivered=_count(failed),
            disabled=None
            if endpoints is None
            else any(text(each, "status") == "disabled" for each in entries(endpoints, "data")),
        )

    def _razorpay(self, base: str, key: str) -> Health:
        headers = {"Authorization": "Basic " + base64.b64encode(key.encode()).decode()}
        listed = self._twice(base, "/v1/payments", {"count": 1}, headers)
        if listed is None or text(listed, "entity") != "collection":
            return Health(reachable=False)
        downtimes = self._get(base, "/v1/payments/downtimes", {}, headers)
        return Health(
            reachable=True,
            downtime=None
            if downtimes is None
            else any(
                text(each, "status") == "started" and text(each, "severity") == "high"
                for each in entries(downtimes, "items")
            ),
        )

    def _twice(
        self, base: str, path: str, query: dict[str, Any], headers: dict[str, str]
    ) -> dict[str, Any] | None:
        """Once more where there was no answer: a single lost request is no sign of an outage."""
        return self._get(base, path, query, headers) or self._get(base, path, query, headers)

    def _get(
        self, base: str, path: str, query: dict[str, Any], headers: dict[str, str]
    ) -> dict[str, Any] | None:
        url = f"{base.rstrip('/')}{path}?{urlencode(query)}"
        try:
            response = self._pool.request("GET", url, headers=headers, redirect=False)
            if response.status != _OK or len(response.data) > _MOST_BYTES:
                return None
            shape = json.loads(response.data)
        except (urllib3.exceptions.HTTPError, OSError, ValueError, RecursionError):
            return None
        return shape if isinstance(shape, dict) else None


def _times(listed: dict[str, Any]) -> tuple[int, ...]:
    times = (usable_time(each.get("created")) for each in entries(listed, "data"))
    return tuple(at for at in times if at is not None)


def _count(listed: dict[str, Any] | None) -> int | None:
    """How many there are, up to a page: more than that is many."""
    return None if listed is None else len(entries(listed, "data"))
