"""The environment of `replay_worker`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """The ledger, where poison goes, and where the work lies."""

    STAGE: str
    BILLING_EVENTS_TABLE: str
    OPERATIONS_TABLE: str
    RESTORE_QUEUE_URL: str
    LOG_LEVEL: str = "INFO"
