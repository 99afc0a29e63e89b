"""Projection, ledger, its hours and the quarantine in memory, for tests, drills and simulations.

The twins of `rows`, `ledger`, `ledger_queries` and `quarantine` beside this.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tocsin.billing.event import EventClass
from tocsin.billing.outage.watching import StoredEvent
from tocsin.billing.projection import ordering
from tocsin.billing.projection.ledger_key import hour_bucket, under_its_hash
from tocsin.ports.billing.projection import Applied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ledger_key import LedgerKey, LedgerRecord
    from tocsin.billing.projection.ordering import Change, Row
    from tocsin.billing.projection.quarantine import Poison
    from tocsin.billing.projection.told import BillingEvent


class MemoryProjection:
    """Implements `ports.billing.projection.Projection` and `WorkspaceRows`.

    `rows` are by identity and subscription.
    """

    def __init__(self) -> None:
        self.rows: dict[tuple[Identity, str], Row] = {}
        self._lock = threading.Lock()

    def read(self, identity: Identity, subscription: str) -> Row | None:
        return self.rows.get((identity, subscription))

    def read_many(self, identity: Identity, subscriptions: Sequence[str]) -> dict[str, Row]:
        found = {each: self.read(identity, each) for each in subscriptions}
        return {each: row for each, row in found.items() if row is not None}

    def of_workspace(self, workspace: str) -> list[tuple[Identity, Row]]:
        return [
            (identity, row)
            for (identity, _), row in sorted(self.rows.items(), key=str)
            if row.subscription and row.subscription.workspace == workspace
        ]

    def apply(self, event: BillingEvent, *, now: int) -> Applied:
        key = (event.identity, event.subscription or "")
        with self._lock:
            row = self.rows.get(key)
            if not ordering.fast_path(event, row, now=now):
                return Applied(done=False, row=row)
            self.rows[key] = ordering.apply(event, row).row
            return Applied(done=True, row=None)

    def write(self, identity: Identity, subscription: str, change: Change) -> bool:
        key = (identity, subscription)
        with self._lock:
            row = self.rows.get(key)
            if (row.ver if row else 0) != change.expected_ver:
                return False
            overlay = row.overlay if row else None
            self.rows[key] = replace(change.row, overlay=overlay)
            return True


class MemoryLedger:
    """Implements `ports.billing.projection.Ledger`; `records` is in order of arrival."""

    def __init__(self) -> None:
        self.records: dict[LedgerKey, LedgerRecord] = {}
        self._lock = threading.Lock()

    def put(self, record: LedgerRecord) -> bool:
        with self._lock:
            if (known := self.records.get(record.key)) is not None:
                other = under_its_hash(record, known.envelope.body_hash)
                if other is None or other.key in self.records:
                    return False
                record = other
            self.records[record.key] = record
            return True


@dataclass(frozen=True, slots=True)
class MemoryLedgerHours:
    """Implements `ports.billing.outage.LedgerHours` and `ports.billing.reconcile.Concerned`."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    def sample(self, identity: Identity, at: int) -> tuple[StoredEvent, ...]:
        return tuple(
            StoredEvent(
                id=record.envelope.id,
                received_at=record.received_at,
                created=record.envelope.created,
                event_class=record.envelope.event_class,
                subscription=record.envelope.subscription,
            )
            for record in self.ledger.records.values()
            if record.identity == identity
            and record.envelope.created is not None
            and hour_bucket(record.envelope.created) == hour_bucket(at)
        )

    def count(self, identity: Identity, at: int) -> int:
        return len(self.sample(identity, at))

    def concerned(self, identity: Identity, at: int) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for each in self.sample(identity, at):
            if each.subscription:
                changes = each.event_class is not EventClass.IRRELEVANT
                newest = each.created or 0 if changes else 0
                found[each.subscription] = max(newest, found.get(each.subscription, 0))
        return found


class MemoryQuarantine:
    """Implements `ports.billing.projection.Quarantine`; `items` by key."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Poison] = {}

    def put(self, poison: Poison) -> None:
        self.items[poison.pk, poison.sk] = poison

    def kept(self, provider: str, *, limit: int = 200) -> list[Poison]:
        found = [self.items[key] for key in sorted(self.items) if key[0] == f"QUAR#{provider}"]
        return found[:limit]

    def forget(self, poison: Poison) -> None:
        self.items.pop((poison.pk, poison.sk), None)


class MemorySeenAccounts:
    """Implements `ports.billing.projection.SeenAccounts`; `noted` says since when."""

    def __init__(self, *known: Identity) -> None:
        self.noted: dict[Identity, int] = dict.fromkeys(known, 0)

    def note(self, identity: Identity, *, now: int) -> None:
        self.noted.setdefault(identity, now)

    def every(self) -> Sequence[Identity]:
        return sorted(self.noted, key=str)


class MemorySnapshots:
    """Implements `ports.billing.outage.SnapshotSource` over a ledger in memory."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    def of_hour(self, identity: Identity, at: int) -> Iterator[LedgerRecord]:
        for record in list(self._ledger.records.values()):
            created = record.envelope.created
            if (
                record.identity == identity
                and record.envelope.event_class is EventClass.SNAPSHOT
                and created is not None
                and hour_bucket(created) == hour_bucket(at)
            ):
                yield record
