"""Where `tocsin billing` works: the stores and the queue of one stage, with an operator's rights.

The command line does here what no function may do: look at what was set aside and hand it on.
What it hands on goes through the same queue and the same rule as everything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.adapters.billing.access.corrections import DynamoDbCorrections
from tocsin.adapters.billing.projection.items import place_of, row_of
from tocsin.adapters.billing.projection.ledger import DynamoDbLedger, record_of
from tocsin.adapters.billing.projection.ledger_queries import DynamoDbLedgerHours
from tocsin.adapters.billing.projection.quarantine import DynamoDbQuarantine
from tocsin.adapters.billing.projection.queues import SqsRefetchQueue
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.application.billing.projection.read_event import billing_event
from tocsin.application.billing.projection.verify_rows import Finding, StoredRow, findings
from tocsin.billing.access.corrections import LONGEST_SECONDS, month_of
from tocsin.billing.identity import Identity
from tocsin.billing.outage.watching import HOUR
from tocsin.billing.projection.ledger_key import key_of
from tocsin.billing.projection.ordering import erase
from tocsin.billing.projection.refetch import LedgerReplay, Reason, RefetchRequest
from tocsin.errors import (
    BadInput,
    MalformedPayload,
    UnknownName,
    UnknownSubscription,
    VersionConflict,
)
from tocsin.providers.bodies.codec import unpack
from tocsin.providers.registry import PROVIDERS, object_reader
from tocsin.runtime.api_client import default_credentials
from tocsin.runtime.aws.http import AwsHttp, Patience
from tocsin.runtime.aws.sigv4 import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.billing.projection.quarantine import Poison
    from tocsin.billing.projection.told import BillingEvent

RETRY_DELAY = 5
"""Seconds before a retry is handled, so that it finds its quarantine item already gone."""

RACES = 5

UNREADABLE = Identity("unknown", "unknown", "unknown")
"""Stands for the account of a row that cannot be read."""

UNKNOWN = "unknown"
"""Stands for the provider of what could not even be attributed."""

_PATIENCE = Patience(connect=3, read=10, deadline=15)


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of one stage that an operator works on."""

    projection: DynamoDbProjection
    ledger: DynamoDbLedger
    hours: DynamoDbLedgerHours
    corrections: DynamoDbCorrections
    quarantine: DynamoDbQuarantine
    queue: SqsRefetchQueue

    def set_aside(self, provider: str | None = None) -> list[Poison]:
        """What is in quarantine, of one provider or of all, oldest first of each."""
        providers = [provider] if provider else [*PROVIDERS.names, UNKNOWN]
        return [poison for each in providers for poison in self.quarantine.kept(each)]

    def find(self, identifier: str) -> Poison:
        """The newest quarantine item of that event or object id.

        Raises:
            UnknownName: there is none.
        """
        found = [poison for poison in self.set_aside() if poison.id == identifier]
        if not found:
            raise UnknownName(f"nothing of the id {identifier!r} is in quarantine")
        return found[-1]

    def retry(self, poison: Poison) -> None:
        """Hands it to the projector again and takes it out; if it fails again, it is back.

        Raises:
            BadInput: it is neither an event of the ledger nor a known subscription.
        """
        self.queue.send(_again(poison), delay=RETRY_DELAY)
        self.quarantine.forget(poison)

    def reproject(self, identity: Identity, *, start: int, until: int) -> int:
        """Hands every stored event made in these seconds to the projector again; how many.

        For a stream that lost records: what a row knows already changes nothing. Events that do
        not say when they were made are not among them.
        """
        hours = range(start - start % HOUR, until, HOUR)
        sent = 0
        for pk, sk in (key for hour in hours for key in self.hours.keys(identity, hour)):
            self.queue.send(LedgerReplay(pk, sk), delay=0)
            sent += 1
        return sent

    def erase(self, identity: Identity, subscription: str) -> None:
        """Takes what leads to a person off a row, for good.

        Raises:
            UnknownSubscription: there is no such row.
            VersionConflict: it changes too fast; try again.
        """
        for _ in range(RACES):
            if (row := self.projection.read(identity, subscription)) is None:
                raise UnknownSubscription(f"no projection of {subscription} for {identity}")
            if row.erased or self.projection.write(identity, subscription, erase(row)):
                return
        raise VersionConflict(f"{subscription} changes too fast; try again")

    def verify(self, *, now: int) -> list[Finding]:
        """Rows that something else than this code wrote, with what is wrong; a whole scan."""
        months = {month_of(now - age) for age in range(0, LONGEST_SECONDS + 1, 86_400)}
        log = [line for month in sorted(months) for line in self.corrections.month(month)]
        unreadable: list[Finding] = []
        rows = self._rows(unreadable)
        return [*findings(rows, log, self._event, now=now), *unreadable]

    def _rows(self, unreadable: list[Finding]) -> Iterator[StoredRow]:
        """Every row; one that cannot be read is named among `unreadable`, and the next follows."""
        for item in self.projection.everything():
            try:
                place, row = place_of(item), row_of(item)
            except (KeyError, ValueError, MalformedPayload) as error:
                pk = item.get("PK", {}).get("S", "a row without a key")
                what = f"the row cannot be read: {error}"
                unreadable.append(Finding(UNREADABLE, pk.removeprefix("SUB#"), what))
                continue
            yield StoredRow(*place, row=row, fingerprint=item.get("fp", {}).get("S"))

    def _event(self, identity: Identity, event_id: str, created: int) -> BillingEvent | None:
        key = key_of(identity, event_id, created)
        if (item := self.ledger.item(key.pk, key.sk)) is None:
            return None
        reader = object_reader(identity.provider)
        try:
            return billing_event(record_of(item), reader=reader, unpack=unpack)
        except MalformedPayload:  # it is in quarantine; no row can follow from it
            return None


