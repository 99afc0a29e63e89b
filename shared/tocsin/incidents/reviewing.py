"""What the weekly security review has to see: a fix that waits for a release nobody planned.

Such a clock has no time to be late for, so nothing else would ever bring it up again. It is listed
at the first working minute of each week, in the hours of the team's calendar.
"""

from datetime import datetime, time, timedelta

from tocsin.incidents.calendar import BusinessCalendar, load_zone
from tocsin.incidents.clocks import NEXT_RELEASE
from tocsin.incidents.draft import CLOCK, Draft
from tocsin.incidents.events_response import LeftUnscheduled
from tocsin.incidents.model import Clock, Incident
from tocsin.incidents.people import holder
from tocsin.incidents.policy import Policy
from tocsin.incidents.vocabulary import ClockName, Role

_WEEK = timedelta(days=7)
_TOLD = (Role.SECURITY_OWNER, Role.INCIDENT_COMMANDER)


def unscheduled(incident: Incident) -> Clock | None:
    """The fix clock, if it waits for a release that nobody has planned yet."""
    clock = incident.clocks.get(ClockName.FIX)
    if clock is None or not clock.running or clock.target != NEXT_RELEASE:
        return None
    return clock if clock.due_at is None else None


def next_review(incident: Incident, policy: Policy) -> datetime | None:
    """When it is listed next; None where there is nothing to list."""
    if (clock := unscheduled(incident)) is None:
        return None
    return week_begins(policy.calendar, clock.listed_at or clock.started_at)


def week_begins(calendar: BusinessCalendar, after: datetime) -> datetime:
    """The first working minute of a week, strictly after a moment."""
    local = after.astimezone(load_zone(calendar.zone))
    day = local.date() - timedelta(days=local.weekday())
    monday = datetime.combine(day, time(), local.tzinfo)
    opens = calendar.next_opening(monday)
    return opens if opens > after else calendar.next_opening(monday + _WEEK)


def left_unscheduled(draft: Draft) -> None:
    """Lists it for the latest review that has come; those a late sweep slept through are gone."""
    due = next_review(draft.incident, draft.policy)
    if due is None:
        return
    while (later := week_begins(draft.policy.calendar, due)) <= draft.at:
        due = later
    told = (holder(role, draft.incident, draft.policy) for role in _TOLD)
    draft.add(
        LeftUnscheduled(
            actor=CLOCK,
            at=draft.at,
            occurred_at=due,
            due_at=due,
            people=tuple(dict.fromkeys(person for person in told if person)),
        )
    )
