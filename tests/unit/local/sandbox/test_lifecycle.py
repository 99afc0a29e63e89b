"""Subscriptions go through the provider's states, with the events the provider sends."""

from __future__ import annotations

import pytest

from tests.unit.local.sandbox.asking import DAY, START, Provider
from tocsin.local.sandbox.stripe.passage import INCOMPLETE_FOR, pass_until


def test_a_paid_signup_is_created_incomplete_and_becomes_active_in_the_same_second(
    provider: Provider,
) -> None:
    made = provider.subscribe()
    assert made["status"] == "active"
    assert provider.statuses() == ["incomplete", "active"]
    created = {event["created"] for event in provider.account.events.values()}
    assert created == {START}
    assert provider.kinds()[-8:] == [
        "customer.subscription.created",
        "invoice.created",
        "payment_intent.created",
        "invoice.finalized",
        "payment_intent.succeeded",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.subscription.updated",
    ]


def test_a_declined_first_payment_leaves_it_incomplete_until_it_is_paid(
    provider: Provider,
) -> None:
    made = provider.subscribe("pm_card_chargeCustomerFail")
    assert made["status"] == "incomplete"
    refused = provider.call("POST", f"/v1/invoices/{made['latest_invoice']}/pay")
    assert (refused.status, refused.body["error"]["code"]) == (402, "card_declined")
    provider.ok(
        "POST",
        f"/v1/invoices/{made['latest_invoice']}/pay",
        {"payment_method": "pm_card_visa"},
    )
    assert provider.status(made["id"]) == "active"


def test_an_incomplete_subscription_expires_after_23_hours(provider: Provider) -> None:
    made = provider.subscribe(payment_behavior="default_incomplete")
    pass_until(provider.account, START + INCOMPLETE_FOR - 1)
    assert provider.status(made["id"]) == "incomplete"
    pass_until(provider.account, START + INCOMPLETE_FOR)
    assert provider.status(made["id"]) == "incomplete_expired"
    assert provider.kinds()[-2:] == ["invoice.voided", "customer.subscription.updated"]


def test_error_if_incomplete_makes_nothing_when_the_card_is_declined(provider: Provider) -> None:
    params = {
        "customer": provider.customer("pm_card_chargeCustomerFail"),
        "items": [{"price": provider.price()}],
        "payment_behavior": "error_if_incomplete",
    }
    before = provider.kinds()
    assert provider.call("POST", "/v1/subscriptions", params).status == 402
    assert provider.kinds() == before
    assert provider.ok("GET", "/v1/subscriptions", {"status": "all"})["data"] == []


def test_a_customer_without_a_card_cannot_subscribe_but_can_try(provider: Provider) -> None:
    params = {"customer": provider.customer(None), "items": [{"price": provider.price()}]}
    assert provider.call("POST", "/v1/subscriptions", params).status == 400
    trial = provider.ok("POST", "/v1/subscriptions", {**params, "trial_period_days": 14})
    assert (trial["status"], trial["trial_end"]) == ("trialing", START + 14 * DAY)


def test_a_short_trial_is_announced_in_the_second_it_begins(provider: Provider) -> None:
    provider.subscribe(trial_period_days=2)
    assert provider.kinds()[-1] == "customer.subscription.trial_will_end"
    pass_until(provider.account, START + DAY)
    assert provider.kinds().count("customer.subscription.trial_will_end") == 1


def test_a_long_trial_is_announced_three_days_before_and_then_charged(provider: Provider) -> None:
    made = provider.subscribe(trial_period_days=14)
    assert "customer.subscription.trial_will_end" not in provider.kinds()
    pass_until(provider.account, START + 11 * DAY)
    assert provider.kinds()[-1] == "customer.subscription.trial_will_end"
    pass_until(provider.account, START + 14 * DAY)
    assert provider.status(made["id"]) == "active"
    assert "payment_intent.succeeded" in provider.kinds()


@pytest.mark.parametrize(("behaviour", "ends_as"), [("pause", "paused"), ("cancel", "canceled")])
def test_a_trial_without_a_card_ends_as_its_settings_say(
    provider: Provider, behaviour: str, ends_as: str
) -> None:
    made = provider.subscribe(
        None,
        trial_period_days=5,
        trial_settings={"end_behavior": {"missing_payment_method": behaviour}},
    )
    pass_until(provider.account, START + 5 * DAY)
    assert provider.status(made["id"]) == ends_as


