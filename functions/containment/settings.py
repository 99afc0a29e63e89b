"""The environment of `containment`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where incidents, runs and rules lie.

    `CONTAINMENT_ROLE` is the ARN of an action's role, with `{action}` where its name stands.
    """

    STAGE: str
    INCIDENTS_TABLE: str
    OPERATIONS_TABLE: str
    CONTAINMENT_ROLE: str
    LOG_LEVEL: str = "INFO"
