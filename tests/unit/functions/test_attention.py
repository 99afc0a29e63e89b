"""Operations are told by name: from lines of logs, and from alarms that name nothing themselves."""

from __future__ import annotations

import base64
import gzip
import importlib
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from functions.attention.details import Details
from tests.harness.fakes.time import START
from tocsin.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from tocsin.ports.messages import Message

QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/tocsin-drill-dead-letters"


class Context:
    aws_request_id = "req-1"


class Service:
    """Answers with what it was told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] = {}
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, payload))
        if not self.answer:
            raise Unavailable("nobody answers")
        return self.answer


class Ops:
    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.refusals = 0

    def send(self, message: Message) -> str:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("not now")
        self.mails.append(message)
        return "id"


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    environment = {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIAFAKEFORTESTS0000",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "STAGE": "drill",
        "OPS_TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:tocsin-drill-ops",
        "DEAD_LETTERS_URL": QUEUE,
        "DOCS_BASE": "https://example.org/",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module("functions.attention.handler")
    monkeypatch.setattr(module, "OPS", Ops())
    monkeypatch.setattr(module, "DETAILS", Details(Service(), Service(), QUEUE))
    yield module
    sys.modules.pop("functions.attention.handler")


def lines(*messages: object, group: str = "notifier", after: int = 0) -> dict[str, Any]:
    """A batch of a log group, `after` minutes from the start."""
    start = 1_790_000_000_000 + after * 60_000
    batch = {
        "messageType": "DATA_MESSAGE",
        "logGroup": f"/aws/lambda/tocsin-drill-{group}",
        "logEvents": [
            {"id": str(n), "timestamp": start + n, "message": json.dumps(one)}
            for n, one in enumerate(messages)
        ],
    }
    data = base64.b64encode(gzip.compress(json.dumps(batch).encode())).decode()
    return {"awslogs": {"data": data}}


def cause(name: str, share: float, **details: str) -> dict[str, Any]:
    return {"message": "attention.needed", "cause": name, "says": "So.", "share": share, **details}


def alarm(name: str, *, value: str = "ALARM", metrics: Any = ()) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html"""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": f"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:tocsin-drill-{name}",
        "alarmData": {
            "alarmName": f"tocsin-drill-{name}",
            "state": {"value": value, "reason": "because", "timestamp": START.isoformat()},
            "configuration": {"metrics": list(metrics)},
        },
    }


def age(queue: str) -> dict[str, Any]:
    return {
        "id": queue,
        "metricStat": {
            "metric": {
                "namespace": "AWS/SQS",
                "name": "ApproximateAgeOfOldestMessage",
                "dimensions": {"QueueName": f"tocsin-drill-{queue}"},
            },
            "period": 60,
            "stat": "Maximum",
        },
        "returnData": False,
    }


def test_a_cause_is_told_with_its_name_its_place_and_its_page(handler: ModuleType) -> None:
    answer = handler.lambda_handler(lines(cause("ways-failed", 1.0, kind="page")), Context())
    assert answer == {"told": ["ways-failed"]}
    (mail,) = handler.OPS.mails
    assert mail.subject == "Tocsin drill: ways-failed (notifier, page)"
    assert mail.text.endswith("What to do: https://example.org/docs/alarms/ways-failed.md\n")
    assert "So." in mail.text


def test_parts_of_a_limit_add_up_and_only_within_their_place(handler: ModuleType) -> None:
    part = cause("links-refused", 0.5)
    assert handler.lambda_handler(lines(part, group="public-intake"), Context()) == {"told": []}
    assert handler.lambda_handler(lines(part, group="incident-api"), Context()) == {"told": []}
    answer = handler.lambda_handler(lines(part, group="public-intake"), Context())
    assert answer == {"told": ["links-refused"]}
    assert "public_intake" in handler.OPS.mails[0].subject


def test_what_could_not_be_told_is_told_when_lambda_tries_again(handler: ModuleType) -> None:
    both = lines(cause("ways-failed", 1), cause("chain-broken", 1))
    handler.OPS.refusals = 1
    with pytest.raises(Unavailable):
        handler.lambda_handler(both, Context())
    assert handler.OPS.mails == []
    assert handler.lambda_handler(both, Context()) == {"told": ["ways-failed", "chain-broken"]}
    assert len(handler.OPS.mails) == 2


