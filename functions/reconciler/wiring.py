"""What the reconciler is given of the outside world besides stores: accounts, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from tocsin.documents.reconciliation_report import as_json, as_markdown, as_svg, summary
from tocsin.ports.messages import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.billing.identity import Identity
    from tocsin.billing.reconcile.work import Cursor, Standing
    from tocsin.ports.billing.reconcile import ReconciliationStore
    from tocsin.ports.evidence import Archive, ArchivedContent
    from tocsin.ports.messages import Sender
    from tocsin.providers.http.one import KeySource

MOST_IN_A_REPORT = 5_000


@dataclass(frozen=True, slots=True)
class Accounts:
    """Those there are keys for, of the modes that give access here."""

    keys: KeySource
    modes: frozenset[str]

    def __call__(self) -> Sequence[Identity]:
        """Raises `SecretUnavailable`."""
        return tuple(each for each in self.keys.get().identities if each.mode in self.modes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Keeps a report as evidence in its three forms, and tells stakeholders and finance of it.

    They are told when it is first there and when it is signed for.
    """

    store: ReconciliationStore
    archive: Archive
    sender: Sender

    def __call__(self, cursor: Cursor, standing: Standing) -> ArchivedContent:
        """Where the JSON is kept. Raises `StoreUnavailable` and `SendFailed`."""
        incident = cursor.incident or ""
        found = list(islice(self.store.found(cursor.id), MOST_IN_A_REPORT))
        every = (why for each in self.store.workspaces(cursor.id) for why in each.unknown)
        unknown = list(islice(every, MOST_IN_A_REPORT))
        kept = [
            self.archive.keep(incident, text.encode(), media_type=media_type)
            for text, media_type in (
                (as_json(cursor, standing, found, unknown), "application/json"),
                (as_markdown(cursor, standing, found, unknown), "text/markdown"),
                (as_svg(cursor, found), "image/svg+xml"),
            )
        ]
        if not cursor.told or cursor.signed_off_by:
            self._tell(incident, *summary(cursor, standing))
        return kept[0]

    def _tell(self, incident: str, subject: str, text: str) -> None:
        self.sender.send(
            Message(
                subject=f"{incident} | {subject}"[:99],
                text=text,
                short=subject[:140],
                attributes={
                    "kind": "reconciliation",
                    "incident": incident,
                    "audience": "finance",
                },
            )
        )
