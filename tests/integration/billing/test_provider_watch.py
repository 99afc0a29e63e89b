"""The deployed watch, whole: stored events in, measures out; a look that fails fails alone."""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tocsin.adapters.billing.projection.ledger import DynamoDbLedger
from tocsin.adapters.billing.projection.quarantine import DynamoDbQuarantine
from tocsin.adapters.billing.projection.rows import DynamoDbProjection
from tocsin.billing.event import Envelope, EventClass, IdSource
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.billing.projection.ordering import Change, Row
from tocsin.billing.projection.quarantine import Poison
from tocsin.billing.subscription import Status, Subscription
from tocsin.notes import Gauge, Metric

if TYPE_CHECKING:
    from collections.abc import Iterator

STRIPE = Identity("stripe", "acct_1", "live")
HOUR, DAY = 3_600, 86_400
KEYS = {"stripe/default": {"account": "acct_1", "mode": "live", "api_key": "sk"}}
BOTH = KEYS | {"razorpay/default": {"account": "acc_1", "mode": "live", "api_key": "rzp:secret"}}

MEASURES = {value for one in (Gauge, Metric) for name, value in vars(one).items() if name.isupper()}


class Context:
    aws_request_id = "lambda-request-1"


@pytest.fixture(scope="module")
def cloud() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


class Stage:
    """The watch over a stage, and what was stored before it looks."""

    def __init__(self, cloud: MotoCloud, handler: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.cloud, self.handler, self._capsys = cloud, handler, capsys
        self.now = int(time.time())
        aws = cloud.aws("dynamodb")
        self.ledger = DynamoDbLedger(aws, cloud.table("billing-events"))
        self.rows = DynamoDbProjection(aws, cloud.table("billing-subscriptions"))
        self.quarantine = DynamoDbQuarantine(aws, cloud.table("operations"))

    def stored(self, name: str, age: int, *, of: str = "sub_1") -> None:
        at = self.now - age
        envelope = Envelope(
            id=name,
            id_source=IdSource.PROVIDER,
            type="customer.subscription.updated",
            event_class=EventClass.SNAPSHOT,
            created=at,
            object_type="subscription",
            object_id=of,
            subscription=of,
            api_version=None,
            account=None,
            live=None,
        )
        assert self.ledger.put(LedgerRecord(STRIPE, "default", envelope, at, b"\x01x"))

    def projected(self, age: int, *, of: str = "sub_1") -> None:
        state = Subscription(of, Status.ACTIVE, "active", "price_1", self.now)
        row = Row(ver=1, rev=1, subscription=state, applied=self.now - age)
        assert self.rows.write(STRIPE, of, Change(0, row))

    def look(self) -> tuple[dict[str, Any], dict[tuple[str, str], float]]:
        """The answer, and each measure by name and provider; no line says that there is nothing."""
        answer = self.handler.lambda_handler({}, Context())
        lines = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        found = {
            (name, line.get("provider", "")): value[0]
            for line in lines
            for name, value in line.items()
            if isinstance(value, list) and name in MEASURES
        }
        return answer, defaultdict(float, found)


@pytest.fixture
def stage(
    cloud: MotoCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Stage:
    cloud.reset()
    cloud.boto("secretsmanager").create_secret(Name="keys", SecretString=json.dumps(KEYS))
    environment = {
        **cloud.environment(),
        "STAGE": "test",
        "BILLING_EVENTS_TABLE": cloud.table("billing-events"),
        "BILLING_SUBSCRIPTIONS_TABLE": cloud.table("billing-subscriptions"),
        "OPERATIONS_TABLE": cloud.table("operations"),
        "PROVIDER_KEYS_SECRET": "keys",
        **{
            f"{name}_QUEUE_URL": cloud.boto("sqs").create_queue(
                QueueName=f"tocsin-test-{name.lower()}"
            )["QueueUrl"]
            for name in ("RECONCILE", "REFETCH", "REPLAY", "RESTORE")
        },
        **{
            f"{name}_FUNCTION": f"tocsin-test-{name.lower().replace('_', '-')}"
            for name in ("BILLING_PROJECTOR", "RECONCILER", "REPLAY_PLANNER", "REPLAY_WORKER")
        },
        # Nobody listens there: the provider is down, which is seen and is no failed look.
        "API_BASES": json.dumps(dict.fromkeys(("stripe", "razorpay"), "http://127.0.0.1:9")),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    sys.modules.pop("functions.provider_watch.handler", None)
    handler = importlib.import_module("functions.provider_watch.handler")
    return Stage(cloud, handler, capsys)


def test_an_account_that_works_is_neither_silent_nor_behind(stage: Stage) -> None:
    stage.stored("evt_1", 130)
    stage.projected(100)
    answer, seen = stage.look()
    assert answer == {"failed": []}
    assert 130 <= seen["ProviderSilence", "stripe"] < 140
    assert seen["OldestUnprojected", "stripe"] == 0
    assert seen["EventsMissed", "stripe"] == 0
    assert seen["OldestQuarantined", "razorpay"] == 0


def test_silence_is_measured_against_the_same_hour_of_the_week_before(stage: Stage) -> None:
    stage.cloud.boto("secretsmanager").put_secret_value(
        SecretId="keys", SecretString=json.dumps(BOTH)
    )
    # In the present hour and the next of every day: the hour may end while this runs.
    into_the_hour = stage.now % HOUR
    for day in range(1, 8):
        for number in range(24):
            stage.stored(f"evt_{day}_{number}", day * DAY + into_the_hour - number * HOUR // 12)
    stage.stored("evt_last", 5 * HOUR)
    stage.projected(5 * HOUR)
    _, seen = stage.look()
    assert 5 * HOUR <= seen["ProviderSilence", "stripe"] < 5 * HOUR + 10
    assert 45 <= seen["EventsMissed", "stripe"] <= 60, "five hours at about twelve an hour"
    assert seen["EventsMissed", "razorpay"] == 0, "nothing was ever expected of it"
    assert seen["ProviderSilence", "razorpay"] == 48 * HOUR


def test_an_event_that_reached_no_row_is_seen_with_its_age(stage: Stage) -> None:
    stage.stored("evt_1", 1_200)
    stage.stored("evt_2", 300, of="sub_2")
    stage.projected(250, of="sub_2")
    _, seen = stage.look()
    assert 1_200 <= seen["OldestUnprojected", "stripe"] < 1_210
    stage.projected(1_000)
    assert stage.look()[1]["OldestUnprojected", "stripe"] == 0


def test_what_waits_for_a_person_is_seen_with_its_age(stage: Stage) -> None:
    for age in (50, 5_000):
        stage.quarantine.put(Poison("razorpay", f"evt_{age}", "x", "y", stage.now - age))
    _, seen = stage.look()
    assert 5_000 <= seen["OldestQuarantined", "razorpay"] < 5_010
    assert seen["OldestQuarantined", "stripe"] == 0


def test_a_look_that_fails_is_told_of_and_the_others_go_on(stage: Stage) -> None:
    stage.cloud.boto("dynamodb").delete_table(TableName=stage.cloud.table("billing-events"))
    answer, seen = stage.look()
    assert answer == {"failed": ["ledger"]}
    assert seen["LooksFailed", ""] == 1
    assert seen["OldestQuarantined", "stripe"] == 0