def _again(poison: Poison) -> LedgerReplay | RefetchRequest:
    if poison.ledger_pk:
        return LedgerReplay(poison.ledger_pk, poison.id)
    if poison.identity and poison.subscription:
        identity = Identity.parse(poison.identity)
        return RefetchRequest(identity, poison.subscription, Reason.ASKED, poison.first_seen)
    raise BadInput(f"{poison.id} cannot be handed on: it names neither an event nor an object")


def local_desk() -> Desk:
    """The running local cloud's. Raises `CloudNotRunning` where there is none."""
    from tocsin.local.look.clients import Keys  # noqa: PLC0415 -- loads boto3, of no use to a real stage
    from tocsin.local.machine.places import find  # noqa: PLC0415 -- the same
    from tocsin.local.stage.cloud import Cloud  # noqa: PLC0415 -- the same

    found, keys = Cloud(find()).outputs(), Keys()
    credentials = Credentials(keys.access, keys.secret, keys.token)

    def aws(service: str) -> AwsHttp:
        return AwsHttp(
            service,
            endpoint=found["endpoint"],
            region=found["region"],
            credentials=credentials,
            patience=_PATIENCE,
        )

    tables = found["tables"]
    return desk(
        aws,
        subscriptions=tables["billing_subscriptions"],
        events=tables["billing_events"],
        operations=tables["operations"],
        queue_url=found["queues"]["refetch"],
    )


def stage_desk(stage: str, region: str) -> Desk:
    """A deployed stage's, under the credentials AWS's usual chain finds."""
    found = default_credentials()
    credentials = Credentials(found.access_key, found.secret_key, found.token)

    def aws(service: str) -> AwsHttp:
        return AwsHttp(
            service,
            endpoint=f"https://{service}.{region}.amazonaws.com",
            region=region,
            credentials=credentials,
            patience=_PATIENCE,
        )

    prefix = f"tocsin-{stage}"
    queue = aws("sqs").call("GetQueueUrl", {"QueueName": f"{prefix}-refetch"})
    return desk(
        aws,
        subscriptions=f"{prefix}-billing-subscriptions",
        events=f"{prefix}-billing-events",
        operations=f"{prefix}-operations",
        queue_url=queue["QueueUrl"],
    )


def desk(
    aws: Callable[[str], AwsHttp],
    *,
    subscriptions: str,
    events: str,
    operations: str,
    queue_url: str,
) -> Desk:
    """A desk over these tables and this queue."""
    dynamodb = aws("dynamodb")
    return Desk(
        projection=DynamoDbProjection(dynamodb, subscriptions),
        ledger=DynamoDbLedger(dynamodb, events),
        hours=DynamoDbLedgerHours(dynamodb, events),
        corrections=DynamoDbCorrections(
            dynamodb, subscriptions=subscriptions, operations=operations
        ),
        quarantine=DynamoDbQuarantine(dynamodb, operations),
        queue=SqsRefetchQueue(aws("sqs"), queue_url),
    )
