"""Replays over HTTP: what is refused before anything starts, and what a driver then shows."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.models.replay import World as Provider
from tests.harness.models.replay import document
from tests.harness.worlds.billing_office import IDENTITY, RAZORPAY, BillingOffice
from tocsin.billing.outage.recovery import Probe
from tocsin.billing.replay.cursor import Stage
from tocsin.incidents.timeline.entry import format_time, parse_time

if TYPE_CHECKING:
    from tests.harness.worlds.world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def office(world: World) -> BillingOffice:
    return BillingOffice(world)


def wish(office: BillingOffice, **changes: Any) -> dict[str, Any]:
    now = datetime.fromtimestamp(office.now, UTC)
    found = {
        "provider": IDENTITY.provider,
        "account": IDENTITY.account,
        "mode": IDENTITY.mode,
        "start": format_time(now - 3 * HOUR),
        "end": format_time(now - HOUR),
    }
    return {key: value for key, value in (found | changes).items() if value is not None}


def start(office: BillingOffice, *, ok: int = 202, **changes: Any) -> dict[str, Any]:
    options = {key: changes.pop(key) for key in ("group", "headers", "person") if key in changes}
    status, body, _ = office.request("POST", "/v1/replays", wish(office, **changes), **options)
    assert status == ok, body
    return body


def recovered(office: BillingOffice, **changes: Any) -> None:
    for minute in range(12):
        probe = Probe(at=office.now - 60 * minute, succeeded=True, by_webhook=True)
        office.probes.record(IDENTITY, probe)
    for key, value in changes.items():
        setattr(office, key, value)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"start": None}, 400, "bad_input"),
        ({"start": "yesterday"}, 400, "bad_input"),
        ({"mode": "both"}, 400, "bad_input"),
        ({"surprise": 1}, 400, "bad_input"),
        ({"provider": "paypal"}, 404, "unknown_name"),
        ({"provider": "razorpay"}, 404, "unknown_name"),
        ({"start": "2026-09-08T13:00:00Z", "end": "2026-09-08T12:00:00Z"}, 400, "bad_input"),
        ({"incident": "INC-none"}, 404, "unknown_incident"),
        ({"account": "acct_9"}, 404, "unknown_name"),
        ({"start": "2027-01-01T00:00:00Z"}, 400, "bad_input"),
        ({"end": "2027-01-01T00:00:00Z"}, 400, "bad_input"),
        ({"start": "2026-01-01T00:00:00Z"}, 422, "window_expired"),
        ({}, 409, "recovery_not_confirmed"),
        ({"group": "viewer"}, 403, "group_required"),
        ({"override": "the CEO waits"}, 403, "group_required"),
    ],
)
def test_what_cannot_be_replayed_is_refused_and_nothing_starts(
    office: BillingOffice, changes: dict[str, Any], status: int, code: str
) -> None:
    assert start(office, ok=status, **changes)["code"] == code
    assert (office.woken, office.replays.of(IDENTITY)) == ([], [])


@pytest.mark.parametrize(
    ("spoil", "doubt"),
    [
        (lambda office: setattr(office, "breaker_closed", False), "breaker_open"),
        (
            lambda office: office.probes.record(IDENTITY, Probe(office.now, succeeded=False)),
            "probe_failed",
        ),
        (
            lambda office: office.probes.record(
                IDENTITY, Probe(office.now, succeeded=True, by_webhook=False)
            ),
            "newest_event_not_by_webhook",
        ),
        (lambda office: office.world.jump(10, sweep=False), "too_few_probes"),
    ],
)
def test_each_doubt_about_recovery_is_named(office: BillingOffice, spoil: Any, doubt: str) -> None:
    recovered(office)
    spoil(office)
    body = start(office, ok=409)
    assert (body["code"], body["unmet"]) == ("recovery_not_confirmed", doubt)
    assert start(office, group="commander", override="we cannot wait")["override"] == (
        "we cannot wait"
    )


def test_a_recovered_provider_is_replayed_once_whatever_is_repeated(
    office: BillingOffice,
) -> None:
    recovered(office)
    key = {"idempotency-key": "k-1"}
    body = wish(office)
    first = office.request("POST", "/v1/replays", body, headers=key)
    again = office.request("POST", "/v1/replays", body, headers=key)
    assert (first[0], again[0]) == (202, 200)
    assert again[1]["id"] == first[1]["id"]
    assert again[2]["idempotency-replayed"] == "true"
    assert office.woken == [first[1]["id"]] * 2, "its first driver may never have been woken"
    other = office.request("POST", "/v1/replays", body | {"dry_run": True}, headers=key)
    assert (other[0], other[1]["code"]) == (422, "idempotency_key_reused")
    rival = office.request("POST", "/v1/replays", body)
    assert (rival[0], rival[1]["code"]) == (409, "replay_running")
    assert rival[1]["replay"] == first[1]["id"]


def test_the_same_key_wakes_a_driver_for_one_that_was_stored_and_never_sent(
    office: BillingOffice,
) -> None:
    recovered(office)
    key, body = {"idempotency-key": "k-1"}, wish(office)
    office.queue_refuses = True
    assert office.request("POST", "/v1/replays", body, headers=key)[0] == 503
    (replay,) = office.replays.of(IDENTITY)
    assert office.woken == []

    office.queue_refuses = False
    assert office.request("POST", "/v1/replays", body, headers=key)[1]["id"] == replay
    assert office.woken == [replay]

    for ending in ({"reason": "wrong window"}, {"reason": "wrong window"}):
        status, ended, _ = office.request("POST", f"/v1/replays/{replay}/cancel", ending)
        assert (status, ended["stage"]) == (200, "cancelled")
    assert office.request("POST", "/v1/replays", body, headers=key)[0] == 200
    assert office.woken == [replay], "it has ended, and no incident is to be told"
    other = office.request("POST", f"/v1/replays/{replay}/cancel", {"reason": "another"})
    assert (other[0], other[1]["code"]) == (400, "bad_input")


def test_a_cancelled_replay_of_an_incident_wakes_a_driver_until_that_is_told(
    office: BillingOffice, world: World
) -> None:
    recovered(office)
    title = {"title": "nobody can pay", "severity": "low", "category": "operational"}
    incident = str(world.request("POST", "/v1/incidents", title, person="ana")[1]["id"])
    world.inbox.take_all()
    replay = start(office, incident=incident)["id"]
    path, reason = f"/v1/replays/{replay}/cancel", {"reason": "wrong window"}
    assert office.request("POST", path, reason)[0] == 200
    assert office.request("POST", path, reason)[0] == 200
    assert office.woken == [replay] * 3

    provider = Provider(random.Random(7))
    provider.store = office.replays
    provider.run(replay)
    assert provider.stops == ["cancelled"]
    assert office.request("POST", path, reason)[0] == 200
    assert office.woken == [replay] * 3


def test_a_plan_needs_no_recovery_and_blocks_nobody(office: BillingOffice) -> None:
    plan = start(office, dry_run=True)
    assert (plan["stage"], plan["dry_run"]) == ("listing", True)
    recovered(office)
    assert start(office)["dry_run"] is False


def test_a_stalled_replay_goes_on_and_an_ended_one_does_not(office: BillingOffice) -> None:
    recovered(office)
    replay = start(office)["id"]
    path = f"/v1/replays/{replay}"
    assert office.request("POST", f"{path}/resume", {}, group="viewer")[0] == 403
    assert office.request("POST", f"{path}/resume", {})[0] == 200
    assert office.woken == [replay, replay]
    refused = office.request("POST", f"{path}/cancel", {})
    assert (refused[0], refused[1]["code"]) == (422, "missing_reason")
    ended = office.request("POST", f"{path}/cancel", {"reason": "wrong window"})[1]
    assert (ended["stage"], ended["problem"]) == ("cancelled", "ana: wrong window")
    assert office.request("POST", f"{path}/resume", {})[0] == 400
    assert office.request("GET", "/v1/replays/RPL-none")[1]["code"] == "unknown_name"
    assert start(office)["stage"] == "listing"


def test_a_plan_says_what_is_missing_by_type_and_workspace(office: BillingOffice) -> None:
    """The model's provider and planner drive what the API created."""
    provider = Provider(random.Random(5))
    provider.store = office.replays
    plan = start(office, dry_run=True)
    cursor = office.replays.load(plan["id"])
    assert cursor is not None
    begin, made = cursor.window.start, []
    for number in range(240):
        made.append(document(number, begin + number))
        made[-1]["data"]["object"]["metadata"] = {"workspace_id": f"ws_{number % 3}"}
        made[-1]["livemode"] = True
    provider.provider.documents = made
    provider.identity = IDENTITY
    for each in made[60:]:
        assert provider.deliver(each)
    assert provider.run(plan["id"]).stage is Stage.COMPLETE

    found = office.request("GET", f"/v1/replays/{plan['id']}")[1]

    assert (found["stage"], found["counts"]["missing"], found["counts"]["present"]) == (
        "complete",
        60,
        180,
    )
    assert {each["type"]: (each["expected"], each["missing"]) for each in found["types"]} == {
        "charge.succeeded": (80, 20),
        "customer.subscription.updated": (80, 20),
        "invoice.paid": (80, 20),
    }
    assert {each["workspace"]: each["missing"] for each in found["workspaces"]} == {
        "ws_0": 20,
        "ws_1": 20,
        "ws_2": 20,
    }
    assert (found["other_workspaces"], found["no_workspace"]) == (0, 0)
    assert found["estimate"] == {"seconds": 2, "write_units": 135}
    assert found["warning"] is None
    assert not found["proven"]


