"""A person's correction of what a subscription gives: an overlay that ends, and a line in a log.

The projection is never edited. It goes on tracking the provider underneath, so there is nothing to
undo when the correction ends or is lifted. Every correction is in the log with who, why, what it
changed and who approved; what is on a row without being in the log was not put there by this code.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tocsin.billing.access.entitlement import Access
from tocsin.billing.projection.ordering import Overlay
from tocsin.billing.subscription import Status
from tocsin.errors import BadInput, MissingReason, PayloadTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.billing.access.entitlement import AccessPolicy
    from tocsin.billing.identity import Identity

ACTION = "billing.correct"
"""What an approval of a correction is called."""

LONGEST_SECONDS = 90 * 86_400
LONGEST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody wants: this status until then (epoch seconds), or no correction any more.

    `status` and `until` are both None for lifting the one there is. `access_until` is until when a
    status without access still leaves what was paid; None: it leaves nothing from now on.
    """

    identity: Identity
    subscription: str
    status: Status | None
    until: int | None
    reason: str
    access_until: int | None = None

    @property
    def lifts(self) -> bool:
        return self.status is None

    @property
    def lines(self) -> tuple[str, ...]:
        """What an approval is bound to: everything but the reason."""
        where = (
            f"provider={self.identity.provider}",
            f"account={self.identity.account}",
            f"mode={self.identity.mode}",
            f"subscription={self.subscription}",
        )
        if self.status is None or self.until is None:
            return (*where, "lift=true")
        wanted = (*where, f"status={self.status}", f"until={moment(self.until)}")
        if self.access_until is None:
            return wanted
        return (*wanted, f"access_until={moment(self.access_until)}")

    @property
    def digest(self) -> str:
        """Equal for two requests for the same; what an idempotency key stands for."""
        return hashlib.sha256("\0".join((*self.lines, self.reason)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SeenAccess:
    """What a subscription gave at one moment; `corrected` tells that a correction decided it.

    `until` is when that access ends unless something changes, in epoch seconds; None where nothing
    says so, and in lines from before it was kept.
    """

    status: Status
    access: Access
    corrected: bool
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of the correction log. Times are epoch seconds.

    `id` is `<time>#<unique>`; `approval` and `approver` are there if an incident asked for them.
    `base_rev` is the revision of the projection it was laid over.
    """

    id: str
    at: int
    correction: Correction
    by: str
    before: SeenAccess
    after: SeenAccess
    base_rev: int
    approval: str | None = None
    approver: str | None = None

    @property
    def month(self) -> str:
        """Where it is filed: `yyyymm`, UTC, of its time."""
        return month_of(self.at)

    @property
    def overlay(self) -> Overlay | None:
        """What it puts on the row; None takes away what is there."""
        wanted = self.correction
        if wanted.status is None or wanted.until is None:
            return None
        return Overlay(
            status=wanted.status,
            until=wanted.until,
            approval=self.approval or "",
            by=self.by,
            base_rev=self.base_rev,
            log=self.id,
            access_until=wanted.access_until,
        )


def check(correction: Correction, access: AccessPolicy, *, now: int) -> None:
    """Refuses what cannot be meant by the rules of `access`; `now` is the wall clock.

    Raises:
        MissingReason: no reason, which is the point of the log.
        PayloadTooLarge: a reason of over 2,000 characters.
        BadInput: a status nobody can have, an end in the past or over 90 days away, or an end of
            access that is past, beyond the correction's own, or of a status that gives access.
    """
    if not correction.reason.strip():
        raise MissingReason("say why: the reason is part of the record")
    if len(correction.reason) > LONGEST_REASON:
        raise PayloadTooLarge("the reason is too long", field="reason", limit=LONGEST_REASON)
    if correction.status is Status.UNKNOWN:
        raise BadInput("`unknown` is no status to correct to", field="status")
    if (correction.status is None) != (correction.until is None):
        raise BadInput("a correction has a status and an end, or neither", field="until")
    if correction.until is not None and not now < correction.until <= now + LONGEST_SECONDS:
        raise BadInput("`until` must be in the next 90 days", field="until")
    if correction.access_until is not None:
        _check_end_of_access(correction, correction.access_until, access, now=now)


def _check_end_of_access(
    correction: Correction, ends: int, access: AccessPolicy, *, now: int
) -> None:
    if correction.status is None or access[correction.status].access is not Access.NO:
        raise BadInput(
            "only a status without access leaves some until a time; `until` ends the others",
            field="access_until",
        )
    if not now < ends <= (correction.until or 0):
        raise BadInput(
            "`access_until` lies ahead, and not after `until`: there the correction ends",
            field="access_until",
        )


def gave_access(lines: Iterable[Logged]) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """When corrections gave access, oldest first, by provider and id of the subscription.

    A correction holds until it ends, is lifted, or another one takes its place.
    """
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for line in sorted(lines, key=lambda each: each.at):
        wanted = line.correction
        spans = found.setdefault((wanted.identity.provider, wanted.subscription), [])
        if spans and spans[-1][1] > line.at:
            spans[-1] = (spans[-1][0], line.at)
        if wanted.until is not None and line.after.access is not Access.NO:
            spans.append((line.at, min(line.after.until or wanted.until, wanted.until)))
    return found


def moment(seconds: int) -> str:
    """RFC 3339 of epoch seconds, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def month_of(seconds: int) -> str:
    """`yyyymm`, UTC, of epoch seconds."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y%m}"
