"""One look at a provider, kept: does it list its events, and do they arrive by webhook?

A list call costs one request and needs no object of ours. The newest minute is left out: its
webhooks may still be on their way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.billing.outage.recovery import Probe
from tocsin.billing.projection.ledger_key import key_of, usable_time
from tocsin.billing.replay.cursor import Slice
from tocsin.errors import TocsinError

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity
    from tocsin.ports.billing.outage import ProbeLog
    from tocsin.ports.billing.replay import EventSource, LedgerReader

UNDER_WAY = 60
LOOKED_AT = 3600
"""Seconds of events a look asks for."""


@dataclass(frozen=True, slots=True)
class Prober:
    """Looks, and keeps what it saw."""

    source: EventSource
    ledger: LedgerReader
    log: ProbeLog

    def look(self, identity: Identity, *, now: int) -> Probe:
        """One look at `now` (epoch seconds).

        Raises:
            StoreUnavailable: the ledger does not answer, or the look cannot be kept.
        """
        probe = self._probe(identity, now)
        self.log.record(identity, probe)
        return probe

    def _probe(self, identity: Identity, now: int) -> Probe:
        try:
            page = self.source.page(identity, Slice(now - LOOKED_AT, now - UNDER_WAY, None))
        except TocsinError:
            return Probe(now, succeeded=False)
        if not page.documents:
            return Probe(now, succeeded=True)
        newest = page.documents[0]
        key = key_of(identity, str(newest.get("id")), usable_time(newest.get("created")))
        return Probe(now, succeeded=True, by_webhook=self.ledger.origins([key]).get(key) == "")
