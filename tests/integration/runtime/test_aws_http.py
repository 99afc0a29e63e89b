"""The signed call against a server that misbehaves: what a whole client would survive, it does."""

from __future__ import annotations

import json
import select
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.retries.standard import ThrottledRetryableChecker
from botocore.session import Session

from tests.bench.certificate import loopback_certificate
from tests.bench.stub_aws import stub_aws
from tests.harness.fakes.scripted_http import Reply, Seen, json_reply, scripted
from tocsin.adapters.billing.projection.ledger import DynamoDbLedger
from tocsin.billing.event import Envelope, EventClass, IdSource
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.errors import (
    ConditionFailed,
    InvalidSettings,
    QueueUnavailable,
    SecretUnavailable,
    StoreRefused,
    StoreUnavailable,
)
from tocsin.runtime.aws.connection import ConnectionPool
from tocsin.runtime.aws.http import AwsHttp, Patience, from_environment
from tocsin.runtime.aws.sigv4 import Credentials

if TYPE_CHECKING:
    from pathlib import Path

FAILED = {
    "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
    "Item": {"SK": {"S": "evt_1"}},
}
QUICK = Patience(connect=60, read=60, base_delay=0.001, longest_delay=0.002, deadline=600)
"""Patient with a slow machine: only a test whose server hangs gives up soon."""
IMPATIENT = replace(QUICK, read=0.25)


class Caller:
    """An `AwsHttp` against the given place, with its sleeps written down and not slept."""

    def __init__(self, url: str, service: str = "dynamodb", patience: Patience = QUICK) -> None:
        self.sleeps: list[float] = []
        self.aws = AwsHttp(
            service,
            endpoint=url,
            region="eu-central-1",
            credentials=Credentials("AKIAEXAMPLE", "secret", "session-token"),
            patience=patience,
            sleep=self.sleeps.append,
            jitter=lambda: 1.0,
        )

    def put(self) -> dict[str, Any]:
        return self.aws.call("PutItem", {"TableName": "t"})


def test_a_call_is_signed_and_names_its_operation() -> None:
    with scripted(json_reply({"Item": {}})) as server:
        assert Caller(server.url).put() == {"Item": {}}
    (seen,) = server.seen
    assert seen.headers["x-amz-target"] == "DynamoDB_20120810.PutItem"
    assert seen.headers["content-type"] == "application/x-amz-json-1.0"
    assert seen.headers["x-amz-security-token"] == "session-token"
    authorization = seen.headers["authorization"]
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/")
    assert "/eu-central-1/dynamodb/aws4_request" in authorization
    assert json.loads(seen.body) == {"TableName": "t"}


def test_each_attempt_is_signed_anew_and_backs_off_with_jitter() -> None:
    patience = replace(QUICK, base_delay=0.05, longest_delay=0.15)
    with scripted(json_reply({}, 500), json_reply({}, 503), json_reply({}, 500), Reply()) as server:
        caller = Caller(server.url, patience=patience)
        assert caller.put() == {}
    assert caller.sleeps == [0.1, 0.15, 0.15]
    assert all("authorization" in seen.headers for seen in server.seen)


@pytest.mark.parametrize(
    "bad",
    [
        json_reply({"__type": "x#ProvisionedThroughputExceededException"}, 400),
        json_reply({"__type": "ThrottlingException"}, 400),
        json_reply({"__type": "RequestLimitExceeded"}, 400),
        json_reply({}, 429),
        json_reply({"__type": "InternalServerError"}, 500),
        json_reply({}, 503),
        Reply(502, b"<html>Bad Gateway</html>"),
        Reply(200, b"not json"),
        Reply(200, b"[]"),
        Reply(200, b"{}", {"x-amz-crc32": "1"}),
        Reply(then="reset"),
        Reply(then="hang"),
        Reply(200, b'{"a":"' + b"x" * 100 + b'"}', then="cut"),
    ],
    ids=lambda reply: f"{reply.status}-{reply.then}-{reply.body[:24].decode()}",
)
def test_what_may_pass_is_tried_again(bad: Reply) -> None:
    hangs = bad.then == "hang"
    with scripted(bad, json_reply({"ok": True})) as server:
        assert Caller(server.url, patience=IMPATIENT if hangs else QUICK).put() == {"ok": True}
    # Impatience may give up a good answer, too, where the machine stands still.
    assert len(server.seen) == 2 or hangs


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (400, {"__type": "x#ResourceNotFoundException"}),
        (400, {"__type": "AccessDeniedException:http://internal/"}),
        (307, {}),
        (404, {}),
    ],
)
def test_a_refusal_is_not_tried_again(status: int, document: dict[str, str]) -> None:
    with scripted(json_reply(document, status)) as server, pytest.raises(StoreUnavailable):
        Caller(server.url).put()
    assert len(server.seen) == 1


