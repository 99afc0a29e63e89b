"""What checkout answers as deployed, failure by failure, held against the providers' truth.

After each row everybody pays every page there is, shown or not, and the outage watch looks. Then no
wish may have two running subscriptions that are not listed as a double, and none may be listed as
certain that has not. The providers' books are empty when a row begins, so no row sees another's.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.billing.test_checkout_slice import outage, sandbox, terminal
from tocsin.billing.checkout.breaker import FIRST_COOLING
from tocsin.billing.outage.signs import WORKSPACES
from tocsin.local.sandbox.clients import official
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY
from tocsin.providers.checkout_outcome import READ_SECONDS
from tocsin.runtime import api_client

if TYPE_CHECKING:
    from tests.cloud.stage.test_command_line import Terminal
    from tests.harness.cloud.outage_stage import OutageStage

__all__ = ["outage", "sandbox", "terminal"]
pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

CREATE = {"stripe": "/v1/checkout", "razorpay": "/v1/subscriptions"}
NO_PATH = "no_payment_path"
RUN = time.time_ns()


@dataclass(frozen=True)
class Row:
    """Faults by provider, and whom each of the wishes, one after the other, is served by.

    `doubles`: how many wishes were made at both providers, so that both can be paid. `called`: how
    often a provider is asked for a page.
    """

    name: str
    faults: dict[str, dict[str, Any]]
    served_by: tuple[str, ...]
    doubles: int = 0
    called: dict[str, int] = field(default_factory=dict)


def calls_while_both_are_down(wishes: int) -> dict[str, int]:
    """By the rules: a breaker opens at the third workspace that fails without a success, the API's
    client tries again with the same key, and Razorpay, which has no such keys, is asked for a wish
    once.
    """
    failing, called = defaultdict[str, set[int]](set), Counter[str]()
    for wish in range(wishes):
        for number in range(api_client._TRIES):
            for provider in CREATE:
                if len(failing[provider]) < WORKSPACES:
                    failing[provider].add(wish)
                    called[provider] += provider == "stripe" or number == 0
    return dict(called)


DOWN = {"kind": "refuse"}
ROWS = (
    Row("well", {}, ("stripe", "stripe")),
    # Three workspaces that fail open the breaker; whoever comes then waits for nobody who is down.
    Row("down", {"stripe": DOWN}, ("razorpay",) * 5, called={"stripe": WORKSPACES}),
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
    Row(
        "both down",
        {"stripe": DOWN, "razorpay": DOWN},
        (NO_PATH,) * 3,
        called=calls_while_both_are_down(3),
    ),
    # The client tries again, and what Razorpay has made by then is found in its list.
    Row(
        "both lose the answer",
        {"stripe": {"kind": "lose_answer"}, "razorpay": {"kind": "lose_answer"}},
        ("razorpay",) * 2,
        doubles=2,
        called={"stripe": 4, "razorpay": 2},
    ),
)


def buy(outage: OutageStage, row: str, number: int) -> str:
    name = f"{row.replace(' ', '-')}-{number}"
    return outage.buy(name, key=f"{RUN}-{name}")


def begin(outage: OutageStage, faults: dict[str, dict[str, Any]]) -> None:
    for provider, how in faults.items():
        fault = {name: value for name, value in how.items() if name != "kind"}
        outage.sandbox.begin_outage(
            how["kind"], provider=provider, path=CREATE[provider], method="POST", **fault
        )


def all_paid_and_listed(outage: OutageStage, terminal: Terminal) -> set[str]:
    """The wishes that run twice once everybody has paid everything: those, and only those, are
    listed as certain, and none of them was ever off the list.
    """
    outage.sandbox.end_outages()
    outage.pay_everything()
    ran = outage.running()
    twice = {intent for intent, count in ran.items() if count > 1}
    assert twice <= {each["intent"] for each in terminal.json("billing", "doubles")}
    for _ in range(2):
        assert outage.look()["failed"] == []
    listed = terminal.json("billing", "doubles")
    assert {each["intent"] for each in listed if each["certain"]} == twice
    assert all((each["amount"], each["currency"]) == (49_900, "INR") for each in listed)
    assert outage.running() == ran, "nothing that was paid has been ended"
    return twice


@pytest.mark.parametrize("row", ROWS, ids=[row.name.replace(" ", "-") for row in ROWS])
def test_each_failure_has_the_right_answer_and_no_double_is_unlisted(
    row: Row, outage: OutageStage, terminal: Terminal
) -> None:
    begin(outage, row.faults)
    began = time.monotonic()
    served = tuple(buy(outage, row.name, number) for number in range(len(row.served_by)))
    probes = int((time.monotonic() - began) // FIRST_COOLING)
    assert served == row.served_by
    made = outage.creations()
    for provider, count in row.called.items():
        assert count <= made[provider] <= count + probes, "one more for each time it has cooled"
    assert len(all_paid_and_listed(outage, terminal)) == row.doubles


@pytest.mark.parametrize("how", ["deleted", "poisoned", "emptied"])
def test_a_lost_breaker_costs_one_call_and_opens_again(
    how: str, outage: OutageStage, terminal: Terminal
) -> None:
    begin(outage, {"stripe": DOWN})
    row = f"lost {how}"
    assert [buy(outage, row, number) for number in range(4)] == ["razorpay"] * 4
    assert outage.creations()["stripe"] == WORKSPACES
    assert outage.breaker() == "open"
    (stored,) = outage.breaker_items()
    dynamodb, table = outage.stage.clients.dynamodb, outage.stage.outputs["tables"]["operations"]
    key = {name: stored[name] for name in ("PK", "SK")}
    if how == "deleted":
        dynamodb.delete_item(TableName=table, Key=key)
    else:
        poison = {"body": {"S": '{"phase":'}, "ver": stored["ver"]} if how == "poisoned" else {}
        dynamodb.put_item(TableName=table, Item={**key, **poison})
    assert [buy(outage, row, number) for number in range(4, 7)] == ["razorpay"] * 3
    assert outage.creations()["stripe"] == WORKSPACES + 1
    assert outage.breaker() == "open"
    assert all_paid_and_listed(outage, terminal) == set()


def test_a_double_is_decided_by_name_and_gone_when_the_provider_shows_it(
    outage: OutageStage, terminal: Terminal
) -> None:
    begin(outage, {"stripe": {"kind": "lose_answer"}})
    assert buy(outage, "decided", 0) == "razorpay"
    assert len(all_paid_and_listed(outage, terminal)) == 1
    (double,) = terminal.json("billing", "doubles")
    assert (double["certain"], double["proposal"], double["decision"]) == (True, "refund", None)
    words = ("--keep", "razorpay", "--refund", "--why", "the customer was sent there")
    decided = terminal.json("billing", "double", "decide", double["intent"], *words, "--as", "ana")
    assert decided["decision"]["by"] == "ana"
    outage.look()
    assert outage.running()[double["intent"]] == 2, "nothing is ended by a decision"
    assert terminal.json("billing", "doubles")[0]["decision"] == decided["decision"]
    (ended,) = [leg["subscription"] for leg in decided["legs"] if not leg["kept"]]
    sdk = official.client(outage.stage.outputs["stripe_api_base"], DEFAULT_API_KEY)
    sdk.v1.subscriptions.cancel(ended)
    outage.look()
    assert terminal.json("billing", "doubles") == []
    assert outage.running()[double["intent"]] == 1
