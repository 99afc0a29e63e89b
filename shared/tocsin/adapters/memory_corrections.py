"""Corrections in memory: the twin of `dynamodb_corrections`, over a projection in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.ports.billing.access import Known, Write

if TYPE_CHECKING:
    from tocsin.adapters.memory_projection import MemoryProjection
    from tocsin.billing.access.corrections import Logged
    from tocsin.billing.projection.ordering import Overlay
    from tocsin.ports.billing.access import Request


class MemoryCorrections:
    """Implements `application.correct.CorrectionStore`."""

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
