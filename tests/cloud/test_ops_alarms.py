"""The last hop of an alarm about Tocsin: whoever subscribed to operations hears its name."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud.local_cloud import Deployed, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.cloud


@pytest.fixture
def heard(stage: Deployed) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What has come to a queue that is subscribed to operations' topic."""
    sqs, sns = stage.clients.sqs, stage.clients.sns
    url = sqs.create_queue(QueueName="ops-mail-stand-in")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    ops = stage.outputs["ops_topic_arn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn["QueueArn"],
        "Condition": {"ArnEquals": {"aws:SourceArn": ops}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    made = sns.subscribe(
        TopicArn=ops, Protocol="sqs", Endpoint=arn["QueueArn"], ReturnSubscriptionArn=True
    )
    messages: list[dict[str, Any]] = []

    def read() -> list[dict[str, Any]]:
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for one in got:
            messages.append(json.loads(one["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return messages

    yield read
    sns.unsubscribe(SubscriptionArn=made["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


def test_every_alarm_that_the_emulator_keeps_reaches_operations_by_its_name(
    stage: Deployed, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    cloudwatch = stage.clients.cloudwatch
    found = cloudwatch.describe_alarms(AlarmNamePrefix="tocsin-local-")["MetricAlarms"]
    names = {one["AlarmName"] for one in found}
    # The emulator takes no alarm on metric math: silence and undelivered messages.
    assert len(names) == 10
    for name in names:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="to be heard")

    def said() -> set[str]:
        return {json.loads(one["Message"])["AlarmName"] for one in heard()}

    assert eventually(said, lambda seen: seen >= names) >= names
    for name in names:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="heard")


def test_a_cause_in_a_functions_log_reaches_operations_by_its_name(
    stage: Deployed, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    line = {
        "message": "attention.needed",
        "cause": "ways-failed",
        "says": "A way to a person fails.",
        "share": 1.0,
        "kind": "page",
    }
    batch = {
        "logGroup": "/aws/lambda/tocsin-local-notifier",
        "logEvents": [{"timestamp": 1_790_000_000_000, "message": json.dumps(line)}],
    }
    data = base64.b64encode(gzip.compress(json.dumps(batch).encode())).decode()
    answer = stage.clients.functions.invoke(
        FunctionName=stage.outputs["functions"]["attention"],
        Payload=json.dumps({"awslogs": {"data": data}}).encode(),
    )
    assert json.loads(answer["Payload"].read()) == {"told": ["ways-failed"]}
    told = eventually(heard, lambda seen: any("Subject" in one for one in seen))
    assert "Tocsin local: ways-failed (notifier, page)" in {one.get("Subject") for one in told}
