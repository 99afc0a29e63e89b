"""Claim, send, mark: how an outbox item leaves, at least once and never in silence.

The claim is a lease, so two deliveries of one item do not send at the same time; the mark comes
last, so a crash before it repeats the message under the same id instead of losing it. What could
not be sent is given back with a later due time, and the sweep brings it again: a message that
nobody can send must not hold up the ones behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.channels.registry import CHANNELS, channel_for
from tocsin.documents.messages import render
from tocsin.errors import Conflict, TocsinError
from tocsin.runtime.names import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.incidents.outbox import OutboxItem, OutboxKey
    from tocsin.incidents.policy import Policy
    from tocsin.ports import IncidentClock, IncidentStore, PolicySource, Sender, WallClock
    from tocsin.runtime.invocation import Watch

LEASE = timedelta(seconds=60)
"""Longer than the function may run: an owner whose lease ended cannot still be sending."""

_FIRST_PAUSE = timedelta(seconds=60)
_LONGEST_PAUSE = timedelta(minutes=15)


class Result(StrEnum):
    """What became of one item: `held` was sent already or is being sent by somebody else."""

    SENT = "sent"
    HELD = "held"
    FAILED = "failed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The ports of delivering; `senders` opens the sender that serves a target."""

    store: IncidentStore
    policies: PolicySource
    clock: IncidentClock
    wall: WallClock
    senders: Callable[[str], Sender]
    watch: Watch

    def deliver(self, key: OutboxKey, *, owner: str) -> Result:
        """Delivers one item.

        Raises:
            StoreUnavailable: whether it was claimed or marked is unknown; try again later.
        """
        item = self.store.claim_outbox(key, owner=owner, wall_now=self.wall.wall_now(), lease=LEASE)
        if item is None:
            self.watch.journal.info(Event.MESSAGE_HELD, incident=key.incident, item=_line(key))
            return Result.HELD
        result = self._send(item)
        try:
            if result is Result.SENT:
                self.store.mark_sent(key, owner=owner, sent_at=self.clock.incident_now())
            else:
                due = self.clock.incident_now() + _pause(item.attempts)
                self.store.release_outbox(key, owner=owner, due_at=due)
        except Conflict as error:  # somebody else's now: they will send it, perhaps again
            self._tell(Event.MESSAGE_HELD, item, error)
        return result

    def _send(self, item: OutboxItem) -> Result:
        try:
            message = render(item, self._policy(item))
            channel_id = self.senders(item.target).send(message)
        except Exception as error:  # noqa: BLE001 - one message's bug must not hold up the others
            retryable = isinstance(error, TocsinError) and error.retryable
            event = Event.MESSAGE_FAILED if retryable else Event.MESSAGE_UNREADABLE
            self._tell(event, item, error)
            self.watch.meter.count(Metric.MESSAGES_FAILED, kind=item.kind)
            return Result.FAILED if retryable else Result.UNREADABLE
        self._tell(Event.MESSAGE_SENT, item, channel_id=channel_id)
        self.watch.meter.count(Metric.MESSAGES_SENT, kind=item.kind)
        return Result.SENT

    def _policy(self, item: OutboxItem) -> Policy:
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
        journal = self.watch.journal
        match error:
            case None:
                journal.info(event, **known)
            case TocsinError():
                journal.refused(event, error, **known)
            case _:
                journal.failed(event, error, **known)


def registered_senders(addresses: Mapping[str, str]) -> Callable[[str], Sender]:
    """Senders by target from the channel registry, each made with its first message.

    `addresses` are the function's settings by field name.
    """
    made: dict[str, Sender] = {}

    def sender(target: str) -> Sender:
        channel = channel_for(target)
        if channel.name not in made:
            module = CHANNELS.module(channel.name)
            made[channel.name] = module.open_channel(addresses[channel.setting])
        return made[channel.name]

    return sender


def _line(key: OutboxKey) -> str:
    """The item without its target: who is paged is not for the log."""
    return "#".join(key.sk.split("#")[:3])


def _pause(attempts: int) -> timedelta:
    return min(_FIRST_PAUSE * attempts, _LONGEST_PAUSE)
