"""What checkout answers as deployed, failure by failure, held against the providers' truth.

After each row everybody pays every page there is, shown or not, and the outage watch looks. Then no
wish may have two running subscriptions that are not listed as a double, and none may be listed as
certain that has not.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from tests.cloud.test_checkout_slice import look, sandbox, secret, terminal
from tocsin.cli.api import connect
from tocsin.errors import RemoteError
from tocsin.providers.checkout_outcome import READ_SECONDS

if TYPE_CHECKING:
    from tests.cloud.test_command_line import Terminal
    from tests.harness.local_cloud import Deployed
    from tocsin.local.sandbox.client import SandboxClient

__all__ = ["sandbox", "terminal"]
pytestmark = pytest.mark.full

CREATE = {"stripe": "/v1/checkout", "razorpay": "/v1/subscriptions"}
RUN = time.time_ns()


@dataclass(frozen=True)
class Row:
    """Faults by provider, and whom each of the wishes, one after the other, is served by.

    `doubles`: how many wishes were made at both providers, so that both can be paid.
    """

    name: str
    faults: dict[str, dict[str, Any]]
    served_by: tuple[str, ...]
    doubles: int = 0
    called: dict[str, int] = field(default_factory=dict)


ROWS = (
    Row("well", {}, ("stripe", "stripe")),
    # Three failures open the breaker; whoever comes then does not wait for the one that is down.
    Row("down", {"stripe": {"kind": "refuse"}}, ("razorpay",) * 5, called={"stripe": 3}),
    Row(
        "slow, just under the time-out",
        {"stripe": {"kind": "slow", "seconds": READ_SECONDS - 1}},
        ("stripe", "stripe"),
    ),
    Row("200 with a wrong body", {"stripe": {"kind": "wrong_body"}}, ("razorpay",) * 4),
    Row(
        "succeeds after the time-out",
        {"stripe": {"kind": "answer_late", "seconds": READ_SECONDS + 2}},
        ("razorpay", "razorpay"),
        doubles=2,
    ),
    Row("loses the answer", {"stripe": {"kind": "lose_answer"}}, ("razorpay",) * 2, doubles=2),
    Row(
        "flapping",
        {"stripe": {"kind": "error_503", "down": 1, "up": 1}},
        ("razorpay", "stripe") * 3,
        called={"stripe": 6},
    ),
)


def wish(row: str, number: int) -> dict[str, str]:
    return {
        "workspace": f"{row.replace(' ', '-')}-{number}",
        "plan": "pro",
        "currency": "INR",
        "region": "IN",
        "success_url": "https://app.example/ok",
        "cancel_url": "https://app.example/no",
    }


def buy(row: str, number: int) -> str:
    """Who serves the wish, or the code of the refusal."""
    key = f"{RUN}-{row.replace(' ', '-')}-{number}"
    try:
        found = connect(None, "ana").post("/v1/billing/checkout", wish(row, number), key=key)
    except RemoteError as refused:
        return refused.answered
    return str(found["provider"])


def begin(sandbox: SandboxClient, faults: dict[str, dict[str, Any]]) -> None:
    for provider, how in faults.items():
        fault = {name: value for name, value in how.items() if name != "kind"}
        sandbox.begin_outage(
            how["kind"], provider=provider, path=CREATE[provider], method="POST", **fault
        )


def creations(sandbox: SandboxClient) -> Counter[str]:
    """Calls that ask for a page, by provider."""
    found = Counter[str]()
    for call in sandbox.calls():
        if call["method"] == "POST":
            found["stripe"] += call["path"] == "/v1/checkout/sessions"
            found["razorpay"] += call["path"] == "/v1/subscriptions"
    return found


def pay_everything(sandbox: SandboxClient) -> None:
    truth = sandbox.truth()
    for session in truth["checkouts"]:
        if session["status"] == "open":
            sandbox.complete_checkout(session["id"])
    for made in truth["razorpay"]["subscriptions"]:
        if made["status"] == "created":
            sandbox.razorpay.authenticate(made["id"])


def running(stage: Deployed, sandbox: SandboxClient) -> Counter[str]:
    """How many subscriptions run for each wish of this test, as the providers know it."""
    truth = sandbox.truth()
    ours = {
        item["PK"]["S"].removeprefix("INTENT#")
        for item in stage.items("operations")
        if item["SK"]["S"] == "INTENT"
    }
    at_stripe = [
        each["metadata"]["intent"]
        for each in truth["subscriptions"]
        if each["status"] in {"active", "trialing"} and "intent" in each["metadata"]
    ]
    at_razorpay = [
        each["notes"]["intent"]
        for each in truth["razorpay"]["subscriptions"]
        if each["status"] in {"authenticated", "active"} and "intent" in (each["notes"] or {})
    ]
    return Counter(intent for intent in (*at_stripe, *at_razorpay) if intent in ours)


@pytest.mark.parametrize("row", ROWS, ids=[row.name.replace(" ", "-") for row in ROWS])
def test_each_failure_has_the_right_answer_and_no_double_is_unlisted(
    row: Row, stage: Deployed, terminal: Terminal, sandbox: SandboxClient
) -> None:
    sandbox.calls(forget=True)
    begin(sandbox, row.faults)
    served = tuple(buy(row.name, number) for number in range(len(row.served_by)))
    assert served == row.served_by
    made = creations(sandbox)
    for provider, count in row.called.items():
        assert made[provider] == count
    sandbox.end_outages()

    pay_everything(sandbox)
    ran = running(stage, sandbox)
    twice = {intent for intent, count in ran.items() if count > 1}
    assert len(twice) == row.doubles
    assert twice <= {each["intent"] for each in terminal.json("billing", "doubles")}
    for _ in range(2):
        assert look(stage)["failed"] == []
    listed = terminal.json("billing", "doubles")
    assert {each["intent"] for each in listed if each["certain"]} == twice
    assert all((each["amount"], each["currency"]) == (49_900, "INR") for each in listed)
    assert running(stage, sandbox) == ran, "nothing that was paid has been ended"


@pytest.mark.parametrize("how", ["deleted", "poisoned", "emptied"])
def test_a_lost_breaker_costs_one_call_and_opens_again(
    how: str, stage: Deployed, terminal: Terminal, sandbox: SandboxClient
) -> None:
    del terminal  # it is what signs Ana in
    begin(sandbox, {"stripe": {"kind": "refuse"}})
    sandbox.calls(forget=True)
    assert [buy(f"lost {how}", number) for number in range(4)] == ["razorpay"] * 4
    assert creations(sandbox)["stripe"] == 3
    table = stage.outputs["tables"]["operations"]
    (stored,) = [
        item for item in stage.items("operations") if item["PK"]["S"].startswith("BRK#stripe")
    ]
    assert json.loads(stored["body"]["S"])["phase"] == "open"
    key = {name: stored[name] for name in ("PK", "SK")}
    if how == "deleted":
        stage.clients.dynamodb.delete_item(TableName=table, Key=key)
    else:
        poison = {"body": {"S": '{"phase":'}, "ver": stored["ver"]} if how == "poisoned" else {}
        stage.clients.dynamodb.put_item(TableName=table, Item={**key, **poison})
    assert [buy(f"lost {how}", number) for number in range(4, 7)] == ["razorpay"] * 3
    assert creations(sandbox)["stripe"] == 4
    (again,) = [
        item for item in stage.items("operations") if item["PK"]["S"].startswith("BRK#stripe")
    ]
    assert json.loads(again["body"]["S"])["phase"] == "open"


def test_a_double_is_decided_by_name_and_gone_when_the_provider_shows_it(
    stage: Deployed, terminal: Terminal, sandbox: SandboxClient
) -> None:
    begin(sandbox, {"stripe": {"kind": "lose_answer"}})
    assert buy("decided", 0) == "razorpay"
    sandbox.end_outages()
    pay_everything(sandbox)
    for _ in range(2):
        look(stage)
    (double,) = terminal.json("billing", "doubles")
    assert (double["certain"], double["proposal"], double["decision"]) == (True, "refund", None)
    words = ("--keep", "razorpay", "--refund", "--why", "the customer was sent there")
    decided = terminal.json("billing", "double", "decide", double["intent"], *words, "--as", "ana")
    assert decided["decision"]["by"] == "ana"
    look(stage)
    assert running(stage, sandbox)[double["intent"]] == 2, "nothing is ended by a decision"
    assert terminal.json("billing", "doubles")[0]["decision"] == decided["decision"]
    (ended,) = [leg["subscription"] for leg in decided["legs"] if not leg["kept"]]
    cancel(stage, ended)
    look(stage)
    assert terminal.json("billing", "doubles") == []
    assert running(stage, sandbox)[double["intent"]] == 1


def cancel(stage: Deployed, subscription: str) -> None:
    stored = stage.clients.secrets.get_secret_value(SecretId=secret(stage))["SecretString"]
    ours = next(entry for name, entry in json.loads(stored).items() if name.startswith("stripe/"))
    sdk = stripe.StripeClient(
        ours["api_key"], base_addresses={"api": stage.outputs["stripe_api_base"]}
    )
    sdk.v1.subscriptions.cancel(subscription)
