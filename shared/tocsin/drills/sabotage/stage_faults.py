"""Breaks the wiring of the running local stage through AWS's own API, and mends it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

from tocsin.drills.stage import wait_until
from tocsin.local.errors import DrillUnsound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.drills.stage import Stage

_SECONDS: Final = 20.0


@contextlib.contextmanager
def mapping_disabled(stage: Stage, function: str, source: str) -> Iterator[None]:
    """The function is no longer woken by the source whose ARN contains `source`."""
    functions = stage.clients.functions
    mappings = functions.list_event_source_mappings(
        FunctionName=stage.outputs["functions"][function]
    )["EventSourceMappings"]
    found = [one["UUID"] for one in mappings if source in one["EventSourceArn"]]
    if len(found) != 1:
        raise DrillUnsound(f"{function} has {len(found)} sources named {source}")

    def switch(*, on: bool) -> None:
        functions.update_event_source_mapping(UUID=found[0], Enabled=on)
        wanted = "Enabled" if on else "Disabled"

        def done() -> bool:
            return bool(functions.get_event_source_mapping(UUID=found[0])["State"] == wanted)

        if not wait_until(done, seconds=_SECONDS):
            raise DrillUnsound(f"the mapping of {function} did not become {wanted}")

    switch(on=False)
    try:
        yield
    finally:
        switch(on=True)


@contextlib.contextmanager
def schedule_disabled(stage: Stage) -> Iterator[None]:
    """The sweep is no longer started once a minute."""
    scheduler, name = stage.clients.scheduler, f"tocsin-{stage.outputs['stage']}-sla-check"
    group = f"tocsin-{stage.outputs['stage']}-schedules"
    told = scheduler.get_schedule(GroupName=group, Name=name)
    kept: Any = {
        key: told[key]
        for key in ("ScheduleExpression", "FlexibleTimeWindow", "Target", "Description")
    }

    def switch(state: Any) -> None:
        scheduler.update_schedule(GroupName=group, Name=name, State=state, **kept)

    switch("DISABLED")
    try:
        yield
    finally:
        switch("ENABLED")


@contextlib.contextmanager
def right_removed(stage: Stage, function: str, sid: str, action: str) -> Iterator[None]:
    """The function's role may no longer do `action` of its statement `sid`."""
    iam = stage.clients.iam
    configuration = stage.clients.functions.get_function(
        FunctionName=stage.outputs["functions"][function]
    )["Configuration"]
    role = configuration["Role"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    original = json.dumps(document)
    reduced = json.loads(original)
    for statement in reduced["Statement"]:
        if statement["Sid"] == sid:
            statement["Action"] = [one for one in _listed(statement["Action"]) if one != action]
    if reduced == json.loads(original):
        raise DrillUnsound(f"{function} has no {action} in {sid}")
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(reduced))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=original)


@contextlib.contextmanager
def subscription_removed(stage: Stage, topic: str) -> Iterator[None]:
    """Nobody listens to the topic any more; the topic itself goes on accepting messages."""
    sns, arn = stage.clients.sns, stage.outputs[topic]
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    if not subscriptions:
        raise DrillUnsound(f"nobody listens to {topic}")
    for one in subscriptions:
        sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    try:
        yield
    finally:
        for one in subscriptions:
            sns.subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions
