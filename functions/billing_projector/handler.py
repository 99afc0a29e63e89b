"""The ledger's stream, and delayed questions: each event moves one projection, or nothing.

Two triggers end here: inserts into the ledger, and messages of the refetch queue, which ask for
a subscription's present state or for a stored event to be read again. One record that
cannot be handled is set aside with its reason and the rest flows on; only a store that does not
answer stops the batch, and then the whole batch comes again, which changes nothing twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.billing_projector.settings import Settings
from tocsin.adapters.billing.projection.accounts import DynamoDbSeenAccounts
from tocsin.adapters.billing.projection.ledger import DynamoDbLedger, record_of
from tocsin.adapters.billing.projection.quarantine import SeenVersions
from tocsin.adapters.billing.replay.outcomes import DynamoDbReplayOutcomes
from tocsin.application.billing.projection.batch import Insert, Projecting
from tocsin.providers.bodies.codec import unpack
from tocsin.providers.registry import PROVIDERS, object_reader
from tocsin.runtime import settings
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.batch import failures
from tocsin.runtime.draining import LONG_POLL, Drain
from tocsin.runtime.watch import json_lines
from tocsin.runtime.wiring.billing import Billing

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = settings.load(Settings)
BILLING = Billing(
    operations=SETTINGS.OPERATIONS_TABLE,
    events=SETTINGS.BILLING_EVENTS_TABLE,
    subscriptions=SETTINGS.BILLING_SUBSCRIPTIONS_TABLE,
    keys_secret=SETTINGS.PROVIDER_KEYS_SECRET,
    bases=SETTINGS.API_BASES,
    refetch_queue=SETTINGS.REFETCH_QUEUE_URL,
)
WORK = Projecting(
    projector=BILLING.projector,
    quarantine=BILLING.quarantine,
    ledger=DynamoDbLedger(BILLING.dynamodb, BILLING.events),
    versions=SeenVersions(BILLING.dynamodb, BILLING.operations),
    accounts=DynamoDbSeenAccounts(BILLING.dynamodb, BILLING.operations),
    outcomes=DynamoDbReplayOutcomes(BILLING.dynamodb, BILLING.operations),
    record=record_of,
    reader=object_reader,
    unpack=unpack,
    providers=PROVIDERS,
    clock=BILLING.clock,
    notes=json_lines.NOTES,
)
DRAIN = Drain(
    aws_http.from_environment("sqs", patience=LONG_POLL),
    SETTINGS.REFETCH_QUEUE_URL,
    batch=10,
    reserve_ms=20_000,
)
json_lines.start("billing_projector", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)


def lambda_handler(event: Mapping[str, list[dict[str, Any]]], context: Any) -> dict[str, Any]:
    """A batch of the ledger's stream; or, woken without one, the questions that are due.

    A stream record is never named in the answer: what is wrong with it is set aside, and a store
    that does not answer fails the whole batch.
    """
    with json_lines.invocation(context):
        if "Records" not in event:
            return DRAIN(ask, remaining_ms=context.get_remaining_time_in_millis)
        batch = WORK.batch()
        for record in event["Records"]:
            if record.get("eventName") == "INSERT":
                batch.inserted(_insert(record.get("dynamodb", {})))
        batch.end()
        return failures(())


def ask(event: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Works off messages of the queue; the answer names those that are to come again."""
    batch = WORK.batch()
    again = [
        str(each["messageId"])
        for each in event["Records"]
        if not batch.message(str(each["messageId"]), each["body"])
    ]
    batch.end()
    return failures(again)


def _insert(change: Mapping[str, Any]) -> Insert:
    image = change.get("NewImage", {})
    keys = change.get("Keys") or image
    pk, sk = (str(keys.get(name, {}).get("S", "")) for name in ("PK", "SK"))
    return Insert(pk=pk, sk=sk, item=image, at=int(change.get("ApproximateCreationDateTime") or 0))
