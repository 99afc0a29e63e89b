"""Looks at a provider, in memory: the twin of `dynamodb_probes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity
    from tocsin.billing.outage.recovery import Probe


class MemoryProbes:
    """Implements `application.replay_desk.ProbeLog`."""

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
