"""Maintenance windows: for how long what opens nothing, who said so and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from functions.incident_api.bodies import Maintenance
from functions.incident_api.idempotency import once
from tocsin.application.signals.maintenance import MaintenanceDesk
from tocsin.errors import GroupRequired
from tocsin.incidents.model.maintenance import Window
from tocsin.incidents.timeline.codec import encode_fields
from tocsin.incidents.vocabulary import RESPONDERS
from tocsin.runtime.web.answers import answer, view_of

if TYPE_CHECKING:
    from datetime import datetime

    from functions.incident_api.call import Call
    from tocsin.runtime.web.http import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindow:
    """One window; `running` says whether it holds anything back now."""

    id: str
    starts_at: datetime
    ends_at: datetime
    running: bool
    service: str | None
    source: str | None
    pattern: str | None
    environment: str | None
    reason: str
    set_by: str
    set_at: datetime
    ended_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindows:
    """Those that run, those to come and those that ended of late, by their beginning."""

    windows: tuple[MaintenanceWindow, ...]


def listed(call: Call) -> Response:
    """What holds something back, will, or did of late."""
    found = MaintenanceDesk(ports=call.application).listed()
    return answer(200, MaintenanceWindows(windows=tuple(_view(call, one) for one in found)))


def set_window(call: Call) -> Response:
    """From when, for how long, and what is held back."""
    _responder(call)
    given = call.read(Maintenance)
    starts_at = given.starts_at or call.now
    asked = Window(
        id=f"m-{call.application.ids.salt().hex()[:8]}",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=given.minutes),
        set_by=call.caller.person,
        set_at=call.now,
        reason=given.reason,
        service=given.service,
        source=given.source,
        pattern=given.pattern,
        environment=given.environment,
    )
    desk = MaintenanceDesk(ports=call.application)
    return once(
        call,
        encode_fields(given),
        lambda: (answer(201, _view(call, desk.set(asked))), asked.id),
        lambda name: answer(200, _view(call, desk.shown(name))),
    )


def end(call: Call) -> Response:
    """Ends it now; what it held back is looked at within a minute."""
    _responder(call)
    name = call.request.path_parameters.get("id", "")
    desk = MaintenanceDesk(ports=call.application)
    return once(
        call,
        {"id": name},
        lambda: (answer(200, _view(call, desk.end(name, by=call.caller.person))), name),
        lambda known: answer(200, _view(call, desk.shown(known))),
    )


def _responder(call: Call) -> None:
    if not call.caller.groups & RESPONDERS:
        raise GroupRequired("only responders hold signals back, and let them through")


def _view(call: Call, window: Window) -> MaintenanceWindow:
    return view_of(MaintenanceWindow, window, running=window.runs(call.now))
