"""`tocsin local up --stripe-api-base … --razorpay-api-base …`: any server that speaks the APIs.

A cloud of its own is deployed with the flags, against two servers that are not the sandbox; what
the deployed functions then do for an outage reaches those and nobody else.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.stage.test_lifecycle import command_line
from tests.harness.cloud.local_cloud import eventually
from tests.harness.fakes.other_provider import OtherRazorpay, OtherStripe, served
from tocsin.drills.person import Person
from tocsin.local.look.clients import Clients
from tocsin.local.sandbox.defaults import (
    ACCOUNT,
    DEFAULT_API_KEY,
    RAZORPAY_ACCOUNT,
    RAZORPAY_KEY_ID,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.full
MINUTE, EVENTS = 60, 5


@dataclass
class Elsewhere:
    """A deployed stage whose providers are two other servers, and a commander."""

    outputs: dict[str, Any]
    programs: set[str]
    stripe: OtherStripe
    razorpay: OtherRazorpay
    now: int
    asks: int = 0

    def __post_init__(self) -> None:
        self.clients = Clients(self.outputs["endpoint"])
        self.commander = Person.sign_in(self.clients, self.outputs, "kim", "commander")

    def post(self, path: str, body: dict[str, Any], ok: int) -> dict[str, Any]:
        self.asks += 1
        answer = self.commander.post(path, body, key=f"other-{self.asks}")
        assert answer.status == ok, answer.body
        return answer.body

    def ended(self, path: str, stages: set[str]) -> dict[str, Any]:
        """What is under way there, once it has come to one of these stages."""
        return eventually(
            lambda: self.commander.read(path), lambda found: found["stage"] in stages, seconds=90
        )

    def replay(self, provider: str, account: str, **more: Any) -> dict[str, Any]:
        window = {"start": _iso(self.now - 20 * MINUTE), "end": _iso(self.now)}
        wish = {"provider": provider, "account": account, "mode": "test", **window, **more}
        started = self.post("/v1/replays", wish, 202)
        found = self.ended(f"/v1/replays/{started['id']}", {"complete", "stalled"})
        assert (found["stage"], found["problem"]) == ("complete", None)
        return found

    def row(self, identity: str, name: str) -> dict[str, Any]:
        item = self.clients.dynamodb.get_item(
            TableName=self.outputs["tables"]["billing_subscriptions"],
            Key={"PK": {"S": f"SUB#{identity}#{name}"}, "SK": {"S": "SUB"}},
            ConsistentRead=True,
        )
        return dict(item.get("Item", {}))

    def buy(self, workspace: str) -> dict[str, Any]:
        wish = {"plan": "pro", "currency": "INR", "region": "IN", "workspace": workspace}
        pages = {"success_url": "https://app.example/ok", "cancel_url": "https://app.example/no"}
        return self.post("/v1/billing/checkout", wish | pages, 201)


def _iso(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _stripe(now: int) -> OtherStripe:
    """One subscription, and the events that it came from; none was ever delivered."""
    history: list[dict[str, Any]] = []
    for number in range(EVENTS):
        shape: dict[str, Any] = {
            "id": "sub_other",
            "object": "subscription",
            "status": "trialing" if number < EVENTS - 1 else "active",
            "metadata": {"workspace_id": "ws_other"},
            "cancel_at_period_end": False,
            "items": {
                "object": "list",
                "data": [
                    {
                        "id": "si_other",
                        "price": {"id": "price_other"},
                        "current_period_end": now + 30 * 86_400 + number,
                    }
                ],
            },
        }
        history.append(
            {
                "id": f"evt_other_{number}",
                "object": "event",
                "type": "customer.subscription.updated"
                if number
                else "customer.subscription.created",
                "created": now - (15 - number) * MINUTE,
                "livemode": False,
                "api_version": "2025-04-30.basil",
                "data": {"object": shape},
            }
        )
    newest = history[-1]["data"]["object"]
    return OtherStripe(DEFAULT_API_KEY, {"sub_other": newest}, events=history)


def _razorpay(now: int) -> OtherRazorpay:
    shape = {
        "id": "sub_other_r",
        "entity": "subscription",
        "plan_id": "plan_other",
        "status": "active",
        "current_end": now + 30 * 86_400,
        "created_at": now - 10 * MINUTE,
        "notes": {"workspace_id": "ws_other_r"},
    }
    return OtherRazorpay(f"{RAZORPAY_KEY_ID}:{DEFAULT_API_KEY}", {"sub_other_r": shape})


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    now = int(time.time()) - 2 * MINUTE
    with served(_stripe(now)) as stripe, served(_razorpay(now)) as razorpay, command_line() as line:
        flags = ("--stripe-api-base", stripe.url, "--razorpay-api-base", razorpay.url)
        outputs = line.json("up", *flags)  # at whatever port is free
        yield Elsewhere(outputs, set(line.programs()), stripe, razorpay, now)


def test_an_outage_is_put_right_with_servers_that_are_not_the_sandbox(elsewhere: Elsewhere) -> None:
    stripe, razorpay = elsewhere.stripe, elsewhere.razorpay
    assert (elsewhere.programs, elsewhere.outputs["sandbox_url"]) == ({"ministack"}, None)
    told = 0
    for name in elsewhere.outputs["functions"].values():
        found = elsewhere.clients.functions.get_function_configuration(FunctionName=name)
        bases = found.get("Environment", {}).get("Variables", {}).get("API_BASES")
        if bases is not None:
            assert json.loads(bases) == {"stripe": stripe.url, "razorpay": razorpay.url}, name
            told += 1
    assert told >= 6, "six functions or more ask both providers"

    plan = elsewhere.replay("stripe", ACCOUNT, dry_run=True)
    assert (plan["counts"]["listed"], plan["counts"]["missing"]) == (EVENTS, EVENTS)
    forced = {"override": "this server is asked by nobody else"}
    done = elsewhere.replay("stripe", ACCOUNT, **forced)
    assert (done["counts"]["inserted"], done["proven"], done["unchanged"]) == (EVENTS, True, True)
    row = eventually(
        lambda: elsewhere.row(f"stripe#{ACCOUNT}#test", "sub_other"),
        lambda found: found.get("raw") == {"S": "active"},
    )
    assert row["plan"] == {"S": "price_other"}

    done = elsewhere.replay("razorpay", RAZORPAY_ACCOUNT, **forced)
    assert (done["kind"], done["counts"]["fetched"], done["proven"]) == ("objects", 1, True)
    row = elsewhere.row(f"razorpay#{RAZORPAY_ACCOUNT}#test", "sub_other_r")
    assert (row["raw"], row["plan"]) == ({"S": "active"}, {"S": "plan_other"})

    started = elsewhere.post("/v1/reconciliations", {"scope": "full"}, 202)
    books = elsewhere.ended(f"/v1/reconciliations/{started['id']}", {"ready", "stalled"})
    assert (books["stage"], books["found"], books["compared_subscriptions"]) == ("ready", 0, 2)

    bought = elsewhere.buy("ws_a")
    assert (bought["provider"], bought["url"]) == ("stripe", f"{stripe.url}/pay/cs_other_1")
    stripe.selling = False
    bought = elsewhere.buy("ws_b")
    assert (bought["provider"], bought["failed_over"]) == ("razorpay", True)
    assert bought["url"].startswith(f"{razorpay.url}/l/")

    for server, paths, fetched in (
        (stripe, ("/v1/events", "/v1/subscriptions"), "/v1/subscriptions/sub_other"),
        (razorpay, ("/v1/subscriptions", "/v1/payments"), "/v1/subscriptions/sub_other_r"),
    ):
        for path in (*paths, fetched):
            assert server.got("GET", path), path
        assert {one.headers["authorization"] for one in server.asked} == {server.authorization}
    (sold,) = [one for one in stripe.got("POST", "/v1/checkout/sessions") if one.status == 200]
    assert sold.headers["user-agent"].startswith("Stripe/v1 PythonBindings/"), "by its own SDK"
    assert sold.headers["idempotency-key"]
    (linked,) = razorpay.got("POST", "/v1/subscriptions")
    assert "razorpay" in linked.headers["user-agent"].casefold(), "by its own SDK"
