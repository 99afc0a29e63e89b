"""The environment of `notifier`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the outbox and people's ways live, and the channels they lead to."""

    STAGE: str
    INCIDENTS_TABLE: str
    OPERATIONS_TABLE: str
    PAGES_TOPIC_ARN: str
    STAKEHOLDERS_TOPIC_ARN: str
    CHAT_TOPIC_ARN: str
    MAIL_FROM: str
    DELIVERY_KEYS_SECRET: str
    LOG_LEVEL: str = "INFO"
