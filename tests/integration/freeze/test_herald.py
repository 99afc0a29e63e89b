"""Freezes told to the account's bus, and stages of pipelines locked by them and by nobody else's.

Both services are played by the models that botocore ships: what they would not take fails here. The
emulator has no CodePipeline.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from moto import mock_aws

from tests.harness.cloud.incident_tables import OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.worlds.told import ANA, DI, T0, Told
from tocsin.adapters.releases.heralds import DynamoTold, EventBus, MemoryTold, PipelineLocks
from tocsin.application.releases.herald import ENDED, Herald, stages_of
from tocsin.errors import ConditionFailed, Unavailable
from tocsin.ports.heralds import ToldFreezes
from tocsin.runtime.aws.wire import WIRES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.integration.freeze.conftest import Gate

SESSION = botocore.session.get_session()


def checked(service: str, operation: str, payload: Mapping[str, Any]) -> None:
    """Fails for what the service's model would refuse, patterns and lengths of texts included."""
    shape = SESSION.get_service_model(service).operation_model(operation).input_shape
    assert shape is not None
    assert ParamValidator().validate(payload, shape).generate_report() == ""
    for name, value in payload.items():
        rules = shape.members[name].metadata
        if isinstance(value, str):
            assert re.fullmatch(rules.get("pattern", ".*"), value), (name, value)
            assert rules.get("min", 0) <= len(value) <= rules.get("max", 10_000)


