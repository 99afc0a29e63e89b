"""Work of a queue that Lambda does not poll: who sends wakes, who is woken takes what lies there.

An event source mapping asks its queue around the clock, and that is paid although work comes on few
days of a month. So whoever sends to such a queue wakes its consumer, which takes messages until
there are none or its time is nearly up; a wake that is lost is made up for by a watch that looks
into the queue every minute. The queue stays what it was: it keeps what nobody took, brings back
what failed, and gives up on it at last. ADR 0054.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.errors import Unavailable
from tocsin.notes import Event
from tocsin.runtime.aws.http import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.notes import Notes

LONG_POLL_SECONDS = 1
"""Asks every server of the queue; without it what was sent just now is often not seen."""
LONG_POLL = Patience(read=LONG_POLL_SECONDS + 3, deadline=10)
"""What a caller of SQS needs for that."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Takes from one queue, `batch` messages at a time, while more than `reserve_ms` are left.

    `aws` has the patience `LONG_POLL`.
    """

    aws: AwsCall
    queue_url: str
    batch: int
    reserve_ms: int

    def __call__(
        self,
        handle: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        *,
        remaining_ms: Callable[[], int],
    ) -> dict[str, Any]:
        """Hands batches to `handle` as Lambda would; says how many it took and which failed.

        `handle` answers with those that are to come again, in Lambda's words.

        Raises:
            QueueUnavailable: the queue does not answer; what was taken comes again.
        """
        taken, failed = 0, list[str]()
        while remaining_ms() > self.reserve_ms and (messages := self._receive()):
            taken += len(messages)
            records = [{"messageId": each["MessageId"], "body": each["Body"]} for each in messages]
            answer = handle({"Records": records})
            again = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
            failed += sorted(again)
            for each in messages:
                if each["MessageId"] not in again:
                    self._delete(each["ReceiptHandle"])
        return {"taken": taken, "failed": failed}

    def _receive(self) -> list[dict[str, str]]:
        asked = {
            "QueueUrl": self.queue_url,
            "MaxNumberOfMessages": self.batch,
            "WaitTimeSeconds": LONG_POLL_SECONDS,
        }
        found: list[dict[str, str]] = self.aws.call("ReceiveMessage", asked).get("Messages", [])
        return found

    def _delete(self, receipt: str) -> None:
        """What is not deleted comes again: work is done once however often it is asked for."""
        self.aws.call("DeleteMessage", {"QueueUrl": self.queue_url, "ReceiptHandle": receipt})


@dataclass(frozen=True, slots=True)
class Wake:
    """Wakes one consumer and does not wait for it. `aws` calls Lambda and waits for no answer."""

    aws: AwsCall
    function: str
    notes: Notes

    def __call__(self) -> None:
        """That it fails is noted: the work lies in the queue, and the watch wakes as well."""
        try:
            self.aws.call("Invoke", {"FunctionName": self.function, "Payload": {}})
        except Unavailable as error:
            self.notes.refused(Event.WAKE_FAILED, error, function=self.function)
