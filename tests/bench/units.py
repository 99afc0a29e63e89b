"""What one webhook costs on DynamoDB: calls and capacity units, of the deployed zips.

Both functions run from their bundles against the local cloud's DynamoDB, which reports capacity as
AWS does; the stream between them is played by hand, so that each case is counted to its end.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.tables import PARTITION_KEY, SORT_KEY, TABLES
from tests.bench.cold_start import lambda_environ, settings_environ
from tests.bench.figures import Figure
from tests.bench.meter import Meter, Reading, listening
from tests.harness.fakes.webhooks import (
    REGISTRATIONS,
    compact,
    http_event,
    razorpay_headers,
    stripe_headers,
)
from tocsin.local.look.clients import ROOT_KEY, Clients
from tocsin.local.machine import emulator, places, processes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.tables import Table
    from tests.bench.layouts import Layouts

# What the ledger key, the order rule and the packed body were made for: one put and one update, or
# one put alone; nothing is ever read first.
LIMITS = {
    "units.new.calls": 2,
    "units.new.read_units": 0,
    "units.duplicate.calls": 1,
    "units.duplicate.read_units": 0,
    "units.stale.calls": 2,
    "units.stale.read_units": 0,
    "units.irrelevant.calls": 1,
    "units.irrelevant.read_units": 0,
    "units.samples.mean_write_units": 1.3,
}
EVENTS = Path(__file__).resolve().parents[2] / "events"
_INVOKE = Path(__file__).with_name("contenders") / "invoke.py"
_SECONDS = 60
_TOLD = 2_000
"""Characters of what a function said before it ended that the error repeats."""
SAMPLE = "stripe/subscription_updated_2024-06-20.json"
IRRELEVANT = "stripe/customer_updated.json"


@dataclass(frozen=True, slots=True)
class Units:
    """What was read off the meter: each case, and what every sample cost to store."""

    cases: Mapping[str, Reading]
    stored: Mapping[str, float]
    """Write units of the put, by sample."""

    def plain(self) -> dict[str, object]:
        cases = {name: reading.plain() for name, reading in self.cases.items()}
        return {"units": cases, "write_units_by_sample": dict(self.stored)}


def measure(layouts: Layouts, work: Path) -> Units:
    """Every case, on an emulator that is started for it and stopped after it."""
    place = places.find(work / "cloud")
    emulator.install(place)
    port = emulator.choose_port(asked=None, preferred=4599)
    emulator.start(place, port=port)
    try:
        clients = Clients(emulator.endpoint(port))
        _prepare(clients)
        meter = Meter(emulator.endpoint(port), key=ROOT_KEY)
        with listening(meter) as wire, contextlib.ExitStack() as environments:
            run = _Runner(layouts, wire, environments, work)
            return Units(_cases(run, meter, clients), _samples(run, meter))
    finally:
        processes.stop(place.record(emulator.NAME))


def _cases(run: _Runner, meter: Meter, clients: Clients) -> dict[str, Reading]:
    now = int(time.time())
    sample = json.loads((EVENTS / SAMPLE).read_text(encoding="utf-8"))
    # As nearly all of them are. What is past due or has ended costs a question on top, once.
    sample["data"]["object"]["status"] = "active"
    new = sample | {"id": "evt_bench_new", "created": now}
    stale = sample | {"id": "evt_bench_stale", "created": now - 60}
    irrelevant = json.loads((EVENTS / IRRELEVANT).read_text(encoding="utf-8"))
    # An environment's first event of an API version also notes that: once, and not per event.
    other = sample["data"] | {"object": sample["data"]["object"] | {"id": "sub_bench_other"}}
    _handled(run, meter, clients, new | {"id": "evt_bench_first", "data": other})
    _handled(run, meter, clients, irrelevant | {"id": "evt_bench_second"})
    readings = {"new": _handled(run, meter, clients, new)}
    answer = run.invoke("webhook_ingest", _delivery("stripe", compact(new)))
    if "duplicate" not in str(answer):
        raise RuntimeError(f"the second delivery was not seen as a duplicate: {answer}")
    readings["duplicate"] = meter.take()
    readings["stale"] = _handled(run, meter, clients, stale)
    readings["irrelevant"] = _handled(run, meter, clients, irrelevant)
    return readings


def _handled(run: _Runner, meter: Meter, clients: Clients, document: dict[str, Any]) -> Reading:
    """One event, delivered and projected."""
    run.invoke("webhook_ingest", _delivery("stripe", compact(document)))
    items = clients.dynamodb.scan(TableName=_name("billing_events"))["Items"]
    (stored,) = (item for item in items if item[SORT_KEY].get("S") == document["id"])
    run.invoke("billing_projector", _stream(stored))
    return meter.take()


def _samples(run: _Runner, meter: Meter) -> dict[str, float]:
    """Write units of storing each sample of each provider, for the first time."""
    stored: dict[str, float] = {}
    for path in sorted(EVENTS.glob("stripe/*.json")) + sorted(EVENTS.glob("razorpay/*.json")):
        run.invoke("webhook_ingest", _delivery(path.parent.name, path.read_bytes()))
        stored[f"{path.parent.name}/{path.name}"] = meter.take().write_units
    return stored


def _delivery(provider: str, body: bytes) -> dict[str, Any]:
    """A signed delivery of now, at an endpoint that serves connected accounts too."""
    if provider == "razorpay":
        event_id = "evt_" + hashlib.sha256(body).hexdigest()[:14]
        return http_event(provider, body, razorpay_headers(body, event_id))
    headers = stripe_headers(body, int(time.time()))
    return http_event(provider, body, headers, endpoint="platform")


class _Runner:
    """Invokes bundles in an environment of their own each, with the meter as their AWS."""

    def __init__(
        self, layouts: Layouts, endpoint: str, stack: contextlib.ExitStack, work: Path
    ) -> None:
        self._layouts, self._endpoint, self._stack, self._work = layouts, endpoint, stack, work
        self._environments: dict[str, subprocess.Popen[str]] = {}

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """What the handler returned.

        Raises:
            RuntimeError: it returned nothing; with the end of what it said.
        """
        if function not in self._environments:
            self._environments[function] = self._stack.enter_context(self._started(function))
        environment = self._environments[function]
        if environment.stdin is None or environment.stdout is None:
            raise RuntimeError("an environment without pipes cannot be invoked")
        environment.stdin.write(json.dumps(event) + "\n")
        environment.stdin.flush()
        answer = environment.stdout.readline()
        if not answer:
            said = self._said(function).read_text()
            raise RuntimeError(f"{function} ended, and said:\n{said[-_TOLD:]}")
        return json.loads(answer)

    def _said(self, function: str) -> Path:
        return self._work / f"{function}.log"

    @contextlib.contextmanager
    def _started(self, function: str) -> Iterator[subprocess.Popen[str]]:
        python = getattr(sys, "_base_executable", sys.executable)
        command = [python, "-I", "-S", "-B", str(_INVOKE)]
        command += [str(self._layouts.function(function).task), f"functions.{function}.handler"]
        environ = lambda_environ(function) | settings_environ(function)
        with (
            self._said(function).open("w") as said,
            subprocess.Popen(
                command,
                env=environ | {"AWS_ENDPOINT_URL": self._endpoint},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            ) as environment,
        ):
            try:
                yield environment
            finally:
                if environment.stdin:
                    environment.stdin.close()
                environment.wait(_SECONDS)


def _prepare(clients: Clients) -> None:
    for table in TABLES:
        if table.name != "incidents":
            _create(clients, table)
    clients.secrets.create_secret(
        Name=settings_environ("webhook_ingest")["REGISTRATIONS_SECRET"],
        SecretString=json.dumps(REGISTRATIONS),
    )


def _create(clients: Clients, table: Table) -> None:
    keys = {PARTITION_KEY: "S", SORT_KEY: "S"}
    indexes = []
    for index in table.indexes:
        keys |= dict((index.partition, index.sort))
        indexes.append(
            {
                "IndexName": index.name,
                "KeySchema": _schema(index.partition[0], index.sort[0]),
                "Projection": {"ProjectionType": "KEYS_ONLY"}
                if not index.includes
                else {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.includes)},
            }
        )
    wanted: dict[str, Any] = {
        "TableName": _name(table.name.replace("-", "_")),
        "KeySchema": _schema(PARTITION_KEY, SORT_KEY),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in keys.items()
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }
    clients.dynamodb.create_table(
        **wanted | ({"GlobalSecondaryIndexes": indexes} if indexes else {})
    )


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _name(table: str) -> str:
    """The name under which the functions of the benchmark are told the table."""
    return f"bench-{table.replace('_', '-')}-table"


def _stream(item: Mapping[str, Any]) -> dict[str, Any]:
    """The record that the ledger's stream delivers for a stored event."""
    image = {
        name: {"B": _text(value["B"])} if "B" in value else value for name, value in item.items()
    }
    keys = {name: image[name] for name in (PARTITION_KEY, SORT_KEY)}
    record = {
        "eventID": "1",
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "awsRegion": emulator.REGION,
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/bench/stream/1",
        "dynamodb": {
            "Keys": keys,
            "NewImage": image,
            "SequenceNumber": "1",
            "StreamViewType": "NEW_IMAGE",
        },
    }
    return {"Records": [record]}


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def figures(units: Units) -> Iterator[Figure]:
    """Calls and units of each case, as DynamoDB counts them, and the mean price of an event."""
    for case, reading in units.cases.items():
        for key, value in reading.plain().items():
            name = f"units.{case}.{key}"
            yield Figure(name, value, LIMITS.get(name))
    name = "units.samples.mean_write_units"
    mean = statistics.fmean(units.stored.values())
    yield Figure(name, mean, LIMITS[name], f"over {len(units.stored)} samples")