class Bus:
    """EventBridge; `failing` entries of the next call are not taken."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.failing = 0

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        checked("events", operation, payload)
        failing, self.failing = self.failing, 0
        assert all(one["Source"] == "tocsin" for one in payload["Entries"])
        for one in payload["Entries"][failing:]:
            self.taken.append((one["DetailType"], json.loads(one["Detail"])))
        return {"FailedEntryCount": failing, "Entries": []}


class Pipelines:
    """CodePipeline with one pipeline: the reasons by which stages are disabled."""

    def __init__(self) -> None:
        self.reasons: dict[str, str | None] = {"Build": None, "Deploy": None}
        self.calls: list[str] = []

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        checked("codepipeline", operation, payload)
        self.calls.append(operation)
        if operation == "GetPipelineState":
            states = [
                {
                    "stageName": name,
                    "inboundTransitionState": {"enabled": True}
                    if reason is None
                    else {"enabled": False, "disabledReason": reason},
                }
                for name, reason in self.reasons.items()
            ]
            return {"pipelineName": payload["name"], "stageStates": states}
        assert payload["transitionType"] == "Inbound"
        self.reasons[payload["stageName"]] = payload.get("reason")
        return {}


class Telling:
    """A herald over the world of a gate."""

    def __init__(self, gate: Gate, pipelines: str = "checkout=shop-prod/Deploy") -> None:
        self.gate, self.bus, self.pipelines = gate, Bus(), Pipelines()
        self.herald = Herald(
            stage="production",
            freezes=gate.gate.freezes,
            told=MemoryTold(),
            bus=EventBus(self.bus, "production"),
            locks=PipelineLocks(self.pipelines),
            stages=stages_of(pipelines),
            clock=gate.world.clock,
        )

    def turn(self, minutes: float = 1) -> list[str]:
        """A minute later: the kinds of events that went out."""
        self.gate.at(minutes)
        return [kind.removeprefix("Freeze ") for kind, _ in self.herald.turn().events]


def opened(gate: Gate, *words: str) -> Told:
    told = Told(gate.terminal).open(T0, "high", *words)
    told.acknowledge(T0, DI)
    return told


def test_the_bus_hears_of_a_start_a_change_and_an_end_once_each(gate: Gate) -> None:
    telling = Telling(gate)
    assert telling.turn() == []
    told = opened(gate)
    assert telling.turn() == ["Started"]
    assert telling.turn() == []
    told.say(T0, DI, "freeze", "c0ffee1", "fix", "--reason", "the fix", step="allow")
    assert telling.turn() == ["Changed"]
    gate.terminal.json("freeze", "lift", told.id, "--reason", "elsewhere", "--as", DI)
    assert telling.turn() == ["Ended"]
    assert telling.turn() == []
    said = telling.bus.taken[1][1]
    assert (said["service"], said["incident"], said["let_through"], said["stage"]) == (
        *("checkout", told.id, ["c0ffee1"], "production"),
    )


def test_an_extension_that_runs_out_with_no_write_at_all_is_told(gate: Gate) -> None:
    telling, told = Telling(gate), opened(gate)
    told.contain("09-08 11:00")
    told.say("09-08 11:00", DI, "freeze", "60", "--reason", "unsure", step="extend")
    assert telling.turn() == ["Started"]
    assert telling.turn(30) == []
    assert telling.turn(30) == ["Ended"]


def test_of_a_restricted_incident_the_bus_hears_no_reason_and_of_a_drill_nothing(
    gate: Gate,
) -> None:
    telling, told = Telling(gate), opened(gate)
    told.say(T0, "sam:security", "restrict", "--reason", "who knows")
    drill = ("--severity", "high", "--service", "search", "--kind", "drill")
    gate.terminal.json("open", "rehearsed", *drill, "--as", ANA)
    assert telling.turn() == ["Started"]
    ((_, said),) = telling.bus.taken
    assert (said["incident"], said["restricted"], told.id in str(said)) == (None, True, False)


def test_what_the_bus_did_not_take_is_told_again(gate: Gate) -> None:
    telling, told = Telling(gate), opened(gate)
    telling.bus.failing = 1
    with pytest.raises(Unavailable):
        telling.turn()
    assert telling.turn() == ["Started"]
    gate.terminal.json("freeze", "lift", told.id, "--reason", "elsewhere", "--as", DI)
    telling.turn()
    assert [kind for kind, _ in telling.bus.taken][-1] == ENDED


def test_a_stage_is_locked_while_its_service_is_frozen_and_only_by_us(gate: Gate) -> None:
    telling = Telling(gate, "checkout=shop-prod/Deploy,search=shop-prod/Build")
    reasons = telling.pipelines.reasons
    telling.turn()
    assert reasons == {"Build": None, "Deploy": None}
    told = opened(gate)
    telling.turn()
    assert str(reasons["Deploy"]).startswith("Tocsin (production) freeze. Service checkout.")
    assert (reasons["Build"], told.id in str(reasons["Deploy"])) == (None, False)
    telling.turn()
    assert telling.pipelines.calls.count("DisableStageTransition") == 1
    gate.terminal.json("freeze", "lift", told.id, "--reason", "elsewhere", "--as", DI)
    telling.turn()
    assert reasons["Deploy"] is None


@pytest.mark.parametrize("theirs", ["year end", "Tocsin (drill) freeze. Service checkout.", ""])
def test_what_somebody_else_disabled_is_left_before_and_after_the_freeze(
    gate: Gate, theirs: str
) -> None:
    telling = Telling(gate)
    telling.pipelines.reasons["Deploy"] = theirs
    told = opened(gate)
    telling.turn()
    gate.terminal.json("freeze", "lift", told.id, "--reason", "elsewhere", "--as", DI)
    telling.turn()
    assert telling.pipelines.reasons["Deploy"] == theirs
    assert set(telling.pipelines.calls) == {"GetPipelineState"}


def test_any_service_can_be_written_into_a_reason(gate: Gate) -> None:
    telling = Telling(gate, "zahlung/über#1=shop-prod/Deploy")
    words = ("--severity", "high", "--service", "zahlung/über#1", "--as", ANA)
    gate.terminal.json("open", "down", *words)
    telling.turn()
    assert "zahlung--ber-1" in str(telling.pipelines.reasons["Deploy"])


def test_a_stage_that_is_not_there_is_said_and_not_passed_over(gate: Gate) -> None:
    with pytest.raises(Unavailable, match="has no stage Ship"):
        Telling(gate, "checkout=shop-prod/Ship").turn()


@pytest.mark.parametrize("kind", ["memory", "dynamodb"])
def test_what_was_told_is_kept_and_two_turns_cannot_both_tell(kind: str) -> None:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        store: Any = (
            DynamoTold(BotoCall(client), OPERATIONS) if kind == "dynamodb" else MemoryTold()
        )
        assert store.load() == ToldFreezes()
        for ver in (1, 2):
            told = ToldFreezes(freezes={"a#1": {"service": "a", "ver": ver}}, ver=ver)
            store.save(told)
            assert store.load() == told
            with pytest.raises(ConditionFailed):
                store.save(told)


@pytest.mark.parametrize(
    ("service", "operation", "payload"),
    [
        ("events", "PutEvents", {"Entries": [{"Source": "tocsin", "Detail": "{}"}]}),
        ("codepipeline", "GetPipelineState", {"name": "shop-prod"}),
    ],
)
def test_both_are_called_as_botocore_writes_their_json(
    service: str, operation: str, payload: dict[str, Any]
) -> None:
    model = SESSION.get_service_model(service).operation_model(operation)
    theirs = create_serializer("json").serialize_to_request(payload, model)
    wire = WIRES[service]
    ours = wire.request(operation, payload)
    assert json.loads(ours.body) == json.loads(theirs["body"])
    assert ours.target == theirs["headers"]["X-Amz-Target"]
    assert wire.content_type == theirs["headers"]["Content-Type"]


def test_a_pipeline_that_is_gone_and_a_bus_that_fails_keep_no_other_stage_open(
    gate: Gate,
) -> None:
    telling = Telling(gate, "checkout=shop-prod/Gone,checkout=shop-prod/Deploy")
    opened(gate)
    telling.bus.failing = 1
    with pytest.raises(Unavailable):
        telling.turn()
    assert str(telling.pipelines.reasons["Deploy"]).startswith("Tocsin (production) freeze.")
    assert telling.bus.taken == []
    with pytest.raises(Unavailable, match="no stage Gone"):
        telling.turn()
    assert [kind for kind, _ in telling.bus.taken] == ["Freeze Started"]
