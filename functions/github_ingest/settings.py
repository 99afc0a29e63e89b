"""The environment of `github_ingest`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where deliveries go, and which secret holds the keys they are signed with.

    `DEPLOYMENTS`: `off`, or what becomes of deployments of what is frozen: `wait` or `reject`.
    """

    STAGE: str
    SIGNALS_QUEUE_URL: str
    GITHUB_WEBHOOKS: str
    GITHUB_SECRET: str
    GITHUB_API: str
    DEPLOYMENTS: str
    OPERATIONS_TABLE: str
    DEPLOYMENT_GATE_FUNCTION: str
    LOG_LEVEL: str = "INFO"
