"""The shared budget of requests in the operations table: `BRK#<provider>#<account>` / `TB#<slot>`.

One conditional counter per second. A second that is used up costs a refused write and a wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.aws.attributes import key, n
from tocsin.adapters.aws.table import Table
from tocsin.billing.replay.rate_limit import budget, slot
from tocsin.errors import ConditionFailed, ProviderUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.adapters.aws.attributes import Item
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
        self._table = Table(aws, table)
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
        place = key(f"BRK#{identity.provider}#{identity.account}", f"TB#{slot(second)}")
        values = {":s": n(second), ":one": n(1)}
        most = {":most": n(self._per_second(identity))}
        counted = self._updated(place, "SET n = n + :one", "sec = :s AND n < :most", values | most)
        # The first request of its second opens it; for any other the second is used up.
        return counted or self._updated(
            place,
            "SET sec = :s, n = :one, v = :one",
            "attribute_not_exists(sec) OR sec < :s",
            values,
        )

    def _updated(
        self, place: Item, expression: str, condition: str, values: Mapping[str, Item]
    ) -> bool:
        try:
            self._table.update(place, expression, condition=condition, values=values)
        except ConditionFailed:
            return False
        return True
