"""What fixed it, and the window after: the events, and what they make of the incident."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.changes import Handlers, changed_clock
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import SUCCESS, Ahead, Fix, Pause, Release, RunKind, Window
from tocsin.incidents.vocabulary import ClockName


@dataclass(frozen=True, slots=True, kw_only=True)
class FixLinked(Event):
    """Which commit is the fix, or which provider's recovery is."""

    type: ClassVar[str] = "fix_linked"

    commit: str | None
    provider: str | None
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """A check of a commit ended."""

    type: ClassVar[str] = "run_ended"

    commit: str
    run: RunKind
    conclusion: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed(Event):
    """A commit was deployed to production, or failed to be."""

    type: ClassVar[str] = "deployed"

    commit: str
    conclusion: str
    whole_scope: bool
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedAhead(Event):
    """A check (`run`) or deploy (None) is kept, in case its commit turns out to be the fix."""

    type: ClassVar[str] = "reported_ahead"

    commit: str
    run: RunKind | None
    conclusion: str
    whole_scope: bool
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(Event):
    """Deployed everywhere with its checks green, or replayed: the fix clock stops here."""

    type: ClassVar[str] = "fixed"

    commit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRecorded(Event):
    """A release of the service. With `due_at` it is the one a next-release clock waits for.

    `weekly` says that it is listed once its day is past; entries from before that was done do not.
    """

    type: ClassVar[str] = "release_recorded"

    release: str
    regular: bool
    cut_at: datetime
    planned_at: datetime | None
    shipped_at: datetime | None
    has_fix: bool
    awaited: bool
    due_at: datetime | None
    weekly: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixPaused(Event):
    """The fix clock stands still."""

    type: ClassVar[str] = "fix_paused"

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftUnscheduled(Event):
    """The fix waits for a release nobody planned: listed for the weekly review of `due_at`.

    With `planned_at` it was planned for then, and has not shipped.
    """

    type: ClassVar[str] = "left_unscheduled"

    due_at: datetime
    people: tuple[str, ...]
    planned_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixResumed(Event):
    """The fix clock runs on; `resumed_at` is when, which a late sweep records later."""

    type: ClassVar[str] = "fix_resumed"

    resumed_at: datetime
    business_ms: int
    elapsed_ms: int
    old_due: datetime | None
    new_due: datetime | None
    recovery_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStarted(Event):
    """Contained, fixed and quiet: the monitoring window runs until `ends_at`."""

    type: ClassVar[str] = "window_started"

    started_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStopped(Event):
    """A signal returned or containment was lost: the window does not count."""

    type: ClassVar[str] = "window_stopped"

    reason: str


def _fix_linked(incident: Incident, event: FixLinked) -> Incident:
    """Another commit is another fix: nothing seen of the one before counts for it."""
    if event.commit != incident.fix.commit:
        return replace(incident, fix=Fix(commit=event.commit, provider=event.provider))
    return replace(incident, fix=replace(incident.fix, provider=event.provider))


def _run_ended(incident: Incident, event: RunEnded) -> Incident:
    if event.commit != incident.fix.commit:
        return incident
    green = {kind: at for kind, at in incident.fix.green.items() if kind is not event.run}
    if event.conclusion == SUCCESS:
        green[event.run] = event.at
    return replace(incident, fix=replace(incident.fix, green=green))


def _deployed(incident: Incident, event: Deployed) -> Incident:
    if event.commit != incident.fix.commit or event.conclusion != SUCCESS:
        return incident
    if not event.whole_scope:
        return incident
    return replace(incident, fix=replace(incident.fix, deployed_at=event.at))


AHEAD = 12
"""Reports kept of commits that nobody linked; the newest count."""


def _ahead(incident: Incident, event: ReportedAhead) -> Incident:
    same = (event.commit, event.run)
    others = tuple(one for one in incident.ahead if (one.commit, one.run) != same)
    report = Ahead(
        commit=event.commit,
        run=event.run,
        conclusion=event.conclusion,
        whole_scope=event.whole_scope,
        url=event.url,
        at=event.at,
    )
    return replace(incident, ahead=(*others, report)[-AHEAD:])


def _fixed(incident: Incident, event: Fixed) -> Incident:
    fixed = replace(incident, fix=replace(incident.fix, fixed_at=event.at))
    return changed_clock(fixed, ClockName.FIX, stopped_at=event.at, pause=None)


def _release(incident: Incident, event: ReleaseRecorded) -> Incident:
    after = incident
    if event.awaited:
        release = Release(
            id=event.release,
            cut_at=event.cut_at,
            planned_at=event.planned_at,
            shipped_at=event.shipped_at,
            weekly=event.weekly,
        )
        after = replace(after, release=release)
    if event.due_at is not None:
        after = changed_clock(after, ClockName.FIX, due_at=event.due_at)
    shipped = event.has_fix and event.shipped_at is not None
    if shipped and after.fix.deployed_at is None:
        after = replace(after, fix=replace(after.fix, deployed_at=event.at))
    return after


def _paused(incident: Incident, event: FixPaused) -> Incident:
    pause = Pause(started_at=event.at, until=event.until)
    return changed_clock(incident, ClockName.FIX, pause=pause)


def _resumed(incident: Incident, event: FixResumed) -> Incident:
    clock = incident.clocks[ClockName.FIX]
    return changed_clock(
        incident,
        ClockName.FIX,
        pause=None,
        due_at=event.new_due,
        recovery_due=event.recovery_due,
        paused_business_ms=clock.paused_business_ms + event.business_ms,
        paused_elapsed_ms=clock.paused_elapsed_ms + event.elapsed_ms,
    )


def _unscheduled(incident: Incident, event: LeftUnscheduled) -> Incident:
    return changed_clock(incident, ClockName.FIX, listed_at=event.due_at)


def _window(incident: Incident, event: WindowStarted) -> Incident:
    window = Window(started_at=event.started_at, ends_at=event.ends_at)
    return replace(incident, window=window)


def _no_window(incident: Incident, _event: WindowStopped) -> Incident:
    return replace(incident, window=None)


HANDLERS: Handlers = {
    FixLinked: _fix_linked,
    RunEnded: _run_ended,
    Deployed: _deployed,
    ReportedAhead: _ahead,
    Fixed: _fixed,
    ReleaseRecorded: _release,
    FixPaused: _paused,
    FixResumed: _resumed,
    LeftUnscheduled: _unscheduled,
    WindowStarted: _window,
    WindowStopped: _no_window,
}
