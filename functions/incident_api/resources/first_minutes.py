"""The first five minutes, as the API shows them to one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.incident_api.resources.read import etag
from tocsin.application.incidents import first_minutes as known
from tocsin.containment.suggest import Suggestion, suggest
from tocsin.incidents.queries.briefing import Change
from tocsin.runtime.web.answers import answer, view_of

if TYPE_CHECKING:
    from datetime import datetime

    from functions.incident_api.call import Call
    from tocsin.application.incidents.first_minutes import Countdown, Post
    from tocsin.incidents.queries.briefing import Brief, SeenBefore
    from tocsin.incidents.vocabulary import ClockName, Kind, Role, Severity, State
    from tocsin.runtime.web.http import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One person who was asked."""

    person: str
    last_at: datetime
    times: int
    acknowledged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """One thing to do; `code` is what a verb or a checklist item calls it."""

    code: str
    text: str
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseNow:
    """The first phase with something left to do."""

    title: str
    due_at: datetime | None
    items: tuple[ToDo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersNow:
    """What customers know: whether it was decided to tell them, first update, next promise."""

    told: bool | None
    first_at: datetime | None
    next_by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstMinutes:
    """What the person who was woken has to know, in the order they need it.

    `changes` went out in the hour before it began or since: releases, and deploys of the fix.
    `before` is the incident the same alarm had before. `brief` are the facts a page says too.
    `unscheduled` are clocks that wait for a release which nobody planned. `suggested` are at most
    three ways to contain it that fit what is known, the best first, each with why.
    """

    id: str
    name: str
    now: datetime
    title: str
    kind: Kind
    severity: Severity
    state: State
    detail: str
    service: str | None
    environment: str
    opened_at: datetime
    firing: bool
    mine: bool
    acknowledged_by: str | None
    asked: tuple[Asked, ...]
    nobody_on_call: tuple[Role, ...]
    roles: tuple[Post, ...]
    clocks: tuple[Countdown, ...]
    unscheduled: tuple[ClockName, ...]
    do_next: tuple[str, ...]
    phase: PhaseNow | None
    containment_choices: tuple[str, ...]
    suggested: tuple[Suggestion, ...]
    customers: CustomersNow
    changes: tuple[Change, ...]
    before: SeenBefore | None
    brief: Brief


def first(call: Call) -> Response:
    """What the person who was woken has to know."""
    found, application = call.standing(call.incident()).incident, call.application
    seen = known.first_minutes(
        found,
        person=call.caller.person,
        policy=application.policies.version(found.policy_version),
        at=call.now,
        store=application.store,
        releases=application.releases,
    )
    return answer(200, _view(seen), headers=etag(found))


def _view(seen: known.FirstMinutes) -> FirstMinutes:
    incident, customers = seen.incident, seen.incident.communication
    return view_of(
        FirstMinutes,
        incident,
        now=seen.at,
        detail=seen.detail,
        mine=seen.mine,
        acknowledged_by=incident.round.acknowledged_by if incident.round else None,
        asked=tuple(view_of(Asked, one, last_at=one.at) for one in seen.asked),
        nobody_on_call=seen.gaps,
        roles=seen.posts,
        clocks=seen.countdown,
        unscheduled=seen.unscheduled,
        do_next=tuple(one.text for one in seen.next),
        phase=_phase(seen),
        containment_choices=seen.choices,
        suggested=() if incident.contained else suggest(incident),
        customers=view_of(CustomersNow, customers.to_customers, told=customers.customers),
        changes=_changes(seen),
        before=seen.brief.before,
        brief=seen.brief,
    )


def _phase(seen: known.FirstMinutes) -> PhaseNow | None:
    if (phase := seen.phase) is None:
        return None
    items = tuple(
        ToDo(code=view.item.id, text=view.item.text, done=view.done) for view in phase.items
    )
    return view_of(PhaseNow, phase, items=items)


def _changes(seen: known.FirstMinutes) -> tuple[Change, ...]:
    found = [one for one in seen.brief.changes if one.at != seen.incident.fix.deployed_at]
    found += (
        Change(what=f"deploy of {deploy.commit}: {deploy.conclusion}", at=deploy.at)
        for deploy in seen.deploys
    )
    return tuple(sorted(found, key=lambda change: change.at))
