"""One request by one person: what is asked, as whom, and what of it this person may know.

Whether somebody may see an incident is decided by the engine's rule. Here it is made sure that
nothing is answered about one they may not see, and that every look at a restricted one is logged
with who looked: also one that found nothing, because somebody tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.incident_api.shapes import Envelope
from tocsin.application.incidents.access import sees
from tocsin.application.incidents.foresee import standing
from tocsin.application.incidents.large_content import LargeContent
from tocsin.application.incidents.numbers import find
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind
from tocsin.notes import Event
from tocsin.runtime.web.bodies import read
from tocsin.runtime.web.fields import Fields, idempotency_key, if_match

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tocsin.application.incidents.foresee import Standing
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.containment import RuleStore, RunStore
    from tocsin.ports.evidence import Archive
    from tocsin.ports.people import ContactStore
    from tocsin.ports.requests import RequestStore
    from tocsin.ports.time import WallClock
    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.web.http import Request
    from tocsin.runtime.web.identity import Caller
    from tocsin.runtime.wiring.incidents import Application


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDesk:
    """Where people's ways and requests are kept, and the notifier, which alone speaks to people."""

    contacts: ContactStore
    requests: RequestStore
    notify: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    wall: WallClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Containing:
    """Where runs and rules of containment are read, and the function that acts on orders.

    `on`: this stage has roles to act in.
    """

    runs: RunStore
    rules: RuleStore
    order: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    wall: WallClock
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request; `route` is its route key and `takes` the body the route says it has."""

    application: Application
    watch: Watch
    request: Request
    caller: Caller
    route: str
    takes: type | None
    people: PeopleDesk | None = None
    archive: Archive | None = None
    containing: Callable[[], Containing] | None = None

    @property
    def now(self) -> datetime:
        return self.application.clock.incident_now()

    @property
    def large_content(self) -> LargeContent | None:
        """Where large content goes; None where this function has no archive."""
        if self.archive is None:
            return None
        application = self.application
        return LargeContent(
            archive=self.archive,
            store=application.store,
            policies=application.policies,
            clock=application.clock,
        )

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.PERSON, self.caller.person)

    @property
    def key(self) -> str:
        """The caller's `Idempotency-Key`; empty if there is none."""
        return idempotency_key(self.request.headers)

    def body(self) -> Fields:
        return Fields(self.request.json_object())

    def read[B](self, body: type[B]) -> B:
        """The request's body.

        Raises:
            BadInput: a field is missing, unknown, or is not what it must be.
            TypeError: the route says that it takes another body, and so the API's document.
        """
        if self.takes is not body:
            raise TypeError(f"{self.route} does not say that it takes {body.__name__}")
        return read(body, self.body())

    def incident(self) -> Incident:
        """The incident of the path, as far as this person may know of it."""
        return self.visible(self.request.path_parameters.get("id", ""))

    def visible(self, name: str) -> Incident:
        """The incident that a name means for this person: see `application.incidents.numbers`.

        Raises:
            UnknownIncident: there is none, or none that this person may know of.
            BadInput: the name means several.
        """
        application = self.application
        return find(
            name,
            store=application.store,
            numbers=application.numbers,
            now=self.now,
            sees=self.sees,
        )

    def policy(self, incident: Incident) -> Policy:
        """The runbook the incident was opened under."""
        return self.application.policies.version(incident.policy_version)

    def standing(self, incident: Incident) -> Standing:
        """How it stands now, with what the next sweep will write."""
        return standing(incident, self.policy(incident), self.now)

    def sees(self, incident: Incident) -> bool:
        """Whether this person may know of it; for a restricted one the answer is logged."""
        allowed = sees(
            incident,
            self.caller.person,
            self.caller.groups,
            store=self.application.store,
            policies=self.application.policies,
        )
        if incident.restricted:
            self.watch.journal.info(
                Event.INCIDENT_VIEWED if allowed else Event.INCIDENT_HIDDEN,
                person=self.caller.person,
                group=self.caller.group,
                incident=incident.id,
                route=self.route,
            )
        return allowed

    def envelope(self, incident_id: str, given: Fields) -> Envelope:
        return Envelope(
            incident_id=incident_id,
            command_id=self.key or self.application.ids.unique_id(),
            actor=self.actor,
            correlation_id=self.request.request_id,
            occurred_at=given.moment("occurred_at"),
            if_match=if_match(self.request.headers),
            groups=self.caller.groups,
        )
