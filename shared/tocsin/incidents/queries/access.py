"""Who sees an incident, and what the commander has approved of."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.incidents import limits
from tocsin.incidents.clocks.asked import holder
from tocsin.incidents.events.access import ActAuthorized
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.timeline.entry import canonical_json, parse_time
from tocsin.incidents.vocabulary import BY_HAND, Group, Role


def may_see(incident: Incident, person: str, groups: frozenset[Group]) -> bool:
    """Whether the incident itself says that the person sees it: who opened it, who has a part.

    Those on duty see it as well (`on_duty`), and everybody whom a message about it addressed: that
    is known to whoever keeps the messages (`application.incidents.access`). All others are told
    that it does not exist.
    """
    if not incident.restricted:
        return True
    if kept_out(incident, person):
        return False
    return (
        Group.SECURITY in groups
        or person in incident.roles.values()
        or person in incident.access.added
        or person == opener(incident)
    )


def kept_out(incident: Incident, person: str) -> bool:
    """Whether the person was excluded: that outweighs whatever else would let them in."""
    return incident.restricted and person in incident.access.excluded


def opener(incident: Incident) -> str | None:
    """Who opened it by hand: the first person who acted. None where signals did."""
    return incident.responders[0] if incident.source == BY_HAND and incident.responders else None


def on_duty(incident: Incident, person: str, policy: Policy) -> bool:
    """Whether the person is on call for a role that nobody holds."""
    return any(holder(role, incident, policy) == person for role in Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """An approval as its entry holds it; `expires_at` is incident time."""

    incident: str
    seq: int
    action: str
    input_hash: str
    requester: str
    approver: str
    expires_at: datetime

    @property
    def id(self) -> str:
        return f"{self.incident}:{self.seq}"


def input_hash(action: str, lines: Iterable[str]) -> str:
    """What an approval is bound to: the act and all it is done with, in any order."""
    bound = canonical_json({"action": action, "input": [*sorted(lines)]})
    return hashlib.sha256(bound).hexdigest()


def reference(approval: str) -> tuple[str, int] | None:
    """The incident and entry that an approval's id names; None if it is no such id."""
    incident, colon, seq = approval.partition(":")
    if not colon or not (seq.isascii() and seq.isdigit() and len(seq) <= limits.SEQ_DIGITS):
        return None
    return incident, int(seq)


def authorization_of(
    incident: str, seq: int, kind: str, content: Mapping[str, Any]
) -> Authorization | None:
    """The approval in a timeline entry; None if the entry is about something else."""
    if kind != ActAuthorized.type:
        return None
    return Authorization(
        incident=incident,
        seq=seq,
        action=content["action"],
        input_hash=content["input_hash"],
        requester=content["requester"],
        approver=content["person"],
        expires_at=parse_time(content["expires_at"]),
    )
