"""The two clocks of production, and the one place where incident time may become adjustable.

Incident time and the real time are two classes, so that a moved clock cannot be handed to a
signature check by accident. The adjustable one exists in local and drill stages only: its module
is left out of production bundles, and it is imported only when the environment names the
parameter it reads, which the production template never sets.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.ports.time import WallClock

PARAMETER_VARIABLE = "INCIDENT_CLOCK_PARAMETER"
AHEAD_VARIABLE = "OUTAGE_CLOCK_AHEAD"
_ADJUSTABLE_MODULE = "tocsin.local.adjustable_clock"


class InvocationClock(Protocol):
    """Incident time that holds still, or is read anew, from one invocation to the next.

    A `ports.time.IncidentClock`, spelt out: inheriting would load every port at a cold start.
    """

    def begin(self) -> None:
        """Starts an invocation. Raises `Unavailable` if incident time cannot be known."""
        ...

    def incident_now(self) -> datetime: ...


class SystemIncidentClock:
    """Incident time is the real time."""

    def begin(self) -> None:
        """Nothing to read: the real time needs no offset."""

    def incident_now(self) -> datetime:
        return _now()


class SystemWallClock:
    """The real time."""

    def wall_now(self) -> datetime:
        return _now()


def incident_clock(environ: Mapping[str, str] | None = None) -> InvocationClock:
    """The incident clock of this stage.

    Raises:
        ImportError: the environment asks for an adjustable clock where there is none. The
            function must not start with a clock other than the one it was told to use.
    """
    parameter = (os.environ if environ is None else environ).get(PARAMETER_VARIABLE, "")
    if not parameter:
        return SystemIncidentClock()
    return cast("InvocationClock", import_module(_ADJUSTABLE_MODULE).AdjustableClock(parameter))


def wall_clock() -> WallClock:
    """The real time, in every stage."""
    return SystemWallClock()


def outage_clock(environ: Mapping[str, str] | None = None) -> WallClock:
    """The time that checkouts, breakers and the outage rules go by: the real one.

    A rehearsal may put it ahead by whole seconds, so that nobody waits for ten calm minutes. It
    stands apart from incident time, which drills move by days and back: a breaker that opened
    next week would stay open until then. Signatures, tokens and leases never ask this one.

    Raises:
        ImportError: as `incident_clock`.
    """
    ahead = (os.environ if environ is None else environ).get(AHEAD_VARIABLE, "")
    if not ahead:
        return SystemWallClock()
    return cast("WallClock", import_module(_ADJUSTABLE_MODULE).AheadClock(int(ahead)))


def _now() -> datetime:
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
