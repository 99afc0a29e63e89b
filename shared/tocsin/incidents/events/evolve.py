"""What an event makes of an incident. Total over the timeline, and free of policy and time.

Everything an event was decided from is in the event, so an old timeline folds to the same
incident whatever the policy says today.
"""

from dataclasses import replace

from tocsin.errors import IllegalTransition
from tocsin.incidents import limits
from tocsin.incidents.events import (
    access,
    billing,
    closing,
    containment,
    fix,
    freeze,
    opening,
    people,
    record,
    relations,
    requests,
    severity,
    updates,
)
from tocsin.incidents.events.base import Event
from tocsin.incidents.events.changes import Handlers, state_of
from tocsin.incidents.events.opening import Opened, opened
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.vocabulary import ActorKind


def evolve(incident: Incident | None, event: Event) -> Incident:
    """The incident after `event`.

    Raises:
        IllegalTransition: the first event is no opening, or a later one is.
    """
    if isinstance(event, Opened):
        if incident is not None:
            raise IllegalTransition(f"{incident.id} is open already")
        return _with_person(opened(event), event)
    if incident is None:
        raise IllegalTransition(f"nothing to evolve by {event.type}")
    after = HANDLERS[type(event)](incident, event)
    state = state_of(after)
    return _with_person(after if after.state is state else replace(after, state=state), event)


def _with_person(incident: Incident, event: Event) -> Incident:
    if event.actor.kind is not ActorKind.PERSON:
        return incident
    if isinstance(event, people.HelpAnswered) and not event.on_it:
        return incident  # who cannot help works on nothing: the silence goes on
    person, known = event.actor.id, incident.responders
    if person not in known and len(known) < limits.RESPONDERS:
        known = (*known, person)
    return replace(incident, person_at=event.at, responders=known)


HANDLERS: Handlers = {
    **opening.HANDLERS,
    **people.HANDLERS,
    **requests.HANDLERS,
    **severity.HANDLERS,
    **record.HANDLERS,
    **billing.HANDLERS,
    **freeze.HANDLERS,
    **updates.HANDLERS,
    **access.HANDLERS,
    **relations.HANDLERS,
    **containment.HANDLERS,
    **fix.HANDLERS,
    **closing.HANDLERS,
}
