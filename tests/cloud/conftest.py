"""Every test here finds the session's cloud empty and on time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.cloud.local_cloud import Deployed, Expectations
from tests.harness.cloud.lost_webhooks import Outage
from tocsin.local.machine.places import STATE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.cloud)


@pytest.fixture
def stage(cloud: Deployed) -> Iterator[Deployed]:
    """The cloud without a trace of earlier tests."""
    cloud.clear()
    yield cloud
    cloud.clear()


@pytest.fixture
def inbox(stage: Deployed) -> Iterator[Expectations]:
    """What people received; a message the test did not expect fails it."""
    expectations = Expectations(stage.cloud.inbox())
    yield expectations
    expectations.nothing_more()


@pytest.fixture
def outage(
    stage: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Outage]:
    monkeypatch.setenv(STATE_VARIABLE, str(stage.cloud.places.state))
    found = Outage(stage, capsys)
    yield found
    found.sandbox.reset()
