"""`tocsin verify` against the deployed stage: smoke tests of a published runbook, really asked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.cloud.stage.test_command_line import Terminal
from tests.harness.cloud.local_cloud import eventually
from tocsin.cli.main import OK
from tocsin.local.machine.places import STATE_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.cloud.local_cloud import Deployed

ANA, DI = ("--as", "ana"), ("--as", "di:commander")
RUNBOOK = """
smoke_tests:
  status-page: {{ url: "{url}/status", contains: billing, services: [checkout] }}
  no-such-page: {{ url: "{url}/no-such-page", services: [search] }}
"""


@pytest.fixture
def terminal(
    stage: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    monkeypatch.setenv(STATE_VARIABLE, str(stage.cloud.places.state))
    return Terminal(capsys)


def opened(terminal: Terminal, service: str) -> tuple[str, str]:
    """A medium incident of the service, and the runbook it is under."""
    words = ("open", f"{service} is slow", "--severity", "medium", "--service", service)
    made = terminal.json(*words, *ANA)
    return str(made["id"]), str(made["policy_version"])


def act_and_look(terminal: Terminal, incident: str) -> None:
    """All that verified containment takes but the smoke test."""
    terminal.json("ack", incident, *ANA)
    terminal.json("contain", "plan", incident, "rollback", "Back to 41", *ANA)
    terminal.json("contain", "done", incident, "rollback", *ANA)
    for check in ("logs", "targeted_check"):
        look = ("--check", check, "--verdict", "passed", "--detail", "seen")
        terminal.json("verify", incident, *look, *ANA)


@pytest.mark.full
def test_smoke_tests_of_a_published_runbook_are_asked_kept_and_decide_about_containment(
    stage: Deployed, terminal: Terminal, tmp_path: Path
) -> None:
    runbook = tmp_path / "runbook.yaml"
    runbook.write_text(RUNBOOK.format(url=stage.outputs["api_url"].rstrip("/")))
    why = ("--why", "smoke tests for checkout and search", "--yes")
    made = terminal.json("runbook", "publish", str(runbook), *why, *DI)
    incident, _ = eventually(
        partial(opened, terminal, "checkout"), lambda found: found[1] == made["version"]
    )
    act_and_look(terminal, incident)
    assert terminal.run("verify", incident, "--contained", *ANA)[0] != OK

    found = terminal.json("verify", incident, *ANA)

    assert [(one["name"], one["passed"]) for one in found["tests"]] == [("status-page", True)]
    evidence, look = terminal.json("timeline", incident, *ANA)[-2:]
    assert evidence["type"] == "evidence_recorded"
    assert "200" in evidence["content"]["text"]
    assert (look["content"]["check"], look["content"]["verdict"]) == ("smoke_test", "passed")
    assert terminal.json("verify", incident, "--contained", *ANA)["state"] == "contained"

    other, _ = opened(terminal, "search")
    act_and_look(terminal, other)
    code, _, said = terminal.run("verify", other, *ANA)
    assert (code, "no-such-page" in said, "404" in said) == (1, True, True)
    assert terminal.json("timeline", other, *ANA)[-1]["content"]["verdict"] == "failed"
    assert terminal.run("verify", other, "--contained", *ANA)[0] != OK
