"""All orders of a short history, with duplicates, through the real conditional writes."""

from __future__ import annotations

import sys
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from tests.harness.fakes.boto_call import BotoCall
from tocsin.adapters.billing.projection.memory import MemoryQuarantine
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.application.billing.projection.project import Projector
from tocsin.billing.event import EventClass
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Answer, Verdict
from tocsin.billing.projection.refetch import RefetchRequest
from tocsin.billing.projection.told import BillingEvent
from tocsin.billing.subscription import Status, Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.billing.projection.refetch import LedgerReplay

NOW = 1_790_000_000
IDENTITY = Identity("stripe", "acct_1", "test")
HISTORY = [
    (-90, Status.PENDING),
    (-90, Status.ACTIVE),
    (-50, Status.PAST_DUE),
    (-8, Status.ACTIVE),
    (-8, Status.CANCELLED),
]


class Provider:
    """Says what is true in the end; its queue forgets, as a history this short needs none."""

    def __init__(self) -> None:
        self.asked = 0
        self.now = NOW

    def fetch(self, identity: Identity, subscription: str) -> Answer:
        self.asked += 1
        return Answer(Verdict.FOUND, state(subscription, HISTORY[-1][1]), self.now, elapsed=0.1)

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        assert isinstance(request, RefetchRequest)
        assert delay == 300


def state(subscription: str, status: Status) -> Subscription:
    return Subscription(subscription, status, status.value, "price_1", NOW + 86_400)


def event(index: int, subscription: str) -> BillingEvent:
    at, status = HISTORY[index]
    return BillingEvent(
        IDENTITY,
        f"evt_{index}",
        "t",
        EventClass.SNAPSHOT,
        NOW + at,
        subscription,
        state(subscription, status),
    )


@pytest.fixture
def table() -> Iterator[BotoCall]:
    with mock_aws():
        aws = BotoCall()
        key = [("PK", "HASH"), ("SK", "RANGE")]
        aws.call(
            "CreateTable",
            {
                "TableName": "t",
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": n, "KeyType": k} for n, k in key],
                "AttributeDefinitions": [
                    {"AttributeName": n, "AttributeType": "S"} for n, _ in key
                ],
            },
        )
        yield aws


ORDERS = list(permutations(range(len(HISTORY))))


@pytest.mark.parametrize(
    ("late", "orders"),
    [
        pytest.param(0, ORDERS, id="live, every order", marks=pytest.mark.full),
        pytest.param(0, ORDERS[::5], id="live"),
        pytest.param(4_000, ORDERS[::7], id="replayed"),
    ],
)
def test_i8_i9_all_orders_of_five_events_with_two_ties_end_right_in_the_store(
    table: BotoCall, late: int, orders: list[tuple[int, ...]]
) -> None:
    """Every order with one event twice; every tenth gets everything once more."""
    provider = Provider()
    provider.now = NOW + late
    projection = DynamoDbProjection(table, "t")
    projector = Projector(
        projection=projection, client=provider, queue=provider, quarantine=MemoryQuarantine()
    )
    table.calls.clear()
    updates = asked = deliveries = 0
    for number, order in enumerate(orders):
        of = f"sub_{number}"
        twice = order[number % len(order)]
        deliver = [*order, twice] if number % 2 else [twice, *order]
        for index in deliver:
            projector.project(event(index, of), now=provider.now)
        updates, asked = updates + table.calls["UpdateItem"], asked + provider.asked
        deliveries += len(deliver)
        first = projection.read(IDENTITY, of)
        assert first is not None
        assert first.subscription == state(of, Status.CANCELLED)
        for index in order if number % 10 == 0 else ():
            projector.project(event(index, of), now=provider.now)
        second = projection.read(IDENTITY, of)
        assert second is not None
        assert (second.rev, second.subscription) == (first.rev, first.subscription)
        table.calls.clear()
        provider.asked = 0
    sys.stdout.write(
        f"\n{deliveries} deliveries: {updates / deliveries:.2f} conditional writes and"
        f" {asked / deliveries:.2f} questions each\n"
    )
    # A stale event changes no status; what it tells of payment is kept, by one more write.
    assert updates / deliveries <= 1.55
    assert asked / deliveries <= 0.25
