"""AWS as moto imitates it, behind a real socket, with the tables the template deploys.

The signed client speaks HTTP itself, so it cannot be patched inside the process; it is pointed at
this server instead. The tables are made from the same page that infra deploys.
"""

from __future__ import annotations

import logging
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import TYPE_CHECKING

import boto3
import urllib3
from moto.server import ThreadedMotoServer

from infra.tables import PARTITION_KEY, SORT_KEY, TABLES
from tests.harness.strict_aws.in_moto import before_the_server
from tocsin.runtime.aws.http import AwsHttp, Patience, from_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

REGION = "us-east-1"
UNHURRIED = Patience(connect=60, read=60, deadline=240)
"""How slow a machine is that does much else is no answer of AWS's."""


@dataclass(frozen=True, slots=True)
class MotoCloud:
    """A running moto server; `tables` are fresh for whoever asked for them."""

    endpoint: str
    prefix: str = "tocsin-test"

    def table(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def environment(self) -> dict[str, str]:
        return {
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIAFAKEFORTESTS0000",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_ENDPOINT_URL": self.endpoint,
        }

    def aws(self, service: str) -> AwsHttp:
        return from_environment(service, self.environment(), patience=UNHURRIED)

    def boto(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=self.endpoint)  # type: ignore[call-overload]

    def items(self, table: str) -> list[dict[str, Any]]:
        pages = self.boto("dynamodb").get_paginator("scan").paginate(TableName=self.table(table))
        return [item for page in pages for item in page["Items"]]

    def reset(self) -> None:
        """Empties everything and makes the tables again."""
        urllib3.request("POST", f"{self.endpoint}/moto-api/reset")
        dynamodb = self.boto("dynamodb")
        for table in TABLES:
            keys = {PARTITION_KEY: "S", SORT_KEY: "S"}
            for index in table.indexes:
                keys |= dict((index.partition, index.sort))
            request: dict[str, Any] = {
                "TableName": self.table(table.name),
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": _schema(PARTITION_KEY, SORT_KEY),
                "AttributeDefinitions": [
                    {"AttributeName": name, "AttributeType": kind} for name, kind in keys.items()
                ],
            }
            if table.indexes:
                request["GlobalSecondaryIndexes"] = [
                    {
                        "IndexName": index.name,
                        "KeySchema": _schema(index.partition[0], index.sort[0]),
                        "Projection": {
                            "ProjectionType": "INCLUDE",
                            "NonKeyAttributes": list(index.includes),
                        }
                        if index.includes
                        else {"ProjectionType": "KEYS_ONLY"},
                    }
                    for index in table.indexes
                ]
            dynamodb.create_table(**request)


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _one_at_a_time(server: ThreadedMotoServer, *, strict: bool) -> None:
    """DynamoDB decides a condition and writes in one step; moto's threads can come in between."""
    lock, running = Lock(), server._server
    assert running is not None
    answer = before_the_server(running.app) if strict else running.app

    def locked(environ: Any, start_response: Any) -> Any:
        with lock:
            return answer(environ, start_response)

    running.app = locked


def _stop(server: ThreadedMotoServer) -> None:
    """Stops it now: the server looks up when somebody calls, else twice a second."""
    address = server.get_host_and_port()
    stopping = Thread(target=server.stop)
    stopping.start()
    while stopping.is_alive():
        with suppress(OSError), socket.create_connection(address, timeout=1):
            pass
        stopping.join(0.01)


@contextmanager
def moto_cloud(*, strict: bool = True) -> Iterator[MotoCloud]:
    """A server for as long as the block runs, on a free loopback port.

    `strict` puts the check before it that makes it refuse what AWS refuses.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _one_at_a_time(server, strict=strict)
    try:
        host, port = server.get_host_and_port()
        yield MotoCloud(f"http://{host}:{port}")
    finally:
        _stop(server)
