"""An outage of one provider on the deployed stack, from the first failure to monitoring."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.stage.test_command_line import Terminal
from tests.harness.cloud.local_cloud import eventually
from tests.harness.cloud.outage_stage import OutageStage
from tocsin.billing.checkout.breaker import LONGEST_COOLING
from tocsin.billing.outage.signs import LOW_TRAFFIC_WINDOW, RECOVERED_AFTER
from tocsin.local.machine.places import STATE_VARIABLE
from tocsin.local.sandbox.clients import official
from tocsin.local.sandbox.clients.stripe import SandboxClient
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY
from tocsin.runtime import api_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.cloud.local_cloud import Deployed

AMOUNT = 49_900
MINUTE = timedelta(minutes=1)


@pytest.fixture
def terminal(
    stage: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    monkeypatch.setenv(STATE_VARIABLE, str(stage.cloud.places.state))
    return Terminal(capsys)


@pytest.fixture
def sandbox(stage: Deployed) -> Iterator[SandboxClient]:
    """Both providers, well and with nothing in their books but what they sell."""
    control = SandboxClient(stage.outputs["sandbox_url"])
    control.reset()
    yield control
    control.reset()


@pytest.fixture
def outage(stage: Deployed, sandbox: SandboxClient, terminal: Terminal) -> Iterator[OutageStage]:
    """The stage on time, and on time again afterwards."""
    del terminal  # it is what leads `connect` to this cloud
    found = OutageStage(stage, sandbox)
    yield found
    if found.ahead:
        found.put_ahead(0)


def secret(stage: Deployed) -> str:
    listed = stage.clients.secrets.list_secrets()["SecretList"]
    return next(each["Name"] for each in listed if "provider-keys" in each["Name"])


def test_a_person_makes_a_checkout_on_a_cloud_that_was_just_brought_up(
    outage: OutageStage, terminal: Terminal
) -> None:
    """Nobody has set anything up: what is sold comes with the cloud."""
    words = ("billing", "checkout", "ws_0", "--key", "wanted-once")
    made = terminal.json(*words)
    assert (made["provider"], made["amount"], made["currency"]) == ("stripe", AMOUNT, "INR")
    assert made["url"] in terminal.text(*words)
    assert [each["id"] for each in outage.sandbox.truth()["checkouts"]] == [made["session"]]


def test_a_checkout_fails_over_once_per_wish_and_the_status_is_public(
    outage: OutageStage, terminal: Terminal
) -> None:
    assert outage.buy("ws_0", key="buy-0") == "stripe"
    outage.sandbox.begin_outage("html_502", provider="stripe", path="/v1/checkout", method="POST")
    first = outage.checkout("ws_1", key="buy-1")
    assert (first["provider"], first["failed_over"]) == ("razorpay", True)
    assert outage.checkout("ws_1", key="buy-1") == first, "the same key is the same page"
    (listed,) = terminal.json("billing", "doubles")
    assert (listed["workspace"], listed["certain"]) == ("ws_1", False)
    found = outage.look()
    assert (found["firing"], found["failed"]) == ({}, []), "a success within half an hour"
    assert outage.status()["providers"] == {"stripe": "working", "razorpay": "working"}


@pytest.mark.full
@pytest.mark.timeout(900)
def test_an_outage_is_failed_over_declared_evidenced_reported_and_over(
    outage: OutageStage, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen(outage)
    wishes = fail(outage, monkeypatch)
    incident = declare(outage, terminal)
    recover(outage, terminal, incident, wishes)
    report_agrees_with_the_books(outage, terminal, incident, wishes)
    begin_monitoring(outage, terminal, incident)


def listen(outage: OutageStage) -> None:
    """Both providers send their webhooks to the deployed stage."""
    for provider in ("stripe", "razorpay"):
        outage.sandbox.put_endpoint(
            f"to-{provider}",
            f"{outage.stage.outputs['webhook_url']}/{provider}",
            [outage.stage.outputs["secrets"][f"{provider}/default"]],
            provider=provider,
        )


def fail(outage: OutageStage, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Stripe goes down, Razorpay for a moment too. Who served each workspace's wish."""
    sandbox, served = outage.sandbox, dict[str, str]()

    def buy(number: int) -> None:
        served[f"ws_{number}"] = outage.buy(f"ws_{number}", key=f"buy-{number}")

    buy(0)
    sandbox.begin_outage(
        "lose_answer", provider="stripe", path="/v1/checkout", method="POST", count=1
    )
    buy(1)  # there are two pages now, and both are paid
    outage.pay_everything()
    assert sandbox.drain(30) == 0
    found = outage.look()
    assert (found["firing"], found["failed"]) == ({}, []), "a success within half an hour"
    sandbox.begin_outage("html_502", provider="stripe", path="/v1/checkout", method="POST")
    buy(2)
    outage.pass_time(LOW_TRAFFIC_WINDOW + 1)
    assert outage.breaker_items() == [], "two failures say nothing"
    buy(3)
    assert outage.breaker() == "open", "the third workspace, and no success in half an hour"
    asked = outage.creations()["stripe"]
    buy(4)
    sandbox.begin_outage("refuse", provider="razorpay", path="/v1/subscriptions", count=1)
    monkeypatch.setattr(api_client, "_TRIES", 1)
    buy(5)
    monkeypatch.undo()
    monkeypatch.setenv(STATE_VARIABLE, str(outage.stage.cloud.places.state))
    buy(6)
    assert outage.creations()["stripe"] == asked, "nobody waits for the one that is down"
    assert list(served.values()) == ["stripe", *["razorpay"] * 4, "no_payment_path", "razorpay"]
    return served