def test_a_provider_that_is_down_half_way_is_said_and_nothing_is_lost(
    office: BillingOffice,
) -> None:
    recovered(office)
    replay = start(office)["id"]
    provider = Provider(random.Random(6))
    provider.store, provider.identity = office.replays, IDENTITY
    cursor = office.replays.load(replay)
    assert cursor is not None
    provider.clock = float(cursor.window.end + 60)
    made = [document(number, cursor.window.start + 20 * number) for number in range(240)]
    provider.provider.documents = [each | {"livemode": True} for each in made]
    for each in provider.provider.documents[::2]:
        provider.deliver(each)
    provider.provider.failing = lambda: provider.provider.calls > 3
    provider.planner().run(replay, go_on=lambda: provider.clock < cursor.window.end + 4_000)

    down = office.request("GET", f"/v1/replays/{replay}")[1]
    assert (down["stage"], down["problem"], down["proven"]) == ("stalled", "HTTP 503", False)
    assert cursor.window.start < parse_time(down["walked_to"]).timestamp() < cursor.window.end

    provider.provider.failing = lambda: False
    assert office.request("POST", f"/v1/replays/{replay}/resume", {})[0] == 200
    provider.run(replay)
    done = office.request("GET", f"/v1/replays/{replay}")[1]
    assert (done["stage"], done["proven"]) == ("complete", True)
    assert (done["counts"]["inserted"], done["last_pass"]["missing"]) == (120, 0)
    assert provider.told == [replay]


