"""The newest comparison of each account, in memory: the twin of `dynamodb_comparisons`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity
    from tocsin.billing.outage.divergence import Comparison


class MemoryComparisons:
    """Implements `billing.divergence.ComparisonLog`."""

    def __init__(self) -> None:
        self._newest: dict[Identity, Comparison] = {}

    def record(self, identity: Identity, comparison: Comparison) -> None:
        kept = self._newest.get(identity)
        if kept is None or kept.at <= comparison.at:
            self._newest[identity] = comparison

    def newest(self, identity: Identity) -> Comparison | None:
        return self._newest.get(identity)
