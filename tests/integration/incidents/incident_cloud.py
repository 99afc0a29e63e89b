"""The deployed handlers of the incident functions, chained over AWS as moto imitates it.

What the platform does between two functions (queue to function, stream to function, synchronous
invocation) is done by a plain pump that honours partial batch failures and the redrive policy.
Incident time is moved as a drill moves it: by the offset in the stage's parameter.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.harness.fakes.requests import api_event

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    import pytest

    from tests.harness.cloud.moto_cloud import MotoCloud

CLOCK = "/tocsin/local/incident-clock"
FUNCTIONS = ("alarm_trigger", "notifier", "sla_check", "incident_api")
RECEIVES = 3


@dataclass
class Context:
    """Lambda's context of one invocation; every one has an id of its own."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        return 55_000


class IncidentCloud:
    """The four functions, their queues and topics, and the inboxes behind them."""

    def __init__(self, cloud: MotoCloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud = cloud
        self.dynamodb, self.sns, self.sqs = map(cloud.boto, ("dynamodb", "sns", "sqs"))
        self._invocations = 0
        self._offset = timedelta()
        self._iterators: list[str] = []
        self._start_stream()
        self.dead_letters = self._queue("alarms-dlq")
        redrive = {"deadLetterTargetArn": self._arn(self.dead_letters), "maxReceiveCount": RECEIVES}
        self.alarm_queue = self._queue("alarms", RedrivePolicy=json.dumps(redrive))
        self.alarm_topic = self._topic("alarms", self.alarm_queue)
        self.pages, self.stakeholders = self._queue("inbox-pages"), self._queue("inbox-mail")
        environment = {
            **cloud.environment(),
            "STAGE": "local",
            "INCIDENTS_TABLE": cloud.table("incidents"),
            "OPERATIONS_TABLE": cloud.table("operations"),
            "EVIDENCE_BUCKET": "evidence",
            "CONTAINMENT_FUNCTION": "containment",
            "CONTAINMENT": "off",
            "PAGES_TOPIC_ARN": self._topic("pages", self.pages),
            "STAKEHOLDERS_TOPIC_ARN": self._topic("stakeholders", self.stakeholders),
            "CHAT_TOPIC_ARN": self._topic("chat", self._queue("inbox-chat")),
            "MAIL_FROM": "tocsin@tocsin.example",
            "DELIVERY_KEYS_SECRET": "tocsin-local-delivery-keys",
            "NOTIFIER_FUNCTION": "tocsin-local-notifier",
            "DUE_QUEUE_URL": self._queue("due"),
            "ALARMS_QUEUE_URL": self.alarm_queue,
            "INCIDENT_CLOCK_PARAMETER": CLOCK,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        self.advance(0)
        self.handlers = {name: _fresh(name) for name in FUNCTIONS}
        sweep: Any = self.handlers["sla_check"]
        sweep.SWEEPER = replace(sweep.SWEEPER, notify=self._invoke_notifier)

    # What happens from outside

    def raise_alarm(self, message: object) -> None:
        """Publishes to the alarm topic, as CloudWatch does."""
        text = message if isinstance(message, str) else json.dumps(message)
        self.sns.publish(TopicArn=self.alarm_topic, Message=text)

    def request(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """A responder's request: status and body."""
        response = self.invoke("incident_api", api_event(method, path, body, **options))
        return response["statusCode"], json.loads(response["body"])

    def advance(self, minutes: int) -> None:
        """Moves incident time, and nothing else.

        A second more than asked for: due times are indexed in whole seconds, and the test may be
        faster than the rest of the second in which it began.
        """
        self._offset += timedelta(minutes=minutes, seconds=1)
        value = str(int(self._offset.total_seconds()))
        self.cloud.boto("ssm").put_parameter(Name=CLOCK, Value=value, Type="String", Overwrite=True)

    # What the platform does

    def invoke(self, name: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """One invocation; event and answer pass through JSON as they do in Lambda."""
        self._invocations += 1
        context = Context(f"request-{self._invocations}")
        answer = self.handlers[name].lambda_handler(json.loads(json.dumps(event)), context)
        result: dict[str, Any] = json.loads(json.dumps(answer))
        return result

    def drain_alarms(self) -> None:
        """Delivers the alarm queue until it is empty; what fails too often goes to its DLQ.

        The time for which the function hides what failed goes by at once.
        """
        while batch := self._receive(self.alarm_queue):
            records = [
                {
                    "messageId": each["MessageId"],
                    "receiptHandle": each["ReceiptHandle"],
                    "eventSource": "aws:sqs",
                    "body": each["Body"],
                }
                for each in batch
            ]
            answer = self.invoke("alarm_trigger", {"Records": records})
            failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
            for each in batch:
                known = {"QueueUrl": self.alarm_queue, "ReceiptHandle": each["ReceiptHandle"]}
                if each["MessageId"] in failed:
                    self.sqs.change_message_visibility(**known, VisibilityTimeout=0)
                else:
                    self.sqs.delete_message(**known)

    def stream(self) -> list[dict[str, Any]]:
        """New outbox records of the table's stream, filtered as the event source filters them."""
        streams = self.cloud.boto("dynamodbstreams")
        found: list[dict[str, Any]] = []
        for number, iterator in enumerate(self._iterators):
            answer = streams.get_records(ShardIterator=iterator)
            self._iterators[number] = answer["NextShardIterator"]
            found += answer["Records"]
        return [
            json.loads(json.dumps(record, default=str))
            for record in found
            if record["eventName"] == "INSERT"
            and record["dynamodb"]["Keys"]["SK"]["S"].startswith("OUT#")
        ]

    def deliver_stream(self) -> dict[str, Any]:
        """Hands what is new on the stream to the notifier."""
        return self.invoke("notifier", {"Records": self.stream()})

    def sweep(self) -> dict[str, Any]:
        """The scheduled sweep, by hand."""
        return self.invoke("sla_check", {})

    # What a test looks at

    def inbox(self, queue: str) -> list[dict[str, Any]]:
        """Takes every message out of an inbox: its attributes, subject and text."""
        found: list[dict[str, Any]] = []
        while batch := self._receive(queue):
            for each in batch:
                envelope = json.loads(each["Body"])
                attributes = envelope["MessageAttributes"]
                found.append(
                    {name: attribute["Value"] for name, attribute in attributes.items()}
                    | {"subject": envelope["Subject"], "text": envelope["Message"]}
                )
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
        return sorted(found, key=lambda message: message["message_id"])

    def dead(self) -> list[str]:
        return [each["Body"] for each in self._receive(self.dead_letters)]

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    # How it is set up

    def _invoke_notifier(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        return self.invoke("notifier", payload)

    def _receive(self, queue: str) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def _queue(self, name: str, **attributes: str) -> str:
        made = self.sqs.create_queue(
            QueueName=self.cloud.table(name), Attributes={"VisibilityTimeout": "0", **attributes}
        )
        return str(made["QueueUrl"])

    def _arn(self, queue: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def _topic(self, name: str, queue: str) -> str:
        arn = str(self.sns.create_topic(Name=self.cloud.table(name))["TopicArn"])
        self.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=self._arn(queue))
        return arn

    def _start_stream(self) -> None:
        table = self.cloud.table("incidents")
        self.dynamodb.update_table(
            TableName=table,
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        arn = self.dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        streams = self.cloud.boto("dynamodbstreams")
        shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        self._iterators = [
            streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            for shard in shards
        ]


def _fresh(name: str) -> ModuleType:
    """The handler as a new execution environment imports it."""
    module = f"functions.{name}.handler"
    sys.modules.pop(module, None)
    return importlib.import_module(module)
