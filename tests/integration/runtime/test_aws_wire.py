"""What leaves for SNS, SES and Lambda: the requests that botocore sends, to the letter.

Each request is sent twice to a loopback server, by botocore and by our call, and both are compared
as they arrived. What is answered is what the services' pages show:
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html (Query, XML),
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (REST, JSON),
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (REST, what the function returned).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from botocore.config import Config
from botocore.session import Session

from tests.harness.fakes.scripted_http import Reply, scripted
from tocsin.errors import Unavailable
from tocsin.runtime.aws.http import AwsHttp, Patience
from tocsin.runtime.aws.invoke import FunctionCaller
from tocsin.runtime.aws.sigv4 import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.fakes.scripted_http import Seen

KEYS = Credentials("AKIAEXAMPLE", "secret", "session-token")
REGION = "eu-central-1"
ONCE = Patience(connect=1, read=2, attempts=1)
PUBLISHED = b"""<PublishResponse xmlns="https://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>
<MessageId>m-1</MessageId></PublishResult><ResponseMetadata><RequestId>r-1</RequestId>
</ResponseMetadata></PublishResponse>"""
REFUSED = b"""<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error>
<Type>Sender</Type><Code>InvalidParameter</Code><Message>Invalid parameter: &amp;</Message></Error>
<RequestId>r-2</RequestId></ErrorResponse>"""
TO_TOPIC = {
    "TopicArn": "arn:aws:sns:eu-central-1:000000000000:pages",
    "Subject": "[HIGH] INC-1 Überlast & Co - ACK by 10:15",
    "Message": json.dumps({"default": "long text\nwith ümlauts + signs", "sms": "short"}),
    "MessageStructure": "json",
    "MessageAttributes": {
        "person": {"DataType": "String", "StringValue": "kim"},
        "message_id": {"DataType": "String", "StringValue": "INC-1/2/page/person:kim"},
    },
}
TO_PHONE = {"PhoneNumber": "+12025550123", "Message": "ACK by 10:15 https://t.example/a/x"}
MAIL = {
    "FromEmailAddress": "tocsin@example.com",
    "Destination": {"ToAddresses": ["kim@example.com"]},
    "Content": {
        "Simple": {
            "Subject": {"Data": "Überlast", "Charset": "UTF-8"},
            "Body": {"Text": {"Data": "long text", "Charset": "UTF-8"}},
            "Headers": [{"Name": "X-Tocsin-Incident", "Value": "INC-1"}],
        }
    },
}
CALL = {"FunctionName": "tocsin-local-notifier", "Payload": {"redrive": ["ä", 1]}}


def theirs(service: str, url: str, operation: str, payload: Mapping[str, Any]) -> None:
    """The request as botocore's client sends it."""
    made = Session().create_client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=KEYS.access_key,
        aws_secret_access_key=KEYS.secret_key,
        aws_session_token=KEYS.token,
        config=Config(retries={"total_max_attempts": 1}),
    )
    made._make_api_call(operation, dict(payload))  # type: ignore[attr-defined]


def ours(service: str, url: str, **changes: Any) -> AwsHttp:
    return AwsHttp(
        service, endpoint=url, region=REGION, credentials=KEYS, **{"patience": ONCE, **changes}
    )


def content(seen: Seen) -> object:
    """A form and a document say the same whatever the order of their fields."""
    if seen.headers["content-type"].startswith("application/x-www-form-urlencoded"):
        return parse_qs(seen.body.decode(), strict_parsing=True)
    return json.loads(seen.body)


@pytest.mark.parametrize(
    ("service", "operation", "payload", "answer"),
    [
        ("sns", "Publish", TO_TOPIC, Reply(body=PUBLISHED)),
        ("sns", "Publish", TO_PHONE, Reply(body=PUBLISHED)),
        ("sesv2", "SendEmail", MAIL, Reply(body=b'{"MessageId": "m-1"}')),
        ("lambda", "Invoke", CALL, Reply(body=b'{"sent": 3}')),
        ("lambda_event", "Invoke", CALL, Reply(202)),
    ],
)
def test_a_request_is_the_one_that_botocore_sends(
    service: str, operation: str, payload: dict[str, Any], answer: Reply
) -> None:
    given = payload
    invoked = service.startswith("lambda")
    if invoked:
        given = {**payload, "Payload": json.dumps(payload["Payload"]).encode()}
    if service == "lambda_event":
        given["InvocationType"] = "Event"
    with scripted(answer) as server:
        theirs(service.partition("_")[0], server.url, operation, given)
        ours(service, server.url).call(operation, payload)

    wanted, sent = server.seen
    assert (sent.method, sent.path) == (wanted.method, wanted.path)
    assert sent.headers.get("x-amz-invocation-type") == wanted.headers.get("x-amz-invocation-type")
    if not invoked:  # boto leaves a payload's type to the caller
        kind = sent.headers["content-type"]
        assert kind == wanted.headers["content-type"]
        assert content(sent) == content(wanted)
    else:
        assert json.loads(sent.body) == json.loads(wanted.body)
    scope = wanted.headers["authorization"].split("/", 2)[2].split(",")[0]
    assert scope in sent.headers["authorization"]
    assert "x-amz-target" not in sent.headers


