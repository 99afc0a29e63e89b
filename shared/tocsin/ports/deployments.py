"""Deployments that wait for an answer, and whoever is to be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.model.deployments import Deployment, DeploymentState


class DeploymentStore(Protocol):
    """Deployments that wait, and for a month those that were answered. Reads are consistent.

    Every method raises `StoreUnavailable` where the store does not answer.
    """

    def add(self, deployment: Deployment) -> bool:
        """Writes it down; false if it was known already, and then nothing is changed."""
        ...

    def get(self, repository: str, deployment: str) -> Deployment | None: ...

    def due(self, *, at: datetime, limit: int) -> tuple[Deployment, ...]:
        """Those that wait and are due at or before a time, the longest due first."""
        ...

    def save(self, deployment: Deployment) -> None:
        """Replaces the version before.

        Raises:
            ConditionFailed: somebody else has gone on with it.
        """
        ...


class Reviews(Protocol):
    """Where deployments are answered.

    Both raise `ReviewRefused` where it will never be taken, and `GithubUnavailable` where it may
    be, later; whether what was sent then is known there is open.
    """

    def report(self, deployment: Deployment, comment: str) -> None:
        """Says how it stands, and answers nothing."""
        ...

    def answer(self, deployment: Deployment, state: DeploymentState, comment: str) -> None:
        """Approves or rejects it."""
        ...

    def services(self, repository: str) -> tuple[str, ...]:
        """Which services a repository deploys, as incidents call them."""
        ...
