"""Inserting the events a replay found missing: the ledger's one conditional put, nothing else.

What follows an insert is the stream's business, as it is for a webhook. An event that arrived by
itself meanwhile, or was inserted by the same message before, is there already and is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.billing.projection.quarantine import Poison
from tocsin.errors import MalformedPayload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from tocsin.billing.projection.ledger_key import LedgerRecord
    from tocsin.ports.billing.projection import Ledger, Quarantine


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of one message's events."""

    inserted: int = 0
    duplicate: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class Restorer:
    """Implements the worker over its ports; `read` makes a record of a stored item."""

    ledger: Ledger
    quarantine: Quarantine
    read: Callable[[Mapping[str, Any]], LedgerRecord]

    def restore(self, items: Sequence[Mapping[str, Any]], *, now: int) -> Restored:
        """Inserts each; one that cannot be read is set aside and the rest go on.

        Raises:
            StoreUnavailable: not all are known to be durable; the message comes again.
        """
        inserted = duplicate = set_aside = 0
        for item in items:
            try:
                record = self.read(item)
            except MalformedPayload as error:
                self._set_aside(item, error, now)
                set_aside += 1
                continue
            if self.ledger.put(record):
                inserted += 1
            else:
                duplicate += 1
        return Restored(inserted, duplicate, set_aside)

    def _set_aside(self, item: Mapping[str, Any], error: MalformedPayload, now: int) -> None:
        identifier = item.get("SK", {}).get("S", "unknown") if isinstance(item, dict) else "unknown"
        self.quarantine.put(
            Poison(
                provider="unknown",
                id=str(identifier),
                reason=error.code,
                detail=str(error),
                first_seen=now,
            )
        )
