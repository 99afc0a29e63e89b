"""Items with different intervals end each with its own period.

A monthly and a yearly price in one subscription, as docs.stripe.com/billing/subscriptions/
mixed-interval shows it: each item has a `current_period_end` of its own, and an invoice a line for
each item it renews.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tocsin.billing.access.entitlement import Access, Entitlement, entitlement
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Row
from tocsin.billing.projection.paid import NOTHING, Paid, told_by
from tocsin.billing.subscription import Subscription, SubscriptionItem
from tocsin.policy.compiled.billing_rules import current_billing_rules
from tocsin.providers.stripe import objects

STRIPE = Identity("stripe", "acct_1", "live")
DAY = 86_400
START = 1_790_000_000
MONTH, YEAR = START + 30 * DAY, START + 365 * DAY
SECOND_MONTH = MONTH + 30 * DAY
POLICY = current_billing_rules().access


def item(price: str, start: int, end: int, quantity: int = 1) -> dict[str, Any]:
    return {
        "id": f"si_{price}",
        "object": "subscription_item",
        "price": {"id": price, "object": "price"},
        "quantity": quantity,
        "current_period_start": start,
        "current_period_end": end,
    }


def shape(status: str, month: int = MONTH, **more: Any) -> dict[str, Any]:
    monthly = item("price_seats", month - 30 * DAY, month, 5)
    data = [monthly, item("price_base", START, YEAR)]
    return {
        "id": "sub_1",
        "object": "subscription",
        "status": status,
        "items": {"object": "list", "data": data, "has_more": False},
        "metadata": {"workspace_id": "ws_1"},
        **more,
    }


def invoice(name: str, *ends: int, status: str = "paid") -> dict[str, Any]:
    lines = [
        {
            "object": "line_item",
            "amount": 900,
            "period": {"start": START, "end": end},
            "parent": {"type": "subscription_item_details"},
        }
        for end in ends
    ]
    return {"id": name, "object": "invoice", "status": status, "lines": {"data": lines}}


def read(status: str, month: int = MONTH) -> Subscription:
    return objects.subscription(shape(status, month), as_of=START)


def paid(*invoices: dict[str, Any]) -> Paid:
    return objects.paid_in({"object": "list", "data": list(invoices), "has_more": False})


def given(state: Subscription, evidence: Paid, now: int) -> Entitlement:
    row = Row(ver=1, subscription=state, paid=evidence)
    return entitlement([(STRIPE, row)], POLICY, now=now, incident_open=False)


def told(found: Entitlement) -> tuple[Access, str | None, int | None]:
    return found.access, found.plan, found.quantity


BOTH, BASE = ("price_base+price_seats", 6), ("price_base", 1)
FIRST = invoice("in_1", MONTH, YEAR)


def test_each_item_is_projected_with_its_own_end_and_together_as_nothing_new() -> None:
    state = read("active")
    assert state.items == (
        SubscriptionItem("price_seats", MONTH, 5),
        SubscriptionItem("price_base", YEAR, 1),
    )
    assert (state.period_end, state.quantity) == (YEAR, 6)
    together = shape("active")
    together["items"]["data"][0]["current_period_end"] = YEAR
    same = objects.subscription(together, as_of=START)
    assert same.items == ()
    assert same.fingerprint == replace(state, items=()).fingerprint, "rows stay as they are"
    assert state.fingerprint != read("active", SECOND_MONTH).fingerprint, "a renewal is a change"


def test_cancelled_each_gives_until_its_own_end() -> None:
    state, evidence = read("canceled"), paid(FIRST)
    assert told(given(state, evidence, MONTH - 1)) == (Access.YES, *BOTH)
    assert told(given(state, evidence, MONTH)) == (Access.YES, *BASE)
    assert told(given(state, evidence, YEAR - 1)) == (Access.YES, *BASE)
    assert given(state, evidence, YEAR).access is Access.NO
    assert [each.end for each in given(state, evidence, START).items] == [MONTH, YEAR]


def test_a_month_nobody_paid_is_not_given_by_the_year_that_was() -> None:
    """past_due after the second month's invoice failed, then canceled."""
    evidence = paid(FIRST).with_(told_by(read("past_due", SECOND_MONTH), at=MONTH + 3_600))
    state = read("canceled", SECOND_MONTH)
    assert told(given(state, evidence, MONTH + DAY)) == (Access.YES, *BASE)
    settled = evidence.with_(paid(invoice("in_2", SECOND_MONTH)))
    assert told(given(state, settled, MONTH + DAY)) == (Access.YES, *BOTH), "and was it paid, it is"
    assert told(given(state, settled, SECOND_MONTH)) == (Access.YES, *BASE)


