"""What the projector does with a batch, one stored event or one message after the other.

Poison in the stream is set aside here, since the platform's own way would keep only where it was,
and for a day. A message that cannot be handled now goes back to its queue.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tocsin.application.billing.projection.outcome import Outcome, Projected
from tocsin.application.billing.projection.read_event import billing_event
from tocsin.billing.event import Problem
from tocsin.billing.projection.quarantine import Poison
from tocsin.billing.projection.refetch import LedgerReplay, read_message
from tocsin.errors import TocsinError, Unavailable
from tocsin.notes import Event, Gauge, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from tocsin.application.billing.projection.project import Projector
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ledger_key import LedgerRecord
    from tocsin.notes import Notes
    from tocsin.ports.billing.projection import ObjectReader, Quarantine, SeenAccounts
    from tocsin.ports.billing.replay import ReplayOutcomes
    from tocsin.ports.time import WallClock

UNATTRIBUTED = "unknown"
"""Stands for the provider of what cannot be attributed to one."""


class StoredEvents(Protocol):
    """The ledger, item by item as it is stored."""

    def item(self, pk: str, sk: str) -> Mapping[str, Any] | None: ...


class Versions(Protocol):
    """The API versions that events were seen of."""

    def is_new(self, provider: str, version: str | None, *, now: int) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """One item that was put into the ledger; `at` is when, in epoch seconds, if that is known.

    `pk` and `sk` are empty where they are not known.
    """

    pk: str
    sk: str
    item: Mapping[str, Any]
    at: int | None = None


class Done(NamedTuple):
    """Whose event it was, its age in seconds, the replay that put it there, what became of it."""

    provider: str
    age: int = 0
    replay: str | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projecting:
    """A projector with its clock, where poison goes, and how a stored item is read.

    `record` reads the item, `reader` answers a provider's reader and `unpack` a packed body;
    `providers` are those there are.
    """

    projector: Projector
    quarantine: Quarantine
    ledger: StoredEvents
    versions: Versions
    accounts: SeenAccounts
    outcomes: ReplayOutcomes
    record: Callable[[Mapping[str, Any]], LedgerRecord]
    reader: Callable[[str], ObjectReader]
    unpack: Callable[[bytes], dict[str, Any]]
    providers: Container[str]
    clock: WallClock
    notes: Notes

    def batch(self) -> Batch:
        """A batch with nothing done yet."""
        return Batch(self)

    def now(self) -> int:
        return int(self.clock.wall_now().timestamp())

    def project(self, change: Insert) -> Done:
        """Projects one stored event.

        Raises:
            Unavailable: a store did not answer. It comes again, and what was done is recognised.
        """
        try:
            stored = self.record(change.item)
            reader = self.reader(stored.identity.provider)
            event = billing_event(stored, reader=reader, unpack=self.unpack)
            result = self.projector.project(event, now=self.now())
        except Unavailable as error:
            self.failed(error)
            raise
        except Exception as error:  # noqa: BLE001 - one record must never stop the shard
            self._set_aside(change, error)
            return Done(UNATTRIBUTED)
        provider = stored.identity.provider
        self._projected(result, provider, id=event.id, type=event.type)
        self._notice_version(provider, stored.envelope.api_version)
        self._notice_account(stored.identity)
        age = max(0, self.now() - stored.received_at)
        return Done(provider, age, stored.replay, result.outcome)

    def message(self, name: str, body: str) -> None:
        """Asks for a subscription's present state, or projects a stored event again.

        Raises:
            Unavailable: a store or the provider did not answer: the message goes back.
        """
        try:
            request = read_message(body)
            if isinstance(request, LedgerReplay):
                item = self.ledger.item(request.pk, request.sk) or {}
                self.project(Insert(pk=request.pk, sk=request.sk, item=item))
                return
            result = self.projector.refetch(request, now=self.now())
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a message that cannot be handled is kept too
            poison = Poison(
                provider=UNATTRIBUTED,
                id=name,
                reason=_reason(error),
                detail=str(error),
                first_seen=self.now(),
            )
            self._quarantine(poison, error)
            return
        provider = request.identity.provider
        self._projected(result, provider, id=request.subscription, type=request.reason)
        if request.since is not None:
            age = max(0, self.now() - request.since)
            self.notes.gauge(Gauge.PROJECTION_LAG, age, provider=provider)

    def count(self, replayed: Mapping[str, Counter[str]]) -> None:
        """Tells replays what became of their events; to know that is not worth stopping for."""
        for replay, outcomes in replayed.items():
            try:
                self.outcomes.add(replay, outcomes)
            except Unavailable as error:
                self.failed(error)

    def _notice_version(self, provider: str, version: str | None) -> None:
        """Tells of an API version nobody has seen; to know that is not worth stopping for."""
        try:
            new = self.versions.is_new(provider, version, now=self.now())
        except Unavailable as error:
            self.failed(error)
            return
        if new:
            self.notes.warning(Event.API_VERSION_SEEN, provider=provider, version=version)
            self.notes.count(Metric.API_VERSION_NEW, provider=provider)

    def _notice_account(self, identity: Identity) -> None:
        """So that a reconciliation knows of it; to know that is not worth stopping for."""
        try:
            self.accounts.note(identity, now=self.now())
        except Unavailable as error:
            self.failed(error)

    def _set_aside(self, change: Insert, error: Exception) -> None:
        provider = change.pk.partition("#")[0]
        poison = Poison(
            provider=provider if provider in self.providers else UNATTRIBUTED,
            id=change.sk or "unknown",
            reason=_reason(error),
            detail=str(error),
            first_seen=change.at or self.now(),
            ledger_pk=change.pk or None,
        )
        self._quarantine(poison, error)

    def _quarantine(self, poison: Poison, error: Exception) -> None:
        self.quarantine.put(poison)
        self.notes.failed(
            Event.BILLING_QUARANTINED,
            error,
            provider=poison.provider,
            id=poison.id,
            reason=poison.reason,
        )
        reason = poison.reason.partition(":")[0]
        self.notes.count(Metric.BILLING_QUARANTINED, provider=poison.provider, reason=reason)

    def _projected(self, result: Projected, provider: str, **what: str) -> None:
        """A line where there is something to wonder about; the usual event is counted.

        Its row and the ledger name it, and a line for each is what most of the log would be.
        """
        notes = self.notes
        if result.outcome is not Outcome.APPLIED or result.problem or result.requests:
            notes.info(
                Event.BILLING_PROJECTED,
                provider=provider,
                outcome=result.outcome,
                problem=result.problem,
                requests=result.requests,
                rev_changed=result.rev_changed,
                **what,
            )
        notes.count(Metric.BILLING_PROJECTED, provider=provider, reason=result.outcome)
        if result.requests:
            notes.count(Metric.PROVIDER_REQUESTS, result.requests, provider=provider)
        if result.problem:
            notes.count(Metric.BILLING_PROBLEMS, provider=provider, reason=result.problem)
        if result.problem == Problem.UNKNOWN_STATUS:
            notes.count(Metric.UNKNOWN_STATUS, provider=provider)
        if result.left_terminal:
            notes.count(Metric.TERMINAL_LEFT, provider=provider)
        if result.outcome is Outcome.QUARANTINED:
            reason = result.problem or ""
            notes.count(Metric.BILLING_QUARANTINED, provider=provider, reason=reason)

    def failed(self, error: Unavailable) -> None:
        """Something is not known to be done, and comes again."""
        self.notes.failed(Event.RECORD_FAILED, error)
        self.notes.count(Metric.UNEXPECTED_ERRORS, code=error.code)


@dataclass(slots=True)
class Batch:
    """One batch: how late each provider's newest events are, and what replays are owed."""

    work: Projecting
    _lag: dict[str, int] = field(default_factory=dict)
    _replayed: dict[str, Counter[str]] = field(default_factory=dict)

    def inserted(self, change: Insert) -> None:
        """Raises `Unavailable`: then the whole batch comes again from its first record."""
        done = self.work.project(change)
        self._lag[done.provider] = max(done.age, self._lag.get(done.provider, 0))
        if done.replay:
            self._replayed.setdefault(done.replay, Counter())[done.outcome] += 1

    def message(self, name: str, body: str) -> bool:
        """Whether the message is done with."""
        try:
            self.work.message(name, body)
        except Unavailable as error:
            self.work.failed(error)
            return False
        return True

    def end(self) -> None:
        """Reports what was met on the way."""
        for provider, age in self._lag.items():
            self.work.notes.gauge(Gauge.PROJECTION_LAG, age, provider=provider)
        self.work.count(self._replayed)


def _reason(error: Exception) -> str:
    return error.code if isinstance(error, TocsinError) else f"bug:{type(error).__name__}"
