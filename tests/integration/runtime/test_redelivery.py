"""How long a message that failed stays hidden, as moto's queues tell it.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from moto.sqs.models import sqs_backends

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tocsin.adapters.aws.redelivery import PER_CALL, SOON, SqsRedelivery
from tocsin.runtime.batch import failures
from tocsin.runtime.watch.json_lines import NOTES

if TYPE_CHECKING:
    from collections.abc import Iterator

HIDDEN_BY_THE_QUEUE = 180


@pytest.fixture(scope="module")
def cloud() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


class Queue:
    """A queue of the stage, and a batch that was received from it."""

    def __init__(self, cloud: MotoCloud, messages: int) -> None:
        self.sqs = cloud.boto("sqs")
        made = self.sqs.create_queue(
            QueueName=cloud.table(f"failing-{messages}"),
            Attributes={"VisibilityTimeout": str(HIDDEN_BY_THE_QUEUE)},
        )
        self.url = str(made["QueueUrl"])
        self.redelivery = SqsRedelivery(cloud.aws("sqs"), self.url, notes=NOTES)
        for number in range(messages):
            self.sqs.send_message(QueueUrl=self.url, MessageBody=str(number))
        self.records: list[dict[str, Any]] = []
        while batch := self._receive():
            self.records += batch

    def _receive(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        return [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
            }
            for each in answer.get("Messages", [])
        ]

    def hidden(self) -> dict[str, float]:
        """For how many seconds from now, by message id."""
        backend = sqs_backends["123456789012"]["us-east-1"]
        kept = backend.get_queue(self.url.rpartition("/")[2])._messages
        return {each.id: each.visible_at / 1000 - time.time() for each in kept}


def test_what_failed_comes_back_soon_and_the_rest_of_the_batch_is_left_alone(
    cloud: MotoCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = Queue(cloud, messages=2 * PER_CALL + 5)
    ids = [record["messageId"] for record in queue.records]
    failed, fine = ids[: PER_CALL + 3], ids[PER_CALL + 3 :]
    queue.redelivery.soon({"Records": queue.records}, failures(failed))
    hidden = queue.hidden()
    assert 10 <= SOON <= 20
    assert all(hidden[each] <= SOON for each in failed)
    assert all(hidden[each] > SOON for each in fine)
    assert "redelivery.slow" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("event", "answer"),
    [
        ({"Records": []}, failures(())),
        ({"detail": {}}, failures(())),
        ({"Records": [{"Sns": {}}]}, failures(())),
        ({"Records": [{"messageId": "m-1", "receiptHandle": "r-1"}]}, failures(())),
    ],
    ids=["empty", "one event", "from a topic", "all done"],
)
def test_where_nothing_failed_nothing_is_asked(
    event: dict[str, Any], answer: dict[str, Any]
) -> None:
    class Nobody:
        def call(self, operation: str, payload: object) -> dict[str, Any]:
            raise AssertionError(operation, payload)

    SqsRedelivery(Nobody(), "https://queue", notes=NOTES).soon(event, answer)


def test_a_receipt_that_is_not_valid_any_more_is_logged_and_no_error(
    cloud: MotoCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = Queue(cloud, messages=1)
    known = queue.records[0]
    queue.sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=known["receiptHandle"])
    queue.redelivery.soon({"Records": [known]}, failures([known["messageId"]]))
    (line,) = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["message"], json.loads(line)["messages"]) == ("redelivery.slow", 1)
