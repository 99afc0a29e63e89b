"""Items of the `incidents` table: how each value is written and read back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.adapters.aws.attributes import Item, b, bytes_of, key, n, s
from tocsin.adapters.incidents import keys
from tocsin.adapters.incidents.forms import (
    FREEZE_PK,
    action_sk,
    action_text,
    board_pk,
    board_sk,
    forgotten_at,
    freeze_sk,
    freeze_text,
    shown_on_board,
)
from tocsin.incidents.events.snapshot import snapshot_text
from tocsin.incidents.model.outbox import OutboxItem, OutboxState
from tocsin.incidents.timeline.entry import Entry, canonical_json, format_time, parse_time
from tocsin.incidents.vocabulary import Category, MessageKind, Severity, State
from tocsin.ports.incidents import CommandRecord, Summary
from tocsin.ports.signals import Pointer

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.queries.freeze import ServiceFreeze
    from tocsin.incidents.queries.prevention import PreventiveAction
    from tocsin.ports.incidents import Commit


COMMAND_TTL = timedelta(days=7)


def snapshot_item(commit: Commit) -> Item:
    """`META`, with the attributes both indexes need."""
    incident = commit.incident
    item = key(keys.incident_pk(incident.id), keys.META) | {
        "v": n(keys.ITEM_VERSION),
        "version": n(incident.version),
        "body": s(snapshot_text(incident)),
        "title": s(incident.title),
        "severity": s(incident.severity),
        "state": s(incident.state),
        "category": s(incident.category),
        "restricted": {"BOOL": incident.restricted},
        "list_pk": s(keys.list_pk(incident.closed_at)),
        "list_sk": s(keys.list_sk(incident.opened_at, incident.id)),
    }
    if commit.due is not None:
        item |= {"due_pk": s(keys.due_pk(incident.id)), "due_sk": n(keys.due_sk(commit.due))}
    return item


def entry_item(entry: Entry) -> Item:
    """A timeline entry; `hash` is stored for readers without this code, and never trusted."""
    return key(keys.incident_pk(entry.incident), keys.entry_sk(entry.seq)) | {
        "v": n(entry.v),
        "type": s(entry.type),
        "recorded_at": s(format_time(entry.recorded_at)),
        "occurred_at": s(format_time(entry.occurred_at)),
        "actor_ref": s(entry.actor_ref),
        "correlation_id": s(entry.correlation_id),
        "content": s(canonical_json(entry.content).decode()),
        "salt": b(entry.salt),
        "prev_hash": b(entry.prev_hash),
        "hash": b(entry.hash),
    }


def entry_of(item: Item) -> Entry:
    """The inverse of `entry_item`."""
    return Entry(
        incident=item["PK"]["S"].removeprefix("INC#"),
        seq=int(item["SK"]["S"].removeprefix("T#")),
        type=item["type"]["S"],
        recorded_at=parse_time(item["recorded_at"]["S"]),
        occurred_at=parse_time(item["occurred_at"]["S"]),
        actor_ref=item["actor_ref"]["S"],
        content=json.loads(item["content"]["S"]),
        salt=bytes_of(item["salt"]),
        prev_hash=bytes_of(item["prev_hash"]),
        correlation_id=item["correlation_id"]["S"],
        v=int(item["v"]["N"]),
    )


def outbox_item(item: OutboxItem) -> Item:
    """A message to send; it leaves the due index when it is marked sent."""
    return key(keys.incident_pk(item.incident), item.key.sk) | {
        "v": n(keys.ITEM_VERSION),
        "incident": s(item.incident),
        "seq": n(item.seq),
        "kind": s(item.kind),
        "target": s(item.target),
        "due_at": s(format_time(item.due_at)),
        "correlation_id": s(item.correlation_id),
        "facts": {"M": {name: s(text) for name, text in item.facts.items()}},
        "state": s(item.state),
        "attempts": n(item.attempts),
        "due_pk": s(keys.due_pk(item.incident)),
        "due_sk": n(keys.due_sk(item.due_at)),
    }


def outbox_of(item: Item) -> OutboxItem:
    """The inverse of `outbox_item`; also reads a stream record's new image."""
    return OutboxItem(
        incident=item["incident"]["S"],
        seq=int(item["seq"]["N"]),
        kind=MessageKind(item["kind"]["S"]),
        target=item["target"]["S"],
        due_at=parse_time(item["due_at"]["S"]),
        correlation_id=item["correlation_id"]["S"],
        facts={name: text["S"] for name, text in item["facts"]["M"].items()},
        state=OutboxState(item["state"]["S"]),
        attempts=int(item["attempts"]["N"]),
        tried=tuple(text["S"] for text in item.get("tried", {}).get("L", ())),
    )


