"""How it began and which signals came: the events, and what they make of the incident."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.changes import Handlers
from tocsin.incidents.model.incident import Clock, Incident, Round, SignalState
from tocsin.incidents.model.parts import Audience, Communication
from tocsin.incidents.vocabulary import Category, Kind, Role, Severity, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Event):
    """The incident exists from `opened_at` (t0); clocks and round 1 run.

    `update_due` is when the first internal update is promised. `triage_due` is by when a report
    from outside was to be triaged: opening it is that. `number` is what people call it by; one that
    did not come in time comes later (`Numbered`). `roles` and `containment` are those of the rule.
    """

    type: ClassVar[str] = "opened"

    incident: str
    kind: Kind
    title: str
    detail: str
    severity: Severity
    category: Category
    source: str
    rule: str | None
    service: str | None
    environment: str
    opened_at: datetime
    began_at: datetime | None
    restricted: bool
    policy_version: str
    calendar_version: str
    correlation_id: str
    clocks: tuple[Clock, ...]
    round: Round | None
    previous: str | None = None
    update_due: datetime | None = None
    triage_due: datetime | None = None
    number: int | None = None
    roles: tuple[Role, ...] | None = None
    containment: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered(Event):
    """The incident has its number, which did not come in time when it was opened."""

    type: ClassVar[str] = "numbered"

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSeen:
    """What is kept of one signal; `only_told` neither fires nor clears."""

    id: str
    key: str
    firing: bool
    occurred_at: datetime
    title: str
    detail: str
    facts: Mapping[str, str]
    only_told: bool | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsMerged(Event):
    """Signals joined the incident, in the order of their own times; one entry per batch."""

    type: ClassVar[str] = "signals_merged"

    signals: tuple[SignalSeen, ...]
    severity: Severity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearsHeard(Event):
    """Signals of its keys cleared while the incident was closed; it stays closed."""

    type: ClassVar[str] = "clears_heard"

    signals: tuple[SignalSeen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalEnded(Event):
    """A person says that a signal is over, because its source is gone. Later news counts again."""

    type: ClassVar[str] = "signal_ended"

    key: str
    person: str
    reason: str


def opened(event: Opened) -> Incident:
    """The incident as it begins."""
    return Incident(
        id=event.incident,
        kind=event.kind,
        title=event.title,
        severity=event.severity,
        category=event.category,
        state=State.OPEN,
        source=event.source,
        service=event.service,
        environment=event.environment,
        opened_at=event.opened_at,
        began_at=event.began_at,
        cycle_started_at=event.opened_at,
        policy_version=event.policy_version,
        calendar_version=event.calendar_version,
        correlation_id=event.correlation_id,
        clocks={clock.name: clock for clock in event.clocks},
        round=event.round,
        restricted=event.restricted,
        number=event.number,
        communication=Communication(internal=Audience(next_by=event.update_due)),
        asked_roles=event.roles,
        first_choices=event.containment,
    )


def _numbered(incident: Incident, event: Numbered) -> Incident:
    return replace(incident, number=event.number)


def _signal_ended(incident: Incident, event: SignalEnded) -> Incident:
    known = incident.signals.get(event.key)
    if known is None:
        return incident
    over = replace(known, firing=False, since=event.at, last_at=event.at, changed_at=event.at)
    return replace(incident, signals={**incident.signals, event.key: over})


def _signals_merged(incident: Incident, event: SignalsMerged) -> Incident:
    states = dict(incident.signals)
    for seen in event.signals:
        if not seen.only_told:
            states[seen.key] = _signal_state(states.get(seen.key), seen, event)
    known = [incident.signal_severity, event.severity]
    worst = min((s for s in known if s is not None), key=lambda s: s.rank, default=None)
    return replace(incident, signals=states, signal_severity=worst)


def _clears_heard(incident: Incident, event: ClearsHeard) -> Incident:
    states = dict(incident.signals)
    for seen in event.signals:
        if seen.key in states:
            states[seen.key] = _signal_state(states[seen.key], seen, event)
    return replace(incident, signals=states)


def _signal_state(old: SignalState | None, seen: SignalSeen, event: Event) -> SignalState:
    """The newest by the source's time wins; a time from the future counts as now."""
    said_at = min(seen.occurred_at, event.at)
    if old is None:
        return SignalState(firing=seen.firing, since=said_at, last_at=said_at, changed_at=event.at)
    counted = replace(old, count=old.count + 1)
    if said_at < old.last_at:
        return counted
    if seen.firing == old.firing:
        return replace(counted, last_at=said_at)
    return replace(counted, firing=seen.firing, since=said_at, last_at=said_at, changed_at=event.at)


HANDLERS: Handlers = {
    SignalEnded: _signal_ended,
    Numbered: _numbered,
    SignalsMerged: _signals_merged,
    ClearsHeard: _clears_heard,
}