def test_a_request_the_database_finds_fault_with_is_no_outage() -> None:
    """botocore's model of DynamoDB has no shape for it; every operation answers with it."""
    fault = {"__type": "com.amazon.coral.validate#ValidationException", "message": "key too long"}
    with scripted(json_reply(fault, 400)) as server, pytest.raises(StoreRefused) as caught:
        Caller(server.url).put()
    assert len(server.seen) == 1
    assert "key too long" in str(caught.value)
    assert not caught.value.retryable


def test_attempts_are_bounded_and_the_error_says_what_happened() -> None:
    with (
        scripted(json_reply({"__type": "x#ThrottlingException"}, 400)) as server,
        pytest.raises(StoreUnavailable) as caught,
    ):
        Caller(server.url).put()
    assert len(server.seen) == QUICK.attempts
    assert caught.value.context == {
        "operation": "PutItem",
        "reason": "ThrottlingException",
        "attempts": QUICK.attempts,
    }


def test_no_attempt_starts_after_the_deadline() -> None:
    seconds = iter([0.0, 1.0, 2.6])
    with scripted(json_reply({}, 500)) as server:
        aws = AwsHttp(
            "dynamodb",
            endpoint=server.url,
            region="us-east-1",
            credentials=Credentials("a", "b", None),
            sleep=lambda _: None,
            monotonic=lambda: next(seconds),
        )
        with pytest.raises(StoreUnavailable):
            aws.call("PutItem", {})
    assert len(server.seen) == 2


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with scripted(Reply()) as server:
        gone = server.url
    with pytest.raises(StoreUnavailable):
        Caller(gone).put()


def test_a_connection_closed_while_idle_is_opened_again_without_a_failed_attempt() -> None:
    with scripted(Reply(then="close"), json_reply({"ok": True})) as server:
        caller = Caller(server.url)
        caller.put()
        (idle,) = caller.aws._pool._idle
        assert select.select([idle.sock], [], [], 5)[0]  # its end has arrived
        assert caller.put() == {"ok": True}
    assert len(server.seen) == 2
    assert caller.sleeps == []


def test_an_answer_is_waited_for_as_long_as_reading_may_take_not_as_connecting_may() -> None:
    # Connecting may take longer than any test: were that waited for, this one would not end.
    patient = replace(IMPATIENT, connect=3_600)
    with scripted(Reply(then="hang"), json_reply({"ok": True})) as server:
        assert Caller(server.url, patience=patient).put() == {"ok": True}
    assert len(server.seen) >= 2


def test_a_connection_is_kept_from_call_to_call_and_left_after_a_bad_answer() -> None:
    ports: list[int] = []

    def opened(place: ConnectionPool) -> list[int]:
        return [connection.sock.getsockname()[1] for connection in place._idle]

    with scripted(Reply(), Reply(), Reply(then="cut"), Reply(), Reply()) as server:
        caller = Caller(server.url)
        for _ in range(4):
            caller.put()
            ports += opened(caller.aws._pool)
    assert ports[0] == ports[1]
    assert ports[2] == ports[3] != ports[0]  # the cut answer was tried again, elsewhere
    assert len(server.seen) == 5


def test_threads_never_share_a_connection() -> None:
    answers = [json_reply({"n": str(number)}) for number in range(40)]
    with scripted(*answers) as server, ThreadPoolExecutor(8) as threads:
        caller = Caller(server.url, patience=replace(QUICK, read=5))
        got = list(threads.map(lambda _: caller.put()["n"], range(40)))
        idle = len(caller.aws._pool._idle)
    assert len(got) == 40
    assert 1 <= idle <= 5  # a race may keep one too many, never one too long


