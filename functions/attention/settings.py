"""The environment of `attention`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Whom to tell, where dead letters lie, and what stands before the path of a page."""

    STAGE: str
    OPS_TOPIC_ARN: str
    DEAD_LETTERS_URL: str
    DOCS_BASE: str
    LOG_LEVEL: str = "INFO"
