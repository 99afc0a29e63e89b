"""The way from a checkout to an account and back: what `deploy`, `doctor` and `destroy` share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from tocsin.local.machine.places import find
from tocsin.local.stage import assembly
from tocsin.local.stage.synthesis import synthesise
from tocsin.production import bootstrap, deployment, removal, secrets_filled
from tocsin.production.account import Account
from tocsin.production.asking import Asking
from tocsin.production.doctor import Finding, Patient, examine, unasked
from tocsin.production.rollout import Rollout
from tocsin.providers.registry import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tocsin.local.stage.assembly import Stack
    from tocsin.production.deployment import Deployment
    from tocsin.production.removal import Left
    from tocsin.production.templates import Change


def _bases() -> dict[str, str]:
    return {each.name: each.facts.api_base for each in PROVIDERS}


@dataclass(frozen=True)
class Road:
    """One deployment and the account it belongs to."""

    deployment: Deployment
    account: Account
    rollout: Rollout
    bases: Mapping[str, str] = field(default_factory=_bases)

    @classmethod
    def to(
        cls,
        file: Path,
        *,
        progress: Callable[[str], None],
        prepare: Callable[[dict[str, Any]], dict[str, Any]] = lambda template: template,
        wait: float = 3.0,
    ) -> Road:
        """The road a file describes.

        Raises:
            DeploymentInvalid, OtherAccount: see `deployment.read` and `Account.of`.
        """
        described = deployment.read(file)
        account = Account.of(described)
        return cls(described, account, Rollout(account, progress, prepare, wait))

    @cached_property
    def stacks(self) -> tuple[Stack, ...]:
        """What the checkout synthesises for this deployment.

        Raises:
            CheckoutNeeded, ProcessFailed: there is no checkout here, or it cannot be synthesised.
        """
        self.rollout.progress(f"synthesising {self.deployment.stage}")
        folder, _ = synthesise(find(), self.deployment.context())
        return assembly.read(folder)

    def changes(self) -> list[Change]:
        """What `deploy` would change."""
        return self.rollout.plan(self.stacks)

    def deploy(self) -> dict[str, str]:
        """Deploys; the outputs of all stacks."""
        if not bootstrap.is_there(self.account):
            bootstrap.make(self.account, self.rollout.progress)
        outputs: dict[str, str] = {}
        for rolled in self.rollout.apply(self.stacks, name=token_hex(6)):
            self.rollout.progress(f"{rolled.stack}: {rolled.action}")
            outputs |= rolled.outputs
        secrets_filled.fill(
            self.account,
            self.deployment,
            link_base=outputs["ApiEndpoint"],
            progress=self.rollout.progress,
        )
        return outputs

    def examine(self) -> list[Finding]:
        """What the doctor finds."""
        return examine(Patient(self.account, self.deployment, Asking(), self.bases))

    def unasked(self) -> list[Finding]:
        """What only a person can look at."""
        return unasked(self.deployment)

    def api_url(self) -> str | None:
        """Where the deployed API answers; None before it is deployed."""
        stack = f"{self.deployment.prefix}api"
        if self.rollout.status(stack) is None:
            return None
        return self.rollout.outputs(stack).get("ApiEndpoint")

    def left_behind(self) -> list[Left]:
        """What `remove` leaves."""
        return removal.left_behind(self.rollout, self.stacks)

    def remove(self) -> Iterator[str]:
        """Deletes the stage's stacks."""
        return removal.remove(self.rollout, self.stacks)
