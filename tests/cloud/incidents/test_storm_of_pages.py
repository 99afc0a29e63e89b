"""Two hundred alarms on the deployed stage: what reaches each telephone, and the record of each.

Alarms go by the alarm topic, as CloudWatch sends them; text messages are those that the emulator's
SNS keeps. Real time passes here, so how many come in which minute is read off incident time.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness.cloud.local_cloud import Deployed, eventually
from tests.harness.fakes.time import START
from tests.harness.worlds.alarms import notification
from tocsin.local.stage import seed

if TYPE_CHECKING:
    from typing import Any

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

LOG = logging.getLogger(__name__)
ALARMS = 200
NAMES = ("api-outage", "checkout-errors", "credential-leak", "search-unavailable")


def pages(stage: Deployed) -> dict[str, list[dict[str, Any]]]:
    """Every page that was asked for, by person."""
    found: dict[str, list[dict[str, Any]]] = {}
    for item in stage.items("incidents"):
        if item["SK"]["S"].startswith("OUT#") and item["kind"]["S"] == "page":
            found.setdefault(item["target"]["S"].removeprefix("person:"), []).append(item)
    return found


def test_two_hundred_alarms_are_a_few_texts_to_each_person(stage: Deployed) -> None:
    seed.contacts(stage.clients, stage.outputs["tables"]["operations"])
    for number in range(ALARMS):
        envelope = notification(f"{NAMES[number % len(NAMES)]}-{number}", START)
        stage.clients.sns.publish(
            TopicArn=stage.outputs["alarm_topic_arn"], Message=envelope["Message"]
        )
    opened = eventually(
        lambda: [one for one in stage.items("incidents") if one["SK"]["S"] == "META"],
        lambda seen: len(seen) == ALARMS,
        seconds=240,
    )
    assert len(opened) == ALARMS
    for _ in range(6):
        stage.cloud.clock().advance(timedelta(minutes=1))
        stage.clients.functions.invoke(
            FunctionName=stage.outputs["functions"]["sla_check"], Payload=b"{}"
        )
    asked = pages(stage)
    texts = [one for one in stage.cloud.inbox().read() if one.channel == "sms"]
    received = Counter((one.to, one.kind) for one in texts)
    LOG.info("asked %s", {person: len(items) for person, items in asked.items()})
    LOG.info("received %s", dict(received))
    for person, items in asked.items():
        first = [item for item in items if item["facts"]["M"]["step"]["S"] == "0"]
        assert {item["state"]["S"] for item in first} <= {"sent"}, person
        assert sum(times for (to, _), times in received.items() if to == person) < len(items) / 2
    paged = [one for one in stage.items("incidents") if one.get("type", {}).get("S") == "paged"]
    assert {one["PK"]["S"] for one in paged} == {one["PK"]["S"] for one in opened}
