"""Who is on call: asked by everybody, changed by commanders and by who takes over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from functions.incident_api import answers_oncall as shape
from functions.incident_api.once import once
from tocsin.application.people.rotations import DutyDesk
from tocsin.documents.ical import MEDIA_TYPE, calendar
from tocsin.errors import BadInput, InvalidSettings
from tocsin.incidents.timeline.codec import encode_fields
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import Role
from tocsin.people import rotation as r
from tocsin.runtime.web.fields import Fields, word
from tocsin.runtime.web.http import answer, document

if TYPE_CHECKING:
    from datetime import datetime

    from functions.incident_api.call import Call
    from tocsin.runtime.web.http import Response

_AHEAD = timedelta(days=28)
_CALENDAR_AHEAD = timedelta(days=180)


def on_call(call: Call) -> Response:
    """Who is on call now, or at another time."""
    at = _moment(call, "at") or call.now
    desk = _desk(call)
    roles = [_place(role, people) for role, people in desk.duty(at).roles.items()]
    lead = desk.policy.roster.engineering_lead
    return answer(200, shape.OnCall(at=format_time(at), roles=roles, engineering_lead=lead))


def shifts(call: Call) -> Response:
    """The days ahead, four weeks unless told otherwise."""
    return answer(200, shape.Shifts(shifts=[_shift(each) for each in _shifts(call, _AHEAD)]))


def ical(call: Call) -> Response:
    """The days ahead as a calendar to subscribe to."""
    text = calendar(_shifts(call, _CALENDAR_AHEAD), name="Tocsin on call", now=call.now)
    return document(200, text, MEDIA_TYPE)


def rota(call: Call) -> Response:
    """A role's rotation and overrides."""
    role, desk = _role(call), _desk(call)
    found = desk.rota(role)
    view = shape.Rota(
        role=role,
        rotation=None if found.rotation is None else _rotation(found.rotation),
        overrides=[_override(each) for each in found.overrides],
        past=[_rotation(each) for each in desk.rotas.past(role)],
    )
    return answer(200, view)


def set_rotation(call: Call) -> Response:
    """Says who takes turns; the same again changes nothing."""
    given = call.body()
    asked = r.Rotation(
        role=_role(call),
        zone=given.text("zone"),
        starts_at=_required(given, "starts_at"),
        length_days=given.number("length_days") or 7,
        members=given.texts("members"),
        backups=given.texts("backups"),
        deputies=given.texts("deputies"),
    )
    given.done()
    desk = _desk(call)

    def act() -> tuple[Response, str]:
        return answer(200, _rotation(desk.set_rotation(asked))), ""

    def again(_: str) -> Response:
        found = desk.rota(asked.role).rotation
        return answer(200, _rotation(asked if found is None else found))

    return once(call, encode_fields(asked), act, again)


def add_override(call: Call) -> Response:
    """Puts a person in the place of whoever's turn it is, until it ends."""
    given = call.body()
    asked = r.Override(
        id="",
        role=_role(call),
        rank=given.word("rank", r.Rank, r.Rank.PRIMARY),
        person=given.text("person"),
        starts_at=given.moment("starts_at") or call.now,
        ends_at=_required(given, "ends_at"),
        reason=given.text("reason", ""),
    )
    given.done()
    key = call.key or call.application.ids.unique_id()
    made, new = _desk(call).override(asked, key=key)
    headers = {} if new else {"idempotency-replayed": "true"}
    return answer(201 if new else 200, _override(made), headers=headers)


def end_override(call: Call) -> Response:
    """Ends an override now."""
    given = call.body()
    override = given.text("override")
    given.done()
    role, desk = _role(call), _desk(call)
    return once(
        call,
        {"role": role.value, "override": override},
        lambda: (answer(200, _override(desk.end_override(role, override))), override),
        lambda ended: answer(200, _override(desk.ended(role, ended))),
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


def _required(given: Fields, name: str) -> datetime:
    if (moment := given.moment(name)) is None:
        raise BadInput(f"`{name}` is missing", field=name)
    return moment


def _optional(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def _place(role: Role, people: r.OnCall) -> shape.Place:
    return {
        "role": role,
        "primary": people.primary,
        "backup": people.backup,
        "deputies": [*people.deputies],
    }


def _shift(shift: r.Shift) -> shape.Shift:
    place = _place(shift.role, shift.on_call)
    return {
        "role": place["role"],
        "starts_at": format_time(shift.starts_at),
        "ends_at": format_time(shift.ends_at),
        "primary": place["primary"],
        "backup": place["backup"],
        "deputies": place["deputies"],
    }


def _rotation(rotation: r.Rotation) -> shape.Rotation:
    return {
        "role": rotation.role,
        "zone": rotation.zone,
        "starts_at": format_time(rotation.starts_at),
        "length_days": rotation.length_days,
        "members": [*rotation.members],
        "backups": [*rotation.backups],
        "deputies": [*rotation.deputies],
        "set_by": rotation.set_by,
        "set_at": _optional(rotation.set_at),
    }


def _override(override: r.Override) -> shape.Override:
    return {
        "id": override.id,
        "role": override.role,
        "rank": override.rank,
        "person": override.person,
        "starts_at": format_time(override.starts_at),
        "ends_at": format_time(override.ends_at),
        "reason": override.reason,
        "set_by": override.set_by,
        "set_at": _optional(override.set_at),
    }
