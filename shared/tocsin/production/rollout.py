"""Brings an account's stacks to what the synthesis says, by change sets.

A change set is made, looked at and only then executed: what would replace something that holds data
is refused before anything happens. No stack is ever deleted but one whose very first creation
failed, which holds nothing. CloudFormation takes back what fails by itself.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tocsin.production.errors import RolloutFailed, StackStuck, WouldLoseData
from tocsin.production.templates import HOLDS_DATA, Change, changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tocsin.local.stage.assembly import Asset, Stack
    from tocsin.production.account import Account

_STEADY = frozenset(
    {
        "CREATE_COMPLETE",
        "IMPORT_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
    }
)
_NEVER_MADE = frozenset({"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"})
"""A first creation that failed, or a change set nobody executed: there is nothing in it."""

_NOTHING = ("didn't contain changes", "No updates are to be performed")
_MOST_SECONDS = 1_800.0
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Rolled:
    """What became of one stack: created, updated or unchanged."""

    stack: str
    action: str
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rollout:
    """Deploys to one account. `progress` hears a line for each step.

    `prepare` is given each template before it is used; `wait` is the pause between two looks, in
    seconds.
    """

    account: Account
    progress: Callable[[str], None]
    prepare: Callable[[dict[str, Any]], dict[str, Any]] = field(default=lambda template: template)
    wait: float = 3.0
    sleep: Callable[[float], None] = time.sleep

    def plan(self, stacks: Sequence[Stack]) -> list[Change]:
        """What `apply` would change, from the templates. Changes nothing.

        Raises:
            StackStuck: one of them is in a state that a person has to look at.
        """
        found: list[Change] = []
        for stack in stacks:
            status = self.status(stack.name)
            self._may_be_changed(stack.name, status)
            old = {} if status is None or status in _NEVER_MADE else self._template(stack.name)
            found += changes(stack.name, old, self.prepare(stack.template))
        return found

    def apply(self, stacks: Sequence[Stack], *, name: str) -> Iterator[Rolled]:
        """Deploys each stack behind those it needs. `name` tells this deployment from others.

        Raises:
            WouldLoseData: a change set replaces or removes what holds data; that stack and those
                after it are as they were.
            RolloutFailed: with the reasons CloudFormation gives.
            StackStuck: see `plan`.
        """
        for stack in stacks:
            for asset in stack.assets:
                self._upload(asset.resolved(account=self.account.id, region=self.account.region))
            yield self._roll(stack, name)

    def status(self, stack: str) -> str | None:
        """The stack's status; None when there is no such stack."""
        try:
            found = self.account.cloudformation.describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            if "does not exist" in _message(error):
                return None
            raise
        status = str(found[0]["StackStatus"])
        return None if status == "DELETE_COMPLETE" else status

    def outputs(self, stack: str) -> dict[str, str]:
        """What the stack tells."""
        found = self.account.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}

    def _may_be_changed(self, stack: str, status: str | None) -> None:
        if status is not None and status not in _STEADY | _NEVER_MADE:
            raise StackStuck(
                f"{stack} is {status}: wait until it has ended, or see why in CloudFormation;"
                " nothing of it was touched",
                stack=stack,
                status=status,
            )

    def _roll(self, stack: Stack, name: str) -> Rolled:
        status = self.status(stack.name)
        self._may_be_changed(stack.name, status)
        if status == "ROLLBACK_COMPLETE":
            self.progress(f"{stack.name}: its first creation had failed, removing what is left")
            self.account.cloudformation.delete_stack(StackName=stack.name)
            self.settled(stack.name)
            status = None
        fresh = status is None or status in _NEVER_MADE
        change_set = f"tocsin-{name}"
        if not self._prepared(stack, change_set, fresh=fresh):
            return Rolled(stack.name, "unchanged", self.outputs(stack.name))
        self._keeps_data(stack.name, change_set)
        self.progress(f"{stack.name}: {'creating' if fresh else 'updating'}")
        self.account.cloudformation.execute_change_set(
            StackName=stack.name, ChangeSetName=change_set
        )
        reached = self.settled(stack.name)
        if reached not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            reasons = self.reasons(stack.name)
            raise RolloutFailed(f"{stack.name} ended as {reached}:{reasons}", stack=stack.name)
        return Rolled(stack.name, "created" if fresh else "updated", self.outputs(stack.name))

    def _prepared(self, stack: Stack, change_set: str, *, fresh: bool) -> bool:
        """Whether there is something to do; the change set is there then."""
        client = self.account.cloudformation
        known: dict[str, Any] = {"StackName": stack.name, "ChangeSetName": change_set}
        client.create_change_set(
            **known,
            ChangeSetType="CREATE" if fresh else "UPDATE",
            TemplateURL=self._publish(stack),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        for _ in self._looks(f"{stack.name}: the change set"):
            found = client.describe_change_set(**known)
            if found["Status"] == "CREATE_COMPLETE":
                return True
            if found["Status"] == "FAILED":
                why = str(found.get("StatusReason", ""))
                client.delete_change_set(**known)
                if any(each in why for each in _NOTHING):
                    return False
                raise RolloutFailed(f"{stack.name} was refused: {why}", stack=stack.name)
        return False

    def _keeps_data(self, stack: str, change_set: str) -> None:
        pages = self.account.cloudformation.get_paginator("describe_change_set").paginate(
            StackName=stack, ChangeSetName=change_set
        )
        lost = [
            f"{one['LogicalResourceId']} ({one['ResourceType']})"
            for page in pages
            for each in page["Changes"]
            if (one := each.get("ResourceChange"))
            and one.get("ResourceType") in HOLDS_DATA
            and (one.get("Action") == "Remove" or one.get("Replacement") == "True")
        ]
        if lost:
            self.account.cloudformation.delete_change_set(StackName=stack, ChangeSetName=change_set)
            raise WouldLoseData(
                f"{stack} would lose what is in {', '.join(lost)}: nothing was changed there. Move"
                " the data first, and change the resource under another name"
            )

    def _upload(self, asset: Asset) -> None:
        """Keys carry the content's hash, so what is there already is the same."""
        try:
            self.account.s3.head_object(Bucket=asset.bucket, Key=asset.key)
        except ClientError:
            self.progress(f"uploading {asset.path.name} ({asset.path.stat().st_size >> 10} KiB)")
            with asset.path.open("rb") as body:
                self.account.s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=body)

    def _publish(self, stack: Stack) -> str:
        """Templates over 51,200 bytes are taken from S3 only."""
        body = json.dumps(self.prepare(stack.template), sort_keys=True).encode()
        key = f"templates/{stack.name}/{hashlib.sha256(body).hexdigest()}.json"
        self.account.s3.put_object(Bucket=self.account.bucket, Key=key, Body=body)
        place = {"Bucket": self.account.bucket, "Key": key}
        signed: str = self.account.s3.generate_presigned_url("get_object", Params=place)
        return signed.partition("?")[0]

    def _template(self, stack: str) -> dict[str, Any]:
        """The one it was last deployed with; a text where the client did not read it."""
        found: Any = self.account.cloudformation.get_template(
            StackName=stack, TemplateStage="Original"
        )
        body = found["TemplateBody"]
        return json.loads(body) if isinstance(body, str) else dict(body)

    def settled(self, stack: str) -> str | None:
        said = None
        for _ in self._looks(stack):
            status = self.status(stack)
            if status is None or not status.endswith("_IN_PROGRESS"):
                return status
            if status != said:
                self.progress(f"{stack}: {status.lower().replace('_', ' ')}")
            said = status
        return None

    def _looks(self, what: str) -> Iterator[int]:
        most = max(1, int(_MOST_SECONDS / self.wait)) if self.wait else 10_000
        for number in range(most):
            yield number
            self.sleep(self.wait)
        raise RolloutFailed(f"{what} has not ended within {_MOST_SECONDS / 60:g} minutes")

    def reasons(self, stack: str) -> str:
        events = self.account.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        reasons = [
            f"\n    {each.get('LogicalResourceId', '')}: {each.get('ResourceStatusReason', '')}"
            for each in events
            if str(each.get("ResourceStatus", "")).endswith("FAILED")
        ]
        return "".join(reasons[:_SHOWN])


def _message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", error))