def declare(outage: OutageStage, terminal: Terminal) -> str:
    """The watch hands the outage over; the incident that it opens has the evidence in it."""
    found = outage.look()
    assert (found["firing"], found["failed"]) == ({"stripe": ["checkout"]}, [])
    status = outage.status()
    assert (status["level"], status["providers"]["stripe"]) == ("degraded", "failing")
    assert status["providers"]["razorpay"] == "working"
    (incident,) = eventually(lambda: terminal.json("incidents", "list"))
    assert (incident["severity"], incident["category"]) == ("high", "operational")
    assert outage.look()["failed"] == []
    (facts,) = evidence(terminal, incident["id"])
    assert (facts["provider"], facts["troubles"], facts["regions"]) == ("stripe", "checkout", "IN")
    assert facts["workspaces"] == "ws_1, ws_2, ws_3"
    assert facts["failed_attempts"] == "3"
    assert facts["status_page"] == "https://status.stripe.com"
    examples = facts["examples"].split("; ")
    assert ["no_answer" in examples[0], "http_502 HTTP 502" in examples[1]] == [True, True]
    assert not any(word in facts["examples"] for word in ("ws_", "app.example", "int_", "cs_"))
    told = eventually(lambda: updates(outage))
    assert headlines(told) == ["Some payments are affected"]
    assert "What not to promise" in told[0].text
    return str(incident["id"])


