"""Overdue work: its holder is reminded, then the backup, then the commander, and then it stops.

Reminders that never stop are not read. So each person gets a number of them that the policy
names, at equal distances, and the next person in line comes after. A late sweep reminds each
person once, of the latest that has come.
"""

from datetime import datetime, timedelta

from tocsin.incidents.draft import CLOCK, Draft
from tocsin.incidents.events import Nagged
from tocsin.incidents.model import Clock, Incident
from tocsin.incidents.people import answerable
from tocsin.incidents.policy import Policy
from tocsin.incidents.vocabulary import ClockName, Role

WORK = {ClockName.CONTAIN: Role.MITIGATION_OWNER, ClockName.FIX: Role.MITIGATION_OWNER}
"""Whose work a clock is."""


def next_nag(clock: Clock, incident: Incident, policy: Policy) -> datetime | None:
    """When the next reminder falls; None when there is nothing overdue or nobody left to remind."""
    since = overdue_since(clock)
    if since is None or clock.name not in WORK:
        return None
    line = answerable(WORK[clock.name], incident, policy)
    if clock.nags >= policy.limits.nag_times * len(line):
        return None
    return since + (clock.nags + 1) * timedelta(minutes=policy.limits.nag_minutes)


def overdue_since(clock: Clock) -> datetime | None:
    """Since when nothing but reminders is left: no working deadline lies ahead."""
    if not clock.running or clock.pause is not None:
        return None
    return clock.reminded_at or clock.missed_at


def nag(draft: Draft, name: ClockName) -> None:
    """Reminds of one clock: everybody whose reminder has come since the last time, once."""
    clock, limits = draft.incident.clocks[name], draft.policy.limits
    since = overdue_since(clock)
    if since is None:
        return
    line = answerable(WORK[name], draft.incident, draft.policy)
    every = timedelta(minutes=limits.nag_minutes)
    last = min((draft.at - since) // every, limits.nag_times * len(line))
    come = range(clock.nags + 1, last + 1)
    asked = dict.fromkeys(line[(number - 1) // limits.nag_times] for number in come)
    draft.add(
        Nagged(
            actor=CLOCK,
            at=draft.at,
            occurred_at=since + last * every,
            clock=name,
            first=clock.nags + 1,
            number=last,
            due_at=since,
            people=tuple(asked),
        )
    )
