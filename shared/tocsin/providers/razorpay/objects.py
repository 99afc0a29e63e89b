"""Razorpay's subscription entity, and where to ask for one.

The entity documents fewer states than the events show (`paused` is missing there), and the words
do not mean what Stripe's mean: `pending` is a failed charge that is retried, `halted` is what
comes after the retries. Both can become active again.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tocsin.billing.projection.ledger_key import usable_time
from tocsin.billing.subscription import Status, Subscription
from tocsin.errors import UnreadableShape
from tocsin.providers.bodies.pruning import workspace_in
from tocsin.providers.foreign_json import section, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.billing.identity import Identity

STATUS = {
    "created": Status.PENDING,
    "authenticated": Status.TRIALING,
    "active": Status.ACTIVE,
    "pending": Status.PAST_DUE,
    "halted": Status.SUSPENDED,
    "paused": Status.PAUSED,
    "cancelled": Status.CANCELLED,
    "completed": Status.COMPLETED,
    "expired": Status.EXPIRED,
}
ALWAYS_IN_A_PERIOD = frozenset({"active"})
"""Elsewhere `current_end` may be null: no first charge has succeeded yet."""


_BAD_REQUEST = 400
_UNKNOWN_ID = "id provided does not exist"


def snapshot_in(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entity a snapshot event carries."""
    return section(document, "payload", "subscription", "entity")


def subscription(shape: Mapping[str, Any], *, as_of: int) -> Subscription:
    """Reads one subscription entity as of that moment (epoch seconds).

    `authenticated` is a trial only while its start lies ahead; after that the first charge is
    what is waited for.

    Raises:
        UnreadableShape: id, status, plan, or the period of an active subscription is missing.
    """
    identifier, raw_status = text(shape, "id"), text(shape, "status")
    plan, period_end = text(shape, "plan_id"), usable_time(shape.get("current_end"))
    needs_period = raw_status in ALWAYS_IN_A_PERIOD and period_end is None
    if not (identifier and raw_status and plan) or needs_period:
        found = {"id": identifier, "status": raw_status, "plan_id": plan, "current_end": period_end}
        missing = ", ".join(name for name, value in found.items() if not value)
        raise UnreadableShape(f"A Razorpay subscription lacks: {missing}.")
    status = STATUS.get(raw_status, Status.UNKNOWN)
    if status is Status.TRIALING and (usable_time(shape.get("start_at")) or 0) <= as_of:
        status = Status.PENDING
    return Subscription(
        id=identifier,
        status=status,
        raw_status=raw_status,
        plan=plan,
        period_end=period_end,
        workspace=workspace_in(shape.get("notes")),
    )


def path(subscription: str) -> str:
    """The path of one subscription; its id is foreign text and is quoted."""
    return f"/v1/subscriptions/{quote(subscription, safe='')}"


def headers(key: str, identity: Identity) -> dict[str, str]:
    """Basic authorisation with `<key id>:<key secret>`."""
    del identity  # a key belongs to one account and mode
    return {"Authorization": "Basic " + base64.b64encode(key.encode()).decode()}


def is_gone(status: int, shape: Mapping[str, Any]) -> bool:
    """404 or 410, or the 400 with which Razorpay answers for an id it does not know.

    It names neither a code nor a field of its own for that, so its words have to tell.
    """
    said = text(section(shape, "error"), "description") or ""
    return status in {404, 410} or (status == _BAD_REQUEST and _UNKNOWN_ID in said.casefold())
