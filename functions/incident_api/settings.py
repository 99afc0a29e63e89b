"""The environment of `incident_api`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where incidents live. `SIGN_IN`: who signs in otherwise than by a group role.

    `CONTAINMENT`: `on` where there are roles to act in.
    """

    STAGE: str
    INCIDENTS_TABLE: str
    OPERATIONS_TABLE: str
    NOTIFIER_FUNCTION: str
    EVIDENCE_BUCKET: str
    CONTAINMENT_FUNCTION: str
    CONTAINMENT: str
    SIGN_IN: str = "none"
    LOG_LEVEL: str = "INFO"
