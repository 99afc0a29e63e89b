"""Two hundred alarms on the deployed stage: what reaches each telephone, and the record of each.

Alarms go by the alarm topic, as CloudWatch sends them; text messages are those that the emulator's
SNS keeps. Real time passes here and the incidents' clock is moved on besides, so in which minute a
text left is read off incident time, as the record of its delivery has it. Later steps of the ladder
fall due as the clock moves; what is promised of them holds as well, but nobody waits for them here.
"""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness.cloud.local_cloud import Deployed, eventually
from tests.harness.fakes.time import START
from tests.harness.worlds.alarms import notification
from tocsin.incidents.timeline.entry import parse_time
from tocsin.local.stage import seed
from tocsin.people.storm import IN_FULL

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

LOG = logging.getLogger(__name__)
ALARMS = 200
PEOPLE = 5
WINDOW = timedelta(seconds=50)
"""Counted by times of marking, which come after those of leaving: by seconds, under load."""
NAMES = ("api-outage", "checkout-errors", "credential-leak", "search-unavailable")


type Stored = dict[str, Any]
_ALONE = re.compile(r"sms:\S+ sent")
_BUNDLED = re.compile(r"sms:\S+ bundled (bundle/\S+)")


def pages(stage: Deployed) -> dict[str, list[Stored]]:
    """Every page that was asked for, by person."""
    found: dict[str, list[Stored]] = {}
    for item in stage.items("incidents"):
        if item["SK"]["S"].startswith("OUT#") and item["kind"]["S"] == "page":
            found.setdefault(item["target"]["S"].removeprefix("person:"), []).append(item)
    return found


def of_first_step(items: list[Stored]) -> list[Stored]:
    return [item for item in items if item["facts"]["M"]["step"]["S"] == "0"]


def tried(item: Stored) -> list[str]:
    return [line["S"] for line in item.get("tried", {}).get("L", [])]


def in_full(items: list[Stored]) -> list[datetime]:
    """When each text left that is one page's and no bundle's, by incident time."""
    return sorted(
        parse_time(item["sent_at"]["S"])
        for item in items
        if item["state"]["S"] == "sent" and any(_ALONE.fullmatch(line) for line in tried(item))
    )


def bundles(items: list[Stored]) -> dict[str, datetime]:
    """When each bundle left, by its name."""
    found: dict[str, datetime] = {}
    for item in items:
        for line in tried(item):
            if (bundled := _BUNDLED.fullmatch(line)) is not None:
                at = parse_time(item["sent_at"]["S"])
                found[bundled[1]] = min(at, found.get(bundled[1], at))
    return found


def most_within(times: list[datetime], window: timedelta) -> int:
    """The most of them that lie within one window."""
    return max((sum(at <= one < at + window for one in times) for at in times), default=0)


def every(stage: Deployed, wanted: Callable[[Stored], bool]) -> list[Stored]:
    return [one for one in stage.items("incidents") if wanted(one)]


def storm(stage: Deployed) -> list[Stored]:
    """The alarms of one minute, and the incidents they opened."""
    for number in range(ALARMS):
        envelope = notification(f"{NAMES[number % len(NAMES)]}-{number}", START)
        stage.clients.sns.publish(
            TopicArn=stage.outputs["alarm_topic_arn"], Message=envelope["Message"]
        )
    return eventually(
        lambda: every(stage, lambda one: one["SK"]["S"] == "META"),
        lambda seen: len(seen) == ALARMS,
        seconds=240,
    )


def check_numbers(stage: Deployed) -> None:
    """Each incident has a number, no number is two incidents', and each leads to its own."""
    opened = every(stage, lambda one: one["SK"]["S"] == "META")
    numbers = [json.loads(one["body"]["S"]).get("number") for one in opened]
    LOG.info("numbers %s to %s", min(filter(None, numbers)), max(filter(None, numbers)))
    assert None not in numbers, "each has been ticked since"
    assert len(set(numbers)) == len(opened) == ALARMS
    kept = every(stage, lambda one: one["PK"]["S"].startswith("NUM#INC#"))
    whose = {int(one["PK"]["S"].rpartition("#")[2]): one.get("incident") for one in kept}
    mine = {json.loads(one["body"]["S"])["number"]: one["PK"]["S"][4:] for one in opened}
    assert {number: (whose[number] or {}).get("S") for number in mine} == mine


def test_two_hundred_alarms_are_a_few_texts_to_each_person(stage: Deployed) -> None:
    seed.contacts(stage.clients, stage.outputs["tables"]["operations"])
    began = stage.cloud.clock().read().incident
    opened = storm(stage)
    assert len(opened) == ALARMS
    for _ in range(6):
        stage.cloud.clock().advance(timedelta(minutes=1))
        stage.clients.functions.invoke(
            FunctionName=stage.outputs["functions"]["sla_check"], Payload=b"{}"
        )
    minutes = (stage.cloud.clock().read().incident - began) / timedelta(minutes=1)
    asked = pages(stage)
    texts = Counter(one.to for one in stage.cloud.inbox().read() if one.channel == "sms")
    paged_first = {person: items for person, items in asked.items() if of_first_step(items)}
    assert len(asked) >= PEOPLE
    for person, items in asked.items():
        times, bundled = in_full(items), bundles(items)
        LOG.info(
            "%s: asked %s, texts %s in %.1f minutes: %s in full (at most %s within a minute),"
            " %s bundles of %s",
            *(person, len(items), texts[person], minutes, len(times)),
            *(most_within(times, WINDOW), len(bundled), sorted(bundled.values())),
        )
        assert times, person
        assert 0 <= texts[person] - len(times) - len(bundled) <= 1, person
        assert most_within(times, WINDOW) <= IN_FULL, person
        assert most_within(sorted(bundled.values()), WINDOW) <= 1, person
        assert texts[person] <= (IN_FULL + 1) * (minutes + 1), person
    for person, items in paged_first.items():
        assert {item["state"]["S"] for item in of_first_step(items)} == {"sent"}, person
        assert texts[person] < len(items) / 2, person
    paged = every(stage, lambda one: one.get("type", {}).get("S") == "paged")
    assert {one["PK"]["S"] for one in paged} == {one["PK"]["S"] for one in opened}
    check_numbers(stage)
