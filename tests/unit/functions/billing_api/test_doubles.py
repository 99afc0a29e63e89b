"""Deciding a double: by name, with a reason, once per key; the providers' word goes first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.billing_office import BillingOffice
from tests.harness.worlds.world import World
from tests.unit.functions.billing_api.test_selling import buy
from tocsin.cli import main
from tocsin.cli.billing import doubles as billing_doubles

if TYPE_CHECKING:
    from tests.harness.worlds.checkout import ModelProvider

WISH = {"keep": "stripe", "remedy": "refund", "why": "paid there first"}


@pytest.fixture
def office() -> BillingOffice:
    return BillingOffice(World())


def paid_twice(office: BillingOffice) -> str:
    """Both providers have a paid subscription for one wish; the intent's id."""
    office.checkout.stripe.mode = "late"
    intent: str = buy(office, key="k")[1]["intent"]
    office.checkout.stripe.mode = "up"
    for provider in office.checkout.providers.values():
        for session in provider.sessions.values():
            session.state = "running"
    office.checkout.settle()
    office.checkout.settle()
    return intent


def decide(office: BillingOffice, intent: str, *, key: str = "d1", **changes: Any) -> Any:
    path = f"/v1/billing/doubles/{intent}/decision"
    options = {name: changes.pop(name) for name in ("person", "group") if name in changes}
    return office.request(
        "POST", path, {**WISH, **changes}, headers={"idempotency-key": key}, **options
    )


def listed(office: BillingOffice) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = office.request("GET", "/v1/billing/doubles")[1]["doubles"]
    return found


def end(provider: ModelProvider) -> None:
    for session in provider.sessions.values():
        session.state = "ended"


@pytest.mark.parametrize(("keep", "others"), [("stripe", "razorpay"), ("razorpay", "stripe")])
def test_a_decision_is_kept_by_name_and_the_double_stays_until_the_provider_shows_it_done(
    office: BillingOffice, keep: str, others: str
) -> None:
    intent = paid_twice(office)
    assert listed(office)[0]["decision"] is None
    status, body, _ = decide(office, intent, keep=keep)
    assert status == 201
    decision = body["decision"]
    assert {name: decision[name] for name in ("keep", "remedy", "why", "by")} == {
        "keep": keep,
        "remedy": "refund",
        "why": "paid there first",
        "by": "ana",
    }
    assert {leg["provider"]: leg["kept"] for leg in body["legs"]} == {keep: True, others: False}

    office.checkout.settle()
    assert len(office.checkout.running(intent)) == 2, "nothing is ended by a decision"
    (still,) = listed(office)
    assert (still["decision"], still["certain"]) == (decision, True)

    end(office.checkout.providers[others])
    office.checkout.settle()
    assert listed(office) == []
    kept = office.checkout.intents.load(intent)
    assert kept is not None
    assert kept.chosen is not None
    assert kept.chosen.provider == keep
    assert kept.decisions[0].by == "ana"


def test_the_other_one_ended_by_mistake_leaves_no_double_either(office: BillingOffice) -> None:
    intent = paid_twice(office)
    decide(office, intent, keep="stripe")
    end(office.checkout.stripe)
    office.checkout.settle()
    assert listed(office) == []
    kept = office.checkout.intents.load(intent)
    assert kept is not None
    assert kept.chosen is not None
    assert kept.chosen.provider == "razorpay"


def test_the_same_key_is_the_same_decision_and_a_later_one_replaces_it(
    office: BillingOffice,
) -> None:
    intent = paid_twice(office)
    first = decide(office, intent)
    again = decide(office, intent)
    assert (first[0], again[0], again[2]["idempotency-replayed"]) == (201, 200, "true")
    assert first[1] == again[1]
    assert decide(office, intent, remedy="cancel")[1]["code"] == "idempotency_key_reused"
    status, body, _ = decide(office, intent, key="d1", keep="razorpay", person="bo")
    assert (status, body["decision"]["by"], body["decision"]["keep"]) == (201, "bo", "razorpay")
    stored = office.checkout.intents.load(intent)
    assert stored is not None
    assert [each.by for each in stored.decisions] == ["ana", "bo"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"keep": "paypal"}, 400, "bad_input"),
        ({"remedy": "nothing"}, 400, "bad_input"),
        ({"why": "  "}, 400, "bad_input"),
        ({"surprise": "x"}, 400, "bad_input"),
        ({"group": "viewer"}, 403, "not_allowed"),
    ],
)
def test_what_cannot_be_decided_is_refused_and_changes_nothing(
    office: BillingOffice, changes: dict[str, Any], status: int, code: str
) -> None:
    intent = paid_twice(office)
    before = office.checkout.intents.load(intent)
    answer = decide(office, intent, **changes)
    assert (answer[0], answer[1]["code"]) == (status, code)
    assert office.checkout.intents.load(intent) == before


