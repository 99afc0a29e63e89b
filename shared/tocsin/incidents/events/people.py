"""Who was asked, who answered, who holds a role: the events, and what they make of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from tocsin.incidents import limits
from tocsin.incidents.events.base import Event
from tocsin.incidents.events.changes import Handlers, of_round, unchanged, with_clock
from tocsin.incidents.events.requests import without_offers
from tocsin.incidents.model.incident import Escalating, Incident, Request, Round, RoundReason
from tocsin.incidents.vocabulary import ClockName, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundStarted(Event):
    """People are asked to acknowledge again, from `started_at`.

    `ladder_start` is when the first page falls, where that is later. `why` is what was said to it.
    """

    type: ClassVar[str] = "round_started"

    number: int
    reason: RoundReason
    started_at: datetime
    due_at: datetime
    ladder_start: datetime | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged(Event):
    """A step of the paging ladder was taken.

    A late sweep takes the latest step for all since `first_step`: those between were skipped,
    but their people are among `people`. `mail` says that the severity sends mail only. Nobody
    to page is a fact worth a line too. `on_call` is who was on call for the roles asked first.
    `fresh` are those who are asked for the first time in the round; `raised` says that it is asked
    because of a raise.
    """

    type: ClassVar[str] = "paged"

    round: int
    first_step: int
    step: int
    due_at: datetime
    people: tuple[str, ...]
    mail: bool
    on_call: Mapping[Role, str] = field(default_factory=dict)
    fresh: tuple[str, ...] | None = None
    raised: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PagedInPart(Event):
    """Some of the people of a step that reaches more than one write holds; the step goes on.

    The last of them are in the step's `Paged`.
    """

    type: ClassVar[str] = "paged_in_part"

    round: int
    first_step: int
    step: int
    due_at: datetime
    people: tuple[str, ...]
    mail: bool
    fresh: tuple[str, ...] | None = None
    raised: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodyOnCall(Event):
    """A role that is asked first has nobody; `instead` is asked in its place.

    Said once for each role and round, whoever was paged for other roles.
    """

    type: ClassVar[str] = "nobody_on_call"

    role: Role
    round: int
    due_at: datetime
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated(Event):
    """Somebody asked for more people now, outside the ladder."""

    type: ClassVar[str] = "escalated"

    people: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationLeft(Event):
    """The rest of those somebody asked for: too many for one write, so the next ones page them.

    `apart`: in the name of who asks now, also while people that another one asked for are left.
    """

    type: ClassVar[str] = "escalation_left"

    people: tuple[str, ...]
    reason: str
    apart: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalatedFurther(Event):
    """Some of the rest were paged, because `by` had asked; `due_at`: each is to answer by then."""

    type: ClassVar[str] = "escalated_further"

    people: tuple[str, ...]
    reason: str
    by: str
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAsked(Event):
    """People were asked for by `by`, for the `times`-th time: each is to answer by `due_at`."""

    type: ClassVar[str] = "help_asked"

    people: tuple[str, ...]
    reason: str
    by: str
    due_at: datetime
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAnswered(Event):
    """A person who was asked for by hand is on it, or cannot; `by` had asked."""

    type: ClassVar[str] = "help_answered"

    person: str
    on_it: bool
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpUnanswered(Event):
    """Asked twice and no answer by `due_at`: `by` is told, and the person is asked no more."""

    type: ClassVar[str] = "help_unanswered"

    person: str
    by: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged(Event):
    """A person has it. `commander` says that they also took the empty commander role.

    `told` are others who were asked and hear of it with this, `stand_down` those who do next.
    """

    type: ClassVar[str] = "acknowledged"

    person: str
    round: int
    commander: bool
    told: tuple[str, ...] | None = None
    stand_down: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoodDown(Event):
    """Those who were asked in a round are told who has it."""

    type: ClassVar[str] = "stood_down"

    round: int
    person: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAssigned(Event):
    """A role has a new holder; `reason` is why it was passed on before they took it."""

    type: ClassVar[str] = "role_assigned"

    role: Role
    person: str
    previous: str | None
    briefing: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(Event):
    """A person gave up the roles they held; nobody has them now."""

    type: ClassVar[str] = "left"

    person: str
    roles: tuple[Role, ...]
    reason: str


def _round_started(incident: Incident, event: RoundStarted) -> Incident:
    started = Round(
        number=event.number,
        reason=event.reason,
        started_at=event.started_at,
        due_at=event.due_at,
        ladder_start=event.ladder_start or event.started_at,
        why=event.why,
    )
    return replace(incident, round=started)


def _paged(incident: Incident, event: Paged) -> Incident:
    current = of_round(incident, next_step=event.step + 1, already=(), **_asked(incident, event))
    if event.fresh is None or current is None:
        return replace(incident, round=current)
    return replace(incident, round=replace(current, asks=(current.asks or 0) + 1))


def _asked(incident: Incident, event: Paged | PagedInPart) -> dict[str, Any]:
    """What the round knows of whom it asked; entries of before do not say it."""
    if event.fresh is None or incident.round is None:
        return {}
    return {"paged": (*(incident.round.paged or ()), *event.fresh)}


def _paged_in_part(incident: Incident, event: PagedInPart) -> Incident:
    known = incident.round.already if incident.round else ()
    already = tuple(dict.fromkeys((*known, *event.people)))
    return replace(incident, round=of_round(incident, already=already, **_asked(incident, event)))


def _escalation_left(incident: Incident, event: EscalationLeft) -> Incident:
    if event.apart and incident.escalating is not None:
        left = Escalating(people=event.people, reason=event.reason, by=event.actor.id, at=event.at)
        return replace(incident, escalating_next=(*(incident.escalating_next or ()), left))
    before = incident.escalating.people if incident.escalating else ()
    left = Escalating(
        people=tuple(dict.fromkeys((*before, *event.people))),
        reason=event.reason,
        by=event.actor.id,
        at=event.at,
    )
    return replace(incident, escalating=left)


def _escalated_further(incident: Incident, event: EscalatedFurther) -> Incident:
    if (left := incident.escalating) is None:
        return incident
    if event.due_at is not None:
        incident = _with_requests(incident, event, event.due_at, times=1)
    people = tuple(person for person in left.people if person not in event.people)
    if people or not incident.escalating_next:
        return replace(incident, escalating=replace(left, people=people) if people else None)
    first, *later = incident.escalating_next
    return replace(incident, escalating=first, escalating_next=tuple(later) or None)


def _help_asked(incident: Incident, event: HelpAsked) -> Incident:
    return _with_requests(incident, event, event.due_at, times=event.times)


def _with_requests(
    incident: Incident, event: HelpAsked | EscalatedFurther, due_at: datetime, *, times: int
) -> Incident:
    kept = [
        one
        for one in incident.requests or ()
        if one.role is not None or one.person not in event.people
    ]
    asked = [
        Request(
            person=person,
            by=event.by,
            reason=limits.shortened(event.reason, limits.LINE),
            at=event.at,
            due_at=due_at,
            times=times,
        )
        for person in event.people
    ]
    return replace(incident, requests=(*kept, *asked))


def _answered(incident: Incident, event: HelpAnswered) -> Incident:
    left = tuple(one for one in incident.requests or () if one.person != event.person)
    return replace(incident, requests=left or None)


def _unanswered(incident: Incident, event: HelpUnanswered) -> Incident:
    left = tuple(
        one for one in incident.requests or () if one.role is not None or one.person != event.person
    )
    return replace(incident, requests=left or None)


def _nobody_on_call(incident: Incident, event: NobodyOnCall) -> Incident:
    known = incident.round.uncovered if incident.round else ()
    return replace(incident, round=of_round(incident, uncovered=(*known, event.role)))


def _acknowledged(incident: Incident, event: Acknowledged) -> Incident:
    current = of_round(incident, acknowledged_at=event.at, acknowledged_by=event.person)
    if current is not None and event.stand_down:
        current = replace(current, to_tell=event.stand_down)
    clocks, roles = incident.clocks, incident.roles
    if clocks[ClockName.ACKNOWLEDGE].running:
        clocks = with_clock(incident, ClockName.ACKNOWLEDGE, stopped_at=event.at)
    if event.commander:
        roles = {**roles, Role.INCIDENT_COMMANDER: event.person}
    return replace(incident, round=current, clocks=clocks, roles=roles)


def _stood_down(incident: Incident, event: StoodDown) -> Incident:
    known = incident.round.to_tell if incident.round else None
    left = tuple(person for person in known or () if person not in event.people)
    return replace(incident, round=of_round(incident, to_tell=left or None))


def _left(incident: Incident, event: Left) -> Incident:
    kept = {role: person for role, person in incident.roles.items() if role not in event.roles}
    return without_offers(replace(incident, roles=kept), event.roles)


def _role_assigned(incident: Incident, event: RoleAssigned) -> Incident:
    roles = {**incident.roles, event.role: event.person}
    return without_offers(replace(incident, roles=roles), (event.role,))


HANDLERS: Handlers = {
    RoundStarted: _round_started,
    Paged: _paged,
    NobodyOnCall: _nobody_on_call,
    Escalated: unchanged,
    PagedInPart: _paged_in_part,
    EscalationLeft: _escalation_left,
    EscalatedFurther: _escalated_further,
    HelpAsked: _help_asked,
    HelpAnswered: _answered,
    HelpUnanswered: _unanswered,
    Acknowledged: _acknowledged,
    StoodDown: _stood_down,
    RoleAssigned: _role_assigned,
    Left: _left,
}
