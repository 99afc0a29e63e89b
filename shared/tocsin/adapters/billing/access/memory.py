"""Corrections, doubles seen and open incidents in memory: twins of the modules beside this."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.billing.access.freeze import Holding
from tocsin.incidents.vocabulary import Category
from tocsin.ports.billing.access import KEPT_SECONDS, Known, Write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tocsin.adapters.billing.projection.memory import MemoryProjection
    from tocsin.billing.access.corrections import Logged
    from tocsin.billing.projection.ordering import Overlay
    from tocsin.ports.billing.access import Request
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.releases import FreezeStore


class MemoryCorrections:
    """Implements `ports.billing.access.CorrectionStore`."""

    def __init__(self, projection: MemoryProjection) -> None:
        self._projection = projection
        self.lines: dict[str, Logged] = {}
        self.keys: dict[tuple[str, str], Known] = {}
        self.spent: set[str] = set()

    def write(self, logged: Logged, *, over: Overlay | None, request: Request) -> Write:
        place = (logged.correction.identity, logged.correction.subscription)
        row = self._projection.rows.get(place)
        if request.key and (request.principal, request.key) in self.keys:
            return Write.REPEATED
        if logged.approval and logged.approval in self.spent:
            return Write.APPROVAL_USED
        if row is None or row.rev != logged.base_rev or row.overlay != over:
            return Write.ROW_MOVED
        self._projection.rows[place] = replace(row, overlay=logged.overlay)
        self.lines[logged.id] = logged
        if request.key:
            self.keys[request.principal, request.key] = Known(request.digest, logged.id)
        if logged.approval:
            self.spent.add(logged.approval)
        return Write.DONE

    def request(self, principal: str, key: str) -> Known | None:
        return self.keys.get((principal, key))

    def find(self, logged: str) -> Logged | None:
        return self.lines.get(logged)

    def month(self, month: str) -> list[Logged]:
        return [self.lines[each] for each in sorted(self.lines) if self.lines[each].month == month]


class MemorySeenTwice:
    """Implements `ports.billing.access.SeenTwice`; `noted` says when last."""

    def __init__(self) -> None:
        self.noted: dict[str, int] = {}

    def note(self, workspace: str, *, now: int) -> None:
        self.noted[workspace] = now

    def every(self, *, now: int) -> Sequence[str]:
        return sorted(each for each, at in self.noted.items() if now < at + KEPT_SECONDS)


class MemoryOpenIncidents:
    """Implements `ports.billing.projection.OpenIncidents` over any incident store's board."""

    def __init__(self, store: IncidentStore) -> None:
        self._store = store

    def billing(self) -> tuple[str, ...]:
        board = self._store.board(limit=200).items
        return tuple(
            line.id
            for line in board
            if line.category is Category.OPERATIONAL and line.id.startswith("INC-")
        )


class MemoryBillingFreezes:
    """Over any store of freezes."""

    def __init__(self, freezes: FreezeStore) -> None:
        self._freezes = freezes

    def holding(self, at: datetime) -> tuple[Holding, ...]:
        found = [each for each in self._freezes.all() if each.billing and each.holds_at(at)]
        return tuple(
            {each.incident: Holding(each.incident, each.policy) for each in found}.values()
        )
