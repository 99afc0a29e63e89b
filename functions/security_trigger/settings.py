"""The environment of `security_trigger`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where incidents live."""

    STAGE: str
    INCIDENTS_TABLE: str
    OPERATIONS_TABLE: str
    LOG_LEVEL: str = "INFO"
