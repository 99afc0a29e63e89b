"""Who is on call: asked by everybody, changed by commanders and by who takes over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from functions.incident_api.bodies import EndedOverride, Replacement, Turns
from functions.incident_api.idempotency import once
from functions.incident_api.known import refuse_unknown
from tocsin.application.people.contact_messages import TURNS
from tocsin.application.people.rotations import DutyDesk
from tocsin.documents.ical import MEDIA_TYPE, calendar
from tocsin.documents.turns import changed_turns
from tocsin.errors import InvalidSettings, TocsinError
from tocsin.incidents.timeline.codec import encode_fields
from tocsin.incidents.vocabulary import Group, Role
from tocsin.notes import Event
from tocsin.people import rotation as r
from tocsin.people.turns import ChangedTurn, concerned
from tocsin.runtime.web.answers import answer, view_of
from tocsin.runtime.web.fields import Fields, word
from tocsin.runtime.web.http import document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from functions.incident_api.call import Call
    from tocsin.runtime.web.http import Response

_AHEAD = timedelta(days=28)
_CALENDAR_AHEAD = timedelta(days=180)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallRole:
    """Who is asked for one role, in order; `primary` null: nobody is on call."""

    role: Role
    primary: str | None
    backup: str | None
    deputies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """Who is on call at an instant. `engineering_lead` is asked whatever the rotations say."""

    at: datetime
    roles: tuple[OnCallRole, ...]
    engineering_lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """A role's rotation, its overrides that are not over, and the rotations it had before."""

    role: Role
    rotation: r.Rotation | None
    overrides: tuple[r.Override, ...]
    past: tuple[r.Rotation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A stretch of time with the same people on call."""

    role: Role
    starts_at: datetime
    ends_at: datetime
    primary: str | None
    backup: str | None
    deputies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedTurns:
    """The stretches of the next 180 days in which another would be on call, and who they are."""

    turns: tuple[ChangedTurn, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifts:
    """The days ahead."""

    shifts: tuple[Shift, ...]


def on_call(call: Call) -> Response:
    """Who is on call now, or at another time."""
    at = _moment(call, "at") or call.now
    desk = _desk(call)
    roles = tuple(
        view_of(OnCallRole, people, role=role) for role, people in desk.duty(at).roles.items()
    )
    lead = desk.policy.roster.engineering_lead
    return answer(200, OnCall(at=at, roles=roles, engineering_lead=lead))


def shifts(call: Call) -> Response:
    """The days ahead, four weeks unless told otherwise."""
    found = tuple(
        view_of(Shift, each.on_call, role=each.role, starts_at=each.starts_at, ends_at=each.ends_at)
        for each in _shifts(call, _AHEAD)
    )
    return answer(200, Shifts(shifts=found))


def ical(call: Call) -> Response:
    """The days ahead as a calendar to subscribe to."""
    text = calendar(_shifts(call, _CALENDAR_AHEAD), name="Tocsin on call", now=call.now)
    return document(200, text, MEDIA_TYPE)


def rota(call: Call) -> Response:
    """A role's rotation and overrides."""
    role, desk = _role(call), _desk(call)
    past = tuple(desk.rotas.past(role))
    return answer(200, view_of(Rota, desk.rota(role), role=role, past=past))


def preview_rotation(call: Call) -> Response:
    """Whose turns would be others'; changes nothing."""
    turns = call.read(Turns)
    found = _desk(call).preview(_asked(call, turns), at_once=turns.at_once)
    _refuse_unknown(call, turns)
    return answer(200, ChangedTurns(turns=found, people=concerned(found)))


def _refuse_unknown(call: Call, turns: Turns) -> None:
    """Turns of somebody nobody knows would be nobody's; an empty name is meant to be."""
    if Group.COMMANDER in call.caller.groups:  # to all others it is refused anyway
        refuse_unknown(call, (*turns.members, *turns.backups, *turns.deputies))


def _asked(call: Call, turns: Turns) -> r.Rotation:
    return r.Rotation(
        role=_role(call),
        zone=turns.zone,
        starts_at=turns.starts_at,
        length_days=turns.length_days,
        members=turns.members,
        backups=turns.backups,
        deputies=turns.deputies,
    )


def set_rotation(call: Call) -> Response:
    """Says who takes turns, and tells whose turns that changes; the same again changes nothing."""
    turns = call.read(Turns)
    asked, desk = _asked(call, turns), _desk(call)

    def act() -> tuple[Response, str]:
        found = desk.preview(asked, at_once=turns.at_once)
        _refuse_unknown(call, turns)
        made = desk.set_rotation(asked, at_once=turns.at_once)
        _tell(call, asked, found)
        return answer(200, made), ""

    def again(_: str) -> Response:
        found = desk.rota(asked.role).rotation
        return answer(200, asked if found is None else found)

    return once(call, encode_fields(asked), act, again)


def _tell(call: Call, rotation: r.Rotation, turns: Sequence[ChangedTurn]) -> None:
    """Tells each whose turns have changed; who cannot be told now sees it in their calendar."""
    for person in concerned(turns):
        mine = [one for one in turns if person in (one.before, one.after)]
        text = changed_turns(person, rotation, mine, by=call.caller.person)
        wish = {"person": person, "purpose": TURNS, "text": text}
        try:
            told = call.people.notify({"contact": wish}) if call.people is not None else {}
        except TocsinError as error:
            call.watch.journal.refused(Event.CONTACT_MESSAGE, error, purpose=TURNS)
            continue
        if "problem" in told:
            call.watch.journal.info(
                Event.CONTACT_MESSAGE, purpose=TURNS, problem=str(told["problem"])
            )


def add_override(call: Call) -> Response:
    """Puts a person in the place of whoever's turn it is, until it ends."""
    wanted, desk = call.read(Replacement), _desk(call)
    asked = r.Override(
        id="",
        role=_role(call),
        rank=wanted.rank,
        person=wanted.person,
        starts_at=wanted.starts_at or call.now,
        ends_at=wanted.ends_at,
        reason=wanted.reason,
    )
    key = call.key or call.application.ids.unique_id()

    def act() -> tuple[Response, str]:
        if Group.COMMANDER in call.caller.groups:
            refuse_unknown(call, (wanted.person,))
        made, new = desk.override(asked, key=key, from_now=wanted.starts_at is None)
        headers = {} if new else {"idempotency-replayed": "true"}
        return answer(201 if new else 200, made, headers=headers), made.id

    wish = {"role": asked.role.value, **encode_fields(wanted)}
    return once(call, wish, act, lambda made: answer(200, desk.ended(asked.role, made)))


def end_override(call: Call) -> Response:
    """Ends an override now."""
    override = call.read(EndedOverride).override
    role, desk = _role(call), _desk(call)
    return once(
        call,
        {"role": role.value, "override": override},
        lambda: (answer(200, desk.end_override(role, override)), override),
        lambda ended: answer(200, desk.ended(role, ended)),
    )


def _desk(call: Call) -> DutyDesk:
    if (on_duty := call.application.on_duty) is None:
        raise InvalidSettings("this function was not given the operations table")
    return DutyDesk(
        rotas=on_duty.rotas,
        policy=on_duty.policies.current(),
        person=call.caller.person,
        groups=call.caller.groups,
        now=call.now,
    )


def _role(call: Call) -> Role:
    return word("role", call.request.path_parameters.get("role", ""), Role)


def _shifts(call: Call, ahead: timedelta) -> list[r.Shift]:
    query = call.request.query
    roles = (word("role", query["role"], Role),) if "role" in query else tuple(Role)
    start = _moment(call, "from") or call.now
    return _desk(call).shifts(roles, start, _moment(call, "to") or start + ahead)


def _moment(call: Call, name: str) -> datetime | None:
    query = call.request.query
    return Fields({name: query[name]}).moment(name) if name in query else None
