"""Changes that several events make of an incident, each written once.

The state is never set: it follows from what has happened, in one place, so that no order of events
can leave it behind the facts.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from tocsin.incidents.events.base import Event, PromiseMoved
from tocsin.incidents.model.incident import Clock, Incident, Round
from tocsin.incidents.model.parts import Audience, UpdateAudience
from tocsin.incidents.vocabulary import ClockName, State

type Handlers = Mapping[type[Event], Callable[[Incident, Any], Incident]]
"""What each event of a subject makes of an incident."""


def with_clock(incident: Incident, name: ClockName, **changes: Any) -> Mapping[ClockName, Clock]:
    """The clocks with one of them changed."""
    return {**incident.clocks, name: replace(incident.clocks[name], **changes)}


def of_round(incident: Incident, **changes: Any) -> Round | None:
    """The round with some of it changed; None where there is no round."""
    return None if incident.round is None else replace(incident.round, **changes)


def unchanged(incident: Incident, _event: Event) -> Incident:
    """For what is on record and changes nothing."""
    return incident


def promised(incident: Incident, moved: Iterable[PromiseMoved]) -> Incident:
    """The incident after some promises of updates moved."""
    for each in moved:
        audience = audience_of(incident, each.audience)
        incident = with_audience(incident, each.audience, replace(audience, next_by=each.new_due))
    return incident


def audience_of(incident: Incident, which: UpdateAudience) -> Audience:
    """What an audience was promised and told."""
    said = incident.communication
    return said.internal if which is UpdateAudience.INTERNAL else said.to_customers


def with_audience(incident: Incident, which: UpdateAudience, heard: Audience) -> Incident:
    """With what one audience was promised and told changed."""
    said, internal = incident.communication, which is UpdateAudience.INTERNAL
    changed = replace(said, internal=heard) if internal else replace(said, to_customers=heard)
    return replace(incident, communication=changed)


def counted(incident: Incident, name: str) -> Incident:
    """One more of what is only counted."""
    counts = {**incident.counts, name: incident.counts.get(name, 0) + 1}
    return replace(incident, counts=counts)


def state_of(incident: Incident) -> State:
    """Where the incident is on its way, by what has happened in this cycle."""
    if incident.closed_at is not None:
        return State.CLOSED
    if incident.contained and incident.fixed:
        return State.FIXED if incident.window is None else State.MONITORING
    if incident.contained:
        return State.CONTAINED
    clock = incident.clocks.get(ClockName.ACKNOWLEDGE)
    taken = clock is not None and not clock.running
    return State.ACKNOWLEDGED if taken else State.OPEN


def changed_clock(incident: Incident, name: ClockName, **changes: Any) -> Incident:
    """A backfilled incident has no clocks to change."""
    if (clock := incident.clocks.get(name)) is None:
        return incident
    return replace(incident, clocks={**incident.clocks, name: replace(clock, **changes)})
