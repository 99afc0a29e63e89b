"""Makes Razorpay subscriptions with a past, repeatable from a seed, several changes in a second."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.razorpay import charging, resources, subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.razorpay.merchant import Merchant

_STEPS: Final = (0, 0, 0, 1, 1, 2)


@dataclass(frozen=True, slots=True)
class Story:
    """At least `events` events on `customers` new subscriptions, from `start` to `until`."""

    seed: int
    start: int
    until: int
    events: int = 200
    customers: int = 12
    label: str = "story"


def tell(merchant: Merchant, story: Story) -> Json:
    """Plays the story on the merchant; what was made."""
    dice = random.Random(story.seed)  # noqa: S311  # repeatable on purpose, not a secret
    before, now = len(merchant.events), story.start
    item = {"name": f"{story.label} plan", "amount": 99_900, "currency": "INR"}
    plan = resources.create_plan(
        merchant, {"period": "monthly", "interval": 1, "item": item}, now=now
    )
    made: list[Json] = []
    alive: list[Json] = []
    while len(merchant.events) - before < story.events:
        if len(made) < story.customers or not alive:
            number = len(made)
            given = {
                "plan_id": plan["id"],
                "total_count": 12,
                "notes": {"workspace_id": f"ws-{story.label}-{number}"} if number % 5 else [],
            }
            made.append(subscriptions.create(merchant, given, now=now))
            charging.authenticate(merchant, made[-1]["id"], now=now)
            alive.append(made[-1])
        else:
            position = dice.randrange(len(alive))
            chosen = alive[position]
            dice.choice(_CHANGES[chosen["status"]])(merchant, chosen, now)
            if chosen["status"] in subscriptions.OVER:
                alive[position] = alive[-1]
                alive.pop()
        now = min(now + dice.choice(_STEPS), story.until)
    return {
        "events": len(merchant.events) - before,
        "subscriptions": [one["id"] for one in made],
        "first_second": story.start,
        "last_second": now,
    }


def _pay(merchant: Merchant, one: Json, now: int) -> None:
    one["_works"] = True
    charging.charge(merchant, one, now=now)


def _miss(merchant: Merchant, one: Json, now: int) -> None:
    one["_works"] = False
    charging.charge(merchant, one, now=now)
    one["_works"] = True


def _renew(merchant: Merchant, one: Json, now: int) -> None:
    if one["remaining_count"]:
        _pay(merchant, one, now)
    else:
        subscriptions.end(merchant, one, "completed", now=now)


def _edit(merchant: Merchant, one: Json, now: int) -> None:
    subscriptions.edit(merchant, one["id"], {"quantity": one["quantity"] % 5 + 1}, now=now)


def _pause(merchant: Merchant, one: Json, now: int) -> None:
    subscriptions.pause(merchant, one["id"], {}, now=now)


def _resume(merchant: Merchant, one: Json, now: int) -> None:
    subscriptions.resume(merchant, one["id"], {}, now=now)


def _cancel(merchant: Merchant, one: Json, now: int) -> None:
    subscriptions.cancel(merchant, one["id"], {}, now=now)


_ACTIVE: Final = (_renew, _renew, _miss, _edit, _edit, _pause, _pause, _cancel)
_CHANGES: Final[Mapping[str, tuple[Callable[[Merchant, Json, int], None], ...]]] = {
    "active": _ACTIVE,
    "pending": (_pay, _miss, _miss),
    "halted": (_pay, _cancel),
    "paused": (_resume, _resume, _cancel),
}
