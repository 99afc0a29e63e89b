"""What being split or joined makes of an incident: whose the dedup keys are."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from tocsin.incidents import events_relations as e
from tocsin.incidents.events import Event
from tocsin.incidents.model import Incident, SignalState


def joined(
    incident: Incident, keys: Iterable[str], firing: Iterable[str], at: datetime
) -> dict[str, SignalState]:
    """The signals of the incident with some keys of another one, as far as they are new to it."""
    signals, loud = dict(incident.signals), set(firing)
    for key in keys:
        state = SignalState(firing=key in loud, since=at, last_at=at, changed_at=at)
        signals.setdefault(key, state)
    return signals


def _given(incident: Incident, event: e.KeysGiven) -> Incident:
    left = {key: state for key, state in incident.signals.items() if key not in event.keys}
    return replace(incident, signals=left)


def _taken(incident: Incident, event: e.KeysTaken) -> Incident:
    return replace(incident, signals=joined(incident, event.keys, event.firing, event.at))


def _stopped(incident: Incident, event: e.DrillStopped) -> Incident:
    """Closed without a resolution: nothing was resolved and nothing was false."""
    return replace(incident, closed_at=event.at, resolution=None, closing=None)


HANDLERS: dict[type[Event], Callable[[Incident, Any], Incident]] = {
    e.KeysGiven: _given,
    e.KeysTaken: _taken,
    e.DrillStopped: _stopped,
}