def command_item(record: CommandRecord) -> Item:
    """The trace of a command id: beside its incident, or of a creation, beside its principal."""
    if record.principal is not None:
        where = key(keys.creation_pk(record.principal), record.key or "")
    else:
        where = key(keys.incident_pk(record.incident), keys.command_sk(record.hash))
    return where | {
        "v": n(keys.ITEM_VERSION),
        "hash": s(record.hash),
        "request_hash": s(record.request_hash),
        "incident": s(record.incident),
        "version": n(record.version),
        "recorded_at": s(format_time(record.recorded_at)),
        "ttl": n(int((record.recorded_at + COMMAND_TTL).timestamp())),
    }


def command_of(item: Item) -> CommandRecord:
    """The inverse of `command_item`."""
    creation = item["PK"]["S"].startswith("IDEM#")
    return CommandRecord(
        hash=item["hash"]["S"],
        request_hash=item["request_hash"]["S"],
        incident=item["incident"]["S"],
        version=int(item["version"]["N"]),
        recorded_at=parse_time(item["recorded_at"]["S"]),
        principal=item["PK"]["S"].removeprefix("IDEM#") if creation else None,
        key=item["SK"]["S"] if creation else None,
    )


def pointer_item(pointer: Pointer, version: int) -> Item:
    """Who owns a dedup key. `ver` is the incident version that wrote it."""
    item = key(keys.pointer_pk(pointer.key), keys.POINTER) | {
        "v": n(keys.ITEM_VERSION),
        "incident": s(pointer.incident),
        "state": s("open" if pointer.open else "closed"),
        "ver": n(version),
    }
    if pointer.reopen_until is not None:
        item["reopen_until"] = s(format_time(pointer.reopen_until))
    return item


def pointer_of(item: Item) -> Pointer:
    """The inverse of `pointer_item`."""
    until = item.get("reopen_until")
    return Pointer(
        key=item["PK"]["S"].removeprefix("KEY#"),
        incident=item["incident"]["S"],
        open=item["state"]["S"] == "open",
        reopen_until=parse_time(until["S"]) if until else None,
        version=int(item["ver"]["N"]),
    )


def number_item(name: str, incident: str | None) -> Item:
    """Whose a number is; without an incident it was passed over and is given to nobody."""
    whose = {"skipped": {"BOOL": True}} if incident is None else {"incident": s(incident)}
    return key(keys.number_pk(name), keys.NUMBER) | {"v": n(keys.ITEM_VERSION)} | whose


def freeze_item(held: ServiceFreeze) -> Item:
    """A service held by an incident, in the `operations` table."""
    item = key(FREEZE_PK, freeze_sk(held)) | {
        "v": n(keys.ITEM_VERSION),
        "body": s(freeze_text(held)),
    }
    gone = forgotten_at(held)
    return item if gone is None else item | {"ttl": n(int(gone.timestamp()))}


def action_item(action: PreventiveAction, incident: Incident) -> Item:
    """A piece of preventive work, on the board of what is open or of what was done."""
    shown = shown_on_board(action, incident)
    return key(keys.incident_pk(incident.id), action_sk(action)) | {
        "v": n(keys.ITEM_VERSION),
        "body": s(action_text(action)),
        "restricted": {"BOOL": incident.restricted},
        "list_pk": s(board_pk(done=not action.open)),
        "list_sk": s(board_sk(action)),
        **{name: s(text) for name, text in shown.items()},
    }


def summary_from(item: Item) -> Summary:
    """A board line from the `list` index."""
    return Summary(
        id=item["PK"]["S"].removeprefix("INC#"),
        opened_at=parse_time(item["list_sk"]["S"].partition("#")[0]),
        title=item["title"]["S"],
        severity=Severity(item["severity"]["S"]),
        state=State(item["state"]["S"]),
        category=Category(item["category"]["S"]),
        restricted=item["restricted"]["BOOL"],
    )
