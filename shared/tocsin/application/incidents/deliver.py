"""Claim, send, mark: how an outbox item leaves, at least once and never in silence.

The claim is a lease, so two deliveries of one item do not send at the same time; the mark comes
last, so a crash before it repeats the message under the same id instead of losing it. What could
not be sent is given back with a later due time, and the sweep brings it again: a message that
nobody can send must not hold up the ones behind it. What every way refuses for good, for want of a
right for instance, is not asked for again: it ends, its record says so, and operations are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.application.people.bundles import WAITS
from tocsin.errors import Conflict, MessageRefused, TocsinError
from tocsin.incidents.messages.notices import in_restricted_form, is_moot
from tocsin.incidents.model.outbox import KEPT_ATTEMPTS, REFUSED
from tocsin.notes import Event, Metric

if TYPE_CHECKING:
    from tocsin.application.people.bundles import Bundler
    from tocsin.application.people.route import Attempt, Router
    from tocsin.incidents.model.outbox import OutboxItem, OutboxKey
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.notes import Notes
    from tocsin.people.ways import Way
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.messages import NewsStore
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.time import IncidentClock, WallClock

LEASE = timedelta(seconds=60)
"""Longer than the function may run: an owner whose lease ended cannot still be sending."""

_FIRST_PAUSE = timedelta(seconds=60)
_LONGEST_PAUSE = timedelta(minutes=15)


class Result(StrEnum):
    """What became of one item.

    `held` was sent already or is being sent by somebody else; `no_news` was not sent because the
    audience was told the same last, `moot` because the person is kept out of the incident, or what
    it asks for has been answered. `waits` leaves with others as one text. `refused` is over: no way
    will ever take it.
    """

    SENT = "sent"
    NO_NEWS = "no_news"
    MOOT = "moot"
    WAITS = "waits"
    REFUSED = "refused"
    HELD = "held"
    FAILED = "failed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The ports of delivering; `router` knows the ways, `news` what an audience heard last.

    `bundler` has those pages leave as one text that are too many for a telephone.
    """

    store: IncidentStore
    policies: PolicySource
    clock: IncidentClock
    wall: WallClock
    router: Router
    bundler: Bundler
    news: NewsStore
    notes: Notes

    def deliver(self, key: OutboxKey, *, owner: str) -> Result:
        """Delivers one item.

        Raises:
            StoreUnavailable: whether it was claimed or marked is unknown; try again later.
        """
        item = self.store.claim_outbox(key, owner=owner, wall_now=self.wall.wall_now(), lease=LEASE)
        if item is None:
            self.notes.info(Event.MESSAGE_HELD, incident=key.incident, item=_line(key))
            return Result.HELD
        tried = list(item.tried)
        waits_at: list[Way] = []
        result = self._send(item, tried, waits_at)
        record = tuple(tried[-KEPT_ATTEMPTS:])
        now = self.clock.incident_now()
        try:
            if result in _OVER:
                self.store.mark_sent(key, owner=owner, sent_at=now, tried=record)
            else:
                due = now + _pause(item.attempts)
                if waits_at:
                    due = self.bundler.due(item, waits_at[0])
                self.store.release_outbox(key, owner=owner, due_at=due, tried=record)
        except Conflict as error:  # somebody else's now: they will send it, perhaps again
            self._tell(Event.MESSAGE_HELD, item, error)
        return result

    def bundle(self, *, owner: str) -> int:
        """Lets those leave as one text that have waited for this sweep; how many did.

        Raises:
            StoreUnavailable: they leave once their claims have run out.
        """
        return self.bundler.send(self, owner=owner)

    def _send(self, item: OutboxItem, tried: list[str], waits_at: list[Way]) -> Result:
        """Sends by the first way that takes the message; `tried` gets a line per attempt.

        `waits_at` gets the way at which it has to wait for others.
        """
        failure: Exception | None = None
        again = False
        finals: list[bool] = []
        try:
            found = self.as_it_is_now(item)
            if isinstance(found, str):
                tried.append(found)
                self._tell(Event.MESSAGE_MOOT, item)
                return Result.MOOT
            item = found
            if self._is_no_news(item):
                tried.append("no news")
                self._tell(Event.MESSAGE_NO_NEWS, item)
                return Result.NO_NEWS
            at = self.clock.incident_now()
            for attempt in self.router.attempts(item, self.policy(item), at):
                if attempt.rings is not None and not self._admitted(item, attempt, tried):
                    waits_at.append(attempt.rings)
                    self._tell(Event.MESSAGE_HELD, item, way=attempt.label)
                    return Result.WAITS
                try:
                    channel_id = attempt.send()
                except Exception as error:  # noqa: BLE001 - the next way may work
                    failure, again = error, again or _retryable(error)
                    finals.append(isinstance(error, MessageRefused))
                    tried.append(f"{attempt.label} {_code(error)}")
                    self._tell(Event.WAY_FAILED, item, error, way=attempt.label)
                    self.notes.count(Metric.WAYS_FAILED, kind=item.kind)
                    continue
                tried.append(f"{attempt.label} sent")
                return self._sent(item, attempt.label, channel_id)
            if finals and all(finals):
                tried.append(REFUSED)
                self._tell(Event.MESSAGE_REFUSED, item, failure)
                self.notes.count(Metric.MESSAGES_REFUSED, kind=item.kind)
                return Result.REFUSED
        except Exception as error:  # noqa: BLE001 - one message's bug must not hold up the others
            failure, again = error, _retryable(error)
        self._tell(Event.MESSAGE_FAILED if again else Event.MESSAGE_UNREADABLE, item, failure)
        self.notes.count(Metric.MESSAGES_FAILED, kind=item.kind)
        return Result.FAILED if again else Result.UNREADABLE

    def as_it_is_now(self, item: OutboxItem) -> OutboxItem | str:
        """The message as its incident allows it to be sent now; or why it is not sent.

        Who is kept out is told nothing, and who is asked for what has been answered is not woken.
        Restricted or excluded after the message was queued counts: what has not left can be kept.
        Where the incident cannot be read the message leaves, and says as little as it may.
        """
        try:
            incident = self.store.load(item.incident)
        except Exception as error:  # noqa: BLE001 - people are to be asked whatever is broken
            self._tell(Event.INCIDENT_UNREAD, item, error)
            return in_restricted_form(item)
        if incident is None:
            return item
        if item.personal and item.person in incident.access.excluded:
            return "kept out"
        if is_moot(item, incident):
            return "moot"
        return in_restricted_form(item) if incident.restricted else item

    def _sent(self, item: OutboxItem, way: str, channel_id: str) -> Result:
        self._tell(Event.MESSAGE_SENT, item, way=way, channel_id=channel_id)
        self.notes.count(Metric.MESSAGES_SENT, kind=item.kind)
        if not item.personal:
            try:
                self.news.keep(item)
            except Exception as error:  # noqa: BLE001 - it left; the same words may leave again
                self._tell(Event.MESSAGE_NO_NEWS, item, error)
        return Result.SENT

    def _is_no_news(self, item: OutboxItem) -> bool:
        """Whether the audience was told exactly this last; people are asked again on purpose."""
        if item.personal:
            return False
        last = self.news.last(item)
        return last is not None and last.hash == item.content_hash and last.seq != item.seq

    def _admitted(self, item: OutboxItem, attempt: Attempt, tried: list[str]) -> bool:
        """Whether the page may leave in full by a way that rings; if not, the record says so."""
        if attempt.rings is None:
            return True
        line = f"{attempt.label} {WAITS}"
        waited = line in tried
        if self.bundler.admits(item, attempt.rings, waited=waited):
            return True
        if not waited:
            tried.append(line)
        return False

    def policy(self, item: OutboxItem) -> Policy:
        """The policy the incident was opened under; an old item may not say which."""
        version = item.facts.get("policy_version")
        return self.policies.version(version) if version else self.policies.current()

    def _tell(
        self,
        event: str,
        item: OutboxItem,
        error: Exception | None = None,
        **fields: str,
    ) -> None:
        known = {
            "incident": item.incident,
            "seq": item.seq,
            "kind": item.kind,
            "attempts": item.attempts,
            "correlation_id": item.correlation_id,
            **fields,
        }
        journal = self.notes
        match error:
            case None:
                journal.info(event, **known)
            case TocsinError():
                journal.refused(event, error, **known)
            case _:
                journal.failed(event, error, **known)


_OVER = frozenset({Result.SENT, Result.NO_NEWS, Result.MOOT, Result.REFUSED})


def _line(key: OutboxKey) -> str:
    """The item without its target: who is paged is not for the log."""
    return "#".join(key.sk.split("#")[:3])


def _pause(attempts: int) -> timedelta:
    return min(_FIRST_PAUSE * attempts, _LONGEST_PAUSE)


def _retryable(error: Exception) -> bool:
    return isinstance(error, TocsinError) and error.retryable


def _code(error: Exception) -> str:
    return error.code if isinstance(error, TocsinError) else "unexpected"
