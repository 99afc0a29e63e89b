"""What a deployment would change, as two templates tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HOLDS_DATA = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::KMS::Key",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
        "AWS::SQS::Queue",
    }
)
"""Replaced or removed, these lose what is in them."""


@dataclass(frozen=True, slots=True)
class Change:
    """One resource: `how` is add, change or remove; `what` are the properties that differ."""

    stack: str
    how: str
    name: str
    kind: str
    what: tuple[str, ...] = ()

    @property
    def loses_data(self) -> bool:
        return self.how == "remove" and self.kind in HOLDS_DATA


def changes(stack: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every resource that differs, in the order of their names."""
    before, after = old.get("Resources", {}), new.get("Resources", {})
    found = []
    for name in sorted({*before, *after}):
        was, becomes = before.get(name), after.get(name)
        if was == becomes:
            continue
        kind = str((becomes or was)["Type"])
        if was is None:
            found.append(Change(stack, "add", name, kind))
        elif becomes is None:
            found.append(Change(stack, "remove", name, kind))
        elif what := _differing(was, becomes):
            found.append(Change(stack, "change", name, kind, what))
    return found


def _differing(was: Mapping[str, Any], becomes: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of properties, and of what stands beside them; the CDK's own notes are none."""
    beside = {"Type", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy"}
    found = {name for name in beside if was.get(name) != becomes.get(name)}
    old, new = was.get("Properties", {}), becomes.get("Properties", {})
    found |= {name for name in {*old, *new} if old.get(name) != new.get(name)}
    return tuple(sorted(found))
