"""Who may see it and act for it: the events, and what they make of the incident."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.changes import Handlers, counted
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import Access, Proposal
from tocsin.incidents.vocabulary import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Restricted(Event):
    """Hidden from everybody who has no part in it."""

    type: ClassVar[str] = "restricted"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftingProposed(Event):
    """One of the two people a lifting needs agreed."""

    type: ClassVar[str] = "lifting_proposed"

    person: str
    part: Role
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictionLifted(Event):
    """Everybody may see it again."""

    type: ClassVar[str] = "restriction_lifted"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChanged(Event):
    """A person was let in or kept out."""

    type: ClassVar[str] = "access_changed"

    person: str
    allowed: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActAuthorized(Event):
    """The commander (`person`) lets `requester` do one thing outside the incident, once."""

    type: ClassVar[str] = "act_authorized"

    action: str
    input: tuple[str, ...]
    input_hash: str
    requester: str
    person: str
    reason: str
    expires_at: datetime


def _restricted(incident: Incident, _event: Restricted) -> Incident:
    return replace(incident, restricted=True, lifting=None)


def _lifting(incident: Incident, event: LiftingProposed) -> Incident:
    proposal = Proposal(
        what="lift",
        person=event.person,
        part=event.part,
        reason=event.reason,
        until=event.until,
    )
    return replace(incident, lifting=proposal)


def _lifted(incident: Incident, _event: RestrictionLifted) -> Incident:
    return replace(incident, restricted=False, lifting=None)


def _access(incident: Incident, event: AccessChanged) -> Incident:
    added = tuple(person for person in incident.access.added if person != event.person)
    excluded = tuple(person for person in incident.access.excluded if person != event.person)
    if event.allowed:
        added = (*added, event.person)
    else:
        excluded = (*excluded, event.person)
    return replace(incident, access=Access(added=added, excluded=excluded))


def _authorized(incident: Incident, _event: ActAuthorized) -> Incident:
    return counted(incident, "authorizations")


HANDLERS: Handlers = {
    Restricted: _restricted,
    LiftingProposed: _lifting,
    RestrictionLifted: _lifted,
    AccessChanged: _access,
    ActAuthorized: _authorized,
}