def test_a_provider_without_a_list_of_events_is_rebuilt_object_by_object(
    office: BillingOffice,
) -> None:
    office.known = (IDENTITY, RAZORPAY)
    long_ago = format_time(datetime.fromtimestamp(office.now, UTC) - timedelta(days=60))
    account: dict[str, Any] = {"provider": "razorpay", "account": "acc_1"}
    plan = start(office, dry_run=True, start=long_ago, **account)
    assert (plan["kind"], plan["days_left"], plan["lost"]) == ("objects", 0, [])
    assert plan["warning"] == ("the dashboard replays the beginning of this window for 0 more days")
    assert [step["step"] for step in plan["steps"]] == [
        "dashboard-replay",
        "dashboard-arrived",
        "ask-support",
    ]
    assert long_ago in plan["steps"][0]["text"]
    path = f"/v1/replays/{plan['id']}/steps"
    woken = len(office.woken)
    assert office.request("POST", path, {"step": "dashboard-replay"}, group="viewer")[0] == 403
    assert office.request("POST", path, {"step": "dance"})[1]["code"] == "unknown_name"
    first, *rest = office.request("POST", path, {"step": "dashboard-replay"}, person="bo")[1][
        "steps"
    ]
    assert (first["done_by"], first["done_at"]) == (
        "bo",
        format_time(datetime.fromtimestamp(office.now, UTC)),
    )
    assert [step["done_by"] for step in rest] == [None, None]
    assert len(office.woken) == woken + 1, "the driver may have lost against that write"
    assert start(office, dry_run=True)["steps"] == []


def test_a_window_that_is_about_to_expire_is_warned_of(office: BillingOffice) -> None:
    now = datetime.fromtimestamp(office.now, UTC)
    fresh = start(office, dry_run=True, start=format_time(now - timedelta(days=19)))
    assert (fresh["days_left"], fresh["warning"]) == (11, None)
    old = start(office, dry_run=True, start=format_time(now - timedelta(days=20)))
    assert old["warning"] == ("the provider lists the beginning of this window for 10 more days")
