"""What a sweep costs when nothing is due: as much with 100,000 open incidents as with ten.

The capacity is what DynamoDB says each call consumed, over every call of one sweep. Incidents are
written in bulk, because a hundred thousand commands take an hour; before that the bulk item is
compared with one that a command wrote, attribute by attribute, and must not differ in shape.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from tests.bench.figures import Figure
from tests.harness.cloud.emulator import incident_tables
from tests.harness.cloud.incident_tables import INCIDENTS, OPERATIONS
from tests.harness.fakes.application import CountingIds, ManualClock, Policies
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.worlds.stories import ANA, local, make
from tocsin.adapters.incidents.items import snapshot_item
from tocsin.adapters.incidents.store import DynamoIncidents
from tocsin.application.incidents.engine import Engine
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.people import Acknowledge
from tocsin.incidents.vocabulary import Category, Severity
from tocsin.ports.incidents import Commit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from tocsin.incidents.model.incident import Incident

FEW, MANY = 10, 100_000
T0 = local("09-08 10:00")
_PER_CALL, _WRITERS = 25, 4
_COUNTED = ("Query", "GetItem", "BatchGetItem", "TransactWriteItems", "PutItem", "UpdateItem")


class Meter:
    """Adds up what every call of a client consumed."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.units = 0.0
        self.calls = 0
        events = client.meta.events
        for name in _COUNTED:
            events.register(f"before-parameter-build.dynamodb.{name}", self._ask)
            events.register(f"after-call.dynamodb.{name}", self._add)

    def of(self, work: Any) -> tuple[float, int]:
        """Capacity units and calls of one piece of work."""
        before = self.units, self.calls
        work()
        return self.units - before[0], self.calls - before[1]

    def _ask(self, params: dict[str, Any], **_more: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def _add(self, parsed: dict[str, Any], **_more: object) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        parts = consumed if isinstance(consumed, list) else [consumed]
        self.units += sum(float(part["CapacityUnits"]) for part in parts)
        self.calls += 1


def measure(few: int = FEW, many: int = MANY) -> dict[int, tuple[float, int]]:
    """(capacity units, calls) of one sweep by the number of open incidents."""
    with incident_tables(strict=False) as client:
        store = DynamoIncidents(BotoCall(client), table=INCIDENTS, operations_table=OPERATIONS)
        model = _opened(store)
        _check_shape(client, model)
        meter, found = Meter(client), {}
        for total, first in ((few, 1), (many, few)):
            _fill(client, model, range(first, total))
            units, calls = meter.of(lambda: _sweep(store))
            found[total] = units, calls
        return found


def figures(found: dict[int, tuple[float, int]]) -> Iterator[Figure]:
    """The ratio is the promise; the units say what it is a ratio of."""
    (few, (base, _)), (many, (units, calls)) = sorted(found.items())
    yield Figure(
        "sweep.flat_ratio",
        units / base,
        limit=1.0,
        note=f"read units with {many} open incidents over those with {few}, nothing due",
    )
    yield Figure("sweep.units", units, limit=4.0, note=f"read units of one sweep, {calls} calls")


def _opened(store: DynamoIncidents) -> Incident:
    """An incident as a command writes it; quiet until tomorrow."""
    opening = make(
        OpenIncident,
        ANA,
        incident_id=_id(0),
        title="one of many",
        severity=Severity.LOW,
        category=Category.PRODUCTION,
        service="checkout",
    )
    clock, ids = ManualClock(T0), CountingIds()
    Engine(store=store, policies=Policies(), clock=clock, ids=ids).execute(opening)
    outcome = Engine(store=store, policies=Policies(), clock=clock, ids=ids).execute(
        make(Acknowledge, ANA, incident_id=_id(0), command_id="ack")
    )
    for item in store.due(at=T0 + timedelta(days=1), limit=99).outbox:
        claimed = store.claim_outbox(item, owner="b", wall_now=T0, lease=timedelta(minutes=1))
        assert claimed is not None
        store.mark_sent(item, owner="b", sent_at=T0)
    return outcome.incident


def _check_shape(client: DynamoDBClient, model: Incident) -> None:
    """Refuses to measure other items than commands write."""
    key = {"PK": {"S": f"INC#{model.id}"}, "SK": {"S": "META"}}
    written = client.get_item(TableName=INCIDENTS, Key=key)["Item"]
    made = _item(model, 0)
    # A command gives the time at which its incident needs a tick; here all of them are in two days.
    if made | {"due_sk": written["due_sk"]} != written:
        raise AssertionError(f"a bulk item differs from a written one:\n{written}\n{made}")


def _fill(client: DynamoDBClient, model: Incident, numbers: range) -> None:
    def write(part: tuple[int, ...]) -> None:
        left: Any = {INCIDENTS: [{"PutRequest": {"Item": _item(model, number)}} for number in part]}
        while left:
            left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]

    with ThreadPoolExecutor(_WRITERS) as pool:
        list(pool.map(write, batched(numbers, _PER_CALL, strict=False)))


def _item(model: Incident, number: int) -> dict[str, Any]:
    incident = replace(model, id=_id(number))
    return snapshot_item(
        Commit(
            expected_version=0,
            incident=incident,
            entries=(),
            due=T0 + timedelta(days=2, seconds=number % 3_600),
        )
    )


def _sweep(store: DynamoIncidents) -> None:
    report = Engine(
        store=store, policies=Policies(), clock=ManualClock(T0), ids=CountingIds()
    ).sweep()
    if report.due or report.outbox_due:
        raise AssertionError(f"something was due: {report}")


def _id(number: int) -> str:
    return f"INC-{number:026d}"
