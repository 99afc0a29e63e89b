"""Incidents in DynamoDB: one transaction per command, and reads by key that are consistent."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key as item_key
from tocsin.adapters.aws.attributes import n, s
from tocsin.adapters.aws.cursors import PARTITION, cursor_of, key_of
from tocsin.adapters.aws.table import NEW, Cancelled, Table, within
from tocsin.adapters.incidents import keys
from tocsin.adapters.incidents.commit import error_of, parts_of
from tocsin.adapters.incidents.items import (
    command_item,
    command_of,
    entry_of,
    pointer_of,
    summary_from,
)
from tocsin.adapters.incidents.outbox import DynamoOutbox
from tocsin.adapters.incidents.signal_items import (
    aside_item,
    aside_of,
    clear_item,
    clear_of,
    heard_of,
    held_item,
    held_of,
    lead_item,
    let_go_item,
    trace_item,
    unknown_item,
    unknown_of,
    week_item,
    windows_item,
    windows_of,
    windows_text,
)
from tocsin.adapters.incidents.work_items import NEWER, follower_item, known_in, seen_item
from tocsin.errors import BadInput, CommandRepeated, ConditionFailed, VersionConflict
from tocsin.incidents.events.snapshot import snapshot_of
from tocsin.incidents.model.outbox import OutboxKey
from tocsin.ports.incidents import CommandRecord, Commit, DueItems, Page
from tocsin.ports.signals import Aside, AsidePage, Clear, Intake, Pointer, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date, datetime

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.maintenance import Window
    from tocsin.incidents.model.noise import Heard
    from tocsin.incidents.model.signals import Signal
    from tocsin.incidents.model.work import Known, Seen
    from tocsin.incidents.timeline.entry import Entry
    from tocsin.ports.signals import Why

_TRIES = 3
_DUE_PAGE = 500
_UNKNOWN = 1_000
_FIRST_PAUSE = 0.02


def _pause(attempt: int) -> None:
    """Exponential with full jitter, so that writers who met once do not meet again."""
    time.sleep(random.uniform(0, _FIRST_PAUSE * 2**attempt))  # noqa: S311 - spreads load, hides nothing


class DynamoIncidents(DynamoOutbox):
    """An `IncidentStore` over the `incidents` table.

    `operations_table` is needed wherever a command may create or freeze something: repeated
    creations are recognised there, and freezes are kept there. `pause` waits between tries of
    a contended transaction.
    """

    def __init__(
        self,
        aws: AwsCall,
        table: str,
        *,
        operations_table: str | None = None,
        pause: Callable[[int], None] = _pause,
    ) -> None:
        super().__init__(Table(aws, table))
        self._operations = operations_table
        self._pause = pause

    def load(self, incident_id: str) -> Incident | None:
        item = self._table.get(item_key(keys.incident_pk(incident_id), keys.META))
        return None if item is None else snapshot_of(item["body"]["S"])

    def load_all(self, incident_ids: Sequence[str]) -> dict[str, Incident]:
        places = dict.fromkeys(map(keys.incident_pk, incident_ids))
        wanted = [item_key(place, keys.META) for place in places]
        found = (snapshot_of(item["body"]["S"]) for item in self._table.several(wanted, "body"))
        return {incident.id: incident for incident in found}

    def commit(self, commit: Commit) -> None:
        parts = parts_of(commit, self._table.name, self._operations)
        for attempt in range(_TRIES):
            try:
                self._table.transact([part.write for part in parts])
            except Cancelled as cancelled:
                if (error := error_of(parts, cancelled.reasons)) is not None:
                    raise error from cancelled
                self._pause(attempt)
            else:
                return
        raise VersionConflict("other transactions held the incident through every try")

    def remember(self, record: CommandRecord) -> None:
        if not self._table.put_new(command_item(record)):
            raise CommandRepeated

    def entries(
        self, incident_id: str, *, after: int = 0, limit: int | None = None
    ) -> tuple[Entry, ...]:
        query: dict[str, Any] = {
            "KeyConditionExpression": "PK = :pk AND SK BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": s(keys.incident_pk(incident_id)),
                ":first": s(keys.entry_sk(after + 1)),
                ":last": s(keys.entry_sk(keys.LAST_SEQ)),
            },
            "ConsistentRead": True,
        }
        if limit is not None:
            query["Limit"] = limit
            return tuple(map(entry_of, self._table.page(**query)["Items"]))
        return tuple(map(entry_of, self._table.query(**query)))

    def command(self, incident_id: str, command_hash: str) -> CommandRecord | None:
        item = self._table.get(
            item_key(keys.incident_pk(incident_id), keys.command_sk(command_hash))
        )
        return None if item is None else command_of(item)

    def creation(self, principal: str, key: str) -> CommandRecord | None:
        if self._operations is None:
            return None
        item = self._table.get(item_key(keys.creation_pk(principal), key), table=self._operations)
        return None if item is None else command_of(item)

    def pointer(self, key: str) -> Pointer | None:
        item = self._table.get(item_key(keys.pointer_pk(key), keys.POINTER))
        return None if item is None else pointer_of(item)

    def hear_clear(self, signal: Signal, *, recorded_at: datetime) -> None:
        item = clear_item(signal, recorded_at)
        newer = "attribute_not_exists(PK) OR occurred_at < :at"
        try:
            self._table.put(item, condition=newer, values={":at": item["occurred_at"]})
        except ConditionFailed:
            return  # a newer one is known

    def clear_heard(self, key: str) -> Clear | None:
        item = self._table.get(item_key(keys.pointer_pk(key), keys.CLEAR))
        return None if item is None else clear_of(item)

    def hold(self, signal: Signal, *, again: bool = False) -> None:
        if signal.held_until is None:
            raise ValueError("a signal is held until some time")
        item = held_item(signal, signal.held_until)
        newer = f"attribute_not_exists(PK) OR occurred_at {'<=' if again else '<'} :at"
        try:
            self._table.put(item, condition=newer, values={":at": item["occurred_at"]})
        except ConditionFailed:
            return  # a newer one is known, or it was let go

    def held(self, key: str) -> Signal | None:
        item = self._table.get(item_key(keys.pointer_pk(key), keys.HELD))
        return None if item is None else held_of(item)

    def let_go(self, key: str, *, until: datetime, recorded_at: datetime) -> None:
        item = let_go_item(key, until, recorded_at)
        older = "attribute_not_exists(PK) OR occurred_at <= :at"
        try:
            self._table.put(item, condition=older, values={":at": item["occurred_at"]})
        except ConditionFailed:
            return  # what is held is newer

    def set_aside(self, aside: Aside) -> None:
        self._table.put_new(aside_item(aside))

    def asides(self, day: date, *, limit: int, cursor: str | None = None) -> AsidePage:
        whole = s(keys.aside_pk(day))
        query: dict[str, Any] = {
            "KeyConditionExpression": "PK = :pk",
            "ExpressionAttributeValues": {":pk": whole},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if cursor is not None:
            query["ExclusiveStartKey"] = start = key_of(cursor, PARTITION)
            if start["PK"] != whole:
                raise BadInput("this cursor is of another day", field="cursor")
        answer = self._table.page(**query)
        last = answer.get("LastEvaluatedKey")
        return AsidePage(
            items=tuple(map(aside_of, answer["Items"])),
            cursor=None if last is None else cursor_of(last),
        )

    def unseen(self, signals: Sequence[Signal]) -> tuple[Signal, ...]:
        by_key = {(keys.pointer_pk(each.key), keys.trace_sk(each)): each for each in signals}
        for item in self._table.known([item_key(pk, sk) for pk, sk in by_key]):
            del by_key[item["PK"]["S"], item["SK"]["S"]]
        return tuple(by_key.values())

    def intake(self, signals: Sequence[Signal]) -> Intake:
        by_key = {(keys.pointer_pk(each.key), keys.trace_sk(each)): each for each in signals}
        pointer = (keys.pointer_pk(signals[0].key), keys.POINTER)
        windows = (keys.MAINTENANCE_PK, keys.WINDOWS)
        found = {
            (item["PK"]["S"], item["SK"]["S"]): item
            for item in self._table.known(
                [item_key(pk, sk) for pk, sk in (*by_key, pointer, windows)],
                *("incident", "state", "ver", "reopen_until", "body"),
            )
        }
        return Intake(
            new=tuple(signal for place, signal in by_key.items() if place not in found),
            pointer=pointer_of(found[pointer]) if pointer in found else None,
            windows=windows_of(found[windows]["body"]["S"]) if windows in found else (),
        )

    def trace(
        self,
        signals: Iterable[Signal],
        *,
        incident: str | None,
        recorded_at: datetime,
        why: Why | None = None,
    ) -> None:
        for signal in signals:
            self._table.put_new(trace_item(signal, incident, recorded_at, why))

    def traces(self, key: str, *, limit: int) -> tuple[Heard, ...]:
        wanted = within(keys.pointer_pk(key), keys.FIRST_TRACE, keys.LAST_TRACE)
        page = self._table.page(**wanted, ScanIndexForward=False, ConsistentRead=True, Limit=limit)
        found = (heard_of(item) for item in reversed(page["Items"]))
        return tuple(one for one in found if one is not None)

    def lead(self, name: str) -> str | None:
        item = self._table.get(item_key(keys.lead_pk(name), keys.LEADING))
        return None if item is None else str(item["incident"]["S"])

    def take_lead(self, name: str, incident: str, *, at: datetime) -> None:
        self._table.put(lead_item(name, incident, at))

    def follow(self, commit: str, incident: str, *, at: datetime) -> None:
        self._table.put(follower_item(commit, incident, at))

    def see(self, seen: Seen, *, recorded_at: datetime) -> None:
        item = seen_item(seen, recorded_at)
        values, names = {":rank": item["rank"]}, {"#rank": "rank"}
        self._table.put_if(item, NEWER, names=names, values=values)

    def known_of(self, commit: str) -> Known:
        found = self._table.query(**within(keys.commit_pk(commit)), ConsistentRead=True)
        return known_in(found, commit)

    def windows(self) -> tuple[Window, ...]:
        item = self._table.get(item_key(keys.MAINTENANCE_PK, keys.WINDOWS))
        return () if item is None else windows_of(item["body"]["S"])

    def set_windows(self, windows: tuple[Window, ...], *, known: tuple[Window, ...]) -> None:
        as_read = "body = :known" if known else f"{NEW} OR body = :known"
        values = {":known": s(windows_text(known))}
        self._table.put(windows_item(windows), condition=as_read, values=values)

    def count_unknown(self, unknown: Unknown, *, week: str, told_at: datetime, batch: str) -> None:
        self._table.put_new(unknown_item(unknown, week, batch))
        self._table.put_new(week_item(week, told_at, unknown.at))

    def unknown(self, week: str) -> tuple[Unknown, ...]:
        page = self._table.page(**within(keys.unknown_pk(week)), Limit=_UNKNOWN)
        found = (unknown_of(item) for item in page["Items"] if item["SK"]["S"] != keys.WEEK)
        return tuple(sorted(found, key=lambda one: (one.key, one.at)))

    def week_told(self, week: str, *, at: datetime) -> None:
        self._table.put(week_item(week, None, at))

    def due(self, *, at: datetime, limit: int) -> DueItems:
        incidents: list[tuple[int, str]] = []
        outbox: list[tuple[int, str, str]] = []
        held: list[tuple[int, str]] = []
        weeks: list[str] = []
        for shard in range(keys.DUE_SHARDS):
            for second, incident, sk in self._due_in(shard, at, limit):
                if sk == keys.META:
                    incidents.append((second, incident))
                elif sk == keys.HELD:
                    held.append((second, incident.removeprefix("KEY#")))
                elif sk == keys.WEEK:
                    weeks.append(incident.removeprefix("UNKNOWN#"))
                else:
                    outbox.append((second, incident, sk))
        return DueItems(
            incidents=tuple(incident for _, incident in sorted(incidents)[:limit]),
            outbox=tuple(
                OutboxKey(incident=incident, sk=sk) for _, incident, sk in sorted(outbox)[:limit]
            ),
            more=max(len(incidents), len(outbox), len(held)) > limit,
            held=tuple(key for _, key in sorted(held)[:limit]),
            weeks=tuple(sorted(weeks)),
        )

    def _due_in(self, shard: int, at: datetime, limit: int) -> Iterator[tuple[int, str, str]]:
        """One shard's due rows, oldest first, until it gave one incident more than the limit.

        Messages do not count: however many are unsent, they must not hide an incident.
        """
        found = 0
        for item in self._table.query(
            IndexName=keys.DUE_INDEX,
            KeyConditionExpression="due_pk = :shard AND due_sk <= :now",
            ExpressionAttributeValues={":shard": s(f"D#{shard}"), ":now": n(int(at.timestamp()))},
            Limit=max(limit + 1, _DUE_PAGE),
        ):
            yield int(item["due_sk"]["N"]), item["PK"]["S"].removeprefix("INC#"), item["SK"]["S"]
            found += item["SK"]["S"] == keys.META
            if found > limit:
                return

    def board(
        self, *, closed_in: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page:
        query: dict[str, Any] = {
            "IndexName": keys.LIST_INDEX,
            "KeyConditionExpression": "list_pk = :list",
            "ExpressionAttributeValues": {":list": s(keys.list_named(closed_in))},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if cursor is not None:
            query["ExclusiveStartKey"] = key_of(cursor)
        answer = self._table.page(**query)
        last = answer.get("LastEvaluatedKey")
        return Page(
            items=tuple(map(summary_from, answer["Items"])),
            cursor=None if last is None else cursor_of(last),
        )
