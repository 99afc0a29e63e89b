"""The ingest handler as it is deployed, against AWS behind a socket."""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.harness.fakes.webhooks import REGISTRATIONS, http_event, razorpay_headers, stripe_headers
from tocsin.adapters.billing.projection.ledger import record_of

if TYPE_CHECKING:
    from types import ModuleType

    import pytest

    from tests.harness.cloud.moto_cloud import MotoCloud


class Context:
    aws_request_id = "lambda-request-1"


class World:
    """The handler, the cloud behind it and the lines it printed."""

    def __init__(self, handler: ModuleType, cloud: MotoCloud, capsys: Any) -> None:
        self.handler, self.cloud, self.capsys = handler, cloud, capsys
        self.now = int(time.time())

    @classmethod
    def fresh(
        cls,
        cloud: MotoCloud,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> World:
        """An empty cloud that holds the registrations, and an environment that has started."""
        cloud.reset()
        cloud.boto("secretsmanager").create_secret(
            Name="tocsin/test/webhook-registrations", SecretString=json.dumps(REGISTRATIONS)
        )
        return cls(fresh_handler(cloud, monkeypatch), cloud, capsys)

    def post(self, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        response = self.handler.lambda_handler(event, Context())
        return response["statusCode"], json.loads(response["body"])

    def stripe(self, body: bytes, **how: Any) -> tuple[int, dict[str, Any]]:
        secret, at = how.pop("secret", None), how.pop("at", self.now)
        return self.post(http_event("stripe", body, stripe_headers(body, at, secret=secret), **how))

    def razorpay(self, body: bytes, **how: Any) -> tuple[int, dict[str, Any]]:
        signed = {name: how.pop(name) for name in ("event_id", "secret") if name in how}
        return self.post(http_event("razorpay", body, razorpay_headers(body, **signed), **how))

    def stored(self) -> list[Any]:
        return [record_of(item) for item in self.cloud.items("billing-events")]

    def counts(self) -> Counter[tuple[str, str]]:
        """Metric and reason of every embedded metric line printed so far."""
        lines = [json.loads(line) for line in self.capsys.readouterr().out.splitlines()]
        return Counter(
            (metric["Name"], line.get("reason", ""))
            for line in lines
            if "_aws" in line
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        )


def fresh_handler(
    cloud: MotoCloud, monkeypatch: pytest.MonkeyPatch, **environment: str
) -> ModuleType:
    """The handler as a fresh execution environment imports it."""
    settings = {
        "STAGE": "test",
        "BILLING_EVENTS_TABLE": cloud.table("billing-events"),
        "REGISTRATIONS_SECRET": "tocsin/test/webhook-registrations",
    }
    for name, value in {**cloud.environment(), **settings, **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delitem(sys.modules, "functions.webhook_ingest.handler", raising=False)
    return importlib.import_module("functions.webhook_ingest.handler")
