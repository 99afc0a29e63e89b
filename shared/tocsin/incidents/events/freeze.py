"""What happened to the deploy freeze. That it is on follows from the incident and is no event.

What the events of the freeze make of an incident.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.changes import Handlers
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import LinkPurpose


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeExtended(Event):
    """It holds for `hold_ms` after containment is verified; `until` once that is known."""

    type: ClassVar[str] = "freeze_extended"

    hold_ms: int
    until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeLifted(Event):
    """The commander ended it."""

    type: ClassVar[str] = "freeze_lifted"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAllowed(Event):
    """One change, linked as containment or fix, may be deployed during the freeze."""

    type: ClassVar[str] = "change_allowed"

    change: str
    purpose: LinkPurpose
    person: str
    reason: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeEnding(Event):
    """The freeze ends at `until`: said once, ahead of it, to `people`."""

    type: ClassVar[str] = "freeze_ending"

    until: datetime
    people: tuple[str, ...]


def _extended(incident: Incident, event: FreezeExtended) -> Incident:
    held = replace(incident.freeze, hold_ms=event.hold_ms, lifted_at=None)
    return replace(incident, freeze=held)


def _lifted(incident: Incident, event: FreezeLifted) -> Incident:
    return replace(incident, freeze=replace(incident.freeze, lifted_at=event.at))


def _allowed(incident: Incident, event: ChangeAllowed) -> Incident:
    allowed = {**incident.freeze.allowed, event.change: event.purpose}
    return replace(incident, freeze=replace(incident.freeze, allowed=allowed))


def _ending(incident: Incident, event: FreezeEnding) -> Incident:
    return replace(incident, freeze=replace(incident.freeze, warned_of=event.until))


HANDLERS: Handlers = {
    FreezeExtended: _extended,
    FreezeLifted: _lifted,
    ChangeAllowed: _allowed,
    FreezeEnding: _ending,
}