def test_what_was_told_is_not_told_again_because_another_one_failed(handler: ModuleType) -> None:
    handler.lambda_handler(lines(cause("ways-failed", 1)), Context())
    handler.OPS.refusals = 1
    both = lines(cause("ways-failed", 1), cause("chain-broken", 1))
    with pytest.raises(Unavailable):
        handler.lambda_handler(both, Context())
    assert handler.lambda_handler(both, Context()) == {"told": ["chain-broken"]}


def test_what_goes_on_is_one_mail_an_hour(handler: ModuleType) -> None:
    told = [
        handler.lambda_handler(lines(cause("ways-failed", 1), after=minutes), Context())["told"]
        for minutes in (0, 1, 59, 60)
    ]
    assert told == [["ways-failed"], [], [], ["ways-failed"]]


def test_a_report_of_the_platform_names_what_failed(handler: ModuleType) -> None:
    failed = {"type": "platform.report", "record": {"status": "timeout"}}
    answer = handler.lambda_handler(lines(failed), Context())
    assert answer == {"told": ["functions-failing"]}
    assert "It ended with timeout." in handler.OPS.mails[0].text


def test_a_subject_is_as_long_as_sns_takes(handler: ModuleType) -> None:
    handler.lambda_handler(lines(cause("x" * 120, 1)), Context())
    assert len(handler.OPS.mails[0].subject) < 100


def test_an_alarm_over_several_queues_is_told_with_those_that_are_high(handler: ModuleType) -> None:
    measures = handler.DETAILS.measures
    measures.answer = {
        "MetricDataResults": [
            {"Label": "tocsin-drill-replay", "Values": [4000.0, 0.0]},
            {"Label": "tocsin-drill-restore", "Values": [0.0]},
        ]
    }
    event = alarm("work-waiting", metrics=[age("replay"), age("restore"), {"id": "expr_1"}])
    assert handler.lambda_handler(event, Context()) == {"told": ["work-waiting"]}
    assert handler.OPS.mails[0].subject == "Tocsin drill: work-waiting (replay)"
    ((operation, asked),) = measures.asked
    assert operation == "GetMetricData"
    assert [one["Label"] for one in asked["MetricDataQueries"]] == [
        "tocsin-drill-replay",
        "tocsin-drill-restore",
    ]


def test_throttles_are_asked_for_by_function(handler: ModuleType) -> None:
    handler.DETAILS.measures.answer = {
        "MetricDataResults": [{"Label": "tocsin-drill-notifier", "Values": [3.0]}]
    }
    handler.lambda_handler(alarm("functions-throttled"), Context())
    assert handler.OPS.mails[0].subject.endswith("functions-throttled (notifier)")
    ((_, asked),) = handler.DETAILS.measures.asked
    assert "Throttles" in asked["MetricDataQueries"][0]["Expression"]


def test_dead_letters_are_told_with_where_they_come_from(handler: ModuleType) -> None:
    arn = "arn:aws:sqs:eu-west-1:111122223333:tocsin-drill-restore"
    function = "arn:aws:lambda:eu-west-1:111122223333:function:tocsin-drill-notifier:$LATEST"
    rule = "arn:aws:events:eu-west-1:111122223333:rule/tocsin-drill-alarm-state-change"
    handler.DETAILS.queues.answer = {
        "Messages": [
            {"Body": "{}", "Attributes": {"DeadLetterQueueSourceArn": arn}},
            {"Body": json.dumps({"requestContext": {"functionArn": function}})},
            {"Body": "{}", "MessageAttributes": {"RULE_ARN": {"StringValue": rule}}},
            {"Body": "not json"},
        ]
    }
    handler.lambda_handler(alarm("dead-letters"), Context())
    assert handler.OPS.mails[0].text.startswith(
        "dead-letters, in alarm-state-change, an alarm that SNS could not hand over, notifier,"
        " restore."
    )
    ((_, asked),) = handler.DETAILS.queues.asked
    assert asked["VisibilityTimeout"] == 0, "looking takes nothing away"


def test_where_nobody_answers_the_alarm_alone_was_told(
    handler: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert handler.lambda_handler(alarm("dead-letters"), Context()) == {"told": []}
    assert "look.failed" in capsys.readouterr().out
    assert handler.OPS.mails == []


def test_an_alarm_that_is_over_is_not_asked_about(handler: ModuleType) -> None:
    assert handler.lambda_handler(alarm("dead-letters", value="OK"), Context()) == {"told": []}
    assert handler.DETAILS.queues.asked == []
