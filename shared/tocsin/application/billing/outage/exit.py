"""The way out of a provider's outage: facts for the gate, and the final update to stakeholders.

Facts are taken where the providers can be asked, and written into the incident as a robot's
commands: no person reports them met. A person's name stands in the entry as who asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tocsin.application.incidents.access import sees
from tocsin.application.incidents.fingerprint import command_hash
from tocsin.errors import (
    BadInput,
    GroupRequired,
    IdempotencyKeyReused,
    UnknownIncident,
)
from tocsin.incidents.commands.billing import ExamineCheckouts
from tocsin.incidents.commands.updates import RecordUpdate
from tocsin.incidents.events.billing import CheckoutsExamined
from tocsin.incidents.events.fold import event_of
from tocsin.incidents.events.updates import UpdateRecorded
from tocsin.incidents.model.parts import UpdateAudience
from tocsin.incidents.queries.billing import providers_named
from tocsin.incidents.queries.final_update import lacks, residual_of
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import RESPONDERS, ActorKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.application.billing.outage.examine_checkouts import Examiner
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.events.base import Event
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.vocabulary import Group
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.time import IncidentClock, WallClock

ACTOR = Actor(ActorKind.RULE, "billing-exit")
MOST_EVENTS = 20
"""More than one of these commands ever records, so that what it recorded is among the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who wants something of which incident; `key` is their idempotency key, never empty."""

    incident: str
    person: str
    groups: frozenset[Group]
    key: str

    @property
    def command_id(self) -> str:
        text = f"{len(self.person)}:{self.person}\0{self.key}"
        return f"exit-{hashlib.sha256(text.encode()).hexdigest()[:40]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitDesk:
    """What ends an outage; what stakeholders are told leaves by the incident's outbox."""

    store: IncidentStore
    policies: PolicySource
    execute: Callable[[Command], Outcome]
    examiner: Examiner
    clock: IncidentClock
    wall: WallClock

    def examine(
        self, asked: Asked, provider: str | None = None, *, probe: bool = False
    ) -> tuple[Incident, str]:
        """Examines checkouts and records what was counted; the incident after, and the provider.

        Repeated with the same key it records nothing more.

        Raises:
            BadInput: it is not said which provider, and the incident does not know.
            IdempotencyKeyReused: the key stood for another provider, or for something else.
            UnknownIncident: there is none that this person may know of.
        """
        incident = self._incident(asked)
        name = provider or self._provider(incident)
        if (before := self._before(asked, CheckoutsExamined)) is not None:
            if before.provider != name:
                raise _reused(asked)
            return incident, name
        found = self.examiner.examine(
            name, opened=self._opened(incident), probe=asked.command_id if probe else None
        )
        probed = found.probe
        outcome = self.execute(
            ExamineCheckouts(
                incident_id=incident.id,
                command_id=asked.command_id,
                actor=ACTOR,
                correlation_id=asked.command_id,
                provider=name,
                asked_by=asked.person,
                since=datetime.fromtimestamp(found.since, UTC),
                sessions=found.sessions,
                workspaces=found.workspaces,
                probe=probed.session if probed and probed.expired else None,
                paid=found.paid,
                quiet_minutes=found.quiet,
                volume=found.volume,
                lacks=tuple(lack.value for lack in found.lacks),
            )
        )
        return outcome.incident, name

    def send_final(self, asked: Asked, text: str) -> Incident:
        """Records the final update, which leaves by the outbox that is stored with it.

        Raises:
            BadInput: the text lacks a part; nothing was sent.
            IdempotencyKeyReused: the key stood for another text, or for something else.
            TocsinError: the incident would not take it; nothing was sent.
        """
        incident = self._incident(asked)
        if (before := self._before(asked, UpdateRecorded)) is not None:
            if before.text != text:
                raise _reused(asked)
            return incident
        if missing := lacks(text, incident):
            parts = ", ".join(code.replace("_", " ") for code in missing)
            raise BadInput(
                f"the final update lacks: {parts}. `tocsin billing final {incident.id}` drafts a"
                " text that has every part",
                field="text",
            )
        return self.execute(
            RecordUpdate(
                incident_id=asked.incident,
                command_id=asked.command_id,
                actor=ACTOR,
                correlation_id=asked.command_id,
                update=asked.command_id,
                audience=UpdateAudience.INTERNAL,
                text=text,
                accepted=True,
                headline=f"Final update: {incident.title}",
                final=True,
                residual=residual_of(text),
            )
        ).incident

    def _incident(self, asked: Asked) -> Incident:
        found = self.store.load(asked.incident)
        seen = found is not None and sees(
            found, asked.person, asked.groups, store=self.store, policies=self.policies
        )
        if found is None or not seen:
            raise UnknownIncident(f"there is no incident {asked.incident[:64]}")
        if not asked.groups & RESPONDERS:
            raise GroupRequired(f"{asked.person} may look but not act")
        return found

    def _provider(self, incident: Incident) -> str:
        named = providers_named(incident)
        if len(named) != 1:
            known = " or ".join(named) or "none is known of"
            raise BadInput(f"say which provider: {known}", field="provider")
        return named[0]

    def _before[Recorded: Event](self, asked: Asked, kind: type[Recorded]) -> Recorded | None:
        """What the same key has recorded; None if nothing yet.

        Raises:
            IdempotencyKeyReused: it recorded something of another kind.
        """
        record = self.store.command(asked.incident, command_hash(ACTOR, asked.command_id))
        if record is None:
            return None
        since = max(0, record.version - MOST_EVENTS)
        for entry in self.store.entries(asked.incident, after=since, limit=MOST_EVENTS):
            found = event_of(entry)
            if entry.correlation_id == asked.command_id and isinstance(found, kind):
                return found
        raise _reused(asked)

    def _opened(self, incident: Incident) -> int:
        """The cycle's beginning in real time, which the log of attempts is kept in."""
        ago = self.clock.incident_now() - incident.cycle_started_at
        return int((self.wall.wall_now() - ago).timestamp())


def _reused(asked: Asked) -> IdempotencyKeyReused:
    return IdempotencyKeyReused("this key was used for another request", key=asked.key)
