"""The environment of `auditor`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where incidents and ways live, and who outside is told that all is well (`none`: nobody)."""

    STAGE: str
    INCIDENTS_TABLE: str
    OPERATIONS_TABLE: str
    DEAD_MAN_URL: str = "none"
    LOG_LEVEL: str = "INFO"
