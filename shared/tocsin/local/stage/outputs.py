"""`.local/outputs.json`: where everything of a running local cloud is.

Drills, the demo, tests and people read it, so its keys are an interface: they may be added to,
never renamed. It exists while the cloud is deployed and holds secrets of the local stage.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tocsin.incidents.vocabulary import Group
from tocsin.local.errors import CloudNotRunning, DeployFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tocsin.local.look.clients import Clients

_TABLES = {
    "incidents": "TableIncidents",
    "billing_events": "TableBillingEvents",
    "billing_subscriptions": "TableBillingSubscriptions",
    "operations": "TableOperations",
}
_FUNCTION = re.compile(r"Function(\w+)Arn")
_QUEUE = re.compile(r"Queue(\w+)Url")


def compose(
    clients: Clients,
    *,
    stage: str,
    stack_outputs: Mapping[str, str],
    secrets: Mapping[str, str],
    api_bases: Mapping[str, str],
    sandbox_url: str | None,
) -> dict[str, Any]:
    """The document, from the stacks' outputs.

    `secrets` holds signing secrets by `<provider>/<endpoint>` and whole secrets by their name.

    Raises:
        DeployFailed: a stack does not say what it must.
    """
    try:
        api = api_url(clients, stack_outputs)
        return {
            "endpoint": clients.endpoint,
            "region": clients.region,
            "account": clients.account,
            "stage": stage,
            "api_url": api,
            "webhook_url": f"{api}/webhooks",
            "console_url": stack_outputs.get("ConsoleUrl"),
            "alarm_topic_arn": stack_outputs["AlarmTopicArn"],
            "ops_topic_arn": stack_outputs["OpsTopicArn"],
            "pages_topic_arn": stack_outputs["PagesTopicArn"],
            "stakeholders_topic_arn": stack_outputs["StakeholdersTopicArn"],
            "tables": {name: stack_outputs[key] for name, key in _TABLES.items()},
            "functions": _named(_FUNCTION, stack_outputs),
            "evidence_bucket": stack_outputs["BucketEvidence"],
            "queues": _named(_QUEUE, stack_outputs),
            "secrets": dict(secrets),
            "responder_role_arn": stack_outputs["ResponderRoleArn"],
            "role_arns": {
                group.value: stack_outputs[f"{group.capitalize()}RoleArn"] for group in Group
            },
            "chat_topic_arn": stack_outputs["ChatTopicArn"],
            "clock_parameter": f"/tocsin/{stage}/incident-clock-offset",
            "stripe_api_base": api_bases["stripe_api_base"],
            "razorpay_api_base": api_bases["razorpay_api_base"],
            "sandbox_url": sandbox_url,
        }
    except KeyError as error:
        raise DeployFailed(f"no stack has the output {error}") from error


def api_url(clients: Clients, stack_outputs: Mapping[str, str]) -> str:
    """Where the HTTP API answers here: its own host name does not resolve everywhere."""
    return f"{clients.endpoint}/_aws/execute-api/{stack_outputs['ApiId']}"


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Replaces the file as a whole; readable by its owner alone, for it holds secrets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_suffix(".making")
    making.touch(mode=0o600)
    making.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    making.replace(path)


def read(path: Path) -> dict[str, Any]:
    """The document of the running cloud.

    Raises:
        CloudNotRunning: nothing is deployed.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CloudNotRunning("no local cloud is deployed: run `tocsin local up`") from error
    return found


def _named(pattern: re.Pattern[str], stack_outputs: Mapping[str, str]) -> dict[str, str]:
    """`FunctionAlarmTriggerArn` becomes `alarm_trigger`."""
    return {
        re.sub(r"(?<!^)(?=[A-Z])", "_", match[1]).lower(): value
        for key, value in sorted(stack_outputs.items())
        if (match := pattern.fullmatch(key))
    }
