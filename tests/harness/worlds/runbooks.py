"""Compiled runbooks for tests that are about versions: the shipped one with a promise changed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tocsin.incidents.runbook.targets import Elapsed
from tocsin.incidents.vocabulary import ClockName, Severity
from tocsin.policy.compiled.policies import default, sealed, to_json

if TYPE_CHECKING:
    from tests.harness.worlds.world import World
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.runbook.policy import Policy


def promising(label: str, *, minutes: int, severity: Severity = Severity.CRITICAL) -> Policy:
    """A runbook by which incidents of that severity are to be contained in so many minutes."""
    row = default().severities[severity]
    changed = replace(row, targets={**row.targets, ClockName.CONTAIN: Elapsed(minutes)})
    return with_changes(label, severities={**default().severities, severity: changed})


def with_changes(label: str, **fields: Any) -> Policy:
    """The shipped runbook under another label, with some of its parts replaced."""
    return sealed(replace(default(), version=label, **fields))


def as_document(policy: Policy) -> dict[str, Any]:
    """The policy as it is sent."""
    document: dict[str, Any] = json.loads(to_json(policy))
    return document


COMMANDER = {"person": "chief", "group": "commander"}
FAST, FASTER = promising("acme-1", minutes=30), promising("acme-2", minutes=20)


def send(
    world: World,
    policy: Policy | dict[str, Any],
    *,
    seen: int | None = 0,
    why: str = "answer faster",
    key: str = "",
    **options: Any,
) -> tuple[int, dict[str, Any], dict[str, str]]:
    headers = {"if-match": f'"{seen}"'} if seen is not None else {}
    if key:
        headers["idempotency-key"] = key
    document = policy if isinstance(policy, dict) else as_document(policy)
    body = {"policy": document, "why": why}
    return world.request("POST", "/v1/policies", body, headers=headers, **(COMMANDER | options))


def published(world: World, policy: Policy, *, seen: int) -> dict[str, Any]:
    status, body, _ = send(world, policy, seen=seen)
    assert status == 201, body
    return body


def opened(world: World) -> Incident:
    """An incident an alarm opened, its messages read."""
    incident = world.alarm()
    assert incident is not None
    world.inbox.take_all()
    return incident
