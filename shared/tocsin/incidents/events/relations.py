"""What another incident did to one: it was split, or a drill gave way to what is real.

What being split or joined makes of an incident: whose the dedup keys are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.changes import Handlers
from tocsin.incidents.model.incident import Incident, SignalState


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysGiven(Event):
    """These dedup keys are the incident `into`'s from now on, which people call `called`."""

    type: ClassVar[str] = "keys_given"

    into: str
    keys: tuple[str, ...]
    firing: tuple[str, ...]
    reason: str
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysTaken(Event):
    """These dedup keys, and what they last said, came from the incident `source`, or `called`.

    `states` is what they last said and when; entries from before it was kept have none.
    """

    type: ClassVar[str] = "keys_taken"

    source: str
    keys: tuple[str, ...]
    firing: tuple[str, ...]
    states: Mapping[str, SignalState] | None = None
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillStopped(Event):
    """The drill is over because the critical incident `real` is open; `people` are told."""

    type: ClassVar[str] = "drill_stopped"

    real: str
    people: tuple[str, ...]
    called: str | None = None


def joined(
    incident: Incident,
    keys: Iterable[str],
    firing: Iterable[str],
    at: datetime,
    states: Mapping[str, SignalState] | None = None,
) -> dict[str, SignalState]:
    """The signals of the incident with some keys of another one, as far as they are news to it.

    A key keeps the time of what it said last, so that what it said after that counts although it is
    delivered late. What is counted of it is counted from when it came here.
    """
    signals, loud = dict(incident.signals), set(firing)
    for key in keys:
        known, said = signals.get(key), (states or {}).get(key)
        if said is None:
            state = SignalState(firing=key in loud, since=at, last_at=at, changed_at=at)
            signals.setdefault(key, state)
        elif known is None:
            signals[key] = replace(said, changed_at=at)
        elif known.last_at < said.last_at:
            changed_at = known.changed_at if known.firing == said.firing else at
            signals[key] = replace(said, changed_at=changed_at)
    return signals


def _given(incident: Incident, event: KeysGiven) -> Incident:
    left = {key: state for key, state in incident.signals.items() if key not in event.keys}
    return replace(incident, signals=left)


def _taken(incident: Incident, event: KeysTaken) -> Incident:
    return replace(
        incident, signals=joined(incident, event.keys, event.firing, event.at, event.states)
    )


def _stopped(incident: Incident, event: DrillStopped) -> Incident:
    """Closed without a resolution: nothing was resolved and nothing was false."""
    return replace(incident, closed_at=event.at, resolution=None, closing=None)


HANDLERS: Handlers = {
    KeysGiven: _given,
    KeysTaken: _taken,
    DrillStopped: _stopped,
}
