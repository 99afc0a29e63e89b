"""The functions that look around every minute, run as they are deployed, where nothing happens.

AWS is moto and the providers list nothing. Time is a minute a round.
"""

from __future__ import annotations

import importlib
import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.harness.cloud.moto_cloud import moto_cloud
from tests.harness.fakes.scripted_http import json_reply, scripted
from tocsin.runtime.clock import SystemIncidentClock, SystemWallClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

    import pytest

    from tests.harness.cloud.moto_cloud import MotoCloud

START = datetime(2026, 9, 8, 12, 30, tzinfo=UTC)
ACCOUNTS = {
    "stripe": {"account": "acct_1ExampleHouse", "mode": "live"},
    "razorpay": {"account": "acc_ExampleHouse01", "mode": "live"},
}
NOTHING = {"object": "list", "data": [], "has_more": False} | {
    "entity": "collection",
    "count": 0,
    "items": [],
}
MOST_REQUESTS = 2_000


class Context:
    aws_request_id = "79b4f56e-95b1-4643-9700-2807f4e68189"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:tocsin-production-x"

    def get_remaining_time_in_millis(self) -> int:
        return 50_000


@dataclass(frozen=True)
class QuietStage:
    """A stage that sells by some providers; its functions are made anew for each test."""

    cloud: MotoCloud
    base: str
    monkeypatch: pytest.MonkeyPatch

    def function(self, name: str, **variables: str) -> ModuleType:
        """Its handler, with the variables it declares and these."""
        told = {**self.cloud.environment(), **self._settings(name), **variables}
        for variable, value in told.items():
            self.monkeypatch.setenv(variable, value)
        module = f"functions.{name}.handler"
        self.monkeypatch.delitem(sys.modules, module, raising=False)
        return importlib.import_module(module)

    def at(self, minute: int) -> None:
        """So many minutes after the start, by every clock."""
        now = START + timedelta(minutes=minute)
        self.monkeypatch.setattr(SystemWallClock, "wall_now", lambda _: now)
        self.monkeypatch.setattr(SystemIncidentClock, "incident_now", lambda _: now)

    def _settings(self, function: str) -> Mapping[str, str]:
        known = {
            "STAGE": "production",
            "LOG_LEVEL": "INFO",
            "API_BASES": json.dumps(dict.fromkeys(ACCOUNTS, self.base)),
            "DEAD_MAN_URL": "none",
            "PROVIDER_KEYS_SECRET": "keys",
        }
        found: dict[str, str] = {}
        settings = importlib.import_module(f"functions.{function}.settings").Settings
        for name in (field.name for field in fields(settings)):
            if name.endswith("_TABLE"):
                table = name.removesuffix("_TABLE").lower().replace("_", "-")
                found[name] = self.cloud.table(table)
            elif name.endswith("_QUEUE_URL"):
                queue = f"tocsin-production-{name.removesuffix('_QUEUE_URL').lower()}"
                found[name] = self.cloud.boto("sqs").create_queue(QueueName=queue)["QueueUrl"]
            else:
                found[name] = known.get(name, name.lower())
        return found


@contextmanager
def a_quiet_stage(
    providers: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[QuietStage]:
    """A fresh one."""
    accounts: dict[str, Any] = {name: ACCOUNTS[name] for name in providers}
    prices = {name: f"{name}-price" for name in providers}
    keys = {f"{name}/default": {**one, "api_key": "key:secret"} for name, one in accounts.items()}
    keys["checkout"] = {
        "providers": accounts,
        "plans": {"team": {"USD": {"amount": 4900, **prices}}} if providers else {},
        "preferences": [{"order": list(providers)}] if providers else [],
    }
    loaded = {name for name in sys.modules if name.startswith("functions.")}
    with (
        moto_cloud() as cloud,
        scripted(*[json_reply(NOTHING)] * MOST_REQUESTS) as provider,
    ):
        cloud.reset()
        cloud.boto("secretsmanager").create_secret(Name="keys", SecretString=json.dumps(keys))
        yield QuietStage(cloud, provider.url, monkeypatch)
    for name in sys.modules.keys() - loaded:
        if name.startswith("functions.") and name.endswith(".handler"):
            del sys.modules[name]
