"""The secrets of a local cloud, and the file that tells where everything is."""

from __future__ import annotations

import json
import stat
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tocsin.billing.identity import Registrations
from tocsin.local.errors import CloudNotRunning, DeployFailed
from tocsin.local.stage import outputs, seed

if TYPE_CHECKING:
    from pathlib import Path

STACK_OUTPUTS = {
    "ApiId": "a1b2",
    "AlarmTopicArn": "arn:alarms",
    "ChatTopicArn": "arn:chat",
    "PagesTopicArn": "arn:pages",
    "StakeholdersTopicArn": "arn:stakeholders",
    "BucketEvidence": "b-e",
    "TableIncidents": "t-i",
    "TableBillingEvents": "t-be",
    "TableBillingSubscriptions": "t-bs",
    "TableOperations": "t-o",
    "FunctionAlarmTriggerArn": "arn:alarm-trigger",
    "FunctionSlaCheckArn": "arn:sla-check",
    "QueueInboxUrl": "http://inbox",
    "ViewerRoleArn": "arn:viewer",
    "OpsTopicArn": "arn:ops",
    "ResponderRoleArn": "arn:responder",
    "CommanderRoleArn": "arn:commander",
    "SecurityRoleArn": "arn:security",
}
CLIENTS = cast(
    "Any",
    SimpleNamespace(endpoint="http://127.0.0.1:4566", region="us-east-1", account="000000000000"),
)


def compose(stack_outputs: dict[str, str]) -> dict[str, Any]:
    return outputs.compose(
        CLIENTS,
        stage="local",
        stack_outputs=stack_outputs,
        secrets={"stripe/default": "whsec_x"},
        api_bases={"stripe_api_base": "http://s", "razorpay_api_base": "http://r"},
        sandbox_url=None,
    )


def test_secrets_are_drawn_once_and_kept_for_their_owner_only(tmp_path: Path) -> None:
    kept = tmp_path / "secrets.json"

    assert seed.values(kept) == seed.values(kept)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_every_cloud_has_its_own_secrets(tmp_path: Path) -> None:
    one, other = (
        seed.signing_secrets(seed.values(tmp_path / name)["registrations"]) for name in "ab"
    )

    assert one.keys() == other.keys() == {"stripe/default", "razorpay/default"}
    assert set(one.values()).isdisjoint(other.values())
    assert one["stripe/default"].startswith("whsec_")


def test_the_webhook_function_can_read_what_is_seeded(tmp_path: Path) -> None:
    document = seed.values(tmp_path / "s")["registrations"]
    found = Registrations(document).named("stripe", "default")

    assert (found.account, found.mode) == ("acct_local", "test")
    assert found.active_secrets(0) == (seed.signing_secrets(document)["stripe/default"].encode(),)


def test_the_outputs_have_what_others_rely_on() -> None:
    found = compose(STACK_OUTPUTS)

    assert found["webhook_url"] == "http://127.0.0.1:4566/_aws/execute-api/a1b2/webhooks"
    assert found["tables"] == {
        "incidents": "t-i",
        "billing_events": "t-be",
        "billing_subscriptions": "t-bs",
        "operations": "t-o",
    }
    assert found["functions"] == {
        "alarm_trigger": "arn:alarm-trigger",
        "sla_check": "arn:sla-check",
    }
    assert {
        "endpoint",
        "region",
        "api_url",
        "console_url",
        "alarm_topic_arn",
        "secrets",
        "stripe_api_base",
        "razorpay_api_base",
    } <= found.keys()


@pytest.mark.parametrize("missing", ["ApiId", "AlarmTopicArn", "TableOperations"])
def test_a_stack_that_does_not_say_what_it_must_is_an_error(missing: str) -> None:
    with pytest.raises(DeployFailed, match=missing):
        compose({key: value for key, value in STACK_OUTPUTS.items() if key != missing})


def test_the_file_is_its_owners_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "outputs.json"

    outputs.write(path, {"a": 1})

    assert outputs.read(path) == json.loads(path.read_text("utf-8")) == {"a": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_the_file_there_is_no_cloud(tmp_path: Path) -> None:
    with pytest.raises(CloudNotRunning, match="tocsin local up"):
        outputs.read(tmp_path / "outputs.json")
