"""Reconciliations in the operations table: cursor, notes, what was read, what was found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import key, n
from tocsin.adapters.aws.table import NEW, Table, within
from tocsin.adapters.billing.reconcile import items as stored
from tocsin.billing.reconcile.work import State
from tocsin.errors import CommandRepeated, ConditionFailed, VersionConflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tocsin.adapters.aws.call import AwsCall, Item
    from tocsin.billing.reconcile.work import Compared, Cursor, Found
    from tocsin.ports.billing.reconcile import Listed

_AT_ONCE = 50


class DynamoDbReconciliations:
    """Implements `ports.billing.reconcile.ReconciliationStore`.

    Every write of a cursor carries a token of its own (`new_token`), as `replay.store` says.
    """

    def __init__(self, aws: AwsCall, table: str, *, new_token: Callable[[], str]) -> None:
        self._table, self._new_token = Table(aws, table), new_token

    def create(self, cursor: Cursor) -> None:
        try:
            self._table.put(stored.cursor_item(replace(cursor, ver=1)), condition=NEW)
        except ConditionFailed as refusal:
            raise CommandRepeated(f"there is a reconciliation {cursor.id} already") from refusal
        self._table.put(stored.item(stored.LIST_PK, f"{cursor.started_at:012d}#{cursor.id}"))

    def load(self, name: str) -> Cursor | None:
        found = self._get(name, stored.META)
        return stored.cursor_of(found) if found else None

    def save(self, cursor: Cursor) -> Cursor:
        after = replace(cursor, ver=cursor.ver + 1)
        token = {"S": self._new_token()}
        item = stored.cursor_item(after) | {"tok": token}
        try:
            self._table.put(item, condition="ver = :ver", values={":ver": n(cursor.ver)})
        except ConditionFailed as refusal:
            there: Any = refusal.item or self._get(cursor.id, stored.META)
            if there and there.get("tok") == token:
                return after
            detail = f"reconciliation {cursor.id} has gone on without this driver"
            raise VersionConflict(detail) from refusal
        return after

    def latest(self, *, limit: int = 20) -> list[str]:
        answer = self._table.page(
            **within(stored.LIST_PK), ConsistentRead=True, ScanIndexForward=False, Limit=limit
        )
        return [each["SK"]["S"].partition("#")[2] for each in answer["Items"]]

    def note(self, name: str, number: int, listed: Sequence[Listed]) -> None:
        self._table.put_new(stored.note_item(name, number, listed))

    def notes(self, name: str, *, first: int = 0) -> Iterator[Sequence[Listed]]:
        found = self._query(name, stored.note_sk(first), stored.note_sk(999_999))
        return map(stored.note_of, found)

    def compared(self, name: str, workspace: str) -> Compared | None:
        found = self._get(name, stored.workspace_sk(workspace))
        return stored.compared_of(found) if found else None

    def compare(self, name: str, compared: Compared) -> None:
        self._table.put(stored.compared_item(name, compared))

    def workspaces(self, name: str) -> Iterator[Compared]:
        return map(stored.compared_of, self._query(name, "W#", "W$"))

    def add(self, name: str, found: Found) -> None:
        self._table.put_new(stored.found_item(name, found))

    def settle(self, name: str, found: Found) -> bool:
        sk = stored.mismatch_sk(found.mismatch.id)
        while (item := self._get(name, sk)) is not None:
            if stored.found_of(item).state is not State.OPEN:
                return False
            seen = {":seen": item["d"]}
            if self._table.put_if(stored.found_item(name, found), "d = :seen", values=seen):
                return True
        return False

    def found(self, name: str, *, after: str = "") -> Iterator[Found]:
        first = stored.mismatch_sk(after)
        behind = (
            each for each in self._query(name, first, "MISMATCH$") if each["SK"]["S"] != first
        )
        return map(stored.found_of, behind)

    def mismatch(self, name: str, mismatch: str) -> Found | None:
        found = self._get(name, stored.mismatch_sk(mismatch))
        return stored.found_of(found) if found else None

    def spend(self, approval: str, *, by: str, at: int, used_for: str) -> bool:
        incident, _, entry = approval.partition(":")
        used = {"used_by": {"S": by}, "used_at": {"N": str(at)}, "used_for": {"S": used_for}}
        item = stored.item(f"APPR#{incident}", entry, **used)
        return self._table.put_if(
            item, f"{NEW} OR used_for = :use", values={":use": {"S": used_for}}
        )

    def _query(self, name: str, first: str, last: str) -> Iterator[Item]:
        wanted = within(stored.pk(name), first, last)
        return self._table.query(**wanted, ConsistentRead=True, Limit=_AT_ONCE)

    def _get(self, name: str, sort: str) -> Item | None:
        return self._table.get(key(stored.pk(name), sort))
