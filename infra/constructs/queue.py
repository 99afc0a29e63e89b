"""Queues: a work queue with its dead-letter queue, and a bare queue for what was given up on.

All are encrypted with a key of ours, refuse plain HTTP and keep messages for 14 days: long enough
that a holiday does not turn a stuck message into a lost one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

from infra.constructs.alarms import ONE_MINUTE
from infra.constructs.nag import SERVERLESS, acknowledge

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from infra.constructs.alarms import OpsAlarms
    from infra.context import Context

_RETENTION = cdk.Duration.days(14)
_MAX_RECEIVES = 5
_LAST = "It is where messages end; a person redrives it, so there is nothing after it."


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """A queue and where its messages go after five failed attempts."""

    queue: sqs.Queue
    dead: sqs.Queue


class Queues:
    """Makes the queues of one stack, all with the same key and alarm path."""

    def __init__(self, scope: Construct, *, context: Context, alarms: OpsAlarms) -> None:
        self._scope = scope
        self._context = context
        self._alarms = alarms

    def work(self, name: str, *, key: kms.IKey, consumer_timeout: int, max_age: int) -> WorkQueue:
        """A queue whose consumer needs up to `consumer_timeout` seconds per batch.

        Visibility is six times that, as Lambda asks for. `max_age` in seconds is the oldest a
        message may get before somebody is told.
        """
        dead = self._last_stop(f"{name}-dlq", key=key)
        queue = sqs.Queue(
            self._scope,
            f"Queue-{name}",
            queue_name=self._context.stage.physical(name),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=_RETENTION,
            visibility_timeout=cdk.Duration.seconds(6 * consumer_timeout),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=_MAX_RECEIVES),
        )
        self._alarms.add(
            self._scope,
            f"{name}-queue-age",
            says=f"A message in queue {name} is waiting too long.",
            metric=queue.metric_approximate_age_of_oldest_message(
                period=ONE_MINUTE, statistic="Maximum"
            ),
            threshold=max_age,
            periods=2,
        )
        return WorkQueue(queue, dead)

    def failures(self, name: str, *, key: kms.IKey) -> sqs.Queue:
        """Where Lambda or EventBridge put what they gave up on."""
        queue = self._last_stop(name, key=key)
        acknowledge(queue, "SQS3", _LAST)
        return queue

    def _last_stop(self, name: str, *, key: kms.IKey) -> sqs.Queue:
        """A queue that only people empty; anything in it raises an alarm."""
        queue = sqs.Queue(
            self._scope,
            f"Queue-{name}",
            queue_name=self._context.stage.physical(name),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=_RETENTION,
        )
        acknowledge(queue, "SQSRedrivePolicy", _LAST, pack=SERVERLESS)
        self._alarms.add(
            self._scope,
            f"{name}-not-empty",
            says=f"Queue {name} holds work that was given up on.",
            metric=queue.metric_approximate_number_of_messages_visible(
                period=ONE_MINUTE, statistic="Maximum"
            ),
        )
        return queue
