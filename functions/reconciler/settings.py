"""The environment of `reconciler`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What is compared, where it is noted, and who is told."""

    STAGE: str
    INCIDENTS_TABLE: str
    BILLING_EVENTS_TABLE: str
    BILLING_SUBSCRIPTIONS_TABLE: str
    OPERATIONS_TABLE: str
    PROVIDER_KEYS_SECRET: str
    BILLING_MODES: str
    EVIDENCE_BUCKET: str
    RECONCILE_QUEUE_URL: str
    RECONCILER_FUNCTION: str
    REFETCH_QUEUE_URL: str
    API_BASES: dict[str, str]
    BILLING_CONNECTED: str = ""
    LOG_LEVEL: str = "INFO"
