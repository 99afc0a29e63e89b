"""The few acts of a drill that a sabotage may replace: production code needs no switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from tocsin.drills.stage import Stage
    from tocsin.local.sandbox.clients.stripe import SandboxClient


def move_clock(stage: Stage, by: timedelta) -> None:
    """Moves incident time and sweeps at once."""
    stage.advance(by)


def provider_secret(stage: Stage) -> str:
    """What the provider signs webhooks with: the secret that was registered."""
    return str(stage.outputs["secrets"]["stripe/default"])


def repeat_and_mix(sandbox: SandboxClient) -> None:
    """What the provider does with the webhooks of its history."""
    sandbox.order("duplicate", fraction=0.15, seed=11)
    sandbox.order("reorder", window=12, seed=12)


@dataclass(frozen=True, slots=True)
class Levers:
    """How the drill acts on the stage."""

    advance: Callable[[Stage, timedelta], None] = move_clock
    signing_secret: Callable[[Stage], str] = provider_secret
    misbehave: Callable[[SandboxClient], None] = repeat_and_mix
