"""One local cloud per session, the deployed template; every test finds it empty and on time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.local_cloud import Deployed, Expectations, slot
from tocsin.local.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.cloud)


@pytest.fixture(scope="session")
def cloud() -> Iterator[Deployed]:
    if "PYTEST_XDIST_WORKER" in os.environ:
        pytest.fail("cloud tests share one deployed cloud: run them without -n")
    lines: list[str] = []
    with slot() as (places, wishes):
        local = Cloud(places, lines.append)
        local.down()
        try:
            yield Deployed(local, dict(local.up(wishes).outputs))
        finally:
            local.down()


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
