"""A correction, carried out: who may, whether an incident asks for approval, and all of it logged.

While a billing incident is open nobody edits subscriptions on their own: the commander approves the
very correction, for one person and a short time, and the approval is spent by the same transaction
that writes overlay and log. Without an incident the commander's group may correct on its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.application.billing.access.approvals import Approvals
from tocsin.billing.access.corrections import ACTION, Logged, SeenAccess, check, moment
from tocsin.billing.access.entitlement import one_subscription
from tocsin.errors import (
    ApprovalInvalid,
    IdempotencyKeyReused,
    NothingToLift,
    UnknownSubscription,
    VersionConflict,
)
from tocsin.ports.billing.access import CorrectionStore, Request, Write

if TYPE_CHECKING:
    from tocsin.application.billing.access.approvals import Person
    from tocsin.billing.access.corrections import Correction
    from tocsin.billing.access.entitlement import AccessPolicy
    from tocsin.billing.projection.ordering import Row
    from tocsin.incidents.queries.access import Authorization
    from tocsin.ports.billing.access import Authorizations
    from tocsin.ports.billing.projection import OpenIncidents, Projection
    from tocsin.ports.time import Ids, IncidentClock, WallClock


RACES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionDesk:
    """The ports that corrections take. `incidents` is asked anew each time, never from memory."""

    projection: Projection
    store: CorrectionStore
    incidents: OpenIncidents
    authorizations: Authorizations
    access: AccessPolicy
    ids: Ids
    wall: WallClock
    clock: IncidentClock

    def correct(self, correction: Correction, person: Person) -> tuple[Logged, bool]:
        """The log's line, and whether it was there already: the same request came before.

        Raises:
            ApprovalRequired: a billing incident is open and no approval was shown.
            ApprovalInvalid: what was shown does not approve this, for this person, now.
            GroupRequired: no incident is open, and the person is no commander; or only looks.
            IdempotencyKeyReused: the key stood for another request.
            UnknownSubscription: there is nothing to correct.
            NothingToLift: there is no correction on it.
            TocsinError: as `corrections.check`; the stores' `Unavailable`.
        """
        now = int(self.wall.wall_now().timestamp())
        check(correction, self.access, now=now)
        request = Request(f"person:{person.name}", person.key, correction.digest)
        if (known := self._repeated(request)) is not None:
            return known, True
        approval = self._approved(correction, person)
        for _ in range(RACES):
            row = self._row(correction)
            logged = self._line(correction, person, approval, row, now=now)
            written = self.store.write(logged, over=row.overlay, request=request)
            if written is Write.DONE:
                return logged, False
            if written is Write.APPROVAL_USED:
                raise ApprovalInvalid("this approval was used before", why="used")
            if written is Write.REPEATED and (known := self._repeated(request)) is not None:
                return known, True
        raise VersionConflict(f"{correction.subscription} changes too fast; try again")

    def _repeated(self, request: Request) -> Logged | None:
        """What the same request led to when it came first; None if it did not."""
        if not request.key or (known := self.store.request(request.principal, request.key)) is None:
            return None
        if known.digest != request.digest:
            raise IdempotencyKeyReused("this key was used for another request", key=request.key)
        return self.store.find(known.logged)

    def _approved(self, correction: Correction, person: Person) -> Authorization | None:
        """The approval that is to be spent; None where none is needed."""
        judge = Approvals(
            incidents=self.incidents, authorizations=self.authorizations, clock=self.clock
        )
        return judge.judge(ACTION, correction.lines, person, what="correction")

    def _row(self, correction: Correction) -> Row:
        row = self.projection.read(correction.identity, correction.subscription)
        if row is None or row.subscription is None:
            raise UnknownSubscription(f"no projection of {correction.subscription}")
        if correction.lifts and row.overlay is None:
            raise NothingToLift(f"{correction.subscription} has no correction")
        return row

    def _line(
        self,
        correction: Correction,
        person: Person,
        approval: Authorization | None,
        row: Row,
        *,
        now: int,
    ) -> Logged:
        incident_open = approval is not None
        draft = Logged(
            id=f"{moment(now)}#{self.ids.unique_id()}",
            at=now,
            correction=correction,
            by=person.name,
            before=self._seen(row, now=now, incident_open=incident_open),
            after=self._seen(row, now=now, incident_open=incident_open),
            base_rev=row.rev,
            approval=approval.id if approval else None,
            approver=approval.approver if approval else None,
        )
        changed = replace(row, overlay=draft.overlay)
        return replace(draft, after=self._seen(changed, now=now, incident_open=incident_open))

    def _seen(self, row: Row, *, now: int, incident_open: bool) -> SeenAccess:
        found = one_subscription(row, self.access, now=now, incident_open=incident_open)
        if found is None or found.status is None:
            raise UnknownSubscription("nothing is known of it yet")
        corrected = found.corrected_by is not None
        return SeenAccess(found.status, found.access, corrected, found.until)
