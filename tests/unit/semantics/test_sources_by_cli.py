"""What rules make of signals: known or not, sent here or overheard, watched before they page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.alarms import notification
from tests.harness.worlds.runbooks import published, with_changes
from tests.harness.worlds.told import SAM, Told
from tocsin.incidents.runbook.policy import RuleMode, TriageRule
from tocsin.incidents.vocabulary import Category, Role, Severity
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

EVENTS = Path(__file__).parents[3] / "events"
WATCHED = TriageRule(
    "queue-depth",
    "cloudwatch",
    "queue-depth",
    Severity.CRITICAL,
    Category.SECURITY,
    roles=(Role.COMMUNICATIONS_OWNER,),
    containment=("contain-revoke-key", "contain-block-source"),
    mode=RuleMode.MONITOR,
)


def board(terminal: Terminal) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = terminal.json("board", "--as", SAM)
    return found


def overheard(name: str, at: str) -> dict[str, Any]:
    """An alarm that nothing but the account's events tells of."""
    event: dict[str, Any] = json.loads(
        (EVENTS / "cloudwatch" / "eventbridge-metric-math.json").read_text()
    )
    event["resources"] = [f"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"]
    event["detail"] |= {"alarmName": name}
    event["detail"]["state"] |= {"value": "ALARM", "timestamp": at}
    return event


@pytest.fixture
def told(terminal: Terminal) -> Told:
    told = Told(terminal)
    told.begin("09-08 10:00")
    return told


def test_a_rule_that_only_watches_pages_nobody_and_shows_what_it_would_have_done(
    terminal: Terminal, told: Told
) -> None:
    rules = (WATCHED, *default().triage)
    published(told.world, with_changes("acme-1", triage=rules), seen=0)
    told.until("09-08 10:10")
    told.world.inbox.take_all()
    told.world.alarm("queue-depth")
    assert (board(terminal), told.world.inbox.take_all()) == ([], [])
    page = terminal.json("signals", "list", "--day", "2026-09-08", "--as", SAM)
    (line,) = page["signals"]
    assert (line["why"], line["would"]) == ("monitored", "open a critical security incident")
    assert line["rule"] == "queue-depth"
    code, out, _ = terminal.run("signals", "list", "--suppressed", "--as", SAM)
    assert (code, "14:10:00" in out, "open a critical security incident" in out) == (0, True, True)
    # Nobody has to send it again by hand once the rule pages: the next firing does.
    paging = (replace(WATCHED, mode=RuleMode.PAGE), *default().triage)
    published(told.world, with_changes("acme-2", triage=paging), seen=1)
    told.until("09-08 10:20")
    told.world.alarm("queue-depth")
    assert [one["severity"] for one in board(terminal)] == ["critical"]
    told.world.inbox.take_all()


def test_the_rule_names_who_is_paged_besides_and_what_contains_it_first(
    terminal: Terminal, told: Told
) -> None:
    rules = (replace(WATCHED, mode=RuleMode.PAGE), *default().triage)
    published(told.world, with_changes("acme-1", triage=rules), seen=0)
    told.until("09-08 10:10")
    told.world.inbox.take_all()
    told.world.alarm("queue-depth")
    paged = {one.to for one in told.world.inbox.take_all() if one.kind == "page"}
    assert "communications-primary" in paged
    told.id = board(terminal)[0]["id"]
    first = terminal.json("first", told.id, "--as", SAM)
    assert any(
        "first revoke key/token or block malicious source patterns" in step
        for step in first["do_next"]
    )


def test_what_no_rule_knows_is_high_where_it_was_sent_and_medium_where_it_was_overheard(
    terminal: Terminal, told: Told
) -> None:
    told.world.hear(overheard("odd-thing", "2026-09-08T14:00:00.000+0000"))
    told.world.alarm("odder-thing")
    found = {one["title"]: one["severity"] for one in board(terminal)}
    assert found == {"odd-thing": "medium", "odder-thing": "high"}
    for one in board(terminal):
        entries = terminal.json("timeline", one["id"], "--as", SAM)
        assert "No rule of the runbook knows this signal" in entries[0]["content"]["detail"]
    told.world.inbox.take_all()


@pytest.mark.parametrize("sent_first", [True, False])
def test_what_was_sent_and_overheard_is_one_incident_and_high_in_either_order(
    terminal: Terminal, told: Told, *, sent_first: bool
) -> None:
    at = told.world.clock.now
    event = overheard("odd-thing", at.strftime("%Y-%m-%dT%H:%M:%S.000+0000"))
    sent = notification("odd-thing", at)
    if sent_first:
        told.world.deliver_alarms(sent)
    told.world.hear(event)
    if not sent_first:
        assert [one["severity"] for one in board(terminal)] == ["medium"]
        told.world.deliver_alarms(sent)
    told.world.pump()
    assert [one["severity"] for one in board(terminal)] == ["high"]
    told.world.inbox.take_all()


def test_which_rule_takes_a_message_and_why_is_told_offline(terminal: Terminal) -> None:
    sample = str(EVENTS / "cloudwatch" / "sns-alarm.json")
    found = terminal.json("signals", "test", sample)
    (one,) = found["signals"]
    assert (found["source"], one["rule"], one["severity"]) == (
        "cloudwatch",
        "data-boundary",
        "critical",
    )
    assert one["does"] == "opens a critical security incident"
    assert ["billing", "another name"] in one["passed_over"]
    code, _, err = terminal.run("signals", "test", str(EVENTS / "stripe" / "customer_updated.json"))
    assert (code, "malformed_payload" in err) == (3, True)
