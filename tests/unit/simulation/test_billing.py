"""Billing in a simulated life: what it meets, and that its laws can fail."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.application.billing.projection.ingest import Ingest, Receipt
from tocsin.billing.checkout.leg import Leg
from tocsin.billing.projection import ordering
from tocsin.errors import Unavailable
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY
from tocsin.providers.stripe.checkout import StripeCheckout
from tocsin.simulation import life as lives
from tocsin.simulation.billing.stripe import BASES, FAILURES, LAG, Pool, Stripe
from tocsin.simulation.plan import Life, Step, plan
from tocsin.simulation.troubles import Trouble

if TYPE_CHECKING:
    import urllib3

    from tocsin.billing.projection.ordering import Row

START = 1_790_000_000
BUSY = range(0, 9, 3)
"""Seeds of lives in which billing is busy."""


class Account:
    """A provider, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = START
        self.stripe = Stripe(1, lambda: self.now, lambda _event: None)
        self.pool = Pool(self.stripe)

    def ask(self, path: str) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Bearer {DEFAULT_API_KEY}"}
        return self.pool.request("GET", BASES["stripe"] + path, headers=headers, redirect=False)

    def fails(self, how: str) -> None:
        self.stripe.failure, self.stripe.failing_until = how, self.now + 60


@pytest.mark.parametrize("how", sorted(set(FAILURES) - {"lag", "behind", "refuse", "lose_answer"}))
def test_a_provider_in_trouble_says_nothing_of_a_subscription(how: str) -> None:
    account = Account()
    name = account.stripe.begin()
    assert account.ask(f"/v1/subscriptions/{name}").json()["id"] == name
    account.fails(how)
    answer = account.ask(f"/v1/subscriptions/{name}")
    assert answer.status != 200 or answer.json().get("id") is None
    account.now += 60
    assert account.ask(f"/v1/subscriptions/{name}").json()["id"] == name


def test_it_refuses_connections_and_answers_of_a_while_ago() -> None:
    account = Account()
    name = account.stripe.begin()
    for how in ("refuse", "lose_answer"):
        account.fails(how)
        with pytest.raises(ConnectionError):
            account.ask(f"/v1/subscriptions/{name}")
    account.now += 2 * LAG
    before = account.ask(f"/v1/subscriptions/{name}").json()
    for pick in range(6):
        account.stripe.change(pick)
    now = account.ask(f"/v1/subscriptions/{name}").json()
    account.fails("lag")
    assert account.ask(f"/v1/subscriptions/{name}").json() == before != now
    account.now += LAG
    assert account.ask(f"/v1/subscriptions/{name}").json() == now


def test_an_event_shows_its_subject_as_it_was_when_it_was_made() -> None:
    """Delivered late, after further changes of the same second."""
    made: list[dict[str, Any]] = []
    stripe = Stripe(1, lambda: START, made.append)
    name = stripe.begin()
    for pick in range(6):
        stripe.change(pick)
    bodies = [
        stripe.post(each["id"], at=START)[1] for each in made if each["subject"]["id"] == name
    ]
    assert len(set(bodies)) == len(bodies) > 2


def test_lives_with_busy_billing_reach_what_they_are_for() -> None:
    lived = [lives.live(seed) for seed in BUSY]
    assert [each.fault for each in lived] == [None] * len(lived)
    reached = sum((each.reached for each in lived), Counter[str]())
    for what in ("webhooks stored", "webhooks known already", "webhooks lost", "events put back"):
        assert reached[what] > 4, what
    assert reached["rows seen true"] > 50
    assert reached["checkouts"] > 2


SERVED_TWICE = Step("is served twice", (0, 0, 0, 0), minutes=0)
SETTLES = Step("settles", (0, 0, 0, 0), minutes=61)


def failing(how: str, minutes: int) -> Step:
    return Step("provider fails", (FAILURES.index(how), minutes, 0, 0), minutes=6)


def told(*steps: Step) -> str | None:
    """What is wrong with a life of these steps."""
    return lives.through(Life(1_761, datetime.fromtimestamp(START, UTC), steps)).fault


def test_an_empty_list_of_an_outage_is_no_proof_that_no_page_was_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page whose answer was lost was paid, and Stripe listed nothing: "it was never made"."""
    story = (SERVED_TWICE, failing("empty_list", 179), SETTLES)
    assert told(*story) is None
    monkeypatch.setattr(StripeCheckout, "_lists_anything", lambda _checkout: True)
    monkeypatch.setattr(Leg, "next_look", lambda _leg, _now: 0)
    assert (told(*story) or "").endswith("can be paid or runs, its leg: failed")


def test_a_list_that_is_hours_behind_is_no_proof_that_no_page_was_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seed 1761: Stripe listed the pages of others and not this one, whose answer was lost."""
    later = replace(SERVED_TWICE, minutes=1_500)
    soon = replace(SETTLES, minutes=15)
    story = (SERVED_TWICE, SETTLES, later, failing("behind", 138), soon)
    assert told(*story) is None
    monkeypatch.setattr(Leg, "next_look", lambda _leg, _now: 0)
    assert (told(*story) or "").endswith("can be paid or runs, its leg: failed")


def test_i8_a_tie_decided_by_the_order_of_arrival_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def by_arrival(created: int, row: Row) -> bool:
        if row.terminal or row.undated or (row.applied is None and row.fetched is None):
            return False
        return row.fetched is None or row.fetched < created - ordering.FETCH_MARGIN

    monkeypatch.setattr(ordering, "_newer", by_arrival)
    only = {"subscribes": 1, "customers change": 3, "rush in an outage": 1}
    faults = (lives.through(plan(seed, only, length=20)).fault for seed in range(6, 40))
    assert next(filter(None, faults), "").startswith("I8: sub_")


def test_i10_an_acknowledgement_before_it_is_durable_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receive = Ingest.receive

    def at_once(ingest: Ingest, delivery: Any, *, now: int) -> Receipt:
        try:
            return receive(ingest, delivery, now=now)
        except Unavailable:
            record = receive(
                Ingest(ingest.registrations, ingest.reader, _Takes(), ingest.pack),
                delivery,
                now=now,
            ).record
            return Receipt(stored=True, record=record)

    monkeypatch.setattr(Ingest, "receive", at_once)
    throttled = list(Trouble).index(Trouble.THROTTLED)
    steps = (
        Step("subscribes", (0, 0, 0, 0), minutes=0),
        Step("trouble", (throttled, 0, 0, 0), minutes=0),
        Step("notes", (0, 0, 0, 0), minutes=61),
    )
    found = lives.through(Life(1, datetime.fromtimestamp(START, UTC), steps))
    assert found.fault is not None
    assert found.fault.endswith("was acknowledged, and is not stored")


class _Takes:
    """A ledger that says it has stored what it has not."""

    def put(self, record: object) -> bool:
        del record
        return True
