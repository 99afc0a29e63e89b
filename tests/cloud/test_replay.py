"""An outage's lost webhooks, found and put back through everything that is deployed."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.local_cloud import eventually
from tocsin.adapters.s3_archive import S3Archive
from tocsin.cli import main
from tocsin.local.places import STATE_VARIABLE
from tocsin.local.sandbox.client import SandboxClient
from tocsin.ports import ArchivedContent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.local_cloud import Deployed

IDENTITY = "stripe#acct_local#test"
EVENTS = 120


class Outage:
    """A provider whose webhooks were lost for a while, and `tocsin replay` to get them back."""

    def __init__(self, stage: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
        self.stage, self.capsys = stage, capsys
        self.sandbox = SandboxClient(stage.outputs["sandbox_url"])
        self.sandbox.reset()
        self.sandbox.put_endpoint(
            "we_replay",
            f"{stage.outputs['webhook_url']}/stripe",
            [stage.outputs["secrets"]["stripe/default"]],
            max_attempts=2,
            backoff_seconds=0.2,
            timeout_seconds=30.0,
        )
        self.end = int(time.time()) - 60
        self.begin = self.end - 600

    def happens(self, lost: float) -> set[str]:
        """A history of which a share of the deliveries is dropped; the ids that were lost."""
        self.sandbox.order("drop", fraction=lost, seed=3)
        self.sandbox.tell(seed=8, start=self.begin, until=self.end - 1, events=EVENTS)
        assert self.sandbox.drain(60) == 0
        self.sandbox.lift()
        return self.made() - self.stored()

    def recovers(self, identity: str = IDENTITY) -> None:
        """Twelve looks at the provider within a quarter of an hour, all good."""
        for number in range(12):
            self.stage.clients.dynamodb.put_item(
                TableName=self.stage.outputs["tables"]["operations"],
                Item={
                    "PK": {"S": f"WATCH#{identity}"},
                    "SK": {"S": f"PROBE#{int(time.time()) - 60 * number:012d}"},
                    "ok": {"BOOL": True},
                },
            )

    def made(self) -> set[str]:
        return {str(event["id"]) for event in self.sandbox.events()}

    def stored(self, replay: str | None = None) -> set[str]:
        items = self.stage.items("billing_events")
        wanted = [each for each in items if replay is None or each.get("rp") == {"S": replay}]
        return {each["SK"]["S"] for each in wanted}

    def wrong(self) -> dict[str, Any]:
        """Subscriptions whose projection is not what the provider says."""
        rows = {
            row["PK"]["S"].rsplit("#", 1)[-1]: row["raw"]["S"]
            for row in self.stage.items("billing_subscriptions")
            if "raw" in row
        }
        truth = {each["id"]: each["status"] for each in self.sandbox.truth()["subscriptions"]}
        assert truth
        return {name: rows.get(name) for name in truth if rows.get(name) != truth[name]}

    def replay(self, *words: str, code: int = 0) -> dict[str, Any]:
        self.capsys.readouterr()
        ended = main.run(["replay", *words, "--json"])
        shown = self.capsys.readouterr()
        assert ended == code, shown.err
        return dict(json.loads(shown.out if code == 0 else shown.err))

    def tell(self, *words: str) -> Any:
        """What a command of `tocsin` prints as JSON."""
        self.capsys.readouterr()
        ended = main.run([*words, "--json"])
        shown = self.capsys.readouterr()
        assert ended == 0, shown.err
        return json.loads(shown.out)

    def opens(self) -> str:
        """An incident that the replay belongs to; quiet, so that nobody has to be expected."""
        opened = self.tell(
            *("open", "Stripe was down", "--severity", "low", "--category", "operational")
        )
        return str(opened["id"])

    def proof(self, incident: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the incident's timeline says of the replay, and the report that it points to."""
        timeline = self.tell("incidents", "timeline", incident)
        (entry,) = [each for each in timeline if each["type"] == "replay_recorded"]
        said = entry["content"]
        archive = S3Archive(
            lambda: self.stage.clients.s3, bucket=self.stage.outputs["evidence_bucket"]
        )
        kept = archive.read(ArchivedContent(**said["evidence"]))
        return said, json.loads(kept)

    def window(self) -> list[str]:
        return [
            *("--account", "acct_local", "--mode", "test"),
            *("--from", f"{datetime.fromtimestamp(self.begin, UTC):%Y-%m-%dT%H:%M:%SZ}"),
            *("--to", f"{datetime.fromtimestamp(self.end, UTC):%Y-%m-%dT%H:%M:%SZ}"),
        ]


@pytest.fixture
def outage(
    stage: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Outage]:
    monkeypatch.setenv(STATE_VARIABLE, str(stage.cloud.places.state))
    found = Outage(stage, capsys)
    yield found
    found.sandbox.reset()


def test_i8_i9_what_an_outage_lost_is_planned_replayed_and_proven(outage: Outage) -> None:
    lost = outage.happens(1 / 3)
    assert len(lost) > EVENTS / 5

    plan = outage.replay("plan", *outage.window())
    assert plan["counts"]["missing"] == len(lost)
    assert plan["counts"]["listed"] == len(outage.made())
    assert outage.made() - outage.stored() == lost, "a plan changes nothing"

    refused = outage.replay("start", *outage.window(), code=6)
    assert refused["error"]["answered"] == "recovery_not_confirmed"

    outage.recovers()
    incident = outage.opens()
    done = outage.replay("start", *outage.window(), "--incident", incident, "--wait")
    assert (done["stage"], done["proven"], done["unchanged"]) == ("complete", True, True)
    assert outage.stored(done["id"]) == lost
    assert (done["counts"]["inserted"], done["last_pass"]["missing"]) == (len(lost), 0)
    assert eventually(outage.wrong, lambda wrong: not wrong) == {}

    said, report = outage.proof(incident)
    assert (said["replay"], said["proven"]) == (done["id"], True)
    assert (
        said["counts"]["inserted"]
        == len(lost)
        == said["counts"]["listed"] - said["counts"]["duplicate"]
    )
    assert said["counts"]["second_pass_inserted"] == 0
    assert {each["id"] for each in report["missing"]} == lost
    assert sum(report["outcomes"].values()) == len(lost)

    again = outage.replay("start", *outage.window(), "--wait")
    assert (again["proven"], again["counts"]["missing"]) == (True, 0)
    assert again["checksum_before"] == again["checksum_last"] == done["checksum_last"]


