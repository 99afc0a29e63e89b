"""What a round in which nothing happens asks of DynamoDB and SQS, as it is priced.

What the functions call in ten minutes is counted by AWS's rules: half a unit for what is read and
may be a moment old, one for what must be the newest, one for a write, each of up to 4 KB and 1 KB.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.rounds import Context, a_quiet_stage
from tocsin.runtime.aws.http import AwsHttp

if TYPE_CHECKING:
    from collections.abc import Mapping

PRICES = tomllib.loads((Path(__file__).parents[2] / "infra" / "prices.toml").read_text("utf-8"))
BEFORE, MINUTES = 5, 10


def units(operation: str, payload: Mapping[str, Any]) -> tuple[str, float]:
    """What a call is counted as, and how often."""
    match operation:
        case "GetItem" | "Query":
            return "reads", 1 if payload.get("ConsistentRead") else 0.5
        case "PutItem" | "UpdateItem":
            return "writes", 1
        case "GetQueueAttributes":
            return "queue_calls", 1
        case _:
            raise AssertionError(f"{operation} has no price here")


@pytest.mark.parametrize(
    "function", ["sla_check", "auditor", "containment", "outage_watch", "provider_watch"]
)
def test_a_round_in_which_nothing_happens_takes_what_it_is_priced_with(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, Mapping[str, Any]]] = []
    real = AwsHttp.call

    def call(self: AwsHttp, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        calls.append((operation, payload))
        return real(self, operation, payload)

    monkeypatch.setattr(AwsHttp, "call", call)
    with a_quiet_stage(["stripe", "razorpay"], monkeypatch) as stage:
        module = stage.function(function)
        for minute in range(-BEFORE, MINUTES):
            if minute == 0:
                calls.clear()
            stage.at(minute)
            assert not module.lambda_handler({}, Context()).get("failed")
    found = {"reads": 0.0, "writes": 0.0, "queue_calls": 0.0}
    for operation, payload in calls:
        if operation != "GetSecretValue":  # by the clock of the process, which stands still here
            kind, number = units(operation, payload)
            found[kind] += number / MINUTES
    priced = PRICES["calls"][function]
    assert found == pytest.approx({kind: priced.get(kind, 0) for kind in found})