def test_a_server_whose_certificate_nobody_vouches_for_is_not_spoken_to(tmp_path: Path) -> None:
    with (
        stub_aws({}, certificate=loopback_certificate(tmp_path)) as endpoint,
        pytest.raises(StoreUnavailable) as caught,
    ):
        Caller(endpoint).put()
    assert caught.value.context["reason"] == "SSLCertVerificationError"


def test_a_sound_checksum_passes() -> None:
    body = b'{"a":1}'
    with scripted(Reply(200, body, {"x-amz-crc32": str(zlib.crc32(body))})) as server:
        assert Caller(server.url).put() == {"a": 1}


def test_a_failed_condition_brings_the_item_and_is_not_tried_again() -> None:
    with scripted(json_reply(FAILED, 400)) as server, pytest.raises(ConditionFailed) as caught:
        Caller(server.url).put()
    assert caught.value.item == {"SK": {"S": "evt_1"}}
    assert len(server.seen) == 1


def throttles() -> set[str]:
    """What botocore's own retries take for one, and every error of a service's model that says so.

    A single write that collides with a transaction is no throttle there; the DynamoDB Developer
    Guide, "Error handling in DynamoDB", lists it among those that may be sent again.
    """
    own: Any = ThrottledRetryableChecker
    found: set[str] = {*own._THROTTLED_ERROR_CODES, "TransactionConflictException"}
    session = Session()
    for service in ("dynamodb", "sqs", "sns", "sesv2", "lambda", "secretsmanager", "cloudwatch"):
        model: Any = session.get_service_model(service)
        for shape in (model.shape_for(name) for name in model.shape_names):
            says = shape.metadata
            if says.get("exception") and (
                "retryable" in says or "throttl" in str(shape.error_code).lower()
            ):
                found.add(str(shape.error_code))
    return found


@pytest.mark.parametrize("code", sorted(throttles()))
def test_whoever_asks_for_another_try_gets_one(code: str) -> None:
    with scripted(json_reply({"__type": f"x#{code}"}, 400), json_reply({})) as server:
        assert Caller(server.url).aws.call("PutItem", {}) == {}
    assert len(server.seen) == 2


def cancelled(*codes: str) -> Reply:
    reasons = [{"Code": code} for code in codes]
    kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    return json_reply({"__type": kind, "CancellationReasons": reasons}, 400)


def test_a_transaction_that_met_another_state_says_which_part_did() -> None:
    refusal = cancelled("None", "ConditionalCheckFailed", "TransactionConflict")
    with scripted(refusal) as server, pytest.raises(ConditionFailed) as caught:
        Caller(server.url).aws.call("TransactWriteItems", {})
    reasons: Any = (caught.value.item or {})["CancellationReasons"]
    assert [each["Code"] for each in reasons] == [
        "None",
        "ConditionalCheckFailed",
        "TransactionConflict",
    ]
    assert len(server.seen) == 1


def test_a_transaction_that_only_lost_a_race_is_sent_again() -> None:
    with scripted(cancelled("None", "TransactionConflict"), json_reply({})) as server:
        assert Caller(server.url).aws.call("TransactWriteItems", {}) == {}
    assert len(server.seen) == 2


def test_a_transaction_that_lacked_capacity_is_sent_again() -> None:
    with scripted(cancelled("ProvisionedThroughputExceeded"), json_reply({})) as server:
        assert Caller(server.url).aws.call("TransactWriteItems", {}) == {}


