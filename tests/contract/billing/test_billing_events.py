"""Every sample under `events/stripe` and `events/razorpay`, as both of its readers see it.

A row is the contract with one sample: how ingest files it, and what the projector reads of what
was kept of it. A sample without a row fails, and so does a row without a sample.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tocsin.application.billing.projection.read_event import billing_event
from tocsin.billing.event import EventClass, IdSource
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.billing.subscription import Status
from tocsin.providers.bodies.codec import keep, unpack
from tocsin.providers.registry import PROVIDERS, object_reader, webhook_reader

EVENTS = Path("events")
S, H, NONE = EventClass.SNAPSHOT, EventClass.HINT, EventClass.IRRELEVANT
TEAM, TWO, SHOP = "sub_1SxTeamMonthly00001", "sub_1SxTwoItems00000002", "sub_1SxConnect00000003"
PLAN = "price_1TeamMonthly0042"
RZP, RZP_PLAN = "sub_QxTeamMonthly01", "plan_QxTeam0000042"


class Expected(NamedTuple):
    """`filed` is the class at ingest; `snapshot` = (status, plan, period end) where there is one;
    `problem` is why a snapshot turned out to be none."""

    filed: EventClass
    created: int | None
    about: tuple[str | None, str | None]
    subscription: str | None = None
    snapshot: tuple[Status, str, int | None] | None = None
    problem: str | None = None


def sub(created: int, status: Status, end: int = 1791449000, of: str = TEAM) -> Expected:
    return Expected(S, created, ("subscription", of), of, (status, PLAN, end))


def rzp(created: int | None, status: Status, end: int | None = 1791449000) -> Expected:
    return Expected(S, created, ("subscription", RZP), RZP, (status, RZP_PLAN, end))


def hint(created: int, kind: str, identifier: str, of: str = TEAM) -> Expected:
    return Expected(H, created, (kind, identifier), of)


def other(created: int, kind: str | None, identifier: str | None) -> Expected:
    return Expected(NONE, created, (kind, identifier))


EXPECTED = {
    "stripe/subscription_created_2020-08-27": sub(1788857001, Status.PENDING),
    "stripe/subscription_updated_2020-08-27": sub(1788857001, Status.ACTIVE),
    "stripe/subscription_updated_2024-06-20": sub(1791449100, Status.PAST_DUE),
    "stripe/subscription_updated_2025-03-31.basil": sub(1791500000, Status.ACTIVE, 1794041000),
    "stripe/subscription_deleted_2025-03-31.basil": sub(1794041002, Status.CANCELLED, 1794041000),
    "stripe/subscription_created_connect": sub(1788857001, Status.ACTIVE, of=SHOP),
    "stripe/subscription_updated_two_items_2025-09-30.clover": Expected(
        S,
        1788858000,
        ("subscription", TWO),
        TWO,
        (Status.TRIALING, f"price_1AuditYearly0007+{PLAN}", 1820393000),
    ),
    "stripe/subscription_updated_unknown_status": Expected(
        S, 1791500100, ("subscription", TEAM), TEAM, problem="unknown_status"
    ),
    "stripe/subscription_updated_without_period": Expected(
        S, 1791500200, ("subscription", TEAM), TEAM, problem="unreadable_shape"
    ),
    "stripe/invoice_paid_2020-08-27": hint(1791449011, "invoice", "in_1Sx0LatestInvoice02"),
    "stripe/invoice_payment_failed_2025-03-31.basil": hint(
        1791449012, "invoice", "in_1Sx0LatestInvoice03"
    ),
    "stripe/invoice_paid_one_off": other(1791449013, "invoice", "in_1Sx0OneOff00000001"),
    "stripe/checkout_session_completed": hint(
        1788857002, "checkout.session", "cs_test_a1SxCheckout0001"
    ),
    "stripe/charge_failed": other(1791449009, "charge", "ch_3SxChargeFailed0001"),
    "stripe/customer_updated": other(1788857100, "customer", "cus_Qa81LmZx04Wb7t"),
    "stripe/subscription_schedule_released": hint(
        1791449101, "subscription_schedule", "sub_sched_1SxSchedule01"
    ),
    "stripe/thin_subscription_updated": hint(1788876201, "subscription", TEAM),
    "stripe/thin_event_generation_failure": other(1788876300, None, None),
    "razorpay/subscription_authenticated": rzp(1788857005, Status.TRIALING, None),
    "razorpay/subscription_activated_time_in_payload": rzp(1788857005, Status.ACTIVE),
    "razorpay/subscription_charged": rzp(1791449010, Status.ACTIVE, 1794041000),
    "razorpay/subscription_pending": rzp(1791449020, Status.PAST_DUE),
    "razorpay/subscription_halted": rzp(1791708300, Status.SUSPENDED),
    "razorpay/subscription_paused": rzp(1789000001, Status.PAUSED),
    "razorpay/subscription_resumed": rzp(1789100000, Status.ACTIVE),
    "razorpay/subscription_cancelled": rzp(1790000001, Status.CANCELLED),
    "razorpay/subscription_completed": rzp(1820393001, Status.COMPLETED),
    "razorpay/payment_authorized_without_account": other(
        1788857005, "payment", "pay_QxPayment00001"
    ),
    "razorpay/payment_failed": other(1788857005, "payment", "pay_QxPayment00001"),
    "razorpay/invoice_paid": hint(1788857005, "invoice", "inv_QxInvoice0001", RZP),
    "razorpay/refund_speed_changed": other(1788857005, "refund", "rfnd_QxRefund00001"),
    "razorpay/payment_downtime_started": other(
        1788857005, "payment.downtime", "down_QxDowntime0001"
    ),
}


def test_every_sample_has_its_row_and_every_row_its_sample() -> None:
    samples = {
        f"{provider}/{path.name.removesuffix('.json')}"
        for provider in PROVIDERS.names
        for path in (EVENTS / provider).glob("*.json")
    }
    assert samples == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_is_filed_and_read_as_its_row_says(name: str) -> None:
    expected = EXPECTED[name]
    provider = name.partition("/")[0]
    raw = (EVENTS / f"{name}.json").read_bytes()
    envelope, document = webhook_reader(provider).read({"x-razorpay-event-id": "evt_Qx1"}, raw)
    assert envelope.id_source is IdSource.PROVIDER
    assert envelope.event_class is expected.filed
    assert envelope.created == expected.created
    assert (envelope.object_type, envelope.object_id) == expected.about
    assert envelope.subscription == expected.subscription

    identity = Identity(provider, "acct_house", "test")
    record = LedgerRecord(identity, "default", envelope, 1_790_000_000, keep(document, None))
    event = billing_event(record, reader=object_reader(provider), unpack=unpack)
    assert event.problem == expected.problem
    if expected.snapshot is None:
        assert event.snapshot is None
        assert event.event_class is (H if expected.problem else expected.filed)
    else:
        assert event.event_class is S
        assert event.snapshot is not None
        assert event.snapshot.id == expected.subscription
        found = (event.snapshot.status, event.snapshot.plan, event.snapshot.period_end)
        assert found == expected.snapshot


@pytest.mark.parametrize("name", [name for name in EXPECTED if EXPECTED[name].filed is S])
def test_the_whole_body_and_the_kept_one_read_the_same(name: str) -> None:
    provider = name.partition("/")[0]
    raw = (EVENTS / f"{name}.json").read_bytes()
    envelope, document = webhook_reader(provider).read({}, raw)
    record = LedgerRecord(
        Identity(provider, "acct_house", "test"), "default", envelope, 1, keep(document, None)
    )
    kept = billing_event(record, reader=object_reader(provider), unpack=unpack)
    whole = billing_event(record, reader=object_reader(provider), unpack=lambda _: document)
    assert kept == whole


def test_flags_and_our_workspace_are_read() -> None:
    def snapshot(name: str) -> object:
        raw = (EVENTS / f"{name}.json").read_bytes()
        provider = name.partition("/")[0]
        _, document = webhook_reader(provider).read({}, raw)
        reader = object_reader(provider)
        found = reader.subscription(reader.snapshot_in(document), as_of=0)
        return found.collection_paused, found.ends_at_period_end, found.workspace

    assert snapshot("stripe/subscription_updated_2025-03-31.basil") == (False, True, "ws_northwind")
    paused = "stripe/subscription_updated_two_items_2025-09-30.clover"
    assert snapshot(paused) == (True, False, "ws_northwind")
    assert snapshot("razorpay/subscription_charged") == (False, False, "ws_pune")
    assert snapshot("razorpay/subscription_authenticated") == (False, False, None)
