"""Projections as numbers that can be added up: constant memory, in whatever order rows are read."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from tocsin.adapters.aws.batch_get import batch_get
from tocsin.adapters.billing.projection.items import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.billing.identity import Identity


def weight(page: int, *facts: str | int | None) -> int:
    """What one row adds; the page is part of it, so that a row named twice does not cancel out."""
    text = "\0".join(map(str, (page, *facts)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


class DynamoDbProjectionSums:
    """Implements `ports.billing.replay.ProjectionSums`."""

    def __init__(
        self, aws: AwsCall, table: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._aws, self._table, self._sleep = aws, table, sleep

    def of(self, identity: Identity, subscriptions: Sequence[str], *, page: int) -> int:
        keys = [key_of(identity, each) for each in dict.fromkeys(subscriptions)]
        rows = batch_get(
            self._aws,
            self._table,
            keys,
            attributes=("PK", "st", "plan", "period_end"),
            sleep=self._sleep,
        )
        return sum(
            weight(
                page,
                row["PK"]["S"],
                row["st"]["S"],
                row["plan"]["S"],
                row["period_end"]["N"] if "period_end" in row else None,
            )
            for row in rows
            if "st" in row
        )
