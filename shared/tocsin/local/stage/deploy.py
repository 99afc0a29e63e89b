"""Deploys a cloud assembly with boto3: uploads assets, creates or updates every stack in turn.

Works on a running cloud as on an empty one: an unchanged stack is left alone, a stack whose first
creation failed is removed and made again. Every wait has an end.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tocsin.local.errors import DeployFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from tocsin.local.look.clients import Clients
    from tocsin.local.stage.assembly import Asset, Stack, Template

_LIMIT_SECONDS = 180.0
_POLL_SECONDS = 0.1
_CAPABILITIES: list[Literal["CAPABILITY_NAMED_IAM"]] = ["CAPABILITY_NAMED_IAM"]
_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
_NOTHING_TO_DO = "No updates are to be performed"
_EVENTS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Deployed:
    """What became of one stack. `action` is created, updated or unchanged."""

    name: str
    action: str
    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    """Physical id by logical id."""


def deploy(clients: Clients, stack: Stack, template: Template) -> Deployed:
    """Brings the stack to `template` (the stack's own, less what this cloud rejects).

    Raises:
        DeployFailed: with the reasons the stack's events give, or when it takes over 3 minutes.
    """
    for asset in stack.assets:
        _upload(clients, asset.resolved(account=clients.account, region=clients.region))
    url = _publish(clients, stack, template)
    status = _status(clients, stack.name)
    if status is not None and status not in _UPDATABLE:
        clients.cloudformation.delete_stack(StackName=stack.name)
        _settled(clients, stack.name)
        status = None
    action = _create(clients, stack, url) if status is None else _update(clients, stack, url)
    reached = _settled(clients, stack.name)
    if reached not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE") or (
        action != "unchanged" and reached == "UPDATE_ROLLBACK_COMPLETE"
    ):
        raise DeployFailed(f"{stack.name} ended as {reached}:{_reasons(clients, stack.name)}")
    return Deployed(
        stack.name, action, _outputs(clients, stack.name), _resources(clients, stack.name)
    )


def statuses(clients: Clients, prefix: str) -> list[dict[str, str]]:
    """Name and status of every stack whose name begins with `prefix`."""
    pages = clients.cloudformation.get_paginator("describe_stacks").paginate()
    return [
        {"name": stack["StackName"], "status": stack["StackStatus"]}
        for page in pages
        for stack in page["Stacks"]
        if stack["StackName"].startswith(prefix)
    ]


def _create(clients: Clients, stack: Stack, url: str) -> str:
    try:
        clients.cloudformation.create_stack(
            StackName=stack.name, TemplateURL=url, Capabilities=_CAPABILITIES
        )
    except ClientError as error:
        raise DeployFailed(f"{stack.name} was refused: {_message(error)}") from error
    return "created"


def _update(clients: Clients, stack: Stack, url: str) -> str:
    try:
        clients.cloudformation.update_stack(
            StackName=stack.name, TemplateURL=url, Capabilities=_CAPABILITIES
        )
    except ClientError as error:
        if _NOTHING_TO_DO in _message(error):
            return "unchanged"
        raise DeployFailed(f"{stack.name} was refused: {_message(error)}") from error
    return "updated"


def _upload(clients: Clients, asset: Asset) -> None:
    """Keys carry the content's hash, so what is there already is the same."""
    _bucket(clients, asset.bucket)
    try:
        clients.s3.head_object(Bucket=asset.bucket, Key=asset.key)
    except ClientError:
        clients.s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=asset.path.read_bytes())


def _publish(clients: Clients, stack: Stack, template: Template) -> str:
    """Templates over 51,200 bytes are taken from S3 only."""
    body = json.dumps(template, sort_keys=True).encode()
    bucket = f"tocsin-templates-{clients.account}-{clients.region}"
    key = f"{stack.name}/{hashlib.sha256(body).hexdigest()}.json"
    _bucket(clients, bucket)
    clients.s3.put_object(Bucket=bucket, Key=key, Body=body)
    return f"{clients.endpoint}/{bucket}/{key}"


def _bucket(clients: Clients, name: str) -> None:
    try:
        clients.s3.head_bucket(Bucket=name)
    except ClientError:
        clients.s3.create_bucket(Bucket=name)


def _status(clients: Clients, name: str) -> str | None:
    """The stack's status; None when there is no such stack."""
    try:
        found = clients.cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError:
        return None
    status = str(found[0]["StackStatus"])
    return None if status == "DELETE_COMPLETE" else status


def _settled(clients: Clients, name: str) -> str | None:
    deadline = time.monotonic() + _LIMIT_SECONDS
    while True:
        status = _status(clients, name)
        if status is None or not status.endswith("_IN_PROGRESS"):
            return status
        if time.monotonic() > deadline:
            raise DeployFailed(f"{name} is still {status} after {_LIMIT_SECONDS:g} s")
        time.sleep(_POLL_SECONDS)


def _reasons(clients: Clients, name: str) -> str:
    events = clients.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [
        f"\n    {event.get('LogicalResourceId', '')}: {event.get('ResourceStatusReason', '')}"
        for event in events
        if str(event.get("ResourceStatus", "")).endswith("FAILED")
    ]
    return "".join(reasons[:_EVENTS_SHOWN])


def _outputs(clients: Clients, name: str) -> Mapping[str, str]:
    stack = clients.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _resources(clients: Clients, name: str) -> Mapping[str, str]:
    pages = clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    return {
        found["LogicalResourceId"]: found["PhysicalResourceId"]
        for page in pages
        for found in page["StackResourceSummaries"]
        if found.get("PhysicalResourceId")
    }


def _message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", error))
