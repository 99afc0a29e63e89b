"""An outage of one provider on the deployed stack: failover, alarm, incident, evidence, impact."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import razorpay
import stripe

from tests.cloud.test_command_line import Terminal
from tests.harness.local_cloud import eventually
from tocsin.cli.api import connect
from tocsin.local.places import STATE_VARIABLE
from tocsin.local.sandbox.client import SandboxClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.local_cloud import Deployed

ALARM = "tocsin-local-checkout-stripe-failing"


@pytest.fixture
def terminal(
    stage: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    monkeypatch.setenv(STATE_VARIABLE, str(stage.cloud.places.state))
    return Terminal(capsys)


@pytest.fixture
def sandbox(stage: Deployed) -> Iterator[SandboxClient]:
    """Both providers well and selling one plan, and a policy that says so."""
    control = SandboxClient(stage.outputs["sandbox_url"])
    secrets = stage.clients.secrets
    before = secrets.get_secret_value(SecretId=secret(stage))["SecretString"]
    document = json.loads(before)
    put(stage, document | {"checkout": selling(stage, document)})
    yield control
    control.end_outages()
    put(stage, document)


def secret(stage: Deployed) -> str:
    listed = stage.clients.secrets.list_secrets()["SecretList"]
    return next(each["Name"] for each in listed if "provider-keys" in each["Name"])


def put(stage: Deployed, document: dict[str, Any]) -> None:
    """A new document, and functions that have not read the old one."""
    stage.clients.secrets.put_secret_value(
        SecretId=secret(stage), SecretString=json.dumps(document)
    )
    for name in ("billing_api", "outage_watch"):
        function = stage.outputs["functions"][name]
        found = stage.clients.functions.get_function_configuration(FunctionName=function)
        variables = found["Environment"]["Variables"]
        fresh = {**variables, "FRESH": str(int(variables.get("FRESH", "0")) + 1)}
        stage.clients.functions.update_function_configuration(
            FunctionName=function, Environment={"Variables": fresh}
        )


def selling(stage: Deployed, document: dict[str, Any]) -> dict[str, Any]:
    ours = {name.partition("/")[0]: entry for name, entry in document.items() if "/" in name}
    sdk = stripe.StripeClient(
        ours["stripe"]["api_key"], base_addresses={"api": stage.outputs["stripe_api_base"]}
    )
    product = sdk.v1.products.create({"name": "pro"})
    recurring: Any = {"interval": "month"}
    price = sdk.v1.prices.create(
        {"currency": "inr", "product": product.id, "unit_amount": 49_900, "recurring": recurring}
    )
    key_id, _, key_secret = ours["razorpay"]["api_key"].partition(":")
    other = razorpay.Client(
        auth=(key_id, key_secret), base_url=stage.outputs["razorpay_api_base"].rstrip("/")
    )
    item = {"name": "pro", "amount": 49_900, "currency": "INR"}
    plan = other.plan.create({"period": "monthly", "interval": 1, "item": item})
    accounts = {
        name: {"account": entry["account"], "mode": entry["mode"]} for name, entry in ours.items()
    }
    prices = {"amount": 49_900, "stripe": price.id, "razorpay": plan["id"]}
    return {
        "providers": accounts,
        "plans": {"pro": {"INR": prices}},
        "preferences": [{"order": ["stripe", "razorpay"]}],
    }


def buy(number: int) -> dict[str, Any]:
    wanted = {
        "workspace": f"ws_{number}",
        "plan": "pro",
        "currency": "INR",
        "region": "IN",
        "success_url": "https://app.example/ok",
        "cancel_url": "https://app.example/no",
    }
    return connect(None, "ana").post("/v1/billing/checkout", wanted, key=f"buy-{number}")


def look(stage: Deployed) -> dict[str, Any]:
    answer = stage.clients.functions.invoke(
        FunctionName=stage.outputs["functions"]["outage_watch"], Payload=b"{}"
    )
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    return found


def status(stage: Deployed) -> dict[str, Any]:
    with urllib.request.urlopen(f"{stage.outputs['api_url'].rstrip('/')}/billing/status") as got:
        found: dict[str, Any] = json.loads(got.read())
        return found


def test_an_outage_is_failed_over_declared_evidenced_reported_and_over(
    stage: Deployed, terminal: Terminal, sandbox: SandboxClient
) -> None:
    assert buy(0)["provider"] == "stripe"
    sandbox.begin_outage("html_502", provider="stripe", path="/v1/checkout", method="POST")
    bought = [buy(number) for number in range(1, 5)]
    assert {each["provider"] for each in bought} == {"razorpay"}
    assert all(each["failed_over"] for each in bought)
    assert buy(1) == bought[0], "the same key is the same page"
    listed = terminal.json("billing", "doubles")
    assert {each["workspace"] for each in listed} >= {"ws_1", "ws_2", "ws_3"}
    assert not any(each["certain"] for each in listed)

    found = look(stage)
    assert (found["firing"], found["failed"]) == ({}, []), "a success within ten minutes"
    stage.clients.dynamodb.delete_item(
        TableName=stage.outputs["tables"]["operations"], Key=first_attempt(stage)
    )
    assert buy(5)["provider"] == "razorpay"
    found = look(stage)
    assert (found["firing"], found["failed"]) == ({"stripe": ["checkout"]}, [])
    assert status(stage)["providers"] == {"stripe": "failing", "razorpay": "working"}

    stage.clients.cloudwatch.set_alarm_state(
        AlarmName=ALARM, StateValue="ALARM", StateReason="CheckoutTrouble is 1"
    )
    (incident,) = eventually(lambda: terminal.json("incidents", "list"))
    assert (incident["severity"], incident["category"]) == ("high", "operational")
    assert look(stage)["failed"] == []
    timeline = terminal.json("incidents", "timeline", incident["id"])
    text = json.dumps(timeline)
    for word in ("ws_1", "https://status.stripe.com", "http_502", "Degraded billing path"):
        assert word in text

    report = terminal.json("billing", "workspace", "ws_1")["impact"]
    calls = [
        call
        for call in sandbox._call("GET", "/calls")["calls"]
        if call["path"] == "/v1/checkout/sessions" and call["method"] == "POST"
    ]
    assert sum(line["failed_attempts"] for line in report) == 1
    assert len([call for call in calls if call["status"] == 502]) >= 4


def first_attempt(stage: Deployed) -> dict[str, Any]:
    """The key of the attempt that worked: without it, it is as if ten minutes had passed."""
    (found,) = [
        item
        for item in stage.items("operations")
        if item["PK"]["S"].startswith("CHECKOUT#")
        and json.loads(item["body"]["S"])["provider"] == "stripe"
        and json.loads(item["body"]["S"])["result"] == "offered"
    ]
    return {"PK": found["PK"], "SK": found["SK"]}
