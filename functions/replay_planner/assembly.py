"""The planner's ports, bound to AWS: made once, at init."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.adapters.billing.projection.queues import SqsRestoreQueue
from tocsin.adapters.billing.projection.sums import DynamoDbProjectionSums
from tocsin.adapters.billing.replay.outcomes import DynamoDbRebuildAudit, DynamoDbReplayOutcomes
from tocsin.adapters.billing.replay.store import DynamoDbReplays
from tocsin.application.billing.projection.file_event import Filer, SetAside
from tocsin.application.billing.replay.drive import RESERVE_MS, Planner
from tocsin.application.billing.replay.rebuild import Rebuilder
from tocsin.application.billing.replay.tell import ReplayTeller, note
from tocsin.billing.identity import Registrations
from tocsin.notes import Event
from tocsin.providers.bodies.codec import keep
from tocsin.providers.http.entities import HttpEntitySource
from tocsin.providers.http.events import HttpEventSource, workspace_of
from tocsin.providers.registry import object_reader, webhook_reader
from tocsin.runtime.aws.http import from_environment
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.driving import Driver, SqsDrive
from tocsin.runtime.wiring.billing import Billing
from tocsin.runtime.wiring.evidence import evidence
from tocsin.runtime.wiring.incidents import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.replay_planner.settings import Settings
    from tocsin.billing.identity import Identity
    from tocsin.billing.replay.cursor import Cursor
    from tocsin.billing.subscription import Subscription
    from tocsin.runtime.watch.invocation import Watch


def wire(settings: Settings, watch: Watch) -> Driver[Cursor]:
    """The driver of a deployed stage's replays."""
    billing = Billing(
        operations=settings.OPERATIONS_TABLE,
        events=settings.BILLING_EVENTS_TABLE,
        subscriptions=settings.BILLING_SUBSCRIPTIONS_TABLE,
        keys_secret=settings.PROVIDER_KEYS_SECRET,
        bases=settings.API_BASES,
        refetch_queue=settings.REFETCH_QUEUE_URL,
    )
    wake = billing.wake(settings.REPLAY_PLANNER_FUNCTION, watch)
    queue = SqsDrive(billing.sqs, settings.REPLAY_QUEUE_URL, "replay", wake)
    return Driver(
        work="replay",
        run=_planner(_Stores.of(billing), billing, settings, watch).run,
        drive=queue,
        look_again=queue.later,
        reserve_ms=RESERVE_MS,
        note=note,
        left=Event.REPLAY_LEFT,
        notes=watch,
    )


@dataclass(frozen=True, slots=True)
class _Stores:
    """What planner, rebuilder and teller share of the tables."""

    replays: DynamoDbReplays
    outcomes: DynamoDbReplayOutcomes
    audit: DynamoDbRebuildAudit
    sums: DynamoDbProjectionSums

    @classmethod
    def of(cls, billing: Billing) -> _Stores:
        return cls(
            DynamoDbReplays(billing.dynamodb, billing.operations, new_token=billing.new_id),
            DynamoDbReplayOutcomes(billing.dynamodb, billing.operations),
            DynamoDbRebuildAudit(billing.dynamodb, billing.operations),
            DynamoDbProjectionSums(billing.dynamodb, billing.subscriptions),
        )


def _planner(stores: _Stores, billing: Billing, settings: Settings, watch: Watch) -> Planner:
    registrations = CachedSecret(
        from_environment("secretsmanager"), settings.REGISTRATIONS_SECRET, Registrations
    )
    return Planner(
        source=HttpEventSource(keys=billing.keys, bases=billing.bases),
        ledger=billing.ledger,
        store=stores.replays,
        queue=SqsRestoreQueue(
            billing.sqs,
            settings.RESTORE_QUEUE_URL,
            wake=billing.wake(settings.REPLAY_WORKER_FUNCTION, watch),
        ),
        sums=stores.sums,
        rate=billing.rate,
        file=Filer(webhook_reader, keep, lambda: registrations.get().hash_key, workspace_of),
        set_aside=SetAside(billing.quarantine),
        outcomes=stores.outcomes,
        tell=_teller(stores, settings, watch),
        rebuilder=_rebuilder(stores, billing),
        now=billing.now,
        sleep=time.sleep,
    )


def _teller(stores: _Stores, settings: Settings, watch: Watch) -> ReplayTeller:
    application = connect(
        settings.INCIDENTS_TABLE,
        clock=watch.clock,
        operations_table=settings.OPERATIONS_TABLE,
        policy_unread=watch.policy_unread,
    )
    return ReplayTeller(
        store=stores.replays,
        outcomes=stores.outcomes,
        audit=stores.audit,
        archive=evidence(settings.EVIDENCE_BUCKET),
        execute=application.execute,
    )


def _rebuilder(stores: _Stores, billing: Billing) -> Rebuilder:
    def read(identity: Identity, shape: Mapping[str, Any]) -> Subscription:
        return object_reader(identity.provider).subscription(shape, as_of=billing.now())

    return Rebuilder(
        source=HttpEntitySource(keys=billing.keys, bases=billing.bases),
        rows=billing.projection,
        refetch=billing.projector.refetch,
        read=read,
        audit=stores.audit,
        ledger=billing.ledger,
        store=stores.replays,
        sums=stores.sums,
        rate=billing.rate,
        now=billing.now,
    )
