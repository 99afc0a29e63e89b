"""The environment of `alarm_trigger`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where incidents live, and the queue that alarms come from."""

    STAGE: str
    INCIDENTS_TABLE: str
    OPERATIONS_TABLE: str
    ALARMS_QUEUE_URL: str
    LOG_LEVEL: str = "INFO"