def test_there_must_be_a_double_and_the_provider_one_of_its_own(office: BillingOffice) -> None:
    assert decide(office, "int_unknown")[1]["code"] == "unknown_checkout"
    single = buy(office, key="single")[1]["intent"]
    assert decide(office, single)[1]["code"] == "no_double"


def test_the_page_the_customer_was_sent_to_is_looked_up_and_never_withdrawn(
    office: BillingOffice,
) -> None:
    office.checkout.stripe.mode = "late"
    _, bought = buy(office, key="k")
    office.checkout.stripe.readable = False
    (page,) = office.checkout.razorpay.sessions.values()
    office.checkout.settle()
    assert (page.state, listed(office)[0]["certain"]) == ("open", False)
    page.state = "running"
    office.checkout.settle()
    (double,) = listed(office)
    states = {leg["provider"]: leg["state"] for leg in double["legs"]}
    assert states == {"stripe": "doubt", "razorpay": "live"}, bought
    assert not double["certain"], "of Stripe's nothing is known yet"
    for session in office.checkout.stripe.sessions.values():
        session.state = "running"
    office.checkout.stripe.readable = True
    office.checkout.settle()
    assert listed(office)[0]["certain"]


def test_the_command_records_and_says_what_is_left_to_do(
    office: BillingOffice, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    intent = paid_twice(office)

    class Through:
        def get(self, path: str) -> dict[str, Any]:
            return office.request("GET", path)[1]

        def post(self, path: str, body: dict[str, Any], *, key: str | None) -> dict[str, Any]:
            assert key == "d1"
            status, answer, _ = office.request(
                "POST", path, body, headers={"idempotency-key": key or ""}
            )
            assert status == 201
            return answer

    monkeypatch.setattr(billing_doubles, "connect", lambda *_: Through())
    words = ["billing", "double", "decide", intent, "--keep", "stripe", "--why", "first"]
    assert main.run(words) == 3
    assert main.run([*words, "--refund", "--cancel"]) == 3
    capsys.readouterr()
    assert main.run(["billing", "doubles"]) == 0
    assert "proposed: refund" in capsys.readouterr().out
    assert main.run([*words, "--refund", "--key", "d1"]) == 0
    said = capsys.readouterr().out
    assert "decided by ana: keep stripe, refund" in said
    assert "to refund at razorpay: s_razorpay" in said
    assert main.run(["billing", "doubles"]) == 0
    assert "decided by ana: keep stripe, refund" in capsys.readouterr().out


def test_two_hundred_and_sixty_are_listed_in_pages_and_the_command_says_how_many_more(
    office: BillingOffice, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    office.checkout.stripe.mode = "late"
    for number in range(260):
        office.checkout.buy(f"k{number}")
        office.checkout.breakers.breakers.clear()
    page = office.request("GET", "/v1/billing/doubles")[1]
    assert (len(page["doubles"]), page["more"]) == (200, 60)
    after = {"after": page["doubles"][-1]["intent"]}
    rest = office.request("GET", "/v1/billing/doubles", query=after)[1]
    assert (len(rest["doubles"]), rest["more"]) == (60, 0)
    both = [each["intent"] for each in (*page["doubles"], *rest["doubles"])]
    assert len(set(both)) == 260
    status, problem, _ = office.request("GET", "/v1/billing/doubles", query={"after": "int_none"})
    assert (status, problem["code"]) == (404, "unknown_checkout")

    class Through:
        def get(self, path: str, **query: str) -> dict[str, Any]:
            return office.request("GET", path, query=query)[1]

    monkeypatch.setattr(billing_doubles, "connect", lambda *_: Through())
    assert main.run(["billing", "doubles"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "and 60 more: --json lists them all"
    assert main.run(["billing", "doubles", "--json"]) == 0
    assert [each["intent"] for each in json.loads(capsys.readouterr().out)] == both
    report = office.request("GET", "/v1/billing/impact", query={"since": "2026-09-01T00:00:00Z"})[1]
    assert report["doubles"] == 260
