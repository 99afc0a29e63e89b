"""The report of a reconciliation: kept as evidence, and put into words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from tocsin.application.billing.reconcile.tell import Kept
from tocsin.documents.reconciliation_report import as_json, as_markdown, as_svg, summary

if TYPE_CHECKING:
    from tocsin.billing.reconcile.work import Cursor, Standing
    from tocsin.ports.billing.reconcile import ReconciliationStore
    from tocsin.ports.evidence import Archive

MOST_IN_A_REPORT = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Keeps a report as evidence in its three forms, and puts it into words."""

    store: ReconciliationStore
    archive: Archive

    def __call__(self, cursor: Cursor, standing: Standing) -> Kept:
        """Where the JSON is kept, and what is told of it. Raises `StoreUnavailable`."""
        incident = cursor.incident or ""
        found = list(islice(self.store.found(cursor.id), MOST_IN_A_REPORT))
        every = (why for each in self.store.workspaces(cursor.id) for why in each.unknown)
        unknown = list(islice(every, MOST_IN_A_REPORT))
        report, *_ = [
            self.archive.keep(incident, text.encode(), media_type=media_type)
            for text, media_type in (
                (as_json(cursor, standing, found, unknown), "application/json"),
                (as_markdown(cursor, standing, found, unknown), "text/markdown"),
                (as_svg(cursor, found), "image/svg+xml"),
            )
        ]
        headline, text = summary(cursor, standing)
        return Kept(report=report, headline=headline, summary=text)
