"""What the team's chat room is told of an event: a pure function, like every other message.

The room is read by many, so an incident that is restricted says how bad it is and its id, in one
message until its severity changes: the facts of a second one are the same, and what an audience
was told last is not sent again.
"""

from collections.abc import Callable
from typing import Any

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.closing import Closed, Reopened
from tocsin.incidents.events.containment import ContainmentLost, ContainmentVerified
from tocsin.incidents.events.opening import Opened
from tocsin.incidents.events.people import Acknowledged, Left, RoleAssigned
from tocsin.incidents.events.severity import ClockBreached, SeverityChanged
from tocsin.incidents.events.updates import UpdateRecorded
from tocsin.incidents.model.incident import Incident, RoundReason
from tocsin.incidents.model.parts import UpdateAudience
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import Kind, RoomNews

RESTRICTED_FACTS = frozenset({"title", "severity", "kind", "opened_at", "restricted", "short"})
"""What a message about a restricted incident may be written from, besides its policy's version."""

_TEXT = 2_000
"""Characters of an update that go to the room; the whole of it is on the timeline."""

type Told = tuple[RoomNews, dict[str, str]]


def told(event: Event, incident: Incident, policy: Policy) -> dict[str, str] | None:
    """The facts of the room's message beyond the incident's own; None: the room is told nothing.

    `news` names what happened. Of a restricted incident there are none beyond its own.
    """
    room = policy.chat_room
    if room is None or incident.kind is Kind.BACKFILLED:
        return None
    describe = _DESCRIBED.get(type(event))
    said = describe(event, incident) if describe else None
    if said is None or said[0] not in room.tells or incident.category not in room.categories:
        return None
    news, facts = said
    return {} if incident.restricted else {"news": str(news)} | facts


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT else text[:_TEXT].rstrip() + "..."


def _opened(event: Opened, _incident: Incident) -> Told:
    return RoomNews.OPENED, {"by": event.source}


def _severity(event: SeverityChanged, _incident: Incident) -> Told:
    return RoomNews.SEVERITY, {
        "by": event.actor.id,
        "old": str(event.old),
        "new": str(event.new),
        "reason": event.reason,
    }


def _acknowledged(event: Acknowledged, incident: Incident) -> Told | None:
    """Who has it; whoever said that containment was lost has it, and that is said with it."""
    current = incident.round
    lost = current is not None and current.reason is RoundReason.CONTAINMENT_LOST
    if current is not None and lost and current.started_at == event.at:
        return None
    return RoomNews.ACKNOWLEDGED, {"by": event.person, "round": str(event.round)}


def _assigned(event: RoleAssigned, _incident: Incident) -> Told | None:
    """A role passed on; one that was free is taken without a word."""
    if event.previous is None or event.previous == event.person:
        return None
    facts = {"role": str(event.role), "by": event.previous, "to": event.person}
    return RoomNews.HANDOVER, facts


def _left(event: Left, _incident: Incident) -> Told | None:
    if not event.roles:
        return None
    return RoomNews.HANDOVER, {"role": ", ".join(event.roles), "by": event.person, "to": ""}


def _contained(event: ContainmentVerified, _incident: Incident) -> Told:
    return RoomNews.CONTAINED, {"by": event.person}


def _lost(event: ContainmentLost, _incident: Incident) -> Told:
    return RoomNews.CONTAINMENT_LOST, {"reason": event.reason}


def _update(event: UpdateRecorded, _incident: Incident) -> Told | None:
    """What internal readers got; what a channel refused was told to nobody."""
    if event.audience is not UpdateAudience.INTERNAL or not event.accepted:
        return None
    facts = {"by": event.actor.id, "text": _cut(event.text)}
    if event.next_by is not None:
        facts["due_at"] = format_time(event.next_by)
    return RoomNews.UPDATE, facts


def _breached(event: ClockBreached, _incident: Incident) -> Told:
    return RoomNews.BREACH, {"clock": str(event.clock), "due_at": format_time(event.due_at)}


def _closed(event: Closed, _incident: Incident) -> Told:
    facts = {"by": event.actor.id, "resolution": str(event.resolution), "reason": event.reason}
    return RoomNews.CLOSED, facts


def _reopened(event: Reopened, _incident: Incident) -> Told:
    facts = {"by": event.actor.id, "cycle": str(event.cycle), "reason": event.reason}
    return RoomNews.REOPENED, facts


_DESCRIBED: dict[type[Event], Callable[[Any, Incident], Told | None]] = {
    Opened: _opened,
    SeverityChanged: _severity,
    Acknowledged: _acknowledged,
    RoleAssigned: _assigned,
    Left: _left,
    ClockBreached: _breached,
    ContainmentVerified: _contained,
    ContainmentLost: _lost,
    UpdateRecorded: _update,
    Closed: _closed,
    Reopened: _reopened,
}
