"""What is broken by hand in the deployed tables is found, nothing else is, and it is healed."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import razorpay
import stripe

from tests.cloud.billing.test_checkout_slice import secret
from tests.cloud.stage.test_command_line import Terminal
from tests.harness.cloud.local_cloud import eventually
from tocsin.billing.reconcile.compare import Kind
from tocsin.cli.main import FAILED_CHECK, NOT_ALLOWED
from tocsin.local.machine.places import STATE_VARIABLE
from tocsin.local.sandbox.clients.stripe import SandboxClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.cloud.local_cloud import Deployed

DAY = 86_400
SIZE = 40


class Books:
    """Two providers with the same plan, and the rows we hold of their subscriptions."""

    def __init__(self, stage: Deployed) -> None:
        self.stage = stage
        self.table = stage.outputs["tables"]["billing_subscriptions"]
        self.sandbox = SandboxClient(stage.outputs["sandbox_url"])
        self.sandbox.reset()
        document = json.loads(
            stage.clients.secrets.get_secret_value(SecretId=secret(stage))["SecretString"]
        )
        ours = {name.partition("/")[0]: entry for name, entry in document.items() if "/" in name}
        self.identities = {
            name: f"{name}#{entry['account']}#{entry['mode']}" for name, entry in ours.items()
        }
        self.stripe = stripe.StripeClient(
            ours["stripe"]["api_key"], base_addresses={"api": stage.outputs["stripe_api_base"]}
        )
        key_id, _, key_secret = ours["razorpay"]["api_key"].partition(":")
        self.razorpay = razorpay.Client(
            auth=(key_id, key_secret), base_url=stage.outputs["razorpay_api_base"].rstrip("/")
        )
        product = self.stripe.v1.products.create({"name": "pro"})
        recurring: Any = {"interval": "month"}
        self.price = self.stripe.v1.prices.create(
            {"currency": "usd", "product": product.id, "unit_amount": 900, "recurring": recurring}
        ).id
        item = {"name": "pro", "amount": 49_900, "currency": "INR"}
        self.plan = self.razorpay.plan.create({"period": "monthly", "interval": 1, "item": item})
        self.subscriptions: list[str] = []
        self.twins: dict[str, str] = {}

    def subscribe(self, workspace: str) -> None:
        card: Any = {"default_payment_method": "pm_card_visa"}
        customer = self.stripe.v1.customers.create({"invoice_settings": card})
        made = self.stripe.v1.subscriptions.create(
            {
                "customer": customer.id,
                "items": [{"price": self.price}],
                "metadata": {"workspace_id": workspace},
            }
        )
        self.subscriptions.append(made.id)

    def twin(self, workspace: str) -> None:
        """The same workspace subscribes at the other provider too, and is charged."""
        made = self.razorpay.subscription.create(
            {
                "plan_id": self.plan["id"],
                "total_count": 12,
                "notes": {"workspace_id": workspace},
            }
        )
        self.sandbox.razorpay.authenticate(made["id"])
        self.sandbox.razorpay.charge(made["id"])
        self.twins[workspace] = made["id"]

    def key(self, subscription: str, provider: str = "stripe") -> Any:
        pk = f"SUB#{self.identities[provider]}#{subscription}"
        return {"PK": {"S": pk}, "SK": {"S": "SUB"}}

    def row(self, subscription: str) -> dict[str, Any]:
        found = self.stage.clients.dynamodb.get_item(
            TableName=self.table, Key=self.key(subscription), ConsistentRead=True
        )
        return dict(found["Item"])

    def set(self, subscription: str, **attributes: Any) -> None:
        names = {f"#{name}": name for name in attributes}
        self.stage.clients.dynamodb.update_item(
            TableName=self.table,
            Key=self.key(subscription),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
        )

    def plant(self, kind: Kind, number: int) -> None:
        """Breaks what we hold of one workspace, past all functions."""
        subscription = self.subscriptions[number]
        row = self.row(subscription)
        earlier = {"N": str(int(row["period_end"]["N"]) - DAY)}
        match kind:
            case Kind.MISSING:
                self.stage.clients.dynamodb.delete_item(
                    TableName=self.table, Key=self.key(subscription)
                )
            case Kind.ORPHAN:
                self.stage.clients.dynamodb.put_item(
                    TableName=self.table, Item={**row, **self.key(f"sub_none_{number}")}
                )
            case Kind.STALE:
                self.set(subscription, st={"S": "trialing"}, period_end=earlier)
            case Kind.STATUS:
                self.set(subscription, st={"S": "past_due"})
            case Kind.PLAN:
                self.set(subscription, plan={"S": "price_of_last_year"})
            case Kind.PERIOD:
                self.set(subscription, period_end=earlier)
            case Kind.ENFORCEMENT:
                overlay = {
                    "st": {"S": "suspended"},
                    "until": {"N": str(int(time.time()) + DAY)},
                    "approval": {"S": ""},
                    "by": {"S": "mallory"},
                    "base_rev": row["rev"],
                }
                self.set(subscription, ovr={"M": overlay})
            case Kind.DOUBLE:
                pass  # its twin is there already


@pytest.fixture
def books(stage: Deployed) -> Iterator[Books]:
    found = Books(stage)
    yield found
    found.sandbox.reset()


@pytest.fixture
def terminal(
    stage: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    monkeypatch.setenv(STATE_VARIABLE, str(stage.cloud.places.state))
    return Terminal(capsys)


def reconciled(terminal: Terminal, *words: str) -> dict[str, Any]:
    """What a command of `billing reconcile` answers; its exit code says whether all agrees."""
    code, out, err = terminal.run("billing", "reconcile", *words, "--json")
    found: dict[str, Any] = json.loads(out)
    assert code == (0 if found["agrees"] else FAILED_CHECK), err
    assert found["agrees"] is (found["open"] + found["not_comparable"] == 0)
    return found


@pytest.mark.full
@pytest.mark.timeout(900)
def test_24_of_24_are_found_told_healed_with_approval_and_signed(
    stage: Deployed, books: Books, terminal: Terminal
) -> None:
    table = [(kind, 3 * index + number) for index, kind in enumerate(Kind) for number in range(3)]
    for number in range(SIZE):
        books.subscribe(f"ws_{number:02d}")
    for kind, number in table:
        if kind is Kind.DOUBLE:
            books.twin(f"ws_{number:02d}")

    first = reconciled(terminal, "start", "--scope", "full")
    kinds = {each["kind"]: each["count"] for each in first["unresolved"]}
    assert kinds == {"double": 3, "missing": SIZE + 3}, "no webhook has told us of anything"
    healed = reconciled(terminal, "heal", first["id"], "--as", "kim:commander")
    assert {each["kind"]: each["count"] for each in healed["unresolved"]} == {"double": 3}

    opened = terminal.json(
        "open", "Stripe is down", "--severity", "medium", "--category", "operational"
    )
    terminal.json("ack", opened["id"], "--as", "kim")
    for kind, number in table:
        books.plant(kind, number)
    found = reconciled(terminal, "start", "--scope", "full", "--incident", opened["id"])
    seen = sorted((each["kind"], each["workspace"]) for each in found["mismatches"])
    assert seen == sorted((kind.value, f"ws_{number:02d}") for kind, number in table)
    assert (found["not_comparable"], found["compared_workspaces"]) == (0, SIZE)

    name = found["id"]
    assert terminal.run("billing", "reconcile", "status", name)[0] == FAILED_CHECK
    assert (
        terminal.run("billing", "reconcile", "heal", name, "--as", "senior-engineer")[0]
        == NOT_ALLOWED
    )
    for twin in books.twins.values():
        books.razorpay.subscription.cancel(twin)
    why = ("--reason", "read the report", "--as", "kim")
    approval = terminal.json(
        "billing", "reconcile", "approve", name, opened["id"], "--for", "senior-engineer", *why
    )["approval"]
    healed = terminal.json(
        "billing", "reconcile", "heal", name, "--approval", approval, "--as", "senior-engineer"
    )
    assert (healed["healed"], healed["open"]) == (24, 0)
    assert terminal.json("billing", "reconcile", "sign", name, "--as", "senior-engineer")[
        "signed_off_by"
    ]
    assert "## Corrected" in terminal.text("billing", "reconcile", "report", name)

    again = terminal.json("billing", "reconcile", "start", "--scope", "full")
    assert (again["found"], again["not_comparable"]) == (0, 0)

    def told() -> list[dict[str, Any]]:
        entries = terminal.json("incidents", "timeline", opened["id"])
        return [each["content"] for each in entries if each["type"] == "reconciliation_recorded"]

    lines = eventually(told, lambda seen: bool(seen) and "signed_off_by" in seen[-1])
    assert lines[0]["unresolved"] == {kind.value: 3 for kind in sorted(Kind)}
    last = lines[-1]
    assert (last["unresolved"], last["healed"], last["signed_off_by"]) == (
        {},
        24,
        "senior-engineer",
    )
    assert last["report"].startswith("evidence/") or opened["id"] in last["report"]
