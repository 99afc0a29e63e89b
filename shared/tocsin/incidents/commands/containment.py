"""Commands that contain: actions planned, done, withdrawn, undone, and what was observed."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.commands.base import Command
from tocsin.incidents.model.content import Stored
from tocsin.incidents.model.parts import Check, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAction(Command):
    """A containment action that is going to be taken. `action` is its id in this incident."""

    grows: ClassVar[bool] = True

    action: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishAction(Command):
    """The action was carried out by the acting person, at `occurred_at`."""

    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawAction(Command):
    """The planned action will not be taken."""

    action: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoAction(Command):
    """The action that was carried out has been taken back."""

    action: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFixAsContainment(Command):
    """The permanent fix is what contains: no other action is needed."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe(Command):
    """What looking showed, at `occurred_at`; `detail` says what was looked at, or why not."""

    large: ClassVar[str] = "detail"

    check: Check
    verdict: Verdict
    detail: str
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyContainment(Command):
    """Harm has stopped. `effective_at` may say when; it never moves a clock."""

    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseContainment(Command):
    """Harm is back."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WarnOfBlock(Command):
    """What Tocsin has blocked ends by itself at `until`, a real time: the sweep says so."""

    action: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndBlock(Command):
    """What Tocsin had blocked has ended by itself, as the acting person had set it."""

    action: str
    reason: str
