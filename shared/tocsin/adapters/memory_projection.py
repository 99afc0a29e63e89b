"""The projection in memory: the twin of `dynamodb_projection` for tests, drills and simulations."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.billing.projection import ordering
from tocsin.ports.billing.projection import Applied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.billing.event import BillingEvent
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Change, Row


class MemoryProjection:
    """Implements `billing.ports.Projection` and `WorkspaceRows`.

    `rows` are by identity and subscription.
    """

    def __init__(self) -> None:
        self.rows: dict[tuple[Identity, str], Row] = {}
        self._lock = threading.Lock()

    def read(self, identity: Identity, subscription: str) -> Row | None:
        return self.rows.get((identity, subscription))

    def read_many(self, identity: Identity, subscriptions: Sequence[str]) -> dict[str, Row]:
        found = {each: self.read(identity, each) for each in subscriptions}
        return {each: row for each, row in found.items() if row is not None}

    def of_workspace(self, workspace: str) -> list[tuple[Identity, Row]]:
        return [
            (identity, row)
            for (identity, _), row in sorted(self.rows.items(), key=str)
            if row.subscription and row.subscription.workspace == workspace
        ]

    def apply(self, event: BillingEvent, *, now: int) -> Applied:
        key = (event.identity, event.subscription or "")
        with self._lock:
            row = self.rows.get(key)
            if not ordering.fast_path(event, row, now=now):
                return Applied(done=False, row=row)
            self.rows[key] = ordering.apply(event, row).row
            return Applied(done=True, row=None)

    def write(self, identity: Identity, subscription: str, change: Change) -> bool:
        key = (identity, subscription)
        with self._lock:
            row = self.rows.get(key)
            if (row.ver if row else 0) != change.expected_ver:
                return False
            overlay = row.overlay if row else None
            self.rows[key] = replace(change.row, overlay=overlay)
            return True
