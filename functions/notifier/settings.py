"""The environment of `notifier`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the outbox lives and the topics it is delivered to."""

    STAGE: str
    INCIDENTS_TABLE: str
    PAGES_TOPIC_ARN: str
    STAKEHOLDERS_TOPIC_ARN: str
    LOG_LEVEL: str = "INFO"