def recover(outage: OutageStage, terminal: Terminal, incident: str, served: dict[str, str]) -> None:
    """Three probes close the breaker, ten calm minutes end the outage, and what was said."""
    outage.sandbox.end_outages()
    outage.pass_time(LONGEST_COOLING + 1)  # a look may have asked meanwhile, and cooled it longer
    phases = []
    for number in (7, 8, 9):
        served[f"ws_{number}"] = outage.buy(f"ws_{number}", key=f"buy-{number}")
        phases.append(outage.breaker())
    assert phases == ["half_open", "half_open", "closed"]
    assert outage.look()["firing"] == {"stripe": ["checkout"]}, "calm is counted first"
    # The calm began with the last look that was bad, before the breaker had cooled.
    outage.pass_time((RECOVERED_AFTER - LONGEST_COOLING) // 2)
    assert outage.look()["firing"] == {"stripe": ["checkout"]}
    assert outage.status()["providers"]["stripe"] == "failing"
    outage.pass_time(RECOVERED_AFTER // 2 + 1)
    assert (found := outage.look())["firing"] == {}, found
    assert found["failed"] == []
    status = outage.status()
    assert (status["level"], status["next_update"]) == ("operational", None)
    assert status["text"] == "Payments and subscriptions are working normally."
    told = eventually(lambda: updates(outage), lambda seen: len(headlines(seen)) > 1)
    assert headlines(told)[1:] == ["All billing systems are working"]

    seen = eventually(lambda: terminal.json("show", incident), lambda one: not one["firing"])
    assert not seen["firing"], "the evidence is cleared, and so is the alarm"


def begin_monitoring(outage: OutageStage, terminal: Terminal, incident: str) -> None:
    """Contained, fixed as a provider's trouble is, compared and signed: the window begins."""

    def say(verb: str, person: str = "ana", **body: object) -> None:
        outage.person(person).post(f"/v1/incidents/{incident}/{verb}", body)

    say("acknowledge")
    say("contain", step="plan", action="a1", text="checkouts go to the other provider")
    say("contain", step="done", action="a1")
    outage.stage.cloud.clock().advance(MINUTE)
    for check in ("logs", "smoke_test", "targeted_check"):
        say("verify", step="observe", check=check, verdict="passed", detail="seen")
    outage.stage.cloud.clock().advance(MINUTE)
    say("verify", "bo", step="contained")
    say("fix", step="provider", provider="stripe")
    done = {"criterion": "replay_completed", "met": True, "evidence": "no delivery was lost"}
    say("confirm", "kim:commander", **done)
    assert terminal.json("show", incident)["state"] == "contained", "nothing has been compared"

    outage.pay_everything()
    (double,) = [each for each in terminal.json("billing", "doubles") if each["certain"]]
    words = ("--keep", "razorpay", "--refund", "--why", "the customer was sent there")
    decided = terminal.json("billing", "double", "decide", double["intent"], *words)
    (ended,) = [leg["subscription"] for leg in decided["legs"] if not leg["kept"]]
    sdk = official.client(outage.stage.outputs["stripe_api_base"], DEFAULT_API_KEY)
    sdk.v1.subscriptions.cancel(ended)
    assert outage.sandbox.drain(30) == 0
    found = terminal.json(
        "billing", "reconcile", "start", "--scope", "full", "--incident", incident
    )
    assert (found["open"], found["not_comparable"]) == (0, 0)
    terminal.json("billing", "reconcile", "sign", found["id"], "--as", "bo")
    seen = eventually(
        lambda: terminal.json("show", incident), lambda one: one["state"] == "monitoring"
    )
    assert seen["state"] == "monitoring"


def report_agrees_with_the_books(
    outage: OutageStage, terminal: Terminal, incident: str, served: dict[str, str]
) -> None:
    """Totals by what the sandbox noted of calls and of subscriptions, and by what customers met."""
    report = terminal.json("billing", "impact", incident)
    asked, ran = outage.creations(failed=True), outage.running()
    failures = {"stripe": 3, "razorpay": 1}
    assert asked["stripe"] >= 3, "the watch asks who is shut besides"
    twice = [intent for intent, count in ran.items() if count > 1]
    unserved = [name for name, by in served.items() if by == "no_payment_path"]
    assert (asked["razorpay"], len(twice)) == (1, 1)
    assert report["failed_attempts"] == sum(failures.values())
    assert report["failed_over"] == failures["stripe"]
    assert report["wanted"] == failures["razorpay"] == len(unserved)
    assert report["unpaid"] == {"INR": AMOUNT * len(unserved)}
    assert report["doubles"] == len(twice)
    assert report["double_amounts"] == {"INR": AMOUNT * len(twice)}
    assert (report["late"], report["history"]) == (0, "complete")
    lines = {each["workspace"]: each for each in report["workspaces"]}
    assert lines.keys() == {"ws_1", "ws_2", "ws_3", *unserved}
    assert [each["wanted"] for name, each in lines.items() if name in unserved] == [1]
    assert lines["ws_1"]["doubles"] == 1
    rows = list(csv.DictReader(io.StringIO(terminal.text("billing", "impact", incident, "--csv"))))
    for name in ("failed_attempts", "failed_over", "wanted", "doubles"):
        assert sum(int(row[name]) for row in rows) == report[name]
    truth = outage.sandbox.truth()
    pages = len(truth["checkouts"]) + len(truth["razorpay"]["subscriptions"])
    assert pages == len(served) - len(unserved) + len(twice), "a page for each wish, two for one"


def evidence(terminal: Terminal, incident: str) -> list[dict[str, str]]:
    """The facts of each signal that the outage watch attached."""
    return [
        signal["facts"]
        for entry in terminal.json("incidents", "timeline", incident)
        for signal in entry["content"].get("signals", ())
        if "provider" in signal.get("facts", {})
    ]


def updates(outage: OutageStage) -> list[Any]:
    return [each for each in outage.stage.cloud.inbox().read() if each.kind == "update"]


def headlines(told: list[Any]) -> list[str]:
    """Each once: a scheduled round beside one of ours may say the same a second time."""
    return list(dict.fromkeys(each.subject.partition(" | ")[2] for each in told))
