"""What somebody or something wants of an incident. Every way in becomes one of these.

A command is a wish, not a fact: `decide` turns it into events or refuses it. Its fields (without
the envelope) are hashed, so that one command id cannot stand for two different wishes.
"""

from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.signals import Signal
from tocsin.incidents.stored import Stored
from tocsin.incidents.timeline import Actor
from tocsin.incidents.vocabulary import Audience, Category, Group, Kind, Role, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The envelope.

    `command_id` is the caller's idempotency key (empty: not kept; only ticks). `occurred_at` is
    when it happened by the caller's account; None means now. `if_match` is the version the
    caller has seen. `groups` is what the acting person may do, as the front door proved it.
    """

    incident_id: str
    command_id: str
    actor: Actor
    correlation_id: str
    occurred_at: datetime | None = None
    if_match: int | None = None
    groups: frozenset[Group] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident(Command):
    """Opened by a person (or a backfill), not by a signal.

    `received_at` is when a report from outside came in: it is t0, however late it is triaged.
    `previous` is the incident this one was part of.
    """

    title: str
    severity: Severity
    category: Category
    kind: Kind = Kind.REAL
    service: str | None = None
    environment: str = "production"
    detail: str = ""
    began_at: datetime | None = None
    received_at: datetime | None = None
    restricted: bool = False
    previous: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFromSignals(Command):
    """Opened by signals of one dedup key, at least one of them firing.

    `previous` is the closed incident the key belonged to, if there was one.
    """

    signals: tuple[Signal, ...]
    previous: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSignals(Command):
    """More signals of the open incident's keys: one command per key and batch."""

    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Command):
    """Time has passed. Does what is due and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge(Command):
    """A named person says: I have it. `round` is the round a link was minted for, if any."""

    round: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSeverity(Command):
    """Raise or lower. Lowering needs a reason and the commander."""

    severity: Severity
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCategory(Command):
    """Another kind of incident: adds criteria, removes none that is met."""

    category: Category
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote(Command):
    """A line of free text for the record."""

    text: str
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignRole(Command):
    """Gives a role to a person; the holder before, if any, is named in the record."""

    role: Role
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver(Command):
    """The holder of a role passes it on, with what the next one needs to know."""

    role: Role
    person: str
    briefing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(Command):
    """The person gives up every role they hold."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalate(Command):
    """Pages more people now; the paging ladder goes on as it was."""

    audience: Audience
    reason: str
