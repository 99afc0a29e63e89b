"""The shared budget of requests in the operations table: `BRK#<provider>#<account>` / `TB#<slot>`.

One conditional counter per second. A second that is used up costs a refused write and a wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.replay.rate_limit import budget, slot
from tocsin.errors import ConditionFailed, ProviderUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.billing.identity import Identity

_PATIENCE = 30


class DynamoDbRateLimit:
    """Implements `ports.billing.replay.RateLimit`.

    Args:
        now: epoch seconds with their fraction, by the real clock.
        sleep: waits, in seconds.
    """

    def __init__(
        self,
        aws: AwsCall,
        table: str,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], None],
        per_second: Callable[[Identity], int] = budget,
    ) -> None:
        self._aws, self._table = aws, table
        self._now, self._sleep, self._per_second = now, sleep, per_second

    def take(self, identity: Identity) -> None:
        """Waits for a second that is not used up.

        Raises:
            ProviderUnavailable: every second for half a minute was used up by others.
        """
        for _ in range(_PATIENCE):
            now = self._now()
            if self._counted(identity, int(now)):
                return
            self._sleep(1 - now % 1)
        raise ProviderUnavailable("the budget of requests is used up by others")

    def _counted(self, identity: Identity, second: int) -> bool:
        key = {
            "PK": {"S": f"BRK#{identity.provider}#{identity.account}"},
            "SK": {"S": f"TB#{slot(second)}"},
        }
        values = {":s": {"N": str(second)}, ":one": {"N": "1"}}
        newer = {"TableName": self._table, "Key": key}
        try:
            self._aws.call(
                "UpdateItem",
                newer
                | {
                    "UpdateExpression": "SET n = n + :one",
                    "ConditionExpression": "sec = :s AND n < :most",
                    "ExpressionAttributeValues": values
                    | {":most": {"N": str(self._per_second(identity))}},
                },
            )
        except ConditionFailed:
            return self._opened(newer, values)
        return True

    def _opened(self, request: Mapping[str, object], values: Mapping[str, object]) -> bool:
        """Whether this was the first request of its second; if not, the second is used up."""
        try:
            self._aws.call(
                "UpdateItem",
                {
                    **request,
                    "UpdateExpression": "SET sec = :s, n = :one, v = :one",
                    "ConditionExpression": "attribute_not_exists(sec) OR sec < :s",
                    "ExpressionAttributeValues": values,
                },
            )
        except ConditionFailed:
            return False
        return True
