"""Calls on one DynamoDB table, with their failures as errors of Tocsin's tree.

What can be tried again is tried again by the client's own retries. A cancelled transaction is the
exception: whether that is worth another try depends on the reasons, which only its caller knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from tocsin.errors import ConditionFailed, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient

type Item = dict[str, Any]

BATCH_READ = 100
_BATCH_TRIES = 5


class Cancelled(Exception):
    """A transaction was not written; `reasons` has one code per item, in order."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = tuple(reasons)


class Table:
    """One table behind one client. Reads by key are consistent."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self.name = name

    def get(self, key: Item, *, table: str | None = None) -> Item | None:
        """The item, read consistently; from another `table` where named."""
        answer = _asked(
            self._client.get_item, TableName=table or self.name, Key=key, ConsistentRead=True
        )
        item: Item | None = answer.get("Item")
        return item

    def get_many(self, wanted: Sequence[Item]) -> list[Item]:
        """The keys' items as far as they exist, at most 100, in no order.

        Raises:
            StoreUnavailable: some stayed unread.
        """
        left: Sequence[Item] = wanted
        found: list[Item] = []
        for _ in range(_BATCH_TRIES):
            request = {
                self.name: {
                    "Keys": left,
                    "ConsistentRead": True,
                    "ProjectionExpression": "PK, SK",
                }
            }
            answer = _asked(self._client.batch_get_item, RequestItems=request)
            found += answer["Responses"].get(self.name, [])
            left = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            if not left:
                return found
        raise StoreUnavailable("a batch read was not finished")

    def put_new(self, item: Item) -> bool:
        """Writes the item unless its key exists; whether it was written."""
        try:
            _asked(
                self._client.put_item,
                TableName=self.name,
                Item=item,
                ConditionExpression="attribute_not_exists(PK)",
            )
        except ConditionFailed:
            return False
        return True

    def put(self, item: Item, *, condition: str, values: Mapping[str, Item] | None = None) -> None:
        """Writes the item if the condition holds.

        Raises:
            ConditionFailed: it does not hold.
        """
        known = {"ExpressionAttributeValues": values} if values else {}
        _asked(
            self._client.put_item,
            TableName=self.name,
            Item=item,
            ConditionExpression=condition,
            **known,
        )

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
        answer = _asked(
            self._client.update_item,
            TableName=self.name,
            Key=key,
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )
        attributes: Item = answer["Attributes"]
        return attributes

    def page(self, **query: Any) -> Item:
        """One page of a query, as DynamoDB answers it."""
        answer: Item = _asked(self._client.query, TableName=self.name, **query)
        return answer

    def query(self, **query: Any) -> Iterator[Item]:
        """Every item of a query, page after page."""
        while True:
            answer = self.page(**query)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def transact(self, writes: Sequence[Item]) -> None:
        """Writes all or nothing.

        Raises:
            Cancelled: nothing was written, and why, item by item.
        """
        try:
            _asked(self._client.transact_write_items, TransactItems=writes)
        except StoreUnavailable as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and "CancellationReasons" in cause.response:
                reasons: Any = cause.response["CancellationReasons"]
                raise Cancelled([str(reason.get("Code")) for reason in reasons]) from cause
            raise


def _asked(call: Callable[..., Any], **request: Any) -> Any:
    try:
        return call(**request)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "ConditionalCheckFailedException":
            raise ConditionFailed from error
        raise StoreUnavailable(f"DynamoDB refused: {code}") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"DynamoDB did not answer: {error}") from error
