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


def test_a_recovery_that_overtook_its_alarm_is_heard_after_it(terminal: Terminal) -> None:
    """OK of 10:40 came first; the alarm of 10:10 comes at 10:41: opened, paged, and quiet."""
    told = Told(terminal)
    told.begin("09-08 10:41")
    terminal.world.hear(sample("eventbridge-ok"))
    assert (opened(terminal), terminal.world.inbox.take_all()) == ([], [])
    terminal.world.hear(sample("eventbridge-alarm"))
    (one,) = opened(terminal)
    told.id = one["id"]
    assert told.show()["firing"] is False
    assert {one.kind for one in terminal.world.inbox.take_all()} >= {"page"}
    told.until("09-08 10:57")
    assert told.result("acknowledge") == "missed", "paged as in order"


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


def test_a_muted_alarm_pages_nobody_and_is_heard_when_the_mute_ends(terminal: Terminal) -> None:
    """14:10:15 UTC, muted until 15:00 UTC, which is 11:00 here; paged as of then."""
    told = Told(terminal)
    told.begin("09-08 10:11")
    terminal.world.hear(sample("eventbridge-muted"))
    told.until("09-08 10:59")
    assert (opened(terminal), terminal.world.inbox.take_all()) == ([], [])
    told.until("09-08 11:00")
    (one,) = opened(terminal)
    assert one["title"] == "Logins fail for everybody"
    told.id = one["id"]
    assert told.due("acknowledge") == "09-08 11:15"
    assert terminal.world.inbox.take_all() != []
    told.until("09-08 11:05")
    assert len(opened(terminal)) == 1


def test_a_muted_alarm_that_is_over_before_its_mute_is_never_heard(terminal: Terminal) -> None:
    told = Told(terminal)
    told.begin("09-08 10:11")
    terminal.world.hear(sample("eventbridge-muted"))
    told.until("09-08 10:41")
    terminal.world.hear(sample("eventbridge-ok"))
    told.until("09-08 11:30")
    assert (opened(terminal), terminal.world.inbox.take_all()) == ([], [])


def test_a_mute_that_ended_early_is_told_by_the_action_and_then_once(terminal: Terminal) -> None:
    """CloudWatch runs the actions when a mute ends: the same change, by another way."""
    told = Told(terminal)
    told.begin("09-08 10:11")
    terminal.world.hear(sample("eventbridge-muted"))
    told.until("09-08 10:30")
    terminal.world.hear(sample("action-metric"))
    told.id = opened(terminal)[0]["id"]
    told.acknowledge("09-08 10:31")
    told.until("09-08 11:02")
    assert len(opened(terminal)) == 1
    merged = [
        entry
        for entry in terminal.json("timeline", told.id, "--as", SAM)
        if entry["type"] == "signals_merged"
    ]
    assert len(merged) == 1


def contributor(name: str, state: str = "ALARM", at: str = "14:12:04") -> dict[str, Any]:
    """What AWS tells of one time series of the alarm `shop-table-writes`."""
    event = sample("eventbridge-contributor")
    event["detail"]["alarmContributor"] = {"id": f"id-{name}", "attributes": {"TableName": name}}
    event["detail"]["state"] |= {"value": state, "timestamp": f"2026-09-08T{at}.919+0000"}
    return event


def test_contributors_of_one_alarm_have_a_state_of_their_own(terminal: Terminal) -> None:
    told = Told(terminal)
    told.begin("09-08 10:12")
    for event in (contributor("orders"), sample("eventbridge-contributors-of-alarm")):
        terminal.world.hear(event)
    terminal.world.hear(contributor("carts"))
    told.until("09-08 10:20")
    titles = {one["title"]: one["id"] for one in opened(terminal)}
    what = "Writes to a table of the shop are throttled"
    assert set(titles) == {f"{what} (TableName=orders)", f"{what} (TableName=carts)"}
    terminal.world.hear(contributor("carts", "OK", "14:20:04"))
    firing = {}
    for title, told.id in titles.items():
        firing[title] = told.show()["firing"]
    assert firing == {f"{what} (TableName=orders)": True, f"{what} (TableName=carts)": False}


