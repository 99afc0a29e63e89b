"""The environment of `public_intake`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where incidents and links live, and the keys that links are sealed with."""

    STAGE: str
    INCIDENTS_TABLE: str
    OPERATIONS_TABLE: str
    DELIVERY_KEYS_SECRET: str
    LOG_LEVEL: str = "INFO"
