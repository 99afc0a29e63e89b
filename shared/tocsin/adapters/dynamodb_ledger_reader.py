"""What of many keys the ledger holds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tocsin.adapters.dynamodb_batch_get import batch_get
from tocsin.billing.ledger import LedgerKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.adapters.aws_call import AwsCall


class DynamoDbLedgerReader:
    """Implements `billing.replay_ports.LedgerReader`.

    Reads are eventually consistent: half the price, and an event that is overlooked is inserted
    once more, which changes nothing.
    """

    def __init__(
        self, aws: AwsCall, table: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._aws, self._table, self._sleep = aws, table, sleep

    def origins(self, keys: Iterable[LedgerKey]) -> dict[LedgerKey, str]:
        wanted = [{"PK": {"S": key.pk}, "SK": {"S": key.sk}} for key in dict.fromkeys(keys)]
        found = batch_get(
            self._aws, self._table, wanted, attributes=("PK", "SK", "rp"), sleep=self._sleep
        )
        return {
            LedgerKey(item["PK"]["S"], item["SK"]["S"]): item["rp"]["S"] if "rp" in item else ""
            for item in found
        }