@pytest.mark.parametrize("first", ["whole", "contributor"])
def test_what_is_said_of_all_contributors_opens_nothing_if_one_of_them_speaks(
    terminal: Terminal, first: str
) -> None:
    told = Told(terminal)
    told.begin("09-08 10:12")
    whole, one = sample("eventbridge-contributors-of-alarm"), contributor("orders")
    for event in (whole, one) if first == "whole" else (one, whole):
        terminal.world.hear(event)
    told.until("09-08 11:00")
    assert [each["title"] for each in opened(terminal)] == [
        "Writes to a table of the shop are throttled (TableName=orders)"
    ]


def test_what_is_said_of_all_contributors_is_heard_if_none_of_them_speaks(
    terminal: Terminal,
) -> None:
    told = Told(terminal)
    told.begin("09-08 10:12")
    terminal.world.hear(sample("eventbridge-contributors-of-alarm"))
    told.until("09-08 10:13")
    assert opened(terminal) == []
    told.until("09-08 10:16")
    assert [each["title"] for each in opened(terminal)] == [
        "Writes to a table of the shop are throttled"
    ]


def test_contributors_join_the_incident_that_an_action_of_their_alarm_opened(
    terminal: Terminal,
) -> None:
    """An action for the whole (SNS tells of both): it waits for nobody, and nobody is paged twice.

    The incident is over when each of them is.
    """
    told = Told(terminal)
    told.begin("09-08 10:12")
    told_of_all = sample("eventbridge-contributors-of-alarm")
    action = {
        "alarmArn": told_of_all["resources"][0],
        "alarmData": told_of_all["detail"],
        "source": "aws.cloudwatch",
    }
    terminal.world.hear(action)
    terminal.world.hear(contributor("orders"))
    terminal.world.hear(contributor("carts"))
    (one,) = opened(terminal)
    told.id = one["id"]
    told_of_all["detail"]["state"] |= {
        "value": "OK",
        "reason": "6 time series evaluated to OK",
        "timestamp": "2026-09-08T14:20:04.919+0000",
    }
    told.until("09-08 10:21")
    terminal.world.hear(told_of_all)
    terminal.world.hear(contributor("orders", "OK", "14:20:04"))
    assert told.show()["firing"] is True, "carts fires still"
    terminal.world.hear(contributor("carts", "OK", "14:20:05"))
    assert told.show()["firing"] is False


def test_a_deleted_alarm_takes_its_contributors_along(terminal: Terminal) -> None:
    """Nothing says OK of them any more."""
    told = Told(terminal)
    told.begin("09-08 10:12")
    terminal.world.hear(contributor("orders"))
    terminal.world.hear(contributor("carts"))
    gone = sample("eventbridge-alarm-deleted")
    gone["resources"] = contributor("orders")["resources"]
    gone["detail"]["alarmName"] = "shop-table-writes"
    told.until("09-08 11:01")
    terminal.world.hear(gone)
    told.until("09-08 11:03")
    for told.id in [one["id"] for one in opened(terminal)]:
        assert told.show()["firing"] is False
        entries = terminal.json("timeline", told.id, "--as", SAM)
        (ended,) = [
            signal
            for entry in entries
            if entry["type"] == "signals_merged"
            for signal in entry["content"]["signals"]
            if not signal["firing"]
        ]
        assert ended["detail"].startswith("source_gone: the alarm was deleted or renamed")


def test_a_muted_alarm_over_many_is_heard_by_its_contributors_when_the_mute_ends(
    terminal: Terminal,
) -> None:
    """Muting an alarm mutes each of its contributors (AWS, "How alarm mute rules work")."""
    told = Told(terminal)
    told.begin("09-08 10:13")
    mute = sample("eventbridge-muted")["detail"]["muteDetail"]
    for event in (sample("eventbridge-contributors-of-alarm"), contributor("orders")):
        event["detail"]["muteDetail"] = mute
        terminal.world.hear(event)
    told.until("09-08 10:59")
    assert opened(terminal) == []
    told.until("09-08 11:10")
    assert [each["title"] for each in opened(terminal)] == [
        "Writes to a table of the shop are throttled (TableName=orders)"
    ]


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
