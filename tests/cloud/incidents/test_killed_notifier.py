"""The deployed notifier, killed between claim, send and mark, its stream off, SNS throttled.

Lost has to be 0, doubled at most what was killed between send and mark, and a repeat has the id of
the first. The processes are really killed: see `tests/harness/cloud/deadly_proxy.py`.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud import outbox
from tests.harness.cloud.deadly_proxy import Plan, Proxy, deadly_proxy
from tests.harness.cloud.local_cloud import Deployed, eventually, variables
from tocsin.incidents.model.outbox import ROOM
from tocsin.local.stage import seed
from tocsin.runtime.api_client import ApiClient, session_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.local.look.inbox import Message

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

LOG = logging.getLogger(__name__)
KIM = "commander-primary"
INCIDENTS = 6
POINTS = ("before claim", "after claim", "before send", "after send", "before mark", "after mark")
DOUBLING = ("after send", "before mark")


def api(stage: Deployed, person: str) -> ApiClient:
    keys = stage.as_person(person)
    credentials = session_credentials(keys.access, keys.secret, keys.token)
    return ApiClient(stage.outputs["api_url"], stage.outputs["region"], credentials)


@contextmanager
def stream_off(stage: Deployed) -> Iterator[None]:
    functions, name = stage.clients.functions, stage.outputs["functions"]["notifier"]
    (mapping,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


@pytest.fixture
def deadly(stage: Deployed) -> Iterator[Proxy[Plan]]:
    """The notifier behind the proxy, people with ways, and a room that is told."""
    seed.contacts(stage.clients, stage.outputs["tables"]["operations"])
    name = stage.outputs["functions"]["notifier"]
    with (
        deadly_proxy(stage.clients.endpoint, function=name, plan=Plan()) as proxy,
        variables(stage, "notifier", AWS_ENDPOINT_URL=proxy.url),
        variables(stage, "incident_api", CHAT_ROOM="on"),
        variables(stage, "sla_check", CHAT_ROOM="on"),
    ):
        yield proxy
    stage.cloud.inbox().clear()


def opened(stage: Deployed, count: int) -> None:
    """Incidents that are acknowledged at once, so that their paging ends."""
    kim = api(stage, KIM)
    body = {"title": "Checkout is down", "severity": "critical", "category": "production"}
    for _ in range(count):
        incident = kim.post("/v1/incidents", body)["id"]
        kim.post(f"/v1/incidents/{incident}/acknowledge", {})


def account(stage: Deployed, proxy: Proxy[Plan], found: dict[str, str]) -> dict[str, Any]:
    """What came of everything that was asked for; fails where the promise is broken."""
    ended = outbox.ends(stage, found)
    limit = sum(proxy.plan.happened[point] for point in DOUBLING)
    numbers = {
        "asked": len(found),
        "lost": len(ended.lost),
        "doubled": ended.doubled,
        "may be doubled": limit,
        "happened": dict(proxy.plan.happened),
        "in the room": sum(one.endswith(f"/{ROOM}") for one in found),
    }
    LOG.info("%s", numbers)
    assert not ended.unsent, numbers
    assert not ended.lost, numbers
    assert ended.doubled <= limit, numbers
    for name in (name for name, times in ended.arrived.items() if times > 1):
        assert_the_same([one for one in ended.received if one.message_id == name])
    return numbers


def assert_the_same(repeats: list[Message]) -> None:
    """To the same person; by the same way also in the same words, links and all.

    Where the first way answered nobody because of the kill, the next one was tried.
    """
    assert len({one.to for one in repeats}) == 1, repeats
    words = {(one.channel, one.subject, one.text) for one in repeats}
    assert len(words) == len({one.channel for one in repeats}), repeats


def test_killed_between_claim_send_and_mark_nothing_is_lost(
    stage: Deployed, deadly: Proxy[Plan]
) -> None:
    deadly.plan.every = 2
    deadly.plan.kills.update(dict.fromkeys(POINTS, 2))
    opened(stage, INCIDENTS)
    eventually(lambda: sum(deadly.plan.happened.values()), lambda seen: seen >= 2, seconds=20)
    numbers = account(stage, deadly, outbox.swept_until_sent(stage))
    assert sum(numbers["happened"].values()) >= len(POINTS), numbers
    assert any(numbers["happened"].get(point) for point in DOUBLING), numbers
    assert numbers["in the room"] >= 2 * INCIDENTS


def test_a_stream_off_for_a_day_throttles_and_kills_lose_nothing(
    stage: Deployed, deadly: Proxy[Plan]
) -> None:
    with stream_off(stage):
        opened(stage, 3)
        assert set(outbox.states(stage).values()) == {"pending"}
        stage.cloud.clock().advance(timedelta(hours=24))
        deadly.plan.throttles = 12
        deadly.plan.kills.update({"after send": 1, "before mark": 1, "after claim": 1})
        deadly.plan.every = 3
        numbers = account(stage, deadly, outbox.swept_until_sent(stage))
    assert numbers["happened"]["throttled"] == 12
    assert sum(numbers["happened"].values()) > 12, numbers
