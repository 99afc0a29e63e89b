"""The environment of `billing_api`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Ledger and projection, open billing incidents, how to sell, whom to ask.

    `BILLING_MODES`: the providers' modes whose subscriptions give access, separated by commas.
    `BILLING_CONNECTED`: the connected accounts that do besides our own, `<account>/<connected>`.
    `SIGN_IN`: who signs in otherwise than by a group role.
    """

    STAGE: str
    INCIDENTS_TABLE: str
    BILLING_EVENTS_TABLE: str
    BILLING_SUBSCRIPTIONS_TABLE: str
    OPERATIONS_TABLE: str
    PROVIDER_KEYS_SECRET: str
    REPLAY_QUEUE_URL: str
    REPLAY_PLANNER_FUNCTION: str
    REFETCH_QUEUE_URL: str
    OUTAGE_WATCH_FUNCTION: str
    RECONCILE_QUEUE_URL: str
    RECONCILER_FUNCTION: str
    BILLING_MODES: str
    API_BASES: dict[str, str]
    BILLING_CONNECTED: str = ""
    SIGN_IN: str = "none"
    LOG_LEVEL: str = "INFO"
