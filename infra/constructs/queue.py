"""Queues: work queues, and the one queue of what was given up on.

All are encrypted with the key, refuse plain HTTP and keep messages for 14 days: long enough that a
holiday does not turn a stuck message into a lost one. A dead letter says itself where it comes
from, and SQS sends each home when it is told to move them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

from infra.constructs.nag import SERVERLESS, acknowledge

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from infra.context import Context

_RETENTION = cdk.Duration.days(14)
_RECEIVES = 5
_LAST = "It is where messages end; a person moves them home, so there is nothing after it."


class Queues:
    """Makes the queues of one stack, and the one they all end in."""

    def __init__(self, scope: Construct, *, context: Context, key: kms.IKey) -> None:
        self._scope, self._context, self._key = scope, context, key
        self.dead = self._queue("dead-letters")
        acknowledge(self.dead, "SQSRedrivePolicy", _LAST, pack=SERVERLESS)

    def work(self, name: str, *, consumer_timeout: int, receives: int = _RECEIVES) -> sqs.Queue:
        """A queue whose consumer needs up to `consumer_timeout` seconds per batch.

        Visibility is six times that, as Lambda asks for. What was received `receives` times is
        given up on.
        """
        return self._queue(
            name,
            visibility_timeout=cdk.Duration.seconds(6 * consumer_timeout),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=receives),
        )

    def _queue(
        self,
        name: str,
        *,
        visibility_timeout: cdk.Duration | None = None,
        dead_letter_queue: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        return sqs.Queue(
            self._scope,
            f"Queue-{name}",
            queue_name=self._context.stage.physical(name),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self._key,
            enforce_ssl=True,
            retention_period=_RETENTION,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=dead_letter_queue,
        )
