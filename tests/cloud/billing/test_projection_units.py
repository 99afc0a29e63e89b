"""What projecting costs on the local cloud: calls and write units of each kind of event.

The emulator answers with the capacity that a call consumed, which moto does not get right. With
the one put of ingest these are the figures of the ledger design: a new event 1 + 1 calls, a stale
one 2, an irrelevant one 1, a duplicate 1.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.adapters.billing.projection.memory import MemoryQuarantine
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.application.billing.projection.outcome import Outcome
from tocsin.application.billing.projection.project import Projector
from tocsin.billing.event import EventClass
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Answer, Verdict
from tocsin.billing.projection.told import BillingEvent
from tocsin.billing.subscription import Status, Subscription
from tocsin.local.look.clients import Keys
from tocsin.runtime.aws.http import AwsHttp
from tocsin.runtime.aws.sigv4 import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.cloud.local_cloud import Deployed
    from tocsin.billing.projection.refetch import LedgerReplay, RefetchRequest

IDENTITY = Identity("stripe", "acct_local", "test")


@dataclass(slots=True)
class Metered:
    """The function's own caller, with every call and its consumed units written down."""

    aws: AwsHttp
    calls: Counter[str] = field(default_factory=Counter)
    units: float = 0.0

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        self.calls[operation] += 1
        answer = self.aws.call(operation, {**payload, "ReturnConsumedCapacity": "TOTAL"})
        self.units += answer["ConsumedCapacity"]["CapacityUnits"]
        return answer

    def taken(self) -> tuple[dict[str, int], float]:
        """What was used since the last look."""
        found = dict(self.calls), self.units
        self.calls, self.units = Counter(), 0.0
        return found


@dataclass(slots=True)
class Provider:
    """Answers with one state, dated now; forgets what is to be asked later."""

    state: Subscription
    asked: int = 0

    def fetch(self, identity: Identity, subscription: str) -> Answer:
        self.asked += 1
        return Answer(Verdict.FOUND, self.state, int(time.time()), elapsed=0.1)

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        pass


@pytest.fixture
def metered(stage: Deployed) -> Metered:
    keys = Keys()
    credentials = Credentials(keys.access, keys.secret, keys.token)
    outputs = stage.outputs
    return Metered(
        AwsHttp(
            "dynamodb",
            endpoint=outputs["endpoint"],
            region=outputs["region"],
            credentials=credentials,
        )
    )


def test_projecting_an_event_costs_one_call_and_one_unit(stage: Deployed, metered: Metered) -> None:
    now = int(time.time())
    active = Subscription("sub_u", Status.ACTIVE, "active", "price_1", now + 86_400)
    provider = Provider(replace(active, status=Status.PAST_DUE, raw_status="past_due"))
    projector = Projector(
        projection=DynamoDbProjection(metered, stage.outputs["tables"]["billing_subscriptions"]),
        client=provider,
        queue=provider,
        quarantine=MemoryQuarantine(),
    )

    def event(name: str, age: int, state: Subscription | None) -> BillingEvent:
        kind = EventClass.SNAPSHOT if state else EventClass.HINT
        return BillingEvent(IDENTITY, name, "t", kind, now - age, "sub_u", state)

    paused = replace(active, status=Status.PAUSED, raw_status="paused")
    unrelated = replace(event("evt_x", 0, None), event_class=EventClass.IRRELEVANT)
    seen: list[tuple[str, Outcome, dict[str, int], float]] = []
    for what, one in (
        ("first", event("evt_1", 90, active)),
        ("new", event("evt_2", 60, paused)),
        ("the same again", event("evt_2", 60, paused)),
        ("stale", event("evt_0", 120, active)),
        ("irrelevant", unrelated),
        ("tie", event("evt_3", 60, active)),
    ):
        outcome = projector.project(one, now=now).outcome
        seen.append((what, outcome, *metered.taken()))
    for line in seen:
        sys.stdout.write(f"\n{line[0]:16} {line[1]:11} {line[2]!s:34} {line[3]:.1f} write units")

    update = {"UpdateItem": 1}
    assert seen == [
        ("first", Outcome.APPLIED, update, 1.0),
        ("new", Outcome.APPLIED, update, 1.0),
        ("the same again", Outcome.DONE, update, 0.0),
        ("stale", Outcome.STALE, update, 0.0),
        ("irrelevant", Outcome.IRRELEVANT, {}, 0.0),
        ("tie", Outcome.FETCHED, {"UpdateItem": 2}, 1.0),
    ], "a refused update is charged too, one unit, but answers without the figure"
    assert provider.asked == 1
