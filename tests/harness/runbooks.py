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
