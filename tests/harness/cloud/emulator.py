"""A bare emulator with the two tables of incidents: true DynamoDB answers, no deployment.

For what moto cannot show: capacity as DynamoDB counts it, and writers that really meet. It has a
state folder and a port of its own and is gone afterwards.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness.cloud.incident_tables import create_incident_tables
from tests.harness.strict_aws import before_the_emulator
from tocsin.local.look.clients import Clients
from tocsin.local.machine import emulator, processes
from tocsin.local.machine.places import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient


@contextlib.contextmanager
def account() -> Iterator[str]:
    """The endpoint of an empty account that checks rights; key `test` is its root."""
    with tempfile.TemporaryDirectory(prefix="tocsin-emulator-") as folder:
        places = find(Path(folder))
        emulator.install(places)
        port = emulator.choose_port(asked=None)
        emulator.start(places, port=port)
        try:
            yield emulator.endpoint(port)
        finally:
            processes.stop(places.record(emulator.NAME))


@contextlib.contextmanager
def incident_tables(*, strict: bool = True) -> Iterator[DynamoDBClient]:
    """A client of empty tables `incidents` and `operations`.

    `strict` lets a test fail for what AWS would refuse; a measurement does without.
    """
    with tempfile.TemporaryDirectory(prefix="tocsin-emulator-") as folder:
        places = find(Path(folder))
        emulator.install(places)
        port = emulator.choose_port(asked=None)
        if strict:
            told = before_the_emulator.variables(Path(folder) / "refusals")
            emulator.start(places, port=port, program=before_the_emulator.PROGRAM, variables=told)
        else:
            emulator.start(places, port=port)
        try:
            client = Clients(emulator.endpoint(port)).dynamodb
            create_incident_tables(client)
            yield client
        finally:
            processes.stop(places.record(emulator.NAME))
