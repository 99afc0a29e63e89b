"""Commands about the fix: its commit, runs, deploys and releases, and the clock's pause."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.commands.base import Command
from tocsin.incidents.model.parts import RunKind


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
