"""The environment of `replay_planner`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Ledger and projection, where replays and their proof are kept, both ends of the work."""

    STAGE: str
    BILLING_EVENTS_TABLE: str
    BILLING_SUBSCRIPTIONS_TABLE: str
    INCIDENTS_TABLE: str
    OPERATIONS_TABLE: str
    PROVIDER_KEYS_SECRET: str
    REGISTRATIONS_SECRET: str
    EVIDENCE_BUCKET: str
    REFETCH_QUEUE_URL: str
    REPLAY_QUEUE_URL: str
    RESTORE_QUEUE_URL: str
    REPLAY_PLANNER_FUNCTION: str
    REPLAY_WORKER_FUNCTION: str
    API_BASES: dict[str, str]
    LOG_LEVEL: str = "INFO"
