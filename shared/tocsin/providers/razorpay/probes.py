"""How Razorpay is: whether it lists payments, and what it says of its own downtimes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from tocsin.billing.outage.signs import Health
from tocsin.providers.foreign_json import entries, text

if TYPE_CHECKING:
    from tocsin.providers.http.probes import Asking


READS = "/v1/subscriptions?count=1"
ENDPOINTS = ""
"""Its dashboard shows them, and only a partner's API lists them."""


def headers(key: str) -> dict[str, str]:
    """Basic authorisation with `<key id>:<key secret>`."""
    return {"Authorization": "Basic " + base64.b64encode(key.encode()).decode()}


def look(asking: Asking, *, now: int) -> Health:
    """Only a downtime that has begun and is of high severity counts."""
    del now  # it says what holds now
    listed = asking.twice("/v1/payments", {"count": 1})
    if listed is None or text(listed, "entity") != "collection":
        return Health(reachable=False)
    downtimes = asking.once("/v1/payments/downtimes", {})
    return Health(
        reachable=True,
        downtime=None
        if downtimes is None
        else any(
            text(each, "status") == "started" and text(each, "severity") == "high"
            for each in entries(downtimes, "items")
        ),
    )
