"""The environment of `outage_watch`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What is known of checkouts and webhooks, how to ask the providers, and whom to tell."""

    STAGE: str
    INCIDENTS_TABLE: str
    OPERATIONS_TABLE: str
    BILLING_EVENTS_TABLE: str
    PROVIDER_KEYS_SECRET: str
    ALARMS_QUEUE_URL: str
    API_BASES: dict[str, str]
    LOG_LEVEL: str = "INFO"
