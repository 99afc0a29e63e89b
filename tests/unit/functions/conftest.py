"""The world of a story; a message the test did not expect fails it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.world import World, a_world

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made
