"""What a round in which nothing happens asks of DynamoDB, SQS and Secrets Manager, as it is priced.

The functions run as they are deployed, against moto and two providers that list nothing, for ten
minutes; what they call is counted by AWS's rules: half a unit for what is read and may be a moment
old, one for what must be the newest, one for a write, each of up to 4 KB and 1 KB.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

import importlib
import json
import sys
import tomllib
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud.moto_cloud import moto_cloud
from tests.harness.fakes.scripted_http import json_reply, scripted
from tocsin.runtime.aws.http import AwsHttp
from tocsin.runtime.clock import SystemIncidentClock, SystemWallClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.harness.cloud.moto_cloud import MotoCloud

PRICES = tomllib.loads((Path(__file__).parents[2] / "infra" / "prices.toml").read_text("utf-8"))
NOON = datetime(2026, 9, 8, 12, 30, tzinfo=UTC)
MINUTES = 10
ACCOUNTS = {
    "stripe": {"account": "acct_1ExampleHouse", "mode": "live"},
    "razorpay": {"account": "acc_ExampleHouse01", "mode": "live"},
}
KEYS = {
    "stripe/default": {**ACCOUNTS["stripe"], "api_key": "rk_live_x"},
    "razorpay/default": {**ACCOUNTS["razorpay"], "api_key": "rzp_live_x:secret"},
    "checkout": {
        "providers": ACCOUNTS,
        "plans": {"team": {"USD": {"amount": 4900, "stripe": "price_1", "razorpay": "plan_1"}}},
        "preferences": [{"order": ["stripe", "razorpay"]}],
    },
}
STRIPES = {"object": "list", "data": [], "has_more": False}
RAZORPAYS = {"entity": "collection", "count": 0, "items": []}


class Context:
    aws_request_id = "79b4f56e-95b1-4643-9700-2807f4e68189"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:tocsin-production-x"

    def get_remaining_time_in_millis(self) -> int:
        return 50_000


@pytest.fixture(scope="module")
def cloud() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        running.reset()
        running.boto("secretsmanager").create_secret(Name="keys", SecretString=json.dumps(KEYS))
        yield running


@pytest.fixture
def environment(cloud: MotoCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What each variable says that no resource of the test names."""
    with scripted(*[json_reply(STRIPES | RAZORPAYS)] * 200) as provider:
        bases = dict.fromkeys(ACCOUNTS, provider.url)
        known = {"STAGE": "production", "API_BASES": json.dumps(bases), "DEAD_MAN_URL": "none"}
        for name, value in (cloud.environment() | {"METRICS_READ": "none"}).items():
            monkeypatch.setenv(name, value)
        yield known


def settings(function: str, cloud: MotoCloud, known: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for field in fields(importlib.import_module(f"functions.{function}.settings").Settings):
        name = field.name
        kind = name.rpartition("_")[2]
        if kind == "TABLE":
            found[name] = cloud.table(name.removesuffix("_TABLE").lower().replace("_", "-"))
        elif name.endswith("_QUEUE_URL"):
            queue = f"tocsin-production-{name.removesuffix('_QUEUE_URL').lower()}"
            found[name] = cloud.boto("sqs").create_queue(QueueName=queue)["QueueUrl"]
        else:
            found[name] = known.get(name, "keys")
    return {**found, "LOG_LEVEL": "INFO"}


def units(service: str, operation: str, payload: Mapping[str, Any]) -> tuple[str, float]:
    """What a call is counted as, and how often."""
    match service, operation:
        case "dynamodb", "GetItem" | "Query":
            return "reads", 1 if payload.get("ConsistentRead") else 0.5
        case "dynamodb", "PutItem" | "UpdateItem":
            return "writes", 1
        case "sqs", _:
            return "queue_calls", 1
        case _:
            raise AssertionError(f"{service} {operation} has no price here")


@pytest.mark.parametrize("function", ["sla_check", "auditor", "outage_watch", "provider_watch"])
def test_a_round_in_which_nothing_happens_takes_what_it_is_priced_with(
    function: str,
    cloud: MotoCloud,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in settings(function, cloud, environment).items():
        monkeypatch.setenv(name, value)
    calls: list[tuple[str, str, Mapping[str, Any]]] = []
    real = AwsHttp.call

    def call(self: AwsHttp, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        calls.append((self._wire.signed_as, operation, payload))
        return real(self, operation, payload)

    monkeypatch.setattr(AwsHttp, "call", call)
    monkeypatch.delitem(sys.modules, f"functions.{function}.handler", raising=False)
    module = importlib.import_module(f"functions.{function}.handler")
    try:
        for minute in range(-5, MINUTES):
            if minute == 0:
                calls.clear()
                capsys.readouterr()
            at = NOON + timedelta(minutes=minute)
            monkeypatch.setattr(SystemWallClock, "wall_now", lambda _, at=at: at)
            monkeypatch.setattr(SystemIncidentClock, "incident_now", lambda _, at=at: at)
            assert not module.lambda_handler({}, Context()).get("failed")
    finally:
        sys.modules.pop(f"functions.{function}.handler", None)
    found = {"reads": 0.0, "writes": 0.0, "queue_calls": 0.0}
    for service, operation, payload in calls:
        kind, number = units(service, operation, payload)
        found[kind] += number / MINUTES
    priced = PRICES["calls"][function]
    assert found == pytest.approx({kind: priced.get(kind, 0) for kind in found})
