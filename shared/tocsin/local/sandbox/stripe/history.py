"""Makes bursty subscription histories at chosen seconds, repeatable from a seed.

Real accounts change a subscription several times within one second; that is where projections go
wrong. So most steps here happen in the same second as the one before, and every kind of change is
drawn that the subscription's present status allows.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.stripe import invoicing, resources, subscriptions
from tocsin.local.sandbox.stripe.errors import ProviderRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.stripe.account import Account

_GOOD: Final = "pm_card_visa"
_BAD: Final = "pm_card_chargeCustomerFail"
_STEPS: Final = (0, 0, 0, 0, 1, 1, 2, 3)
"""Seconds between two bursts: half of them share a second with the one before."""
_BURSTS: Final = (1, 1, 2, 3, 4)
"""Changes of one subscription within one second."""


@dataclass(frozen=True, slots=True)
class Story:
    """What to make: at least `events` events on `customers` new subscriptions, from `start` on.

    No event is later than `until`; when time is used up the rest shares that last second.
    """

    seed: int
    start: int
    until: int
    events: int = 200
    customers: int = 12
    label: str = "story"


type _Change = Callable[["Teller", Json, int], None]


@dataclass(slots=True)
class Teller:
    """Has customers begin and change subscriptions; `prices` are what they choose from."""

    account: Account
    dice: random.Random
    prices: Sequence[str]

    def begin(self, label: str, number: int, now: int) -> Json:
        """A new customer with a subscription: paid, on trial, or with its payment still open."""
        return _begin(self, label, number, now)

    def burst(self, subscription: Json, now: int) -> None:
        """Up to four changes within one second, of what its status then allows."""
        for _ in range(self.dice.choice(_BURSTS)):
            changes = _CHANGES.get(subscription["status"], (_note,))
            _attempt(self.dice.choice(changes), self, subscription, now)

    def update(self, subscription: Json, now: int, **params: Json | str | list[Json]) -> None:
        subscriptions.update(self.account, subscription["id"], params, now=now)

    def card(self, subscription: Json, card: str, now: int) -> None:
        self.update(subscription, now, default_payment_method=card)


def tell(account: Account, story: Story) -> Json:
    """Plays the story on the account; what was made: event count, subscriptions, ties."""
    dice = random.Random(story.seed)  # noqa: S311  # repeatable on purpose, not a secret
    before, now = len(account.events), story.start
    teller = Teller(account, dice, prices(account, story.label, now))
    made: list[Json] = []
    while len(account.events) - before < story.events:
        if len(made) < story.customers and (not made or dice.random() < 0.4):  # noqa: PLR2004  # births are spread over the story
            made.append(teller.begin(story.label, len(made), now))
        else:
            teller.burst(dice.choice(made), now)
        now = min(now + dice.choice(_STEPS), story.until)
    made_events = account.events.kept()[before:]
    changed = [one for one in made_events if one.object_kind == "subscription"]
    seconds = {(one.object_id, one.created) for one in changed}
    return {
        "events": len(made_events),
        "subscription_events": len(changed),
        "ties": len(changed) - len(seconds),
        "subscriptions": [one["id"] for one in made],
        "first_second": story.start,
        "last_second": now,
    }


def prices(account: Account, label: str, now: int) -> list[str]:
    """Three prices of a new product, by the month."""
    product = resources.create_product(account, {"name": f"{label} plan"}, now=now)
    return [
        resources.create_price(
            account,
            {
                "currency": "usd",
                "product": product["id"],
                "unit_amount": str(cents),
                "recurring": {"interval": "month"},
            },
            now=now,
        )["id"]
        for cents in (900, 2_900, 9_900)
    ]


def _begin(teller: Teller, label: str, number: int, now: int) -> Json:
    customer = resources.create_customer(
        teller.account,
        {
            "name": f"{label} customer {number}",
            "invoice_settings": {
                "default_payment_method": _BAD if teller.dice.random() < 0.2 else _GOOD  # noqa: PLR2004  # one card in five fails
            },
        },
        now=now,
    )
    params: Json = {
        "customer": customer["id"],
        "items": [{"price": teller.dice.choice(teller.prices)}],
        "metadata": {"workspace_id": f"ws-{label}-{number}", "story": label},
    }
    start = teller.dice.choice(("paid", "paid", "trial", "later"))
    if start == "trial":
        params["trial_period_days"] = teller.dice.choice(("2", "14"))
    if start == "later":
        params["payment_behavior"] = "default_incomplete"
    return subscriptions.create(teller.account, params, now=now)


def _attempt(change: _Change, teller: Teller, subscription: Json, now: int) -> None:
    try:
        change(teller, subscription, now)
    except ProviderRefusal as refusal:
        if refusal.status != 402:  # noqa: PLR2004  # a declined card is part of the story
            raise


def _note(teller: Teller, subscription: Json, now: int) -> None:
    teller.update(subscription, now, metadata={"note": str(teller.dice.randrange(1_000))})


def _plan(teller: Teller, subscription: Json, now: int) -> None:
    item = subscription["items"]["data"][0]
    teller.update(
        subscription, now, items=[{"id": item["id"], "price": teller.dice.choice(teller.prices)}]
    )


def _quantity(teller: Teller, subscription: Json, now: int) -> None:
    item = subscription["items"]["data"][0]
    quantity = str(teller.dice.randint(1, 9))
    teller.update(subscription, now, items=[{"id": item["id"], "quantity": quantity}])


def _toggle_end(teller: Teller, subscription: Json, now: int) -> None:
    wanted = "false" if subscription["cancel_at_period_end"] else "true"
    teller.update(subscription, now, cancel_at_period_end=wanted)


def _toggle_pause(teller: Teller, subscription: Json, now: int) -> None:
    paused = subscription["pause_collection"] is not None
    teller.update(subscription, now, pause_collection="" if paused else {"behavior": "void"})


def _renew(teller: Teller, subscription: Json, now: int) -> None:
    teller.card(subscription, _GOOD, now)
    teller.update(subscription, now, billing_cycle_anchor="now")


def _fail_renewal(teller: Teller, subscription: Json, now: int) -> None:
    teller.card(subscription, _BAD, now)
    teller.update(subscription, now, billing_cycle_anchor="now")


def _end_trial(teller: Teller, subscription: Json, now: int) -> None:
    teller.card(subscription, teller.dice.choice((_GOOD, _GOOD, _BAD)), now)
    teller.update(subscription, now, trial_end="now")


def _pay(teller: Teller, subscription: Json, now: int) -> None:
    _settle(teller, subscription, _GOOD, now)


def _fail_payment(teller: Teller, subscription: Json, now: int) -> None:
    _settle(teller, subscription, _BAD, now)


def _exhaust(teller: Teller, subscription: Json, now: int) -> None:
    """Every retry fails, until the provider gives up on the invoice."""
    for _ in range(len(invoicing.RETRY_AFTER_SECONDS) + 1):
        if subscription["status"] == "past_due":
            _settle(teller, subscription, _BAD, now)


def _settle(teller: Teller, subscription: Json, card: str, now: int) -> None:
    invoice = teller.account.get("invoice", subscription["latest_invoice"])
    if invoice["status"] == "open":
        invoicing.pay(teller.account, invoice, card=card, now=now)
    else:
        _note(teller, subscription, now)


def _cancel(teller: Teller, subscription: Json, now: int) -> None:
    subscriptions.cancel(teller.account, subscription["id"], {}, now=now)


_EVERYDAY: Final[tuple[_Change, ...]] = (_note, _plan, _quantity, _toggle_end, _toggle_pause)
_CHANGES: Final[Mapping[str, tuple[_Change, ...]]] = {
    "incomplete": (_pay, _pay, _fail_payment, _note),
    "trialing": (_end_trial, _end_trial, _note, _plan, _toggle_end, _cancel),
    "active": (*_EVERYDAY, *_EVERYDAY, _renew, _fail_renewal, _cancel),
    "past_due": (_pay, _pay, _fail_payment, _exhaust, _note, _cancel),
    "unpaid": (_pay, _note, _cancel),
}
