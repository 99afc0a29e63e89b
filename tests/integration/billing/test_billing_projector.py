"""The deployed projector, whole: stream records and messages in, rows and questions out.

Behind it moto answers for DynamoDB, SQS and Secrets Manager, and a scripted server for the
provider. Every crash point of the path is hit on purpose and heals.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from moto.sqs.models import sqs_backends

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tests.harness.fakes.scripted_http import Reply, Server, json_reply, scripted
from tests.harness.fakes.time import VirtualWallClock
from tocsin.adapters.billing.projection.items import key_of, overlay_attribute, row_of
from tocsin.adapters.billing.projection.ledger import item_of
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.billing.projection.ordering import Overlay
from tocsin.billing.projection.refetch import LedgerReplay
from tocsin.billing.subscription import Status
from tocsin.cli.billing.desk import desk
from tocsin.errors import QueueUnavailable, StoreUnavailable
from tocsin.policy.compiled.billing_rules import current_billing_rules
from tocsin.providers.bodies.codec import keep
from tocsin.providers.registry import webhook_reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.billing.projection.ordering import Row

EVENTS = Path("events")
STRIPE = Identity("stripe", "acct_1SxHouse", "test")
RAZORPAY = Identity("razorpay", "acc_QxTocsinHouse1", "test")
TEAM = "sub_1SxTeamMonthly00001"
UPDATED = json.loads((EVENTS / "stripe/subscription_updated_2025-03-31.basil.json").read_text())
KEYS = {
    "stripe/default": {"account": "acct_1SxHouse", "mode": "test", "api_key": "sk_test_house"},
    "razorpay/default": {
        "account": "acc_QxTocsinHouse1",
        "mode": "test",
        "api_key": "rzp_test_house:secret",
    },
}


class Context:
    aws_request_id = "lambda-request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Counting:
    """The function's DynamoDB caller, counted, and broken where a test says so."""

    def __init__(self, aws: Any) -> None:
        self.aws = aws
        self.calls: Counter[str] = Counter()
        self.before: list[Exception | None] = []
        self.after: list[Exception | None] = []

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        self.calls[operation] += 1
        if self.before and (error := self.before.pop(0)):
            raise error
        answer = self.aws.call(operation, payload)
        if self.after and (error := self.after.pop(0)):
            raise error
        return answer  # type: ignore[no-any-return]


class World:
    """The handler with everything around it, at a time that tests set."""

    def __init__(self, handler: Any, cloud: MotoCloud, provider: Server, queue: str) -> None:
        self.handler, self.cloud, self.provider, self.queue = handler, cloud, provider, queue
        self.now = int(time.time())
        self.dynamodb = Counting(handler.BILLING.dynamodb)
        work = handler.WORK
        projector = replace(
            work.projector,
            projection=type(work.projector.projection)(
                self.dynamodb, cloud.table("billing-subscriptions")
            ),
        )
        handler.WORK = replace(work, projector=projector)

    def event(self, name: str, *, at: int | None = None, **changes: Any) -> dict[str, Any]:
        """A sample's document, made at `at` (seconds from now)."""
        document = json.loads((EVENTS / f"{name}.json").read_text())
        field = "created_at" if name.startswith("razorpay") else "created"
        document[field] = self.now + (at or 0)
        document.update(changes)
        return document  # type: ignore[no-any-return]

    def record(
        self, document: dict[str, Any], *, identity: Identity = STRIPE, key: str = "evt_1"
    ) -> dict[str, Any]:
        """The stream record of an insert of this event into the ledger."""
        headers = {"x-razorpay-event-id": key}
        body = json.dumps(document).encode()
        envelope, read = webhook_reader(identity.provider).read(headers, body)
        item = item_of(LedgerRecord(identity, "default", envelope, self.now, keep(read, None)))
        return {
            "eventSource": "aws:dynamodb",
            "eventName": "INSERT",
            "dynamodb": {
                "ApproximateCreationDateTime": float(self.now),
                "Keys": {"PK": item["PK"], "SK": item["SK"]},
                "NewImage": item,
            },
        }

    def handle(self, *records: dict[str, Any]) -> dict[str, Any]:
        return self.handler.lambda_handler({"Records": list(records)}, Context())  # type: ignore[no-any-return]

    def wait(self, seconds: int) -> None:
        """Time goes by for the function."""
        self.now += seconds
        clock = VirtualWallClock(datetime.fromtimestamp(self.now, UTC))
        self.handler.WORK = replace(self.handler.WORK, clock=clock)

    def answer(self, **changes: Any) -> Reply:
        """The provider's GET answer for the team subscription, dated now."""
        body = {**UPDATED["data"]["object"], **changes}
        return json_reply(body, Date=formatdate(self.now, usegmt=True))

    def row(self, subscription: str = TEAM, identity: Identity = STRIPE) -> Row | None:
        key = f"SUB#{identity}#{subscription}"
        for item in self.cloud.items("billing-subscriptions"):
            if item["PK"]["S"] == key:
                return row_of(item)
        return None

    def set_aside(self) -> list[dict[str, Any]]:
        """What is in quarantine."""
        kept = self.cloud.items("operations")
        return [item for item in kept if item["PK"]["S"].startswith("QUAR#")]

    def messages(self) -> list[tuple[dict[str, Any], int]]:
        """Every message sent, with its delay, whether it is due or not."""
        backend = sqs_backends["123456789012"]["us-east-1"]
        sent = backend.get_queue(self.queue.rpartition("/")[2])._messages
        return [
            (json.loads(each.body), round((each.delayed_until - (each.sent_timestamp or 0)) / 1000))
            for each in sent
        ]

    def redeliver(self, body: dict[str, Any]) -> dict[str, Any]:
        """One message of the refetch queue, handed to the function."""
        message = {"messageId": "message-1", "body": json.dumps(body)}
        return self.handler.ask({"Records": [message]})  # type: ignore[no-any-return]

    def woken(self) -> dict[str, Any]:
        """Woken for what waits in the refetch queue."""
        return self.handler.lambda_handler({}, Context())  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def cloud() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


