"""A deployed stage under fire loses nothing; and each fault planted in its code is seen.

The run at its full size is `make chaos`. Here it is short: once as the code is, and once with each
planted fault, whose broken promise has to be among those that the run names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.chaos.breaks import BREAKS, broken
from tests.chaos.run import Plan, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.cloud.local_cloud import Deployed

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]


@pytest.fixture
def emptied(cloud: Deployed) -> Iterator[Deployed]:
    cloud.clear()
    yield cloud
    cloud.clear()


def test_under_fire_nothing_is_lost_and_nothing_doubled(emptied: Deployed) -> None:
    phase = run(emptied, Plan("under fire", events=250, commands=40, seed=11))

    assert list(phase.broken()) == [], phase.figures()


FIRST = "acknowledged-before-durable"
PLANTED = BREAKS if settings.get_current_profile_name() == "full" else [FIRST]
"""All of them take minutes."""


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_by_the_promise_it_breaks(emptied: Deployed, name: str) -> None:
    plan = Plan("planted", events=80, commands=36, seed=7)
    with broken(emptied, name):
        phase = run(emptied, plan, patient=False)
    said = list(phase.broken())

    assert any(each.startswith(BREAKS[name].red) for each in said), said