@pytest.mark.parametrize("reason", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_a_transaction_that_can_never_succeed_is_refused_and_not_sent_again(reason: str) -> None:
    with scripted(cancelled("None", reason)) as server, pytest.raises(StoreRefused) as caught:
        Caller(server.url).aws.call("TransactWriteItems", {})
    assert caught.value.context["cancelled"] == f"None,{reason}"
    assert len(server.seen) == 1


def test_a_request_that_cannot_be_read_is_refused() -> None:
    refusal = json_reply({"__type": "com.amazon.coral.service#SerializationException"}, 400)
    with scripted(refusal) as server, pytest.raises(StoreRefused):
        Caller(server.url).put()


@pytest.mark.parametrize(
    ("service", "error", "target"),
    [
        ("secretsmanager", SecretUnavailable, "secretsmanager.Op"),
        ("sqs", QueueUnavailable, "AmazonSQS.Op"),
    ],
)
def test_each_service_fails_as_what_it_is(
    service: str, error: type[Exception], target: str
) -> None:
    with scripted(json_reply({}, 500)) as server, pytest.raises(error):
        Caller(server.url, service).aws.call("Op", {})
    assert {seen.headers["x-amz-target"] for seen in server.seen} == {target}


def record() -> LedgerRecord:
    envelope = Envelope(
        id="evt_1",
        id_source=IdSource.PROVIDER,
        type="customer.subscription.updated",
        event_class=EventClass.SNAPSHOT,
        created=1_790_000_000,
        object_type="subscription",
        object_id="sub_1",
        subscription="sub_1",
        api_version=None,
        account=None,
        live=None,
    )
    identity = Identity("stripe", "acct_1", "test")
    return LedgerRecord(identity, "default", envelope, 1_790_000_001, b"\x01body")


class Table:
    """A server that keeps conditional puts, as DynamoDB would."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}

    def commit(self, seen: Seen) -> None:
        item = json.loads(seen.body)["Item"]
        self.items.setdefault(item["SK"]["S"], item)


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.mark.parametrize("lost", ["reset", "hang", "cut"])
def test_an_answer_lost_after_the_commit_makes_the_retry_a_duplicate(
    table: Table, lost: str
) -> None:
    committed = Reply(200, b'{"a":"bcdef"}', effect=table.commit, then=lost)
    with scripted(committed, json_reply(FAILED, 400)) as server:
        patience = IMPATIENT if lost == "hang" else QUICK
        caller = Caller(server.url, patience=patience)
        stored = DynamoDbLedger(caller.aws, "events").put(record())
    assert stored is False
    assert len(server.seen) == 2 or lost == "hang"
    assert table.items["evt_1"]["PK"]["S"].startswith("stripe#acct_1#test#2026092114#")


def test_the_environment_names_the_place() -> None:
    base = {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }
    assert place("dynamodb", base) == "dynamodb.eu-west-1.amazonaws.com"
    everywhere = base | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert place("sqs", everywhere) == "127.0.0.1:1"
    special = everywhere | {
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://127.0.0.1:3/",
    }
    assert place("dynamodb", special) == "127.0.0.1:2"
    assert place("secretsmanager", special) == "127.0.0.1:3"
    china = base | {"AWS_REGION": "cn-north-1"}
    assert place("sqs", china) == "sqs.cn-north-1.amazonaws.com.cn"


def place(service: str, environ: dict[str, str]) -> str:
    return from_environment(service, environ)._pool.host


@pytest.mark.parametrize(
    "endpoint",
    ["", "dynamodb.aws", "ftp://host", "https://", "http://host/path", "http://host:port"],
)
def test_an_endpoint_that_is_none_is_refused_at_init(endpoint: str) -> None:
    with pytest.raises(InvalidSettings):
        ConnectionPool(endpoint, connect=1, read=1)


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("https://dynamodb.aws:443/", "dynamodb.aws"),
        ("http://dynamodb.aws:443", "dynamodb.aws:443"),
        ("http://DynamoDB.aws:80", "dynamodb.aws"),
        ("http://[::1]:4566", "[::1]:4566"),
    ],
)
def test_the_host_header_names_a_port_only_where_it_must(endpoint: str, host: str) -> None:
    assert ConnectionPool(endpoint, connect=1, read=1).host == host


@pytest.mark.parametrize("missing", ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_an_environment_without_credentials_or_region_is_refused_at_init(missing: str) -> None:
    env = {"AWS_REGION": "r", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    with pytest.raises(InvalidSettings):
        from_environment("dynamodb", {**env, missing: ""})
