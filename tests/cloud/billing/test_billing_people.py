"""Entitlement, correction and quarantine as people type them, against the deployed stack."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.billing.test_webhook_slice import SUBSCRIPTION, Provider, event, projected
from tests.cloud.stage.test_command_line import Terminal
from tests.harness.cloud.local_cloud import eventually, waking
from tocsin.cli.main import FAILED_CHECK, NOT_ALLOWED, OK
from tocsin.local.machine.places import STATE_VARIABLE

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed

WORKSPACE = "ws_northwind"
WHERE = ("--account", "acct_local", "--mode", "test")
WHY = ("--reason", "paid by bank transfer")


@pytest.fixture
def terminal(
    stage: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    monkeypatch.setenv(STATE_VARIABLE, str(stage.cloud.places.state))
    return Terminal(capsys)


def entitlement(terminal: Terminal) -> tuple[str, str]:
    found = terminal.json("billing", "entitlement", WORKSPACE)
    return found["access"], found["why"]


def test_a_subscription_is_held_corrected_with_approval_and_what_bypassed_it_is_found(
    stage: Deployed, terminal: Terminal
) -> None:
    assert entitlement(terminal) == ("no", "no_subscription")
    assert Provider(stage).deliver(event(status="unpaid"))[0] == 200
    assert eventually(lambda: SUBSCRIPTION in projected(stage))
    assert entitlement(terminal) == ("no", "status")
    assert terminal.text("billing", "corrections", "verify")

    opened = terminal.json(
        "open", "Stripe is down", "--severity", "medium", "--category", "operational"
    )
    terminal.json("ack", opened["id"], "--as", "kim")

    until = datetime.fromtimestamp(int(time.time()) + 3_600, UTC).isoformat()
    what = (SUBSCRIPTION, *WHERE, "--status", "active", "--until", until)
    code, _, said = terminal.run("billing", "correct", *what, *WHY, "--as", "senior-engineer")
    assert (code, "approval_required" in said) == (NOT_ALLOWED, True)

    approve = ("billing", "approve", opened["id"], *what, "--requester", "senior-engineer", *WHY)
    assert terminal.run(*approve, "--as", "bo")[0] == NOT_ALLOWED
    approval = terminal.json(*approve, "--as", "kim")["approval"]
    held = ("grace", "incident")
    assert eventually(lambda: entitlement(terminal), lambda now: now == held, seconds=20) == held
    shown = ("--approval", approval, "--as", "senior-engineer", "--key", "one-correction")
    line = terminal.json("billing", "correct", *what, *WHY, *shown)
    assert (line["before"]["access"], line["after"]["access"]) == ("grace", "yes")
    assert (line["by"], line["approver"]) == ("senior-engineer", "kim")
    assert terminal.json("billing", "correct", *what, *WHY, *shown) == line, "the same key"
    spent = (*what, *WHY, "--approval", approval, "--as", "senior-engineer")
    assert terminal.run("billing", "correct", *spent)[0] == NOT_ALLOWED
    assert terminal.json("billing", "corrections", "list") == [line]
    assert entitlement(terminal) == ("yes", "correction")
    timeline = terminal.json("incidents", "timeline", opened["id"])
    assert [each["type"] for each in timeline].count("act_authorized") == 1

    assert terminal.run("billing", "corrections", "verify")[0] == OK
    row = projected(stage)[SUBSCRIPTION]
    stage.clients.dynamodb.update_item(
        TableName=stage.outputs["tables"]["billing_subscriptions"],
        Key={"PK": row["PK"], "SK": row["SK"]},
        UpdateExpression="SET st = :st",
        ExpressionAttributeValues={":st": {"S": "active"}},
    )
    code, out, _ = terminal.run("billing", "corrections", "verify")
    assert (code, SUBSCRIPTION in out, "were edited" in out) == (FAILED_CHECK, True, True)


def test_poison_is_set_aside_shown_handed_on_and_back_and_the_rest_flows(
    stage: Deployed, terminal: Terminal
) -> None:
    provider = Provider(stage)
    provider.deliver(event("evt_sound", subscription="sub_sound"))
    assert eventually(lambda: "sub_sound" in projected(stage))
    (item,) = stage.items("billing_events")
    poison: Any = {**item, "SK": {"S": "evt_poison"}, "b": {"B": b"\x01damaged"}}
    stage.clients.dynamodb.put_item(
        TableName=stage.outputs["tables"]["billing_events"], Item=poison
    )
    provider.deliver(event("evt_after", subscription="sub_after"))
    assert eventually(lambda: "sub_after" in projected(stage))

    def kept() -> list[str]:
        return [each["id"] for each in terminal.json("billing", "quarantine", "list")]

    assert eventually(kept) == ["evt_poison"]
    shown = terminal.json("billing", "quarantine", "show", "evt_poison")
    assert (shown["reason"], shown["ledger_pk"]) == ("malformed_payload", item["PK"]["S"])
    terminal.json("billing", "quarantine", "retry", "evt_poison")
    again = waking(stage, "billing_projector", kept)
    assert eventually(again, lambda found: found == ["evt_poison"], seconds=30) == ["evt_poison"]
