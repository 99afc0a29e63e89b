"""What the projector does with a batch, record by record.

Apart from the handler so that it can be driven with any stores. A stream record is never reported
as failed on its own: poison is set aside here, since the platform's own way would keep only where
it was, and for a day. A queue message is: the queue keeps it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.adapters.billing.projection.ledger import DynamoDbLedger, record_of
from tocsin.application.billing.projection.project import Outcome, Projected, Projector
from tocsin.application.billing.projection.read_event import billing_event
from tocsin.billing.event import Problem
from tocsin.billing.projection.quarantine import Poison
from tocsin.billing.projection.refetch import LedgerReplay, read_message
from tocsin.errors import TocsinError, Unavailable
from tocsin.providers.bodies.codec import unpack
from tocsin.providers.registry import PROVIDERS, object_reader
from tocsin.runtime.batch import failures
from tocsin.runtime.watch import light
from tocsin.runtime.watch.names import Event, Gauge, Metric

if TYPE_CHECKING:
    from tocsin.adapters.billing.projection.quarantine import SeenVersions
    from tocsin.ports.billing.projection import Quarantine
    from tocsin.ports.billing.replay import ReplayOutcomes
    from tocsin.ports.time import WallClock

UNATTRIBUTED = "unknown"
"""Stands for the provider of what cannot be attributed to one."""

type Records = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Work:
    """A projector with its clock, and where poison goes."""

    projector: Projector
    quarantine: Quarantine
    ledger: DynamoDbLedger
    versions: SeenVersions
    clock: WallClock
    outcomes: ReplayOutcomes

    def handle(self, batch: Records) -> dict[str, Any]:
        """Works a batch off.

        Raises:
            Unavailable: a store did not answer while a stream was being read. The batch comes
                again from its first record, and what was done is recognised as done.
        """
        failed: list[str] = []
        lag: dict[str, int] = {}
        replayed: dict[str, Counter[str]] = {}
        for record in batch.get("Records", []):
            if record.get("eventSource") == "aws:sqs":
                try:
                    self._message(record)
                except Unavailable as error:
                    _note_failure(error)
                    failed.append(str(record["messageId"]))
            elif record.get("eventName") == "INSERT":
                provider, age = self._insert(record.get("dynamodb", {}), replayed)
                lag[provider] = max(age, lag.get(provider, 0))
        for provider, age in lag.items():
            light.gauge(Gauge.PROJECTION_LAG, age, provider=provider)
        self._count(replayed)
        return failures(failed)

    def _count(self, replayed: dict[str, Counter[str]]) -> None:
        """Tells replays what became of their events; to know that is not worth stopping for."""
        for replay, outcomes in replayed.items():
            try:
                self.outcomes.add(replay, outcomes)
            except Unavailable as error:
                _note_failure(error)

    def _insert(
        self, change: dict[str, Any], replayed: dict[str, Counter[str]] | None = None
    ) -> tuple[str, int]:
        """Projects one stored event; whose it is, and how many seconds after it was received."""
        image = change.get("NewImage", {})
        try:
            stored = record_of(image)
            reader = object_reader(stored.identity.provider)
            event = billing_event(stored, reader=reader, unpack=unpack)
            result = self.projector.project(event, now=self._now())
        except Unavailable as error:
            _note_failure(error)
            raise
        except Exception as error:  # noqa: BLE001 - one record must never stop the shard
            self._set_aside(change, error)
            return UNATTRIBUTED, 0
        provider = stored.identity.provider
        if stored.replay and replayed is not None:
            replayed.setdefault(stored.replay, Counter())[result.outcome] += 1
        _note(result, provider, id=event.id, type=event.type)
        self._notice_version(provider, stored.envelope.api_version)
        return provider, max(0, self._now() - stored.received_at)

    def _notice_version(self, provider: str, version: str | None) -> None:
        """Tells of an API version nobody has seen; to know that is not worth stopping for."""
        try:
            new = self.versions.is_new(provider, version, now=self._now())
        except Unavailable as error:
            _note_failure(error)
            return
        if new:
            light.log(Event.API_VERSION_SEEN, level="WARNING", provider=provider, version=version)
            light.count(Metric.API_VERSION_NEW, provider=provider)

    def _message(self, record: dict[str, Any]) -> None:
        try:
            request = read_message(record["body"])
            if isinstance(request, LedgerReplay):
                self._again(request)
                return
            result = self.projector.refetch(request, now=self._now())
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a message that cannot be handled is kept too
            poison = Poison(
                provider=UNATTRIBUTED,
                id=str(record.get("messageId", "unknown")),
                reason=_reason(error),
                detail=str(error),
                first_seen=self._now(),
            )
            self.quarantine.put(poison)
            _note_poison(poison, error)
            return
        provider = request.identity.provider
        _note(result, provider, id=request.subscription, type=request.reason)
        if request.since is not None:
            age = max(0, self._now() - request.since)
            light.gauge(Gauge.PROJECTION_LAG, age, provider=provider)

    def _again(self, request: LedgerReplay) -> None:
        """A stored event, as if it had just come out of the stream; absent, it is poison too."""
        keys = {"PK": {"S": request.pk}, "SK": {"S": request.sk}}
        image = self.ledger.item(request.pk, request.sk)
        self._insert({"Keys": keys, "NewImage": image or {}})

    def _set_aside(self, change: dict[str, Any], error: Exception) -> None:
        keys = change.get("Keys") or change.get("NewImage") or {}
        pk = str(keys.get("PK", {}).get("S", ""))
        provider = pk.partition("#")[0]
        poison = Poison(
            provider=provider if provider in PROVIDERS else UNATTRIBUTED,
            id=str(keys.get("SK", {}).get("S", "unknown")),
            reason=_reason(error),
            detail=str(error),
            first_seen=int(change.get("ApproximateCreationDateTime") or self._now()),
            ledger_pk=pk or None,
        )
        self.quarantine.put(poison)
        _note_poison(poison, error)

    def _now(self) -> int:
        return int(self.clock.wall_now().timestamp())


def _reason(error: Exception) -> str:
    return error.code if isinstance(error, TocsinError) else f"bug:{type(error).__name__}"


def _note(result: Projected, provider: str, **what: str) -> None:
    light.log(
        Event.BILLING_PROJECTED,
        provider=provider,
        outcome=result.outcome,
        problem=result.problem,
        requests=result.requests,
        rev_changed=result.rev_changed,
        **what,
    )
    light.count(Metric.BILLING_PROJECTED, provider=provider, reason=result.outcome)
    if result.requests:
        light.count(Metric.PROVIDER_REQUESTS, value=result.requests, provider=provider)
    if result.problem:
        light.count(Metric.BILLING_PROBLEMS, provider=provider, reason=result.problem)
    if result.problem == Problem.UNKNOWN_STATUS:
        light.count(Metric.UNKNOWN_STATUS, provider=provider)
    if result.left_terminal:
        light.count(Metric.TERMINAL_LEFT, provider=provider)
    if result.outcome is Outcome.QUARANTINED:
        light.count(Metric.BILLING_QUARANTINED, provider=provider, reason=result.problem or "")


def _note_poison(poison: Poison, error: Exception) -> None:
    light.log(
        Event.BILLING_QUARANTINED,
        level="ERROR",
        provider=poison.provider,
        id=poison.id,
        reason=poison.reason,
        error=repr(error),
    )
    reason = poison.reason.partition(":")[0]
    light.count(Metric.BILLING_QUARANTINED, provider=poison.provider, reason=reason)


def _note_failure(error: Unavailable) -> None:
    light.log(Event.RECORD_FAILED, level="ERROR", code=error.code, **error.context)
    light.count(Metric.UNEXPECTED_ERRORS, code=error.code)
