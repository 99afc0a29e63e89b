"""The quarantine in memory: the twin of `dynamodb_quarantine`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.billing.projection.quarantine import Poison


class MemoryQuarantine:
    """Implements `billing.ports.Quarantine`; `items` by key."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Poison] = {}

    def put(self, poison: Poison) -> None:
        self.items[poison.pk, poison.sk] = poison

    def kept(self, provider: str, *, limit: int = 200) -> list[Poison]:
        found = [self.items[key] for key in sorted(self.items) if key[0] == f"QUAR#{provider}"]
        return found[:limit]

    def forget(self, poison: Poison) -> None:
        self.items.pop((poison.pk, poison.sk), None)
