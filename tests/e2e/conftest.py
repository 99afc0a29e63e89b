"""What runs end to end needs the local cloud; the session's is shared and left as it was found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tocsin.drills.stage import Stage

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.cloud)


@pytest.fixture
def stage(cloud: Deployed) -> Stage:
    return Stage.of(cloud.cloud)
