"""Commands that close an incident, waive what is unmet, or open it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.commands.asked import asked
from tocsin.incidents.commands.base import Command
from tocsin.incidents.model.incident import SignalState
from tocsin.incidents.model.parts import EvidenceLink
from tocsin.incidents.model.signals import Signal
from tocsin.incidents.vocabulary import Resolution, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AskWaiver(Command):
    """The commander asks to close without a criterion being met, for `days` at most."""

    grows: ClassVar[bool] = True

    criterion: str
    reason: str
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveWaiver(Command):
    """Another person agrees."""

    criterion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Command):
    """It is over. `verified_head` is the head the application has verified the chain up to.

    It is set by the application and never by a caller: no claim stands in for the check. So is what
    the incident that it repeats is `called` by people.
    """

    resolution: Resolution
    reason: str = asked("Why; needed unless it is `resolved`.", default="")
    duplicate_of: str | None = None
    verified_head: bytes | None = None
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsorbDuplicate(Command):
    """Takes over what a duplicate brought: its keys, signals, evidence, earlier beginning.

    `states` is what its keys last said, `severity` how bad it was; `restricted` that it was hidden.
    """

    grows: ClassVar[bool] = True

    duplicate: str
    began_at: datetime | None
    keys: tuple[str, ...]
    firing: tuple[str, ...]
    evidence: tuple[EvidenceLink, ...] = ()
    states: Mapping[str, SignalState] | None = None
    severity: Severity | None = None
    restricted: bool | None = None
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Command):
    """It was not over. None keeps the severity it was closed with.

    `gone` are the keys that newer incidents have open, and which. It is set by the application.
    """

    reason: str
    severity: Severity | None = None
    gone: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenFromSignals(Command):
    """A signal of the closed incident's keys fires again within the window."""

    signals: tuple[Signal, ...]
