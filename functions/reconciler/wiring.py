"""What the reconciler is given of the outside world besides stores: accounts, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.documents.reconciliation import summary
from tocsin.ports import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.billing.identity import Identity
    from tocsin.billing.reconciliation import Cursor, Standing
    from tocsin.ports import Sender
    from tocsin.providers.client import KeySource


@dataclass(frozen=True, slots=True)
class Accounts:
    """Those there are keys for, of the modes that give access here."""

    keys: KeySource
    modes: frozenset[str]

    def __call__(self) -> Sequence[Identity]:
        """Raises `SecretUnavailable`."""
        return tuple(each for each in self.keys.get().identities if each.mode in self.modes)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Tells stakeholders and finance when a report is first there and when it is signed for."""

    sender: Sender

    def __call__(self, cursor: Cursor, standing: Standing) -> str:
        """Where the report is. Raises `SendFailed`."""
        if not cursor.told or cursor.signed_off_by:
            subject, text = summary(cursor, standing)
            self.sender.send(
                Message(
                    subject=f"{cursor.incident} | {subject}"[:99],
                    text=text,
                    short=subject[:140],
                    attributes={
                        "kind": "reconciliation",
                        "incident": cursor.incident or "",
                        "audience": "finance",
                    },
                )
            )
        return f"/v1/reconciliations/{cursor.id}/report"
