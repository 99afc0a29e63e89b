"""Heartbeats: what is expected to beat, when it last did, and beats that come by the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.incident_api.bodies import HeartbeatSchedule, Nothing
from functions.incident_api.idempotency import once
from tocsin.application.heartbeats.keep import HeartbeatDesk
from tocsin.errors import GroupRequired, InvalidSettings
from tocsin.incidents import limits
from tocsin.incidents.model.heartbeats import Heartbeat as Kept
from tocsin.incidents.model.heartbeats import usual_grace
from tocsin.incidents.timeline.codec import encode_fields
from tocsin.incidents.vocabulary import RESPONDERS
from tocsin.runtime.web.answers import answer, view_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from functions.incident_api.call import Call
    from tocsin.runtime.web.http import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """One heartbeat. `expected_by` is when it is missed, `missed_at` since when it is missing.

    `path` ends the address where it beats without a login; it is told once, when it is made.
    """

    name: str
    every_seconds: int
    grace_seconds: int
    service: str | None
    environment: str
    drill: bool
    set_by: str
    set_at: datetime
    last_at: datetime | None
    expected_by: datetime
    missed_at: datetime | None
    path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeats:
    """All that are expected, by name."""

    heartbeats: tuple[Heartbeat, ...]


def listed(call: Call) -> Response:
    """What is expected to beat, and when it last did."""
    found = tuple(_view(one) for one in _desk(call).listed())
    return answer(200, Heartbeats(heartbeats=found))


def schedule(call: Call) -> Response:
    """Says how often something beats; its address is in the answer where it is new."""
    _responder(call)
    given = call.read(HeartbeatSchedule)
    asked = Kept(
        name=_name(call),
        every_seconds=given.every_seconds,
        grace_seconds=given.grace_seconds or usual_grace(given.every_seconds),
        service=limits.line("service", given.service) if given.service else None,
        environment=limits.line("environment", given.environment),
        drill=given.drill,
        set_by=call.caller.person,
        set_at=call.now,
    )

    def act() -> tuple[Response, str]:
        proof = call.application.ids.salt()
        made = _desk(call).set(asked, proof=proof, new_address=given.new_address)
        path = f"/beat/{made.token}" if made.token else None
        return answer(200, _view(made.heartbeat, path)), asked.name

    wish = {"name": asked.name, **encode_fields(given)}
    return once(call, wish, act, lambda _: _standing(call))


def beat(call: Call) -> Response:
    """Puts down that it came now."""
    return _changed(call, _desk(call).beat)


def remove(call: Call) -> Response:
    """Expects it no longer; an incident it opened hears that its source is gone."""
    return _changed(call, _desk(call).remove)


def _changed(call: Call, change: Callable[[str], Kept]) -> Response:
    _responder(call)
    call.read(Nothing)
    name = _name(call)
    return once(
        call,
        {"name": name},
        lambda: (answer(200, _view(change(name))), name),
        lambda _: _standing(call),
    )


def _standing(call: Call) -> Response:
    """As it is now; what is repeated was done."""
    return answer(200, _view(_desk(call).known(_name(call))))


def _responder(call: Call) -> None:
    if not call.caller.groups & RESPONDERS:
        raise GroupRequired("only responders say what is expected to beat, and that it has")


def _desk(call: Call) -> HeartbeatDesk:
    if (store := call.application.heartbeats) is None:
        raise InvalidSettings("this function was not given the operations table")
    return HeartbeatDesk(store=store, now=call.application.clock.incident_now)


def _name(call: Call) -> str:
    return call.request.path_parameters.get("name", "")


def _view(heartbeat: Kept, path: str | None = None) -> Heartbeat:
    return view_of(Heartbeat, heartbeat, path=path)