def test_grace_of_an_item_counts_from_its_own_end() -> None:
    state = read("past_due", SECOND_MONTH)
    evidence = paid(FIRST).with_(told_by(state, at=MONTH + 3_600))
    last = MONTH + 14 * DAY
    assert told(given(state, evidence, last - 1)) == (Access.GRACE, *BOTH)
    assert told(given(state, evidence, last)) == (Access.GRACE, *BASE)


def test_a_refund_of_the_month_takes_the_month_and_leaves_the_year() -> None:
    evidence = paid(FIRST, invoice("in_2", SECOND_MONTH)).with_(
        Paid(back=paid(invoice("in_2", SECOND_MONTH)).paid)
    )
    state = read("canceled", SECOND_MONTH)
    assert told(given(state, evidence, MONTH + DAY)) == (Access.YES, *BASE)


@pytest.mark.parametrize("status", ["canceled", "past_due"])
def test_what_was_paid_of_each_item_is_asked_for_once(status: str) -> None:
    """The year is proven; of the month nothing is: its invoice's event was never sent."""
    state, now = read(status, SECOND_MONTH), MONTH + DAY
    evidence = paid(FIRST)
    assert evidence.has_to_be_asked(state, now=now)
    asked = evidence.with_(evidence.asked_about(state, at=now))
    assert not asked.has_to_be_asked(state, now=now)
    whole = evidence.with_(paid(invoice("in_2", SECOND_MONTH)))
    assert not whole.has_to_be_asked(state, now=now)


@pytest.mark.parametrize("evidence", [NOTHING, paid(invoice("in_1", YEAR))], ids=["none", "old"])
def test_nobody_is_cut_off_for_what_was_kept_before_items_were(evidence: Paid) -> None:
    """A first invoice that was stored with the latest of its ends alone."""
    evidence = evidence.with_(told_by(read("active"), at=START))
    found = given(read("canceled"), evidence, MONTH - 1)
    assert told(found) == (Access.YES, *BOTH)


def a_life(draw: random.Random) -> tuple[Subscription, Paid, list[dict[str, Any]], int, int]:
    """How it ended, what was told of payment, all paid invoices, the end of its last paid month,
    and when it ended.

    Some months were paid, then it was cancelled: in the last of these, after a renewal failed, or
    in the hour in which a renewal's invoice is a draft. Events come in any order, or none of the
    invoices' do.
    """
    months = draw.randint(1, 8)
    paid_invoices = [invoice("in_1", MONTH, YEAR)]
    told = [told_by(read("active"), at=START + 60)]
    for month in range(2, months + 1):
        begin = START + (month - 1) * 30 * DAY
        paid_invoices.append(invoice(f"in_{month}", begin + 30 * DAY))
        told.append(told_by(read("active", begin + 30 * DAY), at=begin + 60))
    last = START + months * 30 * DAY
    how = draw.choice(("within", "failed", "draft"))
    ended = last - draw.randint(1, 29) * DAY
    shown = last
    if how != "within":
        shown = last + 30 * DAY
        told.append(told_by(read("active", shown), at=last + 30))
        ended = last + 1_800
    if how == "failed":
        told.append(told_by(read("past_due", shown), at=last + 3_600))
        ended = last + draw.randint(1, 25) * DAY
    if draw.random() < 0.7:
        told += [paid(each) for each in paid_invoices]
    draw.shuffle(told)
    evidence = NOTHING
    for each in told:
        evidence = evidence.with_(each)
    return read("canceled", shown), evidence, paid_invoices, last, ended


def test_i15_over_random_lives_no_unpaid_month_is_given_and_no_paid_one_is_cut() -> None:
    reached: Counter[str] = Counter()
    for seed in range(3_000):
        draw = random.Random(seed)
        state, evidence, invoices, last, ended = a_life(draw)
        if evidence.has_to_be_asked(state, now=ended):
            evidence = evidence.with_(paid(*invoices)).with_(
                evidence.asked_about(state, at=ended + 1)
            )
            reached["asked"] += 1
        reached["unpaid month"] += state.items[0].end > last
        for now in (ended, last - 1, last, last + draw.randint(1, 29) * DAY, YEAR - 1):
            if now >= ended:
                expected = BOTH if now < last else BASE
                reached["both"] += now < last
                assert told(given(state, evidence, now)) == (Access.YES, *expected), (seed, now)
        assert given(state, evidence, YEAR).access is Access.NO
    assert min(reached.values()) > 500, reached
    assert set(reached) == {"asked", "unpaid month", "both"}
