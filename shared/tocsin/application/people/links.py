"""Following a link: what it may still do, and doing it as the person it was sent to.

Looking changes nothing: mail scanners open every link they see. Acting is one command whose id is
the link's own, so the same transaction that makes it true makes the link used.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace

from tocsin.application.incidents.fingerprint import command_hash
from tocsin.application.incidents.outcome import Outcome
from tocsin.errors import Conflict, StaleIfMatch, StaleRound
from tocsin.incidents.commands.base import Command
from tocsin.incidents.commands.people import Acknowledge, Answer, Escalate, HandOver
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind, Audience, Group, Role
from tocsin.people.errors import LinkExpired, LinkInvalid, LinkStale, LinkUsed
from tocsin.people.links import (
    BUNDLE,
    HANDLE,
    LETTERS,
    SEAL,
    Bundle,
    Bundled,
    Keyring,
    Link,
    LinkAction,
    seal_of,
    seal_of_bundle,
)
from tocsin.ports.incidents import IncidentStore
from tocsin.ports.people import LinkStore
from tocsin.ports.runbooks import PolicySource
from tocsin.ports.time import WallClock

_RACES = 5

_GROUPS = frozenset({Group.RESPONDER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A genuine link and the incident as it is; `refusal` says why it can do nothing now.

    `role` and `successor` are what a hand-over would pass on and to whom. `offered` says that the
    person is asked to take a role over.
    """

    link: Link
    action: LinkAction
    incident: Incident
    refusal: Conflict | None = None
    role: Role | None = None
    successor: str | None = None
    offered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A message of a bundle and its incident as it is; `asks` says that its link still answers.

    `incident` is None where it is not to be seen any more.
    """

    member: Bundled
    incident: Incident | None
    asks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDesk:
    """The ports of following; `execute` carries one command out."""

    store: IncidentStore
    policies: PolicySource
    wall: WallClock
    links: LinkStore
    ring: Callable[[], Keyring]
    execute: Callable[[Command], Outcome]

    def look(self, text: str) -> Seen:
        """What the link is and whether it can still do it; changes nothing.

        Raises:
            LinkInvalid: it was never given out as it is, or not to somebody who may act here now.
        """
        link, action = opened(text, self.links, self.ring())
        incident = self.store.load(link.incident)
        if incident is None or link.person in incident.access.excluded:
            raise LinkInvalid("this is no link of ours")
        policy = self.policies.version(incident.policy_version)
        role = _role_of(link.person, incident)
        successor = None if role is None else _successor(role, link.person, policy)
        refusal = self._refusal(link, action, incident, successor)
        return Seen(
            link=link,
            action=action,
            incident=incident,
            refusal=refusal,
            role=role,
            successor=successor,
            offered=bool(incident.offers_to(link.person)),
        )

    def lists(self, text: str) -> tuple[Bundle, tuple[Listed, ...]]:
        """What the list behind a bundle says now, in its own order; changes nothing.

        Raises:
            LinkInvalid: it was never given out as it is.
            LinkExpired: it is too old.
        """
        bundle = opened_bundle(text, self.links, self.ring())
        if self.wall.wall_now() >= bundle.expires_at:
            raise LinkExpired("this list is too old: use the newest message")
        return bundle, tuple(self._listed(bundle, member) for member in bundle.members)

    def _listed(self, bundle: Bundle, member: Bundled) -> Listed:
        incident = self.store.load(member.incident)
        if incident is None or bundle.person in incident.access.excluded:
            return Listed(member=member, incident=None, asks=False)
        link = member.link
        asks = link is not None and not _stale(link, LinkAction.ACKNOWLEDGE, incident, None)
        return Listed(member=member, incident=incident, asks=asks)

    def act(self, text: str, correlation_id: str) -> Seen:
        """Does what the link is for; the incident in the answer is as it is afterwards.

        Raises:
            LinkInvalid, LinkExpired, LinkUsed, LinkStale: nothing has changed.
            TocsinError: the command is refused; nothing has changed.
        """
        for _ in range(_RACES):
            seen = self.look(text)
            if seen.refusal is not None:
                raise seen.refusal
            try:
                outcome = self.execute(self._command(seen, correlation_id))
            except StaleIfMatch:
                continue
            except StaleRound as error:
                raise LinkStale("people are being asked anew: use the newest message") from error
            if outcome.repeated:
                raise LinkUsed("this link has done what it was for")
            if not outcome.entries:
                raise _too_late(outcome.incident)
            return replace(seen, incident=outcome.incident)
        raise LinkStale("the incident is changing: look again")

    def _refusal(
        self, link: Link, action: LinkAction, incident: Incident, successor: str | None
    ) -> Conflict | None:
        if self._used(link, action):
            return LinkUsed("this link has done what it was for")
        if self.wall.wall_now() >= link.expires_at:
            return LinkExpired("this link is too old: use the newest message")
        why = _stale(link, action, incident, successor)
        return LinkStale(why) if why else None

    def _used(self, link: Link, action: LinkAction) -> bool:
        command = command_hash(_actor(link), link.command_id(action))
        return self.store.command(link.incident, command) is not None

    def _command(self, seen: Seen, correlation_id: str) -> Command:
        link, incident = seen.link, seen.incident
        command_id, actor = link.command_id(seen.action), _actor(link)
        if link.by_hand and seen.action is not LinkAction.HAND_OVER:
            return _answer(link, seen.action, correlation_id)
        if seen.action is LinkAction.ACKNOWLEDGE:
            return Acknowledge(
                incident_id=incident.id,
                command_id=command_id,
                actor=actor,
                correlation_id=correlation_id,
                groups=_GROUPS,
                round=link.round,
            )
        if seen.role is not None and seen.successor and seen.action is LinkAction.HAND_OVER:
            return HandOver(
                incident_id=incident.id,
                command_id=command_id,
                actor=actor,
                correlation_id=correlation_id,
                groups=_GROUPS,
                if_match=incident.version,
                role=seen.role,
                person=seen.successor,
                briefing="Handed over by the link in a page.",
            )
        policy = self.policies.version(incident.policy_version)
        backup = link.person in policy.roster.backup.values()
        return Escalate(
            incident_id=incident.id,
            command_id=command_id,
            actor=actor,
            correlation_id=correlation_id,
            groups=_GROUPS,
            if_match=incident.version,
            audience=Audience.ENGINEERING_LEAD if backup else Audience.BACKUP,
            reason="asked by the link in a page",
        )


def _answer(link: Link, action: LinkAction, correlation_id: str) -> Answer:
    """What a link says for who was asked for by hand."""
    on_it = action is LinkAction.ACKNOWLEDGE
    return Answer(
        incident_id=link.incident,
        command_id=link.command_id(action),
        actor=_actor(link),
        correlation_id=correlation_id,
        groups=_GROUPS,
        on_it=on_it,
        reason="" if on_it else "by the link in a page",
    )


def _actor(link: Link) -> Actor:
    return Actor(ActorKind.PERSON, link.person)


def _too_late(incident: Incident) -> LinkStale:
    current = incident.round
    who = current.acknowledged_by if current is not None else None
    return LinkStale(f"{who or 'somebody'} has it already")


def _role_of(person: str, incident: Incident) -> Role | None:
    return next((role for role in Role if incident.roles.get(role) == person), None)


def _successor(role: Role, person: str, policy: Policy) -> str | None:
    roster = policy.roster
    candidates = (roster.backup.get(role), roster.engineering_lead, roster.primary.get(role))
    return next((name for name in candidates if name and name != person), None)


def _stale(link: Link, action: LinkAction, incident: Incident, successor: str | None) -> str:
    """Why the incident is no longer as it was; empty if it is."""
    current = incident.round
    why = ""
    if not incident.open or current is None:
        why = "the incident is closed"
    elif link.by_hand and action is not LinkAction.HAND_OVER:
        waits = incident.request_of(link.person) is not None
        why = "" if waits else "you have answered, or nobody waits for you any more"
    elif current.number != link.round:
        why = "people are being asked anew: use the newest message"
    elif action is LinkAction.HAND_OVER:
        why = "" if successor else "you hold no role that could be handed over"
    elif not current.open:
        why = _too_late(incident).detail
    elif action is LinkAction.ESCALATE and current.next_step - 1 != link.step:
        why = "more people were paged since this link was sent"
    return why


def opened_bundle(text: str, store: LinkStore, ring: Keyring) -> Bundle:
    """The list behind a token.

    Raises:
        LinkInvalid: it was never given out as it is.
    """
    letter, handle, seal = text[:1], text[1 : 1 + HANDLE], text[1 + HANDLE :]
    if letter != BUNDLE or len(seal) != SEAL or not LETTERS.issuperset(text):
        raise LinkInvalid("this is no link of ours")
    found = store.find_bundle(handle)
    if found is None or not hmac.compare_digest(seal, seal_of_bundle(found, ring)):
        raise LinkInvalid("this is no link of ours")
    return found


def opened(text: str, store: LinkStore, ring: Keyring) -> tuple[Link, LinkAction]:
    """The link behind a token.

    Raises:
        LinkInvalid: it was never given out as it is.
    """
    action, handle, seal = text[:1], text[1 : 1 + HANDLE], text[1 + HANDLE :]
    if action not in set(LinkAction) or len(seal) != SEAL or not LETTERS.issuperset(text):
        raise LinkInvalid("this is no link of ours")
    found = store.find(handle)
    if found is None:
        raise LinkInvalid("this is no link of ours")
    wanted = LinkAction(action)
    if not hmac.compare_digest(seal, seal_of(found, wanted, ring)):
        raise LinkInvalid("this is no link of ours")
    return found, wanted
