"""What the events of the freeze make of an incident."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tocsin.incidents import events_freeze as e
from tocsin.incidents.events import Event
from tocsin.incidents.model import Incident


def _extended(incident: Incident, event: e.FreezeExtended) -> Incident:
    held = replace(incident.freeze, hold_ms=event.hold_ms, lifted_at=None)
    return replace(incident, freeze=held)


def _lifted(incident: Incident, event: e.FreezeLifted) -> Incident:
    return replace(incident, freeze=replace(incident.freeze, lifted_at=event.at))


def _allowed(incident: Incident, event: e.ChangeAllowed) -> Incident:
    allowed = {**incident.freeze.allowed, event.change: event.purpose}
    return replace(incident, freeze=replace(incident.freeze, allowed=allowed))


def _ending(incident: Incident, event: e.FreezeEnding) -> Incident:
    return replace(incident, freeze=replace(incident.freeze, warned_of=event.until))


HANDLERS: dict[type[Event], Callable[[Incident, Any], Incident]] = {
    e.FreezeExtended: _extended,
    e.FreezeLifted: _lifted,
    e.ChangeAllowed: _allowed,
    e.FreezeEnding: _ending,
}
