"""Replays and what rebuilds fetched, in memory: the twins of `store` and `outcomes`."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tocsin.errors import CommandRepeated, ReplayRunning, VersionConflict
from tocsin.ports.billing.replay import UNLISTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tocsin.adapters.billing.projection.memory import MemoryLedger
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ledger_key import LedgerKey
    from tocsin.billing.replay.cursor import Cursor
    from tocsin.ports.billing.replay import PageNote, State


class MemoryReplays:
    """Implements `ports.billing.replay.ReplayStore`."""

    def __init__(self) -> None:
        self._cursors: dict[str, Cursor] = {}
        self._pages: dict[str, dict[int, PageNote]] = {}
        self._running: dict[Identity, str] = {}
        self._lock = threading.Lock()

    def create(self, cursor: Cursor) -> None:
        with self._lock:
            if cursor.id in self._cursors:
                raise CommandRepeated(f"there is a replay {cursor.id} already")
            holder = self._cursors.get(self._running.get(cursor.identity, ""))
            if not cursor.dry_run:
                if holder is not None and not holder.ended and holder.id != cursor.id:
                    detail = f"replay {holder.id} of {cursor.identity} has not ended"
                    raise ReplayRunning(detail, replay=holder.id)
                self._running[cursor.identity] = cursor.id
            self._cursors[cursor.id] = replace(cursor, ver=1)

    def load(self, replay: str) -> Cursor | None:
        return self._cursors.get(replay)

    def save(self, cursor: Cursor) -> Cursor:
        with self._lock:
            if self._cursors[cursor.id].ver != cursor.ver:
                raise VersionConflict(f"replay {cursor.id} has gone on without this driver")
            after = replace(cursor, ver=cursor.ver + 1)
            self._cursors[cursor.id] = after
            return after

    def note(self, replay: str, page: PageNote) -> PageNote:
        with self._lock:
            notes = self._pages.setdefault(replay, {})
            known = notes.get(page.number)
            notes[page.number] = page if known is None else known.with_more(page)
            return notes[page.number]

    def pages(self, replay: str, *, first: int = 0) -> Iterator[PageNote]:
        notes = self._pages.get(replay, {})
        return iter([notes[number] for number in sorted(notes) if number >= first])

    def of(self, identity: Identity, *, limit: int = 20) -> list[str]:
        """Ids of the identity's replays, newest first."""
        ids = [each.id for each in self._cursors.values() if each.identity == identity]
        return sorted(ids, reverse=True)[:limit]


class MemoryReplayOutcomes:
    """Implements `ports.billing.replay.ReplayOutcomes`."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._lock = threading.Lock()

    def add(self, replay: str, outcomes: Mapping[str, int]) -> None:
        with self._lock:
            self._counts.setdefault(replay, Counter()).update(outcomes)

    def of(self, replay: str) -> dict[str, int]:
        return dict(self._counts.get(replay, {}))


class MemoryLedgerReader:
    """Implements `LedgerReader` and `LedgerTypes` over a ledger in memory."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    def origins(self, keys: Iterable[LedgerKey]) -> dict[LedgerKey, str]:
        records = self._ledger.records
        return {key: records[key].replay for key in keys if key in records}

    def holds_any(self, identity: Identity, *, start: int, end: int) -> bool:
        return any(
            record.identity == identity and start <= (record.envelope.created or -1) < end
            for record in self._ledger.records.values()
        )

    def held(self, identity: Identity, *, start: int, end: int) -> int:
        return sum(
            count
            for name, count in self.types(identity, start=start, end=end).items()
            if not name.startswith(UNLISTED)
        )

    def types(self, identity: Identity, *, start: int, end: int) -> dict[str, int]:
        return dict(
            Counter(
                record.envelope.type
                for record in self._ledger.records.values()
                if record.identity == identity and start <= (record.envelope.created or -1) < end
            )
        )


class MemoryRebuildAudit:
    """Implements `ports.billing.replay.RebuildAudit`."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], dict[str, Any]] = {}
        self._lock = threading.Lock()

    def begin(self, replay: str, key: str, *, before: State, at: int) -> bool:
        begun = {
            "object": key,
            "via": "fetched",
            "before": before,
            "after": None,
            "outcome": None,
            "begun_at": at,
            "ended_at": None,
        }
        with self._lock:
            return self._rows.setdefault((replay, key), begun)["ended_at"] is not None

    def end(self, replay: str, key: str, *, after: State, outcome: str, at: int) -> None:
        with self._lock:
            self._rows[replay, key] |= {"after": after, "outcome": outcome, "ended_at": at}

    def rows(self, replay: str, *, limit: int) -> list[dict[str, Any]]:
        found = [row for (whose, _), row in sorted(self._rows.items()) if whose == replay]
        return found[:limit]
