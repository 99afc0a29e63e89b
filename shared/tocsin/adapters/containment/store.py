"""Runs in the `operations` table: `RUN#<incident>` / `<run>`, and one ledger.

A run that somebody has to look at lies in the index `due`, in a shard of its own. The ledger is one
item for the stage: containment is rare, and what holds for all of it is written in one place.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key, n, s
from tocsin.adapters.aws.table import Table, within
from tocsin.adapters.containment.versioned import over, write
from tocsin.adapters.incidents.keys import DUE_INDEX, due_sk
from tocsin.containment.guards import Ledger
from tocsin.containment.runs import Run, due_at
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.adapters.aws.call import AwsCall

ITEM_VERSION = 1
LEDGER = ("CONTAINMENT", "LEDGER")
_SHARD = "RUN"


def run_text(run: Run) -> str:
    """The stored form, shared with the memory store."""
    return canonical_json(encode_fields(run)).decode()


def run_of(text: str) -> Run:
    """The inverse of `run_text`."""
    return decode_fields(Run, json.loads(text))


def ledger_text(ledger: Ledger) -> str:
    """The stored form of the ledger."""
    return canonical_json(encode_fields(ledger)).decode()


def ledger_of(text: str) -> Ledger:
    """The inverse of `ledger_text`."""
    return decode_fields(Ledger, json.loads(text))


class DynamoRuns:
    """A `RunStore`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._table = Table(aws, table)

    def get(self, incident: str, run: str) -> Run | None:
        item = self._table.get(key(_partition(incident), run))
        return None if item is None else run_of(item["body"]["S"])

    def of(self, incident: str) -> tuple[Run, ...]:
        found = self._table.query(**within(_partition(incident)))
        return tuple(sorted((run_of(item["body"]["S"]) for item in found), key=_asked))

    def ledger(self) -> Ledger:
        item = self._table.get(key(*LEDGER))
        return Ledger() if item is None else ledger_of(item["body"]["S"])

    def save(self, run: Run, *, ledger: Ledger | None = None) -> None:
        writes = [over(self._table, _item(run), run.ver)]
        if ledger is not None:
            writes.append(over(self._table, _ledger_item(ledger), ledger.ver))
        write(self._table, writes)

    def due(self, *, at: datetime, limit: int) -> tuple[Run, ...]:
        """Found by the index, read by their keys."""
        found = self._table.page(
            IndexName=DUE_INDEX,
            KeyConditionExpression="due_pk = :pk AND due_sk <= :now",
            ExpressionAttributeValues={":pk": s(_SHARD), ":now": n(int(at.timestamp()))},
            Limit=limit,
        )
        read = (self._table.get(key(each["PK"]["S"], each["SK"]["S"])) for each in found["Items"])
        runs = (run_of(item["body"]["S"]) for item in read if item is not None)
        return tuple(run for run in runs if is_due(run, at))


def is_due(run: Run, at: datetime) -> bool:
    """Whether somebody has to look at it by then."""
    due = due_at(run)
    return due is not None and due <= at


def _partition(incident: str) -> str:
    return f"RUN#{incident}"


def _asked(run: Run) -> tuple[datetime, str]:
    return run.asked_at, run.id


def _item(run: Run) -> dict[str, Any]:
    item = key(_partition(run.incident), run.id) | {
        "v": n(ITEM_VERSION),
        "ver": n(run.ver),
        "body": s(run_text(run)),
    }
    if (due := due_at(run)) is not None:
        item |= {"due_pk": s(_SHARD), "due_sk": n(due_sk(due))}
    return item


def _ledger_item(ledger: Ledger) -> dict[str, Any]:
    body = {"v": n(ITEM_VERSION), "ver": n(ledger.ver), "body": s(ledger_text(ledger))}
    return key(*LEDGER) | body
