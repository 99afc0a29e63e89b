"""The quarantine in memory: the twin of `dynamodb_quarantine`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.billing.quarantine import Poison


class MemoryQuarantine:
    """Implements `billing.ports.Quarantine`; `kept` by key."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Poison] = {}

    def put(self, poison: Poison) -> None:
        self.kept[poison.pk, poison.sk] = poison
