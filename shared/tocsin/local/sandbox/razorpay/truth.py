"""What Razorpay knows, for tests to compare with: final states, and the past no list tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.local.sandbox.razorpay.body import shown

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.razorpay.merchant import Merchant


def truth(merchant: Merchant) -> Json:
    """Objects as they are now; `states` is every change of status with its time and event."""
    return {
        "subscriptions": shown(list(merchant.objects["subscription"].values())),
        "payments": shown(list(merchant.objects["payment"].values())),
        "refunds": shown(list(merchant.objects["refund"].values())),
        "states": merchant.states,
        "events": len(merchant.events),
    }


def events(merchant: Merchant) -> list[Json]:
    """Every event, oldest first: `id` as in the header, `at`, `body` as sent."""
    return [
        {"id": one.id, "at": one.at, "body": json.loads(one.body)}
        for one in merchant.events.values()
    ]
