"""Commands that open an incident, or add signals to one that is open."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.commands.base import Command
from tocsin.incidents.model.parts import Access
from tocsin.incidents.model.signals import Signal
from tocsin.incidents.vocabulary import Category, Kind, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident(Command):
    """Opened by a person (or a backfill), not by a signal.

    `received_at` is when a report from outside came in: it is t0, however late it is triaged.
    `previous` is the incident this one was part of, what people call it is `called`, and `access`
    is whom that one let in or kept out.
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
    access: Access | None = None
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFromSignals(Command):
    """Opened by signals of one dedup key, at least one of them firing.

    `previous` is the closed incident the key belonged to, if there was one.
    """

    signals: tuple[Signal, ...]
    previous: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HearClears(Command):
    """Signals of a closed incident's keys cleared: it is to know that when it is opened again."""

    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSignals(Command):
    """More signals of the open incident's keys: one command per key and batch."""

    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSignal(Command):
    """A signal is over whose source is gone, so that nothing else will ever say so."""

    signal: str
    reason: str
