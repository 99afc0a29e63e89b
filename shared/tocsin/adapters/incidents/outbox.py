"""Claiming and marking messages: whoever holds the lease sends, and only that one marks.

A lease is in real time, which nobody moves. A sender that dies leaves its lease to run out; the
next one sends again under the same message id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.aws.attributes import epoch_ms, key, n, s, strings
from tocsin.adapters.incidents import keys
from tocsin.adapters.incidents.items import outbox_of
from tocsin.errors import ConditionFailed, Conflict
from tocsin.incidents.model.outbox import OutboxItem, OutboxKey, OutboxState
from tocsin.incidents.timeline.entry import format_time

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tocsin.adapters.aws.attributes import Item
    from tocsin.adapters.aws.table import Table

_CLAIMABLE = (
    "attribute_exists(PK) AND (#state = :pending OR (#state = :claimed AND lease_until <= :now))"
)
_MINE = "#state = :claimed AND #owner = :owner"


class DynamoOutbox:
    """The outbox part of an `IncidentStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def addressed(self, incident_id: str) -> frozenset[str]:
        found = self._table.query(
            KeyConditionExpression="PK = :pk AND begins_with(SK, :out)",
            ExpressionAttributeValues={
                ":pk": s(keys.incident_pk(incident_id)),
                ":out": s(keys.OUTBOX),
            },
            ConsistentRead=True,
        )
        told = (outbox_of(item) for item in found)
        return frozenset(item.person for item in told if item.personal)

    def outbox(self, outbox_key: OutboxKey) -> OutboxItem | None:
        item = self._table.get(_key(outbox_key))
        return None if item is None else outbox_of(item)

    def claim_outbox(
        self, outbox_key: OutboxKey, *, owner: str, wall_now: datetime, lease: timedelta
    ) -> OutboxItem | None:
        try:
            item = self._table.update(
                _key(outbox_key),
                "SET #state = :claimed, #owner = :owner, lease_until = :until ADD attempts :one",
                condition=_CLAIMABLE,
                names={"#state": "state", "#owner": "owner"},
                values={
                    ":pending": s(OutboxState.PENDING),
                    ":claimed": s(OutboxState.CLAIMED),
                    ":owner": s(owner),
                    ":now": n(epoch_ms(wall_now)),
                    ":until": n(epoch_ms(wall_now + lease)),
                    ":one": n(1),
                },
            )
        except ConditionFailed:
            return None
        return outbox_of(item)

    def mark_sent(
        self,
        outbox_key: OutboxKey,
        *,
        owner: str,
        sent_at: datetime,
        tried: tuple[str, ...] = (),
    ) -> None:
        self._owned(
            outbox_key,
            owner,
            "SET #state = :state, sent_at = :at, tried = :tried REMOVE due_pk, due_sk, lease_until",
            {
                ":state": s(OutboxState.SENT),
                ":at": s(format_time(sent_at)),
                ":tried": strings(tried),
            },
        )

    def release_outbox(
        self,
        outbox_key: OutboxKey,
        *,
        owner: str,
        due_at: datetime,
        tried: tuple[str, ...] = (),
    ) -> None:
        self._owned(
            outbox_key,
            owner,
            "SET #state = :state, due_at = :at, due_sk = :due, tried = :tried REMOVE lease_until",
            {
                ":state": s(OutboxState.PENDING),
                ":at": s(format_time(due_at)),
                ":due": n(keys.due_sk(due_at)),
                ":tried": strings(tried),
            },
        )

    def _owned(self, outbox_key: OutboxKey, owner: str, update: str, values: Item) -> None:
        try:
            self._table.update(
                _key(outbox_key),
                update,
                condition=_MINE,
                names={"#state": "state", "#owner": "owner"},
                values={":claimed": s(OutboxState.CLAIMED), ":owner": s(owner)} | values,
            )
        except ConditionFailed as error:
            raise Conflict("the message is not claimed by this owner") from error


def _key(outbox_key: OutboxKey) -> Item:
    return key(keys.incident_pk(outbox_key.incident), outbox_key.sk)
