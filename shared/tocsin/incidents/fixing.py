"""The permanent fix: a linked commit, deployed to the whole scope, with its checks green.

Nothing here believes a link. A commit is fixed when runs of that very commit concluded `success`
and a deploy of that very commit reached everything affected; the clock stops at the later of them.
Where a provider caused it, the fix is a complete replay with nothing left wrong.
"""

from tocsin.errors import BadInput, IllegalTransition
from tocsin.incidents import billing_exit, clocks, limits, monitoring
from tocsin.incidents import commands_response as c
from tocsin.incidents.draft import Draft
from tocsin.incidents.events import ClockBreached
from tocsin.incidents.events_response import Deployed, Fixed, FixLinked, ReleaseRecorded, RunEnded
from tocsin.incidents.parts import Release, RunKind
from tocsin.incidents.vocabulary import ActorKind, ClockName


def link_fix(draft: Draft, command: c.LinkFix) -> None:
    """Names the commit. Another commit starts again with nothing seen of it."""
    draft.responder()
    commit = limits.name("commit", command.commit)
    if draft.incident.fixed:
        raise IllegalTransition("the incident is fixed already")
    draft.add(FixLinked(**draft.stamp, commit=commit, provider=None, url=_url(command.url)))


def name_provider(draft: Draft, command: c.NameProviderCause) -> None:
    """A provider caused it: then a completed replay is the fix."""
    draft.responder()
    provider = limits.name("provider", command.provider)
    if draft.incident.fixed:
        raise IllegalTransition("the incident is fixed already")
    draft.add(FixLinked(**draft.stamp, commit=None, provider=provider, url=""))
    settle(draft)


def record_run(draft: Draft, command: c.RecordRun) -> None:
    """A run ended. A person who reports one has to say where it can be seen."""
    _check_reporter(draft, command.url)
    draft.add(
        RunEnded(
            **draft.stamp,
            commit=limits.name("commit", command.commit),
            run=command.run,
            conclusion=limits.name("conclusion", command.conclusion),
            url=_url(command.url),
        )
    )
    settle(draft)


def record_deploy(draft: Draft, command: c.RecordDeploy) -> None:
    """A deploy ended."""
    _check_reporter(draft, command.url)
    draft.add(
        Deployed(
            **draft.stamp,
            commit=limits.name("commit", command.commit),
            conclusion=limits.name("conclusion", command.conclusion),
            whole_scope=command.whole_scope,
            url=_url(command.url),
        )
    )
    settle(draft)


def record_release(draft: Draft, command: c.RecordRelease) -> None:
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
            due_at=(command.shipped_at or command.planned_at) if moves else None,
        )
    )
    settle(draft)
    if moves and command.shipped_at is not None and not command.has_fix:
        _breach(draft)


def settle(draft: Draft) -> None:
    """Stops the fix clock once everything it waits for has been seen."""
    fix = draft.incident.fix
    if fix.fixed_at is not None:
        return
    deployed = fix.deployed_at is not None and all(kind in fix.green for kind in RunKind)
    replayed = fix.provider is not None and billing_exit.replay_standing(draft.incident)[0]
    if (fix.commit is not None and deployed) or replayed:
        draft.add(Fixed(**draft.stamp, commit=fix.commit))
        monitoring.settle(draft)


def _is_awaited(draft: Draft, command: c.RecordRelease) -> bool:
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


def _url(text: str) -> str:
    return limits.shortened(text.strip(), limits.LINE)
