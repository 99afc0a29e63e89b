"""How Stripe is: what it lists, what it could not deliver, and which endpoints it has disabled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.billing.outage.signs import Health
from tocsin.billing.projection.ledger_key import usable_time
from tocsin.providers.foreign_json import entries, text

if TYPE_CHECKING:
    from tocsin.providers.http.probes import Asking

HOUR, SETTLING = 3_600, 300
PAGE = 100
READS = "/v1/subscriptions?limit=1"
ENDPOINTS = "/v1/webhook_endpoints?limit=100"


def headers(key: str) -> dict[str, str]:
    """The key as a bearer."""
    return {"Authorization": f"Bearer {key}"}


def look(asking: Asking, *, now: int) -> Health:
    """The events of the last hour, without the newest minutes, which are still being delivered."""
    made = {"created[gte]": now - HOUR, "created[lte]": now - SETTLING, "limit": PAGE}
    listed = asking.twice("/v1/events", {"limit": PAGE})
    if listed is None or text(listed, "object") != "list":
        return Health(reachable=False)
    events = asking.once("/v1/events", made)
    failed = asking.once("/v1/events", {**made, "delivery_success": "false"})
    endpoints = asking.once("/v1/webhook_endpoints", {"limit": PAGE})
    return Health(
        reachable=True,
        listed=_times(listed),
        events=_count(events),
        undelivered=_count(failed),
        disabled=None
        if endpoints is None
        else any(text(each, "status") == "disabled" for each in entries(endpoints, "data")),
    )


def _times(listed: dict[str, Any]) -> tuple[int, ...]:
    times = (usable_time(each.get("created")) for each in entries(listed, "data"))
    return tuple(at for at in times if at is not None)


def _count(listed: dict[str, Any] | None) -> int | None:
    """How many there are, up to a page: more than that is many."""
    return None if listed is None else len(entries(listed, "data"))
