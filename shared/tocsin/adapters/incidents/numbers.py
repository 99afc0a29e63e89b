"""Numbers of incidents: an atomic counter beside everything else, and its twin in memory.

The counter is asked before the opening's transaction and is no part of it: a hundred openings at
once would otherwise wait for each other on one item. What it counted is given to one opening, whose
transaction writes whose the number is, on the condition that it is nobody's.

A counter that does not answer is asked once, shortly, and then left alone for a while: a batch of
fifty alarms must not wait fifty times.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tocsin.adapters.aws.attributes import key, n
from tocsin.adapters.aws.table import Table
from tocsin.adapters.incidents import keys
from tocsin.adapters.incidents.items import number_item
from tocsin.errors import TocsinError
from tocsin.incidents.model.naming import numbered, prefix_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.adapters.incidents.memory import MemoryIncidents
    from tocsin.incidents.vocabulary import Kind

LEFT_ALONE = 30.0
"""Seconds for which a counter that failed is not asked."""


class DynamoNumbers:
    """`Numbers` over the counter in `operations` and the numbers in `incidents`.

    `hasty` is a caller that gives up soon: it counts. `aws` looks up, for somebody who asked.
    """

    def __init__(
        self,
        aws: AwsCall,
        *,
        hasty: AwsCall,
        incidents_table: str,
        operations_table: str,
        failed: Callable[[TocsinError], None] = lambda _error: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._counter = Table(hasty, operations_table)
        self._passed_over = Table(hasty, incidents_table)
        self._table = Table(aws, incidents_table)
        self._failed, self._monotonic = failed, monotonic
        self._silent_until = 0.0

    def next(self, kind: Kind) -> int | None:
        if self._monotonic() < self._silent_until:
            return None
        where = key(keys.counter_pk(prefix_of(kind)), keys.COUNTER)
        try:
            found = self._counter.update(where, "ADD given :one", values={":one": n(1)})
        except TocsinError as error:
            self._leave_alone(error)
            return None
        return int(found["given"]["N"])

    def skip(self, kind: Kind, number: int) -> bool:
        if self._monotonic() < self._silent_until:
            return False
        try:
            return self._passed_over.put_new(number_item(numbered(kind, number), None))
        except TocsinError as error:
            self._leave_alone(error)
            return False

    def holder(self, name: str) -> str | None:
        item = self._table.get(key(keys.number_pk(name), keys.NUMBER))
        return None if item is None or "incident" not in item else str(item["incident"]["S"])

    def _leave_alone(self, error: TocsinError) -> None:
        self._silent_until = self._monotonic() + LEFT_ALONE
        self._failed(error)


class MemoryNumbers:
    """`Numbers` over `MemoryIncidents`."""

    def __init__(self, incidents: MemoryIncidents) -> None:
        self._incidents = incidents

    def next(self, kind: Kind) -> int | None:
        return self._incidents.count(prefix_of(kind))

    def skip(self, kind: Kind, number: int) -> bool:
        return self._incidents.pass_over(numbered(kind, number))

    def holder(self, name: str) -> str | None:
        return self._incidents.numbers.get(name)
