"""What left by a person's ways of late, and what waits for the next bundle, in `operations`.

Nobody deletes what has waited: whatever became of it stands on the message itself, and the record
clears itself away.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.adapters.aws.attributes import key, n, s
from tocsin.adapters.aws.table import NEW, Table
from tocsin.adapters.people.forms import (
    texts_of,
    texts_pk,
    texts_sk,
    texts_text,
    waiting_prefix,
    waiting_sk,
)
from tocsin.incidents.model.outbox import OutboxKey
from tocsin.people.storm import Texts

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall
    from tocsin.people.storm import Line
    from tocsin.ports.time import WallClock

ITEM_VERSION = 1
_KEPT = timedelta(days=2)


class DynamoTexts:
    """A `TextStore` over the `operations` table; times to live are real time."""

    def __init__(self, aws: AwsCall, table: str, wall: WallClock) -> None:
        self._table, self._wall = Table(aws, table), wall

    def texts(self, line: Line) -> Texts:
        item = self._table.get(key(texts_pk(line), texts_sk(line)))
        return Texts() if item is None else texts_of(item["body"]["S"], int(item["rev"]["N"]))

    def put_texts(self, line: Line, texts: Texts) -> None:
        """It stays for good: the number of its bundles must never begin anew."""
        item = key(texts_pk(line), texts_sk(line)) | {
            "v": n(ITEM_VERSION),
            "body": s(texts_text(texts)),
            "rev": n(texts.rev + 1),
        }
        if texts.rev == 0:
            self._table.put(item, condition=NEW)
        else:
            self._table.put(item, condition="rev = :rev", values={":rev": n(texts.rev)})

    def wait(self, line: Line, epoch: int, key_: OutboxKey) -> None:
        self._table.put(
            key(texts_pk(line), waiting_sk(line, epoch, key_))
            | {
                "v": n(ITEM_VERSION),
                "incident": s(key_.incident),
                "message": s(key_.sk),
                "ttl": n(int((self._wall.wall_now() + _KEPT).timestamp())),
            }
        )

    def waiting(self, line: Line, epoch: int) -> tuple[OutboxKey, ...]:
        found = self._table.query(
            KeyConditionExpression="PK = :pk AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={
                ":pk": s(texts_pk(line)),
                ":prefix": s(waiting_prefix(line, epoch)),
            },
            ConsistentRead=True,
        )
        return tuple(
            OutboxKey(incident=item["incident"]["S"], sk=item["message"]["S"]) for item in found
        )