def test_one_deleted_row_of_the_ledger_is_all_that_a_plan_finds(
    outage: Outage, stage: Deployed
) -> None:
    assert outage.happens(0) == set()
    victim = stage.items("billing_events")[7]
    stage.clients.dynamodb.delete_item(
        TableName=stage.outputs["tables"]["billing_events"],
        Key={"PK": victim["PK"], "SK": victim["SK"]},
    )

    plan = outage.replay("plan", *outage.window())

    assert plan["counts"]["missing"] == 1
    (found,) = [each for each in plan["types"] if each["missing"]]
    assert (found["type"], found["missing"]) == (victim["type"]["S"], 1)


@pytest.mark.full
def test_a_third_lost_some_twice_and_some_late_is_put_back_at_size(
    outage: Outage, stage: Deployed
) -> None:
    """What arrives late does so while the replay runs; what is inserted is the drop log."""
    size = int(os.environ.get("REPLAY_EVENTS", "20000"))
    for number, (kind, how) in enumerate(
        (
            ("drop", {"fraction": 1 / 3}),
            ("duplicate", {"fraction": 0.1}),
            ("withhold", {"fraction": 0.05}),
        )
    ):
        outage.sandbox.order(kind, seed=number, **how)
    outage.sandbox.tell(seed=8, start=outage.begin, until=outage.end - 1, events=size)
    assert outage.sandbox.drain(900) == 0
    absent = outage.made() - outage.stored()
    outage.recovers()
    replay = outage.replay("start", *outage.window())["id"]
    outage.sandbox.lift()  # what was withheld arrives now
    done = outage.replay("watch", replay)

    assert (done["stage"], done["proven"]) == ("complete", True)
    assert outage.sandbox.drain(300) == 0
    dropped = {
        str(each["event"]) for each in outage.sandbox.undelivered() if each["why"] == "dropped"
    }
    inserted = outage.stored(replay)
    assert dropped <= inserted <= absent
    assert outage.stored() == outage.made()
    assert done["counts"]["inserted"] == len(inserted)
    assert done["counts"]["inserted"] + done["counts"]["arrived"] == done["counts"]["missing"]
    assert eventually(outage.wrong, lambda wrong: not wrong, seconds=300) == {}
    for name in ("replay_failed", "restore_failed"):
        if queue := stage.outputs["queues"].get(name):
            counted = stage.clients.sqs.get_queue_attributes(
                QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
            )
            assert counted["Attributes"]["ApproximateNumberOfMessages"] == "0"


@pytest.mark.full
def test_what_razorpay_lost_is_rebuilt_object_by_object_and_the_rest_is_named(
    outage: Outage, stage: Deployed
) -> None:
    razorpay = outage.sandbox.razorpay
    outage.sandbox.put_endpoint(
        "we_razorpay",
        f"{stage.outputs['webhook_url']}/razorpay",
        [stage.outputs["secrets"]["razorpay/default"]],
        provider="razorpay",
        max_attempts=2,
        backoff_seconds=0.2,
        timeout_seconds=30.0,
    )
    outage.sandbox.order("drop", fraction=0.6, seed=4, endpoint="we_razorpay")
    razorpay.tell(seed=5, start=outage.begin, until=outage.end - 1, events=120)
    assert outage.sandbox.drain(60) == 0
    kinds = {str(each["id"]): str(each["body"]["event"]) for each in razorpay.events()}
    dropped = Counter(
        kinds[each["event"]]
        for each in outage.sandbox.undelivered()
        if each["endpoint"] == "we_razorpay"
    )
    assert dropped
    window = ("--provider", "razorpay", *outage.window()[2:])
    account = ("--account", "acc_local")

    plan = outage.replay("plan", *account, *window)
    assert (plan["kind"], [step["done_by"] for step in plan["steps"]]) == ("objects", [None] * 3)
    step = outage.replay("done", plan["id"], "dashboard-replay", "--as", "kim")["steps"][0]
    assert step["done_by"] == "kim"

    incident = outage.opens()
    outage.recovers("razorpay#acc_local#test")
    done = outage.replay("start", *account, *window, "--incident", incident, "--wait")

    assert (done["stage"], done["proven"], done["unchanged"]) == ("complete", True, True)
    lost = {each["kind"]: each["lost"] for each in done["lost"]}
    told = {kind: count for kind, count in lost.items() if count is not None}
    assert told == {kind: dropped[kind] for kind in told}
    assert all(lost[kind] is None for kind in dropped.keys() - told.keys())
    said, report = outage.proof(incident)
    assert (said["kind"], said["counts"]["inserted"]) == ("objects", 0)
    assert len(report["fetched"]) == done["counts"]["fetched"] > 0
    rows = {
        row["PK"]["S"].rsplit("#", 1)[-1]: row["raw"]["S"]
        for row in stage.items("billing_subscriptions")
        if "raw" in row and "razorpay#" in row["PK"]["S"]
    }
    truth = outage.sandbox.truth()["razorpay"]["subscriptions"]
    assert rows == {each["id"]: each["status"] for each in truth}
