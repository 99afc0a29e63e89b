"""The permanent fix: a linked commit, deployed to the whole scope, with its checks green.

Nothing here believes a link. A commit is fixed when runs of that very commit concluded `success`
and a deploy of that very commit reached everything affected; the clock stops at the later of them.
Where a provider caused it, the fix is a complete replay with nothing left wrong.

The monitoring window: it runs while the incident is contained, fixed and quiet, or not at all.

A signal that returns stops it; when it clears, the window starts again in full. A signal that
stays for longer than a flap means that containment is lost (`containing`).

Pausing the fix clock: by the commander, with a reason, for a day at most (semantics 2).

Only the fix clock can pause. What a pause cost is charged in the kind of time the target counts
in, so a pause of four business hours moves a business deadline by exactly four business hours.
"""

from datetime import datetime, timedelta

from tocsin.errors import BadInput, IllegalTransition
from tocsin.incidents import limits
from tocsin.incidents.clocks import promises as clocks
from tocsin.incidents.commands.fix import (
    LinkFix,
    NameProviderCause,
    PauseFix,
    RecordDeploy,
    RecordRelease,
    RecordRun,
    ResumeFix,
)
from tocsin.incidents.events.fix import (
    Deployed,
    Fixed,
    FixLinked,
    FixPaused,
    FixResumed,
    ReleaseRecorded,
    ReportedAhead,
    RunEnded,
    WindowStarted,
    WindowStopped,
)
from tocsin.incidents.events.severity import ClockBreached
from tocsin.incidents.model.incident import Clock
from tocsin.incidents.model.parts import SUCCESS, Release, RunKind
from tocsin.incidents.queries.billing import replay_standing
from tocsin.incidents.rules.draft import CLOCK, Draft, reason_of
from tocsin.incidents.vocabulary import ActorKind, ClockName, Role


def link_fix(draft: Draft, command: LinkFix) -> None:
    """Names the commit. Another commit starts again, with what was reported of it ahead."""
    draft.responder()
    commit = limits.name("commit", command.commit)
    if draft.incident.fixed:
        raise IllegalTransition("the incident is fixed already")
    before = draft.incident.fix
    draft.add(FixLinked(**draft.stamp, commit=commit, provider=None, url=_url(draft, command.url)))
    if commit != before.commit:
        shipped = before.commit is None and before.deployed_at is not None
        _count_ahead(draft, commit, shipped=shipped)
    settle_fix(draft)


def _count_ahead(draft: Draft, commit: str, *, shipped: bool) -> None:
    """What was seen of the commit in this cycle counts from now; `shipped`: in a release."""
    stamp = draft.stamp
    for report in draft.incident.ahead:
        if report.commit != commit or report.at < draft.incident.cycle_started_at:
            continue
        stamp["occurred_at"] = report.at
        seen = {"commit": commit, "conclusion": report.conclusion, "url": report.url}
        if report.run is not None:
            draft.add(RunEnded(**stamp, run=report.run, **seen))
        else:
            draft.add(Deployed(**stamp, whole_scope=report.whole_scope, **seen))
    if shipped and draft.incident.fix.deployed_at is None:
        seen = {"commit": commit, "conclusion": SUCCESS, "url": ""}
        draft.add(Deployed(**draft.stamp, whole_scope=True, **seen))


def _keep_ahead(
    draft: Draft, run: RunKind | None, said: RunEnded | Deployed, *, whole_scope: bool
) -> None:
    """Keeps a report about another commit than the linked one."""
    if draft.incident.fixed or said.commit == draft.incident.fix.commit:
        return
    draft.add(
        ReportedAhead(
            **draft.stamp,
            commit=said.commit,
            run=run,
            conclusion=said.conclusion,
            whole_scope=whole_scope,
            url=said.url,
        )
    )


def name_provider(draft: Draft, command: NameProviderCause) -> None:
    """A provider caused it: then a completed replay is the fix."""
    draft.responder()
    provider = limits.name("provider", command.provider)
    if draft.incident.fixed:
        raise IllegalTransition("the incident is fixed already")
    draft.add(FixLinked(**draft.stamp, commit=None, provider=provider, url=""))
    settle_fix(draft)


