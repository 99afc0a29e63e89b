"""What the API answers about published runbooks. See `answers` for what holds for every shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from functions.incident_api.resources.incident_shapes import Moment


class ChangedLine(TypedDict):
    """One key that differs from the version before; null: it was or is not there."""

    key: str
    old: str | None
    new: str | None


class PolicyVersion(TypedDict):
    """Who published what, when and why. `number` 0 is what came with the deployment.

    `changed` holds at most 200 keys and 400 characters of each value; `differences` counts all.
    """

    number: int
    version: str
    published_by: str
    published_at: Moment | None
    why: str
    previous: str
    changed: list[ChangedLine]
    differences: int
    sha256: str


class Policies(TypedDict):
    """Published runbooks, the newest first; `newest` is what new incidents go by, if readable.

    `newest` is 0 while nothing is published: then it is `deployed`. `next` as `cursor` continues.
    """

    policies: list[PolicyVersion]
    newest: int
    deployed: str
    next: str | None


class PolicyDocument(TypedDict):
    """A version with the compiled policy, as `tocsin runbook compile` writes it."""

    version: PolicyVersion
    policy: dict[str, Any]
