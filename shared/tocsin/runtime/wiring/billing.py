"""Billing with its ports bound, as a function uses it: made once, at init.

Six functions ask the same providers and read the same ledger and projection. Those parts are here,
each made when it is first asked for; the stores of one subject a function names itself. What is
named here is bundled with all six, so sales are not: they carry the providers' SDKs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tocsin.adapters.billing.projection.ledger_queries import (
    DynamoDbLedgerHours,
    DynamoDbLedgerReader,
)
from tocsin.adapters.billing.projection.quarantine import DynamoDbQuarantine
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.providers.http.one import HttpProviderClient, ProviderKeys
from tocsin.providers.registry import object_reader
from tocsin.runtime.aws.http import from_environment
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.draining import Wake
from tocsin.runtime.ids import SystemIds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.adapters.billing.replay.rate_limit import DynamoDbRateLimit
    from tocsin.application.billing.projection.project import Projector
    from tocsin.notes import Notes
    from tocsin.policy.compiled.billing_rules import BillingRules
    from tocsin.ports.billing.projection import RefetchQueue
    from tocsin.ports.time import WallClock


@dataclass(frozen=True, kw_only=True)
class Billing:
    """The tables of a stage, its secret with the providers' keys, and where providers are asked.

    A table or queue that a function has no setting for is left out, and so is what needs it.
    """

    operations: str
    events: str
    keys_secret: str
    bases: Mapping[str, str]
    subscriptions: str = ""
    refetch_queue: str = ""

    @cached_property
    def clock(self) -> WallClock:
        return wall_clock()

    def now(self) -> int:
        """The real time in epoch seconds: periods are the providers' time."""
        return int(self.clock.wall_now().timestamp())

    @cached_property
    def new_id(self) -> Callable[[], str]:
        return SystemIds(self.clock).unique_id

    @cached_property
    def dynamodb(self) -> AwsCall:
        return from_environment("dynamodb")

    @cached_property
    def sqs(self) -> AwsCall:
        return from_environment("sqs")

    def wake(self, function: str, notes: Notes) -> Callable[[], None]:
        """What wakes a function for messages in its queue."""
        return Wake(self._events, function, notes)

    @cached_property
    def _events(self) -> AwsCall:
        return from_environment("lambda_event")

    @cached_property
    def keys(self) -> CachedSecret[ProviderKeys]:
        return CachedSecret(from_environment("secretsmanager"), self.keys_secret, ProviderKeys.read)

    @cached_property
    def client(self) -> HttpProviderClient:
        return HttpProviderClient(
            keys=self.keys, bases=self.bases, reader=object_reader, clock=self.clock
        )

    @cached_property
    def projection(self) -> DynamoDbProjection:
        return DynamoDbProjection(self.dynamodb, self.subscriptions)

    @cached_property
    def ledger(self) -> DynamoDbLedgerReader:
        return DynamoDbLedgerReader(self.dynamodb, self.events)

    @cached_property
    def hours(self) -> DynamoDbLedgerHours:
        return DynamoDbLedgerHours(self.dynamodb, self.events)

    @cached_property
    def quarantine(self) -> DynamoDbQuarantine:
        return DynamoDbQuarantine(self.dynamodb, self.operations)

    # What only some of them need is not imported by the others.

    @cached_property
    def rules(self) -> BillingRules:
        from tocsin.policy.compiled.billing_rules import current_billing_rules  # noqa: PLC0415

        return current_billing_rules()

    @cached_property
    def refetches(self) -> RefetchQueue:
        from tocsin.adapters.billing.projection.queues import SqsRefetchQueue  # noqa: PLC0415

        return SqsRefetchQueue(self.sqs, self.refetch_queue)

    @cached_property
    def projector(self) -> Projector:
        from tocsin.application.billing.projection.project import Projector  # noqa: PLC0415

        return Projector(
            projection=self.projection,
            client=self.client,
            queue=self.refetches,
            quarantine=self.quarantine,
            confirmed=self.rules.confirm,
            invoices=self.client,
        )

    @cached_property
    def rate(self) -> DynamoDbRateLimit:
        from tocsin.adapters.billing.replay.rate_limit import DynamoDbRateLimit  # noqa: PLC0415

        return DynamoDbRateLimit(
            self.dynamodb,
            self.operations,
            now=lambda: self.clock.wall_now().timestamp(),
            sleep=time.sleep,
        )
