"""Compiled runbooks for tests that are about versions: the shipped one with a promise changed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tocsin.incidents.policy import Elapsed
from tocsin.incidents.vocabulary import ClockName, Severity
from tocsin.policy.compiled import default, sealed, to_json

if TYPE_CHECKING:
    from tocsin.incidents.policy import Policy


def promising(label: str, *, minutes: int, clock: ClockName = ClockName.CONTAIN) -> Policy:
    """A runbook in which that clock of a critical incident has so many minutes."""
    row = default().severities[Severity.CRITICAL]
    changed = replace(row, targets={**row.targets, clock: Elapsed(minutes)})
    return with_changes(label, severities={**default().severities, Severity.CRITICAL: changed})


def with_changes(label: str, **fields: Any) -> Policy:
    """The shipped runbook under another label, with some of its parts replaced."""
    return sealed(replace(default(), version=label, **fields))


def as_document(policy: Policy) -> dict[str, Any]:
    """The policy as it is sent."""
    document: dict[str, Any] = json.loads(to_json(policy))
    return document
