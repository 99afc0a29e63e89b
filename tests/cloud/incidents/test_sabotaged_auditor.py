"""Somebody breaks what does the work; the deployed auditor falls silent and its alarm rings.

The emulator decides nothing by an alarm, so the definition is read from the deployed stage, the
heartbeats from what the deployed auditor wrote, and an evaluator of our own puts both together
(`tests/harness/models/alarm_evaluation.py`). A minute here is one audit: incident time moves by
60 s between two of them.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.models.alarm_evaluation import ALARM, OK, Measured, embedded, state_at
from tocsin.adapters.incidents.keys import due_pk
from tocsin.local.stage import seed
from tocsin.runtime.api_client import ApiClient, session_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.cloud.local_cloud import Deployed

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

MINUTE = timedelta(minutes=1)
PERIODS = 3


@dataclass
class Night:
    """Minutes of a deployed stage: the clock, a sweep unless it is disabled, an audit."""

    stage: Deployed
    sweeps: bool = True
    minute: int = 0
    measured: list[Measured] = field(default_factory=list)
    found: list[tuple[int, str]] = field(default_factory=list)

    def pass_minutes(self, count: int) -> None:
        for _ in range(count):
            self.stage.cloud.clock().advance(MINUTE)
            if self.sweeps:
                self.stage.cloud.clock().sweep()
            self.audit()
            self.minute += 1

    def audit(self) -> None:
        answer = self.stage.clients.functions.invoke(
            FunctionName=self.stage.outputs["functions"]["auditor"],
            Payload=b"{}",
            LogType="Tail",
        )
        report = json.loads(answer["Payload"].read())
        assert not answer.get("FunctionError"), report
        self.found += [(self.minute, one["problem"]) for one in report["findings"]]
        log = base64.b64decode(answer["LogResult"]).decode()
        for line in log.splitlines():
            self.measured += embedded(line, second=60 * self.minute)

    def alarm(self) -> dict[str, Any]:
        """The definition of the deployed alarm."""
        found = self.stage.clients.cloudwatch.describe_alarms(
            AlarmNames=["tocsin-local-auditor-silent"]
        )["MetricAlarms"]
        return dict(found[0])

    @property
    def state(self) -> str:
        return state_at(self.alarm(), self.measured, 60 * self.minute)

    def rings_after(self, limit: int) -> int:
        """Minutes until the alarm rings; fails if it does not within the limit."""
        for minutes in range(1, limit + 1):
            self.pass_minutes(1)
            if self.state == ALARM:
                return minutes
        raise AssertionError(f"silent for {limit} minutes and no alarm: {self.found}")


@pytest.fixture
def night(stage: Deployed) -> Iterator[Night]:
    """A critical incident that nobody answers, after three clean minutes."""
    seed.contacts(stage.clients, stage.outputs["tables"]["operations"])
    keys = stage.as_person("senior-engineer")
    credentials = session_credentials(keys.access, keys.secret, keys.token)
    api = ApiClient(stage.outputs["api_url"], stage.outputs["region"], credentials)
    body = {"title": "Checkout is down", "severity": "critical", "category": "production"}
    api.post("/v1/incidents", body)
    one = Night(stage)
    one.pass_minutes(PERIODS)
    assert (one.state, one.found) == (OK, [])
    yield one
    stage.cloud.inbox().clear()


def items(night: Night, prefix: str) -> list[dict[str, Any]]:
    return [one for one in night.stage.items("incidents") if one["SK"]["S"].startswith(prefix)]


def change(night: Night, item: dict[str, Any], update: str, **values: dict[str, str]) -> None:
    """Writes to the table behind everybody's back; values stand in `update` as `:name`."""
    request: dict[str, Any] = {
        "TableName": night.stage.outputs["tables"]["incidents"],
        "Key": {"PK": item["PK"], "SK": item["SK"]},
        "UpdateExpression": update,
    }
    if values:
        request["ExpressionAttributeValues"] = {f":{name}": one for name, one in values.items()}
    if "#" in update:
        request["ExpressionAttributeNames"] = {"#state": "state"}
    night.stage.clients.dynamodb.update_item(**request)


def test_a_disabled_sweep_rings_within_seven_minutes_of_the_first_thing_due(night: Night) -> None:
    """The second page is due five minutes after opening, and 120 s are its grace."""
    night.sweeps = False
    minutes = night.rings_after(12)
    assert {problem for _, problem in night.found} == {"overdue"}
    due = 5 - PERIODS
    assert minutes - due <= 2 + PERIODS + 1

    night.sweeps = True
    night.pass_minutes(1)
    assert night.state == OK


def test_a_corrupted_due_item_rings_in_three_minutes(night: Night) -> None:
    """The index no longer knows the incident: the sweep, which runs, cannot find it."""
    (meta,) = items(night, "META")
    change(night, meta, "REMOVE due_pk, due_sk")
    assert night.rings_after(4) == PERIODS
    assert {problem for _, problem in night.found} <= {"due_mark", "overdue"}
    assert (night.minute - PERIODS, "due_mark") in night.found

    change(night, meta, "SET due_pk = :pk, due_sk = :sk", pk=meta["due_pk"], sk=meta["due_sk"])
    night.pass_minutes(1)
    assert night.state == OK


def test_a_stuck_outbox_item_rings_within_nine_minutes_of_being_asked_for(night: Night) -> None:
    """Somebody has it for ever: the sweep, which runs, is told that it is held."""
    stuck = items(night, "OUT#")[0]
    ever = {"N": str(10**15)}
    claimed = "SET #state = :state, lease_until = :ever, due_pk = :pk, due_sk = :sk"
    index = {"pk": {"S": due_pk(stuck["PK"]["S"].removeprefix("INC#"))}, "sk": {"N": "0"}}
    change(night, stuck, claimed, state={"S": "claimed"}, ever=ever, **index)
    minutes = night.rings_after(10)
    assert {problem for _, problem in night.found} == {"unsent"}
    assert PERIODS + minutes <= 5 + PERIODS + 1

    change(night, stuck, "SET #state = :s REMOVE due_pk, due_sk", s={"S": "sent"})
    night.pass_minutes(1)
    assert night.state == OK
