"""Overdue work: its holder is reminded, then the backup, then the commander, and then it stops.

Reminders that never stop are not read. So each person gets a number of them that the policy
names, at equal distances, and the next person in line comes after. A late sweep reminds each
person once, of the latest that has come.

What the weekly security review has to see: a fix that waits for a release nobody planned.

Such a clock has no time to be late for, so nothing else would ever bring it up again. It is listed
at the first working minute of each week, in the hours of the team's calendar.
"""

from datetime import timedelta

from tocsin.incidents.clocks.asked import answerable, holder
from tocsin.incidents.events.fix import LeftUnscheduled
from tocsin.incidents.events.severity import Nagged
from tocsin.incidents.queries.reminders import (
    WORK,
    next_review,
    overdue_since,
    unscheduled,
    week_begins,
)
from tocsin.incidents.rules.draft import CLOCK, Draft
from tocsin.incidents.vocabulary import ClockName, Role


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


_TOLD = (Role.SECURITY_OWNER, Role.INCIDENT_COMMANDER)


def left_unscheduled(draft: Draft) -> None:
    """Lists it for the latest review that has come; those a late sweep slept through are gone."""
    due = next_review(draft.incident, draft.policy)
    if due is None:
        return
    while (later := week_begins(draft.policy.calendar, due)) <= draft.at:
        due = later
    clock = unscheduled(draft.incident)
    told = (holder(role, draft.incident, draft.policy) for role in _TOLD)
    draft.add(
        LeftUnscheduled(
            actor=CLOCK,
            at=draft.at,
            occurred_at=due,
            due_at=due,
            people=tuple(dict.fromkeys(person for person in told if person)),
            planned_at=clock.due_at if clock is not None else None,
        )
    )
