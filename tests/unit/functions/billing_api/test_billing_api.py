"""The billing API: what a workspace may use, and how an incident changes the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.billing_office import BillingOffice
from tocsin.billing.access.counting import Counting
from tocsin.billing.identity import Identity
from tocsin.billing.subscription import Status
from tocsin.errors import StoreUnavailable

if TYPE_CHECKING:
    from tests.harness.worlds.world import World

OUTAGE = {"title": "Stripe is down", "severity": "high", "category": "operational"}


@pytest.fixture
def office(world: World) -> BillingOffice:
    return BillingOffice(world)


def moment(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def declare(world: World, **changes: str) -> str:
    """An incident that is open from now on; its id."""
    status, body, _ = world.request("POST", "/v1/incidents", OUTAGE | changes, person="ana")
    assert status == 201
    world.inbox.take_all()
    return str(body["id"])


def test_an_entitlement_says_what_why_since_when_and_from_which_event(
    office: BillingOffice,
) -> None:
    office.has(Status.ACTIVE)
    found = office.entitlement()
    assert {key: found[key] for key in ("workspace", "access", "plan", "why", "status")} == {
        "workspace": "ws_1",
        "access": "yes",
        "plan": "price_1",
        "why": "status",
        "status": "active",
    }
    assert (found["event"], found["rev"], found["provider"]) == ("evt_1", 1, "stripe")
    assert (found["since"], found["as_of"]) == (moment(office.now - 10), moment(office.now))


def test_a_workspace_without_a_subscription_has_no_access(office: BillingOffice) -> None:
    found = office.entitlement("ws_nobody")
    assert (found["access"], found["why"], found["rev"]) == ("no", "no_subscription", 0)


def test_a_subscription_in_test_mode_gives_no_access_where_only_live_counts(
    office: BillingOffice,
) -> None:
    office.has(Status.ACTIVE, identity=Identity("stripe", "acct_1", "test"))
    assert office.entitlement()["access"] == "no"


def test_a_connected_account_that_names_a_workspace_opens_nothing_unless_it_is_listed(
    world: World,
) -> None:
    """It writes `workspace_id` into its own metadata: docs.stripe.com/connect/webhooks."""
    shop = Identity("stripe", "acct_1/acct_9", "live")
    other = Identity("stripe", "acct_1/acct_8", "live")
    office = BillingOffice(world)
    office.has(Status.ACTIVE, identity=shop)
    found = office.entitlement()
    assert (found["access"], found["why"]) == ("no", "no_subscription")
    listed = BillingOffice(world, counting=Counting.read("live", " acct_1/acct_9"))
    listed.has(Status.ACTIVE, identity=other)
    assert listed.entitlement()["access"] == "no"
    listed.has(Status.ACTIVE, identity=shop)
    found = listed.entitlement()
    assert (found["access"], found["account"], found["mode"]) == ("yes", "acct_1/acct_9", "live")


def test_an_open_billing_incident_takes_nothing_away_until_it_is_known_to_be_over(
    office: BillingOffice, world: World
) -> None:
    office.has(Status.SUSPENDED)
    assert office.entitlement()["access"] == "no"
    incident = declare(world)
    assert office.entitlement()["access"] == "no", "the answer of seconds ago still serves"
    world.jump(1, sweep=False)
    found = office.entitlement()
    assert (found["access"], found["why"], found["incidents"]) == ("grace", "incident", [incident])


@pytest.mark.parametrize("changes", [{"category": "production"}, {"kind": "drill"}])
def test_incidents_of_another_kind_hold_nothing(
    office: BillingOffice, world: World, changes: dict[str, str]
) -> None:
    office.has(Status.SUSPENDED)
    declare(world, **changes)
    assert office.entitlement()["access"] == "no"


def test_where_it_cannot_be_known_an_incident_is_assumed(office: BillingOffice) -> None:
    class Unreachable:
        def billing(self) -> tuple[str, ...]:
            raise StoreUnavailable

    office.has(Status.SUSPENDED)
    known = office.entitlement()
    office.api.office.incidents.source = Unreachable()
    office.world.jump(1, sweep=False)
    assert office.entitlement()["access"] == known["access"] == "no", "the last answer, for 5 min"
    office.world.jump(5, sweep=False)
    assert (office.entitlement()["access"], office.entitlement()["why"]) == ("grace", "incident")


def test_everybody_of_a_group_may_look_and_nobody_else(office: BillingOffice) -> None:
    assert office.entitlement(group="viewer")["access"] == "no"
    path = "/v1/workspaces/ws_1/entitlement"
    assert office.request("GET", path, stage="production")[0] == 403


def test_a_name_that_is_none_is_refused(office: BillingOffice) -> None:
    status, body, _ = office.request("GET", "/v1/workspaces/ws%20 1/entitlement")
    assert (status, body["code"]) == (400, "bad_input")
