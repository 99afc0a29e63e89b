"""The environment of `provider_watch`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What was stored of providers' events, which accounts there are, and where to ask them."""

    STAGE: str
    BILLING_EVENTS_TABLE: str
    BILLING_SUBSCRIPTIONS_TABLE: str
    OPERATIONS_TABLE: str
    PROVIDER_KEYS_SECRET: str
    RECONCILE_QUEUE_URL: str
    REFETCH_QUEUE_URL: str
    REPLAY_QUEUE_URL: str
    RESTORE_QUEUE_URL: str
    BILLING_PROJECTOR_FUNCTION: str
    RECONCILER_FUNCTION: str
    REPLAY_PLANNER_FUNCTION: str
    REPLAY_WORKER_FUNCTION: str
    API_BASES: dict[str, str]
    LOG_LEVEL: str = "INFO"
