"""What responders and operators type, against the deployed stage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud.local_cloud import eventually
from tocsin.cli import main
from tocsin.local.machine.places import STATE_VARIABLE

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed, Expectations


class Terminal:
    """`tocsin` in this process: exit code and what was printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def run(self, *words: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        code = main.run(words)
        shown = self.capsys.readouterr()
        return code, shown.out, shown.err

    def json(self, *words: str) -> Any:
        code, out, err = self.run(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    def text(self, *words: str) -> str:
        code, out, err = self.run(*words)
        assert code == 0, err
        return out


@pytest.fixture
def terminal(
    stage: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    monkeypatch.setenv(STATE_VARIABLE, str(stage.cloud.places.state))
    return Terminal(capsys)


@pytest.fixture
def incident(terminal: Terminal) -> str:
    opened = terminal.json(
        "open", "Checkout is down", "--severity", "critical", "--service", "checkout"
    )
    return str(opened["id"])


PAGED = (("page", "commander-primary"), ("page", "mitigation-primary"))


def test_an_incident_is_opened_followed_and_acknowledged_by_typing(
    terminal: Terminal, incident: str, inbox: Expectations
) -> None:
    inbox.expect(("opened", "stakeholders"), *PAGED)

    assert "Checkout is down" in terminal.text("incidents", "list")
    assert "nobody yet" in terminal.text("incidents", "show", incident)
    assert terminal.json("ack", incident, "--as", "senior-engineer")["state"] == "acknowledged"
    inbox.expect(*(("acknowledged", person) for _, person in PAGED))
    assert "The gateway answers" in json.dumps(
        [terminal.json("note", incident, "The gateway answers."), _timeline(terminal, incident)]
    )
    clocks = terminal.text("clocks", incident)
    assert ("met" in clocks, "running" in clocks, "UTC" in clocks) == (True, True, True)
    assert "person:senior-engineer" in terminal.text("incidents", "timeline", incident)


def _timeline(terminal: Terminal, incident: str) -> Any:
    return terminal.json("incidents", "timeline", incident)


def test_the_same_key_twice_opens_one_incident_and_pages_once(
    terminal: Terminal, inbox: Expectations
) -> None:
    words = ("open", "Twice", "--severity", "critical", "--key", "from-a-script-1")

    assert terminal.json(*words)["id"] == terminal.json(*words)["id"]
    assert len(terminal.json("incidents", "list")) == 1
    inbox.expect(("opened", "stakeholders"), *PAGED)


def test_what_is_refused_says_why_and_has_its_exit_code(
    terminal: Terminal, incident: str, inbox: Expectations
) -> None:
    inbox.expect(("opened", "stakeholders"), *PAGED)

    unknown = terminal.run("incidents", "show", "INC-NOBODY")
    lowered = terminal.run(
        "severity", incident, "low", "--reason", "calmer", "--as", "product-manager", "--yes"
    )
    traversal = terminal.run("incidents", "show", "../../webhooks")

    assert (unknown[0], "unknown_incident" in unknown[2]) == (5, True)
    assert (lowered[0], "commander" in lowered[2]) == (4, True)
    assert traversal[0] in {3, 4, 5}


def test_an_alarm_is_raised_and_ended_by_hand_and_repeating_either_tells_nobody(
    terminal: Terminal, inbox: Expectations
) -> None:
    name = "shop-checkout-by-hand"
    assert terminal.json("local", "alarm", name)["state"] == "ALARM"
    assert "already" in terminal.text("local", "alarm", name)
    inbox.expect(("opened", "stakeholders"), *PAGED)
    (opened,) = terminal.json("incidents", "list")
    assert name in opened["title"]

    def changes() -> list[bool]:
        merged = [one for one in _timeline(terminal, opened["id"]) if "signals" in one["content"]]
        return [signal["firing"] for one in merged for signal in one["content"]["signals"]]

    assert "ALARM -> OK" in terminal.text("local", "alarm", name, "--ok")
    assert eventually(changes, lambda found: found[-1:] == [False])[-1] is False
    assert terminal.json("local", "alarm", name, "--ok")["before"] == "OK"


def test_moving_the_clock_says_the_time_with_its_zone_and_what_was_due(
    terminal: Terminal, incident: str, inbox: Expectations
) -> None:
    inbox.expect(("opened", "stakeholders"), *PAGED)

    moved = terminal.text("local", "clock", "advance", "5m1s")
    shown = terminal.json("local", "clock", "show")

    assert ("UTC" in moved, "America/New_York" in moved, incident in moved) == (True, True, True)
    assert shown["offset_seconds"] == 301
    inbox.expect(*PAGED, ("page", "engineering-lead"), ("page", "senior-engineer"))
    assert terminal.json("local", "clock", "reset")["offset_seconds"] == 0
    assert terminal.run("local", "clock", "advance", "-5m")[0] in {2, 3}


def test_the_inbox_waits_for_as_many_as_are_expected_and_no_longer_than_told(
    terminal: Terminal, incident: str, inbox: Expectations
) -> None:
    messages = terminal.json("local", "inbox", "--wait", "3")
    inbox.expect(("opened", "stakeholders"), *PAGED)

    assert {one["incident"] for one in messages} == {incident}
    assert terminal.run("local", "inbox", "--wait", "4", "--timeout", "1s")[0] == 1
    assert "commander-primary" in terminal.text("local", "inbox")
    assert terminal.json("local", "inbox", "--clear") == {"cleared": 3}
    assert terminal.text("local", "inbox").strip() == "the inbox is empty"
    inbox.taken.clear()


def test_dead_letters_are_listed_and_brought_back(stage: Deployed, terminal: Terminal) -> None:
    dead = stage.outputs["queues"]["dead_letters"]
    for number in range(12):
        stage.clients.sqs.send_message(
            QueueUrl=dead,
            MessageBody=json.dumps({"nonsense": number}),
            MessageAttributes={"correlation_id": {"DataType": "String", "StringValue": "c-1"}},
        )

    listed = {one["queue"]: one["dead"] for one in terminal.json("local", "redrive")}
    moved = terminal.json("local", "redrive", "refetch", "--limit", "11")

    assert listed["unknown"] == 12, "nobody knows where they come from"
    assert listed["tocsin-local-refetch"] == 0
    assert moved == {"queue": "refetch", "moved": 11}
    assert terminal.json("local", "redrive", "refetch")["moved"] == 1
    assert terminal.run("local", "redrive", "nowhere")[0] == 5


def test_status_and_outputs_tell_where_everything_is(stage: Deployed, terminal: Terminal) -> None:
    status = terminal.json("local", "status")

    assert (status["running"], status["healthy"]) == (True, True)
    assert {one["status"] for one in status["stacks"]} == {"CREATE_COMPLETE"}
    assert terminal.json("local", "outputs") == stage.outputs
    assert stage.outputs["webhook_url"] in terminal.text("local", "outputs")
