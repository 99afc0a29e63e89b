"""The environment of `billing_projector`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """The projection, where poison goes, and how to ask the provider."""

    STAGE: str
    BILLING_EVENTS_TABLE: str
    BILLING_SUBSCRIPTIONS_TABLE: str
    OPERATIONS_TABLE: str
    PROVIDER_KEYS_SECRET: str
    REFETCH_QUEUE_URL: str
    API_BASES: dict[str, str]
    LOG_LEVEL: str = "INFO"
