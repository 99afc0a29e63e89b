"""The sandbox's manual works as it is written: its own lines, run by a shell, do what they say."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.architecture.sources import ROOT
from tests.integration.sandbox.sandbox_world import SECRET, World, world
from tocsin.local.sandbox.clients.stripe import SandboxClient
from tocsin.local.sandbox.defaults import ENDPOINTS
from tocsin.local.stage import webhooks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PAGE = ROOT / "docs" / "how-to" / "provider-sandbox.md"
STRICT = 'set -eu\ncurl() { command curl --silent --show-error --fail-with-body "$@"; echo; }\n'
"""What a reader sees as a refusal stops the block."""


def blocks() -> list[str]:
    """The page's shell blocks, word for word."""
    return re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def running() -> Iterator[World]:
    with world() as it:
        yield it


def outputs(running: World) -> dict[str, Any]:
    """As `local up` writes them, the stage's webhooks being the receiver's."""
    return {
        "sandbox_url": running.url,
        "stripe_api_base": running.url,
        "razorpay_api_base": running.url,
        "webhook_url": running.receiver.url.removesuffix("/stripe"),
        "secrets": {"stripe/default": SECRET, "razorpay/default": "of-razorpay"},
    }


def run(text: str, folder: Path, found: Mapping[str, Any]) -> list[Any]:
    """What each line of a block answers, as a reader of the page would see it.

    `.venv/bin/tocsin` is where the page says, and knows this test's stage.
    """
    command = folder / ".venv" / "bin" / "tocsin"
    command.parent.mkdir(parents=True, exist_ok=True)
    shown = folder / "outputs.json"
    shown.write_text(json.dumps(found))
    asked = "local outputs --json"
    command.write_text(f'#!/bin/sh\n[ "$*" = "{asked}" ] && cat {shown}\n')
    command.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", STRICT + text],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def test_up_registers_both_providers_webhooks_once(running: World) -> None:
    found = outputs(running)
    base = found["webhook_url"]
    for _ in range(2):
        assert webhooks.register(found) == (f"{base}/stripe", f"{base}/razorpay")
    shown = SandboxClient(running.url).endpoints()
    mine = {each["id"]: (each["provider"], each["url"]) for each in shown}
    for provider, identifier in ENDPOINTS.items():
        assert mine[identifier] == (provider, f"{base}/{provider}")


def test_a_provider_that_is_another_server_is_left_alone(running: World) -> None:
    found = outputs(running) | {"stripe_api_base": "http://127.0.0.1:1"}
    assert webhooks.register(found) == (f"{found['webhook_url']}/razorpay",)
    assert webhooks.register(found | {"sandbox_url": None}) == ()


def test_whatever_happens_at_the_provider_is_heard(running: World) -> None:
    webhooks.register(outputs(running))
    control = SandboxClient(running.url)
    told = control.tell(seed=7, start=1_790_000_000, until=1_790_003_600, events=40)
    assert control.drain(30) == 0
    newest = [each["id"] for each in control.events()][-told.events :]
    assert told.events >= 40
    assert set(newest) == {event.id for event in running.receiver.got}


def test_every_block_of_the_page_runs_in_the_order_of_the_page(
    running: World, tmp_path: Path
) -> None:
    """One reader, one shell: the first block says where the sandbox is."""
    found = outputs(running)
    webhooks.register(found)
    first, *others = blocks()
    assert len(others) == 3
    answers = run(first, tmp_path, found)
    told = answers[3]
    assert told["events"] >= 200
    log = next(each for each in answers if "undelivered" in each)
    lost = {each["event"] for each in log["undelivered"] if each["endpoint"] == "we_local"}
    assert 0.2 < len(lost) / told["events"] < 0.45, "a third of the events is lost"
    heard = running.receiver.seen
    assert not lost & heard.keys()
    assert any(count > 1 for count in heard.values()), "some come twice"
    assert len(heard) > 100

    where = first.splitlines()[0]
    for each in others:
        run(f"{where}\n{each}", tmp_path, found)
    control = SandboxClient(running.url)
    names = {each["id"] for each in control.endpoints()}
    assert names >= {"we_local", "rzp_local", "we_1", "rzp"}
    truth = control.truth()
    assert truth["razorpay"]["subscriptions"], "subscriptions have a past"
    assert "acct_shop" in truth["connected"]
