"""One DynamoDB table over a signed call: the one way in which every store reads and writes.

What can be tried again is tried again by the call itself. A cancelled transaction is the exception:
whether that is worth another try depends on the reasons, which only its caller knows.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.attributes import s
from tocsin.adapters.aws.batch_get import batch_get
from tocsin.errors import ConditionFailed, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.adapters.aws.attributes import Item
    from tocsin.adapters.aws.call import AwsCall

BATCH_READ = 100
NEW = "attribute_not_exists(PK)"


def within(pk: str, first: str | None = None, last: str | None = None) -> dict[str, Any]:
    """What a query asks for of one partition: all of it, or `first` to `last`, both included."""
    wanted: dict[str, Any] = {
        "KeyConditionExpression": "PK = :pk",
        "ExpressionAttributeValues": {":pk": s(pk)},
    }
    if first is not None and last is not None:
        wanted["KeyConditionExpression"] += " AND SK BETWEEN :first AND :last"
        wanted["ExpressionAttributeValues"] |= {":first": s(first), ":last": s(last)}
    return wanted


class Cancelled(Exception):
    """A transaction was not written; `reasons` has one code per item, in order."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(f"the transaction was cancelled: {', '.join(reasons)}")
        self.reasons = tuple(reasons)

    @property
    def unmet(self) -> bool:
        """Whether a condition did not hold; otherwise others were in the way, or it was unsound."""
        return "ConditionalCheckFailed" in self.reasons


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

    def known(self, keys: Sequence[Item], *more: str) -> Iterator[Item]:
        """Those of the keys that exist, read consistently, in no order; all have to be distinct.

        Of each its key, and `more` of its attributes.
        """
        attributes = ("PK", "SK", *more)
        return batch_get(
            self._aws, self.name, keys, attributes=attributes, consistent=True, sleep=time.sleep
        )

    def several(self, keys: Sequence[Item], *attributes: str) -> Iterator[Item]:
        """Those of the keys that exist, as they were a moment ago, in no order; all distinct."""
        return batch_get(self._aws, self.name, keys, attributes=attributes, sleep=time.sleep)

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
        self,
        item: Item,
        *,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Item] | None = None,
    ) -> None:
        """Writes the item, if the condition holds.

        Raises:
            ConditionFailed: it does not hold; with the item that lies there.
        """
        request: dict[str, Any] = {"TableName": self.name, "Item": item}
        if condition is not None:
            request["ConditionExpression"] = condition
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if names:
            request["ExpressionAttributeNames"] = names
        if values:
            request["ExpressionAttributeValues"] = values
        self._aws.call("PutItem", request)

    def put_if(
        self,
        item: Item,
        condition: str,
        *,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Item] | None = None,
    ) -> bool:
        """Writes the item if the condition holds; whether it did."""
        try:
            self.put(item, condition=condition, names=names, values=values)
        except ConditionFailed:
            return False
        return True

    def update(
        self,
        key: Item,
        expression: str,
        *,
        values: Mapping[str, Item],
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Item:
        """The item after an update.

        Raises:
            ConditionFailed: the condition did not hold.
        """
        request: dict[str, Any] = {
            "TableName": self.name,
            "Key": key,
            "UpdateExpression": expression,
            "ExpressionAttributeValues": values,
            "ReturnValues": "ALL_NEW",
        }
        if condition is not None:
            request["ConditionExpression"] = condition
        if names:
            request["ExpressionAttributeNames"] = names
        attributes: Item = self._aws.call("UpdateItem", request)["Attributes"]
        return attributes

    def page(self, **query: Any) -> Item:
        """One page of a query, as DynamoDB answers it."""
        return self._aws.call("Query", {"TableName": self.name, **query})

    def pages(self, **query: Any) -> Iterator[Item]:
        """A query's pages, one after the other, as DynamoDB answers them."""
        while True:
            answer = self.page(**query)
            yield answer
            if not (last := answer.get("LastEvaluatedKey")):
                return
            query["ExclusiveStartKey"] = last

    def query(self, **query: Any) -> Iterator[Item]:
        """Every item of a query, page after page."""
        for page in self.pages(**query):
            yield from page["Items"]

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
