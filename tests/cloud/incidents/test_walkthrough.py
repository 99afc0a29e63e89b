"""From opening to closing on the deployed stage, typed, with the clock moved: once a severity."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.cli import main
from tocsin.incidents.timeline.entry import parse_time
from tocsin.local.machine.places import STATE_VARIABLE

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed

ANA, BO, DI, ED, SAM = "ana", "bo", "di:commander", "ed:commander", "sam:security"
WINDOW_HOURS = {"critical": 72, "high": 24, "medium": 24, "low": 4}
URL = ("--url", "https://example.com/run")


class Typist:
    """`tocsin` in this process against the deployed stage."""

    def __init__(self, stage: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
        self.stage, self.capsys = stage, capsys

    def run(self, *words: str, person: str) -> tuple[int, Any]:
        self.capsys.readouterr()
        code = main.run([*words, "--json", "--as", person])
        shown = self.capsys.readouterr()
        return code, json.loads(shown.out if code == 0 else shown.err)

    def say(self, *words: str, person: str = ANA) -> Any:
        code, found = self.run(*words, person=person)
        assert code == 0, found
        return found

    def wait(self, minutes: int) -> None:
        self.stage.advance(timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "severity",
    [
        "high",
        *(pytest.param(one, marks=pytest.mark.full) for one in ("critical", "medium", "low")),
    ],
)
def test_an_incident_from_opening_to_closing(
    stage: Deployed,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    severity: str,
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(stage.cloud.places.state))
    typist = Typist(stage, capsys)
    say = typist.say

    i = say("open", "Checkout is down", "--severity", severity, "--service", "checkout")["id"]
    assert say("ack", i)["state"] == "acknowledged"
    say("assign", i, "mitigation_owner", "senior-engineer")
    say("channel", i, "room", "https://example.com/room")
    say("impact", i, "nobody can pay", "--services", "checkout")
    assert say("checklist", i)["priorities"]

    first = ("--impact", "nobody can pay", "--mitigation", "rolling back", "--eta", "unknown")
    say("update", i, "u1", "internal", "We are on it.", "--accepted", *first)
    say("contain", "plan", i, "rollback", "Back to 41")
    say("contain", "done", i, "rollback")
    typist.wait(1)
    for check in ("logs", "smoke_test", "targeted_check"):
        say("verify", i, "--check", check, "--verdict", "passed", "--detail", "seen")
    typist.wait(1)
    assert say("verify", i, "--contained", person=BO)["state"] == "contained"

    code, refused = typist.run("close", i, "resolved", person=DI)
    assert (code, refused["error"]["answered"]) == (6, "gate_unmet")

    say("fix", "link", i, "c0ffee", *URL)
    for run in ("quality", "security"):
        say("fix", "run", i, "c0ffee", run, "success", *URL)
    fixed = say("fix", "deploy", i, "c0ffee", "success", "--whole-scope", *URL)
    window = fixed["window"]
    length = parse_time(window["ends_at"]) - parse_time(window["started_at"])
    assert length == timedelta(hours=WINDOW_HOURS[severity])

    say("customers", i, "--not-tell", "--reason", "nobody was harmed", person=DI)
    say("update", i, "u2", "internal", "It is over.", "--accepted", "--final", "--residual", "none")
    work = "add a test | senior-engineer | 2030-01-01T00:00:00Z"
    say("postmortem", i, "https://example.com/pm", "a check was missing", "--actions", work)
    typist.wait(WINDOW_HOURS[severity] * 60 + 1)

    gate = say("gate", i)
    assert [one["code"] for one in gate["criteria"] if one["status"] == "unmet"] == []
    closed = say("close", i, "resolved", person=DI)
    assert (closed["state"], closed["resolution"]) == ("closed", "resolved")
    clocks = {one["clock"]: one["attainment"] for one in say("clocks", i)["clocks"]}
    assert clocks["acknowledge"] == clocks["contain"] == "met"
    entries = say("timeline", i)
    assert [one["seq"] for one in entries] == list(range(1, closed["version"] + 1))
    assert i not in {one["id"] for one in say("board")}