def test_a_paused_subscription_resumes_with_a_new_period(provider: Provider) -> None:
    made = provider.subscribe(
        None,
        trial_period_days=5,
        trial_settings={"end_behavior": {"missing_payment_method": "pause"}},
    )
    pass_until(provider.account, START + 5 * DAY)
    provider.now = START + 9 * DAY
    provider.ok(
        "POST",
        f"/v1/subscriptions/{made['id']}",
        {"default_payment_method": "pm_card_visa"},
    )
    resumed = provider.ok("POST", f"/v1/subscriptions/{made['id']}/resume")
    assert resumed["status"] == "active"
    assert resumed["items"]["data"][0]["current_period_start"] == START + 9 * DAY


def test_a_renewal_that_fails_goes_past_due_and_after_the_last_retry_unpaid(
    provider: Provider,
) -> None:
    made = provider.subscribe()
    provider.ok(
        "POST",
        f"/v1/subscriptions/{made['id']}",
        {"default_payment_method": "pm_card_chargeCustomerFail"},
    )
    seen = []
    for day in (30, 33, 38, 45):
        pass_until(provider.account, START + day * DAY - 1)
        before = provider.status(made["id"])
        pass_until(provider.account, START + day * DAY)
        seen.append((day, before, provider.status(made["id"])))
    assert seen == [
        (30, "active", "past_due"),
        (33, "past_due", "past_due"),
        (38, "past_due", "past_due"),
        (45, "past_due", "unpaid"),
    ]


def test_the_account_can_cancel_after_the_last_retry_instead(provider: Provider) -> None:
    provider.account.after_retries = "cancel"
    made = provider.subscribe()
    provider.ok(
        "POST",
        f"/v1/subscriptions/{made['id']}",
        {"default_payment_method": "pm_card_chargeCustomerFail"},
    )
    pass_until(provider.account, START + 45 * DAY)
    assert provider.status(made["id"]) == "canceled"
    assert provider.kinds()[-2:] == ["invoice.voided", "customer.subscription.deleted"]


def test_cancel_at_period_end_ends_it_then_and_not_before(provider: Provider) -> None:
    made = provider.subscribe()
    changed = provider.ok("POST", f"/v1/subscriptions/{made['id']}", {"cancel_at_period_end": True})
    assert changed["cancel_at"] == START + 30 * DAY
    pass_until(provider.account, START + 30 * DAY - 1)
    assert provider.status(made["id"]) == "active"
    pass_until(provider.account, START + 30 * DAY)
    assert provider.status(made["id"]) == "canceled"


def test_what_is_over_can_be_read_and_noted_but_not_changed_or_cancelled_again(
    provider: Provider,
) -> None:
    made = provider.subscribe()
    path = f"/v1/subscriptions/{made['id']}"
    assert provider.ok("DELETE", path)["status"] == "canceled"
    assert provider.ok("POST", path, {"metadata": {"a": "1"}})["metadata"] == {"a": "1"}
    assert provider.call("POST", path, {"cancel_at_period_end": True}).status == 400
    assert provider.call("DELETE", path).status == 404


def test_a_paused_collection_voids_the_invoice_and_keeps_the_status(provider: Provider) -> None:
    made = provider.subscribe()
    path = f"/v1/subscriptions/{made['id']}"
    provider.ok("POST", path, {"pause_collection": {"behavior": "void"}})
    pass_until(provider.account, START + 30 * DAY)
    assert provider.status(made["id"]) == "active"
    assert provider.kinds()[-1] == "invoice.voided"
    assert provider.ok("POST", path, {"pause_collection": ""})["pause_collection"] is None


def test_an_update_that_changes_nothing_makes_no_event(provider: Provider) -> None:
    made = provider.subscribe(metadata={"a": "1"})
    before = len(provider.account.events)
    provider.ok("POST", f"/v1/subscriptions/{made['id']}", {"metadata": {"a": "1"}})
    assert len(provider.account.events) == before


def test_the_same_seed_and_calls_give_the_same_ids_however_often_one_reads() -> None:
    one, two = Provider(), Provider()
    for _ in range(5):
        two.call("GET", "/v1/events")
    one.subscribe()
    two.subscribe()
    assert list(one.account.events.values()) == [
        {**event, "request": mine["request"]}
        for event, mine in zip(
            two.account.events.values(), one.account.events.values(), strict=True
        )
    ]
