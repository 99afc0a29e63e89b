"""Checkout sessions through the official SDK: open, completed once, expired, and never twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

from tests.integration.sandbox.sandbox_world import START, World, world
from tocsin.errors import ProviderUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 86_400


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with world(workers=1) as it:
        yield it


@pytest.fixture
def one(running: World) -> World:
    running.control.reset("test")
    running.control.freeze(START)
    return running


def price(one: World, currency: str = "eur", amount: int = 4_900) -> str:
    product = one.sdk.v1.products.create({"name": "team"})
    params: Any = {
        "currency": currency,
        "product": product.id,
        "unit_amount": amount,
        "recurring": {"interval": "month"},
    }
    return one.sdk.v1.prices.create(params).id


def wanted(one: World, **more: Any) -> Any:
    return {
        "mode": "subscription",
        "line_items": [{"price": price(one), "quantity": 2}],
        "success_url": "https://app.example/done",
        "client_reference_id": "intent_1",
        "metadata": {"intent": "1"},
        "subscription_data": {"metadata": {"workspace_id": "ws-1"}},
        **more,
    }


def test_a_completed_session_makes_customer_subscription_invoice_payment_and_their_events(
    one: World,
) -> None:
    session = one.sdk.v1.checkout.sessions.create(wanted(one, customer_email="a@b.example"))
    assert (session.status, session.payment_status, session.amount_total) == (
        "open",
        "unpaid",
        9_800,
    )
    assert session.url
    done = one.control.complete_checkout(session.id)
    again = one.sdk.v1.checkout.sessions.retrieve(session.id)
    assert (again.status, again.payment_status) == ("complete", "paid")
    assert again.subscription == done["subscription"]
    made = one.sdk.v1.subscriptions.retrieve(done["subscription"])
    assert (made.status, made.currency) == ("active", "eur")
    assert made.metadata["workspace_id"] == "ws-1"
    invoice = one.sdk.v1.invoices.retrieve(str(made.latest_invoice))
    assert (invoice.amount_paid, invoice.currency, invoice.status) == (9_800, "eur", "paid")
    truth = one.control.truth()
    rows = [(row["amount_paid"], row["currency"], row["status"]) for row in truth["invoices"]]
    assert rows == [(9_800, "eur", "paid")]
    assert [row["client_reference_id"] for row in truth["checkouts"]] == ["intent_1"]
    kinds = [event["type"] for event in one.control.events()]
    for kind in (
        "customer.created",
        "customer.subscription.created",
        "invoice.paid",
        "payment_intent.succeeded",
        "customer.subscription.updated",
    ):
        assert kinds.index(kind) < kinds.index("checkout.session.completed")


def test_a_session_is_completed_at_most_once(one: World) -> None:
    session = one.sdk.v1.checkout.sessions.create(wanted(one))
    one.control.complete_checkout(session.id)
    with pytest.raises(ProviderUnavailable, match="can not be completed"):
        one.control.complete_checkout(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="status of complete"):
        one.sdk.v1.checkout.sessions.expire(session.id)
    assert len(one.sdk.v1.subscriptions.list().data) == 1


def test_an_expired_session_is_over_and_the_expiry_is_an_event(one: World) -> None:
    session = one.sdk.v1.checkout.sessions.create(wanted(one))
    assert one.sdk.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(ProviderUnavailable, match="can not be completed"):
        one.control.complete_checkout(session.id)
    later = one.sdk.v1.checkout.sessions.create(wanted(one, expires_at=START + 1_800))
    assert one.control.advance(1_799) == 0
    assert one.control.advance(1) == 1
    assert one.sdk.v1.checkout.sessions.retrieve(later.id).status == "expired"
    kinds = [event["type"] for event in one.control.events()]
    assert kinds.count("checkout.session.expired") == 2
    statuses = [found.status for found in one.sdk.v1.checkout.sessions.list().data]
    assert statuses == ["expired", "expired"]
    assert one.sdk.v1.checkout.sessions.list({"status": "open"}).data == []


def test_a_declined_card_leaves_the_page_open(one: World) -> None:
    session = one.sdk.v1.checkout.sessions.create(wanted(one))
    with pytest.raises(ProviderUnavailable, match="declined"):
        one.control.complete_checkout(session.id, card="pm_card_chargeCustomerFail")
    assert one.sdk.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert one.control.complete_checkout(session.id)["subscription"]


def test_one_key_gives_one_session_for_a_day_and_refuses_other_parameters(one: World) -> None:
    params = wanted(one)
    options: Any = {"idempotency_key": "intent-1"}
    one.control.begin_outage("lose_answer", count=1, method="POST", path="/v1/checkout")
    with pytest.raises(stripe.APIConnectionError):
        one.sdk.v1.checkout.sessions.create(params, options)
    first = one.sdk.v1.checkout.sessions.create(params, options)
    one.control.advance(DAY - 1)
    assert one.sdk.v1.checkout.sessions.create(params, options).id == first.id
    other: Any = {**params, "client_reference_id": "x"}
    with pytest.raises(stripe.IdempotencyError):
        one.sdk.v1.checkout.sessions.create(other, options)
    one.control.advance(1)
    assert one.sdk.v1.checkout.sessions.create(params, options).id != first.id


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mode": "payment"}, "mode"),
        ({"line_items": []}, "line_items"),
        ({"expires_at": START + 60}, "30 minutes"),
        ({"expires_at": START + 2 * DAY}, "24 hours"),
        ({"customer": "cus_x"}, "No such customer"),
        ({"colour": "red"}, "unknown parameter"),
    ],
)
def test_a_session_that_makes_no_sense_is_refused(
    one: World, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=message):
        one.sdk.v1.checkout.sessions.create(wanted(one, **change))
    assert one.sdk.v1.checkout.sessions.list().data == []


def test_prices_of_two_currencies_do_not_mix(one: World) -> None:
    lines = [{"price": price(one, "eur"), "quantity": 1}, {"price": price(one, "usd")}]
    with pytest.raises(stripe.InvalidRequestError, match="one currency"):
        one.sdk.v1.checkout.sessions.create(wanted(one, line_items=lines))
    customer = one.customer()
    items: Any = [{"price": price(one, "eur")}, {"price": price(one, "inr")}]
    with pytest.raises(stripe.InvalidRequestError, match="currency"):
        one.sdk.v1.subscriptions.create({"customer": customer.id, "items": items})


def test_a_trial_is_open_to_use_and_charges_nothing(one: World) -> None:
    data = {"trial_period_days": 14}
    session = one.sdk.v1.checkout.sessions.create(wanted(one, subscription_data=data))
    assert session.amount_total == 0
    made = one.control.complete_checkout(session.id)["subscription"]
    assert one.sdk.v1.subscriptions.retrieve(made).status == "trialing"
    again = one.sdk.v1.checkout.sessions.retrieve(session.id)
    assert again.payment_status == "no_payment_required"
