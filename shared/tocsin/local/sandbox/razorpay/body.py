"""The body of a webhook, with everything in which Razorpay's own samples differ from each other.

There is no id in it. Empty notes are a list. `payment.authorized` does not name its account,
`subscription.activated` and `refund.speed_changed` have their time inside `payload`, and
`subscription.completed` carries a payment that `contains` does not name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.local.sandbox.defaults import Json

_WITHOUT_ACCOUNT: Final = frozenset({"payment.authorized"})
_TIME_INSIDE: Final = frozenset({"subscription.activated", "refund.speed_changed"})
_UNNAMED: Final = {"subscription.completed": frozenset({"payment"})}


def event_body(kind: str, subjects: Mapping[str, Json], *, account: str, now: int) -> Json:
    """What is sent for one event about these objects, by the name each has in `payload`."""
    hidden = _UNNAMED.get(kind, frozenset())
    body: Json = {
        "entity": "event",
        "account_id": account,
        "event": kind,
        "contains": [name for name in subjects if name not in hidden],
        "payload": {name: {"entity": shown(stored)} for name, stored in subjects.items()},
    }
    if kind in _WITHOUT_ACCOUNT:
        del body["account_id"]
    (body["payload"] if kind in _TIME_INSIDE else body)["created_at"] = now
    return body


def shown(value: Any) -> Any:
    """Without the keys that begin with `_`, and with `[]` for notes that are empty."""
    if isinstance(value, dict):
        return {
            key: [] if key == "notes" and not child else shown(child)
            for key, child in value.items()
            if not key.startswith("_")
        }
    return [shown(child) for child in value] if isinstance(value, list) else value
