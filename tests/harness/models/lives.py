"""Lives of subscriptions at both providers, with what was really paid: the oracle of access.

A life is drawn as a provider would run it: periods move on before they are paid, charges fail and
are tried again, trials end or are cancelled, money is given back, people cancel at any moment. It
is told in the provider's own documents, in the shapes its pages show, and read by the real readers.
What a customer may use at any moment follows from the life alone, and from nothing of ours.

Stripe: docs.stripe.com/billing/subscriptions/overview (statuses, the hour in which a renewal's
invoice is a draft while the subscription is active), .../revenue-recovery/smart-retries.
Razorpay: razorpay.com/docs/payments/subscriptions/states and .../webhooks/payloads/subscriptions.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.adapters.billing.projection.memory import MemoryProjection, MemoryQuarantine
from tocsin.application.billing.projection.project import Projector
from tocsin.application.billing.projection.read_event import billing_event
from tocsin.billing.access.entitlement import Access, one_subscription
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.billing.projection.ordering import Answer, Verdict
from tocsin.billing.projection.refetch import LedgerReplay, RefetchRequest
from tocsin.policy.compiled.billing_rules import current_billing_rules
from tocsin.ports.billing.projection import Refunded
from tocsin.providers.bodies.codec import pack, unpack
from tocsin.providers.bodies.pruning import prune
from tocsin.providers.registry import object_reader, webhook_reader

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from tocsin.billing.event import GivenBack
    from tocsin.billing.projection.paid import Paid
    from tocsin.billing.projection.told import BillingEvent

RULES = current_billing_rules().access
DAY, HOUR = 86_400, 3_600
START = 1_790_000_000
GRACE_DAYS = 14
NAME = "sub_QxLife00000001"

YES = frozenset({"trialing", "active", "authenticated"})
GRACE = frozenset({"past_due", "pending"})


@dataclass(slots=True)
class State:
    """What the provider would answer; `end` is the end of the period it names, paid or not."""

    status: str
    start: int
    end: int | None
    trial_end: int | None = None
    cancel_at_period_end: bool = False


@dataclass(slots=True)
class Bill:
    """One invoice: for the period until `end`; when it was paid, and when given back."""

    id: str
    start: int
    end: int
    made: int
    amount: int = 4_900
    reason: str = "subscription_cycle"
    paid: int | None = None
    back: int | None = None


@dataclass(slots=True)
class Life:
    """All that happened to one subscription: its states, its invoices and its events, by time."""

    provider: str
    states: list[tuple[int, State]] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    basil: bool = True

    def state_at(self, at: int) -> State:
        known = [state for when, state in self.states if when <= at]
        return known[-1] if known else self.states[0][1]

    def paid_until(self, at: int) -> int | None:
        """The end of the last period that was paid by then, and not given back by then."""
        return max(
            (
                bill.end
                for bill in self.bills
                if bill.paid is not None
                and bill.paid <= at
                and bill.amount
                and (bill.back is None or bill.back > at)
            ),
            default=None,
        )

    def access(self, at: int) -> Access:
        """What the customer may use, by the life alone."""
        state = self.state_at(at)
        if state.status in YES:
            return Access.YES
        paid = self.paid_until(at)
        if state.status in GRACE:
            ends = [end for end in (paid, state.trial_end) if end is not None]
            base = max(ends, default=state.end or 0)
            return Access.GRACE if at < base + GRACE_DAYS * DAY else Access.NO
        if state.status in {"incomplete", "incomplete_expired", "created", "expired"}:
            return Access.NO
        return Access.YES if paid is not None and at < paid else Access.NO


# Stripe.


class StripeLife:
    """Draws one life at Stripe."""

    def __init__(self, draw: random.Random) -> None:
        self.draw, self.life = draw, Life("stripe", basil=draw.random() < 0.7)
        self.now = START
        self.period = (365 if draw.random() < 0.1 else 30) * DAY
        self.after_retries = draw.choice(("cancel", "cancel", "unpaid", "past_due"))
        self.state = State("active", START, START + self.period)

    def run(self) -> Life:
        draw = self.draw
        if draw.random() < 0.3:
            if not self._trial():
                return self.life
        elif draw.random() < 0.06:
            return self._never_paid()
        else:
            self._moved(event="created")
            self._paid(self._bill("subscription_create"))
        for _ in range(draw.randint(1, 3)):
            if not self._within_period() or not self._renewal():
                break
        return self.life

    def _trial(self) -> bool:
        end = START + 14 * DAY
        self.state = State("trialing", START, end, end)
        self._moved(event="created")
        bill = self._bill("subscription_create", amount=0)
        self._paid(bill)
        if self.draw.random() < 0.35:
            self.now += self.draw.randint(HOUR, 13 * DAY)
            self._end("trial_cancelled")
            return False
        self.now = end
        if self.draw.random() < 0.1:
            self.state = State("paused", START, end, end)
            self._moved()
            self.life.reached["trial_paused"] += 1
            if self.draw.random() < 0.5:
                self.now += self.draw.randint(HOUR, 20 * DAY)
                self._end("cancelled_paused")
            return False
        return self._renewal()

    def _never_paid(self) -> Life:
        self.state.status = "incomplete"
        self._moved(event="created")
        self._failed(self._bill("subscription_create"))
        self.now += 23 * HOUR
        self.state.status = "incomplete_expired"
        self._moved()
        self.life.reached["never_paid"] += 1
        return self.life

    def _within_period(self) -> bool:
        """Something may happen while the period is paid; False: that was the end."""
        chance, end = self.draw.random(), self.state.end or 0
        if chance < 0.15:
            self.now = self.draw.randint(self.now + HOUR, end - HOUR)
            self._end("cancelled_paid")
            return False
        if chance < 0.3:
            self.now = self.draw.randint(self.now + HOUR, end - 2 * HOUR)
            self._give_back(lost=self.draw.random() < 0.3)
            if self.draw.random() < 0.7:
                self.now += self.draw.randint(10, HOUR)
                self._end("cancelled_refunded")
                return False
            return False
        if chance < 0.45:
            self.now = self.draw.randint(self.now + HOUR, end - HOUR)
            self.state.cancel_at_period_end = True
            self._moved()
            self.now = end
            self._end("cancelled_at_period_end")
            return False
        if chance < 0.55:
            self.now = self.draw.randint(self.now + HOUR, end - DAY)
            self._unpaid_change()
            if self.state.status == "canceled":
                return False
        self.now = end
        return True

    def _unpaid_change(self) -> None:
        """A change in the middle of a period whose own invoice fails: the period stays paid."""
        bill = self._bill("subscription_update", start=self.now)
        self.now += 5
        self.state.status = "past_due"
        self._failed(bill)
        self._moved()
        self.life.reached["change_unpaid"] += 1
        self.now += self.draw.randint(HOUR, HOUR * 20)
        if self.draw.random() < 0.5:
            self._end("cancelled_change_unpaid")
        else:
            self.state.status = "active"
            self._paid(bill)
            self._moved()

    def _renewal(self) -> bool:  # noqa: PLR0911 - one return for each way a renewal goes
        """The period moves on, is a draft for an hour, and then is paid or not."""
        start = self.state.end or 0
        self.state = State("active", start, start + self.period, self.state.trial_end)
        self._moved()
        bill = self._bill("subscription_cycle")
        if self.draw.random() < 0.05:
            self.now += self.draw.randint(60, HOUR - 60)
            self._end("cancelled_as_draft")
            return False
        self.now += HOUR
        if self.draw.random() < 0.55:
            self._paid(bill)
            return True
        self.state.status = "past_due"
        self._failed(bill)
        self._moved()
        for _ in range(self.draw.randint(0, 3)):
            self.now += self.draw.randint(DAY, 5 * DAY)
            if self.draw.random() < 0.3:
                return self._recovered(bill)
            if self.draw.random() < 0.2:
                self._end("cancelled_past_due")
                return False
            self._failed(bill)
        if self.after_retries == "cancel":
            self.now += 5
            self._end("ended_unpaid")
            return False
        if self.after_retries == "past_due":
            self.life.reached["left_past_due"] += 1
            return False
        self.now += 5
        self.state.status = "unpaid"
        self._moved()
        self.life.reached["unpaid"] += 1
        self.now += self.draw.randint(HOUR, 3 * DAY)
        chance = self.draw.random()
        if chance < 0.4:
            self._end("ended_unpaid")
            return False
        return chance < 0.7 and self._recovered(bill)

    def _recovered(self, bill: Bill) -> bool:
        self.state.status = "active"
        self._paid(bill)
        self._moved()
        self.life.reached["recovered"] += 1
        return self.now < bill.end - 2 * DAY

    def _end(self, why: str) -> None:
        self.state.status = "canceled"
        self._moved(event="deleted")
        self.life.reached[why] += 1

    def _give_back(self, *, lost: bool) -> None:
        bill = next(each for each in reversed(self.life.bills) if each.paid and each.amount)
        bill.back = self.now
        self.life.reached["dispute_lost" if lost else "refunded"] += 1
        charge, intent = f"ch_{bill.id}", f"pi_{bill.id}"
        if lost:
            kind = "charge.dispute.closed"
            shape: dict[str, Any] = {
                "id": f"dp_{bill.id}",
                "object": "dispute",
                "charge": charge,
                "payment_intent": intent,
                "status": "lost",
            }
        else:
            kind = "charge.refunded"
            shape = {
                "id": charge,
                "object": "charge",
                "amount": bill.amount,
                "amount_refunded": bill.amount,
                "refunded": True,
                "payment_intent": intent,
            }
            if not self.life.basil:
                shape["invoice"] = bill.id
        self._tell(kind, shape)

    def _moved(self, event: str = "updated") -> None:
        state = State(**{name: getattr(self.state, name) for name in State.__slots__})
        self.life.states.append((self.now, state))
        shape = stripe_subscription(state, basil=self.life.basil)
        self._tell(f"customer.subscription.{event}", shape)

    def _bill(self, reason: str, *, amount: int = 4_900, start: int | None = None) -> Bill:
        begun = self.state.start if start is None else start
        name = f"in_QxLife{len(self.life.bills):04d}"
        bill = Bill(name, begun, self.state.end or 0, self.now, amount, reason)
        self.life.bills.append(bill)
        return bill

    def _paid(self, bill: Bill) -> None:
        bill.paid = self.now
        self._tell("invoice.paid", stripe_invoice(bill, self.now, basil=self.life.basil))

    def _failed(self, bill: Bill) -> None:
        self._tell("invoice.payment_failed", stripe_invoice(bill, self.now, basil=self.life.basil))

    def _tell(self, kind: str, shape: dict[str, Any]) -> None:
        document = {
            "id": f"evt_QxLife{len(self.life.events):04d}",
            "object": "event",
            "type": kind,
            "api_version": "2025-09-30.clover" if self.life.basil else "2024-06-20",
            "created": self.now,
            "livemode": True,
            "data": {"object": shape},
        }
        self.life.events.append((self.now, document))


def stripe_subscription(state: State, *, basil: bool) -> dict[str, Any]:
    """docs.stripe.com/api/subscriptions/object, before and after the periods moved to the items."""
    item: dict[str, Any] = {"id": "si_1", "object": "subscription_item", "quantity": 1}
    item["price"] = {"id": "price_team", "object": "price"}
    periods = {"current_period_start": state.start, "current_period_end": state.end}
    shape: dict[str, Any] = {
        "id": NAME,
        "object": "subscription",
        "status": state.status,
        "cancel_at_period_end": state.cancel_at_period_end,
        "trial_end": state.trial_end,
        "metadata": {"workspace_id": "ws_life"},
        "items": {"object": "list", "data": [item], "has_more": False, "total_count": 1},
    }
    (item if basil else shape).update(periods)
    return shape


def stripe_invoice(bill: Bill, at: int, *, basil: bool) -> dict[str, Any]:
    """docs.stripe.com/api/invoices/object: `period_end` is not the end of what it pays for."""
    paid = bill.paid is not None and bill.paid <= at
    line: dict[str, Any] = {
        "id": f"il_{bill.id}",
        "object": "line_item",
        "amount": bill.amount,
        "period": {"start": bill.start, "end": bill.end},
    }
    shape: dict[str, Any] = {
        "id": bill.id,
        "object": "invoice",
        "status": "paid" if paid else "open",
        "billing_reason": bill.reason,
        "period_start": bill.start - 30 * DAY,
        "period_end": bill.start,
        "lines": {"object": "list", "data": [line], "has_more": False},
    }
    if basil:
        details = {"subscription": NAME, "proration": bill.reason == "subscription_update"}
        line["parent"] = {
            "type": "subscription_item_details",
            "subscription_item_details": details,
        }
        shape["parent"] = {
            "type": "subscription_details",
            "subscription_details": {"subscription": NAME},
        }
    else:
        line |= {"type": "subscription", "subscription": NAME, "proration": False}
        shape |= {"subscription": NAME, "paid": paid}
    return shape


# Razorpay.


class RazorpayLife:
    """Draws one life at Razorpay."""

    def __init__(self, draw: random.Random) -> None:
        self.draw, self.life = draw, Life("razorpay")
        self.now = START
        self.period = (365 if draw.random() < 0.1 else 30) * DAY
        self.total = draw.choice((2, 3, 12))
        self.count = 0
        self.state = State("authenticated", START, None)

    def run(self) -> Life:
        draw = self.draw
        if draw.random() < 0.3:
            self.state.trial_end = START + 14 * DAY
            self._moved("authenticated")
            if draw.random() < 0.35:
                self.now += draw.randint(HOUR, 13 * DAY)
                self._end("trial_cancelled")
                return self.life
            self.now = self.state.trial_end
            self.life.reached["trial_kept"] += 1
        self._charged(self.now, first=True)
        for _ in range(draw.randint(1, 3)):
            if not self._within_period() or not self._renewal():
                break
        return self.life

    def _within_period(self) -> bool:
        chance, end = self.draw.random(), self._paid_end()
        if chance < 0.15:
            self.now = self.draw.randint(self.now + HOUR, end - HOUR)
            self._end("cancelled_paid")
            return False
        if chance < 0.3:
            self.now = self.draw.randint(self.now + HOUR, end - 2 * HOUR)
            self._give_back(lost=self.draw.random() < 0.3)
            if self.draw.random() < 0.7:
                self.now += self.draw.randint(10, HOUR)
                self._end("cancelled_refunded")
            return False
        if chance < 0.5:
            self.now = self.draw.randint(self.now + HOUR, end - 4 * HOUR)
            self.state.status = "paused"
            self._moved("paused")
            self.life.reached["paused"] += 1
            self.now = self.draw.randint(self.now + HOUR, end - 2 * HOUR)
            if self.draw.random() < 0.3:
                self._end("cancelled_paused")
                return False
            self.state.status = "active"
            if self.draw.random() < 0.5:  # as the page shows it
                self.state.end = None
                self.life.reached["resumed_without_period"] += 1
            self._moved("resumed")
            self.life.reached["resumed"] += 1
            if self.draw.random() < 0.3:
                self.now = self.draw.randint(self.now + 60, end - HOUR)
                self._end("cancelled_resumed")
                return False
        elif chance < 0.6:
            self.now = end
            self._end("cancelled_at_period_end")
            return False
        self.now = end
        return True

    def _renewal(self) -> bool:  # noqa: PLR0911 - one return for each way a renewal goes
        start = self._paid_end()
        if self.count >= self.total:
            self.state.status = "completed"
            self._moved("completed")
            self.life.reached["completed"] += 1
            return False
        if self.draw.random() < 0.55:
            self.now = start + 60
            self._charged(start)
            return True
        self.now = start + 60
        self.state = State("pending", start, start + self.period, self.state.trial_end)
        self._moved("pending")
        for _ in range(self.draw.randint(0, 3)):
            self.now += DAY
            if self.draw.random() < 0.3:
                self.life.reached["recovered"] += 1
                self._charged(start)
                return True
            if self.draw.random() < 0.2:
                self._end("cancelled_past_due")
                return False
        self.now += 300
        self.state.status = "halted"
        self._moved("halted")
        self.life.reached["unpaid"] += 1
        self.now += self.draw.randint(HOUR, 10 * DAY)
        chance = self.draw.random()
        if chance < 0.5:
            self._end("ended_unpaid")
            return False
        if chance < 0.8:
            self.life.reached["recovered"] += 1
            self._charged(start)
            return self.now < start + self.period - 2 * DAY
        return False

    def _paid_end(self) -> int:
        return max(bill.end for bill in self.life.bills if bill.paid)

    def _charged(self, start: int, *, first: bool = False) -> None:
        self.count += 1
        self.state = State("active", start, start + self.period, self.state.trial_end)
        name = f"inv_QxLife{len(self.life.bills):04d}"
        bill = Bill(name, start, start + self.period, self.now, paid=self.now)
        self.life.bills.append(bill)
        for event in ("activated", "charged") if first else ("charged",):
            self._moved(event, payment=bill)
        if self.draw.random() < 0.7:
            self._tell("invoice.paid", {"invoice": {"entity": razorpay_invoice(bill, self.now)}})

    def _end(self, why: str) -> None:
        self.state.status = "cancelled"
        self._moved("cancelled")
        self.life.reached[why] += 1

    def _give_back(self, *, lost: bool) -> None:
        bill = next(each for each in reversed(self.life.bills) if each.paid)
        bill.back = self.now
        self.life.reached["dispute_lost" if lost else "refunded"] += 1
        payment = self._payment(bill) | {"refund_status": None if lost else "full"}
        refund = {"id": "rfnd_1", "entity": "refund", "payment_id": payment["id"]}
        kind = "payment.dispute.lost" if lost else "refund.processed"
        about = {"dispute": {"entity": {"id": "disp_1", "status": "lost"}}}
        payload = about if lost else {"refund": {"entity": refund}}
        self._tell(kind, {**payload, "payment": {"entity": payment}})

    def _payment(self, bill: Bill) -> dict[str, Any]:
        return {
            "id": f"pay_{bill.id}",
            "entity": "payment",
            "amount": bill.amount,
            "status": "captured",
            "invoice_id": bill.id,
            "refund_status": None,
        }

    def _moved(self, event: str, *, payment: Bill | None = None) -> None:
        state = State(**{name: getattr(self.state, name) for name in State.__slots__})
        self.life.states.append((self.now, state))
        payload: dict[str, Any] = {
            "subscription": {"entity": razorpay_subscription(state, self.count, self.total)}
        }
        if payment is not None:
            payload["payment"] = {"entity": self._payment(payment)}
        self._tell(f"subscription.{event}", payload)

    def _tell(self, kind: str, payload: dict[str, Any]) -> None:
        document = {
            "entity": "event",
            "account_id": "acc_QxLife00000001",
            "event": kind,
            "contains": list(payload),
            "payload": payload,
            "created_at": self.now,
        }
        self.life.events.append((self.now, document))


def razorpay_subscription(state: State, count: int, total: int) -> dict[str, Any]:
    """razorpay.com/docs/api/payments/subscriptions/entity."""
    return {
        "id": NAME,
        "entity": "subscription",
        "plan_id": "plan_QxTeam0000042",
        "status": state.status,
        "current_start": None if state.end is None else state.start,
        "current_end": state.end,
        "start_at": state.trial_end or state.start,
        "quantity": 1,
        "notes": {"workspace_id": "ws_life"},
        "total_count": total,
        "paid_count": count,
    }


def razorpay_invoice(bill: Bill, at: int) -> dict[str, Any]:
    """razorpay.com/docs/api/payments/subscriptions/fetch-invoices."""
    paid = bill.paid is not None and bill.paid <= at
    return {
        "id": bill.id,
        "entity": "invoice",
        "subscription_id": NAME,
        "status": "paid" if paid else "issued",
        "billing_start": bill.start,
        "billing_end": bill.end,
        "paid_at": bill.paid if paid else None,
    }


# Our side.


class Ours:
    """The real readers, projector and answer over one life; the provider answers by the life.

    `silent` is the share of questions about payment that go unanswered.
    """

    def __init__(self, life: Life, draw: random.Random, *, silent: float = 0.0) -> None:
        self.life, self.draw, self.silent = life, draw, silent
        self.identity = Identity(life.provider, "acct_life", "live")
        self.now, self.asked, self.asked_for_payment = START, 0, 0
        self.projection = MemoryProjection()
        self.waiting: list[tuple[int, RefetchRequest | LedgerReplay]] = []
        self.reader = object_reader(life.provider)
        self.read: dict[str, BillingEvent] = {}
        self.projector = Projector(
            projection=self.projection,
            client=self,
            queue=self,
            quarantine=MemoryQuarantine(),
            confirmed=frozenset(),
            invoices=self,
        )

    def event(self, number: int) -> BillingEvent:
        """One event of the life as the projector gets it."""
        at, document = self.life.events[number]
        body = json.dumps(document).encode()
        headers = {"x-razorpay-event-id": f"evt_{number}"}
        envelope, found = webhook_reader(self.life.provider).read(headers, body)
        record = LedgerRecord(self.identity, "default", envelope, at, pack(prune(found, None)))
        event = billing_event(record, reader=self.reader, unpack=unpack)
        self.read[event.id] = event
        return event

    def deliver(self, event: BillingEvent, *, at: int) -> None:
        self.run_until(at)
        self.now = max(self.now, at)
        self.projector.project(event, now=self.now)

    def run_until(self, at: int) -> None:
        """What waits is done when it is due."""
        while self.waiting and min(self.waiting, key=lambda each: each[0])[0] <= at:
            due, wish = min(self.waiting, key=lambda each: each[0])
            self.waiting.remove((due, wish))
            self.now = max(self.now, due)
            if isinstance(wish, LedgerReplay):
                self.projector.project(self.read[wish.sk], now=self.now)
            else:
                self.projector.refetch(wish, now=self.now)

    def settle(self) -> None:
        """Until nothing waits any more; whoever is silent answers in the end."""
        self.silent = 0.0
        while self.waiting:
            self.run_until(max(due for due, _ in self.waiting))

    def access(self, at: int) -> Access:
        row = self.projection.read(self.identity, NAME)
        found = row and one_subscription(row, RULES, now=at, incident_open=False)
        return found.access if found else Access.NO

    # The projector's ports.

    def fetch(self, identity: Identity, subscription: str) -> Answer:
        self.asked += 1
        state = self.life.state_at(self.now)
        shape = (
            stripe_subscription(state, basil=self.life.basil)
            if self.life.provider == "stripe"
            else razorpay_subscription(state, 0, 12)
        )
        found = self.reader.subscription(shape, as_of=self.now)
        return Answer(Verdict.FOUND, found, self.now, elapsed=0.1)

    def paid(self, identity: Identity, subscription: str) -> Paid | None:
        self.asked_for_payment += 1
        if self.draw.random() < self.silent:
            return None
        made = [bill for bill in self.life.bills if bill.made <= self.now]
        if self.life.provider == "razorpay":
            return self.reader.paid_in(
                {"items": [razorpay_invoice(each, self.now) for each in made]}
            )
        shapes = [stripe_invoice(each, self.now, basil=self.life.basil) for each in made]
        return self.reader.paid_in({"data": shapes})

    def given_back(self, identity: Identity, given_back: GivenBack) -> Refunded | None:
        """Answers each path as the provider would, until the reader is content."""
        if self.draw.random() < self.silent:
            return None
        for _ in range(3):
            path = self.reader.trace(given_back)
            found = self.reader.traced(given_back, self._at(path or ""))
            if isinstance(found, Refunded):
                return found
            given_back = found
        raise AssertionError(f"{given_back} leads nowhere")

    def _at(self, path: str) -> dict[str, Any]:
        bill = next(each for each in self.life.bills if each.id in path)
        if path.startswith("/v1/invoices/"):
            if self.life.provider == "razorpay":
                return razorpay_invoice(bill, self.now)
            return stripe_invoice(bill, self.now, basil=self.life.basil)
        if path.startswith("/v1/charges/"):
            charge = {"id": f"ch_{bill.id}", "payment_intent": f"pi_{bill.id}"}
            return charge if self.life.basil else charge | {"invoice": bill.id}
        return {"object": "list", "data": [{"invoice": bill.id}]}

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        self.waiting.append((self.now + delay, request))


def moments(life: Life, draw: random.Random, after: int) -> Iterator[int]:
    """Seconds worth looking at from then on: around every end there is, and anywhere."""
    ends = {bill.end for bill in life.bills}
    ends |= {state.end for _, state in life.states if state.end}
    ends |= {state.trial_end for _, state in life.states if state.trial_end}
    for end in sorted(ends):
        for at in (end - 1, end, end + GRACE_DAYS * DAY - 1, end + GRACE_DAYS * DAY):
            if at >= after:
                yield at
    yield after
    yield after + draw.randint(0, 400 * DAY)
