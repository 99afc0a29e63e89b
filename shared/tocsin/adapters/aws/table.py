"""One DynamoDB table over a signed call: the one way in which every store reads and writes.

What can be tried again is tried again by the call itself. A cancelled transaction is the exception:
whether that is worth another try depends on the reasons, which only its caller knows.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.batch_get import batch_get
from tocsin.errors import ConditionFailed, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.adapters.aws.attributes import Item
    from tocsin.adapters.aws.call import AwsCall

BATCH_READ = 100
NEW = "attribute_not_exists(PK)"


class Cancelled(Exception):
    """A transaction was not written; `reasons` has one code per item, in order."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = tuple(reasons)


class Table:
    """One table behind one caller. Reads by key are consistent.

    Every method raises `StoreUnavailable` where DynamoDB refuses or does not answer.
    """

    def __init__(self, aws: AwsCall, name: str) -> None:
        self._aws = aws
        self.name = name

    def get(self, key: Item, *, table: str | None = None) -> Item | None:
        """The item, read consistently; from another `table` where named."""
        wanted = {"TableName": table or self.name, "Key": key, "ConsistentRead": True}
        item: Item | None = self._aws.call("GetItem", wanted).get("Item")
        return item

    def known(self, keys: Sequence[Item]) -> Iterator[Item]:
        """Those of the keys that exist, read consistently, in no order; all have to be distinct."""
        attributes = ("PK", "SK")
        return batch_get(
            self._aws, self.name, keys, attributes=attributes, consistent=True, sleep=time.sleep
        )

    def put_new(self, item: Item) -> bool:
        """Writes the item unless its key exists; whether what lies there now is this item.

        So a write whose answer was lost is known again when it is sent once more. Whoever has to
        know that nobody else wrote the same puts a token of their own into the item.
        """
        try:
            self.put(item, condition=NEW)
        except ConditionFailed as refused:
            return refused.item == item
        return True

    def put(
        self, item: Item, *, condition: str | None = None, values: Mapping[str, Item] | None = None
    ) -> None:
        """Writes the item, if the condition holds.

        Raises:
            ConditionFailed: it does not hold; with the item that lies there.
        """
        request: dict[str, Any] = {"TableName": self.name, "Item": item}
        if condition is not None:
            request["ConditionExpression"] = condition
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if values:
            request["ExpressionAttributeValues"] = values
        self._aws.call("PutItem", request)

    def update(
        self,
        key: Item,
        expression: str,
        *,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Item],
    ) -> Item:
        """The item after a conditional update.

        Raises:
            ConditionFailed: the condition did not hold.
        """
        answer = self._aws.call(
            "UpdateItem",
            {
                "TableName": self.name,
                "Key": key,
                "UpdateExpression": expression,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
                "ReturnValues": "ALL_NEW",
            },
        )
        attributes: Item = answer["Attributes"]
        return attributes

    def page(self, **query: Any) -> Item:
        """One page of a query, as DynamoDB answers it."""
        return self._aws.call("Query", {"TableName": self.name, **query})

    def query(self, **query: Any) -> Iterator[Item]:
        """Every item of a query, page after page."""
        while True:
            answer = self.page(**query)
            yield from answer["Items"]
            if not (last := answer.get("LastEvaluatedKey")):
                return
            query["ExclusiveStartKey"] = last

    def transact(self, writes: Sequence[Item]) -> None:
        """Writes all or nothing.

        Raises:
            Cancelled: nothing was written, and why, item by item.
        """
        try:
            self._aws.call("TransactWriteItems", {"TransactItems": writes})
        except ConditionFailed as refused:
            reasons: Any = (refused.item or {}).get("CancellationReasons", [])
            raise Cancelled([str(each.get("Code")) for each in reasons]) from refused
        except StoreUnavailable as refused:
            if (cancelled := refused.context.get("cancelled")) is None:
                raise
            raise Cancelled(str(cancelled).split(",")) from refused
