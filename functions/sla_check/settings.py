"""The environment of `sla_check`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where incidents live, who delivers what is still unsent, and where too much work goes."""

    STAGE: str
    INCIDENTS_TABLE: str
    OPERATIONS_TABLE: str
    NOTIFIER_FUNCTION: str
    DUE_QUEUE_URL: str
    LOG_LEVEL: str = "INFO"
