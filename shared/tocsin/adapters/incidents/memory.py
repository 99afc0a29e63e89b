"""Incidents in memory: the twin of the DynamoDB store, for tests and trying things out.

It keeps the stored form (text), not the objects, and counts the items of a write and their bytes as
the table does, so what cannot be stored fails here too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from threading import Lock
from typing import TYPE_CHECKING

from tocsin.adapters.incidents.commit import parts_of
from tocsin.adapters.incidents.forms import action_text, freeze_sk, freeze_text, summary_of
from tocsin.adapters.incidents.keys import (
    META,
    aside_sk,
    due_sk,
    incident_pk,
    list_named,
    list_pk,
    list_sk,
    trace_sk,
)
from tocsin.adapters.incidents.memory_work import MemoryWork
from tocsin.adapters.incidents.signal_items import (
    aside_item,
    aside_of,
    clear_item,
    clear_of,
    heard_of,
    held_item,
    held_of,
    let_go_item,
    trace_item,
    windows_of,
    windows_text,
)
from tocsin.errors import (
    CommandRepeated,
    ConditionFailed,
    Conflict,
    DedupKeyTaken,
    NumberTaken,
    VersionConflict,
)
from tocsin.incidents.events.snapshot import snapshot_of
from tocsin.incidents.model.naming import numbered
from tocsin.incidents.model.outbox import OutboxItem, OutboxKey, OutboxState
from tocsin.ports.incidents import CommandRecord, Commit, DueItems, Page, Summary
from tocsin.ports.signals import Aside, AsidePage, Clear, Intake, Pointer, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime, timedelta

    from tocsin.adapters.aws.attributes import Item
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.maintenance import Window
    from tocsin.incidents.model.noise import Heard
    from tocsin.incidents.model.signals import Signal
    from tocsin.incidents.timeline.entry import Entry
    from tocsin.ports.signals import Why


class MemoryIncidents(MemoryWork):
    """An `IncidentStore` that forgets everything with the process; safe for threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._snapshots: dict[str, str] = {}
        self._entries: dict[str, list[Entry]] = {}
        self._commands: dict[tuple[str, str], CommandRecord] = {}
        self.creations: dict[tuple[str, str], CommandRecord] = {}  # by principal and key
        self.freezes: dict[str, str] = {}  # texts by their place in the table
        self.actions: dict[tuple[str, str], str] = {}  # texts by incident and id
        self.numbers: dict[str, str | None] = {}  # incidents by number; None: passed over
        self._counted: dict[str, int] = {}  # numbers by their prefix
        self._pointers: dict[str, Pointer] = {}
        self._clears: dict[str, Clear] = {}
        self._held: dict[str, Item] = {}
        self._traces: dict[tuple[str, str], Item] = {}
        self._leads: dict[str, str] = {}
        self._windows = windows_text(())
        self._unknown: dict[tuple[str, str], Unknown] = {}
        self._weeks: dict[str, int | None] = {}
        self._asides: dict[str, Aside] = {}
        self._due: dict[str, int] = {}
        self._board: dict[str, tuple[str, str, Summary]] = {}
        self._outbox: dict[OutboxKey, OutboxItem] = {}
        self._leases: dict[OutboxKey, tuple[str, datetime]] = {}

    def load(self, incident_id: str) -> Incident | None:
        text = self._snapshots.get(incident_id)
        return None if text is None else snapshot_of(text)

    def count(self, prefix: str) -> int:
        """One more of a kind: what `NUMBER#<prefix>` holds."""
        with self._lock:
            self._counted[prefix] = self._counted.get(prefix, 0) + 1
            return self._counted[prefix]

    def pass_over(self, name: str) -> bool:
        """Keeps a number from everybody, unless somebody has it."""
        with self._lock:
            return self.numbers.setdefault(name, None) is None

    def load_all(self, incident_ids: Sequence[str]) -> dict[str, Incident]:
        found = (self.load(each) for each in incident_ids)
        return {incident.id: incident for incident in found if incident is not None}

    def commit(self, commit: Commit) -> None:
        items = [part.write["Put"]["Item"] for part in parts_of(commit, "incidents", "operations")]
        texts = {item["PK"]["S"]: item["body"]["S"] for item in items if item["SK"]["S"] == META}
        with self._lock:
            for each in commit.whole:
                self._check(each)
            for each in commit.whole:
                self._write(each, texts[incident_pk(each.incident.id)])

    def remember(self, record: CommandRecord) -> None:
        with self._lock:
            if self._commands.setdefault((record.incident, record.hash), record) != record:
                raise CommandRepeated

    def _check(self, commit: Commit) -> None:
        record = commit.command
        if record is not None:
            seen = (
                self._commands.get((record.incident, record.hash))
                if record.principal is None
                else self.creations.get((record.principal, record.key or ""))
            )
            if seen is not None:
                raise CommandRepeated
        for pointer in commit.pointers:
            held = self._pointers.get(pointer.key)
            if held is None or not held.open or held.incident == commit.incident.id:
                continue
            over = pointer.over
            if over is None or (held.incident, held.version) != (over.incident, over.version):
                raise DedupKeyTaken(key=pointer.key)
        stored = self.load(commit.incident.id)
        if (stored.version if stored else 0) != commit.expected_version:
            raise VersionConflict
        number = commit.number
        if number is not None and numbered(commit.incident.kind, number) in self.numbers:
            raise NumberTaken

    def _write(self, commit: Commit, text: str) -> None:
        incident = commit.incident
        self._snapshots[incident.id] = text
        self._entries.setdefault(incident.id, []).extend(commit.entries)
        if (record := commit.command) is not None:
            if record.principal is None:
                self._commands[record.incident, record.hash] = record
            else:
                self.creations[record.principal, record.key or ""] = record
        if commit.number is not None:
            self.numbers[numbered(incident.kind, commit.number)] = incident.id
        for pointer in commit.pointers:
            self._pointers[pointer.key] = replace(pointer, version=incident.version, over=None)
        for item in commit.outbox:
            self._outbox[item.key] = item
        for action in commit.actions:
            self.actions[incident.id, action.action] = action_text(action)
        self.freezes.update((freeze_sk(held), freeze_text(held)) for held in commit.freezes)
        self._due.pop(incident.id, None)
        if commit.due is not None:
            self._due[incident.id] = due_sk(commit.due)
        self._board[incident.id] = (
            list_pk(incident.closed_at),
            list_sk(incident.opened_at, incident.id),
            summary_of(incident),
        )

    def entries(
        self, incident_id: str, *, after: int = 0, limit: int | None = None
    ) -> tuple[Entry, ...]:
        found = [entry for entry in self._entries.get(incident_id, ()) if entry.seq > after]
        return tuple(found[:limit])

    def command(self, incident_id: str, command_hash: str) -> CommandRecord | None:
        return self._commands.get((incident_id, command_hash))

    def creation(self, principal: str, key: str) -> CommandRecord | None:
        return self.creations.get((principal, key))

    def pointer(self, key: str) -> Pointer | None:
        return self._pointers.get(key)

    def hear_clear(self, signal: Signal, *, recorded_at: datetime) -> None:
        del recorded_at  # only the table forgets
        known = self._clears.get(signal.key)
        if known is None or known.occurred_at < signal.occurred_at:
            self._clears[signal.key] = clear_of(clear_item(signal, signal.occurred_at))

    def clear_heard(self, key: str) -> Clear | None:
        return self._clears.get(key)

    def hold(self, signal: Signal, *, again: bool = False) -> None:
        if signal.held_until is None:
            raise ValueError("a signal is held until some time")
        item = held_item(signal, signal.held_until)
        at = item["occurred_at"]["S"]
        with self._lock:
            known = self._held.get(signal.key)
            was = None if known is None else known["occurred_at"]["S"]
            if was is None or was < at or (again and was == at):
                self._held[signal.key] = item

    def held(self, key: str) -> Signal | None:
        item = self._held.get(key)
        return None if item is None else held_of(item)

    def let_go(self, key: str, *, until: datetime, recorded_at: datetime) -> None:
        item = let_go_item(key, until, recorded_at)
        with self._lock:
            known = self._held.get(key)
            if known is None or known["occurred_at"]["S"] <= item["occurred_at"]["S"]:
                self._held[key] = item

    def set_aside(self, aside: Aside) -> None:
        with self._lock:
            self._asides.setdefault(aside_sk(aside.at, aside.id), aside_of(aside_item(aside)))

    def asides(self, day: date, *, limit: int, cursor: str | None = None) -> AsidePage:
        found = [
            (sk, one)
            for sk, one in sorted(self._asides.items(), reverse=True)
            if one.at.astimezone(UTC).date() == day and (cursor is None or sk < cursor)
        ]
        more = found[limit - 1][0] if len(found) > limit else None
        return AsidePage(items=tuple(one for _, one in found[:limit]), cursor=more)

    def unseen(self, signals: Sequence[Signal]) -> tuple[Signal, ...]:
        return tuple(s for s in signals if (s.key, trace_sk(s)) not in self._traces)

    def intake(self, signals: Sequence[Signal]) -> Intake:
        new, pointer = self.unseen(signals), self.pointer(signals[0].key)
        return Intake(new=new, pointer=pointer, windows=self.windows())

    def trace(
        self,
        signals: Iterable[Signal],
        *,
        incident: str | None,
        recorded_at: datetime,
        why: Why | None = None,
    ) -> None:
        for signal in signals:
            item = trace_item(signal, incident, recorded_at, why)
            self._traces.setdefault((signal.key, trace_sk(signal)), item)

    def traces(self, key: str, *, limit: int) -> tuple[Heard, ...]:
        mine = sorted(sk for whose, sk in tuple(self._traces) if whose == key)[-limit:]
        found = (heard_of(self._traces[key, sk]) for sk in mine)
        return tuple(one for one in found if one is not None)

    def lead(self, name: str) -> str | None:
        return self._leads.get(name)

    def take_lead(self, name: str, incident: str, *, at: datetime) -> None:
        del at  # only the table forgets
        self._leads[name] = incident

    def windows(self) -> tuple[Window, ...]:
        return windows_of(self._windows)

    def set_windows(self, windows: tuple[Window, ...], *, known: tuple[Window, ...]) -> None:
        with self._lock:
            if self._windows != windows_text(known):
                raise ConditionFailed
            self._windows = windows_text(windows)

    def count_unknown(self, unknown: Unknown, *, week: str, told_at: datetime, batch: str) -> None:
        with self._lock:
            self._unknown.setdefault((week, f"{unknown.key}#{batch}"), unknown)
            self._weeks.setdefault(week, due_sk(told_at))

    def unknown(self, week: str) -> tuple[Unknown, ...]:
        found = [one for (of, _), one in tuple(self._unknown.items()) if of == week]
        return tuple(sorted(found, key=lambda one: (one.key, one.at)))

    def week_told(self, week: str, *, at: datetime) -> None:
        del at  # only the table forgets
        self._weeks[week] = None

    def due(self, *, at: datetime, limit: int) -> DueItems:
        now = int(at.timestamp())
        with self._lock:  # others write meanwhile
            marks, messages, kept = dict(self._due), dict(self._outbox), dict(self._held)
        incidents = sorted((second, name) for name, second in marks.items() if second <= now)
        outbox = sorted(
            (due_sk(item.due_at), key.incident, key.sk)
            for key, item in messages.items()
            if item.state is not OutboxState.SENT and due_sk(item.due_at) <= now
        )
        held = sorted(
            (int(item["due_sk"]["N"]), name)
            for name, item in kept.items()
            if "due_sk" in item and int(item["due_sk"]["N"]) <= now
        )
        return DueItems(
            incidents=tuple(name for _, name in incidents[:limit]),
            outbox=tuple(OutboxKey(incident=name, sk=sk) for _, name, sk in outbox[:limit]),
            more=max(len(incidents), len(outbox), len(held)) > limit,
            held=tuple(name for _, name in held[:limit]),
            weeks=tuple(
                sorted(week for week, at in self._weeks.items() if at is not None and at <= now)
            ),
        )

    def board(
        self, *, closed_in: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page:
        wanted = list_named(closed_in)
        rows = sorted(
            ((sk, line) for pk, sk, line in self._board.values() if pk == wanted),
            reverse=True,
            key=lambda row: row[0],
        )
        rows = [row for row in rows if cursor is None or row[0] < cursor]
        page = rows[:limit]
        more = page[-1][0] if len(rows) > limit else None
        return Page(items=tuple(line for _, line in page), cursor=more)

    def addressed(self, incident_id: str) -> frozenset[str]:
        with self._lock:
            told = [item for item in self._outbox.values() if item.incident == incident_id]
        return frozenset(item.person for item in told if item.personal)

    def outbox(self, key: OutboxKey) -> OutboxItem | None:
        return self._outbox.get(key)

    def claim_outbox(
        self, key: OutboxKey, *, owner: str, wall_now: datetime, lease: timedelta
    ) -> OutboxItem | None:
        with self._lock:
            item = self._outbox.get(key)
            if item is None or item.state is OutboxState.SENT:
                return None
            if item.state is OutboxState.CLAIMED and self._leases[key][1] > wall_now:
                return None
            claimed = replace(item, state=OutboxState.CLAIMED, attempts=item.attempts + 1)
            self._outbox[key] = claimed
            self._leases[key] = (owner, wall_now + lease)
            return claimed

    def mark_sent(
        self, key: OutboxKey, *, owner: str, sent_at: datetime, tried: tuple[str, ...] = ()
    ) -> None:
        del sent_at  # kept by the table for people who look
        with self._lock:
            item = self._owned(key, owner)
            self._outbox[key] = replace(item, state=OutboxState.SENT, tried=tried)

    def release_outbox(
        self, key: OutboxKey, *, owner: str, due_at: datetime, tried: tuple[str, ...] = ()
    ) -> None:
        with self._lock:
            item = self._owned(key, owner)
            self._outbox[key] = replace(item, state=OutboxState.PENDING, due_at=due_at, tried=tried)

    def _owned(self, key: OutboxKey, owner: str) -> OutboxItem:
        item = self._outbox.get(key)
        if item is None or item.state is not OutboxState.CLAIMED or self._leases[key][0] != owner:
            raise Conflict("the message is not claimed by this owner")
        return item

    def mend(self, pointer: Pointer) -> bool:
        """Writes a pointer over the one it was read as; for the auditor's twin."""
        over = pointer.over or pointer
        with self._lock:
            held = self._pointers.get(pointer.key)
            if held is None or not held.open:
                return False
            if (held.incident, held.version) != (over.incident, over.version):
                return False
            self._pointers[pointer.key] = replace(pointer, version=held.version, over=None)
        return True

    def due_mark(self, incident_id: str) -> int | None:
        """The second under which the due index has the incident; for the auditor's twin."""
        return self._due.get(incident_id)

    def all_outbox(self) -> tuple[OutboxItem, ...]:
        """Every message ever asked for, in the order they were; for tests and demonstrations."""
        return tuple(self._outbox.values())
