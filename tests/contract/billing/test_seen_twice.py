"""Who was seen to pay twice, as the memory and the DynamoDB store remember it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tocsin.adapters.billing.access.memory import MemorySeenTwice
from tocsin.adapters.billing.access.twice import DynamoDbSeenTwice
from tocsin.ports.billing.access import KEPT_SECONDS, NOTED_AGAIN_AFTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.billing.access import SeenTwice

NOW = 1_790_000_000


@pytest.fixture(scope="module")
def server() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> SeenTwice:
    if request.param == "memory":
        return MemorySeenTwice()
    cloud: MotoCloud = request.getfixturevalue("server")
    cloud.reset()
    return DynamoDbSeenTwice(cloud.aws("dynamodb"), cloud.table("operations"))


def test_each_is_remembered_once_by_name_until_it_was_seen_for_too_long(store: SeenTwice) -> None:
    for name in ("ws_2", "ws_1", "ws_2", "ws#3"):
        store.note(name, now=NOW)
    assert list(store.every(now=NOW)) == ["ws#3", "ws_1", "ws_2"]
    store.note("ws_1", now=NOW + NOTED_AGAIN_AFTER)
    assert list(store.every(now=NOW + KEPT_SECONDS - 1)) == ["ws#3", "ws_1", "ws_2"]
    assert list(store.every(now=NOW + KEPT_SECONDS)) == ["ws_1"], "seen again since"
