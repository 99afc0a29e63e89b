"""The environment of `replay_worker`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """The ledger, and where poison goes."""

    STAGE: str
    BILLING_EVENTS_TABLE: str
    OPERATIONS_TABLE: str
    LOG_LEVEL: str = "INFO"
