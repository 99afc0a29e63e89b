"""A deployed stage on which a provider fails: customers, time that passes, and what was measured.

Time passes for incidents and for outage rules together. The providers' own time stays the real one,
because a signature is checked against that.
"""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tocsin.cli.terminal.api import connect_to
from tocsin.errors import RemoteError
from tocsin.runtime.clock import AHEAD_VARIABLE

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed
    from tocsin.local.sandbox.clients.stripe import SandboxClient
    from tocsin.runtime.api_client import ApiClient

MOVED = ("billing_api", "outage_watch")
RUNNING = {"stripe": {"active", "trialing"}, "razorpay": {"authenticated", "active"}}
CREATION = {("stripe", "/v1/checkout/sessions"), ("razorpay", "/v1/subscriptions")}


@dataclass
class OutageStage:
    """The stage and the providers' sandbox, whose books are empty at first."""

    stage: Deployed
    sandbox: SandboxClient
    ahead: int = 0
    clients: dict[str, ApiClient] = field(default_factory=dict)

    @property
    def now(self) -> int:
        """What the outage rules take for now, epoch seconds."""
        return int(datetime.now(UTC).timestamp()) + self.ahead

    def pass_time(self, seconds: int) -> None:
        self.put_ahead(self.ahead + seconds)
        self.stage.cloud.clock().advance(timedelta(seconds=seconds))

    def put_ahead(self, seconds: int) -> None:
        """A new configuration starts new copies of the functions, as a deployment does."""
        self.ahead = seconds
        for name in MOVED:
            function = self.stage.outputs["functions"][name]
            found = self.stage.clients.functions.get_function_configuration(FunctionName=function)
            kept = {
                key: value
                for key, value in found["Environment"]["Variables"].items()
                if key != AHEAD_VARIABLE
            }
            moved = {AHEAD_VARIABLE: str(seconds)} if seconds else {}
            self.stage.clients.functions.update_function_configuration(
                FunctionName=function, Environment={"Variables": kept | moved}
            )

    def person(self, name: str) -> ApiClient:
        """`ana`, or `kim:commander`."""
        if name not in self.clients:
            self.clients[name] = connect_to(None, name)
        return self.clients[name]

    def checkout(self, workspace: str, *, key: str) -> dict[str, Any]:
        """Raises `RemoteError` where it is refused."""
        wish = {
            "workspace": workspace,
            "plan": "pro",
            "currency": "INR",
            "region": "IN",
            "success_url": "https://app.example/ok",
            "cancel_url": "https://app.example/no",
        }
        return self.person("ana").post("/v1/billing/checkout", wish, key=key)

    def buy(self, workspace: str, *, key: str) -> str:
        """Who serves the wish, or the code of the refusal."""
        try:
            return str(self.checkout(workspace, key=key)["provider"])
        except RemoteError as refused:
            return refused.answered

    def look(self) -> dict[str, Any]:
        """One round of the deployed watch."""
        answer = self.stage.clients.functions.invoke(
            FunctionName=self.stage.outputs["functions"]["outage_watch"],
            Payload=b"{}",
        )
        found: dict[str, Any] = json.loads(answer["Payload"].read())
        assert not answer.get("FunctionError"), found
        return found

    def status(self) -> dict[str, Any]:
        """What anybody may see."""
        url = f"{self.stage.outputs['api_url'].rstrip('/')}/billing/status"
        with urllib.request.urlopen(url) as got:
            found: dict[str, Any] = json.loads(got.read())
            return found

    def breaker(self, provider: str = "stripe") -> str:
        """The stored phase."""
        (stored,) = self.breaker_items(provider)
        return str(json.loads(stored["body"]["S"])["phase"])

    def breaker_items(self, provider: str = "stripe") -> list[dict[str, Any]]:
        return [
            item
            for item in self.stage.items("operations")
            if item["PK"]["S"].startswith(f"BRK#{provider}")
        ]

    def creations(self, *, failed: bool = False) -> Counter[str]:
        """Calls that ask for a page, by provider, as the providers noted them."""
        return Counter(
            call["provider"]
            for call in self.sandbox.calls()
            if call["method"] == "POST"
            and (call["provider"], call["path"].removeprefix("/razorpay")) in CREATION
            and not (failed and call["status"] == 200)
        )

    def running(self) -> Counter[str]:
        """How many subscriptions run for each wish, as the providers know it."""
        truth = self.sandbox.truth()
        at_stripe = [
            each["metadata"]["intent"]
            for each in truth["subscriptions"]
            if each["status"] in RUNNING["stripe"]
        ]
        at_razorpay = [
            each["notes"]["intent"]
            for each in truth["razorpay"]["subscriptions"]
            if each["status"] in RUNNING["razorpay"]
        ]
        return Counter([*at_stripe, *at_razorpay])

    def pay_everything(self) -> None:
        """Everybody pays every page there is, whether it was shown to them or not."""
        truth = self.sandbox.truth()
        for session in truth["checkouts"]:
            if session["status"] == "open":
                self.sandbox.complete_checkout(session["id"])
        for made in truth["razorpay"]["subscriptions"]:
            if made["status"] == "created":
                self.sandbox.razorpay.authenticate(made["id"])
