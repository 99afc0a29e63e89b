"""Intents, attempts and breakers in the `operations` table.

An intent, its place in the list of unsettled ones and the attempt that changed it are one
transaction: there is no moment in which a call may have been made and nothing leads to it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from tocsin.adapters.billing.checkout.items import (
    OPEN_PK,
    attempt_item,
    attempt_of,
    breaker_item,
    breaker_key,
    breaker_of,
    hour_pk,
    intent_item,
    intent_key,
    intent_of,
    open_item,
)
from tocsin.billing.checkout.breaker import Breaker
from tocsin.errors import ConditionFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.adapters.aws.call import AwsCall, Item
    from tocsin.billing.checkout.attempts import Attempt
    from tocsin.billing.checkout.intent import Intent
    from tocsin.billing.identity import Identity

_HOUR = 3_600


class DynamoDbIntents:
    """Implements `ports.billing.checkout.IntentStore`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def load(self, intent_id: str) -> Intent | None:
        item = _read(self._aws, self._table, intent_key(intent_id))
        return intent_of(item) if item else None

    def save(self, intent: Intent, attempt: Attempt | None = None) -> bool:
        writes: list[dict[str, Any]] = [
            {"Put": {"TableName": self._table, "Item": intent_item(intent), **_after(intent.ver)}}
        ]
        writes.append({"Put": {"TableName": self._table, "Item": open_item(intent)}})
        if attempt is not None:
            writes.append({"Put": {"TableName": self._table, "Item": attempt_item(attempt)}})
        try:
            self._aws.call("TransactWriteItems", {"TransactItems": writes})
        except ConditionFailed:
            # Perhaps by our own write, whose answer was lost: then what is stored is ours.
            return self.load(intent.id) == intent
        return True

    def unsettled(self, *, limit: int = 200) -> tuple[Intent, ...]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "PK = :pk",
            "FilterExpression": "attribute_not_exists(done)",
            "ExpressionAttributeValues": {":pk": {"S": OPEN_PK}},
            "ConsistentRead": True,
        }
        listed = islice(_all(self._aws, request), limit)
        found = [self.load(item["id"]["S"]) for item in listed]
        return tuple(each for each in found if each is not None and not each.settled)

    def attempts(self, *, since: int, until: int) -> tuple[Attempt, ...]:
        hours = range(since - since % _HOUR, until + 1, _HOUR)
        return tuple(each for hour in hours for each in self._of_hour(hour, since, until))

    def _of_hour(self, hour: int, since: int, until: int) -> Iterator[Attempt]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "PK = :pk AND SK BETWEEN :from AND :to",
            "ExpressionAttributeValues": {
                ":pk": {"S": hour_pk(hour)},
                ":from": {"S": f"{since * 1000:015d}"},
                ":to": {"S": f"{until * 1000 + 999:015d}$"},  # `$` sorts after `#`
            },
            "ConsistentRead": True,
        }
        yield from (attempt_of(item) for item in _all(self._aws, request))


class DynamoDbBreakers:
    """Implements `ports.billing.checkout.BreakerStore`."""

    def __init__(self, aws: AwsCall, table: str) -> None:
        self._aws, self._table = aws, table

    def load(self, identity: Identity) -> Breaker:
        item = _read(self._aws, self._table, breaker_key(identity))
        return breaker_of(item) if item else Breaker()

    def save(self, identity: Identity, breaker: Breaker) -> bool:
        condition = {
            # Without a version, or with one that is no number, it is as if nothing were stored.
            "ConditionExpression": "#ver = :before OR NOT attribute_type(#ver, :number)",
            "ExpressionAttributeNames": {"#ver": "ver"},
            "ExpressionAttributeValues": {
                ":before": {"N": str(breaker.ver - 1)},
                ":number": {"S": "N"},
            },
        }
        item = breaker_item(identity, breaker)
        try:
            self._aws.call("PutItem", {"TableName": self._table, "Item": item, **condition})
        except ConditionFailed:
            return False
        return True


def _read(aws: AwsCall, table: str, key: Item) -> Item | None:
    answer = aws.call("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True})
    item: Item | None = answer.get("Item")
    return item


def _all(aws: AwsCall, request: dict[str, Any]) -> Iterator[Item]:
    """Every item of a query, page after page."""
    while True:
        answer = aws.call("Query", request)
        yield from answer["Items"]
        if not (last := answer.get("LastEvaluatedKey")):
            return
        request["ExclusiveStartKey"] = last


def _after(ver: int) -> dict[str, Any]:
    """The condition that the stored version is the one before."""
    if ver == 1:
        return {"ConditionExpression": "attribute_not_exists(PK)"}
    return {
        "ConditionExpression": "#ver = :before",
        "ExpressionAttributeNames": {"#ver": "ver"},
        "ExpressionAttributeValues": {":before": {"N": str(ver - 1)}},
    }
