"""When people are reminded of what is overdue, and when the weekly review lists a fix."""

from datetime import UTC, datetime, time, timedelta

from tocsin.incidents.clocks.asked import answerable
from tocsin.incidents.clocks.promises import NEXT_RELEASE
from tocsin.incidents.model.incident import Clock, Incident
from tocsin.incidents.runbook.calendar import BusinessCalendar, load_zone
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.vocabulary import ClockName, Role

WORK = {ClockName.CONTAIN: Role.MITIGATION_OWNER, ClockName.FIX: Role.MITIGATION_OWNER}


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


_WEEK = timedelta(days=7)


def unscheduled(incident: Incident) -> Clock | None:
    """The fix clock, if it waits for a release: one nobody planned, or one that has not shipped."""
    clock = incident.clocks.get(ClockName.FIX)
    if clock is None or not clock.running or clock.target != NEXT_RELEASE:
        return None
    return clock


def next_review(incident: Incident, policy: Policy) -> datetime | None:
    """When it is listed next; None where there is nothing to list.

    A release that was planned is listed from the day after, as long as it has not shipped.
    """
    if (clock := unscheduled(incident)) is None:
        return None
    since = clock.listed_at or clock.started_at
    if clock.due_at is not None:
        release = incident.release
        if release is None or release.shipped_at is not None or not release.weekly:
            return None
        since = max(since, _end_of_day(policy.calendar, clock.due_at))
    return week_begins(policy.calendar, since)


def _end_of_day(calendar: BusinessCalendar, at: datetime) -> datetime:
    """The last moment of a day on the calendar's clocks."""
    local = at.astimezone(load_zone(calendar.zone))
    after = datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo)
    return after.astimezone(UTC) - timedelta(milliseconds=1)


def week_begins(calendar: BusinessCalendar, after: datetime) -> datetime:
    """The first working minute of a week, strictly after a moment."""
    local = after.astimezone(load_zone(calendar.zone))
    day = local.date() - timedelta(days=local.weekday())
    monday = datetime.combine(day, time(), local.tzinfo)
    opens = calendar.next_opening(monday)
    return opens if opens > after else calendar.next_opening(monday + _WEEK)
