"""Pausing the fix clock: by the commander, with a reason, for a day at most (semantics 2).

Only the fix clock can pause. What a pause cost is charged in the kind of time the target counts
in, so a pause of four business hours moves a business deadline by exactly four business hours.
"""

from datetime import datetime, timedelta

from tocsin.errors import BadInput, IllegalTransition
from tocsin.incidents import clocks
from tocsin.incidents import commands_response as c
from tocsin.incidents.draft import CLOCK, Draft, reason_of
from tocsin.incidents.events_response import FixPaused, FixResumed
from tocsin.incidents.model import Clock
from tocsin.incidents.vocabulary import ClockName, Role

_MS = timedelta(milliseconds=1)
BUSINESS = "business_days"


def pause(draft: Draft, command: c.PauseFix) -> None:
    """Stops counting.

    Raises:
        IllegalTransition: it is paused already, does not run, or waits for a release.
        BadInput: for no time, or longer than the policy allows.
    """
    draft.require_open()
    draft.require(Role.INCIDENT_COMMANDER)
    clock = draft.incident.clocks.get(ClockName.FIX)
    if clock is None or not clock.running or clock.target == clocks.NEXT_RELEASE:
        raise IllegalTransition("there is no running time to pause")
    if clock.pause is not None:
        raise IllegalTransition("the fix clock is paused already")
    if not 0 < command.minutes <= draft.policy.limits.pause_minutes:
        raise BadInput(f"a pause takes 1 to {draft.policy.limits.pause_minutes} minutes")
    until = draft.at + timedelta(minutes=command.minutes)
    draft.add(FixPaused(**draft.stamp, until=until, reason=reason_of(command.reason)))


def resume(draft: Draft, _command: c.ResumeFix) -> None:
    """Counts on, before the pause is over."""
    draft.require_open()
    draft.require(Role.INCIDENT_COMMANDER)
    clock = draft.incident.clocks.get(ClockName.FIX)
    if clock is None or clock.pause is None:
        raise IllegalTransition("the fix clock is not paused")
    _resume(draft, clock, draft.at, by_clock=False)


def end(draft: Draft) -> None:
    """The longest time of a pause is over: counts on from that moment, however late it is seen."""
    clock = draft.incident.clocks[ClockName.FIX]
    if clock.pause is not None:
        _resume(draft, clock, clock.pause.until, by_clock=True)


def _resume(draft: Draft, clock: Clock, resumed_at: datetime, *, by_clock: bool) -> None:
    started_at = clock.pause.started_at if clock.pause else resumed_at
    business = draft.policy.calendar.between(started_at, resumed_at)
    elapsed = resumed_at - started_at
    stamp = draft.stamp
    if by_clock:
        stamp |= {"actor": CLOCK, "occurred_at": resumed_at}
    draft.add(
        FixResumed(
            **stamp,
            resumed_at=resumed_at,
            business_ms=business // _MS,
            elapsed_ms=elapsed // _MS,
            old_due=clock.due_at,
            new_due=_moved(draft, clock, clock.due_at, business, elapsed),
            recovery_due=_moved(draft, clock, clock.recovery_due, business, elapsed),
        )
    )


def _moved(
    draft: Draft, clock: Clock, due: datetime | None, business: timedelta, elapsed: timedelta
) -> datetime | None:
    if due is None or clock.target == clocks.NEXT_RELEASE:
        return due
    if clock.target.startswith(BUSINESS):
        return draft.policy.calendar.add(due, business)
    return due + elapsed
