"""Commands that contain, fix, watch, close and reopen an incident."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.commands import Command
from tocsin.incidents.events_response import EvidenceLink
from tocsin.incidents.parts import Check, RunKind, Verdict
from tocsin.incidents.signals import Signal
from tocsin.incidents.stored import Stored
from tocsin.incidents.vocabulary import Resolution, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAction(Command):
    """A containment action that is going to be taken. `action` is its id in this incident."""

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
class LinkFix(Command):
    """Which commit is the permanent fix. A link fixes nothing: its runs and deploy do."""

    commit: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameProviderCause(Command):
    """A billing provider caused it: fixed means replayed without a mismatch left."""

    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRun(Command):
    """A check of a commit ended; only the conclusion `success` is green."""

    commit: str
    run: RunKind
    conclusion: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDeploy(Command):
    """A commit reached production; `whole_scope` says everywhere the incident is."""

    commit: str
    conclusion: str
    whole_scope: bool
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRelease(Command):
    """A release of the service was planned or shipped. `has_fix`: it carries the linked commit."""

    release: str
    regular: bool
    cut_at: datetime
    planned_at: datetime | None = None
    shipped_at: datetime | None = None
    has_fix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseFix(Command):
    """The fix clock stands still, for `minutes` at most."""

    minutes: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeFix(Command):
    """The fix clock runs on before its pause is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskWaiver(Command):
    """The commander asks to close without a criterion being met, for `days` at most."""

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

    It is set by the application and never by a caller: no claim stands in for the check.
    """

    resolution: Resolution
    reason: str = ""
    duplicate_of: str | None = None
    verified_head: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsorbDuplicate(Command):
    """Takes over what a duplicate brought: its keys, signals, evidence, earlier beginning."""

    duplicate: str
    began_at: datetime | None
    keys: tuple[str, ...]
    firing: tuple[str, ...]
    evidence: tuple[EvidenceLink, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Command):
    """It was not over. None keeps the severity it was closed with."""

    reason: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenFromSignals(Command):
    """A signal of the closed incident's keys fires again within the window."""

    signals: tuple[Signal, ...]
