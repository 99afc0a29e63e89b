"""What happened to the deploy freeze. That it is on follows from the incident and is no event."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events import Event
from tocsin.incidents.parts import LinkPurpose


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
