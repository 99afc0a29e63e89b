"""Reading a time back from the ledger, within what one answer can wait for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.application.billing.projection.read_event import billing_event
from tocsin.billing.outage.history import History, Told
from tocsin.billing.projection.ledger_key import KEPT_SECONDS
from tocsin.errors import MalformedPayload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.billing.identity import Identity
    from tocsin.ports.billing.outage import SnapshotSource
    from tocsin.ports.billing.projection import ObjectReader

HOUR = 3_600
MOST_HOURS = 72
MOST_SNAPSHOTS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHistory:
    """What the ledger holds of all accounts of the stage."""

    source: SnapshotSource
    identities: Callable[[], Iterable[Identity]]
    reader: Callable[[str], ObjectReader]
    unpack: Callable[[bytes], dict[str, Any]]

    def between(self, since: int, until: int, *, now: int) -> History:
        """The states made between the two (epoch seconds), and those of the hour before.

        Not complete where the time is longer than is read, older than is kept, or holds something
        that cannot be read.
        """
        first = since - since % HOUR - HOUR
        hours = range(first, until + 1, HOUR)
        complete = len(hours) <= MOST_HOURS and since > now - KEPT_SECONDS
        told: list[Told] = []
        for identity in self.identities():
            reader = self.reader(identity.provider)
            for hour in hours[:MOST_HOURS]:
                for record in self.source.of_hour(identity, hour):
                    if len(told) >= MOST_SNAPSHOTS:
                        return History(tuple(told), complete=False)
                    try:
                        event = billing_event(record, reader=reader, unpack=self.unpack)
                    except MalformedPayload:
                        complete = False
                        continue
                    if event.snapshot is None or event.created is None:
                        complete = False
                    elif event.created <= until:
                        known_at = max(record.received_at, event.created)
                        told.append(
                            Told(identity.provider, event.snapshot, event.created, known_at)
                        )
        return History(tuple(told), complete=complete)