@pytest.fixture
def world(cloud: MotoCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    cloud.reset()
    queue = cloud.boto("sqs").create_queue(QueueName="tocsin-test-refetch")["QueueUrl"]
    cloud.boto("secretsmanager").create_secret(
        Name="tocsin/test/provider-keys", SecretString=json.dumps(KEYS)
    )
    with scripted(json_reply({}, 500)) as provider:
        environment = {
            **cloud.environment(),
            "STAGE": "test",
            "BILLING_EVENTS_TABLE": cloud.table("billing-events"),
            "BILLING_SUBSCRIPTIONS_TABLE": cloud.table("billing-subscriptions"),
            "OPERATIONS_TABLE": cloud.table("operations"),
            "PROVIDER_KEYS_SECRET": "tocsin/test/provider-keys",
            "REFETCH_QUEUE_URL": queue,
            "API_BASES": json.dumps({"stripe": provider.url, "razorpay": provider.url}),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delitem(sys.modules, "functions.billing_projector.handler", raising=False)
        handler = importlib.import_module("functions.billing_projector.handler")
        yield World(handler, cloud, provider, queue)


SAMPLE = "stripe/subscription_updated_2025-03-31.basil"


def test_a_snapshot_makes_a_projection_with_one_call(world: World) -> None:
    world.handle(world.record(world.event(SAMPLE)))
    row = world.row()
    assert row is not None
    assert row.subscription is not None
    assert (row.rev, row.subscription.status, row.subscription.workspace) == (
        1,
        Status.ACTIVE,
        "ws_northwind",
    )
    assert world.dynamodb.calls == {"UpdateItem": 1}
    assert world.provider.seen == []


def test_a_stale_event_costs_one_refused_call(world: World) -> None:
    world.handle(world.record(world.event(SAMPLE)))
    world.dynamodb.calls.clear()
    world.handle(world.record(world.event(SAMPLE, at=-60, id="evt_old")))
    assert world.dynamodb.calls == {"UpdateItem": 1}
    row = world.row()
    assert row is not None
    assert row.ver == 1


def test_an_irrelevant_event_costs_nothing(world: World) -> None:
    world.handle(world.record(world.event("stripe/customer_updated")))
    assert world.dynamodb.calls == {}
    assert world.provider.seen == []


@pytest.mark.parametrize("name", ["sub_1#2", "s" * 3_000, "sub 1"])
def test_an_id_no_key_can_be_made_of_is_set_aside_by_name_and_the_rest_flows_on(
    world: World, name: str
) -> None:
    """The shape of docs.stripe.com/api/subscriptions/object, with an id Stripe never makes."""
    strange = world.event(SAMPLE, id="evt_strange")
    strange["data"]["object"]["id"] = name
    world.handle(world.record(strange), world.record(world.event(SAMPLE)))
    assert world.row() is not None
    kept = world.cloud.items("operations")
    (poison,) = [each for each in kept if each["PK"]["S"].startswith("QUAR#")]
    assert poison["SK"]["S"].endswith("#evt_strange")
    assert poison["reason"] == {"S": "malformed_payload"}


def test_more_items_than_an_event_carries_are_asked_for_on_every_page(world: World) -> None:
    """docs.stripe.com/api/subscription_items/list: a nested list has ten and says `has_more`."""

    def items(first: int, last: int) -> list[dict[str, Any]]:
        end = {"current_period_start": world.now, "current_period_end": world.now + 86_400}
        return [
            {"id": f"si_{n}", "price": {"id": f"price_{n:02d}"}, "quantity": 1, **end}
            for n in range(first, last)
        ]

    cut = {"object": "list", "data": items(0, 10), "has_more": True, "total_count": 14}
    event = world.event(SAMPLE)
    event["data"]["object"]["items"] = cut
    world.provider.script[:] = [
        world.answer(items=cut),
        json_reply({"object": "list", "data": items(10, 12), "has_more": True}),
        json_reply({"object": "list", "data": items(12, 14), "has_more": False}),
    ]
    world.handle(world.record(event))
    row = world.row()
    assert row is not None
    assert row.subscription is not None
    assert row.subscription.plan.count("+") == 13
    assert row.subscription.quantity == 14
    _, second, third = world.provider.seen
    assert "starting_after=si_9" in second.path
    assert "starting_after=si_11" in third.path


def test_a_tie_asks_the_provider_and_writes_what_it_says(world: World) -> None:
    nothing_paid = json_reply({"object": "list", "data": [], "has_more": False})
    world.provider.script[:] = [world.answer(status="past_due"), nothing_paid]
    world.handle(world.record(world.event(SAMPLE)))
    world.handle(world.record(world.event(SAMPLE, id="evt_tie")))
    row = world.row()
    assert row is not None
    assert row.subscription is not None
    assert (row.rev, row.subscription.status, row.seen) == (
        2,
        Status.PAST_DUE,
        (UPDATED["id"], "evt_tie"),
    )
    assert world.now - 4 <= (row.fetched or 0) <= world.now - 1
    question, about_payment = world.provider.seen
    assert question.path == f"/v1/subscriptions/{TEAM}"
    assert question.headers["authorization"] == "Bearer sk_test_house"
    assert about_payment.path.startswith("/v1/invoices")
    assert world.dynamodb.calls == {"UpdateItem": 4}
    ((message, delay),) = world.messages()
    assert (message["reason"], message["subscription"], delay) == ("confirm", TEAM, 300)


def test_questions_of_a_connected_account_name_it(world: World) -> None:
    identity = Identity("stripe", "acct_1SxHouse/acct_1SxShop", "test")
    world.provider.script[:] = [world.answer()]
    world.handle(world.record(world.event("stripe/invoice_paid_2020-08-27"), identity=identity))
    (question,) = world.provider.seen
    assert question.headers["stripe-account"] == "acct_1SxShop"
    assert question.headers["authorization"] == "Bearer sk_test_house"
    assert world.row(identity=identity) is not None


@pytest.mark.parametrize(
    ("description", "missing"),
    [("The id provided does not exist", True), ("The api key provided is invalid", False)],
)
def test_razorpay_answers_400_for_an_id_it_does_not_know(
    world: World, description: str, *, missing: bool
) -> None:
    error = {"code": "BAD_REQUEST_ERROR", "description": description}
    world.provider.script[:] = [json_reply({"error": error}, 400)]
    world.handle(world.record(world.event("razorpay/invoice_paid"), identity=RAZORPAY))
    reasons = [item["reason"]["S"] for item in world.set_aside()]
    assert reasons == (["provider_missing"] if missing else [])


def test_razorpay_is_asked_with_its_own_authorisation(world: World) -> None:
    entity = json.loads((EVENTS / "razorpay/subscription_charged.json").read_text())
    body = entity["payload"]["subscription"]["entity"]
    world.provider.script[:] = [json_reply(body, Date=formatdate(world.now, usegmt=True))]
    world.handle(world.record(world.event("razorpay/invoice_paid"), identity=RAZORPAY))
    (question,) = world.provider.seen
    assert question.headers["authorization"] == "Basic cnpwX3Rlc3RfaG91c2U6c2VjcmV0"
    row = world.row("sub_QxTeamMonthly01", RAZORPAY)
    assert row is not None
    assert row.subscription is not None
    assert row.subscription.status is Status.ACTIVE


@pytest.mark.parametrize(
    "reply",
    [
        json_reply({}, 500),
        json_reply({}, 429),
        json_reply({}, 401),
        Reply(502, b"<html>Bad Gateway</html>"),
        Reply(200, b"<html>maintenance</html>"),
        Reply(302, b"", {"Location": "http://127.0.0.1:1/"}),
        Reply(then="reset"),
    ],
    ids=["500", "429", "401", "html-502", "html-200", "redirect", "reset"],
)
def test_a_provider_that_fails_is_asked_later_by_one_message(world: World, reply: Reply) -> None:
    world.provider.script[:] = [reply]
    hint = "stripe/invoice_paid_2020-08-27"
    for number in range(5):
        world.handle(world.record(world.event(hint, id=f"evt_{number}")))
    assert len(world.provider.seen) == 1, "an outage must not become a storm of questions"
    ((message, delay),) = world.messages()
    assert (message["reason"], message["attempt"], delay) == ("failed", 1, 30)

    world.wait(delay)
    world.redeliver(message)
    (_, (again, delay)) = world.messages()
    assert (again["attempt"], delay) == (2, 60)

    world.wait(delay)
    world.provider.script[:] = [world.answer(status="past_due")]
    world.redeliver(again)
    row = world.row()
    assert row is not None
    assert row.subscription is not None
    assert row.subscription.status is Status.PAST_DUE
    assert row.pending_until is None


@pytest.mark.parametrize(
    "reply",
    [json_reply({}, 404), json_reply({}, 410), Reply(200, b"{}"), Reply(200, b"")],
    ids=["404", "410", "empty-object", "nothing"],
)
def test_an_object_the_provider_does_not_know_is_set_aside_and_nothing_written(
    world: World, reply: Reply
) -> None:
    world.provider.script[:] = [reply]
    for _ in range(2):
        world.handle(world.record(world.event("stripe/invoice_paid_2020-08-27")))
    assert world.row() is None
    (item,) = world.set_aside()
    assert item["reason"] == {"S": "provider_missing"}
    assert item["id"] == {"S": "evt_1SxInvPaid0000000010"}


def test_a_confirming_question_is_asked_once_and_only_while_it_is_wanted(world: World) -> None:
    world.provider.script[:] = [world.answer(status="past_due")]
    world.handle(world.record(world.event("stripe/invoice_paid_2020-08-27")))
    ((message, _),) = world.messages()
    world.redeliver(message)
    assert len(world.messages()) == 2, "too early: sent again for when it is due"
    assert len(world.provider.seen) == 1


def test_a_missing_field_asks_the_provider_and_is_counted(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.provider.script[:] = [world.answer()]
    world.handle(world.record(world.event("stripe/subscription_updated_without_period")))
    assert len(world.provider.seen) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    problems = [line.get("reason") for line in lines if "BillingProblems" in line]
    assert problems == ["unreadable_shape"]


def counted(capsys: pytest.CaptureFixture[str], metric: str) -> list[dict[str, Any]]:
    """The lines that carry a metric, whatever else was written since the last look."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if metric in line]


def test_an_unknown_status_keeps_the_last_and_is_told_of_where_it_comes_from_an_answer(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.handle(world.record(world.event(SAMPLE, at=-40)))
    world.provider.script[:] = [world.answer(status="hibernating")]
    world.handle(world.record(world.event("stripe/invoice_paid_2020-08-27")))
    row = world.row()
    assert row is not None
    assert row.subscription is not None
    assert (row.subscription.status, row.subscription.raw_status) == (Status.ACTIVE, "hibernating")
    assert row.rev == 1
    (line,) = counted(capsys, "UnknownStatus")
    assert line["provider"] == "stripe"


def test_an_unknown_status_in_an_event_makes_it_ask_and_is_told_of(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.provider.script[:] = [world.answer()]
    world.handle(world.record(world.event("stripe/subscription_updated_unknown_status")))
    assert len(world.provider.seen) == 1
    assert len(counted(capsys, "UnknownStatus")) == 1


def test_an_api_version_is_told_of_the_first_time_it_is_seen_and_never_again(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    def deliver(number: int, version: str) -> None:
        event = world.event(SAMPLE, id=f"evt_{number}", at=number * 10, api_version=version)
        world.handle(world.record(event))

    deliver(1, "2025-03-31.basil")
    assert len(counted(capsys, "ApiVersionNew")) == 1
    deliver(2, "2025-03-31.basil")
    world.handler.WORK.versions.known.clear()  # another process
    deliver(3, "2025-03-31.basil")
    assert counted(capsys, "ApiVersionNew") == []
    deliver(4, "2026-09-30.dahlia")
    assert len(counted(capsys, "ApiVersionNew")) == 1


def test_not_knowing_versions_stops_nothing(world: World) -> None:
    class Unreachable:
        def call(self, *_: object) -> dict[str, Any]:
            raise StoreUnavailable

    world.handler.WORK.versions._table._aws = Unreachable()
    world.handle(world.record(world.event(SAMPLE)))
    assert world.row() is not None
    assert world.handler.WORK.versions.known == set()


def test_whose_events_came_is_noted_once_for_reconciliations(world: World) -> None:
    world.handle(world.record(world.event(SAMPLE)))
    (noted,) = world.handler.WORK.accounts.every()
    world.handler.WORK.accounts._table._aws = Unreachable()
    world.handle(world.record(world.event(SAMPLE, id="evt_2", at=20)))
    row = world.row()
    assert row is not None, "a process that noted it needs no more calls"
    world.handler.WORK.accounts._known.clear()
    world.handle(world.record(world.event(SAMPLE, id="evt_3", at=40)))
    assert world.row() != row, "and that it cannot be noted stops nothing"
    assert str(noted) in str(world.record(world.event(SAMPLE)))


class Unreachable:
    """A store that does not answer."""

    def call(self, *_: object) -> dict[str, Any]:
        raise StoreUnavailable


def test_how_late_a_projection_was_is_told_per_provider_and_once_a_batch(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [world.record(world.event(SAMPLE, id=f"evt_{n}", at=n * 10)) for n in range(3)]
    for age, record in zip((5, 70, 20), records, strict=True):
        record["dynamodb"]["NewImage"]["t"] = {"N": str(world.now - age)}
    world.handle(*records)
    (line,) = counted(capsys, "ProjectionLag")
    assert line["provider"] == "stripe"
    assert line["ProjectionLag"][0] in (70, 71)
    assert "_aws" not in line, "a measure every minute would be billed as a metric"


def test_what_waits_for_a_provider_counts_as_late_for_as_long_as_it_waits(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.handle(world.record(world.event("stripe/invoice_paid_2020-08-27")))
    ((message, delay),) = world.messages()
    world.wait(delay)
    message["since"] = world.now - 1_000
    counted(capsys, "ProjectionLag")
    world.redeliver(message)
    (line,) = counted(capsys, "ProjectionLag")
    assert line["ProjectionLag"][0] >= 1_000
    (_, (again, _)) = world.messages()
    assert again["since"] == world.now - 1_000, "since the first time it could not be done"


def test_the_runbook_says_whose_early_answers_are_confirmed(world: World) -> None:
    assert world.handler.WORK.projector.confirmed == current_billing_rules().confirm
    projector = replace(world.handler.WORK.projector, confirmed=frozenset({"razorpay"}))
    world.handler.WORK = replace(world.handler.WORK, projector=projector)
    world.provider.script[:] = [world.answer()]
    world.handle(world.record(world.event("stripe/invoice_paid_2020-08-27")))
    assert world.messages() == []


def test_an_answer_that_cannot_be_read_is_set_aside(world: World) -> None:
    world.provider.script[:] = [json_reply({"id": TEAM, "status": "active"})]
    world.handle(world.record(world.event("stripe/invoice_paid_2020-08-27")))
    (item,) = world.set_aside()
    assert item["reason"] == {"S": "unreadable_shape"}
    assert "plan, period end" in item["detail"]["S"]


@pytest.mark.parametrize(
    "body", [{"object": "unexpected"}, {"id": "sub_another", "status": "active"}, {"id": None}]
)
def test_an_answer_about_something_else_is_no_answer_and_asked_for_again(
    world: World, body: dict[str, Any]
) -> None:
    """Whoever is in trouble answers 200 with anything: no person has to put that right."""
    world.provider.script[:] = [json_reply(body)]
    world.handle(world.record(world.event("stripe/invoice_paid_2020-08-27")))
    assert world.set_aside() == []
    ((message, delay),) = world.messages()
    world.wait(delay)
    world.provider.script[:] = [world.answer()]
    world.redeliver(message)
    assert world.row() is not None


def poisoned(record: dict[str, Any], how: str) -> dict[str, Any]:
    image = record["dynamodb"]["NewImage"]
    if how == "damaged body":
        image["b"] = {"B": "AQ=="}
    elif how == "unknown schema":
        image["v"] = {"N": "999"}
    elif how == "no class":
        del image["cls"]
    elif how == "unknown provider":
        image["PK"] = {"S": image["PK"]["S"].replace("stripe", "paypal")}
    elif how == "no image":
        del record["dynamodb"]["NewImage"]
    elif how == "foreign key":
        image["PK"] = {"S": "what"}
    return record


@pytest.mark.parametrize(
    "how",
    ["damaged body", "unknown schema", "no class", "unknown provider", "no image", "foreign key"],
)
def test_poison_is_set_aside_with_its_reason_and_the_rest_flows_on(world: World, how: str) -> None:
    poison = poisoned(world.record(world.event(SAMPLE, id="evt_poison")), how)
    world.handle(poison, world.record(world.event(SAMPLE)), poison)
    row = world.row()
    assert row is not None
    assert row.source == UPDATED["id"]
    (item,) = world.set_aside()
    assert item["id"] == {"S": "evt_poison"}
    assert item["reason"]["S"]


def test_a_message_that_cannot_be_read_is_set_aside_and_not_redelivered(world: World) -> None:
    world.cloud.boto("sqs").send_message(QueueUrl=world.queue, MessageBody="{}")
    assert world.woken() == {"taken": 1, "failed": []}
    assert world.messages() == []
    assert world.woken() == {"taken": 0, "failed": []}
    (item,) = world.set_aside()
    assert item["reason"] == {"S": "malformed_payload"}


def test_removals_and_changes_in_the_ledger_are_not_events(world: World) -> None:
    for name in ("REMOVE", "MODIFY"):
        world.handle({**world.record(world.event(SAMPLE)), "eventName": name})
    assert world.row() is None
    assert world.cloud.items("operations") == []


def test_an_event_of_the_ledger_can_be_projected_again_by_message(world: World) -> None:
    image = world.record(world.event(SAMPLE))["dynamodb"]["NewImage"]
    pk, sk = image["PK"]["S"], image["SK"]["S"]
    world.cloud.aws("dynamodb").call(
        "PutItem", {"TableName": world.cloud.table("billing-events"), "Item": image}
    )
    again = json.loads(LedgerReplay(pk, sk).to_json())
    assert world.redeliver(again) == {"batchItemFailures": []}
    row = world.row()
    assert row is not None
    assert row.source == sk
    world.redeliver(json.loads(LedgerReplay(pk, "evt_nowhere").to_json()))
    (item,) = world.set_aside()
    assert (item["id"], item["reason"]) == ({"S": "evt_nowhere"}, {"S": "malformed_payload"})


# Crash points: what was half done is done again, and nothing is done twice.


def test_a_store_that_does_not_answer_stops_the_batch_and_it_comes_again(world: World) -> None:
    record = world.record(world.event(SAMPLE))
    world.dynamodb.before = [StoreUnavailable()]
    with pytest.raises(StoreUnavailable):
        world.handle(record)
    assert world.row() is None
    world.handle(record)
    assert world.row() is not None


def test_a_crash_after_the_write_and_before_the_checkpoint_changes_nothing(world: World) -> None:
    record = world.record(world.event(SAMPLE))
    world.dynamodb.after = [StoreUnavailable()]
    with pytest.raises(StoreUnavailable):
        world.handle(record)
    before = world.row()
    world.handle(record)
    assert world.row() == before


def test_a_crash_between_the_answer_and_its_write_asks_again(world: World) -> None:
    world.provider.script[:] = [world.answer(status="past_due")]
    record = world.record(world.event("stripe/invoice_paid_2020-08-27"))
    world.dynamodb.before = [None, StoreUnavailable()]
    with pytest.raises(StoreUnavailable):
        world.handle(record)
    assert world.row() is None
    world.handle(record)
    row = world.row()
    assert row is not None
    assert row.rev == 1
    world.handle(record)
    assert world.row() == row


def store(world: World, record: dict[str, Any]) -> None:
    """Puts the record's event into the ledger, as ingest did."""
    image = record["dynamodb"]["NewImage"]
    table = world.cloud.table("billing-events")
    world.cloud.aws("dynamodb").call("PutItem", {"TableName": table, "Item": image})


def test_a_stream_that_lost_its_records_is_made_up_for_from_the_ledger(world: World) -> None:
    """The window is handed on by hand; what a row knows already changes nothing."""
    handled = world.record(world.event(SAMPLE, id="evt_1", at=-90))
    lost = [world.record(world.event(SAMPLE, id=f"evt_{n}", at=-90 + n * 20)) for n in range(2, 5)]
    for record in (handled, *lost):
        store(world, record)
    world.handle(handled)
    made = desk(
        world.cloud.aws,
        subscriptions=world.cloud.table("billing-subscriptions"),
        events=world.cloud.table("billing-events"),
        operations=world.cloud.table("operations"),
        queue_url=world.queue,
    )
    assert made.reproject(STRIPE, start=world.now - 120, until=world.now) == 4
    messages = [message for message, _ in world.messages()]
    for message in reversed(messages):
        world.redeliver(message)
    row = world.row()
    assert row is not None
    assert row.applied == world.now - 10, "the newest of what was lost"
    for message in messages:
        world.redeliver(message)
    after = world.row()
    assert after is not None
    assert (after.rev, after.applied) == (row.rev, row.applied)


def test_an_event_that_comes_again_after_the_ledger_forgot_it_changes_nothing(
    world: World,
) -> None:
    old = world.record(world.event(SAMPLE, id="evt_old", at=-200))
    world.handle(old)
    world.handle(world.record(world.event(SAMPLE, id="evt_new", at=-20)))
    before = world.row()
    world.handle(old)  # its row in the ledger was gone, so the stream shows an insert again
    assert world.row() == before


def test_a_correction_stays_beside_what_a_replay_writes(world: World) -> None:
    world.handle(world.record(world.event(SAMPLE, at=-90)))
    overlay = Overlay(Status.ACTIVE, world.now + 999, "INC-1:7", "ana", 1, "a-line")
    world.cloud.aws("dynamodb").call(
        "UpdateItem",
        {
            "TableName": world.cloud.table("billing-subscriptions"),
            "Key": key_of(STRIPE, TEAM),
            "UpdateExpression": "SET ovr = :o",
            "ExpressionAttributeValues": {":o": overlay_attribute(overlay)},
        },
    )
    world.provider.script[:] = [world.answer(status="past_due")]
    world.handle(
        world.record(world.event(SAMPLE, id="evt_2", at=-40)),
        world.record(world.event("stripe/invoice_paid_2020-08-27")),
    )
    row = world.row()
    assert row is not None
    assert row.subscription is not None
    assert (row.overlay, row.subscription.status) == (overlay, Status.PAST_DUE)


def test_a_queue_that_does_not_answer_stops_the_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.cloud.boto("sqs").delete_queue(QueueUrl=world.queue)
    with pytest.raises(QueueUnavailable, match="SendMessage failed"):
        world.handle(world.record(world.event("stripe/invoice_paid_2020-08-27")))
    assert world.row() is None, "no note without a message: it would silence the subscription"


def test_a_message_whose_store_does_not_answer_is_redelivered(world: World) -> None:
    world.handle(world.record(world.event("stripe/invoice_paid_2020-08-27")))
    ((message, _),) = world.messages()
    world.dynamodb.before = [StoreUnavailable()]
    assert world.redeliver(message) == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}


def test_without_provider_keys_the_question_waits(world: World) -> None:
    world.cloud.boto("secretsmanager").put_secret_value(
        SecretId="tocsin/test/provider-keys", SecretString="{}"
    )
    world.handle(world.record(world.event("stripe/invoice_paid_2020-08-27")))
    ((message, _),) = world.messages()
    assert message["reason"] == "failed"
