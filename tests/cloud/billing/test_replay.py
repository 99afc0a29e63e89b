"""An outage's lost webhooks, found and put back through everything that is deployed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.harness.cloud.local_cloud import eventually
from tests.harness.cloud.lost_webhooks import EVENTS

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed
    from tests.harness.cloud.lost_webhooks import Outage

# What a taker dies over comes again to another when its queue lets it, which is after six minutes.
pytestmark = pytest.mark.timeout(900)


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
