"""Late payments and lost access of the report, held against the books of the sandbox.

Renewals of some customers fail; some pay hours later, one never. The report sees nothing but the
events, as the ledger keeps them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.sandbox.sandbox_world import START, World, world
from tocsin.adapters.billing.projection.memory import MemoryLedger, MemorySnapshots
from tocsin.application.billing.outage.history import LedgerHistory
from tocsin.application.billing.projection.file_event import Filer
from tocsin.billing.identity import Identity
from tocsin.billing.outage.history import late_payments, lost_access
from tocsin.billing.outage.impact import Records, impact
from tocsin.billing.subscription import Status
from tocsin.providers.bodies.codec import keep, unpack
from tocsin.providers.http.events import workspace_of
from tocsin.providers.registry import object_reader, webhook_reader

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR, DAY = 3_600, 86_400
RENEWAL = START + 30 * DAY
IDENTITY = Identity("stripe", "acct_1", "test")
PAYS_AFTER = {"ws_0": 2, "ws_1": 20, "ws_2": None}


@pytest.fixture(scope="module")
def one() -> Iterator[World]:
    with world(workers=1) as it:
        it.control.freeze(START)
        yield it


def bad_month(one: World) -> int:
    """Seven customers, three of whom cannot pay their renewal; the price of a month."""
    price = one.price()
    bought: dict[str, tuple[str, str]] = {}
    for number in range(7):
        customer = one.customer()
        params: Any = {
            "customer": customer.id,
            "items": [{"price": price}],
            "metadata": {"workspace_id": f"ws_{number}"},
        }
        bought[f"ws_{number}"] = (customer.id, one.sdk.v1.subscriptions.create(params).id)
    for workspace in PAYS_AFTER:
        card(one, bought[workspace][0], "pm_card_chargeCustomerFail")
    one.control.advance(30 * DAY + HOUR)
    passed = 1
    for workspace, hours in PAYS_AFTER.items():
        if hours is not None:
            one.control.advance((hours - passed) * HOUR)
            passed = hours
            who, subscription = bought[workspace]
            card(one, who, "pm_card_visa")
            made = one.sdk.v1.subscriptions.retrieve(subscription)
            one.sdk.v1.invoices.pay(str(made.latest_invoice))
    return 900


def card(one: World, customer: str, name: str) -> None:
    settings: Any = {"default_payment_method": name}
    one.sdk.v1.customers.update(customer, {"invoice_settings": settings})


def test_late_payments_are_those_of_the_providers_books(one: World) -> None:
    amount = bad_month(one)
    ledger, filer = MemoryLedger(), Filer(webhook_reader, keep, lambda: None, workspace_of)
    for document in one.control.events("2025-03-31.basil"):
        record, _ = filer(IDENTITY, document, now=document["created"] + 2, replay="")
        ledger.put(record)
    history = LedgerHistory(
        source=MemorySnapshots(ledger),
        identities=lambda: [IDENTITY],
        reader=object_reader,
        unpack=unpack,
    )
    since, until = RENEWAL - HOUR, RENEWAL + 2 * DAY
    found = history.between(since, until, now=until)
    assert found.complete
    late = late_payments(found.told, since=since, until=until, price=lambda _: (amount, "USD"))
    report = impact(Records(late=late), since=since, until=until)

    books = [
        each
        for each in one.control.truth()["invoices"]
        if each["created"] >= RENEWAL and (each["attempt_count"] > 1 or each["status"] != "paid")
    ]
    assert report.late == len(books) == len(PAYS_AFTER)
    assert report.late_amounts == {"USD": sum(each["amount_due"] for each in books)}
    assert [line.workspace for line in report.workspaces] == sorted(PAYS_AFTER)
    waited = {each.workspace: each.paid_at and (each.paid_at - RENEWAL) // HOUR for each in late}
    assert waited == PAYS_AFTER
    statuses = Counter(each["status"] for each in books)
    assert statuses == {"paid": 2, "open": 1}
    assert (
        lost_access(
            found.told,
            since=since,
            until=until,
            price=lambda _: (amount, "USD"),
            access=lambda state, _: state.status in {Status.ACTIVE, Status.PAST_DUE},
        )
        == ()
    ), "a payment that is late has taken nothing away yet"
