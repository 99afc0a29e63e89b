"""Takes a stage down, and says what stays.

What holds data is kept by its stack: tables, keys, secrets and the evidence bucket stay in the
account, cost what they cost, and are a person's to remove. Evidence is never removed from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.production.errors import RolloutFailed
from tocsin.production.templates import HOLDS_DATA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.local.stage.assembly import Stack
    from tocsin.production.rollout import Rollout

_STAYS = ("Retain", "RetainExceptOnCreate")


@dataclass(frozen=True, slots=True)
class Left:
    """A resource that stays behind. `why` is what whoever finds it has to know."""

    kind: str
    name: str
    why: str


def left_behind(rollout: Rollout, stacks: Sequence[Stack]) -> list[Left]:
    """What `remove` would leave in the account."""
    found = []
    for stack in stacks:
        if rollout.status(stack.name) is None:
            continue
        listed = rollout.account.cloudformation.get_paginator("list_stack_resources").paginate(
            StackName=stack.name
        )
        kept = {
            name
            for name, one in stack.template.get("Resources", {}).items()
            if one.get("DeletionPolicy") in _STAYS
        }
        found += [
            Left(one["ResourceType"], one.get("PhysicalResourceId", ""), _why(one["ResourceType"]))
            for page in listed
            for one in page["StackResourceSummaries"]
            if one["LogicalResourceId"] in kept
        ]
    return found


def _why(kind: str) -> str:
    if kind == "AWS::S3::Bucket":
        return "evidence: kept for whoever asks later, never removed from here"
    return "holds data" if kind in HOLDS_DATA else "stays with what it belongs to"


def remove(rollout: Rollout, stacks: Sequence[Stack]) -> Iterator[str]:
    """Deletes every stack, the last one first; its name when it is gone.

    Raises:
        RolloutFailed: a stack could not be deleted; those before it are still there.
    """
    for stack in reversed(stacks):
        if rollout.status(stack.name) is None:
            continue
        rollout.progress(f"{stack.name}: deleting")
        rollout.account.cloudformation.delete_stack(StackName=stack.name)
        reached = rollout.settled(stack.name)
        if reached is not None:
            raise RolloutFailed(
                f"{stack.name} ended as {reached}:{rollout.reasons(stack.name)}", stack=stack.name
            )
        yield stack.name
