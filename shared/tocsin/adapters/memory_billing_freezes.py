"""Which incidents freeze billing, in memory: the twin of `dynamodb_billing_freezes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.access.freeze import Holding

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.ports.releases import FreezeStore


class MemoryBillingFreezes:
    """Over any store of freezes."""

    def __init__(self, freezes: FreezeStore) -> None:
        self._freezes = freezes

    def holding(self, at: datetime) -> tuple[Holding, ...]:
        found = [each for each in self._freezes.all() if each.billing and each.holds_at(at)]
        return tuple(
            {each.incident: Holding(each.incident, each.policy) for each in found}.values()
        )
