"""What one webhook costs on DynamoDB: calls and capacity units, of the deployed zips.

Both functions run from their bundles against the local cloud's DynamoDB, which reports capacity as
AWS does; the stream between them is played by hand, so that each case is counted to its end.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.tables import PARTITION_KEY, SORT_KEY, TABLES
from tests.bench.cold_start import lambda_environ, settings_environ
from tests.bench.contenders.harness import delivery
from tests.bench.figures import Figure
from tests.bench.meter import Meter, Reading, listening
from tests.bench.warm_ingest import plan_of, registrations
from tocsin.local import emulator, places, processes
from tocsin.local.clients import ROOT_KEY, Clients

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.tables import Table
    from tests.bench.layouts import Layouts

# What the ledger key and the order rule were made for: one put and one update, or one refused put.
LIMITS = {
    "units.new.calls": 2,
    "units.new.read_units": 0,
    "units.duplicate.calls": 1,
    "units.duplicate.read_units": 0,
}
_INVOKE = Path(__file__).with_name("contenders") / "invoke.py"
_SECONDS = 60


def measure(layouts: Layouts, work: Path, *, sample: Path) -> dict[str, Reading]:
    """The reading of each case, on an emulator that is started for it and stopped after it."""
    place = places.find(work / "cloud")
    emulator.install(place)
    port = emulator.choose_port(asked=None, preferred=4599)
    emulator.start(place, port=port)
    try:
        clients = Clients(emulator.endpoint(port))
        _prepare(clients)
        meter = Meter(emulator.endpoint(port), key=ROOT_KEY)
        with listening(meter) as wire:
            run = _Runner(layouts, work, wire)
            return _cases(run, meter, clients, delivery(plan_of(sample, events=1), "1"))
    finally:
        processes.stop(place.record(emulator.NAME))


def _cases(
    run: _Runner, meter: Meter, clients: Clients, event: Mapping[str, Any]
) -> dict[str, Reading]:
    run.invoke("webhook_ingest", event)
    stored = clients.dynamodb.scan(TableName=_name("billing_events"))["Items"]
    run.invoke("billing_projector", _stream(stored[0]))
    new = meter.take()
    answer = run.invoke("webhook_ingest", event)
    if "duplicate" not in str(answer):
        raise RuntimeError(f"the second delivery was not seen as a duplicate: {answer}")
    return {"new": new, "duplicate": meter.take()}


class _Runner:
    """Invokes bundles in processes of their own, with the meter as their AWS."""

    def __init__(self, layouts: Layouts, work: Path, endpoint: str) -> None:
        self._layouts, self._work, self._endpoint = layouts, work, endpoint

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """What the handler returned."""
        file = self._work / f"{function}-event.json"
        file.write_text(json.dumps(event), encoding="utf-8")
        layout = self._layouts.function(function)
        python = getattr(sys, "_base_executable", sys.executable)
        module = f"functions.{function}.handler"
        done = subprocess.run(
            [python, "-I", "-S", "-B", str(_INVOKE), str(layout.task), module, str(file)],
            env=lambda_environ(function)
            | settings_environ(function)
            | {"AWS_ENDPOINT_URL": self._endpoint},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{function} failed:\n{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])


def _prepare(clients: Clients) -> None:
    for table in TABLES:
        if table.name.startswith("billing"):
            _create(clients, table)
    clients.secrets.create_secret(
        Name=settings_environ("webhook_ingest")["REGISTRATIONS_SECRET"],
        SecretString=json.dumps(registrations()),
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


def figures(cases: Mapping[str, Reading]) -> Iterator[Figure]:
    """Calls and units of each case, as DynamoDB counts them."""
    for case, reading in cases.items():
        for key, value in reading.plain().items():
            name = f"units.{case}.{key}"
            yield Figure(name, value, LIMITS.get(name))
