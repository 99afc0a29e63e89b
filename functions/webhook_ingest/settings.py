"""The environment of `webhook_ingest`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where events are kept and which secret holds the registrations."""

    STAGE: str
    BILLING_EVENTS_TABLE: str
    REGISTRATIONS_SECRET: str
    LOG_LEVEL: str = "INFO"
