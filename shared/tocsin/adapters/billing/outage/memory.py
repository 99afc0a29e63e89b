"""What the outage watch remembers, compared and looked at, in memory: the twins of `stores`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.billing.outage.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.billing.identity import Identity
    from tocsin.billing.outage.divergence import Comparison
    from tocsin.billing.outage.recovery import Probe


class MemoryOutages:
    """Implements `ports.billing.outage.OutageStore`; kept as text, as in the table."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def memory(self) -> Memory:
        return Memory.read(self.texts["memory"]) if "memory" in self.texts else Memory()

    def remember(self, memory: Memory) -> None:
        self.texts["memory"] = memory.to_json()

    def status(self) -> dict[str, Any] | None:
        return json.loads(self.texts["status"]) if "status" in self.texts else None

    def publish(self, status: Mapping[str, Any]) -> None:
        self.texts["status"] = json.dumps(status)


class MemoryComparisons:
    """Implements `ports.billing.outage.ComparisonLog`."""

    def __init__(self) -> None:
        self._newest: dict[Identity, Comparison] = {}

    def record(self, identity: Identity, comparison: Comparison) -> None:
        kept = self._newest.get(identity)
        if kept is None or kept.at <= comparison.at:
            self._newest[identity] = comparison

    def newest(self, identity: Identity) -> Comparison | None:
        return self._newest.get(identity)


class MemoryProbes:
    """Implements `ports.billing.outage.ProbeLog`."""

    def __init__(self) -> None:
        self._probes: dict[tuple[Identity, int], Probe] = {}

    def record(self, identity: Identity, probe: Probe) -> None:
        self._probes[identity, probe.at] = probe

    def probes(self, identity: Identity, *, since: int) -> list[Probe]:
        found = [
            probe
            for (whose, at), probe in self._probes.items()
            if whose == identity and at >= since
        ]
        return sorted(found, key=lambda probe: probe.at)
