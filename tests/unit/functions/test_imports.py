"""What a function imports is what its cold start costs: an allow-list per function.

Read from `sys.modules` of a fresh interpreter after importing the handler, so that a library that
comes in by a side door is found too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FUNCTIONS = (
    "alarm_trigger",
    "security_trigger",
    "auditor",
    "billing_api",
    "incident_api",
    "notifier",
    "outage_watch",
    "reconciler",
    "sla_check",
)
THIRD_PARTY = {
    "aws_lambda_powertools",
    "botocore",
    "certifi",
    "dateutil",
    "jmespath",
    "rfc8785",
    "six",
    "typing_extensions",
    "tzdata",
    "urllib3",
}
EVERYBODY = {
    "adapters",
    "application",
    "errors",
    "incidents",
    "notes",
    "people",
    "policy",
    "ports",
    "registry",
    "runtime",
}
"""Rooms of Tocsin that every function reaches; `ONLY` adds what one of them needs beside."""

ONLY = {
    "alarm_trigger": {"signals"},
    "security_trigger": {"signals"},
    "incident_api": {"containment", "documents"},
    "billing_api": {"billing", "documents", "providers"},
    "outage_watch": {"billing", "providers"},
    "notifier": {"channels", "documents"},
    "reconciler": {"billing", "documents", "providers"},
}
PROGRAM = """
import json, sys
before = set(sys.modules)
import functions.{name}.handler
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def environment(name: str) -> dict[str, str]:
    settings = import_module(f"functions.{name}.settings").Settings
    known = {"LOG_LEVEL": "INFO", "API_BASES": "{}", "SIGN_IN": "none"}
    values = {field.name: known.get(field.name, "x") for field in fields(settings)}
    return {**os.environ, **values, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'shared'}"}


@cache
def imported(name: str) -> set[str]:
    """Every module a cold start of the function loads."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM.format(name=name)],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
        env=environment(name),
        cwd=ROOT,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_imports_nothing_outside_its_list(name: str) -> None:
    modules = imported(name)
    packages = {module.partition(".")[0] for module in modules if not module.startswith("_")}
    known = sys.stdlib_module_names | THIRD_PARTY | {"tocsin", "functions"}
    assert packages - known == set()
    rooms = {module.split(".")[1] for module in modules if module.startswith("tocsin.")}
    assert rooms - EVERYBODY - ONLY.get(name, set()) == set()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_loads_what_is_slow_or_foreign(name: str) -> None:
    modules = imported(name)
    theirs = {module.split(".")[1] for module in modules if module.startswith("functions.")}
    assert theirs == {name}
    for costly in (
        "aws_lambda_powertools.event_handler",
        "aws_lambda_powertools.utilities.parameters",
        "aws_xray_sdk",
        "boto3",
        "pydantic",
        "stripe",
        "razorpay",
        "yaml",
        "holidays",
        "tocsin.local.adjustable_clock",
    ):
        assert costly not in modules


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_without_its_environment_does_not_start(name: str) -> None:
    without = {
        key: value
        for key, value in environment(name).items()
        if key not in {"STAGE", "INCIDENTS_TABLE"}
    }
    done = subprocess.run(
        [sys.executable, "-c", f"import functions.{name}.handler"],
        check=False,
        timeout=60,
        capture_output=True,
        text=True,
        env=without,
        cwd=ROOT,
    )
    assert done.returncode != 0
    assert "STAGE: is missing" in done.stderr
    assert "INCIDENTS_TABLE: is missing" in done.stderr


def test_ingest_knows_of_billing_what_files_an_event_and_no_rule_of_payment() -> None:
    modules = {each for each in imported("webhook_ingest") if each.startswith("tocsin.billing.")}
    filing = {"event", "identity", "projection", "projection.ledger_key", "provider"}
    assert modules <= {f"tocsin.billing.{each}" for each in filing}
