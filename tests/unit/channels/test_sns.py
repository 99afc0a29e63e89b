"""One publish per message, and refusals told apart from silence."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import Session

from infra.catalogue import FUNCTIONS
from tocsin.channels import aws_send, sns
from tocsin.channels.aws_send import PATIENCE
from tocsin.channels.sns import SnsSender
from tocsin.errors import MessageRefused, SendFailed, TocsinError, Unavailable
from tocsin.ports.messages import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "arn:aws:sns:us-east-1:000000000000:tocsin-local-pages"
MESSAGE = Message(
    subject="[HIGH] INC-1 checkout - ACK by 10:15 EDT",
    text="long text",
    short="short text",
    attributes={"person": "commander-primary", "message_id": "INC-1/2/page"},
)


class Topic:
    """Answers `Publish` as SNS does, or fails as it is told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.published: list[Mapping[str, Any]] = []
        self._error = error

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, str]:
        assert operation == "Publish"
        if self._error:
            raise self._error
        self.published.append(payload)
        return {"MessageId": f"m-{len(self.published)}"}


def sender(topic: Topic) -> SnsSender:
    return SnsSender(TOPIC, aws=topic)


def refusal(code: str) -> Unavailable:
    return Unavailable(f"Publish failed: {code}.", reason=code)


def test_a_message_is_one_publish_with_a_short_text_for_telephones() -> None:
    topic = Topic()
    assert sender(topic).send(MESSAGE) == "m-1"
    (request,) = topic.published
    assert request["TopicArn"] == TOPIC
    assert request["Subject"] == MESSAGE.subject
    assert request["MessageStructure"] == "json"
    assert json.loads(request["Message"]) == {"default": "long text", "sms": "short text"}


def test_attributes_go_along_for_filters_and_for_recognising_a_repeat() -> None:
    topic = Topic()
    sender(topic).send(MESSAGE)
    assert topic.published[0]["MessageAttributes"] == {
        "person": {"DataType": "String", "StringValue": "commander-primary"},
        "message_id": {"DataType": "String", "StringValue": "INC-1/2/page"},
    }


@pytest.mark.parametrize(
    "error",
    [
        refusal("Throttled"),
        refusal("ThrottlingException"),
        refusal("InternalError"),
        refusal("KMSThrottling"),
        refusal("ConnectionRefusedError"),
        refusal("TimeoutError"),
    ],
    ids=str,
)
def test_what_may_work_later_is_to_be_sent_again(error: Exception) -> None:
    with pytest.raises(SendFailed) as raised:
        sender(Topic(error)).send(MESSAGE)
    assert raised.value.retryable
    assert raised.value.context["reason"]


def errors_of(service: str, operation: str) -> list[str]:
    """The refusals of a service's model that are neither a throttle nor its own failure."""
    model: Any = Session().get_service_model(service).operation_model(operation)
    return [
        str(shape.error_code)
        for shape in model.error_shapes
        if shape.metadata["error"]["httpStatusCode"] in {400, 403, 404}
        and not {"Throttl", "Limit"} & set(re.findall("Throttl|Limit", shape.name))
    ]


@pytest.mark.parametrize(
    "code",
    [
        *(code for code in errors_of("sns", "Publish") if code != "NotFound"),
        *errors_of("sesv2", "SendEmail"),
        "AccessDeniedException",  # of every service: "Common Errors" in its API Reference
    ],
)
def test_what_is_never_taken_is_refused_for_good(code: str) -> None:
    """A denial too: somebody has to mend a right, and the next way is taken meanwhile."""
    with pytest.raises(MessageRefused) as raised:
        sender(Topic(refusal(code))).send(MESSAGE)
    assert not raised.value.retryable


def test_a_refusal_says_nothing_of_the_message() -> None:
    with pytest.raises(TocsinError) as raised:
        sender(Topic(refusal("InvalidParameter"))).send(MESSAGE)
    assert "text" not in f"{raised.value.detail}{raised.value.context}"


def test_the_caller_is_made_with_the_first_message_and_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topics: list[Topic] = []

    def connect(_service: str, **_patience: object) -> Topic:
        topics.append(Topic())
        return topics[-1]

    aws_send.service.cache_clear()
    monkeypatch.setattr(aws_send, "from_environment", connect)
    lazy = sns.open_channel(TOPIC)
    assert topics == []
    lazy.send(MESSAGE)
    lazy.send(MESSAGE)
    aws_send.service.cache_clear()
    assert [len(topic.published) for topic in topics] == [2]


def test_three_ways_that_hang_leave_time_before_the_function_ends() -> None:
    one_way = (PATIENCE.connect + PATIENCE.read) * PATIENCE.attempts
    assert 3 * one_way < FUNCTIONS["notifier"].timeout
