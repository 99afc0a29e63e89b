"""The looks of one round: each reports its own measures, and fails alone.

A look is a name and a function of the time. One more is one more class and one more line in the
handler.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from tocsin.errors import TocsinError
from tocsin.notes import Event, Gauge, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tocsin.application.billing.outage.probe import Prober
    from tocsin.application.billing.outage.watch_ledger import LedgerWatch
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.quarantine import Poison
    from tocsin.notes import Notes
    from tocsin.ports.time import WallClock

    type Accounts = Callable[[], Iterable[Identity]]


PER_CONSUMER, MOST_CONSUMERS = 100, 5
"""How many messages one consumer is woken for, and how many consumers at a time."""


SILENT_AFTER = 600


class Look(Protocol):
    """One thing to look at; `now` is the real time in epoch seconds."""

    name: ClassVar[str]

    def look(self, now: int) -> None:
        """Raises whatever keeps it from seeing; the other looks go on."""
        ...


class Quarantine(Protocol):
    """What was set aside, by provider."""

    def oldest(self, provider: str) -> Poison | None: ...


@dataclass(frozen=True, slots=True)
class Looks:
    """All looks, one after the other."""

    looks: Sequence[Look]
    clock: WallClock
    notes: Notes

    def run(self) -> dict[str, Any]:
        """One round; a look that fails is logged, counted and named in the answer."""
        failed: list[str] = []
        for look in self.looks:
            try:
                look.look(int(self.clock.wall_now().timestamp()))
            except Exception as error:  # noqa: BLE001 - a blind eye must not close the others
                code = error.code if isinstance(error, TocsinError) else "internal"
                self.notes.failed(Event.LOOK_FAILED, error, look=look.name)
                self.notes.count(Metric.LOOKS_FAILED, code=code)
                failed.append(look.name)
        return {"failed": failed}


@dataclass(frozen=True, slots=True)
class LedgerLook:
    """How silent each account is, and how old its oldest unprojected event."""

    accounts: Accounts
    watch: LedgerWatch
    notes: Notes
    name: ClassVar[str] = "ledger"

    def look(self, now: int) -> None:
        for identity in self.accounts():
            found = self.watch.look(identity, now=now)
            provider = identity.provider
            self.notes.gauge(Gauge.PROVIDER_SILENCE, found.silence.seconds, provider=provider)
            self.notes.gauge(Gauge.EVENTS_MISSED, found.silence.missed, provider=provider)
            self.notes.gauge(Gauge.OLDEST_UNPROJECTED, found.oldest_unprojected, provider=provider)
            self.notes.info(
                Event.PROVIDER_WATCHED,
                provider=provider,
                account=identity.account,
                mode=identity.mode,
                silent_seconds=found.silence.seconds,
                missed=found.silence.missed,
                expected_per_hour=found.expected_per_hour,
                oldest_unprojected=found.oldest_unprojected,
            )


@dataclass(frozen=True, slots=True)
class RecoveryLook:
    """Whether each account's provider lists its events, and whether the newest came by webhook.

    What a replay waits for: ten of these in a row, all good.
    """

    accounts: Accounts
    prober: Prober
    lists: Callable[[str], bool]
    notes: Notes
    name: ClassVar[str] = "recovery"

    def look(self, now: int) -> None:
        for identity in self.accounts():
            if self.lists(identity.provider):
                probe = self.prober.look(identity, now=now)
                self.notes.info(
                    Event.PROVIDER_PROBED,
                    provider=identity.provider,
                    account=identity.account,
                    mode=identity.mode,
                    succeeded=probe.succeeded,
                    by_webhook=probe.by_webhook,
                )


@dataclass(frozen=True, slots=True)
class WatchedQueue:
    """A queue, and who is woken for what waits in it.

    It is looked into at every round, or while it is empty every so many seconds.
    """

    url: str
    wake: Callable[[], None]
    every: int = 0


@dataclass(frozen=True, slots=True)
class QueueLook:
    """Wakes who works a queue off, and tells how long messages have lain while nobody took any.

    `depth` counts what waits and what was taken and not yet done. A long queue that is worked off
    is no trouble. Since when is remembered by this process alone, so a new one tells later, never
    wrongly.
    """

    depth: Callable[[str], tuple[int, int]]
    queues: Sequence[WatchedQueue]
    notes: Notes
    _since: dict[str, int] = field(default_factory=dict, init=False)
    _empty_at: dict[str, int] = field(default_factory=dict, init=False)
    name: ClassVar[str] = "queues"

    def look(self, now: int) -> None:
        for queue in self.queues:
            # A round is never a whole minute after the last one.
            if now - self._empty_at.get(queue.url, 0) > queue.every - 30:
                self._look_into(queue, now)
            untaken = now - self._since.get(queue.url, now)
            self.notes.gauge(Gauge.QUEUE_UNTAKEN, untaken, queue=queue.url.rpartition("-")[2])

    def _look_into(self, queue: WatchedQueue, now: int) -> None:
        waiting, taken = self.depth(queue.url)
        for _ in range(min(-(-waiting // PER_CONSUMER), MOST_CONSUMERS)):
            queue.wake()
        if waiting or taken:
            self._empty_at.pop(queue.url, None)
        else:
            self._empty_at[queue.url] = now
        if waiting and not taken:
            self._since.setdefault(queue.url, now)
        else:
            self._since.pop(queue.url, None)


@dataclass(frozen=True, slots=True)
class OutageWatchLook:
    """How long the outage watch has not said how it stands, once that is too long.

    `status` is the public status, which each of its rounds publishes. Where there is none yet, it
    counts from the first look of this process.
    """

    status: Callable[[], Mapping[str, Any] | None]
    notes: Notes
    _first: list[int] = field(default_factory=list, init=False)
    name: ClassVar[str] = "outage watch"

    def look(self, now: int) -> None:
        self._first[:] = self._first or [now]
        status = self.status()
        silent = now - (self._first[0] if status is None else int(status["as_of"]))
        self.notes.gauge(Gauge.OUTAGE_WATCH_SILENT, silent if silent >= SILENT_AFTER else 0)


@dataclass(frozen=True, slots=True)
class QuarantineLook:
    """How long the oldest of what was set aside has waited for a person."""

    quarantine: Quarantine
    providers: Sequence[str]
    notes: Notes
    name: ClassVar[str] = "quarantine"

    def look(self, now: int) -> None:
        for provider in self.providers:
            oldest = self.quarantine.oldest(provider)
            age = 0 if oldest is None else max(0, now - oldest.first_seen)
            self.notes.gauge(Gauge.OLDEST_QUARANTINED, age, provider=provider)
