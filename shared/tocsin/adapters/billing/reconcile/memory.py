"""Reconciliations in memory: the twin of `reconcile.store`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tocsin.billing.reconcile.work import State
from tocsin.errors import CommandRepeated, VersionConflict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.billing.identity import Identity
    from tocsin.billing.reconcile.work import Compared, Cursor, Found
    from tocsin.ports.billing.reconcile import Listed


@dataclass(slots=True)
class MemoryReconciliations:
    """Implements `ports.billing.reconcile.ReconciliationStore`."""

    cursors: dict[str, Cursor] = field(default_factory=dict)
    spent: dict[str, str] = field(default_factory=dict)
    _notes: dict[str, dict[int, tuple[Listed, ...]]] = field(default_factory=dict)
    _compared: dict[str, dict[str, Compared]] = field(default_factory=dict)
    _found: dict[str, dict[str, Found]] = field(default_factory=dict)

    def create(self, cursor: Cursor) -> None:
        if cursor.id in self.cursors:
            raise CommandRepeated(f"there is a reconciliation {cursor.id} already")
        self.cursors[cursor.id] = replace(cursor, ver=1)

    def load(self, name: str) -> Cursor | None:
        return self.cursors.get(name)

    def save(self, cursor: Cursor) -> Cursor:
        if self.cursors[cursor.id].ver != cursor.ver:
            raise VersionConflict(f"reconciliation {cursor.id} has gone on without this driver")
        self.cursors[cursor.id] = after = replace(cursor, ver=cursor.ver + 1)
        return after

    def latest(self, *, limit: int = 20) -> list[str]:
        order = sorted(self.cursors.values(), key=lambda each: (each.started_at, each.id))
        return [each.id for each in reversed(order)][:limit]

    def note(self, name: str, number: int, listed: Sequence[Listed]) -> None:
        self._notes.setdefault(name, {}).setdefault(number, tuple(listed))

    def notes(self, name: str, *, first: int = 0) -> Iterator[Sequence[Listed]]:
        kept = self._notes.get(name, {})
        return iter([kept[number] for number in sorted(kept) if number >= first])

    def compared(self, name: str, workspace: str) -> Compared | None:
        return self._compared.get(name, {}).get(workspace)

    def compare(self, name: str, compared: Compared) -> None:
        self._compared.setdefault(name, {})[compared.workspace] = compared

    def workspaces(self, name: str) -> Iterator[Compared]:
        kept = self._compared.get(name, {})
        return iter([kept[workspace] for workspace in sorted(kept)])

    def add(self, name: str, found: Found) -> None:
        self._found.setdefault(name, {}).setdefault(found.mismatch.id, found)

    def settle(self, name: str, found: Found) -> bool:
        present = self.mismatch(name, found.mismatch.id)
        if present is None or present.state is not State.OPEN:
            return False
        self._found[name][found.mismatch.id] = found
        return True

    def found(self, name: str, *, after: str = "") -> Iterator[Found]:
        kept = self._found.get(name, {})
        return iter([kept[each] for each in sorted(kept) if each > after])

    def mismatch(self, name: str, mismatch: str) -> Found | None:
        return self._found.get(name, {}).get(mismatch)

    def spend(self, approval: str, *, by: str, at: int, used_for: str) -> bool:
        del by, at
        return self.spent.setdefault(approval, used_for) == used_for


@dataclass(slots=True)
class MemoryConcerned:
    """Implements `ports.billing.reconcile.Concerned`: (subscription, created) by identity."""

    events: dict[Identity, list[tuple[str, int]]] = field(default_factory=dict)

    def concerned(self, identity: Identity, at: int) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for subscription, created in self.events.get(identity, []):
            if created // 3_600 == at // 3_600:
                found[subscription] = max(created, found.get(subscription, 0))
        return found
