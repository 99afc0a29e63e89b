"""What was asked of a second person and did not come to be: the events, and what they make of it.

A role that is handed over and not taken yet, and what nobody agreed to in time.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.changes import Handlers
from tocsin.incidents.model.incident import Incident, Request
from tocsin.incidents.vocabulary import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverOffered(Event):
    """`by` wants `person` to take a role over and keeps it until they do; asked until `due_at`."""

    type: ClassVar[str] = "handover_offered"

    role: Role
    person: str
    by: str
    briefing: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverNotTaken(Event):
    """Nobody took the role by `due_at`: `by` is told, and has it still."""

    type: ClassVar[str] = "handover_not_taken"

    role: Role
    person: str
    by: str
    due_at: datetime


def without_offers(incident: Incident, roles: tuple[Role, ...]) -> Incident:
    """A role that moved or was given up is offered to nobody any more."""
    kept = tuple(one for one in incident.requests or () if one.role not in roles)
    return replace(incident, requests=kept or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalEnded(Event):
    """Nobody agreed to what `person` asked for, and it is over: by age, or by a change.

    `what` names it among what waits (`Waiting.key`), `wish` is what it was in words; `why` is
    `age`, `severity` or `category`.
    """

    type: ClassVar[str] = "proposal_ended"

    what: str
    wish: str
    person: str
    why: str


def _proposal_ended(incident: Incident, event: ProposalEnded) -> Incident:
    kind, _, criterion = event.what.partition(":")
    match kind:
        case "lowering":
            return replace(incident, lowering=None)
        case "closing":
            return replace(incident, closing=None)
        case "lifting":
            return replace(incident, lifting=None)
        case _:
            kept = {code: one for code, one in incident.waivers.items() if code != criterion}
            return replace(incident, waivers=kept)


def _handover_offered(incident: Incident, event: HandOverOffered) -> Incident:
    kept = without_offers(incident, (event.role,)).requests or ()
    offer = Request(
        person=event.person,
        by=event.by,
        reason=f"take over as {event.role.replace('_', ' ')}",
        at=event.at,
        due_at=event.due_at,
        role=event.role,
    )
    return replace(incident, requests=(*kept, offer))


def _handover_not_taken(incident: Incident, event: HandOverNotTaken) -> Incident:
    return without_offers(incident, (event.role,))


HANDLERS: Handlers = {
    HandOverOffered: _handover_offered,
    HandOverNotTaken: _handover_not_taken,
    ProposalEnded: _proposal_ended,
}
