"""Checkouts over the API: who is asked, what fails over, and what is said when nobody works."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.billing_office import BillingOffice
from tests.harness.worlds.checkout import POLICY
from tests.harness.worlds.world import World
from tocsin.billing.access.freeze import SHIPPED, BillingChange
from tocsin.billing.checkout.attempts import Result
from tocsin.billing.checkout.breaker import Phase
from tocsin.cli import main
from tocsin.cli.billing import doubles as billing_checkout
from tocsin.policy.compiled.billing_rules import EssentialChanges
from tocsin.policy.compiled.policies import default, sealed, to_json

if TYPE_CHECKING:
    from pathlib import Path

KEYS = count()
PATH = "/v1/billing/checkout"
WANTED = {
    "workspace": "ws_1",
    "plan": "pro",
    "currency": "INR",
    "region": "US",
    "success_url": "https://app.example/ok",
    "cancel_url": "https://app.example/no",
}


@pytest.fixture
def office() -> BillingOffice:
    return BillingOffice(World())


def buy(office: BillingOffice, *, key: str = "", **changes: Any) -> tuple[int, dict[str, Any]]:
    office.world.wall.advance(timedelta(seconds=1))
    fresh = f"k{next(KEYS)}"
    headers = {"idempotency-key": key or fresh}
    whose = {} if key else {"workspace": f"ws_{fresh}"}
    status, body, _ = office.request("POST", PATH, WANTED | whose | changes, headers=headers)
    return status, body


def test_a_checkout_names_intent_provider_and_page(office: BillingOffice) -> None:
    status, body = buy(office, key="k")
    assert status == 201
    assert body["provider"] == "stripe"
    assert body["url"] == f"https://pay/{body['session']}"
    assert (body["amount"], body["currency"], body["failed_over"]) == (49_900, "INR", False)
    intent = office.checkout.intents.load(body["intent"])
    assert intent is not None
    assert intent.settled


def test_by_the_command_line_it_is_the_same_and_says_who_stands_in(
    office: BillingOffice, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Through:
        def post(self, path: str, body: dict[str, Any], *, key: str | None) -> dict[str, Any]:
            headers = {"idempotency-key": key or ""}
            return office.request("POST", path, body, headers=headers)[1]

    monkeypatch.setattr(billing_checkout, "connect", lambda *_: Through())
    words = ["billing", "checkout", "ws_7", "--region", "US", "--back-to", "https://app.example/"]
    for key, mode, said in (
        ("a", "up", "49900 INR at stripe\n"),
        ("b", "down", "49900 INR at razorpay, standing in for the preferred one\n"),
    ):
        office.checkout.stripe.mode = mode
        assert main.run([*words, "--key", key]) == 0
        shown = capsys.readouterr().out
        assert said in shown
        made = office.checkout.intents.log[-1]
        assert made.workspace == "ws_7"
        assert f"https://pay/s_{made.provider}" in shown


def test_the_same_key_is_the_same_page_and_another_wish_is_refused(office: BillingOffice) -> None:
    first, again = buy(office, key="k"), buy(office, key="k")
    assert first == again
    assert len(office.checkout.stripe.sessions) == 1
    status, body = buy(office, key="k", plan="max", currency="INR")
    assert (status, body["code"]) == (422, "plan_not_sold")
    status, body = buy(office, key="k", region="IN")
    assert (status, body["code"]) == (422, "idempotency_key_reused")
    assert buy(office)[1]["intent"] != first[1]["intent"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("workspace", ""),
        ("workspace", "a b"),
        ("currency", "inr"),
        ("region", "USA"),
        ("success_url", "http://app.example"),
        ("cancel_url", "javascript:alert(1)"),
        ("surprise", "x"),
    ],
)
def test_bad_input_is_named_and_asks_nobody(office: BillingOffice, field: str, value: str) -> None:
    status, body = buy(office, **{field: value})
    assert (status, body["code"], body["field"]) == (400, "bad_input", field)
    assert office.checkout.stripe.calls == []


@pytest.mark.parametrize("mode", ["down", "lost", "late", "garbled"])
def test_a_provider_that_fails_is_stood_in_for_at_once(office: BillingOffice, mode: str) -> None:
    office.checkout.stripe.mode = mode
    status, body = buy(office, key="k")
    assert (status, body["provider"], body["failed_over"]) == (201, "razorpay", True)
    _, listed, _ = office.request("GET", "/v1/billing/doubles")
    if mode == "down":
        assert listed["doubles"] == []
        return
    (double,) = listed["doubles"]
    assert (double["certain"], double["amount"], double["proposal"]) == (False, 49_900, "cancel")
    assert [leg["provider"] for leg in double["legs"]] == ["razorpay", "stripe"]
    office.checkout.stripe.mode = "up"
    office.checkout.pass_time(700)
    assert office.checkout.settle().settled == 1
    assert office.request("GET", "/v1/billing/doubles")[1] == {
        "doubles": [],
        "more": 0,
        "running": [],
        "running_more": 0,
        "running_next": None,
    }


def test_slow_just_under_the_time_out_is_a_success(office: BillingOffice) -> None:
    office.checkout.stripe.slow = 5
    status, body = buy(office)
    assert (status, body["provider"]) == (201, "stripe")
    assert office.checkout.intents.log[0].elapsed == 5_000


def test_two_that_were_paid_are_listed_with_refund_and_never_ended(office: BillingOffice) -> None:
    office.checkout.stripe.mode = "late"
    _, body = buy(office, key="k")
    for provider in office.checkout.providers.values():
        for session in provider.sessions.values():
            session.state = "running"
    office.checkout.settle()
    office.checkout.settle()
    intent = office.checkout.intents.load(body["intent"])
    assert intent is not None
    assert len(office.checkout.running(intent.id)) == 2
    (double,) = office.request("GET", "/v1/billing/doubles")[1]["doubles"]
    # Razorpay's page was shown and offered; only a look tells that it was paid as well.
    assert (double["certain"], double["proposal"]) == (True, "refund")
    assert double["amount"] == 49_900
    assert {leg["provider"] for leg in double["legs"]} == {"stripe", "razorpay"}


def test_when_neither_works_the_answer_says_so_and_why(office: BillingOffice) -> None:
    office.checkout.stripe.mode, office.checkout.razorpay.mode = "down", "lost"
    status, body = buy(office, key="k")
    assert (status, body["code"], body["retryable"]) == (503, "no_payment_path", True)
    assert (body["stripe"], body["razorpay"]) == ("connect", "timeout")
    office.checkout.stripe.mode = "up"
    assert buy(office, key="k")[1]["provider"] == "stripe"


def test_nobody_stands_in_where_the_plan_is_not_sold(office: BillingOffice) -> None:
    office.checkout.stripe.mode = "down"
    status, body = buy(office, currency="USD")
    assert (status, body["code"]) == (503, "no_payment_path")
    assert office.checkout.razorpay.calls == []


class TestBreaker:
    """It opens after the failures the rule wants, saves calls, and closes after good probes."""

    def test_a_provider_down_is_not_asked_again_and_again(self, office: BillingOffice) -> None:
        office.checkout.stripe.mode = "down"
        for _ in range(10):
            assert buy(office)[1]["provider"] == "razorpay"
        assert office.checkout.phase("stripe") is Phase.OPEN
        assert len(office.checkout.stripe.calls) == 3
        assert office.world.meter.counts["BreakersOpened"] == 1

    def test_recovery_closes_it_after_three_probes(self, office: BillingOffice) -> None:
        self.test_a_provider_down_is_not_asked_again_and_again(office)
        office.checkout.stripe.mode = "up"
        office.checkout.pass_time(31)
        providers = [buy(office)[1]["provider"] for _ in range(4)]
        assert providers == ["stripe"] * 4
        assert office.checkout.phase("stripe") is Phase.CLOSED
        written = office.checkout.breakers.writes
        buy(office)
        assert office.checkout.breakers.writes == written

    def test_flapping_stays_open_for_longer_each_time(self, office: BillingOffice) -> None:
        self.test_a_provider_down_is_not_asked_again_and_again(office)
        waited = []
        for number in range(3):
            breaker = office.checkout.breakers.load(POLICY.accounts["stripe"])
            waited.append(breaker.cooling)
            office.checkout.pass_time(breaker.cooling)
            office.checkout.stripe.mode = "up"
            assert buy(office)[1]["provider"] == "stripe"
            office.checkout.stripe.mode = "down"
            assert buy(office)[1]["provider"] == "razorpay", number
            assert office.checkout.phase("stripe") is Phase.OPEN
        assert waited == [30, 60, 120]

    def test_a_lost_state_opens_again_at_the_next_failure(self, office: BillingOffice) -> None:
        self.test_a_provider_down_is_not_asked_again_and_again(office)
        office.checkout.breakers.breakers.clear()
        assert buy(office)[1]["provider"] == "razorpay"
        assert office.checkout.phase("stripe") is Phase.OPEN
        assert len(office.checkout.stripe.calls) == 4

    def test_what_is_refused_for_what_it_asked_opens_nothing(self, office: BillingOffice) -> None:
        office.checkout.stripe.mode = "refuses"
        for _ in range(12):
            assert buy(office)[1]["provider"] == "razorpay"
        assert office.checkout.phase("stripe") is Phase.CLOSED
        results = {each.result for each in office.checkout.intents.log}
        assert results == {Result.REFUSED, Result.OFFERED}


def test_a_checkout_is_essential_while_billing_is_frozen(office: BillingOffice) -> None:
    assert office.world.alarm("checkout-stripe") is not None
    assert buy(office)[0] == 201
    office.world.inbox.take_all()


@pytest.mark.parametrize("change", BillingChange)
def test_an_incident_freezes_what_is_not_essential(
    office: BillingOffice, change: BillingChange
) -> None:
    asked = {"change": change.value}
    assert office.request("POST", "/v1/billing/changes", asked)[0] == 200
    incident = office.world.alarm("checkout-stripe")
    assert incident is not None
    status, body, _ = office.request("POST", "/v1/billing/changes", asked)
    if change in SHIPPED:
        assert (status, body) == (200, {"change": change.value, "allowed": True})
    else:
        assert (status, body["code"], body["incident"]) == (423, "billing_frozen", incident.id)
    office.world.inbox.take_all()


def test_an_incident_lets_through_what_its_own_policy_calls_essential(tmp_path: Path) -> None:
    """A runbook that was changed meanwhile changes nothing for an incident that is open."""
    before, after = (
        sealed(replace(default(), billing=replace(default().billing, essential=essential)))
        for essential in (("refund", "discount"), ("checkout",))
    )
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / f"{before.version}.json").write_bytes(to_json(before))
    for name in ("default.json", "deployed.json"):
        (tmp_path / name).write_bytes(to_json(after))
    office = BillingOffice(World(policy=before), essential=EssentialChanges(tmp_path))
    assert office.world.alarm("checkout-stripe") is not None

    def ask(change: str) -> int:
        return office.request("POST", "/v1/billing/changes", {"change": change})[0]

    asked = ("refund", "discount", "checkout", "plan_change")
    assert [ask(change) for change in asked] == [200, 200, 423, 423]
    status, body = buy(office)
    assert (status, body["code"]) == (423, "billing_frozen")
    assert office.checkout.stripe.calls == []
    office.world.inbox.take_all()