def record_run(draft: Draft, command: RecordRun) -> None:
    """A run ended. A person who reports one has to say where it can be seen."""
    _check_reporter(draft, command.url)
    said = RunEnded(
        **draft.stamp,
        commit=limits.name("commit", command.commit),
        run=command.run,
        conclusion=limits.name("conclusion", command.conclusion),
        url=_url(draft, command.url),
    )
    draft.add(said)
    _keep_ahead(draft, command.run, said, whole_scope=False)
    settle_fix(draft)


def record_deploy(draft: Draft, command: RecordDeploy) -> None:
    """A deploy ended."""
    _check_reporter(draft, command.url)
    said = Deployed(
        **draft.stamp,
        commit=limits.name("commit", command.commit),
        conclusion=limits.name("conclusion", command.conclusion),
        whole_scope=command.whole_scope,
        url=_url(draft, command.url),
    )
    draft.add(said)
    _keep_ahead(draft, None, said, whole_scope=command.whole_scope)
    settle_fix(draft)


def record_release(draft: Draft, command: RecordRelease) -> None:
    """A release was planned or shipped; the first regular one cut after t0 is the awaited one.

    Shipped without the fix it is a breach at the time it shipped; shipped with it, like every
    release that carries the fix, it is the deploy.
    """
    _check_reporter(draft, "recorded")
    if command.shipped_at is not None and command.shipped_at > draft.at:
        raise BadInput("a release that has not shipped has no shipping time")
    incident = draft.incident
    awaited = _is_awaited(draft, command)
    clock = incident.clocks.get(ClockName.FIX)
    waiting = clock is not None and clock.running and clock.target == clocks.NEXT_RELEASE
    moves = awaited and waiting
    draft.add(
        ReleaseRecorded(
            **draft.stamp,
            release=limits.name("release", command.release),
            regular=command.regular,
            cut_at=command.cut_at,
            planned_at=command.planned_at,
            shipped_at=command.shipped_at,
            has_fix=command.has_fix,
            awaited=awaited,
            weekly=True,
            due_at=(command.shipped_at or command.planned_at) if moves else None,
        )
    )
    settle_fix(draft)
    if moves and command.shipped_at is not None and not command.has_fix:
        _breach(draft)


def settle_fix(draft: Draft) -> None:
    """Stops the fix clock once everything it waits for has been seen."""
    fix = draft.incident.fix
    if fix.fixed_at is not None:
        return
    deployed = fix.deployed_at is not None and all(kind in fix.green for kind in RunKind)
    replayed = fix.provider is not None and replay_standing(draft.incident)[0]
    if (fix.commit is not None and deployed) or replayed:
        clock = draft.incident.clocks.get(ClockName.FIX)
        if clock is not None and clock.pause is not None:
            _count_on(draft, clock, draft.at, by_clock=True)
        draft.add(Fixed(**draft.stamp, commit=fix.commit))
        settle_window(draft)


def _is_awaited(draft: Draft, command: RecordRelease) -> bool:
    if not command.regular or command.cut_at <= draft.incident.cycle_started_at:
        return False
    known: Release | None = draft.incident.release
    if known is None or known.id == command.release:
        return known is None or known.shipped_at is None
    return known.shipped_at is None and command.cut_at < known.cut_at


def _breach(draft: Draft) -> None:
    clock = draft.incident.clocks[ClockName.FIX]
    if clock.missed_at is not None or clock.due_at is None:
        return
    draft.add(ClockBreached(**draft.stamp, clock=ClockName.FIX, due_at=clock.due_at, round=None))


def _check_reporter(draft: Draft, url: str) -> None:
    if draft.actor.kind is not ActorKind.PERSON:
        return
    draft.responder()
    if not url:
        raise BadInput("say where the run can be seen", field="url")


def _url(draft: Draft, text: str) -> str:
    """A person's link is one or is refused; of a robot's nothing is kept that is none."""
    if draft.actor.kind is ActorKind.PERSON:
        return limits.link("url", text) if text.strip() else ""
    url = limits.shortened(text.strip(), limits.LINE)
    return url if url.lower().startswith(("https://", "http://")) else ""


