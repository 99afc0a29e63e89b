"""Putting one mismatch right, by the way its class is healed. Nothing is ever deleted.

What is written to a projection is a provider's answer, on condition that nobody else wrote: the
same path that a late event takes. Whether it helped is not for this to say; it is read again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.billing.access.corrections import Correction, Logged, SeenAccess, moment
from tocsin.billing.access.entitlement import one_subscription
from tocsin.billing.identity import placed
from tocsin.billing.projection import ordering
from tocsin.billing.projection.ordering import Question, Verdict
from tocsin.billing.projection.refetch import Reason, RefetchRequest
from tocsin.billing.reconcile.compare import GONE, Healing, correction_facts
from tocsin.billing.subscription import Status
from tocsin.ports.billing.access import Request, Write

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.application.billing.projection.project import Projector
    from tocsin.billing.access.entitlement import AccessPolicy
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Row
    from tocsin.billing.reconcile.compare import Mismatch
    from tocsin.billing.reconcile.work import Cursor
    from tocsin.ports.billing.access import CorrectionStore
    from tocsin.ports.billing.projection import Projection, ProviderClient

RACES = 3
LAID_SINCE = "not lifted: another correction was laid since; compare again"
"""Nobody has approved that one be taken away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Healer:
    """Heals over its ports; called with a mismatch, it says what it did."""

    projector: Projector
    projection: Projection
    client: ProviderClient
    corrections: CorrectionStore
    access: AccessPolicy
    unique_id: Callable[[], str]
    now: Callable[[], int]

    def __call__(self, mismatch: Mismatch, cursor: Cursor) -> str:
        match mismatch.healing:
            case Healing.REFETCH:
                return self._refetch(mismatch.identity, mismatch.subscription)
            case Healing.END:
                return self._end(mismatch)
            case Healing.LIFT:
                return self._lift(mismatch, cursor)
            case _:
                for each in mismatch.others:  # what a person ended, we may not have heard of
                    self._refetch(*placed(each))
                return "asked again about each"

    def _refetch(self, identity: Identity, subscription: str) -> str:
        now = self.now()
        request = RefetchRequest(identity, subscription, Reason.ASKED, about=now)
        return f"asked again: {self.projector.refetch(request, now=now).outcome}"

    def _end(self, mismatch: Mismatch) -> str:
        """Marks the row as ended, if the provider says once more that there is none."""
        for _ in range(RACES):
            row = self.projection.read(mismatch.identity, mismatch.subscription)
            answer = self.client.fetch(mismatch.identity, mismatch.subscription)
            if row is None or row.subscription is None or answer.verdict is not Verdict.MISSING:
                return f"not marked as ended: the provider answered {answer.verdict}"
            gone = replace(row.subscription, status=Status.CANCELLED, raw_status=GONE)
            said = replace(answer, verdict=Verdict.FOUND, subscription=gone)
            now = self.now()
            change = ordering.record_answer(row, said, Question(about=now), now=now, confirm=False)
            if self.projection.write(mismatch.identity, mismatch.subscription, change):
                return "marked as ended; the row is kept"
        return "it changes too fast; try again"

    def _lift(self, mismatch: Mismatch, cursor: Cursor) -> str:
        """Takes the correction away, with a line in the correction log."""
        for _ in range(RACES):
            row = self.projection.read(mismatch.identity, mismatch.subscription)
            if row is None or row.overlay is None:
                return "there is no correction any more"
            if any(
                mismatch.held.get(name, fact) != fact
                for name, fact in correction_facts(row.overlay).items()
            ):
                return LAID_SINCE
            now = self.now()
            line = Logged(
                id=f"{moment(now)}#{self.unique_id()}",
                at=now,
                correction=Correction(
                    mismatch.identity, mismatch.subscription, None, None, f"healed by {cursor.id}"
                ),
                by=cursor.heal_by,
                before=self._seen(row),
                after=self._seen(replace(row, overlay=None)),
                base_rev=row.rev,
                approver=cursor.heal_approver or None,  # the approval is spent, by the healing
            )
            request = Request(f"person:{cursor.heal_by}", "", line.correction.digest)
            if self.corrections.write(line, over=row.overlay, request=request) is Write.DONE:
                return "the correction was lifted"
        return "it changes too fast; try again"

    def _seen(self, row: Row) -> SeenAccess:
        found = one_subscription(row, self.access, now=self.now(), incident_open=False)
        if found is None or found.status is None:
            raise ValueError("a row with a correction has a subscription")
        corrected = found.corrected_by is not None
        return SeenAccess(found.status, found.access, corrected, found.until)
