"""Stripe's subscription object in every shape it has had, and where to ask for one.

Two changes of the API matter. The period moved from the subscription to its items (basil), and an
item's plan became a price. Which shape a body has is seen in the body: an event's `api_version`
may be another account's, and a listed event may be rendered otherwise than its webhook was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tocsin.billing.projection.ledger_key import usable_time
from tocsin.billing.subscription import Status, Subscription
from tocsin.errors import UnreadableShape
from tocsin.providers.bodies.pruning import workspace_in
from tocsin.providers.foreign_json import entries, flag, reference, section, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.billing.identity import Identity

STATUS = {
    "incomplete": Status.PENDING,
    "trialing": Status.TRIALING,
    "active": Status.ACTIVE,
    "past_due": Status.PAST_DUE,
    "unpaid": Status.SUSPENDED,
    "paused": Status.PAUSED,
    "canceled": Status.CANCELLED,
    "incomplete_expired": Status.EXPIRED,
}


def snapshot_in(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object a snapshot event carries."""
    return section(document, "data", "object")


def subscription(shape: Mapping[str, Any], *, as_of: int) -> Subscription:
    """Reads one subscription object of any API version.

    With several items the latest period end counts (what has been paid for is not cut short by a
    shorter item) and the plan is all of them, sorted and joined by `+`.

    Raises:
        UnreadableShape: id, status, plan or period end is in none of its known places.
    """
    del as_of  # Stripe says what holds now; nothing has to be compared with a time
    items = entries(shape.get("items"), "data")
    identifier, raw_status = text(shape, "id"), text(shape, "status")
    plans = sorted({plan for each in (items or (shape,)) if (plan := _plan(each))})
    ends = [end for each in items if (end := usable_time(each.get("current_period_end")))]
    period_end = max(ends) if ends else usable_time(shape.get("current_period_end"))
    if not (identifier and raw_status and plans and period_end):
        found = {"id": identifier, "status": raw_status, "plan": plans, "period end": period_end}
        missing = ", ".join(name for name, value in found.items() if not value)
        raise UnreadableShape(f"A Stripe subscription lacks: {missing}.")
    return Subscription(
        id=identifier,
        status=STATUS.get(raw_status, Status.UNKNOWN),
        raw_status=raw_status,
        plan="+".join(plans),
        period_end=period_end,
        collection_paused=isinstance(shape.get("pause_collection"), dict),
        ends_at_period_end=flag(shape, "cancel_at_period_end") is True
        or usable_time(shape.get("cancel_at")) == period_end,
        workspace=workspace_in(shape.get("metadata")),
    )


def path(subscription: str) -> str:
    """The path of one subscription; its id is foreign text and is quoted."""
    return f"/v1/subscriptions/{quote(subscription, safe='')}"


def headers(key: str, identity: Identity) -> dict[str, str]:
    """Authorisation by the account's key, on behalf of a connected account where there is one."""
    authorised = {"Authorization": f"Bearer {key}"}
    if connected := identity.connected_account:
        authorised["Stripe-Account"] = connected
    return authorised


def is_gone(status: int, shape: Mapping[str, Any]) -> bool:
    """404, or 410 where it was deleted; whatever else the body says."""
    del shape
    return status in {404, 410}


def _plan(item: Mapping[str, Any]) -> str | None:
    return reference(item, "price") or reference(item, "plan")
