"""What the providers' documents tell of payment, shape by shape as their pages show them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tocsin.billing.event import EventClass, GivenBack
from tocsin.billing.projection.paid import Invoice, Mark, Paid
from tocsin.billing.subscription import Status
from tocsin.errors import UnreadableShape
from tocsin.ports.billing.projection import Refunded
from tocsin.providers.razorpay import objects as razorpay
from tocsin.providers.razorpay import webhook as razorpay_webhook
from tocsin.providers.stripe import objects as stripe
from tocsin.providers.stripe import webhook as stripe_webhook

EVENTS = Path(__file__).parents[3] / "events"
END = 1_794_041_000


def sample(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"{name}.json").read_text())  # type: ignore[no-any-return]


def line(amount: int, end: int, **more: Any) -> dict[str, Any]:
    return {"object": "line_item", "amount": amount, "period": {"start": 1, "end": end}, **more}


def invoice(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """docs.stripe.com/api/invoices/object."""
    shape = {
        "id": "in_1",
        "object": "invoice",
        "status": "paid",
        "billing_reason": "subscription_cycle",
        "subscription": "sub_1",
        "lines": {"object": "list", "data": list(lines)},
        **changes,
    }
    return {"id": "evt_1", "type": "invoice.paid", "created": 9, "data": {"object": shape}}


class TestStripe:
    """docs.stripe.com/api/invoice-line-item/object, old and new."""

    def test_a_paid_invoice_pays_until_the_end_of_its_lines(self) -> None:
        told = stripe.invoice_told(sample("stripe/invoice_paid_2020-08-27"))
        assert told == Paid(paid=(Invoice(END, "in_1Sx0LatestInvoice02"),))

    def test_a_failed_cycle_is_unpaid_until_the_end_of_its_lines(self) -> None:
        document = sample("stripe/invoice_payment_failed_2025-03-31.basil")
        assert stripe.invoice_told(document) == Paid(unpaid=Mark(document["created"], END))

    def test_a_failed_change_in_the_middle_says_nothing_of_the_period(self) -> None:
        document = invoice(line(9, END), status="open", billing_reason="subscription_update")
        assert stripe.invoice_told(document) is None

    @pytest.mark.parametrize(
        "free",
        [
            line(0, END, description="Trial period for Team"),
            line(-900, END, proration=True),
            line(900, END, type="invoiceitem", proration=False),
            line(
                900,
                END,
                parent={
                    "type": "invoice_item_details",
                    "invoice_item_details": {"proration": False},
                },
            ),
        ],
        ids=["a trial", "a credit", "an item by hand", "an item by hand, basil"],
    )
    def test_a_line_that_takes_nothing_for_the_period_pays_for_none(
        self, free: dict[str, Any]
    ) -> None:
        assert stripe.invoice_told(invoice(free)) is None
        assert stripe.invoice_told(invoice(free, line(5, 77))) == Paid(paid=(Invoice(77, "in_1"),))

    @pytest.mark.parametrize(
        ("kind", "shape", "found"),
        [
            ("charge.refunded", {"refunded": True, "invoice": "in_1"}, GivenBack("in_1")),
            (
                "charge.refunded",
                {"refunded": True, "payment_intent": "pi_1"},
                GivenBack(None, "pi_1"),
            ),
            ("charge.refunded", {"refunded": False, "invoice": "in_1"}, None),
            ("charge.dispute.closed", {"status": "won", "charge": "ch_1"}, None),
        ],
    )
    def test_what_was_given_back_in_full_is_known_by_its_invoice_or_payment(
        self, kind: str, shape: dict[str, Any], found: GivenBack | None
    ) -> None:
        """docs.stripe.com/api/charges/object: `refunded` is true for a full refund only."""
        thing = {"id": "ch_1", "object": "charge", **shape}
        document = {"id": "evt_1", "type": kind, "created": 9, "data": {"object": thing}}
        envelope, read = stripe_webhook.read({}, json.dumps(document).encode())
        expected = EventClass.IRRELEVANT if found is None else EventClass.GIVEN_BACK
        assert envelope.event_class is expected
        if found is not None:
            assert stripe.given_back(read) == found

    @pytest.mark.parametrize(
        ("amount", "currency", "refunded", "whole"),
        [
            (4_900, "eur", 0, True),
            (4_899, "eur", 0, False),
            (900, "eur", 0, False),
            (900, "eur", 4_000, True),
            (900, "usd", 0, True),
            (None, "eur", 0, True),
        ],
    )
    def test_a_dispute_lost_about_a_part_leaves_the_period_paid(
        self, amount: int | None, currency: str, refunded: int, *, whole: bool
    ) -> None:
        """docs.stripe.com/api/disputes/object: `amount` may be of a part of the order."""
        shape = {"object": "dispute", "status": "lost", "charge": "ch_1", "currency": currency}
        document = {
            "type": "charge.dispute.closed",
            "data": {"object": shape | ({} if amount is None else {"amount": amount})},
        }
        first = stripe.given_back(document)
        assert first is not None
        charge = {
            "id": "ch_1",
            "amount": 4_900,
            "amount_refunded": refunded,
            "currency": "eur",
            "invoice": "in_1",
        }
        assert stripe.traced(first, charge) == (GivenBack("in_1") if whole else Refunded())

    def test_a_lost_dispute_leads_to_its_invoice_step_by_step(self) -> None:
        shape = {"object": "dispute", "status": "lost", "charge": "ch_1", "payment_intent": "pi_1"}
        document = {"type": "charge.dispute.closed", "data": {"object": shape}}
        first = stripe.given_back(document)
        assert first is not None
        assert stripe.trace(first) == "/v1/charges/ch_1"
        second = stripe.traced(first, {"id": "ch_1", "payment_intent": "pi_1"})
        assert isinstance(second, GivenBack)
        path = stripe.trace(second)
        assert path is not None
        assert path.startswith("/v1/invoice_payments?")
        third = stripe.traced(second, {"data": [{"object": "invoice_payment", "invoice": "in_1"}]})
        assert third == GivenBack("in_1")
        found = stripe.traced(third, invoice(line(5, 77))["data"]["object"])
        assert found == Refunded("sub_1", Paid(back=(Invoice(77, "in_1"),)))
        assert stripe.traced(second, {"data": []}) == GivenBack()


class TestRazorpay:
    """razorpay.com/docs/api/payments/subscriptions and .../webhooks/payloads."""

    @pytest.mark.parametrize("gone", [(), ("current_start", "current_end")])
    def test_what_is_resumed_is_active_also_without_a_period(self, gone: tuple[str, ...]) -> None:
        shape = dict(razorpay.snapshot_in(sample("razorpay/subscription_resumed")))
        shape.update(dict.fromkeys(gone))
        found = razorpay.subscription(shape, as_of=1_789_100_000)
        assert (found.status, found.period_end is None) == (Status.ACTIVE, bool(gone))

    def test_what_names_no_plan_is_still_unreadable(self) -> None:
        shape = dict(razorpay.snapshot_in(sample("razorpay/subscription_resumed")), plan_id=None)
        with pytest.raises(UnreadableShape):
            razorpay.subscription(shape, as_of=1)

    def test_a_list_of_paid_invoices_without_ends_proves_nothing(self) -> None:
        paid = {"id": "inv_1", "status": "paid", "billing_end": None}
        with pytest.raises(ValueError, match="no end"):
            razorpay.paid_in({"items": [paid]})
        more = {"id": "inv_2", "status": "paid", "billing_end": 77}
        assert razorpay.paid_in({"items": [paid, more]}) == Paid(paid=(Invoice(77, "inv_2"),))
        assert razorpay.paid_in({"items": [more | {"status": "issued"}]}) == Paid()

    @pytest.mark.parametrize(
        ("kind", "status", "found"),
        [
            ("refund.processed", "full", GivenBack("inv_QxInvoice0001")),
            ("refund.processed", "partial", None),
            ("payment.dispute.lost", None, GivenBack("inv_QxInvoice0001")),
        ],
    )
    def test_a_full_refund_and_a_lost_dispute_name_their_invoice(
        self, kind: str, status: str | None, found: GivenBack | None
    ) -> None:
        document = sample("razorpay/refund_speed_changed") | {"event": kind}
        document["payload"]["payment"]["entity"]["refund_status"] = status
        envelope, read = razorpay_webhook.read({}, json.dumps(document).encode())
        assert envelope.event_class is EventClass.GIVEN_BACK
        assert razorpay.given_back(read) == found

    @pytest.mark.parametrize(
        ("amount", "refunded", "whole"),
        [(49_900, 0, True), (9_900, 0, False), (9_900, 40_000, True), (None, 0, True)],
    )
    def test_a_dispute_lost_about_a_part_leaves_the_cycle_paid(
        self, amount: int | None, refunded: int, *, whole: bool
    ) -> None:
        """razorpay.com/docs/webhooks/payloads/disputes: a dispute has an amount of its own."""
        document = sample("razorpay/refund_speed_changed") | {"event": "payment.dispute.lost"}
        payment = document["payload"]["payment"]["entity"]
        payment |= {"amount": 49_900, "amount_refunded": refunded, "currency": "INR"}
        document["payload"]["dispute"] = {"entity": {"amount": amount, "currency": "INR"}}
        expected = GivenBack("inv_QxInvoice0001") if whole else None
        assert razorpay.given_back(document) == expected
