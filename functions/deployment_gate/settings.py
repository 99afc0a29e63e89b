"""The environment of `deployment_gate`: field name = variable name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where freezes and deployments lie, and GitHub with the secret of its App.

    `DEPLOYMENTS`: what becomes of deployments of what is frozen: `wait` or `reject`.
    `PIPELINES`: `none`, or which stages a service's freeze locks: `<service>=<pipeline>/<stage>`.
    """

    STAGE: str
    OPERATIONS_TABLE: str
    GITHUB_APP_SECRET: str
    GITHUB_API: str
    DEPLOYMENTS: str
    FREEZE_EVENTS: str
    PIPELINES: str
    LOG_LEVEL: str = "INFO"
