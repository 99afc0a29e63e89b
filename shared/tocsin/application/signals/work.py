"""Work on incidents, told to those that it names and to those that follow its commit.

What was seen of a commit is kept before anybody is asked who follows it, and an incident follows a
commit before it says so: whichever of the two comes first, the other finds it. What a commit has
come to is worked out anew from all that is kept, so that the order of messages, repeated ones and
two at one time end alike.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.application.incidents.receive import goes_on_as
from tocsin.errors import BadInput, IdempotencyKeyReused, IllegalTransition
from tocsin.incidents.commands.fix import RecordDeploy, RecordRun
from tocsin.incidents.commands.record import SeeLink
from tocsin.incidents.model.parts import LinkPurpose
from tocsin.incidents.model.work import (
    SHORT,
    WorkKind,
    checks,
    is_production,
    reaches_all,
    same,
    says_already,
    verdicts,
)
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.application.incidents.execute import Ports
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.commands.fix import LinkFix
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.work import Known, Verdict, Work
    from tocsin.incidents.runbook.policy import Policy

    type Carry = Callable[[Command], Outcome]

LOOKS = 5
"""How often a commit is worked out anew while others tell of it at the same time."""


def see(work: Work, ports: Ports, carry: Carry) -> list[Outcome]:
    """Tells of one piece of work; what it came to, where it came to anything.

    Raises:
        StoreUnavailable: it is to be told again.
        VersionConflict: alike.
    """
    policy = ports.policies.current()
    if work.seen is not None:
        if not _counts(work, policy):
            return []
        ports.store.see(work.seen, recorded_at=ports.clock.incident_now())
    named = list(_named(work, ports))
    found: list[Outcome] = []
    for incident in named:
        if work.commit and work.kind is not WorkKind.RUN:
            ports.store.follow(work.commit, incident.id, at=ports.clock.incident_now())
        for link in _links(work, incident):
            found += [one for one in _told(link, carry) if not one.repeated]
    if work.commit:
        found += _tell(work.commit, work.id, ports, carry)
    return found


def follow_fix(command: LinkFix, ports: Ports) -> None:
    """Before a person's commit is linked: from now on the incident is told of it."""
    known = ports.store.load(command.incident_id)
    if known is not None and len(command.commit) >= SHORT:
        now = ports.clock.incident_now()
        ports.store.follow(command.commit, command.incident_id, at=now)


def tell_fix(command: LinkFix, linked: Outcome, ports: Ports, carry: Carry) -> Outcome:
    """After it: what was seen of the commit before counts from now on."""
    if len(command.commit) < SHORT:
        return linked
    told = _tell(command.commit, command.correlation_id, ports, carry, only=command.incident_id)
    return replace(linked, incident=told[-1].incident) if told else linked


def _counts(work: Work, policy: Policy) -> bool:
    """Whether it is a check that the policy names, or a deployment to production."""
    seen = work.seen
    if seen is None:
        return False
    if work.kind is WorkKind.RUN:
        return bool(checks(policy.work, seen.name))
    return is_production(policy.work, seen.name)


def _named(work: Work, ports: Ports) -> Iterable[Incident]:
    """The incidents that it names, or what they are duplicates of, each once."""
    ids = (None if ports.numbers is None else ports.numbers.holder(name) for name in work.names)
    incidents = (None if found is None else goes_on_as(found, ports.store) for found in ids)
    return {one.id: one for one in incidents if one is not None}.values()


def _links(work: Work, incident: Incident) -> Iterable[SeeLink]:
    """A change once, its commit once it is merged, and a check once for each branch."""
    if work.kind is WorkKind.CHANGE:
        yield _link(work, incident, LinkPurpose.FIX, work.url, work.title, work.url)
        if work.commit_url:
            title = f"merged as {work.commit[:SHORT]}: {work.title}"
            yield _link(work, incident, LinkPurpose.FIX, work.commit_url, title, work.commit_url)
    elif work.kind is WorkKind.RUN and work.seen is not None and work.seen.conclusion:
        once = f"{work.seen.repository} {work.seen.name} {work.branch}"
        yield _link(work, incident, LinkPurpose.TEST_PLAN, work.url, work.title, once)


def _link(
    work: Work, incident: Incident, purpose: LinkPurpose, url: str, title: str, once: str
) -> SeeLink:
    return SeeLink(
        incident_id=incident.id,
        command_id=f"work:{_digest(purpose, once)}",
        actor=Actor(ActorKind.SOURCE, work.source),
        correlation_id=work.id,
        purpose=purpose,
        url=url,
        title=title,
    )


def _tell(
    commit: str, correlation_id: str, ports: Ports, carry: Carry, *, only: str | None = None
) -> list[Outcome]:
    """Tells those who follow a commit what it has come to, until nothing new is known of it."""
    found: list[Outcome] = []
    rules = ports.policies.current().work
    before: tuple[Verdict, ...] | None = None
    for _ in range(LOOKS):
        known = ports.store.known_of(commit)
        now = verdicts(known.seen, rules)
        if now == before:
            break
        before = now
        for incident, called in _following(known, commit, ports):
            if only is None or incident.id == only:
                for verdict in now:
                    said = _record_of(verdict, incident, called, correlation_id)
                    found += _said(said, called, verdict, carry)
    return found


def _following(known: Known, commit: str, ports: Ports) -> Iterable[tuple[Incident, str]]:
    """The open incidents that are told, and what the commit is called there."""
    for name in dict.fromkeys(one.incident for one in known.followers):
        incident = ports.store.load(name)
        if incident is not None and incident.open:
            linked = incident.fix.commit
            yield incident, linked if linked is not None and same(linked, commit) else commit


def _record_of(
    verdict: Verdict, incident: Incident, called: str, correlation_id: str
) -> RecordRun | RecordDeploy:
    actor = Actor(ActorKind.SOURCE, verdict.source)
    name = f"work:{_digest(verdict.kind, verdict.conclusion, called, verdict.of)}"
    if verdict.kind is not None:
        return RecordRun(
            incident_id=incident.id,
            command_id=name,
            actor=actor,
            correlation_id=correlation_id,
            commit=called,
            run=verdict.kind,
            conclusion=verdict.conclusion,
            url=verdict.url,
        )
    return RecordDeploy(
        incident_id=incident.id,
        command_id=name,
        actor=actor,
        correlation_id=correlation_id,
        commit=called,
        conclusion=verdict.conclusion,
        whole_scope=reaches_all(incident, verdict.repository),
        url=verdict.url,
    )


def _said(
    command: RecordRun | RecordDeploy, called: str, verdict: Verdict, carry: Carry
) -> list[Outcome]:
    """What it came to. One that was said before is said again only where something else was since.

    That is so where two tell of one commit at the same time and the older is written last.
    """
    found = _told(command, carry)
    if found and found[0].repeated and not says_already(found[0].incident, called, verdict):
        again = f"{command.command_id}:{found[0].incident.version}"
        found = _told(replace(command, command_id=again), carry)
    return [one for one in found if not one.repeated]


def _told(command: Command, carry: Carry) -> list[Outcome]:
    """What an incident made of it; nothing where it cannot take it, or was told otherwise before.

    A title that was edited since is no other link.
    """
    try:
        return [carry(command)]
    except (IllegalTransition, BadInput, IdempotencyKeyReused):
        return []


def _digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()
