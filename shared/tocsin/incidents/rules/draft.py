"""A decision being made: the incident as it would be after each event added so far.

It exists for the length of one call of `decide`; outside, deciding stays a pure function.
"""

from datetime import datetime
from typing import TypedDict

from tocsin.errors import GroupRequired, IllegalTransition, MissingReason, PersonRequired
from tocsin.incidents import limits
from tocsin.incidents.commands.base import Command
from tocsin.incidents.events.base import Event
from tocsin.incidents.events.evolve import evolve
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import RESPONDERS, ActorKind, Group, Role

CLOCK = Actor(ActorKind.RULE, "clock")

LADDER = Actor(ActorKind.RULE, "escalation")


class Stamp(TypedDict):
    """What every event of a command carries."""

    actor: Actor
    at: datetime
    occurred_at: datetime


class Draft:
    """The command, its time and policy, and the events decided so far."""

    def __init__(
        self, incident: Incident | None, command: Command, policy: Policy, at: datetime
    ) -> None:
        self._incident = incident
        self.command = command
        self.policy = policy
        self.at = at
        self.actor = command.actor
        self.occurred_at = command.occurred_at or at
        self.events: list[Event] = []

    @property
    def incident(self) -> Incident:
        if self._incident is None:
            raise IllegalTransition("the incident does not exist yet")
        return self._incident

    @property
    def stamp(self) -> Stamp:
        """The envelope of an event that the command itself asks for."""
        return {"actor": self.actor, "at": self.at, "occurred_at": self.occurred_at}

    def add(self, event: Event) -> None:
        """Decides an event; what is asked of `incident` from now on sees it."""
        self._incident = evolve(self._incident, event)
        self.events.append(event)

    def mark(self) -> tuple[Incident | None, int]:
        """Where the decision stands, to come back to."""
        return self._incident, len(self.events)

    def back_to(self, mark: tuple[Incident | None, int]) -> None:
        """Forgets what was decided since."""
        self._incident, count = mark
        del self.events[count:]

    def person(self) -> str:
        """The acting person.

        Raises:
            PersonRequired: a rule, a robot or a source acts.
        """
        if self.actor.kind is not ActorKind.PERSON:
            raise PersonRequired(f"{self.actor.ref} is no person")
        return self.actor.id

    def responder(self) -> str:
        """The acting person, who may take part and not only watch.

        Raises:
            PersonRequired: a rule, a robot or a source acts.
            GroupRequired: the person is a viewer.
        """
        person = self.person()
        if not self.command.groups & RESPONDERS:
            raise GroupRequired(f"{person} may look but not act")
        return person

    def holds(self, role: Role) -> bool:
        """Whether the acting person has the role here, or belongs to the group that may act so.

        Two groups stand for roles: commander and security. The other roles are held, or not.
        """
        group = _GROUP_OF.get(role)
        if self.actor.kind is not ActorKind.PERSON or not self.command.groups & RESPONDERS:
            return False
        return self.incident.roles.get(role) == self.actor.id or group in self.command.groups

    def require(self, *roles: Role) -> str:
        """The acting person, who holds one of the roles.

        Raises:
            GroupRequired: the person holds none of them.
        """
        person = self.responder()
        if not any(self.holds(role) for role in roles):
            names = " or ".join(roles)
            raise GroupRequired(
                f"{person} is not the {names}: a role that is vacant is taken with `tocsin assign"
                f" {self.incident.name} ROLE {person}`, else its holder passes it on"
            )
        return person

    def require_open(self) -> None:
        """Refuses what means nothing once the incident is closed."""
        if not self.incident.open:
            raise IllegalTransition(f"{self.incident.name} is closed")


def reason_of(text: str) -> str:
    """The reason, stripped.

    Raises:
        MissingReason: there is none.
        PayloadTooLarge: it is longer than reasons are.
    """
    if not (reason := limits.optional_reason(text)):
        raise MissingReason("say why, with --reason: it is part of the record", field="reason")
    return reason


_GROUP_OF = {Role.INCIDENT_COMMANDER: Group.COMMANDER, Role.SECURITY_OWNER: Group.SECURITY}
