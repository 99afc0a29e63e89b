"""A circuit breaker per provider account, shared by every copy of a function.

Its state is one small item that is written on transitions only: a closed breaker costs a read per
checkout and no write. It counts nothing itself. Whether to open is decided from the log of
attempts (`outage.failing`), which all copies write to and which survives the loss of the state:
a lost state is a closed breaker, and the next failure opens it again.

Time is the real time in epoch seconds, never incident time: nobody may move it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

FIRST_COOLING = 30
"""Seconds an opened breaker lets nothing through; doubled each time a probe fails."""

LONGEST_COOLING = 300
PROBES_AT_ONCE = 1
PROBE_LOST_AFTER = 60
"""Seconds after which a probe that was let through and never reported gives its place back."""

SUCCESSES_TO_CLOSE = 3
"""Probes in a row: one lucky answer of a flapping provider must not close it."""

CALM_AFTER = 600
"""Seconds closed after which the next opening cools as briefly as the first."""


class Phase(StrEnum):
    """Where the breaker is. Stored, so never renamed."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker; `ver` rises with every write and is the condition of the next.

    `since` is when the phase began. `openings` counts those without a calm spell in between.
    `successes` and `probes` (under way) count within the present half-open phase, `probed_at` is
    when the last probe was let through. `began_at` is when the provider was first found failing,
    kept until it is closed.
    """

    phase: Phase = Phase.CLOSED
    since: int = 0
    ver: int = 0
    openings: int = 0
    successes: int = 0
    probes: int = 0
    probed_at: int = 0
    began_at: int | None = None

    @property
    def cooling(self) -> int:
        """Seconds until the first probe after opening."""
        return int(min(LONGEST_COOLING, FIRST_COOLING * 2 ** max(0, self.openings - 1)))


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a call may be made. `next` must be written first, if there is one.

    Where that write loses a race, the call may not be made: somebody else is the probe.
    """

    allowed: bool
    next: Breaker | None = None


def admit(breaker: Breaker, *, now: int) -> Admission:
    """Whether one more call may go to the provider at `now`."""
    if breaker.phase is Phase.CLOSED:
        return Admission(allowed=True)
    if breaker.phase is Phase.OPEN:
        if now < breaker.since + breaker.cooling:
            return Admission(allowed=False)
        opening = replace(breaker, phase=Phase.HALF_OPEN, since=now, successes=0)
        return Admission(
            allowed=True, next=replace(opening, ver=breaker.ver + 1, probes=1, probed_at=now)
        )
    under_way = 0 if now >= breaker.probed_at + PROBE_LOST_AFTER else breaker.probes
    if under_way >= PROBES_AT_ONCE:
        return Admission(allowed=False)
    return Admission(
        allowed=True,
        next=replace(breaker, ver=breaker.ver + 1, probes=under_way + 1, probed_at=now),
    )


def after_failure(breaker: Breaker, *, failing: bool, now: int) -> Breaker | None:
    """The breaker after a failed call, None where nothing changes.

    `failing` is what the rule says of the log of attempts, this one included.
    """
    if breaker.phase is Phase.HALF_OPEN:
        return _opened(breaker, openings=breaker.openings + 1, now=now)
    if breaker.phase is Phase.CLOSED and failing:
        calm = now - breaker.since >= CALM_AFTER
        return _opened(breaker, openings=1 if calm else breaker.openings + 1, now=now)
    return None


def after_success(breaker: Breaker, *, now: int) -> Breaker | None:
    """The breaker after a call that worked, None where nothing changes.

    A late success of a call from before the opening changes nothing.
    """
    if breaker.phase is not Phase.HALF_OPEN:
        return None
    successes = breaker.successes + 1
    if successes < SUCCESSES_TO_CLOSE:
        return replace(
            breaker, ver=breaker.ver + 1, successes=successes, probes=max(0, breaker.probes - 1)
        )
    return Breaker(Phase.CLOSED, since=now, ver=breaker.ver + 1, openings=breaker.openings)


def after_nothing(breaker: Breaker) -> Breaker | None:
    """The breaker after a call that says nothing of the provider's health: its place is free."""
    if breaker.phase is not Phase.HALF_OPEN or not breaker.probes:
        return None
    return replace(breaker, ver=breaker.ver + 1, probes=breaker.probes - 1)


def _opened(breaker: Breaker, *, openings: int, now: int) -> Breaker:
    return Breaker(
        Phase.OPEN,
        since=now,
        ver=breaker.ver + 1,
        openings=openings,
        began_at=breaker.began_at or now,
    )
