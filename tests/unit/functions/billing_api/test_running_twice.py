"""Two subscriptions that run of one workspace are listed, whatever checkouts they came from."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from functions.billing_api.resources import doubles
from tests.harness.models.reconcile import ReconcileModel
from tests.harness.worlds.billing_office import IDENTITY, RAZORPAY, BillingOffice
from tests.harness.worlds.world import World
from tests.unit.functions.billing_api.test_selling import buy
from tocsin.billing.access.counting import Counting
from tocsin.billing.reconcile.compare import Kind
from tocsin.billing.subscription import Status
from tocsin.cli import main
from tocsin.cli.billing import doubles as billing_doubles
from tocsin.cli.billing import impact as billing_impact

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.billing.identity import Identity

PATH = "/v1/billing/doubles"


@pytest.fixture
def office() -> BillingOffice:
    return BillingOffice(World())


def listed(office: BillingOffice, **query: str) -> dict[str, Any]:
    status, body, _ = office.request("GET", PATH, query=query)
    assert status == 200, body
    return body


def runs_twice(
    office: BillingOffice, workspace: str = "ws_1", *, other: Identity = RAZORPAY
) -> None:
    for name, identity in ((f"{workspace}_a", IDENTITY), (f"{workspace}_b", other)):
        office.has(Status.ACTIVE, workspace=workspace, name=name, identity=identity)


def names(page: dict[str, Any]) -> list[str]:
    return [each["workspace"] for each in page["running"]]


@pytest.fixture
def typed(
    office: BillingOffice, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Types a command against the office; what it prints."""

    class Through:
        def get(self, path: str, **query: str) -> dict[str, Any]:
            # The command asks by the clock of this machine, the office has that of the world.
            since = {"since": "2026-09-08T00:00:00Z"} if "since" in query else {}
            return office.request("GET", path, query=query | since)[1]

    monkeypatch.setattr(billing_doubles, "connect", lambda *_: Through())
    monkeypatch.setattr(billing_impact, "connect", lambda *_: Through())

    def run(*words: str) -> str:
        assert main.run(list(words)) == 0
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("other", [IDENTITY, RAZORPAY], ids=["one provider", "two"])
def test_two_checkouts_under_two_keys_are_listed_once_anybody_has_seen_both_run(
    office: BillingOffice, other: Identity, typed: Callable[..., str]
) -> None:
    """No intent knows of both, and each checkout is settled: neither is a double of its own."""
    for key in ("k1", "k2"):
        assert buy(office, key=key)[0] == 201
    for provider in office.checkout.providers.values():
        for session in provider.sessions.values():
            session.state = "running"
    office.checkout.settle()
    runs_twice(office, other=other)
    assert office.entitlement()["double"] is True
    page = listed(office)
    assert page["doubles"] == []
    (found,) = page["running"]
    assert found["workspace"] == "ws_1"
    assert {each["subscription"] for each in found["subscriptions"]} == {"ws_1_a", "ws_1_b"}
    said = typed("billing", "doubles")
    assert "ws_1_a" in said
    assert "ws_1_b" in said
    assert max(map(len, said.splitlines())) <= 80
    (one,) = json.loads(typed("billing", "doubles", "--json"))
    assert (one["intent"], one["certain"], one["workspace"]) == (None, True, "ws_1")


def test_a_reconciliation_notes_those_that_nobody_asked_about(office: BillingOffice) -> None:
    """As its schedule finds them, by the providers' own answers."""
    world = ReconcileModel(twice=office.twice, now=office.now)
    world.plant(Kind.DOUBLE, 4)
    world.plant(Kind.STATUS, 5)
    world.start()
    assert office.twice.every(now=office.now) == ["ws_0004"]
    assert names(listed(office)) == [], "what the rows do not show any more is not listed"
    runs_twice(office, "ws_0004")
    assert names(listed(office)) == ["ws_0004"]


def test_it_is_gone_when_one_has_ended_and_comes_again_when_two_run(office: BillingOffice) -> None:
    runs_twice(office)
    office.entitlement()
    place = RAZORPAY, "ws_1_b"
    row = office.projection.rows[place]
    assert row.subscription is not None
    ended = replace(row.subscription, status=Status.CANCELLED)
    office.projection.rows[place] = replace(row, subscription=ended)
    assert names(listed(office)) == []
    office.projection.rows[place] = row
    assert names(listed(office)) == ["ws_1"]


def test_add_ons_and_what_opens_nothing_here_are_no_doubles(world: World) -> None:
    office = BillingOffice(world, counting=Counting(modes=frozenset({"live"})))
    test_mode = replace(IDENTITY, mode="test")
    runs_twice(office, other=test_mode)
    office.entitlement()
    assert office.twice.every(now=office.now) == []
    assert names(listed(office)) == []


def test_a_double_of_one_checkout_is_listed_as_that_and_not_again(office: BillingOffice) -> None:
    office.checkout.stripe.mode = "late"
    buy(office, key="k")
    office.checkout.stripe.mode = "up"
    for provider in office.checkout.providers.values():
        for session in provider.sessions.values():
            session.state = "running"
    office.checkout.settle()
    office.checkout.settle()
    (double,) = listed(office)["doubles"]
    of = double["workspace"]
    for leg in double["legs"]:
        identity = IDENTITY if leg["provider"] == "stripe" else RAZORPAY
        office.has(Status.ACTIVE, workspace=of, name=leg["subscription"], identity=identity)
    office.entitlement(of)
    assert listed(office)["running"] == []
    office.has(Status.ACTIVE, workspace=of, name="a_third_one")
    assert names(listed(office)) == [of], "one that this checkout knows nothing of"


def test_pages_go_on_where_the_one_before_ended_and_say_how_many_may_follow(
    office: BillingOffice, monkeypatch: pytest.MonkeyPatch, typed: Callable[..., str]
) -> None:
    monkeypatch.setattr(doubles, "LOOKED_AT", 3)
    wanted = [f"ws_{number}" for number in range(8)]
    for name in wanted:
        runs_twice(office, name)
        office.entitlement(name)
    page = listed(office)
    assert (names(page), page["running_more"]) == (wanted[:3], 5)
    found = names(page)
    while page["running_next"] is not None:
        page = listed(office, from_workspace=page["running_next"])
        found += names(page)
    assert found == wanted
    assert "up to 5 more" in typed("billing", "doubles")
    everything = json.loads(typed("billing", "doubles", "--json"))
    assert [each["workspace"] for each in everything] == wanted


def test_of_one_workspace_it_is_seen_at_once_though_nobody_noted_it(
    office: BillingOffice, typed: Callable[..., str]
) -> None:
    runs_twice(office, "ws_7")
    assert names(listed(office)) == []
    assert names(listed(office, workspace="ws_7")) == ["ws_7"]
    assert "stripe ws_7_a" in typed("billing", "workspace", "ws_7")
    status, problem, _ = office.request("GET", PATH, query={"workspace": "ws 7"})
    assert (status, problem["code"], problem["field"]) == (400, "bad_input", "workspace")
