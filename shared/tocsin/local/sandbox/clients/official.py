"""Reads the sandbox through the provider's official SDK, as an auditor who trusts nobody would.

What a drill compares a projection with comes through here, not through the sandbox's own controls:
if the sandbox did not speak the provider's API, the official client would find out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import stripe

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class ProviderTruth:
    """A subscription as the provider has it now; `period_end` is the earliest of its items."""

    id: str
    status: str
    period_end: int
    price: str
    workspace: str | None


def client(api_base: str, api_key: str) -> stripe.StripeClient:
    """The official client, pointed at the sandbox, without retries."""
    return stripe.StripeClient(api_key, base_addresses={"api": api_base}, max_network_retries=0)


def razorpay_client(api_base: str, key_id: str, key_secret: str) -> Any:
    """Razorpay's official client (it has no types), pointed at the sandbox."""
    import razorpay  # noqa: PLC0415  # the Stripe half needs none of it

    return razorpay.Client(auth=(key_id, key_secret), base_url=api_base)


def subscriptions(
    sdk: stripe.StripeClient, *, created_from: int | None = None
) -> Iterator[ProviderTruth]:
    """Every subscription, the cancelled too, newest first, over all pages."""
    params: stripe.params.SubscriptionListParams = {"status": "all", "limit": 100}
    if created_from is not None:
        params["created"] = {"gte": created_from}
    for found in sdk.v1.subscriptions.list(params).auto_paging_iter():
        items = found["items"]["data"]  # `.items` is the mapping's own method
        yield ProviderTruth(
            id=found.id,
            status=found.status,
            period_end=min(int(item["current_period_end"]) for item in items),
            price=str(items[0]["price"]["id"]),
            workspace=found.metadata.to_dict().get("workspace_id"),
        )
