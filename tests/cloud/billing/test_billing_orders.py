"""All orders of a short history, over HTTP into the deployed stack, each on its own subscription.

Five events with two ties: made, and paid in the same second; collection paused; collection resumed
and the subscription cancelled in one second. Each order has one event twice. Afterwards every row
equals what the provider says, and a second pass over everything changes no revision. A twentieth of
the orders runs by default, all 120 with `-m full`.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from tests.harness.cloud.local_cloud import eventually, waking
from tests.harness.fakes.webhooks import compact, stripe_headers
from tocsin.adapters.billing.projection.items import row_of
from tocsin.billing.projection.refetch import LedgerReplay
from tocsin.local.sandbox.clients import official
from tocsin.local.sandbox.clients.stripe import SandboxClient
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY
from tocsin.providers.registry import object_reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.cloud.local_cloud import Deployed
    from tocsin.billing.projection.ordering import Row

ORDERS = list(permutations(range(5)))
SAMPLE = ORDERS[::20]
AT_ONCE = 8


class Account:
    """Subscriptions at the provider, all with the same history of five events."""

    def __init__(self, stage: Deployed) -> None:
        self.control = SandboxClient(stage.outputs["sandbox_url"])
        self.control.reset()
        self.sdk: Any = official.client(stage.outputs["sandbox_url"], DEFAULT_API_KEY)
        self.begin = int(time.time()) - 110

    def live_through(self, number: int) -> list[str]:
        """So many subscriptions through their whole history; their ids."""
        self.control.freeze(self.begin)
        price, card = self._price(), {"default_payment_method": "pm_card_visa"}
        customer = self.sdk.v1.customers.create({"invoice_settings": card})
        each = {"customer": customer.id, "items": [{"price": price}]}
        made = [str(self.sdk.v1.subscriptions.create(each).id) for _ in range(number)]
        self.control.freeze(self.begin + 40)
        self._all(made, {"pause_collection": {"behavior": "void"}})
        self.control.freeze(self.begin + 80)
        self._all(made, {"pause_collection": ""})
        for subscription in made:
            self.sdk.v1.subscriptions.cancel(subscription)
        self.control.run()
        return made

    def events_of(self, subscriptions: list[str]) -> dict[str, list[dict[str, Any]]]:
        """The five events of each, as they were made."""
        found: dict[str, list[dict[str, Any]]] = {each: [] for each in subscriptions}
        for event in self.control.events():
            if event["type"].startswith("customer.subscription."):
                found[event["data"]["object"]["id"]].append(event)
        for events in found.values():
            seconds = [event["created"] - self.begin for event in events]
            assert seconds == [0, 0, 40, 80, 80], "five events, two ties"
        return found

    def truth(self) -> dict[str, str]:
        """What the provider says now, by subscription."""
        reader, now = object_reader("stripe"), int(time.time())
        found = (reader.subscription(shape, as_of=now) for shape in self._shapes())
        return {each.id: each.fingerprint for each in found}

    def _shapes(self) -> list[dict[str, Any]]:
        shapes: list[dict[str, Any]] = self.control.truth()["subscriptions"]
        return shapes

    def _all(self, subscriptions: list[str], change: dict[str, Any]) -> None:
        for subscription in subscriptions:
            self.sdk.v1.subscriptions.update(subscription, change)

    def _price(self) -> str:
        product = self.sdk.v1.products.create({"name": "plan"})
        price = {
            "currency": "usd",
            "product": product.id,
            "unit_amount": 900,
            "recurring": {"interval": "month"},
        }
        return str(self.sdk.v1.prices.create(price).id)


@pytest.fixture
def account(stage: Deployed) -> Iterator[Account]:
    made = Account(stage)
    yield made
    made.control.reset()


def rows(stage: Deployed) -> dict[str, Row]:
    found = stage.items("billing_subscriptions")
    return {item["PK"]["S"].rpartition("#")[2]: row_of(item) for item in found}


def states(stage: Deployed) -> dict[str, str]:
    return {
        name: row.subscription.fingerprint
        for name, row in rows(stage).items()
        if row.subscription is not None
    }


def run(stage: Deployed, account: Account, orders: list[tuple[int, ...]]) -> None:
    made = account.live_through(len(orders))
    events = account.events_of(made)
    http = urllib3.PoolManager(maxsize=AT_ONCE, retries=False, timeout=60)
    url = f"{stage.outputs['webhook_url']}/stripe"
    secret = stage.outputs["secrets"]["stripe/default"].encode()

    def deliver(number: int) -> list[str]:
        order, its = orders[number], events[made[number]]
        twice = order[number % 5]
        answers = []
        for index in (*order, twice) if number % 2 else (twice, *order):
            body = compact(its[index])
            headers = stripe_headers(body, int(time.time()), secret=secret)
            answer = http.request("POST", url, body=body, headers=headers)
            assert answer.status == 200
            answers.append(json.loads(answer.data)["status"])
        return answers

    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [each for one in pool.map(deliver, range(len(orders))) for each in one]
    assert answers.count("stored") == 5 * len(orders)
    assert answers.count("duplicate") == len(orders)

    truth = account.truth()
    assert set(truth) == set(made)
    found = eventually(lambda: states(stage), lambda seen: seen == truth, seconds=90)
    assert found == truth, "every order ends as the provider says"
    asked = sum(call["path"].startswith("/v1/subscriptions/") for call in account.control.calls())
    sys.stdout.write(
        f"\n{len(orders)} orders of 5 events with one duplicate each: {len(answers)} deliveries,"
        f" {time.monotonic() - started:.1f} s to the last row\n"
    )
    assert asked > 0
    once_more(stage)


def once_more(stage: Deployed) -> None:
    """Everything in the ledger is projected again: no revision may move."""
    before = {name: row.rev for name, row in rows(stage).items()}
    keys = [(item["PK"]["S"], item["SK"]["S"]) for item in stage.items("billing_events")]
    queue = stage.outputs["queues"]["refetch"]
    for start in range(0, len(keys), 10):
        entries: Any = [
            {"Id": str(at), "MessageBody": LedgerReplay(*key).to_json()}
            for at, key in enumerate(keys[start : start + 10])
        ]
        stage.clients.sqs.send_message_batch(QueueUrl=queue, Entries=entries)

    waiting = waking(stage, "billing_projector", lambda: _waiting(stage, queue))
    assert eventually(waiting, lambda left: left == 0, seconds=90) == 0
    assert {name: row.rev for name, row in rows(stage).items()} == before


def _waiting(stage: Deployed, queue: str) -> int:
    """What can be taken or is in somebody's hands; confirming questions are not due for minutes."""
    kinds = ("", "NotVisible")
    names: Any = [f"ApproximateNumberOfMessages{kind}" for kind in kinds]
    found = stage.clients.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return sum(int(found["Attributes"][name]) for name in names)


def test_i8_i9_orders_of_five_events_end_right_in_the_deployed_stack(
    stage: Deployed, account: Account
) -> None:
    run(stage, account, SAMPLE)


@pytest.mark.full
@pytest.mark.timeout(600)
def test_i8_i9_all_120_orders_end_right_in_the_deployed_stack(
    stage: Deployed, account: Account
) -> None:
    run(stage, account, ORDERS)