def test_what_was_published_has_the_id_that_sns_gave_it() -> None:
    with scripted(Reply(body=PUBLISHED)) as server:
        assert ours("sns", server.url).call("Publish", TO_PHONE)["MessageId"] == "m-1"


@pytest.mark.parametrize(
    ("service", "operation", "payload", "answer", "code"),
    [
        ("sns", "Publish", TO_PHONE, Reply(400, REFUSED), "InvalidParameter"),
        (
            "sesv2",
            "SendEmail",
            MAIL,
            Reply(400, b'{"message": "no"}', {"x-amzn-ErrorType": "MessageRejected:http://x/"}),
            "MessageRejected",
        ),
        ("sns", "Publish", TO_PHONE, Reply(503, b"<html>busy</html>"), "http_503"),
        ("sesv2", "SendEmail", MAIL, Reply(then="reset"), "ConnectionResetError"),
    ],
)
def test_a_refusal_keeps_the_code_of_the_service(
    service: str, operation: str, payload: dict[str, Any], answer: Reply, code: str
) -> None:
    with scripted(answer) as server, pytest.raises(Unavailable) as raised:
        ours(service, server.url).call(operation, payload)

    assert raised.value.context["reason"] == code


def test_a_busy_service_is_asked_again() -> None:
    busy = Reply(400, REFUSED.replace(b"InvalidParameter", b"Throttling"))
    twice = Patience(connect=1, read=2, attempts=2, base_delay=0.001)
    with scripted(busy, Reply(body=PUBLISHED)) as server:
        assert ours("sns", server.url, patience=twice).call("Publish", TO_PHONE)["MessageId"]
    assert len(server.seen) == 2


def called(aws: AwsHttp | None = None, *, remaining: float = 10) -> FunctionCaller:
    return FunctionCaller("tocsin-local-notifier", remaining=lambda: remaining, aws=aws)


class TestFunctionCaller:
    @pytest.mark.parametrize(("remaining", "read"), [(3, 0.5), (14.5, 12), (900, 45)])
    def test_who_waits_is_not_ended_while_it_waits(
        self, monkeypatch: pytest.MonkeyPatch, remaining: float, read: float
    ) -> None:
        """A second is kept for connecting, and one and a half for saying that nobody answered."""
        patience: list[Patience] = []

        def made(service: str, *, patience: Patience, to: list[Patience] = patience) -> AwsHttp:
            to.append(patience)
            return ours(service, server.url)

        with scripted(Reply(body=b"{}")) as server:
            monkeypatch.setattr("tocsin.runtime.aws.invoke.from_environment", made)
            called(remaining=remaining)({})
        assert patience == [Patience(connect=1, read=read, attempts=1)]

    def test_nobody_is_called_where_no_time_is_left(self) -> None:
        says = pytest.raises(Unavailable, match="no time is left")
        with scripted(Reply(body=b"{}")) as server, says:
            called(ours("lambda", server.url), remaining=2)({})
        assert server.seen == []

    def test_the_answer_of_the_function_is_the_answer(self) -> None:
        with scripted(Reply(body=b'{"sent": 3}')) as server:
            caller = called(ours("lambda", server.url))
            assert caller({"redrive": []}) == {"sent": 3}
        assert "x-amz-invocation-type" not in server.seen[0].headers, "it would have no answer"

    @pytest.mark.parametrize(
        "answer",
        [
            Reply(body=b'{"errorMessage": "x"}', headers={"X-Amz-Function-Error": "Unhandled"}),
            Reply(429, b"{}", {"x-amzn-ErrorType": "TooManyRequestsException"}),
            Reply(then="reset"),
        ],
        ids=["failed", "throttled", "silent"],
    )
    def test_a_function_that_did_not_do_its_work_is_an_error(self, answer: Reply) -> None:
        with scripted(answer) as server:
            caller = called(ours("lambda", server.url))
            with pytest.raises(Unavailable) as raised:
                caller({"redrive": []})
        assert raised.value.context["function"] == "tocsin-local-notifier"
        assert len(server.seen) == 1
