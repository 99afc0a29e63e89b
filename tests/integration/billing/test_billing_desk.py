"""`tocsin billing` against a stage: what is set aside is seen, and handed on through the queue."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from moto.sqs.models import sqs_backends

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Change, Row
from tocsin.billing.projection.quarantine import Poison
from tocsin.billing.subscription import Status, Subscription
from tocsin.cli.billing import desk as billing_desk
from tocsin.cli.billing.desk import Desk, desk
from tocsin.cli.main import BAD_INPUT, NOT_FOUND, OK, run

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_790_000_000
IDENTITY = Identity("stripe", "acct_1", "test")
EVENT = Poison("stripe", "evt_1", "malformed_payload", "damaged", NOW, "stripe#a#test#x#0")
OBJECT = Poison(
    "stripe", "sub_9", "provider_missing", "HTTP 404", NOW, None, str(IDENTITY), "sub_9"
)
STRAY = Poison("unknown", "message-1", "malformed_payload", "what", NOW)


@pytest.fixture(scope="module")
def cloud() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


@pytest.fixture
def here(cloud: MotoCloud, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk over the test's own stage, with three things set aside; `--stage` leads to it."""
    cloud.reset()
    url = cloud.boto("sqs").create_queue(QueueName="tocsin-test-refetch")["QueueUrl"]
    made = desk(
        cloud.aws,
        subscriptions=cloud.table("billing-subscriptions"),
        events=cloud.table("billing-events"),
        operations=cloud.table("operations"),
        queue_url=url,
    )
    for poison in (EVENT, OBJECT, STRAY):
        made.quarantine.put(poison)
    monkeypatch.setattr(billing_desk, "stage_desk", lambda stage, region: made)
    return made


def sent() -> list[dict[str, object]]:
    queue = sqs_backends["123456789012"]["us-east-1"].get_queue("tocsin-test-refetch")
    return [json.loads(message.body) for message in queue._messages]


def billing(*words: str) -> int:
    return run(["billing", *words, "--stage", "test"])


def test_what_is_set_aside_is_listed_with_its_reason(
    here: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert billing("quarantine", "list", "--json") == OK
    listed = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in listed] == ["evt_1", "sub_9", "message-1"]
    assert listed[0]["first_seen"] == "2026-09-21T14:13:20Z"
    assert billing("quarantine", "list", "--provider", "razorpay") == OK
    assert "nothing is in quarantine" in capsys.readouterr().out


def test_one_item_is_shown_whole(here: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert billing("quarantine", "show", "sub_9") == OK
    shown = capsys.readouterr().out
    assert "provider_missing" in shown
    assert "HTTP 404" in shown
    assert billing("quarantine", "show", "evt_nowhere") == NOT_FOUND


def test_an_event_is_handed_on_from_the_ledger_and_taken_out(here: Desk) -> None:
    assert billing("quarantine", "retry", "evt_1") == OK
    assert sent() == [{"v": 1, "ledger": {"pk": "stripe#a#test#x#0", "sk": "evt_1"}}]
    assert here.set_aside("stripe") == [OBJECT]


def test_an_object_is_handed_on_as_a_question(here: Desk) -> None:
    assert billing("quarantine", "retry", "sub_9") == OK
    (message,) = sent()
    assert (message["subscription"], message["reason"]) == ("sub_9", "asked")


def test_what_cannot_be_handed_on_stays(here: Desk) -> None:
    assert billing("quarantine", "retry", "message-1") == BAD_INPUT
    assert sent() == []
    assert here.set_aside("unknown") == [STRAY]


def test_erasing_leaves_the_row_and_takes_the_workspace_off_it_and_its_index(
    here: Desk, cloud: MotoCloud
) -> None:
    state = Subscription("sub_1", Status.ACTIVE, "active", "price_1", NOW, workspace="ws_1")
    row = Row(ver=1, rev=1, subscription=state, applied=NOW)
    assert here.projection.write(IDENTITY, "sub_1", Change(0, row))
    where = ("--account", "acct_1", "--mode", "test")
    assert billing("erase", "sub_1", *where) == OK
    found = here.projection.read(IDENTITY, "sub_1")
    assert found is not None
    assert (found.erased, found.applied, found.rev) == (True, NOW, 1)
    assert here.projection.of_workspace("ws_1") == []
    assert "ws_1" not in json.dumps(cloud.items("billing-subscriptions"))
    assert billing("erase", "sub_1", *where) == OK, "once more changes nothing"
    assert here.projection.read(IDENTITY, "sub_1") == found
    assert billing("erase", "sub_nowhere", *where) == NOT_FOUND


def test_verify_names_a_row_it_cannot_read_and_goes_on(
    here: Desk, cloud: MotoCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows of before ids were checked, one with a `#` in its id, and one of an unknown form."""
    store = DynamoDbProjection(cloud.aws("dynamodb"), cloud.table("billing-subscriptions"))
    state = Subscription("sub_1#2", Status.ACTIVE, "active", "price_1", NOW)
    row = Row(ver=1, rev=1, subscription=state, fetched=NOW)
    assert store.write(IDENTITY, "sub_1#2", Change(0, row))
    damaged = {"PK": {"S": "SUB#torn"}, "SK": {"S": "SUB"}, "ver": {"N": "1"}}
    cloud.aws("dynamodb").call(
        "PutItem", {"TableName": cloud.table("billing-subscriptions"), "Item": damaged}
    )
    assert billing("corrections", "verify", "--json") == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert found["subscription"] == "torn"
    assert "cannot be read" in found["what"]


@pytest.mark.parametrize("words", [[], ["evt_1", "--all"]])
def test_retry_wants_one_or_all(here: Desk, words: list[str]) -> None:
    assert billing("quarantine", "retry", *words) == BAD_INPUT
    assert sent() == []


def test_a_subscription_is_shown_with_the_access_it_gives(
    here: Desk, cloud: MotoCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    day_ago = int(time.time()) - 86_400
    state = Subscription("sub_1", Status.PAST_DUE, "past_due", "price_1", day_ago)
    store = DynamoDbProjection(cloud.aws("dynamodb"), cloud.table("billing-subscriptions"))
    assert store.write(IDENTITY, "sub_1", Change(0, Row(ver=1, rev=1, subscription=state)))
    where = ["--account", "acct_1", "--mode", "test"]
    assert billing("subscription", "sub_1", *where, "--json") == OK
    shown = json.loads(capsys.readouterr().out)
    assert shown["subscription"]["status"] == "past_due"
    assert shown["entitlement"]["access"] == "grace"
    assert billing("subscription", "sub_nowhere", *where) == NOT_FOUND