def settle_window(draft: Draft, *, why: str = "a signal is firing", flapped: bool = False) -> None:
    """Starts or stops the window as the facts ask for; called after whatever may change them.

    `flapped`: a signal fired and cleared in between, so the window that runs does not count.
    """
    incident = draft.incident
    should_run = incident.open and incident.contained and incident.fixed and not incident.firing
    if should_run and flapped and incident.window is not None:
        draft.add(WindowStopped(actor=CLOCK, at=draft.at, occurred_at=draft.at, reason=why))
        incident = draft.incident
    if should_run and incident.window is None:
        _start_window(draft, draft.at)
    if not should_run and incident.window is not None and incident.open:
        draft.add(WindowStopped(actor=CLOCK, at=draft.at, occurred_at=draft.at, reason=why))


def resize_window(draft: Draft) -> None:
    """Gives a running window the length of the severity now, from where it started."""
    if draft.incident.open and (window := draft.incident.window) is not None:
        _start_window(draft, window.started_at)


def _start_window(draft: Draft, started_at: datetime) -> None:
    length = draft.policy.severities[draft.incident.severity].monitoring
    draft.add(
        WindowStarted(
            actor=CLOCK,
            at=draft.at,
            occurred_at=draft.at,
            started_at=started_at,
            ends_at=started_at + timedelta(minutes=length.minutes),
        )
    )


_MS = timedelta(milliseconds=1)

BUSINESS = "business_days"


def pause_fix(draft: Draft, command: PauseFix) -> None:
    """Stops counting.

    Raises:
        IllegalTransition: it is paused already, does not run, or waits for a release.
        BadInput: for no time, or longer than the policy allows.
    """
    draft.require_open()
    draft.require(Role.INCIDENT_COMMANDER)
    clock = draft.incident.clocks.get(ClockName.FIX)
    if clock is None or not clock.running or clock.target == clocks.NEXT_RELEASE:
        raise IllegalTransition("there is no running time to pause")
    if clock.pause is not None:
        raise IllegalTransition("the fix clock is paused already")
    if not 0 < command.minutes <= draft.policy.limits.pause_minutes:
        raise BadInput(f"a pause takes 1 to {draft.policy.limits.pause_minutes} minutes")
    until = draft.at + timedelta(minutes=command.minutes)
    draft.add(FixPaused(**draft.stamp, until=until, reason=reason_of(command.reason)))


def resume_fix(draft: Draft, _command: ResumeFix) -> None:
    """Counts on, before the pause is over."""
    draft.require_open()
    draft.require(Role.INCIDENT_COMMANDER)
    clock = draft.incident.clocks.get(ClockName.FIX)
    if clock is None or clock.pause is None:
        raise IllegalTransition("the fix clock is not paused")
    _count_on(draft, clock, draft.at, by_clock=False)


def end_pause(draft: Draft) -> None:
    """The longest time of a pause is over: counts on from that moment, however late it is seen."""
    clock = draft.incident.clocks[ClockName.FIX]
    if clock.pause is not None:
        _count_on(draft, clock, clock.pause.until, by_clock=True)


def _count_on(draft: Draft, clock: Clock, resumed_at: datetime, *, by_clock: bool) -> None:
    started_at = clock.pause.started_at if clock.pause else resumed_at
    business = draft.policy.calendar.between(started_at, resumed_at)
    elapsed = resumed_at - started_at
    stamp = draft.stamp
    if by_clock:
        stamp |= {"actor": CLOCK, "occurred_at": resumed_at}
    draft.add(
        FixResumed(
            **stamp,
            resumed_at=resumed_at,
            business_ms=business // _MS,
            elapsed_ms=elapsed // _MS,
            old_due=clock.due_at,
            new_due=_moved(draft, clock, clock.due_at, business, elapsed),
            recovery_due=_moved(draft, clock, clock.recovery_due, business, elapsed),
        )
    )


def _moved(
    draft: Draft, clock: Clock, due: datetime | None, business: timedelta, elapsed: timedelta
) -> datetime | None:
    if due is None or clock.target == clocks.NEXT_RELEASE:
        return due
    if clock.target.startswith(BUSINESS):
        return draft.policy.calendar.add(due, business)
    return due + elapsed
