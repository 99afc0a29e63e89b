"""The first five minutes: what the person who was woken has to know, in the order they need it.

Is it real and is it mine, who else was asked, until when, what to do next, what may be done
safely, what customers know, what changed before it began, and whether it was seen before. All of
it is read from the record; nothing here is a second truth, and nothing changes.

The first facts of an incident, with what only stores know: what went out, what was before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tocsin.incidents import limits
from tocsin.incidents.events.fix import Deployed
from tocsin.incidents.events.fold import event_of
from tocsin.incidents.events.opening import Opened
from tocsin.incidents.events.people import (
    Acknowledged,
    Escalated,
    EscalatedFurther,
    HelpAnswered,
    HelpAsked,
    Paged,
    PagedInPart,
)
from tocsin.incidents.queries.briefing import Brief, Change, SeenBefore, brief
from tocsin.incidents.queries.checklist import phases
from tocsin.incidents.queries.priorities import priorities
from tocsin.incidents.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.incidents.events.base import Event
    from tocsin.incidents.model.incident import Clock, Incident
    from tocsin.incidents.queries.checklist import PhaseView
    from tocsin.incidents.queries.priorities import Priority
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.incidents.vocabulary import ClockName
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.releases import ReleaseStore


_CHOICES = "choose-containment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One person who was asked: when last, how often, and whether they have it."""

    person: str
    at: datetime
    times: int
    acknowledged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A role, its holder in this incident and who is on call for it; both None is red."""

    role: Role
    holder: str | None
    on_call: str | None
    backup: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """A clock that runs and the minutes that are left of it; below zero it is late by as many.

    Until `paused_until` it stands still, and so does what is left of it.
    """

    clock: ClockName
    due_at: datetime
    minutes_left: int
    paused_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstMinutes:
    """Everything, as it stands at `at`. `brief` is what the page says too."""

    brief: Brief
    incident: Incident
    at: datetime
    detail: str
    mine: bool
    asked: tuple[Asked, ...]
    gaps: tuple[Role, ...]
    posts: tuple[Post, ...]
    countdown: tuple[Countdown, ...]
    unscheduled: tuple[ClockName, ...]
    phase: PhaseView | None
    next: tuple[Priority, ...]
    choices: tuple[str, ...]
    deploys: tuple[Deployed, ...]


def first_minutes(
    incident: Incident,
    *,
    person: str,
    policy: Policy,
    at: datetime,
    store: IncidentStore,
    releases: ReleaseStore | None,
) -> FirstMinutes:
    """What `person` needs to know; `policy` has the people on call in its roster."""
    events = [event_of(entry) for entry in store.entries(incident.id)]
    opened = next(event for event in events if isinstance(event, Opened))
    asked = _asked(events)
    posts = tuple(_post(role, incident, policy) for role in Role)
    holds = person in incident.roles.values()
    return FirstMinutes(
        brief=brief_of(incident, policy=policy, at=at, store=store, releases=releases),
        incident=incident,
        at=at,
        detail=opened.detail,
        mine=holds or any(one.person == person for one in asked),
        asked=asked,
        gaps=incident.round.uncovered if incident.round else (),
        posts=posts,
        countdown=tuple(filter(None, (_left(clock, at) for clock in incident.clocks.values()))),
        unscheduled=tuple(clock.name for clock in incident.clocks.values() if clock.unscheduled),
        phase=_phase(phases(incident, policy, at)),
        next=priorities(incident, policy, at),
        choices=tuple(item.text for item in policy.checklist if item.parent == _CHOICES),
        deploys=tuple(event for event in events if isinstance(event, Deployed)),
    )


def _asked(events: Sequence[Event]) -> tuple[Asked, ...]:
    times: dict[str, int] = {}
    last: dict[str, datetime] = {}
    have: set[str] = set()
    for event in events:
        if isinstance(event, Paged | PagedInPart | Escalated | EscalatedFurther | HelpAsked):
            for person in event.people:
                times[person] = times.get(person, 0) + 1
                last[person] = event.at
        elif isinstance(event, Acknowledged) or (isinstance(event, HelpAnswered) and event.on_it):
            have.add(event.person)
    return tuple(
        Asked(person=person, at=last[person], times=count, acknowledged=person in have)
        for person, count in times.items()
    )


def _post(role: Role, incident: Incident, policy: Policy) -> Post:
    roster = policy.roster
    return Post(
        role=role,
        holder=incident.roles.get(role),
        on_call=roster.primary.get(role),
        backup=roster.backup.get(role),
    )


def _left(clock: Clock, at: datetime) -> Countdown | None:
    due = clock.recovery_due or clock.due_at
    if due is None or not clock.running:
        return None
    return Countdown(
        clock=clock.name,
        due_at=due,
        minutes_left=(due - clock.counted_to(at)) // timedelta(minutes=1),
        paused_until=None if clock.pause is None else clock.pause.until,
    )


def _phase(found: Sequence[PhaseView]) -> PhaseView | None:
    """The first phase that still has something to do."""
    return next(
        (phase for phase in found if any(view.settled is None for view in phase.items)), None
    )


LOOK_BACK = timedelta(hours=1)

"""How long before the incident a change is worth a look."""

_CUT_BEFORE = timedelta(days=30)

_PAGES = 10

_FIRST = datetime(limits.YEARS[0], 1, 1, tzinfo=UTC)
"""Nothing went out before; what a record from before there were bounds says may be earlier."""


def brief_of(
    incident: Incident,
    *,
    policy: Policy,
    at: datetime,
    store: IncidentStore,
    releases: ReleaseStore | None,
) -> Brief:
    """The facts as they stand at `at`; `policy` has the people on call in its roster.

    Raises:
        StoreUnavailable: they could not be read.
    """
    return brief(
        incident,
        policy,
        at,
        changes=_changes(incident, releases),
        before=_before(incident, store),
    )


def opened_with(incident: Incident, store: IncidentStore) -> str:
    """The description it was opened with, which its first entry has.

    Raises:
        StoreUnavailable: it could not be read.
    """
    entries = store.entries(incident.id, limit=1)
    opened = event_of(entries[0]) if entries else None
    return opened.detail if isinstance(opened, Opened) else ""


def _changes(incident: Incident, releases: ReleaseStore | None) -> Iterator[Change]:
    """What went out of the service in the hour before it began, and since."""
    if incident.fix.deployed_at is not None:
        yield Change(what=f"deploy of the fix {incident.fix.commit}", at=incident.fix.deployed_at)
    if releases is None or incident.service is None:
        return
    began = min(incident.began_at or incident.opened_at, incident.opened_at)
    since = max(began, _FIRST) - LOOK_BACK
    cursor: str | None = None
    for _ in range(_PAGES):
        page = releases.page(incident.service, cut_after=since - _CUT_BEFORE, cursor=cursor)
        for each in page.releases:
            if each.shipped_at is not None and each.shipped_at >= since:
                what = f"{each.kind} {each.release} of {each.service}"
                yield Change(what=what, at=each.shipped_at)
        if (cursor := page.cursor) is None:
            return


def _before(incident: Incident, store: IncidentStore) -> SeenBefore | None:
    """The incident the first entry names; of a restricted one no more than that it was."""
    entries = store.entries(incident.id, limit=1)
    opened = event_of(entries[0]) if entries else None
    if not isinstance(opened, Opened) or opened.previous is None:
        return None
    if (found := store.load(opened.previous)) is None:
        return None
    learnt = found.postmortem
    return SeenBefore(
        incident=found.id,
        name=found.name,
        title="restricted" if found.restricted else found.title,
        resolution=None if found.resolution is None else str(found.resolution),
        closed_at=found.closed_at,
        postmortem=None if learnt is None or found.restricted else learnt.url,
    )
