"""Alarms that CloudWatch keeps back, and alarms that are gone (semantics 13), seen by who is paged.

The events are those of CloudWatch's user guide, "Alarm events and EventBridge".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.told import ANA, BO, DI, SAM, Told

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

EVENTS = Path(__file__).parents[3] / "events" / "cloudwatch"


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


def opened(terminal: Terminal) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = terminal.json("board", "--as", SAM)
    return found


def test_a_suppressed_alarm_pages_nobody_until_it_is_let_through(terminal: Terminal) -> None:
    told = Told(terminal)
    told.begin("09-08 10:11")
    event = sample("eventbridge-suppressed")
    terminal.world.hear(event)
    assert (opened(terminal), terminal.world.inbox.take_all()) == ([], [])
    told.until("09-08 10:14")
    for part in ("actionsSuppressedBy", "actionsSuppressedReason"):
        del event["detail"]["state"][part]
    terminal.world.hear(event)
    assert [one["title"] for one in opened(terminal)] == ["checkout-composite"]


def test_a_suppressed_change_of_an_alarm_that_fires_already_changes_nothing(
    terminal: Terminal,
) -> None:
    told = Told(terminal)
    told.begin("09-08 10:11")
    event = sample("eventbridge-suppressed")
    held = event["detail"]["state"].pop("actionsSuppressedBy")
    terminal.world.hear(event)
    told.id = opened(terminal)[0]["id"]
    version = told.show()["version"]
    event["detail"]["state"] |= {
        "actionsSuppressedBy": held,
        "timestamp": "2026-09-08T14:10:50.000+0000",
    }
    terminal.world.hear(event)
    assert (told.show()["version"], told.show()["firing"]) == (version, True)


def test_a_deleted_alarm_ends_its_signal_and_says_why(terminal: Terminal) -> None:
    told = Told(terminal)
    told.begin("09-08 10:11")
    terminal.world.hear(sample("eventbridge-alarm"))
    told.id = opened(terminal)[0]["id"]
    told.acknowledge("09-08 10:12", DI)
    told.say("09-08 10:13", ANA, "contain", "a0", "roll back", step="plan")
    told.say("09-08 10:13", ANA, "contain", "a0", step="done")
    for check in ("logs", "smoke_test", "targeted_check"):
        look = ("--check", check, "--verdict", "passed", "--detail", "seen")
        told.say("09-08 10:14", ANA, "verify", *look)
    assert terminal.refused("verify", told.id, "--contained", "--as", SAM)[1] == "not_verifiable"
    told.until("09-08 11:00")
    terminal.world.hear(sample("eventbridge-alarm-deleted"))
    assert told.show()["firing"] is False
    entry = terminal.json("timeline", told.id, "--as", SAM)[-1]
    signal = entry["content"]["signals"][0]
    assert signal["detail"].startswith("source_gone: the alarm was deleted or renamed")
    told.say("09-08 11:01", SAM, "verify", "--contained")
    assert told.result("contain") == "met"


def test_a_commander_ends_a_signal_whose_source_is_gone(terminal: Terminal) -> None:
    """Nobody told of the deletion: the account it came from is closed."""
    told = Told(terminal)
    told.begin("09-08 10:11")
    alarm = sample("eventbridge-alarm")
    terminal.world.hear(alarm)
    told.id = opened(terminal)[0]["id"]
    name = alarm["detail"]["alarmName"]
    why = ("--reason", "the account was closed")
    assert terminal.refused("clear", told.id, name, *why, "--as", ANA)[1] == "group_required"
    assert terminal.refused("clear", told.id, name, "--as", DI)[1] in {"usage", "missing_reason"}
    refused = terminal.run("clear", told.id, "other-alarm", *why, "--as", DI, "--json")
    firing = f"none is called so; firing: v1:cloudwatch:{alarm['resources'][0]}"
    assert firing in refused[2]
    assert told.show()["firing"] is True
    told.say("09-08 10:12", DI, "clear", name, *why)
    assert told.show()["firing"] is False
    entry = terminal.json("timeline", told.id, "--as", SAM)[-1]
    assert (entry["type"], entry["content"]["person"]) == ("signal_ended", "di")
    assert terminal.refused("clear", told.id, name, *why, "--as", DI)[1] == "bad_input"


def test_a_signal_that_was_ended_by_hand_counts_again_when_it_fires_later(
    terminal: Terminal,
) -> None:
    told = Told(terminal)
    told.begin("09-08 10:00")
    incident = terminal.world.alarm()
    assert incident is not None
    told.id = incident.id
    told.say("09-08 10:05", DI, "clear", "api-outage", "--reason", "it was deleted")
    assert told.show()["firing"] is False
    told.until("09-08 10:09")
    terminal.world.alarm()
    assert told.show()["firing"] is True


def test_a_deleted_alarm_that_did_not_fire_opens_nothing(terminal: Terminal) -> None:
    told = Told(terminal)
    told.begin("09-08 11:00")
    terminal.world.hear(sample("eventbridge-alarm-deleted"))
    assert (opened(terminal), terminal.world.inbox.take_all()) == ([], [])


@pytest.mark.parametrize(
    ("dimension", "value", "frozen"),
    [
        ("Stage", "prod", True),
        ("Stage", "$default", True),
        ("Environment", "Production", True),
        ("env", "live-eu", True),
        ("StageName", "latest-prod", True),
        ("Stage", "device", True),
        ("env", "staging-2", False),
        ("Environment", "NonProd", False),
        ("Environment", "non-prod", False),
        ("Environment", "pre_production", False),
        ("env", "qa1", False),
        ("Stage", "UAT", False),
    ],
)
def test_what_is_not_known_to_be_no_production_freezes(
    terminal: Terminal, dimension: str, value: str, *, frozen: bool
) -> None:
    told = Told(terminal)
    told.begin("09-08 10:11")
    event = sample("eventbridge-alarm")
    metric = event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]
    metric["dimensions"] = {"service": "auth", dimension: value}
    terminal.world.hear(event)
    query = {"service": "auth"}
    found = terminal.world.request("GET", "/v1/freeze", person=BO, query=query)[1]
    assert found["frozen"] is frozen
